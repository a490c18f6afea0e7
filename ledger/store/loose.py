"""How many packs lie loose at each site, kept as they come and go: counting a million takes too long.

Loose is what lies in no container; what lies in one is in the table `content`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from ledger.rules.state import ACTIVE, IN_TRANSIT, Row
from ledger.statement.gs1 import gtin_of
from ledger.store.database import Store

LOOSE: Final = ("site", "gtin", "lot", "status", "held")
Place: TypeAlias = tuple[str, str, str, str, int]  # as LOOSE names them; in transit, the sender's


def place_of(row: Row | None) -> Place | None:
    """Where a row is counted; None for what is a container, inside one, or out of the chain."""
    if row is None or not row.lot or row.parent or row.status not in (ACTIVE, IN_TRANSIT):
        return None
    return row.site, gtin_of(row.id), row.lot, row.status, int(bool(row.hold))


class Moves:
    """What a fold's statements add to the counts, and take from them."""

    def __init__(self) -> None:
        self._moves: dict[Place, int] = {}

    def add(self, before: Row | None, after: Row) -> None:
        """One row was changed."""
        if (gone := place_of(before)) is not None:
            self._moves[gone] = self._moves.get(gone, 0) - 1
        if (come := place_of(after)) is not None:
            self._moves[come] = self._moves.get(come, 0) + 1

    def take(self) -> dict[Place, int]:
        """The moves so far, which are then forgotten."""
        moves, self._moves = self._moves, {}
        return {place: n for place, n in moves.items() if n}


def count_in(store: Store, moves: Mapping[Place, int]) -> None:
    """Add moves to the counts; inside the write transaction."""
    where = " AND ".join(f"{name} = ?" for name in LOOSE)
    counts: dict[Place, int] = {}
    for place, n in moves.items():
        row = store.one(f"SELECT n FROM loose WHERE {where}", place)
        counts[place] = n + (row[0] if row else 0)
    store.execute_each(f"DELETE FROM loose WHERE {where}", [p for p, n in counts.items() if not n])
    rows = [(*place, n) for place, n in counts.items() if n]
    store.insert("loose", (*LOOSE, "n"), rows, ", ".join(LOOSE))


def counted(rows: Iterable[Row]) -> dict[Place, int]:
    """The counts that rows come to, from nothing."""
    moves = Moves()
    for row in rows:
        moves.add(None, row)
    return moves.take()
