"""Who has a right to a statement: its signers, their keys, roles and sites (custody.md 2).

Pure questions to `Authority`; nothing is changed here. What an event does to packs is left to
`custody`.
"""

from __future__ import annotations

from typing import Final

from ledger.errors import Refused
from ledger.rules.authority import Authority, KeyRecord, PartyRecord
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
)
from ledger.statement.parts import raw_key, time_ms
from ledger.statement.submission import Statement

AHEAD_MS: Final = 5 * 60 * 1000  # how far a claimed time may lie after the landing
SAFE_OPS: Final = frozenset(
    {"receive", "return", "recall_return", "to_destruction", "quarantine"}
    | {"lost", "stolen", "destroyed"}
)
ALWAYS_SENSITIVE: Final = "destroyed"


def verify(authority: Authority, statement: Statement) -> None:
    """Check that every signature is valid, by keys on record or that the statement brings.

    Raises BadSignature, Refused `unknown-key`. Says nothing about rights.
    """
    brought = {dsse.key_id(key): key for key in _brought(statement.body)}
    statement.envelope.verify(lambda keyid: brought.get(keyid) or authority.public(keyid))


def entitle(authority: Authority, statement: Statement, ms: int) -> None:
    """Check that an event's signers have a right to it at landing time `ms`.

    Raises Refused with the code of the first rule broken.
    """
    event = statement.body
    if not isinstance(event, Event):
        raise Refused("wrong-type", "only events are judged by operation and site")
    _check_log(authority, event.log)
    check_signers(authority, statement, ms)
    _check_window(authority, event.time_ms, ms)
    party = _admitted(authority, event.by)
    site = authority.site(event.read_point)
    assert site is not None  # check_signers found it
    for record in (party, site):
        if record.suspended >= 0 and event.op not in SAFE_OPS:
            raise Refused(
                "suspended", f"{record.name} ({record.gln}) is suspended", _at(record.suspended)
            )


def check_signers(authority: Authority, statement: Statement, ms: int) -> None:
    """Check an event's keys alone: in force, of the acting party, bound to site and operation.

    This much a proof shows too; windows and suspensions are for the log to judge.
    """
    event = statement.body
    assert isinstance(event, Event)
    for signature in statement.envelope.signatures:
        key = _usable(authority, signature.keyid, ms)
        if key.party != event.by:
            raise Refused("not-entitled", f"a key of {key.party} cannot act for {event.by}")
        if key.use in ("admin", "recovery"):
            raise Refused("not-entitled", f"an {key.use} key signs no events")
        if event.op not in key.operations:
            raise Refused("not-listed-op", f"the key does not list {event.op}")
        if event.read_point not in key.sites:
            raise Refused("wrong-site", f"the key is not bound to site {event.read_point}")
    party = _admitted(authority, event.by)
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
        _count(statement, authority.policy.threshold)


def _usable(authority: Authority, keyid: str, ms: int) -> KeyRecord:
    key = authority.keys.get(keyid)
    if key is None:
        raise Refused("unknown-key", f"key {keyid[:16]}… is not on record")
    if key.revoked >= 0:
        raise Refused("key-revoked", f"key {keyid[:16]}… was revoked", _at(key.revoked))
    if ms < key.start_ms:
        raise Refused("key-not-yet", f"key {keyid[:16]}… is not in force yet", _at(key.index))
    if ms >= key.end_ms:
        raise Refused("key-expired", f"key {keyid[:16]}… has expired", _at(key.index))
    return key


def _admitted(authority: Authority, gln: str) -> PartyRecord:
    party = authority.party(gln)
    if party is None:
        raise Refused("unknown-party", f"party {gln} is not admitted")
    return party


def _check_log(authority: Authority, log: str) -> None:
    if log != authority.origin:
        raise Refused("wrong-log", f"it names log {log}, this one is {authority.origin}")


def _check_window(authority: Authority, claimed_ms: int, ms: int) -> None:
    earliest = ms - authority.policy.backdate * 1000
    if not earliest <= claimed_ms <= ms + AHEAD_MS:
        late = "ahead of" if claimed_ms > ms else "too far behind"
        raise Refused(
            "event-time", f"the claimed time is {late} the log's clock "
            f"by {abs(claimed_ms - ms) // 1000} s"
        )  # fmt: skip


