"""How the routes of traces are asked: of a pack, its lot, a container, a shipment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.access_routes import PUBLIC, Recipe
from tests.access_things import KINDS, UNKNOWN, Maker
from tests.access_world import OTHER_SITE, Scene, Thing

_NAMED: Final[dict[str, Callable[[Thing], tuple[str, str]]]] = {
    "pack": lambda thing: ("pack", f"{thing['gtin']}/{thing['serial']}"),
    "lot": lambda thing: ("lot", f"{thing['gtin']}/{thing['lot']}"),
    "container": lambda thing: ("container", thing["sscc"]),
    "shipment": lambda thing: ("shipment", thing["statement"]),
}


def _traced(name: str, thing: Thing, whose: str = "") -> Thing:
    kind, path = _NAMED[name](thing)
    # What another site of the party sent and received is the party's to see.
    hands = () if whose == OTHER_SITE else thing.hands
    return Thing({**thing.fields, "kind": kind, "name": path}, thing.marks, hands)


def _maker(name: str) -> Maker:
    def made(scene: Scene, role: str, whose: str) -> Thing | None:
        found = KINDS["pack" if name == "lot" else name](scene, role, whose)
        return None if found is None else _traced(name, found, whose)

    return made


def _unknown(name: str) -> Callable[[Scene], Thing]:
    return lambda scene: _traced(name, UNKNOWN["pack" if name == "lot" else name](scene))


KIND_NAMES: Final = frozenset(f"traced {name}" for name in _NAMED)
for _name in _NAMED:
    KINDS[f"traced {_name}"] = _maker(_name)
    UNKNOWN[f"traced {_name}"] = _unknown(_name)

PLACE: Final = "place on the map"
KINDS[PLACE], UNKNOWN[PLACE] = KINDS["site"], UNKNOWN["site"]
_RECIPES: Final = tuple(Recipe(f"traced {name}") for name in _NAMED)
TRACES: Final[dict[str, tuple[Recipe, ...]]] = {
    "GET /traces": (PUBLIC,),
    "POST /traces/places": (
        Recipe(
            PLACE,
            form=lambda _s, t: {"site": t["site"], "latitude": "50.85", "longitude": "4.35"},
            tell=lambda _answer, _role: "yes",
        ),
    ),
    "GET /traces/<kind>/<path:name>": _RECIPES,
    "GET /api/traces/<kind>/<path:name>": (
        *_RECIPES,
        Recipe("traced pack", query=lambda _s, _t: {"as": "epcis"}),
    ),
}
