"""A region of the alert replay: its pharmacies, its packs, and where each pack is at any moment.

Simulated. Custody is known rather than folded from a million statements, but what a site is told
comes of it by the rules' own `standing` and `judge`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from ledger.rules.authority import Authority
from ledger.rules.state import ACTIVE, IN_TRANSIT, INACTIVE, Row, Shipment
from ledger.rules.verdict import State, standing
from ledger.rules.world import Loaders, World
from ledger.statement.ai import parse_yymmdd
from ledger.statement.gs1 import gtin_of, sgtin
from tests.scanner.faulty import YEAR, Pack
from tests.world import gln

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
START: Final = int(datetime(YEAR, 1, 1, tzinfo=UTC).timestamp() * 1000)
END: Final = int(datetime(YEAR, 12, 31, tzinfo=UTC).timestamp() * 1000)
NEVER: Final = 1 << 60
CHAINED: Final = 0.3  # share of pharmacies that belong to a chain of SHOPS
SHOPS: Final = 5


@dataclass(frozen=True, slots=True)
class Site:
    """A pharmacy: its GLN and its party's. Where it lies, the log does not know either."""

    gln: str
    party: str


@dataclass(slots=True)
class Way:
    """One pack's way by the log: announced to a pharmacy, booked in, gone; each in ms, or NEVER.

    `reason` is the operation by which it went. `stolen` is when the theft was reported.
    """

    pack: Pack
    to: Site
    shipped: int = NEVER
    received: int = NEVER
    gone: int = NEVER
    reason: str = "supply"
    stolen: int = NEVER
    sender: str = ""  # GLN of the wholesaler's site

    @property
    def item(self) -> str:
        """The pack's id."""
        return sgtin(self.pack.gtin, self.pack.serial)


def make_sites(number: int, region: int) -> list[Site]:
    """Pharmacies of a region, three in ten of them shops of a chain."""
    found: list[Site] = []
    chained = int(number * CHAINED)
    for n in range(number):
        own = 1_000_000 + region * 10_000 + n
        party = 9_000_000 + region * 10_000 + n // SHOPS if n < chained else own
        found.append(Site(gln(f"95213{own:07d}"), gln(f"95214{party:07d}")))
    return found


class Facts:
    """What the log knows of a region's packs, as of a moment that only moves by `at`."""

    def __init__(self, ways: Iterable[Way], authority: Authority) -> None:
        self.ways = {way.item: way for way in ways}
        self.lots = {(way.pack.gtin, way.pack.lot) for way in self.ways.values()}
        self.authority = authority
        self.ms = START
        self._spelt: dict[tuple[str, str], list[str]] = {}
        for way in self.ways.values():
            key = way.pack.gtin, way.pack.serial.lower()
            self._spelt.setdefault(key, []).append(way.pack.serial)
        self._parties = {way.to.gln: way.to.party for way in self.ways.values()}

    def state(self, item: str, site: str) -> State:
        """An item's state now, seen from a site, as the store's answers have it."""
        world = World(Loaders(row=self._row, shipment=lambda _: self._shipment(item)))
        found = standing(world, self.authority, item, site, self.ms)
        way = self.ways.get(item)
        return State(
            id=item, state=found.state, reason=found.reason, marks=found.marks,
            lot=way.pack.lot if way else "", expiry=expiry_of(way.pack.expiry) if way else None,
            since_ms=self.acted(item), site=site, as_of_ms=self.ms,
        )  # fmt: skip

    def spelt_alike(self, gtin: str, serial: str) -> list[str]:
        """As `ledger.store.alike` has it."""
        return self._spelt.get((gtin, serial.lower()), [])

    def acted(self, item: str) -> int:
        """When the newest statement about a pack landed, -1 for a pack that is not known."""
        way = self.ways.get(item)
        if way is None:
            return -1
        acts = (way.shipped, way.received, way.gone, way.stolen)
        return max((ms for ms in acts if ms <= self.ms), default=START - DAY)

    def own_party(self, item: str, site: str) -> bool:
        """Whether a pack is at, on its way to, or was taken out by a site of a site's party."""
        way = self.ways.get(item)
        return (
            way is not None and self._parties.get(site) == way.to.party and way.shipped <= self.ms
        )

    def _row(self, item: str) -> Row | None:
        way = self.ways.get(item)
        if way is None:
            return None
        status, reason, site = ACTIVE, "", way.sender
        if way.stolen <= self.ms:
            status, reason = INACTIVE, "stolen"
        elif way.gone <= self.ms:
            status, reason, site = INACTIVE, way.reason, way.to.gln
        elif way.received <= self.ms:
            site = way.to.gln
        elif way.shipped <= self.ms:
            status = IN_TRANSIT
        return Row(
            id=item, status=status, reason=reason, site=site, owner=way.to.party, parent="",
            hold="", hold_reason="", shipment=0, came=way.sender, cleared=-1, last=0,
            lot=way.pack.lot, born=0,
        )  # fmt: skip

    def _shipment(self, item: str) -> Shipment:
        way = self.ways[item]
        return Shipment(
            index=0, id="", op="ship", ms=way.shipped, party="", site=way.sender,
            to_party=way.to.party, to_site=way.to.gln, owner=way.to.party, number="1",
            received=False,
        )  # fmt: skip

    def lot_known(self, item: str, lot: str) -> bool:
        """Whether a label's lot is on record for its product; a label without one claims none."""
        return not lot or (gtin_of(item), lot) in self.lots


@lru_cache(maxsize=4096)
def expiry_of(text: str) -> date:
    """The date of an expiry as YYMMDD; packs of a lot share it."""
    return parse_yymmdd(text, YEAR)
