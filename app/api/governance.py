"""What an administrator is about to sign, checked by the log's own rules before it is signed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from app import governance, session
from app.bodies import body
from ledger.errors import Malformed

blueprint = Blueprint("governance_api", __name__)


@blueprint.post("/api/governance/checks")
def check() -> Response:
    """`{"statements": [body, …]}`, without what all have: `needed`, how many are to sign; or why not."""
    who = session.administrator()
    told: Any = body().get("statements")
    if not isinstance(told, list):
        raise Malformed("statements is a list")
    return jsonify({"needed": governance.check(who, told)})
