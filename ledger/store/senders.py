"""By whom a site's stock was sent to it, by lot: who is to take it back where the site may not sell it.

Packs in containers count as their outermost container came.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ledger.store.database import Store

_HERE: Final = "item.site = ? AND item.status = 'active' AND item.parent = ''"


class Sent(NamedTuple):
    """Packs of a lot at a site, and the site that shipped them there, "" where they began there."""

    gtin: str
    lot: str
    came: str
    packs: int


def senders(store: Store, site: str) -> list[Sent]:
    """A site's stock by lot and sender."""
    found: dict[tuple[str, str, str], int] = {}
    loose = (
        "SELECT substr(item.id, 23, 14), item.lot, item.came, COUNT(*) FROM item "
        f"WHERE {_HERE} AND item.lot <> '' GROUP BY substr(item.id, 23, 14), item.lot, item.came"
    )
    contained = (
        "SELECT content.gtin, content.lot, item.came, SUM(content.n) FROM item "
        f"JOIN content ON content.container = item.id WHERE {_HERE} AND item.lot = '' "
        "GROUP BY content.gtin, content.lot, item.came"
    )
    for sql in (loose, contained):
        for gtin, lot, came, packs in store.rows(sql, (site,)):
            key = (gtin, lot, came)
            found[key] = found.get(key, 0) + int(packs)
    return [Sent(*key, packs) for key, packs in sorted(found.items())]
