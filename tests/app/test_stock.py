"""What a site holds, as its stock page and its files tell it."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.statement import gs1
from ledger.store.check import check
from ledger.store.views import rebuild
from tests.app.conftest import SignIn
from tests.world import Chain, Member


def rows(client: FlaskClient, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/stock.json{query}")
    assert answer.status_code == 200
    found = answer.get_json()["rows"]
    assert len(client.get(f"/stock.csv{query}").text.splitlines()) == len(found) + 1
    return list(found)


def told(client: FlaskClient, query: str = "") -> set[tuple[str, str, str, int]]:
    """Lot, state, place and packs of each line."""
    return {(r["lot"], r["state"], r["place"], r["packs"]) for r in rows(client, query)}


@pytest.fixture
def maker(chain: Chain, sign_in: SignIn) -> FlaskClient:
    """Packs of lot L1: three loose, one of them on hold, two in a case, two under way; one of L2."""
    packs = chain.commission("L1", 7)
    chain.commission("L2", 1, date(2026, 9, 1))
    case = chain.unit(chain.maker, 1)
    chain.pack(chain.maker, packs[:2], case)
    chain.quarantine(chain.maker, [packs[2]])
    chain.ship(chain.maker, packs[5:], chain.wholesaler)
    return sign_in(chain.maker)


def sscc(chain: Chain) -> str:
    return gs1.parse_item_id(chain.unit_id(chain.maker, 1)).sscc


def test_stock_is_told_by_lot_state_and_place(chain: Chain, maker: FlaskClient) -> None:
    assert told(maker) == {
        ("L1", "stock", "loose", 2), ("L1", "hold", "loose", 1), ("L1", "stock", sscc(chain), 2),
        ("L1", "out", "loose", 2), ("L2", "stock", "loose", 1),
    }  # fmt: skip
    [expired] = [row for row in rows(maker) if row["lot"] == "L2"]
    assert (expired["marks"], expired["expiry"]) == ("expired", "2026-09-01")
    assert expired["product"] == "Examplin 10 mg"


def test_it_is_filtered_by_words_state_and_place(chain: Chain, maker: FlaskClient) -> None:
    assert {row["lot"] for row in rows(maker, "?q=l2")} == {"L2"}
    assert {row["state"] for row in rows(maker, "?state=hold")} == {"hold"}
    assert {row["lot"] for row in rows(maker, "?state=blocked")} == {"L2"}
    assert told(maker, "?place=container") == {("L1", "stock", sscc(chain), 2)}
    assert told(maker, f"?q={sscc(chain)}&place=container") == told(maker, "?place=container")
    assert len(rows(maker, "?q=examplin&place=loose")) == 4
    assert "Nothing in stock fits this" in maker.get("/stock?q=nothing").text


def test_a_recall_shows_at_once(chain: Chain, maker: FlaskClient) -> None:
    chain.log.submit(chain.recall_of(chain.scope(lots=["L1"])))
    assert {row["lot"] for row in rows(maker, "?state=blocked")} == {"L1", "L2"}
    page = maker.get("/stock").text
    assert "recalled" in page
    assert "expired" in page


def everywhere(chain: Chain, sign_in: SignIn, who: list[Member]) -> dict[str, Any]:
    return {one.name: told(sign_in(one)) for one in who}


def test_the_counts_follow_the_goods_through_every_kind_of_hand_off(
    chain: Chain, sign_in: SignIn
) -> None:
    """And are what a log folded anew comes to."""
    who = [chain.maker, chain.wholesaler, chain.pharmacy]
    packs = chain.commission("L1", 9)
    case = chain.unit(chain.maker, 1)
    chain.pack(chain.maker, packs[:4], case)
    sent = chain.ship(chain.maker, [case, packs[4], packs[5]], chain.wholesaler)
    chain.log.submit(
        chain.event("receive", chain.wholesaler, [case, packs[4]], shipment=sent.id,
                    missing=[packs[0]], over=[packs[8]])
    )  # fmt: skip
    chain.log.submit(chain.event("refuse", chain.wholesaler, [packs[5]], shipment=sent.id))
    chain.hand_over(chain.wholesaler, [packs[1]], chain.pharmacy)
    chain.supply(chain.pharmacy, [packs[1]])
    chain.act("lost", chain.maker, [packs[0]])
    found = everywhere(chain, sign_in, who)
    assert found == {
        "maker": {
            ("L1", "stock", "loose", 2), ("L1", "hold", "loose", 1), ("L1", "out", "loose", 1),
        },
        "wholesaler": {("L1", "stock", sscc(chain), 2), ("L1", "stock", "loose", 1)},
        "pharmacy": set(),
    }  # fmt: skip
    assert check(chain.store, chain.log_key.verifier) is None
    rebuild(chain.store)
    assert everywhere(chain, sign_in, who) == found


def test_a_lot_name_is_no_formula_in_a_spreadsheet(chain: Chain, sign_in: SignIn) -> None:
    item = gs1.sgtin(chain.gtin, "A")
    chain.act("commission", chain.maker, [item], lot="=1+1", expiry=date(2028, 1, 31))
    answer = sign_in(chain.maker).get("/stock.csv")
    table = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert table[1][2] == "'=1+1"
    assert answer.mimetype == "text/csv"


def test_an_empty_stock_says_what_to_do_and_a_stranger_sees_none(
    chain: Chain, client: FlaskClient, sign_in: SignIn
) -> None:
    assert "Book a delivery in" in sign_in(chain.pharmacy).get("/stock").text
    for path in ("/stock", "/stock.csv", "/stock.json"):
        assert client.get(path).status_code == 401
