"""A label's print at the counter, in a real browser before a fake camera. SIMULATED throughout: what
this shows is that the page does what it should, not how paper behaves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from app import create_app
from app.config import Settings
from app.node import KEY
from ledger.bundle import Bundle
from ledger.proof import verify
from ledger.statement import gs1
from ledger.statement.events import Event
from ledger.statement.parts import FingerprintPolicy
from ledger.store.fingerprints import Fingerprints
from scanner.simulated.paper import worn
from tests.app.conftest import give_keys
from tests.browser import prints
from tests.browser.camera import seen_by, write_film
from tests.browser.conftest import Fresh, Visit, Visitor, Watch
from tests.browser.joined import join, press_sign
from tests.browser.keys import Keys
from tests.browser.test_every_page import faults, overflow, small_targets
from tests.nodes import serving
from tests.world import Chain

GENUINE = "The label's print: No contradiction found"
COPY = "The label's print: Copy suspected"
CANNOT = "The label's print: Cannot tell"
PATIENCE = 60_000  # ms: a busy machine looks at few pictures a second
TOLD_ONCE = "This camera does not show the print"

# Counts the pictures that are on their way to be measured, and what a phone would be shaken by.
COUNTED = """(() => {
  window.buzzes = [];
  navigator.vibrate = (pattern) => window.buzzes.push(pattern);
  const real = window.fetch;
  let now = 0;
  window.mostAtOnce = 0;
  window.fetch = async (...asked) => {
    if (asked[0] !== "/api/fingerprint/measure") return real(...asked);
    now += 1;
    window.mostAtOnce = Math.max(window.mostAtOnce, now);
    try {
      return await real(...asked);
    } finally {
      now -= 1;
    }
  };
})()"""


class Enrolled:
    """A node that keeps templates, and packs whose labels it knows."""

    def __init__(self, folder: Path, store: Fingerprints) -> None:
        self.chain = Chain(folder)
        give_keys(self.chain)
        self._store = store

    def pack(self, lot: str) -> str:
        """A pack in the pharmacy's stock, enrolled at the line by the print of seed 1."""
        [item] = self.chain.commission(lot, 1)
        template = prints.template_of(prints.print_of(prints.label_of(item, lot)), bytes(16))
        salt = bytes(32)
        commitment = template.commitment(salt)
        self._store.put(item, commitment, bytes(template), salt, self.chain.now)
        self.chain.act("enrol", self.chain.maker, [item], extras={item: commitment})
        self.chain.hand_over(self.chain.maker, [item], self.chain.pharmacy)
        return item

    @contextmanager
    def asking(self) -> Iterator[None]:
        """The policy asks for every print."""
        self._policy(fingerprint=FingerprintPolicy(ask=True))
        yield
        self._policy()

    def _policy(self, **changes: Any) -> None:
        self.chain.log.submit(self.chain.policy_change("authority 1", "authority 2", **changes))


class Stand(Visitor):
    """A pharmacist at a station that holds its key, before a camera."""

    def __init__(self, page: Page, site: Fresh) -> None:
        super().__init__(page, site)
        self.measured: list[dict[str, Any]] = []
        page.add_init_script(COUNTED)
        page.on("requestfinished", self._answered)

    def _answered(self, request: Request) -> None:
        answer = request.response()
        if request.url.endswith("/api/fingerprint/measure") and answer and answer.ok:
            self.measured.append(answer.json())

    @property
    def most_at_once(self) -> int:
        """How many pictures were being measured at the same time."""
        return int(self.page.evaluate("window.mostAtOnce"))

    def begin(self) -> None:
        """Sign in at the counter, and switch the camera on."""
        assert isinstance(self.site, Fresh)
        join(self, self.site, self.site.chain.pharmacy)
        self.open("/scan?mode=dispense")
        self.page.get_by_label("Vibration").check()
        self.page.get_by_role("button", name="Start the camera").click()

    def verdict(self, words: str) -> None:
        shown = self.page.locator(".full:visible .verdict-word")
        expect(shown).to_have_text(words, timeout=PATIENCE)

    @property
    def print(self) -> Any:
        """The verdict's section about the print."""
        return self.page.locator(".full:visible .print")

    def type(self, text: str) -> None:
        """Type a code, and have it checked."""
        self.page.locator("#text").fill(text)
        self.page.get_by_role("button", name="Check", exact=True).click()

    def look(self) -> None:
        self.print.locator(".look").click()

    def outcome(self, words: str) -> None:
        expect(self.print.locator(".outcome")).to_contain_text(words, timeout=PATIENCE)

    def signed(self, button: str) -> None:
        """Sign what a button is for; wait for the receipt."""
        notes = self.page.locator("#history .note")
        before = notes.count()
        self.print.get_by_role("button", name=button).click()
        press_sign(self.page)
        expect(notes).to_have_count(before + 1)

    @property
    def wide(self) -> int:
        """The width of the camera's picture, in its own pixels."""
        return int(self.page.locator("#video").evaluate("(video) => video.videoWidth"))


