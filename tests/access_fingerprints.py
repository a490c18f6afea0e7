"""The matching service in the access matrix: what it tells of a pack is in test_fingerprints."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any, Final

from tests.access_routes import Recipe
from tests.access_world import Scene, Thing
from tests.app.prints import pictures


def _files(scene: Scene) -> list[tuple[BytesIO, str]]:
    """Pictures of a pack of the maker's."""
    made = scene.goods["m"]
    shown = pictures(made.packs[1], lot=made.lot)
    return [(BytesIO(data), f"{n}.jpg") for n, data in enumerate(shown)]


def _one(scene: Scene, _thing: Thing) -> Mapping[str, Any]:
    return {"frame": _files(scene)[0]}


def _look(scene: Scene, _thing: Thing) -> Mapping[str, Any]:
    return {"item": scene.goods["m"].packs[1], "device": "camera", "frames": _files(scene)[:1]}


def _all(scene: Scene, _thing: Thing) -> Mapping[str, Any]:
    return {"frames": _files(scene)}


FINGERPRINTS: Final[dict[str, tuple[Recipe, ...]]] = {
    "POST /api/fingerprint/measure": (Recipe(form=_one),),
    "POST /api/fingerprint/match": (Recipe(form=_look),),
    "POST /api/fingerprint/enrol": (Recipe(form=_all),),
}
