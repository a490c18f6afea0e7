"""Crimes planted in the simulated year: copies, inventions, altered labels, diversions, thefts.

Each maker takes packs that nothing else in the year touches, changes their way and says who scans
what and when. A case is found when any scan of it, by anybody, raises an alert.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Final, NamedTuple, TypeAlias

from tests.bench.alerts_world import DAY, HOUR, NEVER, START, Site, Way
from tests.scanner import faulty
from tests.scanner.faulty import Pack

LEAST: Final = START + 20 * DAY  # a case begins in here, so that all its scans lie in the year
MOST: Final = START + 270 * DAY


class Planned(NamedTuple):
    """One pack in somebody's hand: as its label says, with what it is in truth."""

    ms: int
    site: Site
    pack: Pack
    purpose: str
    truth: str = ""  # "" for an ordinary scan, else group and kind, or a planted case's kind
    case: int = -1  # a planted case's number


@dataclass(frozen=True, slots=True)
class Ground:
    """What cases are planted in: `take` gives the way of a pack that is nobody else's."""

    sites: list[Site]
    log: faulty.Log
    take: Callable[[], Way]
    suspended: str  # GLN of a wholesaler's site that is suspended
    rng: Random

    def site(self, *but: Site) -> Site:
        """A pharmacy of other parties than these."""
        parties = {one.party for one in but}
        while True:
            found = self.rng.choice(self.sites)
            if found.party not in parties:
                return found

    def moment(self, start: int = LEAST, end: int = MOST) -> int:
        """A moment in opening hours."""
        day = (self.rng.randrange(start, end) - START) // DAY
        return START + day * DAY + self.rng.randrange(8 * HOUR, 18 * HOUR)

    def after(self, ms: int, least: int, most: int) -> int:
        """A moment in opening hours some days after another."""
        return self.moment(ms + least * DAY, ms + most * DAY)

    def stock(self, site: Site, at: int) -> Way:
        """A pack that a pharmacy booked in, by the log."""
        way = self.take()
        way.to, way.shipped, way.received = site, at - 20 * HOUR, at
        return way


Maker: TypeAlias = Callable[[Ground], Iterator[tuple[int, Site, Pack, str]]]


def _copy_of_supplied(on: Ground) -> Iterator[tuple[int, Site, Pack, str]]:
    """One to five copies of a pack that was supplied elsewhere."""
    way = on.stock(on.site(), on.moment())
    way.gone = on.after(way.received, 1, 20)
    for _ in range(on.rng.randint(1, 5)):
        yield on.after(way.gone, 1, 40), on.site(way.to), way.pack, "dispense"


def _copy_of_stocked(on: Ground) -> Iterator[tuple[int, Site, Pack, str]]:
    """A copy at goods-in and at the counter, while the original lies in another's stock."""
    way = on.stock(on.site(), on.moment())
    other = on.site(way.to)
    came = on.after(way.received, 2, 20)
    yield came, other, way.pack, "receive"
    yield on.after(came, 1, 10), other, way.pack, "dispense"


def _copied_many_times(on: Ground) -> Iterator[tuple[int, Site, Pack, str]]:
    """One label printed twenty times, spread within a week; the original never left its maker."""
    way, start = on.take(), on.moment()
    sites = [on.site() for _ in range(8)]
    for _ in range(20):
        yield on.after(start, 0, 7), on.rng.choice(sites), way.pack, "dispense"


def _copies_beside(on: Ground) -> Iterator[tuple[int, Site, Pack, str]]:
    """Copies sold to the very pharmacy that supplied the original, two to four at its counter."""
    way = on.stock(on.site(), on.moment())
    way.gone = ms = on.after(way.received, 1, 10)
    for _ in range(on.rng.randint(2, 4)):
        ms = on.after(ms, 1, 12)
        yield ms, way.to, way.pack, "dispense"


def _invented(on: Ground) -> Iterator[tuple[int, Site, Pack, str]]:
    """A carton of invented serial numbers in a true lot, at one to three pharmacies."""
    like, start = on.take(), on.moment()
    sites = [on.site() for _ in range(on.rng.randint(1, 3))]
    for _ in range(on.rng.randint(5, 20)):
        fake = faulty.make_fake("unknown serial", like.pack, on.log, on.rng)
        yield on.after(start, 0, 30), on.rng.choice(sites), fake, on.rng.choice(_TRADED)


