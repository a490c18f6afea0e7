"""The signed envelope (DSSE v1), statement ids, log entries, and canonical JSON (statement.md 1-5).

What a payload says is left to `events`, `governance`, `status` and `login`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, TypeAlias

import msgspec

from ledger.errors import BadSignature, Malformed, Refused
from ledger.statement import webauthn
from ledger.statement.webauthn import Assertion, AssertionForm, Passkey
from ledger.tlog import ed25519
from ledger.tlog.base64 import canonical_base64

EVENT: Final = "application/vnd.packtrace.event+json"
GOVERNANCE: Final = "application/vnd.packtrace.governance+json"
STATUS: Final = "application/vnd.packtrace.status+json"
LOGIN: Final = "application/vnd.packtrace.login+json"
REFUSAL: Final = "application/vnd.packtrace.refusal+json"
STATUS_LIST: Final = "application/vnd.packtrace.status-list+json"
MAX_ENVELOPE: Final = 65_527  # a log entry is at most 65,535 bytes, 8 of them the time
MAX_SIGNATURES: Final = 4
MAX_INTEGER: Final = 2**53 - 1
PublicKey: TypeAlias = bytes | Passkey  # Ed25519's 32 raw bytes, which sign PAE, or a passkey
# Governance that tells of somebody's trade is logged as events are (statement.md 5).
_COMMITTED: Final = (b'"type":"recall-answer"', b'"type":"document"')

_encoder: Final = msgspec.json.Encoder(order="sorted")


def canonical(value: object) -> bytes:
    """RFC 8785 bytes of a value with ASCII keys, integers and no floats."""
    return _encoder.encode(value)


def hex_bytes(text: str, length: int, what: str) -> bytes:
    """Decode lower-case hex of `length` bytes. Raises Malformed, naming `what`."""
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    # It takes capitals and spaces too; what comes back must be what was given.
    if len(raw) != length or raw.hex() != text:
        raise Malformed(f"{what} is {2 * length} lower-case hex digits")
    return raw


def base64_text(raw: bytes) -> str:
    """Standard padded base64."""
    return b64encode(raw).decode()


def base64_bytes(text: str, length: int, what: str) -> bytes:
    """Decode canonical base64 of `length` bytes. Raises Malformed, naming `what`."""
    return canonical_base64(text, what, length)


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE v1's pre-authentication encoding: what signatures and ids are over.

    >>> pae("http://example.com/HelloWorld", b"hello world")
    b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
    """
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def key_id(public: bytes) -> str:
    """Hex SHA-256 of a raw public key."""
    return sha256(public).hexdigest()


class Signature(msgspec.Struct, frozen=True, gc=False):
    """One signature of an envelope: hex key id, 64 bytes, and what a passkey says beside them.

    `sig` is Ed25519 over PAE. A passkey's is over its assertion, whose challenge is the statement's
    id: for ES256 r and s, 32 bytes each, big-endian (a browser hands out DER), else Ed25519.
    """

    keyid: str
    sig: bytes
    webauthn: Assertion | None = None


