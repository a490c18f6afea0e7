"""How many packs of which lot an event moves, and from where: what traces and boards are counted from.

Pure. The fold asks it of every event that it takes, so that a lot of a million packs is traced
without looking at one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from ledger.rules.operations import RETURNS, UNDOABLE
from ledger.rules.state import IN_TRANSIT, Changes, LotKey, Named, Row
from ledger.rules.world import World
from ledger.statement.events import Event
from ledger.statement.gs1 import gtin_of

SENDS: Final = RETURNS | {"ship"}
ABOUT: Final = frozenset({"receive", "void", "refuse", "close_short"})  # what is said of a shipment
MAKES: Final = frozenset({"commission", "repack"})
GONE: Final = frozenset({"lost", "stolen", "destroyed"})
LEAVES: Final = UNDOABLE | GONE
BACK: Final = frozenset({"found", "undo"})
OPERATIONS: Final = SENDS | ABOUT | MAKES | LEAVES | BACK

NAMED: Final = 0  # what a statement itself names
TAKEN_UP: Final = 1  # what a repacking made its packs of


class Moved(msgspec.Struct, frozen=True, gc=False):
    """Packs of one lot that one statement moves.

    `side` is NAMED or TAKEN_UP. `site` is where they were, of a receipt where they came to.
    `about` is the index of another statement: of the shipment that they were in or that this one
    speaks of, or of what this one undoes; -1 for none, and for what sends them. `scanned` packs were named one by one, `inferred` ones lay inside
    a container that was named.
    """

    index: int
    side: int
    gtin: str
    lot: str
    site: str
    about: int
    scanned: int
    inferred: int


def moves(
    world: World, changes: Changes, named: Named, event: Event, index: int, about: int
) -> list[Moved]:
    """What an accepted event moves; `world` is the state before it, `about` its shipment, what
    it undoes, or -1.

    An item that was in the same state by the same act already is not moved again, nor is anything
    by what is only observed; what was found too much, or lacked, was not received.
    """
    if event.op not in OPERATIONS or changes.observed:
        return []
    if event.op == "commission":
        gtin = gtin_of(named.items[0])
        if not gtin:
            return []  # logistic units hold nothing yet
        return [
            Moved(index, NAMED, gtin, event.lot or "", event.read_point, -1, named.count, 0)
        ]  # fmt: skip
    counts: dict[tuple[int, LotKey, str, int], list[int]] = {}
    for side, row, told in _rows(world, changes, named, event, about):
        scanned = 1 if row.lot else 0
        for lot, packs in _packs(world, changes, row):
            found = counts.setdefault((side, lot, row.site, told), [0, 0])
            found[1 - scanned] += packs
    return [
        Moved(index, side, *lot, site, told, *found)
        for (side, lot, site, told), found in sorted(counts.items())
    ]


def _rows(
    world: World, changes: Changes, named: Named, event: Event, about: int
) -> Iterator[tuple[int, Row, int]]:
    """Each item that is moved, as it stands afterwards, and the statement that this is about."""
    for item in named.items:
        row = changes.rows.get(item)
        if row is None:
            continue  # done here already
        told = about
        if event.op in GONE:
            before = world.row(item)
            root = world.outermost(before) if before is not None else row
            told = root.shipment if root.status == IN_TRANSIT else -1
        yield NAMED, row, told
    if event.op == "repack":
        made = set(named.items)
        for item, row in changes.rows.items():
            if item not in made:
                yield TAKEN_UP, row, -1


def _packs(world: World, changes: Changes, row: Row) -> Iterator[tuple[LotKey, int]]:
    """How many packs of which lot an item is or holds once the event has happened."""
    if row.lot:
        yield (gtin_of(row.id), row.lot), 1
        return
    counts = {lot: count.n for lot, count in world.content(row.id).items()}
    for (container, gtin, lot), more in changes.content.items():
        if container == row.id:
            counts[gtin, lot] = counts.get((gtin, lot), 0) + more.n
    yield from ((lot, n) for lot, n in counts.items() if n)
