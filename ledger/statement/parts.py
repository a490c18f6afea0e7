"""The parts that governance statements are made of, and the rules of their fields (custody.md 2).

Which statement has which part is left to `governance`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

import msgspec

from ledger.errors import Malformed
from ledger.statement import dsse, gs1, webauthn
from ledger.statement.events import parse_date
from ledger.statement.forms import FORMS
from ledger.tlog import ed25519
from ledger.tlog.base64 import canonical_base64

ROLES: Final = frozenset(
    {"authority", "manufacturer", "wholesaler", "pharmacy", "repackager", "carrier", "auditor"}
)
PASSKEY: Final = "passkey"
USES: Final = frozenset({"person", "station", "gateway", "sensor", "admin", PASSKEY})
REVOCATIONS: Final = frozenset({"retired", "left", "lost", "compromised"})
OPERATIONS: Final = frozenset(FORMS)
HEX32: Final = re.compile(r"[0-9a-f]{32}")
HEX64: Final = re.compile(r"[0-9a-f]{64}")
PREFIX: Final = re.compile(r"[0-9]{4,12}")
COUNTRY: Final = re.compile(r"[A-Z]{2}")
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


class ProductPolicy(Part, frozen=True, kw_only=True):
    """What policy says of one product; `max_transit` in hours.

    With `fingerprint_ask` each scan of an enrolled pack asks for its label's fingerprint.
    """

    fingerprint_ask: bool = False
    max_transit: int
    storage: Storage


class FingerprintPolicy(Part, frozen=True):
    """What policy says of labels' fingerprints; absent: offered, and templates stay where they are.

    `ask`: each scan of an enrolled pack asks for it. `offline`: a site may hold the sealed templates
    of the lots that it received.
    """

    ask: bool = False
    offline: bool = False


class See(Part, frozen=True):
    """How many steps down and up a trading partner sees; not followed yet: `disclose` shows one."""

    down: int
    up: int


class Policy(Part, frozen=True, kw_only=True):
    """The rules that are data (custody.md 2, P).

    `backdate` and `max_age` in seconds, `dispute_days`, `scan_retention` in days, `undo_hours` in
    hours, `repeat_grace` in seconds. `supply_by` is reserved: no event names a customer yet.
    """

    backdate: int
    dispute_days: int
    export_undo: bool
    fingerprint: FingerprintPolicy | None = None
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

    def asks_fingerprint(self, gtin: str) -> bool:
        """Whether each scan of an enrolled pack of a product asks for its label's fingerprint."""
        rule = self.products.get(gtin)
        asked = self.fingerprint is not None and self.fingerprint.ask
        return asked or (rule is not None and rule.fingerprint_ask)

    @property
    def templates_offline(self) -> bool:
        """Whether a site may hold sealed templates of the lots that it received."""
        return self.fingerprint is not None and self.fingerprint.offline


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


@lru_cache(maxsize=4096)  # a statement's keys are asked for at each of its checks
def raw_key(text: str) -> bytes:
    """A key's 32 raw bytes from base64. Raises Malformed, also for what is no valid key."""
    raw = dsse.base64_bytes(text, 32, "a key")
    ed25519.check_public(raw)
    return raw


@lru_cache(maxsize=1024)
def passkey(text: str, rp_id: str) -> webauthn.Passkey:
    """A passkey from base64 of its 33 bytes (P-256) or 32 (Ed25519), and its host. Raises Malformed."""
    return webauthn.Passkey(canonical_base64(text, "a passkey"), rp_id)


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


def is_practice(origin: str) -> bool:
    """Whether a log's origin is a practice log's, by its last part: told by the name alone.

    >>> is_practice("log.example/be/practice"), is_practice("log.example/be")
    (True, False)
    """
    return origin.endswith("/practice")


def check_match(pattern: re.Pattern[str], text: str, rule: str) -> None:
    """Refuse a text that is not of a pattern. Raises Malformed."""
    if not pattern.fullmatch(text):
        raise Malformed(f"{rule}, not {text[:80]!r}")


def check_words(text: str, what: str, limit: int = 200) -> None:
    """Refuse what is no line of words. Raises Malformed, naming `what`."""
    if not 1 <= len(text) <= limit or not text.isprintable() or text != text.strip():
        raise Malformed(f"{what} is 1 to {limit} printable characters, no blanks at the ends")


def check_sorted(values: Sequence[str], what: str, low: int, high: int) -> None:
    """Refuse a list with doubles, out of order, or of a wrong length. Raises Malformed."""
    if list(values) != sorted(set(values)) or not low <= len(values) <= high:
        raise Malformed(f"{what} is sorted, without doubles, {low} to {high} of them")


