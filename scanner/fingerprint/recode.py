"""A QR code's modules from its text, as encoders that pack all of it in one mode make them.

zxing-cpp's own encoder changes modes within a text where that is shorter; many others do not, and
then every data module differs. OpenCV's encoder packs in one mode but chooses the mask itself: the
data are masked again here, and what is no data is taken from a code of the same version, level and
mask (ISO/IEC 18004 sections 6.3 and 7.8).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Modules = NDArray[np.bool_]
_LEVELS: Final = {
    "L": cv2.QRCODE_ENCODER_CORRECT_LEVEL_L,
    "M": cv2.QRCODE_ENCODER_CORRECT_LEVEL_M,
    "Q": cv2.QRCODE_ENCODER_CORRECT_LEVEL_Q,
    "H": cv2.QRCODE_ENCODER_CORRECT_LEVEL_H,
}
_MODES: Final = (cv2.QRCODE_ENCODER_MODE_BYTE, cv2.QRCODE_ENCODER_MODE_ALPHANUMERIC)


def in_one_mode(
    text: str, version: int, level: str, mask: int, like: Modules, sampled: Modules
) -> Iterator[Modules]:
    """The codes of a text in bytes, and in letters and digits where it has no others.

    `like` is any code of the version, level and mask; `sampled` decides which mask OpenCV chose.
    """
    side = 17 + 4 * version
    if like.shape != (side, side) or level not in _LEVELS or not 0 <= mask < 8:
        return
    data = ~_reserved(side)
    for mode in _MODES:
        made = _encoded(text, version, level, mode)
        if made is None or made.shape != like.shape:
            continue
        plain = [made ^ _mask(side, own) ^ _mask(side, mask) for own in range(8)]
        best = min(plain, key=lambda one: int((one != sampled)[data].sum()))
        code = np.where(data, best, like)
        rest = _remainder(version)
        code[rest] = _mask(side, mask)[rest]  # bits 0, which OpenCV leaves out
        yield code


def _encoded(text: str, version: int, level: str, mode: int) -> Modules | None:
    asked = cv2.QRCodeEncoder_Params()  # type: ignore[attr-defined]
    asked.version, asked.correction_level, asked.mode = version, _LEVELS[level], mode
    try:
        picture = cv2.QRCodeEncoder_create(asked).encode(text)  # type: ignore[attr-defined]
    except cv2.error:
        return None  # the mode cannot hold the text, or the version is too small
    rows, columns = np.nonzero(picture < 128)
    if not len(rows):
        return None
    code = picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    module = len(code) // (17 + 4 * version)
    return np.asarray(code[module // 2 :: module, module // 2 :: module] < 128) if module else None


@lru_cache(maxsize=64)
def _mask(side: int, number: int) -> Modules:
    y, x = np.mgrid[:side, :side]
    product = x * y
    rules = (
        (y + x) % 2, y % 2, x % 3, (y + x) % 3, (y // 2 + x // 3) % 2, product % 2 + product % 3,
        (product % 2 + product % 3) % 2, ((y + x) % 2 + product % 3) % 2,
    )  # fmt: skip
    return np.asarray(rules[number] == 0)


def _remainder(version: int) -> tuple[list[int], list[int]]:
    """Rows and columns of the modules behind the last codeword, up to version 20 (table 1)."""
    count = 7 if 2 <= version <= 6 else 3 if 14 <= version <= 20 else 0
    last = 17 + 4 * version - (12 if version >= 7 else 9)
    return [last - number // 2 for number in range(count)], [number % 2 for number in range(count)]


@lru_cache(maxsize=16)
def _reserved(side: int) -> Modules:
    """Where no data lie: finders, timing, alignment, format and version."""
    version = (side - 17) // 4
    taken = np.zeros((side, side), np.bool_)
    taken[:9, :9] = taken[:9, -8:] = taken[-8:, :9] = True
    taken[6] = taken[:, 6] = True
    if version >= 7:
        taken[:6, -11:-8] = taken[-11:-8, :6] = True
    if version >= 2:
        count = version // 7 + 2
        step = 26 if version == 32 else (version * 4 + count * 2 + 1) // (count * 2 - 2) * 2
        places = [6, *(side - 7 - step * n for n in range(count - 1))]
        for y in places:
            for x in places:
                if not taken[y, x] or (6 in (y, x) and 8 < max(y, x) < side - 8):
                    taken[y - 2 : y + 3, x - 2 : x + 3] = True
    return taken
