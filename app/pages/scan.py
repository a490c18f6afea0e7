"""/scan: pack after pack before a webcam, a scanner that types, or by hand; one page for a session.

The page asks POST /api/scans. Without scripts its form is the one of /verify. A site that is signed
in has modes: at the counter what is OK can be supplied, at goods-in what arrives can be booked in.
"""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from app.joining import operations_of
from app.node import node
from app.session import acting, person
from scanner.fingerprint.limits import EXTRACTOR, LIMITS

blueprint = Blueprint("scan", __name__)


@blueprint.get("/scan")
def index() -> str:
    """Camera, box and picture as equals; the session's scans live in the page alone."""
    modes = [("dispense", _("Counter")), ("receive", _("Goods-in")), ("check", _("Check"))]
    asked = request.args.get("mode", "")
    mode = asked if asked in dict(modes) else _usual()
    return render_template(
        "scan/index.html", modes=modes, mode=mode, acting=acting(), sharp=LIMITS[EXTRACTOR].focus
    )


def _usual() -> str:
    """What a key is mostly here for: who may supply stands at the counter."""
    who = person()
    if who is None:
        return "check"
    authority = node().reader.authority()
    key = authority.keys.get(who.keyid)
    may = key is not None and "supply" in key.operations
    return "dispense" if may and "supply" in operations_of(authority, who.party) else "check"
