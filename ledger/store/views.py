"""The fold over the tables: what the pure fold asks for, and where its changes are written down.

One code path for the write path and for `rebuild`. What a statement may do is decided by
`ledger.rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from ledger.errors import Malformed, Refused
from ledger.rules import rights
from ledger.rules.authority import Authority
from ledger.rules.custody import decide
from ledger.rules.world import Changes, Loaders, Lot, Ref, Row, Shipment, World
from ledger.statement.dsse import Envelope
from ledger.statement.events import Event
from ledger.statement.submission import Statement
from ledger.store import content
from ledger.store.database import Store
from ledger.store.models import VIEWS

_ROW = ", ".join(Row._fields)
_SHIPMENT = "idx, id, party, site, to_party, to_site, owner, number, received"


class Stored(NamedTuple):
    """An entry as the tables hold it."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    id: str
    ms: int
    data: bytes  # the entry's exact bytes
    envelope: bytes


def stored_entries(
    store: Store, where: str = "", values: Sequence[object] = ()
) -> Iterator[Stored]:
    """Entries in the log's order. Raises Malformed for an entry whose content is not there."""
    sql = (
        "SELECT entry.idx, entry.id, entry.ms, entry.governance, entry.data, envelope.data "
        "FROM entry LEFT JOIN envelope ON envelope.idx = entry.idx "
        f"{where} ORDER BY entry.idx"
    )
    for index, statement_id, ms, governance, data, envelope in store.rows(sql, values):
        whole = bytes(data)[8:] if governance else envelope
        if whole is None:
            raise Malformed(f"table envelope, row {index}: missing")
        yield Stored(index, statement_id, ms, bytes(data), bytes(whole))


def loaders(store: Store) -> Loaders:
    """What a World asks of the tables."""

    def row(item: str) -> Row | None:
        found = store.one(f"SELECT {_ROW} FROM item WHERE id = ?", (item,))
        return Row(*found) if found else None

    def children(container: str) -> Iterable[str]:
        sql = (
            "SELECT child FROM membership WHERE parent = ? AND to_idx = -1 ORDER BY from_idx, child"
        )
        return [child for (child,) in store.rows(sql, (container,))]

    def inside(container: str) -> dict[tuple[str, str], int]:
        sql = "SELECT gtin, lot, n FROM content WHERE container = ?"
        return {(gtin, lot): n for gtin, lot, n in store.rows(sql, (container,))}

    def shipment(index: int) -> Shipment | None:
        found = store.one(f"SELECT {_SHIPMENT} FROM shipment WHERE idx = ?", (index,))
        return shipment_of(found) if found else None

    def lot(gtin: str, number: str) -> Lot | None:
        sql = "SELECT expiry, idx FROM lot WHERE gtin = ? AND lot = ?"
        found = store.one(sql, (gtin, number))
        return Lot(gtin, number, date.fromisoformat(found[0]), found[1]) if found else None

    def statement(statement_id: str) -> Ref | None:
        sql = "SELECT idx, id, ms, op, by, site FROM act WHERE id = ?"
        found = store.one(sql, (statement_id,))
        return Ref(*found) if found else None

    def number_used(party: str, number: str) -> bool:
        sql = "SELECT 1 FROM shipment WHERE number = ? AND party = ?"
        return store.one(sql, (number, party)) is not None

    return Loaders(row, children, inside, shipment, lot, statement, number_used)


def shipment_of(found: Sequence[Any]) -> Shipment:
    """A row of the shipment table, columns in their order."""
    index, statement_id, party, site, to_party, to_site, owner, number, received = found
    return Shipment(
        index, statement_id, party, site, to_party, to_site, owner, number, bool(received)
    )


