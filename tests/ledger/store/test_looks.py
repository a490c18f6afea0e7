"""Looks on the desk: counted however many come at once, no picture twice, forgotten with the scans."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from threading import Barrier, Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.store.desk import Desk
from ledger.store.looks import DAY_MS, MOST_OF_PACK, REPLAYED, SPENT, Access, Kept, Look, Looks

NOW = 1_800_000_000_000
PACK = "https://id.gs1.org/01/09521111000013/21/S1"
LIMITS = ((DAY_MS, 5), (30 * DAY_MS, 20))
LOOK = Look(NOW, PACK, "9521113000107", "9521113000000", "k" * 64, "phone", "CANNOT_TELL", "between",
            1, "ab" * 32, 18.1, 3, 0.27)  # fmt: skip


@pytest.fixture
def looks(tmp_path: Path) -> Iterator[Looks]:
    """The looks of a desk."""
    made = Desk(tmp_path, bytes(32))
    yield made.looks
    made.close()


def test_looks_at_one_moment_are_counted_one_by_one(tmp_path: Path) -> None:
    """Twelve come at once, in as many connections: five are told what they came to."""
    start, told = Barrier(12), []

    def ask(number: int) -> None:
        desk = Desk(tmp_path, bytes(32))
        start.wait()
        told.append(desk.looks.add_counted(LOOK, [f"picture {number}"], LIMITS))
        desk.close()

    threads = [Thread(target=ask, args=(number,)) for number in range(12)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(one.left for one in told if not one.why) == [0, 1, 2, 3, 4]
    assert [one.why for one in told if one.why] == [SPENT] * 7


def test_one_picture_at_one_moment_counts_once(tmp_path: Path) -> None:
    start, told = Barrier(4), []

    def ask(site: str) -> None:
        desk = Desk(tmp_path, bytes(32))
        start.wait()
        told.append(desk.looks.add_counted(LOOK._replace(site=site), ["the picture"], LIMITS).why)
        desk.close()

    threads = [Thread(target=ask, args=(site,)) for site in "abcd"]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(told) == ["", REPLAYED, REPLAYED, REPLAYED]


def test_a_look_comes_back_as_it_was_kept(looks: Looks) -> None:
    vector = sha256(b"y").hexdigest()
    kept = looks.add_counted(LOOK._replace(vector=vector), ["one", "two", "one"], LIMITS)
    assert kept == Kept(1, 4)
    assert looks.of_item(PACK) == [LOOK._replace(vector=vector, counted=1, number=1)]
    assert all(looks.any_seen([one]) for one in ("one", "two", vector))
    assert looks.add_counted(LOOK._replace(vector=vector), ["new"], LIMITS).why == REPLAYED
    assert looks.add(LOOK._replace(score=None, alarm=1)) == 2
    assert (looks.of_item(PACK)[0].score, looks.of_item(PACK)[0].alarm) == (None, 1)
    assert looks.of_item("another") == []


def test_looks_that_compare_nothing_are_kept_so_often_a_day(looks: Looks) -> None:
    """Of a pack at a site; those with an alarm by themselves, so that no junk hides one."""
    spoilt = LOOK._replace(score=None)
    assert [bool(looks.add(spoilt)) for _ in range(MOST_OF_PACK + 2)].count(True) == MOST_OF_PACK
    assert looks.add(spoilt._replace(alarm=1))
    assert looks.add(spoilt._replace(site="9521113000208"))
    assert looks.add(spoilt._replace(item=f"{PACK}2"))
    assert looks.add(spoilt._replace(ms=NOW + DAY_MS))
    assert looks.add_counted(LOOK, ["a"], LIMITS).number


def test_a_site_that_names_pack_after_pack_does_not_fill_the_disk(
    looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.store.looks.MOST_OF_SITE", 20)
    kept = [looks.add(LOOK._replace(item=f"{PACK}{n}")) for n in range(30)]
    assert sum(map(bool, kept)) == 20
    assert looks.add(LOOK._replace(site="9521113000208"))


def test_no_kind_of_look_hides_another(looks: Looks) -> None:
    looks.add_counted(LOOK._replace(verdict="COPY_SUSPECTED"), ["copy"], LIMITS)
    for n in range(4):
        looks.add_counted(LOOK._replace(ms=NOW + n + 1, site=str(n)), [f"{n}"], LIMITS)
        looks.add(LOOK._replace(ms=NOW + n + 1))
    shown = looks.of_item(PACK, 2)
    assert [one.verdict for one in shown].count("COPY_SUSPECTED") == 1
    assert [one.counted for one in shown].count(0) == 2
    assert (len(shown), looks.number_of(PACK)) == (5, 9)


def test_a_picture_of_an_enrolment_is_none_of_a_look(looks: Looks) -> None:
    looks.see(["a", "b"], NOW)
    looks.see(["b"], NOW)
    assert looks.any_seen(["c", "b"])
    assert not looks.any_seen(["c"])
    assert looks.add_counted(LOOK, ["c", "a"], LIMITS).why == REPLAYED
    assert looks.of_item(PACK) == []


def test_what_is_older_than_scans_are_kept_is_forgotten(looks: Looks) -> None:
    looks.add_counted(LOOK, ["old"], LIMITS)
    looks.add_counted(LOOK._replace(ms=NOW + 1), ["new"], LIMITS)
    looks.add_access(Access(NOW, PACK, "s", "p", "k", "enrol"))
    looks.add_access(Access(NOW + 1, PACK, "s", "p", "k", "sealed"))
    looks.add(LOOK)
    looks.forget(NOW + 1, NOW)  # what compared nothing goes first
    assert [(one.ms, one.counted) for one in looks.of_item(PACK)] == [(NOW + 1, 1), (NOW, 1)]
    assert looks.any_seen(["old"])
    assert [one.what for one in looks.accesses(PACK)] == ["sealed"]
    looks.forget(NOW + 1, NOW + 1)
    assert [one.ms for one in looks.of_item(PACK)] == [NOW + 1]
    assert (looks.any_seen(["old"]), looks.any_seen(["new"])) == (False, True)


@given(st.lists(st.tuples(st.integers(0, 20 * DAY_MS), st.sampled_from("ab")), max_size=40))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_span_ever_holds_more_looks_than_it_may(
    looks: Looks, gaps: list[tuple[int, str]]
) -> None:
    """Whenever each of two sites looks: five in any day, twenty in any thirty."""
    looks.forget(NOW * 4, NOW * 4)
    taken: dict[str, list[int]] = {"a": [], "b": []}
    at = NOW
    for number, (gap, site) in enumerate(gaps):
        at += gap // 40
        look = LOOK._replace(ms=at, site=site)
        before = looks.left(PACK, site, at, LIMITS)
        kept = looks.add_counted(look, [f"{at} {site} {number}"], LIMITS)
        assert kept.why == ("" if before else SPENT)
        if not kept.why:
            taken[site].append(at)
    for times in taken.values():
        for moment in times:
            for span, most in LIMITS:
                assert sum(moment - span < one <= moment for one in times) <= most
