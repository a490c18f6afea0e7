"""/: one box for whatever code is at hand, and for a site what waits for it."""

from flask import Blueprint, render_template

from app.consignments import RECEIVER
from app.node import maybe_node
from app.pages.shipments import too_much, under_way
from app.session import acting, person
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
    with found.reader.snapshot():
        head = found.reader.head()
        rows = under_way(who) if who else []
        over = too_much(who) if who else []
        packs = (
            sum(one.packs for one in holdings(found.store, who.site) if one.status == "active")
            if who
            else 0
        )
    seen = {row.shipment.index for row in rows}
    trouble = [row for row in rows if row.troubles]
    trouble += [row for row in over if row.shipment.index not in seen]
    arriving = [row for row in rows if row.side == RECEIVER]
    return render_template(
        "home/index.html",
        head=head,
        people=found.people,
        acting=acting(),
        scans=found.desk.scans(who.site) if who else [],
        arriving=arriving,
        leaving=len(rows) - len(arriving),
        overdue=sum(row.overdue for row in rows),
        trouble=trouble,
        packs=packs,
        most=MOST,
    )
