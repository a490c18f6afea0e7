"""The pharmacist's counter with a real key: what is scanned, supplied, booked in, undone, put in bags."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from app.node import KEY
from ledger.statement import gs1
from ledger.statement.dsse import key_id
from ledger.statement.events import Event
from ledger.statement.submission import Statement
from ledger.tlog.ed25519 import public_of
from scanner.label import PrintedLabel, render
from tests.browser import camera
from tests.browser.conftest import Fresh, Visit, Visitor, Watch
from tests.browser.joined import join
from tests.browser.keys import GS, Keys
from tests.browser.test_every_page import faults, look_as_it_is

# No test waits as long as a person may have to.
SHORTER = """const patient = AbortSignal.timeout.bind(AbortSignal);
AbortSignal.timeout = (ms) => patient(ms / 10);"""
LOTS = iter(f"C{number}" for number in range(1, 100))


class Counter:
    """A pharmacist at a station whose browser holds its key, with a scanner that types."""

    def __init__(self, visitor: Visitor, fresh: Fresh) -> None:
        self.visitor, self.fresh, self.chain = visitor, fresh, fresh.chain
        join(visitor, fresh, fresh.chain.pharmacy)
        self.page: Page = visitor.page
        self.keys = Keys(self.page)
        self.lot = next(LOTS)

    def stock(self, count: int) -> list[str]:
        """Fresh packs in the pharmacy's stock."""
        packs = self.chain.commission(self.lot, count)
        self.chain.hand_over(self.chain.maker, packs, self.chain.pharmacy)
        return packs

    def sent(self, count: int) -> tuple[list[str], str]:
        """Packs on their way to the pharmacy, and the id of their shipment."""
        packs = self.chain.commission(self.lot, count)
        return packs, self.chain.ship(self.chain.maker, packs, self.chain.pharmacy).id

    def open(self, mode: str = "dispense") -> None:
        """The page, in a mode."""
        self.visitor.open(f"/scan?mode={mode}")

    def text(self, item: str) -> str:
        """What a scanner sends of a pack."""
        found = gs1.parse_item_id(item)
        return f"]d201{found.gtin}1728013110{self.lot}{GS}21{found.serial}"

    def scan(self, item: str, suffix: str = "Enter") -> None:
        self.keys.scan(self.text(item), suffix)

    def f9(self, held_ms: float = 80) -> None:
        """A person's F9."""
        self.keys.press(["F9"], gap_ms=2 * held_ms, pause_ms=400)

    def press(self, button: Locator) -> None:
        """Press a button as a person does: the scanner's keys have times of their own."""
        button.focus()
        self.keys.press(["Enter"], gap_ms=160, pause_ms=400)

    def sign(self) -> None:
        """Read what is to be signed, and sign it."""
        button = self.page.locator("#sign-yes")
        button.wait_for()
        expect(button).to_be_enabled()
        self.press(button)

    def fold(self) -> None:
        """Back to the page, which a verdict lies over."""
        if self.page.locator("#fold").is_visible():
            self.page.locator("#fold").click()

    def listed(self, count: int, place: str = "to-supply") -> None:
        """Wait until so many packs stand on the list."""
        expect(self.page.locator(f"#{place} > li")).to_have_count(count)

    def note(self, words: str) -> None:
        """Wait for a line in the session's list."""
        expect(self.page.locator("#history .note").first).to_contain_text(words)

    def stopped(self, words: str) -> Any:
        """Wait for the verdict that stops scanning; the dialog."""
        dialog = self.page.locator("#stopped")
        expect(dialog.get_by_role("heading", name=words)).to_be_visible()
        return dialog

    @property
    def size(self) -> int:
        return self.chain.reader.head().size

    def newest(self) -> tuple[Event, list[str]]:
        """The log's newest event, and what it names."""
        index = self.size - 1
        body = Statement.parse(self.chain.reader.logged(index).envelope).body
        assert isinstance(body, Event)
        return body, [item.id for item in self.chain.reader.items(index)]

    def state(self, item: str) -> str:
        return self.chain.answers.state(item, self.chain.pharmacy.site).state


