"""How the routes of parties and of governance are asked: it is public, and the authority decides."""

from __future__ import annotations

from typing import Final

import msgspec

from tests.access_routes import PUBLIC, Recipe
from tests.access_world import Scene, Thing, key_name
from tests.world import member


def _revocation(scene: Scene, _thing: Thing) -> dict[str, object]:
    """What an administrator of the wholesaler may sign."""
    keyid = key_name(scene.wholesaler)
    return {"statements": [{"type": "key-revoke", "keyid": keyid, "reason": "lost"}]}


def _policy(scene: Scene, _thing: Thing) -> dict[str, object]:
    """The policy in force, proposed anew."""
    authority = scene.chain.reader.authority()
    policy = msgspec.to_builtins(authority.policy)
    return {"policy": policy, "replaces": authority.policy_id, "days": 1}


_PARTY: Final = Recipe(path={"gln": member("pharmacy2", "pharmacy", 14).gln})

PARTIES: Final[dict[str, tuple[Recipe, ...]]] = {
    "GET /parties": (PUBLIC,),
    "GET /parties/new": (PUBLIC,),
    "GET /parties/<gln>": (_PARTY,),
    "GET /parties/<gln>/renew": (_PARTY,),
    "GET /parties/<gln>/sites": (_PARTY,),
    "GET /parties/<gln>/suspend": (_PARTY,),
    "POST /api/governance/checks": (Recipe(json=_revocation),),
    "GET /policy": (PUBLIC,),
    "GET /policy/new": (PUBLIC,),
    "POST /api/policy/trials": (Recipe(json=_policy),),
}
