"""SIMULATED: a label printed, enrolled at the packaging line, and photographed later."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import cv2

from scanner.fingerprint.enrol import enrol
from scanner.fingerprint.session import Session
from scanner.fingerprint.template import Template
from scanner.frames import Frame
from scanner.label import LEVEL_FINGERPRINT, PrintedLabel, qr_modules
from scanner.simulated.camera import PHONE, STATION, Camera, shot
from scanner.simulated.paper import Raster, dots, printed

CLOSE: Final = replace(PHONE, px_per_mm=25.0)  # a phone at ten centimetres
MODULES: Final = 37  # a side, at least: as labels that are to be enrolled have
_ENROLLED: Final = 3  # frames


def print_of(label: PrintedLabel, seed: int) -> Raster:
    """A label on paper: another seed is another piece of paper with the same code."""
    return printed(dots(qr_modules(label.link, level=LEVEL_FINGERPRINT, least=MODULES)), seed)


def enrolled(paper: Raster, seed: bytes, first: int) -> Template:
    """A print's template, as the line makes it of three pictures."""
    session = Session(seed)
    for number in range(_ENROLLED):
        session.add(shot(paper, STATION, first + number))
    return enrol(session)


def photographed(paper: Raster, count: int, first: int, camera: Camera = CLOSE) -> list[Frame]:
    """Pictures of a print in a hand, each of another pose."""
    return [shot(paper, camera, first + number) for number in range(count)]


def to_png(frame: Frame) -> bytes:
    """A picture as a file."""
    done, data = cv2.imencode(".png", frame)
    assert done  # any grey picture can be written
    return data.tobytes()
