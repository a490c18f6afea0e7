"""The simulated world while it is being made: its log, its keys, and a clock that obeys.

Each act is signed and handed to the log as any client would. What happens when is left to `weeks`,
`incidents`, `measures`, `tasks` and `labels`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from app.demo.cast import DRUGS, Cast, Drug, Member, closed
from app.demo.stock import Stock
from ledger.build import sign_event, sign_governance
from ledger.cli.keys import write_key
from ledger.cli.upkeep import DEFAULT_ROLES, found_log, make_genesis
from ledger.rules.custody import HOUR_MS
from ledger.statement import dsse, gs1
from ledger.statement.governance import Admit, Governance, KeyAdd, Product, Sites
from ledger.statement.parts import AuthorityParty, Licence, Party, Site, Storage, time_text
from ledger.statement.submission import Submission
from ledger.store.append import Log
from ledger.store.batch import Receipt
from ledger.tlog.ed25519 import public_of

ORIGIN: Final = "packtrace.example/demo"
DAYS: Final = 42  # day 42 is today
ENDING: Final = "pharmacy-8"  # whose licence ends soon
_DAY_MS: Final = 24 * HOUR_MS
_MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Consignment:
    """A shipment under way; `id` is that of its statement."""

    id: str
    sender: Member
    to: Member
    items: tuple[str, ...]


class World:
    """The chain while it is being made.

    Acts wait until the clock goes on, and land together then; their order is kept.
    """

    def __init__(self, folder: Path, end_ms: int) -> None:
        self.folder = folder
        self.end_ms = end_ms
        self.now = end_ms - DAYS * _DAY_MS
        self.cast = Cast()
        self.stock = Stock()
        self.expiry: dict[str, date] = {}  # by lot
        self.shut: set[str] = set()  # sites that take part no more, by GLN
        self.stories: dict[str, dict[str, Any]] = {}  # what was planted, and where
        self.diary: dict[int, list[Callable[[], object]]] = {}  # what is to happen at noon of a day
        self.log: Log
        self.agency: list[bytes] = []  # the two keys by which the authority acts
        self._waiting: list[Submission] = []
        self._units = 0
        self._numbers = 0

    # The clock

    @property
    def today(self) -> date:
        """The last day."""
        return datetime.fromtimestamp(self.end_ms / 1000, UTC).date()

    def date_of(self, day: int) -> date:
        """The date of a day, day 42 being today."""
        return self.today - timedelta(days=DAYS - day)

    def moment(self, day: int, hour: float) -> int:
        """An hour (UTC) of a day, in ms since the epoch."""
        midnight = self.end_ms - self.end_ms % _DAY_MS - (DAYS - day) * _DAY_MS
        return midnight + round(hour * HOUR_MS)

    def at(self, day: int, hour: float) -> None:
        """Let the clock go on to an hour (UTC) of a day."""
        self._go_on(self.moment(day, hour))

    def ago(self, minutes: float) -> None:
        """Let the clock go on to so many minutes before the end."""
        self._go_on(self.end_ms - round(minutes * _MINUTE_MS))

    def wait(self, minutes: float) -> None:
        """Let some time pass."""
        self._go_on(self.now + round(minutes * _MINUTE_MS))

    def _go_on(self, ms: int) -> None:
        self.land()
        self.now = max(self.now + 1000, ms)

    def on(self, day: int, act: Callable[[], object]) -> None:
        """Put something into the diary."""
        self.diary.setdefault(day, []).append(act)

    def land(self) -> None:
        """Hand what waits to the log. Raises what the log says of the first that it refuses."""
        waiting, self._waiting = self._waiting, []
        for outcome in self.log.append(waiting):
            if not isinstance(outcome, Receipt):
                raise outcome

    # Keys and governance

    def found(self) -> None:
        """Make the log, admit everybody, register the products."""
        seeds = {name: secrets.token_bytes(32) for name in ("log", "status")}
        seeds |= {f"authority-{n}": secrets.token_bytes(32) for n in (1, 2, 3)}
        authority = self.cast.authority
        party = AuthorityParty(country="BE", gln=authority.gln, name=authority.name)
        genesis = make_genesis(ORIGIN, party, seeds, self.now)
        _, self.log = found_log(self.folder, genesis, seeds, lambda: self.now, simulated=True)
        for label, seed in seeds.items():
            owner = "" if label in ("log", "status") else authority.gln
            self._keep(label, seed, owner)
        self.agency = [seeds["authority-1"], seeds["authority-2"]]
        for member in [authority, *self.cast.members]:
            self._introduce(member)
        for drug in DRUGS:
            self._register(drug)
        self.land()

    def _keep(self, label: str, seed: bytes, owner: str) -> None:
        path = self.folder / "keys" / f"{label}.key"
        write_key(path, seed, label=label, party=owner, sealed=False)

    def govern(self, cls: type[Any], by: Member, seeds: Sequence[bytes] = (), **fields: Any) -> str:
        """Sign a governance statement, by the member's station key unless told otherwise; its id."""
        self.now += 1000
        body: Governance = cls(
            by=by.gln, log=ORIGIN, nonce=secrets.token_hex(16), time=time_text(self.now), **fields
        )
        return self._say(sign_governance(body, seeds or [by.seeds["station"]]))

    def _introduce(self, member: Member) -> None:
        agency = self.cast.authority
        ends = f"{self.today.year + 4}-12-31"
        if member.label == ENDING:
            ends = (self.today + timedelta(days=30)).isoformat()
        licence = Licence(
            expires=ends, level=member.role,
            number=f"SIM-{member.label.upper()}",
        )  # fmt: skip
        if member.shop > 1:
            first = next(one for one in self.cast.members if one.gln == member.gln)
            member.seeds["admin"] = first.seeds["admin"]
        elif member is not agency:
            for use in ("admin", "recovery"):
                member.seeds[use] = secrets.token_bytes(32)
                self._keep(f"{member.party_label}-{use}", member.seeds[use], member.gln)
            party = Party(
                country="BE", gln=member.gln, licence=licence, name=member.name,
                prefixes=[member.prefix], roles=[member.role],
            )  # fmt: skip
            self.govern(
                Admit, agency, self.agency, admin_keys=[_text(member.seeds["admin"])],
                party=party, recovery_key=_text(member.seeds["recovery"]),
            )  # fmt: skip
        street = f"{member.shop} " if member.shop else ""
        site = Site(
            activities=sorted([member.role, *member.activities]), gln=member.site,
            address=f"{street}Demo Street {member.prefix[-3:]}", licence=licence, name=member.place,
        )  # fmt: skip
        self.govern(Sites, agency, self.agency, party=member.gln, sites=[site])
        self.add_key(member, "station")

    def add_key(self, member: Member, name: str) -> None:
        """Give a member one more key for its site's daily work, and keep its file."""
        seed = member.seeds[name] = secrets.token_bytes(32)
        self._keep(f"{member.label}-{name}", seed, member.gln)
        admins = self.agency if member is self.cast.authority else [member.seeds["admin"]]
        self.govern(
            KeyAdd, member, [*admins, seed], expires=f"{self.today.year + 2}-01-01T00:00:00Z",
            from_=f"{self.today.year - 1}-01-01T00:00:00Z", key=_text(seed),
            operations=DEFAULT_ROLES[member.role], sites=[member.site], use="station",
        )  # fmt: skip

    def _register(self, drug: Drug) -> None:
        maker = self.cast.member(drug.maker)
        self.govern(
            Product, maker, [maker.seeds["admin"]], form=drug.form, gtin=self.cast.gtin(drug),
            holder=maker.gln, markets=["BE"], name=drug.name, pack_size=drug.pack_size, packers=[],
            storage=Storage(max=25, min=2), strength=drug.strength, wholesalers=[],
        )  # fmt: skip

    # Events

    def act(
        self, op: str, member: Member, ids: Iterable[str] = (), *, seeds: Sequence[bytes] = (),
        **fields: Any,
    ) -> str:  # fmt: skip
        """Sign an event, by the member's station key unless told otherwise; its statement's id."""
        self.now += 1000
        return self._say(sign_event(
            op, seeds or [member.seeds["station"]], log=ORIGIN, by=member.gln, site=member.site,
            time_ms=self.now, nonce=secrets.token_bytes(16), secret=secrets.token_bytes(32),
            ids=ids, **fields,
        ))  # fmt: skip

    def _say(self, submission: Submission) -> str:
        self._waiting.append(submission)
        return submission.statement.id

    def commission(self, maker: Member, drug: Drug, lot: str, count: int) -> list[str]:
        """A maker brings a lot's packs onto the record."""
        packs = self.serials(drug, lot, count)
        self.act("commission", maker, packs, lot=lot, expiry=self.expiry[lot])
        self.stock.add(maker, *packs)
        return packs

    def serials(self, drug: Drug, lot: str, count: int) -> list[str]:
        """The ids of a lot's packs: a serial is the lot's number and five digits."""
        return [gs1.sgtin(self.cast.gtin(drug), f"{lot}{n:05d}") for n in range(count)]

    def pack(self, member: Member, loads: Iterable[Sequence[str]]) -> list[str]:
        """Pack each load into a container of its own; their ids."""
        units = {self._unit(member): list(load) for load in loads}
        self.act("commission", member, units)
        for unit, load in units.items():
            self.act("pack", member, load, parent=unit)
            self.stock.remove(member, *load)
            self.stock.add(member, unit)
        self.stock.inside |= units
        return list(units)

    def _unit(self, member: Member) -> str:
        self._units += 1
        return gs1.sscc(closed(f"0{member.prefix}{self._units:09d}"))

    def unpack(self, member: Member, *containers: str) -> None:
        """Unpack containers whole."""
        for container in containers:
            self.act("unpack", member, parent=container)
            self.stock.open(member, container)

    def loosen(self, member: Member, count: int, lot: str) -> list[str]:
        """Packs of a lot that lie loose at a site, out of a case where there are too few."""
        while len(found := self.stock.loose(member, lot)) < count:
            self.unpack(member, self.stock.cases(member, lot)[-1])
        return found[:count]

    def ship(
        self, sender: Member, items: Sequence[str], to: Member, *, op: str = "ship",
        sold: bool = True, seeds: Sequence[bytes] = (),
    ) -> Consignment:  # fmt: skip
        """Send items of one owner, to whom they are sold unless they are only to be stored."""
        self._numbers += 1
        owner = self.stock.owner(items[0], sender)
        shipment = self.act(
            op, sender, items, seeds=seeds, source_party=owner, dest_site=to.site,
            dest_party=to.gln if sold else owner, number=f"DEMO-{self._numbers:05d}",
        )  # fmt: skip
        self.stock.remove(sender, *items)
        for item in items:
            self.stock.owners.pop(item, None)
            if not sold:
                self.stock.owners[item] = owner
        return Consignment(shipment, sender, to, tuple(items))

    def receive(
        self, sent: Consignment, items: Sequence[str] = (), *, over: Sequence[str] = ()
    ) -> str:
        """Book in what was sent, all of it unless told otherwise."""
        items = items or sent.items
        self.stock.add(sent.to, *items)
        return self.act("receive", sent.to, items, shipment=sent.id, over=over)


def _text(seed: bytes) -> str:
    return dsse.base64_text(public_of(seed))
