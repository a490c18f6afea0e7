"""Holds and recalls for programs and pages' scripts: one with its board, its events, a scope to be."""

from __future__ import annotations

from functools import partial
from typing import Final

import msgspec
from flask import Blueprint, Response, abort, current_app, jsonify, stream_with_context
from flask_babel import gettext as _

from app import recall_scope
from app.bodies import typed
from app.node import node
from app.recall_events import KEY, Streams
from app.recall_scope import Proposed, Texts
from app.recalls import named, show, version_of
from app.session import signed_in

blueprint = Blueprint("recalls", __name__)
MAX_BODY: Final = 16 << 20  # bytes: a hundred thousand ids of packs
_proposed: Final = msgspec.json.Decoder(Proposed)
_texts: Final = msgspec.json.Decoder(Texts)


@blueprint.get("/api/recalls/<statement>")
def one(statement: str) -> Response:
    """A hold or recall with its board, as far as the session sees it."""
    return jsonify(show(named(statement), signed_in()))


@blueprint.get("/api/recalls/<statement>/events")
def events(statement: str) -> Response:
    """Server-sent events: `board` with a version, each time that what is shown has changed.

    Few streams are open at a time, two of one key, and each ends after a minute; 503 where there are too many.
    """
    who = signed_in()
    named(statement)
    current_app.extensions["limits"].count("events", node().settings.per_minute)
    streams = current_app.extensions.setdefault(KEY, Streams())
    known: tuple[int, str] = (-1, "")

    def version() -> str:
        nonlocal known
        size = node().reader.head().size
        if size != known[0]:
            known = size, version_of(show(named(statement), who))
        return known[1]

    if not streams.take(who.keyid):
        abort(
            503, _("Too many pages are kept up to date here. Reload this one to see what is new.")
        )
    answer = Response(stream_with_context(streams.events(version)), mimetype="text/event-stream")
    answer.call_on_close(
        partial(streams.give_back, who.keyid)
    )  # also where nobody reads a byte of it
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"  # a proxy in between passes on each at once
    return answer


@blueprint.post("/api/recalls/preview")
def preview() -> Response:
    """`{"gtin", "lots"?, "items"?, "statement"?}`: what this scope would reach now."""
    who = signed_in()
    _limit("preview")
    asked = typed(_proposed, MAX_BODY, 'a scope is {"gtin": …, "lots"?: […]}')
    return jsonify(recall_scope.preview(asked, who))


@blueprint.post("/api/recalls/items")
def items() -> Response:
    """`{"gtin", "items": [text]}`: the packs that each text names, a container's all."""
    who = signed_in()
    _limit("items")
    asked = typed(_texts, MAX_BODY, 'a list is {"gtin": …, "items": [text, …]}')
    return jsonify({"items": recall_scope.packs_of(asked, who)})


def _limit(kind: str) -> None:
    current_app.extensions["limits"].count(f"recall {kind}", node().settings.per_minute)
