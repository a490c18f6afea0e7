"""How the routes of inspections, tracing requests, statistics and the log's health are asked."""

from __future__ import annotations

from typing import Final

from tests.access_routes import PUBLIC, Recipe

INSPECTION: Final[dict[str, tuple[Recipe, ...]]] = {
    "GET /log/health": (PUBLIC,),
    "GET /log/health.json": (PUBLIC,),
}
