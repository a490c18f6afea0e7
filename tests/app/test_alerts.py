"""Alerts and cases over the web: what raises one, who sees it, what is decided, how it is closed."""

from __future__ import annotations

import csv
import json
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import alerts, create_app
from app.config import Settings
from app.node import KEY, Node
from ledger.rules.casework import AUTHORITY, CLOSINGS, ROOTS
from ledger.statement import dsse
from ledger.statement.dsse import Envelope
from ledger.statement.forms import AFTER_THE_FACT, NOT_HANDED_OUT
from ledger.statement.governance import Sites
from ledger.statement.parts import Site
from ledger.tlog.ed25519 import public_of
from tests.app.conftest import SignIn, login_body
from tests.nodes import close
from tests.world import LICENCE, Chain, Member, gln, seed

GS = "\x1d"
DAY = 24


@pytest.fixture
def node(app: Flask) -> Node:
    found: Node = app.extensions[KEY]
    return found


@pytest.fixture
def stock(chain: Chain) -> Chain:
    """A chain whose pharmacy holds twenty packs of lot L1."""
    packs = chain.commission("L1", 20)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    return chain


@pytest.fixture
def copied(stock: Chain, sign_in: SignIn) -> int:
    """The case of a pack that pharmacy supplied and whose label turned up at pharmacy2."""
    stock.supply(stock.pharmacy, stock.pack_ids("L1", 1))
    stock.hours(1)
    told = scan(sign_in(stock.pharmacy2), stock)
    assert told["alert"] is True
    return int(told["case"])


def scan(client: FlaskClient, chain: Chain, number: int = 0, **changes: str) -> dict[str, Any]:
    text = f"]d201{chain.gtin}21{changes.pop('serial', f'L1-{number:04d}')}{GS}10L1{GS}17280131"
    sent = {"text": text, "source": "wedge", "purpose": "dispense", **changes}
    answer = client.post("/api/scans", json=sent)
    assert answer.status_code == 200
    return dict(answer.get_json())


def do(client: FlaskClient, number: int, act: str, status: int = 200, **fields: str) -> Any:
    answer = client.post(f"/api/alerts/{number}", json={"act": act, **fields})
    assert answer.status_code == status, answer.text
    return answer.get_json()


def cases(client: FlaskClient) -> list[dict[str, Any]]:
    answer = client.get("/alerts.json")
    assert answer.status_code == 200
    return list(answer.get_json()["rows"])


def rules(client: FlaskClient) -> list[str]:
    return sorted(case["rule"] for case in cases(client))


def looked(app: Flask, node: Node) -> int:
    with app.test_request_context():
        return alerts.look(node)


# From a scan


def test_a_scan_that_contradicts_the_log_opens_a_case_and_the_next_ones_fold_into_it(
    stock: Chain, sign_in: SignIn, copied: int
) -> None:
    client = sign_in(stock.pharmacy2)
    stock.hours(1)
    assert scan(client, stock, purpose="receive")["case"] == copied
    [case] = cases(client)
    assert (case["rule"], case["eu"], case["cause"], case["serial"]) == (
        "already-dispensed", "A7", "copied-label", "L1-0000",
    )  # fmt: skip
    told = client.get(f"/api/alerts/{copied}").get_json()
    assert [one["purpose"] for one in told["evidence"]] == ["dispense", "receive"]
    assert told["evidence"][0]["verdict"] == "Do not supply"
    page = client.get(f"/alerts/{copied}").text
    assert "potential suspect falsification" in page
    assert "fake" not in page.lower()


def test_what_a_scanners_fault_explains_opens_no_case(stock: Chain, sign_in: SignIn) -> None:
    stock.supply(stock.pharmacy, stock.pack_ids("L1", 1))
    client = sign_in(stock.pharmacy2)
    plain = f"]d201{stock.gtin}21L1-0000{GS}10L1{GS}17280131"
    for wrong in (plain.swapcase(), plain.replace(GS, "").removeprefix("]d2")):
        for _ in range(3):
            stock.hours(0.1)
            told = client.post("/api/scans", json={"text": wrong, "source": "wedge"}).get_json()
            assert (told["again"] is not None, told["alert"], told["case"]) == (True, False, None)
    assert cases(client) == []


