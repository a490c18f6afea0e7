"""How each route is asked for each kind of thing. A route without its row here fails the test."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.access_world import ROLES, STRANGER, Scene, Thing
from tests.app.conftest import login_body
from tests.world import Member, seed

NOTHING: Final = ""  # a route that names no thing
PART: Final = "part"
Fields = Callable[[Scene, Thing], Mapping[str, Any]]
_PLACE: Final = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Recipe:
    """How to ask a route: for a kind of thing, with what query, form, JSON or body.

    A `listing` names no thing: it is looked whether it shows it. `tell` reads an answer of 200 to
    "yes", "no" or "part" where its status and the thing's marks do not tell. `after` clears up.
    """

    kind: str = NOTHING
    path: Mapping[str, Any] | None = None  # instead of the thing's own fields
    query: Fields | None = None
    form: Fields | None = None
    json: Fields | None = None
    body: Callable[[Scene, Thing, str], bytes] | None = None
    listing: bool = False
    marks: Callable[[Thing], tuple[str, ...]] = lambda thing: thing.marks
    tell: Callable[[TestResponse, str], str] | None = None
    after: Callable[[FlaskClient, TestResponse], object] | None = None
    history: bool = False  # what it shows of the hands that a pack went through
    fresh: bool = False  # it changes the session that asks
    verdict: bool = False  # a site is told of any pack whether it is on record
    note: str = ""

    def ask(self, scene: Scene, role: str, thing: Thing, method: str, rule: str) -> TestResponse:
        """Ask by a role's browser."""
        fields = {**thing.fields, **(self.path or {})}
        path = _PLACE.sub(lambda place: str(fields[place[1]]), rule)
        told: dict[str, Any] = {}
        if self.query:
            told["query_string"] = self.query(scene, thing)
        if self.form:
            told["data"] = self.form(scene, thing)
        if self.json:
            told["json"] = self.json(scene, thing)
        if self.body:
            told["data"] = self.body(scene, thing, role)
            told["content_type"] = "application/json"
        client = scene.client(role, fresh=self.fresh)
        answer = client.open(path, method=method, **told)
        if self.after and answer.status_code < 300:
            self.after(client, answer)
        return answer


def _of(*names: str) -> Fields:
    return lambda _scene, thing: {name: thing[name] for name in names}


def _whole(_scene: Scene, thing: Thing) -> Mapping[str, Any]:
    """What a label says beside GTIN and serial: without it a stranger is told nothing."""
    return {"lot": thing["lot"], "expiry": "280131"}


def _label(thing: Thing) -> str:
    return f"(01){thing['gtin']}(17)280131(10){thing['lot']}(21){thing['serial']}"


def _text(_scene: Scene, thing: Thing) -> Mapping[str, Any]:
    return {"text": _label(thing)}


def _state(answer: TestResponse, _role: str) -> str:
    """The whole of a pack's state is told to who has it, or to whom it is coming."""
    return PART if answer.get_json()["state"] in (None, "other") else "yes"


def _verdict(answer: TestResponse, role: str) -> str:
    return PART if role == STRANGER or "not in your stock" in answer.text else "yes"


def _accepted(answer: TestResponse, _role: str) -> str:
    told = answer.get_json()
    return "yes" if told["ok"] and all(one["ok"] for one in told["items"]) else "no"


def _taken(answer: TestResponse, _role: str) -> str:
    return "yes" if answer.get_json()["taken"] else "no"


def _shown(answer: TestResponse, _role: str) -> str:
    return "yes" if answer.get_json()["documents"] else "no"


def _done(_answer: TestResponse, _role: str) -> str:
    return "yes"


def _put_back(client: FlaskClient, answer: TestResponse) -> None:
    client.post(f"/api/bags/{answer.get_json()['number']}/return", json={})


def _file(scene: Scene, _thing: Thing, _role: str) -> bytes:
    return scene.file("fresh")


