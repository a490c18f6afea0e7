"""Holds and recalls on the pages: who sees what, who is asked, what is told before anybody signs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import recalls
from app.recall_events import KEY as STREAMS
from app.recall_events import LIFE, MOST, Streams
from app.serve import THREADS
from ledger.build import list_scope, sign_governance
from ledger.statement import gs1
from ledger.statement.events import Event
from ledger.statement.governance import Product, Sites
from ledger.statement.parts import Counts, Open, Scope, Site, Storage
from ledger.store.batch import Receipt
from ledger.store.desk import Person
from ledger.store.recalls import answered, cases
from tests.app.conftest import SignIn, login_body
from tests.world import LICENCE, Chain, Member, gln, gtin, seed


@pytest.fixture
def packs(chain: Chain) -> list[str]:
    """Twelve of a lot: 3 supplied, 2 at a pharmacy, 3 in a case at the wholesaler, 1 on its way there."""
    packs = chain.commission("L1", 12)
    case = chain.unit(chain.maker)
    chain.pack(chain.maker, packs[:3], case)
    chain.hand_over(chain.maker, [case, *packs[3:8]], chain.wholesaler)
    chain.hand_over(chain.wholesaler, packs[3:8], chain.pharmacy)
    chain.supply(chain.pharmacy, packs[5:8])
    chain.ship(chain.maker, packs[8:9], chain.wholesaler)
    return packs


def recalled(chain: Chain, **changes: Any) -> Receipt:
    return chain.log.submit(chain.recall_of(chain.scope(lots=["L1"]), **changes))


def told(client: FlaskClient, recall: Receipt) -> dict[str, Any]:
    answer = client.get(f"/api/recalls/{recall.id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def counts(**some: int) -> Counts:
    return Counts(**{"destroyed": 0, "held": 0, "none": 0, "quarantined": 0, "returned": 0, **some})


def by_site(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["site"]: row for row in told["holders"]}


def states(told: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {one["state"]: (one["packs"], one["inferred"]) for one in told["states"]}


def test_the_board_says_who_holds_what_and_who_is_silent(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    recall = recalled(chain)
    board = told(sign_in(chain.authority), recall)
    assert states(board) == {"stock": (8, 3), "transit": (1, 0), "supplied": (3, 0)}
    assert (board["packs"], board["unreachable"]) == (12, 3)
    assert (board["concerned"], board["answered"], board["silent"]) == (3, 0, 3)
    holders = by_site(board)
    assert holders[chain.pharmacy.site]["states"] == {"stock": 2, "supplied": 3}
    assert holders[chain.wholesaler.site]["coming"] == 1
    assert all(row["silent"] and not row["late"] for row in board["holders"])
    [way] = board["transit"]
    assert (way["from"], way["to"], way["packs"]) == (chain.maker.site, chain.wholesaler.site, 1)
    assert board["leftOpen"] == [
        {"state": "stock", "packs": 8}, {"state": "transit", "packs": 1}, {"state": "supplied", "packs": 3},
    ]  # fmt: skip


def test_answers_are_told_and_held_against_the_log(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    recall = recalled(chain)
    chain.log.submit(chain.answer(chain.pharmacy, recall))  # none, and yet two lie there
    chain.log.submit(chain.answer(chain.wholesaler, recall, counts=counts(quarantined=3)))
    chain.hours(24 * 20)
    client = sign_in(chain.maker)
    board = told(client, recall)
    assert board["holders"][0]["site"] == chain.maker.site  # silent, and first
    holders = by_site(board)
    assert holders[chain.maker.site]["late"]
    assert holders[chain.pharmacy.site]["differs"]
    assert holders[chain.pharmacy.site]["answer"]["none"]
    assert not holders[chain.wholesaler.site]["differs"]
    assert (board["answered"], board["silent"]) == (2, 1)
    page = client.get(f"/recalls/{recall.id}").text
    assert "differs" in page
    assert "late" in page
    report = client.get(f"/recalls/{recall.id}/report").text
    assert "66.7 %" in report


def test_a_holder_sees_counts_by_site_and_no_shipment_or_pack(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    recall = recalled(chain)
    client = sign_in(chain.maker)
    board = told(client, recall)
    assert board["sight"] == "holders"
    assert all("id" not in way and "number" not in way for way in board["transit"])
    path = f"/recalls/{recall.id}/packs?state=stock&site="
    assert client.get(path + chain.pharmacy.site).status_code == 404
    assert client.get(path + chain.maker.site).status_code == 200  # its own
    whole = sign_in(chain.authority)
    page = whole.get(path + chain.pharmacy.site)
    assert page.status_code == 200
    for pack in packs[3:5]:
        assert gs1.parse_item_id(pack).serial in page.text
    table = whole.get(f"/recalls/{recall.id}/packs.csv?state=stock&site={chain.wholesaler.site}")
    rows = list(csv.reader(io.StringIO(table.text.lstrip("\ufeff"))))
    assert sorted(row[0] for row in rows[1:]) == sorted(packs[:3])
    assert len({row[2] for row in rows[1:]}) == 1  # the case


def test_packs_on_hold_in_a_case_are_told_from_those_around_them(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    """The list behind a number has as many packs as the number says."""
    chain.act("quarantine", chain.maker, packs[:1], reason="suspect")  # it lies in the case
    recall, client = recalled(chain), sign_in(chain.authority)
    site = chain.wholesaler.site
    assert by_site(told(client, recall))[site]["states"] == {"stock": 2, "hold": 1}
    for state, there in (("stock", packs[1:3]), ("hold", packs[:1])):
        path, query = f"/recalls/{recall.id}/packs", f"?state={state}&site={site}"
        table = client.get(f"{path}.csv{query}").text.lstrip("\ufeff")
        [_head, *rows] = csv.reader(io.StringIO(table))
        assert [row[0] for row in rows] == there, state
        case = gs1.parse_item_id(f"https://id.gs1.org/00/{rows[0][2]}").sscc
        page = client.get(f"{path}{query}&unit={case}").text
        shown = [one for one in packs if f">{gs1.parse_item_id(one).serial}<" in page]
        assert shown == there, state
        own = client.get(f"{path}.csv{query}&unit={case}").text.lstrip("\ufeff")
        assert list(csv.reader(io.StringIO(own)))[1:] == rows, state


def test_a_hold_tells_its_holder_no_other_site(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    hold = chain.log.submit(chain.hold(chain.scope(lots=["L1"])))
    board = told(sign_in(chain.maker), hold)
    assert (board["sight"], board["packs"]) == ("sums", 12)
    for path in ("", ".csv", ".json", "/report"):
        text = sign_in(chain.maker).get(f"/recalls/{hold.id}{path}").text
        assert chain.pharmacy.site not in text
        assert chain.wholesaler.site not in text
    assert "holders" in told(sign_in(chain.authority), hold)


def test_a_site_sees_its_own_part_alone(chain: Chain, packs: list[str], sign_in: SignIn) -> None:
    recall = recalled(chain)
    client = sign_in(chain.pharmacy)
    part = told(client, recall)
    assert part["sight"] == "own"
    assert not {"states", "holders", "transit", "packs"} & set(part)
    [here] = part["here"]
    assert (here["site"], here["here"], here["asked"]) == (chain.pharmacy.site, 2, True)
    for path in ("", ".csv", ".json"):
        text = client.get(f"/recalls/{recall.id}{path}").text
        assert chain.wholesaler.site not in text
    assert client.get(f"/recalls/{recall.id}/report").status_code == 403
    path = f"/recalls/{recall.id}/packs?state=stock&site={chain.wholesaler.site}"
    assert client.get(path).status_code == 404
    [line] = client.get("/recalls.json").get_json()["rows"]
    assert (line["sites"], line["silent"], line["packs"]) == ("", "", "")


def test_a_site_is_asked_until_it_has_answered(
    app: Flask, chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    recall = recalled(chain)
    client = sign_in(chain.pharmacy)

    def waiting(who: Member) -> list[tuple[str, int, int]]:
        with app.test_request_context():
            found = recalls.waiting_for(Person(who.gln, who.site, ""))
        return [(one.case.id, one.here, one.coming) for one in found]

    assert waiting(chain.pharmacy) == [(recall.id, 2, 0)]
    assert waiting(chain.wholesaler) == [(recall.id, 3, 1)]
    assert waiting(chain.pharmacy2) == []
    assert "1 recall waits for your answer" in client.get("/").text
    chain.log.submit(chain.answer(chain.pharmacy, recall))
    assert waiting(chain.pharmacy) == []
    assert "waits for your answer" not in client.get("/").text
    chain.log.submit(chain.recall_close(recall))
    assert waiting(chain.wholesaler) == []


def test_a_chain_answers_for_each_of_its_shops(chain: Chain, sign_in: SignIn) -> None:
    shop = gln("952130000099")
    record = Site(
        activities=["storage"], address="Street 2", gln=shop, licence=LICENCE, name="Second shop"
    )
    chain.log.submit(chain.governance(Sites, party=chain.pharmacy.gln, sites=[record]))
    both = sorted([chain.pharmacy.site, shop])
    chain.log.submit(chain.key_add(chain.pharmacy, "pharmacy chain", sites=both))
    chain.commission("L1", 2)
    recall = recalled(chain)
    client = sign_in(chain.pharmacy)
    assert [one["site"] for one in told(client, recall)["here"]] == [chain.pharmacy.site]
    body = login_body(client, chain, seed("pharmacy chain"), chain.pharmacy.gln)
    login = b'{"site":"' + shop.encode() + b'",' + body[1:]
    assert client.post("/api/session", data=login).status_code == 200
    part = told(client, recall)
    assert [one["site"] for one in part["here"]] == both
    assert "None held at 2 sites" in client.get(f"/recalls/{recall.id}").text


def test_before_signing_it_is_told_what_a_scope_holds(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    client = sign_in(chain.maker)

    def preview(**scope: Any) -> dict[str, Any]:
        answer = client.post("/api/recalls/preview", json={"gtin": chain.gtin, **scope})
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    found = preview(lots=["L1"])
    assert (found["packs"], found["sites"], found["unknownLots"]) == (12, 3, [])
    assert found["already"] == []
    unknown = preview(lots=["L1", "NOWHERE"])
    assert (unknown["packs"], unknown["unknownLots"]) == (12, ["NOWHERE"])
    assert preview(items=packs[:2])["packs"] == 2
    row = chain.reader.world().row(packs[0])
    assert row is not None
    chain.commission("L2", 1)
    assert preview(statement=chain.reader.logged(row.born).id)["packs"] == 12
    assert preview()["packs"] == 13
    recall = recalled(chain)
    assert preview(lots=["L1"])["already"] == [{"id": recall.id, "kind": "recalled"}]
    assert preview(lots=["L2"])["already"] == []
    assert preview()["already"] == [{"id": recall.id, "kind": "recalled"}]


def test_a_list_of_packs_and_containers_is_read(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    case = chain.unit(chain.maker)
    chain.pack(chain.maker, packs[9:11], case)
    theirs = next(iter(chain.reader.world().chain(chain.reader.world().row(packs[0])))).id

    def read(who: Member, *texts: str) -> list[tuple[bool, list[str]]]:
        answer = sign_in(who).post(
            "/api/recalls/items", json={"gtin": chain.gtin, "items": list(texts)}
        )
        assert answer.status_code == 200, answer.text
        return [(one["ok"], sorted(one["ids"])) for one in answer.get_json()["items"]]

    other = gs1.sgtin(chain.gtin, "NOWHERE")
    foreign = gs1.sgtin("09521102000015", "A")
    assert read(chain.maker, packs[11], case, other, foreign, "nonsense", theirs) == [
        (True, packs[11:]), (True, packs[9:11]), (False, []), (False, []), (False, []), (False, []),
    ]  # fmt: skip
    assert read(chain.authority, theirs) == [(True, packs[:3])]


def test_a_list_is_no_way_to_learn_where_others_packs_are(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    """Neither asked for before it is signed, nor signed as it is: packs of another product stay out."""
    other = gtin(f"0{chain.wholesaler.prefix}00001")
    theirs = {"gtin": other, "holder": chain.wholesaler.gln, "by": chain.wholesaler.gln}
    made = chain.governance(
        Product, chain.wholesaler.admin, form="tablet", markets=["BE"], name="Othin",
        pack_size="30", packers=[], storage=Storage(max=25, min=2), strength="5 mg",
        wholesalers=[], **theirs,
    )  # fmt: skip
    chain.log.submit(made)
    client = sign_in(chain.wholesaler)
    answer = client.post("/api/recalls/preview", json={"gtin": other, "items": packs[:2]})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "malformed")
    secret = b"1" * 32
    scope = Scope(gtin=other, items=list_scope(packs, secret))
    body = chain.recall_of(
        scope, by=chain.wholesaler.gln, keys=[chain.wholesaler.key]
    ).statement.body
    assert not isinstance(body, Event)
    recall = chain.log.submit(sign_governance(body, [chain.wholesaler.key], packs, secret))
    board = told(client, recall)
    assert (board["sight"], board["packs"], board["holders"]) == ("holders", 0, [])


def test_who_does_not_hold_the_product_opens_nothing(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    client = sign_in(chain.pharmacy)
    for path, body in (("preview", {}), ("items", {"items": []})):
        answer = client.post(f"/api/recalls/{path}", json={"gtin": chain.gtin, **body})
        assert (answer.status_code, answer.get_json()["code"]) == (403, "not-your-product")
    assert "Your party holds no product" in client.get("/recalls/new").text
    assert "Put a product on hold" not in client.get("/recalls").text


BAD: list[dict[str, Any]] = [
    {}, {"gtin": 1}, {"gtin": "09521111000013", "lots": "L1"}, {"gtin": "09521111000013", "lots": ["ä"]},
    {"gtin": "09521111000013", "lots": ["L1"], "items": ["x"]}, {"gtin": "09521111000013", "more": 1},
    {"gtin": "09521111000013", "lots": [str(n) for n in range(1001)]},
    {"gtin": "09521111000013", "items": ["https://id.gs1.org/01/09521111000013/21/A\0"]},
    {"gtin": "09521111000013", "statement": "\0"},
]  # fmt: skip


@pytest.mark.parametrize("body", [*BAD, [], "x", None])
def test_what_is_no_scope_is_refused_in_words(chain: Chain, sign_in: SignIn, body: Any) -> None:
    answer = sign_in(chain.maker).post("/api/recalls/preview", json=body)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "malformed")
    unknown = {"gtin": chain.gtin, "statement": "0" * 64}
    answer = sign_in(chain.maker).post("/api/recalls/preview", json=unknown)
    assert answer.get_json()["code"] == "unknown-item"


@pytest.mark.parametrize("path", ["A", "0" * 64, "0" * 64 + "/report", "0" * 64 + ".csv"])
def test_what_is_no_recall_is_not_found(chain: Chain, sign_in: SignIn, path: str) -> None:
    assert sign_in(chain.authority).get(f"/recalls/{path}").status_code == 404
    assert sign_in(chain.authority).get(f"/api/recalls/{path.split('/')[0]}").status_code == 404


def test_a_question_for_packs_that_cannot_be_is_not_found(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    recall = recalled(chain)
    client = sign_in(chain.authority)
    for query in (
        "",
        "?state=nowhere&site=1",
        "?state=stock&site=1&unit=%00",
        "?state=stock&site=%00",
        "?state=stock&after=%00",
        "?state=stock&unit=1",
    ):
        answer = client.get(f"/recalls/{recall.id}/packs{query}")
        assert answer.status_code == 404, query
    page = client.get(f"/recalls/{recall.id}/packs?state=stock&site=1&after=%EF%BF%BD")
    assert page.status_code == 200


def test_another_sites_answer_is_refused(
    chain: Chain, packs: list[str], client: FlaskClient
) -> None:
    recall = recalled(chain)
    body = bytes(chain.answer(chain.pharmacy, recall, site=chain.wholesaler.site))
    answer = client.post("/api/statements", data=body, content_type="application/json")
    assert answer.status_code == 403
    assert answer.get_json()["code"] in ("wrong-site", "not-entitled")
    assert answered(chain.store, recall.id) == {}


def test_what_is_closed_says_what_stays_open(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    recall = recalled(chain)
    left = [Open(count=3, reason="supplied: patients were told by the press")]
    chain.log.submit(chain.recall_close(recall, open=left))
    client = sign_in(chain.maker)
    page = client.get(f"/recalls/{recall.id}").text
    assert "patients were told by the press" in page
    assert "completed" in page
    assert 'id="end"' not in page
    [case] = cases(chain.store, chain.reader.authority())
    assert case.status == "completed"
    extended = client.get(f"/recalls/new?extends={recall.id}").text
    assert "This stands beside" in extended


@pytest.mark.parametrize(("named", "unnamed"), [(0, 12), (3, 9), (12, 0), (99, 0)])
def test_what_a_closing_does_not_name_is_shown_beside_it(
    chain: Chain, packs: list[str], sign_in: SignIn, named: int, unnamed: int
) -> None:
    """The page asks for each quantity; who signs by a program of their own may leave some out."""
    recall = recalled(chain)
    left = [Open(count=named, reason="supplied: patients were told")] if named else []
    chain.log.submit(chain.recall_close(recall, open=left))
    for who in (chain.authority, chain.maker):
        client = sign_in(who)
        assert told(client, recall)["unnamed"] == unnamed
        for path in ("", "/report"):
            page = client.get(f"/recalls/{recall.id}{path}").text
            assert ("more are open than the closing names" in page) == bool(unnamed)
    assert "unnamed" not in told(sign_in(chain.pharmacy), recall)


@pytest.mark.parametrize("many", [False, True], ids=["alone", "in a stream"])
@pytest.mark.parametrize(("named", "status"), [(0, 409), (11, 409), (12, 200)])
def test_a_closing_that_leaves_packs_unnamed_is_refused(
    chain: Chain, packs: list[str], client: FlaskClient, named: int, status: int, many: bool
) -> None:
    left = [Open(count=named, reason="not found")] if named else []
    recall = chain.recall_of(chain.scope(lots=["L1"]))
    opened = Receipt(recall.statement.id, 0, 0, 0, b"", {})
    closing = chain.recall_close(opened, open=left)
    if many:  # with the recall itself before it, and another statement after it
        lines = [bytes(recall), bytes(closing), bytes(chain.admit(chain.pharmacy2))]
        kind = "application/x-ndjson"
        answer = client.post("/api/statements", data=b"\n".join(lines), content_type=kind)
        first, told, last = map(json.loads, answer.text.splitlines())
        assert first["id"] == recall.statement.id
        assert last["index"] == first["index"] + 1 + (status == 200)
    else:
        chain.log.submit(recall)
        answer = client.post(
            "/api/statements", data=bytes(closing), content_type="application/json"
        )
        told = answer.get_json()
        assert answer.status_code == status
    [case] = cases(chain.store, chain.reader.authority())
    assert case.status == ("completed" if status == 200 else "ongoing")
    if status != 200:
        assert told["code"] == "open-quantities"
        assert (
            f"12 packs are open (8 stock, 1 transit, 3 supplied), and the closing names {named}"
            in (told["detail"])
        )
        assert told["refusal"]["payload"]  # the operator's signed word
    else:  # the same once more changes nothing, and is no refusal
        again = client.post("/api/statements", data=bytes(closing), content_type="application/json")
        assert again.get_json()["index"] == told["index"]


def test_who_may_not_close_a_recall_learns_no_number(
    chain: Chain, packs: list[str], client: FlaskClient
) -> None:
    recall = recalled(chain)
    other = chain.recall_close(recall, by=chain.pharmacy.gln, keys=[chain.pharmacy.key])
    strange = chain.recall_close(recall, keys=[chain.pharmacy.key])
    for closing in (other, strange):
        answer = client.post(
            "/api/statements", data=bytes(closing), content_type="application/json"
        )
        assert answer.get_json()["code"] == "not-entitled"
        assert "12" not in answer.get_json()["detail"].replace(chain.gtin, "")


def test_the_log_says_in_words_what_was_held_and_recalled(
    chain: Chain, packs: list[str], client: FlaskClient
) -> None:
    hold = chain.log.submit(chain.hold(chain.scope()))
    listed = chain.log.submit(chain.listed(chain.recall_of, packs[:2], kind="withdrawal"))
    said = {
        hold.index: f"put GTIN {chain.gtin}, all lots on hold: complaints",
        chain.log.submit(chain.lift(hold)).index: "lifted a hold: cleared",
        recalled(chain).index: f"recalled GTIN {chain.gtin}, lot L1: particles",
        listed.index: f"withdrew listed packs of GTIN {chain.gtin}: particles",
        chain.log.submit(chain.recall_close(listed)).index: "closed a recall: all back",
    }
    for index, words in said.items():
        assert words in client.get(f"/log/{index}").text


def test_an_extension_stands_beside_what_it_extends(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    first = recalled(chain)
    more = chain.log.submit(chain.recall_of(chain.scope(lots=["L2"])))
    for one, other in ((first, more), (more, first)):
        assert f"/recalls/{other.id}" in sign_in(chain.maker).get(f"/recalls/{one.id}").text


def events(client: FlaskClient, recall: Receipt) -> Iterator[dict[str, Any]]:
    answer = client.get(f"/api/recalls/{recall.id}/events", buffered=False)
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "text/event-stream"
    try:
        for part in answer.iter_encoded():
            for line in part.decode().splitlines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))
    finally:
        answer.close()


def test_a_page_is_told_what_changes_and_no_more(
    app: Flask, chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    recall = recalled(chain)
    looks: list[float] = []

    def look(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            chain.log.submit(chain.answer(chain.pharmacy, recall))
        if len(looks) == 5:  # says nothing of this recall
            chain.commission("L9", 1)

    app.extensions[STREAMS] = Streams(wait=look)
    client = sign_in(chain.authority)
    page = client.get(f"/recalls/{recall.id}").text
    first, second = events(client, recall)
    assert first != second
    assert f'data-version="{first["version"]}"' in page
    assert f'data-version="{second["version"]}"' in client.get(f"/recalls/{recall.id}").text
    assert len(looks) == LIFE - 1  # it ends, and the browser asks again


def test_streams_leave_threads_for_everybody_else(
    app: Flask, chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    assert MOST <= THREADS // 4
    recall = recalled(chain)
    app.extensions[STREAMS] = Streams(most=2, wait=lambda _seconds: None)
    client = sign_in(chain.authority)
    path = f"/api/recalls/{recall.id}/events"
    answers = [client.get(path, buffered=False) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 503]
    assert "Retry-After" in answers[2].headers
    for one in reversed(answers):  # of one thread: the last one's context is the innermost
        one.close()  # not a byte was read
    again = client.get(path, buffered=False)
    assert again.status_code == 200
    again.close()
    assert client.get("/api/recalls/0/events").status_code == 404


def test_nobody_keeps_all_streams_from_the_authority(
    app: Flask, chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    recall = recalled(chain)
    app.extensions[STREAMS] = Streams(most=4, each=2, wait=lambda _seconds: None)
    path = f"/api/recalls/{recall.id}/events"
    held = []
    for who, codes in (
        (chain.pharmacy, [200, 200, 503]),
        (chain.authority, [200, 200, 503]),
        (chain.maker, [503]),
    ):
        client = sign_in(who)
        held += [client.get(path, buffered=False) for _ in codes]
        assert [one.status_code for one in held[-len(codes) :]] == codes
    for one in reversed(held):
        one.close()
    again = sign_in(chain.maker).get(path, buffered=False)
    assert again.status_code == 200
    again.close()
