"""Key files: an Ed25519 seed under a passphrase (Argon2id, then secretbox), or plainly for a demo.

Bytes in, bytes out; where the file lies, and its mode 0600, is left to whoever writes it.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Final

import msgspec
from nacl import bindings, secret
from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id

from ledger.errors import BadSignature, Malformed
from ledger.statement import dsse
from ledger.tlog import ed25519
from ledger.tlog.base64 import canonical_base64

VERSION: Final = 1
SALT_BYTES: Final = argon2id.SALTBYTES
NONCE_BYTES: Final = secret.SecretBox.NONCE_SIZE
OPS: Final = argon2id.OPSLIMIT_MODERATE
MEMORY: Final = argon2id.MEMLIMIT_MODERATE
PLAIN: Final = "unencrypted, for demonstration only"
MAX_FILE: Final = 4096


class _Form(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    packtraceKey: int
    label: str
    party: str
    public: str
    warning: str | None = None
    seed: str | None = None
    ops: int | None = None
    memory: int | None = None
    salt: str | None = None
    box: str | None = None


class KeyFile(msgspec.Struct, frozen=True):
    """What a key file holds beside the seed: what the key is for, whose it is, its public half."""

    label: str
    party: str  # GLN, or "" for the log's own keys
    public: bytes
    encrypted: bool

    @property
    def id(self) -> str:
        """The key id: hex SHA-256 of the raw public key."""
        return dsse.key_id(self.public)


_decoder: Final = msgspec.json.Decoder(_Form)


def seal(
    seed: bytes,
    passphrase: bytes,
    *,
    label: str,
    party: str,
    salt: bytes,
    nonce: bytes,
    ops: int = OPS,
    memory: int = MEMORY,
) -> bytes:
    """A key file that only the passphrase opens.

    `salt` has SALT_BYTES, `nonce` NONCE_BYTES, both fresh and random; `ops` and `memory` (bytes) are
    Argon2id's limits. Raises Malformed for an empty passphrase.
    """
    if not passphrase:
        raise Malformed("a passphrase has at least one character")
    key = argon2id.kdf(secret.SecretBox.KEY_SIZE, passphrase, salt, opslimit=ops, memlimit=memory)
    box = secret.SecretBox(key).encrypt(seed, nonce)
    form = _Form(
        packtraceKey=VERSION,
        label=label,
        party=party,
        public=_b64(ed25519.public_of(seed)),
        ops=ops,
        memory=memory,
        salt=_b64(salt),
        box=_b64(bytes(box)),
    )
    return dsse.canonical(form) + b"\n"


def plain(seed: bytes, *, label: str, party: str) -> bytes:
    """A key file without a passphrase, which says so: for simulated worlds only."""
    form = _Form(
        packtraceKey=VERSION,
        label=label,
        party=party,
        public=_b64(ed25519.public_of(seed)),
        warning=PLAIN,
        seed=_b64(seed),
    )
    return dsse.canonical(form) + b"\n"


def describe(data: bytes) -> KeyFile:
    """What a key file says of its key, without opening it. Raises Malformed."""
    form = _read(data)
    public = dsse.base64_bytes(form.public, 32, "the public key")
    return KeyFile(form.label, form.party, public, form.seed is None)


def unseal(data: bytes, passphrase: bytes = b"") -> bytes:
    """The 32-byte seed of a key file.

    Raises Malformed for what is no key file or asks for more memory than it may, BadSignature for a
    wrong passphrase or a file that was changed.
    """
    form = _read(data)
    if form.seed is not None:
        seed = dsse.base64_bytes(form.seed, 32, "the seed")
    else:
        seed = _unbox(form, passphrase)
    if _b64(ed25519.public_of(seed)) != form.public:
        raise BadSignature("the key file's public key does not belong to its seed")
    return seed


def _unbox(form: _Form, passphrase: bytes) -> bytes:
    if form.ops is None or form.memory is None or form.salt is None or form.box is None:
        raise Malformed("the key file lacks a part of its seal")
    # A hostile file must not make us spend memory or time without bound.
    if not argon2id.OPSLIMIT_MIN <= form.ops <= argon2id.OPSLIMIT_SENSITIVE:
        raise Malformed("the key file asks for more work than is allowed")
    if not argon2id.MEMLIMIT_MIN <= form.memory <= argon2id.MEMLIMIT_SENSITIVE:
        raise Malformed("the key file asks for more memory than is allowed")
    salt = dsse.base64_bytes(form.salt, SALT_BYTES, "the salt")
    box = canonical_base64(
        form.box, "the box", NONCE_BYTES + bindings.crypto_secretbox_MACBYTES + 32
    )
    key = argon2id.kdf(
        secret.SecretBox.KEY_SIZE, passphrase, salt, opslimit=form.ops, memlimit=form.memory
    )
    try:
        return secret.SecretBox(key).decrypt(box)
    except CryptoError as error:
        raise BadSignature("the passphrase is wrong, or the key file was changed") from error


def _read(data: bytes) -> _Form:
    if len(data) > MAX_FILE or not data.endswith(b"\n"):
        raise Malformed("not a key file")
    form: _Form = dsse.parse_json(data[:-1], _decoder, "a key file")
    if form.packtraceKey != VERSION:
        raise Malformed(f"key file version {form.packtraceKey} is not known")
    if (form.seed is None) == (form.box is None) or (form.seed is None) != (form.warning is None):
        raise Malformed("a key file is sealed, or plain and marked so")
    return form


def _b64(raw: bytes) -> str:
    return b64encode(raw).decode()
