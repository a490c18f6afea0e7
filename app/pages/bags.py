"""/bags: what waits for collection; /bags/<number>: one bag, supplied in one act; its slip to print."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, request

from app import bagging
from app.api.bags import NO_BAG, bag_json, found_bag
from app.codes import qr_svg
from app.present import marked
from app.session import signed_in
from app.slips import read_number

blueprint = Blueprint("bags", __name__)


@blueprint.get("/bags")
def index() -> str | Response:
    """The bags that wait, longest first, and a box; `?number=` opens what was scanned or typed."""
    who = signed_in()
    asked = request.args.get("number")
    if asked is None:
        return render_template("bags/index.html", bags=bagging.waiting(who.site))
    number = read_number(asked)
    if not number:
        abort(404, str(NO_BAG))
    answer = redirect(f"/bags/{number}", 303)
    assert isinstance(answer, Response)
    return answer


@blueprint.get("/bags/<number>")
def show(number: str) -> str:
    """The packs of a bag, judged at this moment, and what can be done with it."""
    found = found_bag(number)
    return render_template(
        "bags/show.html",
        number=read_number(number),
        packs=found,
        marks={one.item: marked(one.verdict.word) for one in found if one.verdict},
        good=bagging.supplyable(found),
        bag=bag_json(number),
    )


@blueprint.get("/bags/<number>/slip")
def slip(number: str) -> str:
    """The slip for a bag: its number, and the same as a code; nothing of whom it is for."""
    found = found_bag(number)
    name = read_number(number)
    return render_template("bags/slip.html", number=name, code=qr_svg(name, name), packs=len(found))
