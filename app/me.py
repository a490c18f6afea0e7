"""Who is signed in, as the page's scripts need to know it: `<script id="me">` in every page."""

from __future__ import annotations

from typing import Any, Final

from app.node import node
from app.session import acting, person
from ledger.rules.governing import SEVERAL
from ledger.rules.rights import ALWAYS_SENSITIVE

LOCK_MINUTES: Final = 10  # by default, until a site chooses otherwise


def me() -> dict[str, Any] | None:
    """The session's party, site, key and rights, and the log that it signs for; None for a stranger."""
    who, names = person(), acting()
    if who is None or names is None:
        return None
    party, site = names
    found = node()
    authority = found.reader.authority()
    key = authority.keys.get(who.keyid)
    policy = authority.policy
    return {
        "party": party.gln,
        "partyName": party.name,
        "site": site.gln,
        "siteName": site.name,
        "keyid": who.keyid,
        "use": key.use if key else "",
        "staff": key.staff if key else "",
        "operations": sorted(key.operations) if key else [],
        "roles": sorted(party.roles),
        "log": found.origin,
        "vkey": found.reader.vkey,
        "sensitive": sorted({ALWAYS_SENSITIVE, *policy.sensitive}),
        "threshold": policy.threshold,
        "several": sorted(SEVERAL) if party.gln == authority.gln else [],
        "undoHours": policy.undo_hours,
        "lockMinutes": found.desk.people.lock_minutes(site.gln) or LOCK_MINUTES,
        "names": found.desk.people.names(site.gln),
        "now": found.clock(),
        "simulated": found.simulated,
    }
