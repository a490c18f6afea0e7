"""A page whose acts are signed in one press, as somebody without a mouse works on it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from ledger.statement import gs1
from ledger.statement.events import Event
from ledger.statement.submission import Statement
from tests.browser.conftest import Fresh, Visitor
from tests.browser.keys import GS, Keys
from tests.world import Chain


class Steps:
    """The work, check your answers, sign, done."""

    def __init__(self, visitor: Visitor, fresh: Fresh) -> None:
        self.visitor, self.page, self.chain = visitor, visitor.page, fresh.chain
        self.keys = Keys(self.page)

    def open(self, path: str) -> None:
        """Open the page and wait for its script."""
        assert self.visitor.open(path) == 200
        expect(self.page.locator("#work")).to_be_visible()

    def go_to(self, name: str) -> None:
        """Reach an element by the Tab key alone."""
        for _ in range(120):
            if self.page.evaluate("document.activeElement.id") == name:
                return
            self.keys.type("", "Tab")
        pytest.fail(f"#{name} cannot be reached by the keyboard")

    def press(self, name: str) -> None:
        """Go to a button, and press it."""
        self.go_to(name)
        self.keys.type("", "Enter")

    def enter(self, button: Locator) -> None:
        """Press what stands somewhere: behind a scan, whose keys have times of their own."""
        button.focus()
        self.keys.press(["Enter"], gap_ms=160, pause_ms=400)

    def fill(self, name: str, text: str) -> None:
        """Write into a field."""
        self.page.locator(f"#{name}").fill(text)

    def check(self) -> dict[str, str]:
        """Go on to check your answers; what stands there."""
        self.press("continue")
        expect(self.page.locator("#check-title")).to_be_focused()
        lines = self.page.locator("#answers > div").all()
        return {
            one.locator("dt").inner_text(): one.locator("dd").first.inner_text() for one in lines
        }

    def sign(self) -> str:
        """Sign what was checked; what the dialog said."""
        self.press("sign-it")
        box = self.page.locator("#sign")
        expect(box).to_be_visible()
        words = box.inner_text()
        self.press("sign-yes")
        expect(self.page.locator("#done-title")).to_be_focused()
        return words

    def done(self) -> list[Event]:
        """What was signed, as the log has it."""
        expect(self.page.locator("#done-title")).to_have_text("It is on the log")
        ids = self.page.locator("#done-facts dt", has_text="Reference").locator("+ dd")
        events = [logged(self.chain, one) for one in ids.all_inner_texts()]
        assert all(isinstance(one, Event) for one in events)
        return events

    def problem(self) -> str:
        """What stands in the way."""
        place = self.page.locator("#problem")
        expect(place).to_be_focused()
        return place.inner_text()

    def kept(self) -> None:
        """Wait until the browser keeps the unfinished work."""
        expect(self.page.locator("#kept")).to_have_text("Kept in this browser.")


def label(item: str, lot: str = "L1") -> str:
    """What a scanner sends of an item."""
    found = gs1.parse_item_id(item)
    if found.sscc:
        return f"]C100{found.sscc}"
    return f"]d201{found.gtin}21{found.serial}{GS}10{lot}{GS}17280131"


def row(chain: Chain, item: str) -> Any:
    """Where an item is, as the log's views have it."""
    found = chain.reader.world().row(item)
    assert found is not None
    return found


def logged(chain: Any, statement: str) -> Any:
    """What a statement on the log says."""
    return Statement.parse(chain.reader.find(statement).envelope).body
