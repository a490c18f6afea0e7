"""Whether what a log signed at two times is one history, by its tiles; and the tiles over HTTP.

A tree's tiles need not be trusted: they must lead to a signed root, and then prove what the tree
held at any smaller size. When it had that size is the operator's signed word. Which checkpoints were
seen before is left to `kept`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, Final, NamedTuple

import httpx

from ledger.bundle import Bundle
from ledger.errors import Malformed
from ledger.proof import check_head, open_governance, status_payload
from ledger.remote import MAX_LIST
from ledger.statement import dsse
from ledger.statement.status import parse_status
from ledger.tlog import merkle
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.policy import Policy
from ledger.tlog.tiles import HASH, WIDTH, Tile, TileReader, cut, hash_reader

_GONE: Final = (httpx.codes.NOT_FOUND, httpx.codes.GONE)


class Said(NamedTuple):
    """A checkpoint's note, and that the operator signed at a time that this is the whole log.

    `proof` is a bundle of the log's genesis and the signed status, b"" where there is none;
    `time_ms` is the status's time, `seen_ms` the scanner's clock, both ms since 1970, -1 unknown.
    """

    note: bytes
    time_ms: int = -1
    seen_ms: int = -1
    proof: bytes = b""

    @classmethod
    def by(cls, bundle: Bundle, time_ms: int, seen_ms: int) -> Said:
        """What a verified bundle's status says of the log."""
        proof = replace(bundle, entries=bundle.entries[:1]).to_gzip()
        return cls(bundle.checkpoint, time_ms, seen_ms, proof)


def said_at(proof: bytes, trust: Policy) -> tuple[Checkpoint, int]:
    """The checkpoint and the time, ms, that the proof of a `Said` proves.

    Raises Malformed, BadSignature or BadProof.
    """
    bundle = Bundle.parse(proof, MAX_LIST)
    verified, authority = open_governance(bundle, trust)
    status = parse_status(status_payload(bundle, authority, dsse.STATUS, "a status"))
    check_head(status.log, status.size, status.root, authority, verified.checkpoint)
    return verified.checkpoint, status.time_ms


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
        status, content = ask(self._client, "GET", f"{self._url}/{path}", most)
        if status in _GONE:
            raise LookupError(f"the log does not have {path}")
        if status != httpx.codes.OK:
            raise OSError(f"HTTP {status} for {path}")
        return content


def ask(client: httpx.Client, method: str, url: str, most: int, **parts: Any) -> tuple[int, bytes]:
    """A server's answer: HTTP status, and its content of at most so many bytes.

    The client's time to read is what the whole answer may take: a server that sends a byte now and
    then does not hold the scanner up. `parts` are httpx's parts of a request. Raises OSError when
    there is no answer in time, Malformed for one that is too large.
    """
    within = client.timeout.read
    until = None if within is None else monotonic() + within
    done: SimpleQueue[tuple[int, bytes] | OSError | Malformed] = SimpleQueue()

    def run() -> None:
        try:
            if found := _answer(client.stream(method, url, **parts), most, until):
                done.put(found)
        except httpx.ReadTimeout:
            pass  # too late as well: it is told in one way
        except (OSError, Malformed) as error:
            done.put(error)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError) as error:
            # Names of hosts that cannot be are ValueErrors of the codec that writes them.
            done.put(OSError(str(error) or type(error).__name__))

    # httpx bounds each read, not all of them, nor the look-up of the host's name.
    Thread(target=run, daemon=True).start()
    try:
        found = done.get(timeout=within)
    except Empty:
        raise OSError(f"no whole answer within {within:g} s") from None
    if isinstance(found, Exception):
        raise found
    return found


def _answer(
    opened: AbstractContextManager[httpx.Response], most: int, until: float | None
) -> tuple[int, bytes] | None:
    """None where it comes too late: a part of an answer is none, and nobody waits for it any more."""
    with opened as answer:
        content = bytearray()
        for part in answer.iter_bytes():
            content += part
            if len(content) > most and answer.status_code == httpx.codes.OK:
                raise Malformed(f"{answer.url.path} is larger than it can be")
            if len(content) > most:
                break  # of a refusal the beginning will do
            if until is not None and monotonic() > until:
                return None
        return answer.status_code, bytes(content)
