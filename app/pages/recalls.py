"""/recalls: holds and recalls, a new one, each with its board; its report, and the packs behind a number."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, Response, abort, render_template, request
from flask_babel import gettext as _

from app import recall_words, recalls
from app.goods import product_name
from app.me import me
from app.node import node
from app.notice_words import depth_words
from app.notices import board_of
from app.recalls import HOLDERS, OWN, WHOLE, named, show, version_of
from app.scanning import here_and_now
from app.session import is_administrator, signed_in
from app.tables import csv_table, json_table
from ledger.statement.gs1 import parse_item_id
from ledger.store import recall_packs
from ledger.store.desk import Person
from ledger.store.recall_counts import STATES

blueprint = Blueprint("recall_pages", __name__)
MOST: Final = 300  # rows of a table on a page; the file has them all
PAGE: Final = 100  # packs of one page
FILE: Final = 100_000  # packs of one file
REVIEW_DAYS: Final = 14  # by when a hold is looked at again, unless somebody says otherwise
COLUMNS: Final = ("id", "kind", "class", "product", "gtin", "lots", "by", "reason", "opened_ms", "deadline_ms",
                  "status", "sites", "silent", "packs")  # fmt: skip
HOLDER_COLUMNS: Final = ("site", "name", "party", "party_name", "answered", "late", "answer_ms", "held",
                         "quarantined", "returned", "destroyed", "differs", "coming", *STATES)  # fmt: skip
PACK_COLUMNS: Final = ("id", "lot", "container")


@blueprint.get("/recalls")
def index() -> str:
    """Ongoing ones first, recalls before holds."""
    who = signed_in()
    lines = recalls.listing(who)
    return render_template(
        "recalls/index.html", words=recall_words, may_open=bool(recalls.may_open(who)),
        recalls=[one for one in lines if not one.case.is_hold],
        holds=[one for one in lines if one.case.is_hold],
    )  # fmt: skip


def _rows() -> list[tuple[Any, ...]]:
    found = []
    for line in recalls.listing(signed_in()):
        case, body = line.case, line.case.body
        found.append((
            case.id, getattr(body, "kind", "hold"), getattr(body, "recall_class", ""), line.product,
            body.scope.gtin, " ".join(body.scope.lots or ()), body.by, body.reason, case.ms,
            case.deadline_ms or "", case.status,
            *(("", "", "") if line.sight == OWN else (line.concerned, line.silent, line.packs)),
        ))  # fmt: skip
    return found


@blueprint.get("/recalls.csv")
def as_csv() -> Response:
    """All of them as a file."""
    return csv_table("recalls", COLUMNS, _rows())


@blueprint.get("/recalls.json")
def as_json() -> Response:
    """All of them for programs."""
    return json_table(COLUMNS, _rows())


@blueprint.get("/recalls/new")
def new() -> str:
    """A hold or a recall; `?extends=` begins with what a recall on record says."""
    who, found = signed_in(), node()
    authority = found.reader.authority()
    extended = named(request.args["extends"]) if "extends" in request.args else None
    products = [
        {"gtin": gtin, "name": product_name(authority, gtin)} for gtin in recalls.may_open(who)
    ]
    told = {
        "recall": {"byAdministrator": recalls.signs_as_administrator(case_is_hold=False, who=who)},
        "administrator": is_administrator(who),
    }  # fmt: skip
    return render_template(
        "recalls/new.html", products=products, told=told, words=recall_words, depth_words=depth_words,
        extended=show(extended, who) if extended else None,
        kind=request.args.get("kind", "recall" if extended else "hold"),
        review=(here_and_now().date() + timedelta(days=REVIEW_DAYS)).isoformat(),
    )  # fmt: skip


@blueprint.get("/recalls/<statement>")
def one(statement: str) -> str:
    """The board, who has answered, and what the session's sites have to say."""
    who = signed_in()
    told = show(named(statement), who)
    return render_template(
        "recalls/show.html", told=told, words=recall_words, depth_words=depth_words, most=MOST,
        version=version_of(told), may_answer=recalls.may_answer(who), me_use=(me() or {}).get("use"),
    )  # fmt: skip


@blueprint.get("/recalls/<statement>/report")
def report(statement: str) -> str:
    """How well a recall worked, on paper: for who sees the holders."""
    who = signed_in()
    told = show(named(statement), who)
    if told["sight"] not in (WHOLE, HOLDERS) or told["kind"] == "hold":
        abort(
            403, _("The report is for who opened the recall, the product's holder and authorities.")
        )
    return render_template(
        "recalls/report.html", told=told, words=recall_words, depth_words=depth_words
    )


