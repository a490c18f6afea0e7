"""Holds and recalls in the access matrix: how each route is asked."""

from __future__ import annotations

import re
from typing import Final

from werkzeug.test import TestResponse

from app.recall_events import KEY as STREAMS
from app.recall_events import Streams
from ledger.statement.parts import Scope
from tests.access_routes import PART, Recipe
from tests.access_things import KINDS
from tests.access_world import AUTHORITY, OWN, STRANGERS, Scene, Thing


def recall(scene: Scene, role: str, whose: str) -> Thing | None:
    """A recall of packs that lie at the pharmacy and elsewhere; a stranger's is far from all.

    What it says stands in the clear on the log; who holds the packs does not.
    """
    if whose not in (OWN, STRANGERS) or (role == AUTHORITY and whose == OWN):
        return None
    key = ("recall", whose)
    if key not in scene.memo:
        scene.app.extensions[STREAMS] = Streams(most=1_000, each=1_000, wait=lambda _seconds: None)
        scene.memo[key] = _recall(scene, strangers=whose == STRANGERS)
    return scene.memo[key]


def _recall(scene: Scene, *, strangers: bool) -> Thing:
    maker, last = scene.maker, scene.pharmacy
    made = [scene.deliver(maker, scene.rival), scene.deliver(maker, scene.wholesaler, last)]
    if strangers:
        maker, last = scene.far, scene.pharmacy2
        made = [scene.deliver(maker, last), scene.deliver(maker, last)]
    gtin, lots = made[0].gtin, sorted(one.lot for one in made)
    said = scene.chain.recall_of(Scope(gtin=gtin, lots=lots), by=maker.gln, keys=[maker.key])
    found = scene.chain.log.submit(said)
    serials = [pack.rpartition("/")[2] for pack in made[1].packs[1:]]
    fields = {"statement": found.id, "gtin": gtin, "site": last.site, "serials": tuple(serials)}
    return Thing(fields, (made[0].hands[-1].site,))


KINDS["recall"] = recall


def _done(_answer: TestResponse, _role: str) -> str:
    return "yes"


def _in_the_clear(answer: TestResponse, role: str) -> str:
    """A list tells everybody what was recalled, and how far that has come only to whom it concerns."""
    if not re.search(r"\b[0-9a-f]{64}\b", answer.text):
        return "no"
    return "yes" if role == AUTHORITY else PART


def _own_part(answer: TestResponse, role: str) -> str:
    """Events tell that something has changed of what one sees."""
    if b"event: board" not in answer.data:
        return "no"
    return "yes" if role == AUTHORITY else PART


def _serials(thing: Thing) -> tuple[str, ...]:
    found: tuple[str, ...] = thing["serials"]
    return found


LISTING: Final = (Recipe("recall", listing=True, tell=_in_the_clear),)
BOARD: Final = (Recipe("recall"),)
PACKS: Final = (
    Recipe("recall", query=lambda _s, t: {"state": "stock", "site": t["site"]}, marks=_serials),
)
RECALLS: Final[dict[str, tuple[Recipe, ...]]] = {
    "GET /recalls": LISTING,
    "GET /recalls.csv": LISTING,
    "GET /recalls.json": LISTING,
    "GET /recalls/new": (Recipe(),),
    "GET /recalls/<statement>": BOARD,
    "GET /recalls/<statement>.csv": BOARD,
    "GET /recalls/<statement>.json": BOARD,
    "GET /recalls/<statement>/report": BOARD,
    "GET /recalls/<statement>/packs": PACKS,
    "GET /recalls/<statement>/packs.csv": PACKS,
    "GET /api/recalls/<statement>": BOARD,
    "GET /api/recalls/<statement>/events": (Recipe("recall", tell=_own_part),),
    "POST /api/recalls/preview": (
        Recipe("recall", json=lambda _s, t: {"gtin": t["gtin"]}, tell=_done),
    ),
    "POST /api/recalls/items": (
        Recipe("recall", json=lambda _s, t: {"gtin": t["gtin"], "items": []}, tell=_done),
    ),
}
