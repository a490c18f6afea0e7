"""What a label was meant to look like: the modules of its code, read from the printed code itself.

A code's text, version, level and mask give its modules again, so dirt and wear do not change the
design; a code that another encoder packed differently is taken as it was sampled. A picture that is
printed into the middle of a QR code is seen by modules that are not the code's, and left out.
Where the code lies to a fraction of a pixel is left to `rectify`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from time import thread_time
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from ledger.errors import Malformed
from ledger.statement.ai import split_elements
from scanner.fingerprint.recode import in_one_mode
from scanner.frames import Frame
from scanner.symbols import Corner

Modules: TypeAlias = NDArray[np.bool_]  # rows x columns of a symbol, True is dark
Grid: TypeAlias = NDArray[np.int32]

QR, DATAMATRIX = "QRCode", "DataMatrix"
FINE: Final = 40  # steps a module: a quarter of a dot where a module has ten
MOST_POINTS: Final = 4096
MOST_SIDE: Final = 97  # modules: QR version 20; beyond, no frame has the pixels
_FORMATS: Final = {
    QR: zxingcpp.barcode_formats_from_str("QRCodeModel2"),
    DATAMATRIX: zxingcpp.barcode_formats_from_str("DataMatrix"),
}
_FORMAT: Final = {QR: zxingcpp.QRCode, DATAMATRIX: zxingcpp.DataMatrix}
_MOST_PIXELS: Final = 4_200_000  # that are searched for a code; larger frames are reduced for it
_LOOKS_S: Final = 0.5  # of a core's time
_PAD: Final = 0.12  # of a crop's side: white round a code that was cut at its outer edge
_HOLES: Final = (0.0, 0.22, 0.30)  # half sides, of the code's, of a picture in the middle
_STRANGE: Final = 0.10  # of a middle's modules not the code's: there is a picture
_SAME: Final = 0.97  # of all others the code's: it is the same encoding
_NAME: Final = b"AFP-design-1\0"


@dataclass(frozen=True)
class Design:
    """The modules of a code, and how far from its middle a picture is left out (of its side)."""

    kind: str
    modules: Modules
    hole: float = 0.0

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, in modules."""
        return self.modules.shape[0], self.modules.shape[1]

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of kind, size, hole in hundredths and the modules' rows, packed, first bit first."""
        rows, columns = self.shape
        head = bytes([self.kind == DATAMATRIX, rows, columns, round(self.hole * 100)])
        return hashlib.sha256(_NAME + head + np.packbits(self.modules, axis=1).tobytes()).digest()

    @cached_property
    def known(self) -> Modules:
        """Which modules are as the design has them: all but a hole's and those that touch it."""
        rows, columns = self.shape
        reach = self.hole * columns + 1 if self.hole else -1.0
        down = np.abs(np.arange(rows) + 0.5 - rows / 2) < reach
        right = np.abs(np.arange(columns) + 0.5 - columns / 2) < reach
        return ~np.outer(down, right)

    def candidates(self) -> Grid:
        """Rows (y, x) in fortieths of a module: each boundary of dark and light, at 1/4, 1/2, 3/4."""
        found = []
        for across in (0, 1):  # boundaries that lie flat, then upright ones
            one = np.moveaxis(self.modules, across, 0)
            clear = np.moveaxis(self.known, across, 0)
            lies = (one[1:] != one[:-1]) & clear[1:] & clear[:-1]
            at, along = np.nonzero(lies)
            for quarter in (1, 2, 3):
                pair = (at + 1) * FINE, along * FINE + quarter * FINE // 4
                found.append(np.stack(pair if across == 0 else pair[::-1], 1))
        return np.concatenate(found).astype(np.int32)

    def points(self, seed: bytes) -> Grid:
        """The candidates that a seed of 16 bytes chooses, in its order: by keyed BLAKE2b of (y, x)."""
        every = self.candidates()
        order = sorted(
            (hashlib.blake2b(one.tobytes(), digest_size=8, key=seed).digest(), number)
            for number, one in enumerate(every.astype(">u4"))
        )
        return every[[number for _, number in order[:MOST_POINTS]]]


@dataclass(frozen=True, slots=True)
class Located:
    """A code on a frame: its design, its text as a scanner sends it, its outer corners, clockwise.

    `designs` are all that it may have: a code whose middle is covered looks as one with a picture
    there, a worn one as another encoder's. The first is the likeliest; whoever knows which it must
    be chooses by `of`.
    """

    designs: tuple[Design, ...]
    text: str
    corners: tuple[Corner, Corner, Corner, Corner]

    @property
    def design(self) -> Design:
        """The likeliest design."""
        return self.designs[0]

    def of(self, digest: bytes) -> Located | None:
        """The same with the design of a digest; None where the code cannot have it."""
        fits = [one for one in self.designs if one.digest == digest]
        return replace(self, designs=tuple(fits)) if fits else None


