"""What every page must be: reachable for everybody (WCAG 2.2 AA), honest about the simulation."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe

from app.pages import BLUEPRINTS
from ledger.statement import gs1
from tests.browser.conftest import Fresh, Scheme, Site, Visit, Visitor
from tests.nodes import expected

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
}

# Each page, as its rule has it, with an address of it in the demo world and in an empty one.
PAGES = {
    "/": ("/", "/"),
    "/verify": ("/verify", "/verify"),
    "/scan": ("/scan", "/scan"),
    "/01/<gtin>/21/<path:serial>": ("/01/{gtin}/21/{serial}", "/01/09521102000015/21/NONE"),
    "/01/<gtin>/10/<lot>/21/<path:serial>": (
        "/01/{gtin}/10/{lot}/21/{serial}?17={expiry}",
        "/01/09521102000015/10/L/21/NONE?17=280131",
    ),
    "/packs/<gtin>/<path:serial>": ("/packs/{gtin}/{serial}", "/packs/09521102000015/NONE"),
    "/log": ("/log", "/log"),
    "/log/<int:number>": ("/log/528", "/log/0"),
    "/help": ("/help", "/help"),
    "/login/<token>": ("/login/A", "/login/A"),
}


def test_the_list_of_pages_is_whole(bare: Site) -> None:
    names = {blueprint.name for blueprint in BLUEPRINTS}
    rules = {
        str(rule)
        for rule in bare.app.url_map.iter_rules()
        if rule.endpoint.partition(".")[0] in names and "GET" in (rule.methods or ())
    }
    assert rules == set(PAGES)


def good_pack(demo: Site) -> dict[str, str]:
    """The pack of the good label, as addresses name it."""
    told = expected(demo.folder)
    [item] = [one["item"] for one in told if one["picture"] == "good.png"]
    found = gs1.parse_item_id(item)
    node = demo.app.extensions["packtrace"]
    state = node.answers.state(item, told[0]["site"])
    expiry = state.expiry.strftime("%y%m%d")
    return {"gtin": found.gtin, "serial": found.serial, "lot": state.lot, "expiry": expiry}


def full(visit: Visit, demo: Site, page: str, **look: object) -> Visitor:
    """A page of the demo world, for its pharmacist who has just scanned."""
    visitor: Visitor = visit(demo, **look)
    visitor.sign_in("pharmacist")
    assert visitor.open(PAGES[page][0].format(**good_pack(demo))) == 200
    return visitor


def empty(visit: Visit, fresh: Fresh, page: str, **look: object) -> Visitor:
    """A page of a log without packs, for a pharmacist who has done nothing."""
    visitor: Visitor = visit(fresh, **look)
    visitor.page.goto(fresh.link(fresh.chain.pharmacy))
    visitor.page.get_by_role("button", name="Sign in here").click()
    assert visitor.open(PAGES[page][1]) == 200
    return visitor


def unserved(visit: Visit, bare: Site, page: str, **look: object) -> Visitor:
    """A page where there is no log."""
    visitor: Visitor = visit(bare, **look)
    status = visitor.open(PAGES[page][1])
    assert status == (200 if page in ("/", "/verify", "/scan", "/help", "/login/<token>") else 503)
    return visitor


Made = Callable[..., Visitor]


@pytest.fixture(params=["full", "empty", "no log"])
def made(
    request: pytest.FixtureRequest, visit: Visit, demo: Site, fresh: Fresh, bare: Site
) -> Made:
    """Opens a page in one of its states."""
    return {
        "full": lambda page, **look: full(visit, demo, page, **look),
        "empty": lambda page, **look: empty(visit, fresh, page, **look),
        "no log": lambda page, **look: unserved(visit, bare, page, **look),
    }[request.param]


def faults(visitor: Visitor) -> list[str]:
    """What axe finds, one line each."""
    found = Axe().run(visitor.page, options=RULES).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


def overflow(visitor: Visitor) -> int:
    """By how many px the page is wider than its window."""
    wide = visitor.page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return int(wide)


def small_targets(visitor: Visitor) -> list[str]:
    """Buttons and fields under 44 px; links outside a sentence under 24 (WCAG 2.5.8)."""
    found = visitor.page.evaluate(
        """() => [...document.querySelectorAll('button, input, select, summary, .button, nav a')]
            .map(e => [e.outerHTML.slice(0, 120), e.getBoundingClientRect()])
            .filter(([, box]) => box.width && (box.height < 44 || box.width < 24))
            .map(([html, box]) => `${html} is ${box.width} x ${box.height}`)"""
    )
    return list(found)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (360, "light")], ids=str
)
def test_it_is_accessible(made: Made, page: str, width: int, scheme: Scheme) -> None:
    visitor = made(page, width=width, scheme=scheme)
    visitor.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert faults(visitor) == []
    assert overflow(visitor) <= 0
    assert small_targets(visitor) == []


@pytest.mark.parametrize("page", PAGES)
def test_nothing_scrolls_sideways_at_400_percent(made: Made, page: str) -> None:
    assert overflow(made(page, width=320)) <= 0


@pytest.mark.parametrize("page", PAGES)
def test_it_says_who_you_are_and_in_a_simulated_world_says_so(
    visit: Visit, demo: Site, page: str
) -> None:
    visitor = full(visit, demo, page)
    assert "SIMULATED" in visitor.page.locator("body").inner_text()
    assert "Pharmacy 1" in visitor.page.locator(".who").inner_text()
    visitor.page.get_by_role("button", name="Sign out").click()
    visitor.open(PAGES[page][0].format(**good_pack(demo)))
    assert "SIMULATED" in visitor.words
    assert "Not signed in" in visitor.page.locator(".who").inner_text()


@pytest.mark.parametrize("page", PAGES)
def test_a_real_log_is_not_called_simulated(visit: Visit, fresh: Fresh, page: str) -> None:
    assert "SIMULATED" not in empty(visit, fresh, page).words


@pytest.mark.parametrize("page", PAGES)
def test_it_has_one_heading_a_title_and_help_in_the_same_place(made: Made, page: str) -> None:
    visitor = made(page)
    assert visitor.page.get_by_role("heading", level=1).count() == 1
    assert visitor.page.title().endswith(" · Packtrace")
    links = visitor.page.locator("nav a").all_inner_texts()
    assert links == ["Check a pack", "Scan", "Log", "Help"]
    visitor.page.keyboard.press("Tab")
    if page not in ("/", "/verify") and "/01/" not in page:  # those start in the box
        assert visitor.page.evaluate("document.activeElement.className") == "skip"


WRONG = {
    "no such page": ("/nowhere", 404),
    "no such entry": ("/log/99999", 404),
    "not a GTIN": ("/01/12/21/A", 400),
    "a pack without signing in": ("/packs/09521102000015/A", 401),
}


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("what", WRONG)
def test_an_error_page_is_accessible_and_says_what_to_do(
    demo: Site, visit: Visit, what: str, width: int
) -> None:
    visitor = visit(demo, width=width)
    path, status = WRONG[what]
    assert visitor.open(path) == status
    assert f"Status {status}" in visitor.words
    assert visitor.page.get_by_role("link", name="Home").count() == 1
    assert faults(visitor) == []
    assert overflow(visitor) <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_each_verdict_is_accessible(demo: Site, visit: Visit, width: int, scheme: Scheme) -> None:
    visitor = visit(demo, width=width, scheme=scheme)
    visitor.sign_in("pharmacist")
    told = expected(demo.folder)
    for one in told:
        visitor.check(picture=demo.folder / "labels" / one["picture"], purpose=one["purpose"])
        assert faults(visitor) == [], one
        assert overflow(visitor) <= 0
    visitor.check("nonsense " + "A" * 300)
    assert faults(visitor) == []
    assert overflow(visitor) <= 0
    visitor.check("")
    assert faults(visitor) == []
