"""The plain human-readable form of a label: `PC: … SN: … LOT: … EXP: …`, as packs print it.

Only what can be read in one way: a date whose day, month or year could be another's is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from ledger.errors import Malformed
from ledger.statement.ai import Element, has_check_digit, parse_yymmdd

# AI -> the words that packs of Europe and America print before its value.
_WORDS: Final[Mapping[str, str]] = {
    "00": r"SSCC",
    "01": r"(?:GTIN|NTIN)(?:-1[34])?|PC|Product\s+code",
    "10": r"(?:LOT|BATCH|BN|Lote|Lotto|Charge|Ch\.?-?\s?B)(?:\s*(?:No|Nr|Number))?",
    "11": r"MFG|MFD|MAN",
    "17": r"EXP(?:\s+date|iry(?:\s+date)?)?|Use\s+by|verw(?:\.|endbar)?\s*bis|CAD|SCAD|Scadenza|VAL",
    "21": r"SN|S/N|SER|Serial(?:\s*(?:No|Nr|Number))?",
    "99": r"INTERNAL",  # of our own labels: a practice log's mark
    "": r"NN",  # a national number: whose of (710) to (717) it is, the print does not say
}
_WORD: Final = re.compile(
    r"(?:(?<=\s)|^)(?:"
    + "|".join(f"({words})" for words in _WORDS.values())
    + r")(?:\s*[.:=]+|\s)",
    re.IGNORECASE,
)
_AIS: Final = tuple(_WORDS)
_MONTHS: Final = (
    "JAN",
    "FEB",
    "MAR",
    "APR",
    "MAY",
    "JUN",
    "JUL",
    "AUG",
    "SEP",
    "OCT",
    "NOV",
    "DEC",
)
_DATES: Final = (
    re.compile(r"(?P<y>20\d\d)[-/.](?P<m>\d\d)(?:[-/.](?P<d>\d\d))?", re.ASCII),
    re.compile(r"(?P<y>20\d\d)(?P<m>\d\d)(?P<d>\d\d)", re.ASCII),
    re.compile(r"(?:(?P<d>\d\d)\.)?(?P<m>\d\d)\.(?P<y>20\d\d)", re.ASCII),
    re.compile(r"(?P<m>\d\d)[-/](?P<y>20\d\d)", re.ASCII),
    re.compile(r"(?:(?P<d>\d\d)[- ]?)?(?P<m>[A-Z]{3})[- ]?(?P<y>20\d\d)", re.ASCII),
    re.compile(r"(?P<y>20\d\d)[- ]?(?P<m>[A-Z]{3})(?:[- ]?(?P<d>\d\d))?", re.ASCII),
)


def is_printed(text: str) -> bool:
    """Whether a text begins as the plain human-readable form does."""
    return _WORD.match(text) is not None


def split_printed(text: str, year: int) -> list[Element]:
    """Take the plain human-readable form apart; `year` is the current one.

    >>> split_printed("PC: 09521234543213 SN: A1 LOT: L1 EXP: 01/2028", 2026)
    [('01', '09521234543213'), ('21', 'A1'), ('10', 'L1'), ('17', '280100')]

    Raises Malformed.
    """
    return [(ai, _read(ai, value, year)) for ai, value in unlisted([*fields(text)]) if ai]


def fields(text: str) -> Iterator[Element]:
    """Each word's AI with the text behind it; "" for the national number.

    Raises Malformed for a text that does not begin with such a word.
    """
    words = list(_WORD.finditer(text))
    if not words or words[0].start():
        raise Malformed("each value stands behind its word: GTIN … SN … LOT … EXP …")
    ends = [word.start() for word in words[1:]] + [len(text)]
    for word, end in zip(words, ends, strict=True):
        yield _AIS[(word.lastindex or 1) - 1], text[word.end() : end].strip()


def unlisted(found: list[Element]) -> list[Element]:
    """Fields without the comma or semicolon that a list puts between them.

    GS1 values may end in such a mark. Whether it is one of the list's, a field that cannot hold one
    tells: a number or a date. Raises Malformed where none tells.
    """
    ends = [value[-1:] for _, value in found[:-1]]
    if not any(end in (",", ";") for end in ends if end):
        return found
    told = {
        end for (ai, _), end in zip(found, ends, strict=False) if ai in ("00", "01", "11", "17")
    }
    if told in ({","}, {";"}) and set(ends) == told:
        return [(ai, value.rstrip(",;")) for ai, value in found[:-1]] + found[-1:]
    if not told or told & {",", ";"}:
        raise Malformed(
            "whether a comma or semicolon belongs to a value cannot be told: leave it out"
        )
    return found


def _read(ai: str, value: str, year: int) -> str:
    if not value:
        raise Malformed(f"no value stands behind the word of ({ai})")
    if ai in ("11", "17"):
        return printed_date(value, year)
    if len(value.split()) > 1:
        raise Malformed(f"{value[:60]!r} is more than one value; write a word before each")
    if ai == "01" and len(value) in (8, 12, 13) and has_check_digit(value):
        return value.zfill(14)
    return value


def printed_date(text: str, year: int) -> str:
    """A printed date as YYMMDD, day 00 where only the month is printed; `year` is the current one.

    Raises Malformed for what is no date or can be read as two.
    """
    for pattern in _DATES:
        if match := pattern.fullmatch(text.upper()):
            month = match["m"]
            if month.isalpha():
                if month not in _MONTHS:
                    raise Malformed(f"{month} is no month")
                month = f"{_MONTHS.index(month) + 1:02}"
            day = match.groupdict().get("d")
            if day == "00":
                raise Malformed(f"{text} has no day; write the month alone, as 2028-01")
            short = match["y"][2:] + month + (day or "00")
            if parse_yymmdd(short, year).year != int(match["y"]):
                raise Malformed(f"{text} is too far from now")
            return short
    raise Malformed(
        f"{text[:40]!r} can be read in more than one way, or is no date; write it as "
        f"{date(year + 2, 1, 31)}"
    )
