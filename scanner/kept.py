"""The checkpoints of logs that were seen, kept in a folder; the next must be of the same history.

Each checkpoint lies in a file of its own, named for its size and root. Files are added whole, and
taken away only when a larger one was proven to contain them: scanners that share the folder need no
lock, and what is kept never goes back. A checkpoint that could not yet be compared stays beside the
others until a line is there, however many there are. Beside a checkpoint lies the operator's signed
word on when the log was so long, the earliest that was seen: a log does not get shorter.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from ledger.errors import BadProof, LedgerError, Malformed
from ledger.files import write_whole
from ledger.proof import clock_words
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.policy import NONE, Policy
from scanner.history import Prefix, PublicLog, Said, prefix_of, said_at

# What a comparison comes to.
FIRST: Final = "first"  # nothing of this log was seen before
SAME: Final = "same"  # the very tree that was seen before
PROVEN: Final = "proven"  # grown from what was seen before, or older than it, by proof
NOT_COMPARED: Final = "not-compared"  # no line: another size, nothing to prove it by
NO_ANSWER: Final = "no-answer"  # the log could not be asked for the proof
NOT_PROVEN: Final = "not-proven"  # what it served does not lead to what it signed
SPLIT: Final = "split"  # two things that the log signed contradict each other

EVIDENCE: Final = "evidence"
_STATUS: Final = ".status"  # the signed word on when the checkpoint beside it was the newest
_UNPROVEN: Final = 64  # files of evidence, beyond which no more are written that convict nobody
_CLOCKS_MS: Final = 5 * 60_000  # what clocks may differ by, and an answer under way may take


class Head(NamedTuple):
    """A checkpoint, the signed note that it stands in, and when the operator said it was all."""

    checkpoint: Checkpoint
    note: bytes
    time_ms: int = -1  # since 1970; -1 where that is not known
    proof: bytes = b""  # of the time

    @property
    def size(self) -> int:
        """How many entries the log committed to."""
        return self.checkpoint.size

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
        self._opened: dict[tuple[bytes, bytes], Head] = {}  # what lay in the folder, verified
        self._trouble = "" if folder else "no folder is kept"

    def take(
        self, said: Said | bytes, log: PublicLog | None = None, *, live: bool = False
    ) -> History:
        """Compare a verified checkpoint with what was seen of its log, and keep it if it fits.

        `said` is the checkpoint's note where no time is known. `log` serves the tiles that the proof
        is reckoned from; None without a line. `live`: the log gave this just now as its newest.
        Raises Malformed or BadSignature for a note that the trust file's log did not sign.
        """
        said = said if isinstance(said, Said) else Said(said)
        new = self._head(said)
        self._trouble = "" if self._folder else "no folder is kept"
        heads = self._heads(new.checkpoint.origin)
        found = self._compare(new, heads, log)
        if live and found.outcome == PROVEN and (newer := _outlived(new, heads, said.seen_ms)):
            found = self._older(new, newer)
        if found.outcome in (FIRST, PROVEN, NOT_COMPARED):
            self._keep(new, heads, alone=found.outcome == PROVEN)
        elif found.outcome == SAME:
            self._keep(new, heads, alone=False)  # it may be known since earlier
        return replace(found, not_kept=self._trouble)

    def _head(self, said: Said) -> Head:
        ahead = said.seen_ms >= 0 and said.time_ms > said.seen_ms + _CLOCKS_MS
        if said.time_ms < 0 or ahead:  # a clock that went wrong is no second history
            return self._open(said.note)
        return self._open(said.note)._replace(time_ms=said.time_ms, proof=said.proof)

    def _compare(self, new: Head, heads: list[Head], log: PublicLog | None) -> History:
        size = new.size
        for head in heads:
            if head.size == size and head.key != new.key:
                return self._split(head, new, f"two trees of {size} entries", None)
        for head in heads:
            if head.size > size and 0 <= head.time_ms < new.time_ms - _CLOCKS_MS:
                words = (
                    f"the operator signed that it had {head.size} entries at "
                    f"{clock_words(head.time_ms)}, and {size} at {clock_words(new.time_ms)}"
                )
                return self._split(head, new, words, None)
        others = [head for head in heads if head.key != new.key]
        if not others:
            if heads:
                return History(SAME, size, f"the same {size} entries as before", size)
            return History(FIRST, size, f"seen for the first time, with {size} entries")
        nearest = min(others, key=lambda head: abs(head.size - size)).size
        if log is None:
            words = (
                f"{size} entries; {nearest} were seen before, and nothing here proves one history"
            )
            return History(NOT_COMPARED, size, words, nearest)
        return self._prove(new, others, log)

    def _prove(self, new: Head, others: list[Head], log: PublicLog) -> History:
        """Reckon from the log's tiles what each smaller tree must have been."""
        size = new.size
        *smaller, largest = sorted([*others, new], key=lambda head: head.size)
        before = others[-1].size
        read = cache(log.tile)  # they share most of their tiles
        try:
            for head in smaller:
                if head.size == 0:
                    continue  # of the empty tree there is nothing to prove
                prefix = prefix_of(largest.checkpoint, head.size, read)
                if prefix.root != head.checkpoint.root:
                    words = (
                        f"the {largest.size} entries that it shows do not begin with "
                        f"the {head.size} that it showed as well"
                    )
                    return self._split(head, largest, words, prefix)
        except OSError as error:
            return History(NO_ANSWER, size, f"no proof that {before} entries grew: {error}", before)
        except (LookupError, BadProof, Malformed) as error:
            # An older copy of the log, or whoever holds the line, may serve such tiles: neither the
            # checkpoints nor this contradict each other.
            return self._unproven(new, largest, str(error))
        words = (
            f"{size} entries, grown from {before}; nothing was rewritten"
            if largest is new
            else f"{size} of the {before} entries seen before; nothing was rewritten"
        )
        return History(PROVEN, size, words, before)

    def _older(self, new: Head, newer: Head) -> History:
        words = (
            f"the log answers with an older view, of {new.size} entries, than the {newer.size} "
            "that it showed before: ask again"
        )
        return History(NOT_PROVEN, new.size, words, newer.size)

    def _unproven(self, new: Head, other: Head, why: str) -> History:
        pair = (new, other) if other is not new else (new,)
        files = self._evidence(pair, None, split=False)
        words = f"the log does not prove that it only grew: {why}"
        return History(
            NOT_PROVEN,
            new.size,
            words,
            other.size,
            files,
            tuple(head.note for head in pair),
        )

    def _split(self, one: Head, other: Head, words: str, prefix: Prefix | None) -> History:
        files = self._evidence((one, other), prefix, split=True)
        return History(SPLIT, other.size, words, one.size, files, (one.note, other.note))

    def _evidence(
        self, heads: tuple[Head, ...], prefix: Prefix | None, *, split: bool
    ) -> tuple[Path, ...]:
        """Write the signed notes, and what links them, for others to judge by."""
        contents = [(f"{head.size}.checkpoint", head.note) for head in heads]
        if prefix is not None:
            contents.append((f"{prefix.size}-{heads[-1].size}.prefix", _lines(prefix)))
        elif split and len({head.size for head in heads}) > 1:
            contents += [(f"{head.size}{_STATUS}", head.proof) for head in heads if head.proof]
        if self._folder is None or not (split or self._room()):
            return ()
        files = []
        for name, content in contents:
            path = self._folder / EVIDENCE / f"{sha256(content).hexdigest()[:16]}-{name}"
            if self._write(path, content):
                files.append(path)
        return tuple(files)

    def _room(self) -> bool:
        """Whether more may be written that convicts nobody: a log could sign it without end."""
        assert self._folder is not None
        folder = self._folder / EVIDENCE
        try:
            if len(_listed(folder)) < _UNPROVEN:
                return True
        except (OSError, ValueError):
            return True  # writing says what is wrong with it
        self._trouble = f"{folder} holds {_UNPROVEN} files or more; look at them, and remove them"
        return False

    def _keep(self, new: Head, heads: list[Head], *, alone: bool) -> None:
        """Keep a checkpoint beside the others or, `alone`, the largest of all in their place."""
        seen = self._seen.setdefault(new.checkpoint.origin, {})
        if alone:
            seen.clear()
            new = max([*heads, new], key=lambda head: head.size)
        known = next((head for head in heads if head.key == new.key), None)
        new = _earlier(known, new) if known else new
        seen[new.key] = new
        if self._folder is None or not self._write(self._path(new), new.note):
            return
        if new.proof and (known is None or known.proof != new.proof):
            self._write(_status(self._path(new)), new.proof, over=True)
        for head in heads if alone else ():
            if head.key != new.key:
                self._remove(self._path(head))

    def _remove(self, path: Path) -> None:
        try:
            _status(path).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
        except OSError as error:
            self._trouble = f"{path} cannot be removed: {error.strerror}"

    def _write(self, path: Path, content: bytes, *, over: bool = False) -> bool:
        try:
            if over or not path.exists():
                write_whole(path, content)
        except (OSError, ValueError) as error:
            self._trouble = f"{path} cannot be written: {_why(error)}"
            return False
        return True

    def _heads(self, origin: str) -> list[Head]:
        """All that was seen of a log, smallest first."""
        found = dict(self._seen.setdefault(origin, {}))
        for path in self._files(origin):
            try:
                head = self._read(path)
            except FileNotFoundError:
                continue  # another scanner has just proven it to be part of a larger tree
            except OSError as error:
                self._trouble = f"{path} cannot be read: {error.strerror}"
            except LedgerError as error:
                self._trouble = f"{path} cannot be used ({error}); a new key? Then remove the file"
            else:
                if head.checkpoint.origin == origin:
                    found[head.key] = _earlier(found.get(head.key, head), head)
        return sorted(found.values(), key=lambda head: head.size)

    def _read(self, path: Path) -> Head:
        """A kept checkpoint with its time. Raises OSError, LedgerError."""
        note = path.read_bytes()
        try:
            proof = _status(path).read_bytes()
        except FileNotFoundError:
            proof = b""
        except OSError as error:
            self._trouble = f"{_status(path)} cannot be read: {error.strerror}"
            proof = b""
        head = self._opened.get((note, proof))
        if head is None:
            head = self._opened[note, proof] = self._dated(self._open(note), proof, path)
        return head

    def _dated(self, head: Head, proof: bytes, path: Path) -> Head:
        if not proof:
            return head
        try:
            checkpoint, time_ms = said_at(proof, self._trust)
            if checkpoint != head.checkpoint:
                raise Malformed("it is about another checkpoint")
        except LedgerError as error:
            self._trouble = f"{_status(path)} cannot be used: {error}"
            return head
        return head._replace(time_ms=time_ms, proof=proof)

    def _files(self, origin: str) -> list[Path]:
        folder = self._path_of(origin)
        if folder is None:
            return []
        try:
            return [path for path in _listed(folder) if path.suffix != _STATUS]
        except (OSError, ValueError) as error:
            self._trouble = f"{folder} cannot be read: {_why(error)}"
            return []

    def _open(self, note: bytes) -> Head:
        return Head(self._trust.open_checkpoint(note).checkpoint, note)

    def _path_of(self, origin: str) -> Path | None:
        return self._folder / sha256(origin.encode()).hexdigest() if self._folder else None

    def _path(self, head: Head) -> Path:
        folder = self._path_of(head.checkpoint.origin)
        assert folder is not None
        return folder / f"{head.size:016d}-{head.checkpoint.root.hex()[:16]}"


