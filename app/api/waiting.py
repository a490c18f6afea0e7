"""Acts that wait for a colleague's signature: handed in, shown to the site's people, taken away."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, jsonify, request
from flask_babel import gettext as _

from app import session
from app.node import node
from ledger.errors import Refused
from ledger.rules import rights
from ledger.statement.events import Event
from ledger.statement.submission import Submission, fit_items
from ledger.store.waiting import WAIT_MS, Act

blueprint = Blueprint("waiting_api", __name__)
MAX_WAITING = 100  # acts of one party
MAX_BODY = 8 * 1024 * 1024  # bytes: about 50,000 packs; more are countersigned by the command line


@blueprint.post("/api/waiting")
def create() -> tuple[Response, int]:
    """Let an act wait: a submission that somebody of the session's party has signed."""
    who, found = session.signed_in(), node()
    request.max_content_length = MAX_BODY
    current_app.extensions["limits"].count("statements", found.settings.per_minute)
    body = request.get_data(cache=False)
    submission = Submission.parse(body)
    event = submission.statement.body
    if not isinstance(event, Event):
        raise Refused("wrong-type", _("only acts on packs wait for a colleague here"))
    authority = found.reader.authority()
    if event.by != who.party or event.read_point != who.site:
        raise Refused("wrong-site", _("an act waits at the site and for the party that it is of"))
    rights.check_log(authority, event.log)
    rights.verify(authority, submission.statement)
    fit_items(submission)
    now = found.clock()
    others = [act.id for act in found.desk.waiting.acts(who.party, now)]
    if len(others) >= MAX_WAITING and submission.statement.id not in others:
        abort(
            429,
            _("%(n)s acts of your party wait already; sign some or take them away.", n=MAX_WAITING),
        )
    keyid = submission.statement.envelope.signatures[0].keyid
    act = Act(submission.statement.id, now + WAIT_MS, who.party, who.site, event.op, keyid, now)
    found.desk.waiting.add(act, body)
    return jsonify({"id": act.id}), 201


@blueprint.get("/api/waiting/<statement>")
def show(statement: str) -> Response:
    """An act as it was handed in, for a colleague's browser to check, show and sign."""
    who, found = session.signed_in(), node()
    body = found.desk.waiting.body(who.site, statement, found.clock())
    if body is None:
        abort(404, _("This act waits no more: it was signed, taken back, or is over a week old."))
    return Response(body, mimetype="application/json")


@blueprint.delete("/api/waiting/<statement>")
def drop(statement: str) -> Response:
    """Take an act away: it has landed, or is not wanted any more."""
    who = session.signed_in()
    if not node().desk.waiting.drop(who.site, statement):
        abort(404, _("This act waits no more."))
    return jsonify({"dropped": True})
