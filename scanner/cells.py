"""What a spreadsheet makes of a label's values, and a row of cells read as a label: pure.

A cell that looks like a number loses its leading zeros or is shown as 9.52E+12; a date takes the
form of the country. What cannot be told here is offered in each way: the log decides (`faults`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Final

from ledger.errors import Malformed
from ledger.statement.ai import CSET_82, Element, has_check_digit, parse_yymmdd
from ledger.statement.printed import printed_date

_NUMBER: Final = re.compile(r"[0-9]+(?:[.,][0-9]+)?E\+?[0-9]{1,2}", re.ASCII | re.IGNORECASE)
_GROUPED: Final = re.compile(r"[0-9]{1,3}([ .,'])[0-9]{3}(?:\1[0-9]{3})+", re.ASCII)
_POINT: Final = re.compile(r"([0-9]+)[.,]0+", re.ASCII)
_THREE: Final = re.compile(r"([0-9]{1,4})[-/. ]([0-9]{1,2})[-/. ]([0-9]{1,4})", re.ASCII)
_TWO: Final = re.compile(r"([0-9]{1,4})[-/. ]([0-9]{1,4})", re.ASCII)
_PARTS: Final = ("\t", "\n", "|", ";", ",", " ")
_EPOCH: Final = date(1899, 12, 30)  # day 0 of a spreadsheet's dates


def is_shortened(text: str) -> bool:
    """Whether a text holds a number as 9.52E+12, whose last digits may be lost."""
    return re.search(r"[0-9][.,][0-9]+E\+[0-9]", text, re.IGNORECASE) is not None


def whole_number(text: str) -> str:
    """The digits of a number as a spreadsheet writes it, "" when it is no whole number.

    >>> whole_number("9.521234543213E+12"), whole_number("9,521,234,543,213"), whole_number("12.0")
    ('9521234543213', '9521234543213', '12')
    """
    text = text.strip("'\"\u2019 ")
    if _NUMBER.fullmatch(text):
        number = Decimal(text.replace(",", "."))
        # Above 20 digits it is neither a GTIN nor a serial.
        if number == number.to_integral_value() and number < 10**20:
            return str(int(number))
        return ""
    if _GROUPED.fullmatch(text):
        return re.sub(r"[^0-9]", "", text)
    if match := _POINT.fullmatch(text):
        return match[1]
    return text if text.isascii() and text.isdigit() else ""


def gtin_of_cell(text: str) -> str:
    """The GTIN that a cell holds, with the zeros that it lost, or ""."""
    digits = whole_number(text)
    if 8 <= len(digits) <= 14 and has_check_digit(digits):
        return digits.zfill(14)
    return ""


def date_readings(text: str, year: int) -> list[str]:
    """Each date that a text can mean, as YYMMDD; `year` is the current one."""
    found: list[str] = []
    with suppress(Malformed):
        found.append(printed_date(text, year))
    text = text.strip("'\" ")
    digits = text if text.isascii() and text.isdigit() else ""
    if len(digits) == 6:
        found += [digits, digits[4:] + digits[2:4] + digits[:2], digits[4:] + digits[:4]]
    elif len(digits) == 5:
        found += [f"{_EPOCH + timedelta(days=int(digits)):%y%m%d}", f"0{digits}"]
    elif match := _THREE.fullmatch(text):
        one, two, three = (part.zfill(2)[-2:] for part in match.groups())
        found += [one + two + three, three + two + one, three + one + two]
    elif match := _TWO.fullmatch(text):
        one, two = (part.zfill(2)[-2:] for part in match.groups())
        found += [two + one + "00", one + two + "00"]
    return [one for one in dict.fromkeys(found) if _is_date(one, year)]


def from_cells(text: str, year: int) -> Iterator[tuple[Element, ...]]:
    """Each way to read a row of two to four cells as GTIN, serial, lot and expiry."""
    # The first of these that a row holds parts it: values may hold the later ones.
    mark = next((mark for mark in _PARTS if mark in text.strip()), "\t")
    cells = [_unquoted(cell.strip()) for cell in text.strip().split(mark)]
    if not 2 <= len(cells) <= 4 or not all(cells):
        return
    for order in permutations(range(len(cells))):
        gtin = gtin_of_cell(cells[order[0]])
        if not gtin:
            continue
        rest = [cells[n] for n in order[1:]]
        # Serial first, then lot and expiry as far as there are cells.
        for names in (("21",), ("21", "10"), ("21", "17"), ("21", "10", "17")):
            if len(names) == len(rest):
                yield from _named(gtin, dict(zip(names, rest, strict=True)), year)


def _named(gtin: str, values: dict[str, str], year: int) -> Iterator[tuple[Element, ...]]:
    for name in ("21", "10"):
        value = values.get(name, "x")
        if len(value) > 20 or not CSET_82.issuperset(value):
            return
    head = (("01", gtin), *((ai, value) for ai, value in values.items() if ai != "17"))
    if "17" not in values:
        yield head
        return
    for expiry in date_readings(values["17"], year):
        yield (*head, ("17", expiry))


def _unquoted(cell: str) -> str:
    for quote in ("'", '"'):
        if len(cell) > 2 and cell[0] == cell[-1] == quote:
            return cell[1:-1]
    return cell


def _is_date(text: str, year: int) -> bool:
    try:
        parse_yymmdd(text, year)
    except Malformed:
        return False
    return True
