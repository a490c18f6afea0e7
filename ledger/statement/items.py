"""The salted tree by which a statement commits to its packs, and one pack's path in it.

One signature covers a million packs; a path shows no sibling, no rank, no number (statement.md 4).
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import msgspec

from ledger.errors import BadProof, Malformed, Refused
from ledger.tlog import merkle

MAX_DEPTH: Final = 24
SALT_BYTES: Final = 16
MAX_ID: Final = 65_535  # its length is a u16


class Item(msgspec.Struct, frozen=True, order=True, gc=False):
    """A pack or logistic unit: canonical Digital Link, and 32 bytes of extra or none."""

    id: str
    extra: bytes = b""


def salt_of(secret: bytes, item: str) -> bytes:
    """HMAC-SHA256(secret, id)[:16]: blinds the leaf of one item."""
    return hmac.digest(secret, item.encode(), "sha256")[:SALT_BYTES]


def leaf(salt: bytes, item: str, extra: bytes = b"") -> bytes:
    """SHA-256(0x00 || salt || u16be(len id) || id || extra). Raises Malformed for too long an id."""
    raw = item.encode()
    if len(raw) > MAX_ID:
        raise Malformed(f"an identifier has at most {MAX_ID} bytes")
    return sha256(b"\x00" + salt + len(raw).to_bytes(2, "big") + raw + extra).digest()


def filler(secret: bytes, number: int) -> bytes:
    """The leaf that pads the tree up to a power of two; nobody can tell it from an item's."""
    blind = hmac.digest(secret, b"pad" + number.to_bytes(4, "big"), "sha256")
    return sha256(b"\x02" + blind).digest()


def over_secret(secret: bytes) -> bytes:
    """The secret of the same statement's list of what was found too much."""
    return hmac.digest(secret, b"over", "sha256")


def missing_secret(secret: bytes) -> bytes:
    """The secret of the same statement's list of what was missing in a container."""
    return hmac.digest(secret, b"missing", "sha256")


@dataclass(frozen=True, slots=True)
class ItemPath:
    """What proves one item in a statement: its salt, and the hashes from its leaf to the root."""

    id: str
    extra: bytes
    salt: bytes
    index: int
    path: tuple[bytes, ...]

    def root(self) -> bytes:
        """The root that the path leads to, whatever it is worth."""
        found, place = leaf(self.salt, self.id, self.extra), self.index
        for node in self.path:
            found = merkle.node_hash(node, found) if place & 1 else merkle.node_hash(found, node)
            place >>= 1
        return found

    def verify(self, depth: int, root: bytes) -> None:
        """Check the item against `packtrace:items`. Raises BadProof."""
        if (
            len(self.path) != depth
            or len(self.salt) != SALT_BYTES
            or len(self.extra) not in (0, 32)
        ):
            raise BadProof(f"{self.id}: the path does not have the commitment's depth")
        found = leaf(self.salt, self.id, self.extra)
        merkle.verify_inclusion(self.index, 1 << depth, found, self.path, root)


@dataclass(frozen=True, slots=True)
class Tree:
    """The committed tree over items: `leaves` are all 2**depth leaf hashes, ascending."""

    secret: bytes
    depth: int
    root: bytes
    leaves: tuple[bytes, ...]

    @classmethod
    def build(cls, items: Sequence[Item], secret: bytes) -> Tree:
        """Build the tree; the order of `items` does not matter.

        Raises Malformed for none, or more than 2**24; Refused `items-mismatch` for an id twice.
        """
        if not 1 <= len(items) <= 1 << MAX_DEPTH:
            raise Malformed(f"a statement names 1 to {1 << MAX_DEPTH} items, not {len(items)}")
        if len(items) == 1:
            only = leaf(salt_of(secret, items[0].id), items[0].id, items[0].extra)
            return cls(secret, 0, only, (only,))
        if len({item.id for item in items}) != len(items):
            raise Refused("items-mismatch", "an item is named twice; name each once")
        depth = (len(items) - 1).bit_length()
        found = [leaf(salt_of(secret, item.id), item.id, item.extra) for item in items]
        found += [filler(secret, j) for j in range((1 << depth) - len(found))]
        found.sort()
        return cls(secret, depth, merkle.root_of(found), tuple(found))

    def path(self, item: Item) -> ItemPath:
        """The proof of one item. Raises LookupError when it is not in the tree."""
        salt = salt_of(self.secret, item.id)
        wanted = leaf(salt, item.id, item.extra)
        try:
            index = self.leaves.index(wanted)
        except ValueError as error:
            raise LookupError(f"{item.id} is not in this tree") from error
        place, row, path = index, list(self.leaves), []
        for _ in range(self.depth):
            path.append(row[place ^ 1])
            row = [merkle.node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
            place >>= 1
        return ItemPath(item.id, item.extra, salt, index, tuple(path))
