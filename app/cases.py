"""Cases as each side sees and works on them: the site first, then the product's holder, the authority.

What a side may not see is left out here: the product's holder learns of a site its role and country,
not its name; only the two sides of a shipment know of each other.
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from flask import abort, current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy

from app.alert_words import LEVELS, words_of
from app.alerts import look
from app.goods import label_json, site_name
from app.node import Node, node
from app.present import op_words, role_words, state_words
from ledger.errors import Malformed, Refused
from ledger.rules import casework
from ledger.rules.authority import Authority
from ledger.rules.casework import AUTHORITY, CLOSED, HOLDER, OPEN, SITE
from ledger.rules.state import ACTIVE, IN_TRANSIT, INACTIVE
from ledger.rules.verdict import standing
from ledger.statement.forms import FORMS
from ledger.statement.gs1 import gtin_of
from ledger.store import shipments
from ledger.store.acts import act_at
from ledger.store.cases import Case, Evidence, Step
from ledger.store.desk import Person

OTHER: Final = "other"  # the other side of a shipment: it sees, and does not act
MOST: Final = 200  # open cases of a page
LATELY: Final = 50  # closed cases of a page
MOST_OF_FILE: Final = 10_000  # open cases of a file, and as many closed ones
MOST_NUMBER: Final = 1 << 53
ACTS: Final = ("take", "decide", "note", "pass-on", "close")


class Line(NamedTuple):
    """A case in a list, as a person's side sees it."""

    case: Case
    side: str
    mine: bool  # it waits for this person's side
    late: bool
    product: str
    lot: str
    serial: str
    about: str  # where it is about no pack: a shipment's number, or who is suspended
    place: str  # the site, as far as the side may know it
    owner: str  # whose turn it is


class Told(NamedTuple):
    """A piece of evidence: a scan, or a statement with its place on the log."""

    evidence: Evidence
    index: int | None
    op: str
    place: str


class Record(NamedTuple):
    """How the log has a pack, and the entry that says so; -1 where that is not this side's to know."""

    words: str
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls


class Shown(NamedTuple):
    """A case with all that its page needs."""

    line: Line
    evidence: list[Told]
    steps: list[tuple[Step, str]]  # with who it was
    may: bool  # act on it
    entitled: bool  # by the key that is signed in
    related: list[Line]
    label: dict[str, Any]
    sides: tuple[str, str]
    record: Record | None
    notice: int | None  # until when (ms) whoever found a product illegitimate has to say so
    inspect: str  # the verdict's code that an inspection would sign, "" for none


def side_of(case: Case, who: Person, authority: Authority) -> str:
    """Which side of a case a person is on, or "" for none; of several, the one whose turn it is."""
    sides = _sides(case, who, authority)
    return case.level if case.level in sides else next(iter(sides), "")


def _sides(case: Case, who: Person, authority: Authority) -> list[str]:
    went_on = case.level != SITE
    on = {
        SITE: case.site == who.site,
        AUTHORITY: went_on and who.party == authority.gln,
        HOLDER: went_on and case.holder != "" and who.party == case.holder,
        OTHER: case.other == who.site and not case.item,
    }
    return [side for side in on if on[side]]


def _is_turn(case: Case, side: str) -> bool:
    return case.status == OPEN and (side == case.level or (side == AUTHORITY))


def entitled(who: Person) -> bool:
    """Whether a key may work on cases: it may sign inspections, or is an administrator's."""
    key = node().reader.authority().keys.get(who.keyid)
    return key is not None and (key.use == "admin" or "inspect" in key.operations)


def listed(who: Person, most: int, lately: int) -> tuple[list[Line], list[Line]]:
    """The cases that a person's side sees: the first `most` open ones, those that wait for it before
    all others, and the `lately` closed ones that are newest.
    """
    found = node()
    look(found)
    return _lines(found, who, OPEN, most), _lines(found, who, CLOSED, lately)


def _lines(found: Node, who: Person, status: str, limit: int) -> list[Line]:
    cases, authority = found.desk.cases, found.reader.authority()
    known = [*cases.of_site(who.site, status, limit), *cases.of_holder(who.party, status, limit)]
    if who.party == authority.gln:
        known += cases.beyond_sites(status, limit)
    seen = {case.number: case for case in known}
    lines = [
        _line(found, case, side)
        for case in seen.values()
        if (side := side_of(case, who, authority))
    ]
    if status == CLOSED:
        return sorted(lines, key=lambda line: -line.case.closed)[:limit]
    return sorted(lines, key=lambda line: (not line.mine, line.case.due, line.case.number))[:limit]


