"""/alerts: cases by their clock, one's own first; a case with its evidence, and what is done with it."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from app import alert_words, case_closings, form_3911
from app.cases import (
    COLUMNS,
    LATELY,
    MOST,
    MOST_OF_FILE,
    Line,
    line_json,
    listed,
    of_number,
    show,
    work,
)
from app.fingerprints.evidence import may_see
from app.node import node
from app.session import signed_in
from app.tables import csv_table, json_table
from ledger.errors import Malformed, Refused
from ledger.rules import casework
from ledger.rules.alerts import COPY_SUSPECTED

blueprint = Blueprint("alerts", __name__)
_WORDS: Final = {
    "rule_words": alert_words.rule_words,
    "rule_next": alert_words.rule_next,
    "words_of": alert_words.words_of,
    "step_detail": alert_words.step_detail,
    "W": alert_words,
}


@blueprint.get("/alerts")
def index() -> str:
    """The cases that a side sees; the authority also counts all, and sees what sites closed."""
    who = signed_in()
    opened, closed = listed(who, MOST + 1, LATELY + 1)  # one more tells that there are more
    counts = node().desk.cases.counts() if _is_authority(who.party) else []
    return render_template(
        "alerts/index.html", opened=opened[:MOST], closed=closed[:LATELY], counts=counts,
        more=len(opened) > MOST or len(closed) > LATELY, of_file=MOST_OF_FILE,
        by_sites=case_closings.by_sites(who, MOST), **_WORDS,
    )  # fmt: skip


@blueprint.get("/alerts.csv")
def as_csv() -> Response:
    """The same as a table, and what a page has no room for."""
    return csv_table("alerts", COLUMNS, (line_json(one).values() for one in _all()))


@blueprint.get("/alerts.json")
def as_json() -> Response:
    """The same for programs."""
    return json_table(COLUMNS, (tuple(line_json(one).values()) for one in _all()))


@blueprint.get("/alerts/closed-by-sites.csv")
def closed_by_sites() -> Response:
    """What sites closed themselves, for the authority; for others without a row."""
    found = case_closings.by_sites(signed_in(), MOST_OF_FILE)
    return csv_table("closed-by-sites", case_closings.COLUMNS, map(case_closings.row, found))


def _all() -> list[Line]:
    opened, closed = listed(signed_in(), MOST_OF_FILE, MOST_OF_FILE)
    return [*opened, *closed]


@blueprint.get("/alerts/<int:number>")
def case(number: int) -> str:
    """What it is about, the evidence of both sides, whose turn it is, and until when."""
    return _page(number)


@blueprint.post("/alerts/<int:number>")
def do(number: int) -> tuple[str, int] | AnyResponse:
    """Take it on, decide about the pack, note, pass on, close."""
    who = signed_in()
    of_number(number, who)
    asked = {name: request.form.get(name, "") for name in _FIELDS}
    try:
        work(number, who, asked)
    except Malformed as error:  # it is told on the page, beside what was filled in
        return _page(number, str(error), asked), 400
    except Refused as refused:
        if refused.code != "unfit-closing":
            raise
        return _page(number, refused.detail, asked), 400
    return redirect(f"/alerts/{number}", 303)


_FIELDS: Final = ("act", "decision", "note", "root", "closing")


@blueprint.get("/alerts/<int:number>/3911")
def form(number: int) -> str:
    """The fields of Form FDA 3911, to print or to copy."""
    who = signed_in()
    shown = show(number, who)
    fields = form_3911.fields_of(shown, who)
    return render_template("alerts/form.html", shown=shown, fields=fields, **_WORDS)


@blueprint.get("/alerts/<int:number>/3911.json")
def form_json(number: int) -> Response:
    """The same for programs."""
    who = signed_in()
    answer = jsonify(form_3911.told_json(show(number, who), who))
    answer.headers["Content-Disposition"] = f'attachment; filename="case-{number}-3911.json"'
    return answer


def _page(number: int, problem: str = "", asked: dict[str, Any] | None = None) -> str:
    who = signed_in()
    shown = show(number, who)
    gtin = shown.label.get("gtin", "") if shown.line.case.rule == COPY_SUSPECTED else ""
    return render_template(
        "alerts/case.html", shown=shown, problem=problem, asked=asked or {},
        looked_into=bool(gtin) and may_see(who, gtin),
        decisions=casework.DECISIONS, roots=casework.ROOTS, closings=casework.CLOSINGS, **_WORDS,
    )  # fmt: skip


def _is_authority(party: str) -> bool:
    return party == node().reader.authority().gln
