"""Items and secrets: what a statement commits to and the log does not hold, sealed at rest.

One module, so that sealing them, and erasing them, has one place. Each row is sealed for its own
place (XChaCha20-Poly1305, the place as associated data) by a key that lies in a file outside the
database. A pack's proof in a list of a million reads a handful of rows.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from ledger.errors import Malformed
from ledger.statement.items import Item, ItemPath, Tree, leaf, salt_of
from ledger.statement.submission import LISTS, Submission, list_secret
from ledger.store.database import Store
from ledger.tlog import merkle

PART: Final = 1024  # items in a row; a list that needs more has its leaf hashes kept as tiles
TILE: Final = 256
_NONCE: Final = 24
NAMED: Final = ("ref", "list", "part", "first", "data")
LEAF: Final = ("ref", "list", "level", "tile", "first", "data")

_decoder: Final = msgspec.json.Decoder(tuple[str, list[tuple[str, str]]])
_encoder: Final = msgspec.json.Encoder()


class Rows(NamedTuple):
    """What is written for some statements: rows of the tables named and leaf.

    The secret lies in the first row of the list of items. The rows' first column is the statement's
    index, so that they are appended in order; for one that is written ahead of its landing it is
    `ahead_of` the statement.
    """

    named: list[tuple[int, int, int, str, bytes]]
    leaves: list[tuple[int, int, int, int, bytes, bytes]]

    def placed(self, index: int) -> Rows:
        """The same rows for a statement that lands at an index."""
        return Rows([(index, *n[1:]) for n in self.named], [(index, *n[1:]) for n in self.leaves])


def ahead_of(statement: str) -> int:
    """What stands for the index of a statement whose rows are written before it lands."""
    return -1 - int(statement[:15], 16)


def rows_of(key: bytes, submission: Submission, trees: dict[str, Tree], ref: int) -> Rows:
    """The rows that keep a submission's lists; `trees` as `fit_items` answers them."""
    rows = Rows([], [])
    statement = submission.statement.id
    secret = submission.secret.hex()
    for place, name in enumerate(LISTS):
        items: Sequence[Item] = getattr(submission, name)
        for part, start in enumerate(range(0, len(items), PART)):
            some = items[start : start + PART]
            data = _encoder.encode((secret, [(item.id, item.extra.hex()) for item in some]))
            secret = ""
            sealed = _seal(key, statement, place, part, data)
            rows.named.append((ref, place, part, some[0].id, sealed))
        if len(items) > PART:
            rows.leaves.extend(_tiles(ref, place, trees[name]))
    return rows


def _tiles(ref: int, place: int, tree: Tree) -> Iterator[tuple[int, int, int, int, bytes, bytes]]:
    level, row = 0, list(tree.leaves)
    while len(row) > 1:
        for number, start in enumerate(range(0, len(row), TILE)):
            some = row[start : start + TILE]
            yield ref, place, level, number, some[0], b"".join(some)
        row = [merkle.root_of(row[start : start + TILE]) for start in range(0, len(row), TILE)]
        level += 1


def slices(rows: Rows, size: int) -> Iterator[Rows]:
    """The same rows, at most `size` of each table at a time."""
    longest = max(len(rows.named), len(rows.leaves))
    for start in range(0, longest, size):
        yield Rows(*(part[start : start + size] for part in rows))  # type: ignore[arg-type]  # each keeps its type


def put(store: Store, some: Iterable[Rows]) -> None:
    """Keep the lists of statements; inside the write transaction."""
    rows = list(some)
    store.insert("named", NAMED, [n for r in rows for n in r.named])
    store.insert("leaf", LEAF, [n for r in rows for n in r.leaves])


def erase(store: Store, statements: Iterable[str]) -> None:
    """Delete the lists and secrets of statements; inside the write transaction."""
    wanted = [(_ref(store, statement),) for statement in statements]
    for table in ("named", "leaf"):
        store.execute_each(f"DELETE FROM {table} WHERE ref = ?", wanted)


def _ref(store: Store, statement: str) -> int:
    sql = (
        "SELECT named.ref FROM entry JOIN named ON named.ref = entry.idx AND named.list = 0 "
        "AND named.part = 0 WHERE entry.id = ?"
    )
    row = store.one(sql, (statement,))
    return int(row[0]) if row else ahead_of(statement)


def items(store: Store, statement: str, name: str = "items") -> tuple[Item, ...]:
    """One of a statement's lists, sorted by id; none for a statement without."""
    return _items(store, statement, _ref(store, statement), LISTS.index(name))


def _items(store: Store, statement: str, ref: int, place: int) -> tuple[Item, ...]:
    sql = "SELECT part, data FROM named WHERE ref = ? AND list = ? ORDER BY part"
    return tuple(
        item
        for part, data in store.rows(sql, (ref, place))
        for item in _read(store.key, statement, place, part, data)[1]
    )


def count(store: Store, statement: str) -> int:
    """How many items a statement acts on; a long list is not read for it."""
    sql = "SELECT part, data FROM named WHERE ref = ? AND list = 0 ORDER BY part DESC LIMIT 1"
    row = store.one(sql, (_ref(store, statement),))
    return row[0] * PART + len(_read(store.key, statement, 0, row[0], row[1])[1]) if row else 0


