"""What governance says in the clear: a key's party and sites, a site's party."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, abort, jsonify

from app.node import node

blueprint = Blueprint("registry", __name__)


@blueprint.get("/api/keys/<keyid>")
def key(keyid: str) -> Response:
    """Whose key it is, and where it may sign what."""
    found = node().reader.authority().keys.get(keyid)
    if found is None:
        abort(404, f"No key {keyid[:16]}… is on record.")
    return jsonify(
        {
            "keyid": found.id,
            "party": found.party,
            "use": found.use,
            "sites": sorted(found.sites),
            "operations": sorted(found.operations),
            "revoked": found.revoked >= 0,
        }
    )


@blueprint.get("/api/sites/<gln>")
def site(gln: str) -> Response:
    """Whose site it is."""
    found = node().reader.authority().site(gln)
    if found is None:
        abort(404, f"No site {gln} is on record.")
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
