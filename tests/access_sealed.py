"""Sealed templates in the access matrix: its world's policy keeps them at home, so nobody has any."""

from __future__ import annotations

from typing import Final

from tests.access_routes import Recipe, _of

SEALED: Final[dict[str, tuple[Recipe, ...]]] = {
    "POST /api/fingerprint/sealed": (Recipe("pack", json=_of("gtin", "lot")),),
}