def _line(found: Node, case: Case, side: str) -> Line:
    authority = found.reader.authority()
    label = _label(found, authority, case)
    mine = case.status == OPEN and side == case.level
    return Line(
        case, side, mine, case.status == OPEN and found.clock() > case.due,
        label.get("product", ""), label.get("lot", ""), label.get("serial") or label.get("sscc", ""),
        "" if case.item else _about(found, authority, case), _place(authority, case.site, side, case), _owner(authority, case, side),
    )  # fmt: skip


def _about(found: Node, authority: Authority, case: Case) -> str:
    """What a case is about that is about no one pack."""
    if shipment := shipments.by_id(found.store, case.subject):
        return _("shipment %(number)s", number=shipment.number)
    if party := authority.party(case.subject):
        return party.name
    return site_name(authority, case.subject) or (_("several packs") if case.alerts > 1 else "")


def _record(found: Node, authority: Authority, case: Case, side: str) -> Record | None:
    """How the log has the pack now: where, for the authority alone."""
    row = found.reader.world().row(case.item) if case.item else None
    if row is None or side not in (SITE, AUTHORITY):
        return None
    world = found.reader.world()
    root = world.outermost(row)
    if side == AUTHORITY:
        words = _STATUSES.get(root.status, root.status)
        reason = op_words(root.reason) if root.reason in FORMS else ""
        where = site_name(authority, root.site)
        return Record(", ".join(filter(None, (str(words), reason, where))), world.newest(row))
    state = standing(world, authority, case.item, case.site, found.clock()).state
    return Record(state_words(state), -1)


_STATUSES: Final = {
    ACTIVE: lazy("in trade"),
    IN_TRANSIT: lazy("on its way"),
    INACTIVE: lazy("out of the chain"),
}


def _label(found: Node, authority: Authority, case: Case) -> dict[str, Any]:
    """The item that a case is about; of a container its number alone: what it holds is its holder's."""
    if not case.item:
        return {}
    told = label_json(found.reader.world(), authority, case.item)
    return {"sscc": told["sscc"]} if told["sscc"] else told


def _place(authority: Authority, gln: str, side: str, case: Case) -> str:
    """A site as a side may know it: the product's holder others' by role and country alone."""
    site = authority.site(gln)
    if side != HOLDER or (site and site.party == case.holder):
        return site_name(authority, gln)
    party = authority.party(site.party) if site else None
    if party is None:
        return ""
    roles = ", ".join(role_words(role) for role in sorted(party.roles))
    return _("%(role)s in %(country)s", role=roles, country=party.country)


def _owner(authority: Authority, case: Case, side: str) -> str:
    """Whose turn it is, by name."""
    if case.level == SITE:
        return _place(authority, case.site, side, case)
    gln = case.holder if case.level == HOLDER else authority.gln
    record = authority.party(gln)
    return record.name if record else words_of(LEVELS, case.level)


def of_number(number: int, who: Person) -> tuple[Case, str]:
    """A case that a person may see, and their side of it. Ends in 404 for any other."""
    found = node()
    found.desk.cases.pass_on_late(found.clock())
    case = found.desk.cases.case(number) if number < MOST_NUMBER else None
    side = side_of(case, who, found.reader.authority()) if case else ""
    if case is None or not side:
        abort(404, _("No case of this number is your site's or your party's."))
    return case, side


def show(number: int, who: Person) -> Shown:
    """A case with its evidence and its history, as a person's side sees it."""
    case, side = of_number(number, who)
    found = node()
    cases, authority = found.desk.cases, found.reader.authority()
    with found.reader.snapshot():
        evidence = [_told(found, authority, one, case, side) for one in cases.evidence(number)]
        label = _label(found, authority, case)
        related = []
        for one in cases.related(case):
            if its_side := side_of(one, who, authority):
                related.append(_line(found, one, its_side))
        line = _line(found, case, side)
        record = _record(found, authority, case, side)
    shared = not case.item or side == AUTHORITY
    other = site_name(authority, case.other) if case.other and shared else ""
    steps = [(step, _signer(authority, step, who)) for step in cases.steps(number)]
    may = entitled(who)
    codes = next((one.evidence.codes for one in reversed(evidence) if one.evidence.codes), "")
    inspect = (
        codes.split()[0] if codes and case.item and side == SITE and case.status == OPEN else ""
    )
    return Shown(
        line, evidence, steps, may and _is_turn(case, side), may, related, label,
        (line.place, other), record, casework.notice_ms(case.closing, case.closed), inspect,
    )  # fmt: skip


def _told(found: Node, authority: Authority, one: Evidence, case: Case, side: str) -> Told:
    index = None
    if one.source:
        try:
            index = found.reader.index_of(one.source)
        except LookupError:  # it was refused
            index = None
    act = act_at(found.reader, index) if index is not None else None
    place = _place(authority, act.site, side, case) if act else ""
    return Told(one, index, act.op if act else "", place)


