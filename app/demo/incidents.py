"""What goes wrong in the six weeks between sender, receiver and customer, each planted once.

Each puts into `world.stories` where to find it. What governance brings about (a recall, a hold, a
suspension, a stolen key) is left to `measures`.
"""

from __future__ import annotations

from functools import partial

from app.demo.world import Consignment, World
from ledger.statement.forms import AFTER_THE_FACT


def plan(world: World) -> None:
    """Put all of them into the diary."""
    for day, incident in (
        (16, _void),
        (19, _split),
        (20, _undone),
        (23, _sent_back),
        (25, _refused),
        (25, _sold_in_store),
        (26, _over),
        (28, _supplied_once),
        (29, _opened),
        (29, _stolen),
        (34, _diverted),
        (38, _short),
        (39, _lost_and_found),
    ):
        world.on(day, partial(incident, world))


def _void(world: World) -> None:
    """A case goes to the wrong pharmacy, is called back and sent to the right one."""
    sender, wrong, right = world.cast.wholesalers[0], world.cast.pharmacies[5], world.cast.chain[1]
    case = world.stock.cases(sender, "EX2601")[-1]
    sent = world.ship(sender, [case], wrong)
    world.wait(40)
    voided = world.act("void", sender, [case], shipment=sent.id)
    world.stock.add(sender, case)
    world.wait(20)
    again = world.ship(sender, [case], right)
    world.wait(90)
    world.receive(again)
    world.unpack(right, case)
    world.stories["voided"] = {
        "shipment": sent.id, "statement": voided, "items": [case], "site": sender.site,
        "to": wrong.site,
    }  # fmt: skip


def _split(world: World) -> None:
    """Three cases in one shipment; the lorry holds two of them."""
    sender, to = world.cast.wholesalers[3], world.cast.hospital
    cases = world.stock.cases(sender, "FI2601")[-3:]
    sent = world.ship(sender, cases, to)
    world.stories["split"] = {
        "shipment": sent.id, "items": cases, "site": to.site, "receipts": []
    }  # fmt: skip
    world.on(20, partial(_split_arrives, world, sent, cases[:2]))
    world.on(21, partial(_split_arrives, world, sent, cases[2:]))


def _split_arrives(world: World, sent: Consignment, cases: list[str]) -> None:
    world.stories["split"]["receipts"].append(world.receive(sent, cases))
    world.unpack(sent.to, *cases)


def _undone(world: World) -> None:
    """A slip at the counter, taken back the same hour."""
    pharmacy = world.cast.pharmacies[1]
    packs = world.stock.loose(pharmacy)[:2]
    supplied = world.act("supply", pharmacy, packs)
    world.wait(15)
    undone = world.act("undo", pharmacy, packs[:1], undoes=supplied)
    world.stock.remove(pharmacy, packs[1])
    # Nobody hands it out later, so that it still shows what happened.
    world.stock.aside.add(packs[0])
    world.stories["undone"] = {
        "packs": packs[:1], "site": pharmacy.site, "supply": supplied, "statement": undone
    }  # fmt: skip


def _sent_back(world: World) -> None:
    """Two packs came wet and go back to who delivered them, where they arrive on hold."""
    pharmacy, supplier = world.cast.pharmacies[3], world.cast.wholesalers[0]
    packs = world.stock.loose(pharmacy, "DZ2602")[-2:]
    world.act("quarantine", pharmacy, packs, reason="damaged")
    world.wait(30)
    sent = world.ship(pharmacy, packs, supplier, op="return")
    world.stock.aside.update(packs)
    world.on(24, partial(world.receive, sent))
    world.stories["returned"] = {"shipment": sent.id, "packs": packs, "site": supplier.site}


def _refused(world: World) -> None:
    """A shop did not order this case; it goes back to the sender, who receives it."""
    sender, shop = world.cast.wholesalers[0], world.cast.chain[0]
    case = world.stock.cases(sender, "DZ2602")[-1]
    sent = world.ship(sender, [case], shop)
    world.wait(60)
    refused = world.act("refuse", shop, [case], shipment=sent.id)
    world.stories["refused"] = {
        "shipment": sent.id, "statement": refused, "items": [case], "site": shop.site,
        "back": sender.site,
    }  # fmt: skip
    back = Consignment(sent.id, shop, sender, sent.items)
    world.on(26, partial(world.receive, back))


def _sold_in_store(world: World) -> None:
    """Two cases change their owner while they stay where they are: in the warehouse."""
    seller, buyer = world.cast.makers[2], world.cast.wholesalers[3]
    store = world.cast.warehouse
    cases = world.stock.cases(store, "PL2601")[-2:]
    both = [seller.seeds["station"], buyer.seeds["station"]]
    sold = world.act("transfer", buyer, cases, seeds=both)
    world.stock.owners.update(dict.fromkeys(cases, buyer.gln))
    world.stock.aside.update(cases)
    world.stories["sold-in-store"] = {
        "statement": sold, "items": cases, "site": store.site, "owner": buyer.gln
    }  # fmt: skip


