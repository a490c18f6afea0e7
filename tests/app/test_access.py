"""Who may see and do what: what must hold whatever the pages say."""

from __future__ import annotations

from flask.testing import FlaskClient

from ledger.statement import gs1
from tests.app.conftest import SignIn
from tests.world import Chain


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