def _outlived(new: Head, heads: list[Head], now_ms: int) -> Head | None:
    """A larger checkpoint that a log which gives `new` as its newest, now, must have known.

    Scanners that share a folder ask at the same moment: what the operator signed just now may have
    been overtaken by what it signed about as late.
    """
    largest = max([*heads, new], key=lambda head: head.size)
    just_now = new.time_ms >= 0 and now_ms - new.time_ms <= _CLOCKS_MS
    overtaken = just_now and largest.time_ms >= 0
    return None if overtaken or largest.size == new.size else largest


def _earlier(one: Head, other: Head) -> Head:
    """Of two heads with one checkpoint the one that the operator dated, or dated earlier."""
    dated = [head for head in (one, other) if head.time_ms >= 0]
    return min(dated, key=lambda head: head.time_ms, default=one)


def _status(path: Path) -> Path:
    return path.with_name(f"{path.name}{_STATUS}")


def _listed(folder: Path) -> list[Path]:
    """A folder's files by name; none where it is not there. Raises OSError, ValueError."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return []


def _why(error: OSError | ValueError) -> str:
    return str((isinstance(error, OSError) and error.strerror) or error)


def _lines(prefix: Prefix) -> bytes:
    """A prefix's proof as text: its size, its root, and the path to the larger tree's root."""
    hashes = [b64encode(node).decode() for node in (prefix.root, *prefix.path)]
    return "".join(f"{line}\n" for line in (str(prefix.size), *hashes)).encode()
