"""/scan: pack after pack before a webcam, a scanner that types, or by hand; one page for a session.

The page asks POST /api/scans. Without scripts its form is the one of /verify.
"""

from flask import Blueprint, render_template

from app.session import acting
from ledger.rules.verdict import PURPOSES

blueprint = Blueprint("scan", __name__)


@blueprint.get("/scan")
def index() -> str:
    """Camera, box and picture as equals; the session's scans live in the page alone."""
    return render_template("scan/index.html", purposes=PURPOSES, acting=acting())
