"""A station with a webcam enrols labels: one after the other before the camera, then one signature.

The labels and the camera are SIMULATED; the browser, its key, the log and the store are real.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, expect

from app import create_app
from app.config import Settings
from ledger.store.fingerprints import Fingerprints
from scanner.fingerprint.limits import EXTRACTOR, LIMITS
from scanner.fingerprint.template import Template, commitment
from tests.app.conftest import give_keys
from tests.browser import prints
from tests.browser.camera import seen_by, write_film
from tests.browser.conftest import Fresh, Visitor, Watch
from tests.browser.joined import join, press_sign
from tests.browser.test_every_page import faults, overflow, small_targets
from tests.nodes import serving
from tests.world import Chain

PATIENCE: Final = 60_000  # ms: a busy machine looks at few pictures a second
LOT: Final = "W1"


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Fresh]:
    """A node that keeps fingerprints, without limits."""
    chain = Chain(tmp_path)
    give_keys(chain)
    Fingerprints.make(tmp_path / "fingerprints", b"", plain=True).close()
    app = create_app(Settings(
        log=tmp_path, secure=False, per_minute=0, stranger_per_minute=0, frames_per_minute=0,
        clock=lambda: chain.now,
    ))  # fmt: skip
    with serving(app) as url:
        yield Fresh(url, app, tmp_path, chain)
    chain.store.close()


def belt(*items: str) -> Iterator[bytes]:
    """A film of labels that come one after the other, each in a hand for some seconds."""
    for item in items:
        paper = prints.print_of(prints.label_of(item, LOT))
        shown = list(prints.close_up(paper, size=prints.HD))
        yield from shown + shown


def test_labels_are_captured_signed_for_once_and_the_log_fits_the_store(
    chromium: Browser, station: Fresh, tmp_path: Path
) -> None:
    chain = station.chain
    packs = chain.commission(LOT, 2)
    unknown = chain.pack_ids(LOT, 3)[2]
    film = write_film(tmp_path / "belt.mjpeg", belt(unknown, *packs))
    with seen_by(chromium.browser_type, film) as browser:
        page = browser.new_page(
            locale="en-GB", service_workers="block", viewport={"width": 360, "height": 780}
        )
        page.set_default_timeout(PATIENCE)
        watch = Watch(station.url)
        watch.over(page)
        visitor = Visitor(page, station)
        join(visitor, station, chain.maker)
        assert visitor.open("/labels/enrol") == 200
        page.get_by_role("button", name="Start the camera").click()

        # What cannot be enrolled is refused at once, and why.
        told = page.locator("#told")
        expect(told).to_contain_text("commission this pack", timeout=PATIENCE)
        assert "Not captured" in told.inner_text()
        expect(page.locator("#count")).to_have_text("2", timeout=PATIENCE)
        expect(page.locator(".print-meter .advice")).not_to_be_empty()
        assert overflow(visitor) <= 0
        assert small_targets(visitor) == []
        page.get_by_role("button", name="Stop the camera").click()
        assert faults(visitor) == []
        for item in packs:
            assert chain.reader.fingerprint(item) is None  # nothing counts before it is signed

        page.reload()
        expect(page.locator("#count")).to_have_text("2")
        assert page.locator("#captured li").count() == 2
        page.get_by_role("button", name="Sign the enrolment of 2 packs").click()
        expect(page.locator("#sign")).to_contain_text("Enrol label fingerprints")
        press_sign(page)
        expect(page.locator("#outcomes")).to_contain_text("On the log")
        expect(page.locator("#count")).to_have_text("0")
        page.reload()
        expect(page.locator("#empty")).to_be_visible()
        assert watch.faults == []

    store = Fingerprints.open(tmp_path / "fingerprints", b"")
    for item in packs:
        enrolled = chain.reader.fingerprint(item)
        assert enrolled is not None
        assert enrolled.op == "enrol"
        kept = store.find(item, enrolled.commitment)
        assert kept is not None
        assert commitment(kept.template, kept.salt) == enrolled.commitment
        template = Template.parse(kept.template)
        assert template.px_per_mm >= LIMITS[EXTRACTOR].enrol_px_per_mm
        assert template.frames >= 3
    assert not store.has(unknown)
    store.close()