@pytest.fixture
def counter(fresh: Fresh, visit: Visit) -> Counter:
    return Counter(visit(fresh), fresh)


def test_packs_are_scanned_and_supplied_by_one_key_and_a_signature(counter: Counter) -> None:
    packs = counter.stock(3)
    counter.open()
    for number, pack in enumerate(packs):
        counter.scan(pack)
        counter.listed(number + 1)
    counter.scan(packs[0])
    expect(counter.page.locator("#counter-state")).to_contain_text("on the list already")
    counter.listed(3)
    counter.fold()
    counter.press(counter.page.get_by_role("button", name=f"Take out: serial {counter.lot}-0000"))
    counter.listed(2)
    size = counter.size
    counter.f9()
    counter.sign()
    counter.note("Supply: 2 packs")
    counter.listed(0)
    assert counter.size == size + 1
    event, items = counter.newest()
    assert (event.op, event.read_point) == ("supply", counter.chain.pharmacy.site)
    assert items == packs[1:]
    assert [counter.state(pack) for pack in packs] == ["here", "supplied_here", "supplied_here"]
    expect(counter.page.locator("#history .note a")).to_have_attribute("href", f"/log/{size}")
    assert faults(counter.visitor) == []


@pytest.mark.parametrize("suffix", ["Enter", "Tab", "F9", "Enter F9", "F9 Enter", "Space Enter"])
def test_a_hundred_scans_supply_nothing_whatever_ends_them(counter: Counter, suffix: str) -> None:
    packs = counter.stock(5)
    counter.open()
    size = counter.size
    ends = suffix.replace("Space", "").split()
    for number in range({"Enter": 100, "Tab": 30}.get(suffix, 10)):
        controls = counter.page.locator(".work button, #fold, #verdict button").filter(visible=True)
        controls.nth(number % controls.count()).focus()
        counter.keys.press([*counter.text(packs[number % 5]), *ends], gap_ms=4)
        expect(counter.page.locator("#history > li")).to_have_count(number + 1)
    counter.listed(5)
    expect(counter.page.locator("#sign")).to_be_hidden()
    assert counter.size == size
    assert [counter.state(pack) for pack in packs] == ["here"] * 5


def test_f9_before_a_scan_and_within_one_is_the_scanners(counter: Counter) -> None:
    [pack, other] = counter.stock(2)
    counter.open()
    counter.scan(pack)
    counter.listed(1)
    counter.keys.press(["F9", *counter.text(other), "Enter"], gap_ms=4)
    counter.listed(2)
    text = counter.text(pack)
    counter.keys.press([*text[:12], "F9", *text[12:], "Enter"], gap_ms=4)
    counter.page.wait_for_function("document.querySelectorAll('#history > li').length >= 3")
    expect(counter.page.locator("#sign")).to_be_hidden()
    if counter.page.locator("#stopped").is_visible():
        counter.page.locator("#seen").click()
    counter.f9(held_ms=5)  # a quick tap counts once nothing has followed it
    expect(counter.page.locator("#sign")).to_be_visible()
    counter.page.locator("#sign-no").click()
    counter.listed(2)


