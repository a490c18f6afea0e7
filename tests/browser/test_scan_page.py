"""The page /scan: a camera that shows our own labels, and what a pharmacist is told of each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Request, expect

from tests.browser.camera import HIGH, WIDE, film, jpeg, pack, seen_by, write_film
from tests.browser.conftest import Site, Visit, Visitor, Watch, launch, serve, settings
from tests.browser.packs import label_of, pack_of, recalled_pack
from tests.browser.test_every_page import faults, overflow, small_targets
from tests.nodes import EVENING_MS

FRAMES = 60
HELP = "No code in view"


class Stand(Visitor):
    """A pharmacist's counter with a camera."""

    def __init__(self, page: Page, site: Site) -> None:
        super().__init__(page, site)
        self.scans: list[dict[str, Any]] = []
        self.under_way = self.most_under_way = 0
        page.on("request", self._sent)
        page.on("requestfinished", self._answered)
        page.on("requestfailed", lambda request: self._done(request))

    def _sent(self, request: Request) -> None:
        if request.url.endswith("/api/scans"):
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)

    def _answered(self, request: Request) -> None:
        if self._done(request):
            answer = request.response()
            assert answer is not None
            self.scans.append(answer.json())

    def _done(self, request: Request) -> bool:
        mine = request.url.endswith("/api/scans")
        self.under_way -= mine
        return mine

    def start(self, purpose: str = "dispense") -> None:
        """Sign in, open the page and start the camera."""
        self.sign_in("pharmacist")
        self.open("/scan")
        self.page.locator(f"input[value={purpose}]").check()
        self.power()

    def power(self) -> None:
        self.page.get_by_role("button", name="Start the camera").click()

    def verdict(self, words: str) -> None:
        """Wait for a verdict over the whole page."""
        expect(self.page.locator(".full:visible .verdict-word")).to_have_text(words)

    def seen(self) -> None:
        self.page.get_by_role("button", name="I have seen it: scan on").click()

    def after(self, scans: int) -> None:
        """Wait until the server has answered so many more scans."""
        wanted = len(self.scans) + scans
        while len(self.scans) < wanted:
            with self.page.expect_event("requestfinished"):
                pass

    @property
    def lines(self) -> list[str]:
        """The session's lines, newest first: the verdicts' words."""
        return self.page.locator("#history strong").all_inner_texts()

    @property
    def trouble(self) -> str:
        """What is said of the camera."""
        return self.page.locator("[data-fault]:visible").inner_text()


class Films:
    """What cameras see, each film made once."""

    def __init__(self, demo: Site, folder: Path) -> None:
        self._demo, self._folder = demo, folder

    def of(self, *names: str) -> Path:
        """A film of one scene after the other, two seconds each and then again."""
        path = self._folder / f"{'-'.join(names)}.mjpeg"
        if not path.exists():
            write_film(path, [frame for name in names for frame in self._scene(name)])
        return path

    def _scene(self, name: str) -> Iterable[bytes]:
        if name == "green":
            return [jpeg(np.full((HIGH, WIDE, 3), (0, 135, 0), np.uint8))] * 2
        if name == "empty":
            return film(None, FRAMES)
        torn = name == "torn"
        return film(pack(labelled(self._demo, "good" if torn else name), torn=torn), FRAMES)


@pytest.fixture(scope="module")
def films(demo: Site, tmp_path_factory: pytest.TempPathFactory) -> Films:
    return Films(demo, tmp_path_factory.mktemp("films"))


Shows = Callable[..., Any]


@pytest.fixture
def shows(chromium: Browser, demo: Site, films: Films) -> Iterator[Shows]:
    """Makes a counter whose camera sees a film, or that has none; its page is watched as any."""
    watches: list[Watch] = []

    @contextmanager
    def made(*scenes: str, flags: Sequence[str] = (), **context: Any) -> Iterator[Stand]:
        path = films.of(*scenes) if scenes else None
        with seen_by(chromium.browser_type, path, *flags) as browser:
            yield stand(browser, demo, watches, **context)

    yield made
    assert [fault for watch in watches for fault in watch.faults] == []


