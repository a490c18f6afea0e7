"""The US transaction information and statement of a shipment (DSCSA; FD&C Act sections 581(26), (27)).

Serialised: each package by GTIN, serial, lot and expiry. Transaction history is no longer exchanged.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from app.consignments import Shown
from app.node import node
from ledger.rules.authority import Authority, ProductRecord
from ledger.rules.world import World
from ledger.statement.gs1 import gtin_of, parse_item_id
from ledger.store.shipments import packages_sent

MOST: Final = 2_000  # packages that a printed note lists one by one
US: Final = "US"


class Package(NamedTuple):
    """One serialised package; `sscc` of the outermost container it was sent in, "" for none."""

    gtin: str
    lot: str
    expiry: str
    serial: str
    sscc: str


class Product(NamedTuple):
    """What was sent of one product."""

    record: ProductRecord | None
    gtin: str
    lots: list[dict[str, Any]]
    packs: int


class Transaction(NamedTuple):
    """What the note says. `statement` is there for a change of ownership within the US."""

    products: list[Product]
    packages: list[Package]
    more: int  # packages that are not listed
    seller: str
    buyer: str
    statement: bool


def transaction_of(shown: Shown) -> Transaction:
    """The transaction information of a shipment."""
    found, told = node(), shown.told
    with found.reader.snapshot():
        authority, world = found.reader.authority(), found.reader.world()
        products = _products(authority, told["lots"])
        packages, more = _packages(shown, world)
    seller, buyer = told["soldBy"], told["soldTo"]
    us = any(one.record is not None and US in one.record.product.markets for one in products)
    return Transaction(
        products, packages, more, _party(authority, seller), _party(authority, buyer),
        statement=us and seller != buyer and told["op"] == "ship",
    )  # fmt: skip


def _products(authority: Authority, lots: list[dict[str, Any]]) -> list[Product]:
    by: dict[str, list[dict[str, Any]]] = {}
    for lot in lots:
        by.setdefault(lot["gtin"], []).append(lot)
    return [
        Product(authority.product(gtin), gtin, some, sum(lot["sent"] for lot in some))
        for gtin, some in by.items()
    ]


def _packages(shown: Shown, world: World) -> tuple[list[Package], int]:
    total = sum(lot["sent"] for lot in shown.told["lots"])
    expiries = {(lot["gtin"], lot["lot"]): lot["expiry"] for lot in shown.told["lots"]}
    packages = []
    for item, lot, root in packages_sent(node().store, world, shown.consignment, MOST):
        gtin = gtin_of(item)
        sscc = parse_item_id(root).sscc if root else ""
        expiry = expiries.get((gtin, lot), "")
        packages.append(Package(gtin, lot, expiry, parse_item_id(item).serial, sscc))
    return packages, max(0, total - len(packages))


def _party(authority: Authority, gln: str) -> str:
    record = authority.party(gln)
    return f"{record.name} ({gln})" if record else gln
