"""A pack by GTIN and serial: its verdict, and its proof bundle (statement.md 9)."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, jsonify, request
from flask_babel import gettext as _

from app.node import answers, node
from app.scanning import here_and_now, scan_text, told_json
from app.session import person
from ledger.errors import Malformed, Refused
from ledger.rules.verdict import State
from ledger.statement import gs1
from ledger.statement.gs1 import PRACTICE, Label, parse_scan

blueprint = Blueprint("packs", __name__)


def label_of(
    gtin: str, serial: str, lot: str = "", expiry: str = "", mark: str | None = None
) -> Label:
    """The label that a path and its query claim. Raises Malformed.

    `mark` is its AI 99; by default as this log's own labels have it.
    """
    if mark is None:
        mark = PRACTICE[1] if node().practice else ""
    text = [("01", gtin), ("10", lot), ("17", expiry), ("21", serial), (PRACTICE[0], mark)]
    brackets = "".join(f"({ai}){value.replace('(', chr(92) + '(')}" for ai, value in text if value)
    return parse_scan(brackets, year=here_and_now().year)


def is_whole(gtin: str, serial: str) -> bool:
    """Whether a path's serial, with all that looks like a page of another pack, is a pack's own.

    A stranger is not told, who would learn so which serials there are.
    """
    if person() is None:
        return False
    try:
        item = label_of(gtin, serial).id
    except Malformed:
        return False
    return node().reader.world().row(item) is not None


@blueprint.get("/api/packs/<gtin>/<path:serial>")
def show(gtin: str, serial: str) -> Response:
    """What is to be told of a pack: to a site as it sees it, to a stranger who holds its label."""
    if serial.endswith("/bundle") and not is_whole(gtin, serial):
        return bundle(gtin, serial.removesuffix("/bundle"))
    label = label_of(gtin, serial, request.args.get("lot", ""), request.args.get("expiry", ""))
    return jsonify(told_json(scan_text(label.ai_string, "check")))


@blueprint.get("/api/packs/<gtin>/<path:serial>/bundle")
def bundle(gtin: str, serial: str) -> Response:
    """The proof bundle for the session's site; a stranger names lot and expiry (YYMMDD) too."""
    whole = f"{serial}/bundle"
    if is_whole(gtin, whole):
        return show(gtin, whole)
    found = node()
    who = person()
    limit = found.settings.per_minute if who else found.settings.stranger_per_minute
    current_app.extensions["limits"].count("bundle", limit)
    label = label_of(gtin, serial, request.args.get("lot", ""), request.args.get("expiry", ""))
    if who is None:
        _check_stranger(label, answers().state(label.id, ""))
    try:
        made = answers().bundle([label.id], who.site if who else "")
    except LookupError as error:
        abort(410, str(error))
    # Served as JSON that travels gzipped: what a browser saves is the bundle's own text.
    answer = Response(made.to_gzip(), mimetype="application/json")
    answer.headers["Content-Encoding"] = "gzip"
    name = f"{label.gtin}-{gs1.sgtin(label.gtin, label.serial).rpartition('/')[2]}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.packtrace.json"'
    return answer


def _check_stranger(label: Label, state: State) -> None:
    """No oracle for live serials: unknown, wrong lot and wrong expiry answer alike."""
    if not (label.lot and label.expiry):
        raise Refused("not-entitled", _("without an account, name the label's lot and expiry too"))
    if (state.lot, state.expiry) != (label.lot, label.expiry):
        abort(404, _("No pack with this whole label is on record."))


@blueprint.get("/api/status-list")
def status_list() -> Response:
    """All that is held, recalled, withdrawn, suspended or revoked, for places without a line."""
    found = node()
    current_app.extensions["limits"].count("status-list", found.settings.stranger_per_minute)
    answer = Response(answers().status_list().to_gzip(), mimetype="application/json")
    answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Content-Disposition"] = 'attachment; filename="status-list.packtrace.json"'
    return answer
