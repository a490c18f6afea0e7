"""Traces over the web: what the box understands, filters, whose flows are shown, bad input, files."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from itertools import pairwise

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from app import trace_graph
from ledger.rules.trace import Place, Way
from ledger.statement import gs1
from ledger.store.forget import forget
from tests.app.conftest import SignIn
from tests.world import Chain, gtin, seed

EXPIRY = date(2028, 1, 31)
Rows = list[dict[str, str]]


def rows(client: FlaskClient, path: str, **query: str) -> Rows:
    answer = client.get(f"/api/traces/{path}", query_string={**query, "as": "csv"})
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def status(client: FlaskClient, path: str, **query: str) -> int:
    return client.get(path, query_string=query).status_code


@pytest.fixture
def sold(chain: Chain) -> list[str]:
    """Ten packs of lot L1: six of them in a case to the wholesaler, three of these on to a pharmacy."""
    packs = chain.commission("L1", 10)
    case = chain.unit(chain.maker, 77)
    chain.pack(chain.maker, packs[:6], case)
    chain.hand_over(chain.maker, [case], chain.wholesaler)
    chain.hours(48)
    chain.unpack(chain.wholesaler, case)
    chain.hand_over(chain.wholesaler, packs[:3], chain.pharmacy)
    chain.supply(chain.pharmacy, packs[:1])
    return packs


def test_the_box_knows_what_it_is_given(chain: Chain, sign_in: SignIn, sold: list[str]) -> None:
    client = sign_in(chain.authority)
    serial = gs1.parse_item_id(sold[0]).serial
    sscc = gs1.parse_item_id(chain.unit_id(chain.maker, 77)).sscc
    ship = json.loads(client.get(f"/api/traces/lot/{chain.gtin}/L1").text)["rows"][1]
    for text, path in {
        f"(01){chain.gtin}(10)L1(21){serial}": f"/traces/pack/{chain.gtin}/{serial}",
        sold[0]: f"/traces/pack/{chain.gtin}/{serial}",
        f"(01){chain.gtin}(10)L1": f"/traces/lot/{chain.gtin}/L1",
        f" {chain.gtin}  L1 ": f"/traces/lot/{chain.gtin}/L1",
        "L1": f"/traces/lot/{chain.gtin}/L1",
        sscc: f"/traces/container/{sscc}",
        f"(00){sscc}": f"/traces/container/{sscc}",
        chain.wholesaler.gln: f"/traces/party/{chain.wholesaler.gln}",
        chain.wholesaler.site: f"/traces/site/{chain.wholesaler.site}",
        ship["tracking_number"].lower(): f"/traces/shipment/{ship['statement']}",
        ship["statement"]: f"/traces/shipment/{ship['statement']}",
    }.items():
        answer = client.get("/traces", query_string={"q": text})
        assert (answer.status_code, answer.headers.get("Location")) == (303, path), text
        assert client.get(path).status_code == 200, path


def test_a_lot_s_number_alone_names_it_to_an_authority_where_one_product_has_it(
    chain: Chain, sign_in: SignIn, sold: list[str]
) -> None:
    official, member = sign_in(chain.authority), sign_in(chain.pharmacy)
    assert status(official, "/traces", q="L1") == 303
    assert status(member, "/traces", q="L1") == 404  # which products have it is others' to tell
    other = gtin(f"0{chain.maker.prefix}00002")
    chain.log.submit(chain.product(gtin=other))
    pack = gs1.sgtin(other, "A1")
    made = chain.event("commission", chain.maker, [pack], lot="L1", expiry=date(2028, 1, 31))
    chain.log.submit(made)
    answer = official.get("/traces", query_string={"q": "L1"})
    assert answer.status_code == 409
    assert "write the GTIN before it" in answer.text


@pytest.mark.parametrize(
    ("path", "wanted"),
    {
        "/traces?q=%00": 400,
        "/traces?q=" + "A" * 300: 400,
        "/traces?q=(01)123": 400,
        "/traces?q=NO-SUCH-NUMBER": 404,
        "/traces?q=" + "0" * 64: 404,
        "/traces/nonsense/1": 404,
        "/traces/lot/12/L1": 400,
        "/traces/lot/09521111000010": 400,
        "/traces/lot/09521111000010/" + "L" * 21: 400,
        "/traces/pack/09521111000011/A": 400,
        "/traces/container/1": 400,
        "/traces/party/1234567890123": 400,
        "/traces/shipment/" + "f" * 64: 404,
        "/traces/lot/{gtin}/NONE": 404,
        "/traces/lot/{gtin}/L1?from=yesterday": 400,
        "/traces/lot/{gtin}/L1?from=2026-10-05&to=2026-10-01": 400,
        "/traces/lot/{gtin}/L1?from=9999-12-31": 400,
        "/traces/lot/{gtin}/L1?to=0001-01-01": 400,
        "/traces/lot/{gtin}/L1?site=1": 400,
        "/traces/lot/{gtin}/L1?way=sideways": 400,
        "/api/traces/lot/{gtin}/L1?as=docx": 400,
    }.items(),
)
def test_bad_input_is_answered_in_words(
    chain: Chain, sign_in: SignIn, sold: list[str], path: str, wanted: int
) -> None:
    answer = sign_in(chain.authority).get(path.format(gtin=chain.gtin))
    assert answer.status_code == wanted, answer.text
    assert "Out of order" not in answer.text
    assert "A statement must have" not in answer.text or path.startswith("/api/")


def test_a_stranger_signs_in_first(client: FlaskClient) -> None:
    assert status(client, "/traces") == 401
    assert status(client, "/api/traces/lot/09521111000010/L1") == 401


def test_who_sees_which_flows(chain: Chain, sign_in: SignIn, sold: list[str]) -> None:
    lot = f"lot/{chain.gtin}/L1"
    assert [r["what"] for r in rows(sign_in(chain.authority), lot)] == [
        "commission", "ship", "ship", "supply"
    ]  # fmt: skip
    assert [r["what"] for r in rows(sign_in(chain.maker), lot)] == ["commission", "ship"]
    assert [(r["what"], r["packs"]) for r in rows(sign_in(chain.wholesaler), lot)] == [
        ("ship", "6"), ("ship", "3")
    ]  # fmt: skip
    assert [r["what"] for r in rows(sign_in(chain.pharmacy), lot)] == ["ship", "supply"]
    assert status(sign_in(chain.pharmacy2), f"/traces/{lot}") == 404
    # Of a partner's trade, what is between the two; of anybody else's, nothing.
    partner = f"party/{chain.wholesaler.gln}"
    assert [r["packs"] for r in rows(sign_in(chain.pharmacy), partner)] == ["3"]
    assert [r["packs"] for r in rows(sign_in(chain.wholesaler), partner)] == ["6", "3"]
    assert status(sign_in(chain.pharmacy2), f"/traces/{partner}") == 404
    assert status(sign_in(chain.pharmacy), f"/traces/site/{chain.maker.site}") == 404
    page = sign_in(chain.pharmacy).get(f"/traces/{lot}").text
    assert "Flows between others are not shown to you." in page
    assert "Maker" not in page
    assert "not shown to you" not in sign_in(chain.authority).get(f"/traces/{lot}").text


def test_a_container_that_others_pack_anew_tells_nothing_of_what_they_put_in(
    chain: Chain, sign_in: SignIn
) -> None:
    packs = chain.commission("L1", 4)
    case = chain.unit(chain.maker, 78)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    chain.ship(chain.pharmacy, packs, chain.wholesaler)
    back = chain.reader.shipments(chain.pharmacy.site)[0].shipment
    chain.act("receive", chain.wholesaler, packs, shipment=back.id)
    # The pharmacy had these packs, and has nothing to do with what lies in the wholesaler's case.
    unit = chain.unit(chain.wholesaler, 79)
    chain.pack(chain.wholesaler, packs, unit)
    sscc = gs1.parse_item_id(unit).sscc
    assert status(sign_in(chain.pharmacy), f"/traces/container/{sscc}") == 404
    assert status(sign_in(chain.wholesaler), f"/traces/container/{sscc}") == 200
    assert status(sign_in(chain.maker), f"/traces/container/{gs1.parse_item_id(case).sscc}") == 404


def test_which_packs_went_into_which_is_the_repackager_s_to_tell(
    chain: Chain, sign_in: SignIn
) -> None:
    packs = chain.commission("A", 2)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    back = chain.send_back("return", chain.pharmacy, packs, chain.maker)
    chain.act("receive", chain.maker, packs, shipment=back.id)
    chain.act("release", chain.maker, packs)
    out = chain.act("check_out", chain.maker, packs)
    made = chain.pack_ids("B", 2)
    chain.act("repack", chain.maker, made, inputs=(out.id,), lot="B", expiry=EXPIRY)
    lot = f"/traces/lot/{chain.gtin}/B"
    assert status(sign_in(chain.pharmacy), lot) == 404
    told = rows(sign_in(chain.maker), f"lot/{chain.gtin}/B")
    assert {r["lot"] for r in told} == {"A", "B"}


def test_filters_by_day_site_and_direction(chain: Chain, sign_in: SignIn, sold: list[str]) -> None:
    client, lot = sign_in(chain.authority), f"lot/{chain.gtin}/L1"
    assert [r["what"] for r in rows(client, lot, **{"from": "2026-10-03"})] == ["ship", "supply"]
    assert [r["what"] for r in rows(client, lot, to="2026-10-01")] == ["commission", "ship"]
    at = rows(client, lot, site=chain.pharmacy.site)
    assert [r["what"] for r in at] == ["ship", "supply"]
    page = client.get(f"/traces/{lot}?site={chain.pharmacy.site}").text
    assert "2 flows are left out by the filter." in page
    assert "No flow of it falls into" in client.get(f"/traces/{lot}?to=2020-01-01").text
    shipment = rows(client, lot)[2]["statement"]
    whole = rows(client, f"shipment/{shipment}")
    backward = rows(client, f"shipment/{shipment}", way="backward")
    forward = rows(client, f"shipment/{shipment}", way="forward")
    assert [r["what"] for r in backward] == ["commission", "ship"]
    assert [(r["what"], r["packs"]) for r in forward] == [("ship", "3"), ("supply", "1")]
    assert whole == backward + forward
    came = rows(client, f"party/{chain.wholesaler.gln}", way="backward")
    assert [(r["what"], r["inferred"]) for r in came] == [("ship", "6")]


def test_a_serial_that_a_spreadsheet_would_run_is_tamed_and_a_page_escapes(
    chain: Chain, sign_in: SignIn
) -> None:
    chain.log.submit(
        chain.event(
            "commission", chain.maker, [gs1.sgtin(chain.gtin, "X1")], lot="=1+1", expiry=EXPIRY
        )
    )
    client = sign_in(chain.authority)
    assert rows(client, f"lot/{chain.gtin}/=1+1")[0]["lot"] == "'=1+1"
    page = client.get(f"/traces/lot/{chain.gtin}/%3Cb%3E")
    assert (page.status_code, "<b>" in page.text) == (404, False)


def test_what_is_erased_is_said_to_be_missing(chain: Chain, sign_in: SignIn) -> None:
    packs = chain.commission("L1", 2)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    chain.supply(chain.pharmacy, packs)
    client = sign_in(chain.authority)
    before = rows(client, f"lot/{chain.gtin}/L1")
    assert len(before) == 3
    kept = chain.commission("L2", 1)
    chain.hours(24 * 400)
    assert forget(chain.store, seed("status"), chain.now).indexes
    client = sign_in(chain.authority)
    assert status(client, f"/traces/lot/{chain.gtin}/L1") == 404
    page = client.get(f"/traces/lot/{chain.gtin}/L2").text
    assert "were erased after their retention" in page
    assert kept


def test_where_a_site_lies_is_said_by_its_party_or_an_authority(
    chain: Chain, sign_in: SignIn, sold: list[str]
) -> None:
    def say(who, site: str, latitude: str = "50.85", longitude: str = "4.35") -> int:
        told = {"site": site, "latitude": latitude, "longitude": longitude}
        return sign_in(who).post("/traces/places", data=told).status_code

    lot = f"/traces/lot/{chain.gtin}/L1"
    assert sign_in(chain.authority).get(lot).text.count("point guessed") == 3
    assert say(chain.wholesaler, chain.wholesaler.site) == 303
    assert say(chain.authority, chain.pharmacy.site, "-33.9", "151.2") == 303
    assert say(chain.wholesaler, chain.maker.site) == 403
    assert say(chain.wholesaler, "9521199000004") == 403
    for latitude, longitude in [("91", "0"), ("0", "-181"), ("nan", "0"), ("inf", "0"), ("", "0"),
                                ("north", "0"), ("1" * 60, "0")]:  # fmt: skip
        assert say(chain.authority, chain.maker.site, latitude, longitude) == 400
    assert say(chain.authority, "nowhere") == 400
    assert sign_in(chain.authority).get(lot).text.count("point guessed") == 1


@given(st.text(st.sampled_from("Pharmacy 1药房，—"), max_size=40), st.floats(20, 200))
def test_a_name_is_cut_to_its_column_whatever_it_is_written_in(words: str, room: float) -> None:
    """A Chinese letter takes the room of two."""
    told = trace_graph.cut(words, room)
    wide = sum(trace_graph.LETTER * (2 if one in "药房，" else 1) for one in told)
    assert wide <= room
    assert told == words or (told.endswith("…") and words.startswith(told[:-1]))


@pytest.mark.parametrize("columns", [2, 5, 7, 9, 14])
def test_columns_share_a_wide_screen_as_long_as_names_have_room(columns: int) -> None:
    sites = [Place("site", f"{n:013d}", 0) for n in range(columns)]
    ways = [Way(start, end, 10) for start, end in pairwise(sites)]
    graph = trace_graph.layout(ways, lambda place: place.name, str)
    assert graph.columns == columns
    assert graph.width == pytest.approx(
        columns * min(trace_graph.COLUMN, max(trace_graph.NARROW, trace_graph.WIDE / columns))
    )
    assert all(node.x + trace_graph.BAR <= graph.width for node in graph.nodes)
