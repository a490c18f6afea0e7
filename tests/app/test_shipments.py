"""Shipments as their two sides see them: lists, one shipment, its exceptions, its delivery note."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.statement import gs1
from ledger.statement.parts import ProductPolicy, Storage
from ledger.store.batch import Receipt
from tests.app.conftest import SignIn
from tests.world import Chain, Member


def shipment(client: FlaskClient, ship: Receipt, status: int = 200) -> dict[str, Any]:
    answer = client.get(f"/api/shipments/{ship.id}")
    assert answer.status_code == status, answer.get_json()
    return dict(answer.get_json())


def standing(told: dict[str, Any]) -> dict[str, str]:
    return {item["id"]: item["standing"] for item in told["items"]}


def sent(
    chain: Chain, number: str, count: int = 3, to: Member | None = None
) -> tuple[Receipt, list[str]]:
    packs = chain.commission(f"L{number}", count)
    event = chain.ship_event(chain.maker, packs, to or chain.wholesaler, number=number)
    return chain.log.submit(event), packs


def test_both_sides_and_the_authority_see_it_and_nobody_else(
    chain: Chain, client: FlaskClient, sign_in: SignIn
) -> None:
    ship, packs = sent(chain, "N-1")
    for who, side in ((chain.maker, "sender"), (chain.wholesaler, "receiver"),
                      (chain.authority, "authority")):  # fmt: skip
        told = shipment(sign_in(who), ship)
        assert (told["number"], told["side"], told["overdue"]) == ("N-1", side, False)
        assert standing(told) == dict.fromkeys(packs, "open")
    other = sign_in(chain.pharmacy)
    for path in (f"/api/shipments/{ship.id}", f"/shipments/{ship.id}", "/shipments/N-1",
                 f"/shipments/{ship.id}/note", f"/shipments/{ship.id}/receive"):  # fmt: skip
        assert other.get(path).status_code == 404, path
        assert client.get(path).status_code == 401, path


def test_what_was_received_lacked_was_too_much_or_refused_is_told(
    chain: Chain, sign_in: SignIn
) -> None:
    packs = chain.commission("L1", 8)
    case = chain.unit(chain.maker, 1)
    chain.pack(chain.maker, packs[:3], case)
    extra = chain.commission("L2", 1)
    ship = chain.ship(chain.maker, [case, *packs[3:7]], chain.wholesaler)
    chain.log.submit(
        chain.event("receive", chain.wholesaler, [case, packs[3]], shipment=ship.id,
                    over=extra, missing=[packs[0]])
    )  # fmt: skip
    chain.log.submit(chain.event("refuse", chain.wholesaler, [packs[4]], shipment=ship.id))
    chain.log.submit(chain.event("close_short", chain.wholesaler, [packs[5]], shipment=ship.id))
    chain.act("lost", chain.maker, [packs[6]])
    client = sign_in(chain.maker)
    told = shipment(client, ship)
    assert standing(told) == {
        case: "received", packs[0]: "open", packs[3]: "received", packs[4]: "refused",
        packs[5]: "short", packs[6]: "gone",
    }  # fmt: skip
    [lot] = told["lots"]
    counts = {name: lot[name] for name in ("sent", "received", "open", "refused", "short", "gone")}
    assert counts == {"sent": 7, "received": 3, "open": 1, "refused": 1, "short": 1, "gone": 1}
    assert [one["serial"] for one in told["events"][0]["over"]] == ["L2-0000"]
    assert [one["serial"] for one in told["events"][0]["missing"]] == ["L1-0000"]
    chain.receive(chain.maker, ship, [packs[4]])
    assert standing(shipment(client, ship))[packs[4]] == "back"
    page = client.get(f"/shipments/{ship.id}").text
    for words in (
        "1 item did not arrive",
        "1 item was found too much",
        "Agree: report 1 item as lost",
    ):
        assert words in page


def test_a_delivery_may_come_in_several_and_a_container_is_told_as_it_was_sent(
    chain: Chain, sign_in: SignIn
) -> None:
    packs = chain.commission("L1", 6)
    cases = [chain.unit(chain.maker, n) for n in (1, 2)]
    for case, some in zip(cases, (packs[:3], packs[3:]), strict=True):
        chain.pack(chain.maker, some, case)
    ship = chain.ship(chain.maker, cases, chain.wholesaler)
    chain.receive(chain.wholesaler, ship, cases[:1])
    chain.unpack(chain.wholesaler, cases[0])
    told = shipment(sign_in(chain.maker), ship)
    assert standing(told) == {cases[0]: "received", cases[1]: "open"}
    assert [item["label"]["packs"] for item in told["items"]] == [3, 3]
    chain.receive(chain.wholesaler, ship, cases[1:])
    assert set(standing(shipment(sign_in(chain.maker), ship)).values()) == {"received"}


def numbers(client: FlaskClient, heading: str) -> list[str]:
    """The numbers in a table of /shipments, in their order."""
    page = client.get("/shipments").text
    part = page.partition(f'id="{heading}"')[2].partition("</section>")[0]
    return [cell.partition("</a>")[0] for cell in part.split('<a class="code" href="/shipments/')[1:]
            for cell in [cell.partition(">")[2]]]  # fmt: skip


def test_overdue_comes_first_by_the_policys_time_for_the_product(
    chain: Chain, sign_in: SignIn
) -> None:
    client = sign_in(chain.wholesaler)
    assert "Nothing is on its way to this site" in client.get("/shipments").text
    sent(chain, "OLD")
    chain.hours(24)
    sent(chain, "NEW")
    client = sign_in(chain.wholesaler)
    assert numbers(client, "arriving") == ["OLD", "NEW"]
    assert "Overdue" not in client.get("/shipments").text
    chain.hours(24 * 4 + 1)
    page = sign_in(chain.wholesaler).get("/shipments").text
    assert page.count("Overdue") == 2, "in the table, and among what is out of order"
    assert "close it short" in page


def test_a_product_may_have_to_arrive_sooner(chain: Chain, sign_in: SignIn) -> None:
    rule = ProductPolicy(max_transit=4, storage=Storage(max=8, min=2))
    chain.log.submit(chain.policy_change(products={chain.gtin: rule}))
    ship, _ = sent(chain, "COLD")
    told = shipment(sign_in(chain.maker), ship)
    assert (told["due"] - told["ms"], told["overdue"]) == (4 * 3_600_000, False)
    chain.hours(5)
    assert shipment(sign_in(chain.maker), ship)["overdue"]
    assert "Overdue" in sign_in(chain.maker).get("/shipments").text


def test_done_is_apart_from_under_way_and_both_sides_are_listed(
    chain: Chain, sign_in: SignIn
) -> None:
    ship, packs = sent(chain, "ONE")
    chain.receive(chain.wholesaler, ship, packs)
    sent(chain, "TWO")
    assert numbers(sign_in(chain.wholesaler), "arriving") == ["TWO"]
    assert numbers(sign_in(chain.wholesaler), "done") == ["ONE"]
    assert numbers(sign_in(chain.maker), "leaving") == ["TWO"]
    told = sign_in(chain.maker).get("/shipments.json").get_json()["rows"]
    assert [(row["number"], row["direction"], row["packs_under_way"]) for row in told] == [
        ("TWO", "from", 3), ("ONE", "from", 0),
    ]  # fmt: skip
    assert len(sign_in(chain.maker).get("/shipments.csv").text.splitlines()) == 3


def test_too_much_is_told_to_both_sides_with_what_to_do(chain: Chain, sign_in: SignIn) -> None:
    ship, packs = sent(chain, "ONE")
    extra = chain.commission("X", 1)
    chain.log.submit(chain.event("receive", chain.wholesaler, packs, shipment=ship.id, over=extra))
    for who in (chain.maker, chain.wholesaler):
        page = sign_in(who).get("/shipments").text
        assert "1 item was found too much" in page


def test_a_number_that_two_senders_use_asks_which(chain: Chain, sign_in: SignIn) -> None:
    sent(chain, "SAME")
    packs = chain.commission("P", 1)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    chain.log.submit(chain.ship_event(chain.pharmacy, packs, chain.wholesaler, number="SAME"))
    client = sign_in(chain.wholesaler)
    assert "Which shipment SAME?" in client.get("/shipments/SAME").text
    assert client.get("/shipments/SAME/note").status_code == 409
    assert sign_in(chain.maker).get("/shipments/SAME").status_code == 200
    for name in ("NONE", "x" * 64, "0" * 64, "' OR 1=1"):
        assert client.get(f"/shipments/{name}").status_code == 404


def test_only_the_two_sites_of_a_shipment_book_it_in(chain: Chain, sign_in: SignIn) -> None:
    ship, _ = sent(chain, "ONE")
    assert sign_in(chain.authority).get(f"/shipments/{ship.id}/receive").status_code == 403
    assert sign_in(chain.wholesaler).get("/shipments/ONE/receive").location.endswith("/receive")
    assert sign_in(chain.wholesaler).get(f"/shipments/{ship.id}/receive").status_code == 200


def test_the_delivery_note_holds_the_transaction_information(chain: Chain, sign_in: SignIn) -> None:
    packs = chain.commission("L1", 3)
    case = chain.unit(chain.maker, 1)
    chain.pack(chain.maker, packs[:2], case)
    ship = chain.ship(chain.maker, [case, packs[2]], chain.wholesaler)
    chain.receive(chain.wholesaler, ship, [case])
    chain.unpack(chain.wholesaler, case)
    page = sign_in(chain.maker).get(f"/shipments/{ship.id}/note").text
    for words in ("Examplin", "10 mg, tablet", "2028-01-31", "L1-0000", "L1-0001", "L1-0002",
                  gs1.parse_item_id(case).sscc, "Maker (", "Wholesaler (", f"/shipments/{ship.id}",
                  "Street 1", "<svg", "Number of containers"):  # fmt: skip
        assert words in page, words
    assert "581(27)" not in page, "nothing of this is sold in the US"


def test_in_the_us_the_note_affirms_the_transaction_statement(
    chain: Chain, sign_in: SignIn
) -> None:
    chain.log.submit(chain.product(markets=["US"], national_code="0002-1433"))
    ship, packs = sent(chain, "ONE")
    page = sign_in(chain.wholesaler).get(f"/shipments/{ship.id}/note").text
    assert "581(27)(A)-(G)" in page
    assert "0002-1433" in page
    chain.receive(chain.wholesaler, ship, packs)
    back = chain.send_back("return", chain.wholesaler, packs, chain.maker)
    assert "581(27)" not in sign_in(chain.maker).get(f"/shipments/{back.id}/note").text


@pytest.mark.parametrize(
    ("query", "names"),
    [("phARmacy", {"Pharmacy", "Pharmacy2"}), ("95211120", {"Wholesaler"}), ("nobody", set())],
)
def test_places_are_found_by_name_or_number(
    chain: Chain, client: FlaskClient, query: str, names: set[str]
) -> None:
    found = client.get(f"/api/sites?q={query}").get_json()["sites"]
    assert {one["partyName"] for one in found} == names


def test_a_suspended_place_is_not_offered_and_a_search_says_something(
    chain: Chain, client: FlaskClient
) -> None:
    chain.log.submit(chain.suspend(chain.pharmacy.site))
    chain.log.submit(chain.suspend(chain.pharmacy2.gln))
    assert client.get("/api/sites?q=pharmacy").get_json()["sites"] == []
    for query in ("", "a", "a" * 101):
        assert client.get(f"/api/sites?q={query}").status_code == 400


def test_home_says_what_waits_for_a_site(
    chain: Chain, client: FlaskClient, sign_in: SignIn
) -> None:
    ship, packs = sent(chain, "ONE")
    chain.log.submit(chain.event("close_short", chain.wholesaler, packs[:1], shipment=ship.id))
    for who, words in (
        (chain.maker, "Agree: report them as lost"),
        (chain.wholesaler, "The sender has been told"),
    ):
        page = sign_in(who).get("/").text
        assert "1 item did not arrive" in page
        assert words in page
    assert "What waits for this site" not in client.get("/").text
    assert numbers(sign_in(chain.wholesaler), "arriving") == ["ONE"]
