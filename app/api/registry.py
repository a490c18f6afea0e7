"""What governance says in the clear: a key's party and sites, a site's party, what things are called."""

from __future__ import annotations

from typing import Final

import msgspec
from flask import Blueprint, Response, abort, jsonify, request
from flask_babel import gettext as _

from app.goods import product_name
from app.node import node
from ledger.errors import Malformed
from ledger.rules.authority import Authority, KeyRecord

blueprint = Blueprint("registry", __name__)
MOST_NAMES: Final = 50  # as many as app/static/sign/names.js asks about


@blueprint.get("/api/keys/<keyid>")
def key(keyid: str) -> Response:
    """Whose key it is, and where it may sign what."""
    authority = node().reader.authority()
    found = authority.keys.get(keyid)
    if found is None:
        abort(404, _("No key %(key)s is on record.", key=keyid[:64]))
    return jsonify(
        {
            "keyid": found.id,
            "party": found.party,
            "party_name": party.name if (party := authority.party(found.party)) else "",
            "use": found.use,
            "sites": sorted(found.sites),
            "sign_in_at": sign_in_at(authority, found),
            "operations": sorted(found.operations),
            "revoked": found.revoked >= 0,
        }
    )


def sign_in_at(authority: Authority, key: KeyRecord) -> list[dict[str, str]]:
    """The sites at which a key signs in: its own, an administrator's all of the party."""
    sites = authority.sites(key.party)
    here = [site for site in sites if key.use == "admin" or site.gln in key.sites]
    return [{"gln": site.gln, "name": site.name} for site in here]


@blueprint.get("/api/sites/<gln>")
def site(gln: str) -> Response:
    """Whose site it is."""
    found = node().reader.authority().site(gln)
    if found is None:
        abort(404, _("No site %(gln)s is on record.", gln=gln))
    return jsonify(
        {
            "gln": found.gln,
            "party": found.party,
            "name": found.name,
            "suspended": found.suspended >= 0,
        }
    )


@blueprint.get("/api/names")
def names() -> Response:
    """What parties, sites and products are called: `?of=` each GLN or GTIN; others are left out."""
    asked = request.args.getlist("of")
    if len(asked) > MOST_NAMES:
        raise Malformed(_("ask for %(n)s names at most", n=MOST_NAMES))
    authority = node().reader.authority()
    found = {one: _name(authority, one) for one in asked}
    return jsonify({one: name for one, name in found.items() if name})


def _name(authority: Authority, number: str) -> str:
    named = authority.party(number) or authority.site(number)
    return named.name if named else product_name(authority, number)


@blueprint.get("/api/policy")
def policy() -> Response:
    """The policy in force, and the statement that set it."""
    authority = node().reader.authority()
    return jsonify({"id": authority.policy_id, "policy": msgspec.to_builtins(authority.policy)})
