"""Log-in for programs: a challenge, a signed answer, a session or a one-time link (statement.md 7)."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify, request

from app import session
from app.node import node

blueprint = Blueprint("sessions", __name__)


def _limit() -> None:
    current_app.extensions["limits"].count("login", node().settings.stranger_per_minute)


@blueprint.get("/api/session/nonce")
def nonce() -> Response:
    """A challenge to sign, single use, two minutes."""
    _limit()
    return jsonify(session.new_challenge())


@blueprint.post("/api/session")
def create() -> Response:
    """Open a session by a signed log-in."""
    _limit()
    who = session.open_login(request.get_data(cache=False))
    return session.open_session(who, jsonify({"party": who.party, "site": who.site}))


@blueprint.delete("/api/session")
def end() -> Response:
    """Sign out."""
    return session.end_session(jsonify({"signed_out": True}))


@blueprint.post("/api/session/link")
def link() -> Response:
    """A link that signs one browser in, once, within 60 seconds, by a signed log-in."""
    _limit()
    who = session.open_login(request.get_data(cache=False))
    raw, text = session.new_token()
    found = node()
    found.desk.add_link(raw, who, found.clock())
    return jsonify({"path": f"/login/{text}"})
