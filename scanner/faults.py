"""What went wrong between a label and the reading of it: the scanner-fault filter, pure.

Most pharmacy alerts come from scanners and software, nearly none from fakes: a reading that the log
does not confirm is first held against the faults of what read it. What the log says of a pack that
it knows is left to `ledger.rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ledger.errors import Malformed
from ledger.statement.gs1 import Label, parse_scan

CAMERA, WEDGE, TYPED = "camera", "wedge", "typed"
SOURCES: Final = (CAMERA, WEDGE, TYPED)

AS_READ, REPAIRED, UNEXPLAINED = "as-read", "repaired", "unexplained"

FAULTS: Final[Mapping[str, str]] = {
    "caps-lock": "Caps lock seems to be on. Switch it off and scan again.",
}
# Faults of the person who typed, not of a device: typed the same again, they are affirmed.
_PERSONAL: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the filter says of one reading.

    A repaired label is an offer for a second scan, never the pack's own reading.
    """

    outcome: str  # "as-read", "repaired" or "unexplained"
    label: Label | None  # as read, or repaired; None where the reading is no label
    text: str  # the reading, or the repaired text
    faults: tuple[str, ...] = ()  # codes of FAULTS that explain the reading
    words: str = ""  # what seems to have happened and what to do; "" for as-read
    refused: str = ""  # why the reading as it stands is no label, else ""


def explain(
    text: str, source: str, confirmed: Callable[[Label], bool], *, year: int, most: int = 256
) -> Explanation:
    """Explain one reading by what read it and by what the log knows.

    `confirmed` says whether the log knows the label's pack and agrees with every claim of the label;
    it is asked at most `most` times.
    """
    try:
        label: Label | None = parse_scan(text, year=year)
        refused = ""
    except Malformed as error:
        label, refused = None, str(error)
    if label is not None and label.id and confirmed(label):
        return Explanation(AS_READ, label, text)
    found: dict[str, Explanation] = {}
    for asked, (repaired, faults) in enumerate(_repairs(text, source)):
        if asked + 1 >= most:
            break
        try:
            other = parse_scan(repaired, year=year)
        except Malformed:
            continue
        if other.id and other != label and confirmed(other):
            words = " ".join(FAULTS[code] for code in faults)
            found.setdefault(
                other.id, Explanation(REPAIRED, other, repaired, faults, words, refused)
            )
    if len(found) == 1:
        return next(iter(found.values()))
    words = "The log does not confirm this reading. Scan the pack once more."
    return Explanation(UNEXPLAINED, label, text, (), words, refused)


def _repairs(text: str, source: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    if source != CAMERA:
        yield text.swapcase(), ("caps-lock",)


def alerts(explanation: Explanation, again: bool) -> bool:
    """Whether a reading is the pack's own trouble: unexplained, a pack's label, and read twice.

    `again` says that the same reading came before.
    """
    if explanation.outcome == REPAIRED:
        return again and bool(explanation.faults) and _PERSONAL.issuperset(explanation.faults)
    label = explanation.label
    return again and explanation.outcome == UNEXPLAINED and label is not None and bool(label.id)
