"""Governance statements: who may do what, logged in the clear (custody.md 2).

Knows each type's form, parsed into frozen values; who may sign them and what they bring about is
left to `ledger.rules`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import msgspec

from ledger.errors import Malformed
from ledger.statement import dsse, gs1
from ledger.statement.events import parse_date
from ledger.statement.forms import FORMS
from ledger.tlog import ed25519

ROLES: Final = frozenset(
    {"authority", "manufacturer", "wholesaler", "pharmacy", "repackager", "carrier", "auditor"}
)
USES: Final = frozenset({"person", "station", "gateway", "sensor", "admin"})
REVOCATIONS: Final = frozenset({"retired", "left", "lost", "compromised"})
OPERATIONS: Final = frozenset(FORMS) | {"repack"}
_HEX32: Final = re.compile(r"[0-9a-f]{32}")
_HEX64: Final = re.compile(r"[0-9a-f]{64}")
_PREFIX: Final = re.compile(r"[0-9]{4,12}")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_ORIGIN: Final = re.compile(r"[!-*,-~]{1,200}")  # printable ASCII without space and plus
_RESERVED_ORIGINS: Final = ("DSSEv1", "cosignature/", "subtree/")


class Part(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True,
    rename="camel",
):  # fmt: skip
    """A part of a governance statement: JSON in camelCase, absent when None, never null."""


class Licence(Part, frozen=True):
    """A licence; `expires` is a day, YYYY-MM-DD."""

    expires: str
    level: str
    number: str


class Storage(Part, frozen=True):
    """Storage temperatures in whole degrees Celsius."""

    max: int
    min: int


class ProductPolicy(Part, frozen=True):
    """What policy says of one product; `max_transit` in hours."""

    max_transit: int
    storage: Storage


class See(Part, frozen=True):
    """How many steps down and up a trading partner sees."""

    down: int
    up: int


class Policy(Part, frozen=True):
    """The rules that are data (custody.md 2, P).

    `backdate` and `max_age` in seconds, `dispute_days`, `scan_retention` in days, `undo_hours` in
    hours, `repeat_grace` in seconds. `supply_by` is reserved: no event names a customer yet.
    """

    backdate: int
    dispute_days: int
    export_undo: bool
    max_age: int
    products: dict[str, ProductPolicy]
    repeat_grace: int
    roles: dict[str, list[str]]
    scan_retention: int
    see: See
    sensitive: list[str]
    supply_by: dict[str, list[str]]
    threshold: int
    undo_hours: int


class AuthorityParty(Part, frozen=True):
    """The authority as genesis names it."""

    country: str
    gln: str
    name: str


class Party(Part, frozen=True):
    """A party as it is admitted; GS1 prefixes of 4 to 12 digits."""

    country: str
    gln: str
    licence: Licence
    name: str
    prefixes: list[str]
    roles: list[str]


class Site(Part, frozen=True):
    """Premises with a licence."""

    activities: list[str]
    address: str
    gln: str
    licence: Licence
    name: str


class ItemsScope(Part, frozen=True):
    """A committed list of packs (statement.md 4)."""

    depth: int
    root: str


class Scope(Part, frozen=True):
    """What a hold or recall covers: a product, or of it some lots, packs or one commissioning."""

    gtin: str
    items: ItemsScope | None = None
    lots: list[str] | None = None
    statement: str | None = None


class Counts(Part, frozen=True):
    """Packs found at a site, by what became of them."""

    destroyed: int
    held: int
    none: int
    quarantined: int
    returned: int


class Open(Part, frozen=True):
    """A quantity that a recall leaves open, and why."""

    count: int
    reason: str


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
    """A party adds a key, which signs this too."""

    expires: str
    from_: str = msgspec.field(name="from")
    key: str
    operations: list[str]
    sites: list[str]
    staff: str | None = None
    use: str


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
    _check_integers(body)
    gln(body.by, "by")
    check_origin(body.log)
    _match(_HEX32, body.nonce, "nonce is 16 bytes in hex")
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


def raw_key(text: str) -> bytes:
    """A key's 32 raw bytes from base64. Raises Malformed, also for what is no valid key."""
    raw = dsse.base64_bytes(text, 32, "a key")
    ed25519.check_public(raw)
    return raw


def time_ms(text: str) -> int:
    """`YYYY-MM-DDThh:mm:ssZ` as ms since the epoch. Raises Malformed."""
    try:
        at = datetime.fromisoformat(text)
        ms = int(at.timestamp()) * 1000 if at.tzinfo is not None else -1
    except (ValueError, OverflowError) as error:
        raise Malformed(f"a time is YYYY-MM-DDThh:mm:ssZ, not {text[:40]!r}") from error
    if ms < 0 or time_text(ms) != text:
        raise Malformed(f"a time is YYYY-MM-DDThh:mm:ssZ from 1970 on, not {text[:40]!r}")
    return ms


