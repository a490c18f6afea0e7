"""Governance statements: who may do what, logged in the clear (custody.md 2).

Knows each type's form, parsed into frozen values; who may sign them and what they bring about is
left to `ledger.rules`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import msgspec

from ledger.errors import Malformed
from ledger.statement import dsse
from ledger.statement.events import parse_date
from ledger.statement.parts import (
    COUNTRY,
    HEX32,
    HEX64,
    PASSKEY,
    PREFIX,
    REVOCATIONS,
    ROLES,
    USES,
    AuthorityParty,
    Counts,
    Open,
    Part,
    Party,
    Policy,
    Scope,
    Site,
    Storage,
    check_among,
    check_gtin,
    check_integers,
    check_keys,
    check_licence,
    check_match,
    check_operations,
    check_origin,
    check_policy,
    check_scope,
    check_sorted,
    check_storage,
    check_whole,
    check_words,
    gln,
    passkey,
    raw_key,
    time_ms,
)


class _Statement(Part, frozen=True):
    by: str
    log: str
    nonce: str
    time: str


class Genesis(_Statement, frozen=True, tag="genesis"):
    """Entry 0: the authority, the log's keys, the first policy."""

    authority: AuthorityParty
    keys: list[str]
    log_key: str
    policy: Policy
    status_key: str


class Admit(_Statement, frozen=True, tag="admit"):
    """A party is admitted; replaces its record and its admin keys."""

    admin_keys: list[str]
    party: Party
    recovery_key: str


class Sites(_Statement, frozen=True, tag="sites"):
    """Sites of a party; replaces the records of those it names."""

    party: str
    sites: list[Site]


class Suspend(_Statement, frozen=True, tag="suspend"):
    """A party or site is suspended."""

    gln: str
    reason: str


class KeyAdd(_Statement, frozen=True, tag="key-add", kw_only=True):
    """A party adds a key, which signs this too.

    A passkey's has `"use":"passkey"` and `"rpId":"ledger.example"`, the host name that it signs for;
    no other key's has `rpId`. `key` is then base64 of 33 bytes (ES256) or 32 (EdDSA).
    """

    expires: str
    from_: str = msgspec.field(name="from")
    key: str
    operations: list[str]
    rp_id: str | None = None
    sites: list[str]
    staff: str | None = None
    use: str

    @property
    def public(self) -> dsse.PublicKey:
        """The key as `Envelope.verify` takes it."""
        return raw_key(self.key) if self.rp_id is None else passkey(self.key, self.rp_id)

    @property
    def raw(self) -> bytes:
        """The raw public key, of which the key id is the SHA-256."""
        public = self.public
        return public if isinstance(public, bytes) else public.raw


class KeyRevoke(_Statement, frozen=True, tag="key-revoke"):
    """A key signs nothing more; with `since`, what it signed from then on is suspect."""

    keyid: str
    reason: str
    since: str | None = None


class PolicyChange(_Statement, frozen=True, tag="policy"):
    """A policy replaces the one that the named statement set."""

    policy: Policy
    replaces: str


class Product(_Statement, frozen=True, tag="product", kw_only=True):
    """A product is registered."""

    form: str
    gtin: str
    holder: str
    markets: list[str]
    name: str
    national_code: str | None = None
    pack_size: str
    packers: list[str]
    storage: Storage
    strength: str
    wholesalers: list[str]


class Hold(_Statement, frozen=True, tag="hold"):
    """A reversible hold; `review_by` is a day."""

    reason: str
    review_by: str
    scope: Scope


class LiftHold(_Statement, frozen=True, tag="lift-hold"):
    """Lifts the hold that a statement set."""

    hold_id: str
    reason: str


class Recall(_Statement, frozen=True, tag="recall"):
    """A recall or withdrawal; `deadline` is a time."""

    deadline: str
    depth: str
    kind: str
    recall_class: int = msgspec.field(name="class")
    reason: str
    scope: Scope


class RecallAnswer(_Statement, frozen=True, tag="recall-answer"):
    """A site's answer to a recall (committed, not in the clear)."""

    counts: Counts
    recall_id: str
    site: str


class RecallClose(_Statement, frozen=True, tag="recall-close"):
    """Closes a recall's case; its mark stays."""

    open: list[Open]
    outcome: str
    recall_id: str


class Document(_Statement, frozen=True, tag="document"):
    """A document by its hash (committed, not in the clear)."""

    about: str
    media_type: str
    sha256: str
    title: str


Governance: TypeAlias = (
    Genesis | Admit | Sites | Suspend | KeyAdd | KeyRevoke | PolicyChange | Product | Hold
    | LiftHold | Recall | RecallAnswer | RecallClose | Document
)  # fmt: skip

_decoder: Final = msgspec.json.Decoder(Governance)


def parse_governance(payload: bytes) -> Governance:
    """Read a governance payload. Raises Malformed, naming the field and its rule."""
    body: Governance = dsse.parse_json(payload, _decoder, "a governance statement")
    check_integers(body)
    gln(body.by, "by")
    check_origin(body.log)
    check_match(HEX32, body.nonce, "nonce is 16 bytes in hex")
    time_ms(body.time)
    _CHECKS[type(body)](body)
    return body


def build_governance(body: Governance) -> bytes:
    """The canonical payload of a governance statement: the inverse of `parse_governance`.

    Raises Malformed when the values break a rule.
    """
    payload = dsse.canonical(body)
    if parse_governance(payload) != body:
        raise Malformed("these values do not make a governance statement")
    return payload