def test_a_recalled_pack_stops_scanning_and_cannot_be_supplied(counter: Counter) -> None:
    packs = counter.stock(2)
    counter.open()
    counter.scan(packs[0])
    counter.scan(packs[1])
    counter.listed(2)
    scope = counter.chain.scope(lots=[counter.lot])
    counter.chain.log.submit(counter.chain.recall_of(scope))
    counter.f9()
    counter.sign()
    counter.note("Nothing was done")
    assert "id.gs1.org" not in counter.page.locator("#history").inner_text()
    expect(counter.page.locator("#counter-error")).to_contain_text("2 packs on the list may not be")
    expect(counter.page.locator("#to-supply .why-not")).to_have_text(
        ["✕ It is recalled. Put it aside and follow the recall."] * 2
    )
    assert (
        counter.page.locator("#sign").is_hidden() or counter.page.locator("#sign-no").is_visible()
    )
    if counter.page.locator("#sign").is_visible():
        counter.page.locator("#sign-no").click()
    counter.f9()
    expect(counter.page.locator("#sign")).to_be_hidden()
    counter.scan(packs[0])
    dialog = counter.stopped("Do not supply")
    counter.f9()
    expect(counter.page.locator("#sign")).to_be_hidden()
    assert faults(counter.visitor) == []
    dialog.locator("#seen").click()
    assert [counter.state(pack) for pack in packs] == ["here", "here"]


def test_the_good_ones_are_supplied_without_the_bad_one_when_somebody_says_so(
    counter: Counter,
) -> None:
    packs = counter.stock(3)
    counter.open()
    for pack in packs:
        counter.scan(pack)
    counter.listed(3)
    counter.chain.quarantine(counter.chain.pharmacy, packs[:1])
    size = counter.size
    counter.f9()
    counter.sign()
    expect(counter.page.locator("#to-supply .bad")).to_have_count(1)
    assert counter.size == size
    if counter.page.locator("#sign").is_visible():
        counter.page.locator("#sign-no").click()
    counter.fold()
    counter.press(counter.page.get_by_role("button", name="Supply the others"))
    counter.sign()
    counter.note("Supply: 2 packs")
    counter.listed(1)
    assert counter.newest()[1] == packs[1:]


def test_a_pack_before_the_camera_joins_the_list_and_is_supplied(
    chromium: Browser, fresh: Fresh, tmp_path: Path
) -> None:
    lot, chain = next(LOTS), fresh.chain
    [item] = chain.commission(lot, 1)
    chain.hand_over(chain.maker, [item], chain.pharmacy)
    label = render(PrintedLabel(chain.gtin, lot, date(2028, 1, 31), f"{lot}-0000"))
    shown = camera.write_film(tmp_path / "pack.mjpeg", camera.film(camera.pack(label), 60))
    with camera.seen_by(chromium.browser_type, shown) as browser:
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        watch = Watch(fresh.url)
        watch.over(page)
        counter = Counter(Visitor(page, fresh), fresh)
        counter.open()
        page.get_by_role("button", name="Start the camera").click()
        expect(page.locator("#verdict")).to_contain_text("Supply 1 pack")
        counter.listed(1)
        counter.f9()
        counter.sign()
        counter.note("Supply: 1 pack")
        assert counter.state(item) == "supplied_here"
        assert watch.faults == []


def test_the_list_outlives_a_reload(counter: Counter) -> None:
    packs = counter.stock(2)
    counter.open()
    for pack in packs:
        counter.scan(pack)
    counter.listed(2)
    counter.page.reload()
    counter.listed(2)
    counter.page.get_by_role("button", name="Empty the list").click()
    counter.listed(0)
    counter.page.reload()
    counter.listed(0)


def test_a_part_is_supplied_and_later_parts_need_no_scan(counter: Counter) -> None:
    [pack] = counter.stock(1)
    counter.open()
    counter.scan(pack)
    counter.listed(1)
    counter.fold()
    counter.press(counter.page.get_by_role("button", name="Open: part supply"))
    counter.sign()
    counter.note("Open and supply in parts")
    assert counter.newest()[0].op == "open"
    counter.scan(pack)
    dialog = counter.stopped("Hold: ask")
    assert "needs no scan" in dialog.inner_text()