def _invented_lot(on: Ground) -> Iterator[tuple[int, Site, Pack, str]]:
    """Invented serial numbers, and a lot that the maker never made."""
    for ms, site, pack, purpose in _invented(on):
        yield ms, site, replace(pack, lot=f"Z{pack.lot[:8]}"), purpose


def _altered(on: Ground) -> Iterator[tuple[int, Site, Pack, str]]:
    """A pharmacy's own packs with a later expiry, or another lot, printed over the true one."""
    site, start = on.site(), on.moment()
    kind = on.rng.choice(("wrong expiry", "wrong lot"))
    for _ in range(on.rng.randint(4, 10)):
        way = on.stock(site, start)
        fake = faulty.make_fake(kind, way.pack, on.log, on.rng)
        yield on.after(start, 1, 30), site, fake, "dispense"


def _diverted(on: Ground) -> Iterator[tuple[int, Site, Pack, str]]:
    """Packs that one pharmacy booked in and sold on off the books, at another's counter."""
    source, start = on.site(), on.moment()
    other = on.site(source)
    for _ in range(on.rng.randint(3, 20)):
        way = on.stock(source, start)
        came = on.after(start, 2, 20)
        yield came, other, way.pack, "receive"
        yield on.after(came, 1, 10), other, way.pack, "dispense"


def _diverted_on_the_way(on: Ground) -> Iterator[tuple[int, Site, Pack, str]]:
    """Packs announced to one pharmacy and never booked in, at another's counter."""
    target, start = on.site(), on.moment()
    other = on.site(target)
    for _ in range(on.rng.randint(3, 20)):
        way = on.stock(target, start)
        way.received = NEVER
        yield on.after(start, 1, 20), other, way.pack, "dispense"


def _stolen_lot(on: Ground) -> Iterator[tuple[int, Site, Pack, str]]:
    """A load reported stolen; its packs come up at goods-in and counters of several pharmacies."""
    start = on.moment()
    sites = [on.site() for _ in range(4)]
    for _ in range(on.rng.randint(10, 40)):
        way = on.take()
        way.stolen = start
        yield on.after(start, 1, 80), on.rng.choice(sites), way.pack, on.rng.choice(_TRADED)


def _stolen_unreported(on: Ground) -> Iterator[tuple[int, Site, Pack, str]]:
    """A load stolen on its way; some packs are sold before the theft is reported, some after."""
    start, target = on.moment(), on.site()
    sites = [on.site(target) for _ in range(3)]
    for _ in range(on.rng.randint(10, 30)):
        way = on.stock(target, start)
        way.received, way.stolen = NEVER, start + 6 * DAY
        yield on.after(start, 1, 15), on.rng.choice(sites), way.pack, "dispense"


def _suspended(on: Ground) -> Iterator[tuple[int, Site, Pack, str]]:
    """A suspended wholesaler goes on shipping: its packs are scanned at goods-in."""
    start, target = on.moment(), on.site()
    for _ in range(on.rng.randint(2, 8)):
        way = on.stock(target, start)
        way.sender, way.received = on.suspended, NEVER
        yield start, target, way.pack, "receive"


_TRADED: Final = ("receive", "dispense")
KINDS: Final[Mapping[str, Maker]] = {
    "copy of a supplied pack": _copy_of_supplied,
    "copy of a pack in another's stock": _copy_of_stocked,
    "one label copied many times": _copied_many_times,
    "copies at the original's counter": _copies_beside,
    "invented serial numbers": _invented,
    "invented lot": _invented_lot,
    "altered lot or expiry": _altered,
    "diverted after goods-in": _diverted,
    "diverted on the way": _diverted_on_the_way,
    "stolen and reported": _stolen_lot,
    "stolen and sold before the report": _stolen_unreported,
    "shipped by a suspended party": _suspended,
}


def plant(on: Ground, each: int, first: int = 0) -> Iterator[Planned]:
    """The scans of so many cases of each kind; cases are numbered from `first`."""
    case = first
    for kind, make in KINDS.items():
        for _ in range(each):
            for ms, site, pack, purpose in make(on):
                yield Planned(ms, site, pack, purpose, f"planted: {kind}", case)
            case += 1
