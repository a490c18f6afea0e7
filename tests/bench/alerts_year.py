"""A region's simulated year: deliveries, goods-in, counters, slips of procedure, planted cases."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from tests.bench import alerts_mix as mix
from tests.bench.alerts_planted import KINDS, Ground, Planned, plant
from tests.bench.alerts_world import DAY, END, HOUR, MINUTE, START, Site, Way, make_sites
from tests.scanner import faulty

AN_ORDER: Final = 12  # packs in a delivery to a pharmacy, on average
_CHAIN: Final = "of the chain"
COUNTED: Final = 0.1  # share of packs that are scanned once more in between, as stock is counted


@dataclass(frozen=True, slots=True)
class Year:
    """What happens in a region: every pack's way by the log, and every pack in somebody's hand."""

    sites: list[Site]
    ways: list[Way]
    log: faulty.Log
    planned: list[Planned]  # by time
    cases: dict[int, str]  # a planted case's number and kind


def make_year(
    region: int, scans: int, sites: int, each: int, senders: tuple[str, str], seed: int
) -> Year:
    """A year of about so many ordinary scans in a region, with `each` cases of each kind planted.

    `senders` are the sites of the wholesaler in good standing and of the suspended one.
    """
    rng = Random(f"{seed} {region}")
    ordinary = int(scans / (2 + COUNTED))
    spare = 300 * each + int(scans * mix.DATA / 1000 * 2) + 1000
    log = faulty.make_log(ordinary + spare, rng.randrange(1 << 30))
    places = make_sites(sites, region)
    packs = rng.sample(log.packs, len(log.packs))
    ways = [Way(pack, places[0], sender=senders[0]) for pack in packs]
    rest = iter(ways[ordinary:])
    on = Ground(places, log, lambda: next(rest), senders[1], rng)
    planned = list(_trade(on, ways[:ordinary]))
    planned += _slips(on, ways[:ordinary], scans)
    slipped = {one.pack: one.truth for one in planned if one.truth}
    planned = [one._replace(truth=slipped.get(one.pack, "")) for one in planned]
    planned += _missing(on, scans)
    planned += plant(on, each)
    planned.sort(key=lambda one: (one.ms, one.site.gln, one.pack.serial))
    cases = dict(enumerate(kind for kind in KINDS for _ in range(each)))
    return Year(places, ways, log, planned, cases)


def _trade(on: Ground, ways: list[Way]) -> Iterator[Planned]:
    """Each pack comes in a delivery, is booked in by a scan, and handed out by another."""
    rng, left = on.rng, iter(ways)
    while load := list(itertools.islice(left, rng.randint(1, 2 * AN_ORDER - 1))):
        site = rng.choice(on.sites)
        came = on.moment(START + 2 * DAY, END - 50 * DAY)
        for n, way in enumerate(load):
            way.to, way.shipped, seen = site, came - rng.randrange(2, 20) * HOUR, came + n * 4_000
            way.received = seen + MINUTE
            way.gone = on.after(came, 1, 45) + rng.randrange(HOUR)
            yield Planned(seen, site, way.pack, "receive")
            if rng.random() < COUNTED:
                counted = on.moment(way.received + DAY, max(way.gone, way.received + 2 * DAY))
                if way.received < counted < way.gone:
                    yield Planned(counted, site, way.pack, "check")
            yield Planned(way.gone - MINUTE // 2, site, way.pack, "dispense")


def _slips(on: Ground, ways: list[Way], scans: int) -> Iterator[Planned]:
    """Slips of procedure and of custody, each about a pack of the ordinary trade."""
    rng = on.rng
    kinds, shares = tuple(mix.SLIPS), [share for share, _ in mix.SLIPS.values()]
    slipped = iter(rng.sample(ways, len(ways)))
    shops: dict[str, list[Site]] = {}
    for site in on.sites:
        shops.setdefault(site.party, []).append(site)
    for _ in range(round(scans * mix.PROCEDURE / 1000)):
        kind = rng.choices(kinds, shares)[0]
        way = _next(slipped, kind, shops)
        at, site = way.gone + mix.SLIPS[kind][1](rng), way.to
        if kind.startswith("destroyed"):
            way.reason = "destroyed"
        elif kind.endswith(_CHAIN):
            site = rng.choice([one for one in shops[site.party] if one != site])
        elif kind.endswith("by another"):
            site = on.site(site)
        yield Planned(at, site, way.pack, "dispense", f"procedure: {kind}")
    kinds, shares = tuple(mix.CUSTODY_SLIPS), list(mix.CUSTODY_SLIPS.values())
    for _ in range(round(scans * mix.CUSTODY / 1000)):
        kind = rng.choices(kinds, shares)[0]
        way = _next(slipped, kind, shops)
        yield from _custody_slip(on, way, kind, shops[way.to.party])


def _next(slipped: Iterator[Way], kind: str, shops: Mapping[str, list[Site]]) -> Way:
    """The next pack that something may happen to: where a chain is in it, one of a chain's."""
    return next(w for w in slipped if not kind.endswith(_CHAIN) or len(shops[w.to.party]) > 1)


def _custody_slip(on: Ground, way: Way, kind: str, shops: list[Site]) -> Iterator[Planned]:
    rng, truth = on.rng, f"custody: {kind}"
    if kind.startswith("at the counter"):
        yield Planned(way.received - 2 * HOUR, way.to, way.pack, "dispense", truth)
    elif kind.startswith("goods ahead"):
        # The statement lands up to two hours after the goods; a quarter of them are tried again.
        at = way.received - MINUTE
        way.shipped = at + rng.randrange(MINUTE, 2 * HOUR)
        way.received = way.shipped + MINUTE
        again = at + rng.randrange(MINUTE, 3 * HOUR) if rng.random() < 0.25 else way.received - 1
        yield Planned(again, way.to, way.pack, "receive", truth)
    else:
        own = kind.endswith(_CHAIN)
        shop = rng.choice([one for one in shops if one != way.to]) if own else on.site(way.to)
        at = way.received + (way.gone - way.received) // 2
        yield Planned(at, shop, way.pack, "dispense", truth)


def _missing(on: Ground, scans: int) -> Iterator[Planned]:
    """Packs of a lot whose maker has not put it on record: all of a lot at one or two pharmacies."""
    left = round(scans * mix.DATA / 1000)
    while left > 0:
        like = on.take().pack
        lot = f"N{on.rng.randrange(10**6):06}"
        sites, start = [on.site(), on.site()], on.moment()
        for _ in range(min(left, on.rng.randint(2, 8))):
            pack = replace(on.take().pack, gtin=like.gtin, lot=lot, expiry=like.expiry)
            yield Planned(
                on.after(start, 0, 10),
                on.rng.choice(sites),
                pack,
                "dispense",
                "data: not on record",
            )
            left -= 1
