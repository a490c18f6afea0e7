"""/tracing-requests: what changed hands of a product, by period and partner; the answer as one file."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, current_app, render_template
from flask_babel import gettext as _

from app import tracing_requests
from app.node import node
from app.session import signed_in
from app.trace_files import COLUMNS, rows

blueprint = Blueprint("tracing_requests", __name__)
MOST: Final = 200  # movements that the page shows; the file has them all


@blueprint.get("/tracing-requests")
def index() -> str:
    """The request as a form, and its answer below."""
    who = signed_in()
    current_app.extensions["limits"].count("traces", node().settings.per_minute)
    asked = tracing_requests.read()
    authority = node().reader.authority()
    trace = tracing_requests.answer(asked, who) if asked else None
    lines = [dict(zip(COLUMNS, row, strict=True)) for row in rows(trace)] if trace else []
    return render_template(
        "tracing_requests/index.html", asked=asked, trace=trace, lines=lines[:MOST],
        more=max(0, len(lines) - MOST), query=urlencode(asked.query) if asked else "",
        products=[one.product for one in authority.products()], parties=authority.parties(),
        whole=who.party == authority.gln,
    )  # fmt: skip


@blueprint.get("/tracing-requests/answer.zip")
def answer() -> Response:
    """The answer as one file."""
    who = signed_in()
    current_app.extensions["limits"].count("traces", node().settings.per_minute)
    asked = tracing_requests.read()
    if asked is None:
        abort(400, _("Say which product is asked for."))
    trace = tracing_requests.answer(asked, who)
    found = Response(tracing_requests.archive(asked, trace, who), mimetype="application/zip")
    name = f"tracing-request-{asked.gtin}.zip"
    found.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return found
