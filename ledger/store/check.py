"""Re-verifies a log from its bytes up, and names the first thing that is wrong.

Hashes and tiles against the signed checkpoint, then signatures, the fold, the items' trees, and the
query tables against the fold. It trusts the log's public key and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from msgspec.structs import astuple

from ledger.errors import LedgerError
from ledger.rules import rights
from ledger.rules.authority import Authority
from ledger.rules.state import IN_TRANSIT, Row
from ledger.rules.world import Loaders
from ledger.statement import dsse
from ledger.statement.dsse import Envelope
from ledger.statement.submission import Statement, commitments, fit_items
from ledger.store.database import GUARD, Store
from ledger.store.guard import Guard
from ledger.store.kept import Kept
from ledger.store.loading import (
    ACT,
    ANSWER,
    DELIVERY,
    MOVED,
    ORIGIN,
    SHIPMENT,
    named_reader,
    shipment_row,
    stored_lists,
)
from ledger.store.loose import LOOSE, counted
from ledger.store.publish import root_at
from ledger.store.staging import resolved
from ledger.store.views import Fold, named_by
from ledger.tlog import merkle
from ledger.tlog.checkpoint import open_checkpoint
from ledger.tlog.note import VerifierKey
from ledger.tlog.tiles import HASH, WIDTH, Tile, hash_reader


class Finding(NamedTuple):
    """Something that is wrong: in which table, at which row, and what."""

    table: str
    row: str
    words: str

    def __str__(self) -> str:
        return f"table {self.table}, row {self.row}: {self.words}"


def check(
    store: Store, key: VerifierKey, done: Callable[[int], None] | None = None
) -> Finding | None:
    """The first thing that is wrong in a log, or None. `done` is told each index that folded."""
    for part in (_hashes(store, key), _fold(store, done)):
        for finding in part:
            return finding
    return None


def check_hashes(store: Store, key: VerifierKey) -> Finding | None:
    """The first thing wrong in entries, envelopes, tiles and checkpoints alone, or None."""
    return next(_hashes(store, key), None)


def _hashes(store: Store, key: VerifierKey) -> Iterator[Finding]:
    leaves: list[bytes] = []
    last_ms = 0
    try:
        erased = Kept(store).erased
    except LedgerError as error:
        yield Finding("kept", "", str(error))
        return
    tiles = {(lv, i): bytes(d) for lv, i, d in store.rows("SELECT level, idx, data FROM tile")}
    sql = (
        "SELECT entry.idx, entry.id, entry.ms, entry.governance, entry.root, entry.data, "
        "envelope.data FROM entry LEFT JOIN envelope ON envelope.idx = entry.idx ORDER BY entry.idx"
    )
    for row in store.rows(sql):
        index, place = row[0], len(leaves)
        if index != place:
            yield Finding("entry", str(place), "is missing")
        start = place % WIDTH * HASH
        stored = tiles.get((0, place // WIDTH), b"")[start : start + HASH]
        if (words := entry_fault(row, last_ms, stored)) and not (
            row[6] is None and index in erased
        ):
            yield Finding("entry" if row[3] or row[6] is None else "envelope", str(index), words)
        leaves.append(merkle.leaf_hash(bytes(row[5])))
        last_ms = row[2]
    newest = store.one("SELECT MAX(size) FROM checkpoint")
    if newest is not None and newest[0] is not None and newest[0] > len(leaves):
        yield Finding("entry", str(len(leaves)), f"is missing: a checkpoint covers {newest[0]}")
    yield from _tiles(tiles, leaves)
    yield from _checkpoints(store, key, leaves, tiles)


def entry_fault(row: Sequence[Any], last_ms: int, stored_leaf: bytes) -> str:
    """What is wrong with one entry's row, or "".

    `row` is (index, id, ms, governance, root, entry bytes, envelope bytes or None), `stored_leaf`
    its hash as the tile has it.
    """
    _, statement_id, ms, governance, root, data, envelope = row
    data = bytes(data)
    whole = data[8:] if governance else envelope
    if whole is None:
        return "its envelope is missing"
    try:
        parsed = Envelope.parse(bytes(whole))
        statement = Statement.of(parsed)
    except LedgerError as error:
        return f"its envelope cannot be read: {error}"
    if dsse.entry_of(parsed, ms) != data or bool(governance) == dsse.is_committed(parsed):
        return "the entry is not that of its envelope and landing time"
    if parsed.id != statement_id:
        return "the statement id is not that of the envelope"
    if ms < last_ms:
        return "it landed before the entry before it"
    items = commitments(statement.body).get("items")
    if (items.root if items is not None else None) != (bytes(root) if root is not None else None):
        return "the root column is not the event's"
    if stored_leaf and merkle.leaf_hash(data) != stored_leaf:
        return "its hash is not the one in its tile"
    return ""


def _tiles(stored: dict[tuple[int, int], bytes], leaves: list[bytes]) -> Iterator[Finding]:
    row = leaves
    wanted: dict[tuple[int, int], bytes] = {}
    level = 0
    while row:
        for index in range(-(-len(row) // 256)):
            wanted[level, index] = b"".join(row[index * 256 : (index + 1) * 256])
        row = [merkle.root_of(row[i * 256 : (i + 1) * 256]) for i in range(len(row) // 256)]
        level += 1
    for place in sorted(wanted.keys() | stored.keys()):
        if wanted.get(place) != stored.get(place):
            name = Tile(place[0], place[1], len(stored.get(place, b"")) // HASH or 1).path
            yield Finding("tile", name, "does not hold the hashes of the entries")


def _checkpoints(
    store: Store, key: VerifierKey, leaves: list[bytes], tiles: dict[tuple[int, int], bytes]
) -> Iterator[Finding]:
    newest = 0
    for size, root, note in store.rows("SELECT size, root, note FROM checkpoint ORDER BY size"):
        try:
            signed = open_checkpoint(bytes(note), key)
        except LedgerError as error:
            yield Finding("checkpoint", str(size), f"its note does not verify: {error}")
            continue
        if (signed.size, signed.root) != (size, bytes(root)):
            yield Finding("checkpoint", str(size), "the row is not what its note says")
        hashes = hash_reader(size, lambda tile: tiles[tile.level, tile.index])
        if merkle.tree_root(size, hashes) != signed.root:
            yield Finding("checkpoint", str(size), "its root is not that of the entries")
        newest = size
    if newest != len(leaves):
        yield Finding("entry", str(newest), "is under no checkpoint")
    try:
        Guard(store.folder / GUARD, key).check(newest, lambda size: root_at(store, size))
    except LedgerError as error:
        yield Finding("checkpoint", "file", str(error))


def _fold(store: Store, done: Callable[[int], None] | None) -> Iterator[Finding]:
    """Signatures, rights, custody and items from entry 0; then the query tables."""
    kept = Kept(store)
    fold = Fold(Authority(), Loaders(items=named_reader(store)), kept)
    mentions: list[tuple[str, int]] = []
    spans: dict[tuple[str, int], tuple[str, int]] = {}
    sql = (
        "SELECT entry.idx, entry.ms, entry.governance, entry.data, envelope.data "
        "FROM entry LEFT JOIN envelope ON envelope.idx = entry.idx ORDER BY entry.idx"
    )
    for index, ms, governance, data, envelope in store.rows(sql):
        if envelope is None and index in kept.erased:
            continue
        table = "entry" if governance else "envelope"
        try:
            statement = Statement.parse(bytes(data)[8:] if governance else bytes(envelope))
            rights.verify(fold.authority, statement)
            table = "named"
            submission = stored_lists(store, statement)
            fit_items(submission)
            table = "entry"
            fold.take(statement, named_by(submission), index, ms)
        except LedgerError as error:
            yield Finding(table, str(index), str(error))
            return
        if done is not None:
            done(index)
    try:
        fold.finish()
    except LedgerError as error:
        yield Finding("kept", "", str(error))
        return
    taken = fold.taken()
    since: dict[
        str, int
    ] = {}  # child -> index of the statement by which it last joined a container
    for one in taken:
        ref, changes, named = one.ref, one.changes, one.named
        mentions += [(item, ref.index) for item in named]
        for child, parent in changes.left.items():
            spans[child, since[child]] = (parent, ref.index)
        for child, parent in changes.joined.items():
            since[child] = ref.index
            spans[child, ref.index] = (parent, -1)
    yield from _views(store, fold, mentions, spans)


def _views(
    store: Store, fold: Fold, mentions: list[tuple[str, int]],
    spans: dict[tuple[str, int], tuple[str, int]],
) -> Iterator[Finding]:  # fmt: skip
    """Each query table against what the fold says it must hold."""
    world = fold.world
    rows = {row.id: row for row in world.rows_known()}
    columns = ", ".join(Row.__struct_fields__)
    yield from _compare(
        "item", {r.id: astuple(r) for r in resolved(store, store.rows(f"SELECT {columns} FROM item"))},
        {item: astuple(row) for item, row in rows.items()},
    )  # fmt: skip
    yield from _compare(
        "membership",
        {(c, f): (p, t) for c, f, p, t in store.rows(
            "SELECT child, from_idx, parent, to_idx FROM membership")},
        spans,
    )  # fmt: skip
    found = store.rows("SELECT container, gtin, lot, n, held FROM content")
    yield from _compare(
        "content", {(c, g, lot): counts for c, g, lot, *counts in found},
        {(c, g, lot): [*count] for c in rows if not rows[c].lot
         for (g, lot), count in world.content(c).items()},
    )  # fmt: skip
    taken = fold.taken()
    yield from _compare_sets(store, "mention", "item, idx", mentions)
    acts = [astuple(t.ref) for t in taken]
    yield from _compare_sets(store, "act", ACT, acts)
    signed = [(keyid, t.ref.index) for t in taken for keyid in t.keyids]
    yield from _compare_sets(store, "signature", "keyid, idx", signed)
    inputs = [(t.ref.index, check_out) for t in taken for check_out in t.inputs]
    yield from _compare_sets(store, "input", "idx, check_out", inputs)
    made = [(*new, *source) for t in taken for new, source in t.changes.made]
    yield from _compare_sets(store, "origin", ORIGIN, made)
    shipments = {t.changes.shipment.index: t.changes.shipment for t in taken if t.changes.shipment}
    yield from _compare_sets(
        store, "shipment", SHIPMENT, [shipment_row(s) for s in shipments.values()]
    )
    moving = {row.shipment for row in rows.values() if row.status == IN_TRANSIT}
    yield from _compare_sets(
        store, "shipment", "idx, open", [(index, int(index in moving)) for index in shipments]
    )
    told = [(t.ref.index, t.about, t.over) for t in taken if t.about >= 0]
    yield from _compare_sets(store, "delivery", DELIVERY, told)
    moved = [astuple(one) for t in taken for one in t.moved]
    yield from _compare_sets(store, "moved", MOVED, moved)
    found = store.rows(f"SELECT {', '.join(LOOSE)}, n FROM loose")
    yield from _compare("loose", {tuple(f[:-1]): f[-1] for f in found}, counted(rows.values()))
    lots = [*fold.settled_lots(), *(lot for t in taken if (lot := t.changes.lot) is not None)]
    yield from _compare_sets(
        store, "lot", "gtin, lot, expiry, idx",
        [(lot.gtin, lot.lot, lot.expiry.isoformat(), lot.index) for lot in lots],
    )  # fmt: skip
    answers = [(*key, *values) for key, values in fold.answers().items()]
    yield from _compare_sets(store, "answer", ANSWER, answers)


def _compare_sets(
    store: Store, table: str, columns: str, wanted: Sequence[tuple[Any, ...]]
) -> Iterator[Finding]:
    """A table whose rows are compared whole; the first column names a row that is wrong."""
    found = store.rows(f"SELECT {columns} FROM {table}")
    for row in sorted(set(found) ^ set(wanted), key=str):
        which = "holds" if row in found else "lacks"
        yield Finding(table, str(row[0]), f"{which} {row}, the log folds otherwise")


def _compare(table: str, found: dict, wanted: dict) -> Iterator[Finding]:  # type: ignore[type-arg]  # keys and rows differ by table
    if found == wanted:
        return
    for key in sorted(found.keys() | wanted.keys()):
        if found.get(key) != wanted.get(key):
            words = f"holds {found.get(key)}, the log folds to {wanted.get(key)}"
            yield Finding(table, str(key), words)
