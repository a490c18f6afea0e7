"""Who has a right to a statement: its signers, their keys, roles and sites (custody.md 2).

Pure questions to `Authority`; nothing is changed here. What an event does to packs is left to
`custody`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ledger.errors import Refused
from ledger.rules.authority import Authority, KeyRecord, PartyRecord
from ledger.statement import dsse
from ledger.statement.events import Event
from ledger.statement.governance import Genesis, Governance, KeyAdd
from ledger.statement.parts import PASSKEY, raw_key
from ledger.statement.submission import Statement

AHEAD_MS: Final = 5 * 60 * 1000  # how far a claimed time may lie after the landing
SAFE_OPS: Final = frozenset(
    {"receive", "return", "recall_return", "to_destruction", "quarantine"}
    | {"lost", "stolen", "destroyed"}
)
ALWAYS_SENSITIVE: Final = "destroyed"
WORKING: Final = frozenset({"person", "station", "gateway"})  # uses of keys that sign daily work


def verify(authority: Authority, statement: Statement) -> None:
    """Check that every signature is valid, by keys on record or that the statement brings.

    Raises BadSignature, Refused `unknown-key`. Says nothing about rights.
    """
    brought = _brought(statement.body)
    statement.envelope.verify(lambda keyid: brought.get(keyid) or authority.public(keyid))


def entitle(authority: Authority, statement: Statement, ms: int) -> frozenset[str]:
    """Check that an event's signers have a right to it at landing time `ms`; answers their parties.

    Raises Refused with the code of the first rule broken.
    """
    event = statement.body
    if not isinstance(event, Event):
        raise Refused("wrong-type", "only events are judged by operation and site")
    check_log(authority, event.log)
    check_signers(authority, statement, ms)
    check_window(authority, event.time_ms, ms)
    parties = signers(authority, statement)
    check_standing(authority, event.op, parties, event.read_point)
    return parties


def check_standing(authority: Authority, op: str, parties: Iterable[str], site: str) -> None:
    """Refuse what a suspended party, or a party at a suspended site, does beyond making stock safe.

    Raises Refused.
    """
    records = [authority.party(gln) for gln in sorted(parties)]
    for record in (*records, authority.site(site)):
        if record is not None and record.suspended >= 0 and op not in SAFE_OPS:
            raise Refused(
                "suspended", f"{record.name} ({record.gln}) is suspended", at(record.suspended)
            )


def check_signers(authority: Authority, statement: Statement, ms: int) -> None:
    """Check an event's keys alone: in force, of the acting party, bound to site and operation.

    This much a proof shows too; windows and suspensions are for the log to judge. A transfer is
    signed by the old owner as well, wherever that one's sites are.
    """
    event = statement.body
    assert isinstance(event, Event)
    keys = [usable(authority, s.keyid, ms) for s in statement.envelope.signatures]
    for key in keys:
        if key.party != event.by and event.op != "transfer":
            raise Refused("not-entitled", f"a key of {key.party} cannot act for {event.by}")
        if key.use in ("admin", "recovery"):
            raise Refused("not-entitled", f"an {key.use} key signs no events")
        _check_listed(key, event.op)
        if key.party == event.by and event.read_point not in key.sites:
            raise Refused("wrong-site", f"the key is not bound to site {event.read_point}")
    parties = {key.party for key in keys}
    if event.by not in parties:
        raise Refused("not-entitled", f"no key of {event.by} has signed")
    _check_passkeys(keys)
    if event.op == "transfer" and len(parties) != 2:
        raise Refused("threshold", "a transfer is signed by the old owner and by the new one")
    for gln in sorted(parties):
        party = admitted(authority, gln)
        if not any(event.op in authority.policy.roles.get(role, ()) for role in party.roles):
            raise Refused(
                "not-listed-op", f"no role of {party.name} ({', '.join(sorted(party.roles))}) "
                f"includes {event.op}"
            )  # fmt: skip
    site = authority.site(event.read_point)
    if site is None:
        raise Refused("unknown-site", f"site {event.read_point} is not on record")
    if site.party != event.by:
        raise Refused("wrong-site", f"site {event.read_point} is not {event.by}'s")
    if event.op == ALWAYS_SENSITIVE or event.op in authority.policy.sensitive:
        count(_hands(key for key in keys if key.party == event.by), authority.policy.threshold)


def check_key(authority: Authority, keyid: str, op: str, ms: int) -> None:
    """Refuse a key that could not sign an operation anyway. Raises Refused."""
    _check_listed(usable(authority, keyid, ms), op)


def _check_listed(key: KeyRecord, op: str) -> None:
    if op not in key.operations:
        raise Refused("not-listed-op", f"the key does not list {op}")


def _hands(keys: Iterable[KeyRecord]) -> int:
    """How many of an act's keys count towards a threshold.

    A station's key beside a person's says where it was signed, not that somebody else agreed; and a
    person with two keys is one person. A passkey is the second factor of whoever signs beside it.
    """
    found = list(keys)
    people = {key.staff or key.id for key in found if key.use == "person"}
    passkeys = {key.staff or key.id for key in found if key.use == PASSKEY}
    return (len(people) or sum(key.use in WORKING for key in found)) + len(passkeys)


def _check_passkeys(keys: Iterable[KeyRecord]) -> None:
    """A passkey is a second key: one for daily work, of the same party, signs beside it."""
    working = {key.party for key in keys if key.use in WORKING}
    for key in keys:
        if key.use == PASSKEY and key.party not in working:
            raise Refused(
                "not-entitled", f"a passkey of {key.party} signs beside a key of a person, "
                "station or gateway, never alone"
            )  # fmt: skip


def signers(authority: Authority, statement: Statement) -> frozenset[str]:
    """The parties whose keys signed a statement."""
    keys = (authority.keys.get(s.keyid) for s in statement.envelope.signatures)
    return frozenset(key.party for key in keys if key is not None)


def usable(authority: Authority, keyid: str, ms: int) -> KeyRecord:
    """A key that may sign at a landing time. Raises Refused with what stands in its way."""
    key = authority.keys.get(keyid)
    if key is None:
        raise Refused("unknown-key", f"key {keyid[:16]}… is not on record")
    if key.revoked >= 0:
        raise Refused("key-revoked", f"key {keyid[:16]}… was revoked", at(key.revoked))
    if ms < key.start_ms:
        raise Refused("key-not-yet", f"key {keyid[:16]}… is not in force yet", at(key.index))
    if ms >= key.end_ms:
        raise Refused("key-expired", f"key {keyid[:16]}… has expired", at(key.index))
    return key


def admitted(authority: Authority, gln: str) -> PartyRecord:
    """An admitted party. Raises Refused `unknown-party`."""
    party = authority.party(gln)
    if party is None:
        raise Refused("unknown-party", f"party {gln} is not admitted")
    return party


def check_log(authority: Authority, log: str) -> None:
    """Refuse what names another log. Raises Refused `wrong-log`."""
    if log != authority.origin:
        raise Refused("wrong-log", f"it names log {log}, this one is {authority.origin}")


def check_window(authority: Authority, claimed_ms: int, ms: int) -> None:
    """Refuse a claimed time outside the policy's window. Raises Refused `event-time`."""
    earliest = ms - authority.policy.backdate * 1000
    if not earliest <= claimed_ms <= ms + AHEAD_MS:
        late = "ahead of" if claimed_ms > ms else "too far behind"
        raise Refused(
            "event-time", f"the claimed time is {late} the log's clock "
            f"by {abs(claimed_ms - ms) // 1000} s"
        )  # fmt: skip


def count(signed: int, needed: int) -> None:
    """Refuse too few keys. Raises Refused `threshold`."""
    if signed < needed:
        raise Refused(
            "threshold", f"it needs {needed} keys of the acting party, it carries {signed}"
        )


def _brought(body: Event | Governance) -> dict[str, dsse.PublicKey]:
    """Keys that a statement brings along, by id: they prove possession by signing it."""
    if isinstance(body, Genesis):
        return {dsse.key_id(raw_key(key)): raw_key(key) for key in body.keys}
    if isinstance(body, KeyAdd):
        return {dsse.key_id(body.raw): body.public}
    return {}


def at(index: int) -> dict[str, object]:
    """Evidence: the statement in the way."""
    return {"index": index}
