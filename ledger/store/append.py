"""The write path: check, fold, insert, sign, commit; statements that wait share one transaction.

No signature leaves before the commit returns, and a failed transaction leaves nothing behind, in
the tables or in memory (design 4). What may stand is decided by `ledger.rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from threading import Condition, Lock
from typing import Final, TypeVar

from msgspec.structs import replace

from ledger.errors import LedgerError, Refused
from ledger.rules import rights
from ledger.rules.authority import Authority
from ledger.statement.events import Event
from ledger.statement.governance import Genesis
from ledger.statement.parts import raw_key
from ledger.statement.submission import Submission
from ledger.store import staging
from ledger.store.batch import Group, New, Outcome, Receipt, Waiting, prepare, write
from ledger.store.database import GUARD, Store, meta
from ledger.store.guard import Guard
from ledger.store.loading import loaders, read_governance
from ledger.store.models import VIEWS_MADE, VIEWS_VERSION
from ledger.store.publish import Head, evidence, newest, root_at, tile_reader
from ledger.store.views import Fold
from ledger.tlog import merkle
from ledger.tlog.checkpoint import Checkpoint, sign_checkpoint
from ledger.tlog.ed25519 import public_of
from ledger.tlog.note import SigningKey
from ledger.tlog.tiles import TileReader, hash_reader, new_tiles, reader_over

MAX_BATCH: Final = 1_000  # statements in one transaction
GATHER_S: Final = 0.012  # how long a commit waits for as many statements as came of late
CROWD: Final = 4  # fewer are not waited for
MAX_NODES: Final = 10_000  # of the tree, kept from one transaction to the next
PART: Final = 250  # statements that a thread prepares at a time


T = TypeVar("T")
_EMPTY: Final = Head(0, merkle.EMPTY_ROOT, b"", 0)


class Log:
    """The one writer of a log in this process; any number of processes may have one each.

    `clock` gives ms since the epoch. Threads may call it at the same time.
    """

    def __init__(
        self,
        store: Store,
        log_key: SigningKey,
        status_seed: bytes,
        clock: Callable[[], int],
    ) -> None:
        self.store = store
        self.origin = log_key.name
        self._key = log_key
        self._status_public = public_of(status_seed)
        self._clock = clock
        self._guard = Guard(store.folder / GUARD, log_key.verifier)
        self._queue: list[Waiting] = []
        self._gathered = Condition()  # guards the queue, and how many it is expected to hold
        self._expected = 1
        self._commit_lock = Lock()
        self._authority: Authority | None = None  # guarded by _commit_lock
        self._seen = 0  # entries that _authority has read
        self._hashes: tuple[int, merkle.HashReader] | None = None  # of the last size asked for
        self._nodes: merkle.Nodes = {}  # of the tree's right edge

    def submit(self, submission: Submission) -> Receipt:
        """Log one statement; waits for whatever transaction takes it.

        Raises Refused, BadSignature or Malformed, and then nothing was changed.
        """
        waiting = self._prepare(submission)
        if waiting.outcome is None and _is_long(waiting):
            self._commit_long(waiting)
        elif waiting.outcome is None:
            with self._gathered:
                self._queue.append(waiting)
                if len(self._queue) == self._expected:
                    self._gathered.notify()
            group = None
            # Whoever gets the lock commits for all who wait; the others find themselves taken.
            with self._commit_lock:
                if waiting.group is None:
                    group = self._commit_waiting(waiting)
            if group is not None:
                self._release(group)
            assert waiting.group is not None  # whoever had the lock took it
            waiting.group.released.wait()
        if isinstance(waiting.outcome, LedgerError):
            raise waiting.outcome
        assert waiting.outcome is not None  # a commit answers everyone it took
        return waiting.outcome

    def append(self, submissions: Sequence[Submission]) -> list[Outcome]:
        """Log many statements in order, each by itself: a receipt or an error for every one."""
        waiting: list[Waiting] = []
        ready: list[Waiting] = []
        with ThreadPoolExecutor(1) as pool:  # libsodium works outside the interpreter's lock
            # What comes later is prepared while what came first is committed.
            for part in pool.map(self._prepare_all, list(batched(submissions, PART))):
                waiting += part
                ready += [w for w in part if w.outcome is None]
                if len(ready) >= MAX_BATCH:
                    self._commit_in_order(ready)
                    ready = []
            self._commit_in_order(ready)
        return [w.outcome for w in waiting if w.outcome is not None]

    def _commit_in_order(self, ready: Sequence[Waiting]) -> None:
        for long, some in groupby(ready, _is_long):
            for batch in batched(list(some), 1 if long else MAX_BATCH):
                if long:
                    self._commit_long(batch[0])
                    continue
                with self._commit_lock:
                    group = self._commit(batch)
                self._release(group)

    def proof(self, receipt: Receipt) -> list[bytes]:
        """The inclusion path of a receipt's statement under its checkpoint."""
        hashes = self._hashes
        if hashes is None or hashes[0] != receipt.size:
            # Receipts of one transaction share what is read for their proofs.
            hashes = (receipt.size, self._reader(receipt.size, tile_reader(self.store)))
            self._hashes = hashes
        return merkle.inclusion_path(receipt.index, receipt.size, hashes[1])

    def _reader(self, size: int, read: TileReader) -> merkle.HashReader:
        if len(self._nodes) > MAX_NODES:
            self._nodes = {}
        return hash_reader(size, read, self._nodes)

    # Before the lock

    def _prepare(self, submission: Submission) -> Waiting:
        return prepare(submission, self.origin, self._authority, self.store.key)

    def _prepare_all(self, submissions: Sequence[Submission]) -> list[Waiting]:
        return [self._prepare(submission) for submission in submissions]

    def _commit_long(self, waiting: Waiting) -> None:
        """A long commissioning: its rows are written ahead, in short transactions, see `staging`."""
        statement = waiting.submission.statement
        event = statement.body
        assert isinstance(event, Event)  # `_is_long` says so
        ids = waiting.named.items
        assert waiting.rows is not None
        k = 0
        try:
            # Who has no right to it makes nobody write a million rows.
            authority = self._current()
            rights.verify(authority, statement)
            rights.entitle(authority, statement, self._clock())
        except LedgerError as error:
            waiting.outcome = error
            return
        if statement.id not in self._known([statement.id]):
            k = staging.stage(self.store, event, statement.id, ids, waiting.rows, self._clock())
        if k:
            waiting.named = replace(waiting.named, items=ids[:1], staged=k, staged_count=len(ids))
        with self._commit_lock:
            group = self._commit([waiting])
        self._release(group)
        if k and isinstance(waiting.outcome, Receipt):
            staging.settle(self.store)
        elif k:
            staging.discard(self.store, k)

    def _current(self) -> Authority:
        """The governance as of now."""
        with self._commit_lock, self.store.snapshot():
            return self._refresh((newest(self.store) or _EMPTY).size)

    # Under the lock

    def _commit_waiting(self, mine: Waiting) -> Group:
        """Commit for those that wait until `mine` was taken; the first come are the first."""
        while True:
            with self._gathered:
                self._gathered.wait_for(lambda: len(self._queue) >= self._expected, GATHER_S)
                batch, self._queue = self._queue[:MAX_BATCH], self._queue[MAX_BATCH:]
            group = self._commit(batch)
            with self._gathered:
                # Whoever is answered now comes again, as those did that came meanwhile.
                crowd = len(batch) + len(self._queue)
                self._expected = min(crowd, MAX_BATCH) if crowd >= CROWD else 1
            if mine.group is not None:
                return group
            self._release(group)

    def _commit(self, batch: Sequence[Waiting]) -> Group:
        """Commit statements together; nobody is told before `_release`."""
        group = Group(batch)
        for waiting in batch:
            waiting.group = group
        try:
            # Genesis by itself: a log of more than one entry has its checkpoint file.
            first = 1 if self._seen == 0 else 0
            for part in (batch[:first], batch[first:]):
                if part:
                    self._transaction(part, group)
                if first and group.signed is not None:
                    self._guard.advance(*group.signed)
        except LedgerError as error:
            self._fail(group, error)
        except BaseException:
            self._fail(group, Refused("read-only", "the log failed while it was writing"))
            self._release(group)
            raise
        return group

    def _fail(self, group: Group, error: LedgerError) -> None:
        # The outcome in the database is what counts: read everything anew next time.
        self._authority, self._nodes = None, {}
        for waiting in group.statements:
            waiting.outcome = waiting.outcome or error

    def _release(self, group: Group) -> None:
        """Keep the checkpoint in the file beside the database, then let the answers go.

        The next transaction may run meanwhile: the file only ever grows up to the database.
        """
        try:
            if group.signed is not None:
                self._guard.advance(*group.signed)
        except BaseException:
            failed = Refused(
                "read-only", "the checkpoint file beside the database cannot be written"
            )
            for waiting in group.statements:
                waiting.outcome = failed
            raise
        finally:
            group.released.set()

    def _transaction(self, batch: Sequence[Waiting], group: Group) -> None:
        store = self.store
        outcomes: list[Outcome] = []
        with store.writing():
            head = newest(store) or _EMPTY
            if meta(store, VIEWS_MADE) != VIEWS_VERSION:
                raise Refused("read-only", "another version of the program keeps this log; restart")
            self._guard.check(head.size, lambda size: root_at(store, size))
            authority = self._refresh(head.size)
            known = self._known([w.submission.statement.id for w in batch])
            roots = self._roots(batch)
            ms = max(self._clock(), head.ms)
            fold = Fold(authority, loaders(store))
            fold.prefetch(store, [(w.submission.statement, w.named) for w in batch])
            new = New(head.size, ms)
            for waiting in batch:
                outcomes.append(self._one(waiting, fold, new, known, roots))
            note, root = head.note, head.root
            if new.entries:
                fold.flush(store)
                note, root = self._write(head, new)
                for waiting, outcome in zip(batch, outcomes, strict=True):
                    if waiting.named.staged and isinstance(outcome, Receipt):
                        staging.land(store, waiting.named.staged, outcome.index)
        # Committed. The refused ones' evidence and the receipts are about what is durable now.
        self._seen = head.size + len(new.entries)
        if self._seen:  # a refusal shows a checkpoint too, which may be on its way to the file
            group.signed = note, Checkpoint(self.origin, self._seen, root)
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Receipt):
                outcome = replace(outcome, size=head.size + len(new.entries), checkpoint=note)
            waiting.outcome = outcome
        for waiting in batch:  # what fails here costs a refusal's evidence, and no receipt
            if isinstance(waiting.outcome, Refused) and waiting.outcome.evidence is not None:
                waiting.outcome = self._with_evidence(waiting.outcome, note)

    def _one(
        self,
        waiting: Waiting,
        fold: Fold,
        new: New,
        known: dict[str, tuple[int, int]],
        roots: set[bytes],
    ) -> Outcome:
        submission = waiting.submission
        statement = submission.statement
        if statement.id in known:
            index, ms = known[statement.id]
            return Receipt(statement.id, index, ms, 0, b"", {}, first=False)
        try:
            if not waiting.verified:
                rights.verify(fold.authority, statement)
            if waiting.problem is not None:
                raise waiting.problem
            if isinstance(statement.body, Genesis):
                self._check_genesis(statement.body)
            root = waiting.root
            if root is not None and root in roots:
                raise Refused(
                    "items-reused", "these items were committed to with this secret before"
                )
            index = new.size + len(new.entries)
            already = fold.take(statement, waiting.named, index, new.ms)
        except Refused as refused:
            refused.size = new.size + len(new.entries)
            return refused
        except LedgerError as error:
            return error
        if root is not None:
            roots.add(root)
        known[statement.id] = (index, new.ms)
        new.add(waiting, index, root)
        times = {item: self._ms_of(at, new) for item, at in already.items()}
        return Receipt(statement.id, index, new.ms, 0, b"", times)

    def _check_genesis(self, body: Genesis) -> None:
        if raw_key(body.log_key) != self._key.verifier.public:
            raise Refused("not-entitled", "genesis names another log key than this log's")
        if raw_key(body.status_key) != self._status_public:
            raise Refused("not-entitled", "genesis names another status key than this log's")

    def _ms_of(self, index: int, new: New) -> int:
        if index >= new.size:
            return new.ms
        row = self.store.one("SELECT ms FROM entry WHERE idx = ?", (index,))
        assert row is not None  # it is an index of this log
        return int(row[0])

    def _write(self, head: Head, new: New) -> tuple[bytes, bytes]:
        store = self.store
        read = tile_reader(store)
        grown = new_tiles(head.size, new.leaves, read)
        write(store, new.entries, new.envelopes, new.content, grown)
        size = head.size + len(new.entries)
        root = merkle.tree_root(size, self._reader(size, reader_over(grown, read)))
        note = sign_checkpoint(Checkpoint(self.origin, size, root), self._key)
        store.execute(
            "INSERT INTO checkpoint (size, root, ms, note) VALUES (?, ?, ?, ?)",
            (size, root, new.ms, note),
        )
        return note, root

    def _refresh(self, size: int) -> Authority:
        """The authority as of the head: what other processes logged since is read first."""
        if self._authority is None or self._seen > size:
            self._authority, self._seen = Authority(), 0
        if self._seen < size:
            read_governance(self.store, self._authority, self._seen)
            self._seen = size
        return self._authority

    def _known(self, ids: Sequence[str]) -> dict[str, tuple[int, int]]:
        sql = "SELECT id, idx, ms FROM entry WHERE id IN (IN)"
        return {found: (index, ms) for found, index, ms in self.store.rows_in(sql, ids)}

    def _roots(self, batch: Sequence[Waiting]) -> set[bytes]:
        wanted = [w.root for w in batch if w.root is not None]
        sql = "SELECT root FROM entry WHERE root IN (IN)"
        return {bytes(root) for (root,) in self.store.rows_in(sql, wanted)}

    def _with_evidence(self, refused: Refused, note: bytes) -> Refused:
        """A refusal whose evidence proves, under the newest checkpoint, the statement in the way."""
        assert refused.evidence is not None
        index = refused.evidence["index"]
        assert isinstance(index, int)
        proven = Refused(refused.code, refused.detail, evidence(self.store, index, note))
        proven.size = refused.size
        return proven


def _is_long(waiting: Waiting) -> bool:
    return staging.is_long(waiting.submission.statement.body, len(waiting.named.items))


def batched(sequence: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """A sequence in slices of at most `size`."""
    return (sequence[start : start + size] for start in range(0, len(sequence), size))
