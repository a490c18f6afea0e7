"""A maker's lots: what is on record, what would be refused before anything is signed, and the labels."""

from __future__ import annotations

import io
from datetime import date
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from app.lots import PAGE
from ledger.statement import gs1
from ledger.store.content import PART
from scanner.symbols import read
from tests.app.conftest import SignIn
from tests.world import Chain


@pytest.fixture
def maker(chain: Chain, sign_in: SignIn) -> FlaskClient:
    return sign_in(chain.maker)


def check(client: FlaskClient, status: int = 200, **changes: Any) -> Any:
    wanted = {"lot": "L9", "expiry": "2028-01-31", "serials": ["A1"], **changes}
    answer = client.post("/api/lots/check", json=wanted)
    assert answer.status_code == status, answer.get_json()
    return answer.get_json()


def test_lots_are_listed_with_their_packs_newest_first(chain: Chain, maker: FlaskClient) -> None:
    chain.commission("L1", 3)
    chain.unit(chain.maker, 1)
    chain.commission("L2", 2, date(2027, 6, 30))
    more = [gs1.sgtin(chain.gtin, f"MORE{n}") for n in range(4)]
    chain.act("commission", chain.maker, more, lot="L1", expiry=date(2028, 1, 31))
    page = maker.get("/lots").text
    assert page.index("L2</a>") < page.index("L1</a>")
    assert "Examplin 10 mg" in page
    assert [part.split("<")[0] for part in page.split('class="number">')[3::2]] == ["2", "7"]
    shown = maker.get(f"/lots/{chain.gtin}/L1").text
    assert "3 packs" in shown
    assert "4 packs" in shown


