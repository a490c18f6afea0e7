"""What every page must be: reachable for everybody (WCAG 2.2 AA), honest about the simulation.

Each page is opened in three states: full, empty, and where there is no log. One visit looks at it at
several widths, in both colour schemes and both languages; axe, which takes longest, once for each scheme.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from app import containers
from app.joining import invitation_of
from app.pages import BLUEPRINTS
from app.session import new_token
from ledger.rules.alerts import Alert
from ledger.statement import gs1
from ledger.store.cases import Step
from ledger.store.desk import Person
from tests.browser.conftest import Fresh, Scheme, Site, Visit, Visitor, Windows
from tests.nodes import expected

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],  # what passes would be told element by element
}
WIDTHS: Final = (1280, 360)
CHINESE: Final = "简体中文"
SIGNED_IN: Final = ["Home", "Scan", "Stock", "Shipments", "Log", "Help"]  # whatever the role
STRANGER: Final = ["Check a pack", "Scan", "Log", "Help"]
HOLDERS: Final = {
    "pharmacist": "Pharmacy 1",
    "manufacturer": "Manufacturer 1",
    "regulator": "Demo Medicines Agency",
}
BAG: Final = "BAG-2ABCDEFG"


class Place(NamedTuple):
    """An address of a page in the demo world, in an empty one, and how it is answered there."""

    full: str
    empty: str
    status: int = 200  # in the empty world
    bare: int = 503  # where there is no log
    role: str = "pharmacist"  # of the demo world, who has it full


def same(path: str, status: int = 200, bare: int = 503) -> Place:
    """A page at one address everywhere."""
    return Place(path, path, status, bare)


# Each page, as its rule has it.
PAGES = {
    "/": same("/", bare=200),
    "/verify": same("/verify", bare=200),
    "/scan": same("/scan", bare=200),
    "/help": same("/help", bare=200),
    "/offline": same("/offline", bare=200),
    "/login/<token>": same("/login/A", bare=200),
    "/01/<gtin>/21/<path:serial>": Place("/01/{gtin}/21/{serial}", "/01/09521102000015/21/NONE"),
    "/01/<gtin>/10/<lot>/21/<path:serial>": Place(
        "/01/{gtin}/10/{lot}/21/{serial}?17={expiry}", "/01/09521102000015/10/L/21/NONE?17=280131"
    ),
    "/packs/<gtin>/<path:serial>": Place("/packs/{gtin}/{serial}", "/packs/09521102000015/NONE"),
    "/packs/<gtin>/<path:serial>/certificate": Place(
        "/packs/{gtin}/{serial}/certificate", "/packs/09521102000015/NONE/certificate"
    ),
    "/log": same("/log"),
    "/log/health": same("/log/health")._replace(role="regulator"),  # sees how the node is, too
    "/inspections": same("/inspections"),
    "/tracing-requests": Place("/tracing-requests?gtin=09521101000016", "/tracing-requests"),
    "/statistics": same("/statistics", 403)._replace(role="regulator"),
    "/inspections/<number>": Place("/inspections/INS-2222222222", "/inspections/A", 404),
    "/log/<int:number>": Place("/log/528", "/log/0"),
    "/account": same("/account"),
    "/login": same("/login"),
    "/demo": same("/demo", 404),
    "/join": same("/join"),
    "/join/<token>": Place("/join/{token}", "/join/A", 404),
    "/people": same("/people"),
    "/parties": same("/parties")._replace(role="regulator"),
    "/parties/new": same("/parties/new", 403)._replace(role="regulator"),
    "/parties/<gln>": Place("/parties/{party}", "/parties/A", 404, role="regulator"),
    "/parties/<gln>/renew": Place(
        "/parties/{party}/renew", "/parties/A/renew", 403, role="regulator"
    ),
    "/parties/<gln>/sites": Place(
        "/parties/{party}/sites?site={site}", "/parties/A/sites", 403, role="regulator"
    ),
    "/parties/<gln>/suspend": Place(
        "/parties/{party}/suspend", "/parties/A/suspend", 403, role="regulator"
    ),
    "/policy": same("/policy"),
    "/policy/new": same("/policy/new", 403)._replace(role="regulator"),
    "/waiting": same("/waiting"),
    "/today": same("/today"),
    "/bags": same("/bags"),
    "/bags/<number>": Place(f"/bags/{BAG}", "/bags/A", 404),
    "/bags/<number>/slip": Place(f"/bags/{BAG}/slip", "/bags/A/slip", 404),
    "/alerts": same("/alerts"),
    "/alerts/<int:number>": Place("/alerts/{case}", "/alerts/99", 404),
    "/alerts/<int:number>/3911": Place("/alerts/{case}/3911", "/alerts/99/3911", 404),
    "/stock": same("/stock"),
    "/shipments": same("/shipments"),
    "/shipments/new": same("/shipments/new"),
    "/shipments/<name>": Place("/shipments/{shipment}", "/shipments/A", 404),
    "/shipments/<name>/note": Place("/shipments/{shipment}/note", "/shipments/A/note", 404),
    "/shipments/<name>/receive": Place("/shipments/{shipment}/receive", "/shipments/A/receive", 404),
    "/traces": same("/traces"),
    "/traces/<kind>/<path:name>": Place(
        "/traces/lot/09521101000016/EX2602", "/traces/lot/09521102000015/A", 404
    ),
    "/documents": same("/documents"),
    "/decommission": same("/decommission"),
    "/contacts": same("/contacts"),
    "/recalls": same("/recalls"),
    "/recalls/new": same("/recalls/new")._replace(role="manufacturer"),
    "/recalls/<statement>": Place("/recalls/{recall}", "/recalls/A", 404, role="manufacturer"),
    "/recalls/<statement>/report": Place(
        "/recalls/{recall}/report", "/recalls/A/report", 404, role="manufacturer"
    ),
    "/recalls/<statement>/packs": Place(
        "/recalls/{recall}/packs?state=hold&site={site}", "/recalls/A/packs", 404
    ),
    "/recalls/<statement>/letter": Place("/recalls/{recall}/letter", "/recalls/A/letter", 404),
    "/lots": same("/lots")._replace(role="manufacturer"),
    "/lots/new": same("/lots/new")._replace(role="manufacturer"),
    "/lots/<gtin>/<path:lot>": Place("/lots/09521101000016/EX2601", "/lots/09521102000015/A", 404),
    "/labels/<gtin>/<path:lot>": Place(
        "/labels/09521101000016/EX2601", "/labels/09521102000015/A", 404, role="manufacturer"
    ),
    "/labels/enrol": same("/labels/enrol", 403)._replace(role="manufacturer"),
    "/packs/<gtin>/<path:serial>/fingerprint": Place(
        "/packs/09521101000016/EX260100014/fingerprint", "/packs/09521102000015/A/fingerprint", 403,
        role="regulator",
    ),
    "/containers": same("/containers"),
    "/containers/new": same("/containers/new"),
    "/containers/<sscc>": Place("/containers/{sscc}", "/containers/A", 400),
    "/containers/<sscc>/label": Place("/containers/{sscc}/label", "/containers/A/label", 400),
}  # fmt: skip
ANSWERED_OTHERWISE = {
    "/bags/open",
    "/tracing-requests/answer.zip",
    "/recalls.atom",
    "/worker.js",
}  # sends on to a bag


def test_the_list_of_pages_is_whole(bare: Site) -> None:
    names = {blueprint.name for blueprint in BLUEPRINTS}
    rules = {
        str(rule)
        for rule in bare.app.url_map.iter_rules()
        if rule.endpoint.partition(".")[0] in names
        and "GET" in (rule.methods or ())
        and not str(rule).endswith((".csv", ".json"))
    }
    assert rules - ANSWERED_OTHERWISE == set(PAGES)


@pytest.fixture(scope="module")
def names(demo: Site) -> dict[str, str]:
    """What the addresses of the demo world's pharmacy name: the pack of the good label, and more."""
    told = expected(demo.folder)
    [item] = [one["item"] for one in told if one["picture"] == "good.png"]
    found, site = gs1.parse_item_id(item), told[0]["site"]
    node = demo.app.extensions["packtrace"]
    state, authority, now = node.answers.state(item, site), node.reader.authority(), node.clock()
    party = authority.site(site).party
    raw, token = new_token()
    told_of = {"site": site, "use": "station"}
    node.desk.people.invite(invitation_of(told_of, raw, authority, party, now), now)
    node.desk.bags.fill(site, BAG, [item], now)
    node.desk.inspections.open("INS-2222222222", site, party, now)
    node.desk.inspections.scan("INS-2222222222", item, now)
    raised = Alert("already-dispensed", site, item, now, "copied-label", item, codes=("unknown",))
    case = node.desk.cases.fold(raised, party)
    node.desk.cases.decide(case, "keep-apart", Step(now, "decided", "keep-apart", party, site, "0"))
    with demo.app.app_context():
        [line] = containers.at_site(Person(party, site, ""), 1, "", "")
    shipment = next(one.shipment for one in node.reader.shipments(site) if one.open)
    recall = next(mark.id for mark in authority.marks.values() if mark.code == "recalled")
    return {
        "party": party, "site": site, "gtin": found.gtin, "serial": found.serial, "lot": state.lot,
        "expiry": state.expiry.strftime("%y%m%d"), "token": token, "shipment": shipment.id, "sscc": line.sscc, "case": str(case), "recall": recall,
    }  # fmt: skip


