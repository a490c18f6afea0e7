"""/documents: what the party keeps; with `shipment`, the documents that came with a shipment."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _

from app import consignments, documents
from app.node import node
from app.session import signed_in

blueprint = Blueprint("document_pages", __name__)
MOST: Final = 200  # documents of one page


@blueprint.get("/documents")
def index() -> str:
    """The party's own, newest first; or those of a shipment and of the lots in it."""
    who = signed_in()
    wanted = request.args.get("shipment", "")
    if not wanted:
        own = node().desk.documents.of_party(who.party, MOST)
        groups = [("", "", [documents.Seen(one, "", own=True) for one in own])]
        return render_template("documents/index.html", shipment=None, groups=groups)
    [shipment, *others] = consignments.named(wanted, who)
    if others:
        abort(409, _("Several shipments have this number: ask by the statement's id."))
    told = consignments.show(shipment, who).told
    groups = [(shipment.id, "", documents.of(shipment.id, who))]
    for lot in told["lots"]:
        about = documents.about_lot(lot["gtin"], lot["lot"])
        words = f"{lot['product'] or lot['gtin']} {lot['lot']}"
        groups.append((about, words, documents.of(about, who, shipment.id)))
    return render_template("documents/index.html", shipment=shipment, groups=groups)
