"""De-identified figures: which cells of a table by region and month are shown, and which totals.

Pure. The rule, in full (docs/statistics.md says it to readers):

1. A cell is small when a count in it is from 1 to K - 1, or when from 1 to PARTIES - 1 parties
   stand behind it. Small cells are not shown. A cell in which nothing happened is shown as nothing.
2. In a month with a small cell, the cell of the lowest count among the others is not shown either,
   and all that equal it in that count.
3. A month's total is shown unless one of its cells is small and rule 2 found no other. No other
   total is shown.

So what is shown stays the same when the cells of a month that are not shown change places. Whoever
knows the rule, the totals and every shown cell cannot tell which of them has which value.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

K: Final = 10  # the lowest count that is shown
PARTIES: Final = 3  # the fewest parties behind a cell that is shown
ALL: Final = "all"  # the region of a total


class Cell(NamedTuple):
    """One month of one region: events, the parties behind them, and a sum over the events.

    The sum is another count (`counts` of `publish`), or minutes.
    """

    region: str
    month: str  # YYYY-MM
    n: int
    parties: int
    value: int


class Shown(NamedTuple):
    """A cell as it is published; None for what is not shown. Region ALL for a month's total."""

    region: str
    month: str
    n: int | None
    value: int | None


def publish(cells: Iterable[Cell], *, counts: bool) -> list[Shown]:
    """The table by month and region, each month with its total behind it.

    `cells` names each region and month once at most; what it leaves out did not happen. `counts`
    says that the sums are counts as well, held to the same bound.
    """
    known = {(one.month, one.region): one for one in cells}
    regions = sorted({region for _, region in known})
    table: list[Shown] = []
    for month in sorted({month for month, _ in known}):
        row = [known.get((month, r), Cell(r, month, 0, 0, 0)) for r in regions]
        hidden, total = _hidden(row, counts=counts)
        for one in row:
            gone = one.region in hidden
            table.append(
                Shown(one.region, month, None if gone else one.n, None if gone else one.value)
            )
        n, value = sum(one.n for one in row), sum(one.value for one in row)
        table.append(Shown(ALL, month, n if total else None, value if total else None))
    return table


def is_small(cell: Cell, *, counts: bool) -> bool:
    """Whether so little stands behind a cell that it could tell of somebody."""
    few = 0 < cell.n < K or 0 < cell.parties < PARTIES
    return few or (counts and 0 < cell.value < K)


def _hidden(row: list[Cell], *, counts: bool) -> tuple[frozenset[str], bool]:
    """The regions of a month that are not shown, and whether its total is."""
    small = [one for one in row if is_small(one, counts=counts)]
    if not small:
        return frozenset(), True
    others = [one.n for one in row if one.n and one not in small]
    least = min(others, default=0)
    more = [one for one in row if one.n == least and one not in small] if others else []
    return frozenset(one.region for one in (*small, *more)), bool(more)
