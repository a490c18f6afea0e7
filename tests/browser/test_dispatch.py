"""Dispatching from the browser: what is scanned, checked, signed by this browser's key, and logged."""

from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from ledger.statement import gs1
from scanner.label import PrintedLabel, render
from tests.browser.camera import film, pack, seen_by, write_film
from tests.browser.conftest import Fresh, Visit, Visitor, Watch
from tests.browser.joined import join
from tests.browser.steps import Steps, label, row
from tests.browser.test_every_page import faults, look_as_it_is


class Dispatch(Steps):
    """The page /shipments/new, by keyboard."""

    def at(self, kind: str = "ship") -> Dispatch:
        """Open the page for a kind of shipment."""
        self.open(f"/shipments/new?kind={kind}")
        return self

    def press_sign(self) -> None:
        """Read what is to be signed, and sign it."""
        expect(self.page.locator("#sign")).to_be_visible()
        self.press("sign-yes")

    def to(self, name: str) -> Dispatch:
        """Search a place and take the one that fits."""
        self.go_to("where-text")
        self.keys.type(name, "Enter")
        expect(self.page.locator("#where-chosen")).to_be_visible()
        return self

    def scan(self, *items: str, lot: str = "L1") -> Dispatch:
        """Scan packs or containers by a scanner that types."""
        for item in items:
            self.keys.scan(label(item, lot))
        return self

    def has(self, total: str) -> Dispatch:
        """Wait until the list says how much is on it."""
        expect(self.page.locator("#total")).to_have_text(total)
        return self

    def sign(self) -> str:
        """Check the answers and sign; the reference of what landed."""
        self.press("continue")
        expect(self.page.locator("#check-title")).to_be_focused()
        self.press("sign-it")
        self.press_sign()
        expect(self.page.locator("#done-title")).to_have_text("It is on the log")
        return reference(self.page)

    def sign_without_a_line(self) -> None:
        """Check the answers, lose the line, and sign: it waits."""
        self.press("continue")
        expect(self.page.locator("#check-title")).to_be_focused()
        self.page.context.set_offline(True)
        self.press("sign-it")
        self.press_sign()
        expect(self.page.locator("#done-title")).to_have_text("Signed, and waiting to be sent")


def reference(page: Page) -> str:
    return page.locator("#done-facts dt", has_text="Reference").locator("+ dd").inner_text()


@pytest.fixture
def dispatch(visit: Visit, fresh: Fresh) -> Dispatch:
    """The manufacturer's browser on the page."""
    visitor = join(visit(fresh), fresh, fresh.chain.maker)
    return Dispatch(visitor, fresh).at()


def test_packs_and_a_container_are_dispatched_by_keyboard_and_scanner_alone(
    dispatch: Dispatch, lot: str
) -> None:
    chain = dispatch.chain
    packs = chain.commission(lot, 5)
    case = chain.unit(chain.maker)
    chain.pack(chain.maker, packs[:3], case)
    dispatch.to("wholesaler").scan(case, packs[3], lot=lot).has("2 items, 4 packs")
    counts = dispatch.page.locator("#counts").inner_text()
    assert f"Examplin 10 mg\t{lot}" in counts
    number = dispatch.page.locator("#number").input_value()
    statement = dispatch.sign()
    [line] = [
        one for one in chain.reader.shipments(chain.wholesaler.site) if one.shipment.id == statement
    ]
    assert (line.shipment.number, line.open, line.shipment.op) == (number, 2, "ship")
    assert row(chain, case).status == row(chain, packs[3]).status == "in_transit"
    assert row(chain, packs[4]).status == "active"
    dispatch.press("done-show")
    dispatch.page.wait_for_url(f"**/shipments/{statement}")
    assert number in dispatch.visitor.heading