def test_an_unknown_serial_opens_a_case_the_second_time_alone(
    stock: Chain, sign_in: SignIn
) -> None:
    client = sign_in(stock.pharmacy)
    assert scan(client, stock, serial="NOSUCH7")["case"] is None
    stock.hours(0.01)
    assert scan(client, stock, serial="NOSUCH7")["case"] is not None
    assert rules(client) == ["unknown-serial"]


def test_packs_of_a_lot_that_is_not_on_record_are_one_case(stock: Chain, sign_in: SignIn) -> None:
    client = sign_in(stock.pharmacy)
    numbers = set()
    for serial in ("NEW1", "NEW2", "NEW3"):
        text = f"]d201{stock.gtin}21{serial}{GS}10NEWLOT{GS}17280131"
        for _ in range(2):
            stock.hours(0.01)
            told = client.post("/api/scans", json={"text": text, "source": "wedge"}).get_json()
        assert told["alert"] is True
        numbers.add(told["case"])
    [case] = cases(client)
    assert numbers == {case["number"]}
    assert (case["eu"], case["cause"]) == ("A2", "data-missing")
    do(client, case["number"], "decide", decision="keep-apart")
    assert client.post("/api/scans", json={"text": text}).get_json()["decision"] == "keep-apart"
    assert "NEW3" in client.get(f"/alerts/{case['number']}").text


def test_a_pack_read_at_two_places_is_a_case_at_both(stock: Chain, sign_in: SignIn) -> None:
    stock.hours(1)
    thief, owner = sign_in(stock.pharmacy2), sign_in(stock.pharmacy)
    assert scan(thief, stock)["case"] is not None
    stock.hours(5)
    told = scan(owner, stock)
    assert (told["verdict"], told["alert"]) == ("OK", True)
    assert rules(owner) == ["two-places"]
    # Where else it was read is not the site's to know.
    page = owner.get(f"/alerts/{told['case']}").text
    assert "Pharmacy2" not in page
    assert stock.pharmacy2.site not in owner.get(f"/api/alerts/{told['case']}").text


def test_a_stranger_raises_nothing_and_sees_nothing(
    stock: Chain, client: FlaskClient, copied: int
) -> None:
    for _ in range(3):
        stock.hours(1)
        assert scan(client, stock)["case"] is None
    for path in ("/alerts", f"/alerts/{copied}", f"/api/alerts/{copied}", "/alerts.csv"):
        assert client.get(path).status_code == 401


def test_scans_of_one_pack_at_once_fold_into_one_case(
    app: Flask, stock: Chain, sign_in: SignIn
) -> None:
    stock.supply(stock.pharmacy, stock.pack_ids("L1", 1))
    clients = [sign_in(stock.pharmacy2) for _ in range(4)]
    ready, numbers = Barrier(4), []

    def one(client: FlaskClient) -> None:
        ready.wait()
        numbers.append(scan(client, stock)["case"])
        found: Node = app.extensions[KEY]
        found.desk.close()
        found.store.close()

    threads = [Thread(target=one, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(numbers) == 4
    assert len(set(numbers)) == 1


# What is decided about the pack in hand


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        ("give-out", "Give it out, if nothing else speaks against it"),
        ("send-back", "Send it back to who delivered it"),
        ("keep-apart", "Keep it apart, and give it to nobody"),
    ],
)
def test_whoever_has_the_pack_in_hand_is_told_what_was_decided(
    stock: Chain, sign_in: SignIn, copied: int, decision: str, words: str
) -> None:
    client = sign_in(stock.pharmacy2)
    do(client, copied, "decide", decision=decision)
    told = scan(client, stock)
    assert told["decision"] == decision
    assert words in told["decided"]
    link = f"(01){stock.gtin}(17)280131(10)L1(21)L1-0000"
    page = client.post("/verify", data={"text": link, "purpose": "dispense"}).text
    assert words in page
    assert f"/alerts/{copied}" in page
    assert words in client.get(f"/alerts/{copied}").text
    # Another site's scan of the same pack is not told.
    assert scan(sign_in(stock.pharmacy), stock)["decision"] is None


