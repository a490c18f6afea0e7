"""One transaction in the making: the statements that wait for it, and the rows they will leave.

When it is committed, and what may stand, is left to `append`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Final

import msgspec

from ledger.errors import LedgerError, Refused
from ledger.rules import rights
from ledger.rules.authority import Authority
from ledger.rules.state import Named
from ledger.statement import dsse
from ledger.statement.submission import Statement, Submission, fit_items
from ledger.store import content
from ledger.store.database import Store
from ledger.store.views import named_by
from ledger.tlog import merkle
from ledger.tlog.checkpoint import Checkpoint

_ENTRY: Final = ("idx", "id", "ms", "governance", "root", "data")
EntryRow = tuple[int, str, int, int, bytes | None, bytes]


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
    problem: LedgerError | None = None  # with its lists; told once the signatures are valid
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


def prepare(
    submission: Submission, origin: str, authority: Authority | None, key: bytes
) -> Waiting:
    """All that needs no lock: the signatures, and whether the items are those committed to.

    `origin` is the log's, `authority` what this process knows of its governance so far, `key` seals
    what the statement names.
    """
    waiting = Waiting(submission)
    statement = submission.statement
    if statement.body.log != origin:
        waiting.outcome = Refused("wrong-log", f"it names {statement.body.log}, this is {origin}")
        return waiting
    try:
        waiting.verified = authority is not None and _verify_known(authority, statement)
    except LedgerError as error:
        waiting.outcome = error
        return waiting
    try:
        trees = fit_items(submission)
        waiting.root = trees["items"].root if "items" in trees else None
        waiting.named = named_by(submission)
        if trees:
            ref = content.ahead_of(statement.id)
            waiting.rows = content.rows_of(key, submission, trees, ref)
    except LedgerError as error:
        waiting.problem = error
    return waiting


def _verify_known(authority: Authority, statement: Statement) -> bool:
    """Verify early where all keys are known; a key that a waiting statement brings comes later."""
    try:
        rights.verify(authority, statement)
    except Refused:
        return False
    return True


class New:
    """The rows of one transaction in the making."""

    def __init__(self, size: int, ms: int) -> None:
        self.size = size
        self.ms = ms
        self.entries: list[EntryRow] = []
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


def write(
    store: Store,
    entries: Sequence[EntryRow],
    envelopes: Sequence[tuple[int, bytes]],
    lists: Sequence[content.Rows],
    tiles: Mapping[tuple[int, int], bytes],
) -> None:
    """Write down entries, what they only commit to, and the tiles they made or widened."""
    store.insert("entry", _ENTRY, entries)
    store.insert("envelope", ("idx", "data"), envelopes)
    content.put(store, lists)
    rows = [(*place, data) for place, data in tiles.items()]
    store.insert("tile", ("level", "idx", "data"), rows, "level, idx")