Made = Callable[[str], Visitor]


class People:
    """One window for each person, in which page after page is opened as for somebody new to it."""

    def __init__(self, chromium: Browser) -> None:
        self._windows = Windows(chromium)
        self._open: dict[str, Visitor] = {}

    def of(self, person: str, site: Site) -> tuple[Visitor, bool]:
        """Somebody's window, wide and in English; whether it is new."""
        new = person not in self._open
        if new:
            self._open[person] = self._windows.opened(site)
        visitor = self._open[person]
        visitor.page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        visitor.page.context.clear_cookies(name="packtrace_language")
        return visitor, new

    def check(self) -> None:
        """Nothing went wrong behind the visitors' backs since it was asked last."""
        self._windows.check()

    def close(self) -> None:
        self._windows.close()


@pytest.fixture(scope="module")
def all_people(chromium: Browser) -> Iterator[People]:
    people = People(chromium)
    yield people
    people.close()


@pytest.fixture
def people(all_people: People) -> Iterator[People]:
    yield all_people
    all_people.check()


@pytest.fixture
def full(people: People, demo: Site, names: dict[str, str]) -> Made:
    """Opens a page of the demo world, for the person who has it full."""

    def made(page: str) -> Visitor:
        place = PAGES[page]
        visitor, new = people.of(place.role, demo)
        if new:
            visitor.sign_in(place.role)
        assert visitor.open(place.full.format(**names)) == 200
        return visitor

    return made


