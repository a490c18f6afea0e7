"""What is done about medicines in the six weeks: a recall that reaches what was repacked, holds, an
expiry, a suspension, a key that was stolen.

Each puts into `world.stories` where to find it. What goes wrong between sender and receiver is left
to `incidents`.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Final

from app.demo.cast import DRUGS, Member
from app.demo.weeks import OLD_STOCK_DAY
from app.demo.world import World
from ledger.statement.dsse import key_id
from ledger.statement.governance import Hold, KeyRevoke, LiftHold, Recall, RecallAnswer, Suspend
from ledger.statement.parts import Counts, Scope, time_text
from ledger.tlog.ed25519 import public_of

RECALLED: Final = "EX2602"
REPACKED: Final = "RX2601"
HELD: Final = "SA2601"
OLD: Final = "TE2601"
SMALL_PACKS: Final = 3  # that a pack is repacked into
STOLEN: Final = "dock"  # the name of the key that is stolen


def plan(world: World) -> None:
    """Put all of them into the diary."""
    cast = world.cast
    for day, act in (
        (10, partial(world.add_key, cast.wholesalers[3], STOLEN)),
        (12, partial(_to_the_repackager, world)),
        (13, partial(_hold_in_vain, world)),
        (30, partial(_recall, world)),
        (31, partial(_stolen_key_ships, world)),
        (33, partial(_revoke, world)),
        (OLD_STOCK_DAY, partial(_old_stock, world)),
        (36, partial(_hold, world)),
        (37, partial(_suspend, world)),
        (38, partial(_destroy, world)),
    ):
        world.on(day, act)


def _to_the_repackager(world: World) -> None:
    """Two cases of the lot that will be recalled go to the repackager first."""
    sender, repackager = world.cast.wholesalers[1], world.cast.repackager
    cases = world.stock.cases(sender, RECALLED)[-2:]
    sent = world.ship(sender, cases, repackager)
    world.wait(180)
    world.receive(sent)
    world.unpack(repackager, *cases)
    world.on(14, partial(_repack, world))


def _repack(world: World) -> None:
    """Forty packs of thirty become three times as many of ten, in a lot of their own."""
    repackager, buyer, pharmacy = (
        world.cast.repackager, world.cast.wholesalers[2], world.cast.pharmacies[5]
    )  # fmt: skip
    packs = world.stock.loose(repackager, RECALLED)
    out = world.act("check_out", repackager, packs)
    world.stock.remove(repackager, *packs)
    world.wait(120)
    # Goods do not live longer for being repacked.
    expiry = world.expiry[REPACKED] = world.expiry[RECALLED]
    made = world.serials(DRUGS[9], REPACKED, len(packs) * SMALL_PACKS)
    born = world.act("repack", repackager, made, inputs=(out,), lot=REPACKED, expiry=expiry)
    world.stock.add(repackager, *made)
    world.stories["repacked"] = {
        "lot": REPACKED, "from": RECALLED, "packs": made, "inputs": packs, "check_out": out,
        "statement": born, "site": repackager.site,
    }  # fmt: skip
    (case,) = world.pack(repackager, [made[:60]])
    world.on(17, partial(_pass_on, world, [case], repackager, buyer))
    world.on(19, partial(_pass_on, world, made[:20], buyer, pharmacy))


def _pass_on(world: World, items: list[str], sender: Member, to: Member) -> None:
    sent = world.ship(sender, items, to)
    world.wait(60)
    world.receive(sent)
    world.unpack(to, *(item for item in items if item in world.stock.inside))


def _recall(world: World) -> None:
    """The maker recalls a lot. Whoever holds packs of it, or of what it became, is to answer."""
    maker = world.cast.makers[0]
    recall = world.govern(
        Recall, maker, deadline=time_text(world.moment(40, 12)), depth="pharmacy", kind="recall",
        reason="Tablets of another strength were found in two packs of this lot", recall_class=2,
        scope=Scope(gtin=world.cast.gtin(DRUGS[0]), lots=[RECALLED]),
    )  # fmt: skip
    world.stock.barred |= {RECALLED, REPACKED}
    holders = [one for one in world.cast.members if world.stock.packs(one, RECALLED, REPACKED)]
    silent = [world.cast.hospital, world.cast.pharmacies[6]]
    answering = [one for one in holders if one not in silent]
    for place, member in enumerate(answering):
        world.on(31 + place % 4, partial(_answer, world, recall, member))
    world.stories["recalled"] = {
        "recall": recall, "lots": [RECALLED, REPACKED], "silent": [one.site for one in silent],
        "answered": [one.site for one in answering],
    }  # fmt: skip
    world.on(36, partial(_send_back, world))


def _answer(world: World, recall: str, member: Member) -> None:
    """A site puts aside what it holds of the lot, and says how much that was."""
    held = world.stock.packs(member, RECALLED, REPACKED)
    outermost = [
        item for item in world.stock.at(member)
        if world.stock.lot_of(item) in (RECALLED, REPACKED)
    ]  # fmt: skip
    world.act("quarantine", member, outermost, reason="other")
    counts = {"destroyed": 0, "held": 0, "none": 0, "quarantined": len(held), "returned": 0}
    world.govern(RecallAnswer, member, counts=Counts(**counts), recall_id=recall, site=member.site)


def _send_back(world: World) -> None:
    """One pharmacy sends its recalled packs back to the wholesaler they came from."""
    pharmacy, supplier = world.cast.pharmacies[1], world.cast.wholesalers[1]
    packs = world.stock.packs(pharmacy, RECALLED)
    sent = world.ship(pharmacy, packs, supplier, op="recall_return")
    world.on(37, partial(world.receive, sent))


def _stolen_key_ships(world: World) -> None:
    """Somebody has a key of a wholesaler's dock, and sends a case off with it."""
    sender, to = world.cast.wholesalers[3], world.cast.pharmacies[7]
    case = world.stock.cases(sender, "DZ2603")[-1]
    sent = world.ship(sender, [case], to, seeds=[sender.seeds[STOLEN]])
    world.wait(120)
    world.receive(sent)
    world.unpack(to, case)
    packs = world.stock.inside[case]
    world.stock.aside.update(packs)
    world.stories["stolen-key"] = {
        "key": key_id(public_of(sender.seeds[STOLEN])), "party": sender.gln, "shipment": sent.id,
        "packs": packs, "site": to.site,
    }  # fmt: skip


