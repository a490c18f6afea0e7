"""Who may see and do what: what must hold whatever the pages say."""

from __future__ import annotations

from flask.testing import FlaskClient

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
