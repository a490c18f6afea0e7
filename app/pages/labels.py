"""/labels: a lot's labels to print, sheet by sheet; for the party that commissioned the packs."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _

from app.fingerprints.evidence import enrols
from app.goods import product_name
from app.lots import PAGE, own_lot, read_look, read_number, sheet
from app.node import node
from app.session import signed_in
from ledger.statement import gs1

blueprint = Blueprint("labels", __name__)


@blueprint.get("/labels/<gtin>/<path:lot>", merge_slashes=False)  # a lot may hold slashes
def show(gtin: str, lot: str) -> str:
    """One sheet (`sheet`, `dpi`, `datamatrix`, `fingerprint`): each label is a picture of its own, read back."""
    who, reader = signed_in(), node().reader
    number, look = read_number(request.args.get("sheet", "")), read_look(request.args)
    with reader.snapshot():
        own = own_lot(gtin, lot, who)
        if own is None:
            abort(404, _("No packs of this lot were commissioned by your party."))
        labels = sheet(own, number)
    return render_template(
        "labels/show.html", own=own, number=number, look=look, scale=look.dpi / 96, size=PAGE,
        product=product_name(reader.authority(), gtin),
        labels=[(one.serial, gs1.sgtin(one.gtin, one.serial)) for one in labels],
        enrols=enrols(who),
    )  # fmt: skip
