"""Erases the content of statements after their retention; the log, and all other proofs, stand.

What is erased of a statement is its envelope, its items and its secret: without them the entry's
hash says nothing. Only whole histories are erased: of each item concerned nothing stays but its
commissioning, and the item has left the chain. What stays is the state they led to, signed by the
log's status key, from which a rebuild goes on (custody.md 6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from msgspec.structs import astuple, replace

from ledger.rules.state import ACTIVE, INACTIVE, Row
from ledger.statement import dsse
from ledger.statement.events import Event
from ledger.statement.submission import Statement
from ledger.store import content
from ledger.store.database import Store
from ledger.store.kept import ERASED, Remains
from ledger.store.queries import Reader

ERASED_UNIT: Final = "erased"  # reason of a container whose history was erased


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was erased, and how many statements of the time had to stay."""

    indexes: tuple[int, ...]
    stayed: int


def forget(store: Store, status_seed: bytes, before_ms: int) -> Forgotten:
    """Erase what landed before a time and is about items that have since left the chain alone.

    Raises Refused `read-only`; then nothing was erased.
    """
    with store.writing():
        reader = Reader(store)
        old = _events_before(store, before_ms)
        indexes, items = _whole_histories(reader, old)
        if indexes:
            _erase(store, reader, sorted(indexes), sorted(items), status_seed)
    return Forgotten(tuple(sorted(indexes)), len(old) - len(indexes))


def _events_before(store: Store, before_ms: int) -> dict[int, str]:
    """What may be erased, by index; repackings stay, for a recall goes through them."""
    sql = (
        "SELECT entry.idx, entry.id FROM entry JOIN envelope ON envelope.idx = entry.idx "
        "JOIN act ON act.idx = entry.idx WHERE entry.ms < ? AND act.op <> 'repack' "
        "ORDER BY entry.idx"
    )
    return dict(store.rows(sql, (before_ms,)))


def _whole_histories(reader: Reader, old: dict[int, str]) -> tuple[set[int], set[str]]:
    """The statements all of whose items may go, and those items: the largest such set."""
    about: dict[int, set[str]] = {index: set() for index in old}
    for index, statement_id in old.items():
        about[index].update(content.every_id(reader.store, statement_id))
        body = Statement.parse(reader.logged(index).envelope).body
        if isinstance(body, Event) and body.parent is not None:
            about[index].add(body.parent)
    steps = {
        item: {step.index for step in reader.history(item)}
        for item in {item for named in about.values() for item in named}
    }
    for item, found in steps.items():
        for index in found & old.keys():
            about[index].add(item)
    gone = {item for item in steps if _has_left(reader, item)}
    indexes = set(old)
    while True:
        # A statement stays for any item that stays; an item for any statement but its first.
        indexes = {index for index in indexes if about[index] <= gone}
        stays = {item for item in gone if steps[item] - indexes - {_born(reader, item)}}
        if not stays:
            return indexes, {item for item in gone if indexes & steps[item]}
        gone -= stays


def _born(reader: Reader, item: str) -> int:
    row = reader.world().row(item)
    return row.born if row is not None else -1


def _has_left(reader: Reader, item: str) -> bool:
    world = reader.world()
    row = world.row(item)
    if row is None:
        return False
    root = world.outermost(row)
    if root.status == INACTIVE:
        return root.reason not in ("lost", "check_out")  # what may yet come back has not left
    # A container that was used, and is empty now; one that never was may yet be.
    used = root.status == ACTIVE and row.last > row.born
    return used and not row.lot and not row.parent and not world.children(item)


def _retired(row: Row) -> Row:
    """A row as it stays; an empty container is used up: nobody could prove where it had been."""
    if row.status == INACTIVE or row.lot or row.parent:
        return row
    return replace(row, status=INACTIVE, reason=ERASED_UNIT)


def _erase(
    store: Store, reader: Reader, indexes: list[int], items: list[str], status_seed: bytes
) -> None:
    world = reader.world()
    rows = [_retired(row) for item in items if (row := world.row(item)) is not None]
    lots = store.rows_in("SELECT gtin, lot, expiry, idx FROM lot WHERE idx IN (IN)", indexes)
    remains = Remains(indexes, reader.origin, [tuple(lot) for lot in lots], rows)
    envelope = dsse.sign(ERASED, dsse.canonical(remains), [status_seed])
    store.execute("INSERT INTO kept (idx, data) VALUES (?, ?)", (indexes[-1], bytes(envelope)))
    ids = [i for (i,) in store.rows_in("SELECT id FROM entry WHERE idx IN (IN)", indexes)]
    content.erase(store, ids)
    store.insert("item", Row.__struct_fields__, [astuple(row) for row in rows], "id")
    store.execute_each("DELETE FROM content WHERE container = ?", [(row.id,) for row in rows])
    wanted = [(index,) for index in indexes]
    views = ("act", "signature", "mention", "shipment", "delivery", "input", "moved")
    for table in ("envelope", *views):
        store.execute_each(f"DELETE FROM {table} WHERE idx = ?", wanted)
    store.execute_each("DELETE FROM membership WHERE from_idx = ?", wanted)
