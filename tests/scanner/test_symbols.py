"""Printed symbols are read as a camera sees them; what is no symbol is never made up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from scanner.check import read_label
from scanner.frames import read_file
from scanner.label import PrintedLabel, render
from scanner.symbols import read
from tests.scanner import pictures
from tests.scanner.photos import DATAMATRIX, NEGATIVE, QR, photographs, right
from tests.scanner.pictures import LABEL, Picture

PATIENT = 60.0  # seconds: no slow machine may fail a test

SEEN: dict[str, Callable[[Picture], Picture]] = {
    "flat": lambda p: p,
    "blurred": lambda p: pictures.blurred(p, 3.0),
    "tilted": lambda p: pictures.tilted(p, 0.3),
    "blurred and tilted": lambda p: pictures.blurred(pictures.tilted(p, 0.2), 2.0),
    "noisy": lambda p: pictures.noisy(p, 40),
    "shaded": pictures.shaded,
    "mirrored light": lambda p: pictures.noisy(pictures.shaded(pictures.turned(p, 30)), 10),
    **{f"turned {d}": lambda p, d=d: pictures.turned(p, d) for d in (17, 90, 135, 180, 271)},
}


@pytest.mark.parametrize("seen", SEEN.values(), ids=SEEN)
def test_a_printed_label_is_read_as_a_camera_sees_it(seen: Callable[[Picture], Picture]) -> None:
    found = read(seen(pictures.printed()), budget_s=PATIENT)
    assert [symbol.text for symbol in found] == [LABEL.link]
    label = read_label(found, 2026).label
    assert (label.gtin, label.lot, label.serial) == (LABEL.gtin, LABEL.lot, LABEL.serial)
    assert label.expiry == LABEL.expiry


def test_corners_frame_the_symbol_clockwise_from_its_top_left() -> None:
    picture = pictures.printed()
    (symbol,) = read(picture)
    (left, top), (right, _), (_, bottom), _ = symbol.corners
    assert left < right
    assert top < bottom
    inside = picture[top:bottom, left:right]
    ring = picture[top - 20 : top - 8, left:right]
    assert inside.min() == 0
    assert ring.min() == 255  # the quiet zone


def test_a_gs1_datamatrix_keeps_its_fnc1() -> None:
    (symbol,) = read(pictures.gs1_datamatrix("(01)09521101000016(21)A1(10)L1(17)280131"))
    assert symbol.format == "DataMatrix"
    assert symbol.text == "010952110100001621A1\x1d10L1\x1d17280131"
    label = read_label([symbol], 2026).label
    assert (label.gtin, label.serial, label.lot) == ("09521101000016", "A1", "L1")


@pytest.mark.parametrize(
    "picture",
    [
        np.full((1, 1), 255, np.uint8),
        np.full((2, 500), 0, np.uint8),
        np.full((400, 400), 128, np.uint8),
        np.random.default_rng(7).integers(0, 255, (300, 300)).astype(np.uint8),
        np.tile(np.array([[0, 255], [255, 0]], np.uint8), (200, 200)),
    ],
    ids=["one dot", "a line", "grey", "noise", "a chessboard"],
)
def test_nothing_is_read_where_nothing_is(picture: Picture) -> None:
    assert read(picture, budget_s=PATIENT) == []


# A byte of Latin-1 in a code that names no character set is anybody's guess; UTF-8 and ASCII are not.
_LATIN = "".join(map(chr, range(0x80, 0x100)))
_CERTAIN = st.characters(exclude_categories=["Cs"], exclude_characters=_LATIN)


@given(st.text(_CERTAIN, min_size=1, max_size=300))
def test_any_text_of_a_symbol_comes_out_as_it_went_in(text: str) -> None:
    """Control characters, markup, right-to-left marks: the decoder hands on, the parser judges."""
    found = read(pictures.qr(text, 4), budget_s=PATIENT)
    assert [symbol.text for symbol in found] == [text]


def on_a_page(codes: dict[tuple[int, int], Picture], high: int = 700, wide: int = 900) -> Picture:
    """Codes on white paper, each by its top left corner (down, right)."""
    page = np.full((high, wide), 255, np.uint8)
    for (top, left), code in codes.items():
        page[top : top + code.shape[0], left : left + code.shape[1]] = code
    return page


def test_all_symbols_of_a_frame_come_with_their_own_corners() -> None:
    places = {(20, 20): "first", (20, 500): "second", (350, 40): "third"}
    page = on_a_page({place: pictures.qr(text) for place, text in places.items()})
    page[350:650, 500:800] = 255
    matrix = pictures.gs1_datamatrix("(01)09521101000016(21)A1", 8)
    page[400 : 400 + matrix.shape[0], 520 : 520 + matrix.shape[1]] = matrix
    found = {symbol.text: symbol.corners[0] for symbol in read(page, budget_s=PATIENT)}
    assert set(found) == {*places.values(), "010952110100001621A1"}
    for (top, left), text in places.items():
        x, y = found[text]
        assert left < x < left + 60
        assert top < y < top + 60


MADE: dict[str, Callable[[Picture], Picture]] = {
    "inverted": lambda p: 255 - p,
    "mirrored": lambda p: np.ascontiguousarray(p[:, ::-1]),
    "inverted and mirrored": lambda p: np.ascontiguousarray(255 - p[:, ::-1]),
    "upside down": lambda p: np.ascontiguousarray(p[::-1, ::-1]),
}


@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
def test_inverted_and_mirrored_symbols_are_read(made: Callable[[Picture], Picture]) -> None:
    for code in (pictures.qr(LABEL.link), pictures.gs1_datamatrix("(01)09521101000016(21)A1")):
        page = on_a_page({(50, 50): code})
        plain = [symbol.text for symbol in read(page, budget_s=PATIENT)]
        assert len(plain) == 1
        assert [symbol.text for symbol in read(made(page), budget_s=PATIENT)] == plain


STRESS: dict[str, Callable[[Picture], Picture]] = {
    "on a bottle": lambda p: pictures.curved(p, 60),
    "on cloth": lambda p: pictures.crumpled(p, 0.036),
    "on cloth, inverted": lambda p: 255 - pictures.crumpled(p, 0.036),
    "on cloth, mirrored": lambda p: np.ascontiguousarray(pictures.crumpled(p, 0.036)[:, ::-1]),
    "from far aside": lambda p: pictures.smaller(p, 0.6, 0.2),
    "from far above": lambda p: pictures.smaller(p, 0.2, 0.6),
    "glossy": lambda p: pictures.glossy(p, 120),
    "dim": lambda p: pictures.dim(p, 0.08),
    "worn": lambda p: pictures.worn(p, 0.06),
    "far away": lambda p: pictures.smaller(p, 0.3),
    "compressed": lambda p: pictures.recompressed(p, 8),
}


@pytest.mark.parametrize("seen", STRESS.values(), ids=STRESS)
def test_a_label_is_read_where_a_pharmacist_meets_it(seen: Callable[[Picture], Picture]) -> None:
    page = on_a_page({(150, 250): pictures.qr(LABEL.link, 9)})
    assert [s.text for s in read(seen(page), budget_s=PATIENT)] == [LABEL.link]


def test_a_bent_code_is_followed_where_the_first_look_takes_it_for_flat() -> None:
    """Not read quickly, read with time, and the corners lie on the code."""
    page = pictures.crumpled(on_a_page({(150, 250): pictures.qr(LABEL.link, 9)}), 0.036)
    assert read(page, quick=True) == []
    (symbol,) = read(page, budget_s=PATIENT)
    assert symbol.text == LABEL.link
    assert symbol.symbology == "]Q1"
    assert all(200 < x < 700 and 100 < y < 600 for x, y in symbol.corners)


@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
def test_a_bent_data_matrix_is_followed_too(made: Callable[[Picture], Picture]) -> None:
    """Its side is not told by the decoder that could not read it; the FNC1 stays."""
    code = pictures.gs1_datamatrix("(01)09521101000016(21)A1(10)L1(17)280131", 9)
    page = made(pictures.curved(on_a_page({(60, 60): code}, 320, 320), 54))
    assert read(page, quick=True) == []
    (symbol,) = read(page, budget_s=PATIENT)
    assert (symbol.format, symbol.symbology) == ("DataMatrix", "]d2")
    assert symbol.text == "010952110100001621A1\x1d10L1\x1d17280131"


def test_a_small_symbol_in_a_large_photograph_is_found() -> None:
    """12 megapixels are looked at reduced first, then in parts that overlap."""
    table = np.full((3000, 4000), 150, np.uint8)
    code = pictures.gs1_datamatrix("(01)09521101000016(21)A1", 3)
    for top, left in ((1480, 1980), (40, 60), (2850, 3850)):
        seen = table.copy()
        seen[top : top + code.shape[0], left : left + code.shape[1]] = code
        (symbol,) = read(seen, budget_s=PATIENT)
        assert symbol.text == "010952110100001621A1"
        x, y = symbol.corners[0]
        assert left < x < left + code.shape[1]
        assert top < y < top + code.shape[0]


def test_no_further_look_is_begun_when_the_time_is_up() -> None:
    page = pictures.crumpled(on_a_page({(150, 250): pictures.qr(LABEL.link, 9)}), 0.036)
    assert read(page, budget_s=0.0) == []
    assert read(page, budget_s=PATIENT)


def test_a_picture_longer_than_any_decoder_takes_says_nothing() -> None:
    for shape in ((20, 70_000), (70_000, 20), (3, 66_000)):
        assert read(np.full(shape, 255, np.uint8), budget_s=PATIENT) == []
    assert read(np.full((20, 65_535), 255, np.uint8), budget_s=PATIENT) == []


def test_a_micro_qr_code_is_not_believed() -> None:
    """It checks itself so weakly that it is found in what is none, a label's QR code too."""
    micro = zxingcpp.create_barcode("0918", zxingcpp.MicroQRCode)
    drawn = np.array(zxingcpp.write_barcode_to_image(micro, scale=8), dtype=np.uint8)
    assert read(np.pad(drawn, 40, constant_values=255), budget_s=PATIENT) == []
    label = PrintedLabel("09521101000016", "X<C", date(2028, 1, 31), ":)V<rd2YWycDZ)")
    for dpi in (203, 600):
        found = read(np.asarray(render(label, dpi=dpi)), budget_s=PATIENT)
        assert [symbol.text for symbol in found] == [label.link]


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_noise_of_any_shape_says_nothing(high: int, wide: int, seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (high, wide), np.uint8)
    assert read(noise, budget_s=PATIENT) == []


def test_photographs_are_read_as_they_say_and_never_otherwise() -> None:
    """Of those that lie beside the checkout: at most two QR codes unread, every Data Matrix read."""
    for kind, unread in ((QR, 2), (DATAMATRIX, 0), (NEGATIVE, 0)):
        missed = []
        for path in photographs(kind):
            texts = [symbol.text for symbol in read(read_file(path), budget_s=PATIENT)]
            assert all(right(path, text) for text in texts), f"{path.name} was misread: {texts}"
            if kind != NEGATIVE and not texts:
                missed.append(path.name)
        assert len(missed) <= unread, missed
