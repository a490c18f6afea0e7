"""/log/health: how the log stands: its head and witnesses; for authorities its last audit and disk."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, abort, jsonify, render_template
from flask_babel import format_timedelta
from flask_babel import gettext as _

from app.health import Health, health, health_json
from app.node import node
from app.session import person

blueprint = Blueprint("health_pages", __name__)
_MINUTE_MS = 60_000


@blueprint.get("/log/health")
def index() -> str:
    """In words."""
    return render_template("log/health.html", told=_found(), ago=_ago)


@blueprint.get("/log/health.json")
def as_json() -> Response:
    """The same for programs."""
    return jsonify(health_json(_found()))


def _found() -> Health:
    """What who asks may see; ends in 503 without a log, in 404 while it is empty."""
    found, who = node(), person()
    whole = who is not None and who.party == found.reader.authority().gln
    try:
        return health(found, whole=whole)
    except LookupError:
        abort(404, _("The log is empty."))


def _ago(ms: int, now: int) -> str:
    """How long before now a time lies, in the page's language."""
    if abs(now - ms) < _MINUTE_MS:
        return _("just now")
    return format_timedelta(timedelta(milliseconds=ms - now), add_direction=True)
