"""What an authority hands on: the answer to a tracing request, figures that name nobody, the log's health."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from zipfile import ZipFile

from playwright.sync_api import expect

from app.demo.measures import RECALLED
from app.node import KEY
from ledger.statement import gs1
from tests.browser.conftest import Site, Visit
from tests.browser.packs import recalled_pack


def test_a_tracing_request_is_asked_shown_and_handed_on_as_one_file(
    visit: Visit, demo: Site
) -> None:
    regulator = visit(demo)
    regulator.sign_in("regulator")
    regulator.open("/")
    page = regulator.page
    gtin = gs1.gtin_of(recalled_pack(demo))
    assert regulator.open("/tracing-requests") == 200
    page.get_by_label("Product, by its GTIN").fill(gtin)
    page.get_by_label("Lot, or empty for all").fill(RECALLED)
    page.get_by_role("button", name="Show the answer").click()
    expect(page.get_by_role("status").filter(has_text="movements.")).to_be_visible()
    shown = page.locator("tbody tr").count()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="The answer as one file (zip)").click()
    with ZipFile(waiting.value.path()) as answer:
        table = answer.read("transactions.csv").decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(table)))
    assert shown == len(lines) > 0
    assert {line["lot"] for line in lines} == {RECALLED}


def test_figures_are_read_and_handed_on_and_name_nobody(visit: Visit, demo: Site) -> None:
    regulator = visit(demo)
    regulator.sign_in("regulator")
    assert regulator.open("/statistics") == 200
    page = regulator.page
    with page.expect_download() as waiting:
        page.get_by_role("link", name="As a CSV file").click()
    told = waiting.value.path().read_text("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(told)))
    assert "commissioned" in {line["measure"] for line in lines}
    now = datetime.now(UTC).strftime("%Y-%m")
    assert all(line["month"] < now for line in lines)
    for party in demo.app.extensions[KEY].reader.authority().parties():
        assert party.name not in told
        assert party.gln not in told


def test_the_logs_health_shows_its_head_and_the_last_audit(visit: Visit, demo: Site) -> None:
    regulator = visit(demo)
    regulator.sign_in("regulator")
    assert regulator.open("/log/health") == 200
    main = regulator.page.locator("main")
    size = demo.app.extensions[KEY].reader.head().size
    expect(main).to_contain_text(f"{size:,} entries")
    audit = main.get_by_role("region", name="Last audit")
    expect(audit).to_contain_text("SIMULATED")
