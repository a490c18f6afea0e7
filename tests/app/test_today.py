"""A site's day: what it scanned and signed, what of it can be undone; and a pack's certificate."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.node import KEY
from ledger.statement import gs1
from tests.app.conftest import SignIn
from tests.world import Chain, seed


@pytest.fixture
def packs(chain: Chain) -> list[str]:
    """Four packs in the pharmacy's stock."""
    ids = chain.commission("L1", 4)
    chain.hand_over(chain.maker, ids, chain.pharmacy)
    return ids


def undos(client: FlaskClient, day: str = "") -> list[dict[str, Any]]:
    """What the page's script may undo."""
    page = client.get("/today", query_string={"day": day} if day else {}).text
    found = re.search(r'id="undos">(.*?)</script>', page)
    assert found is not None
    return list(json.loads(found[1]))


def scan(client: FlaskClient, chain: Chain, item: str, purpose: str = "dispense") -> dict[str, Any]:
    found = gs1.parse_item_id(item)
    text = f"(01){found.gtin}(10)L1(17)280131(21){found.serial}"
    answer = client.post("/api/scans", json={"text": text, "purpose": purpose})
    assert answer.status_code == 200
    assert answer.get_json()["state"] is not None or answer.get_json()["label"]
    return dict(answer.get_json())


