"""/lots: what the party commissioned, lot by lot; one lot with its documents; commission a lot."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _

from app import commissioning, documents
from app.fingerprints.evidence import enrols
from app.goods import product_name, site_name
from app.lots import OwnLot, own_lot, sites_of
from app.me import me
from app.node import node
from app.session import signed_in
from ledger.errors import Malformed
from ledger.rules import marks
from ledger.store import lots

blueprint = Blueprint("lot_pages", __name__)
PAGE = 50  # lots of one page


class Line(NamedTuple):
    """A lot in the list."""

    product: str
    gtin: str
    lot: str
    expiry: str
    marks: list[str]
    packs: int
    site: str  # the name of another site that began it, "" for this one
    documents: int


@blueprint.get("/lots")
def index() -> str:
    """The lots that the party's sites began, newest first."""
    who, found = signed_in(), node()
    before = _number(request.args.get("before", ""))
    with found.reader.snapshot():
        sites = sites_of(who.party)
        newest = lots.newest(found.store, sites, PAGE + 1, before)
        lines = _lines(newest[:PAGE], sites, who.site, who.party)
    more = newest[PAGE - 1].index if len(newest) > PAGE else 0
    return render_template("lots/index.html", lines=lines, more=more, begun=before < 1 << 62)


def _number(text: str) -> int:
    if not text:
        return 1 << 62
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise Malformed("`before` is the index of an entry")
    return int(text)


def _lines(newest: list[lots.Made], sites: list[str], site: str, party: str) -> list[Line]:
    if not newest:
        return []
    found = node()
    authority, world, now = found.reader.authority(), found.reader.world(), found.clock()
    packs: dict[tuple[str, str], int] = {}
    began: dict[int, str] = {}
    for one in lots.makings(found.store, sites, newest[-1].index):
        packs[one.gtin, one.lot] = packs.get((one.gtin, one.lot), 0) + one.packs
        began[one.index] = one.site
    kept = found.desk.documents.counts(party)
    lines = []
    for lot in newest:
        key = (lot.gtin, lot.lot)
        standing = dict.fromkeys(one.mark for one in marks.on_lots(world, authority, [key], now))
        where = began.get(lot.index, site)
        lines.append(
            Line(
                product_name(authority, lot.gtin), *key, lot.expiry, list(standing), packs.get(key, 0),
                "" if where == site else site_name(authority, where),
                kept.get(documents.about_lot(*key), 0),
            )
        )  # fmt: skip
    return lines


@blueprint.get("/lots/new")
def new() -> str:
    """Commission a lot: a page whose script does it."""
    who = signed_in()
    authority = node().reader.authority()
    told = me() or {}
    products = commissioning.products_of(authority, who.party)
    return render_template(
        "lots/new.html", products=products, most=commissioning.MOST,
        may="commission" in told.get("operations", ()),
        origin=request.host_url.rstrip("/"), today=node().clock(),
    )  # fmt: skip


@blueprint.get("/lots/<gtin>/<path:lot>", merge_slashes=False)  # a lot may hold slashes
def show(gtin: str, lot: str) -> str:
    """A lot: for its maker what was commissioned; its documents, also for who received packs of it."""
    who, reader = signed_in(), node().reader
    with reader.snapshot():
        own = own_lot(gtin, lot, who)
        about = documents.about_lot(gtin, lot)
        seen = documents.of(about, who)
        record = reader.lot(gtin, lot)
        if record is None or (own is None and not documents.may_see_lot(about, who)):
            abort(404, _("Your party has neither commissioned nor received packs of such a lot."))
        authority, world = reader.authority(), reader.world()
        standing = marks.on_lots(world, authority, [(gtin, lot)], node().clock())
    return render_template(
        "lots/show.html", own=own, lot=record, product=product_name(authority, gtin),
        marks=list(dict.fromkeys(one.mark for one in standing)), made=_made(own), about=about,
        documents=seen, through="",
        enrols=enrols(who),
    )  # fmt: skip


def _made(own: OwnLot | None) -> list[dict[str, Any]]:
    authority = node().reader.authority()
    return [
        {**one._asdict(), "where": site_name(authority, one.site)}
        for one in (own.made if own else ())
    ]
