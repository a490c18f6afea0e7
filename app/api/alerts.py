"""Cases for programs: a case as its side sees it, and what is done with it."""

from __future__ import annotations

import json

from flask import Blueprint, Response, jsonify, request
from flask_babel import gettext as _

from app.cases import show, told_json, work
from app.session import signed_in
from ledger.errors import Malformed

blueprint = Blueprint("alerts_api", __name__)
MAX_BODY = 8 * 1024


@blueprint.get("/api/alerts/<int:number>")
def case(number: int) -> Response:
    """A case with its evidence and history."""
    return jsonify(told_json(show(number, signed_in())))


@blueprint.post("/api/alerts/<int:number>")
def do(number: int) -> Response:
    """`{"act", "decision"?, "note"?, "root"?, "closing"?}`: see `app.cases.ACTS`."""
    who = signed_in()
    request.max_content_length = MAX_BODY
    try:
        asked = json.loads(request.get_data(cache=False))
        fields = {name: asked[name] for name in asked}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Malformed(_("what is done with a case is a JSON object")) from error
    if not all(isinstance(value, str) for value in fields.values()):
        raise Malformed(_("every field is a text"))
    work(number, who, fields)
    return jsonify(told_json(show(number, who)))