def test_a_supply_is_undone_where_the_verdict_tells_of_it(counter: Counter) -> None:
    [pack] = counter.stock(1)
    supplied = counter.chain.supply(counter.chain.pharmacy, [pack])
    counter.open()
    counter.scan(pack)
    dialog = counter.stopped("Hold: ask")
    counter.press(dialog.get_by_role("button", name="Undo: it was not handed out"))
    counter.sign()
    counter.listed(1)  # judged again: it is in stock
    event, items = counter.newest()
    assert (event.op, event.undoes, items) == ("undo", supplied.id, [pack])
    assert counter.state(pack) == "here"


def test_a_supply_is_undone_from_todays_list(counter: Counter) -> None:
    packs = counter.stock(2)
    supplied = counter.chain.supply(counter.chain.pharmacy, packs)
    counter.visitor.open("/today")
    assert faults(counter.visitor) == []
    button = counter.page.locator(f"[data-undo='{supplied.id}']")
    assert "2 packs" in button.inner_text()
    counter.press(button)
    counter.sign()
    expect(counter.page.locator(".acts .receipt").first).to_contain_text("Undo")
    assert [counter.state(pack) for pack in packs] == ["here", "here"]
    counter.page.reload()
    assert counter.page.locator(f"[data-undo='{supplied.id}']").count() == 0


def test_a_delivery_is_booked_in_by_one_press_at_the_counter(counter: Counter) -> None:
    packs, shipment = counter.sent(2)
    counter.open()
    counter.scan(packs[0])
    dialog = counter.stopped("Hold: ask")
    counter.press(dialog.get_by_role("button", name="Book it in"))
    counter.sign()
    counter.listed(1)
    event, items = counter.newest()
    assert (event.op, event.shipment, items) == ("receive", shipment, packs[:1])
    assert [counter.state(pack) for pack in packs] == ["here", "to_here"]


def test_goods_in_books_several_packs_of_two_deliveries_in_one_press(counter: Counter) -> None:
    first, one = counter.sent(2)
    chain, old = counter.chain, counter.lot
    case = chain.unit(chain.maker)
    inside = chain.commission(f"{old}B", 2)
    chain.pack(chain.maker, inside, into=case)
    two = chain.ship(chain.maker, [case], chain.pharmacy).id
    counter.open("receive")
    for pack in first:
        counter.scan(pack)
    counter.listed(2, "to-book")
    counter.lot = f"{old}B"
    counter.scan(inside[0])
    counter.listed(3, "to-book")
    assert faults(counter.visitor) == []
    size = counter.size
    counter.f9()
    counter.sign()
    counter.listed(0, "to-book")
    assert counter.size == size + 2
    said = {}
    for index in (size, size + 1):
        body = Statement.parse(chain.reader.logged(index).envelope).body
        assert isinstance(body, Event)
        said[body.shipment] = [item.id for item in chain.reader.items(index)]
    assert said == {one: first, two: [case]}
    counter.fold()
    whole = counter.page.get_by_role("button", name="Supply the whole delivery")
    expect(whole).to_have_count(2)
    counter.press(whole.first)  # a hospital: the case, to a ward
    counter.sign()
    counter.note("Supply: 2 packs")
    assert {counter.state(pack) for pack in (*first, *inside)} == {"here", "supplied_here"}


def test_goods_in_signs_nothing_when_no_good_pack_is_left_to_book_in(counter: Counter) -> None:
    """A colleague has booked them in meanwhile: what is marked is not asked for again."""
    packs, shipment = counter.sent(2)
    counter.open("receive")
    for pack in packs:
        counter.scan(pack)
    counter.listed(2, "to-book")
    counter.chain.log.submit(
        counter.chain.event("receive", counter.chain.pharmacy, packs, shipment=shipment)
    )
    counter.f9()
    counter.sign()
    expect(counter.page.locator("#to-book .bad")).to_have_count(2)
    for button in counter.page.locator("[data-book]").all():
        expect(button).to_be_disabled()
    counter.f9()
    expect(counter.page.locator("#sign")).to_be_hidden()


