"""Who has a right to a governance statement, and whether it may be logged now (custody.md 2).

Pure questions to `Authority`; nothing is changed here. Who may sign events is in `rights`.
"""

from __future__ import annotations

from typing import Final

from ledger.errors import Refused
from ledger.rules.authority import Authority, KeyRecord
from ledger.rules.rights import (
    AHEAD_MS,
    WORKING,
    admitted,
    at,
    check_log,
    check_window,
    count,
    usable,
)
from ledger.statement import dsse
from ledger.statement.events import Event
from ledger.statement.governance import (
    Admit,
    Document,
    Genesis,
    Governance,
    Hold,
    KeyAdd,
    KeyRevoke,
    LiftHold,
    PolicyChange,
    Product,
    Recall,
    RecallAnswer,
    RecallClose,
    Sites,
    Suspend,
)
from ledger.statement.parts import raw_key, time_ms
from ledger.statement.submission import Statement

# What an authority signs by as many keys as its policy's threshold says, whatever it is about; its
# own admin keys are revoked so, too.
SEVERAL: Final = frozenset({"admit", "key-add", "policy", "product", "recall", "sites", "suspend"})


def check(authority: Authority, statement: Statement, ms: int) -> None:
    """Check that a governance statement may be logged now. Raises Refused; changes nothing."""
    body = statement.body
    if isinstance(body, Genesis):
        _check_genesis(authority, statement, body, ms)
        return
    if isinstance(body, Event):
        raise Refused("wrong-type", "an event is not a governance statement")
    check_log(authority, body.log)
    check_rights(authority, statement, ms)
    check_said(authority, body, ms)


def check_said(authority: Authority, body: Governance, ms: int) -> None:
    """Check what a governance statement says, whoever signs it; genesis apart. Raises Refused."""
    check_window(authority, time_ms(body.time), ms)
    match body:
        case Admit():
            _check_admit(authority, body)
        case Sites():
            _check_sites(authority, body)
        case Suspend():
            _check_suspend(authority, body)
        case KeyAdd():
            _check_key_add(authority, body)
        case KeyRevoke():
            _check_key_revoke(authority, body, ms)
        case PolicyChange():
            _check_policy(authority, body, ms)
        case Product():
            _check_product(authority, body)
        case Hold() | Recall():
            _check_scope(authority, body)
        case LiftHold() | RecallClose():
            _check_ending(authority, body)
        case RecallAnswer():
            _check_answer(authority, body)
        case Document():
            admitted(authority, body.by)


def check_rights(authority: Authority, statement: Statement, ms: int) -> None:
    """Check only that the signers of a governance statement have a right to its type.

    This much a proof shows too. Raises Refused.
    """
    body = statement.body
    assert not isinstance(body, Event)
    if isinstance(body, Genesis):
        _check_genesis(authority, statement, body, ms)
        return
    count(check_hands(authority, statement, ms), needed(authority, body))


def check_hands(authority: Authority, statement: Statement, ms: int) -> int:
    """How many keys with a right to a governance statement have signed it; no other key has.

    The new key of a key-add shows that somebody has it, and counts for nothing. Raises Refused.
    """
    body = statement.body
    assert not isinstance(body, Event | Genesis)
    signed = {s.keyid for s in statement.envelope.signatures}
    if isinstance(body, KeyAdd):
        new = dsse.key_id(body.raw)
        if new not in signed:
            raise Refused("threshold", "a new key must sign its own key-add")
        signed.discard(new)
    keys = [usable(authority, keyid, ms) for keyid in sorted(signed)]
    if not keys:
        raise Refused("threshold", "no key with a right to this has signed")
    for key in keys:
        if key.party != body.by:
            raise Refused("not-entitled", f"a key of {key.party} cannot act for {body.by}")
        if not _may_sign(authority, key, body):
            raise Refused("not-entitled", f"a key for use as {key.use} does not sign this")
    admitted(authority, body.by)
    check_whose(authority, body)
    return len(keys)


def check_whose(authority: Authority, body: Governance) -> None:
    """Refuse what only the authority may do, of anybody else. Raises Refused."""
    if body.by != authority.gln and isinstance(body, Admit | Sites | Suspend | PolicyChange):
        raise Refused("not-entitled", f"only the authority {authority.gln} may do this")


def needed(authority: Authority, body: Governance) -> int:
    """How many keys of the acting party sign a governance statement (custody.md 2)."""
    several = body.by == authority.gln and not _one_is_enough(authority, body)
    return authority.policy.threshold if several else 1


def _may_sign(authority: Authority, key: KeyRecord, body: Governance) -> bool:
    """Whether a key's use lets it sign a type of statement for its own party (custody.md 2)."""
    match body:
        case KeyRevoke() if body.keyid == key.id:
            return True
        case KeyAdd():
            return key.use == "admin" or (key.use == "recovery" and body.use == "admin")
        case KeyRevoke():
            return key.use in ("admin", "recovery")
        case Hold() | LiftHold() | Recall() | RecallClose() if body.by == authority.gln:
            return key.use == "admin" or (key.use in WORKING and not isinstance(body, Recall))
        case RecallAnswer():
            return key.use in WORKING and body.site in key.sites
        case Hold() | LiftHold() | Recall() | RecallClose() | Document():
            return key.use in WORKING
        case _:
            return key.use == "admin"


def _one_is_enough(authority: Authority, body: Governance) -> bool:
    """Whether the authority signs this with one key: what can be taken back, or speeds up safety."""
    if isinstance(body, KeyRevoke):
        key = authority.keys.get(body.keyid)
        return key is not None and (key.party != authority.gln or key.use != "admin")
    return isinstance(body, Hold | LiftHold | RecallAnswer | RecallClose | Document)


