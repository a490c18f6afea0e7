"""/inspections: stock-takings of a site; /inspections/<number>: one count, its report, its signatures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _

from app import inspections
from app.errors import problem_of
from app.goods import product_name, site_name
from app.node import node
from app.session import signed_in
from app.tables import csv_table
from ledger.errors import LedgerError
from ledger.rules.stock_taking import Line
from ledger.store.inspections import INSPECTOR, SITE, Inspection

blueprint = Blueprint("inspections", __name__)
Answer: TypeAlias = Response | tuple[str, int]
STATES: Final = {
    "here": _("in the book stock"),
    "unknown": _("not on record"),
    "other": _("not in this site's book stock"),
    "inactive": _("out of the chain by this site's own record"),
    "sent": _("sent off by this site's own record"),
}
SIDES: Final = {INSPECTOR: _("Inspector"), SITE: _("Site")}
COLUMNS: Final = (
    "gtin", "product", "lot", "book", "counted", "difference", "way", "scanned", "inferred",
)  # fmt: skip


@blueprint.get("/inspections")
def index() -> str:
    """The counts that who asks may see, newest first, and a box to begin one."""
    who = signed_in()
    authority = node().reader.authority()
    return render_template(
        "inspections/index.html", inspector=who.party == authority.gln, site=who.site,
        sites=authority.sites() if who.party == authority.gln else [],
        found=[
            (one, site_name(authority, one.site), inspections.stage(one, authority))
            for one in inspections.of(who)
        ],
    )  # fmt: skip


@blueprint.post("/inspections")
def create() -> Response:
    """Begin a count at `site`."""
    number = inspections.open_at(request.form.get("site", "").strip()[:13], signed_in())
    return _to(number)


@blueprint.get("/inspections/<number>")
def show(number: str) -> str:
    """A count as it stands, or its report with both signatures."""
    return _page(number)


def _page(number: str, problem: str = "") -> str:
    who = signed_in()
    one = inspections.found(number, who)
    reader = node().reader
    with reader.snapshot():
        authority = reader.authority()
        told: dict[str, Any] = {
            "one": one, "site": site_name(authority, one.site), "states": STATES, "names": SIDES,
            "by": _party(one.party), "mine": inspections.began(one, who), "problem": problem,
            "product": lambda gtin: product_name(authority, gtin),
        }  # fmt: skip
        if not one.closed:
            now = inspections.counted(one)
            return render_template(
                "inspections/count.html", **told, lines=now.lines, items=now.items,
                surplus={found.id: found.state for found in now.surplus},
            )  # fmt: skip
        _data, report = inspections.report_of(one)
        sides = inspections.sides(one, authority)
        return render_template(
            "inspections/report.html", **told, report=report, lines=report.lines,
            signatures={sig.side: sig for sig in inspections.signatures(one)},
            sides={side: _party(party) for side, party in sides.items()},
            side=inspections.side_of(one, who), sign={
                "id": one.id, "sha256": one.sha256, "about": inspections.about(one.site),
                "title": inspections.title(one),
            },
        )  # fmt: skip


@blueprint.get("/inspections/<number>/report.json")
def report(number: str) -> Response:
    """The report's exact bytes, whose SHA-256 both sides sign."""
    data, _found = inspections.report_of(inspections.found(number, signed_in()))
    answer = Response(data, mimetype="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="{number}.json"'
    return answer


@blueprint.get("/inspections/<number>/report.csv")
def as_csv(number: str) -> Response:
    """The lines of the report as a file."""
    one = inspections.found(number, signed_in())
    _data, told = inspections.report_of(one)
    authority = node().reader.authority()
    return csv_table(
        one.id, COLUMNS, (_row(line, product_name(authority, line.gtin)) for line in told.lines)
    )


def _row(line: Line, product: str) -> tuple[object, ...]:
    """A lot of the report; what was not counted has no number."""
    was = line.counted >= 0
    counted = (line.counted, line.difference) if was else ("", "")
    return line.gtin, product, line.lot, line.book, *counted, line.way, line.scanned, line.inferred


@blueprint.post("/inspections/<number>/scan")
def scan(number: str) -> Answer:
    """Count what was typed or pasted, without a script."""
    text = request.form.get("text", "")[:4096]
    return _acted(number, lambda one: inspections.scan(one, text, "typed"))


@blueprint.post("/inspections/<number>/drop")
def drop(number: str) -> Answer:
    """Take an item out of the count."""
    item = request.form.get("item", "")
    return _acted(number, lambda one: inspections.drop(one, item))


@blueprint.post("/inspections/<number>/number")
def count(number: str) -> Answer:
    """Count a lot by a number."""
    gtin, lot, n = (request.form.get(name, "").strip() for name in ("gtin", "lot", "n"))
    return _acted(number, lambda one: inspections.number(one, gtin, lot, n))


@blueprint.post("/inspections/<number>/close")
def close(number: str) -> Answer:
    """End the count with its report."""
    note = request.form.get("note", "").strip()
    return _acted(number, lambda one: inspections.close(one, note))


@blueprint.post("/inspections/<number>/reopen")
def reopen(number: str) -> Response:
    """Go on with a count that nobody has signed."""
    who = signed_in()
    inspections.reopen(inspections.found(number, who), who)
    return _to(number)


def _acted(number: str, act: Callable[[Inspection], object]) -> Answer:
    """The count again after an act on it, with what stood in the way."""
    one = inspections.counting(number, signed_in())
    try:
        act(one)
    except LedgerError as error:
        told = problem_of(error, None)
        return _page(number, told["detail"]), told["status"]
    return _to(number)


def _to(number: str) -> Response:
    answer = redirect(url_for("inspections.show", number=number), 303)
    assert isinstance(answer, Response)
    return answer


def _party(gln: str) -> str:
    party = node().reader.authority().party(gln)
    return party.name if party else gln