def check(authority: Authority, statement: Statement, ms: int) -> None:
    """Check that a governance statement may be logged now. Raises Refused; changes nothing."""
    body = statement.body
    if isinstance(body, Genesis):
        _check_genesis(authority, statement, body, ms)
        return
    if isinstance(body, Event):
        raise Refused("wrong-type", "an event is not a governance statement")
    if not isinstance(body, Admit | Sites | Suspend | KeyAdd | KeyRevoke | Product):
        raise Refused("wrong-type", f"{type(body).__name__} statements are not accepted yet")
    _check_log(authority, body.log)
    check_rights(authority, statement, ms)
    _check_window(authority, time_ms(body.time), ms)
    if isinstance(body, Admit):
        _check_admit(authority, body)
    elif isinstance(body, Sites):
        _check_sites(authority, body)
    elif isinstance(body, Suspend):
        _check_suspend(authority, body)
    elif isinstance(body, KeyAdd):
        _check_key_add(authority, body)
    elif isinstance(body, KeyRevoke):
        _check_key_revoke(authority, body)
    else:
        _check_product(authority, body)


def check_rights(authority: Authority, statement: Statement, ms: int) -> None:
    """Check only that the signers of a governance statement have a right to its type.

    This much a proof shows too. Raises Refused.
    """
    body = statement.body
    assert not isinstance(body, Event)
    if isinstance(body, Genesis):
        _check_genesis(authority, statement, body, ms)
        return
    signers = {s.keyid for s in statement.envelope.signatures}
    if isinstance(body, KeyAdd):
        new = dsse.key_id(raw_key(body.key))
        if new not in signers:
            raise Refused("threshold", "a new key must sign its own key-add")
        signers.discard(new)
    keys = [_usable(authority, keyid, ms) for keyid in sorted(signers)]
    if not keys:
        raise Refused("threshold", "no key with a right to this has signed")
    own = isinstance(body, KeyRevoke) and {body.keyid} == signers
    for key in keys:
        if key.party != body.by:
            raise Refused("not-entitled", f"a key of {key.party} cannot act for {body.by}")
        if key.use != "admin" and not own:
            raise Refused("not-entitled", f"a {key.use} key signs no governance")
    if body.by == authority.gln:
        if len(keys) < authority.policy.threshold:
            raise Refused(
                "threshold", f"it needs {authority.policy.threshold} authority keys, "
                f"it carries {len(keys)}"
            )  # fmt: skip
    elif not isinstance(body, KeyAdd | KeyRevoke | Product):
        raise Refused("not-entitled", f"only the authority {authority.gln} may do this")


def _count(statement: Statement, needed: int) -> None:
    signed = len(statement.envelope.signatures)
    if signed < needed:
        raise Refused("threshold", f"it needs {needed} signatures, it carries {signed}")


def _check_genesis(authority: Authority, statement: Statement, body: Genesis, ms: int) -> None:
    if authority.size:
        raise Refused("wrong-type", "genesis is entry 0 and only there", _at(0))
    keys = [raw_key(key) for key in body.keys]
    if {dsse.key_id(key) for key in keys} != {s.keyid for s in statement.envelope.signatures}:
        raise Refused("threshold", "genesis is signed by all of its keys and no other")
    if body.policy.threshold > len(keys):
        raise Refused("lockout", "the threshold is above the number of authority keys")
    if body.by != body.authority.gln:
        raise Refused("not-entitled", "genesis is made by the authority that it names")
    if len({*keys, raw_key(body.log_key), raw_key(body.status_key)}) != len(keys) + 2:
        raise Refused("key-reused", "log key, status key and authority keys must all differ")
    claimed = time_ms(body.time)
    if not ms - body.policy.backdate * 1000 <= claimed <= ms + AHEAD_MS:
        raise Refused("event-time", "genesis claims a time outside its own policy's window")


def _check_admit(authority: Authority, body: Admit) -> None:
    for prefix in body.party.prefixes:
        for other, owner in authority.prefixes.items():
            if owner != body.party.gln and (prefix.startswith(other) or other.startswith(prefix)):
                raise Refused("not-your-product", f"prefix {prefix} overlaps {other} of {owner}")
    if authority.site(body.party.gln) is not None:
        raise Refused("wrong-site", f"{body.party.gln} is on record as a site")
    admins = [raw_key(key) for key in body.admin_keys]
    for public in admins:
        _check_fresh(authority, public, body.party.gln, "admin")
    recovery = raw_key(body.recovery_key)
    _check_fresh(authority, recovery, body.party.gln, "recovery")
    if recovery in admins:
        raise Refused("key-reused", "the recovery key is kept apart from the admin keys")
    if body.party.gln == authority.gln and len(admins) < authority.policy.threshold:
        raise Refused(
            "lockout", f"fewer than {authority.policy.threshold} authority keys would stay"
        )