class Fold:
    """The fold from one state of the tables to the next: take statements, then flush."""

    def __init__(self, authority: Authority, known: Loaders | None = None) -> None:
        self.authority = authority
        self.world = World(known)
        self._taken: list[tuple[Ref, Changes, Sequence[str]]] = []

    def prefetch(self, store: Store, statements: Iterable[tuple[Statement, Sequence[str]]]) -> None:
        """Read in few queries what many statements will ask for one by one."""
        items: dict[str, None] = {}
        ships: dict[str, None] = {}
        numbers: list[tuple[str, str]] = []
        for statement, ids in statements:
            event = statement.body
            if isinstance(event, Event):
                items.update(dict.fromkeys(ids))
                if event.shipment is not None:
                    ships[event.shipment] = None
                if event.number is not None:
                    numbers.append((event.by, event.number))
        sql = f"SELECT {_ROW} FROM item WHERE id IN (IN)"
        rows = [Row(*found) for found in store.rows_in(sql, items)]
        found_ids = {row.id for row in rows}
        self.world.know(rows, (item for item in items if item not in found_ids))
        sql = "SELECT idx, id, ms, op, by, site FROM act WHERE id IN (IN)"
        refs = [Ref(*found) for found in store.rows_in(sql, ships)]
        sql = f"SELECT {_SHIPMENT} FROM shipment WHERE idx IN (IN)"
        shipments = [shipment_of(f) for f in store.rows_in(sql, [ref.index for ref in refs])]
        sql = "SELECT party, number FROM shipment WHERE number IN (IN)"
        used = {(p, n) for p, n in store.rows_in(sql, [number for _, number in numbers])}
        self.world.know_shipments(refs, shipments, {key: key in used for key in numbers})

    def take(self, statement: Statement, ids: Sequence[str], index: int, ms: int) -> dict[str, int]:
        """Fold one statement in, whose signatures are verified and whose items fit.

        Answers the items on which it changed nothing, with the index that did it before. Raises
        Refused, and then has changed nothing.
        """
        event = statement.body
        if not isinstance(event, Event):
            rights.check(self.authority, statement, ms)
            self.authority.apply(statement, index)
            return {}
        rights.entitle(self.authority, statement, ms)
        changes = decide(self.world, self.authority, event, statement.id, ids, index, ms)
        ref = Ref(index, statement.id, ms, event.op, event.by, event.read_point)
        self.world.apply(changes, ref)
        self._taken.append((ref, changes, () if event.op == "commission" else ids))
        return changes.already

    def taken(self) -> Sequence[tuple[Ref, Changes, Sequence[str]]]:
        """The events taken and not yet flushed: what each changed, and the items it names."""
        return self._taken

    def flush(self, store: Store) -> None:
        """Write down what was taken; inside the write transaction."""
        taken, self._taken = self._taken, []
        rows: dict[str, Row] = {}
        joined: list[tuple[str, int, str, int]] = []
        counts: dict[tuple[str, str, str], None] = {}
        shipments: dict[int, Shipment] = {}
        lots: list[tuple[str, str, str, int]] = []
        for ref, changes, _ in taken:
            rows.update(changes.rows)
            counts.update(dict.fromkeys(changes.content))
            if changes.shipment is not None:
                shipments[changes.shipment.index] = changes.shipment
            if changes.lot is not None:
                lot = changes.lot
                lots.append((lot.gtin, lot.lot, lot.expiry.isoformat(), lot.index))
            if changes.left:
                # An item may have joined in this very batch: what joined before is written first.
                _join(store, joined)
                joined = []
                store.insert(
                    "UPDATE membership SET to_idx = ? WHERE child = ? AND parent = ? AND to_idx = -1",
                    [(ref.index, child, parent) for child, parent in changes.left],
                )
            joined += [(child, ref.index, parent, -1) for child, parent in changes.joined]
        _join(store, joined)
        _upsert(store, "item", Row._fields, "id", list(rows.values()))
        store.insert("INSERT INTO lot (gtin, lot, expiry, idx) VALUES (?, ?, ?, ?)", lots)
        self._flush_content(store, counts)
        flat = [(*shipment[:-1], int(shipment.received)) for shipment in shipments.values()]
        _upsert(store, "shipment", _SHIPMENT.split(", "), "idx", flat)
        store.insert(
            "INSERT INTO act (idx, id, ms, op, by, site) VALUES (?, ?, ?, ?, ?, ?)",
            [ref for ref, _, _ in taken],
        )
        store.insert(
            "INSERT INTO mention (item, idx) VALUES (?, ?)",
            [(item, ref.index) for ref, _, ids in taken for item in ids],
        )

    def _flush_content(self, store: Store, keys: Iterable[tuple[str, str, str]]) -> None:
        kept, gone = [], []
        for container, gtin, lot in keys:
            n = self.world.content(container).get((gtin, lot), 0)
            if n:
                kept.append((container, gtin, lot, n))
            else:
                gone.append((container, gtin, lot))
        store.insert("DELETE FROM content WHERE container = ? AND gtin = ? AND lot = ?", gone)
        _upsert(store, "content", ("container", "gtin", "lot", "n"), "container, gtin, lot", kept)


def _join(store: Store, joined: Sequence[tuple[str, int, str, int]]) -> None:
    store.insert(
        "INSERT INTO membership (child, from_idx, parent, to_idx) VALUES (?, ?, ?, ?)", joined
    )


def _upsert(
    store: Store, table: str, columns: Sequence[str], key: str, rows: Sequence[Sequence[object]]
) -> None:
    keys = key.split(", ")
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in keys)
    store.insert(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "
        f"ON CONFLICT ({key}) DO UPDATE SET {changes}",
        rows,
    )


def replay(
    store: Store, fold: Fold, entries: Iterable[Stored], done: Callable[[int], None] | None = None
) -> None:
    """Fold logged statements again; whoever calls holds the transaction, and flushes.

    `done` is told each index. Raises Malformed for an entry that the rules do not let stand.
    """
    for entry in entries:
        statement = Statement.of(Envelope.parse(entry.envelope))
        ids = [item.id for item in content.items(store, entry.index)]
        try:
            fold.take(statement, ids, entry.index, entry.ms)
        except Refused as refused:
            raise Malformed(f"entry {entry.index} breaks the rules: {refused}") from refused
        if done is not None:
            done(entry.index)


def rebuild(store: Store, done: Callable[[int], None] | None = None) -> None:
    """Drop the view tables and fold them anew from log and content.

    Raises Malformed, and leaves the tables as they were, when the log does not fold.
    """
    with store.writing():
        for model in VIEWS:
            store.execute(f"DELETE FROM {model._meta.table_name}")
        fold = Fold(Authority())
        replay(store, fold, stored_entries(store), done)
        fold.flush(store)