def time_text(ms: int) -> str:
    """Ms since the epoch as `YYYY-MM-DDThh:mm:ssZ`, the part below a second left out."""
    return f"{datetime.fromtimestamp(ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def gln(text: str, what: str) -> str:
    """A GLN with its right check digit. Raises Malformed, naming `what`."""
    if not gs1.is_gln(text):
        raise Malformed(f"{what} is a GLN of 13 digits with its check digit, not {text[:40]!r}")
    return text


def check_origin(text: str) -> str:
    """A log's origin (statement.md 8): printable, no space, no reserved beginning. Raises Malformed."""
    if not _ORIGIN.fullmatch(text) or text.startswith(_RESERVED_ORIGINS):
        raise Malformed(
            f"log is an origin without spaces or '+', not beginning {_RESERVED_ORIGINS}: "
            f"{text[:80]!r}"
        )
    return text


def _match(pattern: re.Pattern[str], text: str, rule: str) -> None:
    if not pattern.fullmatch(text):
        raise Malformed(f"{rule}, not {text[:80]!r}")


def _words(text: str, what: str, limit: int = 200) -> None:
    if not 1 <= len(text) <= limit or not text.isprintable() or text != text.strip():
        raise Malformed(f"{what} is 1 to {limit} printable characters, no blanks at the ends")


def _sorted(values: Sequence[str], what: str, low: int, high: int) -> None:
    if list(values) != sorted(set(values)) or not low <= len(values) <= high:
        raise Malformed(f"{what} is sorted, without doubles, {low} to {high} of them")


def _among(value: str, allowed: frozenset[str], what: str) -> None:
    if value not in allowed:
        raise Malformed(f"{what} is one of {', '.join(sorted(allowed))}, not {value[:40]!r}")


def _whole(value: int, low: int, high: int, what: str) -> None:
    if not low <= value <= high:
        raise Malformed(f"{what} is {low} to {high}, not {value}")


