"""What went wrong between a label and the reading of it: the scanner-fault filter, pure.

Most pharmacy alerts come from scanners and software, nearly none from fakes: a reading that the log
does not confirm is first held against the faults of what read it. What the log says of a pack that
it knows is left to `ledger.rules`; the faults, their likelihood and what was measured are in
`docs/faults.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from ledger.errors import Malformed
from ledger.statement.ai import check_elements
from ledger.statement.gs1 import Label, parse_scan
from scanner.cells import is_shortened
from scanner.layouts import LAYOUTS
from scanner.links import misspelt_part
from scanner.repairs import CAMERA, TYPED, WEDGE, Alike, rare_repairs, recased, repairs
from scanner.splits import Attempt, Split

__all__ = [
    "CAMERA",
    "FAULTS",
    "SOURCES",
    "TYPED",
    "WEDGE",
    "Explanation",
    "alerts",
    "explain",
    "parse_reading",
]

SOURCES: Final = (CAMERA, WEDGE, TYPED)
MISSPELT: Final = "link-misspelt"
UNKNOWN_LAYOUT: Final = "layout-unknown"
AS_READ, REPAIRED, UNEXPLAINED = "as-read", "repaired", "unexplained"

FAULTS: Final[Mapping[str, str]] = {
    # code: what seems to have happened, and what to do
    "caps-lock": "Caps lock seems to be on. Switch it off and scan again.",
    "shift-held": "The Shift key seems to be held down or locked. Release it and scan again.",
    "case-lost": "Capitals and small letters seem to be changed. Switch the case conversion of the "
    "scanner off, or type the letters exactly as printed.",
    "separator-lost": "The scanner leaves out the separator between the fields. Set it to send the "
    "group separator (GS), or use the camera.",
    "separator-replaced": "The scanner sends another character for the separator between the "
    "fields. Set it to send the group separator (GS), or use the camera.",
    "separator-doubled": "The scanner sends the separator between the fields twice. Set it to send "
    "it once, or use the camera.",
    "separator-unprinted": "The code was printed without a separator that it needs. Compare the "
    "label with what is offered, scan again, and tell the pack's maker.",
    "separator-misprinted": "The code was printed with another character for the separator. Compare "
    "the label with what is offered, scan again, and tell the pack's maker.",
    "field-order": "The link was printed with its parts in the wrong order. Compare the label with "
    "what is offered, and tell the pack's maker.",
    "prefix": "The scanner writes characters before the code. Switch its prefix off and scan again.",
    "suffix": "The scanner writes characters after the code. Leave it only Enter or Tab as suffix, "
    "and scan again.",
    "run-together": "The code seems to be scanned twice into one line. Clear the line and scan once.",
    "look-alike": "Characters that look alike seem to be confused, such as O and 0 or I and 1. "
    "Compare each character with the pack and type it again.",
    "leading-zeros": "Zeros at the beginning seem to be lost, as in a spreadsheet. Format the cells "
    "as text, or scan the pack itself.",
    "scientific": "A spreadsheet shows the number shortened, as 1.23E+13. Format the cells as text, "
    "or scan the pack itself.",
    "date-form": "The expiry date is written in another form than on the label. Compare it, and "
    "write it as 2028-01-31.",
    "spaces": "There seem to be spaces inside the code. Leave them out, or scan the pack itself.",
    "brackets": "The identifiers stand in other brackets than (01), or with letters for digits. "
    "Compare them with the pack and type them again.",
    MISSPELT: "A part of the link that may be the lot or the expiry came through misspelt. Scan "
    "again, or use the camera.",
    "cells": "The fields seem to be copied without their names. Compare them with the pack, or scan "
    "the pack itself.",
    "unicode-forms": "The text holds invisible or foreign characters, as an input method or a "
    "document makes them. Switch the input method to English, or scan the pack itself.",
    UNKNOWN_LAYOUT: "The scanner types for another keyboard than this computer has: the lot's digits "
    "are right, other characters are not. Set it to this computer's layout, or use the camera.",
    **{
        f"layout-{code}": "The scanner types for another keyboard than this computer has: it looks "
        f"like the {layout.name} layout here. Set the scanner to it, or use the camera."
        for code, layout in LAYOUTS.items()
    },
    **{
        f"scanner-{code}": "The scanner types for another keyboard than this computer has: it looks "
        f"like the scanner being set to {layout.name}. Set it to this computer's, or use the camera."
        for code, layout in LAYOUTS.items()
    },
}
_TRIED: Final = 4096  # repairs of one reading, most of which are no label and never asked for
_LONGEST: Final = 1000  # characters; a longer text is no reading of a pack
# Faults of the person who typed, not of a device: typed the same again, the reading is affirmed.
_PERSONAL: Final = frozenset(
    (
        "look-alike",
        "leading-zeros",
        "scientific",
        "case-lost",
        "date-form",
        "cells",
        "spaces",
        "brackets",
    )
)
# Faults around a label that leave no doubt about what the label says.
_OUTSIDE: Final = frozenset(
    ("prefix", "suffix", "run-together", "separator-doubled", "separator-replaced", "spaces")
)
# What a symbol itself says wrongly: no device's fault, so that a second reading settles it.
_PRINTED: Final = frozenset(("separator-unprinted", "separator-misprinted", "field-order"))


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the filter says of one reading.

    A repaired label is an offer for a second scan, never the pack's own reading. The faults of an
    unexplained reading are a suspicion: they would make a label of it, but none that the log knows.
    """

    outcome: str  # "as-read", "repaired" or "unexplained"
    label: Label | None  # as read, or repaired; None where the reading is no label
    text: str  # the reading, or the repaired label in its bracketed form
    faults: tuple[str, ...] = ()  # codes of FAULTS
    words: str = ""  # what seems to have happened and what to do; "" for as-read
    refused: str = ""  # why the reading as it stands is no label, else ""
    source: str = ""  # what read it

    @property
    def said(self) -> dict[str, Any]:
        """What is told of the fault, for programs."""
        return {
            "faults": list(self.faults),
            "words": self.words,
            "offered": self.label.said if self.label else None,
        }


