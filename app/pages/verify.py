"""/verify and the Digital Links printed on labels: a code to a verdict."""

from __future__ import annotations

from contextlib import closing

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from app.alert_words import decided_words
from app.api.packs import label_of
from app.looking import has_content
from app.phrases import reasons_said
from app.present import marked
from app.scanning import Told, check_purpose, check_source, links, scan_picture, scan_text
from app.session import acting
from ledger.rules.verdict import PURPOSES
from ledger.statement.gs1 import PRACTICE

blueprint = Blueprint("verify", __name__)


@blueprint.get("/verify")
def form() -> str:
    """The box, and the same by upload."""
    return render_template("verify/form.html", purposes=PURPOSES, acting=acting())


@blueprint.post("/verify")
def verify() -> str:
    """The verdict on what was typed, pasted or uploaded."""
    purpose = check_purpose(request.form.get("purpose", ""))
    upload = request.files.get("image")
    if upload is not None:
        with closing(upload):
            if has_content(upload):
                return _page(scan_picture(upload.stream, purpose))
    text = request.form.get("text", "")
    if not text.strip():
        return render_template(
            "verify/form.html", purposes=PURPOSES, acting=acting(),
            error=_("Type or paste a code, or choose a picture of the label."),
        )  # fmt: skip
    source = check_source(request.form.get("source", ""))
    return _page(scan_text(text, purpose, source))


@blueprint.get("/01/<gtin>/21/<path:serial>")
def by_serial(gtin: str, serial: str) -> str:
    """A pack's Digital Link."""
    label = label_of(gtin, serial, expiry=request.args.get("17", ""), mark=_mark())
    return _page(scan_text(label.ai_string, "check"))


@blueprint.get("/01/<gtin>/10/<lot>/21/<path:serial>")
def by_lot_and_serial(gtin: str, lot: str, serial: str) -> str:
    """A pack's Digital Link with its lot, as our labels carry it."""
    label = label_of(gtin, serial, lot, request.args.get("17", ""), _mark())
    return _page(scan_text(label.ai_string, "check"))


def _mark() -> str:
    return request.args.get(PRACTICE[0], "")


def _page(told: Told) -> str:
    return render_template(
        "verify/verdict.html", told=told, mark=marked(told.verdict.word), acting=acting(),
        reasons=reasons_said(told.verdict), decided_words=decided_words,
        purposes=PURPOSES, links=links(told),
        claims={claim.name: claim for claim in told.verdict.claims},
    )  # fmt: skip