def _holders(told: dict[str, Any]) -> list[tuple[Any, ...]]:
    found = []
    for row in told.get("holders", told["here"]):
        answer = row["answer"] or {}
        counts = [answer.get(name, "") for name in ("held", "quarantined", "returned", "destroyed")]
        found.append((
            row["site"], row["name"], row.get("party", ""), row.get("partyName", ""), bool(answer),
            row.get("late", ""), answer.get("ms", ""), *counts, row["differs"], row["coming"],
            *(row["states"].get(state, 0) for state in STATES),
        ))  # fmt: skip
    return found


@blueprint.get("/recalls/<statement>.csv")
def holders_as_csv(statement: str) -> Response:
    """The holders as a file, as far as one sees them."""
    told = show(named(statement), signed_in())
    return csv_table(f"recall-{told['id'][:16]}", HOLDER_COLUMNS, _holders(told))


@blueprint.get("/recalls/<statement>.json")
def holders_as_json(statement: str) -> Response:
    """The holders for programs; `/api/recalls/<statement>` tells all."""
    told = show(named(statement), signed_in())
    return json_table(HOLDER_COLUMNS, _holders(told), recall=told["id"])


@blueprint.get("/recalls/<statement>/packs")
def packs(statement: str) -> str:
    """The packs behind a number: of a `state` at a `site`, or in a `unit` (SSCC); `after` an id."""
    told, rows, more = _packs(statement, PAGE)
    return render_template(
        "recalls/packs.html", told=told, rows=rows, more=more, words=recall_words,
        state=request.args.get("state", ""), site=request.args.get("site", ""),
        unit=request.args.get("unit", ""), after=request.args.get("after", ""),
        name=_site_name(request.args.get("site", "")),
    )  # fmt: skip


@blueprint.get("/recalls/<statement>/packs.csv")
def packs_as_csv(statement: str) -> Response:
    """The same as a file, at most 100,000, each container's packs one by one."""
    state, unit = request.args.get("state", ""), request.args.get("unit", "")
    lines: list[tuple[str, str, str]] = []
    with node().reader.snapshot():
        told, rows, _more = _packs(statement, FILE)
        extent = board_of(named(statement)).extent
        for row in rows:
            if row["sscc"]:
                some = recall_packs.inside(
                    node().store, extent, row["id"], FILE - len(lines), state=state
                )
                lines += [(one.id, one.lot, row["sscc"]) for one in some]
            else:
                lines.append((row["id"], row["lot"], unit))
    return csv_table(f"recall-{told['id'][:16]}-packs", PACK_COLUMNS, lines[:FILE])


def _packs(statement: str, most: int) -> tuple[dict[str, Any], list[dict[str, Any]], bool]:
    who, case = signed_in(), named(statement)
    state, site = request.args.get("state", ""), request.args.get("site", "")
    unit, after = request.args.get("unit", ""), request.args.get("after", "")
    _check_packs(case, who, site)
    if state not in STATES or "\0" in f"{site}{unit}{after}":
        abort(404, _("There is no such state on the board."))
    found = node()
    with found.reader.snapshot():
        told, extent = show(case, who), board_of(case).extent
        spot = recall_packs.things(found.store, extent, state, site, most + 1, after)
        if unit:
            item = f"https://id.gs1.org/00/{unit}"
            root = found.reader.world().row(item)
            if root is None or root.parent or root.site != site:
                abort(404, _("No container of this number is there."))
            spot = recall_packs.inside(found.store, extent, item, most + 1, after, state=state)
    rows = []
    for one in spot[:most]:
        label = parse_item_id(one.id)
        rows.append(
            {**one._asdict(), "sscc": label.sscc, "gtin": label.gtin, "serial": label.serial}
        )
    return told, rows, len(spot) > most


def _check_packs(case: Any, who: Person, site: str) -> None:
    """Packs one by one are an authority's to see, and a site's its own."""
    if recalls.sight_of(case, who) != WHOLE and site not in recalls.answer_sites(who):
        abort(404, _("Packs are shown one by one where they are, and to authorities."))


def _site_name(gln: str) -> str:
    record = node().reader.authority().site(gln)
    return record.name if record else gln
