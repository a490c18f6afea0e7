"""Drawing of the printed label: the pack's GS1 Digital Link as a QR code, where asked for its GS1
DataMatrix too, and the same in words.

Each label is read again before it is handed out. Which packs there are is left to the caller; how
a symbol is read, to `symbols`; what a label printer is sent, to `zpl`. What was measured for the
sizes below is in docs/labels.md (`python -m tests.bench.labels`).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias
from urllib.parse import quote

import numpy as np
import zxingcpp
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ledger.errors import Malformed
from ledger.statement import gs1
from scanner.fingerprint.raster import OUTSIDE, framed
from scanner.symbols import read

Modules: TypeAlias = NDArray[np.bool_]  # rows x columns of a symbol, True is dark

MM_PER_INCH: Final = 25.4
DPI: Final = (100, 1200)  # least and most dots an inch that a label is drawn for
MODULE_MM: Final = 0.5  # a QR code's module; what GS1 and our measurements say: docs/labels.md
DATAMATRIX_MM: Final = 0.42  # a DataMatrix's
LEVEL: Final = "M"  # error correction of the QR code
QUIET: Final = 4  # modules of white round a QR code (ISO/IEC 18004 section 9.1)
QUIET_DATAMATRIX: Final = 3  # ISO/IEC 16022 asks for 1
LEVEL_FINGERPRINT: Final = "Q"  # of one that is to be enrolled: more of it may be worn
CHECK_MM: Final = 20  # a label's line by which its printed size is checked
WORDS_MM: Final = 2.8  # height of the type, 8 points
PRACTICE_WORDS: Final = ("INTERNAL", "PRACTICE")  # GS1's title of AI 99, and its value
_LINE: Final = 1.3  # from line to line, in heights of the type
_QR: Final = "]Q1"  # AIM identifiers (ISO/IEC 15424): QR code without ECI, GS1 DataMatrix
_GS1_DATAMATRIX: Final = "]d2"


@dataclass(frozen=True, slots=True)
class PrintedLabel:
    """What a pack's label says: GTIN-14, lot, expiry, serial; and that it is a practice log's."""

    gtin: str
    lot: str
    expiry: date
    serial: str
    practice: bool = False

    @property
    def link(self) -> str:
        """`https://id.gs1.org/01/{gtin}/10/{lot}/21/{serial}?17={YYMMDD}`, for practice `&99=PRACTICE`."""
        lot, serial = quote(self.lot, safe=""), quote(self.serial, safe="")
        mark = "&{}={}".format(*gs1.PRACTICE) if self.practice else ""
        return f"{gs1.ROOT}/01/{self.gtin}/10/{lot}/21/{serial}?17={self.expiry:%y%m%d}{mark}"

    @property
    def elements(self) -> str:
        """The element string as a reader sends it: U+001D ends the serial, the lot comes last.

        >>> PrintedLabel("09521101000016", "L1", date(2028, 1, 31), "A1").elements
        '010952110100001621A1\\x1d1728013110L1'
        """
        mark = "\x1d{}{}".format(*gs1.PRACTICE) if self.practice else ""
        return f"01{self.gtin}21{self.serial}\x1d17{self.expiry:%y%m%d}10{self.lot}{mark}"

    def is_said_by(self, scan: str) -> bool:
        """Whether a scan says this label's four values, and practice where this one does.

        Raises Malformed when it breaks GS1's rules.
        """
        said = gs1.parse_scan(scan, year=self.expiry.year)
        values = said.gtin, said.lot, said.expiry, said.serial
        own = self.gtin, self.lot, self.expiry, self.serial
        return values == own and said.practice == self.practice


def qr_modules(text: str, *, level: str = LEVEL, least: int = 0) -> Modules:
    """The modules of a text's QR code, without quiet zone; `level` is one of L, M, Q, H.

    `least` is the least side, in modules: 37 for version 5.
    """
    modules = _modules(zxingcpp.create_barcode(text, zxingcpp.QRCode, ec_level=level))
    if len(modules) < least:
        version = (least - 17) // 4
        made = zxingcpp.create_barcode(text, zxingcpp.QRCode, ec_level=level, version=version)
        return _modules(made)
    return modules


def datamatrix_modules(label: PrintedLabel) -> Modules:
    """The modules of a label's GS1 DataMatrix, square, without quiet zone."""
    # A bracket within a value would begin an identifier; the writer takes a backslash as escape,
    # which is no character of GS1's set itself.
    serial, lot = (value.replace("(", r"\(") for value in (label.serial, label.lot))
    mark = "({}){}".format(*gs1.PRACTICE) if label.practice else ""
    text = f"(01){label.gtin}(21){serial}(17){label.expiry:%y%m%d}(10){lot}{mark}"
    return _modules(zxingcpp.create_barcode(text, zxingcpp.DataMatrix, gs1=True, force_square=True))