# By whom it is seen, and when


def test_a_case_goes_from_the_site_to_the_holder_to_the_authority(
    stock: Chain, sign_in: SignIn, copied: int
) -> None:
    def sees(who: Member) -> int:
        return int(sign_in(who).get(f"/alerts/{copied}").status_code)

    everyone = (stock.pharmacy2, stock.pharmacy, stock.wholesaler, stock.maker, stock.authority)
    assert [sees(who) for who in everyone] == [200, 404, 404, 404, 404]
    stock.hours(DAY)
    assert [sees(who) for who in everyone] == [200, 404, 404, 200, 200]
    [case] = cases(sign_in(stock.maker))
    assert (case["level"], case["owner"]) == ("holder", "Maker")
    assert do(sign_in(stock.pharmacy2), copied, "take", 403)["code"] == "not-entitled"
    do(sign_in(stock.maker), copied, "take")
    stock.hours(14 * DAY)
    [case] = cases(sign_in(stock.maker))
    assert case["level"] == "authority"
    assert do(sign_in(stock.maker), copied, "take", 403)["code"] == "not-entitled"
    do(sign_in(stock.authority), copied, "take")


def test_the_holder_learns_what_the_site_is_and_not_which(
    stock: Chain, sign_in: SignIn, copied: int
) -> None:
    do(sign_in(stock.pharmacy2), copied, "note", note="asked the supplier")
    do(sign_in(stock.pharmacy2), copied, "pass-on")
    maker = sign_in(stock.maker)
    for path in (f"/alerts/{copied}", f"/api/alerts/{copied}", "/alerts", "/alerts.csv",
                 f"/alerts/{copied}/3911", f"/alerts/{copied}/3911.json"):  # fmt: skip
        text = maker.get(path).text
        for secret in ("Pharmacy2", stock.pharmacy2.site, stock.pharmacy2.gln):
            assert secret not in text, path
    page = maker.get(f"/alerts/{copied}").text
    assert "pharmacy in BE" in page
    assert "L1-0000" in page
    assert "asked the supplier" in page
    assert "another party" in page
    authority = sign_in(stock.authority).get(f"/alerts/{copied}").text
    assert "Pharmacy2, Pharmacy2 site" in authority


@pytest.mark.parametrize("hours", [DAY, 15 * DAY])
def test_a_case_at_the_site_of_whose_turn_it_is_can_be_worked_on_there(
    stock: Chain, sign_in: SignIn, hours: int
) -> None:
    """The holder's own warehouse, or an authority's own office, is no reason to be left outside."""
    who = stock.maker if hours == DAY else stock.authority
    client = sign_in(who)
    for _ in range(2):
        told = scan(client, stock, serial="NOSUCH7", purpose="check")
        stock.hours(0.01)
    stock.hours(hours)
    client = sign_in(who)
    [case] = cases(client)
    assert case["level"] == ("holder" if who is stock.maker else "authority")
    assert who.name.capitalize() in case["place"]  # it knows its own site by name
    do(client, told["case"], "take")
    do(client, told["case"], "close", root="falsification", closing="suspect")


def test_the_authority_counts_what_it_does_not_see(
    stock: Chain, sign_in: SignIn, copied: int
) -> None:
    authority = sign_in(stock.authority)
    assert cases(authority) == []
    page = authority.get("/alerts").text
    assert "All cases by rule" in page
    assert "Already supplied, by the record" in page
    assert "All cases by rule" not in sign_in(stock.pharmacy2).get("/alerts").text


