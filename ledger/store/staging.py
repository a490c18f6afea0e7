"""Long commissionings: their rows are written before the log's lock is taken, and count only once landed.

A million rows would hold the lock for many seconds. So they are inserted in short transactions, with
status PENDING and the number of their batch in place of an index; whoever reads them without a landed
batch behind them sees nothing. Under the lock one row is written; afterwards the rows are given
their index in short transactions again. Whatever is interrupted, the next writer clears up.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from msgspec.structs import replace

from ledger.errors import Refused
from ledger.rules.state import ACTIVE, Row
from ledger.statement.events import Event
from ledger.statement.governance import Governance
from ledger.statement.gs1 import gtin_of
from ledger.store import content
from ledger.store.content import Rows
from ledger.store.database import Store
from ledger.store.loose import count_in

PENDING: Final = "pending"
STAGED: Final = 20_000  # items from which on a commissioning is staged
STEP: Final = 20_000  # rows in one short transaction
LIST_STEP: Final = 200  # of the longer rows that keep lists and hashes
STALE_MS: Final = 3_600_000  # a batch that has not landed by then never will


def is_long(event: Event | Governance, count: int) -> bool:
    """Whether a statement about so many items is written ahead."""
    plain = isinstance(event, Event) and event.op == "commission" and event.declared is None
    return plain and count >= STAGED


def stage(
    store: Store, event: Event, statement: str, ids: Sequence[str], lists: Rows, ms: int
) -> int:
    """Write what a commissioning will need once it lands; answers the batch's number.

    0 where this cannot be done ahead: packs of several GTINs, or serials that are taken already;
    then nothing is left, and the statement goes the ordinary way.
    """
    if len({gtin_of(item) for item in ids}) != 1 or not gtin_of(ids[0]):
        return 0
    with store.writing():
        _drop_stale(store, ms)
        # From 2 on: -1, which would be 1 negative, stands for none in a row. None comes twice.
        k = 2 + secrets.randbits(48)
        store.execute(
            "INSERT INTO batch (k, statement, n, idx, ms) VALUES (?, ?, ?, ?, ?)",
            (k, statement, len(ids), -1, ms),
        )
    lot = event.lot or ""
    row = (PENDING, "", event.read_point, event.by, "", "", "", -1, "", -1, -k, lot, -k, -1, -1)
    for start in range(0, len(ids), STEP):
        with store.writing():
            rows = [(item, *row) for item in ids[start : start + STEP]]
            store.insert("item", Row.__struct_fields__, rows, "id", keep=True)
    if _count(store, k) != len(ids):
        discard(store, k)
        return 0
    for part in content.slices(lists, LIST_STEP):
        with store.writing():
            content.put(store, [part])
    return k


def land(store: Store, k: int, index: int) -> None:
    """Let a batch count, as entry `index`; inside the write transaction.

    Raises Refused `read-only` when its rows are not all there any more.
    """
    row = store.one("SELECT n FROM batch WHERE k = ? AND idx = -1", (k,))
    if row is None or _count(store, k) != row[0]:
        raise Refused("read-only", "the rows written ahead are gone; submit the statement again")
    store.execute("UPDATE batch SET idx = ? WHERE k = ?", (index, k))
    first = store.one("SELECT site, id, lot FROM item WHERE born = ? LIMIT 1", (-k,))
    if first is not None:
        site, item, lot = first
        count_in(store, {(site, gtin_of(item), lot, ACTIVE, 0): row[0]})


def discard(store: Store, k: int) -> None:
    """Delete what was written ahead for a statement that did not land."""
    while True:
        with store.writing():
            if store.one("SELECT 1 FROM batch WHERE k = ? AND idx >= 0", (k,)) is not None:
                break  # it landed after all: the answer to the commit was lost
            if not _delete_some(store, k):
                _forget(store, k)
                return
    settle(store)


def settle(store: Store) -> None:
    """Give the rows of landed batches their index, some at a time."""
    for k, index in store.rows("SELECT k, idx FROM batch WHERE idx >= 0"):
        while _settle_some(store, k, index):
            pass


def _settle_some(store: Store, k: int, index: int) -> bool:
    """Settle a part of a landed batch; whether something may be left to another call."""
    some = "SELECT id FROM item WHERE born = ? LIMIT ?"
    sql = f"UPDATE item SET status = ?, born = ?, last = ? WHERE born = ? AND id IN ({some})"
    with store.writing():
        if store.one("SELECT 1 FROM batch WHERE k = ? AND idx = ?", (k, index)) is None:
            return False  # another process was faster
        if not _count(store, k, limit=1):
            store.execute("DELETE FROM batch WHERE k = ?", (k,))
            return False
        store.execute(sql, (ACTIVE, index, index, -k, -k, STEP))
        return True


def resolved(store: Store, found: Iterable[Sequence[Any]]) -> Iterator[Row]:
    """Rows as they count: those of a landed batch with its index, those of any other not at all."""
    landed: dict[int, int] = {}
    for values in found:
        row = Row(*values)
        if row.status != PENDING:
            yield row
            continue
        k = -row.born
        if k not in landed:
            batch = store.one("SELECT idx FROM batch WHERE k = ?", (k,))
            landed[k] = batch[0] if batch else -1
        if landed[k] >= 0:
            yield replace(row, status=ACTIVE, born=landed[k], last=landed[k])


def _count(store: Store, k: int, limit: int = 1 << 30) -> int:
    sql = "SELECT COUNT(*) FROM (SELECT 1 FROM item WHERE born = ? LIMIT ?) AS counted"
    row = store.one(sql, (-k, limit))
    return int(row[0]) if row else 0


def _delete_some(store: Store, k: int) -> bool:
    some = "SELECT id FROM item WHERE born = ? LIMIT ?"
    store.execute(f"DELETE FROM item WHERE id IN ({some})", (-k, STEP))
    return _count(store, k, limit=1) > 0


def _forget(store: Store, k: int) -> None:
    row = store.one("SELECT statement FROM batch WHERE k = ?", (k,))
    if row is not None and store.one("SELECT 1 FROM entry WHERE id = ?", (row[0],)) is None:
        content.erase(store, [row[0]])
    store.execute("DELETE FROM batch WHERE k = ?", (k,))


def _drop_stale(store: Store, ms: int) -> None:
    """Clear up after writers that died: batches of long ago that never landed."""
    sql = "SELECT k FROM batch WHERE idx = -1 AND ms < ?"
    for (k,) in store.rows(sql, (ms - STALE_MS,)):
        while _delete_some(store, k):
            pass
        _forget(store, k)
