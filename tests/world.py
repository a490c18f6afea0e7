"""A small supply chain for tests: real keys, real statements, a real store, a clock that obeys.

chain = Chain(tmp_path)
packs = chain.commission("L1", 3)
ship = chain.ship(packs, to=chain.wholesaler)
chain.receive(ship, packs)
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from ledger.build import list_scope, sign_event, sign_governance
from ledger.rules.custody import HOUR_MS
from ledger.statement import gs1
from ledger.statement.dsse import key_id
from ledger.statement.events import Event
from ledger.statement.forms import FORMS
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
    RecallAnswer,
    RecallClose,
    Sites,
    Suspend,
)
from ledger.statement.parts import (
    AuthorityParty,
    Counts,
    Licence,
    Party,
    Policy,
    Scope,
    See,
    Site,
    Storage,
    time_text,
)
from ledger.statement.submission import Submission
from ledger.store.answers import Answers
from ledger.store.append import Log
from ledger.store.batch import Receipt
from ledger.store.database import Store, set_meta
from ledger.store.opening import open_store
from ledger.store.publish import trust_file
from ledger.store.queries import Reader
from ledger.tlog.ed25519 import public_of
from ledger.tlog.note import SigningKey
from ledger.tlog.policy import Policy as Trust

ORIGIN = "log.example/test"
START_MS = int(datetime(2026, 10, 1, 8, tzinfo=UTC).timestamp() * 1000)
ALL_OPERATIONS = sorted(FORMS)
_TRADE = {"close_short", "destroyed", "enrol", "found", "inspect", "lost", "pack", "quarantine",
          "recall_return", "receive", "refuse", "release", "return", "ship", "stolen",
          "to_destruction", "transfer", "unpack", "void"}  # fmt: skip
ROLES = {
    "authority": sorted({"inspect", "quarantine", "receive", "release", "stolen"}),
    "manufacturer": sorted(
        {*_TRADE, "check_out", "commission", "export", "repack", "free_sample", "sample", "undo"}
    ),
    "pharmacy": sorted({*_TRADE, "open", "sample", "supply", "undo"}),
    "repackager": sorted({*_TRADE, "check_out", "commission", "repack", "undo"}),
    "wholesaler": sorted({*_TRADE, "commission", "export", "sample", "undo"}),
}


def seed(name: str) -> bytes:
    """A key's seed: the same for the same name."""
    return sha256(b"test key " + name.encode()).digest()


def key_text(name: str) -> str:
    """A key's public half as statements write it."""
    from base64 import b64encode

    return b64encode(public_of(seed(name))).decode()


def gln(digits: str) -> str:
    """A GLN from its first twelve digits."""
    return digits + gs1.check_digit(digits)


def gtin(digits: str) -> str:
    """A GTIN-14 from its first thirteen digits."""
    return digits + gs1.check_digit(digits)


def policy(**changes: Any) -> Policy:
    """The policy of the test world, with changes."""
    values: dict[str, Any] = {
        "backdate": 7 * 24 * 3600, "dispute_days": 5, "export_undo": False, "max_age": 24 * 3600,
        "products": {}, "repeat_grace": 600, "roles": ROLES, "scan_retention": 30,
        "see": See(down=1, up=1), "sensitive": [], "supply_by": {}, "threshold": 2,
        "undo_hours": 240,
    }  # fmt: skip
    return Policy(**{**values, **changes})


LICENCE = Licence(expires="2030-12-31", level="full", number="LIC-1")


@dataclass(frozen=True)
class Member:
    """A party with one site and one key for all it may do."""

    name: str
    role: str
    gln: str
    site: str
    prefix: str

    @property
    def key(self) -> bytes:
        """The seed of its station key."""
        return seed(f"{self.name} station")

    @property
    def admin(self) -> bytes:
        """The seed of its admin key."""
        return seed(f"{self.name} admin")


def member(name: str, role: str, number: int) -> Member:
    """A member in the GS1 demonstration range, prefixes disjoint."""
    prefix = f"95211{number:02d}"
    return Member(name, role, gln(f"{prefix}00000"), gln(f"{prefix}00010"), prefix)


