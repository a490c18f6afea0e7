"""Tiles of a log (C2SP tlog-tiles): coordinates, paths, widths, contents.

A tile holds up to 256 hashes of one level, an entry bundle (level -1) up to 256 entries. Where they
are kept is left to the caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from ledger.errors import Malformed
from ledger.tlog import merkle

WIDTH: Final = 256
HEIGHT: Final = 8  # a tile spans 2**8 hashes of the level below
HASH: Final = merkle.HASH_BYTES
ENTRIES: Final = -1
MAX_ENTRY: Final = 0xFFFF

_PATH: Final = re.compile(
    r"tile/(entries|0|[1-5]?[0-9]|6[0-3])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


class Tile(NamedTuple):
    """One tile, or one entry bundle: `width` hashes or entries from `index` * 256 on.

    >>> Tile(0, 1234067, 256).path
    'tile/0/x001/x234/067'
    >>> Tile.parse("tile/entries/000.p/5")
    Tile(level=-1, index=0, width=5)
    """

    level: int
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    width: int = WIDTH

    @property
    def path(self) -> str:
        """The path below a log's prefix."""
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        number = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        level = "entries" if self.level == ENTRIES else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{number}{partial}"

    @classmethod
    def parse(cls, path: str) -> Tile:
        """Read a path. Raises Malformed for all but the one way to write it."""
        match = _PATH.fullmatch(path)
        if match is not None and len(match[2]) <= 3 + 5 * 5:
            level = ENTRIES if match[1] == "entries" else int(match[1])
            index = int(match[2].replace("x", "").replace("/", ""))
            tile = cls(level, index, int(match[3] or WIDTH))
            if tile.path == path:
                return tile
        raise Malformed(f"{path[:80]!r} is not the path of a tile")


TileReader: TypeAlias = Callable[[Tile], bytes]


def width_at(level: int, index: int, size: int) -> int:
    """How many hashes (or entries) a tile has in a tree of `size` leaves; 0 when it has none."""
    hashes = size >> (HEIGHT * max(level, 0))
    return max(0, min(WIDTH, hashes - index * WIDTH))


def tiles_of(size: int) -> Iterator[Tile]:
    """All tiles and bundles of a tree of `size` leaves: bundles first, then level by level."""
    for level in range(ENTRIES, 64 // HEIGHT):
        hashes = size >> (HEIGHT * max(level, 0))
        if not hashes:
            return
        for index in range(-(-hashes // WIDTH)):
            yield Tile(level, index, width_at(level, index, size))


def hash_reader(
    size: int, read: TileReader, nodes: merkle.Nodes | None = None
) -> merkle.HashReader:
    """Read a tree's hashes out of its tiles; each tile is read once.

    `read` gets the tile as a tree of `size` has it, and answers at least that many hashes. `nodes`
    keeps what was hashed between the tiles' levels, for the readers of other sizes too: a complete
    subtree never changes.
    """
    nodes = {} if nodes is None else nodes
    cache: dict[tuple[int, int], bytes] = {}

    def tile(level: int, index: int) -> bytes:
        content = cache.get((level, index))
        if content is None:
            width = width_at(level, index, size)
            content = read(Tile(level, index, width))
            if len(content) < width * HASH:
                raise Malformed(f"{Tile(level, index, width).path} is too short")
            cache[level, index] = content
        return content

    def hashes(level: int, index: int) -> bytes:
        found = nodes.get((level, index))
        if found is None:
            if level % HEIGHT == 0:
                start = index % WIDTH * HASH
                return tile(level // HEIGHT, index // WIDTH)[start : start + HASH]
            left, right = hashes(level - 1, 2 * index), hashes(level - 1, 2 * index + 1)
            found = nodes[level, index] = merkle.node_hash(left, right)
        return found

    return hashes


def new_tiles(
    old_size: int, leaves: Sequence[bytes], read: TileReader
) -> dict[tuple[int, int], bytes]:
    """The hash tiles that appending leaf hashes to a tree of `old_size` makes or widens.

    Answers {(level, index): content at the new size}. `read` is asked for the old frontier only.
    """
    grown: dict[tuple[int, int], bytes] = {}
    level, start, row = 0, old_size, list(leaves)
    while row:
        index = start // WIDTH
        held = start % WIDTH
        content = read(Tile(level, index, held))[: held * HASH] if held else b""
        above: list[bytes] = []
        place = 0
        while place < len(row):
            room = WIDTH - len(content) // HASH
            content += b"".join(row[place : place + room])
            place += room
            grown[level, index] = content
            if len(content) == WIDTH * HASH:
                above.append(merkle.root_of(split_hashes(content)))
            index, content = index + 1, b""
        level, start, row = level + 1, start // WIDTH, above
    return grown


def split_hashes(content: bytes) -> list[bytes]:
    """A hash tile's content as its hashes. Raises Malformed for a broken length."""
    if len(content) % HASH:
        raise Malformed(f"a tile holds hashes of {HASH} bytes, this one has {len(content)} bytes")
    return [content[i : i + HASH] for i in range(0, len(content), HASH)]


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """An entry bundle: each entry behind its length, u16 big-endian. Raises ValueError if too long."""
    if any(len(entry) > MAX_ENTRY for entry in entries):
        raise ValueError(f"an entry has at most {MAX_ENTRY} bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_entries(data: bytes) -> list[bytes]:
    """The entries of a bundle. Raises Malformed when it is cut off."""
    entries = []
    place = 0
    while place < len(data):
        end = place + 2 + int.from_bytes(data[place : place + 2], "big")
        if place + 2 > len(data) or end > len(data):
            raise Malformed("the entry bundle is cut off")
        entries.append(data[place + 2 : end])
        place = end
    return entries


def cut(tile: Tile, content: bytes) -> bytes:
    """A partial tile's content out of a wider one's, as it was when the tree was smaller.

    Raises Malformed when the wider one is not wide enough.
    """
    if tile.level == ENTRIES:
        entries = decode_entries(content)
        if len(entries) < tile.width:
            raise Malformed(f"{tile.path} is wider than what is stored")
        return encode_entries(entries[: tile.width])
    if len(content) < tile.width * HASH:
        raise Malformed(f"{tile.path} is wider than what is stored")
    return content[: tile.width * HASH]


def reader_over(contents: Mapping[tuple[int, int], bytes], below: TileReader) -> TileReader:
    """Read tiles from `contents` where they are, else from `below`."""

    def read(tile: Tile) -> bytes:
        content = contents.get((tile.level, tile.index))
        return below(tile) if content is None else content

    return read