def stand(browser: Browser, site: Site, watches: list[Watch], **options: Any) -> Stand:
    size = {"width": 1280, "height": 900}
    context = browser.new_context(**{"viewport": size, "service_workers": "block", **options})
    context.set_default_timeout(15_000)
    page = context.new_page()
    watch = Watch(site.url)
    watches.append(watch)
    watch.over(page)
    return Stand(page, site)


def labelled(demo: Site, name: str) -> Image.Image:
    """A label as it is printed."""
    if name == "recalled":
        return label_of(demo, recalled_pack(demo))
    return Image.open(demo.folder / "labels" / f"{name}.png")


# What the camera sees, and what must be told of it before dispensing at pharmacy 1.
TOLD = {
    "good": ("OK", "in-stock", ""),
    "supplied-elsewhere": ("Do not supply", "supplied-elsewhere", "dialog"),  # its label was copied
    "recalled": ("Do not supply", "recalled", "dialog"),
    "copied": ("Hold: ask", "supplied-here", "dialog"),  # dispensed here
    "wrong-expiry": ("Do not supply", "label-mismatch", "dialog"),
    "unknown-serial": ("Do not supply", "unknown", "dialog"),
}


@pytest.mark.parametrize("name", TOLD)
def test_each_label_before_the_camera_gets_its_verdict(demo: Site, shows: Shows, name: str) -> None:
    word, code, stopped = TOLD[name]
    with shows(name) as counter:
        counter.start()
        counter.verdict(word)
        full = counter.page.locator(".full:visible")
        assert f"Code: {code}" in full.inner_text()
        assert full.locator(".mark").inner_text() in "✓!✕?"
        assert full.locator(".next").first.inner_text()
        assert counter.page.get_by_role("dialog").count() == (1 if stopped else 0)
        spoken = counter.page.locator("#said").inner_text()
        assert word in spoken
        assert full.locator(".words").inner_text() in spoken
        assert faults(counter) == []
        if stopped:
            counter.seen()
            counter.page.locator("#power").click()
        assert counter.lines == [word]


@pytest.mark.parametrize("name", ["torn", "empty"])
def test_without_a_code_nothing_is_judged_and_help_is_given(
    demo: Site, shows: Shows, name: str
) -> None:
    with shows(name) as counter:
        counter.start()
        expect(counter.page.locator("#state")).to_contain_text(HELP)
        assert counter.lines == []
        assert counter.page.locator(".full:visible").count() == 0
        assert faults(counter) == []


def test_a_covered_lens_is_named(demo: Site, shows: Shows) -> None:
    with shows("green") as counter:
        counter.start()
        expect(counter.page.locator("#state")).to_contain_text("all of one colour")


def test_a_pack_that_stays_in_view_is_one_scan_and_two_visits_are_two(shows: Shows) -> None:
    with shows("good", "empty") as counter:
        counter.start()
        counter.verdict("OK")
        counter.after(3)
        assert counter.lines == ["OK"]
        expect(counter.page.locator("#history > li")).to_have_count(3, timeout=20_000)
        verdicts = [one for one in counter.scans if one["reading"]]
        assert len(verdicts) > len(counter.lines)
        assert counter.most_under_way == 1


def test_packs_follow_each_other_without_a_click_until_a_bad_one_stops_them(
    demo: Site, shows: Shows
) -> None:
    with shows("good", "wrong-expiry") as counter:
        counter.start()
        counter.verdict("OK")
        counter.verdict("Do not supply")
        sent = len(counter.scans)
        with counter.page.expect_event("console") as said:  # the film goes on meanwhile
            counter.page.evaluate("""setTimeout(() => {
                document.querySelector('video').requestVideoFrameCallback(
                    () => console.log('another frame'))}, 1000)""")
        assert said.value.text == "another frame"
        assert len(counter.scans) <= sent + 1
        assert counter.lines == ["Do not supply", "OK"]
        counter.seen()
        counter.verdict("OK")
        assert counter.lines[0] == "OK"