def _bundle(stand: Stand, item: str) -> Bundle:
    """What the pharmacist downloads as proof."""
    found = gs1.parse_item_id(item)
    answer = stand.page.request.get(
        f"{stand.site.url}/api/packs/{found.gtin}/{found.serial}/bundle"
    )
    assert answer.ok, answer.text()
    return Bundle.parse(answer.body())


def evidence(stand: Stand, item: str) -> tuple[str, str]:
    """Reason and commitment of the inspection that a pack's verified proof shows."""
    assert isinstance(stand.site, Fresh)
    proven = verify(_bundle(stand, item), stand.site.chain.trust)
    [(entry, event)] = [
        (entry, one.body)
        for entry, one in zip(proven.entries, proven.statements, strict=True)
        if isinstance(one.body, Event) and one.body.op == "inspect"
    ]
    assert event.read_point == stand.site.chain.pharmacy.site
    [named] = entry.items
    assert named.id == item
    assert named.extra == proven.commitment(item)
    return event.reason, named.extra.hex()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prints")


@pytest.fixture(scope="module")
def enrolled(folder: Path) -> Iterator[tuple[Fresh, Enrolled]]:
    """A node, and what it knows."""
    log = folder / "log"
    log.mkdir()
    world = Enrolled(log, Fingerprints.make(log / "fingerprints", b"", plain=True))
    settings = Settings(
        log=log, secure=False, per_minute=0, stranger_per_minute=0, frames_per_minute=0,
        clock=lambda: world.chain.now,
    )  # fmt: skip
    app = create_app(settings)
    with serving(app) as url:
        yield Fresh(url, app, log, world.chain), world
    world.chain.store.close()


@contextmanager
def before(chromium: Browser, site: Fresh, film: Path, **look: Any) -> Iterator[Stand]:
    """A pharmacist whose camera shows a film; what goes wrong in the page fails the test."""
    with seen_by(chromium.browser_type, film) as browser:
        page = browser.new_page(locale="en-GB", service_workers="block", **look)
        page.set_default_timeout(15_000)
        watch = Watch(site.url)
        watch.over(page)
        stand = Stand(page, site)
        stand.begin()
        yield stand
        assert watch.faults == []
        assert stand.most_at_once <= 1


def test_a_genuine_print_is_not_contradicted_and_that_is_signed(
    chromium: Browser, enrolled: tuple[Fresh, Enrolled], folder: Path
) -> None:
    site, world = enrolled
    item = world.pack("G1")
    paper = worn(prints.print_of(prints.label_of(item, "G1")), 1)
    film = write_film(folder / "genuine.mjpeg", prints.close_up(paper))
    with before(chromium, site, film, viewport={"width": 360, "height": 780}) as stand:
        stand.verdict("OK")
        assert stand.measured == []  # it is offered; nobody asked
        stand.look()
        expect(stand.print.locator(".advice")).not_to_be_empty()
        assert overflow(stand) <= 0
        assert faults(stand) == []
        stand.outcome(GENUINE)
        stand.verdict("OK")
        assert "does not show that the medicine is genuine" in stand.print.inner_text()
        assert max(one["px_per_mm"] for one in stand.measured) > 24  # all that the camera has
        cuts = {(one["width"], one["height"]) for one in stand.measured if one["ok"]}
        assert max(wide for wide, _ in cuts) <= prints.FULL_HD[0]
        expect(stand.page.locator("#video")).to_have_js_property("videoWidth", 1280)
        assert small_targets(stand) == []
        stand.signed("Sign as evidence")
        reason, commitment = evidence(stand, item)
        assert reason == "fingerprint-match"
        enrolled_as = world.chain.reader.fingerprint(item)
        assert enrolled_as is not None
        assert commitment == enrolled_as.commitment.hex()
        assert stand.page.locator("#to-supply > li").count() == 1


