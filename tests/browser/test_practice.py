"""The practice switch before a person's eyes: a border on all that a practice node shows, and its labels refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from app.node import KEY
from scanner.label import PrintedLabel, render, to_png
from tests.app.conftest import give_keys
from tests.browser.conftest import Fresh, Visit, Visitor, serve, settings
from tests.browser.test_every_page import look
from tests.world import PracticeChain

LOT = "PRACTICE1"
BANNER = "PRACTICE Nothing here is a medicine."
REFUSED = "This is a label of a practice log, not a medicine."


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    """A practice node whose pharmacy has a pack of lot PRACTICE1."""
    chain = PracticeChain(tmp_path_factory.mktemp("practice"))
    give_keys(chain)
    packs = chain.commission(LOT, 1)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    for site in serve(settings(chain.folder, lambda: chain.now)):
        yield Fresh(site.url, site.app, site.folder, chain)
    chain.store.close()


@pytest.fixture
def picture(practice: Fresh, tmp_path: Path) -> Path:
    """The label of that pack, as the practice log draws it."""
    assert practice.app.extensions[KEY].practice
    label = PrintedLabel(practice.chain.gtin, LOT, date(2028, 1, 31), f"{LOT}-0000", practice=True)
    path = tmp_path / "label.png"
    path.write_bytes(to_png(render(label)))
    return path


def border(shown: Locator) -> str:
    """Width and pattern of an element's border."""
    told: str = shown.evaluate(
        "(one) => { const s = getComputedStyle(one); return `${s.borderTopWidth} ${s.borderImageSource}`; }"
    )
    return told


def striped(shown: Locator) -> bool:
    return border(shown).startswith("12px repeating-linear-gradient")


def scan(visitor: Visitor, picture: Path) -> Locator:
    """Show a label's picture to /scan; answers the verdict that fills the screen."""
    visitor.open("/scan")
    visitor.page.get_by_label("Or a picture of the label").set_input_files(picture)
    visitor.page.get_by_role("button", name="Check", exact=True).click()
    shown = visitor.page.locator("#verdict")
    expect(shown).to_be_visible()
    return shown


@pytest.mark.parametrize("signed_in", [True, False])
def test_all_that_a_practice_node_shows_is_striped_and_says_so(
    practice: Fresh, visit: Visit, picture: Path, signed_in: bool
) -> None:
    visitor = visit(practice)
    page = visitor.page
    if signed_in:
        page.goto(practice.link(practice.chain.pharmacy))
        page.locator("main form button").click()
        page.wait_for_url(f"{practice.url}/")
    for path in ("/", "/log", "/help", "/nowhere"):
        visitor.open(path)
        assert striped(page.locator("body")), path
        expect(page.locator("body > .simulated")).to_have_text(BANNER)
    if signed_in:
        page.locator("#sign").evaluate("(dialog) => dialog.showModal()")
        assert striped(page.locator("#sign"))
        expect(page.locator("#sign .simulated")).to_have_text(BANNER)
    page.emulate_media(media="print")
    visitor.open("/help")
    expect(page.locator("body > .simulated")).to_be_visible()
    assert striped(page.locator("body"))
    page.emulate_media(media="screen")
    shown = scan(visitor, picture)
    assert striped(shown)
    expect(shown).to_contain_text(BANNER)
    expect(shown).to_contain_text("OK")
    look(visitor, (1280, "light"), (360, "dark"))


def test_a_practice_label_at_a_real_node_is_refused_in_words(
    fresh: Fresh, visit: Visit, picture: Path
) -> None:
    visitor = visit(fresh)
    shown = scan(visitor, picture)
    expect(shown).to_contain_text("Not checked")
    expect(shown).to_contain_text(REFUSED)
    expect(shown).to_contain_text("Put it with the training material.")
    expect(visitor.page.locator("#stopped")).to_be_hidden()
    assert not striped(shown)
    assert not striped(visitor.page.locator("body"))


def test_a_link_of_each_leads_to_the_other(fresh: Fresh, practice: Fresh, visit: Visit) -> None:
    """Over another origin: nothing of the one is sent to the other."""
    for here, there, words in (
        (fresh, practice, "Practise"),
        (practice, fresh, "Back to work"),
    ):
        node = here.app.extensions[KEY]
        kind = "practice" if words == "Practise" else "real"
        here.app.extensions[KEY] = replace(
            node, settings=replace(node.settings, **{kind: there.url})
        )
        try:
            visitor = visit(here)
            visitor.open("/")
            link = visitor.page.get_by_role("link", name=words)
            assert link.get_attribute("href") == there.url
            look(visitor, (360, "light"))
        finally:
            here.app.extensions[KEY] = node
