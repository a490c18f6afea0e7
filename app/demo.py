"""The demo world: a SIMULATED supply chain, driven through the public write path like any client.

Every party, product and pack is made up, in GS1's demonstration range; the clock is simulated so
that six weeks pass in seconds. Keys lie unencrypted and say so.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from app.config import wall_clock
from app.node import DEMO, DemoPerson
from ledger.build import sign_event, sign_governance
from ledger.cli.keys import write_key
from ledger.cli.upkeep import DEFAULT_ROLES, found_log
from ledger.errors import Malformed
from ledger.rules.custody import HOUR_MS
from ledger.rules.verdict import DO_NOT_SUPPLY, HOLD, OK
from ledger.statement import dsse, gs1
from ledger.statement.governance import Admit, Governance, KeyAdd, Product, Sites
from ledger.statement.parts import AuthorityParty, Licence, Party, Site, Storage, time_text
from ledger.store.append import Log, Receipt
from ledger.store.database import DATABASE
from ledger.tlog.ed25519 import public_of
from scanner.label import PrintedLabel, render, to_png

ORIGIN: Final = "packtrace.example/demo"
DAYS: Final = 42
CASE: Final = 20
DAY_MS: Final = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class _Member:
    """A simulated party with one site, and the seeds of its keys."""

    label: str
    name: str
    role: str
    prefix: str
    seeds: dict[str, bytes] = field(default_factory=dict)

    @property
    def gln(self) -> str:
        """The party's GLN."""
        return _closed(f"{self.prefix}00000")

    @property
    def site(self) -> str:
        """Its one site's GLN."""
        return _closed(f"{self.prefix}00010")


def _closed(digits: str) -> str:
    return digits + gs1.check_digit(digits)


@dataclass(frozen=True, slots=True)
class _Drug:
    """A simulated product of a maker."""

    maker: int
    number: int
    name: str
    strength: str
    form: str
    pack_size: str


_DRUGS: Final = (
    _Drug(0, 1, "Examplin", "10 mg", "film-coated tablet", "30"),
    _Drug(0, 2, "Examplin forte", "40 mg", "film-coated tablet", "30"),
    _Drug(1, 1, "Demozol", "20 mg", "gastro-resistant capsule", "28"),
    _Drug(1, 2, "Specimol", "5 mg/ml", "oral solution", "1"),
)
# (product, lot, packs, months until expiry, wholesaler, first day)
_LOTS: Final = (
    (0, "EX2601", 400, 22, 0, 1),
    (0, "EX2602", 400, 26, 1, 5),
    (1, "EF2601", 400, 18, 0, 3),
    (2, "DZ2601", 300, 14, 1, 2),
    (2, "DZ2602", 300, 20, 0, 9),
    (3, "SP2601", 200, 11, 1, 6),
)


