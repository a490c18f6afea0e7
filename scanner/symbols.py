"""Frames to symbols: QR codes and Data Matrix, with their corners and exact text.

The easy frame costs one pass; each further pass is taken only where nothing was found. What the
text means is left to `ledger.statement.gs1`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Final

import cv2
import numpy as np
import zxingcpp

from scanner.frames import Frame

_FORMATS: Final = zxingcpp.barcode_formats_from_str("QRCode|DataMatrix|MicroQRCode|RMQRCode")
_LEAST: Final = 20  # pixels: below this there is no symbol to enhance
_SMALL: Final = 900  # pixels: below this a frame is also tried enlarged

Corner = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Symbol:
    """One decoded symbol: what it is, its exact text, where its corners are (clockwise, pixels).

    FNC1 stays in the text as U+001D; `symbology` is its AIM identifier, "]d2" for GS1 Data Matrix.
    """

    format: str
    text: str
    corners: tuple[Corner, Corner, Corner, Corner]
    symbology: str

    @property
    def scan(self) -> str:
        """The text as a scanner would send it: behind the identifier where that marks GS1 data."""
        return self.symbology + self.text if self.symbology in ("]d2", "]Q3") else self.text


def read(frame: Frame, *, budget_s: float = 0.15, quick: bool = False) -> list[Symbol]:
    """All symbols that can be read on a grey frame; none when there are none. Never raises.

    `budget_s` are the seconds after which no further pass is begun; `quick` takes the first alone.
    """
    end = perf_counter() + budget_s
    found = _decode(frame)
    for enhance in () if quick else _ENHANCED:
        if found or min(frame.shape) < _LEAST or perf_counter() > end:
            break
        better, scale = enhance(frame)
        found = _decode(better, scale)
    return found


def _decode(frame: Frame, scale: float = 1.0) -> list[Symbol]:
    if min(frame.shape) < 3:
        return []
    barcodes = zxingcpp.read_barcodes(
        np.ascontiguousarray(frame), formats=_FORMATS, text_mode=zxingcpp.TextMode.Plain
    )
    found: dict[tuple[str, str], Symbol] = {}
    for barcode in barcodes:
        if barcode.valid:
            place = barcode.position
            points = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
            a, b, c, d = ((round(p.x / scale), round(p.y / scale)) for p in points)
            # The formats' names differ between releases by spaces ("QR Code").
            name = str(barcode.format).rpartition(".")[2].replace(" ", "")
            symbol = Symbol(name, barcode.text, (a, b, c, d), barcode.symbology_identifier)
            found.setdefault((symbol.text, str(symbol.corners)), symbol)
    return list(found.values())


def _sharper(frame: Frame) -> tuple[Frame, float]:
    """Unsharp mask: a slightly blurred frame."""
    soft = cv2.GaussianBlur(frame, (0, 0), 3)
    return cv2.addWeighted(frame, 2.5, soft, -1.5, 0).astype(np.uint8), 1.0


def _even(frame: Frame) -> tuple[Frame, float]:
    """Local contrast: shadows and glare."""
    return cv2.createCLAHE(4.0, (8, 8)).apply(frame).astype(np.uint8), 1.0


def _smooth(frame: Frame) -> tuple[Frame, float]:
    """Halved: noise, dots that do not touch, cloth."""
    half = cv2.resize(frame, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return half.astype(np.uint8), 0.5


def _closed(frame: Frame) -> tuple[Frame, float]:
    """Ink grown by a little: worn or dotted prints."""
    kernel = np.ones((3, 3), np.uint8)
    return cv2.erode(cv2.GaussianBlur(frame, (5, 5), 0), kernel).astype(np.uint8), 1.0


def _larger(frame: Frame) -> tuple[Frame, float]:
    """Enlarged: small symbols."""
    if max(frame.shape) > _SMALL:
        return frame[:0], 1.0
    large = cv2.resize(frame, None, fx=2.0, fy=2.0, interpolation=cv2.INTER_CUBIC)
    return large.astype(np.uint8), 2.0


def _threshold(frame: Frame) -> tuple[Frame, float]:
    """Black and white by the neighbourhood: strong gradients of light."""
    block = max(31, min(frame.shape) // 8 | 1)
    soft = cv2.GaussianBlur(frame, (3, 3), 0)
    kind = cv2.ADAPTIVE_THRESH_GAUSSIAN_C
    made = cv2.adaptiveThreshold(soft, 255, kind, cv2.THRESH_BINARY, block, 8)
    return made.astype(np.uint8), 1.0


_ENHANCED: Final[tuple[Callable[[Frame], tuple[Frame, float]], ...]] = (
    _sharper,
    _smooth,
    _even,
    _closed,
    _larger,
    _threshold,
)
