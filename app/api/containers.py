"""Containers as JSON: are their numbers free; and their labels, drawn."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from flask import Blueprint, Response, current_app, jsonify, request

from app import containers
from app.bodies import typed
from app.commissioning import check_units
from app.lots import read_dpi
from app.node import node
from app.session import signed_in
from scanner.label import to_png
from scanner.logistic import render_unit
from scanner.zpl import to_zpl

blueprint = Blueprint("containers", __name__)
MAX_BODY: Final = 16_384  # bytes


class _Wanted(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    ssccs: list[str]


_decoder: Final = msgspec.json.Decoder(_Wanted)


@blueprint.post("/api/containers/check")
def check() -> Response:
    """`{"ssccs"}` of new containers: `{"ok", "code", "words", "next", "taken"}`."""
    who = signed_in()
    current_app.extensions["limits"].count("checks", node().settings.per_minute)
    wanted = typed(_decoder, MAX_BODY, 'new containers are {"ssccs": [18 digits, …]}')
    return jsonify(check_units(wanted.ssccs, who))


@blueprint.get("/api/containers/<sscc>/label.png")
def picture(sscc: str) -> Response:
    """The label of a container at the session's site (`dpi`), read back before it is handed out."""
    dpi = read_dpi(request.args.get("dpi", ""))
    return Response(to_png(_drawn(sscc, dpi), dpi=dpi), mimetype="image/png")


@blueprint.get("/api/containers/<sscc>/label.zpl")
def zpl(sscc: str) -> Response:
    """The same for a label printer."""
    answer = Response(
        to_zpl(_drawn(sscc, read_dpi(request.args.get("dpi", "")))), mimetype="text/plain"
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="sscc-{sscc}.zpl"'
    return answer


def _drawn(sscc: str, dpi: int) -> Any:
    who = signed_in()
    current_app.extensions["limits"].count("labels", node().settings.per_minute)
    with node().reader.snapshot():
        shown = containers.show(sscc, who, 0)
    lines, practice = containers.label_lines(shown.line), node().practice
    return render_unit(sscc, lines, dpi=dpi, practice=practice)