@pytest.fixture
def empty(people: People, fresh: Fresh) -> Made:
    """Opens a page of a log without packs, for a pharmacist who has done nothing."""

    def made(page: str) -> Visitor:
        visitor, new = people.of("of a log without packs", fresh)
        if new:
            visitor.page.goto(fresh.link(fresh.chain.pharmacy))
            visitor.page.get_by_role("button", name="Sign in here").click()
        assert visitor.open(PAGES[page].empty) == PAGES[page].status
        return visitor

    return made


@pytest.fixture
def unserved(people: People, bare: Site) -> Made:
    """Opens a page where there is no log."""

    def made(page: str) -> Visitor:
        visitor, _ = people.of("without a log", bare)
        assert visitor.open(PAGES[page].empty) == PAGES[page].bare
        return visitor

    return made


def loaded(visitor: Visitor) -> Page:
    """The page once all of it is there, its styles too: what is measured before is another page."""
    visitor.page.wait_for_load_state()
    return visitor.page


def faults(visitor: Visitor) -> list[str]:
    """What axe finds, one line each."""
    page = loaded(visitor)
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    found = page.evaluate("rules => axe.run(rules).then(told => told.violations)", RULES)
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


def overflow(visitor: Visitor) -> int:
    """By how many px the page is wider than its window."""
    wide = loaded(visitor).evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return int(wide)


def small_targets(visitor: Visitor) -> list[str]:
    """Buttons and fields under 44 px; links outside a sentence under 24 (WCAG 2.5.8)."""
    found = loaded(visitor).evaluate(
        """() => [...document.querySelectorAll('button, input, select, summary, .button, nav a')]
            .map(e => [e.outerHTML.slice(0, 120), e.getBoundingClientRect()])
            .filter(([, box]) => box.width && (box.height < 44 || box.width < 24))
            .map(([html, box]) => `${html} is ${box.width} x ${box.height}`)"""
    )
    return list(found)


def look(visitor: Visitor, *looks: tuple[int, Scheme]) -> None:
    """Hold a page with all of it open against what it must be.

    It fits at each width and at 400 percent, and is accessible at the widths and in the schemes given.
    """
    loaded(visitor).evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    for width in WIDTHS:
        visitor.page.set_viewport_size({"width": width, "height": 900})
        assert overflow(visitor) <= 0, width
        assert small_targets(visitor) == [], width
    look_as_it_is(visitor, *looks)
    visitor.page.set_viewport_size({"width": 320, "height": 900})
    assert overflow(visitor) <= 0, "at 400 percent"


