"""Which packs a hold or recall reaches: its scope, and through repacking what was made of it.

The rule is `marks.on_lots` and `marks.on_pack`; here it is asked for all packs at once, so that they
can be counted where they lie. How many there are where is left to `recall_counts`.
"""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock
from typing import Final, NamedTuple

from ledger.rules.authority import Mark
from ledger.rules.state import LotKey
from ledger.statement.gs1 import gtin_of
from ledger.store import content, lots
from ledger.store.database import Store
from ledger.store.lots import Making

_STEP: Final = "commission"


class Aim(NamedTuple):
    """What a hold or recall names of a product: some lots, some packs, one commissioning, or all.

    `listed` is None unless single packs are named, which are all of the product.
    """

    gtin: str
    lots: frozenset[str] | None = None
    listed: frozenset[str] | None = None
    statement: str = ""


class Extent(NamedTuple):
    """The packs that are reached, so that none is in two of the three.

    `lots` whole; `births` are statements all of whose packs are in, though their lot is not; `listed`
    are single packs. `commissioned` counts them all, of which `repacked` were made by repacking.
    """

    lots: frozenset[LotKey]
    births: frozenset[int]
    listed: frozenset[str]
    commissioned: int
    repacked: int


class Births:
    """Which statement brought packs of which lot onto the record: read once, as it never changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._known: dict[int, Making] = {}  # guarded by _lock; always a whole new one
        self._seen = -1

    def all(self) -> dict[int, Making]:
        """All of them by index; do not change the answer."""
        newest = self._store.one("SELECT MAX(idx) FROM act WHERE op IN ('commission', 'repack')")
        last = newest[0] if newest and newest[0] is not None else -1
        with self._lock:
            if last > self._seen:
                fresh = {one.index: one for one in lots.births(self._store, self._seen + 1)}
                self._known = {**self._known, **fresh}
                self._seen = last
            return self._known


def aim_of(store: Store, mark: Mark) -> Aim:
    """What a mark that is on the log names; packs of other products in its list are not marked."""
    listed = None
    if mark.listed:
        ids = (item.id for item in content.items(store, mark.id))
        listed = frozenset(item for item in ids if gtin_of(item) == mark.gtin)
    return Aim(mark.gtin, mark.lots, listed, mark.statement)


def extent(store: Store, aim: Aim, births: dict[int, Making]) -> Extent:
    """The packs that an aim reaches now."""
    if aim.listed is None and not aim.statement:
        return _of(births, _whole_lots(store, aim, births), frozenset(), frozenset(), 0)
    chosen = {i for i, one in births.items() if one.id == aim.statement and one.gtin == aim.gtin}
    found = _made_of(store, births, chosen, aim.listed or frozenset())
    by_lot: dict[LotKey, set[int]] = {}
    for index, one in births.items():
        by_lot.setdefault((one.gtin, one.lot), set()).add(index)
    whole = frozenset(lot for lot, indexes in by_lot.items() if indexes <= found)
    part = frozenset(i for i in found if (births[i].gtin, births[i].lot) not in whole)
    born = _born(store, aim.listed or ())
    left = frozenset(item for item, index in born.items() if index not in found)
    again = sum(births[born[item]].op != _STEP for item in left if born[item] in births)
    return _of(births, whole, part, left, again)


def _of(
    births: dict[int, Making], whole: frozenset[LotKey], part: frozenset[int],
    left: frozenset[str], again: int,
) -> Extent:  # fmt: skip
    inside = [one for i, one in births.items() if (one.gtin, one.lot) in whole or i in part]
    made = sum(one.packs for one in inside if one.op != _STEP)
    packs = sum(one.packs for one in inside)
    return Extent(whole, part, left, packs + len(left), made + again)


def _whole_lots(store: Store, aim: Aim, births: dict[int, Making]) -> frozenset[LotKey]:
    """The lots that are named, and those that anything of them was repacked into, at any remove."""
    made = {(one.gtin, one.lot) for one in births.values()}
    found = {k for k in made if k[0] == aim.gtin and (aim.lots is None or k[1] in aim.lots)}
    into: dict[LotKey, list[LotKey]] = {}
    for gtin, lot, *source in store.rows("SELECT gtin, lot, from_gtin, from_lot FROM origin"):
        into.setdefault((source[0], source[1]), []).append((gtin, lot))
    todo = list(found)
    while todo:
        fresh = [key for key in into.get(todo.pop(), ()) if key not in found]
        found.update(fresh)
        todo += fresh
    return frozenset(found)


def _made_of(
    store: Store, births: dict[int, Making], chosen: set[int], listed: frozenset[str]
) -> set[int]:
    """Statements of which all packs are in: what was made together was made of the same."""
    found = set(chosen)
    took: dict[int, list[int]] = {}
    for index, check_out in store.rows("SELECT idx, check_out FROM input ORDER BY idx"):
        took.setdefault(index, []).append(check_out)
    for index, check_outs in took.items():  # by index: what went in was there before
        if index not in births:
            continue
        went_in = {item for one in check_outs for item in _named(store, one)}
        if went_in & listed or not found.isdisjoint(_born(store, went_in).values()):
            found.add(index)
    return found


def _named(store: Store, index: int) -> tuple[str, ...]:
    row = store.one("SELECT id FROM entry WHERE idx = ?", (index,))
    return content.every_id(store, row[0]) if row else ()


def _born(store: Store, items: Iterable[str]) -> dict[str, int]:
    """By which statement packs came onto the record; those that never did are left out."""
    landed = {-k: index for k, index in store.rows("SELECT k, idx FROM batch WHERE idx >= 0")}
    rows = store.rows_in("SELECT id, born FROM item WHERE lot <> '' AND id IN (IN)", items)
    born = ((item, landed.get(index, index)) for item, index in rows)
    return {item: index for item, index in born if index >= 0}