def _signer(authority: Authority, step: Step, who: Person) -> str:
    """Who took a step: of the own site by staff number, of others by party."""
    if not step.keyid:
        return _("the clock") if step.did == "passed-on" else _("the rules")
    if step.site == who.site:
        number = f"{step.staff} " if step.staff else ""
        return f"{number}({step.keyid[:8]}…)"
    case_party = authority.party(step.party)
    if who.party == authority.gln or step.party == authority.gln:
        return case_party.name if case_party else ""
    return _("another party")


def work(number: int, who: Person, asked: dict[str, str]) -> Case:
    """Do one of ACTS on a case.

    Ends in 404 for a case of others. Raises Malformed, and Refused `not-entitled` where it is not this
    person's turn, `wrong-state` where the case is closed, `unfit-closing` for no cause or a wrong one.
    """
    found = node()
    current_app.extensions["limits"].count("case", found.settings.per_minute)
    case, side = of_number(number, who)
    cases, act = found.desk.cases, asked.get("act", "")
    note = casework.check_note(asked.get("note", ""))
    if act not in ACTS:
        raise Malformed(_("what is done with a case is one of %(acts)s", acts=", ".join(ACTS)))
    if not entitled(who):
        raise Refused(
            "not-entitled", _("this key may not work on cases: it may not sign inspections")
        )
    if case.status != OPEN:
        raise Refused("wrong-state", _("case %(number)s is closed", number=number))
    if not _is_turn(case, side) and act != "note":
        raise Refused(
            "not-entitled", _("the case waits for %(who)s", who=words_of(LEVELS, case.level))
        )
    key = found.reader.authority().keys.get(who.keyid)
    step = Step(
        found.clock(), "noted", note, who.party, who.site, who.keyid, key.staff if key else ""
    )
    match act:
        case "take":
            cases.take(number, step._replace(did="taken"))
        case "decide":
            word = casework.check_decision(asked.get("decision", ""))
            if not case.item:
                raise Malformed(_("this case is not about one pack"))
            cases.decide(
                number, word, step._replace(did="decided", detail=f"{word} {note}".strip())
            )
        case "note":
            if not note:
                raise Malformed(_("write the note"))
            cases.note(number, step)
        case "pass-on":
            cases.pass_on(number, step._replace(did="passed-on"))
        case "close":
            root, closing = asked.get("root", ""), asked.get("closing", "")
            casework.check_closing(root, closing, note, case.level if side == SITE else side)
            detail = f"{root} {closing} {note}".strip()
            cases.close(number, root, closing, step._replace(did="closed", detail=detail))
    done = cases.case(number)
    assert done is not None  # cases are never deleted
    return done


def told_json(shown: Shown) -> dict[str, Any]:
    """A case for programs, as the same side sees it on the page."""
    line, case = shown.line, shown.line.case
    return {
        **line_json(line),
        "label": shown.label,
        "record": shown.record.words if shown.record else None,
        "sides": [one for one in shown.sides if one],
        "evidence": [
            {
                "ms": one.evidence.ms, "rule": one.evidence.rule, "cause": one.evidence.cause,
                "also": one.evidence.also.split(), "codes": one.evidence.codes.split(),
                "mismatch": one.evidence.mismatch.split(), "purpose": one.evidence.purpose,
                "verdict": one.evidence.verdict, "readBy": one.evidence.read_by,
                "statement": one.evidence.source or None, "index": one.index, "op": one.op or None,
                "refusal": json.loads(one.evidence.refusal) if one.evidence.refusal else None,
            }
            for one in shown.evidence
        ],
        "history": [
            {"ms": step.ms, "did": step.did, "detail": step.detail, "by": by}
            for step, by in shown.steps
        ],
        "mayAct": shown.may,
        "noticeDue": shown.notice,
        "alerts": case.alerts,
    }  # fmt: skip


COLUMNS: Final = (
    "number", "rule", "cause", "eu", "us", "status", "level", "opened", "due", "late", "product",
    "gtin", "lot", "serial", "about", "place", "owner", "decision", "root", "closing",
)  # fmt: skip


def line_json(line: Line) -> dict[str, Any]:
    """A case's line for programs: COLUMNS."""
    case = line.case
    values = (
        case.number, case.rule, case.cause, case.eu, case.us, case.status, case.level, case.opened,
        case.due, line.late, line.product, gtin_of(case.item) if case.item else "", line.lot,
        line.serial, line.about, line.place, line.owner, case.decision, case.root, case.closing,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))
