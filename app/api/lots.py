"""Lots as JSON: would a commissioning be accepted; and the labels of a lot's packs, drawn."""

from __future__ import annotations

from typing import Final

import msgspec
from flask import Blueprint, Response, abort, current_app, request
from flask_babel import gettext as _

from app.bodies import typed
from app.commissioning import Wanted, check_lot
from app.lots import own_lot, read_look, read_number, sheet
from app.node import node
from app.session import signed_in
from ledger.statement import gs1
from ledger.store import lots
from scanner.label import PrintedLabel, render, to_png
from scanner.zpl import to_zpl

blueprint = Blueprint("lots", __name__)
MAX_BODY: Final = 1 << 20  # bytes: ten thousand serials of the greatest length
_decoder: Final = msgspec.json.Decoder(Wanted)


@blueprint.post("/api/lots/check")
def check() -> Response:
    """`{"gtin", "lot", "expiry", "serials"}`: `{"ok", "code", "words", "next", "taken", "count"}`."""
    who = signed_in()
    current_app.extensions["limits"].count("checks", node().settings.per_minute)
    wanted = typed(_decoder, MAX_BODY, "a lot is asked about by gtin, lot, expiry and serials")
    return Response(msgspec.json.encode(check_lot(wanted, who)), mimetype="application/json")


@blueprint.get("/api/labels/pack.png")
def picture() -> Response:
    """The label of one pack (`item`, its id) as PNG, read back before it is handed out."""
    who = signed_in()
    current_app.extensions["limits"].count("labels", 20 * node().settings.per_minute)
    item = request.args.get("item", "")
    found = gs1.parse_item_id(item)
    reader = node().reader
    with reader.snapshot():
        row = reader.world().row(item)
        lot = reader.lot(found.gtin, row.lot) if row is not None and row.lot else None
        maker = lots.maker(reader.store, row.born) if row is not None else ""
    if lot is None or maker != who.party:
        abort(404, _("No such pack was commissioned by your party."))
    label = PrintedLabel(found.gtin, lot.lot, lot.expiry, found.serial, node().practice)
    look = read_look(request.args)
    drawn = render(label, **look._asdict())
    answer = Response(to_png(drawn, dpi=look.dpi), mimetype="image/png")
    answer.headers["Cache-Control"] = "private, max-age=3600"
    return answer


@blueprint.get("/api/labels/sheet.zpl")
def zpl() -> Response:
    """One sheet of a lot's labels (`gtin`, `lot`, `sheet`, `dpi`) for a label printer."""
    who = signed_in()
    current_app.extensions["limits"].count("sheets", node().settings.per_minute)
    gtin, lot = request.args.get("gtin", ""), request.args.get("lot", "")
    number, look = read_number(request.args.get("sheet", "")), read_look(request.args)
    reader = node().reader
    with reader.snapshot():
        own = own_lot(gtin, lot, who)
        if own is None:
            abort(404, _("No packs of this lot were commissioned by your party."))
        labels = sheet(own, number)
    text = "".join(to_zpl(render(one, **look._asdict())) for one in labels)
    answer = Response(text, mimetype="text/plain")
    answer.headers["Content-Disposition"] = f'attachment; filename="labels-{gtin}-{number}.zpl"'
    return answer
