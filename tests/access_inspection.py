"""How the routes of inspections, tracing requests, statistics and the log's health are asked."""

from __future__ import annotations

from io import BytesIO
from typing import Final
from zipfile import ZipFile

from werkzeug.test import TestResponse

from tests.access_routes import PUBLIC, Recipe, _done, _of
from tests.access_things import KINDS, site


def _movements(answer: TestResponse, _role: str) -> str:
    """Whether the answer tells of any movement."""
    with ZipFile(BytesIO(answer.data)) as files:
        return "yes" if files.read("transactions.csv").count(b"\n") > 1 else "no"


KINDS["site to inspect"] = site
_COUNT: Final = Recipe("stock-taking")
_REPORT: Final = Recipe("stock-taking's report", tell=_done)
INSPECTION: Final[dict[str, tuple[Recipe, ...]]] = {
    "GET /log/health": (PUBLIC,),
    "GET /log/health.json": (PUBLIC,),
    "GET /statistics": (PUBLIC,),
    "GET /statistics.csv": (PUBLIC,),
    "GET /tracing-requests": (PUBLIC, Recipe("traced lot", query=_of("gtin", "lot"))),
    "GET /tracing-requests/answer.zip": (
        Recipe("traced lot", query=_of("gtin", "lot"), tell=_movements),
    ),
    "GET /inspections": (Recipe("stock-taking", listing=True),),
    "POST /inspections": (Recipe("site to inspect", form=_of("site"), tell=_done),),
    "GET /inspections/<number>": (_COUNT, Recipe("stock-taking's report")),
    "GET /inspections/<number>/report.json": (_REPORT,),
    "GET /inspections/<number>/report.csv": (_REPORT,),
    "POST /inspections/<number>/scan": (
        Recipe("stock-taking", form=lambda _s, t: {"text": t["item"]}, tell=_done),
    ),
    "POST /inspections/<number>/drop": (Recipe("stock-taking", form=_of("item"), tell=_done),),
    "POST /inspections/<number>/number": (
        Recipe(
            "stock-taking",
            form=lambda _s, t: {"gtin": t["gtin"], "lot": t["lot"], "n": "1"},
            tell=_done,
        ),
    ),
    "POST /inspections/<number>/close": (Recipe("stock-taking", form=lambda *_: {}, tell=_done),),
    "POST /inspections/<number>/reopen": (
        Recipe("stock-taking's report", form=lambda *_: {}, tell=_done),
    ),
    "POST /api/inspections/<number>/scans": (
        Recipe("stock-taking", json=lambda _s, t: {"text": t["item"]}, tell=_done),
    ),
    "POST /api/inspections/<number>/signature": (
        Recipe("stock-taking's report", json=_of("statement"), tell=_done),
    ),
}
