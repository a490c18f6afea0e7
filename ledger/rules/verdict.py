"""What a person is told about a pack: `judge` turns its state and its label into a verdict.

Pure (custody.md 5). A `State` is built by the store and by a proof alike; where it comes from, and
how a verdict looks, is left to others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, NamedTuple

from ledger.rules import marks
from ledger.rules.authority import Authority
from ledger.rules.claims import Claim, compare
from ledger.rules.operations import SUPPLIES
from ledger.rules.reasons import Reason, rank, reason, word_of
from ledger.rules.state import IN_TRANSIT, INACTIVE, REFUSED
from ledger.rules.world import World
from ledger.statement.gs1 import Label

PURPOSES: Final = ("dispense", "receive", "return", "check")

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
    practice: bool = False  # it is a practice log's


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


def verdict(codes: Mapping[str, str], purpose: str, state: State | None = None) -> Verdict:
    """The verdict that these reasons (code -> detail) lead to, worst first."""
    ranked = sorted(codes, key=rank)
    word = word_of(ranked[0])
    return Verdict(word, tuple(reason(code, codes[code]) for code in ranked), purpose, state)


def also(told: Verdict, code: str, detail: str = "") -> Verdict:
    """A verdict with one more reason, in its place among the others."""
    found = sorted((*told.reasons, reason(code, detail)), key=lambda one: rank(one.code))
    return replace(told, word=word_of(found[0].code), reasons=tuple(found))


def other_log(label: Label, *, practice: bool) -> dict[str, str]:
    """Why a log, a practice log or a real one, does not judge a label at all; empty where it does.

    Known by the label and the log's name alone, before anything is looked up.
    """
    if label.practice == practice:
        return {}
    return {"practice-label" if label.practice else "not-practice-label": ""}


def judge(state: State, label: Label, now: datetime, purpose: str, *, witnessed: bool) -> Verdict:
    """Judge a pack by its state and the label it carries.

    `now` is aware and in the site's own time zone: expiry is judged by the site's date. `purpose`
    is one of PURPOSES. `witnessed` says whether the view's age is vouched for by a witness.
    """
    if other := other_log(label, practice=state.practice):
        return verdict(other, purpose)
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