def test_a_delivery_that_could_not_be_booked_in_later_is_on_the_list_again(
    counter: Counter,
) -> None:
    packs, shipment = counter.sent(2)
    chain, page = counter.chain, counter.page
    counter.open("receive")
    for pack in packs:
        counter.scan(pack)
    counter.listed(2, "to-book")
    page.route("**/api/statements", lambda route: route.abort("connectionfailed"))
    counter.f9()
    counter.sign()
    counter.note("It is sent as soon as")
    counter.listed(0, "to-book")
    chain.log.submit(chain.event("void", chain.maker, packs[:1], shipment=shipment))
    page.unroute("**/api/statements")
    page.evaluate("dispatchEvent(new Event('online'))")
    counter.note("Nothing was done.")
    counter.listed(2, "to-book")
    expect(page.locator("#to-book .bad")).to_have_count(1)
    counter.f9()
    counter.sign()
    counter.note("On the log")
    assert counter.newest()[1] == packs[1:]


def test_a_session_that_has_ended_checks_nothing_and_loses_no_list(counter: Counter) -> None:
    packs = counter.stock(2)
    counter.open()
    counter.scan(packs[0])
    counter.listed(1)
    key = key_id(public_of(counter.chain.pharmacy.key))
    counter.fresh.app.extensions[KEY].desk.end_sessions(key)
    counter.scan(packs[1])
    full = counter.page.locator("#verdict")
    expect(full).to_contain_text("Your session has ended")
    expect(full).to_contain_text("Not checked")
    counter.listed(1)


def bagged(counter: Counter, packs: Sequence[str]) -> str:
    """Scan packs into a bag; its number."""
    counter.open()
    for number, pack in enumerate(packs):
        counter.scan(pack)
        counter.listed(number + 1)
    counter.fold()
    counter.press(counter.page.get_by_role("button", name="Into a bag"))
    counter.note("in bag BAG-")
    counter.listed(0)
    link = counter.page.locator("#history .note a").first.get_attribute("href")
    assert link is not None
    return link.split("/")[2]


def test_a_bag_is_filled_found_by_its_slip_and_supplied_in_one_act(counter: Counter) -> None:
    packs = counter.stock(2)
    number = bagged(counter, packs)
    counter.visitor.open(f"/bags/{number}/slip")
    assert faults(counter.visitor) == []
    counter.visitor.open("/bags")
    assert faults(counter.visitor) == []
    counter.open()
    with counter.page.expect_navigation():
        counter.keys.scan(number)
    assert counter.page.url.endswith(f"/bags/{number}")
    assert faults(counter.visitor) == []
    counter.f9()
    counter.sign()
    expect(counter.page.locator("#receipt")).to_contain_text("Supply: 2 packs")
    assert counter.newest()[1] == packs
    counter.visitor.open("/bags")
    assert number not in counter.page.locator("main").inner_text()


def test_a_bag_is_judged_again_at_collection_and_goes_back_to_stock(counter: Counter) -> None:
    packs = counter.stock(2)
    number = bagged(counter, packs)
    counter.chain.quarantine(counter.chain.pharmacy, packs[:1])
    counter.visitor.open(f"/bags/{number}")
    assert "Hold: ask" in counter.page.locator("main").inner_text()
    counter.f9()
    expect(counter.page.locator("#sign")).to_be_hidden()
    counter.page.get_by_role("button", name="Supply the good ones without the others").press(
        "Enter"
    )
    counter.sign()
    expect(counter.page.locator("#receipt")).to_contain_text("Supply: 1 pack")
    expect(counter.page.locator("#state")).to_have_text("1 pack waits for collection.")
    assert counter.newest()[1] == packs[1:]
    counter.visitor.open(f"/bags/{number}")
    with counter.page.expect_navigation():
        counter.press(counter.page.get_by_role("button", name="Not collected: back to stock"))
    assert "Back in stock" in counter.page.locator("main").inner_text()


