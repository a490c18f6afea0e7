"""Serial numbers on record that differ from one that was read in the case of letters alone.

For scanners that send capitals only: which letters were small, the reading cannot tell, the log can.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, unquote

from ledger.store.database import Store

MOST = 2  # more than one is no answer anyway
_SEEKS = 256  # in the index of ids, for one reading: ten times what a lot of a million packs needs
_PAST = "~"  # sorts behind all that a serial number's id may hold


def spelt_alike(store: Store, gtin: str, serial: str) -> list[str]:
    """At most MOST serial numbers of a product that are this one but for the case of letters.

    Letter by letter down the index of ids, and only where something begins so: the number of packs
    hardly counts.
    """
    start = f"https://id.gs1.org/01/{gtin}/21/"
    found: list[str] = []
    todo, left = [""], _SEEKS
    while todo and left > 0 and len(found) < MOST:
        left -= 1
        begun = todo.pop()
        first = _first(store, start + begun)
        if first is None:
            continue
        rest = serial[len(unquote(begun)) :]
        if not rest:
            if first == start + begun:
                found.append(unquote(begun))
            continue
        todo += [begun + quote(letter, safe="") for letter in _cases(rest[0])]
    return found


def _first(store: Store, begin: str) -> str | None:
    """The first id on record that begins so."""
    sql = "SELECT id FROM item WHERE id >= ? AND id < ? ORDER BY id LIMIT 1"
    row = store.one(sql, (begin, begin + _PAST))
    return str(row[0]) if row else None


def _cases(letter: str) -> Iterator[str]:
    yield letter
    if letter.swapcase() != letter:
        yield letter.swapcase()
