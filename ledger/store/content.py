"""Items and secrets: what a statement commits to and the log does not hold.

One module, so that sealing them at rest, and erasing them, has one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from ledger.errors import Malformed
from ledger.statement.items import Item, ItemPath, Tree
from ledger.store.database import Store

_decoder: Final = msgspec.json.Decoder(list[tuple[str, str]])
_encoder: Final = msgspec.json.Encoder()

ContentRow = tuple[int, bytes, bytes]


def row_of(index: int, items: Sequence[Item], secret: bytes) -> ContentRow:
    """The row that keeps a statement's items."""
    return index, secret, _encoder.encode([(item.id, item.extra.hex()) for item in items])


def put(store: Store, rows: Sequence[ContentRow]) -> None:
    """Keep the items of statements; inside the write transaction."""
    store.insert("INSERT INTO items (idx, secret, data) VALUES (?, ?, ?)", rows)


def items(store: Store, index: int) -> tuple[Item, ...]:
    """The items of a statement, sorted by id; none for a statement without."""
    return _get(store, index)[0]


def _get(store: Store, index: int) -> tuple[tuple[Item, ...], bytes]:
    row = store.one("SELECT secret, data FROM items WHERE idx = ?", (index,))
    if row is None:
        return (), b""
    return read(index, row[1]), bytes(row[0])


def read(index: int, data: bytes) -> tuple[Item, ...]:
    """A row's items. Raises Malformed when the row was damaged."""
    try:
        return tuple(Item(item, bytes.fromhex(extra)) for item, extra in _decoder.decode(data))
    except (msgspec.MsgspecError, ValueError) as error:
        raise Malformed(f"table items, row {index}: {error}") from error


def path(store: Store, index: int, item: str) -> ItemPath:
    """The proof of one item in a statement. Raises LookupError when it is not named there."""
    found, secret = _get(store, index)
    for candidate in found:
        if candidate.id == item:
            return Tree.build(found, secret).path(candidate)
    raise LookupError(f"statement {index} does not name {item}")
