"""ES256: the published signatures verify, and whatever is not the one form of a key or signature fails."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import BadSignature, Malformed
from ledger.tlog import p256
from tests.authenticator import ORDER, Authenticator

# RFC 6979, appendix A.2.5: P-256 with SHA-256.
PUBLIC = bytes.fromhex("0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6")
SIGNED = {
    b"sample": "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    b"test": "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
    "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
}
FIELD = 2**256 - 2**224 + 2**192 + 2**96 - 1


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


@pytest.mark.parametrize("message", SIGNED)
def test_the_signatures_of_rfc_6979(message: bytes) -> None:
    signature = bytes.fromhex(SIGNED[message])
    p256.check_public(PUBLIC)
    p256.verify(PUBLIC, message, signature)
    with pytest.raises(BadSignature):
        p256.verify(PUBLIC, message + b".", signature)
    with pytest.raises(BadSignature):
        p256.verify(b"\x02" + PUBLIC[1:], message, signature)  # the point's mirror image


def test_either_s_is_as_good_and_no_other_number_stands_for_it() -> None:
    raw = bytes.fromhex(SIGNED[b"sample"])
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    p256.verify(PUBLIC, b"sample", word(r) + word(ORDER - s))
    wrong = [
        (0, s), (r, 0), (0, 0), (ORDER, s), (r, ORDER), (r, r), (s, r), (ORDER - r, s),
        (2**256 - 1, 2**256 - 1),
    ]  # fmt: skip
    for one, other in wrong:
        with pytest.raises(BadSignature):
            p256.verify(PUBLIC, b"sample", word(one) + word(other))
    stranger = Authenticator("stranger").sign(b"sample")
    for signature in (b"", raw[:63], raw + b"\0", b"\0" + raw, stranger):
        with pytest.raises(BadSignature):
            p256.verify(PUBLIC, b"sample", signature)


def test_a_number_above_the_order_is_not_the_one_below() -> None:
    """Only r and s below 2**256 - n have a second 32-byte form; they are made, not met."""
    for number in (1, 2**256 - ORDER - 1):
        for r, s in ((number + ORDER, 1), (1, number + ORDER)):
            with pytest.raises(BadSignature, match="below the curve's order"):
                p256.verify(PUBLIC, b"sample", word(r) + word(s))


@pytest.mark.parametrize("raw", [
    b"", b"\0", PUBLIC[:32], PUBLIC + b"\0", b"\x04" + PUBLIC[1:], b"\x00" + PUBLIC[1:], b"\x05" + PUBLIC[1:],
    b"\x06" + PUBLIC[1:], b"\x02" + word(1), b"\x02" + word(FIELD), b"\x03" + word(FIELD + 5),
    b"\x02" + word(2**256 - 1), bytes(33),
], ids=lambda raw: raw.hex()[:8] or "empty")  # fmt: skip
def test_what_is_no_compressed_point_is_no_key(raw: bytes) -> None:
    with pytest.raises(Malformed):
        p256.check_public(raw)
    with pytest.raises(BadSignature):
        p256.verify(raw, b"sample", bytes.fromhex(SIGNED[b"sample"]))


@given(st.binary(max_size=100), st.integers(0, 63), st.integers(1, 255))
def test_a_signature_verifies_and_no_byte_of_it_can_change(
    message: bytes, place: int, flip: int
) -> None:
    passkey = Authenticator("any")
    signature = bytearray(passkey.sign(message))
    p256.verify(passkey.raw, message, bytes(signature))
    signature[place] ^= flip
    with pytest.raises(BadSignature):
        p256.verify(passkey.raw, message, bytes(signature))
