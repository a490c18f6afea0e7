"""Why a pack is told OK or not: every reason of a verdict, the word it carries, and what to do next.

Which reasons a pack has is left to `verdict`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

OK: Final = "OK"
HOLD: Final = "Hold: ask"
DO_NOT_SUPPLY: Final = "Do not supply"
NOT_CHECKED: Final = "Not checked"
_WORST_FIRST: Final = (DO_NOT_SUPPLY, HOLD, NOT_CHECKED, OK)


class Reason(NamedTuple):
    """One reason of a verdict, in the code's own words and with the next step.

    `detail` is what stands in the words already.
    """

    code: str
    words: str
    next: str
    detail: str = ""


_ASIDE: Final = "Put the pack aside. Do not give it out. Call your supplier or the manufacturer."
_ASK: Final = "Keep the pack apart and ask before you do anything with it."
_REASONS: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        # code: (the word it carries, what it means, what to do next)
        "bad-proof": (
            DO_NOT_SUPPLY,
            "The proof is refuted: it does not show what it claims.",
            "Put the pack aside, keep the proof file and tell the regulator.",
        ),
        "unknown": (
            DO_NOT_SUPPLY,
            "No pack of this serial is on record.",
            "Scan again. If it stays unknown, put the pack aside: potential suspect falsification.",
        ),
        "stolen": (DO_NOT_SUPPLY, "This pack was reported stolen.", _ASIDE),
        "label-mismatch": (
            DO_NOT_SUPPLY,
            "The label does not say what was recorded at the factory ({detail}).",
            "Scan again. If it stays so, put the pack aside: potential suspect falsification.",
        ),
        "supplied-elsewhere": (
            DO_NOT_SUPPLY,
            "A pack of this serial has been supplied at another place.",
            "Put the pack aside: potential suspect falsification. Tell the regulator.",
        ),
        "inactive": (DO_NOT_SUPPLY, "This pack has left the chain ({detail}).", _ASIDE),
        "recalled": (DO_NOT_SUPPLY, "This pack is recalled.", "Follow the recall notice."),
        "withdrawn": (DO_NOT_SUPPLY, "This product is withdrawn.", "Follow the notice."),
        "expired": (
            DO_NOT_SUPPLY,
            "This pack has expired ({detail}).",
            "Put it with the expired stock for destruction.",
        ),
        "symbols-disagree": (
            HOLD,
            "The codes on this pack contradict each other ({detail}).",
            "If two packs are in view, show one. Else keep the pack apart and ask.",
        ),
        "on-hold": (HOLD, "This pack is on hold (quarantine).", _ASK),
        "copy-suspected": (
            HOLD,
            "The label's print is not the one that was enrolled: a copy is suspected.",
            "Keep the pack apart: potential suspect falsification. Ask the manufacturer.",
        ),
        "in-transit": (
            HOLD,
            "This pack is on its way to you and has not been received.",
            "Book the delivery in first.",
        ),
        "other-holder": (HOLD, "This pack is not in your stock.", _ASK),
        "supplied-here": (
            HOLD,
            "You supplied this pack{detail}.",
            "If it never left your hands, undo it. Else keep this one apart: a copied label looks so.",
        ),
        "suspended": (HOLD, "Its holder is suspended.", _ASK),
        "licence-expired": (HOLD, "Its holder's licence has run out.", _ASK),
        "key-suspect": (HOLD, "A key that signed for this pack is suspect.", _ASK),
        "partly-listed": (
            HOLD,
            "Some packs of this lot are recalled or on hold; the status list does not say which.",
            "Keep the pack apart until you can ask the log.",
        ),
        "custody-gap": (
            HOLD,
            "Something done to this pack was reported after the fact and broke a rule.",
            "Keep the pack apart until who reported it has explained it.",
        ),
        "split-view": (
            NOT_CHECKED,
            "The log shows two histories ({detail}): nothing that it says can be relied on.",
            "Keep the evidence and give it to the authority. Ask another way before you supply.",
        ),
        "no-status": (
            NOT_CHECKED,
            "The operator's word on what is not in the proof is missing.",
            "Fetch a fresh proof and check again.",
        ),
        "other-site-status": (
            NOT_CHECKED,
            "The proof was made for another site.",
            "Fetch a proof for your own site.",
        ),
        "too-old": (
            NOT_CHECKED,
            "The view is older than the policy allows ({detail}).",
            "Fetch a fresh proof and check again.",
        ),
        "unknown-age": (
            NOT_CHECKED,
            "The view's age cannot be told: its time lies ahead of this clock.",
            "Check this device's clock.",
        ),
        "newer-than-proof": (
            NOT_CHECKED,
            "Something newer than the proof is known.",
            "Fetch a fresh proof and check again.",
        ),
        "unusable-proof": (
            NOT_CHECKED,
            "The proof cannot be used ({detail}).",
            "Fetch a fresh proof and check again.",
        ),
        "log-down": (
            NOT_CHECKED,
            "The log could not be asked ({detail}).",
            "Check again later, or use a stored proof.",
        ),
        "unreadable": (
            NOT_CHECKED,
            "No code could be read ({detail}).",
            "Hold the label flat and close, and scan again.",
        ),
        "no-picture": (
            NOT_CHECKED,
            "The camera gives no picture ({detail}).",
            "Mend that, type the code, or use another scanner.",
        ),
        "scan-again": (
            NOT_CHECKED,
            "The reading looks like a scanner's fault, not like this pack's label ({detail}).",
            "Scan the pack again.",
        ),
        "not-our-label": (
            NOT_CHECKED,
            "This is not a code of a medicine pack ({detail}).",
            "Scan the code with GTIN and serial.",
        ),
        "practice-label": (
            NOT_CHECKED,
            "This is a label of a practice log, not a medicine.",
            "Put it with the training material.",
        ),
        "not-practice-label": (
            NOT_CHECKED,
            "This label is not of this practice log, which knows no medicines.",
            "If it is a medicine's, check it where you work, not where you practise.",
        ),
        "not-in-proof": (
            NOT_CHECKED,
            "The proof is about another pack.",
            "Fetch the proof of this pack.",
        ),
        "label-incomplete": (
            NOT_CHECKED,
            "A check without an account needs the whole label: GTIN, serial, lot and expiry.",
            "Scan the code instead of typing it, or type all four.",
        ),
        "reported-supplied": (
            NOT_CHECKED,
            "This pack is reported as supplied, as it should be if a pharmacy gave it to you.",
            "If no pharmacy gave it to you, ask one.",
        ),
        "not-confirmed": (
            NOT_CHECKED,
            "This pack cannot be confirmed.",
            "Ask a pharmacy to check it.",
        ),
        "in-trade": (OK, "On record and in trade.", "No contradiction found."),
        "in-stock": (OK, "On record and in your stock.", "No contradiction found."),
        "announced": (OK, "Announced to you in a shipment.", "Receive it."),
        "already-here": (OK, "Already in your stock.", "Nothing is left to receive."),
        "hand-offs-between": (
            OK,
            "The hand-offs between factory and your supplier are by the operator's word.",
            "Ask an authority if you need them proven.",
        ),
        "fingerprint-unclear": (
            OK,
            "The label's print could not be told from a copy or from the print that was enrolled.",
            "Look again: closer, with more light and less glare. The rest of the verdict stands.",
        ),
        "fingerprint-match": (
            OK,
            "The label's print is like the one that was enrolled.",
            "No contradiction found. It does not show what is in the pack.",
        ),
        "operators-clock": (
            OK,
            "The age of this view is by the operator's clock: no witness has signed it.",
            "List witnesses in the trust file to have it proven.",
        ),
    }
)
CODES: Final = tuple(_REASONS)


def reason(code: str, detail: str = "") -> Reason:
    """One reason in words; `detail` fills the place its words leave for it."""
    words, step = wording(code, detail=bool(detail))
    return Reason(code, words.replace("{detail}", detail), step, detail)


def wording(code: str, *, detail: bool = True) -> tuple[str, str]:
    """A reason's words, with their place for a `{detail}` where there is one, and its next step."""
    _, words, step = _REASONS[code]
    return (words if detail else words.replace(" ({detail})", "")), step


def word_of(code: str) -> str:
    """The word that a reason carries."""
    return _REASONS[code][0]


def rank(code: str) -> tuple[int, int]:
    """Where a reason stands among others: the worst comes first."""
    return _WORST_FIRST.index(word_of(code)), CODES.index(code)
