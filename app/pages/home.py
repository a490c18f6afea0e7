"""/: one box for whatever code is at hand."""

from flask import Blueprint, render_template

from app.node import maybe_node
from app.session import acting, person

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
def index() -> str:
    """Type, paste or photograph; what the role does most; the log in one line."""
    found = maybe_node()
    who = person()
    if found is None:
        return render_template("home/empty.html")
    head = found.reader.head()
    scans = found.desk.scans(who.site) if who else []
    shipments = []
    stock = []
    if who:
        shipments = [line for line in found.reader.shipments(who.site) if line.open][:10]
        stock = found.reader.stock(who.site)
    return render_template(
        "home/index.html",
        head=head,
        people=found.people,
        acting=acting(),
        person=who,
        scans=scans,
        shipments=shipments,
        stock=stock,
    )
