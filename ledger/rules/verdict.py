"""What a person is told about a pack: `judge` turns its state and its label into a verdict.

Pure (custody.md 5). A `State` is built by the store and by a proof alike; where it comes from, and
how a verdict looks, is left to others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from ledger.rules import marks
from ledger.rules.authority import Authority
from ledger.rules.claims import Claim, compare
from ledger.rules.operations import SUPPLIES
from ledger.rules.state import IN_TRANSIT, INACTIVE, REFUSED
from ledger.rules.world import World
from ledger.statement.gs1 import Label

OK: Final = "OK"
HOLD: Final = "Hold: ask"
DO_NOT_SUPPLY: Final = "Do not supply"
NOT_CHECKED: Final = "Not checked"
PURPOSES: Final = ("dispense", "receive", "return", "check")

_WORST_FIRST: Final = (DO_NOT_SUPPLY, HOLD, NOT_CHECKED, OK)
_CLOCK_SKEW_MS: Final = 5 * 60 * 1000


class Standing(NamedTuple):
    """How an item stands, seen from a site: the part of a status that is about one item."""

    state: str  # statement.md 6
    reason: str  # of an inactive item, else ""
    marks: tuple[str, ...]
    last: int  # index of the newest statement about it, -1 when unknown


def standing(world: World, authority: Authority, item: str, site: str, ms: int) -> Standing:
    """How an item stands seen from `site` (GLN), or from a stranger's place (`""`), at `ms`.

    A stranger sees only unknown, active, supplied or inactive, and no index.
    """
    row = world.row(item)
    if row is None:
        return Standing("unknown", "", (), -1)
    root = world.outermost(row)
    found = {f.mark for f in marks.of(world, authority, row, ms)} - {marks.EXPIRED}
    supplied = root.status == INACTIVE and root.reason in SUPPLIES
    if not site:
        state = "supplied" if supplied else "inactive" if root.status == INACTIVE else "active"
        return Standing(state, "", tuple(sorted(found)), -1)
    here = root.site == site
    reason = ""
    if supplied:
        state = "supplied_here" if here else "supplied"
    elif root.status == INACTIVE:
        state, reason = "inactive", root.reason
    elif root.status == IN_TRANSIT:
        shipment = world.shipment(root.shipment)
        assert shipment is not None  # what is in transit was shipped
        to = shipment.site if root.reason == REFUSED else shipment.to_site
        state = "to_here" if to == site else "in_transit"
    else:
        state = "here" if here else "other"
    if state in ("here", "to_here", "supplied_here"):  # elsewhere they would tell who has it
        found.update(marks.of_site(authority, root.site, ms))
    return Standing(state, reason, tuple(sorted(found)), world.newest(row))


@dataclass(frozen=True, slots=True)
class State:
    """All that a verdict needs to know about one item, as of one moment."""

    id: str
    state: str  # statement.md 6, seen from `site`
    reason: str = ""
    marks: tuple[str, ...] = ()
    lot: str = ""
    expiry: date | None = None
    product: str = ""
    since_ms: int = -1  # landing of its newest act that is shown, -1 when none is
    gap: bool = False  # hand-offs in between are by the operator's word
    site: str = ""  # GLN it is seen from, "" for a stranger
    as_of_ms: int = -1  # age of the view; -1 when unknown
    max_age_s: int = 24 * 3600  # policy.maxAge


class Reason(NamedTuple):
    """One reason of a verdict, in the code's own words and with the next step.

    `detail` is what stands in the words already.
    """

    code: str
    words: str
    next: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One of four words, and all its reasons, worst first; the first one carries the word."""

    word: str
    reasons: tuple[Reason, ...]
    purpose: str
    state: State | None
    claims: tuple[Claim, ...] = ()  # the label's against the log's; none for a stranger

    @property
    def codes(self) -> tuple[str, ...]:
        """The reasons' stable codes, worst first."""
        return tuple(reason.code for reason in self.reasons)


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


def _rank(code: str) -> tuple[int, int]:
    return _WORST_FIRST.index(_REASONS[code][0]), CODES.index(code)