def parse_reading(text: str, source: str, year: int) -> Label:
    """A reading as a label, as `ledger.statement.gs1.parse_scan` has it, by what read it.

    A link that a keyboard or a person sent is refused besides where a part that would be ignored may
    be a misspelt claim; in a symbol, such a part was printed. Raises Malformed.
    """
    label = parse_scan(text, year=year)
    if source in (WEDGE, TYPED) and (part := misspelt_part(text)):
        raise Malformed(
            f"the link's part {part!r} may be a misspelt lot or expiry: scan the pack again, or use "
            "the camera"
        )
    return label


def explain(
    text: str,
    source: str,
    confirmed: Callable[[Label], bool],
    *,
    year: int,
    most: int = 256,
    alike: Alike | None = None,
) -> Explanation:
    """Explain one reading by what read it and by what the log knows.

    `confirmed` says whether the log knows the label's pack and agrees with every claim of the label;
    it is asked at most `most` times. `year` is the current one, for the century of dates. `alike`,
    where there is a log to ask, gives the serial numbers of a product (GTIN) that differ from one in
    the case of letters alone.
    """
    try:
        label: Label | None = parse_reading(text, source, year)
        refused = ""
    except Malformed as error:
        label, refused = None, str(error)
    if label is not None and label.id and most > 0:
        most -= 1
        if confirmed(label):
            return Explanation(AS_READ, label, text, source=source)
    found = _repaired(text, source, confirmed, label, refused, year=year, most=most, alike=alike)
    return replace(found, source=source)