def _modules(barcode: zxingcpp.Barcode) -> Modules:
    picture = zxingcpp.write_barcode_to_image(barcode, scale=1, add_quiet_zones=False)
    return np.array(picture) < 128


def render_label(
    payload: str, label_id: bytes = b"", *, dpi: int = 600, cdp: bool = False
) -> Image.Image:
    """The label that is made to be enrolled, alone, of one bit a dot (`fingerprint.raster`).

    A QR code of level Q, version 5 or as the payload needs. Raises Malformed for other densities
    than 600 and 1,200, and when what was drawn cannot be read back.
    """
    dots = framed(
        qr_modules(payload, level=LEVEL_FINGERPRINT, least=37), dpi, label_id if cdp else None
    )
    grey = (~dots).astype(np.uint8) * np.uint8(255)
    if [one.text for one in read(grey, quick=True)] != [payload]:
        raise Malformed("the label was drawn but cannot be read back, so it is not handed out")
    return Image.fromarray(grey).convert("1", dither=Image.Dither.NONE)


def render(
    label: PrintedLabel, *, dpi: int = 300, module: int = 0, datamatrix: bool = False,
    fingerprint: bool = False,
) -> Image.Image:  # fmt: skip
    """The label in black and white, as grey values 0 and 255: QR code left, words beside it.

    `datamatrix` adds the GS1 DataMatrix at the right, apart from the QR code so that a scanner
    aims at one of them. `fingerprint` draws the QR code as one that is to be enrolled, in a frame, and
    below a line by which the printed size can be checked; dpi is then 600 or 1,200. `module` is the side of a QR module in whole dots, by default the next to
    0.5 mm at `dpi`; a DataMatrix's is in proportion. Raises Malformed when the label's values
    break GS1's rules, when dpi or module are out of range, and when the drawn label cannot be
    read back.
    """
    if not label.is_said_by(label.link):
        raise Malformed(f"GTIN {label.gtin[:40]!r} is no GTIN-14")
    if not DPI[0] <= dpi <= DPI[1] or not 0 <= module <= 100:
        raise Malformed(f"a label has {DPI[0]} to {DPI[1]} dots an inch, a module up to 100 dots")
    dots = module or max(2, round(MODULE_MM / MM_PER_INCH * dpi))
    margin = QUIET * dots
    code = _framed(label, dpi) if fingerprint else _symbol(qr_modules(label.link), dots, QUIET)
    parts = [code, _words(label, dpi, margin, datamatrix)]
    if datamatrix:
        small = max(2, round(dots * DATAMATRIX_MM / MODULE_MM))
        parts.append(_symbol(datamatrix_modules(label), small, QUIET_DATAMATRIX))
    page = Image.new("L", (sum(p.width for p in parts), max(p.height for p in parts)), 255)
    left = 0
    for part in parts:
        page.paste(part, (left, (page.height - part.height) // 2))
        left += part.width
    if fingerprint:
        page = _above(page, check_line(dpi))
    confirm(page, label, datamatrix=datamatrix)
    return page


def _symbol(modules: Modules, dots: int, quiet: int) -> Image.Image:
    light = ~np.pad(modules, quiet)
    return Image.fromarray(light.repeat(dots, 0).repeat(dots, 1).astype(np.uint8) * 255)


def _framed(label: PrintedLabel, dpi: int) -> Image.Image:
    dots = framed(qr_modules(label.link, level=LEVEL_FINGERPRINT, least=37), dpi)
    return Image.fromarray((~dots).astype(np.uint8) * np.uint8(255))


def check_line(dpi: int, mm: int = CHECK_MM) -> Image.Image:
    """A line of so many millimetres with its length in words: a ruler shows a wrong size at once."""
    long, tick = round(mm / MM_PER_INCH * dpi), round(1.5 / MM_PER_INCH * dpi)
    margin, thick = OUTSIDE * dpi // 600, max(1, dpi // 200)
    font = ImageFont.load_default(round(WORDS_MM / MM_PER_INCH * dpi * 0.8))
    words = f"{mm} mm"
    wide = margin * 3 + long + round(font.getlength(words))
    strip = Image.new("L", (wide, 2 * tick + margin), 255)
    draw = ImageDraw.Draw(strip)
    draw.fontmode = "1"
    ends = margin, margin + long - 1  # the ticks' outer edges are the length
    draw.rectangle((ends[0], tick, ends[1], tick + thick - 1), fill=0)
    draw.rectangle((ends[0], tick // 2, ends[0] + thick - 1, tick * 3 // 2), fill=0)
    draw.rectangle((ends[1] - thick + 1, tick // 2, ends[1], tick * 3 // 2), fill=0)
    draw.text((ends[1] + margin, tick), words, fill=0, font=font, anchor="lm")
    return strip


def _above(page: Image.Image, below: Image.Image) -> Image.Image:
    both = Image.new("L", (max(page.width, below.width), page.height + below.height), 255)
    both.paste(page, (0, 0))
    both.paste(below, (0, page.height))
    return both


def _words(label: PrintedLabel, dpi: int, margin: int, datamatrix: bool) -> Image.Image:
    """The human-readable lines: title left, value right, a margin round them but at the left.

    Packs with a DataMatrix name the GTIN as the EU's pack coding does: PC, product code.
    """
    lines = [
        ("PC" if datamatrix else "GTIN", label.gtin),
        ("SN", label.serial),
        ("LOT", label.lot),
        ("EXP", label.expiry.isoformat()),
    ]
    mark = " ".join(PRACTICE_WORDS) if label.practice else ""  # over both columns
    size = round(WORDS_MM / MM_PER_INCH * dpi)
    font = ImageFont.load_default(size)
    titles = round(max(font.getlength(title) for title, _ in lines)) + size // 2
    values = round(max(font.getlength(value) for _, value in lines))
    step, top = round(size * _LINE), margin
    wide = max(titles + values, round(font.getlength(mark))) + margin
    high = step * (len(lines) + bool(mark)) + 2 * margin
    block = Image.new("L", (wide, high), 255)
    draw = ImageDraw.Draw(block)
    draw.fontmode = "1"  # a label printer has no greys
    if mark:
        draw.text((0, top), mark, fill=0, font=font)
        top += step
    for number, (title, value) in enumerate(lines):
        draw.text((0, top + number * step), title, fill=0, font=font)
        draw.text((titles, top + number * step), value, fill=0, font=font)
    return block


def confirm(picture: Image.Image, label: PrintedLabel, *, datamatrix: bool = False) -> None:
    """Read a label's picture again: its symbols must say what the label says, and nothing else.

    Raises Malformed when they do not, or when one cannot be read.
    """
    wanted = [(_QR, label.link)] + ([(_GS1_DATAMATRIX, label.elements)] if datamatrix else [])
    # The first stage alone: a label that needs a deeper look is no easy one.
    symbols = read(np.asarray(picture, dtype=np.uint8), quick=True)
    if sorted((one.symbology, one.text) for one in symbols) != wanted or not all(
        label.is_said_by(one.scan) for one in symbols
    ):
        raise Malformed(
            f"the label of serial {label.serial} was drawn but cannot be read back, so it is not "
            "handed out; draw it with larger modules or more dots an inch"
        )


def to_png(picture: Image.Image, *, dpi: int = 300) -> bytes:
    """A label's picture as PNG of one bit a dot, with its printing resolution.

    The same bytes for the same picture.
    """
    out = io.BytesIO()
    bits = picture.convert("1", dither=Image.Dither.NONE)
    bits.save(out, "PNG", dpi=(dpi, dpi))
    return out.getvalue()