class _SignatureForm(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    keyid: str
    sig: str
    webauthn: AssertionForm | None = None


class _EnvelopeForm(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    payload: str
    payloadType: str
    signatures: list[_SignatureForm]


_decoder: Final = msgspec.json.Decoder(_EnvelopeForm)


@dataclass(frozen=True, slots=True)
class Envelope:
    r"""A payload, its type and 1 to 4 signatures over both, sorted by key id.

    `{"payload":"e30=","payloadType":"application/vnd.packtrace.event+json",
    "signatures":[{"keyid":"a138…","sig":"4IY9…CA=="}]}`

    A passkey's line is `{"keyid":"5f0c…","sig":"mW3k…8Q==","webauthn":{"authenticatorData":"SZYN…",
    "clientDataJSON":"eyJ0…"}}`, read by `webauthn.Assertion`.
    """

    payload: bytes
    payload_type: str
    signatures: tuple[Signature, ...]
    id: str = field(init=False, compare=False)  # SHA-256 of `pae`, hex: the same however signed
    _encoded: bytes = field(init=False, compare=False, repr=False)  # made when first asked for

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", sha256(self.pae).hexdigest())
        object.__setattr__(self, "_encoded", b"")

    @classmethod
    def parse(cls, data: bytes, most: int = MAX_ENVELOPE) -> Envelope:
        """Read canonical bytes, at most so many. Raises Malformed; signatures are not checked here."""
        if len(data) > most:
            raise Malformed(f"an envelope is at most {most} bytes, this has {len(data)}")
        try:
            form = _decoder.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed(f"not an envelope: {error}") from error
        if _encoder.encode(form) != data:
            raise Malformed(
                "the envelope is not RFC 8785 JSON: sort the keys, leave out spaces, no key twice"
            )
        if not 1 <= len(form.signatures) <= MAX_SIGNATURES:
            raise Malformed(f"an envelope has 1 to {MAX_SIGNATURES} signatures")
        before = ""
        signatures = []
        for line in form.signatures:
            hex_bytes(line.keyid, 32, "a keyid")
            if line.keyid <= before:
                raise Malformed("signatures are sorted by keyid, none twice")
            before = line.keyid
            sig = canonical_base64(line.sig, "a signature", 64)
            said = Assertion.parse(line.webauthn) if line.webauthn is not None else None
            signatures.append(Signature(line.keyid, sig, said))
        payload = canonical_base64(form.payload, "the payload")
        found = cls(payload, form.payloadType, tuple(signatures))
        object.__setattr__(found, "_encoded", data)
        return found

    def __bytes__(self) -> bytes:
        if not self._encoded:
            lines = [
                _SignatureForm(
                    line.keyid,
                    base64_text(line.sig),
                    line.webauthn.form() if line.webauthn is not None else None,
                )
                for line in self.signatures
            ]
            form = _EnvelopeForm(base64_text(self.payload), self.payload_type, lines)
            object.__setattr__(self, "_encoded", _encoder.encode(form))
        return self._encoded

    @property
    def pae(self) -> bytes:
        """What the signatures are over."""
        return pae(self.payload_type, self.payload)

    def verify(self, key: Callable[[str], PublicKey | None]) -> None:
        """Check every signature; `key` gives the public key of a key id, or None.

        Raises Refused `unknown-key`, BadSignature.
        """
        message = self.pae
        for line in self.signatures:
            public = key(line.keyid)
            if public is None:
                raise Refused("unknown-key", f"key {line.keyid[:16]}… is not on record")
            if line.webauthn is None and isinstance(public, bytes):
                ed25519.verify(public, message, line.sig)
            else:
                _verify_passkey(public, bytes.fromhex(self.id), line)


def _verify_passkey(public: PublicKey, digest: bytes, line: Signature) -> None:
    """Check a passkey's line; a key signs in its own way alone. Raises BadSignature."""
    name = f"key {line.keyid[:16]}…"
    if isinstance(public, bytes):
        raise BadSignature(f"{name} is no passkey: its signature has no field webauthn")
    if line.webauthn is None:
        raise BadSignature(f"{name} is a passkey: its signature needs the field webauthn")
    try:
        webauthn.verify(public, digest, line.webauthn, line.sig)
    except BadSignature as error:
        raise BadSignature(f"{name}: {error}") from error


def sign(payload_type: str, payload: bytes, seeds: Iterable[bytes]) -> Envelope:
    """An envelope signed by these 32-byte seeds."""
    message = pae(payload_type, payload)
    lines = {
        key_id(ed25519.public_of(seed)): ed25519.sign(seed, message)
        for seed in dict.fromkeys(seeds)
    }
    if not 1 <= len(lines) <= MAX_SIGNATURES:
        raise Malformed(f"an envelope has 1 to {MAX_SIGNATURES} signatures")
    ordered = tuple(Signature(keyid, lines[keyid]) for keyid in sorted(lines))
    return Envelope(payload, payload_type, ordered)


def parse_json(payload: bytes, decoder: msgspec.json.Decoder[Any], what: str) -> Any:
    """Decode a payload that must be RFC 8785 JSON of the decoder's type. Raises Malformed.

    A key given twice, a space, another order or escape shows in the bytes made from the value.
    """
    try:
        value = decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"not {what}: {error}") from error
    if _encoder.encode(value) != payload:
        raise Malformed(
            f"{what} is not RFC 8785 JSON: sort the keys, leave out spaces, no key twice"
        )
    return value


def is_committed(envelope: Envelope) -> bool:
    """Whether the log holds only a commitment to a statement, not its content."""
    if envelope.payload_type == EVENT:
        return True
    return any(mark in envelope.payload for mark in _COMMITTED)


def entry_of(envelope: Envelope, ms: int) -> bytes:
    """A statement's log entry (statement.md 5): landing time and envelope, or commitment to it.

    `ms` since the epoch, below 2**63. 40 bytes for an event, always more for governance in the clear.
    """
    content = bytes(envelope)
    if is_committed(envelope):
        content = sha256(content).digest()
    return ms.to_bytes(8, "big") + content