def _repaired(
    text: str,
    source: str,
    confirmed: Callable[[Label], bool],
    label: Label | None,
    refused: str,
    *,
    year: int,
    most: int,
    alike: Alike | None,
) -> Explanation:
    """What a reading may have been, that the log does not confirm as it stands."""
    seen = {frozenset(label.elements)} if label is not None else set()
    found: dict[str, Explanation] = {}
    suspected: Split | None = None
    for split in islice(_every(text, source, year, label, found, alike), _TRIED):
        if most <= 0:
            break
        key = frozenset(split.elements)
        if key in seen:
            continue
        seen.add(key)
        try:
            other = Label(check_elements(split.elements), "", year)
        except Malformed:
            continue
        if not ((other.gtin and other.serial) or other.sscc):
            continue
        # What stands around a label leaves it as it is: likelier than any change of its letters.
        if suspected is None or (
            _OUTSIDE.issuperset(split.faults) > _OUTSIDE.issuperset(suspected.faults)
        ):
            suspected = split
        if confirmed(other):
            faults = tuple(dict.fromkeys(split.faults)) or ("prefix",)
            found.setdefault(
                other.id,
                Explanation(REPAIRED, other, other.ai_string, faults, _words(faults), refused),
            )
        most -= 1
        if len(found) > 1:
            break
    if len(found) == 1:
        return next(iter(found.values()))
    return _unexplained(text, label, refused, suspected, year, several=bool(found))


def _every(
    text: str,
    source: str,
    year: int,
    label: Label | None,
    found: Mapping[str, object],
    alike: Alike | None,
) -> Iterator[Split]:
    """All repairs of a reading; the rare ones only while none of the others is confirmed."""
    if len(text) > _LONGEST:
        return
    likely: list[Split] = []
    if label is not None and label.id:
        likely.append(Split(label.elements, ()))
    attempt = Attempt(source == TYPED, year)
    for split in repairs(text, source, attempt):
        likely.append(split)
        yield split
    if not found and alike is not None and source != CAMERA:
        yield from recased(likely, alike)
    if not found:
        yield from rare_repairs(text, source, attempt, likely)


def _unexplained(
    text: str,
    label: Label | None,
    refused: str,
    suspected: Split | None,
    year: int,
    *,
    several: bool,
) -> Explanation:
    if several:
        words = (
            "More than one pack on the log fits this reading, so none is offered. Scan again with "
            "the camera."
        )
        return Explanation(UNEXPLAINED, label, text, (), words, refused)
    if label is not None and label.id:
        words = (
            "The log does not confirm this reading, and no scanner fault that we know explains it. "
            "Scan the pack once more; if it reads the same, put it aside."
        )
        return Explanation(UNEXPLAINED, label, text, (), words, refused)
    if is_shortened(text):
        words = (
            "A spreadsheet has shortened a number, as 1.23E+13, and its digits are lost. Scan the "
            "pack itself."
        )
        return Explanation(UNEXPLAINED, label, text, ("scientific",), words, refused)
    if suspected is not None:
        faults = tuple(dict.fromkeys(suspected.faults))
        words = f"{_words(faults)} Even so, the log does not confirm what was read."
        if (label is None and _OUTSIDE.issuperset(faults)) or _PRINTED.issuperset(faults):
            label = Label(check_elements(suspected.elements), "", year)
        return Explanation(UNEXPLAINED, label, text, faults, words, refused)
    if refused and misspelt_part(text):
        return Explanation(UNEXPLAINED, label, text, (MISSPELT,), FAULTS[MISSPELT], refused)
    words = (
        "This code names a product, not one pack. Scan the square code of the pack."
        if label is not None
        else "This is not a medicine pack's code. Scan the square code of the pack."
    )
    return Explanation(UNEXPLAINED, label, text, (), words, refused)


def _words(faults: tuple[str, ...]) -> str:
    return " ".join(FAULTS[code] for code in faults)


def unknown_layout(found: Explanation) -> Explanation:
    """The explanation of a lot whose letters stand for others, as a layout not listed here has them."""
    told = replace(found, label=None, faults=(UNKNOWN_LAYOUT,), words=FAULTS[UNKNOWN_LAYOUT])
    return replace(told, outcome=UNEXPLAINED)


def alerts(explanation: Explanation, again: bool) -> bool:
    """Whether a reading is the pack's own trouble: a pack's label, unexplained, and read twice.

    `again` says that the very same reading came before. What only a person can have mistyped is the
    person's word when it is typed the same again; a device's fault stays one however often it is
    repeated; a text that is no pack's label accuses nobody.
    """
    if not again:
        return False
    if explanation.outcome == REPAIRED:
        return explanation.source == TYPED and _PERSONAL.issuperset(explanation.faults)
    label = explanation.label
    return explanation.outcome == UNEXPLAINED and label is not None and bool(label.id)
