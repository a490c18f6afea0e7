"""A trace as a file: CSV, EPCIS 2.0, PDF with its evidence, or JSON; filtered as its page is."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, abort, current_app, request
from flask_babel import gettext as _

from app import trace_files, traces
from app.node import node
from app.session import signed_in
from app.tables import csv_table
from app.trace_evidence import evidence
from app.trace_report import report, writable
from app.trace_view import view
from app.traces import Trace
from ledger.store.desk import Person

blueprint = Blueprint("traces", __name__)


@blueprint.get("/api/traces/<kind>/<path:name>")
def show(kind: str, name: str) -> Response:
    """`as` is csv, epcis, pdf or json (by default); the filter is that of the page."""
    who = signed_in()
    current_app.extensions["limits"].count("traces", node().settings.per_minute)
    form = request.args.get("as", "json")
    if form not in ("csv", "epcis", "pdf", "json"):
        abort(400, _("A trace is told as csv, epcis, pdf or json."))
    if form == "pdf":
        return _pdf(kind, name, who)
    trace = _trace(kind, name, who)
    if form == "csv":
        return csv_table("trace", trace_files.COLUMNS, trace_files.rows(trace))
    if form == "json":
        told = {
            "kind": kind, "of": trace.subject.name, "whole": trace.whole, "leftOut": trace.left_out,
            "rows": [dict(zip(trace_files.COLUMNS, row, strict=True)) for row in trace_files.rows(trace)],
        }  # fmt: skip
        return Response(msgspec.json.encode(told), mimetype="application/json")
    document = msgspec.json.encode(trace_files.epcis(trace, who.party))
    answer = Response(document, mimetype="application/ld+json")
    answer.headers["GS1-EPCIS-Version"] = "2.0.0"
    answer.headers["Content-Disposition"] = 'attachment; filename="trace.epcis.json"'
    return answer


def _trace(kind: str, name: str, who: Person) -> Trace:
    return traces.trace(traces.subject(kind, name, who), traces.read_filter(), who)


def _pdf(kind: str, name: str, who: Person) -> Response:
    with writable() as instead:
        trace = _trace(kind, name, who)
        told = report(view(trace), evidence(trace, who), instead=instead)
    answer = Response(told, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = 'attachment; filename="trace.pdf"'
    return answer
