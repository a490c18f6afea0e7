"""Reads out of the tables what the fold and the answers ask for.

Written down by `views`; what it means is left to `ledger.rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import Any, Final, NamedTuple

from msgspec.structs import astuple, replace

from ledger.errors import Malformed
from ledger.rules.authority import Authority
from ledger.rules.state import Count, Lot, LotKey, Ref, Row, Shipment
from ledger.rules.world import Loaders
from ledger.statement.submission import LISTS, Statement, Submission, commitments
from ledger.store import content
from ledger.store.database import Store
from ledger.store.staging import resolved

ROW: Final = ", ".join(Row.__struct_fields__)
SHIPMENT: Final = "idx, id, op, ms, party, site, to_party, to_site, owner, number, received"
DELIVERY: Final = "idx, shipment, over"
MOVED: Final = "idx, side, gtin, lot, site, about, scanned, inferred"
ACT: Final = "idx, id, ms, op, by, site, observed"
BY_ID: Final = "idx IN (SELECT idx FROM entry WHERE id"  # the log's own index of statement ids
ORIGIN: Final = "gtin, lot, from_gtin, from_lot"
ANSWER: Final = "recall, site, idx, held, quarantined, returned, destroyed, none"


class Stored(NamedTuple):
    """An entry as the tables hold it."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    id: str
    ms: int
    data: bytes  # the entry's exact bytes
    envelope: bytes


def stored_entries(
    store: Store,
    where: str = "",
    values: Sequence[object] = (),
    erased: Container[int] = (),
) -> Iterator[Stored]:
    """Entries in the log's order; those whose content was erased are passed over.

    Raises Malformed for any other entry whose content is not there.
    """
    sql = (
        "SELECT entry.idx, entry.id, entry.ms, entry.governance, entry.data, envelope.data "
        "FROM entry LEFT JOIN envelope ON envelope.idx = entry.idx "
        f"{where} ORDER BY entry.idx"
    )
    for index, statement_id, ms, governance, data, envelope in store.rows(sql, values):
        whole = bytes(data)[8:] if governance else envelope
        if whole is None:
            if index in erased:
                continue
            raise Malformed(f"table envelope, row {index}: missing")
        yield Stored(index, statement_id, ms, bytes(data), bytes(whole))


def read_row(store: Store, item: str) -> Row | None:
    """An item's row, or None when it was never commissioned."""
    found = store.rows(f"SELECT {ROW} FROM item WHERE id = ?", (item,))
    return next(resolved(store, found), None)


def loaders(store: Store) -> Loaders:
    """What a World asks of the tables."""

    def children(container: str) -> Iterable[str]:
        sql = (
            "SELECT child FROM membership WHERE parent = ? AND to_idx = -1 ORDER BY from_idx, child"
        )
        return [child for (child,) in store.rows(sql, (container,))]

    def inside(container: str) -> Iterable[Row]:
        columns = ", ".join(f"item.{name}" for name in Row.__struct_fields__)
        sql = (
            f"SELECT {columns} FROM membership JOIN item ON item.id = membership.child "
            "WHERE membership.parent = ? AND membership.to_idx = -1"
        )
        return resolved(store, store.rows(sql, (container,)))

    def counts(container: str) -> dict[LotKey, Count]:
        sql = "SELECT gtin, lot, n, held FROM content WHERE container = ?"
        return {(gtin, lot): Count(n, held) for gtin, lot, n, held in store.rows(sql, (container,))}

    def shipment(index: int) -> Shipment | None:
        found = store.one(f"SELECT {SHIPMENT} FROM shipment WHERE idx = ?", (index,))
        return shipment_of(found) if found else None

    def lot(gtin: str, number: str) -> Lot | None:
        sql = "SELECT expiry, idx FROM lot WHERE gtin = ? AND lot = ?"
        found = store.one(sql, (gtin, number))
        return Lot(gtin, number, date.fromisoformat(found[0]), found[1]) if found else None

    def statement(statement_id: str) -> Ref | None:
        found = store.one(f"SELECT {ACT} FROM act WHERE {BY_ID} = ?)", (statement_id,))
        return Ref(*found) if found else None

    def number_used(party: str, number: str) -> bool:
        sql = "SELECT 1 FROM shipment WHERE number = ? AND party = ?"
        return store.one(sql, (number, party)) is not None

    def origins(gtin: str, number: str) -> list[LotKey]:
        sql = "SELECT from_gtin, from_lot FROM origin WHERE gtin = ? AND lot = ?"
        return [(g, n) for g, n in store.rows(sql, (gtin, number))]

    def signed(keyid: str, since_ms: int) -> list[int]:
        sql = (
            "SELECT act.idx FROM signature JOIN act ON act.idx = signature.idx "
            "WHERE signature.keyid = ? AND act.ms >= ? ORDER BY act.idx"
        )
        return [index for (index,) in store.rows(sql, (keyid, since_ms))]

    def spans(item: str) -> list[tuple[str, int, int]]:
        sql = "SELECT parent, from_idx, to_idx FROM membership WHERE child = ? ORDER BY from_idx"
        return [(parent, start, end) for parent, start, end in store.rows(sql, (item,))]

    def inputs(index: int) -> list[int]:
        sql = "SELECT check_out FROM input WHERE idx = ? ORDER BY check_out"
        return [check_out for (check_out,) in store.rows(sql, (index,))]

    def mentions(item: str) -> list[int]:
        rows = store.rows("SELECT idx FROM mention WHERE item = ?", (item,))
        return [index for (index,) in rows]

    return Loaders(
        partial(read_row, store), children, inside, counts, shipment, lot, statement, number_used, origins, signed, spans,
        named_reader(store), inputs, mentions,
    )  # fmt: skip


def named_reader(store: Store) -> Callable[[int], tuple[str, ...]]:
    """What the statement at an index names, in whichever list; () for one that names nothing."""

    def named(index: int) -> tuple[str, ...]:
        found = store.one("SELECT id FROM entry WHERE idx = ?", (index,))
        return content.every_id(store, found[0]) if found else ()

    return named


def shipment_of(found: Sequence[Any]) -> Shipment:
    """A row of the shipment table, columns in their order."""
    return replace(Shipment(*found), received=bool(found[-1]))


def shipment_row(shipment: Shipment) -> tuple[Any, ...]:
    """A shipment as its table holds it: the inverse of `shipment_of`."""
    *columns, received = astuple(shipment)
    return (*columns, int(received))


def stored_lists(store: Store, statement: Statement) -> Submission:
    """A statement with what it names, as it was handed in."""
    if not commitments(statement.body):
        return Submission(statement)
    lists = {name: content.items(store, statement.id, name) for name in LISTS}
    return Submission(statement, **lists, secret=content.secret(store, statement.id))


def read_governance(store: Store, authority: Authority, since: int) -> None:
    """Apply all governance from index `since` on, which the log checked when it took it."""
    where = "WHERE entry.governance = 1 AND entry.idx >= ?"
    for entry in stored_entries(store, where, (since,)):
        statement = Statement.parse(entry.envelope)
        authority.apply(statement, entry.index)
