"""The fold over the tables: what the pure fold asks for, and where its changes are written down.

One code path for the write path and for `rebuild`. What a statement may do is decided by
`ledger.rules`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import astuple, replace

from ledger.errors import Malformed, Refused
from ledger.rules import governing, marks, rights
from ledger.rules.authority import Authority
from ledger.rules.custody import decide
from ledger.rules.moves import Moved, moves
from ledger.rules.state import Changes, Count, Lot, LotKey, Named, Ref, Row, Shipment
from ledger.rules.world import Loaders, World
from ledger.statement.dsse import Envelope
from ledger.statement.events import Event
from ledger.statement.governance import Hold, Recall, RecallAnswer
from ledger.statement.gs1 import is_pack
from ledger.statement.submission import Statement, Submission
from ledger.store.database import Store
from ledger.store.kept import Kept
from ledger.store.loading import (
    ACT,
    ANSWER,
    BY_ID,
    DELIVERY,
    MOVED,
    ORIGIN,
    ROW,
    SHIPMENT,
    Stored,
    named_reader,
    shipment_of,
    shipment_row,
    stored_entries,
    stored_lists,
)
from ledger.store.loose import Moves, count_in
from ledger.store.models import VIEWS
from ledger.store.staging import resolved


def named_by(submission: Submission) -> Named:
    """What a submission names, as the fold takes it."""
    items = submission.items
    return Named(
        [item.id for item in items],
        [item.id for item in submission.over],
        [item.id for item in submission.missing],
        bool(items) and all(item.extra for item in items),
    )


class _Taken(msgspec.Struct, frozen=True, gc=False):
    """An event taken and not yet flushed."""

    ref: Ref
    changes: Changes
    named: Sequence[str]  # as `mention` keeps it
    keyids: Sequence[str]
    inputs: Sequence[int]
    about: int  # index of the shipment that it is about, -1 for none
    over: int  # items that it found too much
    moved: Sequence[Moved]


class Fold:
    """The fold from one state of the tables to the next: take statements, then flush.

    Where content was erased, it goes on from the state that was `kept`, each run of it at its place.
    """

    def __init__(
        self, authority: Authority, known: Loaders | None = None, kept: Kept | None = None
    ) -> None:
        self.authority = authority
        self.world = World(known)
        self._taken: list[_Taken] = []
        self._answers: list[tuple[RecallAnswer, int]] = []
        self._rows: dict[str, Row] = {}  # to be written, in order of the last touch
        self._moves = Moves()  # of loose packs, to be written
        self._kept = kept
        self._runs = deque(sorted(kept.by_last.items()) if kept is not None else ())
        # Lots whose first commissioning was erased: whatever is folded may be of them.
        self._settled_lots = [lot for _, remains in self._runs for lot in remains.found_lots()]
        for lot in self._settled_lots:
            self.world.know_lot(lot)

    def settled_lots(self) -> Sequence[Lot]:
        """The lots taken over and not yet flushed."""
        return self._settled_lots

    def finish(self) -> None:
        """Take over what was kept of the last statements; then the log is folded to its end.

        Raises Malformed when the status key of its genesis did not sign what was kept.
        """
        self._settle(None)
        if self._kept is not None:
            self._kept.check(self.authority.status_key)

    def _settle(self, before: int | None) -> None:
        """Take rows over that erased statements before an index led to."""
        while self._runs and (before is None or self._runs[0][0] < before):
            for row in self._runs.popleft()[1].rows:
                self._moves.add(self.world.row(row.id), row)
                self._rows[row.id] = row
                self.world.settle(row)

    def prefetch(self, store: Store, statements: Iterable[tuple[Statement, Named]]) -> None:
        """Read in few queries what many statements will ask for one by one."""
        items: dict[str, None] = {}
        ships: dict[str, None] = {}
        numbers: list[tuple[str, str]] = []
        for statement, named in statements:
            event = statement.body
            if isinstance(event, Event):
                items.update(dict.fromkeys(named.all))
                if event.shipment is not None:
                    ships[event.shipment] = None
                if event.number is not None:
                    numbers.append((event.by, event.number))
        sql = f"SELECT {ROW} FROM item WHERE id IN (IN)"
        rows = list(resolved(store, store.rows_in(sql, items)))
        found_ids = {row.id for row in rows}
        self.world.know(rows, (item for item in items if item not in found_ids))
        containers: dict[str, dict[LotKey, Count]] = {
            item: {} for item in found_ids if not is_pack(item)
        }
        sql = "SELECT container, gtin, lot, n, held FROM content WHERE container IN (IN)"
        for container, gtin, lot, n, held in store.rows_in(sql, containers):
            containers[container][gtin, lot] = Count(n, held)
        for container, counts in containers.items():
            self.world.know_content(container, counts)
        sql = f"SELECT {ACT} FROM act WHERE {BY_ID} IN (IN))"
        refs = [Ref(*found) for found in store.rows_in(sql, ships)]
        sql = f"SELECT {SHIPMENT} FROM shipment WHERE idx IN (IN)"
        shipments = [shipment_of(f) for f in store.rows_in(sql, [ref.index for ref in refs])]
        sql = "SELECT party, number FROM shipment WHERE number IN (IN)"
        used = {(p, n) for p, n in store.rows_in(sql, [number for _, number in numbers])}
        self.world.know_shipments(refs, shipments, {key: key in used for key in numbers})

    def take(self, statement: Statement, named: Named, index: int, ms: int) -> dict[str, int]:
        """Fold one statement in, whose signatures are verified and whose items fit.

        Answers the items on which it changed nothing, with the index that did it before. Raises
        Refused, and then has changed nothing.
        """
        self._settle(index)
        event = statement.body
        if not isinstance(event, Event):
            governing.check(self.authority, statement, ms)
            if isinstance(event, Hold | Recall):
                marks.check_scope(self.world, event.scope)
            if isinstance(event, RecallAnswer):
                self._answers.append((event, index))
            if named.items:
                self.world.know_items(index, named.items)
            self.authority.apply(statement, index)
            return {}
        signers = rights.entitle(self.authority, statement, ms)
        named = replace(named, signers=signers)
        changes = decide(self.world, self.authority, event, statement.id, named, index, ms)
        ref = Ref(
            index, statement.id, ms, event.op, event.by, event.read_point, changes.observed
        )  # fmt: skip
        keyids = tuple(signature.keyid for signature in statement.envelope.signatures)
        for item, row in changes.rows.items():
            self._moves.add(self.world.row(item), row)
        about = self.world.statement(event.shipment) if event.shipment else None
        undone = self.world.statement(event.undoes) if event.undoes else None
        earlier = about or undone
        referred = earlier.index if earlier else -1
        moved = moves(self.world, changes, named, event, index, referred)
        self.world.apply(changes, ref, event, keyids, named.all)
        self._rows.update(changes.rows)
        making = event.op in ("commission", "repack") and not changes.observed
        inputs = self.world.inputs(index) if event.inputs is not None else ()
        mentioned = () if making else named.all
        if changes.observed and event.parent is not None:
            mentioned = (*mentioned, event.parent)  # it was put on hold as well
        if about is None or changes.observed:
            told, over = -1, 0
        else:
            told, over = about.index, len(named.over)
        self._taken.append(_Taken(ref, changes, mentioned, keyids, inputs, told, over, moved))
        return changes.already

    def taken(self) -> Sequence[_Taken]:
        """The events taken and not yet flushed: what each changed, and the items it names."""
        return self._taken

    def answers(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """The newest answers taken and not yet flushed, by (recall, site): index and counts."""
        found: dict[tuple[str, str], tuple[int, ...]] = {}
        for body, index in self._answers:
            c = body.counts
            counts = (c.held, c.quarantined, c.returned, c.destroyed, c.none)
            found[body.recall_id, body.site] = (index, *counts)
        return found

    def flush(self, store: Store) -> None:
        """Write down what was taken; inside the write transaction."""
        taken, self._taken = self._taken, []
        rows, self._rows = self._rows, {}
        joined: list[tuple[str, int, str, int]] = []
        counts: dict[tuple[str, str, str], None] = {}
        shipments: dict[int, Shipment] = {}
        lots = [
            (lot.gtin, lot.lot, lot.expiry.isoformat(), lot.index) for lot in self._settled_lots
        ]
        self._settled_lots = []
        for one in taken:
            ref, changes = one.ref, one.changes
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
                store.execute_each(
                    "UPDATE membership SET to_idx = ? WHERE child = ? AND parent = ? AND to_idx = -1",
                    [(ref.index, child, parent) for child, parent in changes.left.items()],
                )
            joined += [(c, ref.index, parent, -1) for c, parent in changes.joined.items()]
        _join(store, joined)
        items = [astuple(row) for row in rows.values()]
        store.insert("item", Row.__struct_fields__, items, "id")
        store.insert("lot", ("gtin", "lot", "expiry", "idx"), lots)
        self._flush_content(store, counts)
        count_in(store, self._moves.take())
        self._flush_shipments(store, taken, shipments)
        made = [(*lot, *source) for t in taken for lot, source in t.changes.made]
        store.insert("origin", ORIGIN.split(", "), made, ORIGIN)
        inputs = [(t.ref.index, check_out) for t in taken for check_out in t.inputs]
        store.insert("input", ("idx", "check_out"), inputs)
        store.insert("act", ACT.split(", "), [astuple(t.ref) for t in taken])
        signed = [(keyid, t.ref.index) for t in taken for keyid in t.keyids]
        store.insert("signature", ("keyid", "idx"), signed)
        moved = [astuple(one) for t in taken for one in t.moved]
        store.insert("moved", MOVED.split(", "), moved)
        mentions = [(item, t.ref.index) for t in taken for item in dict.fromkeys(t.named)]
        store.insert("mention", ("item", "idx"), mentions)
        answers = [(*key, *values) for key, values in self.answers().items()]
        self._answers = []
        store.insert("answer", ANSWER.split(", "), answers, "recall, site")

    def _flush_shipments(
        self, store: Store, taken: Sequence[_Taken], shipments: Mapping[int, Shipment]
    ) -> None:
        sent = [(*shipment_row(shipment), 1) for shipment in shipments.values()]
        store.insert("shipment", (*SHIPMENT.split(", "), "open"), sent, "idx")
        told = [(one.ref.index, one.about, one.over) for one in taken if one.about >= 0]
        store.insert("delivery", DELIVERY.split(", "), told)
        touched = {row.shipment for one in taken for row in one.changes.rows.values()}
        sql = (
            "UPDATE shipment SET open = CASE WHEN EXISTS (SELECT 1 FROM item WHERE "
            "item.shipment = shipment.idx AND item.status = 'in_transit') THEN 1 ELSE 0 END "
            "WHERE idx = ?"
        )
        changed = [(index,) for index in sorted(touched | shipments.keys()) if index >= 0]
        store.execute_each(sql, changed)

    def _flush_content(self, store: Store, keys: Iterable[tuple[str, str, str]]) -> None:
        kept, gone = [], []
        for container, gtin, lot in keys:
            count = self.world.content(container).get((gtin, lot))
            if count:
                kept.append((container, gtin, lot, *count))
            else:
                gone.append((container, gtin, lot))
        store.execute_each("DELETE FROM content WHERE container = ? AND gtin = ? AND lot = ?", gone)
        columns = ("container", "gtin", "lot", "n", "held")
        store.insert("content", columns, kept, "container, gtin, lot")


def _join(store: Store, joined: Sequence[tuple[str, int, str, int]]) -> None:
    store.insert("membership", ("child", "from_idx", "parent", "to_idx"), joined)


def replay(
    store: Store, fold: Fold, entries: Iterable[Stored], done: Callable[[int], None] | None = None
) -> None:
    """Fold logged statements again; whoever calls holds the transaction, and flushes.

    `done` is told each index. Raises Malformed for an entry that the rules do not let stand.
    """
    for entry in entries:
        statement = Statement.of(Envelope.parse(entry.envelope))
        try:
            fold.take(statement, named_by(stored_lists(store, statement)), entry.index, entry.ms)
        except Refused as refused:
            raise Malformed(f"entry {entry.index} breaks the rules: {refused}") from refused
        if done is not None:
            done(entry.index)
    fold.finish()


def rebuild(store: Store, done: Callable[[int], None] | None = None) -> None:
    """Drop the view tables and fold them anew from log and content.

    Raises Malformed, and leaves the tables as they were, when the log does not fold.
    """
    with store.writing():
        for model in VIEWS:
            store.execute(f"DELETE FROM {model._meta.table_name}")
        kept = Kept(store)
        fold = Fold(Authority(), Loaders(items=named_reader(store)), kept)
        replay(store, fold, stored_entries(store, erased=kept.erased), done)
        fold.flush(store)
