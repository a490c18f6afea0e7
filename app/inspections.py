"""Inspections: who may count a site's stock, what a scan comes to, the report, and who has signed it.

An authority's inspector counts anywhere; a site takes stock of itself. What the other side sees is
the same report, and both sign its hash by a `document` statement.
"""

from __future__ import annotations

import re
import secrets
from hashlib import sha256
from typing import Any, Final, NamedTuple

from flask import abort
from flask_babel import gettext as _

from app.node import node
from app.scanning import here_and_now
from ledger.errors import LedgerError, Malformed, Refused
from ledger.rules import rights
from ledger.rules.authority import Authority
from ledger.rules.state import ACTIVE, IN_TRANSIT, INACTIVE
from ledger.rules.stock_taking import (
    BY_SCAN,
    Found,
    Key,
    Line,
    Report,
    check,
    lines,
    missing,
)  # fmt: skip
from ledger.rules.world import World
from ledger.statement import gs1
from ledger.statement.dsse import Envelope
from ledger.statement.governance import Document
from ledger.statement.gs1 import gtin_of, is_pack
from ledger.statement.parts import check_words, time_text
from ledger.statement.submission import Statement
from ledger.store.book_stock import inside, packs_of_lots
from ledger.store.desk import Person
from ledger.store.holdings import holdings
from ledger.store.inspections import INSPECTOR, MOST, SITE, Inspection
from scanner.faults import parse_reading

TYPE: Final = "application/json"
HERE: Final = "here"
_DAY_MS: Final = 24 * 3_600_000
MOST_MISSING: Final = 20_000  # packs that a report lists one by one
_NUMBER: Final = re.compile(r"INS-[2-9A-HJKMNP-Z]{10}")
_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


class Counted(NamedTuple):
    """A count as it stands: every lot, what was scanned and is not in the book, the items scanned."""

    lines: list[Line]
    surplus: list[Found]
    scanned: dict[Key, frozenset[str]]
    inferred: dict[Key, frozenset[str]]
    items: list[str]


class Signature(NamedTuple):
    """One side's signature of a report; `fault` is why it does not count, "" when it does."""

    side: str
    statement: str
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    ms: int
    party: str
    keyids: list[str]
    fault: str = ""


def open_at(site: str, who: Person) -> str:
    """Begin a count at a site; its number. Raises Malformed, Refused."""
    authority = node().reader.authority()
    if not gs1.is_gln(site):
        raise Malformed(_("a site is named by its GLN of 13 digits"))
    if site != who.site and who.party != authority.gln:
        raise Refused("wrong-site", _("only an authority's inspector counts at another's site"))
    if authority.site(site) is None:
        raise Refused("unknown-site", site)
    number = "INS-" + "".join(secrets.choice(_LETTERS) for _ in range(10))
    kept, now = node().desk.inspections, node().clock()
    kept.forget(now - authority.policy.scan_retention * _DAY_MS)
    kept.open(number, site, who.party, now)
    return number


def found(number: str, who: Person) -> Inspection:
    """An inspection that a person may see; ends in 404."""
    one = node().desk.inspections.one(number) if _NUMBER.fullmatch(number) else None
    if one is None or not (began(one, who) or who.site == one.site):
        abort(404, _("There is no such inspection that your site may see."))
    return one


def counting(number: str, who: Person) -> Inspection:
    """One that a person may count for: the party that opened it. Ends in 403, 404, 409."""
    one = found(number, who)
    if not began(one, who):
        abort(403, _("Only the side that began this count goes on with it."))
    if one.closed:
        abort(409, _("This count is closed. Open it again, if nobody has signed it."))
    return one


def began(one: Inspection, who: Person) -> bool:
    """Whether a person is of the side that began a count: an inspector, or the site itself."""
    own = who.site == one.site or who.party == node().reader.authority().gln
    return who.party == one.party and own


def of(who: Person) -> list[Inspection]:
    """What a person may see, newest first."""
    kept = node().desk.inspections
    mine = [one for one in kept.of(who.party) if began(one, who)]
    both = {one.id: one for one in (*kept.at(who.site), *mine)}
    return sorted(both.values(), key=lambda one: (-one.opened, one.id))


# Counting