class Chain:
    """One authority, a manufacturer, a wholesaler, two pharmacies, one product; all on one log."""

    origin = ORIGIN

    def __init__(self, folder: Path, *, seeded: str = "", url: str = "") -> None:
        self.attach(folder, seeded)
        self.log_key = SigningKey(self.origin, seed("log"))
        self.store: Store = open_store(folder, create=True, url=url)
        set_meta(self.store, "origin", self.origin)
        set_meta(self.store, "vkey", str(self.log_key.verifier))
        self.log = self.new_log()
        self.reader = Reader(self.store)
        self.answers = Answers(self.reader, seed("status"), lambda: self.now)
        self._found()

    def attach(self, folder: Path, seeded: str) -> None:
        """Know the members, without a store: for a process that writes to an existing log."""
        self.folder = folder
        self.authority = member("authority", "authority", 10)
        self.maker = member("maker", "manufacturer", 11)
        self.wholesaler = member("wholesaler", "wholesaler", 12)
        self.pharmacy = member("pharmacy", "pharmacy", 13)
        self.pharmacy2 = member("pharmacy2", "pharmacy", 14)
        self.members = [self.maker, self.wholesaler, self.pharmacy, self.pharmacy2]
        self.gtin = gtin(f"0{self.maker.prefix}00001")
        self.now = START_MS
        self._seeded = seeded
        self._count = 0
        self._units = itertools.count(10_000)

    def new_log(self) -> Log:
        """Another writer of the same log."""
        return Log(self.store, self.log_key, seed("status"), lambda: self.now)

    @property
    def trust(self) -> Trust:
        """The trust file of this log."""
        return Trust.parse(trust_file(self.store))

    # Governance

    def governance(self, cls: type, *keys: str | bytes, by: str = "", **fields: Any) -> Submission:
        """A signed governance statement of a type, by the authority unless told otherwise."""
        body = cls(
            by=by or self.authority.gln,
            log=self.origin,
            nonce=self.fresh(16).hex(),
            time=time_text(self.now),
            **fields,
        )
        seeds = [seed(key) if isinstance(key, str) else key for key in keys]
        return sign_governance(body, seeds or [seed("authority 1"), seed("authority 2")])

    def genesis(self, **changes: Any) -> Submission:
        """Entry 0."""
        names = ["authority 1", "authority 2", "authority 3"]
        fields: dict[str, Any] = {
            "authority": AuthorityParty(country="BE", gln=self.authority.gln, name="Authority"),
            "keys": sorted(key_text(name) for name in names),
            "log_key": key_text("log"),
            "policy": policy(),
            "status_key": key_text("status"),
        }
        return self.governance(Genesis, *names, **{**fields, **changes})

    def admit(self, who: Member, **changes: Any) -> Submission:
        """The authority's admission of a member."""
        fields: dict[str, Any] = {
            "country": "BE", "gln": who.gln, "licence": LICENCE, "name": who.name.capitalize(),
            "prefixes": [who.prefix], "roles": [who.role],
        }  # fmt: skip
        return self.governance(
            Admit,
            admin_keys=[key_text(f"{who.name} admin")],
            party=Party(**{**fields, **changes}),
            recovery_key=key_text(f"{who.name} recovery"),
        )

    def sites(self, who: Member) -> Submission:
        """The authority's record of a member's site."""
        site = Site(
            activities=["storage"], address="Street 1", gln=who.site, licence=LICENCE,
            name=f"{who.name.capitalize()} site",
        )  # fmt: skip
        return self.governance(Sites, party=who.gln, sites=[site])

    def key_add(self, who: Member, name: str = "", **changes: Any) -> Submission:
        """A member's new key, signed by its admin key and by itself."""
        name = name or f"{who.name} station"
        admins = (
            [seed("authority 1"), seed("authority 2")] if who is self.authority else [who.admin]
        )
        fields: dict[str, Any] = {
            "expires": "2028-01-01T00:00:00Z",
            "from_": "2026-01-01T00:00:00Z",
            "key": key_text(name),
            "operations": ALL_OPERATIONS,
            "sites": [who.site],
            "use": "station",
        }
        return self.governance(KeyAdd, *admins, seed(name), by=who.gln, **{**fields, **changes})

    def product(self, **changes: Any) -> Submission:
        """The maker's registration of its product."""
        fields: dict[str, Any] = {
            "form": "tablet", "gtin": self.gtin, "holder": self.maker.gln, "markets": ["BE"],
            "name": "Examplin", "pack_size": "30", "packers": [],
            "storage": Storage(max=25, min=2), "strength": "10 mg", "wholesalers": [],
        }  # fmt: skip
        return self.governance(
            Product, self.maker.admin, by=self.maker.gln, **{**fields, **changes}
        )

    def suspend(self, gln_: str) -> Submission:
        """The authority's suspension of a party or site."""
        return self.governance(Suspend, gln=gln_, reason="inspection")

    def policy_change(self, *keys: str, replaces: str = "", **changes: Any) -> Submission:
        """The authority's new policy, in place of the one in force."""
        replaced = replaces or self.reader.authority().policy_id
        return self.governance(PolicyChange, *keys, policy=policy(**changes), replaces=replaced)

    def revoke(self, who: Member, name: str = "", *keys: str, **changes: Any) -> Submission:
        """A member's revocation of a key, by its admin key unless told otherwise."""
        fields: dict[str, Any] = {
            "by": who.gln, "keyid": key_id(public_of(seed(name or f"{who.name} station"))),
            "reason": "compromised",
        }  # fmt: skip
        signers = keys or (f"{who.name} admin",)
        return self.governance(KeyRevoke, *signers, **{**fields, **changes})

    def scope(self, **fields: Any) -> Scope:
        """A scope of the maker's product."""
        return Scope(**{"gtin": self.gtin, **fields})

    def hold(self, scope: Scope | None = None, **changes: Any) -> Submission:
        """The maker's hold on its product, or a part of it."""
        fields: dict[str, Any] = {
            "by": self.maker.gln, "reason": "complaints", "review_by": "2026-12-01",
            "scope": scope or self.scope(),
        }  # fmt: skip
        keys = changes.pop("keys", [self.maker.key])
        return self.governance(Hold, *keys, **{**fields, **changes})

    def lift(self, hold: Receipt, **changes: Any) -> Submission:
        """The maker's lifting of a hold."""
        fields: dict[str, Any] = {"by": self.maker.gln, "hold_id": hold.id, "reason": "cleared"}
        keys = changes.pop("keys", [self.maker.key])
        return self.governance(LiftHold, *keys, **{**fields, **changes})

    def recall_of(self, scope: Scope | None = None, **changes: Any) -> Submission:
        """The maker's recall of its product, or a part of it."""
        fields: dict[str, Any] = {
            "by": self.maker.gln, "deadline": "2026-10-09T12:00:00Z", "depth": "pharmacy",
            "kind": "recall", "reason": "particles", "recall_class": 2,
            "scope": scope or self.scope(),
        }  # fmt: skip
        keys = changes.pop("keys", [self.maker.key])
        return self.governance(Recall, *keys, **{**fields, **changes})

    def listed(self, make: Any, ids: Sequence[str], **changes: Any) -> Submission:
        """A hold or recall (`make`) of these packs alone, with its list."""
        secret = self.fresh(32)
        bare = make(self.scope(items=list_scope(ids, secret)), **changes).statement.body
        return sign_governance(bare, [self.maker.key], ids, secret)

    def answer(self, who: Member, recall: Receipt, **changes: Any) -> Submission:
        """A site's answer to a recall."""
        counts = Counts(destroyed=0, held=0, none=1, quarantined=0, returned=0)
        fields: dict[str, Any] = {
            "by": who.gln, "counts": counts, "recall_id": recall.id, "site": who.site
        }  # fmt: skip
        keys = changes.pop("keys", [who.key])
        return self.governance(RecallAnswer, *keys, **{**fields, **changes})

    def recall_close(self, recall: Receipt, **changes: Any) -> Submission:
        """The maker's closing of its recall."""
        fields: dict[str, Any] = {
            "by": self.maker.gln, "open": [], "outcome": "all back", "recall_id": recall.id
        }  # fmt: skip
        keys = changes.pop("keys", [self.maker.key])
        return self.governance(RecallClose, *keys, **{**fields, **changes})

    def _found(self) -> None:
        submissions = [self.genesis()]
        for who in [self.authority, *self.members]:
            if who is not self.authority:
                submissions.append(self.admit(who))
            submissions += [self.sites(who), self.key_add(who)]
        submissions.append(self.product())
        for outcome in self.log.append(submissions):
            if not isinstance(outcome, Receipt):
                raise outcome

    # Events

    def fresh(self, length: int) -> bytes:
        """Bytes that do not repeat in this chain, and are the same in each run."""
        self._count += 1
        return sha256(f"{self._seeded} {self._count}".encode()).digest()[:length]

    def event(self, op: str, who: Member, ids: Iterable[str] = (), **fields: Any) -> Submission:
        """A signed event of a member; `keys` replaces its station key."""
        self.now += 1000
        keys = fields.pop("keys", [who.key])
        return sign_event(
            op,
            keys,
            log=fields.pop("log", self.origin),
            by=fields.pop("by", who.gln),
            site=fields.pop("site", who.site),
            time_ms=fields.pop("time_ms", self.now),
            nonce=self.fresh(16),
            secret=self.fresh(32),
            ids=ids,
            **fields,
        )

    def pack_ids(self, lot: str, count: int) -> list[str]:
        """Ids of packs of a lot."""
        return [gs1.sgtin(self.gtin, f"{lot}-{n:04d}") for n in range(count)]

    def unit_id(self, who: Member, number: int) -> str:
        """Id of a member's logistic unit."""
        digits = f"0{who.prefix}{number:09d}"
        return gs1.sscc(digits + gs1.check_digit(digits))

    def commission(self, lot: str, count: int, expiry: date = date(2028, 1, 31)) -> list[str]:
        """The maker commissions packs of a lot."""
        ids = self.pack_ids(lot, count)
        self.log.submit(self.event("commission", self.maker, ids, lot=lot, expiry=expiry))
        return ids

    def unit(self, who: Member, number: int | None = None) -> str:
        """A member commissions a logistic unit: the next one, or that of a number below 10,000."""
        unit = self.unit_id(who, next(self._units) if number is None else number)
        self.log.submit(self.event("commission", who, [unit]))
        return unit

    def pack(self, who: Member, ids: Iterable[str], into: str) -> Receipt:
        """Pack items into a container."""
        return self.log.submit(self.event("pack", who, ids, parent=into))

    def unpack(self, who: Member, out_of: str, ids: Iterable[str] = ()) -> Receipt:
        """Unpack a container, whole when no item is named."""
        return self.log.submit(self.event("unpack", who, ids, parent=out_of))

    def ship_event(self, who: Member, ids: Iterable[str], to: Member, **fields: Any) -> Submission:
        """A signed ship statement."""
        self._count += 1
        defaults = {
            "source_party": who.gln, "dest_party": to.gln, "dest_site": to.site,
            "number": f"T-{self._count}",
        }  # fmt: skip
        return self.event(fields.pop("op", "ship"), who, ids, **{**defaults, **fields})

    def ship(self, who: Member, ids: Iterable[str], to: Member) -> Receipt:
        """Ship items to another member's site."""
        return self.log.submit(self.ship_event(who, ids, to))

    def receive(self, who: Member, ship: Receipt, ids: Iterable[str]) -> Receipt:
        """Receive items of a shipment."""
        return self.log.submit(self.event("receive", who, ids, shipment=ship.id))

    def hand_over(self, who: Member, ids: Sequence[str], to: Member) -> Receipt:
        """Ship and receive."""
        return self.receive(to, self.ship(who, ids, to), ids)

    def act(self, op: str, who: Member, ids: Iterable[str], **fields: Any) -> Receipt:
        """Any operation that the log must take."""
        return self.log.submit(self.event(op, who, ids, **fields))

    def send_back(self, op: str, who: Member, ids: Iterable[str], to: Member) -> Receipt:
        """Ship goods by a kind of return."""
        return self.log.submit(self.ship_event(who, ids, to, op=op))

    def void(self, who: Member, ship: Receipt, ids: Iterable[str]) -> Receipt:
        """Void a shipment, or some of it."""
        return self.log.submit(self.event("void", who, ids, shipment=ship.id))

    def supply(self, who: Member, ids: Iterable[str]) -> Receipt:
        """Supply packs to patients."""
        return self.log.submit(self.event("supply", who, ids))

    def undo(self, who: Member, act: Receipt, ids: Iterable[str]) -> Receipt:
        """Undo a supply."""
        return self.log.submit(self.event("undo", who, ids, undoes=act.id))

    def quarantine(self, who: Member, ids: Iterable[str], reason: str = "suspect") -> Receipt:
        """Put items on hold."""
        return self.log.submit(self.event("quarantine", who, ids, reason=reason))

    def release(self, who: Member, ids: Iterable[str]) -> Receipt:
        """Release items from hold."""
        return self.log.submit(self.event("release", who, ids))

    def hours(self, count: float) -> None:
        """Let time pass."""
        self.now += int(count * HOUR_MS)


class PracticeChain(Chain):
    """The same on a practice log."""

    origin = f"{ORIGIN}/practice"


__all__ = [
    "ORIGIN",
    "Chain",
    "Event",
    "Member",
    "PracticeChain",
    "gln",
    "gtin",
    "key_text",
    "policy",
    "seed",
]
