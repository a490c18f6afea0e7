"""What becomes of an alert: whose turn it is and until when, what may be decided, how a case is closed.

Pure. The times are those of practice, not of the policy: 24 hours for the site, as the notice of
section 582 FD&C Act; ten business days for the product's holder, and then for the authority.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from ledger.errors import Malformed, Refused

SITE: Final = "site"
HOLDER: Final = "holder"
AUTHORITY: Final = "authority"
LEVELS: Final = (SITE, HOLDER, AUTHORITY)
NOTICE_MS: Final = 24 * 3_600_000
BUSINESS_DAYS: Final = 10
OPEN: Final = "open"
CLOSED: Final = "closed"
# What is to be done with the pack in hand.
GIVE_OUT: Final = "give-out"
SEND_BACK: Final = "send-back"
KEEP_APART: Final = "keep-apart"
DECISIONS: Final = (GIVE_OUT, SEND_BACK, KEEP_APART)
FALSIFICATION: Final = "falsification"
ROOTS: Final = (
    "scanner",
    "software",
    "label-print",
    "data-missing",
    "procedure",
    "late-statement",
    "misdelivery",
    "count",
    "loss",
    "theft",
    "diversion",
    "temperature",
    "suspension",
    FALSIFICATION,
    "not-found",
)
FALSE_ALERT: Final = "false-alert"
EXPLAINED: Final = "explained"
SETTLED: Final = "settled"
SUSPECT: Final = "suspect"
ILLEGITIMATE: Final = "illegitimate"
CLOSINGS: Final = (FALSE_ALERT, EXPLAINED, SETTLED, SUSPECT, ILLEGITIMATE)
# What no false alert comes from, and what nobody explains away.
_GRAVE: Final = frozenset(("theft", "diversion", FALSIFICATION))
MOST_NOTE: Final = 500  # characters


def due_ms(level: str, since_ms: int) -> int:
    """Until when a level has the case that came to it at a time."""
    if level == SITE:
        return since_ms + NOTICE_MS
    return business_days_after(since_ms, BUSINESS_DAYS)


def business_days_after(ms: int, days: int) -> int:
    """The same time of the day so many business days later: Monday to Friday in UTC.

    Public holidays differ by country and count as business days. What begins on a weekend begins on
    the Monday after it.
    """
    at = datetime.fromtimestamp(ms / 1000, UTC)
    while at.weekday() > 4:
        at += timedelta(days=1)
    for _ in range(days):
        at += timedelta(days=3 if at.weekday() == 4 else 1)
    return round(at.timestamp() * 1000)


def notice_ms(closing: str, closed_ms: int) -> int | None:
    """Until when somebody who found a product illegitimate has to notify; None for other findings."""
    return closed_ms + NOTICE_MS if closing == ILLEGITIMATE else None


def first_level(rule: str, *, holder: bool) -> str:
    """Whose turn a new case is; `holder` says whether one product's holder is known."""
    if rule == "suspended-moving":
        return AUTHORITY  # whoever is suspended is not asked first what its own stock does
    if rule == "enrolled-away":
        return AUTHORITY  # nor who may have exchanged a print; the product's holder sees it too
    if rule == "template-mismatch":
        return HOLDER if holder else AUTHORITY  # no site knows of templates
    return SITE


def next_level(level: str, *, holder: bool) -> str:
    """To whom a case goes on; `holder` says whether one product's holder is known. "" for nobody."""
    if level == SITE:
        return HOLDER if holder else AUTHORITY
    return AUTHORITY if level == HOLDER else ""


def check_decision(word: str) -> str:
    """One of DECISIONS. Raises Malformed."""
    if word not in DECISIONS:
        raise Malformed(f"a decision is one of {', '.join(DECISIONS)}, not {word[:40]!r}")
    return word


def check_note(text: str) -> str:
    """A note of a case, on one line. Raises Malformed."""
    line = " ".join(text.split())
    if len(line) > MOST_NOTE or not line.isprintable():
        raise Malformed(f"a note is up to {MOST_NOTE} printable characters")
    return line


def _unfit(why: str) -> Refused:
    return Refused("unfit-closing", why)


def check_closing(root: str, closing: str, note: str, level: str) -> None:
    """Refuse to close a case without a cause, or with one that the closing code contradicts.

    Raises Refused: `unfit-closing`, or `not-entitled` for a finding that is the authority's.
    """
    if root not in ROOTS:
        raise _unfit("a case is closed with its root cause")
    if closing not in CLOSINGS:
        raise _unfit("a case is closed with its closing code")
    if root == "not-found" and not note:
        raise _unfit("where no root cause was found, a note says what was looked into")
    if root in _GRAVE and closing in (FALSE_ALERT, EXPLAINED):
        raise _unfit(f"{root} is no {closing}")
    if closing == ILLEGITIMATE and root not in (*_GRAVE, "temperature"):
        raise _unfit("a product is illegitimate by theft, diversion, falsification, temperature")
    if level == SITE and root in _GRAVE:
        raise Refused(
            "not-entitled", "pass it on: the product's holder or the authority finds that"
        )


def holds_copy(status: str, decision: str, closing: str) -> bool:
    """Whether a case still speaks against a pack whose print was not the enrolled one.

    A finding counts more than what was decided before it; without one, to give it out must be decided.
    """
    if status == OPEN or closing == SETTLED:
        return decision != GIVE_OUT
    return closing not in (FALSE_ALERT, EXPLAINED)
