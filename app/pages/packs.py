"""/packs/<gtin>/<serial>: a pack's timeline as the viewer's site may see it, with its proof."""

from __future__ import annotations

import json

from flask import Blueprint, render_template

from app.api.packs import label_of
from app.node import answers, node
from app.present import Line, line_of
from app.session import acting, signed_in

blueprint = Blueprint("pack_pages", __name__)


@blueprint.get("/packs/<gtin>/<path:serial>")
def show(gtin: str, serial: str) -> str:
    """State, timeline newest first, each statement in words and raw."""
    who = signed_in()
    label = label_of(gtin, serial)
    found = node()
    authority = found.reader.authority()
    lines: list[Line] = []
    for shown in reversed(answers().timeline(label.id, who.site)):
        payload = found.reader.logged(shown.index).envelope
        lines.append(line_of(authority, shown, json.loads(payload)))
    return render_template(
        "packs/show.html", label=label, state=answers().state(label.id, who.site), lines=lines,
        acting=acting(),
    )  # fmt: skip
