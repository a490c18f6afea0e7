"""SIMULATED prints in a hand before a camera, as pictures and films of files. No evidence about paper."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from typing import Final

import cv2
import numpy as np

from ledger.statement import gs1
from scanner.fingerprint.enrol import enrol
from scanner.fingerprint.session import Session
from scanner.fingerprint.template import Template
from scanner.frames import Frame
from scanner.label import LEVEL_FINGERPRINT, PrintedLabel, qr_modules
from scanner.simulated.camera import PHONE, STATION, Camera, shot
from scanner.simulated.paper import Raster, dots, printed

SEED: Final = bytes(16)
CLOSE: Final = replace(PHONE, px_per_mm=25.0)
FAR: Final = replace(PHONE, px_per_mm=8.0, tilt=4.0, turn=3.0)  # a webcam that cannot come closer
GENUINE, COPY = 1, 2  # seeds of paper: the same code, printed twice
_FACE: Final = 168  # grey of the pack round the label
_SIZE: Final = (960, 720)


@cache
def paper(item: str, seed: int = GENUINE, lot: str = "L1") -> Raster:
    """A pack's label on paper."""
    found = gs1.parse_item_id(item)
    label = PrintedLabel(found.gtin, lot, date(2028, 1, 31), found.serial)
    return printed(dots(qr_modules(label.link, level=LEVEL_FINGERPRINT, least=37)), seed)


@cache
def template(item: str, seed: int = GENUINE) -> Template:
    """A print as the station at the line enrols it."""
    session = Session(SEED)
    for number in range(3):
        session.add(shot(paper(item, seed), STATION, number))
    return enrol(session)


@cache
def frames(
    item: str, seed: int = GENUINE, camera: Camera = CLOSE, count: int = 3, first: int = 500
) -> list[Frame]:
    """What a camera sees of a label in a hand, each time elsewhere in its whole picture."""
    return [
        _placed(shot(paper(item, seed), camera, first + number), number) for number in range(count)
    ]


def pictures(item: str, seed: int = GENUINE, camera: Camera = CLOSE, count: int = 3) -> list[bytes]:
    """The same as JPEG files."""
    return [_jpeg(one) for one in frames(item, seed, camera, count)]


def film(item: str, seed: int = GENUINE, camera: Camera = CLOSE, count: int = 6) -> bytes:
    """The same as a film, Motion JPEG; each pose stays for two frames."""
    return b"".join(2 * one for one in pictures(item, seed, camera, count))


def _placed(seen: Frame, number: int) -> Frame:
    wide, high = _SIZE
    frame = np.full((high, wide), _FACE, np.uint8)
    side = seen.shape[0]
    left = round((wide - side) / 2 + 0.12 * side * np.sin(number))
    top = round((high - side) / 2 + 0.08 * side * np.cos(number))
    frame[top : top + side, left : left + side] = seen
    return frame


def _jpeg(frame: Frame) -> bytes:
    done, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 95])
    assert done
    return data.tobytes()
