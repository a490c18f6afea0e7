"""How a recall's board is said in words: states, how a number is known, what is left open."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _lazy
from flask_babel import ngettext

from app.present import moment

STATES: Final = {
    "stock": _lazy("in stock"),
    "hold": _lazy("in stock, on hold"),
    "transit": _lazy("in transit"),
    "supplied": _lazy("supplied"),
    "opened": _lazy("opened and supplied in part"),
    "exported": _lazy("exported"),
    "sampled": _lazy("taken as samples"),
    "destroyed": _lazy("destroyed"),
    "stolen": _lazy("stolen"),
    "lost": _lazy("lost"),
    "checked_out": _lazy("taken out to be repacked"),
    "repacked": _lazy("repacked into others"),
}
# State -> how grave it is that packs are so.
STYLES: Final = {
    "stock": "hold", "hold": "ok", "transit": "hold", "destroyed": "ok", "stolen": "stop", "lost": "stop",
}  # fmt: skip
STATUSES: Final = {
    "ongoing": (_lazy("ongoing"), "hold"),
    "completed": (_lazy("completed"), "ok"),
    "lifted": (_lazy("lifted"), "ok"),
}
KINDS: Final = {
    "hold": _lazy("Hold"),
    "recall": _lazy("Recall"),
    "withdrawal": _lazy("Withdrawal"),
}
CLASSES: Final = {
    1: _lazy("Class 1: it may cost lives or do serious harm"),
    2: _lazy("Class 2: it may cause illness or a wrong treatment"),
    3: _lazy("Class 3: it may not harm, yet it is not as it should be"),
}


def state_said(state: str) -> str:
    """A state on the board, in words."""
    return str(STATES.get(state) or state.replace("_", " "))


def scope_said(told: dict[str, Any]) -> str:
    """Which packs of the product it is about."""
    if told["lots"]:
        lots = _(", ").join(told["lots"])
        return ngettext("lot %(lots)s", "lots %(lots)s", len(told["lots"]), lots=lots)
    if told["listed"]:
        return _("single packs, by a list")
    if told["commissioning"]:
        return _("the packs of one commissioning")
    return _("all lots")


def answer_said(answer: dict[str, Any] | None) -> str:
    """A site's newest answer, in one line."""
    if answer is None:
        return _("no answer")
    if answer["none"]:
        return _("none held")
    parts = [
        _("%(n)s held", n=answer["held"]) if answer["held"] else "",
        _("%(n)s quarantined", n=answer["quarantined"]) if answer["quarantined"] else "",
        _("%(n)s returned", n=answer["returned"]) if answer["returned"] else "",
        _("%(n)s destroyed", n=answer["destroyed"]) if answer["destroyed"] else "",
    ]
    return _(", ").join(part for part in parts if part)


def clock_said(told: dict[str, Any]) -> str:
    """How long there is to answer, or how late it is."""
    hours = (told["deadline"] - told["now"]) / 3_600_000
    if hours >= 0:
        left = _span(hours)
        return _("%(left)s left, until %(moment)s", left=left, moment=moment(told["deadline"]))
    return _(
        "overdue by %(late)s: it was %(moment)s",
        late=_span(-hours), moment=moment(told["deadline"]),
    )  # fmt: skip


def _span(hours: float) -> str:
    """Hours in words, from three days on in days."""
    if hours < 72:
        return ngettext("%(num)s hour", "%(num)s hours", int(hours))
    return ngettext("%(num)s day", "%(num)s days", int(hours / 24))
