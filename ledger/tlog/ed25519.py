"""Ed25519 (RFC 8032), by libsodium alone: the one place that decides whether a signature is valid.

Verifiers differ on low-order points and on encodings; whoever must agree uses this module.
"""

from __future__ import annotations

from typing import Final

from nacl import bindings
from nacl.exceptions import BadSignatureError

from ledger.errors import BadSignature, Malformed

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64


def check_public(raw: bytes) -> None:
    """Refuse a public key that is not a canonical point of the prime-order group.

    `raw` is the key, 32 bytes. Raises Malformed: a low-order key would verify signatures that
    nobody made (RFC 8032 section 5.1.7; libsodium refuses the same ones at verification).
    """
    if len(raw) != KEY_BYTES:
        raise Malformed(f"an Ed25519 key has {KEY_BYTES} bytes, this one has {len(raw)}")
    if not bindings.crypto_core_ed25519_is_valid_point(raw):
        raise Malformed("not a valid Ed25519 key: it is no canonical point of the main subgroup")


_P: Final = 2**255 - 19
_ORDER_8: Final = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD83D3D706A17C7
# The y coordinates of the eight points whose order divides 8, and their encodings above p.
_LOW_ORDER: Final = frozenset({0, 1, _P - 1, _P, _P + 1, _ORDER_8, _P - _ORDER_8})


def refuse_low_order(raw: bytes) -> None:
    """Refuse a 32-byte key of low order, under which anybody can sign anything. Raises Malformed.

    The lighter check for keys of foreign logs and witnesses: whether the bytes are a point at all
    shows when a signature is verified.
    """
    if len(raw) != KEY_BYTES:
        raise Malformed(f"an Ed25519 key has {KEY_BYTES} bytes, this one has {len(raw)}")
    if int.from_bytes(raw, "little") & (2**255 - 1) in _LOW_ORDER:
        raise Malformed("an Ed25519 key of low order is refused: anybody could sign with it")


def verify(public: bytes, message: bytes, signature: bytes) -> None:
    """Check a signature of 64 bytes over a message. Raises BadSignature."""
    if len(public) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        raise BadSignature("an Ed25519 key has 32 bytes and a signature 64")
    try:
        bindings.crypto_sign_open(signature + message, public)
    except BadSignatureError as error:
        raise BadSignature("the signature does not verify under the key it names") from error


def public_of(seed: bytes) -> bytes:
    """The public key of a 32-byte seed."""
    return bindings.crypto_sign_seed_keypair(seed)[0]


def sign(seed: bytes, message: bytes) -> bytes:
    """The 64-byte signature of a message by a 32-byte seed; deterministic (RFC 8032)."""
    secret = bindings.crypto_sign_seed_keypair(seed)[1]
    return bindings.crypto_sign(message, secret)[:SIGNATURE_BYTES]
