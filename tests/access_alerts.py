"""Alerts and cases in the access matrix: how each route is asked."""

from __future__ import annotations

from typing import Any, Final

from ledger.rules.alerts import Alert
from ledger.statement import gs1
from ledger.store.cases import Step
from tests.access_routes import Recipe
from tests.access_things import KINDS, UNKNOWN
from tests.access_world import SHARED, Scene, Thing
from tests.world import Member


def case(scene: Scene, role: str, whose: str) -> Thing | None:
    """A case that its site has: nobody else knows of it."""
    who = scene.owner(role, whose)
    return None if who is None else _case(scene, who, "SITE")


def gone_on(scene: Scene, role: str, whose: str) -> Thing | None:
    """A case that its site passed on; the shared one is about the role's own product, elsewhere."""
    if (role, whose) == ("manufacturer", SHARED):
        return _case(scene, scene.pharmacy, "HOLDER", scene.maker.gln)
    who = scene.owner(role, whose)
    return None if who is None else _case(scene, who, "ON", scene.far.gln)


def _case(scene: Scene, who: Member, mark: str, holder: str = "") -> Thing:
    """Numbers are written as long as one that there is not: no answer is told apart by that."""
    key = (f"case {mark}", who.name)
    if key not in scene.memo:
        serial = f"CASE{mark}{who.name.upper()}Z"
        item = gs1.sgtin(scene.goods["far"].gtin, serial)
        now, cases = scene.chain.now, scene.desk.cases
        raised = Alert("wrong-holder", who.site, item, now, "diversion", item)
        number = cases.fold(raised, holder)
        step = Step(now, "passed-on", "", who.gln, who.site, "0" * 64)
        if mark in ("HOLDER", "ON"):
            cases.pass_on(number, step)
        else:
            scene.secrets[serial] = who
        if mark == "SHUT":
            cases.close(number, "procedure", "explained", step._replace(did="closed"))
        scene.memo[key] = Thing({"number": f"{number:07d}"}, (serial,))
    return scene.memo[key]


def closed(scene: Scene, role: str, whose: str) -> Thing | None:
    """A case that its site closed itself: the authority is shown that, and not the pack."""
    who = scene.owner(role, whose)
    return None if who is None else _case(scene, who, "SHUT")


def _shown_as(thing: Thing) -> tuple[str, ...]:
    return (f"\n{int(thing['number'])},wrong-holder,",)


def _done(_answer: Any, _role: str) -> str:
    return "yes"


KINDS |= {"case": case, "case passed on": gone_on, "case closed by its site": closed}
UNKNOWN |= dict.fromkeys(("case", "case passed on"), lambda _scene: Thing({"number": 9_999_999}))
_LISTED: Final = (Recipe("case", listing=True), Recipe("case passed on", listing=True))
_SHOWN: Final = (Recipe("case"), Recipe("case passed on"))
_WORK: Final = {"act": "note", "note": "seen"}
ALERTS: Final[dict[str, tuple[Recipe, ...]]] = {
    "GET /alerts": _LISTED,
    "GET /alerts.csv": _LISTED,
    "GET /alerts.json": _LISTED,
    "GET /alerts/closed-by-sites.csv": (
        Recipe("case closed by its site", listing=True, marks=_shown_as),
    ),
    "GET /alerts/<int:number>": _SHOWN,
    "GET /alerts/<int:number>/3911": _SHOWN,
    "GET /alerts/<int:number>/3911.json": _SHOWN,
    "GET /api/alerts/<int:number>": _SHOWN,
    "POST /alerts/<int:number>": tuple(
        Recipe(kind, form=lambda *_: _WORK, tell=_done) for kind in ("case", "case passed on")
    ),
    "POST /api/alerts/<int:number>": tuple(
        Recipe(kind, json=lambda *_: _WORK, tell=_done) for kind in ("case", "case passed on")
    ),
}
