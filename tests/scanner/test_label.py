"""The printed label: what GS1 asks to be on it, and nothing that cannot be read back."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import zxingcpp
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from app.cli import main
from ledger.errors import Malformed
from ledger.statement import gs1
from scanner.check import read_label
from scanner.frames import read_file, read_image
from scanner.label import QUIET, QUIET_DATAMATRIX, PrintedLabel, confirm, qr_modules, render, to_png
from scanner.symbols import Symbol, read
from tests.scanner.pictures import LABEL, Picture
from tests.scanner.test_zpl import dots_of
from tests.world import Chain

# GS1 General Specifications figure 7.11-1: the characters of lot and serial.
GS1_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
VALUES = st.text(GS1_82, min_size=1, max_size=20)
LONGEST = PrintedLabel("09521101000016", "W" * 20, date(2028, 1, 31), "%" * 20)
DOTS = {203: (4, 3), 300: (6, 5), 600: (12, 10)}  # dots of a QR module and of a DataMatrix's

write = zxingcpp.create_barcode


def pixels(label: PrintedLabel, dpi: int = 300, *, datamatrix: bool = False) -> Picture:
    """The label's picture as an array."""
    return np.asarray(render(label, dpi=dpi, datamatrix=datamatrix))


def box(symbol: Symbol) -> tuple[int, int, int, int]:
    """Where a symbol stands: left, top, right, bottom."""
    across, down = zip(*symbol.corners, strict=True)
    return min(across), min(down), max(across), max(down)


def of_format(picture: Picture, name: str) -> Symbol:
    """The picture's one symbol of a format."""
    (found,) = [symbol for symbol in read(picture) if symbol.format == name]
    return found


def test_the_link_is_the_digital_link_of_the_pack() -> None:
    assert LABEL.link == "https://id.gs1.org/01/09521101000016/10/L%2F1/21/A-1%252F?17=280131"


def test_a_label_carries_one_qr_code_unless_a_datamatrix_is_asked_for() -> None:
    (symbol,) = read(pixels(LABEL))
    assert (symbol.symbology, symbol.text) == ("]Q1", LABEL.link)
    found = {symbol.symbology: symbol.text for symbol in read(pixels(LABEL, datamatrix=True))}
    assert found == {"]Q1": LABEL.link, "]d2": "010952110100001621A-1%2F\x1d1728013110L/1"}


@pytest.mark.parametrize("dpi", DOTS)
@settings(max_examples=25)
@given(lot=VALUES, serial=VALUES, expiry=st.dates(date(2026, 1, 1), date(2060, 12, 31)))
@example(lot="(((10)))", serial="(21)", expiry=date(2028, 2, 29))
@example(lot=")(", serial="A(17)280131", expiry=date(2028, 1, 31))
@example(lot="0", serial="(", expiry=date(2028, 1, 31))
@example(lot="%00", serial="%1D10X", expiry=date(2028, 1, 31))
def test_every_lot_and_serial_of_gs1s_characters_survives_print_and_scan(
    dpi: int, lot: str, serial: str, expiry: date
) -> None:
    label = PrintedLabel("09521101000016", lot, expiry, serial)
    symbols = read(read_image(to_png(render(label, dpi=dpi, datamatrix=True), dpi=dpi)))
    assert sorted(symbol.symbology for symbol in symbols) == ["]Q1", "]d2"]
    for chosen in (symbols, symbols[:1], symbols[1:]):
        found = read_label(chosen, 2026)
        assert not found.contradiction
        said = found.label
        assert (said.gtin, said.lot, said.serial, said.expiry) == (label.gtin, lot, serial, expiry)


def test_each_of_gs1s_characters_survives_in_each_place() -> None:
    for start in range(0, 82, 20):
        some = (GS1_82 * 2)[start : start + 20]
        label = replace(LABEL, lot=some, serial=some[::-1])
        found = {symbol.symbology: symbol.text for symbol in read(pixels(label, datamatrix=True))}
        assert found == {"]Q1": label.link, "]d2": label.elements}


def test_a_reader_that_we_did_not_write_the_code_with_reads_it_too() -> None:
    for label in (LABEL, LONGEST):
        text, _, _ = cv2.QRCodeDetector().detectAndDecode(pixels(label, datamatrix=True))
        assert text == label.link