def _over(world: World) -> None:
    """Ten packs were announced, eleven were in the box."""
    sender, to = world.cast.wholesalers[1], world.cast.pharmacies[4]
    *packs, extra = world.loosen(sender, 11, "DZ2601")
    sent = world.ship(sender, packs, to)
    world.wait(60)
    receipt = world.receive(sent, over=[extra])
    world.stock.aside.add(extra)
    world.stories["over"] = {
        "shipment": sent.id, "statement": receipt, "packs": [extra], "site": to.site,
        "sender": sender.site,
    }  # fmt: skip


def _supplied_once(world: World) -> None:
    """A pack is supplied, as it should be; five days later its label turns up elsewhere."""
    pharmacy = world.cast.pharmacies[3]
    pack = world.stock.loose(pharmacy, "SP2601")[-1]
    supplied = world.act("supply", pharmacy, [pack])
    world.stock.remove(pharmacy, pack)
    world.stories["copied"] = {
        "packs": [pack], "site": pharmacy.site, "supply": supplied,
        "elsewhere": world.cast.chain[2].site,
    }  # fmt: skip
    world.on(33, partial(_supplied_twice, world, pack))


def _supplied_twice(world: World, pack: str) -> None:
    """A shop scanned it while the line was down, gave it out and says so afterwards."""
    shop = world.cast.chain[2]
    seen = world.act("inspect", shop, [pack], reason="supplied-elsewhere")
    world.wait(10)
    told = world.act("supply", shop, [pack], declared=AFTER_THE_FACT)
    world.stories["copied"] |= {"inspection": seen, "observation": told}


def _opened(world: World) -> None:
    """A ward takes a part of a pack; the rest stays at the hospital."""
    hospital = world.cast.hospital
    pack = world.stock.loose(hospital, "FI2601")[-1]
    opened = world.act("open", hospital, [pack])
    world.stock.remove(hospital, pack)
    world.stories["opened"] = {"packs": [pack], "site": hospital.site, "statement": opened}


def _stolen(world: World) -> None:
    """A case is gone from a wholesaler's store after a break-in; stolen goods never come back."""
    wholesaler = world.cast.wholesalers[3]
    case = world.stock.cases(wholesaler, "SA2602")[-1]
    stolen = world.act("stolen", wholesaler, [case])
    world.stock.remove(wholesaler, case)
    world.stories["stolen"] = {
        "packs": world.stock.inside[case], "items": [case], "site": wholesaler.site,
        "statement": stolen,
    }  # fmt: skip


def _diverted(world: World) -> None:
    """Of twelve packs sent to one pharmacy, one turns up at another; the authority holds it."""
    sender, meant = world.cast.wholesalers[2], world.cast.pharmacies[7]
    packs = world.loosen(sender, 12, "EF2602")
    sent = world.ship(sender, packs, meant)
    world.wait(90)
    world.receive(sent, packs[:-1])
    world.stories["diverted"] = {
        "packs": packs[-1:], "shipment": sent.id, "to": meant.site,
        "found": world.cast.chain[1].site,
    }  # fmt: skip
    world.on(35, partial(_turns_up, world, packs[-1]))


def _turns_up(world: World, pack: str) -> None:
    shop, authority = world.cast.chain[1], world.cast.authority
    seen = world.act("inspect", shop, [pack], reason="other-holder")
    world.wait(75)
    held = world.act("quarantine", authority, [pack], reason="suspect")
    world.stories["diverted"] |= {"inspection": seen, "hold": held}


def _short(world: World) -> None:
    """Two of twenty-four packs are not in the box; the pharmacy says so."""
    sender, to = world.cast.wholesalers[0], world.cast.pharmacies[1]
    packs = world.loosen(sender, 24, "EF2601")
    sent = world.ship(sender, packs, to)
    world.wait(60)
    world.receive(sent, packs[:-2])
    world.wait(5)
    closed = world.act("close_short", to, packs[-2:], shipment=sent.id)
    world.stories["short"] = {
        "shipment": sent.id, "statement": closed, "packs": packs[-2:], "site": to.site,
        "sender": sender.site,
    }  # fmt: skip


def _lost_and_found(world: World) -> None:
    """A count misses a pack; the next day it lies behind a drawer, and stays on hold."""
    pharmacy = world.cast.pharmacies[2]
    packs = world.stock.loose(pharmacy, "DZ2602")[-1:]
    lost = world.act("lost", pharmacy, packs)
    world.stock.aside.update(packs)
    world.on(40, partial(world.act, "found", pharmacy, packs))
    world.stories["lost-and-found"] = {
        "packs": packs, "site": pharmacy.site, "statement": lost
    }  # fmt: skip
