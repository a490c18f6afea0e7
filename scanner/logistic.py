"""Drawing of a container's label: its SSCC as GS1-128 and as GS1 DataMatrix, and in words what is inside.

The order is that of GS1's logistic label guideline: words on top, bar codes below. It is read again
before it is handed out; the packs' labels are drawn by `label`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import zxingcpp
from PIL import Image, ImageDraw, ImageFont

from ledger.errors import Malformed
from ledger.statement import gs1
from scanner.label import DPI, MM_PER_INCH, PRACTICE_WORDS, Modules
from scanner.symbols import read

WIDE_MM: Final = 105  # A6, as the guideline has it
BAR_MM: Final = 0.495  # narrowest bar that a conveyor's scanner must read (GS1 GenSpecs 5.5.2.7.5)
HIGH_MM: Final = 32  # of the bars
SMALL_MM: Final = 0.75  # a DataMatrix's module
WORDS_MM: Final = 3.2
LINES: Final = 12  # of words; more do not fit
_LINE: Final = 1.35
_QUIET: Final = 10  # narrowest bars of white beside the code
_GS1_128: Final = "]C1"
_GS1_DATAMATRIX: Final = "]d2"
_BARS: Final = zxingcpp.barcode_formats_from_str("Code128")


def render_unit(
    sscc: str, lines: Sequence[tuple[str, str]], *, dpi: int = 300, practice: bool = False
) -> Image.Image:
    """A container's label in black and white; `lines` are titles and values, ASCII.

    `practice` marks it, in words and in both codes, as a practice log's.

    Raises Malformed for what is no SSCC, for too many or unprintable lines, when dpi is out of range,
    and when the drawn label cannot be read back.
    """
    gs1.sscc(sscc)
    if not DPI[0] <= dpi <= DPI[1]:
        raise Malformed(f"a label has {DPI[0]} to {DPI[1]} dots an inch")
    marks = [PRACTICE_WORDS] if practice else []
    words = [*marks, ("SSCC (00)", sscc), *lines]
    if len(words) > LINES or not all(t.isascii() and t.isprintable() for one in words for t in one):
        raise Malformed(f"a container's label has up to {LINES} lines of ASCII")
    dots = dpi / MM_PER_INCH
    bar, small = max(1, round(BAR_MM * dots)), max(2, round(SMALL_MM * dots))
    elements = [("00", sscc), *([gs1.PRACTICE] if practice else [])]
    text = "".join(f"({ai}){value}" for ai, value in elements)
    bars = _modules(zxingcpp.create_barcode(text, zxingcpp.Code128, gs1=True))[:1]
    matrix = _modules(
        zxingcpp.create_barcode(text, zxingcpp.DataMatrix, gs1=True, force_square=True)
    )
    block, square = _words(words, dots), matrix.repeat(small, 0).repeat(small, 1)
    code = np.pad(bars.repeat(bar, 1), ((0, 0), (_QUIET * bar, _QUIET * bar)))
    code = code.repeat(round(HIGH_MM * dots), 0)
    margin = round(3 * dots)
    wide = max(round(WIDE_MM * dots), code.shape[1], block.width + square.shape[1] + 3 * margin)
    top = max(block.height, square.shape[0]) + 2 * margin
    page = Image.new("L", (wide, top + code.shape[0] + margin), 255)
    page.paste(block, (margin, margin))
    page.paste(_picture(square), (wide - square.shape[1] - margin, margin))
    page.paste(_picture(code), ((wide - code.shape[1]) // 2, top))
    _confirm(page, sscc, "".join(ai + value for ai, value in elements))
    return page


def _modules(barcode: zxingcpp.Barcode) -> Modules:
    picture = zxingcpp.write_barcode_to_image(barcode, scale=1, add_quiet_zones=False)
    return np.array(picture) < 128


def _picture(dark: Modules) -> Image.Image:
    return Image.fromarray((~dark).astype(np.uint8) * 255)


def _words(lines: Sequence[tuple[str, str]], dots: float) -> Image.Image:
    size = round(WORDS_MM * dots)
    font = ImageFont.load_default(size)
    titles = round(max(font.getlength(title) for title, _ in lines)) + size
    values = round(max(font.getlength(value) for _, value in lines))
    step = round(size * _LINE)
    block = Image.new("L", (titles + values + 1, step * len(lines)), 255)
    draw = ImageDraw.Draw(block)
    draw.fontmode = "1"  # a label printer has no greys
    for number, (title, value) in enumerate(lines):
        draw.text((0, number * step), title, fill=0, font=font)
        draw.text((titles, number * step), value, fill=0, font=font)
    return block


def _confirm(page: Image.Image, sscc: str, text: str) -> None:
    """Read a label's picture again: both its codes must say the text, and nothing else."""
    pixels = np.asarray(page, dtype=np.uint8)
    found = [(one.symbology, one.text) for one in read(pixels, quick=True)]
    bars = zxingcpp.read_barcodes(pixels, formats=_BARS, text_mode=zxingcpp.TextMode.Plain)
    found += [(one.symbology_identifier, one.text) for one in bars]
    if sorted(found) != [(_GS1_128, text), (_GS1_DATAMATRIX, text)]:
        raise Malformed(
            f"the label of container {sscc} was drawn but cannot be read back, so it is not handed "
            "out; draw it with more dots an inch"
        )
