"""One person is a manufacturer, a wholesaler and a pharmacist in three tabs, each by a real key."""

from __future__ import annotations

from typing import Any

from app.node import KEY
from ledger.statement.governance import KeyAdd
from ledger.statement.submission import Statement
from tests.browser.conftest import Fresh, Site, Visit, Visitor


def act_as(visitor: Visitor, role: str) -> None:
    """Press one of the people, without a mouse."""
    visitor.open("/demo")
    visitor.page.locator("#people").wait_for()  # shown once its presses are heard
    button = visitor.page.locator(f'[data-role="{role}"]')
    button.focus()
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url(f"{visitor.site.url}/")


def test_each_press_joins_a_key_of_this_browser_by_a_statement(demo: Site, visit: Visit) -> None:
    reader = demo.app.extensions[KEY].reader
    visitor = visit(demo)
    size = reader.head().size
    for number, (role, name) in enumerate(
        (
            ("manufacturer", "Manufacturer 1"),
            ("distributor", "Wholesaler 1"),
            ("pharmacist", "Pharmacy 1"),
        ),
        1,
    ):
        act_as(visitor, role)
        assert name in visitor.page.locator(".who").inner_text()
        assert reader.head().size == size + number
        added = Statement.parse(reader.logged(size + number - 1).envelope)
        assert isinstance(added.body, KeyAdd)
        assert len(added.envelope.signatures) == 2  # the administrator's, and the new key's own
    act_as(visitor, "pharmacist")  # again: the key is there
    assert reader.head().size == size + 3
    assert "Pharmacy 1" in visitor.page.locator(".who").inner_text()


def test_a_visitor_whose_key_was_revoked_makes_another(demo: Site, visit: Visit) -> None:
    reader = demo.app.extensions[KEY].reader
    visitor = visit(demo)
    act_as(visitor, "pharmacist")
    size = reader.head().size

    def revoked(route: Any) -> None:
        route.fulfill(json={**route.fetch().json(), "revoked": True})

    visitor.page.route("**/api/keys/*", revoked)
    act_as(visitor, "pharmacist")
    assert reader.head().size == size + 1


def test_home_leads_there_in_a_simulated_world_alone(
    demo: Site, fresh: Fresh, visit: Visit
) -> None:
    visitor = visit(demo)
    visitor.open("/")
    visitor.page.get_by_role("link", name="Act as…").click()
    assert visitor.heading == "Act as…"
    other = visit(fresh)
    other.open("/")
    assert other.page.get_by_role("link", name="Act as…").count() == 0
    assert other.open("/demo") == 404
