"""Holds and recalls as each side sees them: the board, who has answered, what waits for a site.

Who sees what: an authority all of it; the product's holder, and whoever opened a recall, of a recall
the counts by holder, of a hold the sums; every site its own part. What is said in words is left to
`recall_words`, how the packs are counted to `ledger.store`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final, NamedTuple

import msgspec
from flask import abort
from flask_babel import gettext as _

from app import consignments
from app.goods import product_name
from app.node import node
from app.notices import board_of, concerned
from app.session import is_administrator
from ledger.rules.authority import Authority
from ledger.rules.rights import WORKING
from ledger.statement.governance import Hold, LiftHold, Recall, RecallClose
from ledger.store import recall_closing, recalls, shipments
from ledger.store.desk import Person
from ledger.store.recall_board import Board
from ledger.store.recall_closing import UNREACHABLE
from ledger.store.recall_counts import HOLD, STOCK, TRANSIT
from ledger.store.recalls import Answered, Case

_ID: Final = re.compile(r"[0-9a-f]{64}")
WHOLE, HOLDERS, SUMS, OWN = "whole", "holders", "sums", "own"


class Line(NamedTuple):
    """A hold or recall in a list; how many are silent only where that is for who asks to see."""

    case: Case
    product: str
    concerned: int
    silent: int
    packs: int
    sight: str
    here: int  # packs at the asking site
    waits: bool  # for the asking site's answer

    @property
    def late(self) -> bool:
        """Whether a site should have answered by now."""
        return bool(self.silent) and self.case.deadline_ms < node().clock()


class Wait(NamedTuple):
    """A recall that waits for a site's answer: packs there and on their way to it, by the log."""

    case: Case
    product: str
    site: str
    here: int
    coming: int

    @property
    def late(self) -> bool:
        """Whether the answer is overdue."""
        return self.case.deadline_ms < node().clock()


def sight_of(case: Case, who: Person) -> str:
    """How much of a board somebody sees."""
    authority = node().reader.authority()
    if who.party == authority.gln:
        return WHOLE
    record = authority.product(case.body.scope.gtin)
    if who.party not in (case.body.by, record.product.holder if record else ""):
        return OWN
    # A hold costs nothing and is lifted as easily: it must be no way to learn of others' customers.
    return SUMS if case.is_hold else HOLDERS


def named(statement: str) -> Case:
    """The hold or recall that a statement opened. Ends in 404 for none."""
    found = node()
    authority = found.reader.authority()
    case = recalls.case(found.store, authority, statement) if _ID.fullmatch(statement) else None
    if case is None:
        abort(404, _("No hold or recall %(id)s is on record.", id=statement[:64]))
    return case


def answer_sites(who: Person) -> list[str]:
    """The sites that a session answers for: those of its key, which may be several shops."""
    authority = node().reader.authority()
    key = authority.keys.get(who.keyid)
    if key is None or key.use not in WORKING:
        return [who.site]
    return [one.gln for one in authority.sites(who.party) if one.gln in key.sites]


def may_answer(who: Person) -> bool:
    """Whether the key of a session signs answers."""
    key = node().reader.authority().keys.get(who.keyid)
    return key is not None and key.use in WORKING


def may_open(who: Person) -> list[str]:
    """The GTINs that a session's party may put on hold or recall: its own, an authority's all."""
    authority = node().reader.authority()
    return [
        one.product.gtin
        for one in authority.products()
        if who.party in (authority.gln, one.product.holder)
    ]


def may_end(case: Case, who: Person) -> bool:
    """Whether a session's party may lift a hold or close a recall."""
    gln = node().reader.authority().gln
    return case.ending is None and (
        who.party == case.body.by or (case.is_hold and who.party == gln)
    )


def signs_as_administrator(case_is_hold: bool, who: Person) -> bool:
    """Whether what a party opens is signed by its administrators together: an authority's recall."""
    return who.party == node().reader.authority().gln and not case_is_hold


def waiting_for(who: Person) -> list[Wait]:
    """The recalls that wait for the answer of a session's site, the most urgent first."""
    found, waits = node(), []
    with found.reader.snapshot():
        authority = found.reader.authority()
        for case in recalls.cases(found.store, authority):
            if case.ending is None and not case.is_hold:
                waits += _waits(authority, case, [who.site])
    return sorted(waits, key=lambda one: one.case.deadline_ms)


def ongoing(who: Person) -> tuple[int, int]:
    """How many recalls a session's party has to follow, and of how many the deadline is over."""
    found = node()
    authority = found.reader.authority()
    mine = [
        case for case in recalls.cases(found.store, authority)
        if case.ending is None and not case.is_hold and sight_of(case, who) != OWN
    ]  # fmt: skip
    return len(mine), sum(case.deadline_ms < found.clock() for case in mine)


