"""What happens in the six weeks, and the labels that a pharmacist can meet today."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from app.demo.world import DAYS, DRUGS, Member, World
from ledger.rules.verdict import DO_NOT_SUPPLY, HOLD, OK
from ledger.statement import gs1
from scanner.label import PrintedLabel, render, to_png

CASE: Final = 20  # packs in a case
# (product, lot, packs, months until expiry, wholesaler, first day)
LOTS: Final = (
    (0, "EX2601", 400, 22, 0, 1),
    (0, "EX2602", 400, 26, 1, 5),
    (1, "EF2601", 400, 18, 0, 3),
    (2, "DZ2601", 300, 14, 1, 2),
    (2, "DZ2602", 300, 20, 0, 9),
    (3, "SP2601", 200, 11, 1, 6),
)


def live_six_weeks(world: World) -> None:
    """Commission, pack, ship to wholesalers and on to pharmacies; supply day by day."""
    end = datetime.fromtimestamp(world.end_ms / 1000, UTC).date()
    plans: dict[int, list[tuple[str, Any]]] = {day: [] for day in range(DAYS)}
    for lot in LOTS:
        plans[lot[5]].append(("make", lot))
    for day in range(DAYS):
        for what, given in plans[day]:
            if what == "make":
                _make_lot(world, given, day, end, plans)
            elif what == "arrive":
                _arrive(world, given, day)
        for number, pharmacy in enumerate(world.pharmacies):
            stock = world.stock[pharmacy.label]
            if day > 8 and len(stock) > 12 and (day + number) % 2:
                world.at(day, 15 + number / 4)
                sold = [stock.pop(0) for _ in range(1 + (day * 7 + number) % 3)]
                receipt = world.act("supply", pharmacy, sold)
                if (day, number) == (20, 1):
                    # A slip at the counter, taken back the same hour.
                    world.act("undo", pharmacy, sold[:1], undoes=receipt.id)
                    stock.append(sold[0])


def _make_lot(
    world: World, lot: tuple[int, str, int, int, int, int], day: int, end: date,
    plans: dict[int, list[tuple[str, Any]]],
) -> None:  # fmt: skip
    drug, number, count, months, wholesaler_number, _ = lot
    maker = world.makers[DRUGS[drug].maker]
    wholesaler = world.wholesalers[wholesaler_number]
    gtin = world.gtin(DRUGS[drug])
    expiry = (end.replace(day=1) + timedelta(days=31 * (months + 1))).replace(day=1) - timedelta(
        days=1
    )
    world.expiry[number] = expiry
    ids = [gs1.sgtin(gtin, f"{number}{serial:05d}") for serial in range(count)]
    world.at(day, 7)
    world.act("commission", maker, ids, lot=number, expiry=expiry)
    cases = []
    for start in range(0, count, CASE):
        case = world.unit(maker)
        world.act("pack", maker, ids[start : start + CASE], parent=case)
        cases.append((case, ids[start : start + CASE]))
    kept = cases[-2:]  # stays with the maker
    sent = cases[:-2]
    pallet = world.unit(maker)
    world.act("pack", maker, [case for case, _ in sent], parent=pallet)
    world.at(day + 1, 9)
    shipment = world.ship(maker, [pallet], wholesaler)
    if number == "EX2602":
        # Sent on the wrong lorry, called back, sent again.
        world.act("void", maker, [pallet], shipment=shipment.id)
        shipment = world.ship(maker, [pallet], wholesaler)
    world.at(day + 2, 8)
    world.receive(wholesaler, shipment, [pallet])
    world.act("unpack", wholesaler, [], parent=pallet)
    for place, (case, packs) in enumerate(sent[: len(sent) * 3 // 4]):
        pharmacy = world.pharmacies[place % len(world.pharmacies)]
        due = min(day + 4 + place * 2, DAYS - 2)
        plans[due].append(("arrive", (wholesaler, pharmacy, case, packs)))
    for case, packs in kept:
        world.stock[maker.label] += [case, *packs]
    for case, packs in sent[len(sent) * 3 // 4 :]:
        world.stock[wholesaler.label] += [case, *packs]


def _arrive(world: World, given: tuple[Member, Member, str, list[str]], day: int) -> None:
    wholesaler, pharmacy, case, packs = given
    world.at(day, 6)
    shipment = world.ship(wholesaler, [case], pharmacy)
    world.at(day, 10)
    world.receive(pharmacy, shipment, [case])
    world.act("unpack", pharmacy, [], parent=case)
    world.stock[pharmacy.label] += packs


@dataclass(frozen=True, slots=True)
class Expected:
    """A label's picture, and what pharmacy 1 must be told of it before dispensing."""

    name: str
    item: str
    verdict: str
    code: str
    wrong_expiry: bool = False


def last_day(world: World) -> list[Expected]:
    """What happened today, and one label for each thing a pharmacist can meet."""
    first, second = world.pharmacies[0], world.pharmacies[1]
    mine, theirs = world.stock[first.label], world.stock[second.label]
    world.at(DAYS, 23.5)
    own = mine.pop(0)
    world.act("supply", first, [own])
    gone = theirs.pop(0)
    world.act("supply", second, [gone])
    held = mine.pop(0)
    world.act("quarantine", first, [held], reason="damaged")
    wholesaler = world.wholesalers[0]
    case, *packs = world.stock[wholesaler.label][: CASE + 1]
    world.at(DAYS, 23.8)
    world.act("unpack", wholesaler, packs[:6], parent=case)
    world.ship(wholesaler, packs[:6], first)
    unknown = gs1.sgtin(gs1.parse_item_id(mine[0]).gtin, "NOSUCHSERIAL1")
    return [
        Expected("good", mine[0], OK, "in-stock"),
        Expected("in-transit", packs[0], HOLD, "in-transit"),
        Expected("not-ours", theirs[0], HOLD, "other-holder"),
        Expected("supplied-elsewhere", gone, DO_NOT_SUPPLY, "supplied-elsewhere"),
        Expected("copied", own, HOLD, "supplied-here"),
        Expected("wrong-expiry", mine[1], DO_NOT_SUPPLY, "label-mismatch", wrong_expiry=True),
        Expected("unknown-serial", unknown, DO_NOT_SUPPLY, "unknown"),
        Expected("on-hold", held, HOLD, "on-hold"),
    ]


def draw_labels(world: World, expected: Sequence[Expected]) -> None:
    """Draw the labels; what to expect of each stands in expected.json beside them."""
    folder = world.folder / "labels"
    folder.mkdir()
    told = []
    for one in expected:
        item = gs1.parse_item_id(one.item)
        row = one.item.rpartition("/")[2]
        lot = next((number for number in world.expiry if row.startswith(number)), "EX2601")
        expiry = world.expiry[lot]
        if one.wrong_expiry:
            expiry = expiry.replace(year=expiry.year + 2, day=1)
        picture = render(PrintedLabel(item.gtin, lot, expiry, item.serial))
        name = f"{one.name}.png"
        (folder / name).write_bytes(to_png(picture))
        told.append({
            "picture": name, "item": one.item, "purpose": "dispense", "site": world.pharmacies[0].site,
            "verdict": one.verdict, "code": one.code,
        })  # fmt: skip
    (folder / "expected.json").write_text(json.dumps({"simulated": True, "labels": told}, indent=1))
