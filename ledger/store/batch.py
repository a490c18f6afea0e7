"""One transaction in the making: the statements that wait for it, and the rows they will leave.

When it is committed, and what may stand, is left to `append`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Final

import msgspec

from ledger.errors import LedgerError
from ledger.rules.state import Named
from ledger.statement import dsse
from ledger.statement.submission import Submission
from ledger.store import content
from ledger.tlog import merkle
from ledger.tlog.checkpoint import Checkpoint

ENTRY: Final = ("idx", "id", "ms", "governance", "root", "data")
TILE: Final = ("level", "idx", "data")


class Receipt(msgspec.Struct, frozen=True):
    """A statement stands: where, since when, and under which checkpoint that can be proven.

    `already` names the items on which it changed nothing, with the landing time (ms) of the act
    that did the same before. `first` is False when the log had the statement already.
    """

    id: str
    index: int
    ms: int
    size: int
    checkpoint: bytes
    already: dict[str, int]
    first: bool = True


Outcome = Receipt | LedgerError


@dataclass(slots=True)
class Waiting:
    """A statement on its way into the log, and what became of it."""

    submission: Submission
    outcome: Outcome | None = None
    verified: bool = False
    problem: LedgerError | None = None  # with its lists, to be told after its signatures
    rows: content.Rows | None = None  # of what it names, ahead of its index
    root: bytes | None = None  # of its items
    named: Named = field(default_factory=lambda: Named(()))
    group: Group | None = None  # of the transaction that took it; guarded by the commit lock


@dataclass(slots=True)
class Group:
    """Statements that one transaction took, and the signed checkpoint where it wrote something.

    What became of them may be told once they are `released`.
    """

    statements: Sequence[Waiting]
    signed: tuple[bytes, Checkpoint] | None = None
    released: Event = field(default_factory=Event)


class New:
    """The rows of one transaction in the making."""

    def __init__(self, size: int, ms: int) -> None:
        self.size = size
        self.ms = ms
        self.entries: list[tuple[int, str, int, int, bytes | None, bytes]] = []
        self.envelopes: list[tuple[int, bytes]] = []
        self.content: list[content.Rows] = []
        self.leaves: list[bytes] = []

    def add(self, waiting: Waiting, index: int, root: bytes | None) -> None:
        """Take a statement in that stands, as entry `index`; `root` is that of its items."""
        submission = waiting.submission
        envelope = submission.statement.envelope
        data = dsse.entry_of(envelope, self.ms)
        committed = dsse.is_committed(envelope)
        self.entries.append((index, envelope.id, self.ms, int(not committed), root, data))
        if committed:
            self.envelopes.append((index, bytes(envelope)))
        if waiting.rows is not None and not waiting.named.staged:
            self.content.append(waiting.rows.placed(index))
        self.leaves.append(merkle.leaf_hash(data))
