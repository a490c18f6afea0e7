"""/: one box for whatever code is at hand, and for a site what waits for it."""

from flask import Blueprint, render_template

from app import alerts, governance, hands, notices, parties, recalls
from app.node import maybe_node
from app.session import acting, person
from app.underway import waiting_for
from ledger.rules.state import ACTIVE
from ledger.store.holdings import holdings

blueprint = Blueprint("home", __name__)
MOST = 10  # shipments of each list


@blueprint.get("/")
def index() -> str:
    """Type, paste or photograph; what waits for the site; the log in one line."""
    found = maybe_node()
    who = person()
    if found is None:
        return render_template("home/empty.html")
    packs = 0
    if who:
        stock = holdings(found.store, who.site)
        packs = sum(one.packs for one in stock if one.status == ACTIVE)
    return render_template(
        "home/index.html",
        head=found.reader.head(),
        people=found.people,
        acting=acting(),
        scans=found.desk.scans(who.site) if who else [],
        waiting=waiting_for(who) if who else None,
        alerts=alerts.waiting_for(who) if who else 0,
        recalls=recalls.waiting_for(who) if who else [],
        ongoing=recalls.ongoing(who) if who else (0, 0),
        holds=notices.holds_at(who.site) if who else [],
        packs=packs,
        signatures=hands.for_whom(who) if who else 0,
        renewals=parties.licences_to_renew() if who and governance.is_authority(who) else 0,
        most=MOST,
    )
