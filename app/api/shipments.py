"""GET /api/shipments/<statement id>: a shipment as its sender, its receiver and authorities see it."""

from __future__ import annotations

from typing import Final

import msgspec
from flask import Blueprint, Response, abort, current_app, jsonify, request
from flask_babel import gettext as _

from app import consignments
from app.node import node
from app.session import signed_in

blueprint = Blueprint("shipments", __name__)
MOST: Final = 20  # sites of one answer


@blueprint.get("/api/shipments/<statement>")
def show(statement: str) -> Response:
    """What was sent, what was received, what is short and over; 404 for anybody else."""
    who = signed_in()
    [shipment, *others] = consignments.named(statement, who)
    if others:
        abort(409, _("Several shipments have this number: ask by the statement's id."))
    told = consignments.show(shipment, who).told
    return Response(msgspec.json.encode(told), mimetype="application/json")


@blueprint.get("/api/shipments/<statement>/inside")
def inside(statement: str) -> Response:
    """The packs in one of its containers (`container`, an id) as it was sent, at most 10,000."""
    who = signed_in()
    [shipment, *_others] = consignments.named(statement, who)
    packs = consignments.inside(shipment, request.args.get("container", ""))
    return Response(msgspec.json.encode({"packs": packs}), mimetype="application/json")


@blueprint.get("/api/sites")
def sites() -> Response:
    """Sites to send to, by a part of their name, of their party's name, or of their GLN (`q`)."""
    current_app.extensions["limits"].count("sites", node().settings.per_minute)
    wanted = request.args.get("q", "").strip().casefold()
    if not 2 <= len(wanted) <= 100:
        abort(400, _("Search by 2 to 100 characters of a name or a GLN."))
    authority = node().reader.authority()
    parties = {one.gln: one for one in authority.parties() if one.suspended < 0}
    found = []
    for site in authority.sites():
        party = parties.get(site.party)
        if party is None or site.suspended >= 0:
            continue
        if wanted in f"{site.gln} {site.name} {party.name}".casefold():
            found.append(
                {
                    "gln": site.gln, "name": site.name, "address": site.address,
                    "party": party.gln, "partyName": party.name,
                }
            )  # fmt: skip
        if len(found) == MOST:
            break
    return jsonify({"sites": found})
