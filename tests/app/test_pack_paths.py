"""A serial may hold a slash and end as another pack's page is named: each pack has its own pages."""

from __future__ import annotations

from datetime import date

import pytest
from werkzeug.test import TestResponse

from ledger.statement import gs1
from tests.app.conftest import SignIn
from tests.world import Chain


def commission(chain: Chain, item: str) -> None:
    """Bring one pack onto the record."""
    chain.act("commission", chain.maker, [item], lot="L1", expiry=date(2028, 1, 31))


@pytest.mark.parametrize("ending", ["certificate", "fingerprint"])
def test_a_pack_whose_serial_ends_as_a_page_is_named_has_its_own_page(
    ending: str, chain: Chain, sign_in: SignIn
) -> None:
    plain, whole = gs1.sgtin(chain.gtin, "EX1"), gs1.sgtin(chain.gtin, f"EX1/{ending}")
    commission(chain, plain)
    client = sign_in(chain.maker)
    path = f"/packs/{chain.gtin}/EX1"
    before = client.get(f"{path}/{ending}")
    assert before.status_code == 200
    commission(chain, whole)
    own = client.get(f"/packs/{chain.gtin}/{whole.rpartition('/')[2]}")
    assert own.status_code == 200
    assert f"EX1/{ending}</" in own.text.replace("&#x2F;", "/")
    assert own.text != before.text
    assert client.get(f"{path}/{ending}/{ending}").status_code == 200
    assert client.get(path).status_code == 200


def test_such_a_pack_has_its_own_verdict_and_bundle(chain: Chain, sign_in: SignIn) -> None:
    whole = gs1.sgtin(chain.gtin, "EX1/bundle")
    commission(chain, gs1.sgtin(chain.gtin, "EX1"))
    client, path = sign_in(chain.maker), f"/api/packs/{chain.gtin}/EX1"
    assert _proof_of(client.get(f"{path}/bundle")) == "EX1", "while there is no other"
    commission(chain, whole)
    told = client.get(f"{path}/bundle")
    assert (told.status_code, "Content-Disposition" in told.headers) == (200, False)
    assert whole in told.text
    assert _proof_of(client.get(f"{path}/bundle/bundle")) == "EX1%2Fbundle"


def _proof_of(answer: TestResponse) -> str:
    """The serial of the pack that a bundle is of, by the file's name."""
    name = answer.headers["Content-Disposition"]
    return name.partition("-")[2].partition(".")[0].removeprefix("filename=")