def _genesis(body: Genesis) -> None:
    check_match(COUNTRY, body.authority.country, "country is two capital letters")
    gln(body.authority.gln, "authority.gln")
    check_words(body.authority.name, "authority.name")
    check_keys(body.keys, "keys", 2, 4)
    raw_key(body.log_key)
    raw_key(body.status_key)
    check_policy(body.policy)


def _admit(body: Admit) -> None:
    party = body.party
    check_match(COUNTRY, party.country, "country is two capital letters")
    gln(party.gln, "party.gln")
    check_licence(party.licence)
    check_words(party.name, "party.name")
    check_sorted(party.prefixes, "prefixes", 0, 100)
    for prefix in party.prefixes:
        check_match(PREFIX, prefix, "a GS1 prefix has 4 to 12 digits")
    check_sorted(party.roles, "roles", 1, len(ROLES))
    for role in party.roles:
        check_among(role, ROLES, "a role")
    check_keys(body.admin_keys, "adminKeys", 1, 4)
    raw_key(body.recovery_key)


def _sites(body: Sites) -> None:
    gln(body.party, "party")
    check_sorted([site.gln for site in body.sites], "sites, by gln,", 1, 100)
    for site in body.sites:
        gln(site.gln, "a site's gln")
        check_sorted(site.activities, "activities", 0, 50)
        for activity in site.activities:
            check_words(activity, "an activity")
        check_words(site.address, "address")
        check_licence(site.licence)
        check_words(site.name, "a site's name")


def _suspend(body: Suspend) -> None:
    gln(body.gln, "gln")
    check_words(body.reason, "reason")


def _key_add(body: KeyAdd) -> None:
    check_among(body.use, USES, "use")
    if (body.use == PASSKEY) != (body.rp_id is not None):
        raise Malformed("a passkey names its rpId, and no other key does")
    if body.rp_id is None:
        raw_key(body.key)
    else:
        passkey(body.key, body.rp_id)
    check_sorted(body.sites, "sites", 0, 100)
    for site in body.sites:
        gln(site, "a site")
    check_operations(body.operations, "operations")
    if (body.use == "admin") != (not body.sites and not body.operations):
        raise Malformed("an admin key has no sites and operations, every other key has both")
    if body.use != "admin" and not (body.sites and body.operations):
        raise Malformed("a key has at least one site and one operation")
    if body.staff is not None:
        check_words(body.staff, "staff", 40)
    if time_ms(body.from_) >= time_ms(body.expires):
        raise Malformed("a key expires after it comes into force")


def _key_revoke(body: KeyRevoke) -> None:
    check_match(HEX64, body.keyid, "keyid is 32 bytes in hex")
    check_among(body.reason, REVOCATIONS, "reason")
    if body.since is not None:
        time_ms(body.since)


def _policy_change(body: PolicyChange) -> None:
    check_match(HEX64, body.replaces, "replaces is a statement id in hex")
    check_policy(body.policy)


def _product(body: Product) -> None:
    check_gtin(body.gtin)
    gln(body.holder, "holder")
    for what in ("form", "name", "pack_size", "strength"):
        check_words(getattr(body, what), what)
    if body.national_code is not None:
        check_words(body.national_code, "nationalCode", 30)
    check_sorted(body.markets, "markets", 1, 250)
    for market in body.markets:
        check_match(COUNTRY, market, "a market is two capital letters")
    check_storage(body.storage)
    for what in ("packers", "wholesalers"):
        check_sorted(getattr(body, what), what, 0, 1000)
        for party in getattr(body, what):
            gln(party, f"one of {what}")


def _hold(body: Hold) -> None:
    check_words(body.reason, "reason")
    parse_date(body.review_by, "reviewBy")
    check_scope(body.scope)


def _lift_hold(body: LiftHold) -> None:
    check_match(HEX64, body.hold_id, "holdId is a statement id in hex")
    check_words(body.reason, "reason")


def _recall(body: Recall) -> None:
    time_ms(body.deadline)
    check_among(body.depth, frozenset({"wholesale", "pharmacy", "patient"}), "depth")
    check_among(body.kind, frozenset({"recall", "withdrawal"}), "kind")
    check_whole(body.recall_class, 1, 3, "class")
    check_words(body.reason, "reason")
    check_scope(body.scope)


def _recall_answer(body: RecallAnswer) -> None:
    check_match(HEX64, body.recall_id, "recallId is a statement id in hex")
    gln(body.site, "site")
    for name in body.counts.__struct_fields__:
        check_whole(getattr(body.counts, name), 0, 10**9, f"counts.{name}")


def _recall_close(body: RecallClose) -> None:
    check_match(HEX64, body.recall_id, "recallId is a statement id in hex")
    check_words(body.outcome, "outcome")
    for quantity in body.open:
        check_whole(quantity.count, 1, 10**9, "open.count")
        check_words(quantity.reason, "open.reason")


def _document(body: Document) -> None:
    for what in ("about", "media_type", "title"):
        check_words(getattr(body, what), what)
    check_match(HEX64, body.sha256, "sha256 is 32 bytes in hex")


_CHECKS: Final[dict[type, Callable[[Any], None]]] = {
    Genesis: _genesis, Admit: _admit, Sites: _sites, Suspend: _suspend, KeyAdd: _key_add,
    KeyRevoke: _key_revoke, PolicyChange: _policy_change, Product: _product, Hold: _hold,
    LiftHold: _lift_hold, Recall: _recall, RecallAnswer: _recall_answer,
    RecallClose: _recall_close, Document: _document,
}  # fmt: skip
