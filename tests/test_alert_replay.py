"""The replay behind the false-alert figure, small: what it claims for a million scans holds here too."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from tests.bench import alerts, alerts_desk, alerts_figures, alerts_mix
from tests.bench.alerts_mix import SHARES
from tests.bench.alerts_planted import KINDS
from tests.bench.alerts_replay import WAYS, Tally
from tests.bench.alerts_world import NEVER, Facts, Site, Way
from tests.scanner import faulty
from tests.world import Chain

SCANS, SITES = 6_000, 60


@pytest.fixture(scope="module")
def tally(tmp_path_factory: pytest.TempPathFactory) -> Tally:
    """A small year whose scanners are as bad as in a system's first year: 3 faults in 100 scans."""
    authority, senders = alerts_figures.make_authority(tmp_path_factory.mktemp("log"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alerts_mix, "SCANNER", 30.0)
        return alerts_figures.region(0, SCANS, SITES, 1, authority, senders)


def test_no_planted_case_is_missed(tally: Tally) -> None:
    assert set(tally.cases.values()) == set(KINDS)
    assert {kind for case, kind in tally.cases.items() if case not in tally.found["filtered"]} == (
        set()
    )


def test_without_the_filter_scanners_raise_many_times_the_false_alerts(tally: Tally) -> None:
    def by_scanners(way: str) -> int:
        return sum(n for truth, n in tally.alerts[way].items() if truth.startswith("scanner"))

    faulty_scans = sum(n for truth, n in tally.begun.items() if truth.startswith("scanner"))
    assert faulty_scans > SCANS / 100
    assert by_scanners("unfiltered") > 10
    assert by_scanners("filtered") * 5 < by_scanners("unfiltered")


def test_a_pack_that_is_read_and_booked_rightly_raises_nothing(tally: Tally) -> None:
    assert tally.begun["ordinary"] > SCANS / 2
    for way in ("unfiltered", "filtered"):
        assert tally.alerts[way]["ordinary"] == 0


def test_faults_that_the_filter_does_not_model_are_in_the_mix() -> None:
    drawn = {key for _, _, keys in alerts_mix.GROUPS.values() for key in keys}
    assert drawn == set(faulty.MODELLED) | set(faulty.UNMODELLED)
    assert sum(share for share, _, _ in alerts_mix.GROUPS.values()) == 100


def test_the_figures_are_told_by_name_with_and_without_the_filter(tally: Tally) -> None:
    """What the goals are set on, and what stands beside them, for each way of deciding."""
    told = {line["name"]: line["value"] for line in alerts_figures.lines(tally)}
    assert {"false-alert-share", "planted-missed", "alert-ms"} <= set(told)
    assert told["planted-missed"] == 0
    for way in WAYS:
        for what in ("alerts", "precision", "recall", *(f"false-by-{cause}" for cause in SHARES)):
            assert f"{way}-{what}" in told
    false = alerts_figures.false(tally.alerts["filtered"])
    assert told["false-alert-share"] == pytest.approx(100 * false / tally.scans)
    assert told["filtered-recall"] == 100


def test_the_desk_is_measured_under_the_names_that_its_goals_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a small log: that it adds up is asked there too, how long it takes is not."""
    small = {"PACKS": 3_000, "CASES": 20, "GONE": 10, "STATEMENTS": 200, "UPDATES": 2}
    for name, value in {**small, "AUDITED": 2_000}.items():
        monkeypatch.setattr(alerts_desk, name, value)
    alerts_desk._run(tmp_path / "lot")
    told = {json.loads(line)["name"] for line in capsys.readouterr().out.splitlines()}
    (tmp_path / "audited").mkdir()
    told |= {line["name"] for line in alerts_desk.audit(tmp_path / "audited")}
    assert told >= set(alerts.GOALS) - {"false-alert-share", "planted-missed", "alert-ms"}


def test_the_replay_knows_of_a_pack_what_a_real_log_would_say(tmp_path: Path) -> None:
    chain = Chain(tmp_path)
    item = chain.commission("L1", 1, expiry=date(2028, 1, 31))[0]
    here = Site(chain.pharmacy.site, chain.pharmacy.gln)
    pack = faulty.Pack(chain.gtin, item.rpartition("/")[2], "L1", "280131")
    way = Way(pack, here, sender=chain.maker.site)
    facts = Facts([way], chain.reader.authority())
    watching = (chain.pharmacy.site, chain.pharmacy2.site, chain.maker.site)

    def same() -> None:
        facts.ms = chain.now
        for site in watching:
            said, known = chain.answers.state(item, site), facts.state(item, site)
            assert (known.state, known.reason, known.marks) == (said.state, said.reason, said.marks)
            assert (known.lot, known.expiry, known.site) == (said.lot, said.expiry, said.site)

    same()
    ship = chain.ship(chain.maker, [item], chain.pharmacy)
    way.shipped = chain.now
    same()
    chain.receive(chain.pharmacy, ship, [item])
    way.received = chain.now
    same()
    chain.supply(chain.pharmacy, [item])
    way.gone = chain.now
    same()
    assert way.stolen == NEVER
    chain.store.close()