def _waits(authority: Authority, case: Case, sites: Iterable[str]) -> list[Wait]:
    concern = concerned(case)
    asked = [site for site in sites if site in concern]
    quiet = set(asked) - recalls.has_answered(node().store, case.id, asked)
    product = product_name(authority, case.body.scope.gtin)
    return [
        Wait(case, product, site, concern[site].here, concern[site].coming)
        for site in asked
        if site in quiet
    ]


def listing(who: Person) -> list[Line]:
    """All holds and recalls: ongoing ones first, of them those that wait for an answer."""
    found = node()
    with found.reader.snapshot():
        authority = found.reader.authority()
        lines = [_line(authority, case, who) for case in recalls.cases(found.store, authority)]
    return sorted(lines, key=lambda one: (one.case.ending is not None, not one.waits))


def _line(authority: Authority, case: Case, who: Person) -> Line:
    sight = sight_of(case, who)
    product = product_name(authority, case.body.scope.gtin)
    if case.ending is not None:  # what it came to is told on its own page
        return Line(case, product, 0, 0, 0, sight, 0, False)
    concern = concerned(case)
    waits = not case.is_hold and bool(_waits(authority, case, [who.site]))
    here = concern[who.site].here if who.site in concern else 0
    if sight == OWN:
        return Line(case, product, 0, 0, 0, sight, here, waits)
    answers = recalls.answered(node().store, case.id)
    quiet = 0 if case.is_hold else sum(site not in answers for site in concern)
    return Line(case, product, len(concern), quiet, board_of(case).packs, sight, here, waits)


def show(case: Case, who: Person) -> dict[str, Any]:
    """A hold or recall with its board, as far as somebody sees it."""
    found = node()
    with found.reader.snapshot():
        authority, sight = found.reader.authority(), sight_of(case, who)
        told = _facts(authority, case)
        told |= {"sight": sight, "now": found.clock(), "here": _here(authority, case, who)}
        told["mayEnd"] = may_end(case, who)
        if sight != OWN:
            board = board_of(case)
            told |= _sums(authority, case, board)
            if sight != SUMS:
                told |= _by_holder(authority, case, board, whole=sight == WHOLE)
        told["beside"] = _beside(authority, case)
    return told


def version_of(told: dict[str, Any]) -> str:
    """By what a page knows that what it shows has changed."""
    shown = {name: value for name, value in told.items() if name != "now"}
    return sha256(msgspec.json.encode(shown)).hexdigest()[:16]


def _facts(authority: Authority, case: Case) -> dict[str, Any]:
    """What stands in the clear on the log."""
    body, scope = case.body, case.body.scope
    told: dict[str, Any] = {
        "id": case.id, "index": case.mark.index, "ms": case.ms,
        "kind": body.kind if isinstance(body, Recall) else "hold", "status": case.status,
        "by": body.by, "byName": _party(authority, body.by), "reason": body.reason,
        "gtin": scope.gtin, "product": product_name(authority, scope.gtin), "lots": scope.lots or [],
        "listed": scope.items is not None, "commissioning": scope.statement or "",
    }  # fmt: skip
    if isinstance(body, Hold):
        told["reviewBy"] = body.review_by
    else:
        told |= {"class": body.recall_class, "depth": body.depth, "deadline": case.deadline_ms}
    if (end := case.ending) is not None:
        told["ended"] = {"id": end.id, "index": end.index, "ms": end.ms}
        if isinstance(end.body, LiftHold):
            told["ended"] |= {"words": end.body.reason, "open": []}
        else:
            left = [{"count": one.count, "reason": one.reason} for one in end.body.open]
            told["ended"] |= {"words": end.body.outcome, "open": left}
    return told


def _party(authority: Authority, gln: str) -> str:
    record = authority.party(gln)
    return record.name if record else ""


def _sums(authority: Authority, case: Case, board: Board) -> dict[str, Any]:
    lots: dict[tuple[str, str], int] = {}
    for spot, tally in board.tallies.items():
        lots[spot.gtin, spot.lot] = lots.get((spot.gtin, spot.lot), 0) + tally.packs
    states = board.states()
    concern = concerned(case)
    told = {
        "packs": board.packs, "repacked": board.extent.repacked,
        "states": [
            {
                "state": state, "packs": tally.packs, "scanned": tally.scanned,
                "inferred": tally.inferred, "unreachable": state in UNREACHABLE,
            }
            for state, tally in states.items()
        ],
        "unreachable": sum(states[one].packs for one in UNREACHABLE if one in states),
        "byLot": [
            {"gtin": gtin, "lot": lot, "product": product_name(authority, gtin), "packs": packs}
            for (gtin, lot), packs in sorted(lots.items())
        ],
        "leftOpen": [
            {"state": state, "packs": packs}
            for state, packs in recall_closing.left_open(board).items()
        ],
        "concerned": len(concern),
    }  # fmt: skip
    if not case.is_hold:
        answers = recalls.answered(node().store, case.id)
        told["answered"] = sum(site in answers for site in concern)
        told["silent"] = len(concern) - told["answered"]
    if case.ending is not None and isinstance(case.ending.body, RecallClose):
        # Whoever closes it signs what stays open; the log may have more.
        named = recall_closing.named(case.ending.body)
        told["unnamed"] = max(0, sum(one["packs"] for one in told["leftOpen"]) - named)
    return told


