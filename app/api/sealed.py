"""POST /api/fingerprint/sealed: the sealed templates of a lot in stock, for places without a line.

It is written down who is handed what, so that it is no GET: no page of others can make a browser ask.
"""

from __future__ import annotations

from flask import Blueprint, Response

from app.bodies import body
from app.fingerprints.sealed import sealed_file
from app.session import signed_in
from ledger.errors import Malformed
from ledger.statement.gs1 import is_gtin

blueprint = Blueprint("sealed", __name__)


@blueprint.post("/api/fingerprint/sealed")
def show() -> Response:
    """`{"gtin", "lot"}`: one file (`ledger.statement.sealed`) for the key that is signed in."""
    who, told = signed_in(), body()
    gtin, lot = told.get("gtin"), told.get("lot")
    named = isinstance(gtin, str) and isinstance(lot, str)
    if not named or not is_gtin(gtin) or not 1 <= len(lot) <= 20:
        raise Malformed('name a lot as {"gtin": 14 digits, "lot": its number}')
    answer = Response(bytes(sealed_file(gtin, lot, who)), mimetype="application/json")
    answer.headers["Content-Disposition"] = 'attachment; filename="lot.fingerprints.json"'
    return answer