def scan(one: Inspection, text: str, source: str) -> dict[str, Any]:
    """Count what was scanned; what it is, in JSON. Raises Malformed for what is no item's code."""
    label = parse_reading(text, source, here_and_now().year)
    if not label.id:
        raise Malformed(_("This is not the code of one pack or container."))
    if label.practice and not node().practice:
        raise Malformed(_("This is a practice label: it counts for nothing here."))
    reader = node().reader
    with reader.snapshot():
        world = reader.world_of([label.id])
        state = state_at(world, label.id, one.site)
        row = world.row(label.id)
        if not is_pack(label.id) and state != HERE:
            raise Malformed(
                _("This container is not in the site's book stock: count its packs one by one.")
            )
        lot = row.lot if row else ""
        differs = bool(label.lot and row and row.lot and label.lot != row.lot)
    fresh = node().desk.inspections.scan(one.id, label.id, node().clock())
    if fresh is None:
        raise Refused("wrong-state", _("At most %(n)s items are counted at a time.", n=MOST))
    return {"item": label.id, "state": state, "lot": lot, "fresh": fresh, "differs": differs}


def state_at(world: World, item: str, site: str) -> str:
    """Where an item is by the book, seen from a site: here, or a state that says no more than that."""
    row = world.row(item)
    if row is None:
        return "unknown"
    root = world.outermost(row)
    if root.site != site:
        return "other"
    if root.status == INACTIVE:
        return "inactive"
    return {ACTIVE: HERE, IN_TRANSIT: "sent"}[root.status]


def drop(one: Inspection, item: str) -> None:
    """Take an item out of a count; ends in 404."""
    if not node().desk.inspections.drop(one.id, item):
        abort(404, _("This item is not in the count."))


def number(one: Inspection, gtin: str, lot: str, told: str) -> None:
    """Count a lot by a number, "" to take it back. Raises Malformed, Refused."""
    if not gs1.is_gtin(gtin) or not 1 <= len(lot) <= 20:
        raise Malformed(_("a lot is named by its GTIN of 14 digits and its number"))
    if told and not (told.isascii() and told.isdigit() and len(told) <= 9):
        raise Malformed(_("the count of a lot is a whole number, 0 or above"))
    if told and node().reader.lot(gtin, lot) is None:
        raise Refused("unknown-item", _("lot %(lot)s is not on record", lot=lot))
    node().desk.inspections.number(one.id, gtin, lot, int(told) if told else None)


def counted(one: Inspection) -> Counted:
    """The count as it stands against the book of this moment; inside a snapshot."""
    kept, reader = node().desk.inspections, node().reader
    items = kept.items(one.id)
    world = reader.world_of(items)
    scanned: dict[Key, set[str]] = {}
    inferred: dict[Key, set[str]] = {}
    surplus: list[Found] = []
    for item in items:
        state, row = state_at(world, item, one.site), world.row(item)
        if not is_pack(item):
            if state == HERE:
                for key, pack in inside(world, item):
                    inferred.setdefault(key, set()).add(pack)
        elif state == HERE and row is not None:
            scanned.setdefault((gtin_of(item), row.lot), set()).add(item)
        else:
            surplus.append(Found(gtin_of(item), item, row.lot if row else "", state))
    book: dict[Key, int] = {}
    for held in holdings(node().store, one.site):
        if held.status == ACTIVE:
            book[held.gtin, held.lot] = book.get((held.gtin, held.lot), 0) + held.packs
    by_hand, by_box = _frozen(scanned), _frozen(inferred)
    found_lines = lines(book, by_hand, by_box, surplus, kept.numbers(one.id))
    return Counted(found_lines, sorted(surplus), by_hand, by_box, items)


def _frozen(found: dict[Key, set[str]]) -> dict[Key, frozenset[str]]:
    return {key: frozenset(packs) for key, packs in found.items()}


# The report


def close(one: Inspection, note: str) -> None:
    """End a count with its report. Raises Malformed, Refused."""
    if note:
        check_words(note, "note", 500)
    reader, now = node().reader, node().clock()
    with reader.snapshot():
        head = reader.head()
        told = counted(one)
        keys = [(line.gtin, line.lot) for line in told.lines if line.way == BY_SCAN]
        if not told.items and all(line.counted < 0 for line in told.lines) and told.lines:
            raise Refused("wrong-state", _("Nothing has been counted yet."))
        packs = packs_of_lots(node().store, reader.world(), one.site, keys)
        gone = missing(told.lines, packs, told.scanned, told.inferred)
    if len(gone) > MOST_MISSING:
        raise Refused(
            "wrong-state",
            _("%(n)s packs are missing: count such lots by number.", n=len(gone)),
        )
    report = Report(
        by=one.party, closed=time_text(now), lines=told.lines, log=node().origin, missing=gone,
        note=note, opened=time_text(one.opened), root=head.root.hex(), site=one.site,
        size=head.size, surplus=told.surplus,
    )  # fmt: skip
    check(report)
    data = bytes(report)
    if not node().desk.inspections.close(one.id, data, sha256(data).hexdigest(), now):
        abort(409, _("This count is closed already."))


