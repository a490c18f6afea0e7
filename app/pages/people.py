"""/people and /join: who may sign for a site, who asks to, and how somebody comes by a key."""

from __future__ import annotations

from flask import Blueprint, render_template

from app import session
from app.api.people import invited, terms
from app.joining import INVITED, operations_of, request_json
from app.me import LOCK_MINUTES
from app.node import node
from ledger.rules.authority import KeyRecord

blueprint = Blueprint("people", __name__)


@blueprint.get("/people")
def index() -> str:
    """The keys of the session's site; for an administrator those of all sites, and what asks."""
    who, found = session.signed_in(), node()
    authority, now, people = found.reader.authority(), found.clock(), found.desk.people
    admin = session.is_administrator(who)
    sites = [s for s in authority.sites(who.party) if admin or s.gln == who.site]
    asked = people.invitations(who.party, now) if admin else []
    return render_template(
        "people/index.html",
        admin=admin,
        sites=sites,
        names={site.gln: people.names(site.gln) for site in sites},
        keys={site.gln: _keys_at(site.gln) for site in sites},
        admins=[key for key in _keys() if key.party == who.party and key.use == "admin"],
        requests=[request_json(one) for one in asked if one.keyid not in ("", *authority.keys)],
        invitations=[one for one in asked if not one.keyid],
        uses=INVITED,
        operations=operations_of(authority, who.party),
        minutes={s.gln: people.lock_minutes(s.gln) or LOCK_MINUTES for s in sites},
        now=now,
    )


def _keys() -> list[KeyRecord]:
    authority = node().reader.authority()
    return sorted(
        authority.keys.values(), key=lambda key: (key.revoked >= 0, key.staff, -key.index)
    )


def _keys_at(site: str) -> list[KeyRecord]:
    return [key for key in _keys() if site in key.sites]


@blueprint.get("/join/<token>")
def join(token: str) -> str:
    """An invitation, as the invited person sees it."""
    invitation = invited(token)
    authority = node().reader.authority()
    return render_template(
        "people/join.html",
        party=authority.party(invitation.party),
        site=authority.site(invitation.site),
        terms=terms(invitation),
        token=token,
    )


@blueprint.get("/join")
def organisation() -> str:
    """An organisation's first key: made here, admitted by the authority."""
    return render_template("people/organisation.html", origin=node().origin)
