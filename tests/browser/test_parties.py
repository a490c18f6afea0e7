"""A party comes and is shut: by its authority's two people, who see first what it does to open work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Fresh, Visit, serve_fresh
from tests.browser.joined import press_sign
from tests.browser.test_every_page import faults
from tests.browser.test_two_hands import official
from tests.world import key_text, member


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Fresh]:
    """A log of its own: what is decided here stays."""
    yield from serve_fresh(tmp_path / "log")


def test_a_party_is_admitted_renewed_and_suspended_by_two_people(
    fresh: Fresh, visit: Visit
) -> None:
    chain, new = fresh.chain, member("newcomer", "pharmacy", 30)
    first, second = official(visit, fresh, 1), official(visit, fresh, 2)
    page = first.page

    def countersign(number: int) -> str:
        """The colleague signs all that waits, oldest first; what they read last."""
        words = ""
        for _ in range(number):
            second.open("/waiting")
            second.page.get_by_role("button", name="Look at it and sign").first.click()
            expect(second.page.locator("#sign-yes")).to_be_visible()
            words = second.page.locator("#sign").inner_text()
            with second.page.expect_navigation():
                press_sign(second.page)
        expect(second.page.locator("main")).to_contain_text("Nothing waits.")
        return words

    # Admitted with its first site, in one press; what the log would not take is said before.
    first.open("/parties")
    page.get_by_role("link", name="Admit a party").click()
    for name, text in (
        ("name", "Newcomer"), ("gln", new.gln), ("country", "be"), ("number", "L-1"),
        ("level", "full"), ("expires", "2026-12-01"), ("prefixes", new.prefix),
        ("adminKeys", key_text("newcomer admin")), ("recoveryKey", key_text("newcomer recovery")),
        ("site-gln", new.site), ("site-name", "Newcomer's shop"), ("site-address", "Street 3"),
    ):  # fmt: skip
        page.locator(f"#{name}").fill(text)
    page.get_by_label("pharmacy", exact=True).check()
    page.get_by_role("button", name="Check and sign").click()
    expect(page.locator("#error")).to_contain_text("country is two capital letters")
    page.locator("#country").fill("BE")
    page.get_by_role("button", name="Check and sign").click()
    press_sign(page)
    page.wait_for_url("**/waiting")
    assert "Newcomer's shop" in countersign(2)
    first.open("/parties")
    row = page.get_by_role("row").filter(has_text="Newcomer")
    expect(row).to_contain_text("licence ends soon")

    # Renewed: what stands there is what was on record.
    row.get_by_role("link", name="Newcomer").click()
    page.get_by_role("link", name="Renew the admission").click()
    expect(page.locator("#adminKeys")).to_have_value(key_text("newcomer admin"))
    page.locator("#expires").fill("2031-01-01")
    page.get_by_role("button", name="Check and sign").click()
    press_sign(page)
    page.wait_for_url("**/waiting")
    countersign(1)
    record = chain.reader.authority().party(new.gln)
    assert record is not None
    assert record.licence.expires == "2031-01-01"

    # Suspended at one site: its stock, and by whom it is taken back until when.
    packs = chain.commission("SHUT1", 4)
    chain.hand_over(chain.maker, packs[:3], chain.pharmacy)
    chain.ship(chain.maker, packs[3:], chain.pharmacy)
    first.open(f"/parties/{chain.pharmacy.gln}")
    page.get_by_role("link", name="Suspend Pharmacy site").click()
    stock = page.get_by_role("row").filter(has_text="SHUT1")
    page.get_by_text("Lot by lot").click()
    expect(stock).to_contain_text("Maker, Maker site, who sent it")
    assert "Shipments on the way in\n1" in first.words
    page.get_by_label("Reason").fill("cold room out of order")
    page.get_by_label("Stock is to be taken back by").fill("2026-10-12")
    page.get_by_role("button", name="Check and sign").click()
    expect(page.locator("#sign-words")).to_contain_text("stock to be taken back by 2026-10-12")
    assert faults(first) == []
    press_sign(page)
    page.wait_for_url("**/waiting")
    assert faults(first) == []
    assert chain.pharmacy.site in countersign(1)
    assert chain.reader.authority().site(chain.pharmacy.site).suspended >= 0
    first.open(f"/parties/{chain.pharmacy.gln}")
    expect(page.locator(".timeline li").first).to_contain_text("cold room out of order")