def reopen(one: Inspection, who: Person) -> None:
    """Go on with a count that nobody has signed; ends in 403, 409."""
    if not began(one, who):
        abort(403, _("Only the side that began this count goes on with it."))
    if not node().desk.inspections.reopen(one.id):
        abort(409, _("What somebody has signed stays as it is. Begin another count."))


def report_of(one: Inspection) -> tuple[bytes, Report]:
    """The report of one that is closed; ends in 404 before, in 410 for one that was altered."""
    try:
        data = node().desk.inspections.report(one.id)
        if sha256(data).hexdigest() != one.sha256:
            raise Malformed("the report is not the one that was closed")
        return data, Report.parse(data)
    except LookupError:
        abort(404, _("This count is not closed yet: there is no report."))
    except Malformed:
        abort(410, _("This report was altered here. Ask the other side for its copy."))


# Signing


def about(site: str) -> str:
    """What a report's document is about: the site's Digital Link."""
    return f"{gs1.ROOT}/414/{site}"


def title(one: Inspection) -> str:
    """What a report's document is called."""
    return f"Stock-taking {one.id}"


def sides(one: Inspection, authority: Authority) -> dict[str, str]:
    """Whose signatures a report has: side -> party. A site's own count is signed by the site alone."""
    site = authority.site(one.site)
    own = site.party if site else ""
    return {SITE: own} if own == one.party else {INSPECTOR: one.party, SITE: own}


def stage(one: Inspection, authority: Authority) -> str:
    """How far it has come: counting, closed, half (one side has signed) or signed."""
    if not one.closed:
        return "counting"
    signed = sum(bool(statement) for statement in (one.inspector, one.own))
    return ("closed", "half", "signed")[2 if signed == len(sides(one, authority)) else signed]


def side_of(one: Inspection, who: Person) -> str:
    """The side that a person signs for, "" for none."""
    for side, party in sides(one, node().reader.authority()).items():
        if party == who.party and (side == INSPECTOR or who.site == one.site):
            return side
    return ""


def confirm(one: Inspection, statement: str, who: Person) -> None:
    """Take a statement on the log for a side's signature. Raises Refused; ends in 403, 404, 409."""
    side = side_of(one, who)
    if not side:
        abort(403, _("Your site signs neither side of this inspection."))
    if not one.closed:
        abort(409, _("This count is not closed yet: there is nothing to sign."))
    mine = {SITE: one.own, INSPECTOR: one.inspector}[side]
    if statement and mine == statement:
        return
    told = read_signature(one, side, statement)
    if told.party != who.party:
        abort(404, _("There is no such document on the log."))
    if told.fault:
        raise Refused("items-mismatch", _("that statement is about another document"))
    other = {SITE: one.inspector, INSPECTOR: one.own}[side]
    last = bool(other) or len(sides(one, node().reader.authority())) == 1
    if not node().desk.inspections.sign(one.id, one.sha256, side, statement, last=last):
        abort(409, _("This side has signed already."))


def signatures(one: Inspection) -> list[Signature]:
    """The signatures as the log has them now, each held against the report anew."""
    asked = ((INSPECTOR, one.inspector), (SITE, one.own))
    return [read_signature(one, side, statement) for side, statement in asked if statement]


def read_signature(one: Inspection, side: str, statement: str) -> Signature:
    """A document's statement on the log as a side's signature of just this report."""
    authority = node().reader.authority()
    none = Signature(side, statement, -1, 0, "", [], _("it is not on the log"))
    if not re.fullmatch(r"[0-9a-f]{64}", statement):
        return none
    try:
        logged = node().reader.find(statement)
        parsed = Statement.of(Envelope.parse(logged.envelope))
    except (LookupError, LedgerError):
        return none
    body = parsed.body
    fault = ""
    try:
        rights.verify(authority, parsed)
    except LedgerError:
        return none._replace(fault=_("its signature does not verify"))
    if not isinstance(body, Document) or body.sha256 != one.sha256 or body.about != about(one.site):
        fault = _("it is about another document")
    elif body.by != sides(one, authority).get(side):
        fault = _("it is signed by another party")
    keyids = [line.keyid for line in parsed.envelope.signatures]
    return Signature(side, statement, logged.index, logged.ms, body.by, keyids, fault)