def _revoke(world: World) -> None:
    """The key is revoked for all it signed since it was last seen; one of the packs is cleared."""
    owner, pharmacy = world.cast.wholesalers[3], world.cast.pharmacies[7]
    story = world.stories["stolen-key"]
    story["revocation"] = world.govern(
        KeyRevoke, owner, [owner.seeds["admin"]], keyid=story["key"], reason="compromised",
        since=time_text(world.moment(30, 12)),
    )  # fmt: skip
    story["cleared"] = story["packs"][:1]
    world.wait(90)
    world.act("quarantine", pharmacy, story["cleared"], reason="suspect")
    world.wait(45)
    world.act("release", pharmacy, story["cleared"])


def _old_stock(world: World) -> None:
    """A lot expires while many still have packs of it."""
    world.stock.barred.add(OLD)
    world.stories["expired"] = {"lot": OLD, "expiry": world.expiry[OLD].isoformat()}


def _hold_in_vain(world: World) -> None:
    """A hold that is lifted two days later: the complaint was about another product."""
    maker, lot = world.cast.makers[1], "SP2601"
    hold = world.govern(
        Hold, maker, reason="One bottle was reported cloudy",
        review_by=world.date_of(20).isoformat(),
        scope=Scope(gtin=world.cast.gtin(DRUGS[3]), lots=[lot]),
    )  # fmt: skip
    world.stock.barred.add(lot)
    world.on(15, partial(_lift, world, hold, lot))


def _lift(world: World, hold: str, lot: str) -> None:
    lifted = world.govern(
        LiftHold, world.cast.makers[1], hold_id=hold, reason="The bottle was of another product"
    )
    world.stock.barred.remove(lot)
    world.stories["lifted"] = {"hold": hold, "lot": lot, "statement": lifted}


def _hold(world: World) -> None:
    """A maker holds a lot until complaints about it are looked into."""
    maker = world.cast.makers[0]
    review: date = world.today + timedelta(days=3)
    hold = world.govern(
        Hold, maker, reason="Complaints of broken tablets are looked into",
        review_by=review.isoformat(), scope=Scope(gtin=world.cast.gtin(DRUGS[4]), lots=[HELD]),
    )  # fmt: skip
    world.stock.barred.add(HELD)
    world.stories["held"] = {"hold": hold, "lot": HELD, "review": review.isoformat()}


def _suspend(world: World) -> None:
    """The authority finds a pharmacy's store unlocked: it may make its stock safe, no more."""
    pharmacy = world.cast.pharmacies[8]
    suspended = world.govern(
        Suspend, world.cast.authority, world.agency, gln=pharmacy.gln,
        reason="Store found unlocked at an inspection",
    )  # fmt: skip
    world.shut.add(pharmacy.site)
    world.stories["suspended"] = {
        "party": pharmacy.gln, "site": pharmacy.site, "statement": suspended
    }  # fmt: skip


def _destroy(world: World) -> None:
    """Two people of a wholesaler destroy what has expired on its shelves."""
    owner = world.cast.wholesalers[2]
    world.add_key(owner, "second")
    case = next(item for item in world.stock.at(owner) if world.stock.lot_of(item) == OLD)
    world.unpack(owner, case)
    packs = world.stock.inside[case][:8]
    seeds = [owner.seeds["station"], owner.seeds["second"]]
    done = world.act("destroyed", owner, packs, seeds=seeds)
    world.stock.remove(owner, *packs)
    world.stories["destroyed"] = {"packs": packs, "site": owner.site, "statement": done}
