"""GET /api/fingerprint/sealed: the sealed templates of a lot in stock, for places without a line."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.sealed import sealed_file
from app.session import signed_in
from ledger.errors import Malformed
from ledger.statement.gs1 import is_gtin

blueprint = Blueprint("sealed", __name__)


@blueprint.get("/api/fingerprint/sealed")
def show() -> Response:
    """One file (`ledger.statement.sealed`) for `?gtin=…&lot=…` and the key that is signed in."""
    who = signed_in()
    gtin, lot = request.args.get("gtin", ""), request.args.get("lot", "")
    if not is_gtin(gtin) or not 1 <= len(lot) <= 20:
        raise Malformed("name a lot as ?gtin=14 digits&lot=its number")
    answer = Response(bytes(sealed_file(gtin, lot, who)), mimetype="application/json")
    answer.headers["Content-Disposition"] = 'attachment; filename="lot.fingerprints.json"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
