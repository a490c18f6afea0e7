"""Long lists of cases: a page says that it leaves some out, and the files have them."""

from __future__ import annotations

import csv

from flask import Flask

from app.cases import LATELY
from app.node import KEY
from ledger.rules.alerts import Alert
from ledger.store.cases import Step
from tests.app.conftest import SignIn
from tests.world import Chain

MORE = "more cases than a page shows"


def test_a_page_of_cases_says_that_there_are_more_and_the_files_have_them(
    app: Flask, chain: Chain, sign_in: SignIn
) -> None:
    node = app.extensions[KEY]
    cases, now, site = node.desk.cases, node.clock(), chain.pharmacy.site
    numbers = set()
    for n in range(LATELY + 1):
        pack = f"https://id.gs1.org/01/{chain.gtin}/21/S{n}"
        alert = Alert("too-many-scans", site, pack, now, "copied-label", pack)
        numbers.add(cases.fold(alert, chain.maker.gln))
    assert len(numbers) == LATELY + 1
    client = sign_in(chain.pharmacy)
    assert MORE not in client.get("/alerts").text
    for number in numbers:
        step = Step(now, "closed", "", chain.pharmacy.gln, site, "k" * 64, "7")
        cases.close(number, "procedure", "explained", step)
    page = client.get("/alerts").text
    assert MORE in page
    assert sum(f'href="/alerts/{number}"' in page for number in numbers) == LATELY
    table = csv.DictReader(client.get("/alerts.csv").text.lstrip("\ufeff").splitlines())
    assert {int(line["number"]) for line in table} == numbers
    assert {line["number"] for line in client.get("/alerts.json").get_json()["rows"]} == numbers
