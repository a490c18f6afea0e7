"""/waiting: what waits for a second person's signature, at the site or for the whole party."""

from __future__ import annotations

from flask import Blueprint, render_template

from app import hands, policies, session
from app.node import node
from app.present import use_words
from ledger.rules.authority import Authority
from ledger.statement.governance import PolicyChange

blueprint = Blueprint("waiting", __name__)


@blueprint.get("/waiting")
def index() -> str:
    """What waits, oldest first; each is read and signed in the browser."""
    who, found = session.signed_in(), node()
    authority, people = found.reader.authority(), found.desk.people
    # Only a key bound to the site can sign them; another site's people are not shown here.
    acts = hands.of_site(who)
    staff = {act.keyid: key.staff for act in acts if (key := authority.keys.get(act.keyid))}
    governance = hands.of_party(who)
    return render_template(
        "waiting/index.html",
        acts=acts,
        staff=staff,
        names={act.site: people.names(act.site) for act in acts},
        sites={act.site: authority.site(act.site) for act in acts},
        governance=governance,
        # What a policy changes of the one in force; its bytes say all of it, see the dialog.
        changes={
            one.act.id: policies.changes(authority.policy, one.body.policy)
            for one in governance
            if isinstance(one.body, PolicyChange)
        },
        signers={one.act.id: _signers(one, authority) for one in governance},
    )


def _signers(one: hands.Waits, authority: Authority) -> str:
    """Who has signed: by staff number where the key has one, and by the key."""
    found = [(authority.keys.get(keyid), keyid[:8]) for keyid in one.signers]
    return ", ".join(
        f"{use_words(key.use)} {key.staff} ({short}…)".replace("  ", " ") if key else f"{short}…"
        for key, short in found
    )
