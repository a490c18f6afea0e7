"""The dots of the label that is printed to be enrolled: code, frame, and for trials a pattern.

A unit is a dot of 600 an inch; at 1,200 each is two by two dots, nothing is scaled. The pattern (a
copy detection pattern, CDP) is for trials on paper: in simulation it brought replays closer to the
genuine print, so no label has it unless asked.
"""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np

from ledger.errors import Malformed
from scanner.fingerprint.design import Modules

UNITS_AN_INCH: Final = 600
DENSITIES: Final = (600, 1200)
MODULE: Final = 10  # units: 0.423 mm
FRAME: Final = 10  # thick
QUIET: Final = 40  # between code and frame, 4 modules
OUTSIDE: Final = 30
_CDP_CELLS: Final = 56
_CDP_CELL: Final = 4
_CDP_APART: Final = 46  # from the code
_CDP_NAME: Final = b"AFP-CDP-1\0"


def framed(modules: Modules, dpi: int, cdp: bytes | None = None) -> Modules:
    """The label's dots, True is ink; `cdp` is the label's id, whose pattern stands right of the code.

    Raises Malformed for a density in which a unit is no whole dot.
    """
    if dpi not in DENSITIES:
        raise Malformed("a label for fingerprints has 600 or 1200 dots an inch")
    code = modules.repeat(MODULE, 0).repeat(MODULE, 1)
    high, wide = code.shape
    right = 0 if cdp is None else _CDP_APART + _CDP_CELLS * _CDP_CELL
    edge, inner = OUTSIDE + FRAME, OUTSIDE + FRAME + QUIET
    page = np.zeros((high + 2 * inner, wide + right + 2 * inner), np.bool_)
    page[OUTSIDE:-OUTSIDE, OUTSIDE:-OUTSIDE] = True
    page[edge:-edge, edge:-edge] = False
    page[inner : inner + high, inner : inner + wide] = code
    if cdp is not None:
        side = _CDP_CELLS * _CDP_CELL
        top, left = (page.shape[0] - side) // 2, inner + wide + _CDP_APART
        page[top : top + side, left : left + side] = (
            cells(cdp).repeat(_CDP_CELL, 0).repeat(_CDP_CELL, 1)
        )
    dots = dpi // UNITS_AN_INCH
    return page.repeat(dots, 0).repeat(dots, 1)


def cells(label_id: bytes) -> Modules:
    """A pattern's 56 x 56 cells, from SHAKE-256 of its name and the label's id. It is no secret."""
    size = _CDP_CELLS * _CDP_CELLS
    stream = hashlib.shake_256(_CDP_NAME + label_id).digest(size // 8)
    bits = np.unpackbits(np.frombuffer(stream, np.uint8))
    return bits.reshape(_CDP_CELLS, _CDP_CELLS).astype(np.bool_)
