"""Whether what a log signed at two times is one history, by its tiles; and the tiles over HTTP.

A tree's tiles need not be trusted: they must lead to a signed root, and then prove what the tree
held at any smaller size. Which checkpoints were seen before is left to `kept`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import httpx

from ledger.errors import Malformed
from ledger.tlog import merkle
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.note import MAX_NOTE
from ledger.tlog.tiles import HASH, WIDTH, Tile, TileReader, cut, hash_reader

_GONE: Final = (httpx.codes.NOT_FOUND, httpx.codes.GONE)


@dataclass(frozen=True, slots=True)
class Prefix:
    """What the first `size` entries of a larger signed tree hash to, and the path that proves it.

    The path is RFC 6962's consistency proof from `root` at `size` to the larger tree.
    """

    size: int
    root: bytes
    path: tuple[bytes, ...]


def prefix_of(newer: Checkpoint, size: int, read: TileReader) -> Prefix:
    """What the tree of `newer` held when it had `size` entries, 0 < `size` < its own.

    Raises BadProof or Malformed when the tiles do not lead to the root of `newer`: they then show
    nothing about the log, and whoever served them may have damaged them.
    """
    hashes = hash_reader(newer.size, read)
    root = merkle.tree_root(size, hashes)
    path = merkle.consistency_path(size, newer.size, hashes)
    # With a root of our own reckoning this says that every hash used is of the signed tree.
    merkle.verify_consistency(size, newer.size, root, newer.root, path)
    return Prefix(size, root, tuple(path))


class PublicLog:
    """A log's public files below `/log/` at its web address (C2SP tlog-tiles).

    Full tiles never change and are asked for once.
    """

    def __init__(self, url: str, client: httpx.Client) -> None:
        self._url = f"{url.rstrip('/')}/log"
        self._client = client
        self._full: dict[Tile, bytes] = {}

    def checkpoint(self) -> bytes:
        """The newest checkpoint's note. Raises OSError, LookupError, Malformed."""
        return self._get("checkpoint", MAX_NOTE)

    def tile(self, tile: Tile) -> bytes:
        """A hash tile of at least its width.

        Raises OSError when the log cannot be asked, LookupError when it does not have the tile,
        Malformed for a broken one.
        """
        whole = tile._replace(width=WIDTH)
        found = self._full.get(whole)
        if found is None:
            try:
                found = self._get(tile.path, WIDTH * HASH)
            except LookupError:
                if tile == whole:
                    raise
                # A log may drop a partial tile once it is full.
                found = self._get(whole.path, WIDTH * HASH)
            if len(found) == WIDTH * HASH:
                self._full[whole] = found
        return cut(tile, found)

    def _get(self, path: str, most: int) -> bytes:
        try:
            with self._client.stream("GET", f"{self._url}/{path}") as answer:
                if answer.status_code in _GONE:
                    raise LookupError(f"the log does not have {path}")
                if answer.status_code != httpx.codes.OK:
                    raise OSError(f"HTTP {answer.status_code} for {path}")
                content = b""
                for part in answer.iter_bytes():
                    content += part
                    if len(content) > most:
                        raise Malformed(f"{path} is larger than it can be")
                return content
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise OSError(str(error) or type(error).__name__) from error
