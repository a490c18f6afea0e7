"""De-identified figures: no cell that is not shown can be recovered from what is.

The proof is by exchange: whoever publishes tables in which the hidden cells of a month have changed
places publishes the very same, so nobody can tell these tables apart.
"""

from __future__ import annotations

from itertools import pairwise, permutations

from hypothesis import given
from hypothesis import strategies as st

from ledger.rules.suppression import ALL, PARTIES, Cell, K, Shown, is_small, publish

REGIONS = ["BE", "DE", "FR", "LU", "NL"]
MONTHS = ["2026-09", "2026-10", "2026-11"]


@st.composite
def tables(draw: st.DrawFn) -> list[Cell]:
    """Any table; counts close to the bound are the most common, and ties are."""
    made = []
    for month in MONTHS:
        for region in REGIONS:
            n = draw(st.sampled_from([0, 0, 1, 2, 8, 9, 10, 10, 11, 12, 40]))
            parties = draw(st.integers(1, 5)) if n else 0
            value = draw(st.sampled_from([0, 1, 9, 10, 11, 500])) if n else 0
            made.append(Cell(region, month, n, min(parties, n), value))
    return draw(st.permutations(made))


def by_place(table: list[Shown]) -> dict[tuple[str, str], Shown]:
    return {(one.month, one.region): one for one in table}


def hidden_of(cells: list[Cell], table: list[Shown], month: str) -> list[Cell]:
    shown = by_place(table)
    return [c for c in cells if c.month == month and shown[month, c.region].n is None]


@given(tables(), st.booleans())
def test_whatever_is_shown_is_not_small_and_true(cells: list[Cell], counts: bool) -> None:
    shown = by_place(publish(cells, counts=counts))
    for one in cells:
        told = shown[one.month, one.region]
        if told.n is not None:
            assert (told.n, told.value) == (one.n, one.value)
            assert not is_small(one, counts=counts)
            assert one.n == 0 or (one.n >= K and one.parties >= PARTIES)
            assert not counts or one.value == 0 or one.value >= K
    for month in MONTHS:
        told = shown[month, ALL]
        if told.n is not None:
            row = [c for c in cells if c.month == month]
            assert (told.n, told.value) == (sum(c.n for c in row), sum(c.value for c in row))


@given(tables(), st.booleans())
def test_hidden_cells_of_a_month_may_change_places_and_nobody_sees_it(
    cells: list[Cell], counts: bool
) -> None:
    table = publish(cells, counts=counts)
    for month in MONTHS:
        hidden = hidden_of(cells, table, month)
        for order in permutations(hidden):
            swapped = {
                (month, place.region): one._replace(region=place.region)
                for place, one in zip(hidden, order, strict=True)
            }
            other = [swapped.get((c.month, c.region), c) for c in cells]
            assert publish(other, counts=counts) == table


@given(tables(), st.booleans())
def test_a_total_never_leaves_one_hidden_cell_or_small_ones_alone(
    cells: list[Cell], counts: bool
) -> None:
    """The differencing attack: a month's total less all that is shown of it."""
    table = publish(cells, counts=counts)
    shown = by_place(table)
    for month in MONTHS:
        hidden = hidden_of(cells, table, month)
        if not hidden or shown[month, ALL].n is None:
            continue
        assert len(hidden) >= 2
        left = (shown[month, ALL].n or 0) - sum(
            shown[month, region].n or 0 for region in REGIONS if (month, region) in shown
        )
        assert left == sum(one.n for one in hidden)
        # Two values at least for each: whoever tries all that fits finds no cell known.
        values = {one.n for one in hidden} | {one.value for one in hidden}
        assert any(is_small(one, counts=counts) for one in hidden)
        assert any(not is_small(one, counts=counts) for one in hidden)
        assert len({(one.n, one.parties, one.value) for one in hidden}) >= 2, values


@given(tables(), st.booleans(), st.integers(1, K - 1))
def test_where_no_total_is_shown_any_small_value_would_look_the_same(
    cells: list[Cell], counts: bool, n: int
) -> None:
    table = publish(cells, counts=counts)
    shown = by_place(table)
    for month in MONTHS:
        if shown[month, ALL].n is not None:
            continue
        for one in hidden_of(cells, table, month):
            changed = one._replace(n=n, parties=1)
            other = [changed if c is one else c for c in cells]
            assert publish(other, counts=counts) == table


def test_the_rule_by_example() -> None:
    def cell(region: str, n: int) -> Cell:
        return Cell(region, "2026-09", n, 5, n)

    def told(*cells: Cell) -> dict[str, int | None]:
        return {one.region: one.n for one in publish(cells, counts=True)}

    assert told(cell("BE", 9), cell("DE", 30), cell("FR", 20)) == {
        "BE": None, "DE": 30, "FR": None, ALL: 59
    }  # fmt: skip
    # A tie is hidden whole: which of the two was chosen would tell.
    assert told(cell("BE", 1), cell("DE", 10), cell("FR", 10), cell("NL", 11)) == {
        "BE": None, "DE": None, "FR": None, "NL": 11, ALL: 32
    }  # fmt: skip
    assert told(cell("BE", 9), cell("DE", 0)) == {"BE": None, "DE": 0, ALL: None}
    assert told(cell("BE", 10), cell("DE", 12)) == {"BE": 10, "DE": 12, ALL: 22}
    assert publish([], counts=True) == []
    months = [one.month for one in publish([Cell("BE", m, 10, 3, 10) for m in MONTHS], counts=True)]
    assert all(one <= two for one, two in pairwise(months))
