"""Figures that name nobody: who may read them, what they add up to, and what is left out."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ledger.rules.suppression import ALL
from ledger.store.desk import Scan
from tests.app.conftest import SignIn
from tests.world import Chain, Member, member

COUNTRIES = {"BE": 4, "DE": 1, "FR": 3}  # pharmacies by country
NOVEMBER = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000)
SUPPLIES = {"BE": 4, "DE": 5, "FR": 5}  # of each of them


def over(chain: Chain) -> None:
    """Let the month end."""
    chain.now = max(chain.now, NOVEMBER)


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
    over(chain)
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
    for number in range(
        21
    ):  # twelve to Belgium, nine to France, whose cell stands in for Germany's
        who = trade[number % 4] if number < 12 else trade[5 + number % 3]
        [pack] = chain.commission(f"M{number}", 1)
        ship = chain.ship(chain.maker, [pack], who)
        chain.hours(4)
        chain.receive(who, ship, [pack])
    recall = chain.log.submit(chain.recall_of())
    chain.hours(6)
    for who in trade:
        chain.log.submit(chain.answer(who, recall))
    over(chain)
    found = read(sign_in(chain.authority))
    assert found["alerts", "2026-10", "BE"] == ("100", "200.0")
    # 4 of 2 hours and 12 of 4; the seconds of the clock are no minutes.
    assert found["transit", "2026-10", "BE"] == ("", "3.5")
    assert found["recall-response", "2026-10", "BE"] == ("", "")  # four answers


def test_two_exports_of_a_month_that_goes_on_do_not_tell_what_happened_in_between(
    chain: Chain, sign_in: SignIn, trade: list[Member]
) -> None:
    """Less its elder, an export would tell of one statement that no cell may show."""
    before = read(sign_in(chain.authority))
    [pack, *_] = chain.commission("LATE", 1)
    chain.hand_over(chain.maker, [pack], trade[0])
    chain.supply(trade[0], [pack])
    assert read(sign_in(chain.authority)) == before == {}
    over(chain)
    assert read(sign_in(chain.authority))["supplied", "2026-10", "BE"] == ("17", "17")


def test_what_a_month_came_to_stays_when_its_scans_are_deleted(
    app: Flask, chain: Chain, sign_in: SignIn, trade: list[Member]
) -> None:
    """The policy keeps scans for thirty days, and with them who had which pack in hand."""
    desk = app.extensions["packtrace"].desk
    for who in trade[:4]:
        for n in range(25):
            desk.add_scan(Scan(chain.now, who.site, "x", "check", "OK", "", alert=int(n < 5)))
    over(chain)
    found = read(sign_in(chain.authority))
    assert found["alerts", "2026-10", "BE"] == ("100", "200.0")
    chain.hours(31 * 24)
    desk.add_scan(Scan(chain.now, trade[0].site, "y", "check", "OK", ""))
    sign_in(trade[0]).get("/")
    assert [one.item for who in trade for one in desk.scans(who.site)] == ["y"]
    later = read(sign_in(chain.authority))
    assert {key: told for key, told in later.items() if key[1] == "2026-10"} == found


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
