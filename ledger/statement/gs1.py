"""GS1 identifiers in their one canonical form, and what a label says.

Strict and never guessing (epcis.md 1, 4): a text that can be read in two ways, or breaks a rule of
GS1, is refused with the rule. EPC URNs are in `epc`; what a pack's record says is left to others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final, NamedTuple
from urllib.parse import quote, unquote_to_bytes

from ledger.errors import Malformed
from ledger.statement.ai import (
    CSET_82,
    KEYS,
    Element,
    check_digit,
    check_elements,
    check_query,
    check_sequence,
    has_check_digit,
    parse_yymmdd,
    split_bracketed,
    split_elements,
)
from ledger.statement.printed import is_printed, split_printed
from ledger.statement.urn import label_elements

__all__ = [
    "PRACTICE",
    "ItemId",
    "Label",
    "check_digit",
    "check_lot",
    "has_check_digit",
    "is_gln",
    "is_gtin",
    "pack_id_of",
    "pack_of",
    "parse_item_id",
    "parse_party_uri",
    "parse_scan",
    "parse_site_uri",
    "party_uri",
    "sgtin",
    "site_uri",
    "sscc",
]

ROOT: Final = "https://id.gs1.org"
PIVOT_YEAR: Final = 2026  # for the century of a two-digit year, where no clock is given
MAX_TEXT: Final = 4096
# What the label of a practice log carries: AI 99 is for what companies agree among themselves.
PRACTICE: Final[Element] = ("99", "PRACTICE")
_SITE: Final = f"{ROOT}/414/"
_PARTY: Final = f"{ROOT}/417/"
_PACK_ID: Final = re.compile(
    r"https://id\.gs1\.org/01/([0-9]{14})/21/"
    r"((?:[A-Za-z0-9._-]|%(?:2[125-9ABCF]|3[A-F])){1,20})"
)
_UNIT_ID: Final = re.compile(r"https://id\.gs1\.org/00/([0-9]{18})")
_PACK: Final = f"{ROOT}/01/"
_SYMBOLOGY: Final = re.compile(r"\][A-Za-z][0-9]")
_GS1_SYMBOLOGIES: Final = frozenset({"C1", "d2", "e0", "e1", "e2", "Q3", "J1"})
_DIGITS: Final = re.compile(r"[0-9]+")
_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


class ItemId(NamedTuple):
    """What an item's id names: a pack by GTIN and serial, or a logistic unit by SSCC."""

    gtin: str  # "" for a logistic unit
    serial: str
    sscc: str  # "" for a pack


def is_gtin(text: str) -> bool:
    """Whether a text is a GTIN of 14 digits with its right check digit."""
    return len(text) == 14 and has_check_digit(text)


def is_gln(text: str) -> bool:
    """Whether a text is a GLN of 13 digits with its right check digit."""
    return len(text) == 13 and has_check_digit(text)


def sgtin(gtin: str, serial: str) -> str:
    """The id of a pack: canonical Digital Link of GTIN-14 and serial. Raises Malformed.

    >>> sgtin("09521234543213", "A/1")
    'https://id.gs1.org/01/09521234543213/21/A%2F1'
    """
    item = f"{ROOT}/01/{gtin}/21/{quote(serial, safe='')}"
    parse_item_id(item)
    return item


def sscc(digits: str) -> str:
    """The id of a logistic unit: canonical Digital Link of an SSCC. Raises Malformed."""
    item = f"{ROOT}/00/{digits}"
    parse_item_id(item)
    return item


def parse_item_id(item: str) -> ItemId:
    """Read an item's id, which has exactly one form. Raises Malformed."""
    if match := _PACK_ID.fullmatch(item):
        if not has_check_digit(match[1]):
            raise Malformed(f"GTIN {match[1]} has a wrong check digit")
        serial = match[2]
        return ItemId(match[1], _unquote(serial) if "%" in serial else serial, "")
    if match := _UNIT_ID.fullmatch(item):
        if not has_check_digit(match[1]):
            raise Malformed(f"SSCC {match[1]} has a wrong check digit")
        return ItemId("", "", match[1])
    raise Malformed(
        f"{item[:120]!r} is no item's id: {ROOT}/01/<GTIN-14>/21/<serial> or {ROOT}/00/<SSCC>"
    )


