"""A delivery that was booked in, as JSON: which of its packs lie in stock."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify
from flask_babel import gettext as _

from app import acts
from app.session import signed_in

blueprint = Blueprint("deliveries", __name__)


@blueprint.get("/api/deliveries/<shipment>/packs")
def packs(shipment: str) -> Response:
    """The packs of a shipment that the session's site has received and still holds."""
    who = signed_in()
    try:
        found = acts.packs_of(shipment, who.site)
    except ValueError as error:
        abort(413, _("This delivery holds %(what)s: supply it in parts, pack by pack.", what=error))
    if found is None:
        abort(404, _("No such shipment was sent to your site."))
    return jsonify({"packs": found})