def test_the_authority_is_shown_what_sites_closed_themselves_and_not_the_pack(
    stock: Chain, sign_in: SignIn, copied: int
) -> None:
    def lines(who: Member) -> list[list[str]]:
        return list(csv.reader(sign_in(who).get("/alerts/closed-by-sites.csv").text.splitlines()))

    assert len(lines(stock.authority)) == 1  # of columns alone: the case is open
    told = do(
        sign_in(stock.pharmacy2), copied, "close", root="procedure", closing="explained",
        note="taken back from a ward",
    )  # fmt: skip
    head, row = lines(stock.authority)
    found = dict(zip(head, row, strict=True))
    assert found.pop("\ufeffnumber") == str(copied)
    assert found.pop("closed") == str(stock.now)
    assert int(found.pop("opened")) == told["opened"]
    assert found == {
        "rule": "already-dispensed", "cause": "copied-label", "site": stock.pharmacy2.site,
        "place": "Pharmacy2, Pharmacy2 site", "decision": "", "root": "procedure",
        "closing": "explained",
    }  # fmt: skip
    authority = sign_in(stock.authority)
    page = authority.get("/alerts").text
    assert "Closed by the sites themselves" in page
    assert "Explained: a slip, put right" in page
    assert ("L1-0000" in page, "from a ward" in page) == (False, False)
    assert authority.get(f"/alerts/{copied}").status_code == 404
    for who in (stock.maker, stock.pharmacy, stock.pharmacy2):
        assert len(lines(who)) == 1
        assert "Closed by the sites themselves" not in sign_in(who).get("/alerts").text


def test_a_case_that_went_on_is_not_its_sites_closing(
    stock: Chain, sign_in: SignIn, copied: int
) -> None:
    do(sign_in(stock.pharmacy2), copied, "pass-on")
    do(sign_in(stock.maker), copied, "close", root="procedure", closing="explained")
    assert "Closed by the sites themselves" not in sign_in(stock.authority).get("/alerts").text


def test_home_counts_the_cases_that_wait(
    app: Flask, stock: Chain, sign_in: SignIn, copied: int
) -> None:
    def count(who: Member) -> str:
        page = sign_in(who).get("/").text
        return page.partition('href="/alerts"><span class="count">')[2].partition("<")[0]

    assert (count(stock.pharmacy2), count(stock.maker), count(stock.pharmacy)) == ("1", "0", "0")
    stock.hours(DAY)
    assert (count(stock.pharmacy2), count(stock.maker)) == ("0", "1")
    stock.hours(14 * DAY)
    assert (count(stock.maker), count(stock.authority)) == ("0", "1")


# Work on it


def test_a_case_is_worked_on_and_its_history_names_staff_numbers_and_no_names(
    stock: Chain, node: Node, sign_in: SignIn, copied: int
) -> None:
    person = stock.key_add(stock.pharmacy2, "pat", use="person", staff="17")
    stock.log.submit(person)
    node.desk.people.name(stock.pharmacy2.site, "17", "Pat Pharmacist")
    pat = Member("pharmacy2", "pharmacy", stock.pharmacy2.gln, stock.pharmacy2.site, "")
    client = sign_in(_with_key(pat, "pat"))
    do(client, copied, "take")
    do(client, copied, "decide", decision="send-back", note="supplier agrees")
    told = do(client, copied, "close", root="procedure", closing="explained")
    assert told["status"] == "closed"
    assert [one["did"] for one in told["history"]] == ["opened", "taken", "decided", "closed"]
    assert all(one["by"].startswith("17 ") for one in told["history"][1:])
    assert "Pat Pharmacist" not in json.dumps(told)
    assert "Pat Pharmacist" not in sign_in(stock.pharmacy2).get(f"/api/alerts/{copied}").text
    page = client.get(f"/alerts/{copied}").text
    assert "procedure: done twice, too early or not at all" in page
    assert do(client, copied, "note", 409, note="too late")["code"] == "wrong-state"


