"""Who may do what, as of an index: parties, sites, keys, products and policy (custody.md 2).

A fold over the governance statements. Whether a statement may be folded in is left to `rights`, what
an event does to packs to `custody`.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, TypeAlias

from ledger.errors import Refused
from ledger.statement import dsse
from ledger.statement.governance import (
    Admit,
    Genesis,
    Hold,
    KeyAdd,
    KeyRevoke,
    LiftHold,
    PolicyChange,
    Product,
    Recall,
    RecallClose,
    Sites,
    Suspend,
)
from ledger.statement.parts import Licence, Policy, raw_key, time_ms
from ledger.statement.submission import Statement


@dataclass(frozen=True, slots=True)
class PartyRecord:
    """An admitted party; `index` is that of the admission in force."""

    gln: str
    name: str
    country: str
    licence: Licence | None  # None for the authority that genesis names
    prefixes: tuple[str, ...]
    roles: frozenset[str]
    index: int
    suspended: int = -1  # index of the suspension, -1 when there is none


@dataclass(frozen=True, slots=True)
class SiteRecord:
    """Premises of one party; `index` is that of the `sites` statement in force."""

    gln: str
    party: str
    name: str
    address: str
    activities: tuple[str, ...]
    licence: Licence
    index: int
    suspended: int = -1


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key and what it may sign; `index` is that of the statement that brought it."""

    id: str  # hex SHA-256 of the raw key
    public: dsse.PublicKey
    party: str
    use: str  # person, station, gateway, sensor, passkey, admin, recovery
    sites: frozenset[str]
    operations: frozenset[str]
    staff: str
    start_ms: int
    end_ms: int  # first ms out of force; 2**53 without an end
    index: int
    revoked: int = -1  # index of the revocation, -1 when there is none


@dataclass(frozen=True, slots=True)
class ProductRecord:
    """A registered product; `index` is that of the statement in force."""

    product: Product
    index: int


class Mark(NamedTuple):
    """What a hold or recall puts on a product's packs, or on some of them."""

    code: str  # recalled, withdrawn, on-hold
    id: str  # of the statement that set it
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    by: str
    gtin: str
    lots: frozenset[str] | None  # None for all
    listed: bool  # only packs of a list that it commits to
    statement: str  # only packs of this commissioning, "" for any
    ended: int = -1  # index of the lift-hold or recall-close

    @property
    def scope_is_lots(self) -> bool:
        """Whether it covers whole lots, so that no pack need be looked at."""
        return not self.listed and not self.statement

    def covers_lot(self, lot: str) -> bool:
        """Whether it covers all of a lot."""
        return self.scope_is_lots and (self.lots is None or lot in self.lots)


class Suspicion(NamedTuple):
    """A key was revoked for what it signed: from when on (ms), and by the statement at which index."""

    since_ms: int
    revoked: int


_FOREVER: Final = 2**53
_Record: TypeAlias = PartyRecord | SiteRecord | ProductRecord


