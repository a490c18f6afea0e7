"""/waiting: acts of the site that wait for a second person's signature."""

from __future__ import annotations

from flask import Blueprint, render_template

from app import session
from app.node import node

blueprint = Blueprint("waiting", __name__)


@blueprint.get("/waiting")
def index() -> str:
    """What waits, oldest first; each is read and signed in the browser."""
    who, found = session.signed_in(), node()
    authority, people = found.reader.authority(), found.desk.people
    # Only a key bound to the site can sign them; another site's people are not shown here.
    waiting = found.desk.waiting.acts(who.party, found.clock())
    acts = [act for act in waiting if act.site == who.site]
    staff = {act.keyid: key.staff for act in acts if (key := authority.keys.get(act.keyid))}
    return render_template(
        "waiting/index.html",
        acts=acts,
        staff=staff,
        names={act.site: people.names(act.site) for act in acts},
        sites={act.site: authority.site(act.site) for act in acts},
    )