def locate(frame: Frame, kinds: tuple[str, ...] = (QR, DATAMATRIX)) -> list[Located]:
    """The codes of the first kind that the frame shows; none when there is none. Never raises.

    A crop to a code's outer edge is read as well. No further look is begun once half a second was
    spent: a code takes a fiftieth of it, and what takes more was made to.
    """
    if not _fits(frame):
        return []
    end = thread_time() + _LOOKS_S
    small, scale = _reduced(frame)
    pad = round(_PAD * min(small.shape))
    for kind in kinds:
        for margin, soft in ((0, False), (pad, False), (pad, True)):
            if thread_time() > end:
                return []
            searched = small
            if margin:
                white = int(np.percentile(small[::7, ::7], 95))
                searched = np.pad(small, margin, constant_values=white)
            if soft:  # worn paper is noisy: a softened look finds what a sharp one loses
                searched = cv2.GaussianBlur(searched, (0, 0), 1.0).astype(np.uint8, copy=False)
            found = list(_read(np.ascontiguousarray(searched), kind, margin, scale))
            if found:
                return found
    return []


def texts(frame: Frame, kind: str) -> list[str]:
    """What one look finds the codes of a kind to say, as a scanner sends it. Never raises."""
    if not _fits(frame):
        return []
    return [_text(one) for one in _barcodes(np.ascontiguousarray(_reduced(frame)[0]), kind)]


def _fits(frame: Frame) -> bool:
    return bool(min(frame.shape) >= 20 and max(frame.shape) <= 65_535)


def _reduced(frame: Frame) -> tuple[Frame, float]:
    """A frame as it is searched for codes, and its scale."""
    scale = min(1.0, float((_MOST_PIXELS / frame.size) ** 0.5))
    if scale == 1:
        return frame, scale
    size = (int(frame.shape[1] * scale), int(frame.shape[0] * scale))
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False), scale


def _barcodes(frame: Frame, kind: str) -> list[zxingcpp.Barcode]:
    return zxingcpp.read_barcodes(
        frame, formats=_FORMATS[kind], try_invert=False, text_mode=zxingcpp.TextMode.Plain
    )


def _text(barcode: Any) -> str:
    mark, text = str(barcode.symbology_identifier), str(barcode.text)
    return mark + text if mark in ("]d2", "]Q3") else text


def _read(frame: Frame, kind: str, margin: int, scale: float) -> Iterator[Located]:
    for barcode in _barcodes(frame, kind):
        sampled = np.asarray(barcode.to_image(scale=1, add_quiet_zones=False)) < 128
        if not 8 <= min(sampled.shape) <= max(sampled.shape) <= MOST_SIDE:
            continue
        at = barcode.position
        first, second, third, fourth = (
            (round((one.x - margin) / scale), round((one.y - margin) / scale))
            for one in (at.top_left, at.top_right, at.bottom_right, at.bottom_left)
        )
        corners = (first, second, third, fourth)
        yield Located(_designs(barcode, kind, sampled), _text(barcode), corners)


def _designs(barcode: Any, kind: str, sampled: Modules) -> tuple[Design, ...]:
    """What the code may have been made from, the likeliest first, as sampled last."""
    likely: list[Design] = []
    possible: list[Design] = []
    for encoded in _encodings(barcode, kind, sampled):
        if encoded.shape != sampled.shape:
            continue
        differs = encoded != sampled
        for hole in _HOLES if kind == QR else _HOLES[:1]:
            design = Design(kind, encoded, hole)
            same = differs[design.known].mean() <= 1 - _SAME
            (likely if same and (hole or not _picture(differs)) else possible).append(design)
    return (*likely, Design(kind, sampled), *possible)


def _picture(differs: Modules) -> bool:
    """Whether a QR code's middle shows something else than the code."""
    rows, columns = differs.shape
    middle = differs[rows * 2 // 5 : rows * 3 // 5 + 1, columns * 2 // 5 : columns * 3 // 5 + 1]
    return bool(middle.mean() > _STRANGE)


def _encodings(barcode: Any, kind: str, sampled: Modules) -> Iterator[Modules]:
    """The code encoded anew, in the ways that printers' software has."""
    like = None
    for content, options in _ways(barcode, kind):
        try:
            made = zxingcpp.create_barcode(content, _FORMAT[kind], **options)
        except (ValueError, RuntimeError):
            continue  # a text that this way cannot hold
        like = (
            np.asarray(zxingcpp.write_barcode_to_image(made, scale=1, add_quiet_zones=False)) < 128
        )
        yield like
    said = dict(barcode.extra)
    if kind == QR and like is not None and {"Version", "ECLevel", "DataMask"} <= said.keys():
        version, mask = int(said["Version"]), int(said["DataMask"])
        yield from in_one_mode(barcode.text, version, said["ECLevel"], mask, like, sampled)


def _ways(barcode: Any, kind: str) -> Iterator[tuple[str | bytes, dict[str, Any]]]:
    if kind == QR:
        said = dict(barcode.extra)
        names = {"version": "Version", "ec_level": "ECLevel", "data_mask": "DataMask"}
        options = {name: said[key] for name, key in names.items() if key in said}
        yield barcode.text, options
        yield bytes(barcode.bytes), options
    elif barcode.symbology_identifier == "]d2":
        for square in (True, False):
            yield _bracketed(barcode.text), {"gs1": True, "force_square": square}
    else:
        for square in (True, False):
            yield barcode.text, {"force_square": square}


def _bracketed(text: str) -> str:
    """An element string as the encoder takes it; "" for what is none."""
    try:
        elements = split_elements(text)
    except Malformed:
        return ""
    return "".join(f"({ai}){value.replace('(', chr(92) + '(')}" for ai, value in elements)