def test_what_may_not_go_is_on_top_with_its_reason_and_keeps_the_rest_from_being_signed(
    dispatch: Dispatch, lot: str
) -> None:
    chain, page = dispatch.chain, dispatch.page
    packs = chain.commission(lot, 4)
    case = chain.unit(chain.maker)
    chain.pack(chain.maker, packs[:2], case)
    chain.quarantine(chain.maker, packs[2:3])
    dispatch.to("wholesaler").scan(packs[3], lot=lot).has("1 item, 1 pack")
    dispatch.scan(packs[3], lot=lot)
    expect(page.locator("#check-state")).to_contain_text("it counts once")
    bad = page.locator("#bad-lines > li")
    for item, words in (
        (packs[2], "It is on hold."),
        (gs1.sgtin(chain.gtin, "NOSUCH"), "This code is not on record."),
    ):
        dispatch.scan(item, lot=lot)
        expect(bad.first).to_contain_text(words)
    dispatch.scan(case).has("2 items, 3 packs")
    dispatch.scan(packs[0], lot=lot)
    expect(bad.first).to_contain_text("Its container is on the list already.")
    expect(bad).to_have_count(3)
    dispatch.press("continue")
    expect(page.locator("#bad-title")).to_be_focused()
    expect(page.locator("#problem")).to_contain_text("see to each of them first")
    for _ in range(3):
        dispatch.enter(bad.first.get_by_role("button").last)
    expect(page.locator("#bad")).to_be_hidden()
    dispatch.sign()
    assert row(chain, packs[2]).status == "active"


def test_a_lot_that_was_not_ordered_is_told_and_taken_only_on_purpose(
    dispatch: Dispatch, lot: str
) -> None:
    chain, page = dispatch.chain, dispatch.page
    other = f"{lot}X"
    packs, wrong = chain.commission(lot, 2), chain.commission(other, 1)
    dispatch.enter(page.locator("summary", has_text="Compare with what was ordered"))
    page.locator("#order").fill(f"{lot} 3")
    dispatch.to("wholesaler").scan(*packs, lot=lot).has("2 items, 2 packs")
    expect(page.locator("#counts")).to_contain_text("1 short")
    dispatch.scan(*wrong, lot=other)
    expect(page.locator("#bad-lines")).to_contain_text(f"Lot {other} was not ordered.")
    dispatch.enter(page.get_by_role("button", name="Take it anyway"))
    dispatch.has("3 items, 3 packs")
    expect(page.locator("#counts")).to_contain_text("not ordered")


def test_unfinished_work_survives_a_reload_and_is_sent_once(dispatch: Dispatch, lot: str) -> None:
    chain, page = dispatch.chain, dispatch.page
    packs = chain.commission(lot, 2)
    dispatch.to("wholesaler").scan(*packs, lot=lot).has("2 items, 2 packs")
    number = page.locator("#number").input_value()
    expect(page.locator("#kept")).to_have_text("Kept in this browser.")
    page.reload()
    expect(page.locator("#resumed")).to_be_visible()
    dispatch.has("2 items, 2 packs")
    assert page.locator("#number").input_value() == number
    statement = dispatch.sign()
    size = chain.reader.head().size
    page.reload()
    expect(page.locator("#done")).to_be_visible()
    assert reference(page) == statement
    dispatch.enter(page.get_by_role("button", name="Dispatch something else"))
    expect(page.locator("#work")).to_be_visible()
    expect(page.locator("#empty")).to_be_visible()
    assert chain.reader.head().size == size


def test_a_second_tab_takes_nothing_away_from_the_first(
    dispatch: Dispatch, fresh: Fresh, lot: str
) -> None:
    packs = dispatch.chain.commission(lot, 3)
    dispatch.to("wholesaler").scan(packs[0], lot=lot).has("1 item, 1 pack")
    dispatch.kept()
    page = dispatch.page.context.new_page()
    second = Dispatch(Visitor(page, fresh), fresh)
    second.visitor.open("/shipments/new?kind=ship")
    expect(page.get_by_role("alert")).to_contain_text("open in another tab")
    expect(page.locator("#work")).to_be_hidden()
    second.scan(packs[2], lot=lot)
    dispatch.scan(packs[1], lot=lot).has("2 items, 2 packs")
    dispatch.kept()
    dispatch.page.close()
    second.has("3 items, 3 packs")
    expect(page.get_by_text("open in another tab")).to_have_count(0)
    assert faults(second.visitor) == []
    second.sign()


def test_without_a_line_scans_wait_and_what_was_signed_is_sent_once(
    dispatch: Dispatch, lot: str
) -> None:
    chain, page = dispatch.chain, dispatch.page
    packs = chain.commission(lot, 2)
    dispatch.to("wholesaler").scan(packs[0], lot=lot).has("1 item, 1 pack")
    page.context.set_offline(True)
    dispatch.scan(packs[1], lot=lot)
    expect(page.locator("#check-state")).to_contain_text("cannot be reached")
    page.context.set_offline(False)
    dispatch.has("2 items, 2 packs")
    dispatch.sign_without_a_line()
    assert row(chain, packs[0]).status == "active"
    page.context.set_offline(False)
    expect(page.locator("#done-title")).to_have_text("It is on the log", timeout=15_000)
    assert row(chain, packs[0]).status == "in_transit"
    mine = [
        one
        for one in chain.reader.shipments(chain.maker.site)
        if one.shipment.id == reference(page)
    ]
    assert len(mine) == 1


