"""Parties: whose licence ends, what a suspension does to open work, and who is told what of it."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import parties
from ledger.statement.governance import Sites
from ledger.statement.parts import Licence, Site
from ledger.store.holdings import holdings
from ledger.store.senders import senders
from tests.app.conftest import SignIn, login_body
from tests.world import LICENCE, Chain, gln, key_text, member, seed


@pytest.fixture
def official(app: Flask, chain: Chain) -> FlaskClient:
    """One of the authority's administrators."""
    client = app.test_client()
    body = login_body(client, chain, seed("authority 1"), chain.authority.gln)
    assert client.post("/api/session", data=body).status_code == 200
    return client


def licensed(chain: Chain, until: str) -> Licence:
    """A licence until a day."""
    return Licence(expires=until, level="full", number="LIC-2")


def test_what_needs_looking_after_comes_first(chain: Chain, app: Flask) -> None:
    chain.log.submit(chain.admit(chain.pharmacy, licence=licensed(chain, "2026-12-01")))
    chain.log.submit(chain.admit(chain.pharmacy2, licence=licensed(chain, "2026-11-01")))
    chain.log.submit(chain.admit(chain.maker, licence=licensed(chain, "2026-09-30")))
    chain.log.submit(chain.suspend(chain.wholesaler.site))
    with app.app_context():
        lines = parties.listed()
        assert [(line.party.name, line.state) for line in lines] == [
            ("Wholesaler", "suspended"), ("Maker", "expired"), ("Pharmacy2", "ending"),
            ("Pharmacy", "ending"), ("Authority", "in force"),
        ]  # fmt: skip
        assert [line.expires for line in lines[1:4]] == ["2026-09-30", "2026-11-01", "2026-12-01"]
        [found] = parties.listed(q="pharmacy2 SITE", state="ending")
        assert found.party.gln == chain.pharmacy2.gln
        assert parties.listed(role="carrier") == []
        assert parties.licences_to_renew() == 3


def test_stock_of_a_suspended_site_goes_back_to_who_sent_it_or_to_the_holder(
    chain: Chain, app: Flask
) -> None:
    packs = chain.commission("LOT1", 9)
    chain.hand_over(chain.maker, packs[:8], chain.wholesaler)
    chain.hand_over(chain.wholesaler, packs[:5], chain.pharmacy)
    chain.hand_over(chain.maker, packs[8:], chain.pharmacy)
    chain.act("quarantine", chain.pharmacy, packs[:1], reason="suspect")
    chain.ship(chain.pharmacy, packs[4:5], chain.pharmacy2)
    chain.ship(chain.wholesaler, packs[6:7], chain.pharmacy)
    with app.app_context():
        authority = chain.reader.authority()
        found = parties.effect(authority.sites(chain.pharmacy.gln))
        [lot] = found.stock
        assert (lot.lot, lot.packs, lot.held, lot.expiry) == ("LOT1", 5, 1, "2028-01-31")
        told = {one.site: (one.packs, one.holder) for one in lot.takers}
        assert told == {chain.wholesaler.site: (4, False), chain.maker.site: (1, False)}
        assert [(one.site, one.packs, lots) for one, lots in found.takers] == [
            (chain.wholesaler.site, 4, 1), (chain.maker.site, 1, 1)
        ]  # fmt: skip
        assert [(one.packs, one.other) for one in found.coming] == [
            (1, "Wholesaler, Wholesaler site")
        ]
        assert [(one.packs, one.other) for one in found.going] == [(1, "Pharmacy2, Pharmacy2 site")]
        assert found.coming[0].short_on.isoformat() == "2026-10-06"  # five days on, by the policy
        # A sender that is shut itself takes nothing back: the product's holder does.
        chain.log.submit(chain.suspend(chain.wholesaler.gln))
        [lot] = parties.effect(chain.reader.authority().sites(chain.pharmacy.gln)).stock
        told = {one.site: (one.packs, one.holder) for one in lot.takers}
        assert told == {chain.maker.gln: (4, True), chain.maker.site: (1, False)}
        # And the holder's own stock nobody but a destroyer.
        [lot] = parties.effect(chain.reader.authority().sites(chain.maker.gln)).stock or [None]
        assert lot is None


def test_what_was_made_there_is_left_to_a_licensed_destroyer(chain: Chain, app: Flask) -> None:
    site = Site(
        activities=["destruction"], address="Street 9", gln=gln("952111200090"), licence=LICENCE,
        name="Oven",
    )  # fmt: skip
    chain.log.submit(chain.governance(Sites, party=chain.wholesaler.gln, sites=[site]))
    chain.commission("LOT2", 3)
    with app.app_context():
        found = parties.effect(chain.reader.authority().sites(chain.maker.gln))
        [lot] = found.stock
        assert [(one.site, one.packs) for one in lot.takers] == [("", 3)]
        assert [one.name for one in found.destroyers] == ["Oven"]


def test_senders_and_holdings_count_the_same_packs(chain: Chain) -> None:
    packs = chain.commission("LOT3", 12)
    box = chain.unit(chain.maker)
    chain.pack(chain.maker, packs[:4], box)
    chain.hand_over(chain.maker, [box, *packs[4:9]], chain.wholesaler)
    outer = chain.unit(chain.wholesaler)
    chain.pack(chain.wholesaler, [box, packs[4]], outer)
    for who in (chain.maker, chain.wholesaler):
        stock = [one for one in holdings(chain.store, who.site) if one.status == "active"]
        assert sum(one.packs for one in senders(chain.store, who.site)) == sum(
            one.packs for one in stock
        )


