"""What waits for a colleague's signature: handed in, shown to those who may sign, taken away."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, jsonify, request
from flask_babel import gettext as _

from app import hands, session
from app.node import node

blueprint = Blueprint("waiting_api", __name__)
MAX_BODY = 8 * 1024 * 1024  # bytes: about 50,000 packs; more are countersigned by the command line


@blueprint.post("/api/waiting")
def create() -> tuple[Response, int]:
    """Let an act wait: a submission that somebody of the session's party has signed.

    `complete` where it has all the signatures that it needs by now, and can go to the log.
    """
    who = session.signed_in()
    request.max_content_length = MAX_BODY
    current_app.extensions["limits"].count("statements", node().settings.per_minute)
    try:
        act, complete = hands.hand_in(who, request.get_data(cache=False))
    except hands.Full:
        most = hands.MAX_WAITING
        abort(429, _("%(n)s acts of your party wait already; sign some or take them away.", n=most))
    return jsonify({"id": act.id, "complete": complete}), 201


@blueprint.get("/api/waiting/<statement>")
def show(statement: str) -> Response:
    """An act as far as it is signed, for a colleague's browser to check, show and sign."""
    body = hands.body_of(session.signed_in(), statement)
    if body is None:
        abort(404, _("This act waits no more: it was signed, taken back, or its time ran out."))
    return Response(body, mimetype="application/json")


@blueprint.delete("/api/waiting/<statement>")
def drop(statement: str) -> Response:
    """Take an act away: it has landed, or is not wanted any more."""
    if not hands.drop(session.signed_in(), statement):
        abort(404, _("This act waits no more."))
    return jsonify({"dropped": True})
