"""Parties as the authority looks after them: licences, and what a suspension does to open work.

Governance is public on the log; stock and shipments are shown to the authority alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from app.contacts import phone_words
from app.goods import product_name, site_name
from app.node import node
from ledger.rules.authority import Authority, KeyRecord, PartyRecord, SiteRecord
from ledger.rules.operations import DESTRUCTION
from ledger.rules.world import World
from ledger.store.holdings import holdings
from ledger.store.senders import senders
from ledger.store.shipments import Line as Shipped
from ledger.store.shipments import under_way

SOON: Final = 90  # days before a licence's end from which it is shown as ending
TAKE_BACK: Final = 14  # days that are proposed for taking stock back
SUSPENDED, EXPIRED, ENDING, IN_FORCE = "suspended", "expired", "ending", "in force"
STATES: Final = (SUSPENDED, EXPIRED, ENDING, IN_FORCE)


class Listed(NamedTuple):
    """A party in the list; `expires` is the first end among its own licence and its sites'."""

    party: PartyRecord
    sites: int
    expires: str
    state: str


class Taker(NamedTuple):
    """Who is to take packs back, and why this one: it sent them, or it holds the product."""

    site: str  # its GLN, or the party's
    name: str
    packs: int
    holder: bool
    phone: str = ""  # as the site has left it with the authority


class Lot(NamedTuple):
    """Stock of one lot at a site, and who is to take it back."""

    site: str
    product: str
    gtin: str
    lot: str
    expiry: str
    packs: int
    held: int
    takers: list[Taker]


class Moving(NamedTuple):
    """A shipment under way, and who is at its other end."""

    id: str
    number: str
    here: str
    other: str
    packs: int
    short_on: date  # when it counts as not arrived


class Effect(NamedTuple):
    """What a suspension does to open work."""

    stock: list[Lot]
    coming: list[Moving]
    going: list[Moving]
    destroyers: list[SiteRecord]  # who may burn what nobody takes back
    by: date  # until when stock is to be taken back, as proposed

    @property
    def packs(self) -> int:
        """All packs in stock."""
        return sum(lot.packs for lot in self.stock)

    @property
    def takers(self) -> list[tuple[Taker, int]]:
        """Who is to take how many packs back in all, and of how many lots; the most first."""
        found: dict[tuple[str, bool], tuple[Taker, int]] = {}
        for one in (one for lot in self.stock for one in lot.takers):
            known, lots = found.get((one.site, one.holder), (one._replace(packs=0), 0))
            whole = known._replace(packs=known.packs + one.packs)
            found[one.site, one.holder] = (whole, lots + 1)
        return sorted(found.values(), key=lambda one: (-one[0].packs, one[0].name))


def today() -> date:
    """The log's day."""
    return datetime.fromtimestamp(node().clock() / 1000, UTC).date()


def state_of(record: PartyRecord | SiteRecord, expires: str, day: date) -> str:
    """How a party or site stands: the worst of suspended, expired, ending, in force."""
    if record.suspended >= 0:
        return SUSPENDED
    if not expires or expires >= (day + timedelta(days=SOON)).isoformat():
        return IN_FORCE
    return EXPIRED if expires < day.isoformat() else ENDING


def listed(q: str = "", role: str = "", state: str = "") -> list[Listed]:
    """The parties that fit: licences that end first come first, whoever is suspended before them."""
    authority, day, wanted = node().reader.authority(), today(), q.casefold().strip()
    sites: dict[str, list[SiteRecord]] = {}
    for site in authority.sites():
        sites.setdefault(site.party, []).append(site)
    lines = []
    for party in authority.parties():
        own = sites.get(party.gln, [])
        ends = [one.licence.expires for one in (party, *own) if one.licence is not None]
        expires = min(ends, default="")
        standing = min(
            (state_of(party, expires, day), *(state_of(site, "", day) for site in own)),
            key=STATES.index,
        )
        texts = (party.name, party.gln, *(text for site in own for text in (site.name, site.gln)))
        if wanted and not any(wanted in text.casefold() for text in texts):
            continue
        if (role and role not in party.roles) or (state and state != standing):
            continue
        lines.append(Listed(party, len(own), expires, standing))
    return sorted(lines, key=_urgency)