def _with_key(who: Member, name: str) -> Member:
    class Keyed(Member):
        @property
        def key(self) -> bytes:
            return seed(name)

    return Keyed(who.name, who.role, who.gln, who.site, who.prefix)


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"act": "close"}, 400, "unfit-closing"),
        ({"act": "close", "root": "procedure"}, 400, "unfit-closing"),
        ({"act": "close", "closing": "explained"}, 400, "unfit-closing"),
        ({"act": "close", "root": "not-found", "closing": "suspect"}, 400, "unfit-closing"),
        ({"act": "close", "root": "theft", "closing": "explained"}, 400, "unfit-closing"),
        ({"act": "close", "root": "falsification", "closing": "illegitimate"}, 403, "not-entitled"),
        ({"act": "decide"}, 400, "malformed"),
        ({"act": "decide", "decision": "sell"}, 400, "malformed"),
        ({"act": "note"}, 400, "malformed"),
        ({"act": "note", "note": "x" * 501}, 400, "malformed"),
        ({"act": "note", "note": "\u202e"}, 400, "malformed"),
        ({"act": "forget"}, 400, "malformed"),
        ({}, 400, "malformed"),
    ],
    ids=str,
)
def test_bad_work_is_refused_in_words_and_changes_nothing(
    stock: Chain, sign_in: SignIn, copied: int, fields: dict[str, str], status: int, code: str
) -> None:
    client = sign_in(stock.pharmacy2)
    before = client.get(f"/api/alerts/{copied}").get_json()
    answer = client.post(f"/api/alerts/{copied}", json=fields)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert answer.get_json()["detail"]
    if code == "unfit-closing":
        assert answer.get_json()["title"].startswith("A case is closed with its root cause")
    page = client.post(f"/alerts/{copied}", data=fields)
    assert page.status_code == status
    assert client.get(f"/api/alerts/{copied}").get_json() == before


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    body=st.binary(max_size=80)
    | st.dictionaries(
        st.sampled_from(["act", "decision", "note", "root", "closing", "other"]),
        st.text(max_size=20) | st.integers() | st.none() | st.sampled_from([*ROOTS, *CLOSINGS]),
    ).map(lambda told: json.dumps(told).encode())
)  # fmt: skip
def test_no_body_is_more_than_refused(
    stock: Chain, sign_in: SignIn, copied: int, body: bytes
) -> None:
    client = sign_in(stock.pharmacy2)
    for path in (f"/api/alerts/{copied}", f"/alerts/{copied}"):
        answer = client.post(path, data=body, content_type="application/json")
        assert answer.status_code in (200, 303, 400, 403, 409)


def test_a_key_that_hammers_on_its_cases_is_slowed_down(
    stock: Chain, copied: int, chain: Chain
) -> None:
    slow = create_app(
        Settings(log=chain.folder, secure=False, per_minute=5, clock=lambda: chain.now)
    )
    client = slow.test_client()
    body = login_body(client, chain, stock.pharmacy2.key, stock.pharmacy2.gln)
    assert client.post("/api/session", data=body).status_code == 200
    sent = [
        client.post(f"/api/alerts/{copied}", json={"act": "note", "note": str(n)}).status_code
        for n in range(8)
    ]
    close(slow)
    assert sent[0] == 200
    assert sent[-1] == 429


@pytest.mark.parametrize("number", ["0", "99", "9" * 18, "9" * 40])
def test_a_number_of_no_case_is_not_found(stock: Chain, sign_in: SignIn, number: str) -> None:
    client = sign_in(stock.pharmacy)
    for path in (f"/alerts/{number}", f"/api/alerts/{number}", f"/alerts/{number}/3911"):
        assert client.get(path).status_code == 404
    assert client.post(f"/api/alerts/{number}", json={"act": "take"}).status_code == 404


def test_a_key_that_may_not_inspect_reads_and_does_not_act(
    stock: Chain, sign_in: SignIn, copied: int
) -> None:
    key = stock.key_add(stock.pharmacy2, "till", operations=["supply"])
    stock.log.submit(key)
    client = sign_in(_with_key(stock.pharmacy2, "till"))
    assert "may not work on cases" in client.get(f"/alerts/{copied}").text
    assert do(client, copied, "take", 403)["code"] == "not-entitled"
    assert do(client, copied, "note", 403, note="seen")["code"] == "not-entitled"


# From statements