def look_as_it_is(visitor: Visitor, *looks: tuple[int, Scheme]) -> None:
    """Hold what is shown of a page against what it must be, at each width and in each scheme."""
    for width, scheme in looks:
        visitor.page.set_viewport_size({"width": width, "height": 900})
        visitor.page.emulate_media(color_scheme=scheme)
        assert faults(visitor) == [], (width, scheme)
        assert overflow(visitor) <= 0, width
        assert small_targets(visitor) == [], width


def in_chinese(visitor: Visitor) -> None:
    """Press the switch on the page; the same page comes back."""
    before = visitor.page.url
    visitor.page.get_by_role("button", name=CHINESE).click()
    visitor.page.locator("html[lang=zh-Hans]").wait_for(state="attached")
    assert visitor.page.url == before


def check_frame(visitor: Visitor, page: str, ways: list[str]) -> None:
    """One heading, a title, the ways in their order with help at the end, the skip link first."""
    assert visitor.page.get_by_role("heading", level=1).count() == 1
    assert visitor.page.title().endswith(" · Packtrace")
    found = visitor.page.locator(".top nav a").all_inner_texts()
    assert [one for one in found if one in ways] == ways  # a role may have more in between
    assert (found[0], found[-1]) == (ways[0], "Help")
    visitor.page.keyboard.press("Tab")
    if page not in ("/", "/verify") and "/01/" not in page:  # those start in the box
        focus = visitor.page.evaluate("document.activeElement.className")
        assert focus == "skip" or visitor.page.locator("[autofocus]").count()
    visitor.page.evaluate("document.activeElement.blur()")  # the link lies over the brand


@pytest.mark.parametrize("page", PAGES)
def test_a_full_page(full: Made, page: str) -> None:
    visitor = full(page)
    assert "SIMULATED" in visitor.words
    assert HOLDERS[PAGES[page].role] in visitor.page.locator(".who").inner_text()
    check_frame(visitor, page, SIGNED_IN)
    look(visitor, (1280, "light"))
    in_chinese(visitor)
    look(visitor, (360, "dark"))


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_page(empty: Made, page: str) -> None:
    visitor = empty(page)
    assert "SIMULATED" not in visitor.words  # a real log is not called simulated
    check_frame(visitor, page, SIGNED_IN)
    look(visitor, (1280, "light"), (360, "dark"))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_a_log(unserved: Made, page: str) -> None:
    visitor = unserved(page)
    check_frame(visitor, page, STRANGER)
    look(visitor, (1280, "light"))


def test_a_stranger_is_told_that_the_world_is_simulated(demo: Site, visit: Visit) -> None:
    visitor = visit(demo)
    visitor.sign_in("pharmacist")
    visitor.open("/help")
    visitor.page.get_by_role("button", name="Sign out").click()
    visitor.page.wait_for_url(f"{visitor.site.url}/")
    assert "SIMULATED" in visitor.words
    assert "Not signed in" in visitor.page.locator(".who").inner_text()
    assert visitor.page.locator(".top nav a").all_inner_texts() == STRANGER


WRONG = {
    "no such page": ("/nowhere", 404),
    "no such entry": ("/log/99999", 404),
    "not a GTIN": ("/01/12/21/A", 400),
    "a pack without signing in": ("/packs/09521102000015/A", 401),
}


@pytest.mark.parametrize("what", WRONG)
def test_an_error_page_is_accessible_and_says_what_to_do(
    demo: Site, visit: Visit, what: str
) -> None:
    visitor = visit(demo)
    path, status = WRONG[what]
    assert visitor.open(path) == status
    assert f"Status {status}" in visitor.words
    assert visitor.page.locator("main").get_by_role("link", name="Home").count() == 1
    look(visitor, (1280, "light"))
    visitor.page.context.add_cookies(
        [{"name": "packtrace_language", "value": "zh-Hans", "url": demo.url}]
    )
    assert visitor.open(path) == status
    assert f"状态 {status}" in visitor.words
    assert faults(visitor) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_verdict_is_accessible(demo: Site, visit: Visit, scheme: Scheme) -> None:
    visitor = visit(demo, width=1280 if scheme == "light" else 360, scheme=scheme)
    visitor.sign_in("pharmacist")
    visitor.open("/verify")
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