def _urgency(line: Listed) -> tuple[int, str, str]:
    ends = line.expires if line.state in (EXPIRED, ENDING) else ""
    return STATES.index(line.state), ends, line.party.name


def admin_keys(authority: Authority, party: str, now: int) -> dict[str, list[KeyRecord]]:
    """A party's keys that may sign now, of those that an admission names: by use."""
    found: dict[str, list[KeyRecord]] = {"admin": [], "recovery": []}
    for key in authority.keys.values():
        in_force = key.revoked < 0 and key.start_ms <= now < key.end_ms
        if key.party == party and key.use in found and in_force:
            found[key.use].append(key)
    return found


def effect(sites: Iterable[SiteRecord]) -> Effect:
    """What suspending some sites, or the party that they are of, does to open work there."""
    found, day = node(), today()
    chosen = list(sites)
    shut = {site.gln for site in chosen}
    stock: list[Lot] = []
    coming: dict[str, Moving] = {}
    going: dict[str, Moving] = {}
    with found.reader.snapshot():
        authority, world = found.reader.authority(), found.reader.world()
        for site in chosen:
            stock += _stock(authority, world, site, shut)
            for line in under_way(found.store, site.gln):
                to, move = line.shipment.to_site, _moving(authority, line, site)
                (coming if to == site.gln else going)[move.id] = move
    destroyers = [
        one for one in authority.sites()
        if DESTRUCTION in one.activities and one.gln not in shut and one.suspended < 0
    ]  # fmt: skip
    until = day + timedelta(days=TAKE_BACK)
    return Effect(stock, list(coming.values()), list(going.values()), destroyers, until)


def _stock(authority: Authority, world: World, site: SiteRecord, shut: set[str]) -> list[Lot]:
    store = node().store
    came: dict[tuple[str, str], dict[str, int]] = {}
    for sent in senders(store, site.gln):
        came.setdefault((sent.gtin, sent.lot), {})[sent.came] = sent.packs
    packs: dict[tuple[str, str], list[int]] = {}
    for holding in holdings(store, site.gln):
        if holding.status == "active":
            counts = packs.setdefault((holding.gtin, holding.lot), [0, 0])
            counts[0] += holding.packs
            counts[1] += holding.packs if holding.held else 0
    lots = []
    for (gtin, lot), (all_of, held) in sorted(packs.items()):
        record = world.lot(gtin, lot)
        takers = _takers(authority, gtin, came.get((gtin, lot), {"": all_of}), site, shut)
        lots.append(Lot(
            site.name, product_name(authority, gtin), gtin, lot,
            record.expiry.isoformat() if record else "", all_of, held, takers,
        ))  # fmt: skip
    return lots


def _takers(
    authority: Authority, gtin: str, came: dict[str, int], site: SiteRecord, shut: set[str]
) -> list[Taker]:
    """Stock goes back to who sent it, else to the product's holder; never to who is shut, too."""
    record = authority.product(gtin)
    holder = authority.party(record.product.holder) if record else None
    found: dict[str, Taker] = {}
    for gln, packs in sorted(came.items()):
        sender = authority.site(gln) if gln else None
        party = authority.party(sender.party) if sender else None
        open_to = sender and party and sender.suspended < 0 and party.suspended < 0
        if sender and open_to and gln not in shut:
            phone = phone_words(node().desk.contacts.of(gln).phone)
            taker = Taker(gln, site_name(authority, gln), packs, False, phone)
        elif holder and holder.gln != site.party and holder.suspended < 0:
            taker = Taker(holder.gln, holder.name, packs, True)
        else:
            taker = Taker("", "", packs, True)  # nobody but a destroyer
        known = found.get(taker.site)
        found[taker.site] = taker._replace(packs=packs + (known.packs if known else 0))
    return list(found.values())


def _moving(authority: Authority, line: Shipped, site: SiteRecord) -> Moving:
    one = line.shipment
    other = one.site if one.to_site == site.gln else one.to_site
    sent = datetime.fromtimestamp(one.ms / 1000, UTC).date()
    return Moving(
        one.id, one.number, site.name, site_name(authority, other) or other,
        sum(line.lots.values()), sent + timedelta(days=authority.policy.dispute_days),
    )  # fmt: skip


def licences_to_renew() -> int:
    """How many parties have a licence that has run out or soon will."""
    return sum(line.state in (EXPIRED, ENDING) for line in listed())