def test_the_day_shows_what_was_signed_and_by_whose_staff_number(
    app: Flask, chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    chain.log.submit(chain.key_add(chain.pharmacy, "ann", use="person", staff="007"))
    chain.act("supply", chain.pharmacy, packs[:1], keys=[chain.pharmacy.key, seed("ann")])
    app.extensions[KEY].desk.people.name(chain.pharmacy.site, "007", "Ann")
    client = sign_in(chain.pharmacy)
    page = client.get("/today").text
    assert "1 pack supplied." in page
    assert "007 Ann" in page
    assert "L1-0000" in page
    assert "Received" in page
    assert "007" not in sign_in(chain.pharmacy2).get("/today").text


def test_only_what_nothing_has_happened_to_since_can_be_undone(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    supplied = chain.supply(chain.pharmacy, packs[:3])
    opened = chain.act("open", chain.pharmacy, packs[3:])
    client = sign_in(chain.pharmacy)
    assert undos(client) == [
        {"id": opened.id, "items": packs[3:]}, {"id": supplied.id, "items": packs[:3]}
    ]  # fmt: skip
    chain.undo(chain.pharmacy, supplied, packs[:1])
    assert undos(client)[1] == {"id": supplied.id, "items": packs[1:3]}
    again = chain.supply(chain.pharmacy, packs[:1])
    assert undos(client)[0] == {"id": again.id, "items": packs[:1]}
    assert undos(sign_in(chain.pharmacy2)) == []


def test_an_undo_that_comes_too_late_is_said_so_and_not_offered(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    supplied = chain.supply(chain.pharmacy, packs[:1])
    day = datetime.fromtimestamp(chain.now / 1000, UTC).astimezone().date().isoformat()
    chain.hours(239)
    client = sign_in(chain.pharmacy)
    assert undos(client, day) == [{"id": supplied.id, "items": packs[:1]}]
    assert scan(client, chain, packs[0])["supplied"]["late"] is False
    chain.hours(2)
    client = sign_in(chain.pharmacy)
    assert undos(client, day) == []
    assert "over 240 hours ago" in client.get(f"/today?day={day}").text
    told = scan(client, chain, packs[0])["supplied"]
    assert (told["id"], told["op"], told["late"]) == (supplied.id, "supply", True)
    assert undos(client) == []
    assert "Nothing was signed" in client.get("/today").text


def test_scans_of_the_day_are_listed_with_their_verdicts(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    client = sign_in(chain.pharmacy)
    scan(client, chain, packs[0])
    client.post("/api/scans", json={"text": "hello", "purpose": "check"})
    page = client.get("/today").text
    assert "2 scans." in page
    assert "Not checked" in page
    assert "in-stock" in page


def test_a_long_day_goes_on_over_several_pages(chain: Chain, sign_in: SignIn) -> None:
    packs = chain.commission("L1", 70)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    supplies = [chain.event("supply", chain.pharmacy, [pack]) for pack in packs]
    chain.log.append(supplies)
    client = sign_in(chain.pharmacy)
    newest = undos(client)
    assert [one["items"] for one in newest] == [[pack] for pack in packs[:9:-1]]
    page = client.get("/today").text
    [older] = re.findall(r'href="(/today\?day=[^"]*before=\d+)"', page)
    page = client.get(older.replace("&amp;", "&")).text
    assert page.count("data-undo=") == 10
    assert "Older ones" not in page
    assert client.get("/today?before=x").status_code == 400


@pytest.mark.parametrize(
    ("day", "status"),
    [("", 200), ("2026-09-01", 200), ("9999-12-31", 200), ("0001-01-01", 200), ("x", 400),
     ("2026-13-01", 400), ("2026-10-01T10", 400)],
)  # fmt: skip
def test_any_day_can_be_asked_for(chain: Chain, sign_in: SignIn, day: str, status: int) -> None:
    assert sign_in(chain.pharmacy).get("/today", query_string={"day": day}).status_code == status


def test_a_stranger_has_no_day_and_no_certificate(
    chain: Chain, packs: list[str], client: FlaskClient
) -> None:
    assert client.get("/today").status_code == 401
    assert client.get(f"/packs/{chain.gtin}/L1-0000/certificate").status_code == 401


def test_a_pack_on_its_way_tells_its_site_what_to_book_in_and_nobody_else(
    chain: Chain, sign_in: SignIn
) -> None:
    loose = chain.commission("L1", 3)
    case = chain.unit(chain.maker, 1)
    chain.pack(chain.maker, loose[1:], into=case)
    shipped = chain.ship(chain.maker, [loose[0], case], to=chain.pharmacy)
    client = sign_in(chain.pharmacy)
    number = chain.reader.shipments(chain.pharmacy.site)[0].shipment.number
    told = scan(client, chain, loose[0], "receive")["shipment"]
    assert told == {"id": shipped.id, "number": number, "item": loose[0]}
    assert scan(client, chain, loose[1], "receive")["shipment"]["item"] == case
    for who in (chain.maker, chain.pharmacy2):
        assert scan(sign_in(who), chain, loose[0])["shipment"] is None
    packs = client.get(f"/api/deliveries/{shipped.id}/packs").get_json()["packs"]
    assert packs == []  # nothing was received yet
    chain.receive(chain.pharmacy, shipped, [loose[0], case])
    assert scan(client, chain, loose[0], "receive")["shipment"] is None
    packs = client.get(f"/api/deliveries/{shipped.id}/packs").get_json()["packs"]
    assert sorted(packs) == sorted(loose)
    chain.supply(chain.pharmacy, loose[:1])
    packs = client.get(f"/api/deliveries/{shipped.id}/packs").get_json()["packs"]
    assert sorted(packs) == sorted(loose[1:])
    assert sign_in(chain.pharmacy2).get(f"/api/deliveries/{shipped.id}/packs").status_code == 404
    assert client.get("/api/deliveries/nonsense/packs").status_code == 404


def test_a_certificate_tells_the_verdict_who_signed_and_how_to_check_it(
    chain: Chain, client: FlaskClient, packs: list[str], sign_in: SignIn
) -> None:
    chain.supply(chain.pharmacy, packs[:1])
    page = sign_in(chain.pharmacy).get(f"/packs/{chain.gtin}/L1-0000/certificate").text
    for words in ("You supplied this pack", "Examplin", "2028-01-31", "Signed by", "As of",
                  "Supplied", "Received", "Commissioned"):  # fmt: skip
        assert words in page
    link = f"/01/{chain.gtin}/10/L1/21/L1-0000?17=280131"
    assert f"http://localhost{link}" in page
    assert page.count("<svg") == 1
    assert client.get(link).status_code == 200  # for whoever holds the paper


def test_a_certificate_of_an_odd_serial_and_of_no_pack(chain: Chain, sign_in: SignIn) -> None:
    odd = gs1.sgtin(chain.gtin, "A/1%&?")
    chain.act("commission", chain.maker, [odd], lot="L&1", expiry=date(2028, 1, 31))
    client = sign_in(chain.maker)
    page = client.get(f"/packs/{chain.gtin}/{odd.rpartition('/')[2]}/certificate")
    assert page.status_code == 200
    assert "OK" in page.text
    page = client.get(f"/packs/{chain.gtin}/NONE/certificate")
    assert (page.status_code, "Do not supply" in page.text) == (200, True)
