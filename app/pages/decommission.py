"""/decommission: take packs out with a reason, or put them on hold, or back; signed by the session's key."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, render_template
from flask_babel import lazy_gettext as _

from app.me import me
from app.session import signed_in
from ledger.statement.forms import QUARANTINE_REASONS

blueprint = Blueprint("decommission", __name__)
# Operation -> its words, and what it comes to.
ACTS: Final[dict[str, tuple[Any, Any]]] = {
    "sample": (_("Sample for testing"), _("The packs are out for good; an undo is possible within the policy's hours.")),
    "free_sample": (_("Free sample"), _("The packs are out for good; an undo is possible within the policy's hours.")),
    "export": (_("Export from this market"), _("The packs have left the market of this log.")),
    "lost": (_("Lost"), _("If they turn up, record them as found.")),
    "stolen": (_("Stolen"), _("This cannot be taken back. Everybody who scans one of them is warned.")),
    "destroyed": (_("Destroyed"), _("This cannot be taken back, so a colleague signs it too.")),
    "check_out": (_("Taken out to be repacked"), _("Repacking them makes new packs of them.")),
    "quarantine": (_("Put on hold"), _("They stay in stock and go nowhere until they are released.")),
    "release": (_("Release from hold"), _("They are in trade again.")),
    "found": (_("Found again"), _("They are in stock again, on hold until they are released.")),
}  # fmt: skip
REASONS: Final = {
    "suspect": _("suspected falsified"),
    "damaged": _("damaged"),
    "temperature": _("temperature"),
    "complaint": _("complaint"),
    "counterfeit_alert": _("counterfeit alert"),
    "other": _("other"),
}


@blueprint.get("/decommission")
def index() -> str:
    """The acts that the session's key may sign."""
    signed_in()
    told = me() or {}
    acts = {op: words for op, words in ACTS.items() if op in told.get("operations", ())}
    return render_template(
        "decommission/index.html", acts=acts, reasons={one: REASONS[one] for one in QUARANTINE_REASONS},
        sensitive=[op for op in acts if op in told.get("sensitive", ())],
    )  # fmt: skip
