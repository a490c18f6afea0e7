"""Figures that name nobody: who may read them, what they add up to, and what is left out."""

from __future__ import annotations

import csv
import io

import pytest
from flask.testing import FlaskClient

from ledger.rules.suppression import ALL
from ledger.store.desk import Scan
from tests.app.conftest import SignIn
from tests.world import Chain, Member, member

COUNTRIES = {"BE": 4, "DE": 1, "FR": 3}  # pharmacies by country
SUPPLIES = {"BE": 4, "DE": 5, "FR": 5}  # of each of them


def read(client: FlaskClient) -> dict[tuple[str, str, str], tuple[str, str]]:
    answer = client.get("/statistics.csv")
    assert answer.status_code == 200
    rows = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    return {(r["measure"], r["month"], r["region"]): (r["events"], r["value"]) for r in rows}


@pytest.fixture
def trade(chain: Chain) -> list[Member]:
    """Pharmacies of three countries that receive and supply, one pack at a time."""
    made = []
    number = 40
    for country, many in COUNTRIES.items():
        for _ in range(many):
            number += 1
            who = member(f"pharmacy {number}", "pharmacy", number)
            for one in (chain.admit(who, country=country), chain.sites(who), chain.key_add(who)):
                chain.log.submit(one)
            packs = chain.commission(f"S{number}", SUPPLIES[country])
            ship = chain.ship(chain.maker, packs, who)
            chain.hours(2)
            chain.receive(who, ship, packs)
            for pack in packs:
                chain.supply(who, [pack])
            made.append(who)
    return made


def test_small_counts_are_left_out_and_totals_do_not_give_them_away(
    chain: Chain, sign_in: SignIn, trade: list[Member]
) -> None:
    assert len(trade) == 8
    found = read(sign_in(chain.authority))
    month = "2026-10"
    assert {region: found["supplied", month, region] for region in (*COUNTRIES, ALL)} == {
        "BE": ("16", "16"), "DE": ("", ""), "FR": ("", ""), ALL: ("36", "36"),
    }  # fmt: skip
    # One maker's lots: a trade secret, whatever the count.
    assert found["commissioned", month, "BE"] == ("", "")
    assert found["commissioned", month, ALL] == ("", "")
    page = sign_in(chain.authority).get("/statistics").text
    assert "not shown" in page
    assert "9 , or" not in page
    for who in trade:
        assert who.gln not in page
        assert who.site not in page


def test_means_and_rates_are_of_what_is_behind_them(
    chain: Chain, sign_in: SignIn, trade: list[Member]
) -> None:
    desk = sign_in(chain.authority).application.extensions["packtrace"].desk
    for who in trade[:4]:  # Belgium
        for n in range(25):
            scan = Scan(chain.now, who.site, "x", "check", "OK", "", alert=int(n < 5))
            desk.add_scan(scan)
    desk.add_scan(Scan(chain.now, "", "x", "check", "OK", "", alert=1))  # a stranger's
    found = read(sign_in(chain.authority))
    assert found["alerts", "2026-10", "BE"] == ("100", "200.0")
    for number in range(
        21
    ):  # twelve to Belgium, nine to France, whose cell stands in for Germany's
        who = trade[number % 4] if number < 12 else trade[5 + number % 3]
        [pack] = chain.commission(f"M{number}", 1)
        ship = chain.ship(chain.maker, [pack], who)
        chain.hours(4)
        chain.receive(who, ship, [pack])
    found = read(sign_in(chain.authority))
    # 4 of 2 hours and 12 of 4; the seconds of the clock are no minutes.
    assert found["transit", "2026-10", "BE"] == ("", "3.5")
    recall = chain.log.submit(chain.recall_of())
    chain.hours(6)
    for who in trade:
        chain.log.submit(chain.answer(who, recall))
    found = read(sign_in(chain.authority))
    assert found["recall-response", "2026-10", "BE"] == ("", "")  # four answers


def test_only_auditors_and_authorities_read_them(
    chain: Chain, sign_in: SignIn, client: FlaskClient
) -> None:
    assert client.get("/statistics").status_code == 401
    for who in chain.members:
        assert sign_in(who).get("/statistics").status_code == 403
        assert sign_in(who).get("/statistics.csv").status_code == 403
    auditor = member("auditor", "auditor", 30)
    for one in (chain.admit(auditor), chain.sites(auditor), chain.key_add(auditor)):
        chain.log.submit(one)
    assert sign_in(auditor).get("/statistics").status_code == 200
    assert read(sign_in(auditor)) == {}
