"""A shipment as its two sides and the authority see it: what was sent, what became of it, what is due."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from flask import abort
from flask_babel import gettext as _

from app.goods import label_json, product_name, site_name
from app.node import node
from ledger.rules.authority import Authority
from ledger.rules.custody import HOUR_MS
from ledger.rules.shipping import DAY_MS
from ledger.rules.state import LotKey, Shipment
from ledger.rules.world import World
from ledger.store import shipments
from ledger.store.desk import Person
from ledger.store.shipments import OPEN, RECEIVED, Consignment

_ID: Final = re.compile(r"[0-9a-f]{64}")
SENDER: Final = "sender"
RECEIVER: Final = "receiver"
MOST_INSIDE: Final = 10_000  # packs of a container that are told one by one


class Shown(NamedTuple):
    """A shipment with all that its page needs; `told` is the same for programs."""

    consignment: Consignment
    told: dict[str, Any]


def side_of(shipment: Shipment, who: Person) -> str:
    """Which side a person is on: sender, receiver, authority, or "" for somebody else."""
    if who.party == shipment.party and who.site != shipment.to_site:
        return SENDER
    if who.party == shipment.to_party:
        return RECEIVER
    if who.party == shipment.party:
        return SENDER
    return "authority" if who.party == node().reader.authority().gln else ""


def named(name: str, who: Person) -> list[Shipment]:
    """The shipments that a statement's id or a tracking number names, of those a person may see.

    Ends in 404 when there is none: whether others have one of this number is not told.
    """
    store = node().store
    if _ID.fullmatch(name):
        one = shipments.by_id(store, name)
        found = [one] if one is not None else []
    else:
        found = shipments.numbered(store, name, who.party)
    found = [one for one in found if side_of(one, who)]
    if not found:
        abort(404, _("No shipment %(name)s from or to your party is on record.", name=name[:64]))
    return found


def due_ms(authority: Authority, shipment: Shipment, lots: Iterable[LotKey]) -> int:
    """When a shipment should have arrived: by the policy's times for its products, or its days."""
    policy = authority.policy
    hours = [policy.products[gtin].max_transit for gtin, _ in lots if gtin in policy.products]
    days = policy.dispute_days * DAY_MS
    return shipment.ms + (min(hours) * HOUR_MS if hours else days)


def place(authority: Authority, gln: str, party: str) -> dict[str, str]:
    """A side of a shipment."""
    record, site = authority.party(party), authority.site(gln)
    return {
        "site": gln, "name": site_name(authority, gln), "party": party,
        "partyName": record.name if record else "", "address": site.address if site else "",
    }  # fmt: skip


def show(shipment: Shipment, who: Person) -> Shown:
    """What became of a shipment, item by item and lot by lot. Ends in 410 once it is erased."""
    found = node()
    reader, store = found.reader, found.store
    with reader.snapshot():
        authority = reader.authority()
        try:
            sent = shipments.consignment(store, reader.world(), shipment)
        except LookupError as error:
            abort(410, str(error))
        extra = {item for one in sent.happened for item in (*one.over, *one.missing)}
        world = reader.world_of([*sent.standing, *extra])
        packs = shipments.packs_sent(store, world, sent, sent.standing)
        open_lots = [
            lot for i, word in sent.standing.items() if word == OPEN for lot in packs.get(i, ())
        ]
        due, now = due_ms(authority, shipment, open_lots), found.clock()
        told = {
            "id": shipment.id,
            "index": shipment.index,
            "number": shipment.number,
            "op": shipment.op,
            "ms": shipment.ms,
            "from": place(authority, shipment.site, shipment.party),
            "to": place(authority, shipment.to_site, shipment.to_party),
            "soldBy": sent.event.source_party,
            "soldTo": sent.event.dest_party,
            "side": side_of(shipment, who),
            "due": due,
            "overdue": OPEN in sent.standing.values() and now > due,
            "lots": lots_json(world, authority, sent, packs),
            "items": [
                {"id": item, "standing": word, "label": _label(world, authority, item, packs)}
                for item, word in sent.standing.items()
            ],
            "events": [
                {
                    "id": one.id, "index": one.index, "ms": one.ms, "op": one.event.op,
                    "site": one.event.read_point, "items": len(one.items),
                    "over": [_found(world, authority, item, who) for item in one.over],
                    "missing": [_label(world, authority, item, {}) for item in one.missing],
                }
                for one in sent.happened
            ],
        }  # fmt: skip
    return Shown(sent, told)


def inside(shipment: Shipment, container: str) -> list[dict[str, Any]]:
    """The packs that one of a shipment's containers held when it was sent. Ends in 404 for no such."""
    found = node()
    reader = found.reader
    with reader.snapshot():
        sent = shipments.consignment(found.store, reader.world(), shipment)
        if container not in sent.standing:
            abort(404, _("This shipment names no such container."))
        ids = shipments.packs_inside(found.store, sent, container, MOST_INSIDE)
        world, authority = reader.world_of(ids), reader.authority()
        return [{"id": one, "label": label_json(world, authority, one)} for one in ids]


def _label(
    world: World, authority: Authority, item: str, packs: dict[str, dict[LotKey, int]]
) -> dict[str, Any]:
    told = {"id": item, **label_json(world, authority, item)}
    if told["sscc"] and item in packs:  # as it was sent, whatever its receiver made of it
        held = packs[item]
        gtin, lot = next(iter(held)) if len(held) == 1 else ("", "")
        told |= {
            "packs": sum(held.values()), "gtin": gtin, "lot": lot, "product": product_name(authority, gtin),
            "expiry": _expiry(world, (gtin, lot)),
        }  # fmt: skip
    return told


def _found(world: World, authority: Authority, item: str, who: Person) -> dict[str, Any]:
    """Something too much: a container by its SSCC alone, save to who has it or is the authority.

    Any SSCC can be reported, and what others' containers hold is theirs.
    """
    told = _label(world, authority, item, {})
    row = world.row(item)
    site = authority.site(world.outermost(row).site) if row is not None else None
    own = site is not None and site.party == who.party
    if not told["sscc"] or own or who.party == authority.gln:
        return told
    return {**told, "product": "", "gtin": "", "lot": "", "expiry": "", "packs": 0}


def lots_json(
    world: World, authority: Authority, sent: Consignment, packs: dict[str, dict[LotKey, int]]
) -> list[dict[str, Any]]:
    """What was sent by product and lot, in packs, and how many of them stand where."""
    found: dict[LotKey, dict[str, int]] = {}
    inside = {item for one in sent.happened for item in one.missing}
    for item, word in sent.standing.items():
        for lot, n in packs.get(item, {}).items():
            counts = found.setdefault(lot, {"sent": 0, RECEIVED: 0})
            counts[word] = counts.get(word, 0) + n
            if item in inside:  # it was sent, and counted, in a container that was received
                counts[RECEIVED] -= n
            else:
                counts["sent"] += n
    return [
        {
            "gtin": lot[0], "lot": lot[1], "product": product_name(authority, lot[0]),
            "expiry": _expiry(world, lot), **counts,
        }
        for lot, counts in sorted(found.items())
    ]  # fmt: skip


def _expiry(world: World, key: LotKey) -> str:
    lot = world.lot(*key) if key[1] else None
    return lot.expiry.isoformat() if lot else ""
