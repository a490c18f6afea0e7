"""The operator's signed words, against what a party has kept and what everybody can read.

Pure; a part of `audit`, which has checked before that the kept statements are in the log, where they
are said to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from ledger.errors import Malformed
from ledger.rules.authority import Authority, Mark
from ledger.rules.operations import OPERATIONS, SUPPLIES
from ledger.rules.rights import check_log
from ledger.rules.state import IN_TRANSIT, INACTIVE
from ledger.statement import dsse
from ledger.statement.dsse import Envelope
from ledger.statement.events import Event
from ledger.statement.forms import AFTER_THE_FACT
from ledger.statement.gs1 import gtin_of
from ledger.statement.status import ItemStatus, Refusal, Status, parse_refusal, parse_status
from ledger.statement.submission import Statement, Submission

_FOR_EVER: Final = frozenset({"destroyed", "stolen"})
# What an honest operator may answer when a statement of the log is sent again, but not as it was.
_OF_THE_SENDING: Final = frozenset({"malformed", "bad-signature", "items-mismatch", "read-only"})
_STAYS: Final = frozenset(
    {"refuse", "close_short"}
)  # in transit, and where to is not theirs to say


class Shown(NamedTuple):
    """A kept statement, and the ids that it is known to name in its `items`.

    `whole` is the same with all that it names, where that is known and is what it commits to.
    """

    place: str
    statement: Statement
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    ms: int
    ids: frozenset[str]
    whole: Submission | None = None


class _Act(NamedTuple):
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    event: Event


def read_word(authority: Authority, envelope: Envelope) -> Status | Refusal:
    """A status or refusal by the status key that genesis names. Raises LedgerError."""
    key = authority.status_key
    envelope.verify({dsse.key_id(key): key}.get)
    word: Status | Refusal
    if envelope.payload_type == dsse.STATUS:
        word = parse_status(envelope.payload)
    elif envelope.payload_type == dsse.REFUSAL:
        word = parse_refusal(envelope.payload)
    else:
        raise Malformed("it is neither a status nor a refusal")
    check_log(authority, word.log)
    return word


def refusal_fault(index_of: Mapping[str, int], refusal: Refusal) -> str:
    """Sees a refusal of what was on the log already, and is answered by its receipt; else ""."""
    index = index_of.get(refusal.id, refusal.size)
    if index >= refusal.size or refusal.code in _OF_THE_SENDING:
        return ""
    return f"it refuses ({refusal.code}) what is entry {index}"


def status_faults(
    authority: Authority, index_of: Mapping[str, int], status: Status, shown: Sequence[Shown]
) -> Iterator[str]:
    """What a status says that cannot be so, in words.

    `shown` are kept statements by index, `index_of` gives the index of every statement id that is
    known; `authority` may know more than the status covers.
    """
    before = [one for one in shown if one.index < status.size]
    for item in status.items:
        acts = _acts(item.id, before)
        for words in (
            *_hidden_marks(authority, item, status.size, acts),
            *_false_state(item, acts),
            *_false_last(index_of, status, item, acts),
        ):
            yield f"{item.id}: {words}"


def _acts(item: str, shown: Sequence[Shown]) -> list[_Act]:
    """The kept events, by index, that changed an item for certain.

    Not a look at it, nor what was told after the fact (it may have broken a rule and counted for
    nothing), nor once more the act that took it out of the chain.
    """
    acts: list[_Act] = []
    for one in shown:
        event = one.statement.body
        if item not in one.ids or not isinstance(event, Event):
            continue
        leaves = OPERATIONS[event.op].becomes == INACTIVE
        again = leaves and bool(acts) and acts[-1].event.op == event.op
        if event.op != "inspect" and event.declared != AFTER_THE_FACT and not again:
            acts.append(_Act(one.index, event))
    return acts


def _hidden_marks(
    authority: Authority, item: ItemStatus, size: int, acts: Sequence[_Act]
) -> Iterator[str]:
    """Sees a hold or recall of whole lots, in the clear on the log, that a status leaves out."""
    if item.state == "unknown":
        return
    made = [act.event.lot for act in acts if act.event.op in ("commission", "repack")]
    for mark in authority.marks_ever_on(gtin_of(item.id)):
        covers = mark.covers_lot(made[0] or "" if made else "")
        if covers and _in_force(mark, size) and mark.code not in item.reasons:
            yield f"the status hides that it is {mark.code} by entry {mark.index}"


def _in_force(mark: Mark, size: int) -> bool:
    lifted = mark.code == "on-hold" and 0 <= mark.ended < size
    return mark.index < size and not lifted


def _false_state(item: ItemStatus, acts: Sequence[_Act]) -> Iterator[str]:
    """Sees an item called unknown that is on record, and one back that is gone for ever."""
    if acts and item.state == "unknown":
        yield f"is called unknown, entry {acts[-1].index} is about it"
    elif item.state != "inactive":
        for act in acts:
            if act.event.op in _FOR_EVER:
                yield f"is called {item.state}, by entry {act.index} it is gone for ever"


def _false_last(
    index_of: Mapping[str, int], status: Status, item: ItemStatus, acts: Sequence[_Act]
) -> Iterator[str]:
    """Sees a newest statement that is not the newest, or that leads to another state."""
    told = index_of.get(item.last or "")
    if told is None or not acts:
        return
    newest = acts[-1]
    if not newest.index <= told < status.size:
        yield f"its last statement is said to be entry {told}, entry {newest.index} is about it"
    elif told == newest.index:
        leads = _leads(newest.event, status.for_)
        if leads not in ("", item.state):
            yield f"is called {item.state}, its last statement, entry {told}, leads to {leads}"


def _leads(event: Event, site: str) -> str:
    """The state, seen from a site, of an item whose last statement this is; "" if it tells none."""
    becomes, here = OPERATIONS[event.op].becomes, event.read_point == site
    if becomes is None or event.op in _STAYS:
        return ""
    if becomes == IN_TRANSIT:
        return "to_here" if event.dest_site == site else "in_transit"
    if becomes != INACTIVE:
        return "here" if here else "other"
    if event.op in SUPPLIES:
        return "supplied_here" if here else "supplied"
    return "inactive"