def test_a_pack_scanned_once_the_list_was_checked_is_never_signed_for_unseen(
    dispatch: Dispatch, lot: str
) -> None:
    """A scanner goes on while somebody checks, reads and signs: what is sent is what was shown."""
    chain, page = dispatch.chain, dispatch.page
    packs = chain.commission(lot, 4)
    dispatch.to("wholesaler").scan(packs[0], lot=lot).has("1 item, 1 pack")
    dispatch.press("continue")
    expect(page.locator("#check-title")).to_be_focused()
    dispatch.scan(packs[1], lot=lot)
    expect(page.locator("#check")).to_be_hidden()
    dispatch.has("2 items, 2 packs")
    dispatch.press("continue")
    expect(page.locator("#answers")).to_contain_text("2 items, 2 packs")
    dispatch.press("sign-it")
    expect(page.locator("#sign-words")).to_contain_text("2 packs")
    dispatch.scan(packs[2], lot=lot)
    expect(page.locator("#sign-state")).to_contain_text("That scan was not taken")
    dispatch.enter(page.locator("#sign-yes"))
    expect(page.locator("#done-title")).to_have_text("It is on the log")
    expect(page.locator("#done-facts")).to_contain_text("2 items, 2 packs")
    expect(page.locator("#problem")).to_contain_text("it came while you were signing")
    dispatch.scan(packs[3], lot=lot)
    expect(page.locator("#problem")).to_contain_text("what stands here is signed")
    assert [row(chain, one).status for one in packs] == ["in_transit"] * 2 + ["active"] * 2


def test_a_dispatch_that_the_log_refused_later_says_so_and_its_list_is_not_lost(
    dispatch: Dispatch, lot: str
) -> None:
    """It was signed without a line; meanwhile one of its packs was put on hold."""
    chain, page = dispatch.chain, dispatch.page
    packs = chain.commission(lot, 2)
    dispatch.to("wholesaler").scan(*packs, lot=lot).has("2 items, 2 packs")
    dispatch.sign_without_a_line()
    chain.quarantine(chain.maker, packs[:1])
    page.context.set_offline(False)
    expect(page.locator("#done-title")).to_have_text(
        "The log refused it: nothing was done", timeout=15_000
    )
    dispatch.enter(page.get_by_role("button", name="I have seen it"))
    page.reload()
    expect(page.locator("#done-title")).to_have_text("The log refused it: nothing was done")
    expect(page.locator("#done-waits")).to_be_hidden()
    dispatch.enter(page.get_by_role("button", name="Go on with what was entered"))
    dispatch.has("1 item, 1 pack")
    expect(page.locator("#bad-lines")).to_contain_text("It is on hold.")
    dispatch.enter(page.get_by_role("button", name="I have put it aside"))
    dispatch.sign()
    assert [row(chain, one).status for one in packs] == ["active", "in_transit"]


def test_work_that_is_not_checked_yet_is_unfinished_too(dispatch: Dispatch, lot: str) -> None:
    packs = dispatch.chain.commission(lot, 2)
    page = dispatch.page
    page.route("**/api/checks", lambda route: route.abort())
    dispatch.to("wholesaler").scan(*packs, lot=lot)
    expect(page.locator("#check-state")).to_contain_text("cannot be reached")
    dispatch.kept()
    dispatch.visitor.open("/")
    expect(page.locator("#draft-lines")).to_contain_text("2 items")