def test_one_frame_decides_nothing_that_the_server_is_not_sure_of(demo: Site, visit: Visit) -> None:
    visitor = visit(demo)
    visitor.open("/scan")
    shown = visitor.page.evaluate("""async () => {
        const { View } = await import('/static/view.js');
        const view = new View();
        const add = (reading, sure = false) => view.add(reading, sure);
        return {
            once: [add('A'), add(null), add(null), add(null), add(null), add(null)],
            twice: [add('B'), add('C'), add('B'), add('B')],
            sure: [add('D', true), add('D', true), add(null), add('D', true)],
            left: [1, 2, 3, 4, 5].map(() => add(null)).concat(add('D', true)),
        };
    }""")
    assert shown["once"] == [False] * 6
    assert shown["twice"] == [False, False, True, False]
    assert shown["sure"] == [True, False, False, False]
    assert shown["left"] == [False] * 5 + [True]


def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(demo: Site, shows: Shows) -> None:
    busy = {"code": "busy", "detail": "Too many frames are being read."}
    times: list[float] = []
    with shows("good") as counter:

        def answer(route: Any) -> None:
            times.append(counter.page.evaluate("performance.now()"))
            if len(times) > 2:
                route.continue_()
                return
            route.fulfill(
                status=503 if len(times) == 1 else 429, body=json.dumps(busy),
                headers={"Retry-After": "1", "Content-Type": "application/problem+json"},
            )  # fmt: skip

        counter.page.route("**/api/scans", answer)
        counter.start()
        expect(counter.page.locator("#state")).to_have_text(busy["detail"])
        counter.verdict("OK")
        assert times[1] - times[0] >= 1000
        assert times[2] - times[1] >= 1000
        counter.page.unroute_all(behavior="ignoreErrors")  # a frame may be on its way


# Whatever a page keeps that could hold a picture: keys, lists and choices are small, or no bytes.
PICTURES = """async () => {
  const told = (asked) => new Promise((done, failed) => {
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
  const picture = (value) => value instanceof Blob || value?.byteLength > 1000
    || (typeof value === "string" && value.length > 1000)
    || (typeof value === "object" && value !== null && Object.values(value).some(picture));
  const found = await caches.keys();
  for (const { name } of await indexedDB.databases()) {
    const database = await told(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      const rows = await told(database.transaction(store).objectStore(store).getAll());
      if (rows.some(picture)) found.push(`${name}: ${store}`);
    }
    database.close();
  }
  for (const storage of [localStorage, sessionStorage]) {
    found.push(...Object.keys(storage).filter((name) => picture(storage[name])));
  }
  return found;
}"""


def test_no_frame_is_kept_anywhere(demo: Site, shows: Shows) -> None:
    with shows("good") as counter:
        counter.start()
        counter.verdict("OK")
        counter.after(3)
        counter.page.locator("#fold").click()
        counter.page.get_by_role("button", name="Stop the camera").click()
        assert counter.page.evaluate(PICTURES) == []
        assert counter.page.locator("#stage").is_hidden()
    held = [path for path in demo.folder.rglob("*") if path.is_file() and path.suffix != ".png"]
    assert [path for path in held if b"\xff\xd8\xff\xe0\x00\x10JFIF" in path.read_bytes()] == []


# The camera that is not to be had, and what is said of it.


def test_a_camera_that_was_refused_is_explained(
    demo: Site, chromium: Browser, shows: Shows
) -> None:
    browser = launch(chromium.browser_type, "--use-fake-device-for-media-stream")
    counter = stand(browser, demo, [])  # here nobody allows it
    counter.start()
    expect(counter.page.locator("[data-fault=refused]")).to_be_visible()
    assert "allow the camera" in counter.trouble
    assert_the_rest_works(counter)
    browser.close()


def test_a_device_without_a_camera_is_explained(shows: Shows) -> None:
    with shows() as counter:
        counter.start()
        expect(counter.page.locator("[data-fault=absent]")).to_be_visible()
        assert "Plug one in" in counter.trouble
        assert_the_rest_works(counter)


