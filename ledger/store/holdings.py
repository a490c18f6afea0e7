"""What a site holds and has sent off: by lot and state, loose or inside its outermost containers.

Nothing here reads packs one by one: loose ones are counted in `loose`, the others in `content`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ledger.store.database import Store

_CONTAINED: Final = (
    "FROM item JOIN content ON content.container = item.id WHERE item.site = ? "
    "AND item.status IN ('active', 'in_transit') AND item.parent = '' AND item.lot = ''"
)
_HELD: Final = "CASE WHEN item.hold <> '' THEN content.n ELSE content.held END"


class Holding(NamedTuple):
    """Packs of one lot in one state at a site."""

    gtin: str
    lot: str
    status: str  # active, or in_transit: sent off and not received
    held: bool  # on hold by a quarantine
    loose: int
    contained: int  # inside containers
    containers: int  # how many of these there are

    @property
    def packs(self) -> int:
        """All of them."""
        return self.loose + self.contained


class Inside(NamedTuple):
    """Packs of one lot inside one of a site's outermost containers."""

    container: str
    status: str
    gtin: str
    lot: str
    packs: int
    held: int


def holdings(store: Store, site: str) -> list[Holding]:
    """A site's stock and what it has under way, by GTIN, lot and state."""
    found: dict[tuple[str, str, str, bool], list[int]] = {}

    def add(key: tuple[str, str, str, int], *more: int) -> None:
        gtin, lot, status, held = key
        counts = found.setdefault((gtin, lot, status, bool(held)), [0, 0, 0])
        for place, number in enumerate(more):
            counts[place] += number

    sql = "SELECT gtin, lot, status, held, n FROM loose WHERE site = ?"
    for *key, n in store.rows(sql, (site,)):
        add((key[0], key[1], key[2], key[3]), n)
    sql = (
        "SELECT content.gtin, content.lot, item.status, SUM(content.n), "
        f"SUM({_HELD}), SUM(CASE WHEN {_HELD} < content.n THEN 1 ELSE 0 END), "
        f"SUM(CASE WHEN {_HELD} > 0 THEN 1 ELSE 0 END) {_CONTAINED} "
        "GROUP BY content.gtin, content.lot, item.status"
    )
    for gtin, lot, status, n, held, free_in, held_in in store.rows(sql, (site,)):
        if n > held:
            add((gtin, lot, status, 0), 0, int(n - held), int(free_in))
        if held:
            add((gtin, lot, status, 1), 0, int(held), int(held_in))
    return [Holding(*key, *counts) for key, counts in sorted(found.items())]


def containers(store: Store, site: str) -> list[Inside]:
    """The outermost containers of a site and what they hold, by id."""
    sql = f"SELECT item.id, item.status, content.gtin, content.lot, content.n, {_HELD} {_CONTAINED}"
    return sorted(Inside(*row) for row in store.rows(sql, (site,)))
