"""Six weeks of ordinary trade: lots are made, packed, sent on and supplied, day by day.

What goes wrong meanwhile is left to `incidents` and `measures`, by way of the world's diary.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Final

from app.demo.cast import DRUGS, Member
from app.demo.world import DAYS, Consignment, World

CASE: Final = 20  # packs in a case
KEPT: Final = 2  # cases of a lot that stay with its maker
SHELF: Final = 4  # packs of each lot that a pharmacy keeps in stock


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot as it was planned: of which product, how many packs, sent where first, on which day."""

    drug: int
    number: str
    packs: int
    months: int  # until it expires; 0 for old stock, which expires within the six weeks
    to: str
    day: int


LOTS: Final = (
    Lot(0, "EX2601", 600, 22, "wholesaler-1", 1),
    Lot(2, "DZ2601", 600, 14, "wholesaler-2", 2),
    Lot(1, "EF2601", 600, 18, "wholesaler-1", 3),
    Lot(7, "TE2601", 500, 0, "wholesaler-3", 3),
    Lot(0, "EX2602", 600, 26, "wholesaler-2", 4),
    Lot(5, "FI2601", 600, 15, "wholesaler-4", 5),
    Lot(3, "SP2601", 400, 11, "wholesaler-2", 6),
    Lot(6, "PL2601", 600, 17, "warehouse-1", 7),
    Lot(4, "SA2601", 500, 19, "wholesaler-3", 8),
    Lot(2, "DZ2602", 500, 20, "wholesaler-1", 9),
    Lot(8, "MO2601", 680, 20, "warehouse-1", 10),
    Lot(1, "EF2602", 500, 24, "wholesaler-3", 15),
    Lot(5, "FI2602", 500, 23, "wholesaler-2", 18),
    Lot(7, "TE2602", 400, 27, "warehouse-1", 20),
    Lot(2, "DZ2603", 400, 25, "wholesaler-4", 22),
    Lot(3, "SP2602", 400, 16, "wholesaler-3", 24),
    Lot(4, "SA2602", 500, 21, "wholesaler-4", 27),
    Lot(0, "EX2603", 600, 28, "wholesaler-1", 41),
    Lot(6, "PL2602", 400, 24, "warehouse-1", 41),
)
OLD_STOCK_DAY: Final = 33  # on which old stock expires


@dataclass(frozen=True, slots=True)
class _Delivery:
    """A case that a pharmacy has ordered."""

    sender: Member
    to: Member
    case: str


class _Trade:
    """What was ordered for which day, and what is on its way there."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.cast = world.cast
        self.orders: dict[int, list[_Delivery]] = {}
        self.inbound: list[tuple[Consignment, list[str]]] = []  # pallets, and the cases on each

    def live(self, day: int) -> None:
        """One ordinary day."""
        world = self.world
        world.at(day, 6)
        under_way = self._deliver(day)
        world.at(day, 7)
        made = [self._make(lot) for lot in LOTS if lot.day == day]
        world.at(day, 8.5)
        self._take_in(day)
        for place, (sent, cases) in enumerate(under_way):
            world.at(day, 9.5 + place / 10)
            world.receive(sent)
            world.unpack(sent.to, *cases)
        for act in world.diary.pop(day, []):
            world.at(day, 12)
            act()
        world.at(day, 15)
        for lot, cases in made:
            self._send_off(lot, cases)
        self._supply(day)

    def _make(self, lot: Lot) -> tuple[Lot, list[str]]:
        world, drug = self.world, DRUGS[lot.drug]
        maker = self.cast.member(drug.maker)
        world.expiry[lot.number] = _expiry(world, lot)
        packs = world.commission(maker, drug, lot.number, lot.packs)
        loads = [packs[start : start + CASE] for start in range(0, lot.packs, CASE)]
        return lot, world.pack(maker, loads)

    def _send_off(self, lot: Lot, cases: list[str]) -> None:
        """All but a few cases go out on one pallet; a warehouse stores them for their maker."""
        world, to = self.world, self.cast.member(lot.to)
        maker = self.cast.member(DRUGS[lot.drug].maker)
        (pallet,) = world.pack(maker, [cases[:-KEPT]])
        sent = world.ship(maker, [pallet], to, sold=to is not self.cast.warehouse)
        self.inbound.append((sent, cases[:-KEPT]))

    def _take_in(self, day: int) -> None:
        for sent, cases in self.inbound:
            self.world.receive(sent)
            self.world.unpack(sent.to, *sent.items)
            self._order(sent.to, cases, day)
        self.inbound = []

    def _order(self, sender: Member, cases: list[str], day: int) -> None:
        """Three in four of the cases are spread over the pharmacies and the days that are left."""
        dispensers = self.cast.dispensers
        wanted = cases[: len(cases) * 3 // 4]
        for place, case in enumerate(wanted):
            due = day + 2 + place * (DAYS - day - 2) // len(wanted)
            to = dispensers[place % len(dispensers)]
            self.orders.setdefault(due, []).append(_Delivery(sender, to, case))

    def _deliver(self, day: int) -> list[tuple[Consignment, list[str]]]:
        """Ship what is due today, one shipment from each sender to each pharmacy."""
        world, stock = self.world, self.world.stock
        due = [
            one
            for one in self.orders.pop(day, [])
            if one.case in stock.at(one.sender)
            and one.case not in stock.aside
            and stock.lot_of(one.case) not in stock.barred
            and not {one.sender.site, one.to.site} & world.shut
        ]
        due.sort(key=_way)
        sent = []
        for _, group in groupby(due, key=_way):
            orders = list(group)
            cases = [one.case for one in orders]
            sent.append((world.ship(orders[0].sender, cases, orders[0].to), cases))
        return sent

    def _supply(self, day: int) -> None:
        """Each pharmacy supplies some packs, of one lot after the other."""
        world = self.world
        for number, member in enumerate(self.cast.dispensers):
            if member.site in world.shut:
                continue
            shelves: dict[str, list[str]] = {}
            for pack in world.stock.loose(member):
                shelves.setdefault(world.stock.lot_of(pack), []).append(pack)
            spare = [packs[:-SHELF] for packs in shelves.values() if len(packs) > SHELF]
            wanted = 5 + (day * 7 + number * 3) % 6
            sold = [pack for turn in zip_all(spare, day + number) for pack in turn][:wanted]
            if sold:
                world.at(day, 16 + number / 6)
                world.act("supply", member, sold)
                world.stock.remove(member, *sold)


def live_six_weeks(world: World) -> None:
    """Let every day up to yesterday pass, with what the diary has for it."""
    trade = _Trade(world)
    for day in range(1, DAYS):
        trade.live(day)


def zip_all(shelves: list[list[str]], start: int) -> list[list[str]]:
    """The first of each shelf, then the second of each and so on, beginning with shelf `start`."""
    turned = shelves[start % len(shelves) :] + shelves[: start % len(shelves)] if shelves else []
    longest = max(map(len, turned), default=0)
    return [[shelf[n] for shelf in turned if n < len(shelf)] for n in range(longest)]


def _way(one: _Delivery) -> tuple[str, str]:
    return one.sender.site, one.to.site


def _expiry(world: World, lot: Lot) -> date:
    if not lot.months:
        return world.date_of(OLD_STOCK_DAY)
    later = world.today.replace(day=1) + timedelta(days=31 * (lot.months + 1))
    return later.replace(day=1) - timedelta(days=1)
