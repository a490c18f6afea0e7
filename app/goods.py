"""What an item is, for lists of goods: product, lot, expiry, serial or SSCC, packs inside."""

from __future__ import annotations

from typing import Any

from ledger.rules.authority import Authority
from ledger.rules.world import World
from ledger.statement.gs1 import gtin_of, parse_item_id


def product_name(authority: Authority, gtin: str) -> str:
    """A product's name and strength, "" for one that is not on record."""
    record = authority.product(gtin)
    return f"{record.product.name} {record.product.strength}" if record else ""


def site_name(authority: Authority, gln: str) -> str:
    """A site by its party's name and its own, "" for one that is not on record."""
    site = authority.site(gln)
    party = authority.party(site.party) if site else None
    return f"{party.name}, {site.name}" if site and party else ""


def label_json(world: World, authority: Authority, item: str) -> dict[str, Any]:
    """An item as lists of goods name it; of a container the one product and lot, if it holds one."""
    found, row = parse_item_id(item), world.row(item)
    gtin, lot, packs = gtin_of(item), row.lot if row else "", 1
    if found.sscc:
        inside = world.content(item)
        packs = sum(count.n for count in inside.values())
        gtin, lot = next(iter(inside)) if len(inside) == 1 else ("", "")
    record = world.lot(gtin, lot) if lot else None
    return {
        "product": product_name(authority, gtin),
        "gtin": gtin,
        "lot": lot,
        "expiry": record.expiry.isoformat() if record else "",
        "serial": found.serial,
        "sscc": found.sscc,
        "packs": packs,
    }