def _login(scene: Scene, thing: Thing, role: str) -> bytes:
    """A log-in as somebody, by the key of who asks."""
    found = scene.key_of(role)
    key = found[0] if found else seed("nobody")
    body = login_body(scene.app.test_client(), scene.chain, key, thing["party"])
    return body[:-1] + b',"site":' + json.dumps(thing["site"]).encode() + b"}"


def _bytes(_scene: Scene, thing: Thing, _role: str) -> bytes:
    return bytes(thing["body"])


def _join(scene: Scene, thing: Thing, _role: str) -> bytes:
    return scene.key_add_of(thing["token"])


def _to(scene: Scene, _thing: Thing) -> Member:
    return scene.rival


PUBLIC: Final = Recipe()
_PACK: Final = Recipe("pack", history=True)
_LISTED: Final = Recipe("pack", listing=True)
_SHIPMENTS: Final = Recipe("shipment", listing=True)
_SHIPMENT: Final = Recipe("shipment")
_CONTAINER: Final = Recipe("container")
_BAG: Final = Recipe("bag")
_LINK: Final = Recipe("invitation's link", note="by link")
_TILE: Final = {"rest": "0/000.p/1"}

SECTIONS: Final[dict[str, dict[str, tuple[Recipe, ...]]]] = {
    "What is everybody's": {
        "GET /help": (PUBLIC,),
        "GET /offline": (PUBLIC,),
        "GET /worker.js": (PUBLIC,),
        "GET /static-files.json": (PUBLIC,),
        "GET /healthz": (PUBLIC,),
        "GET /readyz": (PUBLIC,),
        "GET /login": (PUBLIC,),
        "GET /join": (PUBLIC,),
        "GET /scan": (PUBLIC,),
        "GET /verify": (PUBLIC,),
        "POST /language": (Recipe(form=lambda *_: {"language": "en", "back": "/"}),),
        "GET /static/<path:filename>": (Recipe(path={"filename": "style.css"}),),
        "GET /words/<language>.js": (Recipe(path={"language": "zh-Hans"}),),
        "GET /log": (PUBLIC,),
        "GET /log/checkpoint": (PUBLIC,),
        "GET /log/tile/<path:rest>": (Recipe(path=_TILE),),
        "GET /log/<int:number>": (Recipe("statement"),),
        "GET /api/policy": (PUBLIC,),
        "GET /api/status-list": (PUBLIC,),
        "GET /api/sites": (Recipe(query=lambda *_: {"q": "pharmacy"}),),
        "GET /api/sites/<gln>": (PUBLIC,),
        "GET /api/keys/<keyid>": (PUBLIC,),
        "GET /api/names": (PUBLIC,),
    },
    "Signing in and out": {
        "GET /api/session/nonce": (PUBLIC,),
        "POST /api/session": (Recipe("party", body=_login, fresh=True),),
        "POST /api/session/link": (Recipe("party", body=_login, fresh=True),),
        "DELETE /api/session": (Recipe(fresh=True),),
        "POST /logout": (Recipe(fresh=True),),
        "GET /login/<token>": (Recipe("sign-in link", note="by link"),),
        "POST /login/<token>": (Recipe("sign-in link", note="by link", fresh=True),),
        "GET /account": (Recipe("session", listing=True),),
        "POST /account/sessions": (Recipe("session", form=_of("session"), tell=_done),),
    },
    "People": {
        "GET /people": (Recipe("person", listing=True),),
        "POST /api/staff": (
            Recipe("site", json=lambda _s, t: {"site": t["site"], "number": "8", "name": "Ann"}),
        ),
        "POST /api/lock": (Recipe("site", json=lambda _s, t: {"site": t["site"], "minutes": 10}),),
        "POST /api/invitations": (
            Recipe("site", json=lambda _s, t: {"site": t["site"], "use": "station"}),
        ),
        "POST /api/invitations/renewal": (PUBLIC,),
        "POST /api/invitations/<invitation>/withdraw": (Recipe("invitation", tell=_done),),
        "GET /join/<token>": (_LINK,),
        "GET /api/join/<token>": (_LINK,),
        "POST /api/join/<token>": (Recipe("invitation's link", note="by link", body=_join),),
    },
    "A pack": {
        "POST /verify": (Recipe("pack", form=_text, tell=_verdict),),
        "POST /api/scans": (Recipe("pack", json=_text, tell=_state),),
        "GET /api/packs/<gtin>/<path:serial>": (Recipe("pack", query=_whole, tell=_state),),
        "GET /api/packs/<gtin>/<path:serial>/bundle": (Recipe("pack", query=_whole, history=True),),
        "GET /01/<gtin>/21/<path:serial>": (
            Recipe("pack", query=lambda _s, t: {"17": "280131"}, tell=_verdict),
        ),
        "GET /01/<gtin>/10/<lot>/21/<path:serial>": (
            Recipe("pack", query=lambda _s, t: {"17": "280131"}, tell=_verdict),
        ),
        "GET /packs/<gtin>/<path:serial>": (_PACK,),
        "GET /packs/<gtin>/<path:serial>/certificate": (_PACK,),
        "POST /api/checks": (
            Recipe(
                "pack",
                json=lambda s, t: {"op": "ship", "items": [t["id"]], "to": _to(s, t).site},
                tell=_accepted,
                verdict=True,
            ),
        ),
    },
    "Statements": {
        "GET /api/statements/<statement_id>": (Recipe("statement"),),
        "POST /api/statements": (Recipe("statement in its name", body=_bytes),),
        "GET /api/pull": (Recipe("statement", listing=True),),
        "GET /waiting": (Recipe("act that waits", listing=True),),
        "POST /api/waiting": (Recipe("act to wait", body=_bytes),),
        "GET /api/waiting/<statement>": (Recipe("act that waits", tell=_done),),
        "DELETE /api/waiting/<statement>": (Recipe("act that waits", tell=_done),),
    },
    "Stock and shipments": {
        "GET /": (PUBLIC, Recipe("shipment under way", listing=True)),
        "GET /today": (
            Recipe("statement", listing=True, marks=lambda t: (f'/log/{t["number"]}"',)),
        ),
        "GET /stock": (_LISTED,),
        "GET /stock.csv": (_LISTED,),
        "GET /stock.json": (_LISTED,),
        "GET /decommission": (PUBLIC,),
        "GET /shipments": (_SHIPMENTS,),
        "GET /shipments.csv": (_SHIPMENTS,),
        "GET /shipments.json": (_SHIPMENTS,),
        "GET /shipments/new": (PUBLIC,),
        "GET /shipments/<name>": (_SHIPMENT, Recipe("shipment's number")),
        "GET /shipments/<name>/note": (_SHIPMENT,),
        "GET /shipments/<name>/receive": (_SHIPMENT,),
        "GET /api/shipments/<statement>": (_SHIPMENT,),
        "GET /api/shipments/<statement>/inside": (
            Recipe("shipment", query=_of("container"), tell=_done),
        ),
        "GET /api/deliveries/<shipment>/packs": (Recipe("shipment", tell=_done),),
    },
    "Bags": {
        "GET /bags": (Recipe("bag", listing=True),),
        "GET /bags/<number>": (_BAG,),
        "GET /bags/<number>/slip": (_BAG,),
        "GET /api/bags": (Recipe("bag", listing=True),),
        "POST /api/bags": (
            Recipe(
                "pack",
                json=lambda _s, t: {"items": [t["id"]]},
                tell=_done,
                after=_put_back,
                verdict=True,
            ),
        ),
        "GET /api/bags/<number>": (_BAG,),
        "POST /api/bags/<number>/return": (Recipe("bag", json=lambda *_: {}),),
    },
    "Containers, lots, labels": {
        "GET /containers": (Recipe("container", listing=True),),
        "GET /containers/new": (
            PUBLIC,
            Recipe("container", query=lambda _s, t: {"into": t["sscc"]}, tell=_done),
        ),
        "GET /containers/<sscc>": (_CONTAINER,),
        "GET /containers/<sscc>/label": (Recipe("container", tell=_done),),
        "GET /api/containers/<sscc>/label.png": (Recipe("container", tell=_done),),
        "GET /api/containers/<sscc>/label.zpl": (Recipe("container", tell=_done),),
        "POST /api/containers/check": (
            Recipe("container", json=lambda _s, t: {"ssccs": [t["sscc"]]}, tell=_taken),
        ),
        "GET /lots": (_LISTED,),
        "GET /lots/new": (PUBLIC,),
        "GET /lots/<gtin>/<path:lot>": (Recipe("pack"),),
        "POST /api/lots/check": (
            Recipe(
                "pack",
                json=lambda _s, t: {
                    "gtin": t["gtin"],
                    "lot": t["lot"],
                    "expiry": "2028-01-31",
                    "serials": [t["serial"]],
                },
                tell=_taken,
            ),
        ),
        "GET /labels/<gtin>/<path:lot>": (Recipe("pack"),),
        "GET /api/labels/pack.png": (
            Recipe("pack", query=lambda _s, t: {"item": t["id"]}, tell=_done),
        ),
        "GET /api/labels/sheet.zpl": (Recipe("pack", query=_of("gtin", "lot"), tell=_done),),
    },
    "Documents": {
        "GET /documents": (
            Recipe("file not on the log", listing=True),
            Recipe("shipment", query=lambda _s, t: {"shipment": t["statement"]}),
        ),
        "GET /api/documents": (Recipe("document", query=_of("about"), tell=_shown),),
        "GET /api/documents/<statement>": (Recipe("document", tell=_done),),
        "GET /api/documents/<statement>/file": (Recipe("document", tell=_done),),
        "PUT /api/documents/<digest>": (
            Recipe(
                "shipment",
                path={"digest": sha256(b"file fresh").hexdigest()},
                query=lambda _s, t: {"about": t["statement"], "title": "T", "type": "text/plain"},
                body=_file,
                tell=_done,
            ),
        ),
        "POST /api/documents/<digest>/statement": (
            Recipe("file not on the log", json=_of("about", "statement"), tell=_done),
        ),
        "DELETE /api/documents/<digest>": (
            Recipe("file not on the log", query=_of("about"), tell=_done),
        ),
    },
    "The simulated world": {
        "GET /demo": (PUBLIC,),
        "POST /demo/invitations": (Recipe(json=lambda *_: {"role": "pharmacy"}),),
        "POST /demo/approvals": (Recipe("invitation's link", note="by link", json=_of("token")),),
    },
}
from tests.access_notices import NOTICES  # noqa: E402 - it needs what stands above

