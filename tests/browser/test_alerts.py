"""A copied label, from the scan that stops to the authority's finding, in real browsers with real keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from ledger.statement import gs1
from ledger.statement.events import Event
from ledger.statement.submission import Statement
from tests.browser.conftest import Fresh, Visit, Visitor, serve_fresh
from tests.browser.joined import join, press_sign
from tests.browser.keys import GS, Keys
from tests.browser.test_every_page import faults, look, overflow

LOT = "COPY1"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    """A node of its own: its clock goes on by weeks."""
    yield from serve_fresh(tmp_path_factory.mktemp("alerts"))


def text_of(item: str) -> str:
    """What a scanner sends of a pack."""
    found = gs1.parse_item_id(item)
    return f"]d201{found.gtin}1728013110{LOT}{GS}21{found.serial}"


def scan(visitor: Visitor, item: str) -> None:
    """Scan at the counter; the verdict stops scanning."""
    visitor.open("/scan?mode=dispense")
    Keys(visitor.page).scan(text_of(item), "Enter")
    expect(visitor.page.locator("#stopped")).to_be_visible()


def newest(fresh: Fresh) -> Event:
    """The log's newest event."""
    reader = fresh.chain.reader
    index = reader.head().size - 1
    body = Statement.parse(reader.logged(index).envelope).body
    assert isinstance(body, Event)
    return body


def choose(page: Page, label: str, words: str) -> None:
    page.get_by_label(label).select_option(label=words)


def test_a_copied_label_from_the_scan_to_the_authority(fresh: Fresh, visit: Visit) -> None:
    chain = fresh.chain
    [pack] = chain.commission(LOT, 1)
    chain.hand_over(chain.maker, [pack], chain.pharmacy)
    chain.supply(chain.pharmacy, [pack])
    chain.hours(1)
    shop = join(visit(fresh), fresh, chain.pharmacy2)
    before = shop.page.locator('a[href="/alerts"] .count').inner_text()

    # The scan says that the pack, not the reading, is in question, and leads to its case.
    scan(shop, pack)
    stopped = shop.page.locator("#stopped")
    expect(stopped).to_contain_text("Alert: the log says no")
    expect(stopped).to_contain_text("potential suspect falsification")
    assert "fake" not in stopped.inner_text().lower()
    expect(stopped.locator(".decided")).to_be_hidden()
    assert faults(shop) == []
    case = stopped.locator(".case").get_attribute("href") or ""
    assert case.startswith("/alerts/")

    # It waits for the site: on the home page, and first on the list.
    shop.open("/")
    assert int(shop.page.locator('a[href="/alerts"] .count').inner_text()) == int(before) + 1
    shop.open("/alerts")
    mine = shop.page.get_by_role("region", name="Waiting for you").first
    expect(mine).to_contain_text("Already supplied, by the record")
    expect(mine).to_contain_text("a copied label: potential suspect falsification")

    # What the scan showed becomes an inspection on the log by the person's own signature.
    shop.open(case)
    shop.page.get_by_role("button", name="Sign what the scan showed").click()
    press_sign(shop.page)
    expect(shop.page.locator("#signed")).to_contain_text("It is on the log")
    signed = newest(fresh)
    assert (signed.op, signed.reason, signed.read_point) == (
        "inspect", "supplied-elsewhere", chain.pharmacy2.site,
    )  # fmt: skip
    shop.open("/alerts")  # which looks for what has landed
    shop.open(case)
    expect(shop.page.get_by_role("region", name="Evidence")).to_contain_text("Inspected")

    # Closed without a cause it is not, and what was written stays in its field.
    shop.page.locator("#closing-note").fill("the supplier was called")
    shop.page.get_by_role("button", name="Close", exact=True).click()
    expect(shop.page.get_by_role("alert").first).to_contain_text("root cause")
    expect(shop.page.locator("#closing-note")).to_have_value("the supplier was called")
    assert faults(shop) == []

    # What is decided stands before whoever has the pack in hand.
    choose(shop.page, "Whoever has it in hand is told", "Keep apart")
    shop.page.get_by_role("button", name="Decide", exact=True).click()
    expect(shop.page.get_by_role("heading", name="Keep apart")).to_be_visible()
    scan(shop, pack)
    expect(shop.page.locator("#stopped .decided")).to_contain_text(
        "Keep it apart, and give it to nobody."
    )

    # The site passes it on; the product's holder learns what the site is, and not which.
    shop.open(case)
    shop.page.locator("#note").fill("the wholesaler knows nothing of it")
    shop.page.get_by_role("button", name="Pass it on").click()
    expect(shop.page.get_by_text("It is not your turn")).to_be_visible()
    maker = join(visit(fresh, width=360), fresh, chain.maker)
    maker.open(case)
    assert "Pharmacy2" not in maker.words
    expect(maker.page.locator("dl")).to_contain_text("pharmacy in BE")
    expect(maker.page.locator("main")).to_contain_text("the wholesaler knows nothing of it")
    assert (faults(maker), overflow(maker)) == ([], 0)

    # The authority has it ten business days later, and finds.
    chain.hours(14 * 24 + 1)
    authority = join(visit(fresh), fresh, chain.authority)
    authority.open("/alerts")
    look(authority, (1280, "light"), (360, "dark"))
    authority.open(case)
    look(authority, (1280, "dark"), (360, "light"))
    choose(authority.page, "Root cause", "falsification")
    choose(authority.page, "Closing code", "False alert: nothing was wrong with the goods")
    authority.page.get_by_role("button", name="Close", exact=True).click()
    expect(authority.page.get_by_role("alert").first).to_contain_text("falsification")
    choose(
        authority.page, "Closing code", "Found illegitimate: notify the authority and the partners"
    )
    authority.page.get_by_role("button", name="Close", exact=True).click()
    expect(authority.page.locator("dl")).to_contain_text("Found illegitimate")
    expect(
        authority.page.get_by_text("Notify the authority and the trading partners")
    ).to_be_visible()
    authority.page.get_by_role("link", name="As Form FDA 3911").first.click()
    expect(
        authority.page.get_by_role("row", name="Classification of Notification")
    ).to_contain_text("Counterfeit")
    look(authority, (1280, "light"), (360, "light"))


def test_a_case_is_worked_on_without_scripts(fresh: Fresh, visit: Visit) -> None:
    chain = fresh.chain
    [pack] = chain.commission("COPY2", 1)
    chain.hand_over(chain.maker, [pack], chain.pharmacy)
    chain.supply(chain.pharmacy, [pack])
    chain.hours(1)
    shop = visit(fresh, scripts=False)
    shop.page.goto(fresh.link(chain.pharmacy2))
    shop.page.get_by_role("button", name="Sign in here").click()
    found = gs1.parse_item_id(pack)
    shop.check(f"(01){found.gtin}(17)280131(10)COPY2(21){found.serial}", purpose="dispense")
    shop.page.get_by_role("link", name="Case ").click()
    choose(shop.page, "Whoever has it in hand is told", "Send back")
    shop.page.get_by_role("button", name="Decide", exact=True).click()
    choose(shop.page, "Root cause", "procedure: done twice, too early or not at all")
    choose(shop.page, "Closing code", "Explained: a slip, put right")
    shop.page.get_by_role("button", name="Close", exact=True).click()
    expect(shop.page.locator("dl")).to_contain_text("Explained: a slip, put right")
    shop.open("/verify")
    shop.check(f"(01){found.gtin}(17)280131(10)COPY2(21){found.serial}", purpose="dispense")
    expect(shop.page.locator(".verdict")).to_contain_text("Send it back to who delivered it")
