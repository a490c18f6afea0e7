"""The public log below /log/, exactly as C2SP tlog-tiles has it."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from app.node import node
from ledger.errors import Malformed
from ledger.store.publish import read_checkpoint, read_tile
from ledger.tlog.tiles import Tile

blueprint = Blueprint("tlog", __name__)


@blueprint.get("/log/checkpoint")
def checkpoint() -> Response:
    """The newest signed checkpoint."""
    try:
        note = read_checkpoint(node().store)
    except LookupError as error:
        abort(404, str(error))
    answer = Response(note, mimetype="text/plain")
    answer.headers["Cache-Control"] = "public, max-age=2"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


@blueprint.get("/log/tile/<path:rest>")
def tile(rest: str) -> Response:
    """A hash tile or entry bundle; whole or partial, never changed."""
    try:
        content = read_tile(node().store, Tile.parse(f"tile/{rest}"))
    except (Malformed, LookupError) as error:
        abort(404, str(error))
    answer = Response(content, mimetype="application/octet-stream")
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.add_etag()
    return answer.make_conditional(request)
