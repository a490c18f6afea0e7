"""/shipments: what is on its way to and from the site; one shipment; dispatch, receive, delivery note."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, abort, redirect, render_template, request
from flask_babel import lazy_gettext as _

from app import consignments
from app.codes import qr_svg
from app.consignments import SENDER
from app.exceptions import troubles
from app.goods import site_name
from app.node import node
from app.session import signed_in
from app.tables import csv_table, json_table
from app.transaction import transaction_of
from app.underway import newest, waiting_for
from ledger.rules.state import Shipment
from ledger.store.desk import Person
from ledger.store.shipments import BACK, OPEN, REFUSED, SHORT

blueprint = Blueprint("shipment_pages", __name__)
MOST: Final = 300  # items of one page; the file has them all
COLUMNS: Final = ("number", "direction", "from", "to", "kind", "sent_ms", "due_ms", "items_under_way",
                  "packs_under_way", "trouble", "id")  # fmt: skip
KINDS: Final = {
    "ship": _("Dispatch"),
    "return": _("Send back"),
    "recall_return": _("Send back on a recall"),
    "to_destruction": _("Send to be destroyed"),
}
STANDINGS: Final = {
    OPEN: (_("under way"), "unknown"),
    "received": (_("received"), "ok"),
    REFUSED: (_("refused, on its way back"), "hold"),
    SHORT: (_("did not arrive"), "stop"),
    BACK: (_("back at the sender"), "unknown"),
    "gone": (_("lost, stolen or destroyed"), "stop"),
}


@blueprint.get("/shipments")
def index() -> str:
    """To this site, from this site, what is out of order, and the newest of all."""
    who = signed_in()
    return render_template(
        "shipments/index.html", waiting=waiting_for(who), done=newest(who, 20, done=True)
    )


def _all_rows() -> list[tuple[Any, ...]]:
    return [row.cells for row in newest(signed_in(), 1_000)]


@blueprint.get("/shipments.csv")
def as_csv() -> Response:
    """The newest thousand as a file."""
    return csv_table("shipments", COLUMNS, _all_rows())


@blueprint.get("/shipments.json")
def as_json() -> Response:
    """The newest thousand for programs."""
    return json_table(COLUMNS, _all_rows(), site=signed_in().site)


@blueprint.get("/shipments/new")
def new() -> str:
    """Dispatch goods, or send them back; `?kind=` says which."""
    signed_in()
    kind = request.args.get("kind", "ship")
    if kind not in KINDS:
        abort(
            404,
            _("Goods are dispatched, sent back, sent back on a recall, or sent to be destroyed."),
        )
    return render_template("shipments/new.html", kind=kind, kinds=KINDS)


@blueprint.get("/shipments/<name>")
def show(name: str) -> str | Response:
    """One shipment by its statement's id or its number: what became of it, and what is to be done."""
    who = signed_in()
    found = consignments.named(name, who)
    if len(found) > 1:
        return render_template(
            "shipments/several.html", number=name, shipments=found, places=_places(found)
        )
    told = consignments.show(found[0], who).told
    standing = [one["standing"] for one in told["items"]]
    side = SENDER if told["side"] == SENDER else told["side"]
    found_over = sum(len(event["over"]) for event in told["events"])
    return render_template(
        "shipments/show.html", told=told, items=told["items"][:MOST], standings=STANDINGS, kinds=KINDS,
        more=max(0, len(standing) - MOST), counts={word: standing.count(word) for word in STANDINGS},
        over=found_over,
        troubles=troubles(
            side, overdue=told["overdue"], short=standing.count(SHORT),
            refused=standing.count(REFUSED), over=found_over,
        ),
        acts=_acts(told, who),
    )  # fmt: skip


def _places(found: list[Shipment]) -> dict[str, str]:
    authority = node().reader.authority()
    return {one.id: site_name(authority, one.site) for one in found}


def _acts(told: dict[str, Any], who: Person) -> dict[str, Any]:
    """What the session's site may do about a shipment now, with the items that each act would name."""
    by: dict[str, list[str]] = {}
    for item in told["items"]:
        by.setdefault(item["standing"], []).append(item["id"])
    at_sender, at_receiver = who.site == told["from"]["site"], who.site == told["to"]["site"]
    received = any(event["op"] == "receive" for event in told["events"])
    back = by.get(SHORT, []) if received else by.get(OPEN, []) + by.get(SHORT, [])
    return {
        "shipment": told["id"],
        "receive": (at_receiver and bool(by.get(OPEN) or by.get(SHORT)))
        or (at_sender and bool(by.get(REFUSED))),
        "void": back if at_sender else [],
        "lost": by.get(SHORT, []) if at_sender else [],
    }


@blueprint.get("/shipments/<name>/receive")
def receive(name: str) -> str | Response:
    """Book a delivery in; without scripts, what is to be expected."""
    who = signed_in()
    found = consignments.named(name, who)
    if len(found) > 1 or name != found[0].id:
        back = redirect(f"/shipments/{name if len(found) > 1 else found[0].id + '/receive'}", 303)
        assert isinstance(back, Response)
        return back
    if who.site not in (found[0].site, found[0].to_site):
        abort(403, _("This shipment is for another site: have it booked in there."))
    told = consignments.show(found[0], who).told
    return render_template("shipments/receive.html", told=told, standings=STANDINGS, kinds=KINDS)


@blueprint.get("/shipments/<name>/note")
def note(name: str) -> str | Response:
    """The delivery note, to print: what was sent, with transaction information and statement."""
    who = signed_in()
    found = consignments.named(name, who)
    if len(found) > 1:
        abort(409, _("Several shipments have this number: open the one that is meant first."))
    shown = consignments.show(found[0], who)
    link = f"{request.host_url}shipments/{found[0].id}"
    return render_template(
        "shipments/note.html", told=shown.told, note=transaction_of(shown), kinds=KINDS, link=link,
        code=qr_svg(link, _("The link to this shipment")),
    )  # fmt: skip
