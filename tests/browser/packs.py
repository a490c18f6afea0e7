"""Packs of the simulated world as pharmacy 1 meets them, and what their labels say."""

from __future__ import annotations

from PIL import Image

from app.demo.cast import DRUGS, Cast, Drug
from app.demo.measures import RECALLED
from app.node import KEY
from ledger.rules.verdict import State
from ledger.statement import gs1
from scanner.label import PrintedLabel, render
from tests.browser.conftest import Site
from tests.nodes import expected

GS = "\x1d"


def pack_of(demo: Site, picture: str) -> str:
    """The pack of one of the world's label pictures, by the picture's name."""
    return str(next(one["item"] for one in expected(demo.folder) if one["picture"] == picture))


def state_of(demo: Site, item: str) -> State:
    """What pharmacy 1 sees of a pack."""
    state = demo.app.extensions[KEY].answers.state(item, expected(demo.folder)[0]["site"])
    assert isinstance(state, State)
    return state


def stock_of(demo: Site) -> list[str]:
    """Packs at pharmacy 1 that nothing is wrong with."""
    states = [state_of(demo, item) for item in _lot(DRUGS[2], "DZ2602")]
    return [state.id for state in states if state.state == "here" and not state.marks]


def recalled_pack(demo: Site) -> str:
    """A pack in pharmacy 1's stock of the lot that was recalled."""
    states = [state_of(demo, item) for item in _lot(DRUGS[0], RECALLED)]
    return next(one.id for one in states if one.state == "here" and "recalled" in one.marks)


def _lot(drug: Drug, lot: str) -> list[str]:
    """The first packs of a lot, in the order of its serials."""
    return [gs1.sgtin(Cast().gtin(drug), f"{lot}{number:05d}") for number in range(400)]


def label_of(demo: Site, item: str) -> Image.Image:
    """The printed label of a pack on record."""
    found, state = gs1.parse_item_id(item), state_of(demo, item)
    assert state.expiry is not None
    return render(PrintedLabel(found.gtin, state.lot, state.expiry, found.serial))


def element_string(demo: Site, item: str) -> str:
    """What a scanner sends of a pack's GS1 DataMatrix."""
    found, state = gs1.parse_item_id(item), state_of(demo, item)
    return f"]d201{found.gtin}17{state.expiry:%y%m%d}10{state.lot}{GS}21{found.serial}"
