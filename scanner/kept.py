"""The checkpoints of logs that were seen, kept in a folder; the next must be of the same history.

Each checkpoint lies in a file of its own, named for its size and root. Files are added whole, and
taken away only when a larger one was proven to contain them: scanners that share the folder need no
lock, and what is kept never goes back. A checkpoint that could not yet be compared stays beside the
others until a line is there.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from ledger.errors import BadProof, LedgerError, Malformed
from ledger.files import write_whole
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.policy import NONE, Policy
from scanner.history import Prefix, PublicLog, prefix_of

# What a comparison comes to.
FIRST: Final = "first"  # nothing of this log was seen before
SAME: Final = "same"  # the very tree that was seen before
PROVEN: Final = "proven"  # grown from what was seen before, or older than it, by proof
NOT_COMPARED: Final = "not-compared"  # no line: another size, nothing to prove it by
NO_ANSWER: Final = "no-answer"  # the log could not be asked for the proof
NOT_PROVEN: Final = "not-proven"  # what it served does not lead to what it signed
SPLIT: Final = "split"  # two signed checkpoints contradict each other

EVIDENCE: Final = "evidence"
_MOST: Final = 64  # checkpoints of one log that may wait for a line


class Head(NamedTuple):
    """A checkpoint and the signed note that it stands in."""

    checkpoint: Checkpoint
    note: bytes

    @property
    def key(self) -> tuple[int, bytes]:
        """What the log committed to."""
        return self.checkpoint.size, self.checkpoint.root


@dataclass(frozen=True, slots=True)
class History:
    """How a checkpoint fits what was seen of its log before.

    `before` is the size that it was compared with, 0 for none; `not_kept` says why the next run
    will not know what this one saw, "" when it will.
    """

    outcome: str
    size: int
    words: str
    before: int = 0
    evidence: tuple[Path, ...] = ()
    notes: tuple[bytes, ...] = ()  # the signed notes that stand against each other
    not_kept: str = ""

    @property
    def reasons(self) -> dict[str, str]:
        """The verdict's reasons (code -> detail) that follow; {} where nothing stands against it."""
        code = {SPLIT: "split-view", NOT_PROVEN: "unusable-proof", NO_ANSWER: "log-down"}
        return {code[self.outcome]: self.words} if self.outcome in code else {}

    @property
    def not_shown(self) -> tuple[str, ...]:
        """What this comparison leaves open."""
        if self.outcome != NOT_COMPARED:
            return ()
        low, high = sorted((self.before, self.size))
        left = f"whether the log rewrote anything between its first {low} and {high} entries"
        return (f"{left}: that needs a line",)