def test_a_page_without_a_secure_line_is_explained(
    demo: Site, chromium: Browser, films: Films
) -> None:
    far = Site(demo.url.replace("127.0.0.1", "counter.example"), demo.app, demo.folder)
    names = "--host-resolver-rules=MAP counter.example 127.0.0.1"
    with seen_by(chromium.browser_type, films.of("good"), names) as browser:
        counter = stand(browser, far, [])  # Chromium warns of the line too
        counter.open("/scan")
        expect(counter.page.locator("[data-fault=insecure]")).to_be_visible()
        assert "https" in counter.trouble
        assert counter.page.locator("#power").is_hidden()
        assert_the_rest_works(counter)
        counter.open("/verify")  # without a secure line a browser tells only the form's origin
        assert counter.check("hello") == "Not checked"


# Chromium's fake camera is never busy and fits every wish: there the page gets the browser's own
# errors from a getUserMedia that always fails so.
FAILS = """navigator.mediaDevices.getUserMedia = async () => { throw %s; };"""


@pytest.mark.parametrize(
    ("error", "fault", "advice"),
    [
        ("new DOMException('Could not start', 'NotReadableError')", "busy", "Close what uses it"),
        ("new OverconstrainedError('width')", "unfit", "Choose another camera"),
        ("new DOMException('odd', 'InvalidStateError')", "other", "reload the page"),
    ],
)
def test_a_camera_that_does_not_start_is_explained(
    demo: Site, shows: Shows, error: str, fault: str, advice: str
) -> None:
    with shows("empty") as counter:
        counter.page.add_init_script(FAILS % error)
        counter.start()
        expect(counter.page.locator(f"[data-fault={fault}]")).to_be_visible()
        assert advice in counter.trouble
        assert_the_rest_works(counter)


def test_a_camera_that_is_unplugged_is_explained_and_comes_back_by_itself(
    demo: Site, shows: Shows
) -> None:
    """No fake camera can be unplugged: its track's own event says so, and the device list's."""
    with shows("good") as counter:
        counter.start("check")
        counter.verdict("OK")
        counter.page.evaluate("""document.querySelector('video').srcObject.getVideoTracks()[0]
            .dispatchEvent(new Event('ended'))""")
        expect(counter.page.locator("[data-fault=unplugged]")).to_be_visible()
        assert "starts by itself" in counter.trouble
        counter.page.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
        expect(counter.page.locator("#stage")).to_be_visible()
        assert counter.page.locator("[data-fault]:visible").count() == 0
        expect(counter.page.locator("#history > li")).to_have_count(2)


def assert_the_rest_works(counter: Stand) -> None:
    """A picture and typed text are judged as ever, and the page is accessible."""
    assert faults(counter) == []
    if (mode := counter.page.locator("input[type=radio][value=dispense]")).count():
        mode.check()  # a stranger only checks
    counter.page.get_by_label("Or a picture of the label").set_input_files(
        counter.site.folder / "labels" / "good.png"
    )
    counter.page.get_by_role("button", name="Check", exact=True).click()
    counter.verdict("OK")
    counter.page.locator("#fold").click()
    counter.page.get_by_label("Type or paste a code").fill("no code")
    counter.page.get_by_label("Type or paste a code").press("Enter")
    counter.verdict("Not checked")
    assert counter.lines == ["Not checked", "OK"]


def test_a_hidden_page_switches_the_camera_off_until_it_is_seen_again(
    demo: Site, shows: Shows
) -> None:
    """A headless browser's page is never hidden: the page is told that it is."""
    with shows("good") as counter:
        counter.start("check")
        counter.verdict("OK")
        track = counter.page.evaluate_handle(
            "document.querySelector('video').srcObject.getVideoTracks()[0]"
        )
        hide = """hidden => { Object.defineProperty(document, 'hidden',
            { value: hidden, configurable: true });
            document.dispatchEvent(new Event('visibilitychange')); }"""
        counter.page.evaluate(hide, True)
        assert track.evaluate("track => track.readyState") == "ended"
        assert counter.page.locator("#stage").is_hidden()
        counter.page.evaluate(hide, False)
        expect(counter.page.locator("#stage")).to_be_visible()
        expect(counter.page.locator("#history > li")).to_have_count(2)