def test_a_long_list_goes_on_where_it_ended(
    chain: Chain, maker: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.pages.lots.PAGE", 2)
    for lot in ("L1", "L2", "L3"):
        chain.commission(lot, 1)
    first = maker.get("/lots").text
    assert "L3</a>" in first
    assert "L1</a>" not in first
    path = first.split('href="/lots?before=')[1].split('"')[0]
    assert "L1</a>" in maker.get(f"/lots?before={path}").text
    assert maker.get("/lots?before=x").status_code == 400


def test_an_empty_list_says_what_to_do_and_a_stranger_sees_none(
    chain: Chain, client: FlaskClient, maker: FlaskClient, sign_in: SignIn
) -> None:
    assert "Commission a lot" in maker.get("/lots").text
    assert "no registered product" in sign_in(chain.wholesaler).get("/lots/new").text
    chain.commission("L1", 1)
    paths = ["/lots", "/lots/new", f"/lots/{chain.gtin}/L1", f"/labels/{chain.gtin}/L1",
             f"/api/labels/sheet.zpl?gtin={chain.gtin}&lot=L1"]  # fmt: skip
    for path in paths:
        assert client.get(path).status_code == 401
    for path in paths[2:]:
        assert sign_in(chain.wholesaler).get(path).status_code == 404


def test_what_the_log_would_refuse_is_told_before_signing(chain: Chain, maker: FlaskClient) -> None:
    chain.commission("L1", 2)
    assert check(maker, gtin=chain.gtin) == {
        "ok": True, "code": None, "words": "", "next": "", "taken": [], "count": 0
    }  # fmt: skip
    other = check(maker, gtin=chain.gtin, lot="L1", expiry="2029-01-31")
    assert other["code"] == "second-expiry"
    assert "2028-01-31" in other["words"]
    past = check(maker, gtin=chain.gtin, expiry="2026-09-30")
    assert past["code"] == "blocked-expired"
    there = check(maker, gtin=chain.gtin, lot="L1", serials=["L1-0000", "NEW", "L1-0001"])
    assert (there["code"], there["taken"], there["count"]) == (
        "duplicate-serial", ["L1-0000", "L1-0001"], 2,
    )  # fmt: skip
    assert check(maker, gtin="09521234543213")["code"] == "unregistered-product"


def test_nobody_learns_by_it_which_serials_of_others_are_in_use(
    chain: Chain, sign_in: SignIn
) -> None:
    [pack] = chain.commission("L1", 1)
    serial = gs1.parse_item_id(pack).serial
    told = check(sign_in(chain.wholesaler), gtin=chain.gtin, serials=[serial])
    assert (told["code"], told["taken"], told["count"]) == ("not-your-product", [], 0)
    told = check(sign_in(chain.pharmacy), gtin=chain.gtin, serials=[serial])
    assert (told["code"], told["taken"]) == ("not-listed-op", [])


WRONG: dict[str, dict[str, Any]] = {
    "a wrong check digit": {"gtin": "09521234543210"},
    "a serial with a blank": {"serials": ["A 1"]},
    "a serial of 21": {"serials": ["A" * 21]},
    "no serial": {"serials": []},
    "too many": {"serials": ["A"] * 10_001},
    "a number for a serial": {"serials": [1]},
    "a lot with a blank": {"lot": "L 1"},
    "no such day": {"expiry": "2028-02-30"},
    "a field too much": {"more": 1},
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_lot_is_refused_in_words(chain: Chain, maker: FlaskClient, what: str) -> None:
    told = check(maker, 400, **{"gtin": chain.gtin, **WRONG[what]})
    assert told["code"] == "malformed"
    assert told["detail"]


def test_each_label_says_what_its_pack_is(chain: Chain, maker: FlaskClient) -> None:
    [pack] = chain.commission("L/1%", 1)
    page = maker.get(f"/labels/{chain.gtin}/L%2F1%25?dpi=203&datamatrix=1")
    assert page.status_code == 200
    assert "srcset" in page.text
    answer = maker.get("/api/labels/pack.png", query_string={"item": pack, "datamatrix": "1"})
    assert answer.mimetype == "image/png"
    symbols = read(np.asarray(Image.open(io.BytesIO(answer.data)).convert("L")))
    said = {gs1.parse_scan(one.scan).said["id"] for one in symbols}
    assert (len(symbols), said) == (2, {pack})
    assert gs1.parse_scan(symbols[0].scan).lot == "L/1%"


def test_a_label_that_is_to_be_enrolled_is_drawn_in_whole_dots(
    chain: Chain, maker: FlaskClient
) -> None:
    [pack] = chain.commission("L1", 1)
    page = maker.get(f"/labels/{chain.gtin}/L1?dpi=203&fingerprint=1")
    assert "dpi=600&amp;fingerprint=1" in page.text
    assert 'value="1200"' in page.text
    assert "20 mm" in page.text
    answer = maker.get("/api/labels/pack.png", query_string={"item": pack, "fingerprint": "1"})
    picture = Image.open(io.BytesIO(answer.data))
    assert [round(one) for one in picture.info["dpi"]] == [600, 600]
    [symbol] = read(np.asarray(picture.convert("L")))
    assert gs1.parse_scan(symbol.scan).said["id"] == pack


def test_labels_come_sheet_by_sheet_each_pack_once(chain: Chain, maker: FlaskClient) -> None:
    ids = [gs1.sgtin(chain.gtin, f"S{n:04d}") for n in range(PAGE + 5)]
    for some in (ids[: PAGE - 10], ids[PAGE - 10 :]):  # in two statements
        chain.act("commission", chain.maker, some, lot="L1", expiry=date(2028, 1, 31))
    shown = []
    for number in (1, 2):
        page = maker.get(f"/labels/{chain.gtin}/L1?sheet={number}").text
        shown.append([part.split('"')[0] for part in page.split("Label of serial ")[1:]])
    assert [len(one) for one in shown] == [PAGE, 5]
    assert sorted(shown[0] + shown[1]) == [gs1.parse_item_id(item).serial for item in ids]
    zpl = maker.get(f"/api/labels/sheet.zpl?gtin={chain.gtin}&lot=L1&sheet=2")
    assert zpl.text.count("^XA") == zpl.text.count("^XZ") == 5
    assert "attachment" in zpl.headers["Content-Disposition"]
    for path in ("sheet=3", "sheet=0"):
        assert maker.get(f"/labels/{chain.gtin}/L1?{path}").status_code == 404
    for path in ("sheet=x", "dpi=9", "dpi=99999", "dpi=1e3"):
        assert maker.get(f"/labels/{chain.gtin}/L1?{path}").status_code == 400


def test_the_last_sheet_of_a_list_kept_in_parts_is_whole(chain: Chain, maker: FlaskClient) -> None:
    ids = [gs1.sgtin(chain.gtin, f"S{n:05d}") for n in range(PART + 10)]
    chain.act("commission", chain.maker, ids, lot="L1", expiry=date(2028, 1, 31))
    last = -(-len(ids) // PAGE)
    page = maker.get(f"/labels/{chain.gtin}/L1?sheet={last}").text
    shown = [part.split('"')[0] for part in page.split("Label of serial ")[1:]]
    assert shown == [gs1.parse_item_id(item).serial for item in ids[(last - 1) * PAGE :]]


@pytest.mark.parametrize("lot", ["A/B", "/A", "A//B", "%2F", "A%", "..", "A?sheet=2", "A&b=1"])
def test_no_lot_is_shown_in_place_of_another(chain: Chain, maker: FlaskClient, lot: str) -> None:
    """Lots may hold slashes and signs that addresses give a meaning to."""
    chain.commission("A", 1)
    item = gs1.sgtin(chain.gtin, "OTHER")
    chain.act("commission", chain.maker, [item], lot=lot, expiry=date(2027, 1, 31))
    for path in ("lots", "labels"):
        answer = maker.get(f"/{path}/{chain.gtin}/{quote(lot, safe='')}")
        assert answer.status_code in (200, 404)  # a leading slash, or a lone dot, has no address
        if answer.status_code == 200:
            assert "2027-01-31" in answer.text
    assert lot.startswith("/") or answer.status_code == 200


def test_the_authority_is_shown_no_lot_that_is_not_there(chain: Chain, sign_in: SignIn) -> None:
    chain.commission("L1", 1)
    authority = sign_in(chain.authority)
    assert authority.get(f"/lots/{chain.gtin}/L1").status_code == 200
    for lot in ("L2", "A B", "A" * 100):
        assert authority.get(f"/lots/{chain.gtin}/{quote(lot)}").status_code == 404
    assert authority.get("/lots/123/L1").status_code == 404


def test_nobody_else_prints_a_label(chain: Chain, client: FlaskClient, sign_in: SignIn) -> None:
    """Not even who holds the pack: whoever could print labels could put them on other packs."""
    packs = chain.commission("L1", 1)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    path = "/api/labels/pack.png"
    assert client.get(path, query_string={"item": packs[0]}).status_code == 401
    for who in (chain.pharmacy, chain.wholesaler, chain.authority):
        assert sign_in(who).get(path, query_string={"item": packs[0]}).status_code == 404
    maker = sign_in(chain.maker)
    unknown = gs1.sgtin(chain.gtin, "NONE")
    assert maker.get(path, query_string={"item": unknown}).status_code == 404
    assert maker.get(path, query_string={"item": "nonsense"}).status_code == 400
    assert maker.get(path, query_string={"item": chain.unit(chain.maker, 1)}).status_code == 404
