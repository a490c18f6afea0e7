"""From a number on a recall's board to its packs: what lies at a spot, and what is inside of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from ledger.rules.state import ACTIVE, IN_TRANSIT, INACTIVE
from ledger.statement.gs1 import gtin_of
from ledger.store.database import Store
from ledger.store.recall_counts import GONE, HOLD, STOCK, TRANSIT, roots_of
from ledger.store.recall_extent import Extent
from ledger.store.staging import PENDING

_PACK: Final = "https://id.gs1.org/01/"
_STATUS: Final = {STOCK: ACTIVE, HOLD: ACTIVE, TRANSIT: IN_TRANSIT}
_HELD: Final = {STOCK: " AND about.held = 0", HOLD: " AND about.held = 1"}


class Thing(NamedTuple):
    """A pack, or an outermost container with how many packs of the extent are in it."""

    id: str
    lot: str  # "" of a container
    packs: int
    last: int  # index of the newest statement about it


def things(
    store: Store, extent: Extent, state: str, site: str, most: int, after: str = ""
) -> list[Thing]:
    """What is at a site in a state, outermost, by id from behind one: containers, then packs."""
    found = list(_units(store, extent, state, site, after)) if after < _PACK else []
    found += _packs(store, extent, state, site, most, after)
    return sorted(found)[:most]


def inside(
    store: Store, extent: Extent, unit: str, most: int, after: str = "", *, state: str
) -> list[Thing]:
    """The packs of an extent anywhere inside an outermost container in a state, by id from behind one.

    Of what is in stock, some may be on hold by themselves or by what is around them: the others then.
    """
    sql = (
        "WITH RECURSIVE about (id, held) AS ("
        "SELECT id, CASE WHEN hold <> '' THEN 1 ELSE 0 END FROM item WHERE id = ? "
        "UNION ALL SELECT child.id, CASE WHEN child.hold <> '' THEN 1 ELSE about.held END FROM about "
        "JOIN membership ON membership.parent = about.id AND membership.to_idx = -1 "
        "JOIN item AS child ON child.id = membership.child) "
        "SELECT item.id, item.lot, item.last, item.born FROM about JOIN item ON item.id = about.id "
        f"WHERE item.lot <> '' AND item.id > ?{_HELD.get(state, '')} ORDER BY item.id"
    )
    rows = store.rows(sql, (unit, after))
    return [Thing(i, lot, 1, last) for i, lot, last, born in rows if _in(extent, i, lot, born)][
        :most
    ]


def _in(extent: Extent, item: str, lot: str, born: int) -> bool:
    return (gtin_of(item), lot) in extent.lots or born in extent.births or item in extent.listed


def _standing(state: str) -> tuple[str, list[str]]:
    """A condition on a row that is in a state, with its values."""
    if state in _STATUS:
        hold = {STOCK: " AND hold = ''", HOLD: " AND hold <> ''", TRANSIT: ""}[state]
        return f"status = ?{hold}", [_STATUS[state]]
    reasons = [op for op, one in GONE.items() if one == state]
    marks = ",".join("?" * len(reasons)) or "NULL"
    return f"status = ? AND reason IN ({marks})", [INACTIVE, *reasons]


def _packs(
    store: Store, extent: Extent, state: str, site: str, most: int, after: str
) -> Iterator[Thing]:
    where, values = _standing(state)
    where = f"{where} AND site = ? AND parent = '' AND lot <> '' AND id > ?"
    # Of a long commissioning that has landed, rows may still wait to be given its index.
    landed = {-k: index for k, index in store.rows("SELECT k, idx FROM batch WHERE idx >= 0")}
    if state == STOCK and landed:
        where = f"({where.replace('status = ?', 'status IN (?, ?)', 1)})"
        values = [ACTIVE, PENDING]
    start = after if after > _PACK else _PACK
    while True:
        sql = f"SELECT id, lot, last, born FROM item WHERE {where} ORDER BY id LIMIT ?"
        rows = store.rows(sql, (*values, site, start, most))
        some = [(i, lot, landed.get(n, n), landed.get(n, last)) for i, lot, last, n in rows]
        chosen = [row for row in some if row[2] >= 0 and _in(extent, *row[:3])]
        yield from (Thing(item, lot, 1, last) for item, lot, _, last in chosen)
        most -= len(chosen)
        if most <= 0 or not rows:
            return
        start = rows[-1][0]


def _units(store: Store, extent: Extent, state: str, site: str, after: str) -> Iterator[Thing]:
    counts: dict[str, list[int]] = {}  # packs, and of them on hold
    if extent.lots:
        sql = (
            "SELECT item.id, content.gtin, content.lot, content.n, content.held FROM item "
            "JOIN content ON content.container = item.id "
            "WHERE item.site = ? AND item.parent = '' AND item.lot = ''"
        )
        for unit, gtin, lot, n, held in store.rows(sql, (site,)):
            if (gtin, lot) in extent.lots:
                _add(counts, unit, n, held)
    if extent.births or extent.listed:
        _from_rows(store, extent, counts)
    wanted = _status_of(state)
    for unit, row in _rows_of(store, [one for one in counts if one > after]).items():
        status, reason, at, hold, last = row
        n, held = counts[unit]
        held = n if hold else held
        if at != site or (status, GONE.get(reason, "") if status == INACTIVE else "") != wanted:
            continue
        packs = {STOCK: n - held, HOLD: held}.get(state, n)
        if packs:
            yield Thing(unit, "", packs, last)


def _from_rows(store: Store, extent: Extent, counts: dict[str, list[int]]) -> None:
    landed = store.rows("SELECT k, idx FROM batch WHERE idx >= 0")
    born = [*extent.births, *(-k for k, index in landed if index in extent.births)]
    held = "CASE WHEN hold <> '' THEN 1 ELSE 0 END"
    sql = f"SELECT parent, {held}, COUNT(*) FROM item WHERE {{}} IN (IN) AND parent <> '' GROUP BY parent, {held}"
    rows = [*store.rows_in(sql.format("born"), born)]
    rows += store.rows_in(sql.format("id"), extent.listed)
    roots = roots_of(store, {row[0] for row in rows})
    for parent, on_hold, n in rows:
        root = roots[parent]
        _add(counts, root.id, n, n if on_hold or root.held else 0)


def _add(counts: dict[str, list[int]], unit: str, n: int, held: int) -> None:
    found = counts.setdefault(unit, [0, 0])
    found[0] += n
    found[1] += held


def _status_of(state: str) -> tuple[str, str]:
    return (_STATUS[state], "") if state in _STATUS else (INACTIVE, state)


def _rows_of(store: Store, units: list[str]) -> dict[str, tuple[Any, ...]]:
    sql = "SELECT id, status, reason, site, hold, last FROM item WHERE id IN (IN)"
    return {row[0]: row[1:] for row in store.rows_in(sql, units)}