def test_another_camera_can_be_chosen_and_is_remembered(demo: Site, shows: Shows) -> None:
    two = "--use-fake-device-for-media-stream=device-count=2"
    with shows(flags=[two]) as counter:
        counter.start()
        choice = counter.page.get_by_role("group", name="Which camera")
        expect(choice.get_by_role("radio")).to_have_count(2)
        expect(choice.get_by_role("radio").nth(0)).to_be_checked()
        choice.get_by_role("radio").nth(1).check()
        second = """() => document.querySelector('video').srcObject
            ?.getVideoTracks()[0].label === 'fake_device_1'"""
        counter.page.wait_for_function(second)
        expect(choice.get_by_role("radio").nth(1)).to_be_checked()
        assert small_targets(counter) == []
        counter.page.reload()  # it ran, and is allowed: it runs again
        counter.page.wait_for_function(second)


def test_a_camera_with_a_light_offers_to_switch_it(demo: Site, shows: Shows) -> None:
    """The fake camera has no light: its track is given one."""
    with shows("empty") as counter:
        counter.page.add_init_script("""
            const asked = MediaStreamTrack.prototype.applyConstraints;
            window.lit = [];
            MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true });
            MediaStreamTrack.prototype.applyConstraints = async (wanted) => {
                lit.push(wanted.advanced[0].torch); };""")
        counter.start()
        light = counter.page.get_by_role("button", name="Light")
        light.click()
        expect(light).to_have_attribute("aria-pressed", "true")
        light.click()
        expect(light).to_have_attribute("aria-pressed", "false")
        assert counter.page.evaluate("lit") == [True, False]


def test_sound_is_off_until_it_is_wanted_and_the_choice_is_remembered(
    demo: Site, visit: Visit
) -> None:
    visitor = visit(demo)
    visitor.page.add_init_script("""
        window.tones = 0;
        const start = AudioScheduledSourceNode.prototype.start;
        AudioScheduledSourceNode.prototype.start = function (...when) {
            tones += 1;
            return start.apply(this, when); };""")
    visitor.open("/scan")
    text = visitor.page.get_by_label("Type or paste a code")
    sound = visitor.page.get_by_label("Sound")
    expect(sound).not_to_be_checked()
    text.fill("no code")
    text.press("Enter")
    expect(visitor.page.locator("#history > li")).to_have_count(1)
    assert visitor.page.evaluate("tones") == 0
    visitor.page.keyboard.press("Escape")
    sound.check()
    heard = visitor.page.evaluate("tones")
    assert heard > 0
    visitor.page.reload()
    expect(sound).to_be_checked()
    text.fill("no code")
    text.press("Enter")
    visitor.page.wait_for_function("() => tones > 0")


# By hand.


@pytest.fixture
def ticking(demo: Site, tmp_path: Path) -> Iterator[Site]:
    """The demo world on a clock that goes on, 1.5 s whenever it is looked at."""
    folder = shutil.copytree(demo.folder, tmp_path / "world")
    yield from serve(settings(folder, count(EVENING_MS, 1500).__next__))


def test_a_warning_of_ours_and_an_alert_of_the_log_are_told_apart(
    ticking: Site, visit: Visit
) -> None:
    visitor = visit(ticking)
    visitor.sign_in("pharmacist")
    visitor.open("/scan")
    page = visitor.page
    text = page.get_by_label("Type or paste a code")
    good = pack_of(ticking, "good.png")
    text.fill(good.replace("DZ26010", "DZ26O1O"))
    text.press("Enter")
    full = page.locator(".full:visible")
    expect(full.locator(".kind")).to_have_text("Warning: our label reading looks wrong, scan again")
    assert full.locator(".offer").inner_text().count("DZ260100016") == 1
    assert page.get_by_role("dialog").count() == 0
    assert page.locator("#alerts").is_hidden()
    assert faults(visitor) == []
    unknown = pack_of(ticking, "unknown-serial.png")
    for number in range(3):  # what is typed is typed wrong more than once
        text.fill(unknown)
        text.press("Enter")
        stopped = page.get_by_role("dialog")
        expect(stopped.get_by_role("heading", name="Do not supply")).to_be_visible()
        alert = stopped.locator(".kind")
        assert alert.is_visible() == (number == 2)
        assert faults(visitor) == []
        page.get_by_role("button", name="I have seen it: scan on").click()
    expect(page.locator("#alerts")).to_have_text("✕ 1 alert")
    assert page.locator("#history .kind").first.inner_text() == "Alert: the log says no"


