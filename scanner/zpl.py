"""A label's picture as ZPL II, what a label printer is sent: the very dots that were read back.

The picture goes as a graphic field. The printer's own bar codes and types (^BQ, ^BX, ^A) would be
drawn by its firmware, unread; and no value of a label stands between commands, whatever it holds.
Commands are those of Zebra's ZPL II Programming Guide.
"""

from __future__ import annotations

import binascii
import zlib
from base64 import b64encode
from typing import Final

import numpy as np
from PIL import Image

from ledger.errors import Malformed

MAX_COPIES: Final = 99_999_999  # ^PQ
_MAX_DOTS: Final = 32_000  # ^LL, ^PW
# What an earlier job may have left in the printer, set back: units are dots and none is doubled,
# nothing is turned, mirrored, inverted or shifted.
_PLAIN: Final = "^CI28^MUD^JMA^PON^PMN^LRN^LS0^LH0,0"


def to_zpl(picture: Image.Image, *, copies: int = 1) -> str:
    r"""One label format, as ASCII text that ends with a line feed; several may follow each other.

    A dot of the picture is a dot of the printer: draw it at the printer's own density (8 dots a
    millimetre are called 203 dpi, 12 are 300, 24 are 600). Raises Malformed for no or too many
    copies, and for a picture beyond what a printer takes.

    >>> print(to_zpl(Image.new("L", (16, 2), 0)), end="")
    ^XA
    ^CI28^MUD^JMA^PON^PMN^LRN^LS0^LH0,0
    ^PW16^LL2
    ^FO0,0^GFA,4,4,2,:Z64:eNr7////fwAJ+gP9:342D^FS
    ^PQ1
    ^XZ
    """
    if not 1 <= copies <= MAX_COPIES:
        raise Malformed(f"{copies} copies cannot be printed; ask for 1 to {MAX_COPIES}")
    if max(picture.size) > _MAX_DOTS or min(picture.size) < 1:
        raise Malformed(f"a label of {picture.width} x {picture.height} dots cannot be printed")
    # A set bit is a black dot, and each row begins a byte.
    rows = np.packbits(np.asarray(picture.convert("L")) < 128, axis=1)
    coded = b64encode(zlib.compress(rows.tobytes(), 9))
    check = binascii.crc_hqx(coded, 0)  # CRC-16-CCITT over the encoded characters
    total = rows.size
    return (
        "^XA\n"
        f"{_PLAIN}\n"
        f"^PW{picture.width}^LL{picture.height}\n"
        f"^FO0,0^GFA,{total},{total},{rows.shape[1]},:Z64:{coded.decode()}:{check:04X}^FS\n"
        f"^PQ{copies}\n"
        "^XZ\n"
    )