class _World:
    """The chain while it is being made."""

    def __init__(self, folder: Path, end_ms: int) -> None:
        self.folder = folder
        self.end_ms = end_ms
        self.now = end_ms - DAYS * DAY_MS
        self.authority = _Member("authority", "Demo Medicines Agency", "authority", "9521000")
        self.makers = [
            _Member(f"manufacturer-{n}", f"Manufacturer {n}", "manufacturer", f"952110{n}")
            for n in (1, 2)
        ]
        self.wholesalers = [
            _Member(f"wholesaler-{n}", f"Wholesaler {n}", "wholesaler", f"952120{n}")
            for n in (1, 2)
        ]
        self.pharmacies = [
            _Member(f"pharmacy-{n}", f"Pharmacy {n}", "pharmacy", f"952130{n}")
            for n in (1, 2, 3, 4)
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
        _, self.log = found_log(self.folder, ORIGIN, party, seeds, lambda: self.now, simulated=True)
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
        for drug in _DRUGS:
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

    def _introduce(self, member: _Member) -> None:
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

    def _register(self, drug: _Drug) -> None:
        maker = self.makers[drug.maker]
        self._govern(
            Product, maker.gln, [maker.seeds["admin"]], form=drug.form, gtin=self.gtin(drug),
            holder=maker.gln, markets=["BE"], name=drug.name, pack_size=drug.pack_size, packers=[],
            storage=Storage(max=25, min=2), strength=drug.strength, wholesalers=[],
        )  # fmt: skip

    def gtin(self, drug: _Drug) -> str:
        return _closed(f"0{self.makers[drug.maker].prefix}{drug.number:05d}")

    # Events

    def at(self, day: int, hour: float) -> None:
        """Let the simulated clock go on to an hour of a day, counted so that day 42 is today."""
        self.now = max(
            self.now + 1000, self.end_ms - round((DAYS - day) * DAY_MS + (24 - hour) * HOUR_MS)
        )

    def act(self, op: str, member: _Member, ids: Sequence[str], **fields: Any) -> Receipt:
        self.now += 1000
        return self.log.submit(sign_event(
            op, [member.seeds["station"]], log=ORIGIN, by=member.gln, site=member.site,
            time_ms=self.now, nonce=secrets.token_bytes(16), secret=secrets.token_bytes(32),
            ids=ids, **fields,
        ))  # fmt: skip

    def unit(self, member: _Member) -> str:
        self._units += 1
        unit = gs1.sscc(_closed(f"0{member.prefix}{self._units:09d}"))
        self.act("commission", member, [unit])
        return unit

    def ship(self, sender: _Member, ids: Sequence[str], to: _Member) -> Receipt:
        self._numbers += 1
        return self.act(
            "ship", sender, ids, source_party=sender.gln, dest_party=to.gln, dest_site=to.site,
            number=f"DEMO-{self._numbers:05d}",
        )  # fmt: skip

    def receive(self, receiver: _Member, shipment: Receipt, ids: Sequence[str]) -> None:
        self.act("receive", receiver, ids, shipment=shipment.id)


def make(folder: Path, today: date, *, fixed: bool = False) -> str:
    """Make the simulated world in a folder; answers what was made, in words.

    `today` is its last day. When it is this machine's day and not `fixed`, the last hand-offs are
    minutes ago; else they end at 16:00 UTC of that day. An unfinished world is thrown away.
    """
    end = int(datetime(today.year, today.month, today.day, 16, tzinfo=UTC).timestamp() * 1000)
    if not fixed and today == datetime.now().astimezone().date():
        end = wall_clock() - 60_000
    building = folder.with_name(f"{folder.name}.making")
    throw_away(building)
    world = _World(building, end)
    world.found()
    _weeks(world)
    expected = _today(world)
    _draw(world, expected)
    people = [
        DemoPerson(
            "pharmacist", "at Pharmacy 1", world.pharmacies[0].gln, world.pharmacies[0].site
        ),
        DemoPerson(
            "distributor", "at Wholesaler 1", world.wholesalers[0].gln, world.wholesalers[0].site
        ),
        DemoPerson(
            "regulator", "at the Demo Medicines Agency", world.authority.gln, world.authority.site
        ),
    ]
    told = {"simulated": True, "people": [asdict(person) for person in people]}
    (building / DEMO).write_text(json.dumps(told, indent=1))
    size = world.log.store.one("SELECT COUNT(*) FROM entry")
    world.log.store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    world.log.store.close()
    throw_away(folder)
    building.rename(folder)  # whole, or not at all
    packs = sum(lot[2] for lot in _LOTS)
    return f"{packs} packs of {len(_LOTS)} lots, {size[0] if size else 0} entries"


def throw_away(folder: Path) -> None:
    """Remove a simulated world. Raises Malformed for a folder that holds anything else."""
    if not folder.exists():
        return
    known = (folder / DEMO).exists() or folder.name.endswith(".making")
    if not known and ((folder / DATABASE).exists() or any(folder.iterdir())):
        raise Malformed(
            f"{folder} does not hold a simulated world; remove it by hand if you mean it"
        )
    shutil.rmtree(folder)


def _weeks(world: _World) -> None:
    """Commission, pack, ship to wholesalers and on to pharmacies; supply day by day."""
    end = datetime.fromtimestamp(world.end_ms / 1000, UTC).date()
    plans: dict[int, list[tuple[str, Any]]] = {day: [] for day in range(DAYS)}
    for lot in _LOTS:
        plans[lot[5]].append(("make", lot))
    for day in range(DAYS):
        for what, given in plans[day]:
            if what == "make":
                _make_lot(world, given, day, end, plans)
            elif what == "arrive":
                _arrive(world, given, day)
        for number, pharmacy in enumerate(world.pharmacies):
            stock = world.stock[pharmacy.label]
            if day > 8 and len(stock) > 12 and (day + number) % 2:
                world.at(day, 15 + number / 4)
                sold = [stock.pop(0) for _ in range(1 + (day * 7 + number) % 3)]
                receipt = world.act("supply", pharmacy, sold)
                if (day, number) == (20, 1):
                    # A slip at the counter, taken back the same hour.
                    world.act("undo", pharmacy, sold[:1], undoes=receipt.id)
                    stock.append(sold[0])


def _make_lot(
    world: _World, lot: tuple[int, str, int, int, int, int], day: int, end: date,
    plans: dict[int, list[tuple[str, Any]]],
) -> None:  # fmt: skip
    drug, number, count, months, wholesaler_number, _ = lot
    maker = world.makers[_DRUGS[drug].maker]
    wholesaler = world.wholesalers[wholesaler_number]
    gtin = world.gtin(_DRUGS[drug])
    expiry = (end.replace(day=1) + timedelta(days=31 * (months + 1))).replace(day=1) - timedelta(
        days=1
    )
    world.expiry[number] = expiry
    ids = [gs1.sgtin(gtin, f"{number}{serial:05d}") for serial in range(count)]
    world.at(day, 7)
    world.act("commission", maker, ids, lot=number, expiry=expiry)
    cases = []
    for start in range(0, count, CASE):
        case = world.unit(maker)
        world.act("pack", maker, ids[start : start + CASE], parent=case)
        cases.append((case, ids[start : start + CASE]))
    kept = cases[-2:]  # stays with the maker
    sent = cases[:-2]
    pallet = world.unit(maker)
    world.act("pack", maker, [case for case, _ in sent], parent=pallet)
    world.at(day + 1, 9)
    shipment = world.ship(maker, [pallet], wholesaler)
    if number == "EX2602":
        # Sent on the wrong lorry, called back, sent again.
        world.act("void", maker, [pallet], shipment=shipment.id)
        shipment = world.ship(maker, [pallet], wholesaler)
    world.at(day + 2, 8)
    world.receive(wholesaler, shipment, [pallet])
    world.act("unpack", wholesaler, [], parent=pallet)
    for place, (case, packs) in enumerate(sent[: len(sent) * 3 // 4]):
        pharmacy = world.pharmacies[place % len(world.pharmacies)]
        due = min(day + 4 + place * 2, DAYS - 2)
        plans[due].append(("arrive", (wholesaler, pharmacy, case, packs)))
    for case, packs in kept:
        world.stock[maker.label] += [case, *packs]
    for case, packs in sent[len(sent) * 3 // 4 :]:
        world.stock[wholesaler.label] += [case, *packs]


def _arrive(world: _World, given: tuple[_Member, _Member, str, list[str]], day: int) -> None:
    wholesaler, pharmacy, case, packs = given
    world.at(day, 6)
    shipment = world.ship(wholesaler, [case], pharmacy)
    world.at(day, 10)
    world.receive(pharmacy, shipment, [case])
    world.act("unpack", pharmacy, [], parent=case)
    world.stock[pharmacy.label] += packs


@dataclass(frozen=True, slots=True)
class _Expected:
    """A label's picture, and what pharmacy 1 must be told of it before dispensing."""

    name: str
    item: str
    verdict: str
    code: str
    wrong_expiry: bool = False


def _today(world: _World) -> list[_Expected]:
    """What happened today, and one label for each thing a pharmacist can meet."""
    first, second = world.pharmacies[0], world.pharmacies[1]
    mine, theirs = world.stock[first.label], world.stock[second.label]
    world.at(DAYS, 23.5)
    own = mine.pop(0)
    world.act("supply", first, [own])
    gone = theirs.pop(0)
    world.act("supply", second, [gone])
    held = mine.pop(0)
    world.act("quarantine", first, [held], reason="damaged")
    wholesaler = world.wholesalers[0]
    case, *packs = world.stock[wholesaler.label][: CASE + 1]
    world.at(DAYS, 23.8)
    world.act("unpack", wholesaler, packs[:6], parent=case)
    world.ship(wholesaler, packs[:6], first)
    unknown = gs1.sgtin(gs1.parse_item_id(mine[0]).gtin, "NOSUCHSERIAL1")
    return [
        _Expected("good", mine[0], OK, "in-stock"),
        _Expected("in-transit", packs[0], HOLD, "in-transit"),
        _Expected("not-ours", theirs[0], HOLD, "other-holder"),
        _Expected("supplied-elsewhere", gone, DO_NOT_SUPPLY, "supplied-elsewhere"),
        _Expected("copied", own, HOLD, "supplied-here"),
        _Expected("wrong-expiry", mine[1], DO_NOT_SUPPLY, "label-mismatch", wrong_expiry=True),
        _Expected("unknown-serial", unknown, DO_NOT_SUPPLY, "unknown"),
        _Expected("on-hold", held, HOLD, "on-hold"),
    ]


def _draw(world: _World, expected: Sequence[_Expected]) -> None:
    """Draw the labels; what to expect of each stands in expected.json beside them."""
    folder = world.folder / "labels"
    folder.mkdir()
    told = []
    for one in expected:
        item = gs1.parse_item_id(one.item)
        row = one.item.rpartition("/")[2]
        lot = next((number for number in world.expiry if row.startswith(number)), "EX2601")
        expiry = world.expiry[lot]
        if one.wrong_expiry:
            expiry = expiry.replace(year=expiry.year + 2, day=1)
        picture = render(PrintedLabel(item.gtin, lot, expiry, item.serial))
        name = f"{one.name}.png"
        (folder / name).write_bytes(to_png(picture))
        told.append({
            "picture": name, "item": one.item, "purpose": "dispense", "site": world.pharmacies[0].site,
            "verdict": one.verdict, "code": one.code,
        })  # fmt: skip
    (folder / "expected.json").write_text(json.dumps({"simulated": True, "labels": told}, indent=1))


def _text(seed: bytes) -> str:
    return dsse.base64_text(public_of(seed))