def test_a_double_click_signs_once_and_a_used_number_is_told(dispatch: Dispatch, lot: str) -> None:
    chain, page = dispatch.chain, dispatch.page
    packs = chain.commission(lot, 2)
    used = chain.log.submit(
        chain.ship_event(chain.maker, packs[1:], chain.pharmacy, number=f"USED-{lot}")
    )
    dispatch.to("wholesaler").scan(packs[0], lot=lot).has("1 item, 1 pack")
    page.locator("#number").fill(f"USED-{lot}")
    dispatch.press("continue")
    expect(page.locator("#problem")).to_contain_text("is on the log already")
    expect(page.locator("#problem-shipment")).to_have_attribute("href", f"/shipments/USED-{lot}")
    page.locator("#number").fill("lower case")
    dispatch.press("continue")
    expect(page.locator("#problem")).to_contain_text("1 to 20 capital letters")
    page.locator("#number").fill(f"FREE-{lot}")
    dispatch.press("continue")
    expect(page.locator("#check-title")).to_be_focused()
    size = chain.reader.head().size
    page.locator("#sign-it").dblclick()
    dispatch.press_sign()
    expect(page.locator("#done-title")).to_have_text("It is on the log")
    assert chain.reader.head().size == size + 1
    assert used.id != reference(page)


def test_an_expired_session_keeps_the_work_and_asks_to_sign_in_again(
    dispatch: Dispatch, lot: str
) -> None:
    packs = dispatch.chain.commission(lot, 2)
    page = dispatch.page
    dispatch.to("wholesaler").scan(packs[0], lot=lot).has("1 item, 1 pack")
    page.context.clear_cookies(name="packtrace_session")
    dispatch.scan(packs[1], lot=lot)
    expect(page.locator("#problem")).to_contain_text("You are signed out")
    dispatch.enter(page.get_by_role("link", name="Sign in again"))
    page.wait_for_url("**/login")
    dispatch.enter(page.get_by_role("button", name="Sign in at").first)
    page.wait_for_url(f"{dispatch.visitor.site.url}/")
    dispatch.at().has("2 items, 2 packs")


def test_a_pasted_list_with_bad_lines_tells_them_all_and_takes_nothing_over(
    dispatch: Dispatch, lot: str
) -> None:
    chain, page = dispatch.chain, dispatch.page
    packs = chain.commission(lot, 3)
    dispatch.to("wholesaler")
    dispatch.enter(page.locator("summary", has_text="By a list or a file"))
    lines = [packs[0], "9.52E+13", packs[1], packs[0]]
    page.locator("#paste-text").fill("\n".join(lines))
    dispatch.enter(page.get_by_role("button", name="Check the list"))
    bad = page.locator("#list-bad-lines > li")
    expect(bad).to_have_count(2)
    expect(bad.nth(0)).to_contain_text("Line 2")
    expect(bad.nth(0)).to_contain_text("A spreadsheet has shortened this number")
    expect(bad.nth(1)).to_contain_text("the same as line 1")
    expect(page.locator("#empty")).to_be_visible()
    page.locator("#paste-text").fill("\n".join([packs[0], "nonsense", packs[1]]))
    dispatch.enter(page.get_by_role("button", name="Check the list"))
    expect(bad).to_have_count(1)
    expect(bad).to_contain_text("Line 2")
    expect(page.locator("#empty")).to_be_visible()
    dispatch.enter(page.get_by_role("button", name="Take over the 2 good lines"))
    dispatch.has("2 items, 2 packs")


