"""/labels/enrol: a station with a camera enrols labels' prints; /packs/…/fingerprint: what is known of one."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, abort, current_app, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from app.api.packs import is_whole, label_of
from app.fingerprints.evidence import enrols, evidence_of
from app.node import node
from app.session import signed_in
from scanner.fingerprint.limits import EXTRACTOR, LIMITS

blueprint = Blueprint("prints", __name__)
COLUMNS: Final = {
    "number": lazy_gettext("Look"), "when": lazy_gettext("When"), "where": lazy_gettext("Where"),
    "outcome": lazy_gettext("Outcome"), "score": lazy_gettext("Score"),
    "pictures": lazy_gettext("Pictures"),
}  # fmt: skip
KINDS: Final = {
    "same": lazy_gettext("the same print"),
    "copies": lazy_gettext("a copy of it"),
    "others": lazy_gettext("another print"),
}
ACCESSES: Final = {
    "enrol": lazy_gettext("template written"),
    "sealed": lazy_gettext("template taken along, sealed for one key"),
}


@blueprint.get("/labels/enrol")
def enrol() -> str:
    """Hold one label after the other before the camera, then sign for all of them."""
    who = signed_in()
    if not enrols(who):
        abort(403, _("Labels are enrolled by the product's holder and those that pack it."))
    found = node()
    key = found.reader.authority().keys.get(who.keyid)
    limits = LIMITS[EXTRACTOR]
    return render_template(
        "prints/enrol.html", kept=found.fingerprints is not None,
        may=key is not None and "enrol" in key.operations,
        least=limits.enrol_px_per_mm, sharp=limits.focus,
    )  # fmt: skip


@blueprint.get("/packs/<gtin>/<path:serial>/fingerprint")
def show(gtin: str, serial: str) -> str:
    """Enrolment, looks with their scores among measured ones, signed inspections."""
    who = signed_in()
    whole = f"{serial}/fingerprint"
    if is_whole(gtin, whole):
        page: str = current_app.view_functions["pack_pages.show"](gtin, whole)
        return page
    found = evidence_of(label_of(gtin, serial), who)
    held = next((one for one in found.enrolments if one.holds), None)
    return render_template(
        "prints/show.html", found=found, held=held, labels=COLUMNS, kinds=KINDS,
        access_words=ACCESSES, bound=f"{100 * found.bound:.2f}",
    )  # fmt: skip
