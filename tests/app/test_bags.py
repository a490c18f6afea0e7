"""Bags for collection: packs that are checked, lie under a number, and are judged again."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.statement import gs1
from tests.app.conftest import SignIn
from tests.scanner import pictures
from tests.world import Chain


@pytest.fixture
def packs(chain: Chain) -> list[str]:
    """Four packs in the pharmacy's stock."""
    ids = chain.commission("L1", 4)
    chain.hand_over(chain.maker, ids, chain.pharmacy)
    return ids


def fill(client: FlaskClient, packs: list[str]) -> str:
    """A new bag's number."""
    answer = client.post("/api/bags", json={"items": packs})
    assert answer.status_code == 201, answer.get_json()
    return str(answer.get_json()["number"])


def bag(client: FlaskClient, number: str) -> dict[str, tuple[str, str]]:
    """A bag's packs: what became of each, and its verdict now."""
    told = client.get(f"/api/bags/{number}").get_json()
    return {one["id"]: (one["state"], one["verdict"]) for one in told["packs"]}


def waiting(client: FlaskClient) -> list[dict[str, Any]]:
    return list(client.get("/api/bags").get_json()["bags"])


def test_a_bag_waits_until_the_log_says_that_its_packs_were_supplied(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    client = sign_in(chain.pharmacy)
    number = fill(client, packs[:2])
    assert waiting(client) == [{"number": number, "since": chain.now, "packs": 2}]
    assert bag(client, number) == dict.fromkeys(packs[:2], ("waiting", "OK"))
    supplied = chain.supply(chain.pharmacy, packs[:2])
    assert waiting(client) == []
    assert bag(client, number) == dict.fromkeys(packs[:2], ("supplied", None))
    assert "This bag was supplied" in client.get(f"/bags/{number}").text
    chain.undo(chain.pharmacy, supplied, packs[:2])  # and into another bag
    assert fill(client, packs[:2]) != number


def test_a_pack_that_was_recalled_meanwhile_is_judged_again_at_collection(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    client = sign_in(chain.pharmacy)
    number = fill(client, packs[:2])
    chain.quarantine(chain.pharmacy, packs[:1])
    assert bag(client, number) == {packs[0]: ("waiting", "Hold: ask"), packs[1]: ("waiting", "OK")}
    page = client.get(f"/bags/{number}").text
    assert "Not every pack may be supplied" in page
    chain.log.submit(chain.recall_of())
    assert set(bag(client, number).values()) == {("waiting", "Do not supply")}
    assert 'id="supply"' not in client.get(f"/bags/{number}").text


def test_what_is_not_collected_goes_back_to_stock_whole_or_one_by_one(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    client = sign_in(chain.pharmacy)
    number = fill(client, packs[:3])
    client.post(f"/api/bags/{number}/return", json={"items": packs[:1]})
    assert [state for state, _ in bag(client, number).values()] == [
        "returned",
        "waiting",
        "waiting",
    ]
    client.post(f"/api/bags/{number}/return", json={})
    assert waiting(client) == []
    assert "not collected" in client.get(f"/bags/{number}").text
    fill(client, packs[:3])


def test_a_bag_that_is_done_with_is_forgotten_as_scans_are(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    client = sign_in(chain.pharmacy)
    done, waits = fill(client, packs[:1]), fill(client, packs[1:2])
    client.post(f"/api/bags/{done}/return", json={})
    chain.hours(31 * 24)
    client = sign_in(chain.pharmacy)
    fill(client, packs[2:])
    assert client.get(f"/api/bags/{done}").status_code == 404
    assert list(bag(client, waits)) == packs[1:2]


def test_a_pack_lies_in_one_bag_only(chain: Chain, packs: list[str], sign_in: SignIn) -> None:
    client = sign_in(chain.pharmacy)
    number = fill(client, packs[:1])
    answer = client.post("/api/bags", json={"items": packs[:2]})
    assert answer.status_code == 409
    assert number in answer.get_json()["detail"]
    assert len(waiting(client)) == 1


def test_what_may_not_be_supplied_goes_into_no_bag(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    client = sign_in(chain.pharmacy)
    elsewhere = chain.commission("L2", 1)
    chain.quarantine(chain.pharmacy, packs[:1])
    for item, words in ((packs[0], "on hold"), (elsewhere[0], "not in your stock"),
                        (gs1.sgtin(chain.gtin, "NOSUCH"), "No pack")):  # fmt: skip
        answer = client.post("/api/bags", json={"items": [packs[1], item]})
        assert (answer.status_code, answer.get_json()["code"]) == (409, "wrong-state")
        assert words in answer.get_json()["detail"]
    assert waiting(client) == []


def test_a_slip_bears_the_number_and_nothing_of_the_packs(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    client = sign_in(chain.pharmacy)
    number = fill(client, packs[:2])
    page = client.get(f"/bags/{number}/slip").text
    assert page.count("<svg") == 1
    assert number in page
    assert "L1-0000" not in page
    assert chain.gtin not in page


@pytest.mark.parametrize("typed", ["{0}", " {0} ", "lower", "bare"])
def test_a_bag_is_opened_by_its_number_as_scanned_or_typed(
    chain: Chain, packs: list[str], sign_in: SignIn, typed: str
) -> None:
    client = sign_in(chain.pharmacy)
    number = fill(client, packs[:1])
    text = {"lower": number.lower(), "bare": number[4:]}.get(typed, typed.format(number))
    answer = client.get("/bags", query_string={"number": text})
    assert (answer.status_code, answer.location) == (303, f"/bags/{number}")


def test_a_slip_before_the_camera_tells_its_number_and_only_who_may_have_bags(
    chain: Chain, packs: list[str], client: FlaskClient, sign_in: SignIn
) -> None:
    number = fill(sign_in(chain.pharmacy), packs[:1])
    slip = pictures.encoded(pictures.qr(number, 6))
    for who, told in ((sign_in(chain.pharmacy), number), (client, None)):
        image = (io.BytesIO(slip), "slip.png")
        answer = who.post("/api/scans", data={"image": image, "stream": "1"})
        assert answer.get_json()["bag"] == told
        answer = who.post("/api/scans", json={"text": number})
        assert answer.get_json()["bag"] == told
        assert answer.get_json()["verdict"] == "Not checked"


def test_another_sites_bag_and_a_strangers_question_find_nothing(
    chain: Chain, packs: list[str], client: FlaskClient, sign_in: SignIn
) -> None:
    number = fill(sign_in(chain.pharmacy), packs[:1])
    other = sign_in(chain.pharmacy2)
    for path in (f"/api/bags/{number}", f"/bags/{number}", f"/bags/{number}/slip"):
        assert other.get(path).status_code == 404
        assert client.get(path).status_code == 401
    assert other.post(f"/api/bags/{number}/return", json={}).status_code == 404
    assert client.post(f"/api/bags/{number}/return", json={}).status_code == 401
    assert client.post("/api/bags", json={"items": packs}).status_code == 401
    assert other.get("/bags?number=nonsense").status_code == 404
    assert waiting(other) == []


@pytest.mark.parametrize(
    "items",
    [None, [], "x", [1], ["x"], ["https://id.gs1.org/00/095211000000000018"], {"a": 1},
     ["https://id.gs1.org/01/09521102000016/21/A"], ["https://id.gs1.org/01/1/21/A"] * 101],
    ids=str,
)  # fmt: skip
def test_a_bad_list_is_refused_in_words(
    chain: Chain, packs: list[str], sign_in: SignIn, items: object
) -> None:
    client = sign_in(chain.pharmacy)
    answer = client.post("/api/bags", json={"items": items})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "malformed")
    number = fill(client, packs[:1])
    answer = client.post(f"/api/bags/{number}/return", json={"items": items})
    assert answer.status_code == 400