def test_short_and_over_are_cases_that_both_sides_see_and_the_right_one_has(
    app: Flask, node: Node, chain: Chain, sign_in: SignIn
) -> None:
    packs = chain.commission("L1", 4)
    ship = chain.ship(chain.maker, packs[:3], chain.pharmacy)
    chain.act("receive", chain.pharmacy, packs[:2], shipment=ship.id, over=[packs[3]])
    chain.act("close_short", chain.pharmacy, packs[2:3], shipment=ship.id)
    found = {case["rule"]: case for case in cases(sign_in(chain.pharmacy))}
    assert {rule: case["place"] for rule, case in found.items()} == {
        "short": "Maker, Maker site", "over": "Pharmacy, Pharmacy site",
    }  # fmt: skip
    assert rules(sign_in(chain.maker)) == ["over", "short"]
    number = found["short"]["number"]
    page = sign_in(chain.pharmacy).get(f"/alerts/{number}").text
    assert f"/shipments/{ship.id}" in page
    assert "It is not your turn" in page
    do(sign_in(chain.pharmacy), number, "take", 403)
    do(sign_in(chain.maker), number, "close", root="count", closing="settled")
    assert rules(sign_in(chain.pharmacy2)) == []


def test_inspections_observations_and_warm_goods_are_found(stock: Chain, sign_in: SignIn) -> None:
    packs = stock.pack_ids("L1", 4)
    stock.supply(stock.pharmacy, packs[:1])
    stock.act("inspect", stock.pharmacy2, packs[:1], reason="supplied-elsewhere")
    stock.act("supply", stock.pharmacy2, packs[:1], declared=AFTER_THE_FACT)
    stock.act("inspect", stock.pharmacy2, packs[1:2], reason="other-holder")
    stock.quarantine(stock.pharmacy, packs[2:3], "temperature")
    client = sign_in(stock.pharmacy2)
    found = {case["rule"]: case for case in cases(client)}
    assert sorted(found) == ["already-dispensed", "wrong-holder"]
    told = client.get(f"/api/alerts/{found['already-dispensed']['number']}").get_json()
    assert [one["op"] for one in told["evidence"]] == ["inspect", "supply"]
    assert all(client.get(f"/log/{one['index']}").status_code == 200 for one in told["evidence"])
    assert rules(sign_in(stock.pharmacy)) == ["excursion"]


def test_a_print_enrolled_for_a_pack_elsewhere_is_the_authoritys_and_the_holders_to_see(
    node: Node, chain: Chain, sign_in: SignIn
) -> None:
    """Where it is made, or came back to, a print may be enrolled anew; of the others each is a case."""
    made, sold, back, inside = chain.commission("L1", 4)
    box = chain.unit(chain.maker)
    chain.pack(chain.maker, [inside], box)
    for item in (made, sold, back):
        chain.act("enrol", chain.maker, [item], extras={item: bytes(32)})
    chain.hand_over(chain.maker, [sold, box], chain.pharmacy)
    chain.hand_over(chain.maker, [back], chain.pharmacy)
    chain.receive(
        chain.maker, chain.send_back("return", chain.pharmacy, [back], chain.maker), [back]
    )
    chain.act("inspect", chain.pharmacy, [made], reason="other-holder")
    again = [made, sold, back, inside]
    chain.act("enrol", chain.maker, again, extras=dict.fromkeys(again, bytes(31) + b"\1"))
    for who in (chain.authority, chain.maker):
        seen = [one for one in cases(sign_in(who)) if one["rule"] == "enrolled-away"]
        found = [node.desk.cases.case(one["number"]) for one in seen]
        assert sorted(one.item for one in found if one) == sorted((sold, inside))
        assert {one.level for one in found if one} == {AUTHORITY}


def test_what_is_under_way_for_too_long_is_found_once_and_only_while_it_is(
    app: Flask, node: Node, chain: Chain, sign_in: SignIn
) -> None:
    packs = chain.commission("L1", 2)
    late = chain.ship(chain.maker, packs[:1], chain.pharmacy)
    chain.hand_over(chain.maker, packs[1:], chain.pharmacy)
    chain.hours(5 * DAY - 1)
    assert looked(app, node) == 0
    chain.hours(2)
    assert looked(app, node) == 1
    [case] = cases(sign_in(chain.pharmacy))
    assert (case["rule"], case["place"]) == ("overdue", "Maker, Maker site")
    chain.receive(chain.pharmacy, late, packs[:1])
    assert looked(app, node) == 0
    do(sign_in(chain.maker), case["number"], "close", root="late-statement", closing="settled")
    chain.hours(DAY)
    assert looked(app, node) == 0


