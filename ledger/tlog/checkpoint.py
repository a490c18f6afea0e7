"""Checkpoints (C2SP tlog-checkpoint) and their cosignatures (C2SP tlog-cosignature).

How many cosignatures must be there is left to `policy`.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ledger.errors import BadSignature, Malformed
from ledger.tlog import ed25519
from ledger.tlog.base64 import canonical_base64
from ledger.tlog.merkle import EMPTY_ROOT
from ledger.tlog.note import COSIGNATURE, Note, Signature, SigningKey, VerifierKey

MAX_SIZE: Final = 2**63 - 1
_DECIMAL: Final = re.compile(rb"0|[1-9][0-9]*")


def parse_decimal(raw: bytes) -> int:
    """A size as the formats write it: ASCII digits, no sign, no leading zero. Raises Malformed."""
    if not _DECIMAL.fullmatch(raw) or len(raw) > 19 or int(raw) > MAX_SIZE:
        raise Malformed(f"{raw[:40]!r} is not a decimal below 2^63")
    return int(raw)


@dataclass(frozen=True)
class Checkpoint:
    """A log's head: its origin, how many entries it has, and their root.

    >>> print(bytes(Checkpoint("example.com/log42", 0, EMPTY_ROOT)).decode(), end="")
    example.com/log42
    0
    47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __bytes__(self) -> bytes:
        lines = (self.origin, str(self.size), b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines).encode()

    @classmethod
    def parse(cls, text: bytes) -> Checkpoint:
        """Read a checkpoint's text. Raises Malformed."""
        lines = text.split(b"\n")
        if len(lines) < 4 or lines.pop() != b"" or b"" in lines:
            raise Malformed("a checkpoint is at least three lines, none of them empty")
        try:
            origin, root_line, *extensions = (
                lines[0].decode(),
                lines[2].decode(),
                *(line.decode() for line in lines[3:]),
            )
        except UnicodeDecodeError as error:
            raise Malformed("a checkpoint is UTF-8") from error
        root = canonical_base64(root_line, "a root", 32)
        size = parse_decimal(lines[1])
        if size == 0 and root != EMPTY_ROOT:
            raise Malformed("a log of size 0 has the root of the empty tree")
        return cls(origin, size, root, tuple(extensions))


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> bytes:
    """The checkpoint as a note signed by the log; the key's name must be the origin."""
    if key.name != checkpoint.origin:
        raise ValueError("a log's key carries the log's origin as its name")
    text = bytes(checkpoint)
    return bytes(Note(text, (key.sign(text),)))


def open_checkpoint(data: bytes, key: VerifierKey) -> Checkpoint:
    """A checkpoint that this log key signed. Raises Malformed, BadSignature."""
    note = Note.parse(data)
    note.verified([key])
    checkpoint = Checkpoint.parse(note.text)
    if checkpoint.origin != key.name:
        raise BadSignature(f"the checkpoint is of {checkpoint.origin}, not of {key.name}")
    return checkpoint


def _message(text: bytes, timestamp: int) -> bytes:
    return b"cosignature/v1\ntime %d\n" % timestamp + text


def cosign(text: bytes, key: SigningKey, timestamp: int) -> Signature:
    """A timestamped Ed25519 cosignature (type 0x04) of a checkpoint's text.

    `timestamp` is POSIX seconds, 1 to 2**63 - 1. Whether the tree is consistent with what the
    cosigner signed before is the cosigner's duty.
    """
    if key.type != COSIGNATURE:
        raise ValueError("a witness signs with a key of type 0x04")
    if not 0 < timestamp <= MAX_SIZE:
        raise ValueError("a cosignature's time is above 0 and below 2^63")
    signature = ed25519.sign(key.seed, _message(text, timestamp))
    return Signature(key.name, key.verifier.id, timestamp.to_bytes(8, "big") + signature)


def verify_cosignature(text: bytes, key: VerifierKey, signature: Signature) -> int:
    """The POSIX seconds at which a witness cosigned a checkpoint's text. Raises BadSignature."""
    if len(signature.blob) != 8 + ed25519.SIGNATURE_BYTES:
        raise BadSignature(f"the cosignature of {key.name} has a wrong length")
    timestamp = int.from_bytes(signature.blob[:8], "big")
    if timestamp > MAX_SIZE:
        raise BadSignature(f"the cosignature of {key.name} has an impossible time")
    ed25519.verify(key.public, _message(text, timestamp), signature.blob[8:])
    return timestamp


def cosigned(note: Note, witnesses: Iterable[VerifierKey]) -> dict[VerifierKey, int]:
    """When which of these witnesses cosigned a checkpoint's note; unknown lines are passed over.

    Raises BadSignature when a known witness's line does not verify.
    """
    known = {(key.name, key.id): key for key in witnesses}
    found: dict[VerifierKey, int] = {}
    for line in note.signatures:
        key = known.get((line.name, line.id))
        if key is not None and key not in found:
            found[key] = verify_cosignature(note.text, key, line)
    return found
