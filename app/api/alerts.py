"""Cases for programs: a case as its side sees it, and what is done with it."""

from __future__ import annotations

from typing import Final

import msgspec
from flask import Blueprint, Response, jsonify

from app.bodies import typed
from app.cases import show, told_json, work
from app.session import signed_in

blueprint = Blueprint("alerts_api", __name__)
MAX_BODY: Final = 8 * 1024  # bytes
_texts: Final = msgspec.json.Decoder(dict[str, str])


@blueprint.get("/api/alerts/<int:number>")
def case(number: int) -> Response:
    """A case with its evidence and history."""
    return jsonify(told_json(show(number, signed_in())))


@blueprint.post("/api/alerts/<int:number>")
def do(number: int) -> Response:
    """`{"act", "decision"?, "note"?, "root"?, "closing"?}`: see `app.cases.ACTS`."""
    who = signed_in()
    fields = typed(_texts, MAX_BODY, "what is done with a case is a JSON object of texts")
    work(number, who, fields)
    return jsonify(told_json(show(number, who)))
