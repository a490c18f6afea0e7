"""A log made anew from a verified copy of its public part and what its parties kept.

For the day the server is gone. The tree, its checkpoint and every statement are as they were; what
no party kept cannot be had back, and is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ledger.errors import Malformed
from ledger.mirror import CHECKPOINT, COMMITMENT, Mirror
from ledger.pulled import Pulled
from ledger.statement import dsse
from ledger.statement.submission import Statement, Submission, commitments, fit_items
from ledger.store import content, views
from ledger.store.batch import EntryRow, write
from ledger.store.database import GUARD, Store, set_meta
from ledger.store.opening import holds_log, open_store
from ledger.tlog import merkle
from ledger.tlog.note import VerifierKey
from ledger.tlog.tiles import Tile, new_tiles


def restore(
    folder: Path, mirror: Mirror, kept: Iterable[Pulled], key: VerifierKey, url: str = ""
) -> Store:
    """Make a log in an empty folder from a copy and what parties kept of it; answers its store.

    `key` is the log's. Raises Malformed where the folder holds a log, or where the content of
    entries is kept by nobody, naming them.
    """
    if holds_log(folder):
        raise Malformed(f"{folder} holds a log already; name an empty folder")
    checkpoint = mirror.kept()
    if checkpoint is None:
        raise Malformed("the copy holds no checkpoint; run `packtrace sync` first")
    by_index: dict[int, Submission] = {}
    for one in kept:
        if one.index not in by_index:
            one.check(mirror)
            by_index[one.index] = one.submission
    entries = list(mirror.entries())
    missing = [i for i, e in enumerate(entries) if i not in by_index and _hides(e)]
    if missing:
        some = ", ".join(map(str, missing[:10]))
        raise Malformed(f"nobody kept the content of {len(missing)} entries: {some}…")
    store = open_store(folder, create=True, url=url)
    set_meta(store, "origin", key.name)
    set_meta(store, "vkey", str(key))
    note = (mirror.folder / CHECKPOINT).read_bytes()
    (folder / GUARD).write_bytes(note)
    with store.writing():
        _write(store, entries, by_index)
        store.execute(
            "INSERT INTO checkpoint (size, root, ms, note) VALUES (?, ?, ?, ?)",
            (checkpoint.size, checkpoint.root, int.from_bytes(entries[-1][:8], "big"), note),
        )
    views.rebuild(store)
    return store


def _hides(entry: bytes) -> bool:
    """Whether an entry does not say all: it commits to a statement, or to a list of packs."""
    return len(entry) == COMMITMENT or bool(commitments(Statement.parse(entry[8:]).body))


def _write(store: Store, entries: list[bytes], by_index: dict[int, Submission]) -> None:
    rows: list[EntryRow] = []
    lists: list[content.Rows] = []
    envelopes: list[tuple[int, bytes]] = []
    for index, entry in enumerate(entries):
        open_ = len(entry) > COMMITMENT
        submission = by_index.get(index) or Submission(Statement.parse(entry[8:]))
        statement = submission.statement
        items = commitments(statement.body).get("items")
        root = items.root if items is not None else None
        ms = int.from_bytes(entry[:8], "big")
        rows.append((index, statement.id, ms, int(open_), root, entry))
        if dsse.is_committed(statement.envelope):
            envelopes.append((index, bytes(statement.envelope)))
        if items is not None and submission.items:
            lists.append(content.rows_of(store.key, submission, fit_items(submission), index))
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    grown = new_tiles(0, leaves, _nothing)
    write(store, rows, envelopes, lists, grown)


def _nothing(tile: Tile) -> bytes:
    """There is no frontier before the first entry. Raises LookupError."""
    raise LookupError(f"{tile.path} lies before the first entry")
