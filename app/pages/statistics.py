"""/statistics: figures by region and month that name nobody; for auditors and authorities."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, render_template
from flask_babel import gettext as _

from app import statistics
from app.node import node
from app.session import signed_in
from app.tables import csv_table
from ledger.rules.suppression import ALL, PARTIES, K

blueprint = Blueprint("statistics", __name__)
READERS = frozenset({"auditor", "authority"})


@blueprint.get("/statistics")
def index() -> str:
    """Every table, and the rule by which small counts are left out."""
    return render_template(
        "statistics/index.html", tables=_tables(), measures=statistics.MEASURES, all=ALL, k=K,
        parties=PARTIES,
    )  # fmt: skip


@blueprint.get("/statistics.csv")
def as_csv() -> Response:
    """All of them as one file."""
    rows = (statistics.row(line) for lines in _tables().values() for line in lines)
    return csv_table("statistics", statistics.COLUMNS, rows)


def _tables() -> dict[str, list[statistics.Line]]:
    """What may be published; ends in 401, 403 for who may not read it here."""
    who = signed_in()
    party = node().reader.authority().party(who.party)
    if party is None or not READERS & party.roles:
        abort(403, _("These figures are for auditors and authorities, who may hand them on."))
    current_app.extensions["limits"].count("statistics", node().settings.per_minute)
    return statistics.tables()
