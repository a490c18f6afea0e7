"""Signing in by a one-time link, or by one press in a simulated world; signing out."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, request

from app import session
from app.node import node
from ledger.store.desk import Person

blueprint = Blueprint("account", __name__)


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
        abort(403, "This link was used or is over 60 seconds old. Run `packtrace login` again.")
    return session.open_session(who, _home())


@blueprint.post("/demo/login")
def demo() -> Response:
    """One-press sign-in; exists only where the log is marked simulated."""
    found = node()
    wanted = request.form.get("role", "")
    for one in found.people:
        if found.simulated and one.role == wanted:
            return session.open_session(Person(one.party, one.site, ""), _home())
    abort(404, "There is nobody of this role to sign in here.")


@blueprint.post("/logout")
def logout() -> Response:
    """Sign out."""
    return session.end_session(_home())


def _home() -> Response:
    answer = redirect("/", 303)
    assert isinstance(answer, Response)
    return answer
