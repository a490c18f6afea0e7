"""The packs of a site's book stock, one by one: loose, and inside its containers.

Of the lots of one count; whole stocks are counted in `holdings`, without reading packs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ledger.rules.state import LotKey
from ledger.rules.world import World
from ledger.statement.gs1 import gtin_of
from ledger.store.database import Store

_HERE = "site = ? AND status = 'active' AND parent = ''"


def packs_of_lots(
    store: Store, world: World, site: str, lots: Iterable[LotKey]
) -> dict[LotKey, frozenset[str]]:
    """The packs of some lots that a site has in stock, on hold or not."""
    found: dict[LotKey, set[str]] = {key: set() for key in lots}
    for gtin, lot in found:
        sql = f"SELECT id FROM item WHERE lot = ? AND {_HERE}"
        loose = (item for (item,) in store.rows(sql, (lot, site)))
        found[gtin, lot].update(item for item in loose if gtin_of(item) == gtin)
    units = store.rows(f"SELECT id FROM item WHERE lot = '' AND {_HERE}", (site,))
    for (unit,) in list(units):
        if any(key in found for key in world.content(unit)):
            for key, item in inside(world, unit):
                if key in found:
                    found[key].add(item)
    return {key: frozenset(packs) for key, packs in found.items()}


def inside(world: World, unit: str) -> Iterator[tuple[LotKey, str]]:
    """The packs anywhere inside a container, each with its lot."""
    for row in world.packs_inside(unit):
        yield (gtin_of(row.id), row.lot), row.id
