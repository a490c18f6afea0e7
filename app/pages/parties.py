"""/parties: who takes part by which licence; for the authority admit, renew, record sites, suspend."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _

from app import governance, parties, session
from app.node import node
from ledger.rules.authority import PartyRecord, SiteRecord
from ledger.statement.dsse import base64_text
from ledger.statement.parts import ROLES

blueprint = Blueprint("parties", __name__)
MOST = 500  # lines of the list


@blueprint.get("/parties")
def index() -> str:
    """All parties, what needs looking after first."""
    who = session.signed_in()
    chosen = {name: request.args.get(name, "")[:100] for name in ("q", "role", "state")}
    lines = parties.listed(**chosen)
    return render_template(
        "parties/index.html", lines=lines[:MOST], all=len(lines), chosen=chosen,
        roles=sorted(ROLES), states=parties.STATES, authority=governance.is_authority(who),
        soon=parties.SOON,
    )  # fmt: skip


@blueprint.get("/parties/<gln>")
def show(gln: str) -> str:
    """One party: licence, roles, prefixes, sites, keys, and what the log says of it."""
    who, found = session.signed_in(), node()
    party, authority, day = _party(gln), found.reader.authority(), parties.today()
    sites = authority.sites(gln)
    keys = [key for key in authority.keys.values() if key.party == gln]
    shut = party.suspended >= 0  # and with it all its sites
    states = {
        site.gln: parties.SUSPENDED if shut else parties.state_of(site, site.licence.expires, day)
        for site in sites
    }
    expires = party.licence.expires if party.licence else ""
    return render_template(
        "parties/show.html", party=party, sites=sites, states=states,
        state=parties.state_of(party, expires, day),
        keys=sorted(keys, key=lambda key: (key.revoked >= 0, key.use, key.staff, key.index)),
        # Staff numbers stand on the log; here they are for who has to do with them.
        staff=governance.is_authority(who) or who.party == gln, now=found.clock(),
        history=governance.history(gln), authority=governance.is_authority(who),
        decided_on=gln != authority.gln,
    )  # fmt: skip


def _party(gln: str) -> PartyRecord:
    found = node().reader.authority().party(gln)
    if found is None:
        abort(404, _("There is no party of this number on record."))
    return found


def _other(gln: str) -> PartyRecord:
    """A party that the authority may decide on: any but itself."""
    found = _party(gln)
    if gln == node().reader.authority().gln:
        abort(
            404, _("The authority does not decide on itself here; its keys are at People and keys.")
        )
    return found


def _form(template: str, **more: Any) -> str:
    who = governance.of_authority()
    return render_template(
        template, admin=session.is_administrator(who), roles=sorted(ROLES - {"authority"}),
        today=parties.today(), **more,
    )  # fmt: skip


@blueprint.get("/parties/new")
def new() -> str:
    """Admit a party, with its first site."""
    return _form("parties/form.html", party=None, keys={})


@blueprint.get("/parties/<gln>/renew")
def renew(gln: str) -> str:
    """Renew an admission: the new record replaces the one before, and lifts a suspension."""
    governance.of_authority()
    party, found = _other(gln), node()
    keys = parties.admin_keys(found.reader.authority(), gln, found.clock())
    texts = {use: [_text(key.public) for key in some] for use, some in keys.items()}
    return _form("parties/form.html", party=party, keys=texts)


def _text(public: Any) -> str:
    return base64_text(public if isinstance(public, bytes) else public.raw)


@blueprint.get("/parties/<gln>/sites")
def site(gln: str) -> str:
    """Record a site of a party, or renew the record of the one that `?site=` names."""
    governance.of_authority()
    party, wanted = _party(gln), request.args.get("site", "")
    return _form("parties/site.html", party=party, site=_site(gln, wanted) if wanted else None)


def _site(gln: str, wanted: str) -> SiteRecord:
    found = node().reader.authority().site(wanted)
    if found is None or found.party != gln:
        abort(404, _("This party has no such site."))
    return found


@blueprint.get("/parties/<gln>/suspend")
def suspend(gln: str) -> str:
    """Suspend a party, or the site that `?site=` names: what it does to open work comes first."""
    governance.of_authority()
    party, wanted = _other(gln), request.args.get("site", "")
    chosen = _site(gln, wanted) if wanted else None
    sites = [chosen] if chosen else node().reader.authority().sites(gln)
    return _form(
        "parties/suspend.html", party=party, site=chosen, effect=parties.effect(sites)
    )  # fmt: skip
