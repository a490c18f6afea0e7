"""A scanner that types like a keyboard: its keys reach nothing on the page, a person's all do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route, expect

from app.node import KEY
from tests.browser.conftest import Site, Visit, Visitor
from tests.browser.keys import GS, Keys
from tests.browser.packs import element_string, pack_of, stock_of

COUNT = 100
# Everything that a key could set off, counted from before any script of the page.
WATCH = """
window.happened = [];
for (const kind of ['click', 'submit', 'change', 'beforeunload', 'toggle'])
    addEventListener(kind, (event) => happened.push(`${kind} ${event.target.outerHTML ?? ''}`), true);
"""
FOCUSABLE = """a[href], button:not(.line), li:first-child > .line, input, summary, [tabindex='0']"""


class Counter:
    """A pharmacist's page with a scanner on the same keyboard, and what went to the server."""

    def __init__(self, visitor: Visitor, path: str = "/scan", role: str = "pharmacist") -> None:
        self.page: Page = visitor.page
        self.sent: list[dict[str, Any]] = []
        if role:
            visitor.sign_in(role)
        self.page.add_init_script(WATCH)
        visitor.open(path)
        self.page.on("request", self._request)
        self.keys = Keys(self.page)

    def _request(self, request: Request) -> None:
        if request.method == "POST":
            self.sent.append(json.loads(request.post_data or "{}"))

    @property
    def texts(self) -> list[str]:
        """What the server was asked about."""
        return [one["text"] for one in self.sent]

    @property
    def focus(self) -> str:
        """What has the focus."""
        told = "e => e.id || e.value || e.className || e.tagName"
        return str(self.page.evaluate(f"({told})(document.activeElement)"))

    def happened(self) -> list[str]:
        """What was pressed, changed or left since it was asked last."""
        return list(self.page.evaluate("happened.splice(0)"))

    def judged(self, number: int) -> None:
        """Wait until so many scans are in the session's list."""
        expect(self.page.locator("#history > li")).to_have_count(number)


@pytest.fixture
def counter(demo: Site, visit: Visit) -> Counter:
    return Counter(visit(demo))


@pytest.mark.parametrize("suffix", ["Enter", "Tab"])
def test_a_hundred_scans_press_nothing_wherever_the_focus_is(
    demo: Site, counter: Counter, suffix: str
) -> None:
    stock = [element_string(demo, item) for item in stock_of(demo)]
    wanted = [stock[number % len(stock)] for number in range(COUNT)]
    size = demo.app.extensions[KEY].reader.head().size
    page = counter.page
    page.locator("#text").fill("half typed")
    page.locator("#image").set_input_files(demo.folder / "labels" / "copied.png")
    places: set[str] = set()
    for number, text in enumerate(wanted):
        controls = page.locator(FOCUSABLE).filter(visible=True)
        control = controls.nth(number % controls.count())
        control.focus()
        focus, state = counter.focus, page.evaluate("document.activeElement.outerHTML")
        replaced = page.evaluate("document.activeElement.closest('.told') !== null")
        places.add(focus)
        counter.happened()  # leaving the box told of its change
        counter.keys.scan(text, suffix)
        counter.judged(number + 1)
        if replaced:  # by the next verdict's
            assert counter.focus == "fold"
        else:
            assert page.evaluate("document.activeElement.outerHTML") == state
        assert counter.happened() == [], focus
        assert page.locator("#text").input_value() == "half typed"
        assert page.locator("#history strong").first.inner_text() == "OK"
    assert counter.texts == wanted
    assert {one["source"] for one in counter.sent} == {"wedge"}
    assert {
        "text", "image", "power", "fold", "sound", "dispense", "check", "main", "line", "SUMMARY"
    } <= places  # fmt: skip
    assert page.url == f"{demo.url}/scan"
    assert demo.app.extensions[KEY].reader.head().size == size  # nothing was signed or supplied


def test_half_typed_text_its_caret_and_its_selection_stay_as_they_were(
    demo: Site, counter: Counter
) -> None:
    text = element_string(demo, pack_of(demo, "good.png"))
    box = counter.page.locator("#text")
    box.fill("half typed")
    for number, (start, end) in enumerate([(0, 0), (3, 3), (2, 6), (10, 10)]):
        box.focus()
        box.evaluate(f"e => e.setSelectionRange({start}, {end})")
        counter.keys.scan(text)
        counter.judged(number + 1)
        assert box.input_value() == "half typed"
        assert box.evaluate("e => [e.selectionStart, e.selectionEnd]") == [start, end]
    counter.keys.type("!")  # and typing goes on there
    assert box.input_value() == "half typed!"
    assert counter.texts == [text] * 4


