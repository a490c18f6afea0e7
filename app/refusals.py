"""Refusals in words for who stands before the goods: what it is about this item, what to do next.

The rule itself, for programs and for the log, is in `ledger.errors.CODES`; what is not said here is
said as it stands there.
"""

from __future__ import annotations

from typing import Any, Final

from flask_babel import lazy_gettext as _

from ledger.errors import CODES, Refused

_WORDS: Final[dict[str, tuple[Any, Any]]] = {
    "unknown-item": (
        _("This code is not on record."),
        _("Scan it again. If it stays unknown, put it aside and ask the sender."),
    ),
    "not-holder": (
        _("It is not in this site's stock."),
        _("Check where it is. If it lies before you, book its delivery in first."),
    ),
    "in-transit": (
        _("It is in a shipment already."),
        _("Book that shipment in, or have it called back, first."),
    ),
    "already-inactive": (
        _("It has left the chain: supplied, destroyed, lost or taken out otherwise."),
        _("Put it aside and look at its timeline."),
    ),
    "wrong-state": (
        _("Its state does not allow this."),
        _("Look at its timeline for what was done last."),
    ),
    "blocked-recalled": (_("It is recalled."), _("Put it aside and follow the recall.")),
    "blocked-withdrawn": (_("It is withdrawn."), _("Put it aside and follow the withdrawal.")),
    "blocked-hold": (
        _("It is on hold."),
        _("Leave it out, or have the hold lifted by who set it."),
    ),
    "blocked-expired": (_("It is expired."), _("Leave it out, and have it destroyed.")),
    "not-in-shipment": (
        _("It is not in this shipment."),
        _("Book it in as found too much, or send it back."),
    ),
    "not-named": (
        _("This shipment is for another site."),
        _("Have it booked in at the site that it names."),
    ),
    "unknown-shipment": (
        _("This shipment is not on record."),
        _("Check its number with the sender."),
    ),
    "suspended": (
        _("The party or site is suspended."),
        _("Choose another one, or ask the authority. Stock may still be made safe."),
    ),
    "unknown-site": (
        _("This place is not on record."),
        _("Check its number (GLN), or search it by name."),
    ),
    "wrong-site": (
        _("It cannot go to this place."),
        _("Goods go back to who sent them, to the product's holder, or to a licensed destroyer."),
    ),
    "two-containers": (
        _("It is inside another container."),
        _("Take it out of that container first."),
    ),
    "not-listed-op": (
        _("This key, or this site's party, may not do this."),
        _("Sign in with a key that may, or ask your administrator."),
    ),
}


def in_words(refused: Refused) -> tuple[str, str]:
    """What is wrong, and what to do next."""
    words, advice = _WORDS.get(refused.code, CODES[refused.code])
    return str(words), str(advice)
