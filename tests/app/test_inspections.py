"""Inspections: book against count by scan and by number, and a report that both sides sign."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.rules.stock_taking import Report
from ledger.statement.governance import Document
from tests.app.conftest import SignIn
from tests.world import Chain, Member, gln


def begin(client: FlaskClient, site: str) -> str:
    answer = client.post("/inspections", data={"site": site})
    assert answer.status_code == 303, answer.text
    return str(answer.location.rpartition("/")[2])


def scan(client: FlaskClient, number: str, text: str) -> dict[str, Any]:
    answer = client.post(f"/api/inspections/{number}/scans", json={"text": text})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.get_json()
    return told


def close(client: FlaskClient, number: str) -> Report:
    assert client.post(f"/inspections/{number}/close", data={}).status_code == 303
    return Report.parse(client.get(f"/inspections/{number}/report.json").data)


def sign(chain: Chain, client: FlaskClient, number: str, who: Member, **changes: Any) -> Any:
    """A document of the report, signed by a member and told to the server."""
    data = client.get(f"/inspections/{number}/report.json").data
    site = json.loads(data)["site"]
    fields = {
        "about": f"https://id.gs1.org/414/{site}", "media_type": "application/json",
        "sha256": sha256(data).hexdigest(), "title": f"Stock-taking {number}",
    }  # fmt: skip
    made = chain.governance(Document, who.key, by=who.gln, **{**fields, **changes})
    statement = chain.log.submit(made).id
    return client.post(f"/api/inspections/{number}/signature", json={"statement": statement})


@pytest.fixture
def stock(chain: Chain) -> list[str]:
    """Packs of two lots at the pharmacy, one of the first supplied; a container among them."""
    packs = chain.commission("L1", 5)
    more = chain.commission("L2", 4)
    box = chain.unit(chain.maker)
    chain.pack(chain.maker, more[:3], box)
    chain.hand_over(chain.maker, [*packs, box, more[3]], chain.pharmacy)
    chain.supply(chain.pharmacy, packs[:1])
    return [*packs, *more, box]


def test_an_inspector_counts_by_scan_by_container_and_by_number(
    chain: Chain, sign_in: SignIn, stock: list[str]
) -> None:
    inspector = sign_in(chain.authority)
    number = begin(inspector, chain.pharmacy.site)
    assert [scan(inspector, number, pack)["state"] for pack in stock[:3]] == [
        "inactive", "here", "here"
    ]  # fmt: skip
    assert scan(inspector, number, stock[1])["fresh"] is False
    assert scan(inspector, number, stock[9])["state"] == "here"  # the container
    assert scan(inspector, number, stock[5])["fresh"] is True  # a pack of it, by hand as well
    page = inspector.get(f"/inspections/{number}").text
    assert "out of the chain by this site" in page
    report = close(inspector, number)
    lots = {line.lot: line for line in report.lines}
    assert [lots["L1"].book, lots["L1"].counted, lots["L1"].difference] == [4, 3, -1]
    assert [lots["L2"].book, lots["L2"].scanned, lots["L2"].inferred] == [4, 1, 2]
    assert report.missing == sorted([*stock[3:5], stock[8]])
    assert [one.id for one in report.surplus] == [stock[0]]
    assert report.size == chain.reader.head().size
    # By number, the same lot: no pack is called missing.
    assert inspector.post(f"/inspections/{number}/reopen").status_code == 303
    of_lot = {"gtin": chain.gtin, "lot": "L1", "n": "4"}
    assert inspector.post(f"/inspections/{number}/number", data=of_lot).status_code == 303
    assert inspector.post(f"/inspections/{number}/drop", data={"item": stock[0]}).status_code == 303
    report = close(inspector, number)
    lots = {line.lot: line for line in report.lines}
    assert (lots["L1"].way, lots["L1"].difference) == ("number", 0)
    assert report.missing == [stock[8]]
    assert "The count differs from the book" in inspector.get(f"/inspections/{number}").text
    table = inspector.get(f"/inspections/{number}/report.csv").text
    assert "L2,4,3,-1,scan,1,2" in table


def test_both_sides_sign_the_same_report(chain: Chain, sign_in: SignIn, stock: list[str]) -> None:
    inspector, site = sign_in(chain.authority), sign_in(chain.pharmacy)
    number = begin(inspector, chain.pharmacy.site)
    page = site.get(f"/inspections/{number}").text
    assert "is counting" in page
    for pack in (*stock[1:5], *stock[5:9]):
        scan(inspector, number, pack)
    assert site.post(f"/inspections/{number}/scan", data={"text": stock[0]}).status_code == 403
    assert close(inspector, number).agrees
    page = site.get(f"/inspections/{number}").text
    assert page.count("not signed") == 2
    answer = sign(chain, inspector, number, chain.authority)
    assert answer.status_code == 200, answer.text
    assert inspector.post(f"/inspections/{number}/reopen").status_code == 409
    assert sign(chain, site, number, chain.pharmacy).status_code == 200
    for client in (inspector, site):
        page = client.get(f"/inspections/{number}").text
        assert "not signed" not in page
        assert page.count(">signed<") == 2
        assert ">signed<" in client.get("/inspections").text
    # Twice by one side changes nothing; the first stays.
    assert sign(chain, site, number, chain.pharmacy).status_code == 409


def test_only_the_right_document_by_the_right_side_counts(
    chain: Chain, sign_in: SignIn, stock: list[str]
) -> None:
    inspector, site = sign_in(chain.authority), sign_in(chain.pharmacy)
    number = begin(inspector, chain.pharmacy.site)
    early = inspector.post(f"/api/inspections/{number}/signature", json={"statement": "0" * 64})
    assert early.status_code == 409
    scan(inspector, number, stock[1])
    close(inspector, number)
    wrong = sign(chain, inspector, number, chain.authority, sha256="0" * 64)
    assert (wrong.status_code, wrong.get_json()["code"]) == (422, "items-mismatch")
    about = f"https://id.gs1.org/414/{chain.maker.site}"
    assert sign(chain, inspector, number, chain.authority, about=about).status_code == 422
    # The site cannot hand in the inspector's statement for its own.
    assert sign(chain, site, number, chain.authority).status_code == 404
    for text in ("0" * 64, "nonsense", "", "../x"):
        told = site.post(f"/api/inspections/{number}/signature", json={"statement": text})
        assert told.status_code == 404, text
    assert "not signed" in site.get(f"/inspections/{number}").text


def test_a_report_that_was_altered_is_not_shown(
    chain: Chain, sign_in: SignIn, stock: list[str]
) -> None:
    del stock
    inspector = sign_in(chain.authority)
    first, second = (begin(inspector, chain.pharmacy.site) for _ in range(2))
    for number in (first, second):
        of_lot = {"gtin": chain.gtin, "lot": "L1", "n": "4"}
        inspector.post(f"/inspections/{number}/number", data=of_lot)
        close(inspector, number)
    desk = inspector.application.extensions["packtrace"].desk
    sql = "UPDATE inspection SET report = (SELECT report FROM inspection WHERE id = ?) WHERE id = ?"
    desk._database.execute_sql(sql, (first, second))
    assert inspector.get(f"/inspections/{second}").status_code == 410
    assert inspector.get(f"/inspections/{second}/report.json").status_code == 410
    assert inspector.get(f"/inspections/{first}").status_code == 200


def test_a_desk_that_was_tampered_with_is_found_out(
    chain: Chain, sign_in: SignIn, stock: list[str]
) -> None:
    inspector = sign_in(chain.authority)
    number = begin(inspector, chain.pharmacy.site)
    scan(inspector, number, stock[1])
    close(inspector, number)
    assert sign(chain, inspector, number, chain.authority).status_code == 200
    desk = inspector.application.extensions["packtrace"].desk
    run = desk._database.execute_sql
    # The inspector's statement handed out for the site's, then one that is not on the log.
    run("UPDATE inspection SET own = inspector")
    page = inspector.get(f"/inspections/{number}").text
    assert "does not count" in page
    assert "it is signed by another party" in page
    run("UPDATE inspection SET own = ?", ("0" * 64,))
    assert "it is not on the log" in inspector.get(f"/inspections/{number}").text
    run("UPDATE inspection SET sha256 = ?", ("0" * 64,))
    assert inspector.get(f"/inspections/{number}").status_code == 410


def test_a_site_takes_stock_of_itself_and_nobody_else_sees_it(
    chain: Chain, sign_in: SignIn, stock: list[str]
) -> None:
    site = sign_in(chain.pharmacy)
    number = begin(site, chain.pharmacy.site)
    scan(site, number, stock[1])
    close(site, number)
    assert sign(chain, site, number, chain.pharmacy).status_code == 200
    page = site.get(f"/inspections/{number}").text
    assert "not signed" not in page
    for other in (chain.authority, chain.maker, chain.pharmacy2):
        client = sign_in(other)
        for path in ("", "/report.json", "/report.csv"):
            assert client.get(f"/inspections/{number}{path}").status_code == 404
        assert number not in client.get("/inspections").text


def test_others_sites_are_for_inspectors_alone(chain: Chain, sign_in: SignIn) -> None:
    client = sign_in(chain.maker)
    answer = client.post("/inspections", data={"site": chain.pharmacy.site})
    assert answer.status_code == 403
    inspector = sign_in(chain.authority)
    unknown = gln("952119900000")
    for site, status in (("", 400), ("abc", 400), (f"{unknown[:-1]}x", 400), (unknown, 403)):
        assert inspector.post("/inspections", data={"site": site}).status_code == status, site


def test_bad_input_is_told_and_changes_nothing(
    chain: Chain, sign_in: SignIn, stock: list[str]
) -> None:
    inspector = sign_in(chain.authority)
    number = begin(inspector, chain.pharmacy.site)
    for text in ("", "nonsense", "(01)09521101000016", "x" * 5000, chain.gtin):
        answer = inspector.post(f"/api/inspections/{number}/scans", json={"text": text})
        assert answer.status_code == 400, text
        answer = inspector.post(f"/inspections/{number}/scan", data={"text": text})
        assert answer.status_code == 400
        assert "Book stock and count" in answer.text  # the page again, with what stood in the way
    foreign = chain.unit(chain.maker)
    answer = inspector.post(f"/api/inspections/{number}/scans", json={"text": foreign})
    assert "one by one" in answer.get_json()["detail"]
    bodies: list[Any] = [[], {"text": 1}, {"text": stock[1], "source": "x"}, "x", None]
    for told in bodies:
        assert inspector.post(f"/api/inspections/{number}/scans", json=told).status_code == 400
    for n in ("-1", "1.5", "x", "9" * 12, "١"):
        of_lot = {"gtin": chain.gtin, "lot": "L1", "n": n}
        assert inspector.post(f"/inspections/{number}/number", data=of_lot).status_code == 400, n
    for gtin, lot in (("1", "L1"), (chain.gtin, ""), (chain.gtin, "x" * 21)):
        of_lot = {"gtin": gtin, "lot": lot, "n": "1"}
        assert inspector.post(f"/inspections/{number}/number", data=of_lot).status_code == 400
    of_lot = {"gtin": chain.gtin, "lot": "NONE", "n": "1"}
    assert inspector.post(f"/inspections/{number}/number", data=of_lot).status_code == 409
    assert inspector.post(f"/inspections/{number}/drop", data={"item": "x"}).status_code == 404
    assert inspector.post(f"/inspections/{number}/close", data={}).status_code == 409
    scan(inspector, number, stock[1])
    note = {"note": "a\u202eb"}
    assert inspector.post(f"/inspections/{number}/close", data=note).status_code == 400
    assert inspector.get(f"/inspections/{number}/report.json").status_code == 404
    close(inspector, number)
    answer = inspector.post(f"/api/inspections/{number}/scans", json={"text": stock[2]})
    assert answer.status_code == 409
    assert inspector.post(f"/inspections/{number}/close", data={}).status_code == 409
    for name in ("INS-AAAAAAAAAA", "x", "INS-", "%00"):
        assert inspector.get(f"/inspections/{name}").status_code == 404


def test_a_count_that_nobody_closes_is_forgotten_as_scans_are(
    chain: Chain, sign_in: SignIn, stock: list[str]
) -> None:
    inspector = sign_in(chain.authority)
    left, closed = (begin(inspector, chain.pharmacy.site) for _ in range(2))
    for number in (left, closed):
        scan(inspector, number, stock[1])
    close(inspector, closed)
    chain.hours(24 * 30 + 1)
    inspector = sign_in(chain.authority)
    begin(inspector, chain.pharmacy.site)
    assert inspector.get(f"/inspections/{left}").status_code == 404
    assert inspector.get(f"/inspections/{closed}").status_code == 200
    desk = inspector.application.extensions["packtrace"].desk
    assert (desk.inspections.items(left), desk.inspections.items(closed)) == ([], [stock[1]])


def test_a_stranger_signs_in_first(client: FlaskClient) -> None:
    for path in ("/inspections", "/inspections/INS-AAAAAAAAAA"):
        assert client.get(path).status_code == 401
    assert client.post("/inspections", data={"site": "1"}).status_code == 401
    told = client.post("/api/inspections/INS-AAAAAAAAAA/scans", json={"text": "x"})
    assert told.status_code == 401


def test_a_count_without_stock_is_a_report_too(chain: Chain, sign_in: SignIn) -> None:
    client = sign_in(chain.pharmacy2)
    number = begin(client, chain.pharmacy2.site)
    report = close(client, number)
    assert (report.lines, report.agrees) == ([], True)
    assert client.get(f"/inspections/{number}").status_code == 200
