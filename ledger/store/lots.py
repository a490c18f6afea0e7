"""Lots as who made them sees them: what was commissioned, by which statements, how many packs.

Nothing here reads a lot's packs one by one: they are counted by the statement that brought them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from ledger.statement.gs1 import gtin_of
from ledger.store import content
from ledger.store.database import Store

# Where a long commissioning is still being given its index, its rows stand under its batch's number.
_BORN: Final = "COALESCE((SELECT -batch.k FROM batch WHERE batch.idx = act.idx), act.idx)"
_ANY: Final = "(SELECT item.id FROM item WHERE item.born IN (act.idx, {born}) LIMIT 1)"
# What is observed is no making; said so that no index of observations is taken for it.
_MAKING: Final = "act.op IN ('commission', 'repack') AND act.observed || '' = ''"


class Made(NamedTuple):
    """A lot, and the statement that first brought packs of it onto the record."""

    gtin: str
    lot: str
    expiry: str
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls


class Making(NamedTuple):
    """A statement that brought packs of a lot onto the record; with how many."""

    index: int  # type: ignore[assignment]  # as above
    id: str
    ms: int
    op: str
    site: str
    gtin: str
    lot: str
    packs: int


def newest(store: Store, sites: Iterable[str], most: int, before: int = 1 << 62) -> list[Made]:
    """The lots that some sites began, newest first, from before an index."""
    sql = (
        # Lot by lot: a site has far more acts than there are lots.
        f"SELECT gtin, lot, expiry, idx FROM lot WHERE idx < {int(before)} AND EXISTS "
        "(SELECT 1 FROM act WHERE act.idx = lot.idx AND act.site IN (IN)) "
        f"ORDER BY idx DESC LIMIT {int(most)}"
    )
    return [Made(*row) for row in store.rows_in(sql, sites)]


def makings(
    store: Store, sites: Iterable[str], since: int, lot: tuple[str, str] | None = None
) -> list[Making]:
    """The statements by which some sites brought packs onto the record, from an index on, by index.

    `lot` (GTIN, lot number) asks for those of one lot alone.
    """
    sql = (
        "SELECT act.idx, act.id, act.ms, act.op, act.site, item.id, item.lot "
        f"FROM act JOIN item ON item.id = {_ANY.format(born=_BORN)} "
        f"WHERE act.site IN (IN) AND act.idx >= {int(since)} AND {_MAKING} AND item.lot <> ''"
    )
    found = []
    for index, statement, ms, op, site, item, name in store.rows_in(sql, sites):
        gtin = gtin_of(item)
        if lot is None or lot == (gtin, name):
            packs = content.count(store, statement) or _counted(store, index)
            found.append(Making(index, statement, ms, op, site, gtin, name, packs))
    return sorted(found)


def births(store: Store, since: int) -> list[Making]:
    """The statements by which anybody brought packs onto the record, from an index on, by index."""
    sql = (
        "SELECT act.idx, act.id, act.ms, act.op, act.site, item.id, item.lot "
        f"FROM act JOIN item ON item.id = {_ANY.format(born=_BORN)} "
        f"WHERE act.idx >= ? AND {_MAKING} AND item.lot <> '' ORDER BY act.idx"
    )
    return [
        Making(index, statement, ms, op, site, gtin_of(item), lot,
               content.count(store, statement) or _counted(store, index))
        for index, statement, ms, op, site, item, lot in store.rows(sql, (since,))
    ]  # fmt: skip


def _counted(store: Store, index: int) -> int:
    """How many packs a statement brought whose own list was erased."""
    born = "(?, COALESCE((SELECT -k FROM batch WHERE idx = ?), ?))"
    row = store.one(f"SELECT COUNT(*) FROM item WHERE born IN {born}", (index, index, index))
    return int(row[0]) if row else 0


def packs_between(store: Store, made: Sequence[Making], start: int, end: int) -> list[str]:
    """Some of the packs that statements brought, in the order of these and by id."""
    found: list[str] = []
    for one in made:
        if end <= 0:
            break
        if start < one.packs:
            found += content.ids_between(store, one.id, max(0, start), min(end, one.packs))
        start, end = start - one.packs, end - one.packs
    return found


def maker(store: Store, index: int) -> str:
    """The party whose statement at an index brought packs onto the record, "" for none."""
    row = store.one(f"SELECT act.by FROM act WHERE idx = ? AND {_MAKING}", (index,))
    return str(row[0]) if row else ""


def held(store: Store, sites: Iterable[str], gtin: str, lot: str) -> bool:
    """Whether some sites hold packs of a lot now, loose or in containers."""
    of_lot = "gtin = ? AND lot = ?"
    for site in sites:
        loose = f"SELECT 1 FROM loose WHERE site = ? AND {of_lot} AND status = 'active' AND n > 0"
        inside = (
            "SELECT 1 FROM item JOIN content ON content.container = item.id WHERE item.site = ? "
            f"AND item.status = 'active' AND item.parent = '' AND item.lot = '' AND {_inside(of_lot)} "
            "AND content.n > 0 LIMIT 1"
        )
        if store.one(loose, (site, gtin, lot)) or store.one(inside, (site, gtin, lot)):
            return True
    return False


def _inside(of_lot: str) -> str:
    return of_lot.replace("gtin", "content.gtin").replace("lot =", "content.lot =")