def _check_integers(value: object) -> None:
    """Integers stay below 2**53, so that every JSON library reads the same number."""
    if isinstance(value, int):
        if abs(value) > dsse.MAX_INTEGER:
            raise Malformed("integers are below 2^53")
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            _check_integers(getattr(value, name))
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not key.isascii():
                raise Malformed("keys are ASCII")
            _check_integers(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_integers(inner)


def _keys(texts: Sequence[str], what: str, low: int, high: int) -> None:
    _sorted(texts, what, low, high)
    for text in texts:
        raw_key(text)


def _licence(licence: Licence) -> None:
    parse_date(licence.expires, "a licence's expiry")
    _words(licence.level, "a licence's level")
    _words(licence.number, "a licence's number")


def _storage(storage: Storage) -> None:
    _whole(storage.min, -273, 200, "storage.min")
    _whole(storage.max, storage.min, 200, "storage.max")


def _policy(policy: Policy) -> None:
    _whole(policy.backdate, 0, 10**9, "backdate")
    _whole(policy.dispute_days, 0, 10**4, "disputeDays")
    _whole(policy.max_age, 1, 10**9, "maxAge")
    _whole(policy.repeat_grace, 0, 10**9, "repeatGrace")
    _whole(policy.scan_retention, 0, 10**5, "scanRetention")
    _whole(policy.undo_hours, 0, 10**6, "undoHours")
    _whole(policy.threshold, 1, 4, "threshold")
    _whole(policy.see.down, 0, 5, "see.down")
    _whole(policy.see.up, 0, 5, "see.up")
    for gtin, rule in policy.products.items():
        _gtin(gtin)
        _whole(rule.max_transit, 1, 10**6, "maxTransit")
        _storage(rule.storage)
    for role, operations in policy.roles.items():
        _among(role, ROLES, "a role")
        _operations(operations, f"roles.{role}")
    _operations(policy.sensitive, "sensitive")
    for role, customers in policy.supply_by.items():
        _among(role, ROLES, "a role")
        _sorted(customers, "supplyBy", 0, 100)
        for customer in customers:
            _words(customer, "a customer", 40)


def _operations(operations: Sequence[str], what: str) -> None:
    _sorted(operations, what, 0, len(OPERATIONS))
    for operation in operations:
        _among(operation, OPERATIONS, "an operation")


def _gtin(text: str) -> None:
    if not gs1.is_gtin(text):
        raise Malformed(f"a GTIN has 14 digits with its check digit, not {text[:40]!r}")


def _genesis(body: Genesis) -> None:
    _match(_COUNTRY, body.authority.country, "country is two capital letters")
    gln(body.authority.gln, "authority.gln")
    _words(body.authority.name, "authority.name")
    _keys(body.keys, "keys", 2, 4)
    raw_key(body.log_key)
    raw_key(body.status_key)
    _policy(body.policy)


def _admit(body: Admit) -> None:
    party = body.party
    _match(_COUNTRY, party.country, "country is two capital letters")
    gln(party.gln, "party.gln")
    _licence(party.licence)
    _words(party.name, "party.name")
    _sorted(party.prefixes, "prefixes", 0, 100)
    for prefix in party.prefixes:
        _match(_PREFIX, prefix, "a GS1 prefix has 4 to 12 digits")
    _sorted(party.roles, "roles", 1, len(ROLES))
    for role in party.roles:
        _among(role, ROLES, "a role")
    _keys(body.admin_keys, "adminKeys", 1, 4)
    raw_key(body.recovery_key)


def _sites(body: Sites) -> None:
    gln(body.party, "party")
    _sorted([site.gln for site in body.sites], "sites, by gln,", 1, 100)
    for site in body.sites:
        gln(site.gln, "a site's gln")
        _sorted(site.activities, "activities", 0, 50)
        for activity in site.activities:
            _words(activity, "an activity")
        _words(site.address, "address")
        _licence(site.licence)
        _words(site.name, "a site's name")


def _suspend(body: Suspend) -> None:
    gln(body.gln, "gln")
    _words(body.reason, "reason")


def _key_add(body: KeyAdd) -> None:
    raw_key(body.key)
    _among(body.use, USES, "use")
    _sorted(body.sites, "sites", 0, 100)
    for site in body.sites:
        gln(site, "a site")
    _operations(body.operations, "operations")
    if (body.use == "admin") != (not body.sites and not body.operations):
        raise Malformed("an admin key has no sites and operations, every other key has both")
    if body.use != "admin" and not (body.sites and body.operations):
        raise Malformed("a key has at least one site and one operation")
    if body.staff is not None:
        _words(body.staff, "staff", 40)
    if time_ms(body.from_) >= time_ms(body.expires):
        raise Malformed("a key expires after it comes into force")


def _key_revoke(body: KeyRevoke) -> None:
    _match(_HEX64, body.keyid, "keyid is 32 bytes in hex")
    _among(body.reason, REVOCATIONS, "reason")
    if body.since is not None:
        time_ms(body.since)


def _policy_change(body: PolicyChange) -> None:
    _match(_HEX64, body.replaces, "replaces is a statement id in hex")
    _policy(body.policy)


def _product(body: Product) -> None:
    _gtin(body.gtin)
    gln(body.holder, "holder")
    for what in ("form", "name", "pack_size", "strength"):
        _words(getattr(body, what), what)
    if body.national_code is not None:
        _words(body.national_code, "nationalCode", 30)
    _sorted(body.markets, "markets", 1, 250)
    for market in body.markets:
        _match(_COUNTRY, market, "a market is two capital letters")
    _storage(body.storage)
    for what in ("packers", "wholesalers"):
        _sorted(getattr(body, what), what, 0, 1000)
        for party in getattr(body, what):
            gln(party, f"one of {what}")


def _scope(scope: Scope) -> None:
    _gtin(scope.gtin)
    if sum(value is not None for value in (scope.items, scope.lots, scope.statement)) > 1:
        raise Malformed("a scope names lots, or items, or a statement, or none of them")
    if scope.lots is not None:
        _sorted(scope.lots, "lots", 1, 1000)
        for lot in scope.lots:
            gs1.check_lot(lot)
    if scope.items is not None:
        _whole(scope.items.depth, 0, 24, "depth")
        dsse.hex_bytes(scope.items.root, 32, "root")
    if scope.statement is not None:
        _match(_HEX64, scope.statement, "statement is a statement id in hex")


def _hold(body: Hold) -> None:
    _words(body.reason, "reason")
    parse_date(body.review_by, "reviewBy")
    _scope(body.scope)


def _lift_hold(body: LiftHold) -> None:
    _match(_HEX64, body.hold_id, "holdId is a statement id in hex")
    _words(body.reason, "reason")


def _recall(body: Recall) -> None:
    time_ms(body.deadline)
    _among(body.depth, frozenset({"wholesale", "pharmacy", "patient"}), "depth")
    _among(body.kind, frozenset({"recall", "withdrawal"}), "kind")
    _whole(body.recall_class, 1, 3, "class")
    _words(body.reason, "reason")
    _scope(body.scope)


def _recall_answer(body: RecallAnswer) -> None:
    _match(_HEX64, body.recall_id, "recallId is a statement id in hex")
    gln(body.site, "site")
    for name in body.counts.__struct_fields__:
        _whole(getattr(body.counts, name), 0, 10**9, f"counts.{name}")


def _recall_close(body: RecallClose) -> None:
    _match(_HEX64, body.recall_id, "recallId is a statement id in hex")
    _words(body.outcome, "outcome")
    for quantity in body.open:
        _whole(quantity.count, 1, 10**9, "open.count")
        _words(quantity.reason, "open.reason")


def _document(body: Document) -> None:
    for what in ("about", "media_type", "title"):
        _words(getattr(body, what), what)
    _match(_HEX64, body.sha256, "sha256 is 32 bytes in hex")


_CHECKS: Final[dict[type, Callable[[Any], None]]] = {
    Genesis: _genesis, Admit: _admit, Sites: _sites, Suspend: _suspend, KeyAdd: _key_add,
    KeyRevoke: _key_revoke, PolicyChange: _policy_change, Product: _product, Hold: _hold,
    LiftHold: _lift_hold, Recall: _recall, RecallAnswer: _recall_answer,
    RecallClose: _recall_close, Document: _document,
}  # fmt: skip