def verdict(codes: Mapping[str, str], purpose: str, state: State | None = None) -> Verdict:
    """The verdict that these reasons (code -> detail) lead to, worst first."""
    ranked = sorted(codes, key=_rank)
    word = _REASONS[ranked[0]][0]
    return Verdict(word, tuple(reason(code, codes[code]) for code in ranked), purpose, state)


def also(told: Verdict, code: str, detail: str = "") -> Verdict:
    """A verdict with one more reason, in its place among the others."""
    found = sorted((*told.reasons, reason(code, detail)), key=lambda one: _rank(one.code))
    return replace(told, word=_REASONS[found[0].code][0], reasons=tuple(found))


def judge(state: State, label: Label, now: datetime, purpose: str, *, witnessed: bool) -> Verdict:
    """Judge a pack by its state and the label it carries.

    `now` is aware and in the site's own time zone: expiry is judged by the site's date. `purpose`
    is one of PURPOSES. `witnessed` says whether the view's age is vouched for by a witness.
    """
    if label.id != state.id:
        return verdict({"not-in-proof": ""}, purpose, state)
    if not state.site:
        return verdict(_stranger(state, label, now), purpose, state)
    found: dict[str, str] = {}
    _age(found, state, now)
    known = state.state != "unknown"
    if known:
        _label(found, state, label)
        if state.expiry is not None and now.date() > state.expiry:
            found["expired"] = state.expiry.isoformat()
        found.update(dict.fromkeys(state.marks, ""))
    if purpose == "return" and state.state == "here":
        # Marks never block what makes stock safe: a marked pack may go back.
        for code in (*marks.BLOCKS, marks.CUSTODY_GAP):
            found.pop(code, None)
    code, detail = _standing_code(state, purpose, now)
    found[code] = detail
    if state.gap:
        found["hand-offs-between"] = ""
    if not witnessed:
        found["operators-clock"] = ""
    told = verdict(found, purpose, state)
    return replace(told, claims=_compare(state, label)) if known else told


def _compare(state: State, label: Label) -> tuple[Claim, ...]:
    return compare(label, state.id, state.lot, state.expiry)


def _standing_code(state: State, purpose: str, now: datetime) -> tuple[str, str]:
    match state.state:
        case "here":
            return ("already-here" if purpose == "receive" else "in-stock"), ""
        case "to_here":
            return ("announced" if purpose == "receive" else "in-transit"), ""
        case "supplied_here":
            return "supplied-here", _since(state, now)
        case "supplied":
            return "supplied-elsewhere", ""
        case "inactive":
            return ("stolen" if state.reason == "stolen" else "inactive"), state.reason
        case "unknown":
            return "unknown", ""
        case _:
            return "other-holder", ""


def _since(state: State, now: datetime) -> str:
    if state.since_ms < 0:
        return ""
    at = datetime.fromtimestamp(state.since_ms / 1000, now.tzinfo)
    return f" on {at:%Y-%m-%d} at {at:%H:%M}"


def _label(found: dict[str, str], state: State, label: Label) -> None:
    wrong = [claim for claim in _compare(state, label) if claim.agrees is False]
    if wrong:
        found["label-mismatch"] = ", ".join(f"{one.name} {one.label} on the label" for one in wrong)


def _age(found: dict[str, str], state: State, now: datetime) -> None:
    age_ms = int(now.timestamp() * 1000) - state.as_of_ms
    if state.as_of_ms < 0 or age_ms < -_CLOCK_SKEW_MS:
        found["unknown-age"] = ""
    elif age_ms > state.max_age_s * 1000:
        found["too-old"] = f"{age_ms // 3_600_000} h"


def _stranger(state: State, label: Label, now: datetime) -> dict[str, str]:
    """One wording for all that is not in trade, so that nothing can be probed for."""
    if not (label.lot and label.expiry and label.serial):
        return {"label-incomplete": ""}
    found: dict[str, str] = {}
    _age(found, state, now)
    if found:
        return found
    mismatch: dict[str, str] = {}
    _label(mismatch, state, label)
    expired = state.expiry is not None and now.date() > state.expiry
    if state.state == "unknown" or mismatch or expired or state.marks:
        return {"not-confirmed": ""}
    if state.state == "supplied":
        return {"reported-supplied": ""}
    if state.state == "active":
        return {"in-trade": ""}
    return {"not-confirmed": ""}
