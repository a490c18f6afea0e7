"""What becomes of templates at the line: into the store first, then their commitments onto the log or into a file.

What was kept and not handed on, because the line was killed or the log could not be reached, is handed on by the next
run: nothing is lost, and nothing stands twice.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import httpx

from app.enrolling.packs import REFUSED, Reason, Told
from ledger.cli.operations import Sign, read_prints
from ledger.cli.target import Folder, Web, now_ms
from ledger.errors import LedgerError, Malformed, Refused
from ledger.statement.submission import Submission
from ledger.store.fingerprints import Fingerprints
from scanner.fingerprint.template import SALT, commitment

# What is wrong with one of the packs that a statement names, and not with the statement.
OF_A_PACK: Final = frozenset({
    "already-inactive", "blocked-expired", "blocked-hold", "blocked-recalled", "blocked-withdrawn", "in-transit",
    "not-holder", "not-your-product", "unknown-item", "unregistered-product", "wrong-state",
})  # fmt: skip
LATER: Final = "read-only"
Tell = Callable[[Told | str], None]


class Way(Protocol):
    """How commitments are handed on."""

    listed: bool  # as `Fingerprints.put` has it

    def recover(self) -> None:
        """Hand on what a run left that died."""

    def add(self, item: str, made: bytes) -> None:
        """Take a commitment, which is in the store already."""

    def hand_on(self) -> None:
        """Hand on what was taken and kept back."""


def keep(store: Fingerprints, way: Way, item: str, template: bytes) -> bytes:
    """Keep a pack's template with a fresh salt, and hand on the commitment."""
    salt = secrets.token_bytes(SALT)
    made = commitment(template, salt)
    store.put(item, made, template, salt, now_ms(), due=True, listed=way.listed)
    way.add(item, made)
    return made


class Lines:
    """A file for `commission --prints`: a line for each pack, on the disk before the next."""

    listed = True

    def __init__(self, store: Fingerprints, path: Path) -> None:
        """Raises Malformed for a file that holds something else."""
        self._store, self._path = store, path

    def recover(self) -> None:
        """Hand on what a run left that died."""
        due = [one for one in self._store.due() if one.listed]
        # What cannot be written is told before pictures are taken.
        with self._path.open("ab") as file:
            last = self._path.read_bytes().rpartition(b"\n")[2]
            # A line that was being written when its run died is still due. No other is taken away.
            if any(_line(one.item, one.commitment).startswith(last) for one in due):
                file.truncate(file.tell() - len(last))
                last = b""
            read_prints(self._path)
            if last:
                file.write(b"\n")
        for one in due:
            self.add(one.item, one.commitment)

    def add(self, item: str, made: bytes) -> None:
        """Write a line."""
        with self._path.open("ab") as file:
            file.write(_line(item, made))
            file.flush()
            os.fsync(file.fileno())
        self._store.settle([(item, made)])

    def hand_on(self) -> None:
        """Nothing is kept back."""


def _line(item: str, made: bytes) -> bytes:
    return f"{item}\t{made.hex()}\n".encode()


class Statements:
    """Signed `enrol` statements, one for each batch of packs.

    A statement is kept until its receipt is there, so that after a crash the same bytes are submitted
    again, and the log takes them once.
    """

    listed = False

    def __init__(
        self, store: Fingerprints, target: Folder | Web, sign: Sign, size: int, tell: Tell
    ) -> None:
        self._store, self._target, self._sign, self._size, self._tell = (
            store, target, sign, size, tell,
        )  # fmt: skip
        self._batch: dict[str, bytes] = {}
        self._unsent: list[Submission] = []

    def recover(self) -> None:
        """Hand on what a run left that died."""
        for data in self._store.outgoing():
            self._unsent.append(Submission.parse(data))
        named = {(item.id, item.extra) for one in self._unsent for item in one.items}
        for due in self._store.due():
            if not due.listed and (due.item, due.commitment) not in named:
                self.add(due.item, due.commitment)
        self.hand_on()

    def add(self, item: str, made: bytes) -> None:
        """Take a commitment into the batch."""
        if older := self._batch.get(item):
            self._store.settle([(item, older)])  # the newest counts, so that this one never would
        self._batch[item] = made
        if len(self._batch) >= self._size:
            self.hand_on()

    def hand_on(self) -> None:
        """Sign and submit the batch, after what could not be submitted before."""
        unsent, self._unsent = self._unsent, []
        while unsent and self._submit(unsent[0], kept=True):
            unsent.pop(0)
        self._unsent += unsent[1:]
        batch, self._batch = self._batch, {}
        if batch:
            self._send(batch)

    def _send(self, batch: dict[str, bytes]) -> None:
        submission = self._sign("enrol", list(batch), extras=batch)
        self._store.send(bytes(submission), now_ms())
        self._submit(submission)

    def _submit(self, submission: Submission, *, kept: bool = False) -> bool:
        """Whether the log answered. One that was `kept`, and is too old by now, is signed anew."""
        batch = {item.id: item.extra for item in submission.items}
        try:
            told = self._target.submit(submission)
        except Refused as refused:
            if refused.code == LATER:
                return self._later(submission, refused)
            self._store.sent(bytes(submission), ())
            if refused.code in OF_A_PACK:
                self._refused(batch, refused)
            elif kept:
                self._send(batch)
            else:
                raise
        except (Malformed, httpx.HTTPError) as error:
            return self._later(submission, error)
        else:
            self._store.sent(bytes(submission), batch.items())
            self._tell(f"{len(batch)} packs: statement {told['id']}, entry {told['index']}")
        return True

    def _refused(self, batch: dict[str, bytes], refused: Refused) -> None:
        """Find the packs that the log does not take, and submit the others without them."""
        if len(batch) > 1:
            items = list(batch)
            for half in (items[: len(items) // 2], items[len(items) // 2 :]):
                self._send({item: batch[item] for item in half})
            return
        [(item, made)] = batch.items()
        if refused.code != "unknown-item":  # once it is commissioned, a later run hands it on
            self._store.settle([(item, made)])
        words = f"{refused.rule} {refused.advice} ({refused.detail})"
        self._tell(Told(REFUSED, "the log", item, (Reason(refused.code, words),)))

    def _later(self, submission: Submission, error: LedgerError | httpx.HTTPError) -> bool:
        self._unsent.append(submission)
        packs = len(submission.items)
        self._tell(f"the log did not take {packs} packs now, which are kept for later: {error}")
        return False
