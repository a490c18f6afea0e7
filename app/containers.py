"""Containers as the site that holds them sees them: what is inside, in what, and the label."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import abort
from flask_babel import gettext as _

from app.goods import label_json, product_name
from app.node import node
from ledger.errors import Malformed
from ledger.rules.authority import Authority
from ledger.rules.state import ACTIVE, Row
from ledger.rules.world import World
from ledger.statement import gs1
from ledger.store import units
from ledger.store.desk import Person

LINES = 3  # lots that a label names; of more it tells the number


class Line(NamedTuple):
    """A container in a list, with what it holds by lot."""

    sscc: str
    held: bool
    nested: int
    lots: list[dict[str, Any]]

    @property
    def packs(self) -> int:
        """How many packs are anywhere inside."""
        return sum(one["packs"] for one in self.lots)


class Shown(NamedTuple):
    """A container with all that its page needs; `children` are as lists of goods name them."""

    line: Line
    row: Row
    around: list[str]  # SSCCs of the containers it is in, the innermost first
    children: list[dict[str, Any]]
    more: int


def at_site(who: Person, most: int, after: str, like: str) -> list[Line]:
    """The outermost containers of a person's site, from behind one, with what they hold."""
    found = node()
    there = units.outermost(found.store, who.site, most, after, like)
    return _lines([one.id for one in there], {one.id for one in there if one.held})


def show(sscc: str, who: Person, most: int) -> Shown:
    """A container that lies at a person's site. Raises Malformed; ends in 404 for any other."""
    item = gs1.sscc(sscc)
    found = node()
    world, authority = found.reader.world_of([item]), found.reader.authority()
    row = world.row(item)
    around = list(world.chain(row)) if row is not None else []
    root = around[-1] if around else row
    if row is None or root is None or root.site != who.site or root.status != ACTIVE:
        abort(404, _("No such container is at this site."))
    inside = list(world.children(item))
    shown = inside[:most]
    world = found.reader.world_of([item, *shown])
    [line] = _lines([item], {item} if row.hold else set())
    children = [_child(world, authority, one) for one in shown]
    ssccs = [gs1.parse_item_id(one.id).sscc for one in around]
    return Shown(line, row, ssccs, children, len(inside) - len(shown))


def _child(world: World, authority: Authority, item: str) -> dict[str, Any]:
    row = world.row(item)
    return {"id": item, "held": bool(row and row.hold), **label_json(world, authority, item)}


def _lines(items: list[str], held: set[str]) -> list[Line]:
    found = node()
    authority, world = found.reader.authority(), found.reader.world()
    nested = units.nested(found.store, items)
    lots: dict[str, list[dict[str, Any]]] = {item: [] for item in items}
    for one in units.contents(found.store, items):
        record = world.lot(one.gtin, one.lot)
        lots[one.container].append(
            {
                "gtin": one.gtin, "lot": one.lot, "product": product_name(authority, one.gtin),
                "expiry": record.expiry.isoformat() if record else "", "packs": one.packs, "held": one.held,
            }
        )  # fmt: skip
    return [
        Line(gs1.parse_item_id(item).sscc, item in held, nested.get(item, 0), lots[item])
        for item in items
    ]


def label_lines(line: Line) -> list[tuple[str, str]]:
    """What a container's label says of its content, by GS1's titles for it."""
    if len(line.lots) > LINES:
        return [("CONTENT", f"{len(line.lots)} lots"), ("COUNT (37)", str(line.packs))]
    return [
        told
        for one in line.lots
        for told in (
            ("CONTENT (02)", one["gtin"]),
            ("COUNT (37)", f"{one['packs']}   BATCH/LOT (10)  {one['lot']}"),
            ("EXPIRY (17)", one["expiry"]),
        )
    ] or [("CONTENT", "empty")]


def read_after(text: str) -> str:
    """Behind which container a list goes on, by its SSCC. Raises Malformed."""
    return gs1.sscc(text) if text else ""


def read_digits(text: str) -> str:
    """A part of an SSCC. Raises Malformed."""
    found = "".join(text.split())
    if found and not (found.isascii() and found.isdigit() and len(found) <= 18):
        raise Malformed(_("search by digits of the SSCC"))
    return found