def _check_genesis(authority: Authority, statement: Statement, body: Genesis, ms: int) -> None:
    if authority.size:
        raise Refused("wrong-type", "genesis is entry 0 and only there", at(0))
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
    site = authority.site(body.party.gln)
    if site is not None and site.party != body.party.gln:
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
        raise Refused("key-reused", "this key is on record for another use", at(known.index))
    if known and (known.revoked >= 0 or use not in ("admin", "recovery")):
        raise Refused("key-reused", "this key is on record already", at(known.index))


def _check_sites(authority: Authority, body: Sites) -> None:
    admitted(authority, body.party)
    for site in body.sites:
        known = authority.site(site.gln)
        if known and known.party != body.party:
            raise Refused("wrong-site", f"{site.gln} is {known.party}'s site", at(known.index))
        if (owner := authority.party(site.gln)) and owner.gln != body.party:
            raise Refused("wrong-site", f"{site.gln} is another party's GLN", at(owner.index))


def _check_suspend(authority: Authority, body: Suspend) -> None:
    if body.gln == authority.gln:
        raise Refused("lockout", "the authority cannot suspend itself")
    if authority.party(body.gln) is None and authority.site(body.gln) is None:
        raise Refused("unknown-party", f"{body.gln} is neither a party nor a site on record")


def _check_key_add(authority: Authority, body: KeyAdd) -> None:
    party = admitted(authority, body.by)
    if party.suspended >= 0:
        raise Refused("suspended", f"{party.name} is suspended", at(party.suspended))
    _check_fresh(authority, body.raw, body.by, body.use)
    if dsse.key_id(body.raw) in authority.keys:
        raise Refused("key-reused", "this key is on record already")
    for gln in body.sites:
        site = authority.site(gln)
        if site is None:
            raise Refused("unknown-site", f"site {gln} is not on record")
        if site.party != body.by:
            raise Refused("wrong-site", f"site {gln} is not {body.by}'s")


def _check_key_revoke(authority: Authority, body: KeyRevoke, ms: int) -> None:
    key = authority.keys.get(body.keyid)
    if key is None:
        raise Refused("unknown-key", f"key {body.keyid[:16]}… is not on record")
    if key.revoked >= 0:
        raise Refused("key-revoked", "this key is revoked already", at(key.revoked))
    if body.by not in (key.party, authority.gln):
        raise Refused("not-entitled", f"key {body.keyid[:16]}… is {key.party}'s")
    if body.since is not None and time_ms(body.since) > ms:
        raise Refused("event-time", "`since` lies ahead of the log's clock")
    if key.party == authority.gln and key.use == "admin":
        _check_lockout(authority, authority.usable_admins(authority.gln, ms) - 1)


def _check_lockout(authority: Authority, left: int, needed: int = 0) -> None:
    needed = needed or authority.policy.threshold
    if left < needed:
        raise Refused("lockout", f"{left} usable authority keys would stay for {needed} needed")


def _check_policy(authority: Authority, body: PolicyChange, ms: int) -> None:
    if body.replaces != authority.policy_id:
        raise Refused(
            "stale-policy", f"the policy in force is that of {authority.policy_id}",
            at(authority.policy_index()),
        )  # fmt: skip
    _check_lockout(authority, authority.usable_admins(authority.gln, ms), body.policy.threshold)


def _check_scope(authority: Authority, body: Hold | Recall) -> None:
    record = authority.product(body.scope.gtin)
    if record is None:
        raise Refused("unregistered-product", f"GTIN {body.scope.gtin} is not registered")
    if body.by not in (authority.gln, record.product.holder):
        raise Refused(
            "not-your-product", f"{body.by} is not the holder of GTIN {body.scope.gtin}",
            at(record.index),
        )  # fmt: skip


def _check_ending(authority: Authority, body: LiftHold | RecallClose) -> None:
    by = admitted(authority, body.by)
    if by.suspended >= 0:
        raise Refused("suspended", f"{by.name} is suspended", at(by.suspended))
    what, opened = (
        ("hold", body.hold_id) if isinstance(body, LiftHold) else ("recall", body.recall_id)
    )
    mark = authority.marks.get(opened)
    if mark is None or (mark.code == "on-hold") != (what == "hold"):
        raise Refused("wrong-state", f"{opened} is no {what} on the log")
    if mark.ended >= 0:
        raise Refused("wrong-state", f"this {what} has been ended already", at(mark.ended))
    if body.by != mark.by and not (what == "hold" and body.by == authority.gln):
        raise Refused("not-entitled", f"this {what} was opened by {mark.by}", at(mark.index))


def _check_answer(authority: Authority, body: RecallAnswer) -> None:
    mark = authority.marks.get(body.recall_id)
    if mark is None or mark.code == "on-hold":
        raise Refused("wrong-state", f"{body.recall_id} is no recall on the log")
    site = authority.site(body.site)
    if site is None:
        raise Refused("unknown-site", f"site {body.site} is not on record")
    if site.party != body.by:
        raise Refused("wrong-site", f"site {body.site} is not {body.by}'s", at(site.index))


def _check_product(authority: Authority, body: Product) -> None:
    owner = authority.party_of_prefix(body.gtin[1:])
    if body.by not in (authority.gln, owner):
        raise Refused("not-your-product", f"GTIN {body.gtin} does not carry {body.by}'s prefix")
    by = admitted(authority, body.by)
    if by.suspended >= 0:
        raise Refused("suspended", f"{by.name} is suspended", at(by.suspended))
    for gln in (body.holder, *body.packers, *body.wholesalers):
        admitted(authority, gln)
