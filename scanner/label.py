"""Drawing of the printed label: a QR code of the pack's GS1 Digital Link, and the same in words.

Which packs there are is left to the caller; how a label is read, to `symbols`.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date
from typing import Final
from urllib.parse import quote

import qrcode
from PIL import Image, ImageDraw, ImageFont
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.pil import PilImage

from ledger.statement import gs1

QUIET: Final = 4  # modules of white round a QR code (ISO/IEC 18004 section 9.1)


@dataclass(frozen=True, slots=True)
class PrintedLabel:
    """What a pack's label says: GTIN-14, lot, expiry, serial."""

    gtin: str
    lot: str
    expiry: date
    serial: str

    @property
    def link(self) -> str:
        """`https://id.gs1.org/01/{gtin}/10/{lot}/21/{serial}?17={YYMMDD}`."""
        lot, serial = quote(self.lot, safe=""), quote(self.serial, safe="")
        return f"{gs1.ROOT}/01/{self.gtin}/10/{lot}/21/{serial}?17={self.expiry:%y%m%d}"


def render(label: PrintedLabel, *, dpi: int = 300, module: int = 0) -> Image.Image:
    """The label as a grey picture: QR code left, words right.

    `module` is a QR module's side in whole dots, by default 0.5 mm at `dpi`. Raises Malformed when
    the label's values break GS1's rules.
    """
    gs1.parse_scan(label.link)
    dots = module or max(2, round(0.5 / 25.4 * dpi))
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, box_size=dots, border=QUIET)
    code.add_data(label.link)
    code.make(fit=True)
    picture = code.make_image(image_factory=PilImage).get_image().convert("L")
    lines = [
        f"GTIN {label.gtin}",
        f"LOT  {label.lot}",
        f"EXP  {label.expiry.isoformat()}",
        f"SN   {label.serial}",
    ]
    size = max(10, picture.height // 10)
    font = ImageFont.load_default(size)
    width = max(round(font.getlength(line)) for line in lines)
    page = Image.new("L", (picture.width + width + QUIET * dots, picture.height), 255)
    page.paste(picture, (0, 0))
    draw = ImageDraw.Draw(page)
    step = (picture.height - 2 * QUIET * dots) // len(lines)
    for number, line in enumerate(lines):
        draw.text((picture.width, QUIET * dots + number * step), line, fill=0, font=font)
    return page


def to_png(picture: Image.Image, *, dpi: int = 300) -> bytes:
    """A picture as PNG, with its printing resolution; the same bytes for the same picture."""
    out = io.BytesIO()
    picture.save(out, "PNG", dpi=(dpi, dpi))
    return out.getvalue()
