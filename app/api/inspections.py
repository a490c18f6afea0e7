"""A count at the counter's pace: what a scanner or camera sends, and who has signed the report."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify

from app import inspections
from app.bodies import body
from app.node import node
from app.pages.inspections import STATES
from app.scanning import check_source
from app.session import signed_in
from ledger.errors import Malformed

blueprint = Blueprint("inspections_api", __name__)


@blueprint.post("/api/inspections/<number>/scans")
def scan(number: str) -> Response:
    """Count what was scanned: `{"text", "source"?}`; what it is by the book."""
    one = inspections.counting(number, signed_in())
    current_app.extensions["limits"].count("checks", node().settings.per_minute)
    text, source = _texts("text", "source")
    told = inspections.scan(one, text[:4096], check_source(source))
    return jsonify({**told, "words": str(STATES[told["state"]])})


@blueprint.post("/api/inspections/<number>/signature")
def sign(number: str) -> Response:
    """Say by which statement a side signed the report: `{"statement"}`."""
    who = signed_in()
    (statement,) = _texts("statement")
    inspections.confirm(inspections.found(number, who), statement, who)
    return jsonify({"statement": statement})


def _texts(*names: str) -> list[str]:
    told = body()
    found = [told.get(name, "") for name in names]
    if not all(isinstance(text, str) for text in found):
        raise Malformed(f"the request is {{{', '.join(names)}}}, each a text")
    return found
