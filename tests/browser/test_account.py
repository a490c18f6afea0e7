"""Signing in and out in a browser."""

from __future__ import annotations

from playwright.sync_api import expect

from ledger.statement.dsse import key_id
from ledger.tlog.ed25519 import public_of
from tests.browser.conftest import Fresh, Site, Visit
from tests.browser.joined import join, press_sign
from tests.browser.test_decommission import person
from tests.world import seed


def test_a_one_time_link_signs_one_browser_in_once(fresh: Fresh, visit: Visit) -> None:
    link = fresh.link(fresh.chain.pharmacy)
    visitor = visit(fresh, scripts=False)
    visitor.page.goto(link)  # opening alone signs nobody in
    assert "Not signed in" in visitor.words
    visitor.page.get_by_role("button", name="Sign in here").click()
    assert "Pharmacy, Pharmacy site" in visitor.words

    other = visit(fresh)
    other.page.goto(link)
    other.page.get_by_role("button", name="Sign in here").click()
    assert "was used or is over 60 seconds old" in other.words
    other.open("/")
    assert "Not signed in" in other.words

    visitor.page.get_by_role("button", name="Sign out").click()
    assert "Not signed in" in visitor.words


def test_a_link_ends_after_a_minute(fresh: Fresh, visit: Visit) -> None:
    link = fresh.link(fresh.chain.pharmacy)
    fresh.chain.now += 60_001
    visitor = visit(fresh)
    visitor.page.goto(link)
    visitor.page.get_by_role("button", name="Sign in here").click()
    assert "was used or is over 60 seconds old" in visitor.words


def test_another_site_cannot_press_a_button_here(demo: Site, visit: Visit) -> None:
    """A form on a foreign page posts to ours: the browser says where it comes from."""
    visitor = visit(demo)
    visitor.sign_in("pharmacist")
    trap = f'<form method="post" action="{demo.url}/logout"><button>Win</button></form>'
    thief = visitor.page.context.new_page()
    thief.route(
        "http://evil.example/", lambda route: route.fulfill(body=trap, content_type="text/html")
    )
    thief.goto("http://evil.example/")
    thief.get_by_role("button", name="Win").click()
    assert "started by another site" in thief.locator("body").inner_text()
    visitor.open("/")
    assert "Pharmacy 1" in visitor.words


def test_a_server_that_cannot_be_reached_is_said(fresh: Fresh, visit: Visit) -> None:
    """A press that leads to nothing leaves a person waiting."""
    visitor = join(visit(fresh), fresh, fresh.chain.pharmacy)
    visitor.open("/account")
    visitor.page.context.set_offline(True)
    visitor.page.locator("#renew").click()
    expect(visitor.page.locator("#error")).to_have_text(
        "The server cannot be reached. Check the line."
    )
    visitor.page.context.set_offline(False)
    visitor.page.locator("#renew").click()
    expect(visitor.page.locator("#renewed-link")).to_be_visible()
    expect(visitor.page.locator("#error")).to_be_hidden()


def test_a_key_is_gone_once_the_log_has_revoked_it_and_not_before(
    fresh: Fresh, visit: Visit, lot: str
) -> None:
    page = person(visit, fresh, f"{lot} leaves").page
    page.goto(f"{fresh.url}/account")
    page.route("**/api/statements", lambda route: route.abort())
    page.get_by_role("button", name="Revoke this key").click()
    press_sign(page)
    expect(page.locator("#error")).to_have_text(
        "Signed. It is sent as soon as the server can be reached."
    )
    keyid = key_id(public_of(seed(f"{lot} leaves")))
    assert fresh.chain.reader.authority().keys[keyid].revoked < 0
    page.unroute("**/api/statements")
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_url("**/login")
    assert fresh.chain.reader.authority().keys[keyid].revoked >= 0
    expect(page.locator("#none")).to_be_visible()
