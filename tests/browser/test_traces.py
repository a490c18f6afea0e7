"""A trace in the browser: one selection in graph, map, timeline and table, by mouse and by keyboard.

The recalled lot of the demo world is read off the picture, the table and the file, and held to a count
made straight from the statements.
"""

from __future__ import annotations

import csv
import re
from collections import Counter

import pytest
from playwright.sync_api import Locator, Page, expect

from app.demo.cast import Cast
from app.demo.measures import RECALLED
from tests.browser.conftest import Site, Visit, Visitor
from tests.nodes import EVENING_MS, login_path
from tests.straight import Counted, Straight

LOT = f"/traces/lot/09521101000016/{RECALLED}"


@pytest.fixture(scope="module")
def counted(demo: Site) -> Counted:
    """The recalled lot, counted straight from the statements."""
    client = demo.app.test_client()
    client.post(login_path(demo.folder, "regulator", EVENING_MS))
    return Straight(client.get("/api/pull").text).count(RECALLED)


def number(text: str) -> int:
    return int(text.replace(",", "").strip() or 0)


def opened(visit: Visit, demo: Site, path: str = LOT, **look: object) -> Visitor:
    visitor: Visitor = visit(demo, **look)
    visitor.sign_in("regulator")
    assert visitor.open(path) == 200
    return visitor


def titles(page: Page, picture: str) -> list[str]:
    return page.locator(f"svg.{picture} title").evaluate_all("all => all.map(e => e.textContent)")


def cells(rows: Locator) -> list[list[str]]:
    return rows.evaluate_all("all => all.map(r => [...r.cells].map(c => c.innerText.trim()))")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_picture_table_and_file_tell_the_numbers_of_the_statements(
    visit: Visit, demo: Site, counted: Counted, scripts: bool
) -> None:
    page = opened(visit, demo, scripts=scripts).page
    supplied = sum(n for (_site, how), n in counted.out.items() if how == "supply")
    picture = titles(page, "flow")
    assert f"Commissioned: {counted.made} packs" in picture
    assert f"Supplied: {supplied} packs" in picture
    (maker, _wholesaler), first = counted.arrived.most_common(1)[0]
    assert f"Manufacturer 1 → Wholesaler 2: {first} packs" in picture
    assert f"Manufacturer 1 → Wholesaler 2: {first} packs" in titles(page, "map")
    table = [row for row in cells(page.locator("#flows tbody tr")) if RECALLED in row[2]]
    assert sum(number(row[5]) for row in table if row[1] == "Supplied") == supplied
    arrived = Counter(
        {row[4]: number(row[8]) for row in table if row[3] == "Manufacturer 1" and row[8]}
    )
    assert arrived == {"Wholesaler 2": first}
    assert all(number(row[5]) == number(row[6]) + number(row[7]) for row in table)
    sums = cells(page.locator("#ways tbody tr"))
    assert ["Manufacturer 1", "Wholesaler 2", str(first), "0", "1"] in sums
    href = page.get_by_role("link", name="As a CSV file").get_attribute("href")
    file = page.request.get(demo.url + str(href)).text().lstrip("\ufeff")
    rows = [row for row in csv.DictReader(file.splitlines()) if row["lot"] == RECALLED]
    assert sum(int(row["packs"]) for row in rows if row["what"] == "supply") == supplied
    assert sum(int(row["arrived"]) for row in rows if row["from_gln"] == maker) == first