def ids_between(store: Store, statement: str, start: int, end: int) -> list[str]:
    """The ids at some places of a statement's items; only the parts that hold them are read."""
    parts = (start // PART, max(start, end - 1) // PART)
    sql = "SELECT part, data FROM named WHERE ref = ? AND list = 0 AND part BETWEEN ? AND ? ORDER BY part"
    found = [
        item.id
        for part, data in store.rows(sql, (_ref(store, statement), *parts))
        for item in _read(store.key, statement, 0, part, data)[1]
    ]
    skipped = parts[0] * PART
    return found[start - skipped : max(start, end) - skipped]


def every_id(store: Store, statement: str) -> tuple[str, ...]:
    """The ids that a statement names, in whichever list."""
    ref = _ref(store, statement)
    return tuple(
        item.id for place in range(len(LISTS)) for item in _items(store, statement, ref, place)
    )


def secret(store: Store, statement: str) -> bytes:
    """The secret of a statement's items, b"" for a statement without."""
    return _secret(store, statement, _ref(store, statement))


def _secret(store: Store, statement: str, ref: int) -> bytes:
    row = store.one("SELECT data FROM named WHERE ref = ? AND list = 0 AND part = 0", (ref,))
    return _read(store.key, statement, 0, 0, row[0])[0] if row else b""


def path(store: Store, statement: str, item: str) -> ItemPath:
    """The proof of one item in whichever of a statement's lists names it.

    Raises LookupError when none does.
    """
    ref = _ref(store, statement)
    place, found = _find(store, statement, ref, item)
    blinding = list_secret(LISTS[place], _secret(store, statement, ref))
    many = store.one(
        "SELECT 1 FROM leaf WHERE ref = ? AND list = ? AND level = 0 AND tile = 0", (ref, place)
    )
    if many is not None:
        return _path_by_tiles(store, statement, ref, place, found, blinding)
    return Tree.build(_items(store, statement, ref, place), blinding).path(found)


def list_of(store: Store, statement: str, item: str) -> str:
    """Which of a statement's lists names an item. Raises LookupError when none does."""
    return LISTS[_find(store, statement, _ref(store, statement), item)[0]]


def item(store: Store, statement: str, wanted: str) -> Item:
    """An item as a statement names it. Raises LookupError when it does not."""
    return _find(store, statement, _ref(store, statement), wanted)[1]


def _find(store: Store, statement: str, ref: int, item: str) -> tuple[int, Item]:
    """The place of the list that names an item, and the item as it stands there."""
    sql = (
        "SELECT part, data FROM named WHERE ref = ? AND list = ? AND first <= ? "
        "ORDER BY part DESC LIMIT 1"
    )
    for place in range(len(LISTS)):
        row = store.one(sql, (ref, place, item))
        some = _read(store.key, statement, place, row[0], row[1])[1] if row is not None else []
        for found in some:
            if found.id == item:
                return place, found
    raise LookupError(f"statement {statement} does not name {item}")


def _path_by_tiles(
    store: Store, statement: str, ref: int, place: int, item: Item, blinding: bytes
) -> ItemPath:
    salt = salt_of(blinding, item.id)
    wanted = leaf(salt, item.id, item.extra)
    where = "ref = ? AND list = ? AND level = ?"
    row = store.one(
        f"SELECT tile, data FROM leaf WHERE {where} AND first <= ? ORDER BY tile DESC LIMIT 1",
        (ref, place, 0, wanted),
    )
    hashes = _split(row[1]) if row else []
    if row is None or wanted not in hashes:
        raise Malformed(f"table leaf, statement {statement}: does not hold the leaf of {item.id}")
    tile, inner = int(row[0]), hashes.index(wanted)
    index = tile * TILE + inner
    found, level = [], 0
    while True:
        found += _siblings(hashes, inner)
        level += 1
        tile, inner = divmod(tile, TILE)
        row = store.one(
            f"SELECT data FROM leaf WHERE {where} AND tile = ?", (ref, place, level, tile)
        )
        if row is None:
            return ItemPath(item.id, item.extra, salt, index, tuple(found))
        hashes = _split(row[0])


def _split(data: bytes) -> list[bytes]:
    return [bytes(data[at : at + 32]) for at in range(0, len(data), 32)]


def _siblings(row: list[bytes], place: int) -> list[bytes]:
    """The path of one hash to the root of its tile, whose length is a power of two."""
    found = []
    while len(row) > 1:
        found.append(row[place ^ 1])
        row = [merkle.node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
        place >>= 1
    return found


def _place(statement: str, place: int, part: int) -> bytes:
    return f"{statement} {place} {part}".encode()


def seal(key: bytes, where: bytes, data: bytes) -> bytes:
    """Seal a row for its place, so that it can be read nowhere else."""
    nonce = os.urandom(_NONCE)
    return nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(data, where, nonce, key)


def unseal(key: bytes, where: bytes, sealed: bytes) -> bytes:
    """What a row of this place holds.

    Raises Malformed when it was changed, moved, or sealed by another key.
    """
    try:
        return crypto_aead_xchacha20poly1305_ietf_decrypt(
            sealed[_NONCE:], where, sealed[:_NONCE], key
        )
    except (CryptoError, ValueError) as error:
        raise Malformed(
            f"row {where.decode()} cannot be unsealed: it was changed, or the content key is another"
        ) from error


def _seal(key: bytes, statement: str, place: int, part: int, data: bytes) -> bytes:
    return seal(key, _place(statement, place, part), data)


def _open(key: bytes, statement: str, place: int, part: int, sealed: bytes) -> bytes:
    return unseal(key, _place(statement, place, part), bytes(sealed))


def _read(
    key: bytes, statement: str, place: int, part: int, sealed: bytes
) -> tuple[bytes, list[Item]]:
    """A row's secret, where it holds one, and its items."""
    data = _open(key, statement, place, part, sealed)
    try:
        blinding, found = _decoder.decode(data)
        return bytes.fromhex(blinding), [Item(item, bytes.fromhex(extra)) for item, extra in found]
    except (msgspec.MsgspecError, ValueError) as error:
        raise Malformed(f"table named, statement {statement}, part {part}: {error}") from error