def check_among(value: str, allowed: frozenset[str], what: str) -> None:
    """Refuse a word outside a closed vocabulary. Raises Malformed."""
    if value not in allowed:
        raise Malformed(f"{what} is one of {', '.join(sorted(allowed))}, not {value[:40]!r}")


def check_whole(value: int, low: int, high: int, what: str) -> None:
    """Refuse a number out of its range. Raises Malformed."""
    if not low <= value <= high:
        raise Malformed(f"{what} is {low} to {high}, not {value}")


def check_integers(value: object) -> None:
    """Integers stay below 2**53, so that every JSON library reads the same number."""
    if isinstance(value, int):
        if abs(value) > dsse.MAX_INTEGER:
            raise Malformed("integers are below 2^53")
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            check_integers(getattr(value, name))
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not key.isascii():
                raise Malformed("keys are ASCII")
            check_integers(inner)
    elif isinstance(value, list):
        for inner in value:
            check_integers(inner)


def check_keys(texts: Sequence[str], what: str, low: int, high: int) -> None:
    """Refuse a list of keys out of form. Raises Malformed."""
    check_sorted(texts, what, low, high)
    for text in texts:
        raw_key(text)


def check_licence(licence: Licence) -> None:
    """Refuse a licence out of form. Raises Malformed."""
    parse_date(licence.expires, "a licence's expiry")
    check_words(licence.level, "a licence's level")
    check_words(licence.number, "a licence's number")


def check_storage(storage: Storage) -> None:
    """Refuse impossible storage temperatures. Raises Malformed."""
    check_whole(storage.min, -273, 200, "storage.min")
    check_whole(storage.max, storage.min, 200, "storage.max")


def check_policy(policy: Policy) -> None:
    """Refuse a policy out of form. Raises Malformed."""
    check_whole(policy.backdate, 0, 10**9, "backdate")
    check_whole(policy.dispute_days, 0, 10**4, "disputeDays")
    if policy.fingerprint == FingerprintPolicy():
        raise Malformed("fingerprint says ask, offline or both, or is left out")
    check_whole(policy.max_age, 1, 10**9, "maxAge")
    check_whole(policy.repeat_grace, 0, 10**9, "repeatGrace")
    check_whole(policy.scan_retention, 0, 10**5, "scanRetention")
    check_whole(policy.undo_hours, 0, 10**6, "undoHours")
    check_whole(policy.threshold, 1, 4, "threshold")
    check_whole(policy.see.down, 0, 5, "see.down")
    check_whole(policy.see.up, 0, 5, "see.up")
    for gtin, rule in policy.products.items():
        check_gtin(gtin)
        check_whole(rule.max_transit, 1, 10**6, "maxTransit")
        check_storage(rule.storage)
    for role, operations in policy.roles.items():
        check_among(role, ROLES, "a role")
        check_operations(operations, f"roles.{role}")
    check_operations(policy.sensitive, "sensitive")
    for role, customers in policy.supply_by.items():
        check_among(role, ROLES, "a role")
        check_sorted(customers, "supplyBy", 0, 100)
        for customer in customers:
            check_words(customer, "a customer", 40)


def check_operations(operations: Sequence[str], what: str) -> None:
    """Refuse a list that is not of operations. Raises Malformed."""
    check_sorted(operations, what, 0, len(OPERATIONS))
    for operation in operations:
        check_among(operation, OPERATIONS, "an operation")


def check_gtin(text: str) -> None:
    """Refuse what is no GTIN-14. Raises Malformed."""
    if not gs1.is_gtin(text):
        raise Malformed(f"a GTIN has 14 digits with its check digit, not {text[:40]!r}")


def check_scope(scope: Scope) -> None:
    """Refuse a scope out of form. Raises Malformed."""
    check_gtin(scope.gtin)
    if sum(value is not None for value in (scope.items, scope.lots, scope.statement)) > 1:
        raise Malformed("a scope names lots, or items, or a statement, or none of them")
    if scope.lots is not None:
        check_sorted(scope.lots, "lots", 1, 1000)
        for lot in scope.lots:
            gs1.check_lot(lot)
    if scope.items is not None:
        check_whole(scope.items.depth, 0, 24, "depth")
        dsse.hex_bytes(scope.items.root, 32, "root")
    if scope.statement is not None:
        check_match(HEX64, scope.statement, "statement is a statement id in hex")
