"""How the pages about labels' prints are asked: the product's holder sees a part, the authority all."""

from __future__ import annotations

from typing import Final

from tests.access_routes import PART, PUBLIC, Recipe
from tests.access_world import AUTHORITY

PRINTS: Final[dict[str, tuple[Recipe, ...]]] = {
    "GET /labels/enrol": (PUBLIC,),
    # To the holder another party's site is its role and country, whosever pack it is.
    "GET /packs/<gtin>/<path:serial>/fingerprint": (
        Recipe("pack", tell=lambda _answer, role: "yes" if role == AUTHORITY else PART),
    ),
}
