"""Frames to symbols: QR codes and Data Matrix, with their corners and exact text.

The easy frame costs one pass; each further look is taken only where nothing was found, until the
frame's time is up. What the text means is left to `ledger.statement.gs1`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import zxingcpp

from scanner import bent
from scanner.frames import Frame

FRAME_S: Final = 0.15  # what a frame of a stream may take
# No Micro QR code: it checks itself so weakly that one is found in what is none. "QRCode" alone
# would take it in.
_FORMATS: Final = zxingcpp.barcode_formats_from_str("QRCodeModel2|DataMatrix|RMQRCode")
_QR: Final = zxingcpp.barcode_formats_from_str("QRCode")
_DM: Final = zxingcpp.barcode_formats_from_str("DataMatrix")
_LOCAL: Final = zxingcpp.Binarizer.LocalAverage
_GLOBAL: Final = zxingcpp.Binarizer.GlobalHistogram
_LONGEST: Final = 65_535  # pixels: zxing-cpp takes no longer side
_LEAST: Final = 20  # pixels: below this there is no symbol to enhance
_WHOLE: Final = 2_100_000  # pixels that one look may have: about 40 ms of a crowded scene
_PART: Final = 520_000  # pixels of a part that is looked at enlarged
_SHARED: Final = 0.3  # of a part lies in its neighbour too, so that no seam cuts a symbol
_RESERVE: Final = 0.2  # of a frame's time is left to the look that was begun last
_BENT: Final = 3  # codes of one look that are followed along their bend

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


class _Look(NamedTuple):
    """A frame or a part of it, prepared; the scales and `left`, `top` lead back to the frame."""

    pixels: Frame
    across: float = 1.0
    down: float = 1.0
    left: int = 0
    top: int = 0
    binarizer: Any = _LOCAL


def read(frame: Frame, *, budget_s: float = FRAME_S, quick: bool = False) -> list[Symbol]:
    """All symbols that can be read on a grey frame; none when there are none. Never raises.

    `budget_s` are the seconds that a frame may take: more for a file than in a stream; no further
    look is begun when four fifths are gone. `quick` takes the first look alone. A frame with a side
    above 65,535 pixels is not looked at.
    """
    if min(frame.shape) < 3 or max(frame.shape) > _LONGEST:
        return []
    end = perf_counter() + budget_s * (1 - _RESERVE)
    # Three finders are seldom seen where no code is; two edges are, so a Data Matrix waits.
    waiting: list[tuple[_Look, Any]] = []
    for look in _looks(frame):
        found, unread = _decode(look)
        if found or quick:
            return found
        at_once = [(look, one) for one in unread if one.format == zxingcpp.QRCode]
        waiting += [(look, one) for one in unread if one.format != zxingcpp.QRCode]
        if found := _first_unbent(at_once[:_BENT], end):
            return found
        if perf_counter() > end:
            return []
    return _first_unbent(waiting[: 2 * _BENT], end)


def _first_unbent(located: list[tuple[_Look, Any]], end: float) -> list[Symbol]:
    for look, barcode in located:
        if perf_counter() > end:
            break
        if unbent := _unbent(look, barcode, end):
            return [unbent]
    return []


def _looks(frame: Frame) -> Iterator[_Look]:
    """The frame in the order in which looks earn their time; the first is the frame as it is."""
    first = _reduced(frame)
    yield first
    if min(frame.shape) < _LEAST:
        return
    if first.across < 1:
        yield from _parts(frame, _WHOLE)
    yield _halved(first)
    yield _evened(first)
    yield _scaled(first, 1.0, 0.5)
    yield _scaled(first, 0.5, 1.0)
    for part in _parts(first.pixels, _PART):
        for enhance in _ENLARGED:
            look = enhance(part)
            yield look._replace(
                across=look.across * first.across, down=look.down * first.down,
                left=round(part.left / first.across), top=round(part.top / first.down),
            )  # fmt: skip


def _reduced(frame: Frame) -> _Look:
    """The whole frame with no more pixels than one look may have."""
    if frame.size <= _WHOLE:
        return _Look(np.ascontiguousarray(frame))
    scale = (_WHOLE / frame.size) ** 0.5
    size = (max(1, int(frame.shape[1] * scale)), max(1, int(frame.shape[0] * scale)))
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    across, down = size[0] / frame.shape[1], size[1] / frame.shape[0]
    return _Look(small.astype(np.uint8, copy=False), across, down)


def _parts(frame: Frame, most: int) -> Iterator[_Look]:
    """Overlapping parts of at most so many pixels, the frame's middle first; small frames whole."""
    high, wide = frame.shape
    side = int(most**0.5)
    if frame.size <= most:
        yield _Look(frame)
        return
    part_high, part_wide = min(high, side), min(wide, side)
    if part_high < side:
        part_wide = min(wide, most // part_high)
    elif part_wide < side:
        part_high = min(high, most // part_wide)
    places = [(top, left) for top in _starts(high, part_high) for left in _starts(wide, part_wide)]
    middle = ((high - part_high) / 2, (wide - part_wide) / 2)
    places.sort(key=lambda place: (place[0] - middle[0]) ** 2 + (place[1] - middle[1]) ** 2)
    for top, left in places:
        part = np.ascontiguousarray(frame[top : top + part_high, left : left + part_wide])
        yield _Look(part, left=left, top=top)


def _starts(length: int, part: int) -> list[int]:
    """Where parts of a length begin so that they cover it and share some of it."""
    if part >= length:
        return [0]
    count = 1 + -(-(length - part) // max(1, int(part * (1 - _SHARED))))
    return [round(number * (length - part) / (count - 1)) for number in range(count)]


def _scaled(look: _Look, across: float, down: float) -> _Look:
    """Smaller one way alone: a symbol seen from far aside comes nearer to a square."""
    made = cv2.resize(look.pixels, None, fx=across, fy=down, interpolation=cv2.INTER_AREA)
    return look._replace(
        pixels=made.astype(np.uint8, copy=False), across=look.across * across,
        down=look.down * down,
    )  # fmt: skip


def _halved(look: _Look) -> _Look:
    """Half the size, one threshold for all: noise, motion, dots that do not touch, weak light."""
    return _scaled(look, 0.5, 0.5)._replace(binarizer=_GLOBAL)


def _evened(look: _Look) -> _Look:
    """Black and white by the neighbourhood: noise, glare, strong gradients of light."""
    soft = cv2.GaussianBlur(look.pixels, (3, 3), 0)
    kind = cv2.ADAPTIVE_THRESH_GAUSSIAN_C
    made = cv2.adaptiveThreshold(soft, 255, kind, cv2.THRESH_BINARY, 51, 4)
    return look._replace(pixels=made.astype(np.uint8, copy=False))


def _doubled(pixels: Frame) -> Frame:
    large = cv2.resize(pixels, None, fx=2.0, fy=2.0, interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, dtype=np.uint8)


def _sharpened(look: _Look) -> _Look:
    """Twice the size and sharper: small symbols, out of focus."""
    # Blurred before it is enlarged, which is a quarter of the work.
    soft = _doubled(cv2.GaussianBlur(look.pixels, (0, 0), 2.5).astype(np.uint8, copy=False))
    made = cv2.addWeighted(_doubled(look.pixels), 3.0, soft, -2.0, 0)
    return look._replace(pixels=made.astype(np.uint8, copy=False), across=2.0, down=2.0)


def _contrasted(look: _Look) -> _Look:
    """Twice the size with local contrast: small symbols in shadow or glare."""
    made = cv2.createCLAHE(4.0, (8, 8)).apply(_doubled(look.pixels))
    return look._replace(pixels=made.astype(np.uint8, copy=False), across=2.0, down=2.0)


_ENLARGED: Final[tuple[Callable[[_Look], _Look], ...]] = (_sharpened, _contrasted)


def _decode(look: _Look) -> tuple[list[Symbol], list[Any]]:
    """The symbols of one look, and the QR codes and Data Matrices located but not read."""
    barcodes = zxingcpp.read_barcodes(
        look.pixels, formats=_FORMATS, text_mode=zxingcpp.TextMode.Plain,
        binarizer=look.binarizer, return_errors=True,
    )  # fmt: skip
    found: dict[tuple[str, str], Symbol] = {}
    unread = []
    for barcode in barcodes:
        if barcode.valid:
            symbol = _symbol(barcode, _corners(barcode, look))
            found.setdefault((symbol.text, str(symbol.corners)), symbol)
        elif barcode.format in (zxingcpp.QRCode, zxingcpp.DataMatrix):
            unread.append(barcode)
    return list(found.values()), unread


def _corners(barcode: Any, look: _Look) -> tuple[Corner, Corner, Corner, Corner]:
    place = barcode.position
    a, b, c, d = (
        (round(point.x / look.across) + look.left, round(point.y / look.down) + look.top)
        for point in (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    )
    return a, b, c, d


def _symbol(barcode: Any, corners: tuple[Corner, Corner, Corner, Corner]) -> Symbol:
    # The formats' names differ between releases by spaces ("QR Code").
    name = str(barcode.format).rpartition(".")[2].replace(" ", "")
    return Symbol(name, barcode.text, corners, barcode.symbology_identifier)


def _unbent(look: _Look, barcode: Any, end: float) -> Symbol | None:
    """A symbol that was located but not read, followed along its bend while there is time."""
    place = barcode.position
    points = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    corners = [(point.x, point.y) for point in points]
    for known in _patterns(look, barcode, corners):
        before = None
        for modules in bent.modules(look.pixels, corners, known):
            if before is not None and np.array_equal(modules, before):
                break  # it has come to rest
            before = modules
            for flat in _flat_barcodes(modules, _QR if barcode.format == zxingcpp.QRCode else _DM):
                if flat.valid and flat.format == barcode.format:
                    return _symbol(flat, _corners(barcode, look))
            if perf_counter() > end:
                return None
    return None


def _patterns(look: _Look, barcode: Any, corners: list[Corner]) -> list[bent.Modules]:
    """What a located symbol is certain to show, by the sides that it may have."""
    if barcode.format == zxingcpp.DataMatrix:
        return bent.likely_datamatrix(look.pixels, corners)
    version = (barcode.extra or {}).get("Version", "")
    side = 17 + 4 * int(version) if version.isdecimal() else 0
    return [bent.qr_patterns(side)] if 0 < side <= bent.MOST_SIDE else []


def _flat_barcodes(modules: bent.Modules, formats: Any) -> list[Any]:
    drawn = np.kron(modules * 255, np.ones((2, 2), np.uint8)).astype(np.uint8, copy=False)
    return list(
        zxingcpp.read_barcodes(
            np.pad(drawn, 8, constant_values=255), formats=formats,
            text_mode=zxingcpp.TextMode.Plain, is_pure=True,
        )
    )  # fmt: skip
