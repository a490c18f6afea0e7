"""What the matching service says, in the page's language; the frames' own reasons are `scanner`'s words."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import lazy_gettext as _

from app.phrases import said
from app.present import Mark, marked
from ledger.rules.reasons import HOLD, NOT_CHECKED, OK
from scanner.fingerprint.match import CANNOT_TELL, COPY_SUSPECTED, GENUINE_MATCH
from scanner.fingerprint.wording import REASONS, VERDICTS

# Beside those of `scanner.fingerprint.wording`.
REPLAYED: Final = "replayed"
ELSEWHERE: Final = "template-elsewhere"
OTHER_VERSION: Final = "template-version"
OTHER_PACK: Final = "other-pack"
_MORE: Final[dict[str, Any]] = {
    REPLAYED: _("A picture was shown here before. Each look needs pictures taken anew."),
    ELSEWHERE: _(
        "A fingerprint was enrolled, but its template is not kept here. Ask the manufacturer."
    ),
    OTHER_VERSION: _(
        "The fingerprint was enrolled by another version of this program. Ask the manufacturer."
    ),
    OTHER_PACK: _("The code in the picture is another pack's. Show the label of this pack."),
}
_MARKS: Final = {GENUINE_MATCH: OK, COPY_SUSPECTED: HOLD, CANNOT_TELL: NOT_CHECKED}
# Verdict -> the code that an `inspect` statement carries as its reason.
CODES: Final = {
    GENUINE_MATCH: "fingerprint-match",
    COPY_SUSPECTED: "copy-suspected",
    CANNOT_TELL: "fingerprint-unclear",
}


def verdict_words(verdict: str) -> str:
    """A verdict in words."""
    return said(VERDICTS[verdict])


def verdict_mark(verdict: str) -> Mark:
    """How a verdict looks beside the ledger's."""
    return marked(_MARKS[verdict])


def reason_words(code: str) -> str:
    """A reason in words, and what to do."""
    return str(_MORE[code]) if code in _MORE else said(REASONS[code])


def reasons_json(codes: tuple[str, ...]) -> list[dict[str, str]]:
    """Reasons for programs and pages."""
    return [{"code": code, "words": reason_words(code)} for code in codes]
