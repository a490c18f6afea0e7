"""What an authority is about to sign, checked before anybody signs it; and what it signed of a party."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from flask import abort
from flask_babel import gettext as _

from app import session
from app.node import node
from ledger.errors import Malformed, Refused
from ledger.rules import governing
from ledger.rules.authority import Authority
from ledger.statement import dsse
from ledger.statement.events import Event
from ledger.statement.governance import (
    Admit,
    Genesis,
    Governance,
    KeyAdd,
    KeyRevoke,
    Product,
    Sites,
    Suspend,
    parse_governance,
)
from ledger.statement.parts import time_text
from ledger.statement.submission import Statement
from ledger.store.desk import Person

MOST: Final = 20  # statements that are checked together
_NONCE: Final = "0" * 32


class Told(NamedTuple):
    """A governance statement on the log."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    ms: int
    body: Governance


def is_authority(who: Person) -> bool:
    """Whether a session is the authority's."""
    return who.party == node().reader.authority().gln


def of_authority() -> Person:
    """Who asks, for the authority; anybody else ends in 401 or 403."""
    who = session.signed_in()
    if not is_authority(who):
        abort(403, _("Only the authority decides on this."))
    return who


def check(who: Person, bodies: list[Any]) -> int:
    """Whether the log would take what a party's administrator is about to sign, one after the other.

    Answers how many signatures it needs. Raises Malformed, Refused.
    """
    if not 1 <= len(bodies) <= MOST or not all(isinstance(one, dict) for one in bodies):
        raise Malformed(f"statements is a list of 1 to {MOST} objects")
    found = node()
    authority, now = found.reader.authority(), found.clock()
    common = {"by": who.party, "log": found.origin, "nonce": _NONCE, "time": time_text(now)}
    admitted, needed = set(), 1
    for told in bodies:
        body = parse_governance(dsse.canonical({**told, **common}))
        if isinstance(body, Genesis):
            raise Refused("wrong-type", _("a log is founded once"))
        governing.check_whose(authority, body)
        try:
            governing.check_said(authority, body, now)
        except Refused as refused:
            # Sites of a party whose admission is signed in the same press.
            if not (isinstance(body, Sites) and body.party in admitted) or (
                refused.code != "unknown-party"
            ):
                raise
        if isinstance(body, Admit):
            admitted.add(body.party.gln)
        needed = max(needed, governing.needed(authority, body))
    return needed


def history(party: str) -> list[Told]:
    """What the log says of a party, its sites, keys and products, newest first."""
    reader = node().reader
    with reader.snapshot():
        authority = reader.authority()
        entries = reader.governance()
    sites = {site.gln for site in authority.sites(party)}
    told = []
    for entry in reversed(entries):
        body = Statement.parse(entry.envelope).body
        assert not isinstance(body, Event)  # governance was asked for
        if _about(authority, body, party, sites):
            told.append(Told(entry.index, entry.ms, body))
    return told


def _about(authority: Authority, body: Governance, party: str, sites: set[str]) -> bool:
    match body:
        case Genesis():
            return body.authority.gln == party
        case Admit():
            return body.party.gln == party
        case Sites():
            return body.party == party
        case Suspend():
            return body.gln == party or body.gln in sites
        case KeyRevoke():
            key = authority.keys.get(body.keyid)
            return key is not None and key.party == party
        case KeyAdd() | Product():
            return body.by == party
        case _:
            return False