def test_a_scan_that_was_shown_can_be_opened_again(demo: Site, visit: Visit) -> None:
    visitor = visit(demo)
    visitor.sign_in("pharmacist")
    visitor.open("/scan")
    page = visitor.page
    for name in ("good", "copied"):
        page.locator("input[value=dispense]").check()
        page.get_by_label("Or a picture").set_input_files(demo.folder / "labels" / f"{name}.png")
        page.get_by_role("button", name="Check", exact=True).click()
        expect(page.locator("#history > li")).to_have_count(1 if name == "good" else 2)
    page.get_by_role("button", name="I have seen it: scan on").click()
    page.locator("#history button").nth(1).click()
    full = page.locator("#verdict")
    expect(full.get_by_role("heading", name="OK")).to_be_visible()
    assert "✓ as in the log" in full.inner_text()
    assert "Checked against the log as of" in full.inner_text()
    with page.expect_download() as download:
        full.get_by_role("link", name="Download the proof").click()
    assert json.loads(Path(download.value.path()).read_text())["status"]
    page.keyboard.press("Escape")
    expect(full).to_be_hidden()


def test_nothing_typed_is_an_error_that_leads_to_its_field(demo: Site, visit: Visit) -> None:
    visitor = visit(demo)
    visitor.open("/scan")
    visitor.page.get_by_role("button", name="Check", exact=True).click()
    expect(visitor.page.locator("#error")).to_contain_text("Type or paste a code")
    assert visitor.page.evaluate("document.activeElement.id") == "text"
    assert faults(visitor) == []


def test_a_stranger_scans_too(demo: Site, shows: Shows) -> None:
    with shows("good") as counter:
        counter.open("/scan")
        counter.power()
        counter.verdict("OK")
        assert "On record and in trade" in counter.page.locator("#verdict").inner_text()
        assert "Timeline" not in counter.page.locator("#verdict").inner_text()


def test_without_scripts_the_form_is_the_one_of_check_a_pack(demo: Site, visit: Visit) -> None:
    visitor = visit(demo, scripts=False)
    visitor.sign_in("pharmacist")
    visitor.open("/scan")
    assert visitor.page.locator("#camera").is_hidden()
    visitor.page.locator("input[value=dispense]").check()
    visitor.page.get_by_label("Or a picture").set_input_files(demo.folder / "labels" / "copied.png")
    visitor.page.get_by_role("button", name="Check", exact=True).click()
    assert visitor.heading == "Hold: ask"


@pytest.mark.parametrize(
    "look",
    [
        {"color_scheme": "dark"},
        {"forced_colors": "active", "reduced_motion": "reduce"},
        {"viewport": {"width": 320, "height": 640}},
    ],
    ids=str,
)
def test_each_state_is_accessible_however_it_is_looked_at(
    demo: Site, shows: Shows, look: dict[str, Any]
) -> None:
    with shows("good", **look) as counter:
        counter.start()

        def check() -> None:
            assert faults(counter) == []
            assert overflow(counter) <= 0
            wide = "e => [...e].every(one => one.scrollWidth <= one.clientWidth)"
            assert counter.page.eval_on_selector_all(".full:not([hidden])", wide)
            assert small_targets(counter) == []

        counter.verdict("OK")
        check()
        counter.page.locator("#fold").click()
        check()
        counter.page.get_by_role("button", name="Stop the camera").click()
        for name, word in (("supplied-elsewhere", "Do not supply"), ("on-hold", "Hold: ask")):
            counter.page.get_by_label("Or a picture").set_input_files(
                demo.folder / "labels" / f"{name}.png"
            )
            counter.page.get_by_role("button", name="Check", exact=True).click()
            counter.verdict(word)
            counter.page.locator(".full:visible summary").click()
            check()
            counter.seen()
        counter.page.get_by_label("Type or paste a code").fill("nonsense " + "A" * 300)
        counter.page.get_by_role("button", name="Check", exact=True).click()
        counter.verdict("Not checked")
        check()
