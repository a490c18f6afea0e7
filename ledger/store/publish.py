"""The public face of a log: tiles, entry bundles and checkpoints as C2SP tlog-tiles has them.

Read by the web app, and written into a folder by `export`. Only what a released checkpoint implies
is served.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from ledger.store.database import Store, meta
from ledger.tlog.tiles import (
    ENTRIES,
    WIDTH,
    Tile,
    TileReader,
    cut,
    encode_entries,
    tiles_of,
    width_at,
)

CHECKPOINT: Final = "checkpoint"


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
    row = store.one("SELECT size FROM checkpoint ORDER BY size DESC LIMIT 1")
    size = row[0] if row else 0
    if tile.index >= 1 << 55 or width_at(tile.level, tile.index, size) < tile.width:
        raise LookupError(f"{tile.path} is not part of a log of {size} entries")
    if tile.level != ENTRIES:
        return cut(tile, tile_reader(store)(tile))
    start = tile.index * WIDTH
    sql = "SELECT data FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx"
    return encode_entries([bytes(d) for (d,) in store.rows(sql, (start, start + tile.width))])


def read_checkpoint(store: Store) -> bytes:
    """The newest checkpoint's note. Raises LookupError while the log is empty."""
    row = store.one("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")
    if row is None:
        raise LookupError("the log is empty")
    return bytes(row[0])


def trust_file(store: Store) -> bytes:
    """The trust file (C2SP tlog-policy) by which this log's proofs verify, no witness asked for."""
    return f"log {meta(store, 'vkey')}\nquorum none\n".encode()


def export(store: Store, folder: Path, done: Callable[[int], None] | None = None) -> int:
    """Write the public log into a folder that any static file server can serve; answers its size.

    Tiles that lie there are kept, the checkpoint comes last. `done` is told each tile's number.
    """
    with store.snapshot():
        note = read_checkpoint(store)
        row = store.one("SELECT size FROM checkpoint ORDER BY size DESC LIMIT 1")
        assert row is not None  # read_checkpoint found one
        size = int(row[0])
        for number, tile in enumerate(tiles_of(size)):
            path = folder / tile.path
            if not path.exists():
                _write(path, read_tile(store, tile))
            if done is not None:
                done(number)
    _write(folder / "log.vkey", f"{meta(store, 'vkey')}\n".encode())
    _write(folder / "trust.txt", trust_file(store))
    _write(folder / CHECKPOINT, note)
    return size


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(data)
    new.replace(path)
