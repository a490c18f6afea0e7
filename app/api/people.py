"""A site's people as JSON: invite, answer an invitation, withdraw; names; when a key is locked."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, jsonify, request
from flask_babel import gettext as _

from app import session
from app.bodies import MAX_BODY, body
from app.joining import (
    MAX_NAME,
    MAX_STAFF,
    check_answer,
    invitation_of,
    renewal_of,
    sites_of,
    text_of,
)
from app.node import node
from ledger.errors import Malformed
from ledger.statement.parts import time_text
from ledger.store.people import Invitation

blueprint = Blueprint("people_api", __name__)


def _limit(kind: str) -> None:
    current_app.extensions["limits"].count(kind, node().settings.per_minute)


@blueprint.post("/api/invitations")
def invite() -> tuple[Response, int]:
    """Invite somebody to make a key: `{"site", "use", "staff"?, "name"?, "operations"?, …}`."""
    who, found = session.administrator(), node()
    _limit("invite")
    told, (raw, text) = body(), session.new_token()
    authority, now = found.reader.authority(), found.clock()
    made = invitation_of(told, raw, authority, who.party, now)
    name = text_of(told, "name", MAX_NAME)
    found.desk.people.invite(made, now)
    if name and made.staff:
        found.desk.people.name(made.site, made.staff, name)
    return jsonify({"path": f"/join/{text}", "id": made.id}), 201


@blueprint.post("/api/invitations/renewal")
def renew() -> tuple[Response, int]:
    """Invite yourself on another device, or for a fresh key: for what your key may sign already.

    `{"passkey": true}` asks for a passkey of this host name that signs beside it.
    """
    who, found = session.signed_in(), node()
    _limit("invite")
    key = found.reader.authority().keys.get(who.keyid)
    if key is None or key.use == "admin":
        abort(403, _("Only a key that signs daily work can be renewed here."))
    wanted = bool(body().get("passkey")) if request.content_length else False
    rp_id = urlsplit(request.host_url).hostname or "" if wanted else ""
    raw, text = session.new_token()
    now = found.clock()
    found.desk.people.invite(renewal_of(key, who.site, raw, now, rp_id), now)
    return jsonify({"path": f"/join/{text}"}), 201


@blueprint.post("/api/invitations/<invitation>/withdraw")
def withdraw(invitation: str) -> Response:
    """Take back an invitation, or turn down a request."""
    who = session.administrator()
    if not node().desk.people.withdraw(who.party, invitation):
        abort(404, _("There is no such invitation any more."))
    return jsonify({"withdrawn": True})


def invited(token: str) -> Invitation:
    """The invitation of a link, which ends in 404 once it is over."""
    found = node()
    _limit("join")
    raw = session.read_token(token)
    invitation = found.desk.people.invitation(raw, found.clock()) if raw else None
    if invitation is None:
        abort(
            404,
            _("This invitation is over or was withdrawn. Ask your administrator for a new one."),
        )
    return invitation


@blueprint.get("/api/join/<token>")
def state(token: str) -> Response:
    """What the invitation is for, and how far it has come: open, asked, ready."""
    invitation = invited(token)
    known = invitation.keyid in node().reader.authority().keys
    step = "ready" if known else "asked" if invitation.keyid else "open"
    now = time_text(node().clock())
    return jsonify({"state": step, "keyid": invitation.keyid, "now": now, **terms(invitation)})


def terms(invitation: Invitation) -> dict[str, Any]:
    """What the key is for, as its key-add must say it."""
    return {
        "by": invitation.party,
        "site": invitation.site,
        "sites": sites_of(invitation),
        "use": invitation.use,
        "operations": invitation.operations.split(),
        "staff": invitation.staff or None,
        "rpId": invitation.rp_id or None,
        "from": invitation.starts,
        "expires": invitation.ends,
        "log": node().origin,
    }


@blueprint.post("/api/join/<token>")
def answer(token: str) -> Response:
    """Ask for approval: `{"envelope"}` of a key-add that the new key has signed."""
    request.max_content_length = MAX_BODY
    invitation = invited(token)
    people, authority = node().desk.people, node().reader.authority()
    keyid, envelope = check_answer(invitation, authority, request.get_data(cache=False))
    if not people.answer(invitation.id, keyid, envelope):
        abort(403, _("Another browser has answered this invitation. Ask for one of your own."))
    return jsonify({"state": "asked", "keyid": keyid})


@blueprint.post("/api/staff")
def name() -> Response:
    """Know a staff number by a name: `{"site", "number", "name"}`; an empty name forgets it."""
    who, told = session.administrator(), body()
    number, text = text_of(told, "number", MAX_STAFF), text_of(told, "name", MAX_NAME)
    if not number:
        raise Malformed(_("say whose name it is by a staff number"))
    site = told.get("site")
    _check_own(site, who.party)
    node().desk.people.name(str(site), number, text)
    return jsonify({"named": True})


@blueprint.post("/api/lock")
def lock() -> Response:
    """After how many minutes a person's key is locked: `{"site", "minutes"}`, 1 to 120."""
    who, told = session.administrator(), body()
    site, minutes = told.get("site"), told.get("minutes")
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= 120:
        raise Malformed(_("a person's key is locked after 1 to 120 minutes"))
    _check_own(site, who.party)
    node().desk.people.choose_lock_minutes(str(site), minutes)
    return jsonify({"minutes": minutes})


def _check_own(site: Any, party: str) -> None:
    record = node().reader.authority().site(site) if isinstance(site, str) else None
    if record is None or record.party != party:
        abort(403, _("This is no site of your party."))
