"""What waits for another person: acts on packs of a site, and what an authority's keys sign together.

An act on packs is seen at its site alone. A governance statement is its party's administrators', at
whichever site they signed in. The server adds no power: each signature counts as the log counts it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from flask_babel import gettext as _

from app import session
from app.node import Node, node
from app.phrases import said
from ledger.errors import CODES, Refused
from ledger.rules import governing, rights
from ledger.rules.authority import Authority
from ledger.statement.events import Event
from ledger.statement.governance import Genesis, Governance, Sites
from ledger.statement.parts import time_ms
from ledger.statement.submission import Statement, Submission, fit_items
from ledger.store.desk import Person
from ledger.store.waiting import WAIT_MS, WHOLE_PARTY, Act

MAX_WAITING: Final = 100  # acts of one party


class Full(Exception):
    """A party has as many acts waiting as it may."""


class Waits(NamedTuple):
    """A governance statement that waits: what it says, who has signed, how many more must.

    `objection` says why the log would not take it as things stand now, "" where it would.
    """

    act: Act
    body: Governance
    signers: list[str]  # key ids
    hands: int
    needed: int
    objection: str
    mine: bool  # signed by the key that looks


def hand_in(who: Person, data: bytes) -> tuple[Act, bool]:
    """Let a submission wait that somebody of the session's party has signed.

    Answers it, and whether it has all the signatures that it needs by now: colleagues may sign at
    the same time. Raises Malformed, BadSignature, Refused, Full.
    """
    found, submission = node(), Submission.parse(data)
    statement, now = submission.statement, found.clock()
    authority = found.reader.authority()
    site = _checked(who, authority, statement, now)
    fit_items(submission)
    others = [act.id for act in found.desk.waiting.acts(who.party, now)]
    if len(others) >= MAX_WAITING and statement.id not in others:
        raise Full
    # A colleague can sign only as long as the log would take the time that the statement claims.
    until = min(now + WAIT_MS, _claimed(statement) + authority.policy.backdate * 1000)
    keyid = statement.envelope.signatures[0].keyid
    act = Act(statement.id, until, who.party, site, _kind(statement), keyid, now)
    return act, _complete(authority, found.desk.waiting.add(act, submission).statement, now)


def _checked(who: Person, authority: Authority, statement: Statement, now: int) -> str:
    """Where a statement waits, once all is checked but the hands that it lacks. Raises Refused."""
    body = statement.body
    if isinstance(body, Event):
        if body.by != who.party or body.read_point != who.site:
            raise Refused(
                "wrong-site", _("an act waits at the site and for the party that it is of")
            )
        rights.check_log(authority, body.log)
        rights.verify(authority, statement)
        return who.site
    if isinstance(body, Genesis) or not session.is_administrator(who):
        raise Refused("wrong-type", _("only acts on packs wait for a colleague here"))
    if body.by != who.party:
        raise Refused("not-entitled", _("a statement waits for the party that it is of"))
    rights.check_log(authority, body.log)
    rights.verify(authority, statement)
    governing.check_hands(authority, statement, now)
    if governing.needed(authority, body) < 2:
        raise Refused("wrong-type", _("one signature is enough for this; hand it to the log"))
    try:
        governing.check_said(authority, body, now)
    except Refused as refused:
        # The first site of a party whose admission waits, too: signed in one press, in this order.
        if refused.code != "unknown-party" or not isinstance(body, Sites):
            raise
    return WHOLE_PARTY


def _complete(authority: Authority, statement: Statement, now: int) -> bool:
    """Whether a governance statement has the hands that it needs; of acts the log says so."""
    body = statement.body
    if isinstance(body, Event | Genesis):
        return False
    return governing.check_hands(authority, statement, now) >= governing.needed(authority, body)


def _claimed(statement: Statement) -> int:
    body = statement.body
    return body.time_ms if isinstance(body, Event) else time_ms(body.time)


def _kind(statement: Statement) -> str:
    body = statement.body
    return body.op if isinstance(body, Event) else str(body.__struct_config__.tag)


def places(who: Person) -> tuple[str, ...]:
    """Of which sites a session sees what waits; an administrator of the whole party's, too."""
    return (who.site, WHOLE_PARTY) if session.is_administrator(who) else (who.site,)


def body_of(who: Person, statement: str) -> bytes | None:
    """An act as far as it is signed, or None where none waits for this session."""
    waiting, now = node().desk.waiting, node().clock()
    found = (waiting.body(who.party, site, statement, now) for site in places(who))
    return next((body for body in found if body is not None), None)


def drop(who: Person, statement: str) -> bool:
    """Take an act away that waits for this session; whether there was one."""
    waiting = node().desk.waiting
    return any(waiting.drop(who.party, site, statement) for site in places(who))


def of_site(who: Person) -> list[Act]:
    """The acts on packs that wait at the session's site, oldest first."""
    return _waiting(who, who.site)


def _waiting(who: Person, site: str) -> list[Act]:
    """What waits and is not on the log by now: whoever sent it may not have come to take it away."""
    found = node()
    acts = found.desk.waiting.acts(who.party, found.clock())
    return [act for act in acts if act.site == site and not _landed(found, act.id)]


def _landed(found: Node, statement: str) -> bool:
    try:
        found.reader.index_of(statement)
    except LookupError:
        return False
    return True


def of_party(who: Person) -> list[Waits]:
    """What waits for the administrators of the session's party, oldest first; none for others."""
    if WHOLE_PARTY not in places(who):
        return []
    found = node()
    bodies = ((act, body_of(who, act.id)) for act in _waiting(who, WHOLE_PARTY))
    # A colleague may have taken one away meanwhile.
    return [_waits(found, who, act, body) for act, body in bodies if body is not None]


def _waits(found: Node, who: Person, act: Act, body: bytes) -> Waits:
    authority, now = found.reader.authority(), found.clock()
    statement = Submission.parse(body).statement
    assert not isinstance(statement.body, Event | Genesis)  # it was checked when it was kept
    hands, objection = 0, ""
    try:
        hands = governing.check_hands(authority, statement, now)
        governing.check_said(authority, statement.body, now)
    except Refused as refused:
        objection = f"{said(refused.rule)} {said(CODES[refused.code][1])}"
    signers = [line.keyid for line in statement.envelope.signatures]
    return Waits(
        act, statement.body, signers, hands, governing.needed(authority, statement.body),
        objection, who.keyid in signers,
    )  # fmt: skip


def for_whom(who: Person) -> int:
    """How much waits for the signature of whoever looks."""
    acts = sum(act.keyid != who.keyid for act in of_site(who))
    return acts + sum(not one.mine for one in of_party(who))
