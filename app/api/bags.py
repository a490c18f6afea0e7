"""Bags for collection as JSON: fill one, look into it, take packs back to stock."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify
from flask_babel import lazy_gettext as _

from app import bagging
from app.bodies import body
from app.node import node
from app.phrases import reasons_said
from app.present import marked
from app.session import signed_in
from app.slips import read_number
from ledger.store.bags import RETURNED, WAITING

blueprint = Blueprint("bags_api", __name__)
NO_BAG = _("There is no bag of this number at your site. Read the number on its slip again.")


@blueprint.post("/api/bags")
def create() -> tuple[Response, int]:
    """Put checked packs into a new bag: `{"items": [id]}`."""
    who = signed_in()
    current_app.extensions["limits"].count("bags", node().settings.per_minute)
    number = bagging.fill(who.site, body().get("items"))
    return jsonify({"number": number, "path": f"/bags/{number}"}), 201


@blueprint.get("/api/bags")
def index() -> Response:
    """The bags that wait at the session's site."""
    return jsonify({"bags": [one._asdict() for one in bagging.waiting(signed_in().site)]})


@blueprint.get("/api/bags/<number>")
def show(number: str) -> Response:
    """A bag's packs; those that wait are judged anew."""
    return jsonify(bag_json(number))


@blueprint.post("/api/bags/<number>/return")
def give_back(number: str) -> Response:
    """Take packs out of a bag, back to stock: `{"items"?: [id]}`, without them all that wait."""
    who, told = signed_in(), body()
    found = found_bag(number)
    items = [one.item for one in found if one.state == WAITING]
    if "items" in told:
        items = [item for item in bagging.read_items(told["items"]) if item in items]
    node().desk.bags.settle(who.site, read_number(number), items, RETURNED)
    return jsonify(bag_json(number))


def found_bag(number: str) -> list[bagging.BagLine]:
    """The packs of a bag of the session's site; ends in 401 or 404."""
    who = signed_in()
    found = bagging.lines(who.site, read_number(number))
    if not found:
        abort(404, str(NO_BAG))
    return found


def bag_json(number: str) -> dict[str, Any]:
    """A bag as programs and the page's script read it."""
    return {
        "number": read_number(number),
        "packs": [
            {
                "id": one.item,
                "gtin": one.gtin,
                "serial": one.serial,
                "state": one.state,
                "verdict": one.verdict.word if one.verdict else None,
                "mark": marked(one.verdict.word)._asdict() if one.verdict else None,
                "reasons": [r._asdict() for r in reasons_said(one.verdict)] if one.verdict else [],
            }
            for one in found_bag(number)
        ],
    }