def test_what_was_refused_or_closed_short_is_not_overdue_as_well(
    app: Flask, node: Node, chain: Chain, sign_in: SignIn
) -> None:
    packs = chain.commission("L1", 2)
    for pack, op in zip(packs, ("refuse", "close_short"), strict=True):
        ship = chain.ship(chain.maker, [pack], chain.pharmacy)
        chain.act(op, chain.pharmacy, [pack], shipment=ship.id)
    chain.hours(6 * DAY)
    assert looked(app, node) == 1
    assert rules(sign_in(chain.maker)) == ["short"]


def test_a_suspended_partys_stock_that_moves_is_the_authoritys_at_once(
    chain: Chain, sign_in: SignIn
) -> None:
    packs = chain.commission("L1", 3)
    chain.hand_over(chain.maker, packs[:2], chain.wholesaler)
    ship = chain.ship(chain.wholesaler, packs[:1], chain.pharmacy)
    assert rules(sign_in(chain.authority)) == []
    chain.log.submit(chain.suspend(chain.wholesaler.gln))
    chain.receive(chain.pharmacy, ship, packs[:1])
    chain.send_back("return", chain.wholesaler, packs[1:2], chain.maker)
    chain.hand_over(chain.maker, packs[2:], chain.pharmacy)  # somebody else's
    found = cases(sign_in(chain.authority))
    assert [(case["rule"], case["level"]) for case in found] == [
        ("suspended-moving", "authority")
    ] * len(found)
    assert {case["place"] for case in found} == {
        "Pharmacy, Pharmacy site", "Wholesaler, Wholesaler site",
    }  # fmt: skip


def test_each_look_is_bounded_and_goes_on_where_the_last_one_ended(
    app: Flask, node: Node, stock: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "REACH", 7)
    monkeypatch.setattr(alerts, "BATCH", 2)
    for pack in stock.pack_ids("L1", 5):
        stock.act("inspect", stock.pharmacy2, [pack], reason="other-holder")
    found = []
    while sum(found) < 5:
        found.append(looked(app, node))
        assert len(found) < 100
    assert max(found) <= 2
    assert [looked(app, node) for _ in range(10)] == [0] * 10


