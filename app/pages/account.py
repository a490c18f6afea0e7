"""Signing in by a key of this browser or a one-time link; what a key is signed in at; signing out."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, request
from flask_babel import gettext as _

from app import session
from app.node import node

blueprint = Blueprint("account", __name__)


@blueprint.get("/login")
def login() -> str:
    """Sign in by a key of this browser."""
    return render_template("account/login.html", origin=node().origin)


@blueprint.get("/account")
def index() -> str:
    """The session's key, and where it is signed in."""
    who, found = session.signed_in(), node()
    return render_template(
        "account/index.html",
        key=found.reader.authority().keys.get(who.keyid),
        sessions=found.desk.sessions(who.keyid, found.clock()) if who.keyid else [],
        current=session.current_id(),
    )


@blueprint.post("/account/sessions")
def sign_out() -> Response:
    """Sign out one session of this key, or all of them."""
    who = session.signed_in()
    only = request.form.get("session", "")
    if not who.keyid or (not node().desk.end_sessions(who.keyid, only) and only):
        abort(404, _("This session has ended already."))
    if only and only != session.current_id():
        answer = redirect("/account", 303)
        assert isinstance(answer, Response)
        return answer
    return session.end_session(_home())


@blueprint.get("/login/<token>")
def link(token: str) -> str:
    """Asks for one press, so that a prefetched link signs nobody in."""
    return render_template("account/link.html", token=token)


@blueprint.post("/login/<token>")
def use_link(token: str) -> Response:
    """Use a one-time link."""
    found = node()
    raw = session.read_token(token)
    who = found.desk.take_link(raw, found.clock()) if raw else None
    if who is None:
        abort(403, _("This link was used or is over 60 seconds old. Run `packtrace login` again."))
    return session.open_session(who, _home())


@blueprint.post("/logout")
def logout() -> Response:
    """Sign out."""
    return session.end_session(_home())


def _home() -> Response:
    answer = redirect("/", 303)
    assert isinstance(answer, Response)
    return answer
