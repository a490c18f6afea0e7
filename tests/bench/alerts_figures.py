"""What the replay of a simulated year comes to: regions side by side, then one line a figure."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from ledger.rules.authority import Authority
from tests.bench import alerts_mix
from tests.bench.alerts_replay import WAYS, Replay, Tally
from tests.bench.alerts_year import make_year
from tests.world import Chain, member

SCANS: Final = int(os.environ.get("PACKTRACE_ALERT_SCANS", "1000000"))
REGIONS: Final = 4  # each a world of its own, so that the figures do not hang on the cores
SITES: Final = 400
EACH: Final = 40  # cases of each kind of crime
SEED: Final = 2028
MOST_FALSE: Final = 0.01  # percent of scans
MOST_MS: Final = 5.0


def replay(folder: Path) -> Iterator[dict[str, Any]]:
    """The year in four regions, by the app's decisions and by two that take a reading at its word."""
    authority, senders = make_authority(folder)
    tally = Tally()
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), get_context("fork")) as pool:
        each = [
            pool.submit(
                region, n, SCANS // REGIONS, SITES // REGIONS, EACH // REGIONS, authority, senders
            )
            for n in range(REGIONS)
        ]
        for one in each:
            tally.add(one.result())
    yield from lines(tally)


def make_authority(folder: Path) -> tuple[Authority, tuple[str, str]]:
    """A log's governance, with the sites of a wholesaler in good standing and of a suspended one."""
    chain = Chain(folder)
    suspended = member("suspended", "wholesaler", 15)
    for statement in (
        chain.admit(suspended), chain.sites(suspended), chain.suspend(suspended.gln),
    ):  # fmt: skip
        chain.log.submit(statement)
    authority = chain.reader.authority()
    chain.store.close()
    return authority, (chain.wholesaler.site, suspended.site)


def region(
    number: int, scans: int, sites: int, each: int, authority: Authority, senders: tuple[str, str]
) -> Tally:
    """One region's year."""
    year = make_year(number, scans, sites, each, senders, SEED)
    return Replay(year, authority, number, SEED).run()


def lines(tally: Tally) -> Iterator[dict[str, Any]]:
    """What a replay came to."""
    yield {"name": "scans", "value": tally.scans, "unit": "readings"}
    yield {"name": "pharmacies", "value": SITES, "unit": "sites"}
    yield {"name": "planted", "value": len(tally.cases), "unit": "cases"}
    for way in WAYS:
        yield from _way(tally, way)
    for cause, count in sorted(_groups(tally.alerts["filtered"]).items()):
        yield {"name": f"filtered-by-{cause}", "value": count, "unit": "false alerts"}
    for rule, truths in _by_rule(tally).items():
        words = ", ".join(f"{truth} {n}" for truth, n in truths.most_common(3))
        yield {"name": f"rule-{rule}", "value": truths.total(), "unit": "false alerts", "of": words}
    missed = Counter(kind for case, kind in tally.cases.items() if not _found(tally, case))
    for kind in dict.fromkeys(tally.cases.values()):
        cases = [case for case, one in tally.cases.items() if one == kind]
        packs = sum(tally.tried[case] for case in cases) / len(cases)
        name = f"found: {kind}"
        unit = f"of {len(cases)}, after {packs:.1f} packs"
        yield {"name": name, "value": len(cases) - missed[kind], "unit": unit}
    share = 100 * false(tally.alerts["filtered"]) / tally.scans
    yield _line("false-alert-share", share, "% of scans", MOST_FALSE)
    yield {"name": "planted-missed", "value": missed.total(), "unit": "cases", "limit": 0}
    whole, rule = sorted(tally.whole), sorted(tally.rule)
    yield _line("alert-ms", _at(whole, 0.999), "ms of processor, 999 of 1,000", MOST_MS)
    for name, took, part in (
        ("alert-ms-median", whole, 0.5), ("alert-ms-slowest", whole, 1.0),
        ("rules-ms-999", rule, 0.999),
    ):  # fmt: skip
        yield {"name": name, "value": _at(took, part), "unit": "ms of processor"}


def false(alerts: Mapping[str, int]) -> int:
    """How many of the alerts are about no planted case."""
    return sum(n for truth, n in alerts.items() if not truth.startswith("planted"))


def _way(tally: Tally, way: str) -> Iterator[dict[str, Any]]:
    """Alerts of one way of deciding, their causes, precision and recall."""
    alerts, wrong = tally.alerts[way], false(tally.alerts[way])
    total = alerts.total()
    more = {"groups": _groups(alerts), "thousand": tally.scans / 1000}
    value = 1000 * total / tally.scans
    yield {"name": f"{way}-alerts", "value": value, "unit": "per 1,000 scans", **more}
    yield _beside(way, f"{way}-false", 1000 * wrong / tally.scans, "per 1,000 scans",
                  alerts_mix.NATIONAL)  # fmt: skip
    for cause, share in alerts_mix.SHARES.items():
        part = 100 * _groups(alerts)[cause] / max(wrong, 1)
        yield _beside(way, f"{way}-false-by-{cause}", part, "% of the false", share)
    opened = 1000 * false(tally.opened[way]) / tally.scans
    yield {"name": f"{way}-false-cases", "value": opened, "unit": "per 1,000 scans"}
    precision = 100 * (total - wrong) / max(total, 1)
    yield {"name": f"{way}-precision", "value": precision, "unit": "% of alerts"}
    recall = 100 * len(tally.found[way]) / max(len(tally.cases), 1)
    yield {"name": f"{way}-recall", "value": recall, "unit": "% of planted"}


def _beside(way: str, name: str, value: float, unit: str, set_to: float) -> dict[str, Any]:
    """A figure; of the national way, beside what the simulation is set to."""
    line = {"name": name, "value": value, "unit": unit}
    return _line(name, value, unit, set_to) if way == WAYS[0] else line


def _groups(alerts: Mapping[str, int]) -> Counter[str]:
    """False alerts by the first word of what is true of the pack."""
    found: Counter[str] = Counter()
    for truth, n in alerts.items():
        if not truth.startswith("planted"):
            found[truth.partition(":")[0]] += n
    return found


def _by_rule(tally: Tally) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for (rule, truth), n in tally.rules.items():
        if not truth.startswith("planted"):
            found.setdefault(rule, Counter())[truth] += n
    return found


def _found(tally: Tally, case: tuple[int, int]) -> bool:
    return case in tally.found["filtered"]


def _at(took: list[float], part: float) -> float:
    return took[min(int(len(took) * part), len(took) - 1)] * 1000


def _line(name: str, value: float, unit: str, limit: float) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "limit": limit, "ratio": value / limit}
