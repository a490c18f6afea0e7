"""Words and marks for people: the only place with wording in Python beyond the verdict's own.

Times are shown in UTC, as they stand in the log.
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from flask import Flask, g

from app.me import me
from app.node import maybe_node
from app.session import acting
from ledger.bundle import Entry
from ledger.proof import clock_words
from ledger.rules.authority import Authority
from ledger.rules.verdict import (
    CODES,
    DO_NOT_SUPPLY,
    HOLD,
    NOT_CHECKED,
    OK,
    Reason,
    reason,
    verdict,
)
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
)


class Mark(NamedTuple):
    """How a verdict looks: never by colour alone."""

    symbol: str
    style: str


class Line(NamedTuple):
    """One line of a timeline: a statement in words and raw, who signed it, how it is proven."""

    index: int
    time: str
    words: str
    signers: list[str]
    envelope: dict[str, Any]
    path: list[str]


class GovernanceLine(NamedTuple):
    """One governance statement in words."""

    index: int
    time: str
    words: str


_MARKS: Final = {
    OK: Mark("✓", "ok"),
    HOLD: Mark("!", "hold"),
    DO_NOT_SUPPLY: Mark("✕", "stop"),
    NOT_CHECKED: Mark("?", "unknown"),
}
_STATES: Final = {
    "unknown": "not on record",
    "here": "in your stock",
    "to_here": "on its way to you",
    "other": "not in your stock",
    "in_transit": "in transit between others",
    "supplied_here": "supplied by you",
    "supplied": "supplied elsewhere",
    "inactive": "out of the chain",
    "active": "in trade",
}
_OPERATIONS: Final = {
    "commission": "Commissioned",
    "pack": "Packed",
    "unpack": "Unpacked",
    "ship": "Shipped",
    "receive": "Received",
    "void": "Shipment called back",
    "supply": "Supplied",
    "open": "Opened and supplied in part",
    "undo": "Supply undone",
    "quarantine": "Put on hold",
    "release": "Released from hold",
}


def marked(word: str) -> Mark:
    """The mark of a verdict's word."""
    return _MARKS[word]


def op_words(op: str) -> str:
    """An operation in words."""
    return _OPERATIONS.get(op, op.replace("_", " ").capitalize())


def state_words(state: str) -> str:
    """A state in words."""
    return _STATES.get(state, state.replace("_", " "))


def site_words(authority: Authority, gln: str) -> str:
    """A site by name and number, as far as it is on record."""
    site = authority.site(gln)
    return f"{site.name} ({gln})" if site else gln


def sentence_of(authority: Authority, body: Event | Governance) -> str:
    """A statement in one sentence."""
    if not isinstance(body, Event):
        return governance_words(body)
    words = f"{_OPERATIONS.get(body.op, body.op)} at {site_words(authority, body.read_point)}"
    if body.dest_site:
        words += f" to {site_words(authority, body.dest_site)}, tracking number {body.number}"
    if body.parent:
        words += f", container {body.parent.rpartition('/')[2]}"
    if body.lot:
        words += f", lot {body.lot}, expiry {body.expiry}"
    if body.op == "quarantine":
        words += f": {body.reason}"
    return f"{words}."


def signer_words(authority: Authority, keyid: str) -> str:
    """A key by its use and its party, as far as it is on record."""
    key = authority.keys.get(keyid)
    if key is None:
        return f"key {keyid[:16]}…"
    party = authority.party(key.party)
    return f"{key.use} key {keyid[:16]}… of {party.name if party else key.party}"


def line_of(authority: Authority, entry: Entry, event: Event) -> Line:
    """One line of a pack's timeline, from its bundle."""
    envelope = json.loads(bytes(entry.envelope))
    envelope["payload"] = json.loads(entry.envelope.payload)
    return Line(
        index=entry.index,
        time=clock_words(entry.ms),
        words=sentence_of(authority, event),
        signers=[signer_words(authority, line.keyid) for line in entry.envelope.signatures],
        envelope=envelope,
        path=[node.hex() for node in entry.path],
    )


def governance_line(index: int, ms: int, body: Event | Governance) -> GovernanceLine:
    """One governance statement for the log's page."""
    assert not isinstance(body, Event)  # governance is asked for
    return GovernanceLine(index, clock_words(ms), governance_words(body))


def governance_words(body: Governance) -> str:
    """A governance statement in one sentence."""
    match body:
        case Genesis():
            return (
                f"The log was founded by {body.authority.name} ({body.by}), {len(body.keys)} keys."
            )
        case Admit():
            roles = ", ".join(body.party.roles)
            return f"{body.party.name} ({body.party.gln}) was admitted as {roles}."
        case Sites():
            names = ", ".join(f"{site.name} ({site.gln})" for site in body.sites)
            return f"Sites of {body.party} were recorded: {names}."
        case Suspend():
            return f"{body.gln} was suspended: {body.reason}."
        case KeyAdd():
            what = ", ".join(body.operations) or "administration"
            return f"{body.by} added a {body.use} key for {what}."
        case KeyRevoke():
            return f"Key {body.keyid[:16]}… was revoked by {body.by}: {body.reason}."
        case Product():
            return f"Product {body.name} {body.strength} ({body.gtin}) was registered by {body.by}."
        case _:
            return f"{type(body).__name__} by {body.by}."


def all_reasons() -> list[tuple[str, Mark, Reason]]:
    """Every reason a verdict can have: the word it carries, its mark, its words."""
    found = []
    for code in CODES:
        word = verdict({code: ""}, "check").word
        found.append((word, marked(word), reason(code)))
    return found


def register(app: Flask) -> None:
    """Give the templates their words."""
    app.jinja_env.filters["moment"] = clock_words
    app.jinja_env.filters["state_words"] = state_words
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True

    @app.context_processor
    def common() -> dict[str, Any]:
        found = maybe_node()
        return {
            "simulated": found is not None and found.simulated,
            "has_log": found is not None,
            "who": acting() if found is not None and g.get("person") else None,
            "me": me() if found is not None and g.get("person") else None,
        }