def test_processes_that_look_at_once_find_each_alert_once(
    app: Flask, node: Node, stock: Chain, sign_in: SignIn
) -> None:
    for pack in stock.pack_ids("L1", 8):
        stock.act("inspect", stock.pharmacy2, [pack], reason="other-holder")
    ready = Barrier(4)

    def look() -> None:
        with app.test_request_context():
            ready.wait()
            alerts.look(node)
        node.desk.close()
        node.store.close()

    threads = [Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = cases(sign_in(stock.pharmacy2))
    assert len(found) == 8
    for case in found:
        told = sign_in(stock.pharmacy2).get(f"/api/alerts/{case['number']}").get_json()
        assert told["alerts"] == 1


# From what is refused or done twice


def _submit(client: FlaskClient, submission: Any) -> Any:
    return client.post("/api/statements", data=bytes(submission), content_type="application/json")


def test_a_refused_undo_is_a_case_with_the_signed_refusal(
    stock: Chain, node: Node, client: FlaskClient, sign_in: SignIn
) -> None:
    packs = stock.pack_ids("L1", 1)
    supplied = stock.supply(stock.pharmacy, packs)
    stock.hours(241)
    late = stock.event("undo", stock.pharmacy, packs, undoes=supplied.id, declared=NOT_HANDED_OUT)
    for _ in range(3):
        assert _submit(client, late).get_json()["code"] == "undo-late"
    own = sign_in(stock.pharmacy)
    [case] = cases(own)
    assert (case["rule"], case["eu"], case["cause"]) == ("undo-refused", "A24", "procedure")
    told = own.get(f"/api/alerts/{case['number']}").get_json()
    [evidence] = told["evidence"]
    refusal = Envelope.parse(dsse.canonical(evidence["refusal"]))
    refusal.verify(lambda _id: public_of(seed("status")))
    assert evidence["statement"] == late.statement.id
    assert "signed word" in own.get(f"/alerts/{case['number']}").text


def test_supplying_what_another_site_supplied_is_a_case_and_the_own_slip_is_none(
    stock: Chain, client: FlaskClient, sign_in: SignIn
) -> None:
    packs = stock.pack_ids("L1", 1)
    stock.supply(stock.pharmacy, packs)
    answer = _submit(client, stock.event("supply", stock.pharmacy2, packs))
    assert answer.get_json()["code"] == "already-inactive"
    assert rules(sign_in(stock.pharmacy2)) == ["already-dispensed"]
    for hours, found in ((0.1, []), (1, ["already-dispensed"])):
        stock.hours(hours)
        assert _submit(client, stock.event("supply", stock.pharmacy, packs)).status_code == 200
        assert rules(sign_in(stock.pharmacy)) == found


# What leaves the page


def test_the_form_3911_has_its_23_fields_with_facts_and_nothing_else(
    stock: Chain, sign_in: SignIn, copied: int
) -> None:
    client = sign_in(stock.pharmacy2)
    told = client.get(f"/alerts/{copied}/3911.json").get_json()
    fields = {one["number"]: one for one in told["fields"]}
    assert list(fields) == list(range(1, 24))
    assert {number: one["value"] for number, one in fields.items() if number in (1, 6, 10, 11, 14, 15, 16, 21)} == {
        1: "Initial Notification", 6: "Examplin", 10: "10 mg", 11: "tablet", 14: "L1-0000",
        15: "L1", 16: "01/31/2028", 21: "Dispenser (Pharmacy)",
    }  # fmt: skip
    assert fields[20]["value"] == "Pharmacy2, Pharmacy2 site, Street 1, BE"
    assert (fields[2]["value"], fields[4]["value"], fields[5]["value"]) == ("", "", "")
    assert "supplied-elsewhere" in fields[17]["value"]
    stock.hours(DAY)
    do(sign_in(stock.maker), copied, "close", root="falsification", closing="illegitimate")
    told = sign_in(stock.maker).get(f"/alerts/{copied}/3911.json").get_json()["fields"]
    assert (told[3]["value"], told[4]["value"]) == ("10/02/2026", "Counterfeit")
    case = sign_in(stock.maker).get(f"/api/alerts/{copied}").get_json()
    assert case["noticeDue"] == case["history"][-1]["ms"] + DAY * 3_600_000
    assert "Notify the authority" in sign_in(stock.maker).get(f"/alerts/{copied}").text
    assert "Notify the authority" not in sign_in(stock.maker).get("/alerts").text


def test_a_table_for_spreadsheets_says_the_same(stock: Chain, sign_in: SignIn, copied: int) -> None:
    lines = sign_in(stock.pharmacy2).get("/alerts.csv").text.splitlines()
    assert lines[0].lstrip("\ufeff").startswith("number,rule,cause,eu,us,status,level")
    assert lines[1].startswith(f"{copied},already-dispensed,copied-label,A7,")


def test_shops_of_one_party_lend_each_other_packs_without_an_alert(
    app: Flask, stock: Chain, sign_in: SignIn
) -> None:
    branch = _branch(stock)
    lent = stock.pack_ids("L1", 1)
    for hours, where in ((1, branch), (5, stock.pharmacy), (5, branch)):
        stock.hours(hours)
        told = scan(sign_in(where), stock)
        assert (told["alert"], told["case"]) == (False, None), where
    stock.supply(stock.pharmacy, lent)
    for hours, alerted in ((1, False), (1, True)):
        stock.hours(hours)
        assert scan(sign_in(branch), stock)["alert"] is alerted


def _branch(chain: Chain) -> Member:
    """A second shop of the pharmacy's party, with a key of its own."""
    who = chain.pharmacy
    site = Site(
        activities=["storage"], address="Street 2", gln=gln(f"{who.prefix}00020"), licence=LICENCE,
        name="Branch",
    )  # fmt: skip
    chain.log.submit(chain.governance(Sites, party=who.gln, sites=[site]))
    chain.log.submit(chain.key_add(who, "branch", sites=[site.gln]))
    return _with_key(Member(who.name, who.role, who.gln, site.gln, who.prefix), "branch")
