"""Across devices: enrolled by one camera, looked at by others with optics, sharpening and JPEG of their own.

SIMULATED: what this shows is that no step leans on one camera's ways, not how real cameras differ.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Final

import pytest

from scanner.fingerprint.enrol import enrol
from scanner.fingerprint.match import CANNOT_TELL, COPY_SUSPECTED, GENUINE_MATCH, Match, match
from scanner.fingerprint.session import Session
from scanner.fingerprint.template import Template
from scanner.label import qr_modules
from scanner.simulated.camera import PHONE, STATION, WEBCAM, Camera, shot
from scanner.simulated.paper import Raster, dots, printed, worn

LINK: Final = "https://id.gs1.org/01/09521101000016/10/L1/21/DEVICE?17=280131"
GENUINE, COPY = 1, 2  # seeds of paper
ENROLLED_BY: Final = {
    "station": STATION,
    # A phone in a stand at the line: smoothed, sharpened, and every picture a JPEG.
    "phone": replace(PHONE, px_per_mm=26.0),
}
LOOKED_AT_BY: Final = {
    "webcam": replace(WEBCAM, px_per_mm=18.0),
    "sharpened": replace(PHONE, px_per_mm=22.0, sharpen=1.6, smooth=0.6),
    "JPEG": replace(PHONE, px_per_mm=22.0, jpeg=60),
    "soft lens": replace(PHONE, px_per_mm=24.0, blur=1.3, sharpen=0.0, smooth=0.0, jpeg=0),
    "dim": replace(PHONE, px_per_mm=22.0, light=0.45, noise=5.0, uneven=0.5),
    "dark gamma": replace(PHONE, px_per_mm=22.0, gamma=1.2),
    "tilted": replace(PHONE, px_per_mm=22.0, tilt=18.0, turn=20.0),
}
# A shorter pass over every pair would cost minutes: each device is enrolled by, and looked at.
PAIRS: Final = [
    *(("station", name) for name in LOOKED_AT_BY), ("phone", "webcam"), ("phone", "JPEG"),
]  # fmt: skip


@cache
def label(seed: int) -> Raster:
    return printed(dots(qr_modules(LINK, level="Q")), seed)


@cache
def handled(seed: int) -> Raster:
    """A label after its way through the chain."""
    return worn(label(seed), 7)


@cache
def template(camera: str) -> Template:
    session = Session(bytes(16))
    for seed in range(2):
        assert session.add(shot(label(GENUINE), ENROLLED_BY[camera], seed)).ok
    return enrol(session)


def judged(by: str, paper: Raster, camera: Camera, frames: int = 3) -> Match:
    made = template(by)
    session = Session(made.seed, made.design)
    for seed in range(60, 60 + frames):
        session.add(shot(paper, camera, seed))
    return match(made, session)


@pytest.mark.parametrize(("enrolled_by", "device"), PAIRS)
def test_the_enrolled_print_is_known_by_another_device_and_a_copy_is_not(
    enrolled_by: str, device: str
) -> None:
    camera = LOOKED_AT_BY[device]
    genuine = judged(enrolled_by, handled(GENUINE), camera, frames=2)
    copy = judged(enrolled_by, handled(COPY), camera)
    assert (genuine.verdict, genuine.reasons) == (GENUINE_MATCH, ())
    assert copy.verdict in (COPY_SUSPECTED, CANNOT_TELL)
    assert genuine.score is not None
    assert copy.score is not None
    assert copy.score - genuine.score > 0.1


def test_of_the_devices_that_see_enough_most_suspect_the_copy() -> None:
    """A copy that none of them ever suspected would pass for a poor picture for ever."""
    suspected = [
        judged("station", handled(COPY), LOOKED_AT_BY[device]).verdict == COPY_SUSPECTED
        for device in ("sharpened", "JPEG", "dark gamma")
    ]
    assert sum(suspected) >= 2
