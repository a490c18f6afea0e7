"""A bent code's modules are followed along the bend, and no picture brings the search down."""

from __future__ import annotations

import numpy as np
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from scanner import bent
from tests.scanner import pictures
from tests.scanner.pictures import LABEL

SCALE = 8


def the_code() -> tuple[pictures.Picture, bent.Modules]:
    """A page with the label's code, and its modules as they were drawn."""
    page = pictures.qr(LABEL.link, SCALE)
    dark = np.argwhere(page == 0)
    (top, left), (bottom, right) = dark.min(0), dark.max(0) + 1
    middles = page[top:bottom, left:right][SCALE // 2 :: SCALE, SCALE // 2 :: SCALE]
    return page, (middles > 0).astype(np.uint8)


def corners_of(page: pictures.Picture) -> list[tuple[int, int]]:
    """Where a decoder takes the code to be."""
    formats = zxingcpp.barcode_formats_from_str("QRCode")
    (found,) = zxingcpp.read_barcodes(page, formats=formats, return_errors=True)
    place = found.position
    points = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    return [(point.x, point.y) for point in points]


def test_a_flat_code_is_found_at_once() -> None:
    page, drawn = the_code()
    first = next(bent.modules(page, corners_of(page), bent.qr_patterns(len(drawn))))
    assert np.array_equal(first, drawn)


@pytest.mark.parametrize("negative", [False, True], ids=["dark on light", "light on dark"])
def test_a_crumpled_code_comes_right_module_by_module(negative: bool) -> None:
    page, drawn = the_code()
    page = np.pad(page, 40, constant_values=255)
    seen = pictures.crumpled(page, 0.02)
    known = bent.qr_patterns(len(drawn))
    found = list(bent.modules(255 - seen if negative else seen, corners_of(seen), known))
    wrong = [int((modules != drawn).sum()) for modules in found]
    assert wrong[0] > 10
    assert min(wrong) == 0


@given(
    st.integers(2, 80), st.integers(2, 80), st.sampled_from([21, 25, 41]),
    st.lists(st.tuples(st.integers(-50, 150), st.integers(-50, 150)), min_size=4, max_size=4),
)  # fmt: skip
def test_whatever_the_corners_some_modules_come_out(
    high: int, wide: int, side: int, corners: list[tuple[int, int]]
) -> None:
    """Corners beyond the frame, all in one place, crosswise."""
    noise = np.random.default_rng(high * 97 + wide).integers(0, 256, (high, wide), np.uint8)
    for modules in bent.modules(noise, corners, bent.qr_patterns(side)):
        assert modules.shape == (side, side)
        assert modules.max() <= 1
    for known in bent.likely_datamatrix(noise, corners):
        assert len(known) % 2 == 0
