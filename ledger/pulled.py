"""What a party keeps of its own trade: its statements and those addressed to it, with their items.

A file of one JSON object a line, each checked against the party's own verified copy of the log.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from ledger.errors import BadProof, LedgerError, Malformed
from ledger.mirror import Mirror
from ledger.statement import dsse
from ledger.statement.submission import Submission, fit_items

PULLED: Final = "pulled.ndjson"


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    index: int
    ms: int
    submission: msgspec.Raw


_decoder: Final = msgspec.json.Decoder(_Line)


@dataclass(frozen=True, slots=True)
class Pulled:
    """A statement with what it names, and its place in the log."""

    index: int
    ms: int
    submission: Submission

    def to_json(self) -> bytes:
        """One line: `{"index", "ms", "submission"}`."""
        body = bytes(self.submission)
        return b'{"index":%d,"ms":%d,"submission":%s}' % (self.index, self.ms, body)

    @classmethod
    def parse(cls, line: bytes) -> Pulled:
        """Read a line. Raises Malformed, Refused."""
        try:
            told = _decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed(
                f"a pulled statement is index, ms and submission: {error}; pull it again"
            ) from error
        if not (0 <= told.index <= dsse.MAX_INTEGER and 0 <= told.ms <= dsse.MAX_INTEGER):
            raise Malformed("index and ms of a statement are from 0 to below 2^53")
        return cls(told.index, told.ms, Submission.parse(bytes(told.submission)))

    def check(self, mirror: Mirror) -> None:
        """Hold it to the copy of the log: entry, place, time and items. Raises BadProof, LookupError."""
        entry = dsse.entry_of(self.submission.statement.envelope, self.ms)
        if mirror.entry(self.index) != entry:
            raise BadProof(f"statement {self.index} is not the one in the log")
        try:
            fit_items(self.submission)
        except LedgerError as error:
            raise BadProof(f"statement {self.index}: {error}") from error


def read(folder: Path) -> Iterator[Pulled]:
    """The statements kept in a folder, by index. Raises Malformed, naming the line."""
    path = folder / PULLED
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return  # cut off while it was written; the next pull writes it again
            try:
                yield Pulled.parse(line)
            except LedgerError as error:
                raise Malformed(f"{path}, line {number}: {error}") from error


def keep(folder: Path, mirror: Mirror, fresh: Iterable[Pulled]) -> int:
    """Check statements against the copy of the log and keep them; answers how many.

    Raises BadProof for one that is not in the log as it claims; what came before it is kept.
    """
    path = folder / PULLED
    whole = sum(len(one.to_json()) + 1 for one in read(folder))
    count = 0
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.truncate(whole)
        file.seek(whole)
        try:
            for one in fresh:
                one.check(mirror)
                file.write(one.to_json() + b"\n")
                count += 1
        finally:
            file.flush()
            os.fsync(file.fileno())
    path.chmod(0o600)
    return count


def last(folder: Path) -> int:
    """The index of the newest statement kept, -1 for none."""
    return max((one.index for one in read(folder)), default=-1)
