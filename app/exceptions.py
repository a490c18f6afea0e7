"""What is out of order with a shipment, and what each side does about it."""

from __future__ import annotations

from typing import NamedTuple

from flask_babel import gettext as _
from flask_babel import ngettext

from app.consignments import RECEIVER, SENDER


class Trouble(NamedTuple):
    """One thing that is out of order: how grave, what, and what to do next."""

    code: str  # overdue, short, refused, over
    style: str
    words: str
    next: str


def troubles(
    side: str, *, overdue: bool = False, short: int = 0, refused: int = 0, over: int = 0
) -> list[Trouble]:
    """What is out of order, worst first; counts are of outermost items."""
    found = []
    if short:
        words = ngettext("%(num)s item did not arrive", "%(num)s items did not arrive", short)
        advice = {
            SENDER: _(
                "Agree: report them as lost or call them back. Send them again in a new shipment. "
                "Dispute: call the receiver with this page."
            ),
            RECEIVER: _(
                "The sender has been told and answers. If they turn up after all, book them in."
            ),
        }
        found.append(Trouble("short", "stop", words, advice.get(side, "")))
    if over:
        words = ngettext(
            "%(num)s item was found too much", "%(num)s items were found too much", over
        )
        advice = {
            SENDER: _(
                "Look what left by mistake, and agree with the receiver to have it sent back."
            ),
            RECEIVER: _(
                "It is on hold. Keep it apart and agree with the sender: it is sent back, or "
                "properly shipped to you."
            ),
        }
        found.append(Trouble("over", "hold", words, advice.get(side, "")))
    if refused:
        words = ngettext("%(num)s item was refused", "%(num)s items were refused", refused)
        advice = {
            SENDER: _("It comes back to you: book it in when it arrives."),
            RECEIVER: _("Hand it back to the carrier; the sender books it in."),
        }
        found.append(Trouble("refused", "hold", words, advice.get(side, "")))
    if overdue:
        advice = {
            SENDER: _("Ask the receiver or the carrier where it is."),
            RECEIVER: _("Ask the sender where it is. If it will not come, close it short."),
        }
        found.append(Trouble("overdue", "hold", _("Overdue"), advice.get(side, "")))
    return found