def test_a_slip_that_is_scanned_takes_nobody_away_from_what_they_sign(counter: Counter) -> None:
    packs, page = counter.stock(2), counter.page
    number = bagged(counter, packs[:1])
    counter.open()
    counter.scan(packs[1])
    counter.listed(1)
    counter.f9()
    expect(page.locator("#sign")).to_be_visible()
    counter.keys.scan(number)
    expect(page.locator("#sign-state")).to_contain_text("That scan was not taken")
    counter.sign()
    counter.note("Supply: 1 pack")
    counter.listed(0)
    assert counter.newest()[1] == packs[1:]


def test_a_bag_that_is_signed_for_without_a_line_is_not_supplied_yet(counter: Counter) -> None:
    packs, page = counter.stock(1), counter.page
    number = bagged(counter, packs)
    counter.visitor.open(f"/bags/{number}")
    page.route("**/api/statements", lambda route: route.abort("connectionfailed"))
    counter.f9()
    counter.sign()
    state = page.locator("#state")
    expect(state).to_have_text("Signed, and waiting to be sent")
    counter.chain.quarantine(counter.chain.pharmacy, packs)
    page.unroute("**/api/statements")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#error")).to_contain_text("on hold")
    expect(page.locator("#receipt")).to_contain_text("Nothing was done.")
    expect(state).to_have_text("1 pack waits for collection.")
    expect(page.locator("#return")).to_be_visible()


def test_without_a_line_packs_are_not_checked_and_an_act_is_sent_once(counter: Counter) -> None:
    packs = counter.stock(3)
    counter.open()
    with counter.page.expect_response("**/api/status-list"):
        counter.page.reload()
    counter.page.wait_for_function("document.querySelector('#storage') !== null")
    sent: list[str] = []
    counter.page.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
    size = counter.size

    def dead(route: Route) -> None:
        route.abort("connectionfailed")

    counter.page.route("**/api/**", dead)
    counter.scan(packs[0])
    full = counter.page.locator("#verdict")
    expect(full).to_contain_text("Not checked")
    expect(full).to_contain_text("not on hold and not recalled")
    assert faults(counter.visitor) == []
    counter.listed(0)
    full.get_by_role("button", name="Put it on the list, not checked").click()
    counter.listed(1)
    counter.f9()
    counter.sign()
    counter.note("It is sent as soon as")
    expect(counter.page.locator("#outbox")).to_contain_text("1 act waits to be sent")
    assert counter.size == size
    counter.page.unroute("**/api/**", dead)
    with counter.page.expect_response("**/api/statements"):
        counter.page.evaluate("dispatchEvent(new Event('online'))")
    expect(counter.page.locator("#outbox")).to_be_hidden()
    assert counter.size == size + 1
    assert counter.newest()[1] == packs[:1]


def test_a_line_that_says_nothing_is_taken_for_a_dead_one(counter: Counter) -> None:
    """Requests that are sent into the void fail by themselves only after minutes."""
    packs, page = counter.stock(2), counter.page
    page.add_init_script(SHORTER)
    with page.expect_response("**/api/status-list"):
        counter.open()
    counter.scan(packs[0])
    counter.listed(1)
    page.route("**/api/scans", lambda _route: None)
    page.route("**/api/statements", lambda _route: None)
    counter.scan(packs[1])
    full = page.locator("#verdict")
    expect(full).to_contain_text("not on hold and not recalled")
    counter.fold()
    counter.f9()
    counter.sign()
    counter.note("It is sent as soon as")
    expect(page.locator("#outbox")).to_contain_text("1 act waits to be sent")


def test_a_scan_that_the_server_fails_at_keeps_no_other_from_being_checked(
    counter: Counter,
) -> None:
    packs, page = counter.stock(2), counter.page
    counter.open()
    problem = {
        "status": 503,
        "code": "out-of-order",
        "title": "Out of order",
        "detail": "It failed.",
    }
    headers = {"Retry-After": "30"}
    page.route(
        "**/api/scans",
        lambda route: route.fulfill(status=503, json=problem, headers=headers),
        times=1,
    )
    counter.scan(packs[0])
    expect(page.locator("#verdict")).to_contain_text("It failed.")
    counter.scan(packs[1])
    counter.listed(1)


