"""SIMULATED prints before Chromium's fake camera: labels held close, as the bench's printer and camera
make them. No evidence about real paper.

A film is Motion JPEG of the size that the camera is to have. Every picture of it is another pose of the
hand that holds the pack; each stays for some frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Final

import cv2
import numpy as np

from ledger.statement import gs1
from scanner.fingerprint.template import Template
from scanner.frames import Frame
from scanner.label import PrintedLabel
from scanner.simulated import station
from scanner.simulated.camera import PHONE, Camera
from scanner.simulated.paper import Raster
from scanner.simulated.station import CLOSE, photographed

FULL_HD: Final = (1920, 1080)
HD: Final = (1280, 720)
FAR: Final = replace(PHONE, px_per_mm=8.0, tilt=4.0, turn=3.0)  # a webcam that cannot come closer
POSES: Final = 24
STAYS: Final = 4  # frames, of 30 a second
_FACE: Final = 168  # grey of the pack round the label
_QUALITY: Final = 95


def label_of(item: str, lot: str, expiry: date = date(2028, 1, 31)) -> PrintedLabel:
    """The label of a pack."""
    found = gs1.parse_item_id(item)
    return PrintedLabel(found.gtin, lot, expiry, found.serial)


@cache
def print_of(label: PrintedLabel, seed: int = 1) -> Raster:
    """A label on paper: another seed is another piece of paper, with the same code."""
    return station.print_of(label, seed)


def template_of(paper: Raster, seed: bytes) -> Template:
    """A print as the station at the line enrols it."""
    return station.enrolled(paper, seed, 0)


def close_up(
    paper: Raster, camera: Camera = CLOSE, size: tuple[int, int] = FULL_HD, first: int = 100
) -> Iterator[bytes]:
    """A film of a print in a hand. `first` is the seed of its first pose."""
    return held(photographed(paper, POSES, first, camera), size)


def held(poses: Sequence[Frame], size: tuple[int, int] = HD) -> Iterator[bytes]:
    """A film of pictures of a label, each of them elsewhere whenever it comes again."""
    for number in range(POSES):
        yield from [_jpeg(_placed(poses[number % len(poses)], number, size))] * STAYS


def stills(paper: Raster, count: int, camera: Camera = CLOSE, first: int = 500) -> list[bytes]:
    """Pictures of a print as files, each of another pose."""
    poses = photographed(paper, count, first, camera)
    return [_jpeg(_placed(seen, number, HD)) for number, seen in enumerate(poses)]


def _placed(seen: Frame, number: int, size: tuple[int, int]) -> Frame:
    """What a camera sees of a label, somewhere in its whole picture."""
    wide, high = size
    frame = np.full((high, wide), _FACE, np.uint8)
    turn = 2 * np.pi * number / POSES
    side = seen.shape[0]
    left = round((wide - side) / 2 + 0.15 * side * np.sin(turn))
    top = round((high - side) / 2 + 0.08 * side * np.cos(turn))
    frame[top : top + side, left : left + side] = seen
    return frame


def _jpeg(frame: Frame) -> bytes:
    # Three channels: the fake camera takes no grey film.
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    )
    assert done
    return data.tobytes()
