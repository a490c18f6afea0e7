"""Sealed templates: the fingerprints of some packs' labels, for one key alone to open.

A site that checks packs without a line keeps such a file. Each template and its salt lie in a
libsodium sealed box (PyNaCl's `SealedBox`) to the X25519 form of an Ed25519 key: whoever made the
file cannot open it again, nor can who finds it without the key file. Anybody can make one, so that
what comes out counts only where the log's commitment to it is proven; that is left to the caller.
One encoding, RFC 8785 JSON:

    {"keyid":"…","log":"log.example/one","site":"9521113000103","templates":[{"commitment":"…",
     "item":"https://id.gs1.org/01/09521111000018/21/A1","sealed":"…base64…"}],"time":"…Z","v":1}
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec
from nacl.bindings import (
    crypto_box_SEALBYTES,
    crypto_sign_ed25519_pk_to_curve25519,
    crypto_sign_ed25519_sk_to_curve25519,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import CryptoError
from nacl.exceptions import RuntimeError as SodiumError
from nacl.public import PrivateKey, PublicKey, SealedBox

from ledger.errors import BadSignature, Malformed
from ledger.statement import dsse
from ledger.statement.gs1 import is_pack, parse_item_id
from ledger.statement.parts import Part, check_origin, check_sorted, gln, time_ms
from ledger.tlog.base64 import canonical_base64

VERSION: Final = 1
SALT: Final = 32  # bytes before the template
MOST: Final = 2_000  # packs of a file
MOST_TEMPLATE: Final = 4_096  # bytes; the longest known has 3,140
MAX_FILE: Final = 24 << 20  # bytes


class Opened(NamedTuple):
    """What was in a box. It proves nothing of itself."""

    template: bytes
    salt: bytes


class SealedTemplate(Part, frozen=True):
    """A pack, the commitment that its template shall have, and the box with salt and template."""

    commitment: str
    item: str
    sealed: str

    def open(self, seed: bytes) -> Opened:
        """Open the box by the 32-byte seed of the key. Raises BadSignature."""
        secret = crypto_sign_seed_keypair(seed)[1]
        key = PrivateKey(crypto_sign_ed25519_sk_to_curve25519(secret))
        try:
            inside = SealedBox(key).decrypt(canonical_base64(self.sealed, "a sealed template"))
        except CryptoError as error:
            raise BadSignature(
                "the sealed template was altered, or sealed for another key"
            ) from error
        return Opened(inside[SALT:], inside[:SALT])


class SealedFile(Part, frozen=True):
    """Sealed templates for the key `keyid`, made for a site (GLN) by a log's node at a time."""

    keyid: str
    log: str
    site: str
    templates: list[SealedTemplate]
    time: str
    v: int

    def __bytes__(self) -> bytes:
        return dsse.canonical(self)

    @property
    def time_ms(self) -> int:
        """When it was made, ms since the epoch."""
        return time_ms(self.time)

    @classmethod
    def parse(cls, data: bytes) -> SealedFile:
        """Read a file; boxes are opened one by one, later. Raises Malformed."""
        if len(data) > MAX_FILE:
            raise Malformed(f"a file of sealed templates has at most {MAX_FILE} bytes")
        found: SealedFile = dsse.parse_json(data, _decoder, "a file of sealed templates")
        if found.v != VERSION:
            raise Malformed(f"sealed templates of version {found.v} are not known here")
        dsse.hex_bytes(found.keyid, 32, "keyid")
        check_origin(found.log)
        gln(found.site, "site")
        time_ms(found.time)
        check_sorted([one.item for one in found.templates], "templates", 1, MOST)
        for one in found.templates:
            _check(one)
        return found


_decoder: Final = msgspec.json.Decoder(SealedFile)


def _check(one: SealedTemplate) -> None:
    parse_item_id(one.item)
    if not is_pack(one.item):
        raise Malformed(f"{one.item} is no pack: it has no fingerprint")
    dsse.hex_bytes(one.commitment, 32, "a commitment")
    size = len(canonical_base64(one.sealed, "a sealed template")) - crypto_box_SEALBYTES - SALT
    if not 0 < size <= MOST_TEMPLATE:
        raise Malformed("a sealed template has another size than any template")


def seal(item: str, commitment: bytes, template: bytes, salt: bytes, key: bytes) -> SealedTemplate:
    """Seal a template and its salt (32 bytes) for a raw Ed25519 key.

    libsodium makes a fresh key for each box, so that the same template never comes out alike.
    Raises Malformed for a key that has no X25519 form.
    """
    try:
        public = PublicKey(crypto_sign_ed25519_pk_to_curve25519(key))
    except (SodiumError, ValueError, TypeError) as error:
        raise Malformed("nothing can be sealed for this key: it is no Ed25519 key") from error
    box = SealedBox(public).encrypt(salt + template)
    return SealedTemplate(
        commitment=commitment.hex(), item=item, sealed=dsse.base64_text(bytes(box))
    )