SECTIONS["Contacts and notices"] = NOTICES
from tests.access_inspection import INSPECTION  # noqa: E402 - likewise

SECTIONS["Inspection, figures and the log's health"] = INSPECTION
from tests.access_parties import PARTIES  # noqa: E402 - likewise

SECTIONS["Parties and policy"] = PARTIES
from tests.access_alerts import ALERTS  # noqa: E402 - likewise

SECTIONS["Alerts and cases"] = ALERTS
from tests.access_recalls import RECALLS  # noqa: E402 - likewise

SECTIONS["Holds and recalls"] = RECALLS
from tests.access_traces import TRACES  # noqa: E402 - likewise

SECTIONS["Traces"] = TRACES
from tests.access_prints import PRINTS  # noqa: E402 - likewise

SECTIONS["Labels' prints"] = PRINTS
from tests.access_sealed import SEALED  # noqa: E402 - likewise

SECTIONS["Labels' fingerprints, sealed"] = SEALED
from tests.access_fingerprints import FINGERPRINTS  # noqa: E402 - likewise

SECTIONS["Labels' fingerprints, matched"] = FINGERPRINTS
RECIPES: Final = {
    route: recipes for section in SECTIONS.values() for route, recipes in section.items()
}

__all__ = ["NOTHING", "PART", "RECIPES", "ROLES", "SECTIONS", "Recipe"]
