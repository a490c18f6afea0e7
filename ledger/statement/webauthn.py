"""A passkey's signature on a statement: a WebAuthn assertion whose challenge is the statement's id.

Pure, and enough to verify one offline (W3C Web Authentication Level 3, section 7.2). What a passkey
may sign is left to `ledger.rules`; how a browser asks for one, to the page.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from typing import Any, Final, NoReturn

import msgspec

from ledger.errors import BadSignature, Malformed
from ledger.tlog import ed25519, p256
from ledger.tlog.base64 import canonical_base64

AUTHENTICATOR_DATA: Final = (37, 1024)  # bytes, least and most: hash of rpId, flags, counter, rest
CLIENT_DATA: Final = (1, 2048)
USER_PRESENT: Final = 0x01
USER_VERIFIED: Final = 0x04  # by PIN or biometry, on the authenticator itself
BACKUP_ELIGIBLE: Final = 0x08  # the key may leave this authenticator; the reader may want to know
BACKED_UP: Final = 0x10
ATTESTED: Final = 0x40
EXTENSIONS: Final = 0x80

_LABEL: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)*{_LABEL}")
_ORIGIN: Final = re.compile(r"(https?)://([a-z0-9.-]{1,253})(?::[1-9][0-9]{0,4})?")


class Passkey(msgspec.Struct, frozen=True, gc=False):
    """A passkey's public key, and the host name (WebAuthn's RP ID) that it signs for.

    `raw` is what a key-add's `key` holds and what the key id is the SHA-256 of: for ES256 (COSE -7)
    the P-256 point in 33 bytes, SEC 1 compressed; for EdDSA (-8) the 32 bytes of Ed25519.
    """

    raw: bytes
    rp_id: str

    def __post_init__(self) -> None:
        check_passkey(self.raw)
        check_rp_id(self.rp_id)


class AssertionForm(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The field `webauthn` of a signature in an envelope."""

    authenticatorData: str
    clientDataJSON: str


class Assertion(msgspec.Struct, frozen=True, gc=False):
    r"""What an authenticator and its browser say beside the signature, as they said it.

    In an envelope: `"webauthn":{"authenticatorData":"SZYN5YgOjGh0NBcPZHZgW4/krrmihjLHmVzzuoMdl2MFAAAAAA==",
    "clientDataJSON":"eyJ0eXBlIjoid2ViYXV0aG4uZ2V0Iiwi…"}`. The signature is over `signed`.

    >>> data = sha256(b"localhost").digest() + bytes([USER_PRESENT | USER_VERIFIED]) + bytes(4)
    >>> client = b'{"type":"webauthn.get","challenge":"%b","origin":"http://localhost:8000"}'
    >>> client %= challenge_of(bytes(32)).encode()
    >>> Assertion(data, client).check(bytes(32), "localhost")
    >>> Assertion(data, client).signed == data + sha256(client).digest()
    True
    >>> Assertion(data, client).form().authenticatorData
    'SZYN5YgOjGh0NBcPZHZgW4/krrmihjLHmVzzuoMdl2MFAAAAAA=='
    """

    authenticator_data: bytes
    client_data: bytes

    @classmethod
    def parse(cls, form: AssertionForm) -> Assertion:
        """Read the field of a signature. Raises Malformed; what it says is not checked here."""
        return cls(
            _sized(form.authenticatorData, "authenticatorData", *AUTHENTICATOR_DATA),
            _sized(form.clientDataJSON, "clientDataJSON", *CLIENT_DATA),
        )

    def form(self) -> AssertionForm:
        """The inverse of `parse`."""
        return AssertionForm(
            b64encode(self.authenticator_data).decode(), b64encode(self.client_data).decode()
        )

    @property
    def signed(self) -> bytes:
        """What the authenticator's signature is over."""
        return self.authenticator_data + sha256(self.client_data).digest()

    def check(self, digest: bytes, rp_id: str) -> None:
        """Check all that is said but the signature itself.

        `digest` is the statement's id, 32 bytes: it must be the challenge. Raises BadSignature.
        """
        _check_client(self.client_data, digest, rp_id)
        _check_authenticator(self.authenticator_data, rp_id)


