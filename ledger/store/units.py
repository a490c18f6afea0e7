"""Containers at a site: what they hold by lot, and what is nested in what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from ledger.store.database import Store

_UNIT: Final = "https://id.gs1.org/00/"


class Unit(NamedTuple):
    """A container at a site that is in no other."""

    id: str
    held: bool  # it is on hold by a quarantine, and all it holds with it


class Held(NamedTuple):
    """Packs of one lot anywhere inside a container."""

    container: str
    gtin: str
    lot: str
    packs: int
    held: int


def outermost(store: Store, site: str, most: int, after: str = "", like: str = "") -> list[Unit]:
    """A site's outermost containers by id, from behind one; `like` are digits that the SSCC holds."""
    # Each in the order of the index; those on hold are few.
    where = (
        "site = ? AND status = 'active' AND parent = '' AND lot = '' AND id > ? AND id LIKE ? "
        "ORDER BY id LIMIT ?"
    )
    values = (site, after, f"{_UNIT}%{like}%", most)
    found = [
        Unit(item, held)
        for held, hold in ((False, "hold = ''"), (True, "hold > ''"))
        for (item,) in store.rows(f"SELECT id FROM item WHERE {hold} AND {where}", values)
    ]
    return sorted(found)[:most]


def contents(store: Store, containers: Iterable[str]) -> list[Held]:
    """What containers hold by lot, whatever it is nested in."""
    sql = "SELECT container, gtin, lot, n, held FROM content WHERE n > 0 AND container IN (IN)"
    return sorted(Held(*row) for row in store.rows_in(sql, containers))


def nested(store: Store, containers: Iterable[str]) -> dict[str, int]:
    """How many containers lie directly inside each."""
    sql = (
        f"SELECT parent, COUNT(*) FROM membership WHERE to_idx = -1 AND child LIKE '{_UNIT}%' "
        "AND parent IN (IN) GROUP BY parent"
    )
    return dict(store.rows_in(sql, containers))