def test_what_did_not_land_is_shown_until_a_person_has_seen_it(counter: Counter) -> None:
    packs = counter.stock(1)
    counter.open()
    counter.scan(packs[0])
    counter.listed(1)

    def dead(route: Route) -> None:
        route.abort("connectionfailed")

    counter.page.route("**/api/statements", dead)
    counter.f9()
    counter.sign()
    counter.note("It is sent as soon as")
    counter.chain.quarantine(counter.chain.pharmacy, packs)
    counter.page.unroute("**/api/statements", dead)
    counter.page.evaluate("dispatchEvent(new Event('online'))")
    expect(counter.page.locator("#outbox-refused")).to_contain_text("Not done: Supply")
    counter.visitor.open("/today")
    expect(counter.page.locator("#outbox-refused")).to_contain_text("Not done: Supply")
    counter.page.get_by_role("button", name="I have seen it").click()
    expect(counter.page.locator("#outbox")).to_be_hidden()


@pytest.mark.parametrize("reloaded", [False, True])
def test_packs_whose_supply_did_not_land_are_on_the_list_again(
    counter: Counter, *, reloaded: bool
) -> None:
    packs, page = counter.stock(2), counter.page
    counter.open()
    for pack in packs:
        counter.scan(pack)
    counter.listed(2)
    page.route("**/api/statements", lambda route: route.abort("connectionfailed"))
    counter.f9()
    counter.sign()
    counter.note("It is sent as soon as")
    counter.listed(0)
    if reloaded:
        page.reload()
    counter.chain.quarantine(counter.chain.pharmacy, packs[:1])
    page.unroute("**/api/statements")
    page.evaluate("dispatchEvent(new Event('online'))")
    counter.note("Nothing was done.")
    counter.listed(2)
    expect(page.locator("#to-supply > li.bad")).to_contain_text("on hold")
    counter.press(page.get_by_role("button", name="Supply the others"))
    counter.sign()
    counter.note("On the log")
    assert counter.newest()[1] == packs[1:]


def test_a_supply_that_lands_later_is_told_where_it_was_signed(counter: Counter) -> None:
    [pack], page = counter.stock(1), counter.page
    counter.open()
    counter.scan(pack)
    counter.listed(1)
    page.route("**/api/statements", lambda route: route.abort("connectionfailed"))
    counter.f9()
    counter.sign()
    counter.note("It is sent as soon as")
    page.unroute("**/api/statements")
    page.evaluate("dispatchEvent(new Event('online'))")
    counter.note("On the log")
    counter.listed(0)


def test_without_a_line_a_recalled_lot_is_not_to_be_supplied(counter: Counter) -> None:
    packs = counter.stock(1)
    counter.chain.log.submit(counter.chain.recall_of(counter.chain.scope(lots=[counter.lot])))
    counter.chain.now += 60_000  # a list is served for a minute
    with counter.page.expect_response("**/api/status-list"):
        counter.open()
    counter.page.route("**/api/scans", lambda route: route.abort("connectionfailed"))
    counter.scan(packs[0])
    dialog = counter.stopped("Do not supply")
    assert "This lot is recalled, as of" in dialog.inner_text()
    counter.listed(0)


def test_each_mode_is_accessible_with_packs_on_its_list(counter: Counter) -> None:
    packs = counter.stock(2)
    counter.open()
    for pack in packs:
        counter.scan(pack)
    counter.listed(2)
    look_as_it_is(counter.visitor, (1280, "light"), (320, "dark"))  # with the verdict over the page
    counter.fold()
    for mode in ("dispense", "receive", "check"):
        counter.page.locator(f"input[value={mode}]").check()
        look_as_it_is(counter.visitor, (1280, "light"), (320, "dark"))
