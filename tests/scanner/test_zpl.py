"""ZPL that a label printer is sent: read by a small printer of our own, dot by dot."""

from __future__ import annotations

import re
import zlib
from base64 import b64decode
from datetime import date

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from ledger.errors import Malformed
from scanner.label import PrintedLabel, render
from scanner.symbols import read
from scanner.zpl import to_zpl
from tests.scanner.pictures import LABEL, Picture

GS1_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
VALUES = st.text(GS1_82, min_size=1, max_size=20)


def crc16(data: bytes) -> int:
    """CRC-16-CCITT from zero, bit by bit."""
    crc = 0
    for byte in data:
        for bit in range(7, -1, -1):
            crc = crc << 1 ^ (0x1021 if (crc >> 15 ^ byte >> bit) & 1 else 0)
            crc &= 0xFFFF
    return crc


def commands_of(text: str) -> list[tuple[str, str]]:
    """The commands of a format, each with its parameters; nothing may stand between them."""
    assert text.isascii()
    found = re.findall(r"([\^~][A-Z][A-Z0-9])([^^~\n]*)\n?", text)
    assert re.sub(r"[\^~][A-Z][A-Z0-9][^^~\n]*\n?", "", text) == ""
    return found


def dots_of(text: str) -> Picture:
    """What one label format prints, as the programming guide describes its commands."""
    commands = commands_of(text)
    assert [name for name, _ in commands] == [
        "^XA", "^CI", "^MU", "^JM", "^PO", "^PM", "^LR", "^LS", "^LH", "^PW", "^LL",
        "^FO", "^GF", "^FS", "^PQ", "^XZ",
    ]  # fmt: skip
    told = dict(commands)
    assert [told[name] for name in ("^CI", "^MU", "^JM", "^PO", "^PM", "^LR", "^LS")] == [
        "28", "D", "A", "N", "N", "N", "0",
    ]  # fmt: skip
    assert told["^LH"] == told["^FO"] == "0,0"
    field = re.fullmatch(r"A,(\d+),(\d+),(\d+),:Z64:([A-Za-z0-9+/=]+):([0-9A-F]{4})", told["^GF"])
    assert field is not None
    sent, total, row = (int(field[n]) for n in (1, 2, 3))
    assert crc16(field[4].encode()) == int(field[5], 16)
    data = zlib.decompress(b64decode(field[4], validate=True))
    assert len(data) == sent == total
    paper = np.full((int(told["^LL"]), int(told["^PW"])), 255, np.uint8)
    assert total == row * len(paper)
    for y, x in np.ndindex(paper.shape):
        if data[y * row + x // 8] >> (7 - x % 8) & 1:
            paper[y, x] = 0
    return paper


def test_the_checksum_is_the_one_that_printers_expect() -> None:
    # A graphic of two bytes, as a public renderer of ZPL has it among its tests.
    data = b"eJxbFQoAAasBAA=="
    assert crc16(data) == 0xB023
    assert zlib.decompress(b64decode(data)) == b"\xaa\x55"


@pytest.mark.parametrize("dpi", [203, 300, 600])
@settings(max_examples=6)
@given(lot=VALUES, serial=VALUES)
@example(lot="XZ", serial="FS_1E_5E")
def test_what_the_printer_prints_reads_as_the_label(dpi: int, lot: str, serial: str) -> None:
    label = PrintedLabel("09521101000016", lot, date(2028, 1, 31), serial)
    picture = render(label, dpi=dpi, datamatrix=True)
    printed = dots_of(to_zpl(picture))
    assert (printed == np.asarray(picture)).all()
    found = {symbol.symbology: symbol.text for symbol in read(printed)}
    assert found == {"]Q1": label.link, "]d2": label.elements}


def test_no_value_of_a_label_stands_in_the_commands() -> None:
    label = PrintedLabel("09521101000016", "FDHELLO", date(2028, 1, 31), "XZXAFD_5EJR")
    text = to_zpl(render(label))
    assert [name for name, _ in commands_of(text)].count("^XZ") == 1
    assert not re.search(r"HELLO|_5E|\^FD|\^B|\^A", text)


@pytest.mark.parametrize("size", [(1, 1), (7, 3), (8, 1), (9, 5), (16, 2)])
def test_a_row_ends_its_last_byte_with_white(size: tuple[int, int]) -> None:
    assert (dots_of(to_zpl(Image.new("L", size, 0))) == 0).all()
    assert (dots_of(to_zpl(Image.new("1", size, 1))) == 255).all()


def test_several_labels_follow_each_other_and_each_is_printed_as_often_as_asked() -> None:
    both = to_zpl(render(LABEL), copies=3) + to_zpl(render(LABEL, dpi=203))
    first, second, nothing = both.split("^XZ\n")
    assert nothing == ""
    assert ("^PQ", "3") in commands_of(first)
    assert ("^PQ", "1") in commands_of(second)


@pytest.mark.parametrize("copies", [0, -1, 100_000_000])
def test_no_copies_and_too_many_are_refused(copies: int) -> None:
    with pytest.raises(Malformed, match="copies"):
        to_zpl(render(LABEL), copies=copies)


@pytest.mark.parametrize("size", [(32_001, 8), (8, 32_001), (0, 8)])
def test_a_picture_that_no_printer_takes_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(Malformed, match="dots"):
        to_zpl(Image.new("1", size))
