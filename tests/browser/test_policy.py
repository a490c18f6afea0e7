"""A policy is changed by two people, who see first what differs and what the past would have met."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Fresh, Visit, serve_fresh
from tests.browser.joined import press_sign
from tests.browser.test_two_hands import official
from tests.world import policy


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Fresh]:
    """A log of its own: what is decided here stays."""
    yield from serve_fresh(tmp_path / "log")


def test_a_policy_is_tried_signed_and_countersigned(fresh: Fresh, visit: Visit) -> None:
    chain = fresh.chain
    packs = chain.commission("POL1", 3)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    chain.act("supply", chain.pharmacy, packs[:1])
    supplied = chain.reader.head().size - 1
    first, second = official(visit, fresh, 1), official(visit, fresh, 2)
    page = first.page
    first.open("/policy")
    page.get_by_role("link", name="Propose another policy").click()
    tried, sign = page.locator("#tried"), page.get_by_role("button", name="Sign this policy")

    # One that locks everybody out is not to be signed, and says so.
    page.locator("#threshold").fill("4")
    page.get_by_role("button", name="See what differs").click()
    expect(page.locator("#objection")).to_contain_text("Enough authority keys must remain")
    expect(sign).to_be_disabled()

    # What was tried is gone as soon as the form says something else.
    page.locator("#threshold").fill("2")
    expect(tried).to_be_hidden()
    page.locator("#undoHours").fill("12")
    page.get_by_text("What a party may sign as pharmacy").click()
    page.locator("[name='roles.pharmacy'][value=supply]").uncheck()
    page.locator("#products").fill("09521111000013 48 2")
    page.get_by_role("button", name="See what differs").click()
    expect(page.locator("#error")).to_contain_text("has four parts")
    page.locator("#products").fill(f"{chain.gtin} 48 2 8")
    page.get_by_role("button", name="See what differs").click()
    expect(page.locator("#changes")).to_contain_text("no longer: supply")
    expect(page.locator("#warnings")).to_contain_text("Nobody could sign any more: supply.")
    expect(page.locator("#judged")).to_contain_text("1 would have been refused.")
    expect(page.locator("#groups").get_by_role("link")).to_have_attribute(
        "href", f"/log/{supplied}"
    )

    sign.click()
    expect(page.locator("#sign-words")).to_contain_text("12 hours")
    press_sign(page)
    page.wait_for_url("**/waiting")
    second.open("/waiting")
    assert "no longer: supply" in second.words
    second.page.get_by_role("button", name="Look at it and sign").click()
    expect(second.page.locator("#sign-words")).to_contain_text(
        "at most 48 hours under way, 2 to 8 °C"
    )
    with second.page.expect_navigation():
        press_sign(second.page)
    told = chain.reader.authority().policy
    assert (told.undo_hours, told.products[chain.gtin].max_transit) == (12, 48)
    assert "supply" not in told.roles["pharmacy"]
    assert told.see == policy().see
    second.open("/policy")
    second.page.get_by_role("link", name="What it changed").click()
    expect(second.page.get_by_role("region", name="Differences")).to_contain_text(
        "no longer: supply"
    )
