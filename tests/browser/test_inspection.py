"""An inspection in two browsers: the inspector counts by a scanner and by number, both sides sign."""

from __future__ import annotations

from playwright.sync_api import expect

from ledger.statement.governance import Document
from ledger.statement.submission import Statement
from tests.browser.conftest import Fresh, Visit, Visitor
from tests.browser.joined import join, press_sign, sign_in
from tests.browser.keys import Keys
from tests.browser.test_dispatch import label
from tests.browser.test_every_page import faults, overflow, small_targets


def test_a_difference_is_counted_and_signed_by_both(visit: Visit, fresh: Fresh) -> None:
    chain = fresh.chain
    packs = chain.commission("INS1", 3)
    more = chain.commission("INS2", 2)
    chain.hand_over(chain.maker, [*packs, *more], chain.pharmacy2)
    inspector = join(visit(fresh), fresh, chain.authority)
    page = inspector.page
    assert inspector.open("/inspections") == 200
    page.locator("#site").fill(chain.pharmacy2.site)
    page.get_by_role("button", name="Begin the count").click()
    page.wait_for_url("**/inspections/INS-*")
    number = page.url.rpartition("/")[2]
    keys = Keys(page)
    for pack in packs[:2]:
        keys.scan(label(pack, "INS1"))
        expect(page.locator("#said")).to_contain_text("in the book stock")
        expect(page.locator("#items-title")).to_be_visible()
    keys.scan(label(packs[0], "INS1"))
    expect(page.locator("#said")).to_contain_text("counted already")
    keys.scan("nonsense that is no code")
    expect(page.locator("#error")).to_contain_text("Not counted.")
    row = page.locator("tr", has_text="INS2")
    row.locator("input[name=n]").fill("2")
    row.get_by_role("button", name="Set").click()
    expect(page.locator("tr", has_text="INS2")).to_contain_text("by number")
    expect(page.locator("tr", has_text="INS1")).to_contain_text("-1")
    assert not faults(inspector)
    assert not small_targets(inspector)
    page.locator("#note").fill("Shelf 3 was locked")
    page.get_by_role("button", name="Close, and make the report").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Report of a stock-taking")
    expect(page.get_by_text("The count differs from the book")).to_be_visible()
    expect(page.get_by_text(packs[2])).to_be_visible()
    page.locator("#sign-report").click()
    press_sign(page)
    expect(page.locator("#sign-report")).to_have_count(0)
    site = join(visit(fresh, width=360, scheme="dark"), fresh, chain.pharmacy2)
    assert site.open(f"/inspections/{number}") == 200
    expect(site.page.get_by_text("Shelf 3 was locked")).to_be_visible()
    expect(site.page.locator("#signatures + p + dl .chip.ok")).to_have_count(1)
    assert not faults(site)
    assert not overflow(site)
    site.page.locator("#sign-report").click()
    expect(site.page.locator("#sign")).to_contain_text(number)
    press_sign(site.page)
    expect(site.page.locator("#sign-report")).to_have_count(0)
    for visitor in (site, inspector):
        assert visitor.open(f"/inspections/{number}") == 200
        expect(visitor.page.locator("#signatures + p + dl .chip.ok")).to_have_count(2)
    digest = page.locator("#digest").inner_text()
    signed = [Statement.parse(entry) for entry in _documents(fresh)]
    mine = [one for one in signed if isinstance(one.body, Document) and one.body.sha256 == digest]
    assert {one.body.by for one in mine} == {chain.authority.gln, chain.pharmacy2.gln}


def test_what_is_scanned_without_a_line_or_a_session_is_counted_afterwards(
    visit: Visit, fresh: Fresh
) -> None:
    chain = fresh.chain
    packs = chain.commission("INS3", 3)
    chain.hand_over(chain.maker, packs, chain.pharmacy2)
    pharmacist = join(visit(fresh), fresh, chain.pharmacy2)
    page = pharmacist.page
    pharmacist.open("/inspections")
    page.get_by_role("button", name="Begin the count").click()
    page.wait_for_url("**/inspections/INS-*")
    keys = Keys(page)
    page.route("**/scans", lambda route: route.abort())
    for pack in packs[:2]:
        keys.scan(label(pack, "INS3"))
    expect(page.locator("#said")).to_contain_text("cannot be reached")
    page.get_by_role("button", name="Close, and make the report").click()
    expect(page.locator("#error")).to_contain_text("Some codes have not been checked yet.")
    page.unroute("**/scans")
    expect(page.locator("#items-title")).to_have_text("2 codes scanned")
    expect(page.locator("#error")).to_be_hidden()
    page.context.clear_cookies()
    keys.scan(label(packs[2], "INS3"))
    expect(page.locator("#error")).to_contain_text("Sign in first")
    sign_in_again = page.context.new_page()
    sign_in(Visitor(sign_in_again, fresh), fresh)
    sign_in_again.close()
    keys.scan(label(packs[0], "INS3"))
    expect(page.locator("#items-title")).to_have_text("3 codes scanned")


def _documents(fresh: Fresh) -> list[bytes]:
    reader = fresh.chain.reader
    size = reader.head().size
    return [bytes(reader.logged(index).envelope) for index in range(size - 2, size)]