class Authority:
    """The governance in force, and at every earlier index.

    Mutable and not shared between threads: `apply` folds one statement in. A fold that fails is
    thrown away and read anew from the log.
    """

    def __init__(self) -> None:
        self.origin = ""
        self.gln = ""
        self.log_key = b""
        self.status_key = b""
        self.policy_id = ""
        self.size = 0  # one above the index of the last statement applied
        self.keys: dict[str, KeyRecord] = {}
        self._policies: list[tuple[int, Policy]] = []
        self._records: dict[tuple[str, str], list[tuple[int, _Record]]] = {}
        self.prefixes: dict[str, str] = {}  # prefix -> party
        self.marks: dict[str, Mark] = {}  # statement id -> hold or recall, ended ones too
        self.suspects: dict[str, Suspicion] = {}  # key id -> since when
        self._marks_on: dict[str, dict[str, None]] = {}  # GTIN -> ids of marks

    # What is on record

    @property
    def policy(self) -> Policy:
        """The policy in force now."""
        if not self._policies:
            raise Refused("unknown-party", "the log has no genesis yet; run `packtrace init`")
        return self._policies[-1][1]

    def policy_at(self, at: int) -> Policy:
        """The policy in force before index `at`."""
        return self._policies[bisect_right(self._policies, at - 1, key=lambda p: p[0]) - 1][1]

    def policy_index(self, at: int | None = None) -> int:
        """Index of the statement that set the policy in force before index `at` (default: now)."""
        if at is None:
            return self._policies[-1][0]
        return self._policies[bisect_right(self._policies, at - 1, key=lambda p: p[0]) - 1][0]

    def party(self, gln: str, at: int | None = None) -> PartyRecord | None:
        """A party's record in force before index `at` (default: now)."""
        found = self._in_force("party", gln, at)
        return found if isinstance(found, PartyRecord) else None

    def site(self, gln: str, at: int | None = None) -> SiteRecord | None:
        """A site's record in force before index `at` (default: now)."""
        found = self._in_force("site", gln, at)
        return found if isinstance(found, SiteRecord) else None

    def product(self, gtin: str, at: int | None = None) -> ProductRecord | None:
        """A product's record in force before index `at` (default: now)."""
        found = self._in_force("product", gtin, at)
        return found if isinstance(found, ProductRecord) else None

    def parties(self) -> list[PartyRecord]:
        """All parties by GLN."""
        return [r for r in self._newest("party") if isinstance(r, PartyRecord)]

    def sites(self, party: str | None = None) -> list[SiteRecord]:
        """All sites by GLN, or one party's."""
        found = [r for r in self._newest("site") if isinstance(r, SiteRecord)]
        return [r for r in found if party is None or r.party == party]

    def products(self) -> list[ProductRecord]:
        """All products by GTIN."""
        return [r for r in self._newest("product") if isinstance(r, ProductRecord)]

    def party_of_prefix(self, digits: str) -> str:
        """GLN of the party whose GS1 prefix an identifier's digits begin with, or ""."""
        for length in range(4, 13):
            if found := self.prefixes.get(digits[:length]):
                return found
        return ""

    def marks_on(self, gtin: str) -> list[Mark]:
        """The marks in force on a product's packs: a recall's stays for ever, a hold's until lifted."""
        if gtin not in self._marks_on:
            return []
        return [m for m in self.marks_ever_on(gtin) if m.code != "on-hold" or m.ended < 0]

    def marks_ever_on(self, gtin: str) -> list[Mark]:
        """The marks that were ever set on a product's packs, lifted holds among them."""
        return [self.marks[statement_id] for statement_id in self._marks_on.get(gtin, ())]

    def usable_admins(self, gln: str, ms: int) -> int:
        """How many admin keys of a party are in force at a landing time."""
        return sum(
            key.party == gln and key.use == "admin" and key.revoked < 0
            and key.start_ms <= ms < key.end_ms
            for key in self.keys.values()
        )  # fmt: skip

    def public(self, keyid: str) -> dsse.PublicKey | None:
        """The key of an id that the log knows, in force or not."""
        key = self.keys.get(keyid)
        return key.public if key else None

    def _in_force(self, kind: str, name: str, at: int | None) -> _Record | None:
        versions = self._records.get((kind, name))
        if not versions:
            return None
        if at is None:
            return versions[-1][1]
        place = bisect_right(versions, at - 1, key=lambda v: v[0])
        return versions[place - 1][1] if place else None

    def _newest(self, kind: str) -> list[_Record]:
        return [v[-1][1] for (k, _), v in sorted(self._records.items()) if k == kind]

    # Folding in

    def apply(self, statement: Statement, index: int) -> None:
        """Fold in a governance statement that `rights.check` let pass, as entry `index`."""
        body = statement.body
        if isinstance(body, Genesis):
            self._apply_genesis(body, index)
            self.policy_id = statement.id
        elif isinstance(body, Admit):
            self._apply_admit(body, index)
        elif isinstance(body, Sites):
            for site in body.sites:
                self._put("site", site.gln, index, SiteRecord(
                    site.gln, body.party, site.name, site.address, tuple(site.activities),
                    site.licence, index,
                ))  # fmt: skip
        elif isinstance(body, Suspend):
            if party := self.party(body.gln):
                self._put("party", body.gln, index, replace(party, suspended=index))
            if site_record := self.site(body.gln):
                self._put("site", body.gln, index, replace(site_record, suspended=index))
        elif isinstance(body, KeyAdd):
            self._put_key(KeyRecord(
                dsse.key_id(body.raw), body.public, body.by, body.use,
                frozenset(body.sites), frozenset(body.operations), body.staff or "",
                time_ms(body.from_), time_ms(body.expires), index,
            ))  # fmt: skip
        elif isinstance(body, KeyRevoke):
            if key := self.keys.get(body.keyid):  # a proof may show less than the log checked
                self.keys[body.keyid] = replace(key, revoked=index)
            if body.since is not None:
                self.suspects[body.keyid] = Suspicion(time_ms(body.since), index)
        elif isinstance(body, Product):
            self._put("product", body.gtin, index, ProductRecord(body, index))
        elif isinstance(body, PolicyChange):
            self._policies.append((index, body.policy))
            self.policy_id = statement.id
        elif isinstance(body, Hold | Recall):
            self._apply_mark(statement.id, body, index)
        elif isinstance(body, LiftHold | RecallClose):
            opened = body.hold_id if isinstance(body, LiftHold) else body.recall_id
            if mark := self.marks.get(opened):
                self.marks[opened] = mark._replace(ended=index)
        self.size = index + 1

    def _apply_genesis(self, body: Genesis, index: int) -> None:
        self.origin, self.gln = body.log, body.authority.gln
        self.log_key, self.status_key = raw_key(body.log_key), raw_key(body.status_key)
        self._policies.append((index, body.policy))
        self._put("party", self.gln, index, PartyRecord(
            self.gln, body.authority.name, body.authority.country, None, (),
            frozenset({"authority"}), index,
        ))  # fmt: skip
        for key in body.keys:
            self._put_key(_admin(raw_key(key), self.gln, "admin", index))

    def _apply_admit(self, body: Admit, index: int) -> None:
        party = body.party
        self._put("party", party.gln, index, PartyRecord(
            party.gln, party.name, party.country, party.licence, tuple(party.prefixes),
            frozenset(party.roles), index,
        ))  # fmt: skip
        self.prefixes = {p: owner for p, owner in self.prefixes.items() if owner != party.gln}
        self.prefixes.update(dict.fromkeys(party.prefixes, party.gln))
        stands = {dsse.key_id(raw_key(k)) for k in (*body.admin_keys, body.recovery_key)}
        for key in list(self.keys.values()):
            standing = key.use in ("admin", "recovery") and key.revoked < 0
            if key.party == party.gln and standing and key.id not in stands:
                self.keys[key.id] = replace(key, revoked=index)
        for text in body.admin_keys:
            self._put_key(_admin(raw_key(text), party.gln, "admin", index))
        self._put_key(_admin(raw_key(body.recovery_key), party.gln, "recovery", index))

    def _apply_mark(self, statement_id: str, body: Hold | Recall, index: int) -> None:
        code = "on-hold"
        if isinstance(body, Recall):
            code = "recalled" if body.kind == "recall" else "withdrawn"
        scope = body.scope
        self.marks[statement_id] = Mark(
            code, statement_id, index, body.by, scope.gtin,
            frozenset(scope.lots) if scope.lots is not None else None,
            scope.items is not None, scope.statement or "",
        )  # fmt: skip
        self._marks_on.setdefault(scope.gtin, {})[statement_id] = None

    def _put(self, kind: str, name: str, index: int, record: _Record) -> None:
        self._records.setdefault((kind, name), []).append((index, record))

    def _put_key(self, key: KeyRecord) -> None:
        # An admission may name a standing key again: what first brought the key stays its source.
        self.keys.setdefault(key.id, key)


def _admin(public: bytes, party: str, use: str, index: int) -> KeyRecord:
    return KeyRecord(
        dsse.key_id(public), public, party, use, frozenset(), frozenset(), "", 0, _FOREVER, index
    )
