"""Standard base64 in its one canonical form (RFC 4648 sections 3.5 and 4).

Python's decoder alone skips foreign bytes or accepts non-zero trailing bits.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode

from ledger.errors import Malformed


def canonical_base64(text: str, what: str, length: int | None = None) -> bytes:
    """Decode padded standard base64 that is written in the one canonical way.

    `what` names the value in the error; `length` is the number of bytes it must have. Raises
    Malformed.
    """
    try:
        raw = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(f"{what} is not base64: {error}") from error
    if b64encode(raw).decode() != text:
        raise Malformed(f"{what} is not canonical base64")
    if length is not None and len(raw) != length:
        raise Malformed(f"{what} has {len(raw)} bytes, it must have {length}")
    return raw
