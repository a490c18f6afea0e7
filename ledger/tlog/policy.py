"""Trust files (C2SP tlog-policy): which logs to accept, and how many witnesses must have cosigned.

What a checkpoint commits to is left to the callers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ledger.errors import BadProof, Malformed
from ledger.tlog.checkpoint import Checkpoint, cosigned
from ledger.tlog.note import COSIGNATURE, ED25519, Note, VerifierKey

NONE: Final = "none"
_ALLOWED: Final = re.compile(rb"[\x09\x0a\x20-\x7e\x80-\xff]*")
_COUNT: Final = re.compile(r"[1-9][0-9]{0,4}")


@dataclass(frozen=True)
class Verified:
    """A checkpoint that a policy accepts: by which log key, and who cosigned it when."""

    checkpoint: Checkpoint
    log_key: VerifierKey
    cosigned: Mapping[str, int]  # witness's name in the policy -> POSIX seconds


@dataclass(frozen=True)
class Group:
    """`needed` of these members, each a witness or a group, must have cosigned."""

    needed: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    r"""A parsed trust file; `quorum` is the name of a witness or group, or "none".

    >>> vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    >>> Policy.parse(f"log {vkey}\nquorum none\n".encode()).quorum
    'none'
    """

    logs: tuple[VerifierKey, ...]
    witnesses: Mapping[str, VerifierKey]
    groups: Mapping[str, Group]
    quorum: str

    @classmethod
    def parse(cls, data: bytes) -> Policy:
        """Read a trust file. Raises Malformed, naming the line."""
        if not _ALLOWED.fullmatch(data):
            raise Malformed("a trust file has no control characters")
        if data and not data.endswith(b"\n"):
            raise Malformed("a trust file's last line ends in a line feed")
        reading = _Reading()
        # High bytes are opaque and names compare bytewise, which surrogateescape keeps.
        for number, line in enumerate(data.decode(errors="surrogateescape").split("\n"), 1):
            words = [word for word in re.split("[ \t]+", line) if word]
            if words and not words[0].startswith("#"):
                try:
                    reading.take(words)
                except Malformed as error:
                    raise Malformed(f"trust file, line {number}: {error}") from error
        return reading.finish()

    def open_checkpoint(self, data: bytes) -> Verified:
        """Check a checkpoint's note against this policy.

        Raises Malformed when it cannot be read or is of a log that is not listed, BadSignature when
        a signature of a listed key does not verify, BadProof when the quorum is not met.
        """
        note = Note.parse(data)
        checkpoint = Checkpoint.parse(note.text)
        keys = [key for key in self.logs if key.name == checkpoint.origin]
        if not keys:
            raise Malformed(f"log {checkpoint.origin} is not in the trust file")
        log_key = next(iter(note.verified(keys)))
        by_key = {key: name for name, key in self.witnesses.items()}
        times = {by_key[key]: at for key, at in cosigned(note, by_key).items()}
        if self.quorum != NONE and not self._met(self.quorum, times):
            raise BadProof(
                f"the quorum {self.quorum} of witnesses has not cosigned this checkpoint"
            )
        return Verified(checkpoint, log_key, MappingProxyType(times))

    def _met(self, name: str, times: Mapping[str, int]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in times
        return sum(self._met(member, times) for member in group.members) >= group.needed


class _Reading:
    """What the lines read so far have defined."""

    def __init__(self) -> None:
        self._logs: list[VerifierKey] = []
        self._witnesses: dict[str, VerifierKey] = {}
        self._groups: dict[str, Group] = {}
        self._members: set[str] = set()
        self._quorum = ""

    def take(self, words: list[str]) -> None:
        match words:
            case ["log", vkey] | ["log", vkey, _]:
                self._log(vkey)
            case ["witness", name, vkey] | ["witness", name, vkey, _]:
                self._witness(name, vkey)
            case ["group", name, count, *members]:
                self._group(name, count, members)
            case ["quorum", name]:
                self._take_quorum(name)
            case _:
                raise Malformed(f"not understood: {' '.join(words)[:80]}")

    def finish(self) -> Policy:
        if not self._quorum:
            raise Malformed("a trust file has one quorum line")
        return Policy(
            tuple(self._logs),
            MappingProxyType(self._witnesses),
            MappingProxyType(self._groups),
            self._quorum,
        )

    def _key(self, vkey: str, kind: int) -> VerifierKey:
        key = VerifierKey.parse(vkey)
        if key.type != kind:
            raise Malformed(f"a key of type {key.type:#04x} cannot stand here")
        return key

    def _log(self, vkey: str) -> None:
        key = self._key(vkey, ED25519)
        if any(key.public == other.public for other in self._logs):
            raise Malformed("two log lines have the same key")
        self._logs.append(key)

    def _fresh(self, name: str) -> None:
        if name == NONE:
            raise Malformed("the name none is reserved")
        if name in self._witnesses or name in self._groups:
            raise Malformed(f"{name} is defined twice")

    def _witness(self, name: str, vkey: str) -> None:
        self._fresh(name)
        key = self._key(vkey, COSIGNATURE)
        if any(key.public == other.public for other in self._witnesses.values()):
            raise Malformed("two witness lines have the same key")
        self._witnesses[name] = key

    def _group(self, name: str, count: str, members: list[str]) -> None:
        self._fresh(name)
        for member in members:
            if member not in self._witnesses and member not in self._groups:
                raise Malformed(f"{member} is not defined above")
            if member in self._members:
                raise Malformed(f"{member} is a member already")
            self._members.add(member)
        words = {"any": 1, "all": len(members)}
        needed = int(count) if _COUNT.fullmatch(count) else words.get(count, 0)
        if not 1 <= needed <= len(members):
            raise Malformed(f"{count} of {len(members)} members cannot be met")
        self._groups[name] = Group(needed, tuple(members))

    def _take_quorum(self, name: str) -> None:
        if self._quorum:
            raise Malformed("a trust file has one quorum line")
        if name != NONE and name not in self._witnesses and name not in self._groups:
            raise Malformed(f"{name} is not defined above")
        self._quorum = name
