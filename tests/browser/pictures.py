"""The pictures of the documentation, taken from the real app: `make pictures`.

They show the simulated world of one fixed day, so that a new picture differs only where a page does.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

import cv2
from PIL import Image
from playwright.sync_api import Browser, BrowserType, expect, sync_playwright

from app.demo import make
from app.demo.measures import RECALLED
from app.node import DEMO
from ledger.statement import gs1
from tests.browser.camera import film, pack, seen_by, write_film
from tests.browser.conftest import Scheme, Site, Visitor, launch, serve, settings
from tests.browser.journey import travel
from tests.browser.packs import label_of, recalled_pack
from tests.browser.prints import held
from tests.nodes import DAY, EVENING_MS, expected

DOCS: Final = Path(__file__).resolve().parents[2] / "docs" / "pictures"


def main() -> None:
    """Take them all."""
    DOCS.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        ExitStack() as stack,  # ends the server too where a picture fails
    ):
        world = Path(folder) / "world"
        make(world, DAY, fixed=True)
        running = stack.enter_context(closing(serve(settings(world, lambda: EVENING_MS))))
        site = next(running)
        browser = launch(playwright.chromium)

        def visitor(width: int = 1000, scheme: Scheme = "light") -> Visitor:
            viewport = {"width": width, "height": 760}
            page = browser.new_page(viewport=viewport, color_scheme=scheme)
            return Visitor(page, site)

        def take(who: Visitor, name: str) -> None:
            who.page.screenshot(path=DOCS / f"{name}.png", full_page=True)

        stranger = visitor()
        stranger.open("/")
        take(stranger, "home")
        pharmacist = visitor()
        pharmacist.sign_in("pharmacist")
        pharmacist.open()
        labels = expected(world)
        for one in labels:
            pharmacist.check(picture=world / "labels" / one["picture"], purpose=one["purpose"])
            take(pharmacist, f"verdict-{Path(one['picture']).stem}")
        pharmacist.open("/")
        take(pharmacist, "home-pharmacist")
        good = gs1.parse_item_id(labels[0]["item"])
        pharmacist.open(f"/packs/{good.gtin}/{good.serial}")
        take(pharmacist, "pack")
        pharmacist.open("/log")
        take(pharmacist, "log")
        pharmacist.open("/help")
        take(pharmacist, "help")
        regulator = visitor()
        regulator.sign_in("regulator")
        trace_of(regulator)
        desk_of(regulator)
        evidence_of(regulator, world)
        phone = visitor(width=390, scheme="dark")
        phone.sign_in("pharmacist")
        phone.open()
        phone.check(picture=world / "labels" / "copied.png", purpose="dispense")
        take(phone, "verdict-phone-dark")
        # Last: what the people of the journey do is on the log from then on.
        travel(
            visitor_of(browser, site),
            lambda page, name: page.screenshot(path=DOCS / f"walk-{name}.png"),
        )
        browser.close()
        film_scans(playwright.chromium, site, Path(folder))
        film_prints(playwright.chromium, site, Path(folder))
        shutil.copy(world / "labels" / "good.png", DOCS / "label.png")


def trace_of(regulator: Visitor) -> None:
    """The trace of the recalled lot: its graph, and its map with a site chosen."""
    page = regulator.page
    regulator.open(f"/traces/lot/09521101000016/{RECALLED}")
    page.set_viewport_size({"width": 1000, "height": 1130})
    page.screenshot(path=DOCS / "trace.png")
    page.get_by_role("button", name="Wholesaler 2", exact=True).last.click()
    page.locator("#map").scroll_into_view_if_needed()
    page.locator("section[aria-labelledby=map]").screenshot(path=DOCS / "trace-map.png")


def desk_of(regulator: Visitor) -> None:
    """The recalled lot's board, the cases, one of them, and the policy."""
    page = regulator.page
    page.set_viewport_size({"width": 1100, "height": 1400})
    for path, name in (("/recalls", "recall"), ("/alerts", "case"), ("/policy", "policy")):
        regulator.open(path)
        if name == "case":
            page.screenshot(path=DOCS / "alerts.png")
        if name != "policy":
            page.locator("main table a").first.click()
            page.wait_for_load_state()
        page.screenshot(path=DOCS / f"{name}.png")


def evidence_of(regulator: Visitor, world: Path) -> None:
    """What is known of the print on the label that is enrolled."""
    [item] = json.loads((world / DEMO).read_text())["stories"]["print"]["packs"]
    pack = gs1.parse_item_id(item)
    regulator.open(f"/packs/{pack.gtin}/{pack.serial}/fingerprint")
    regulator.page.screenshot(path=DOCS / "print-evidence.png", full_page=True)


def visitor_of(browser: Browser, site: Site) -> Callable[[], Visitor]:
    """Opens a browser profile of its own for each person."""

    def opened() -> Visitor:
        context = browser.new_context(viewport={"width": 1000, "height": 760}, locale="en-GB")
        return Visitor(context.new_page(), site)

    return opened


def film_scans(chromium: BrowserType, site: Site, folder: Path) -> None:
    """The scan page with a camera that sees one label after the other."""
    seen = {
        "good": site.folder / "labels" / "good.png",
        "copied": site.folder / "labels" / "supplied-elsewhere.png",
        "dispensed": site.folder / "labels" / "copied.png",
        "recalled": None,
        "torn": site.folder / "labels" / "good.png",
        "empty": None,
    }
    for name, picture in seen.items():
        face = pack(Image.open(picture), torn=name == "torn") if picture else None
        if name == "recalled":
            face = pack(label_of(site, recalled_pack(site)))
        path = write_film(folder / f"{name}.mjpeg", film(face, 60))
        with seen_by(chromium, path) as browser:
            page = browser.new_page(viewport={"width": 1000, "height": 760})
            visitor = Visitor(page, site)
            visitor.sign_in("pharmacist")
            visitor.open("/scan")
            page.locator("input[value=dispense]").check()
            page.get_by_role("button", name="Start the camera").click()
            if name in ("torn", "empty"):
                page.get_by_text("No code in view").wait_for()
            else:
                page.locator(".full:visible .verdict-word").wait_for()
            page.screenshot(path=DOCS / f"scan-{name}.png")


def film_prints(chromium: BrowserType, site: Site, folder: Path) -> None:
    """The scan page looking at a label's print: held closer, and what came of it."""
    for name in ("genuine", "copy"):
        files = sorted((site.folder / "labels" / "print").glob(f"{name}-*.png"))
        poses = [cv2.imread(str(one), cv2.IMREAD_GRAYSCALE) for one in files]
        path = write_film(folder / f"print-{name}.mjpeg", held(poses))
        with seen_by(chromium, path) as browser:
            page = browser.new_page(viewport={"width": 1000, "height": 900})
            visitor = Visitor(page, site)
            visitor.sign_in("pharmacist")
            visitor.open("/scan?mode=check")
            page.get_by_role("button", name="Start the camera").click()
            page.locator("#verdict:visible .look").click()
            expect(page.locator("#verdict .size-words")).to_contain_text("px/mm", timeout=30_000)
            if name == "genuine":
                page.screenshot(path=DOCS / "print-closer.png")
            expect(page.locator(".full:visible .outcome")).to_contain_text(
                "The label's print", timeout=30_000
            )
            page.screenshot(path=DOCS / f"print-{name}.png")


if __name__ == "__main__":
    main()
