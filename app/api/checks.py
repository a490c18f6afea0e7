"""POST /api/checks: what would be accepted, while it is scanned."""

from __future__ import annotations

from typing import Final

import msgspec
from flask import Blueprint, Response, current_app

from app.bodies import typed
from app.checking import Asked, check
from app.node import node
from app.scanning import check_source
from app.session import signed_in

blueprint = Blueprint("checks", __name__)
MAX_BODY: Final = 6 << 20  # bytes: a thousand texts of the greatest length
_decoder: Final = msgspec.json.Decoder(Asked)


@blueprint.post("/api/checks")
def create() -> Response:
    """`{"op", "items": [text], "source"?, "to"?, "number"?, "shipment"?, "parent"?}`, item by item."""
    who = signed_in()
    current_app.extensions["limits"].count("checks", node().settings.per_minute)
    asked = typed(_decoder, MAX_BODY, 'a check is {"op": …, "items": [text, …]}')
    if asked.source:
        check_source(asked.source)
    return Response(msgspec.json.encode(check(asked, who)), mimetype="application/json")
