"""A run over a live camera: pulled out, plugged in again, and each pack told once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Semaphore
from typing import Any

import cv2
import numpy as np
import pytest

from ledger.rules.reasons import NOT_CHECKED, OK
from ledger.statement import gs1
from ledger.store.publish import read_checkpoint
from scanner import check
from scanner.camera import Device, Picture
from scanner.kept import Kept
from scanner.label import PrintedLabel, render
from scanner.session import ByBundles, Session, Told, exit_status
from scanner.sources import Sighting, open_source
from tests.scanner import pictures
from tests.scanner.test_camera import Plugged, camera
from tests.world import Chain


class Paced(Plugged):
    """A device that sends its next frame once the last one was looked at: none is dropped."""

    def __init__(self, frames: list[Any]) -> None:
        super().__init__(frames)
        self.turn = Semaphore(1)

    def read(self) -> tuple[bool, Any]:
        self.turn.acquire(timeout=10)
        self.sending = True
        return super().read()

    sending = False


def seen(label: PrintedLabel | None, count: int) -> list[Picture]:
    """So many frames of a label on a table, or of the table alone."""
    table = np.full((720, 1280), 120, np.uint8)
    if label is not None:
        printed = np.asarray(render(label, module=8), np.uint8)[:700, :1200]
        table[10 : 10 + printed.shape[0], 40 : 40 + printed.shape[1]] = printed
    return [cv2.cvtColor(pictures.noisy(table, 3), cv2.COLOR_GRAY2BGR)] * count


@pytest.fixture
def session(chain: Chain, tmp_path: Path) -> Session:
    """A pharmacy that judges by its shelf of proofs."""
    packs = chain.commission("L1", 2)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    shelf = check.Shelf([chain.answers.bundle(packs, chain.pharmacy.site).to_gzip()])
    return Session(
        ByBundles(chain.trust, shelf), Kept(tmp_path / "seen", chain.trust),
        lambda: datetime.fromtimestamp(chain.now / 1000, UTC),
    )  # fmt: skip


def label_of(chain: Chain, number: int) -> PrintedLabel:
    serial = gs1.parse_item_id(chain.pack_ids("L1", 2)[number]).serial
    return PrintedLabel(chain.gtin, "L1", date(2028, 1, 31), serial)


def run(session: Session, devices: list[Paced], opened: list[Device]) -> Iterator[Sighting | Told]:
    """What a live run tells, and the sightings that say something of the camera."""
    for sighting in open_source([], camera=camera(opened)):
        yield from session.look(sighting)
        if sighting.notice:
            yield sighting
        for device in devices:
            if sighting.frame is not None and device.sending:
                device.sending = False
                device.turn.release()


def test_packs_before_a_camera_that_is_pulled_out_are_told_once_each(
    chain: Chain, session: Session
) -> None:
    first, second = label_of(chain, 0), label_of(chain, 1)
    before = Paced(seen(first, 6))  # and there it is pulled out
    after = Paced(seen(None, 6) + seen(second, 6) + seen(None, 6) + seen(first, 3))
    found = list(run(session, [before, after], [before, Plugged([], opens=False), after]))
    told = [one for one in found if isinstance(one, Told)]
    assert [one.text for one in told] == [first.link, second.link, first.link, ""]
    assert [one.verdict.word for one in told] == [OK, OK, OK, NOT_CHECKED]
    assert told[-1].verdict.codes == ("no-picture",)  # the camera stayed away in the end
    notices = [one.notice for one in found if isinstance(one, Sighting)]
    assert "sends no frames" in notices[0]
    assert "no camera 0" in notices[1]
    assert notices[2] == "camera 0 is there"


def test_a_pack_held_in_view_is_one_look_and_alerts_once_it_is_shown_again(
    chain: Chain, tmp_path: Path
) -> None:
    """The same wrong reading twice accuses the pack; a hand that shook for a moment does not."""
    packs = chain.commission("L1", 2)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    judge = ByBundles(chain.trust, chain.answers.bundle(packs, chain.pharmacy.site).to_gzip())
    now = chain.now / 1000
    session = Session(judge, Kept(None, chain.trust), lambda: datetime.fromtimestamp(now, UTC))
    wrong, table = seen(replace(label_of(chain, 0), lot="OTHER"), 1), seen(None, 1)

    def show(frames: list[Picture], *, every: float = 0.04) -> list[bool]:
        nonlocal now
        told = []
        for frame in frames:
            now += every
            grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
            told += session.look(Sighting("camera 0", "camera", grey, stream=True))
        return [one.alert for one in told]

    assert show(wrong * 3) == [False]
    assert show(table * 6) == []
    assert show(wrong * 3) == [False]  # out of view for a quarter of a second
    assert show(wrong * 4, every=0.9) == []  # it stays, longer than a look may be interrupted
    assert show(table * 6) == []
    assert show(wrong * 3) == [False]
    assert show(table * 6, every=0.5) == []
    assert show(wrong * 3) == [True]
    assert show(table * 6, every=200) == []
    assert show(wrong * 3) == [False]  # by then it is somebody else's pack


def test_a_proof_about_a_label_behind_a_prefix_is_held_against_the_history(
    chain: Chain, tmp_path: Path
) -> None:
    packs = chain.commission("L1", 2)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    other = Chain(tmp_path / "fork")
    other.hand_over(other.maker, other.commission("L2", 2), other.pharmacy)
    judge = ByBundles(chain.trust, chain.answers.bundle(packs, chain.pharmacy.site).to_gzip())
    kept = Kept(None, chain.trust)
    kept.take(read_checkpoint(other.store))
    other.store.close()
    session = Session(judge, kept, lambda: datetime.fromtimestamp(chain.now / 1000, UTC))
    text = f"ABC]d201{chain.gtin}21NOSUCH\x1d10L1\x1d17280131"
    (told,) = session.look(Sighting(text, "wedge", text=text))
    assert told.label is not None
    assert told.label.serial == "NOSUCH"  # behind what the scanner wrote before it
    assert told.split
    assert "split-view" in told.verdict.codes


@pytest.mark.parametrize(
    ("words", "split", "status"),
    [
        ({OK}, False, 0), (set(), False, 0), ({OK, "Hold: ask"}, False, 1),
        ({"Do not supply"}, False, 1), ({"Hold: ask", NOT_CHECKED}, False, 2), ({OK}, True, 3),
        ({NOT_CHECKED}, True, 3),
    ],
)  # fmt: skip
def test_a_run_ends_with_the_worst_that_it_told(words: set[str], split: bool, status: int) -> None:
    assert exit_status(words, split=split) == status
