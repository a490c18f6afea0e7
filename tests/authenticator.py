"""A software authenticator: makes a passkey's assertions, right ones and ones with a named fault.

passkey = Authenticator("colleague")
envelope = passkey.countersign(envelope)
"""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec.structs import replace

from ledger.statement.dsse import Envelope, Signature, key_id
from ledger.statement.submission import Statement, Submission
from ledger.statement.webauthn import (
    USER_PRESENT,
    USER_VERIFIED,
    Assertion,
    Passkey,
    challenge_of,
)
from ledger.tlog import ed25519

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
RP_ID = "ledger.example"


class Authenticator:
    """One passkey: P-256 as most are, or Ed25519; the same key for the same name."""

    def __init__(
        self, name: str, rp_id: str = RP_ID, *, ed: bool = False, seed: bytes = b""
    ) -> None:
        self.rp_id = rp_id
        self.origin = f"https://{rp_id}"
        self._seed = seed or sha256(b"test passkey " + name.encode()).digest()
        scalar = int.from_bytes(self._seed, "big") % (ORDER - 1) + 1
        self._private = None if ed else ec.derive_private_key(scalar, ec.SECP256R1())
        if self._private is None:
            self.raw = ed25519.public_of(self._seed)
        else:
            self.raw = self._private.public_key().public_bytes(
                Encoding.X962, PublicFormat.CompressedPoint
            )
        self.keyid = key_id(self.raw)
        self.text = b64encode(self.raw).decode()
        self.public = Passkey(self.raw, rp_id)

    def client(self, digest: bytes, **members: Any) -> bytes:
        """What a browser writes of its asking (WebAuthn section 5.8.1.1)."""
        told = {
            "type": "webauthn.get", "challenge": challenge_of(digest), "origin": self.origin,
            "crossOrigin": False,
        }  # fmt: skip
        return json.dumps({**told, **members}, separators=(",", ":")).encode()

    def data(self, rp_id: str = "", flags: int = USER_PRESENT | USER_VERIFIED) -> bytes:
        """What an authenticator writes of its answer (section 6.1)."""
        count = 7
        rp_hash = sha256((rp_id or self.rp_id).encode()).digest()
        return rp_hash + bytes([flags]) + count.to_bytes(4, "big")

    def line(self, digest: bytes, data: bytes = b"", client: bytes = b"") -> Signature:
        """The line of an envelope whose id is `digest`; `data` and `client` in place of right ones."""
        said = Assertion(data or self.data(), client or self.client(digest))
        return Signature(self.keyid, self.sign(said.signed), said)

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of a signature, the same for the same message (RFC 6979, RFC 8032)."""
        if self._private is None:
            return ed25519.sign(self._seed, message)
        der = self._private.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True))
        r, s = decode_dss_signature(der)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def countersign(self, submission: Submission, **faults: bytes) -> Submission:
        """The submission with this passkey's line among its signatures."""
        envelope = submission.statement.envelope
        return with_line(submission, self.line(bytes.fromhex(envelope.id), **faults))


def with_line(submission: Submission, line: Signature) -> Submission:
    """The submission with a signature more, or with another in place of the key's own."""
    envelope = submission.statement.envelope
    lines = {one.keyid: one for one in (*envelope.signatures, line)}
    signed = Envelope(
        envelope.payload, envelope.payload_type, tuple(lines[keyid] for keyid in sorted(lines))
    )
    return replace(submission, statement=Statement(signed, submission.statement.body))
