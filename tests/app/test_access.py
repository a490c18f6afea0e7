"""Who may see and do what: docs/access.md against the code, and what must hold whatever it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from ledger.statement import gs1
from ledger.statement.governance import Sites
from ledger.statement.parts import Site
from tests.access import (
    BY_LINK,
    NO,
    NONE,
    ON_THE_LOG,
    PUBLIC,
    SIGN_IN,
    YES,
    Cell,
    cells,
    markdown,
    routes,
)
from tests.access_routes import PART, RECIPES, SECTIONS
from tests.access_things import no_pack, pack
from tests.access_traces import KIND_NAMES as TRACED
from tests.access_traces import PLACE
from tests.access_world import (
    ADMINISTRATOR,
    AUTHORITY,
    OTHER_SITE,
    OWN,
    PARTNERS,
    STRANGER,
    STRANGERS,
    Scene,
    scene,
)
from tests.app.conftest import SignIn, login_body
from tests.world import LICENCE, Chain, gln, seed

DOCS = Path(__file__).resolve().parents[2] / "docs" / "access.md"
REFUSED = {NO, SIGN_IN, NONE}
# What can be asked of anybody's thing, and tells each what he may know of it.
TELLS_IN_PART = {"pack", "recall", "statement"}
# An authority calls and writes to who is silent, counts at any site, follows every recall, and looks at
# how sites close their cases.
_ITS_WORK = {
    "case closed by its site", "case passed on", "contact", "letter", "recall", "site to inspect", PLACE
}  # fmt: skip
# Of the goods and the papers that go with them each party sees what concerns it, at all its sites.
OF_THE_PARTY = {"statement", "shipment", "shipment's number", "document", "file not on the log",
                *TRACED}  # fmt: skip
# Nobody signed in changes anything but his own session and language; a verdict is asked by POST.
FOR_EVERYBODY = {
    "DELETE /api/session", "POST /api/scans", "POST /language", "POST /logout", "POST /verify"
}  # fmt: skip
OPEN = {
    *SECTIONS["What is everybody's"], *FOR_EVERYBODY, "GET /", "GET /api/session/nonce",
    "GET /recalls.atom", "GET /log/health", "GET /log/health.json",
}  # fmt: skip


@pytest.fixture(scope="module")
def world() -> Iterator[Scene]:
    """The world of the matrix."""
    with scene() as made:
        yield made


@pytest.fixture(scope="module")
def found(world: Scene) -> list[Cell]:
    """Every cell, asked of the app."""
    return list(cells(world))


def test_every_route_has_its_row(world: Scene) -> None:
    there, asked = set(routes(world.app)), set(RECIPES)
    assert there - asked == set(), "add these routes to tests/access_routes.py"
    assert asked - there == set(), "these routes are gone"


def test_the_table_in_the_docs_is_what_the_code_does(found: list[Cell]) -> None:
    assert DOCS.read_text() == markdown(found), "run `make matrix` and read what has changed"


def test_no_answer_holds_what_is_not_for_its_reader(found: list[Cell]) -> None:
    assert [cell for cell in found if cell.leaks] == []


def test_what_one_may_not_see_is_answered_as_what_there_is_not(found: list[Cell]) -> None:
    assert [cell for cell in found if cell.oracle] == []


def test_nobody_signed_in_gets_what_is_everybody_s(found: list[Cell]) -> None:
    for cell in found:
        if cell.role != STRANGER or cell.outcome in REFUSED | {BY_LINK}:
            continue
        if cell.outcome == PART:
            assert cell.kind in TELLS_IN_PART, cell
        else:
            assert (cell.outcome, cell.kind) == (PUBLIC, ""), cell
            assert cell.route in OPEN, cell
        assert cell.route.startswith("GET ") or cell.route in FOR_EVERYBODY, cell


def test_what_is_others_is_theirs_and_on_the_log_the_authority_s(found: list[Cell]) -> None:
    for cell in found:
        if cell.whose not in (PARTNERS, STRANGERS) or cell.outcome in REFUSED | {BY_LINK}:
            continue
        if cell.outcome == PART:
            assert cell.kind in TELLS_IN_PART, cell
        else:
            assert cell.role == AUTHORITY, cell
            assert cell.kind in ON_THE_LOG | _ITS_WORK, cell


def test_a_site_s_people_bags_acts_and_sessions_are_not_another_site_s(found: list[Cell]) -> None:
    administered = {"site", "party", "person", "invitation", "contact", "letter", PLACE}
    for cell in found:
        if cell.whose != OTHER_SITE or cell.outcome in REFUSED | {BY_LINK}:
            continue
        party_wide = cell.kind in OF_THE_PARTY or "/lots/" in cell.route or cell.outcome == PART
        assert party_wide or (cell.kind in administered and cell.role == ADMINISTRATOR), cell


def test_an_administrator_gets_no_more_goods_than_its_site(found: list[Cell]) -> None:
    site = {
        (cell.route, cell.kind, cell.whose): cell.outcome
        for cell in found
        if cell.role == "wholesaler"
    }
    for cell in found:
        if cell.role == ADMINISTRATOR and cell.kind in ON_THE_LOG:
            assert cell.outcome in (NO, site[cell.route, cell.kind, cell.whose]), cell


def test_what_is_one_s_own_is_had(found: list[Cell]) -> None:
    """The matrix is worth nothing where everything is refused."""
    had = {cell.kind for cell in found if cell.whose == OWN and cell.outcome in (YES, BY_LINK)}
    assert had == {cell.kind for cell in found if cell.kind and cell.whose == OWN} - {
        "shipment", "shipment's number", "shipment under way", "traced shipment"
    }  # fmt: skip
    shared = [cell for cell in found if cell.kind == "shipment" and cell.outcome == YES]
    assert {cell.role for cell in shared} >= {"pharmacy", "wholesaler", "manufacturer"}


def test_a_site_s_people_are_known_by_name_there_and_nowhere_else(
    world: Scene, found: list[Cell]
) -> None:
    assert "Zoe of pharmacy." in world.client("pharmacy").get("/people").text
    assert "Zoe of pharmacy." not in world.client("wholesaler").get("/people").text


@pytest.mark.parametrize("lot", ["", "WRONG"])
def test_a_stranger_without_the_whole_label_learns_not_that_there_is_such_a_pack(
    world: Scene, lot: str
) -> None:
    there, none = pack(world, STRANGER, STRANGERS), no_pack(world)
    assert there is not None
    client = world.client(STRANGER)
    told = []
    for one in (there, none):
        gtin, serial = one["gtin"], one["serial"]
        text = f"(01){gtin}(21){serial}" + (f"(17)280131(10){lot}" if lot else "")
        query = {"lot": lot, "expiry": "280131"} if lot else {}
        answers = [
            client.get(f"/api/packs/{gtin}/{serial}", query_string=query),
            client.get(f"/api/packs/{gtin}/{serial}/bundle", query_string=query),
            client.get(f"/01/{gtin}{f'/10/{lot}' if lot else ''}/21/{serial}"),
            client.post("/verify", data={"text": text}),
            client.post("/api/scans", json={"text": text}),
        ]
        assert serial in answers[0].text
        told.append([(a.status_code, a.text.replace(serial, "·")) for a in answers])
    assert told[0] == told[1]


def test_the_list_of_packs_of_a_hold_or_a_recall_is_not_everybody_s(
    chain: Chain, client: FlaskClient, sign_in: SignIn
) -> None:
    packs = chain.commission("L1", 3)
    for make in (chain.hold, chain.recall_of):
        path = f"/api/statements/{chain.log.submit(chain.listed(make, packs[:2])).id}"
        for asker in (client, sign_in(chain.wholesaler)):
            told = asker.get(path).get_json()
            assert "envelope" in told  # its words are in the clear
            assert "items" not in told
            assert packs[0] not in asker.get(path).text
        for asker in (sign_in(chain.maker), sign_in(chain.authority)):
            assert [one["id"] for one in asker.get(path).get_json()["items"]] == packs[:2]


def test_nobody_learns_what_a_container_of_others_holds_by_reporting_it(
    chain: Chain, sign_in: SignIn
) -> None:
    theirs, packs = chain.unit(chain.maker, 7), chain.commission("HIDDEN", 5)
    chain.pack(chain.maker, packs, theirs)
    sent = chain.commission("L1", 1)
    chain.hand_over(chain.maker, sent, chain.wholesaler)
    ship = chain.ship(chain.wholesaler, sent, chain.pharmacy)
    chain.act("receive", chain.pharmacy, sent, shipment=ship.id, over=[theirs])
    sscc = gs1.parse_item_id(theirs).sscc
    for who in (chain.pharmacy, chain.wholesaler):
        told = sign_in(who).get(f"/api/shipments/{ship.id}").text
        assert sscc in told  # both sides are told that it was there
        assert "HIDDEN" not in told
    assert "HIDDEN" in sign_in(chain.authority).get(f"/api/shipments/{ship.id}").text


def test_a_refusal_tells_nobody_the_tracking_number_of_others(
    chain: Chain, client: FlaskClient
) -> None:
    packs = chain.commission("L1", 1)
    sent = chain.ship_event(chain.maker, packs, chain.wholesaler, number="SECRET-1")
    ship = chain.log.submit(sent)
    for op in ("void", "receive", "refuse", "close_short"):
        act = chain.event(op, chain.pharmacy, packs, shipment=ship.id)
        answer = client.post("/api/statements", data=bytes(act), content_type="application/json")
        assert answer.status_code in (403, 409)
        assert "SECRET-1" not in answer.text


def test_another_site_of_the_party_neither_sees_an_act_that_waits_nor_takes_it_away(
    chain: Chain, sign_in: SignIn
) -> None:
    depot = gln(f"{chain.maker.prefix}00020")
    record = Site(activities=["storage"], address="Street 2", gln=depot, licence=LICENCE, name="D")
    chain.log.submit(chain.governance(Sites, party=chain.maker.gln, sites=[record]))
    chain.log.submit(chain.key_add(chain.maker, "maker depot", sites=[depot]))
    act = chain.event("destroyed", chain.maker, chain.commission("W1", 2))
    here = sign_in(chain.maker)
    assert here.post("/api/waiting", data=bytes(act)).status_code == 201
    there = here.application.test_client()
    login = login_body(there, chain, seed("maker depot"), chain.maker.gln)
    assert there.post("/api/session", data=login).status_code == 200
    path = f"/api/waiting/{act.statement.id}"
    assert act.statement.id not in there.get("/waiting").text
    assert (there.get(path).status_code, there.delete(path).status_code) == (404, 404)
    assert act.statement.id in here.get("/waiting").text
    assert here.get(path).status_code == 200
