"""What an audit is given beside the public log, and what it answers.

Pure; a part of `audit`. The more a party kept, the more can be seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ledger.bundle import Bundle
from ledger.statement.dsse import Envelope
from ledger.statement.submission import Submission


class Finding(NamedTuple):
    """Something that is wrong: `code` is one of docs/audit.md or of a refusal, `place` is where."""

    code: str
    place: str
    words: str

    def __str__(self) -> str:
        return f"{self.place}: {self.words} ({self.code})"


class Held(NamedTuple):
    """A statement that a party signed or was sent, with index and landing time (ms) as told to it.

    Both are from 0 to 2**63 - 1. `path` and `checkpoint` are its receipt's, empty without one.
    """

    submission: Submission
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    ms: int
    path: Sequence[bytes] = ()
    checkpoint: bytes = b""


class Evidence(NamedTuple):
    """An entry as a refusal's evidence shows it: with its inclusion path and signed checkpoint."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    entry: bytes
    path: Sequence[bytes]
    checkpoint: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """What one party has kept; `words` are the operator's signed statuses and refusals.

    `copy` are the entries of its own copy of the log, from entry 0.
    """

    statements: Sequence[Held] = ()
    checkpoints: Sequence[bytes] = ()
    bundles: Sequence[Bundle] = ()
    words: Sequence[Envelope] = ()
    evidence: Sequence[Evidence] = ()
    copy: Sequence[bytes] = ()


class Seen(NamedTuple):
    """How much of a log an audit could judge.

    Of `size` entries, `clear` are governance, `known` were judged by kept envelopes, `unseen` are
    commitments whose content the auditor has not. Custody is folded whole before entry `folded`.
    """

    origin: str
    size: int
    root: bytes
    clear: int
    known: int
    unseen: int
    folded: int
