"""Signed notes (C2SP signed-note): a text and the signatures under it.

What the text says is left to others; `checkpoint` reads one kind.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Final

from ledger.errors import BadSignature, Malformed
from ledger.tlog import ed25519
from ledger.tlog.base64 import canonical_base64

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04  # timestamped Ed25519 cosignature of a checkpoint
MAX_NOTE: Final = 1 << 20
MAX_SIGNATURES: Final = 100
_DASH: Final = "—".encode()
_HEX_ID: Final = re.compile(r"[0-9a-f]{8}")


def check_name(name: str) -> None:
    """Refuse what is no key name: empty, with a space of any script, a plus or a control character."""
    if not name or "+" in name or any(c.isspace() or c < " " for c in name):
        raise Malformed(f"{name[:80]!r} is no key name: no spaces, no '+', not empty")


@dataclass(frozen=True)
class VerifierKey:
    """A public key with its name and signature type.

    >>> key = VerifierKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    >>> key.type, hex(key.id), str(key).startswith("PeterNeumann+c74f20a3+")
    (1, '0xc74f20a3', True)
    """

    name: str
    type: int  # ED25519 or COSIGNATURE
    public: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.type not in (ED25519, COSIGNATURE):
            raise Malformed(f"signature type {self.type:#04x} is not known")
        ed25519.refuse_low_order(self.public)

    @cached_property
    def id(self) -> int:
        """SHA-256(name || LF || type || public)[:4], big-endian."""
        material = (
            self.name.encode(errors="surrogateescape") + b"\n" + bytes([self.type]) + self.public
        )
        return int.from_bytes(sha256(material).digest()[:4], "big")

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read `name+hex8+base64`. Raises Malformed, also when the id is not the key's."""
        parts = text.split("+", 2)
        if len(parts) != 3 or not _HEX_ID.fullmatch(parts[1]):
            raise Malformed("a verifier key is name+hash+base64")
        raw = canonical_base64(parts[2], "a verifier key")
        if not raw:
            raise Malformed("the verifier key is empty")
        key = cls(parts[0], raw[0], raw[1:])
        if key.id != int(parts[1], 16):
            raise Malformed(f"the key id of {parts[0]} does not belong to its key")
        return key

    def __str__(self) -> str:
        raw = bytes([self.type]) + self.public
        return f"{self.name}+{self.id:08x}+{b64encode(raw).decode()}"


@dataclass(frozen=True)
class Signature:
    """One line under a note: who claims to have signed, and the bytes."""

    name: str
    id: int
    blob: bytes

    def __bytes__(self) -> bytes:
        raw = self.id.to_bytes(4, "big") + self.blob
        return _DASH + b" " + self.name.encode() + b" " + b64encode(raw) + b"\n"

    @classmethod
    def parse(cls, line: bytes) -> Signature:
        """Read a line without its LF. Raises Malformed."""
        parts = line.split(b" ")
        if len(parts) != 3 or parts[0] != _DASH:
            raise Malformed("a signature line is '— name base64'")
        name = parts[1].decode()
        check_name(name)
        raw = canonical_base64(parts[2].decode(), "a signature")
        if len(raw) < 5:
            raise Malformed("a signature is a key id and at least one byte")
        return cls(name, int.from_bytes(raw[:4], "big"), raw[4:])


@dataclass(frozen=True)
class SigningKey:
    """A secret Ed25519 seed with its name and signature type. Never leaves the process."""

    name: str
    seed: bytes
    type: int = ED25519

    @cached_property
    def verifier(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, self.type, ed25519.public_of(self.seed))

    def sign(self, text: bytes) -> Signature:
        """Sign a note's text, which ends in LF (type 0x01)."""
        if self.type != ED25519:
            raise ValueError("this key signs cosignatures only")
        return Signature(self.name, self.verifier.id, ed25519.sign(self.seed, text))


@dataclass(frozen=True)
class Note:
    """A text, ending in LF, and at least one signature line. Signatures are not yet checked."""

    text: bytes
    signatures: tuple[Signature, ...]

    def __bytes__(self) -> bytes:
        return self.text + b"\n" + b"".join(bytes(line) for line in self.signatures)

    @classmethod
    def parse(cls, data: bytes) -> Note:
        """Read a whole note. Raises Malformed."""
        if len(data) > MAX_NOTE:
            raise Malformed(f"a note is at most {MAX_NOTE} bytes")
        try:
            characters = data.decode()
        except UnicodeDecodeError as error:
            raise Malformed("a note is UTF-8") from error
        if any(c < " " and c != "\n" for c in characters):
            raise Malformed("a note has no control characters but line feeds")
        text, divider, under = data.rpartition(b"\n\n")
        if not divider or not under.endswith(b"\n"):
            raise Malformed("a note is a text, an empty line and signature lines")
        lines = under[:-1].split(b"\n")
        if len(lines) > MAX_SIGNATURES:
            raise Malformed(f"a note has at most {MAX_SIGNATURES} signatures")
        return cls(text + b"\n", tuple(Signature.parse(line) for line in lines))

    def verified(self, keys: Iterable[VerifierKey]) -> dict[VerifierKey, Signature]:
        """The signatures of known keys, each checked (type 0x01 over the text).

        Lines of unknown (name, id) pairs are passed over, and a second line of the same key.
        Raises BadSignature when a known key's does not verify, or when there is none.
        """
        known = {(key.name, key.id): key for key in keys}
        found: dict[VerifierKey, Signature] = {}
        for line in self.signatures:
            key = known.get((line.name, line.id))
            if key is None or key in found or key.type != ED25519:
                continue
            ed25519.verify(key.public, self.text, line.blob)
            found[key] = line
        if not found:
            raise BadSignature("the note carries no signature of a trusted key")
        return found
