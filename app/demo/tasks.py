"""What waits for somebody today: whoever looks around, in whichever role, finds something to do."""

from __future__ import annotations

from functools import partial

from app.demo.measures import OLD, RECALLED
from app.demo.world import DAYS, World


def plan(world: World) -> None:
    """Let yesterday send what has not arrived yet."""
    world.on(DAYS - 1, partial(_yesterday, world))


def _yesterday(world: World) -> None:
    """Recalled packs go to their maker, expired ones to be burnt. So do the newest lots go out."""
    cast, stock = world.cast, world.stock
    recalled = stock.packs(cast.pharmacies[2], RECALLED)
    world.ship(cast.pharmacies[2], recalled, cast.makers[0], op="recall_return")
    world.wait(30)
    expired = stock.packs(cast.pharmacies[3], OLD)
    world.ship(cast.pharmacies[3], expired, cast.warehouse, op="to_destruction", sold=False)


def send_today(world: World) -> None:
    """The last hours' shipments, which nobody has booked in yet."""
    cast, stock = world.cast, world.stock
    orders = (
        (cast.wholesalers[3], cast.hospital, "FI2601", 1),
        (cast.wholesalers[2], cast.chain[0], "EF2602", 1),
        (cast.wholesalers[0], cast.repackager, "EX2601", 2),
        (cast.wholesalers[1], cast.wholesalers[0], "FI2602", 1),
    )
    for place, (sender, to, lot, count) in enumerate(orders):
        world.ago(150 - 15 * place)
        world.ship(sender, stock.cases(sender, lot)[-count:], to)
    world.ago(80)
    maker = cast.makers[1]
    samples = world.loosen(maker, 2, "SP2602")
    world.wait(10)
    world.ship(maker, samples, cast.authority)
    world.ago(40)
    wholesaler, pharmacy = cast.wholesalers[0], cast.pharmacies[0]
    packs = world.loosen(wholesaler, 6, "EX2601")
    world.wait(4)
    sent = world.ship(wholesaler, packs, pharmacy)
    world.stories["announced"] = {"shipment": sent.id, "packs": packs, "site": pharmacy.site}
