"""Who may see and do what: what must hold whatever the pages say."""

from __future__ import annotations

from flask.testing import FlaskClient

from ledger.statement import gs1
from ledger.statement.governance import Sites
from ledger.statement.parts import Site
from tests.app.conftest import SignIn, login_body
from tests.world import LICENCE, Chain, gln, seed


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