def test_scans_wait_while_a_bad_result_was_not_seen_and_press_nothing_in_it(
    demo: Site, counter: Counter
) -> None:
    bad, good = (element_string(demo, pack_of(demo, f"{name}.png")) for name in ("copied", "good"))
    page = counter.page
    page.locator("input[value=dispense]").check()
    counter.keys.scan(bad)
    stopped = page.get_by_role("dialog")
    expect(stopped.get_by_role("heading", name="Hold: ask")).to_be_visible()
    counter.happened()
    for number, suffix in enumerate(("Enter", "Tab", "Enter")):
        page.locator("#seen").focus()
        counter.keys.scan(good, suffix)
        waits = "1 scan waits" if number == 0 else f"{number + 1} scans wait"
        expect(stopped.locator(".waiting")).to_contain_text(waits)
        assert counter.focus == "seen"
        assert counter.happened() == []
    counter.judged(1)
    page.get_by_role("button", name="I have seen it: scan on").click()
    counter.judged(4)
    assert counter.texts == [bad, good, good, good]


def test_a_person_types_submits_tabs_and_presses_as_ever(demo: Site, counter: Counter) -> None:
    page = counter.page
    page.locator("#text").focus()
    counter.keys.type("hello", "Backspace", "ArrowLeft")
    counter.keys.type("X")
    assert page.locator("#text").input_value() == "helXl"
    counter.keys.type("", "Enter")
    counter.judged(1)
    assert counter.sent == [{"text": "helXl", "purpose": "dispense", "source": "typed"}]
    counter.keys.type("", "Tab")
    assert counter.focus == "image"
    page.locator("#sound").focus()
    counter.keys.type(" ")
    expect(page.locator("#sound")).to_be_checked()
    page.locator("input[value=check]").focus()
    counter.keys.type(" ", gap_ms=10)  # by a switch or a voice
    expect(page.locator("input[value=check]")).to_be_checked()
    page.locator("#image").focus()
    with page.expect_file_chooser():
        counter.keys.type(" ")
    page.locator("#history button").first.focus()
    counter.keys.type("", "Enter")
    assert counter.focus == "fold"
    counter.keys.type(" ")
    expect(page.locator("#verdict")).to_be_hidden()


@pytest.mark.parametrize("gap_ms", [30, 49, 60])
def test_a_few_quick_keys_of_a_person_stay_in_the_box(counter: Counter, gap_ms: float) -> None:
    counter.page.locator("#text").focus()
    for word in ("the", "ab", "c"):
        counter.keys.type(word, gap_ms=gap_ms)
    assert counter.page.locator("#text").input_value() == "theabc"
    counter.keys.type("", "Enter")
    counter.judged(1)
    assert counter.sent[0]["source"] == "typed"


def test_a_key_that_is_held_down_repeats_as_ever(counter: Counter) -> None:
    box = counter.page.locator("#text")
    box.focus()
    for _ in range(12):
        counter.page.keyboard.down("a")
    counter.page.keyboard.up("a")
    assert box.input_value() == "a" * 12


SCANNED = [
    (list("0109521102000015"), "0109521102000015"),
    ([GS, *"0109521102000015"], f"{GS}0109521102000015"),
    ([*"10AB", GS, *"21C d"], f"10AB{GS}21C d"),
    ([*"10AB", "F8", *"21Cd"], f"10AB{GS}21Cd"),
    (list("HTTPS://x ?"), "HTTPS://x ?"),
    ([" ", " ", *"010952"], "  010952"),
    ([" ", *"010952"], " 010952"),
    (list("äßñ漢0109"), "äßñ漢0109"),
]


