"""One label for each thing that a pharmacist can meet, and what is to be told of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.demo.cast import DRUGS
from app.demo.world import World
from ledger.rules.reasons import DO_NOT_SUPPLY, HOLD, OK
from ledger.statement import gs1
from scanner.label import PrintedLabel, render, to_png

_LOT: Final = "DZ2601"  # of most labels; its first case went to pharmacy 1, the second to 2
_OWN, _HELD, _GOOD, _WRONG = 14, 15, 16, 17
_GONE, _THEIRS = 33, 34


def plan(world: World) -> None:
    """Keep the labels' packs out of daily trade."""
    wanted = (_OWN, _HELD, _GOOD, _WRONG, _GONE, _THEIRS)
    world.stock.aside.update(_pack(world, number) for number in wanted)


def _pack(world: World, number: int) -> str:
    return world.serials(DRUGS[2], _LOT, number + 1)[number]


@dataclass(frozen=True, slots=True)
class Expected:
    """A label's picture, and what pharmacy 1 must be told of it before dispensing."""

    name: str
    item: str
    verdict: str
    code: str
    wrong_expiry: bool = False


def use(world: World) -> list[Expected]:
    """What happens to the labels' packs in the last minutes, and what each label is to show."""
    first, second = world.cast.pharmacies[:2]
    own, held, good, wrong, gone, theirs = (
        _pack(world, number) for number in (_OWN, _HELD, _GOOD, _WRONG, _GONE, _THEIRS)
    )
    world.ago(30)
    world.act("supply", first, [own])
    world.ago(27)
    world.act("supply", second, [gone])
    world.ago(24)
    world.act("quarantine", first, [held], reason="damaged")
    world.ago(1)
    coming = world.stories["announced"]["packs"][0]
    unknown = gs1.sgtin(gs1.parse_item_id(good).gtin, "NOSUCHSERIAL1")
    return [
        Expected("good", good, OK, "in-stock"),
        Expected("in-transit", coming, HOLD, "in-transit"),
        Expected("not-ours", theirs, HOLD, "other-holder"),
        Expected("supplied-elsewhere", gone, DO_NOT_SUPPLY, "supplied-elsewhere"),
        Expected("copied", own, HOLD, "supplied-here"),
        Expected("wrong-expiry", wrong, DO_NOT_SUPPLY, "label-mismatch", wrong_expiry=True),
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
        lot = world.stock.lot_of(one.item)
        lot = lot if lot in world.expiry else _LOT
        expiry = world.expiry[lot]
        if one.wrong_expiry:
            expiry = expiry.replace(year=expiry.year + 2, day=1)
        picture = render(PrintedLabel(item.gtin, lot, expiry, item.serial))
        name = f"{one.name}.png"
        (folder / name).write_bytes(to_png(picture))
        told.append({
            "picture": name, "item": one.item, "purpose": "dispense",
            "site": world.cast.pharmacies[0].site, "verdict": one.verdict, "code": one.code,
        })  # fmt: skip
    (folder / "expected.json").write_text(json.dumps({"simulated": True, "labels": told}, indent=1))
