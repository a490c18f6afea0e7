"""What a text was before a keyboard, an input method or a document changed its letters: pure.

Each fault of this kind changes a whole text by one rule, so that it can be turned round. What the
text then says is left to `repairs`.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final

from ledger.statement.ai import has_check_digit
from scanner.layouts import (
    LAYOUTS,
    Table,
    from_chinese,
    shift_held,
    shift_turned,
    typed_by,
    typed_on,
)
from scanner.splits import GS, LOOK_ALIKE, separated

Faults = tuple[str, ...]
CAPS, FORMS = "caps-lock", "unicode-forms"
AIM: Final = re.compile(r"\][A-Za-z][0-9]")
GS1_AIM: Final = frozenset(("]C1", "]d2", "]e0", "]Q3", "]J1"))
_SWAP: Final = {n: chr(n).swapcase() for n in range(0x530) if len(chr(n).swapcase()) == 1}
# What has no width and no meaning in a label, and hides in pasted text.
_HIDDEN: Final = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"))
_MARKS: Final = {
    **dict.fromkeys(range(0x2010, 0x2016), "-"), 0x2212: "-", 0xFE63: "-",
    0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"',
}  # fmt: skip
# Cyrillic and Greek letters that look like Latin ones.
_TWINS: Final = str.maketrans(
    "АВСЕІКМОРТХУНаеорсухіΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABCEIKMOPTXYHaeopcyxiABEZHIKMNOPTYXo"
)
# Letters that a person wrote where only digits can stand.
LENS: Final = str.maketrans("OoQDIilL|SBZ", "000011111582")
_ALNUM: Final = string.ascii_letters + string.digits
_PACK: Final = re.compile(r"(?=01/?([0-9]{14})|00/?([0-9]{18}))", re.ASCII)

_NUMBER: Final = re.compile(r"(?<![0-9])[0-9]{8,14}(?![0-9])", re.ASCII)


def spellings(text: str, typed: bool) -> Iterator[tuple[str, Faults]]:
    """The text as read, then as it was before each fault of a keyboard."""
    base = text.translate(_HIDDEN)
    hidden: Faults = (FORMS,) if base != text else ()
    yield base, hidden
    tried = {"", base}
    # Texts that differ only in what can be nothing but a separator say the same.
    said = {separated(base)[0]}
    for spelt, faults in _respelt(base, typed):
        if spelt in tried:
            continue
        tried.add(spelt)
        if _names_pack(spelt, typed=typed):
            same = separated(spelt)[0]
            if same not in said:
                said.add(same)
                yield spelt, hidden + faults


def _respelt(text: str, typed: bool) -> Iterator[tuple[str, Faults]]:
    aim, body = (text[:3], text[3:]) if AIM.match(text) else ("", text)
    if body.islower() or body.isupper():
        yield aim + body.translate(_SWAP), ("case-lost",)
    plain = text.isascii() and text.replace(GS, "").isalnum()
    well_read = aim if aim in GS1_AIM else "https://" if text.startswith("https://") else ""
    for table, faults in _keyboards(well_read, plain):
        yield text.translate(table), faults
    folded = from_chinese(text).translate(_MARKS)
    if not folded.isascii():
        folded = "".join(c if c.isascii() else str(unicodedata.decimal(c, c)) for c in folded)
    if folded != text:
        yield folded, (FORMS,)
        yield folded.translate(_SWAP), (FORMS, CAPS)
    if typed:
        yield folded.translate(_TWINS), (LOOK_ALIKE,)


@cache
def _keyboards(well_read: str, plain: bool) -> tuple[tuple[Table, Faults], ...]:
    """What each fault of a keyboard turned round does, likeliest first, each effect once.

    A beginning that was read well shows that its own keys are right. `plain`: the text holds
    letters and digits alone, so that only these tell one fault from another.
    """
    every: list[tuple[Table, Faults]] = [(_SWAP, (CAPS,))]
    for code in LAYOUTS:
        table = typed_on(code)
        every += [
            (table, (f"layout-{code}",)),
            (_after_caps(table), (CAPS, f"layout-{code}")),
            (typed_on(code, shift_lock=True), (CAPS, f"layout-{code}")),
        ]
    every += [(shift_held(), ("shift-held",)), (shift_turned(), ("shift-held",))]
    for code in LAYOUTS:
        table = typed_by(code)
        every += [
            (table, (f"scanner-{code}",)),
            (_after_caps(table), (CAPS, f"scanner-{code}")),
        ]
    every = [(table, faults) for table, faults in every if well_read.translate(table) == well_read]
    if plain:
        effects = {_ALNUM.translate(table): (table, faults) for table, faults in reversed(every)}
        every = [(t, faults) for t, faults in every if effects[_ALNUM.translate(t)][1] == faults]
    return tuple(every)


def _after_caps(table: Table) -> Table:
    """A table for text that was written with caps lock on; it turns letters of one key only."""
    swapped = {}
    for number, other in _SWAP.items():
        meant = table.get(ord(other), "")
        swapped[number] = meant if len(meant) == 1 else table.get(number, other)
    return table | swapped


def two_layouts(text: str) -> Iterator[tuple[str, Faults]]:
    """What a scanner set to one layout meant on a computer of another, neither of them US."""
    for host in LAYOUTS:
        pressed = text.translate(typed_on(host))
        for scanner in LAYOUTS:
            if scanner != host:
                spelt = pressed.translate(typed_by(scanner))
                if _names_pack(spelt, typed=False):
                    yield spelt, (f"layout-{host}", f"scanner-{scanner}")


def _names_pack(text: str, *, typed: bool) -> bool:
    """Whether a text holds a GTIN behind its identifier; from a person, a GTIN anywhere."""
    if typed:
        digits = text.translate(LENS)
        numbers = _NUMBER.findall(digits)
        return any(map(_is_checked, numbers)) or _names_pack(digits, typed=False)
    return any(_is_checked(gtin or sscc) for gtin, sscc in _PACK.findall(text))


# Most spellings of a text leave its digits as they are.
_is_checked: Final = lru_cache(1024)(has_check_digit)