def verify(key: Passkey, digest: bytes, assertion: Assertion, signature: bytes) -> None:
    """Check a passkey's signature, 64 bytes, on what has this digest. Raises BadSignature."""
    assertion.check(digest, key.rp_id)
    suite = ed25519 if len(key.raw) == ed25519.KEY_BYTES else p256
    suite.verify(key.raw, assertion.signed, signature)


def challenge_of(digest: bytes) -> str:
    """The challenge as clientDataJSON has it: base64url without padding.

    >>> challenge_of(bytes(32))
    'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
    """
    return urlsafe_b64encode(digest).decode().rstrip("=")


def check_passkey(raw: bytes) -> None:
    """Refuse what is no public key of a passkey: 33 bytes of P-256 or 32 of Ed25519. Raises Malformed."""
    if len(raw) == ed25519.KEY_BYTES:
        ed25519.check_public(raw)
    else:
        p256.check_public(raw)


def check_rp_id(text: str) -> None:
    """Refuse what is no host name; an address is none (WebAuthn section 5.1.2). Raises Malformed."""
    if not _HOST.fullmatch(text) or text.rpartition(".")[2].isdecimal():
        raise Malformed(f"rpId is a host name in lower case, not {text[:80]!r}")


def _sized(text: str, what: str, least: int, most: int) -> bytes:
    raw = canonical_base64(text, what)
    if not least <= len(raw) <= most:
        raise Malformed(f"{what} has {least} to {most} bytes, this one {len(raw)}")
    return raw


def _check_client(data: bytes, digest: bytes, rp_id: str) -> None:
    """What the browser vouches for: that a page of this host asked for this statement."""
    client = _read_client(data)
    if client.get("type") != "webauthn.get":
        raise BadSignature("the passkey's clientDataJSON is of another type than webauthn.get")
    if client.get("challenge") != challenge_of(digest):
        raise BadSignature("the passkey signed another challenge than this statement's id")
    if client.get("crossOrigin", False) is not False or "topOrigin" in client:
        raise BadSignature("the passkey was asked from inside another site's page (crossOrigin)")
    origin = client.get("origin")
    match = _ORIGIN.fullmatch(origin) if isinstance(origin, str) else None
    scheme, host = match.groups() if match else ("", "")
    if host != rp_id and not host.endswith(f".{rp_id}"):
        raise BadSignature(f"the passkey was asked from another origin than {rp_id}'s")
    # Browsers take http://localhost for a secure context, and no other plain http.
    if scheme != "https" and rp_id != "localhost":
        raise BadSignature("the passkey was asked from a page without https")


def _read_client(data: bytes) -> dict[str, Any]:
    try:
        # A member given twice, or NaN, would be read differently by different verifiers.
        found = json.loads(data.decode(), object_pairs_hook=_no_twice, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadSignature(f"the passkey's clientDataJSON is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise BadSignature("the passkey's clientDataJSON is no JSON object")
    return found


def _no_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands twice in one object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _check_authenticator(data: bytes, rp_id: str) -> None:
    """What the authenticator vouches for: whose key it used, and that a person was verified."""
    flags = data[32]
    if data[:32] != sha256(rp_id.encode()).digest():
        raise BadSignature(f"the passkey signed for another host than {rp_id} (rpIdHash)")
    if not flags & USER_PRESENT:
        raise BadSignature("the passkey signed without a person present (flag UP)")
    if not flags & USER_VERIFIED:
        raise BadSignature("the passkey did not verify who is there (flag UV)")
    if flags & BACKED_UP and not flags & BACKUP_ELIGIBLE:
        raise BadSignature("the passkey says that it was backed up and cannot be (flags BS, BE)")
    if flags & ATTESTED:
        raise BadSignature("the passkey's data is that of a registration (flag AT)")
    if bool(flags & EXTENSIONS) != (len(data) > AUTHENTICATOR_DATA[0]):
        raise BadSignature("the passkey's data has extensions exactly where it says so (flag ED)")
