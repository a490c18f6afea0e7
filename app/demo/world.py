"""The simulated parties, their keys and products, and a clock that obeys; each act is signed and logged.

What happens when is left to `weeks`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from ledger.build import sign_event, sign_governance
from ledger.cli.keys import write_key
from ledger.cli.upkeep import DEFAULT_ROLES, found_log, make_genesis
from ledger.rules.custody import HOUR_MS
from ledger.statement import dsse, gs1
from ledger.statement.governance import Admit, Governance, KeyAdd, Product, Sites
from ledger.statement.parts import AuthorityParty, Licence, Party, Site, Storage, time_text
from ledger.store.append import Log, Receipt
from ledger.tlog.ed25519 import public_of

ORIGIN: Final = "packtrace.example/demo"
DAYS: Final = 42
DAY_MS: Final = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Member:
    """A simulated party with one site, and the seeds of its keys."""

    label: str
    name: str
    role: str
    prefix: str
    seeds: dict[str, bytes] = field(default_factory=dict)

    @property
    def gln(self) -> str:
        """The party's GLN."""
        return closed(f"{self.prefix}00000")

    @property
    def site(self) -> str:
        """Its one site's GLN."""
        return closed(f"{self.prefix}00010")


def closed(digits: str) -> str:
    """A GS1 key with its check digit."""
    return digits + gs1.check_digit(digits)


@dataclass(frozen=True, slots=True)
class Drug:
    """A simulated product of a maker."""

    maker: int
    number: int
    name: str
    strength: str
    form: str
    pack_size: str


DRUGS: Final = (
    Drug(0, 1, "Examplin", "10 mg", "film-coated tablet", "30"),
    Drug(0, 2, "Examplin forte", "40 mg", "film-coated tablet", "30"),
    Drug(1, 1, "Demozol", "20 mg", "gastro-resistant capsule", "28"),
    Drug(1, 2, "Specimol", "5 mg/ml", "oral solution", "1"),
)