def test_a_copy_of_a_label_is_asked_for_held_and_put_aside(
    chromium: Browser, enrolled: tuple[Fresh, Enrolled], folder: Path
) -> None:
    site, world = enrolled
    item = world.pack("C1")
    copy = prints.print_of(prints.label_of(item, "C1"), 2)
    film = write_film(folder / "copy.mjpeg", prints.close_up(copy, size=prints.HD))
    with world.asking(), before(chromium, site, film, forced_colors="active") as stand:
        stand.verdict("Hold: ask")  # nobody pressed anything
        stand.outcome(COPY)
        dialog = stand.page.locator("#stopped")
        expect(dialog).to_be_visible()
        expect(stand.page.locator("#said")).to_contain_text("Alert: the label may be a copy")
        assert stand.page.evaluate("window.buzzes") == [[40], [120, 80, 120]]  # OK, then hold
        assert "potential suspect falsification" in dialog.inner_text()
        expect(stand.page.locator("#to-supply .why-not")).to_contain_text("Copy suspected")
        expect(stand.page.locator("#history .line")).to_contain_text("Print: Copy suspected")
        assert faults(stand) == []
        number = stand.page.locator("#stopped a.case").get_attribute("href")
        stand.signed("Sign as evidence")
        assert evidence(stand, item)[0] == "copy-suspected"
        stand.signed("Put on hold")
        state = world.chain.answers.state(item, world.chain.pharmacy.site)
        assert "on-hold" in state.marks
        assert number is not None
        case = site.app.extensions[KEY].desk.cases.case(int(number.rpartition("/")[2]))
        assert (case.rule, case.item) == ("copy-suspected", item)
        stand.page.locator("#seen").click()
        stand.page.get_by_role("button", name="Stop the camera").click()
        stand.type(prints.label_of(item, "C1").link)
        stand.verdict("Hold: ask")
        # What was seen of one pack is never shown of the next with its serial.
        expect(stand.print.locator(".outcome")).to_be_empty()
        expect(stand.print.locator(".asked")).to_contain_text("open case")


def test_a_camera_that_sees_no_print_is_told_so_once_and_other_packs_end_a_look(
    chromium: Browser, enrolled: tuple[Fresh, Enrolled], folder: Path
) -> None:
    site, world = enrolled
    item = world.pack("F1")
    paper = prints.print_of(prints.label_of(item, "F1"))
    film = write_film(folder / "far.mjpeg", prints.close_up(paper, prints.FAR, prints.HD))
    with before(chromium, site, film) as stand:
        stand.verdict("OK")
        stand.look()
        stand.outcome(CANNOT)
        assert TOLD_ONCE in stand.print.inner_text()
        stand.verdict("OK")
        stand.signed("Sign as evidence")
        assert evidence(stand, item)[0] == "fingerprint-unclear"
        stand.page.locator("#history .line").first.click()
        stand.look()
        expect(stand.print.locator(".stop-look")).to_be_focused()
        stand.print.locator(".stop-look").click()
        expect(stand.print.locator(".look")).to_be_focused()
        stand.look()
        expect(stand.print.locator(".closer")).to_be_visible()
        other = prints.label_of(world.pack("F2"), "F2")
        Keys(stand.page).scan(f"]d2{other.elements}")  # the next pack is not kept waiting
        expect(stand.print.locator("..")).to_contain_text(other.serial)
        expect(stand.print.locator(".closer")).to_be_hidden()
        expect(stand.print.locator(".outcome")).to_be_empty()
        stand.page.locator("#fold").click()
        stand.page.get_by_role("button", name="Stop the camera").click()
        stand.page.locator("#history .line").first.click()
        stand.look()  # the camera is there for as long as the look, and shows the first pack
        stand.outcome("The code of another pack came into the picture.")
        stand.verdict("OK")
        assert stand.print.locator(".evidence").is_hidden()  # there is nothing to sign
        assert stand.page.locator("#video").evaluate("(video) => video.srcObject") is None


def test_pictures_of_a_label_that_was_typed(
    visit: Visit, enrolled: tuple[Fresh, Enrolled], folder: Path
) -> None:
    site, world = enrolled
    item = world.pack("P1")
    label = prints.label_of(item, "P1")
    files = [
        {"name": f"{number}.jpg", "mimeType": "image/jpeg", "buffer": data}
        for number, data in enumerate(prints.stills(prints.print_of(label), 3))
    ]
    visitor = visit(site)
    stand = Stand(visitor.page, site)
    join(stand, site, site.chain.pharmacy)
    stand.open("/scan?mode=check")
    with world.asking():
        stand.type(label.link)
        stand.verdict("OK")
    # Nobody's camera runs: it is asked for in words.
    expect(stand.print.locator(".asked")).to_contain_text("The policy asks")
    stand.print.locator(".pictures").set_input_files(files)  # type: ignore[arg-type]
    stand.outcome(GENUINE)
    assert "do not show that the label was in your hand" in stand.print.inner_text()


def test_a_stranger_is_asked_nothing_of_a_print(
    visit: Visit, enrolled: tuple[Fresh, Enrolled]
) -> None:
    site, world = enrolled
    item = world.pack("S1")
    stranger = visit(site)
    stranger.open("/scan")
    stranger.page.locator("#text").fill(prints.label_of(item, "S1").link)
    stranger.page.get_by_role("button", name="Check", exact=True).click()
    expect(stranger.page.locator(".full:visible .verdict-word")).to_be_visible()
    expect(stranger.page.locator(".full:visible .print")).to_be_hidden()
