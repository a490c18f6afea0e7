"""What governance says in the clear: a key's party and sites, a site's party."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, abort, jsonify
from flask_babel import gettext as _

from app.node import node
from ledger.rules.authority import Authority, KeyRecord

blueprint = Blueprint("registry", __name__)


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


@blueprint.get("/api/policy")
def policy() -> Response:
    """The policy in force, and the statement that set it."""
    authority = node().reader.authority()
    return jsonify({"id": authority.policy_id, "policy": msgspec.to_builtins(authority.policy)})