def is_pack(item: str) -> bool:
    """Whether an item's id is a pack's (SGTIN), not a logistic unit's (SSCC)."""
    return item.startswith(_PACK)


def gtin_of(item: str) -> str:
    """The GTIN in a pack's id, "" for a logistic unit."""
    return item[len(_PACK) : len(_PACK) + 14] if is_pack(item) else ""


def check_lot(lot: str) -> str:
    """A lot number: 1 to 20 characters of GS1's character set. Raises Malformed."""
    if not 1 <= len(lot) <= 20 or not CSET_82.issuperset(lot):
        raise Malformed(f"{lot[:40]!r} is no lot: 1 to 20 characters of GS1's character set")
    return lot


def site_uri(gln: str) -> str:
    """The Digital Link of a site (AI 414)."""
    return _SITE + gln


def party_uri(gln: str) -> str:
    """The Digital Link of a party (AI 417)."""
    return _PARTY + gln


def parse_site_uri(uri: str) -> str:
    """The GLN of a site's Digital Link. Raises Malformed."""
    return _gln(uri, _SITE)


def parse_party_uri(uri: str) -> str:
    """The GLN of a party's Digital Link. Raises Malformed."""
    return _gln(uri, _PARTY)


def _gln(uri: str, head: str) -> str:
    gln = uri.removeprefix(head)
    if not uri.startswith(head) or not is_gln(gln):
        raise Malformed(f"{uri[:80]!r} is not {head}<GLN> with a right check digit")
    return gln


def _unquote(text: str) -> str:
    try:
        return unquote_to_bytes(text).decode("ascii")
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise Malformed("a GS1 identifier holds ASCII only") from error


@dataclass(frozen=True)
class Label:
    """What a label says: GS1 elements in the order read, checked, each once.

    >>> label = parse_scan("(01)09521234543213(10)L1(17)280100(21)A1")
    >>> label.id, label.lot, str(label.expiry)
    ('https://id.gs1.org/01/09521234543213/21/A1', 'L1', '2028-01-31')
    """

    elements: tuple[Element, ...]
    symbology: str = ""  # "d2", "Q3", "C1"… where the scanner told it
    year: int = PIVOT_YEAR

    @cached_property
    def _values(self) -> dict[str, str]:
        return dict(self.elements)

    def value(self, ai: str) -> str:
        """The value of an Application Identifier, or ""."""
        return self._values.get(ai, "")

    @property
    def gtin(self) -> str:
        """GTIN-14, or ""."""
        return self.value("01")

    @property
    def lot(self) -> str:
        """Batch or lot number, or ""."""
        return self.value("10")

    @property
    def serial(self) -> str:
        """Serial number, or ""."""
        return self.value("21")

    @property
    def sscc(self) -> str:
        """SSCC of a logistic unit, or ""."""
        return self.value("00")

    @property
    def gln(self) -> str:
        """GLN of a place or party, or ""."""
        return self.value("414") or self.value("417")

    @property
    def practice(self) -> bool:
        """Whether it is a practice log's: no medicine is behind it, however its letters came along."""
        ai, mark = PRACTICE
        return self.value(ai).upper() == mark

    @property
    def expiry(self) -> date | None:
        """Expiry date; day 00 is the month's last day."""
        text = self.value("17")
        return parse_yymmdd(text, self.year) if text else None

    @cached_property
    def id(self) -> str:
        """The item's canonical id, or "" when the label names no single item."""
        if self.gtin and self.serial:
            return sgtin(self.gtin, self.serial)
        return sscc(self.sscc) if self.sscc else ""

    @property
    def said(self) -> dict[str, str | None]:
        """What the label says of its item, for programs; "" or None where it says nothing."""
        return {
            "id": self.id,
            "gtin": self.gtin,
            "lot": self.lot,
            "serial": self.serial,
            "sscc": self.sscc,
            "expiry": self.expiry.isoformat() if self.expiry else None,
        }

    @property
    def ai_string(self) -> str:
        """The human-readable form: `(01)…(21)…`."""
        return "".join(f"({ai}){value.replace('(', chr(92) + '(')}" for ai, value in self.elements)

    @property
    def digital_link(self) -> str:
        """The canonical Digital Link with all elements, or "" when there is no primary key."""
        for key, sequences in KEYS.items():
            if key in self._values:
                sequence = max(sequences, key=lambda s: sum(ai in self._values for ai in s))
                path = [key, *(ai for ai in sequence if ai in self._values)]
                rest = sorted(ai for ai in self._values if ai not in path)
                link = "".join(f"/{ai}/{quote(self._values[ai], safe='')}" for ai in path)
                query = "&".join(f"{ai}={quote(self._values[ai], safe='')}" for ai in rest)
                return f"{ROOT}{link}{'?' if query else ''}{query}"
        return ""


