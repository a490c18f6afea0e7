"""/stock: what the site holds and has under way, by product, lot, expiry, state and place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from flask import Blueprint, Response, render_template, request
from flask_babel import lazy_gettext as _

from app.goods import product_name
from app.node import node
from app.session import signed_in
from app.tables import csv_table, json_table
from ledger.rules import marks
from ledger.rules.authority import Authority
from ledger.rules.state import IN_TRANSIT, LotKey
from ledger.rules.world import World
from ledger.statement.gs1 import parse_item_id
from ledger.store.holdings import containers, holdings

blueprint = Blueprint("stock", __name__)
MOST: Final = 300  # lines of one page; the file has them all
STATES: Final = {
    "": _("all"),
    "stock": _("in stock"),
    "hold": _("on hold"),
    "out": _("under way from here"),
    "blocked": _("recalled, withdrawn or expired"),
}
PLACES: Final = {"": _("all"), "loose": _("loose"), "container": _("in containers")}
COLUMNS: Final = ("product", "gtin", "lot", "expiry", "state", "marks", "place", "packs")


class Line(NamedTuple):
    """Packs of one lot in one state and place; `place` is "loose", "container" or an SSCC."""

    product: str
    gtin: str
    lot: str
    expiry: str
    state: str  # stock, hold, out
    marks: list[str]
    place: str
    containers: int
    packs: int

    @property
    def row(self) -> tuple[Any, ...]:
        return (*self[:5], " ".join(self.marks), self.place, self.packs)


@blueprint.get("/stock")
def index() -> str:
    """Lots with what stands against them; filtered by words, state and place."""
    lines = list(_chosen(whole=False))
    return render_template(
        "stock/index.html", lines=lines[:MOST], more=max(0, len(lines) - MOST),
        packs=sum(line.packs for line in lines), states=STATES, places=PLACES,
        chosen={name: request.args.get(name, "") for name in ("q", "state", "place")},
        query=request.query_string.decode("ascii", "replace"),
    )  # fmt: skip


@blueprint.get("/stock.csv")
def as_csv() -> Response:
    """The same as a file, container by container."""
    return csv_table("stock", COLUMNS, (line.row for line in _chosen(whole=True)))


@blueprint.get("/stock.json")
def as_json() -> Response:
    """The same for programs, container by container."""
    rows = [line.row for line in _chosen(whole=True)]
    return json_table(COLUMNS, rows, site=signed_in().site)


def _chosen(*, whole: bool) -> Iterator[Line]:
    who = signed_in()
    wanted = request.args.get("q", "").strip().casefold()
    state, place = request.args.get("state", ""), request.args.get("place", "")
    reader = node().reader
    with reader.snapshot():
        lines = list(_lines(who.site, whole=whole or place == "container"))
    for line in lines:
        if wanted not in f"{line.product} {line.gtin} {line.lot} {line.place}".casefold():
            continue
        if state == "blocked" and not set(line.marks) - {marks.ON_HOLD}:
            continue
        if state in ("stock", "hold", "out") and line.state != state:
            continue
        if place and (line.place == "loose") != (place == "loose"):
            continue
        yield line


def _lines(site: str, *, whole: bool) -> Iterator[Line]:
    """By product's name, then lot; `whole` names each container."""
    found = node()
    reader, now = found.reader, found.clock()
    authority, world = reader.authority(), reader.world()
    known: dict[LotKey, tuple[str, str, list[str]]] = {}

    def line(gtin: str, lot: str, state: str, place: str, n: int, packs: int) -> Line:
        if (gtin, lot) not in known:
            known[gtin, lot] = _lot(world, authority, (gtin, lot), now)
        product, expiry, standing = known[gtin, lot]
        return Line(product, gtin, lot, expiry, state, standing, place, n, packs)

    lines = []
    for one in holdings(found.store, site):
        state = "out" if one.status == IN_TRANSIT else "hold" if one.held else "stock"
        if one.loose:
            lines.append(line(one.gtin, one.lot, state, "loose", 0, one.loose))
        if one.contained and not whole:
            more = one.containers, one.contained
            lines.append(line(one.gtin, one.lot, state, "container", *more))
    for inside in containers(found.store, site) if whole else ():
        sscc = parse_item_id(inside.container).sscc
        out = inside.status == IN_TRANSIT
        for state, packs in (("stock", inside.packs - inside.held), ("hold", inside.held)):
            if packs:
                lines.append(line(inside.gtin, inside.lot, "out" if out else state, sscc, 1, packs))
    yield from sorted(lines, key=lambda one: (one.product.casefold(), one.lot, one.place))


def _lot(world: World, authority: Authority, key: LotKey, now: int) -> tuple[str, str, list[str]]:
    record = world.lot(*key)
    standing = dict.fromkeys(one.mark for one in marks.on_lots(world, authority, [key], now))
    expiry = record.expiry.isoformat() if record else ""
    return product_name(authority, key[0]), expiry, list(standing)