FILES = {
    "CSV with a semicolon and zeros lost": lambda gtin, lot: (
        f"GTIN;Serial;Lot;Expiry\n{int(gtin)};{lot}-0000;{lot};2028-01-31\n{gtin};{lot}-0001;;\n".encode()
    ),
    "CSV in UTF-16": lambda gtin, lot: (
        f"gtin,serial\r\n{gtin},{lot}-0000\r\n{gtin},{lot}-0001\r\n".encode("utf-16")
    ),
    "EPCIS 2.0": lambda gtin, lot: json.dumps(
        {"type": "EPCISDocument", "epcisBody": {"eventList": [
            {"type": "ObjectEvent", "bizStep": "commissioning", "epcList": [gs1.sgtin(gtin, f"{lot}-0002")]},
            {"type": "ObjectEvent", "bizStep": "shipping",
             "epcList": [gs1.sgtin(gtin, f"{lot}-0000"), gs1.sgtin(gtin, f"{lot}-0001")]}]}}
    ).encode(),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_a_file_is_read_in_the_browser(
    dispatch: Dispatch, lot: str, kind: str, tmp_path: Path
) -> None:
    dispatch.chain.commission(lot, 3)
    file = tmp_path / "list.csv"
    file.write_bytes(FILES[kind](dispatch.chain.gtin, lot))
    dispatch.to("wholesaler")
    dispatch.page.locator("#file").set_input_files(file)
    dispatch.has("2 items, 2 packs")


BAD_FILES = {
    "a workbook": (b"PK\x03\x04" + b"\0" * 50, "This is a workbook"),
    "not UTF-8": ("Größe;Menge\n".encode("latin-1"), "not in UTF-8"),
    "no text": (b"\x00\x01\x02", "no text file"),
    "broken JSON": (b'{"type": ', "no JSON"),
    "JSON of something else": (b'{"name": 1}', "no EPCIS 2.0 document"),
    "empty": (b"", "The list is empty"),
    "too many lines": (b"1\n" * 100_002, "at most 100,000 lines"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_file_that_cannot_be_read_says_why(dispatch: Dispatch, kind: str, tmp_path: Path) -> None:
    content, words = BAD_FILES[kind]
    file = tmp_path / "list.csv"
    file.write_bytes(content)
    dispatch.to("wholesaler")
    dispatch.page.locator("#file").set_input_files(file)
    expect(dispatch.page.locator("#list-state")).to_contain_text(words)
    expect(dispatch.page.locator("#empty")).to_be_visible()


def test_goods_are_sent_back_by_the_same_page(
    dispatch: Dispatch, visit: Visit, fresh: Fresh, lot: str
) -> None:
    chain = dispatch.chain
    packs = chain.commission(lot, 1)
    chain.hand_over(chain.maker, packs, chain.wholesaler)
    back = Dispatch(join(visit(fresh), fresh, chain.wholesaler), fresh).at("return")
    back.to("pharmacy2").scan(packs[0], lot=lot)
    expect(back.page.locator("#bad-lines")).to_contain_text("It cannot go to this place.")
    back.press("where-other")
    back.to("maker").has("1 item, 1 pack")
    statement = back.sign()
    [line] = [
        one for one in chain.reader.shipments(chain.maker.site) if one.shipment.id == statement
    ]
    assert line.shipment.op == "return"


def test_each_state_of_the_page_is_accessible(visit: Visit, fresh: Fresh, lot: str) -> None:
    chain = fresh.chain
    packs = chain.commission(lot, 3)
    case = chain.unit(chain.maker)
    chain.pack(chain.maker, packs[:1], case)
    chain.quarantine(chain.maker, packs[1:2])
    visitor = join(visit(fresh), fresh, chain.maker)
    page = Dispatch(visitor, fresh).at()

    def looked_at() -> None:
        look_as_it_is(visitor, (1280, "dark"), (320, "light"))

    visitor.page.locator("#where-text").fill("pharmacy")
    page.enter(visitor.page.get_by_role("button", name="Search"))
    expect(visitor.page.locator("#where-results li")).to_have_count(2)
    looked_at()
    visitor.page.locator("#where-text").fill("")
    page.to("wholesaler").scan(case, packs[2], packs[1], lot=lot).has("2 items, 2 packs")
    expect(visitor.page.locator("#bad-lines > li")).to_have_count(1)
    visitor.page.locator("#order").evaluate("one => { one.value = 'OTHER 3' }")
    for summary in visitor.page.locator("summary").all():
        page.enter(summary)
    visitor.page.locator("#paste-text").fill("nonsense\n1.23E+13")
    page.enter(visitor.page.get_by_role("button", name="Check the list"))
    expect(visitor.page.locator("#list-bad")).to_be_visible()
    page.press("continue")
    expect(visitor.page.locator("#problem")).to_be_visible()
    looked_at()
    page.enter(visitor.page.get_by_role("button", name="I have put it aside"))
    page.press("continue")
    expect(visitor.page.locator("#check-title")).to_be_focused()
    looked_at()
    page.press("sign-it")
    page.press_sign()
    expect(visitor.page.locator("#done-title")).to_have_text("It is on the log")
    looked_at()


def test_a_hundred_thousand_lines_are_read_with_a_bar_that_tells_how_far(
    dispatch: Dispatch, tmp_path: Path
) -> None:
    """Each of them once: the last is spoilt, so that none is sent to the server."""
    file = tmp_path / "list.csv"
    lines = [f"{dispatch.chain.gtin},N{n}" for n in range(99_999)]
    file.write_text("\n".join(["gtin,serial", *lines, "9.52E+13,LAST"]))
    dispatch.to("wholesaler")
    page = dispatch.page
    page.evaluate(
        """() => {
          window.shares = [];
          const bar = document.getElementById("list-progress");
          new MutationObserver(() => window.shares.push(bar.value)).observe(bar, {attributes: true});
        }"""
    )
    page.locator("#file").set_input_files(file)
    expect(page.locator("#list-bad-lines > li")).to_have_count(1, timeout=30_000)
    expect(page.locator("#list-bad-lines")).to_contain_text("Line 100001")
    shares = page.evaluate("window.shares")
    assert len(shares) > 10
    assert shares == sorted(shares)


def test_five_thousand_packs_are_signed_and_logged_in_one_press(
    dispatch: Dispatch, lot: str, tmp_path: Path
) -> None:
    chain, page = dispatch.chain, dispatch.page
    packs = chain.commission(lot, 5_000)
    file = tmp_path / "list.txt"
    file.write_text("\n".join(packs))
    dispatch.to("wholesaler")
    page.locator("#file").set_input_files(file)
    expect(page.locator("#total")).to_have_text("5,000 items, 5,000 packs", timeout=60_000)
    dispatch.press("continue")
    expect(page.locator("#check-title")).to_be_focused()
    dispatch.press("sign-it")
    expect(page.locator("#sign-words")).to_contain_text("5,000")
    start = time.perf_counter()
    dispatch.press("sign-yes")
    expect(page.locator("#done-title")).to_have_text("It is on the log", timeout=60_000)
    print(f"5,000 packs from the press to the log: {time.perf_counter() - start:.2f} s")
    assert row(chain, packs[-1]).status == "in_transit"


KEEP = """async ([site, many, to]) => {
  const { save } = await import("/static/drafts.js");
  const { me } = await import("/static/me.js");
  const label = {product: "", gtin: "09521111000013", lot: "L1", expiry: "", sscc: "", packs: 1};
  const goods = Array.from({length: many}, (_, n) => ({
    id: `https://id.gs1.org/01/09521111000013/21/N${n}`, owner: me.party, inside: null, words: "",
    label: {...label, serial: `N${n}`},
  }));
  const value = {goods, bad: [], anyway: new Set(), to, number: "S1", order: "", scans: []};
  await save("dispatch ship", `${me.log} ${site}`, value);
}"""


def test_a_list_of_the_greatest_length_survives_a_reload(dispatch: Dispatch) -> None:
    """All of it is judged anew, here by a server that takes whatever is asked."""
    chain, page = dispatch.chain, dispatch.page

    def judged(route: Route) -> None:
        asked = route.request.post_data_json
        label = {"product": "", "gtin": chain.gtin, "lot": "L1", "sscc": "", "packs": 1}
        yes = {"ok": True, "code": None, "words": "", "next": "", "inside": None}
        items = [
            {**yes, "text": one, "id": one, "label": label, "owner": ""} for one in asked["items"]
        ]
        route.fulfill(json={**yes, "items": items})

    page.route("**/api/checks", judged)
    to = {"gln": chain.wholesaler.site, "party": chain.wholesaler.gln, "name": "", "partyName": "", "address": ""}  # fmt: skip
    page.evaluate(KEEP, [chain.maker.site, 100_000, to])
    page.reload()
    expect(page.locator("#total")).to_have_text("100,000 items, 100,000 packs", timeout=60_000)


def test_a_pack_before_the_camera_joins_the_list_once(
    chromium: Browser, fresh: Fresh, lot: str, tmp_path: Path
) -> None:
    chain = fresh.chain
    packs = chain.commission(lot, 1)
    serial = gs1.parse_item_id(packs[0]).serial
    shown = pack(render(PrintedLabel(chain.gtin, lot, date(2028, 1, 31), serial)))
    with seen_by(
        chromium.browser_type, write_film(tmp_path / "film.mjpeg", film(shown, 60))
    ) as browser:
        page = browser.new_context(locale="en-GB").new_page()
        watch = Watch(fresh.url)
        watch.over(page)
        dispatch = Dispatch(join(Visitor(page, fresh), fresh, chain.maker), fresh).at()
        dispatch.to("wholesaler")
        dispatch.enter(page.locator("#camera summary"))
        dispatch.enter(page.get_by_role("button", name="Start the camera"))
        expect(page.locator("#total")).to_have_text("1 item, 1 pack", timeout=20_000)
        expect(page.locator("#camera-state")).to_contain_text("This pack has been scanned")
        dispatch.enter(page.get_by_role("button", name="Stop the camera"))
        expect(page.locator("#stage")).to_be_hidden()
        dispatch.has("1 item, 1 pack")
        assert watch.faults == []