def parse_scan(text: str, *, year: int = PIVOT_YEAR) -> Label:
    """Read what a scanner, a person or a link says, as a label.

    Takes GS1 element strings (with or without symbology identifier; FNC1 as U+001D), the bracketed
    and the plain human-readable form, GS1 Digital Links of any domain, EPC URNs, and a bare GTIN or
    SSCC. `year` is the current one, for the century of dates. Raises Malformed with the reason for
    everything else.
    """
    if len(text) > MAX_TEXT:
        raise Malformed(f"a label holds at most {MAX_TEXT} characters, this text has {len(text)}")
    text = text.strip(" \t\r\n")
    symbology = ""
    if _SYMBOLOGY.match(text):
        symbology, text = text[1:3], text[3:]
    if not text:
        raise Malformed("the text is empty")
    if text.startswith("urn:epc:"):
        elements: Sequence[Element] = label_elements(text)
    elif text[:8].lower() == "https://" or text[:7].lower() == "http://":
        elements = _digital_link(text)
    elif text.startswith("("):
        elements = split_bracketed(text)
    elif not symbology and is_printed(text):
        elements = split_printed(text, year)
    elif symbology and symbology not in _GS1_SYMBOLOGIES:
        raise Malformed("the code is not marked as GS1 data, and is no GS1 Digital Link")
    elif not symbology and _DIGITS.fullmatch(text) and len(text) in (8, 12, 13, 14, 18):
        elements = _bare(text)
    else:
        elements = split_elements(text.removeprefix("\x1d"))
    if not elements:
        raise Malformed("the text holds no GS1 element")
    return Label(check_elements(elements), symbology, year)


def pack_of(text: str, *, year: int = PIVOT_YEAR) -> Label | None:
    """The label that a code, of whatever form, gives a single pack; None where it names none."""
    try:
        label = parse_scan(text, year=year)
    except Malformed:
        return None
    return label if is_pack(label.id) else None


def pack_id_of(text: str) -> str:
    """The id of the single pack that a code names, "" where it names none."""
    label = pack_of(text)
    return label.id if label is not None else ""


def _bare(digits: str) -> list[Element]:
    """A number alone: GTIN of 8, 12, 13 or 14 digits, SSCC of 18."""
    if not has_check_digit(digits):
        raise Malformed(f"{digits} has a wrong check digit")
    return [("00", digits)] if len(digits) == 18 else [("01", digits.zfill(14))]


def _digital_link(text: str) -> list[Element]:
    """A GS1 Digital Link URI, uncompressed (GS1 Digital Link Standard: URI Syntax 1.4)."""
    if any(c <= " " or c > "~" for c in text):
        raise Malformed("a link holds no spaces and no characters beyond ASCII")
    if _ESCAPE.search(text):
        raise Malformed("the link has a % that is not followed by two hex digits")
    rest = text.split("://", 1)[1].partition("#")[0]
    front, _, query = rest.partition("?")
    domain, slash, path = front.partition("/")
    if not domain or not slash:
        raise Malformed("the link has no path, so it is no GS1 Digital Link")
    segments = path.split("/")
    # What stands before the last primary key is the resolver's own path.
    for start in range(len(segments) - 2, -1, -1):
        if segments[start] in KEYS and (len(segments) - start) % 2 == 0:
            break
    else:
        raise Malformed("the link's path holds no GS1 key")
    pairs = [(segments[i], segments[i + 1]) for i in range(start, len(segments), 2)]
    elements = [(ai, _link_value(ai, value)) for ai, value in pairs]
    check_sequence(elements)
    for part in query.replace(";", "&").split("&"):
        name, equals, value = part.partition("=")
        if equals and _DIGITS.fullmatch(name):
            check_query(name)
            elements.append((name, _link_value(name, value)))
    return elements


def _link_value(ai: str, raw: str) -> str:
    value = _unquote(raw)
    if not value:
        raise Malformed(f"({ai}) is empty in the link")
    return value
