"""What is told of each item while it is scanned: as the log itself would decide now."""

from __future__ import annotations

import json
import time
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.checking import EXPLAINED
from ledger.errors import CODES, Refused
from ledger.statement import gs1
from tests.app.conftest import SignIn
from tests.world import Chain, Member


def label(chain: Chain, item: str, lot: str = "L1", expiry: str = "280131") -> str:
    """A pack's element string as a scanner sends it."""
    serial = gs1.parse_item_id(item).serial
    return f"]d201{chain.gtin}21{serial}\x1d10{lot}\x1d17{expiry}"


def ask(client: FlaskClient, op: str, items: list[str], status: int = 200, **more: str) -> Any:
    answer = client.post("/api/checks", json={"op": op, "items": items, **more})
    assert answer.status_code == status, answer.get_json()
    return answer.get_json()


def one(client: FlaskClient, op: str, item: str, **more: str) -> dict[str, Any]:
    [told] = ask(client, op, [item], **more)["items"]
    return dict(told)


@pytest.fixture
def maker(chain: Chain, sign_in: SignIn) -> FlaskClient:
    return sign_in(chain.maker)


def test_a_pack_in_stock_may_go_and_is_named_by_its_label(chain: Chain, maker: FlaskClient) -> None:
    [pack, *_] = chain.commission("L1", 2)
    told = one(maker, "ship", label(chain, pack), to=chain.wholesaler.site)
    assert (told["ok"], told["code"], told["id"]) == (True, None, pack)
    assert told["label"] == {
        "product": "Examplin 10 mg", "gtin": chain.gtin, "lot": "L1", "expiry": "2028-01-31",
        "serial": "L1-0000", "sscc": "", "packs": 1,
    }  # fmt: skip
    assert told["owner"] == chain.maker.gln


def test_a_container_counts_what_is_inside_and_a_pack_comes_out_by_itself(
    chain: Chain, maker: FlaskClient
) -> None:
    packs = chain.commission("L1", 3)
    case = chain.unit(chain.maker, 1)
    chain.pack(chain.maker, packs, case)
    whole = one(maker, "ship", case, to=chain.wholesaler.site)
    assert (whole["ok"], whole["label"]["packs"], whole["label"]["lot"]) == (True, 3, "L1")
    inner = one(maker, "ship", packs[0], to=chain.wholesaler.site)
    assert inner["ok"]
    assert inner["inside"] == case
    assert gs1.parse_item_id(case).sscc in inner["words"]
    assert chain.reader.world().row(packs[0]).parent == case, "a check changes nothing"


def trouble(chain: Chain, packs: list[str]) -> dict[str, tuple[str, str]]:
    """Each trouble: what is scanned, and the code that is told of it."""
    supplied, held, moving, elsewhere = packs[:4]
    chain.act("quarantine", chain.maker, [held], reason="suspect")
    chain.ship(chain.maker, [moving], chain.pharmacy)
    chain.hand_over(chain.maker, [elsewhere], chain.pharmacy)
    chain.act("sample", chain.maker, [supplied])
    recalled, expired = chain.commission("R1", 1), chain.commission("E1", 1, date(2026, 9, 1))
    chain.log.submit(chain.recall_of(chain.scope(lots=["R1"])))
    return {
        "not a code": ("nonsense", "malformed"),
        "a product, no pack": (chain.gtin, "malformed"),
        "nobody's": (gs1.sgtin(chain.gtin, "NOSUCH"), "unknown-item"),
        "not ours": (elsewhere, "not-holder"),
        "on its way": (moving, "in-transit"),
        "out of the chain": (supplied, "already-inactive"),
        "on hold": (held, "blocked-hold"),
        "recalled": (recalled[0], "blocked-recalled"),
        "expired": (expired[0], "blocked-expired"),
        "another lot on the label": (label(chain, packs[4], lot="L9"), "label-mismatch"),
    }


def test_each_trouble_is_told_with_its_code_and_the_next_step(
    chain: Chain, maker: FlaskClient
) -> None:
    found = trouble(chain, chain.commission("L1", 6))
    told = ask(maker, "ship", [text for text, _ in found.values()], to=chain.wholesaler.site)
    assert told["ok"], "the act itself stands"
    for (what, (text, code)), item in zip(found.items(), told["items"], strict=True):
        assert (item["text"], item["ok"], item["code"]) == (text, False, code), what
        assert item["words"], what
        assert item["next"], what


def test_a_check_says_what_the_log_then_decides(chain: Chain, maker: FlaskClient) -> None:
    """No second table of rules: whatever is asked, the statement ends in the same way."""
    packs = chain.commission("L1", 6)
    texts = [text for text, code in trouble(chain, packs).values() if text.startswith("https")]
    for item in (*texts, packs[5]):
        told = one(maker, "ship", item, to=chain.wholesaler.site)
        event = chain.ship_event(chain.maker, [item], chain.wholesaler)
        try:
            chain.log.submit(event)
            code = None
        except Refused as refused:
            code = refused.code
        assert told["code"] == code, item


def test_the_act_itself_may_not_stand(chain: Chain, maker: FlaskClient) -> None:
    packs = chain.commission("L1", 1)
    chain.log.submit(chain.suspend(chain.pharmacy.site))
    told = ask(maker, "ship", packs, to=chain.pharmacy.site)
    assert (told["ok"], told["code"]) == (False, "suspended")
    assert told["items"][0]["code"] == "suspended"
    assert ask(maker, "ship", packs, to="9521112000003")["code"] == "unknown-site"
    ship = chain.ship_event(chain.maker, packs, chain.wholesaler, number="N-1")
    chain.log.submit(ship)
    told = ask(maker, "ship", [], to=chain.wholesaler.site, number="N-1")
    assert (told["ok"], told["code"]) == (False, "wrong-state")
    assert ask(maker, "ship", [], to=chain.wholesaler.site, number="N-2")["ok"]


