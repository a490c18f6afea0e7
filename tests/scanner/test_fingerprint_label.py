"""The label that is printed to be enrolled: exact dots, and readable once it is printed."""

from __future__ import annotations

from datetime import date

import cv2
import numpy as np
import pytest

from ledger.errors import Malformed
from scanner.fingerprint.design import locate
from scanner.fingerprint.raster import cells
from scanner.label import PrintedLabel, check_line, qr_modules, render, render_label
from scanner.simulated.camera import PHONE, shot
from scanner.simulated.paper import dots, printed
from scanner.symbols import read

PAYLOAD = "https://id.gs1.org/01/09521101000016/10/L1/21/A1?17=280131"
LABEL = PrintedLabel("09521101000016", "EX2601", date(2028, 1, 31), "A1")


def ink(picture: object) -> np.ndarray:
    """A picture's dots, True where there is ink."""
    return np.asarray(picture.convert("L")) < 128  # type: ignore[attr-defined]


def test_a_label_has_the_size_that_is_specified() -> None:
    assert render_label(PAYLOAD).mode == "1"
    assert render_label(PAYLOAD).size == (530, 530)
    assert render_label(PAYLOAD, b"id", cdp=True).size == (800, 530)


@pytest.mark.parametrize("cdp", [False, True])
def test_at_1200_dpi_each_dot_is_two_by_two(cdp: bool) -> None:
    once = ink(render_label(PAYLOAD, b"id", cdp=cdp))
    twice = ink(render_label(PAYLOAD, b"id", dpi=1200, cdp=cdp))
    assert (twice == once.repeat(2, 0).repeat(2, 1)).all()


def test_frame_and_quiet_zone_lie_where_they_should() -> None:
    page = ink(render_label(PAYLOAD))
    row = page[265]
    assert not row[:30].any()
    assert row[30:40].all()
    assert not row[40:80].any()
    assert (page[80:450, 80:450][5::10, 5::10] == qr_modules(PAYLOAD, level="Q", least=37)).all()


def test_the_pattern_of_an_id_is_fixed() -> None:
    assert np.packbits(cells(b"label-1"))[:8].tobytes().hex() == "d06d1da6b9d8ddf1"
    page = ink(render_label(PAYLOAD, b"label-1", cdp=True))
    assert (page[153:377, 496:720][2::4, 2::4] == cells(b"label-1")).all()
    assert (cells(b"label-1") != cells(b"label-2")).mean() > 0.4


@pytest.mark.parametrize("length", [1, 60, 61, 200])
def test_a_payload_gets_the_version_that_it_needs(length: int) -> None:
    payload = "a" * length
    side = (render_label(payload).width - 160) // 10
    assert (side - 17) % 4 == 0
    assert (side == 37) == (length <= 60)


@pytest.mark.parametrize("dpi", [203, 300, 599, 2400])
def test_a_density_without_whole_dots_is_refused(dpi: int) -> None:
    with pytest.raises(Malformed, match="600 or 1200"):
        render_label(PAYLOAD, dpi=dpi)
    with pytest.raises(Malformed):
        render(LABEL, dpi=dpi, fingerprint=True)


def test_a_printed_label_is_read_by_two_decoders_and_has_its_own_design() -> None:
    modules = qr_modules(PAYLOAD, level="Q", least=37)
    frame = shot(printed(dots(modules), 1), PHONE, 1)
    assert cv2.QRCodeDetector().detectAndDecode(frame)[0] == PAYLOAD
    (one,) = locate(frame)
    assert (one.design.modules == modules).all()


@pytest.mark.parametrize("dpi", [600, 1200])
@pytest.mark.parametrize("datamatrix", [False, True])
def test_a_pack_label_with_words_is_read_back(dpi: int, datamatrix: bool) -> None:
    page = render(LABEL, dpi=dpi, datamatrix=datamatrix, fingerprint=True)
    assert LABEL.link in {one.text for one in read(np.asarray(page))}


@pytest.mark.parametrize("dpi", [600, 1200])
def test_the_check_line_is_as_long_as_it_says(dpi: int) -> None:
    strip = ink(check_line(dpi, 20))
    longest = max(_run(row) for row in strip)
    assert longest == round(20 / 25.4 * dpi)


def _run(row: np.ndarray) -> int:
    """The longest run of ink."""
    ends = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(int), [0]])))
    return int((ends[1::2] - ends[::2]).max(initial=0))