class World:
    """The chain while it is being made."""

    def __init__(self, folder: Path, end_ms: int) -> None:
        self.folder = folder
        self.end_ms = end_ms
        self.now = end_ms - DAYS * DAY_MS
        self.authority = Member("authority", "Demo Medicines Agency", "authority", "9521000")
        self.makers = [
            Member(f"manufacturer-{n}", f"Manufacturer {n}", "manufacturer", f"952110{n}")
            for n in (1, 2)
        ]
        self.wholesalers = [
            Member(f"wholesaler-{n}", f"Wholesaler {n}", "wholesaler", f"952120{n}") for n in (1, 2)
        ]
        self.pharmacies = [
            Member(f"pharmacy-{n}", f"Pharmacy {n}", "pharmacy", f"952130{n}") for n in (1, 2, 3, 4)
        ]
        self.members = [*self.makers, *self.wholesalers, *self.pharmacies]
        self.log: Log
        self._units = 0
        self._numbers = 0
        self.expiry: dict[str, date] = {}
        self.stock: dict[str, list[str]] = {member.label: [] for member in self.members}

    # Keys and governance

    def found(self) -> None:
        seeds = {name: secrets.token_bytes(32) for name in ("log", "status")}
        seeds |= {f"authority-{n}": secrets.token_bytes(32) for n in (1, 2, 3)}
        party = AuthorityParty(country="BE", gln=self.authority.gln, name=self.authority.name)
        genesis = make_genesis(ORIGIN, party, seeds, self.now)
        _, self.log = found_log(self.folder, genesis, seeds, lambda: self.now, simulated=True)
        for label, seed in seeds.items():
            owner = "" if label in ("log", "status") else self.authority.gln
            self._keep(label, seed, owner)
        for member in [self.authority, *self.members]:
            for use in (
                ("station",) if member is self.authority else ("admin", "recovery", "station")
            ):
                member.seeds[use] = secrets.token_bytes(32)
                self._keep(f"{member.label}-{use}", member.seeds[use], member.gln)
        self._agency = [seeds["authority-1"], seeds["authority-2"]]
        for member in [self.authority, *self.members]:
            self._introduce(member)
        for drug in DRUGS:
            self._register(drug)

    def _keep(self, label: str, seed: bytes, owner: str) -> None:
        path = self.folder / "keys" / f"{label}.key"
        write_key(path, seed, label=label, party=owner, sealed=False)

    def _govern(self, cls: type[Any], by: str, seeds: Sequence[bytes], **fields: Any) -> None:
        self.now += 60_000
        body: Governance = cls(
            by=by, log=ORIGIN, nonce=secrets.token_hex(16), time=time_text(self.now), **fields
        )
        self.log.submit(sign_governance(body, seeds))

    def _introduce(self, member: Member) -> None:
        year = datetime.fromtimestamp(self.end_ms / 1000, UTC).year
        licence = Licence(
            expires=f"{year + 4}-12-31", level=member.role, number=f"SIM-{member.label.upper()}"
        )
        agency = self.authority.gln
        admins = self._agency
        if member is not self.authority:
            admins = [member.seeds["admin"]]
            party = Party(
                country="BE", gln=member.gln, licence=licence, name=member.name,
                prefixes=[member.prefix], roles=[member.role],
            )  # fmt: skip
            self._govern(
                Admit, agency, self._agency, admin_keys=[_text(member.seeds["admin"])],
                party=party, recovery_key=_text(member.seeds["recovery"]),
            )  # fmt: skip
        site = Site(
            activities=[member.role], address=f"Demo Street {member.prefix[-3:]}", gln=member.site,
            licence=licence, name=f"{member.name}, main site",
        )  # fmt: skip
        self._govern(Sites, agency, self._agency, party=member.gln, sites=[site])
        self._govern(
            KeyAdd, member.gln, [*admins, member.seeds["station"]],
            expires=f"{year + 2}-01-01T00:00:00Z", from_=f"{year - 1}-01-01T00:00:00Z",
            key=_text(member.seeds["station"]), operations=DEFAULT_ROLES[member.role],
            sites=[member.site], use="station",
        )  # fmt: skip

    def _register(self, drug: Drug) -> None:
        maker = self.makers[drug.maker]
        self._govern(
            Product, maker.gln, [maker.seeds["admin"]], form=drug.form, gtin=self.gtin(drug),
            holder=maker.gln, markets=["BE"], name=drug.name, pack_size=drug.pack_size, packers=[],
            storage=Storage(max=25, min=2), strength=drug.strength, wholesalers=[],
        )  # fmt: skip

    def gtin(self, drug: Drug) -> str:
        return closed(f"0{self.makers[drug.maker].prefix}{drug.number:05d}")

    # Events

    def at(self, day: int, hour: float) -> None:
        """Let the simulated clock go on to an hour of a day, counted so that day 42 is today."""
        self.now = max(
            self.now + 1000, self.end_ms - round((DAYS - day) * DAY_MS + (24 - hour) * HOUR_MS)
        )

    def act(self, op: str, member: Member, ids: Sequence[str], **fields: Any) -> Receipt:
        self.now += 1000
        return self.log.submit(sign_event(
            op, [member.seeds["station"]], log=ORIGIN, by=member.gln, site=member.site,
            time_ms=self.now, nonce=secrets.token_bytes(16), secret=secrets.token_bytes(32),
            ids=ids, **fields,
        ))  # fmt: skip

    def unit(self, member: Member) -> str:
        self._units += 1
        unit = gs1.sscc(closed(f"0{member.prefix}{self._units:09d}"))
        self.act("commission", member, [unit])
        return unit

    def ship(self, sender: Member, ids: Sequence[str], to: Member) -> Receipt:
        self._numbers += 1
        return self.act(
            "ship", sender, ids, source_party=sender.gln, dest_party=to.gln, dest_site=to.site,
            number=f"DEMO-{self._numbers:05d}",
        )  # fmt: skip

    def receive(self, receiver: Member, shipment: Receipt, ids: Sequence[str]) -> None:
        self.act("receive", receiver, ids, shipment=shipment.id)


def _text(seed: bytes) -> str:
    return dsse.base64_text(public_of(seed))
