"""What the symbols in view say together: one label, a contradiction, or more than one pack."""

from __future__ import annotations

import numpy as np
import pytest

from ledger.errors import Malformed
from ledger.rules.reasons import HOLD, OK
from ledger.rules.verdict import verdict
from scanner.check import judged, read_label
from scanner.symbols import read
from tests.scanner import pictures
from tests.scanner.pictures import LABEL, Picture

MATRIX = "(01)09521101000016(21)A-1%2F(10)L/1(17)280131"


def side_by_side(*codes: Picture) -> Picture:
    """Codes on one white sheet."""
    page = np.full((500, 120 + 480 * len(codes)), 255, np.uint8)
    for place, code in enumerate(codes):
        left = 50 + 480 * place
        page[50 : 50 + code.shape[0], left : left + code.shape[1]] = code
    return page


def test_two_symbols_of_one_pack_are_one_label() -> None:
    page = side_by_side(pictures.qr(LABEL.link, 5), pictures.gs1_datamatrix(MATRIX, 8))
    found = read(page)
    assert len(found) == 2
    reading = read_label(found, 2026)
    assert reading.label.serial == "A-1%2F"
    assert reading.contradiction == ""


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        (MATRIX.replace("L/1", "L/2"), "lot L/1 and L/2"),
        (MATRIX.replace("280131", "290131"), "expiry 2028-01-31 and 2029-01-31"),
        (MATRIX.replace("A-1", "B-2"), "serial A-1%2F and B-2%2F"),
        (MATRIX.replace("09521101000016", "09521102000015"), "GTIN 09521101000016 and"),
    ],
    ids=["lot", "expiry", "serial", "product"],
)
def test_two_symbols_of_one_pack_that_disagree_are_a_finding(elements: str, words: str) -> None:
    page = side_by_side(pictures.qr(LABEL.link, 5), pictures.gs1_datamatrix(elements, 8))
    reading = read_label(read(page), 2026)
    assert words in reading.contradiction
    told = judged(verdict({"in-stock": ""}, "dispense"), reading)
    assert told.word == HOLD
    assert told.codes == ("symbols-disagree", "in-stock")
    assert words in told.reasons[0].words


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ("(01)09521101000016(10)L/2", "lot L/1 and L/2"),
        ("(01)09521101000016(17)290131", "expiry 2028-01-31 and 2029-01-31"),
        ("(01)09521101000016(10)L/1(17)280131", ""),
        ("(01)09521101000016", ""),
        ("(01)09521102000015(10)L/2", ""),  # the code of a case, or of the pack behind it
        ("(00)095211110000000015(10)L/2", ""),
    ],
)
def test_a_symbol_without_a_serial_must_not_claim_another_lot_or_expiry(
    elements: str, words: str
) -> None:
    page = side_by_side(pictures.qr(LABEL.link, 5), pictures.gs1_datamatrix(elements, 8))
    found = read(page)
    assert len(found) == 2
    reading = read_label(found, 2026)
    assert reading.label.serial == "A-1%2F"
    assert reading.contradiction == words


def test_what_agrees_adds_nothing_to_a_verdict() -> None:
    reading = read_label(read(pictures.qr(LABEL.link)), 2026)
    told = verdict({"in-stock": ""}, "dispense")
    assert judged(told, reading) == told
    assert told.word == OK


def test_two_packs_in_view_are_no_finding_but_one_too_many() -> None:
    other = LABEL.link.replace("A-1", "B-2")
    page = side_by_side(pictures.qr(LABEL.link, 5), pictures.qr(other, 5))
    with pytest.raises(Malformed, match="more than one pack"):
        read_label(read(page), 2026)


def test_a_code_that_is_no_label_does_not_stand_in_the_way() -> None:
    page = side_by_side(
        pictures.qr("https://brand.example/win-a-prize", 5), pictures.gs1_datamatrix(MATRIX, 8)
    )
    assert read_label(read(page), 2026).label.lot == "L/1"
    with pytest.raises(Malformed, match="no GS1 key"):
        read_label(read(pictures.qr("https://brand.example/win-a-prize")), 2026)