@pytest.mark.parametrize(
    "changes",
    [
        {"gtin": "09521101000017"},
        {"gtin": "9521101000016"},
        {"gtin": "09521101000016/10/X"},
        {"gtin": "09521101000016?99=1#"},
        {"gtin": "09521101000016/22/1"},
        {"serial": ""},
        {"serial": "x" * 21},
        {"serial": "Ä"},
        {"serial": "a\\b"},
        {"serial": "a\x1d10b"},
        {"lot": "a b"},
    ],
)
def test_a_label_that_breaks_gs1s_rules_is_not_drawn(changes: dict[str, str]) -> None:
    for datamatrix in (False, True):
        with pytest.raises(Malformed):
            render(replace(LABEL, **changes), datamatrix=datamatrix)


@pytest.mark.parametrize("wrong", [{"dpi": 0}, {"dpi": 10**9}, {"module": -1}, {"module": 10**6}])
def test_a_label_beyond_any_printer_is_not_drawn(wrong: dict[str, int]) -> None:
    with pytest.raises(Malformed, match="dots"):
        render(LABEL, **wrong)


def test_a_picture_that_does_not_read_as_its_label_is_not_handed_out() -> None:
    picture = render(LABEL, datamatrix=True)
    confirm(picture, LABEL, datamatrix=True)
    for changes in ({"serial": "A-1%2f"}, {"lot": "L/2"}, {"expiry": date(2028, 2, 1)}):
        with pytest.raises(Malformed, match="cannot be read back"):
            confirm(picture, replace(LABEL, **changes), datamatrix=True)
    with pytest.raises(Malformed, match="cannot be read back"):
        confirm(picture, LABEL)  # one symbol more than the label should have
    for name in ("QRCode", "DataMatrix"):
        torn = np.array(picture)
        left, top, right, bottom = box(of_format(torn, name))
        torn[top : (top + bottom) // 2, left : (left + right) // 2] = 255
        with pytest.raises(Malformed, match="cannot be read back"):
            confirm(Image.fromarray(torn), LABEL, datamatrix=True)


@pytest.mark.parametrize(
    "fault",
    [
        lambda text, form, options: write(text + "X", form, **options),
        lambda text, form, options: write(text.replace("A-1", "A-l"), form, **options),
        lambda text, form, options: write(text, form, **options | {"gs1": False}),
    ],
    ids=["one more", "another value", "no FNC1"],
)
def test_a_writer_of_symbols_that_errs_is_found_out(
    monkeypatch: pytest.MonkeyPatch, fault: Callable[..., Any]
) -> None:
    def faulty(text: str, form: Any, **options: Any) -> Any:
        return (
            fault(text, form, options)
            if form == zxingcpp.DataMatrix
            else write(text, form, **options)
        )

    monkeypatch.setattr(zxingcpp, "create_barcode", faulty)
    render(LABEL)
    with pytest.raises(Malformed, match="cannot be read back"):
        render(LABEL, datamatrix=True)


@pytest.mark.parametrize("dpi", DOTS)
def test_a_module_is_whole_dots_and_has_its_size_in_millimetres(dpi: int) -> None:
    picture = pixels(LABEL, dpi, datamatrix=True)
    for name, dots, millimetres in zip(
        ("QRCode", "DataMatrix"), DOTS[dpi], ((0.495, 0.51), (0.254, 0.495)), strict=True
    ):
        left, top, right, bottom = box(of_format(picture, name))
        modules = round((right - left) / dots)
        # From the top left corner on, each square of dots is of one colour.
        edge = picture[top:bottom, left:right].min(axis=1)
        top += int(np.argmin(edge))
        left += int(np.argmin(picture[top:bottom, left:right].min(axis=0)))
        cells = picture[top : top + modules * dots, left : left + modules * dots]
        cells = cells.reshape(modules, dots, modules, dots)
        assert (cells == cells[:, :1, :, :1]).all()
        assert millimetres[0] <= dots / dpi * 25.4 <= millimetres[1]
    with Image.open(io.BytesIO(to_png(render(LABEL, dpi=dpi), dpi=dpi))) as png:
        assert png.info["dpi"] == pytest.approx((dpi, dpi), abs=0.02)
        assert png.mode == "1"


@pytest.mark.parametrize("dpi", DOTS)
@pytest.mark.parametrize("label", [LABEL, LONGEST], ids=["short", "longest"])
def test_words_stand_between_the_symbols_outside_their_quiet_zones(
    label: PrintedLabel, dpi: int
) -> None:
    picture = pixels(label, dpi, datamatrix=True)
    assert set(np.unique(picture)) == {0, 255}  # a label printer has no greys
    dots, small = DOTS[dpi]
    _, _, end_of_qr, _ = box(of_format(picture, "QRCode"))
    start_of_matrix, _, _, _ = box(of_format(picture, "DataMatrix"))
    quiet, close = QUIET * dots - 2, QUIET_DATAMATRIX * small - 2  # corners are rounded
    words = picture[:, end_of_qr + 2 : start_of_matrix - 1]
    assert words[:, :quiet].min() == 255
    assert words[:, -close:].min() == 255
    inked = (words == 0).any(axis=1)
    lines = np.count_nonzero(inked[1:] & ~inked[:-1])
    assert lines == 4
    # Capitals of 1.8 mm at least; nothing is cut off at the label's edge.
    assert np.count_nonzero(inked) / lines / dpi * 25.4 >= 1.8
    for edge in (picture[:close], picture[-close:], picture[:, :close], picture[:, -close:].T):
        assert edge.min() == 255
    assert picture.shape[1] / dpi * 25.4 <= 104  # what a four inch printer takes


def test_words_stand_beside_the_code_and_the_quiet_zone_is_kept() -> None:
    picture = np.asarray(render(LABEL, module=4))
    (symbol,) = read(picture)
    right = max(corner[0] for corner in symbol.corners)
    words = picture[:, right + 4 * 4 :]
    assert words.min() == 0
    assert picture[: 4 * 4].min() == 255
    assert picture[:, : 4 * 4].min() == 255


def test_a_qr_code_restores_what_level_m_restores() -> None:
    assert qr_modules(LABEL.link, level="H").shape > qr_modules(LABEL.link).shape
    picture = pixels(LABEL)
    left, top, right, bottom = box(of_format(picture, "QRCode"))
    worn = picture.copy()
    middle = round((left + right) / 2), round((top + bottom) / 2)
    cv2.circle(worn, middle, round((right - left) * 0.14), 255, -1)  # 6 % of the symbol
    (symbol,) = read(worn)
    assert symbol.text == LABEL.link


def test_the_same_label_gives_the_same_bytes() -> None:
    assert to_png(render(LABEL)) == to_png(render(LABEL))


@pytest.fixture
def lot(chain: Chain) -> list[str]:
    """A lot with serials that no file name may hold, two of which differ by an escape alone."""
    ids = [gs1.sgtin(chain.gtin, serial) for serial in ("A/1", "A_2F1", "../../x", "(21)", "1")]
    event = chain.event("commission", chain.maker, ids, lot="L/1", expiry=date(2028, 1, 31))
    chain.log.submit(event)
    return ids


@pytest.mark.parametrize("dpi", DOTS)
@pytest.mark.parametrize("form", ["png", "zpl"])
def test_a_lots_labels_are_written_one_file_a_pack(
    chain: Chain, lot: list[str], tmp_path: Path, dpi: int, form: str
) -> None:
    out = tmp_path / "made" / "labels"
    words = ["labels", chain.gtin, "L/1", "-o", out, "--dpi", dpi, "--datamatrix", "--format", form]
    done = CliRunner().invoke(main, [*map(str, words), "--log", str(chain.folder), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"folder": str(out), "labels": len(lot)}
    files = sorted(out.iterdir())
    assert len(files) == len(lot)
    assert {path.suffix for path in files} == {f".{form}"}
    frames = [dots_of(path.read_text()) if form == "zpl" else read_file(path) for path in files]
    assert {read_label(read(frame), 2026).label.id for frame in frames} == set(lot)


def test_a_lot_that_was_never_made_has_no_labels(chain: Chain, tmp_path: Path) -> None:
    words = ["labels", chain.gtin, "NONE", "-o", str(tmp_path / "out"), "--log", str(chain.folder)]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2
    assert "never commissioned" in done.stderr
    assert not (tmp_path / "out").exists()