def _check_fresh(authority: Authority, public: bytes, party: str, use: str) -> None:
    if public in (authority.log_key, authority.status_key):
        raise Refused("key-reused", "this is the key of the log or of its status")
    known = authority.keys.get(dsse.key_id(public))
    if known and (known.party, known.use) != (party, use):
        raise Refused("key-reused", "this key is on record for another use", _at(known.index))
    if known and (known.revoked >= 0 or use not in ("admin", "recovery")):
        raise Refused("key-reused", "this key is on record already", _at(known.index))


def _check_sites(authority: Authority, body: Sites) -> None:
    _admitted(authority, body.party)
    for site in body.sites:
        known = authority.site(site.gln)
        if known and known.party != body.party:
            raise Refused("wrong-site", f"{site.gln} is {known.party}'s site", _at(known.index))
        if (owner := authority.party(site.gln)) and owner.gln != body.party:
            raise Refused("wrong-site", f"{site.gln} is another party's GLN", _at(owner.index))


def _check_suspend(authority: Authority, body: Suspend) -> None:
    if body.gln == authority.gln:
        raise Refused("lockout", "the authority cannot suspend itself")
    if authority.party(body.gln) is None and authority.site(body.gln) is None:
        raise Refused("unknown-party", f"{body.gln} is neither a party nor a site on record")


def _check_key_add(authority: Authority, body: KeyAdd) -> None:
    party = _admitted(authority, body.by)
    if party.suspended >= 0:
        raise Refused("suspended", f"{party.name} is suspended", _at(party.suspended))
    _check_fresh(authority, raw_key(body.key), body.by, body.use)
    if dsse.key_id(raw_key(body.key)) in authority.keys:
        raise Refused("key-reused", "this key is on record already")
    for gln in body.sites:
        site = authority.site(gln)
        if site is None:
            raise Refused("unknown-site", f"site {gln} is not on record")
        if site.party != body.by:
            raise Refused("wrong-site", f"site {gln} is not {body.by}'s")


def _check_key_revoke(authority: Authority, body: KeyRevoke) -> None:
    if body.since is not None:
        raise Refused("wrong-type", "key-revoke with `since` is not accepted yet")
    key = authority.keys.get(body.keyid)
    if key is None:
        raise Refused("unknown-key", f"key {body.keyid[:16]}… is not on record")
    if key.revoked >= 0:
        raise Refused("key-revoked", "this key is revoked already", _at(key.revoked))
    if body.by not in (key.party, authority.gln):
        raise Refused("not-entitled", f"key {body.keyid[:16]}… is {key.party}'s")
    if key.party == authority.gln and key.use == "admin":
        usable = sum(
            k.party == authority.gln and k.use == "admin" and k.revoked < 0
            for k in authority.keys.values()
        )
        if usable - 1 < authority.policy.threshold:
            raise Refused(
                "lockout", f"fewer than {authority.policy.threshold} authority keys would stay"
            )


def _check_product(authority: Authority, body: Product) -> None:
    owner = authority.party_of_prefix(body.gtin[1:])
    if body.by not in (authority.gln, owner):
        raise Refused("not-your-product", f"GTIN {body.gtin} does not carry {body.by}'s prefix")
    by = _admitted(authority, body.by)
    if by.suspended >= 0:
        raise Refused("suspended", f"{by.name} is suspended", _at(by.suspended))
    for gln in (body.holder, *body.packers, *body.wholesalers):
        _admitted(authority, gln)


def _brought(body: Event | Governance) -> list[bytes]:
    """Raw keys that a statement brings along: they prove possession by signing it."""
    if isinstance(body, Genesis):
        return [raw_key(key) for key in body.keys]
    if isinstance(body, KeyAdd):
        return [raw_key(body.key)]
    return []


def _at(index: int) -> dict[str, object]:
    return {"index": index}