def _by_holder(
    authority: Authority, case: Case, board: Board, *, whole: bool
) -> dict[str, Any]:  # fmt: skip
    answers = recalls.answered(node().store, case.id)
    concern, by_site = concerned(case), board.sites()
    now = node().clock()
    rows = []
    for gln in sorted({*concern, *answers, *by_site}):
        answer, asked = answers.get(gln), gln in concern and not case.is_hold
        states = {state: tally.packs for state, tally in by_site.get(gln, {}).items()}
        here = states.get(STOCK, 0) + states.get(HOLD, 0)
        record = authority.site(gln)
        rows.append({
            "site": gln, "name": record.name if record else "",
            "party": record.party if record else "",
            "partyName": _party(authority, record.party) if record else "",
            "states": states, "here": here,
            "coming": concern[gln].coming if gln in concern else 0,
            "asked": asked, "silent": asked and answer is None,
            "late": asked and answer is None and case.deadline_ms < now,
            **_answer(answer, here, case),
        })  # fmt: skip
    # Answered or not comes first: who is silent, then whose answer and the log differ.
    rows.sort(key=lambda one: (not one["silent"], not one["differs"], -one["here"], one["name"]))
    return {"holders": rows, "transit": _transit(authority, board, whole=whole)}


def _answer(answer: Answered | None, here: int, case: Case) -> dict[str, Any]:
    """A site's newest answer; `differs` where it tells of fewer packs, or more, than the log."""
    if answer is None:
        return {"answer": None, "differs": False}
    c = answer.counts
    told = {
        "ms": answer.ms, "id": answer.id, "index": answer.index, "held": c.held,
        "quarantined": c.quarantined, "returned": c.returned, "destroyed": c.destroyed,
        "none": answer.found == 0, "inTime": answer.ms <= case.deadline_ms,
    }  # fmt: skip
    return {"answer": told, "differs": answer.found < here}


def _transit(authority: Authority, board: Board, *, whole: bool) -> list[dict[str, Any]]:
    """What is on its way, with both ends; which shipment it is, only an authority is told."""
    found: dict[int, dict[str, Any]] = {}
    for spot, tally in board.tallies.items():
        if spot.state == TRANSIT:
            one = found.setdefault(spot.shipment, {
                "from": spot.site, "fromName": _site(authority, spot.site),
                "to": spot.to_site, "toName": _site(authority, spot.to_site), "packs": 0, "lots": [],
            })  # fmt: skip
            one["packs"] += tally.packs
            one["lots"].append((spot.gtin, spot.lot))
    for index, one in found.items():
        sent = shipments.at(node().store, index)
        lots = one.pop("lots")
        if sent is None:
            continue
        one |= {"ms": sent.ms, "due": consignments.due_ms(authority, sent, lots)}
        if whole:
            one |= {"id": sent.id, "number": sent.number}
    return [found[index] for index in sorted(found)]


def _site(authority: Authority, gln: str) -> str:
    record = authority.site(gln)
    return record.name if record else ""


def _here(authority: Authority, case: Case, who: Person) -> list[dict[str, Any]]:
    """The part of the sites that a session answers for."""
    sites = [who.site] if is_administrator(who) else answer_sites(who)
    board, concern = board_of(case), concerned(case)
    answers = recalls.answered(node().store, case.id)
    found = []
    for gln in sites:
        states: dict[str, int] = {}
        for spot, tally in board.at([gln]).items():
            if spot.site == gln:
                states[spot.state] = states.get(spot.state, 0) + tally.packs
        here = states.get(STOCK, 0) + states.get(HOLD, 0)
        coming = concern[gln].coming if gln in concern else 0
        found.append({
            "site": gln, "name": _site(authority, gln), "states": states, "here": here,
            "coming": coming, "asked": gln in concern and not case.is_hold,
            **_answer(answers.get(gln), here, case),
        })  # fmt: skip
    return found


def _beside(authority: Authority, case: Case) -> list[dict[str, Any]]:
    """The other holds and recalls of the same product: what extends this one stands beside it."""
    ids = [one.id for one in authority.marks_ever_on(case.body.scope.gtin) if one.id != case.id]
    others = recalls.cases(node().store, authority, ids)
    return [_facts(authority, one) for one in others]
