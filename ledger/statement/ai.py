"""GS1 Application Identifiers: formats, checks and how they may stand together.

Formats come from biip's table; what biip leaves out (check digits, dates, required and excluded
neighbours, Digital Link keys) is here as facts of the GS1 General Specifications and the GS1
Barcode Syntax Dictionary. Which identifiers make a pack is left to `gs1`.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from biip import ParseError
from biip.gs1_application_identifiers import GS1ApplicationIdentifier

from ledger.errors import Malformed

Element = tuple[str, str]  # (AI, value)

CSET_82: Final = frozenset(
    "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
)
CSET_39: Final = frozenset("#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")

# AIs whose length is fixed for ever and that need no separator behind them.
_PREDEFINED: Final[Mapping[str, int]] = {
    "00": 18, "01": 14, "02": 14, "03": 14, "11": 6, "12": 6, "13": 6, "15": 6, "16": 6, "17": 6,
    "20": 2, "31": 6, "32": 6, "33": 6, "34": 6, "35": 6, "36": 6, "41": 13,
}  # fmt: skip
# Where a value carries a check digit: AI -> number of leading digits that it closes.
_CHECKED: Final[Mapping[str, int]] = {
    "00": 18, "01": 14, "02": 14, "03": 14, "253": 13, "255": 13, "402": 17, "410": 13, "411": 13,
    "412": 13, "413": 13, "414": 13, "415": 13, "416": 13, "417": 13, "8006": 14, "8017": 18,
    "8018": 18, "8026": 14,
}  # fmt: skip
_DATES: Final = frozenset({"11", "12", "13", "15", "16", "17"})
_TRADE: Final = "01 02 03 8006 8026"
_KEYED: Final = "00 01 253 254 255 414 417 8003 8004 8006 8010"
# AI -> groups of AIs, of each of which one must stand beside it.
_REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "02": ("37",), "10": (_TRADE,), "11": (_TRADE,), "12": ("8020",), "13": (_TRADE,),
    "15": (_TRADE,), "16": (_TRADE,), "17": (f"{_TRADE} 255",), "20": ("01 02 8006 8026",),
    "21": ("01 03 8006",), "22": ("01",), "235": ("01",), "240": ("01 02 8006 8026",),
    "241": ("01 02 8006 8026",), "242": ("01 02 8006 8026",), "243": ("01",),
    "250": ("01 8006", "21"), "251": ("01 8006",), "254": ("414",), "30": ("01 02",),
    "37": ("00", "02 8026"), "403": ("00",), "415": ("8020",), "422": ("01 02 8006 8026",),
    "423": ("01 02",), "424": ("01 02",), "425": ("01 02",), "426": ("01 02",),
    "7003": ("01 02",), "7040": (_KEYED,), "710": ("01",), "711": ("01",), "712": ("01",), "713": ("01",), "714": ("01",), "715": ("01",), "716": ("01",), "717": ("01",),
    "8001": ("01",), "8005": ("01 02",), "8008": ("01 02",), "8011": ("8010",), "8012": ("01 8006",),
    "8019": ("8017 8018",), "8020": ("415",), "8026": ("37",), "8200": ("01",),
}  # fmt: skip
# AI -> AIs that may not stand beside it.
_EXCLUDED: Final[Mapping[str, str]] = {
    "01": "255 37", "02": "01 03", "03": "01 02 37", "21": "235", "255": "01 02 415 8006 8020 8026",
    "420": "421", "422": "426", "423": "426", "424": "426", "425": "426", "8006": "01 37",
    "8017": "8018", "8018": "8017", "8026": "02 8006",
}  # fmt: skip
# Digital Link primary keys -> the sequences of qualifiers that may follow, in order.
KEYS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "00": ((),), "01": (("22", "10", "21"), ("235",)), "253": ((),), "255": ((),), "401": ((),),
    "402": ((),), "414": (("254",), ("7040",)), "415": (("8020",),), "417": (("7040",),),
    "8003": ((),), "8004": (("7040",),), "8006": (("22", "10", "21"),), "8010": (("8011",),),
    "8013": ((),), "8017": (("8019",),), "8018": (("8019",),),
}  # fmt: skip
# Qualifiers that may not stand in a Digital Link's query.
_PATH_ONLY: Final = frozenset(
    {"03", "21", "22", "235", "254", "8011", "8014", "8019", "8020", "8200"}
)


def check_digit(digits: str) -> str:
    """The GS1 check digit of the digits before it (General Specifications section 7.9)."""
    raw = digits.encode()
    odd, even = raw[::-1][::2], raw[::-1][1::2]
    total = 3 * (sum(odd) - 48 * len(odd)) + sum(even) - 48 * len(even)
    return str(-total % 10)


def has_check_digit(digits: str) -> bool:
    """Whether a string of ASCII digits ends in its own check digit."""
    return digits.isascii() and digits.isdigit() and check_digit(digits[:-1]) == digits[-1]


class _Format(NamedTuple):
    ai: str
    pattern: re.Pattern[str]
    length: int  # predefined length of the value, 0 when a separator ends it


@lru_cache(1024)
def _format(prefix: str) -> _Format:
    """The format of the AI that a text begins with, given its first four characters."""
    try:
        found = GS1ApplicationIdentifier.extract(prefix)
    except ParseError as error:
        raise Malformed(f"no GS1 Application Identifier begins {prefix!r}") from error
    fixed = _PREDEFINED.get(found.ai[:2], 0)
    return _Format(found.ai, re.compile(found.pattern), fixed)


def split_elements(text: str) -> list[Element]:
    """Take an element string apart: FNC1 (U+001D) ends what has no predefined length.

    Raises Malformed.
    """
    elements = []
    place = 0
    while place < len(text):
        form = _format(text[place : place + 4])
        place += len(form.ai)
        if form.length:
            value = text[place : place + form.length]
            place += form.length
            if len(value) < form.length or "\x1d" in value:
                raise Malformed(f"({form.ai}) is cut off: it has {form.length} characters")
            if text[place : place + 1] == "\x1d":
                place += 1
        else:
            value, _, _ = text[place:].partition("\x1d")
            place += len(value) + 1
        if not value:
            raise Malformed(f"({form.ai}) is empty")
        elements.append((form.ai, value))
    return elements


def split_bracketed(text: str) -> list[Element]:
    r"""Take the human-readable form apart: `(01)…(21)…`, a bracket in a value written `\(`.

    Raises Malformed.
    """
    elements: list[Element] = []
    place = 0
    while place < len(text):
        end = text.find(")", place)
        ai = text[place + 1 : end]
        if text[place] != "(" or end < 0 or not (ai.isascii() and ai.isdigit() and len(ai) <= 4):
            raise Malformed("each value stands behind its AI in brackets, (01)…(21)…")
        place = end + 1
        value = ""
        while place < len(text) and text[place] != "(":
            if text[place : place + 2] == "\\(":
                place += 1
            value += text[place]
            place += 1
        # Print sets the elements apart by spaces; no value can hold one.
        elements.append((ai, value.strip(" \t\r\n")))
    return elements


def check_elements(elements: Sequence[Element]) -> tuple[Element, ...]:
    """Check each value, and that all may stand together; an equal one may stand twice.

    Raises Malformed with the first rule broken.
    """
    found: dict[str, str] = {}
    for ai, value in elements:
        if found.get(ai, value) != value:
            raise Malformed(f"({ai}) stands twice with different values")
        if ai not in found:
            _check_value(ai, value)
            found[ai] = value
    for ai in found:
        for group in _REQUIRED.get(ai, ()):
            if not any(other in found for other in group.split()):
                raise Malformed(f"({ai}) needs one of {group} beside it")
        for other in _EXCLUDED.get(ai, "").split():
            if other in found:
                raise Malformed(f"({ai}) and ({other}) cannot stand together")
    return tuple(elements)


@lru_cache(4096)  # a reading is often tried in many ways that share most of their values
def _check_value(ai: str, value: str) -> None:
    if not value:
        raise Malformed(f"({ai}) is empty")
    form = _format(ai)
    if form.ai != ai:
        raise Malformed(f"({ai}) is no GS1 Application Identifier")
    allowed = CSET_39 if ai == "8010" else CSET_82
    if strange := [c for c in value if c not in allowed]:
        raise Malformed(f"({ai}) holds {strange[0]!r}, which is not in GS1's character set")
    if ai in _DATES:
        parse_yymmdd(value, 2026)
    if not form.pattern.fullmatch(ai + value):
        raise Malformed(f"({ai}) {value[:40]!r} has a wrong length or character")
    if checked := _CHECKED.get(ai):
        if not has_check_digit(value[:checked]):
            raise Malformed(f"({ai}) {value[:checked]} has a wrong check digit")
    elif ai == "8003" and not (value[0] == "0" and has_check_digit(value[1:14])):
        raise Malformed(f"(8003) {value[:14]} has a wrong check digit")
    if ai == "8011" and value[0] == "0":
        raise Malformed("(8011) begins with 0")


def parse_yymmdd(text: str, year: int) -> date:
    """A date of six digits; day 00 is the month's last (General Specifications section 3.4).

    `year` is the current one: years 51 and more ahead lie in the century before, 50 and more behind
    in the next (section 7.12). Raises Malformed.
    """
    if not (len(text) == 6 and text.isascii() and text.isdigit()):
        raise Malformed(f"{text[:20]!r} is not a date YYMMDD")
    century = year - year % 100
    ahead = int(text[:2]) - year % 100
    full = century + int(text[:2]) + (-100 if ahead >= 51 else 100 if ahead <= -50 else 0)
    month, day = int(text[2:4]), int(text[4:])
    try:
        return date(full, month, day or monthrange(full, month)[1])
    except ValueError as error:  # also calendar's own for a month above 12
        raise Malformed(f"{text} is not a day of the calendar") from error


def check_sequence(path: Sequence[Element]) -> None:
    """Check a Digital Link's path: a primary key, then its qualifiers in their order.

    Raises Malformed.
    """
    key = path[0][0]
    qualifiers = [ai for ai, _ in path[1:]]
    for sequence in KEYS[key]:
        places = [sequence.index(ai) if ai in sequence else -1 for ai in qualifiers]
        if -1 not in places and places == sorted(set(places)):
            return
    raise Malformed(f"({key}) cannot be followed by {', '.join(qualifiers)} in a Digital Link")


def check_query(ai: str) -> None:
    """Refuse what a Digital Link carries in its path only. Raises Malformed."""
    if ai in _PATH_ONLY or ai in KEYS:
        raise Malformed(f"({ai}) stands in a Digital Link's path, not in its query")