def test_a_party_s_page_says_what_the_log_says_of_it(
    chain: Chain, sign_in: SignIn, official: FlaskClient
) -> None:
    chain.log.submit(chain.key_add(chain.maker, "maker seven", use="person", staff="777"))
    chain.log.submit(chain.suspend(chain.maker.site))
    path = f"/parties/{chain.maker.gln}"
    told = official.get(path).text
    for words in (
        ") was admitted as manufacturer",
        "was suspended: inspection",
        "Product Examplin 10 mg",
    ):
        assert words in told
    assert "Wholesaler site" not in told
    size = chain.reader.head().size
    assert f'href="/log/{size - 1}"' in told
    # Staff numbers are for who has to do with them, decisions for the authority.
    assert "777" in told
    assert "777" in sign_in(chain.maker).get(path).text
    other = sign_in(chain.pharmacy).get(path).text
    assert "777" not in other
    assert "/renew" not in other
    assert official.get("/parties/9521199000004").status_code == 404


def test_no_site_of_a_suspended_party_is_in_force(chain: Chain, official: FlaskClient) -> None:
    path = f"/parties/{chain.maker.gln}"
    assert official.get(path).text.count('<span class="chip ok">') == 2  # the party, and its site
    chain.log.submit(chain.suspend(chain.maker.gln))
    told = official.get(path).text
    assert '<span class="chip ok">' not in told
    assert told.count('<span class="chip stop">') == 2


def test_only_the_authority_decides(
    chain: Chain, sign_in: SignIn, client: FlaskClient, official: FlaskClient
) -> None:
    gln_, site = chain.pharmacy.gln, chain.pharmacy.site
    pages = ("/parties/new", f"/parties/{gln_}/renew", f"/parties/{gln_}/sites",
             f"/parties/{gln_}/sites?site={site}", f"/parties/{gln_}/suspend",
             f"/parties/{gln_}/suspend?site={site}")  # fmt: skip
    for page in pages:
        assert client.get(page).status_code == 401
        assert sign_in(chain.pharmacy).get(page).status_code == 403
        assert official.get(page).status_code == 200
        # Somebody of the authority may look; an administrator signs.
        assert "Change the key" in sign_in(chain.authority).get(page).text
    assert client.get("/parties").status_code == 401
    assert official.get(f"/parties/{chain.authority.gln}/suspend").status_code == 404
    assert official.get(f"/parties/{gln_}/suspend?site={chain.maker.site}").status_code == 404


def test_a_decision_is_checked_before_it_is_signed(
    chain: Chain, sign_in: SignIn, official: FlaskClient
) -> None:
    new = member("newcomer", "pharmacy", 30)
    licence = {"expires": "2030-01-01", "level": "full", "number": "L-1"}
    party = {
        "country": "BE", "gln": new.gln, "licence": licence, "name": "Newcomer",
        "prefixes": [new.prefix], "roles": ["pharmacy"],
    }  # fmt: skip
    admit = {
        "type": "admit", "adminKeys": [key_text("newcomer admin")], "party": party,
        "recoveryKey": key_text("newcomer recovery"),
    }  # fmt: skip
    site = {
        "activities": [],
        "address": "Street 3",
        "gln": new.site,
        "licence": licence,
        "name": "N",
    }
    sites = {"type": "sites", "party": new.gln, "sites": [site]}

    def told(*statements: object) -> dict[str, object]:
        answer = official.post("/api/governance/checks", json={"statements": list(statements)})
        return dict(answer.get_json())

    assert told(admit, sites) == {"needed": 2}
    taken = {**party, "prefixes": [chain.maker.prefix]}
    for statements, code in (
        ((sites,), "unknown-party"),
        (({**admit, "party": taken},), "not-your-product"),
        (({**admit, "recoveryKey": key_text("newcomer admin")},), "key-reused"),
        (({**admit, "party": {**party, "country": "be"}},), "malformed"),
        (({"type": "suspend", "gln": chain.authority.gln, "reason": "x"},), "lockout"),
        (({"type": "nothing"},), "malformed"), ((1,), "malformed"), ((), "malformed"),
        (({"type": "suspend", "gln": chain.maker.gln, "reason": "x" * 201},), "malformed"),
    ):  # fmt: skip
        assert told(*statements)["code"] == code, statements
    answer = sign_in(chain.authority).post("/api/governance/checks", json={"statements": [admit]})
    assert answer.status_code == 403
    assert official.post("/api/governance/checks", data=b"[").status_code == 400
    assert official.post("/api/governance/checks", json={"statements": 5}).status_code == 400


def test_parties_sites_and_products_are_named_to_everybody(
    chain: Chain, client: FlaskClient
) -> None:
    maker = chain.maker
    asked = [maker.gln, maker.site, chain.gtin, "0000000000000", "x"]
    told = client.get("/api/names", query_string={"of": asked}).get_json()
    assert set(told) == {maker.gln, maker.site, chain.gtin}
    assert told[chain.gtin] == "Examplin 10 mg"
    many = client.get("/api/names", query_string={"of": ["1"] * 51})
    assert (many.status_code, many.get_json()["code"]) == (400, "malformed")
