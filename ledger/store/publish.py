"""The public face of a log: tiles, entry bundles and checkpoints as C2SP tlog-tiles has them.

Read by the web app, and written into a folder by `export`. Only what a released checkpoint implies
is served.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from ledger.errors import Malformed
from ledger.files import write_whole
from ledger.store.database import Store, meta
from ledger.tlog import merkle
from ledger.tlog.checkpoint import Checkpoint, cosign, open_checkpoint
from ledger.tlog.note import Note, SigningKey, VerifierKey
from ledger.tlog.tiles import (
    ENTRIES,
    WIDTH,
    Tile,
    TileReader,
    cut,
    encode_entries,
    hash_reader,
    tiles_of,
    width_at,
)

CHECKPOINT: Final = "checkpoint"
VKEY: Final = "log.vkey"


class Head(NamedTuple):
    """The newest checkpoint: its size, root, note as the log signed it, and the last landing time (ms)."""

    size: int
    root: bytes
    note: bytes
    ms: int


def newest(store: Store) -> Head | None:
    """The newest checkpoint, or None while the log is empty."""
    row = store.one("SELECT size, root, note, ms FROM checkpoint ORDER BY size DESC LIMIT 1")
    return Head(row[0], bytes(row[1]), bytes(row[2]), row[3]) if row else None


def root_at(store: Store, size: int) -> bytes | None:
    """The root that the log signed at a size, or None."""
    row = store.one("SELECT root FROM checkpoint WHERE size = ?", (size,))
    return bytes(row[0]) if row else None


def published_size(store: Store) -> int:
    """How many entries the newest checkpoint covers."""
    head = newest(store)
    return head.size if head else 0


def tile_reader(store: Store) -> TileReader:
    """Read hash tiles out of the tables, at least as wide as asked for."""

    def read(tile: Tile) -> bytes:
        row = store.one(
            "SELECT data FROM tile WHERE level = ? AND idx = ?", (tile.level, tile.index)
        )
        if row is None:
            raise LookupError(f"{tile.path} is not stored")
        return bytes(row[0])

    return read


def read_tile(store: Store, tile: Tile) -> bytes:
    """A tile or entry bundle as it is served: exactly its width.

    A partial one is cut from the wider one stored. Raises LookupError for what no released
    checkpoint implies.
    """
    size = published_size(store)
    if tile.index >= 1 << 55 or width_at(tile.level, tile.index, size) < tile.width:
        raise LookupError(f"{tile.path} is not part of a log of {size} entries")
    if tile.level != ENTRIES:
        return cut(tile, tile_reader(store)(tile))
    start = tile.index * WIDTH
    sql = "SELECT data FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx"
    return encode_entries([bytes(d) for (d,) in store.rows(sql, (start, start + tile.width))])


def read_checkpoint(store: Store) -> bytes:
    """The newest checkpoint's note. Raises LookupError while the log is empty."""
    head = newest(store)
    if head is None:
        raise LookupError("the log is empty")
    return with_cosignatures(store, head.size, head.note)


def with_cosignatures(store: Store, size: int, note: bytes) -> bytes:
    """A checkpoint's note with the lines of the witnesses that cosigned it."""
    sql = "SELECT line FROM cosignature WHERE size = ? ORDER BY line"
    return note + b"".join(line.encode() for (line,) in store.rows(sql, (size,)))


def cosign_newest(store: Store, witness: SigningKey, timestamp: int) -> bytes:
    """Have a witness's key sign the newest checkpoint, and keep the line; answers the whole note.

    A witness signs what it has itself seen grow: see `packtrace cosign`. Raises ValueError for a
    key of another type, LookupError while the log is empty.
    """
    with store.writing():
        size = published_size(store)
        note = Note.parse(read_checkpoint(store))
        line = bytes(cosign(note.text, witness, timestamp)).decode()
        mark = f"\u2014 {witness.name} "
        for (old,) in store.rows("SELECT line FROM cosignature WHERE size = ?", (size,)):
            if old.startswith(mark):
                store.execute("DELETE FROM cosignature WHERE size = ? AND line = ?", (size, old))
        store.execute("INSERT INTO cosignature (size, line) VALUES (?, ?)", (size, line))
    return read_checkpoint(store)


def trust_file(store: Store) -> bytes:
    """The trust file (C2SP tlog-policy) by which this log's proofs verify, no witness asked for."""
    return f"log {meta(store, 'vkey')}\nquorum none\n".encode()


def export(store: Store, folder: Path, done: Callable[[int], None] | None = None) -> int:
    """Write the public log into a folder that any static file server can serve; answers its size.

    Tiles that lie there are kept, the checkpoint comes last. `done` is told each tile's number.
    Raises Malformed for a folder that holds anything but an earlier export of this log.
    """
    with store.snapshot():
        note = read_checkpoint(store)
        size = published_size(store)
        _check_earlier(store, folder)
        write_whole(folder / VKEY, f"{meta(store, 'vkey')}\n".encode())
        for number, tile in enumerate(tiles_of(size)):
            path = folder / tile.path
            if not path.exists():
                write_whole(path, read_tile(store, tile))
            if done is not None:
                done(number)
    write_whole(folder / "trust.txt", trust_file(store))
    write_whole(folder / CHECKPOINT, note)
    return size


def _check_earlier(store: Store, folder: Path) -> None:
    """Kept tiles must be this log's, and the checkpoint there one that this database signed."""
    key = folder / VKEY
    if not key.exists():
        if (folder / "tile").exists() or (folder / CHECKPOINT).exists():
            raise Malformed(f"{folder} holds something without {VKEY}; name another folder")
        return
    if key.read_text("utf-8", "replace").strip() != meta(store, "vkey"):
        raise Malformed(f"{folder} holds another log; name another folder")
    if not (folder / CHECKPOINT).exists():
        return  # an export that was cut off: each tile there is whole
    log_key = VerifierKey.parse(meta(store, "vkey"))
    earlier = open_checkpoint((folder / CHECKPOINT).read_bytes(), log_key)
    if root_at(store, earlier.size) != earlier.root:
        raise Malformed(
            f"{folder} holds a checkpoint that this database did not sign: it is an old copy of "
            "the log, or the folder was changed; export from the newest database"
        )


def evidence(store: Store, index: int, note: bytes) -> dict[str, object]:
    """What proves an entry under a signed checkpoint: index, entry, path and note (statement.md 10)."""
    size = Checkpoint.parse(note.rpartition(b"\n\n")[0] + b"\n").size
    path = merkle.inclusion_path(index, size, hash_reader(size, tile_reader(store)))
    row = store.one("SELECT data FROM entry WHERE idx = ?", (index,))
    assert row is not None  # it is an index of this log
    return {
        "index": index,
        "entry": b64encode(row[0]).decode(),
        "proof": [b64encode(node).decode() for node in path],
        "checkpoint": note.decode(),
    }