def test_one_selection_in_all_four(visit: Visit, demo: Site) -> None:
    page = opened(visit, demo).page
    link = page.locator("svg.flow path.way", has_text="Wholesaler 2 → Pharmacy 1:")
    link.dispatch_event("click")
    chosen = page.locator("#chosen")
    expect(chosen).to_contain_text("Wholesaler 2 → Pharmacy 1: 40 packs")
    rows = page.locator("#flows tr.chosen")
    found = cells(rows)
    assert found
    assert {(row[3], row[4]) for row in found} == {("Wholesaler 2", "Pharmacy 1")}
    assert sum(number(row[5]) for row in found) == 40
    assert f"Rows that belong to it: {len(found)}." in chosen.inner_text()
    days = page.locator(".days li.chosen time").all_inner_texts()
    assert len(days) == len({row[0][:11] for row in found})
    drawn = page.locator("svg.map .chosen title")
    assert "Pharmacy 1" in drawn.evaluate_all("all => all.map(e => e.textContent)")
    expect(page.locator("#ways tr.chosen")).to_have_count(1)
    # By the keyboard: the list beside the pictures, a button each; Escape lets go.
    place = page.get_by_role("button", name="Repackager 1", exact=True).last
    place.focus()
    page.keyboard.press("Enter")
    expect(place).to_have_attribute("aria-pressed", "true")
    found = cells(page.locator("#flows tr.chosen"))
    assert found
    assert all("Repackager 1" in (row[3], row[4]) for row in found)
    page.keyboard.press("Escape")
    expect(page.locator(".chosen")).to_have_count(0)
    expect(chosen).to_be_hidden()
    day = page.locator(".days button").first
    day.click()
    text = day.inner_text()
    expect(page.locator(f"#flows tr.chosen[data-keys*='d{text}']")).to_have_count(
        page.locator("#flows tr.chosen").count()
    )
    row = page.locator("#flows button").nth(1)
    row.click()
    expect(page.locator("#flows tr.chosen")).to_have_count(1)
    expect(page.locator("svg.flow path.way.chosen")).to_have_count(1)


def test_every_element_opens_its_statement_and_each_step_its_own_trace(
    visit: Visit, demo: Site
) -> None:
    visitor = opened(visit, demo, "/traces")
    page = visitor.page
    page.get_by_label("Scan, type or paste what is to be traced").fill(f"09521101000016 {RECALLED}")
    page.get_by_role("button", name="Trace", exact=True).click()
    page.wait_for_url(re.compile(f"{LOT}$"))
    shipped = page.locator("#flows tbody tr", has_text="Shipped").first
    tracking = shipped.locator("a.code").first.inner_text()
    shipped.get_by_role("link", name="Shipped").click()
    page.wait_for_url(re.compile(r"/log/\d+$"))
    assert tracking in visitor.words
    page.go_back()
    page.get_by_label("At the site (GLN)").fill(Cast().pharmacies[0].site)
    page.get_by_label("Direction").select_option("forward")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#flows tbody tr").first).to_be_visible()
    ends = [(row[3], row[4]) for row in cells(page.locator("#flows tbody tr"))]
    assert all("Pharmacy 1" in pair for pair in ends)
    assert visitor.open(f"/traces?q={tracking}") == 200
    assert tracking in visitor.heading


LINES = """rows => rows.map(row => [...row.cells].filter(cell => cell.innerText.trim()).map(cell => {
  const words = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT, node =>
    node.data.trim() ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_SKIP).nextNode();
  const range = document.createRange();
  range.selectNodeContents(words);
  return Math.round(range.getClientRects()[0].top);
}))"""


def test_no_end_of_the_flow_is_hidden_unsaid_and_rows_stand_on_one_line(
    visit: Visit, demo: Site
) -> None:
    """The recalled lot, repacked, runs through nine columns: a wide screen has them all."""
    visitor = opened(visit, demo)
    page = visitor.page
    hint = page.locator(".sideways")
    hidden = "box => box.scrollWidth - box.clientWidth"
    graph = page.get_by_role("region", name="Flow").and_(page.locator(".wide"))
    for width, fits in ((1280, True), (360, False)):
        page.set_viewport_size({"width": width, "height": 800})
        assert (graph.evaluate(hidden) <= 0) is fits
        expect(hint).to_be_visible(visible=not fits)
        assert "local" in graph.evaluate("box => getComputedStyle(box).backgroundAttachment")
        for table in ("#ways", "#flows"):
            clear = "table => getComputedStyle(table).backgroundColor"
            assert page.locator(table).evaluate(clear) == "rgba(0, 0, 0, 0)"  # the shade is seen
    expect(hint).to_contain_text("from Commissioned to Supplied")
    page.set_viewport_size({"width": 1280, "height": 800})
    for table in ("#ways", "#flows"):
        for tops in page.locator(f"{table} tbody tr").evaluate_all(LINES):
            assert max(tops) - min(tops) <= 3, (table, tops)
