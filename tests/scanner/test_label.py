"""The printed label: what GS1 asks to be on it, and nothing that cannot be read back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import Malformed
from scanner.check import read_label
from scanner.label import PrintedLabel, render, to_png
from scanner.symbols import read
from tests.scanner.pictures import LABEL

# GS1 General Specifications figure 7.11-1: the characters of lot and serial.
GS1_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"


def test_the_link_is_the_digital_link_of_the_pack() -> None:
    assert LABEL.link == "https://id.gs1.org/01/09521101000016/10/L%2F1/21/A-1%252F?17=280131"


@given(
    st.text(GS1_82, min_size=1, max_size=20),
    st.text(GS1_82, min_size=1, max_size=20),
    st.dates(date(2026, 1, 1), date(2060, 12, 31)),
)
def test_every_lot_and_serial_of_gs1s_characters_survives_print_and_scan(
    lot: str, serial: str, expiry: date
) -> None:
    label = PrintedLabel("09521101000016", lot, expiry, serial)
    found = read_label(read(np.asarray(render(label, module=3))), 2026).label
    assert (found.lot, found.serial, found.expiry) == (lot, serial, expiry)


@pytest.mark.parametrize(
    "changes",
    [
        {"gtin": "09521101000017"},
        {"gtin": "9521101000016"},
        {"serial": ""},
        {"serial": "x" * 21},
        {"serial": "Ä"},
        {"lot": "a b"},
    ],
)
def test_a_label_that_breaks_gs1s_rules_is_not_drawn(changes: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        render(replace(LABEL, **changes))


def test_words_stand_beside_the_code_and_the_quiet_zone_is_kept() -> None:
    picture = np.asarray(render(LABEL, module=4))
    (symbol,) = read(picture)
    right = max(corner[0] for corner in symbol.corners)
    words = picture[:, right + 4 * 4 :]
    assert words.min() == 0
    assert picture[: 4 * 4].min() == 255
    assert picture[:, : 4 * 4].min() == 255


def test_the_same_label_gives_the_same_bytes() -> None:
    assert to_png(render(LABEL)) == to_png(render(LABEL))