@pytest.mark.parametrize("place", ["#power", "#text", "body"])
def test_what_was_scanned_arrives_key_by_key(counter: Counter, place: str) -> None:
    page = counter.page
    for keys, read in SCANNED:
        page.reload()
        if place == "body":
            page.evaluate("document.activeElement.blur()")
        else:
            page.locator(place).focus()
        counter.happened()
        counter.sent.clear()
        for number, suffix in enumerate((["Enter"], ["Tab"], ["Enter", "Enter"], ["Tab", "Enter"])):
            counter.keys.press([*keys, *suffix], gap_ms=20)
            counter.judged(number + 1)
        assert counter.texts == [read] * 4
        assert counter.happened() == []
        assert page.locator("#text").input_value() == ""


def test_a_scan_that_nothing_ends_is_a_scan_too_and_its_late_suffix_presses_nothing(
    counter: Counter,
) -> None:
    counter.page.locator("#power").focus()
    counter.happened()
    counter.keys.scan("0109521102000015", "")
    counter.judged(1)
    counter.keys.press(["Enter"], gap_ms=0, pause_ms=1500)
    assert counter.happened() == []
    assert counter.texts == ["0109521102000015"]


def test_in_the_box_a_scan_that_nothing_ends_is_typed(counter: Counter) -> None:
    box = counter.page.locator("#text")
    box.focus()
    counter.keys.scan("0109521102000015", "")
    expect(box).to_have_value("0109521102000015")
    counter.keys.press(["Enter"], gap_ms=0, pause_ms=2000)
    counter.judged(1)
    assert counter.sent[0]["source"] == "typed"


class Box(Counter):
    """A page whose box posts to /verify."""

    def _request(self, request: Request) -> None:
        if request.method == "POST":
            fields = request.post_data_buffer or b""
            parts = [part.partition(b"\r\n\r\n") for part in fields.split(b"\r\nContent-")]
            self.sent.append({"fields": [value.split(b"\r\n--")[0] for _, _, value in parts]})


@pytest.mark.parametrize("path", ["/", "/verify"])
@pytest.mark.parametrize("suffix", ["Enter", "Tab"])
def test_on_a_page_with_a_box_a_scan_goes_there_whatever_has_the_focus(
    demo: Site, visit: Visit, path: str, suffix: str
) -> None:
    box = Box(visit(demo), path)
    text = element_string(demo, pack_of(demo, "good.png"))
    for place in ("#text", "#purpose", ".who button", "nav a >> nth=0"):
        box.page.goto(demo.url + path)
        box.sent.clear()
        box.page.locator("#text").fill("half typed")
        box.page.locator("#purpose").select_option("dispense")
        box.page.locator(place).focus()
        box.keys.scan(text, suffix)
        box.page.get_by_role("heading", level=1, name="OK").wait_for()
        [sent] = box.sent
        assert {text.encode(), b"wedge", b"dispense"} <= set(sent["fields"]), place
        assert "Pharmacy 1" in box.page.locator(".who").inner_text()
        assert box.page.url == f"{demo.url}/verify"


def test_a_scan_that_begins_while_the_page_loads_is_not_cut(demo: Site, visit: Visit) -> None:
    text = element_string(demo, pack_of(demo, "good.png"))
    visitor = visit(demo)
    visitor.sign_in("pharmacist")
    keys = Keys(visitor.page)
    late: list[Route] = []
    visitor.page.route("**/box.js", lambda route: late.append(route))
    visitor.page.goto(f"{demo.url}/verify", wait_until="commit")
    visitor.page.wait_for_function("() => document.activeElement?.id === 'text'")
    keys.scan(text[:20], "")
    expect(visitor.page.locator("#text")).to_have_value(text[:20])
    visitor.page.wait_for_function("() => true")
    late[0].continue_()
    visitor.page.wait_for_load_state("load")
    keys.press([*text[20:], "Enter"], gap_ms=4, pause_ms=4)
    visitor.page.get_by_role("heading", level=1, name="OK").wait_for()


def test_the_group_separator_can_be_typed_by_hand(demo: Site, visit: Visit) -> None:
    """An input drops Ctrl+] in silence; here it is what a scanner means by it."""
    text = element_string(demo, pack_of(demo, "good.png"))
    box = Box(visit(demo), "/verify")
    box.page.locator("#text").focus()
    box.keys.type(text)
    assert box.page.locator("#text").input_value() == text
    box.keys.type("", "Enter")
    box.page.get_by_role("heading", level=1, name="OK").wait_for()
    [sent] = box.sent
    assert {text.encode(), b"typed"} <= set(sent["fields"])