def test_what_is_in_another_shipment_says_in_which_one_to_its_two_sides_alone(
    chain: Chain, maker: FlaskClient, sign_in: SignIn
) -> None:
    packs = chain.commission("L1", 1)
    chain.log.submit(chain.ship_event(chain.maker, packs, chain.wholesaler, number="OWN-7"))
    assert "OWN-7" in one(maker, "ship", packs[0], to=chain.pharmacy.site)["words"]
    stranger = sign_in(chain.pharmacy2)
    assert "OWN-7" not in str(one(stranger, "ship", packs[0], to=chain.pharmacy.site))


def test_of_what_is_elsewhere_nothing_is_told_but_that_it_is_not_ours(
    chain: Chain, sign_in: SignIn
) -> None:
    packs = chain.commission("SECRET", 2)
    case = chain.unit(chain.maker, 1)
    chain.pack(chain.maker, packs, case)
    chain.hand_over(chain.maker, [case], chain.wholesaler)
    stranger = sign_in(chain.pharmacy)
    for op in ("supply", "inspect"):
        for item in packs[0], case:
            told = one(stranger, op, item)
            for secret in (
                "SECRET-0001",
                '"lot": "SECRET"',
                chain.wholesaler.gln,
                chain.wholesaler.site,
            ):
                assert secret not in json.dumps(told), op
            assert "owner" not in told
            assert "inside" not in told
    assert one(sign_in(chain.wholesaler), "inspect", case)["label"]["packs"] == 2


def test_a_delivery_is_checked_by_its_outermost_items(chain: Chain, sign_in: SignIn) -> None:
    packs = chain.commission("L1", 3)
    case = chain.unit(chain.maker, 1)
    chain.pack(chain.maker, packs[:2], case)
    ship = chain.ship(chain.maker, [case], chain.wholesaler)
    client = sign_in(chain.wholesaler)
    told = one(client, "receive", packs[0], shipment=ship.id)
    assert (told["ok"], told["inside"]) == (True, case)
    assert one(client, "receive", packs[2], shipment=ship.id)["code"] == "not-in-shipment"
    assert one(sign_in(chain.pharmacy), "receive", case, shipment=ship.id)["code"] == "not-named"
    assert ask(client, "receive", [], shipment="0" * 64)["code"] == "unknown-shipment"


def test_a_scanners_fault_is_offered_repaired_and_not_taken_for_the_pack(
    chain: Chain, maker: FlaskClient
) -> None:
    [pack] = chain.commission("L1", 1)
    swapped = label(chain, pack).swapcase()
    told = one(maker, "ship", swapped, to=chain.wholesaler.site, source="wedge")
    assert (told["ok"], told["code"]) == (False, "scan-again")
    assert told["repaired"]["id"] == pack
    assert one(maker, "ship", told["repaired"]["text"], to=chain.wholesaler.site)["ok"]
    assert "repaired" not in one(maker, "ship", swapped, to=chain.wholesaler.site), "no source"


def test_many_unreadable_lines_do_not_keep_the_server(chain: Chain, maker: FlaskClient) -> None:
    nonsense = [f"]d201{chain.gtin}21NO{n}" for n in range(1000)]
    told = ask(maker, "ship", nonsense, to=chain.wholesaler.site, source="wedge")
    assert {item["code"] for item in told["items"]} == {"unknown-item"}
    assert len(nonsense) > EXPLAINED


def test_a_thousand_items_are_checked_in_one_request(chain: Chain, maker: FlaskClient) -> None:
    packs = chain.commission("L1", 1000)
    start = time.perf_counter()
    told = ask(maker, "ship", packs, to=chain.wholesaler.site)
    print(f"1,000 items: {time.perf_counter() - start:.3f} s")
    assert all(item["ok"] for item in told["items"])
    assert ask(maker, "ship", [*packs, packs[0]], 400, to=chain.wholesaler.site)


@pytest.mark.parametrize(
    "body",
    [
        {"op": "ship", "items": ["x"]},
        {"op": "receive", "items": ["x"]},
        {"op": "pack", "items": ["x"]},
        {"op": "nothing", "items": []},
        {"op": "commission", "items": []},
        {"op": "ship", "items": "x", "to": ""},
        {"op": "supply", "items": [1]},
        {"op": "supply", "items": [], "source": "hearsay"},
        {"op": "supply", "items": [], "more": 1},
        [],
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_refused(maker: FlaskClient, body: object) -> None:
    answer = maker.post("/api/checks", json=body)
    assert answer.status_code in (400, 403)
    assert answer.get_json()["code"] in CODES


def test_who_has_no_right_to_the_act_is_told_so(
    chain: Chain, client: FlaskClient, sign_in: SignIn
) -> None:
    assert ask(client, "supply", [], 401)["code"] == "not-signed-in"
    assert ask(sign_in(chain.maker), "supply", [], 403)["code"] == "not-listed-op"

    def shut(who: Member) -> None:
        chain.log.submit(chain.suspend(who.gln))

    shut(chain.pharmacy)
    assert ask(sign_in(chain.pharmacy), "supply", [], 403)["code"] == "suspended"
    assert ask(sign_in(chain.pharmacy), "return", [], to=chain.maker.site)["ok"]
