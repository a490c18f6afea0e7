"""A stock-taking: for any book and any count, the differences by lot are those of the packs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import Malformed
from ledger.rules.stock_taking import (
    BY_NUMBER,
    BY_SCAN,
    NOT_COUNTED,
    Found,
    Key,
    Line,
    Report,
    check,
    lines,
    missing,
)

LOTS: list[Key] = [("09521101000016", f"L{n}") for n in range(4)]


def packs_of(key: Key, numbers: set[int]) -> frozenset[str]:
    return frozenset(f"{key[1]}-{n}" for n in numbers)


@st.composite
def counts(draw: st.DrawFn):
    """A book, what was scanned of it by hand and in containers, what was found besides, numbers."""
    some = st.sets(st.integers(0, 12))
    book = {key: packs_of(key, draw(some)) for key in LOTS}
    seen = {
        key: draw(st.sets(st.sampled_from(sorted(packs)))) if packs else set()
        for key, packs in book.items()
    }
    boxed = {
        key: draw(st.sets(st.sampled_from(sorted(packs)))) if packs else set()
        for key, packs in book.items()
    }
    surplus = [
        Found(gtin=LOTS[at][0], id=f"found-{n}", lot=LOTS[at][1], state="other")
        for n, at in enumerate(draw(st.lists(st.integers(0, 3), max_size=5)))
    ]
    numbers = draw(st.dictionaries(st.sampled_from(LOTS), st.integers(0, 20)))
    frozen = [{k: frozenset(v) for k, v in one.items()} for one in (seen, boxed)]
    return book, *frozen, surplus, numbers


def report_of(found: list[Line], gone: list[str], surplus: list[Found]) -> Report:
    return Report(
        by="1", closed="c", lines=found, log="l", missing=gone, note="", opened="o", root="r",
        site="s", size=1, surplus=surplus,
    )  # fmt: skip


@given(counts())
def test_differences_by_lot_are_those_of_the_packs(made) -> None:
    book, seen, boxed, surplus, numbers = made
    counted = {key: len(packs) for key, packs in book.items() if packs}
    found = lines(counted, seen, boxed, surplus, numbers)
    gone = missing(found, book, seen, boxed)
    for line in found:
        key = (line.gtin, line.lot)
        there = seen[key] | boxed[key]
        more = [one for one in surplus if (one.gtin, one.lot) == key]
        assert line.book == len(book[key])
        if key in numbers:
            assert (line.way, line.counted) == (BY_NUMBER, numbers[key])
            assert not packs_of(key, set(range(13))) & set(gone)
        elif there or more:
            assert (line.way, line.counted) == (BY_SCAN, len(there) + len(more))
            lost = [pack for pack in gone if pack in book[key]]
            assert sorted(lost) == sorted(book[key] - there)
            assert line.difference == len(more) - len(lost)
            assert line.scanned + line.inferred == line.counted
        else:
            assert (line.way, line.counted, line.difference) == (NOT_COUNTED, -1, 0)
    report = report_of(found, gone, sorted(surplus))
    check(report)
    assert Report.parse(bytes(report)) == report
    assert report.agrees == (not gone and not surplus and not any(x.difference for x in found))


def test_a_report_whose_lines_do_not_add_up_is_refused() -> None:
    line = Line("09521101000016", "L1", 3, 2, 0, 2, BY_SCAN)
    check(report_of([line], ["a"], []))
    for gone in ([], ["a", "b"]):
        with pytest.raises(Malformed, match="differences"):
            check(report_of([line], gone, []))
    with pytest.raises(Malformed, match="by scan"):
        check(report_of([Line("09521101000016", "L1", 3, 2, 0, 2, "guess")], [], []))


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"[" * 9000, b'{"v":1}', b"\xff"])
def test_what_is_no_report_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        Report.parse(data)
