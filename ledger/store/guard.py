"""The checkpoint file beside the database: what a restored old copy gives itself away by.

Kept after each commit and before each answer; never goes backwards. Where it is ahead of the
database, the log is read-only and never signs (design 3).
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path

from ledger.errors import LedgerError, Refused
from ledger.files import write_whole
from ledger.tlog.checkpoint import Checkpoint, open_checkpoint
from ledger.tlog.note import VerifierKey


class Guard:
    """The last released checkpoint, in a file; `key` is the log's."""

    def __init__(self, path: Path, key: VerifierKey) -> None:
        self._path = path
        self._lock = path.with_name(f".{path.name}.lock")
        self._key = key
        self._seen: tuple[bytes, Checkpoint] | None = None

    def check(self, size: int, root_at: Callable[[int], bytes | None]) -> None:
        """Refuse to go on unless the database holds all that was ever released.

        `size` is the database's, `root_at` the root it signed at a size, or None. Raises Refused
        `read-only`.
        """
        released = self._read()
        if released is None:
            if size > 1:
                raise _read_only(f"{self._path} is missing: this may be a restored old copy")
            return
        if released.size > size:
            raise _read_only(
                f"the log has released {released.size} entries, this database holds {size}: "
                "it is an old copy"
            )
        if root_at(released.size) != released.root:
            raise _read_only(
                f"the database's tree of {released.size} entries is not the released one"
            )

    def advance(self, note: bytes, checkpoint: Checkpoint) -> None:
        """Record a released checkpoint, durably, unless a later one is recorded already."""
        with self._lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            released = self._read()
            if released is not None and released.size >= checkpoint.size:
                return
            write_whole(self._path, note)
        self._seen = (note, checkpoint)

    def _read(self) -> Checkpoint | None:
        try:
            note = self._path.read_bytes()
        except FileNotFoundError:
            return None
        if self._seen is not None and self._seen[0] == note:
            return self._seen[1]
        try:
            released = open_checkpoint(note, self._key)
        except LedgerError as error:
            raise _read_only(f"{self._path} is not a checkpoint of this log: {error}") from error
        self._seen = (note, released)
        return released


def _read_only(words: str) -> Refused:
    return Refused("read-only", f"{words}. Restore the newest database, or start a new log")
