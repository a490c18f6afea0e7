"""ECDSA on P-256 with SHA-256 (FIPS 186-5; COSE's ES256): the one place that decides whether it is valid.

Passkeys sign by it, since few authenticators know Ed25519. Everything else here is Ed25519.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.errors import BadSignature, Malformed

KEY_BYTES: Final = 33  # SEC 1 section 2.3.3, compressed: 02 or 03, then x
SIGNATURE_BYTES: Final = 64  # r, then s, 32 bytes each, big-endian
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_HASH: Final = ec.ECDSA(SHA256())


def check_public(raw: bytes) -> None:
    """Refuse a public key that is not the one encoding of a point of the curve. Raises Malformed.

    The curve's order is prime, so there is no point of low order but infinity, which has no such
    encoding.
    """
    _point(raw)


def _point(raw: bytes) -> ec.EllipticCurvePublicKey:
    if len(raw) != KEY_BYTES:
        raise Malformed(f"a P-256 key has {KEY_BYTES} bytes, compressed, this one has {len(raw)}")
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
    except ValueError as error:
        raise Malformed("not a valid P-256 key: it is no point of the curve") from error
    if point.public_bytes(Encoding.X962, PublicFormat.CompressedPoint) != raw:
        raise Malformed("not a valid P-256 key: its point is encoded otherwise")
    return point


def verify(public: bytes, message: bytes, signature: bytes) -> None:
    """Check a signature of 64 bytes, r and s, over a message. Raises BadSignature.

    The other signature of the same message, with n - s, is as good: many authenticators make either,
    and nothing here is named by its signature.
    """
    if len(signature) != SIGNATURE_BYTES:
        raise BadSignature(f"a P-256 signature has {SIGNATURE_BYTES} bytes, r and s")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < _ORDER and 0 < s < _ORDER):
        raise BadSignature("r and s of a P-256 signature are from 1 to below the curve's order")
    try:
        point = _point(public)
    except Malformed as error:
        raise BadSignature(str(error)) from error
    try:
        point.verify(encode_dss_signature(r, s), message, _HASH)
    except InvalidSignature as error:
        raise BadSignature("the signature does not verify under the key it names") from error