class Kept:
    """What was seen of each log of a trust file, in this run and, with a folder, in earlier ones."""

    def __init__(self, folder: Path | None, trust: Policy) -> None:
        self._folder = folder
        # The log's own signature convicts it, whether witnesses signed or not.
        self._trust = replace(trust, witnesses={}, groups={}, quorum=NONE)
        self._seen: dict[str, dict[tuple[int, bytes], Head]] = {}
        self._trouble = "" if folder else "no folder is kept"

    def take(self, note: bytes, log: PublicLog | None = None) -> History:
        """Compare a verified checkpoint with what was seen of its log, and keep it if it fits.

        `log` serves the tiles that the proof is reckoned from; None without a line. Raises
        Malformed or BadSignature for a note that the trust file's log did not sign.
        """
        new = self._open(note)
        self._trouble = "" if self._folder else "no folder is kept"
        heads = self._heads(new.checkpoint.origin)
        found = self._compare(new, heads, log)
        if found.outcome in (FIRST, PROVEN, NOT_COMPARED):
            self._keep(new, heads, alone=found.outcome == PROVEN)
        return replace(found, not_kept=self._trouble)

    def _compare(self, new: Head, heads: list[Head], log: PublicLog | None) -> History:
        size = new.checkpoint.size
        for head in heads:
            if head.checkpoint.size == size and head.key != new.key:
                return self._split(head, new, f"two trees of {size} entries", None)
        others = [head for head in heads if head.key != new.key]
        if not others:
            if heads:
                return History(SAME, size, f"the same {size} entries as before", size)
            return History(FIRST, size, f"seen for the first time, with {size} entries")
        nearest = min(others, key=lambda head: abs(head.checkpoint.size - size)).checkpoint.size
        if log is None:
            words = (
                f"{size} entries; {nearest} were seen before, and nothing here proves one history"
            )
            return History(NOT_COMPARED, size, words, nearest)
        return self._prove(new, others, log)

    def _prove(self, new: Head, others: list[Head], log: PublicLog) -> History:
        """Reckon from the log's tiles what each smaller tree must have been."""
        size = new.checkpoint.size
        *smaller, largest = sorted([*others, new], key=lambda head: head.checkpoint.size)
        before = others[-1].checkpoint.size
        try:
            for head in smaller:
                if head.checkpoint.size == 0:
                    continue  # of the empty tree there is nothing to prove
                prefix = prefix_of(largest.checkpoint, head.checkpoint.size, log.tile)
                if prefix.root != head.checkpoint.root:
                    words = (
                        f"the {largest.checkpoint.size} entries that it shows do not begin with "
                        f"the {head.checkpoint.size} that it showed as well"
                    )
                    return self._split(head, largest, words, prefix)
        except OSError as error:
            return History(NO_ANSWER, size, f"no proof that {before} entries grew: {error}", before)
        except LookupError as error:
            return self._gone(new, largest, log, str(error))
        except (BadProof, Malformed) as error:
            return self._unproven(new, largest, str(error))
        words = (
            f"{size} entries, grown from {before}; nothing was rewritten"
            if largest is new
            else f"{size} of the {before} entries seen before; nothing was rewritten"
        )
        return History(PROVEN, size, words, before)

    def _gone(self, new: Head, largest: Head, log: PublicLog, why: str) -> History:
        """A tree that was signed is not served: is the log still behind it?"""
        if largest is new:
            return self._unproven(new, largest, why)
        size, had = new.checkpoint.size, largest.checkpoint.size
        try:
            live = self._open(log.checkpoint())
        except OSError as error:
            return History(NO_ANSWER, size, f"no proof that {size} entries grew: {error}", had)
        except (LookupError, LedgerError) as error:
            return self._unproven(new, largest, str(error))
        if live.checkpoint.origin == new.checkpoint.origin and live.checkpoint.size < had:
            words = f"it showed {had} entries before and has {live.checkpoint.size} now"
            return self._split(largest, live, words, None)
        return self._unproven(new, largest, why)

    def _unproven(self, new: Head, other: Head, why: str) -> History:
        pair = (new, other) if other is not new else (new,)
        files = self._evidence(pair, None)
        words = f"the log does not prove that it only grew: {why}"
        return History(
            NOT_PROVEN,
            new.checkpoint.size,
            words,
            other.checkpoint.size,
            files,
            tuple(head.note for head in pair),
        )

    def _split(self, one: Head, other: Head, words: str, prefix: Prefix | None) -> History:
        files = self._evidence((one, other), prefix)
        return History(
            SPLIT, other.checkpoint.size, words, one.checkpoint.size, files, (one.note, other.note)
        )

    def _evidence(self, heads: tuple[Head, ...], prefix: Prefix | None) -> tuple[Path, ...]:
        """Write the signed notes, and what links them, for others to judge by."""
        contents = [(f"{head.checkpoint.size}.checkpoint", head.note) for head in heads]
        if prefix is not None:
            contents.append((f"{prefix.size}-{heads[-1].checkpoint.size}.prefix", _lines(prefix)))
        files = []
        for name, content in contents:
            if self._folder is None:
                break
            path = self._folder / EVIDENCE / f"{sha256(content).hexdigest()[:16]}-{name}"
            if self._write(path, content):
                files.append(path)
        return tuple(files)

    def _keep(self, new: Head, heads: list[Head], *, alone: bool) -> None:
        largest = max([*heads, new], key=lambda head: head.checkpoint.size)
        seen = self._seen.setdefault(new.checkpoint.origin, {})
        if alone:
            seen.clear()
            new = largest
        elif len(heads) >= _MOST:
            self._trouble = f"{_MOST} checkpoints wait for a line already"
            return
        seen[new.key] = new
        if self._folder is None or not self._write(self._path(new), new.note):
            return
        for head in heads if alone else ():
            if head.key != new.key:
                self._path(head).unlink(missing_ok=True)

    def _write(self, path: Path, content: bytes) -> bool:
        if path.exists():
            return True
        try:
            write_whole(path, content)
        except OSError as error:
            self._trouble = f"{path} cannot be written: {error.strerror}"
            return False
        return True

    def _heads(self, origin: str) -> list[Head]:
        """All that was seen of a log, smallest first."""
        found = dict(self._seen.setdefault(origin, {}))
        for path in self._files(origin):
            try:
                head = self._open(path.read_bytes())
            except FileNotFoundError:
                continue  # another scanner has just proven it to be part of a larger tree
            except OSError as error:
                self._trouble = f"{path} cannot be read: {error.strerror}"
            except LedgerError as error:
                self._trouble = f"{path} cannot be used ({error}); a new key? Then remove the file"
            else:
                if head.checkpoint.origin == origin:
                    found[head.key] = head
        return sorted(found.values(), key=lambda head: head.checkpoint.size)

    def _files(self, origin: str) -> list[Path]:
        folder = self._path_of(origin)
        if folder is None or not folder.is_dir():
            return []
        try:
            return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        except OSError as error:
            self._trouble = f"{folder} cannot be read: {error.strerror}"
            return []

    def _open(self, note: bytes) -> Head:
        return Head(self._trust.open_checkpoint(note).checkpoint, note)

    def _path_of(self, origin: str) -> Path | None:
        return self._folder / sha256(origin.encode()).hexdigest() if self._folder else None

    def _path(self, head: Head) -> Path:
        folder = self._path_of(head.checkpoint.origin)
        assert folder is not None
        return folder / f"{head.checkpoint.size:016d}-{head.checkpoint.root.hex()[:16]}"


def _lines(prefix: Prefix) -> bytes:
    """A prefix's proof as text: its size, its root, and the path to the larger tree's root."""
    hashes = [b64encode(node).decode() for node in (prefix.root, *prefix.path)]
    return "".join(f"{line}\n" for line in (str(prefix.size), *hashes)).encode()
