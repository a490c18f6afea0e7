"""A stock-taking: the book stock of a site by lot against what was counted there.

Pure: book and count in, lines and the report's exact bytes out. A lot is counted by scanning its
packs, or by a number that a person gives; what lies in a scanned container is inferred. Who may
count, and who signs, is left to others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from ledger.errors import Malformed
from ledger.statement import dsse

BY_SCAN: Final = "scan"
BY_NUMBER: Final = "number"
NOT_COUNTED: Final = "none"
Key = tuple[str, str]  # GTIN and lot number


class Found(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True):
    """A pack that was scanned and is not in the book stock; `state` as the site sees it."""

    gtin: str
    id: str
    lot: str  # "" where no lot is on record
    state: str


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True):
    """A lot: what the book has, and what was counted. `counted` -1 where nobody counted it."""

    gtin: str
    lot: str
    book: int
    counted: int
    inferred: int  # of those counted: in scanned containers
    scanned: int
    way: str

    @property
    def difference(self) -> int:
        """Counted above the book, below 0 what is missing; 0 for a lot that was not counted."""
        return self.counted - self.book if self.way != NOT_COUNTED else 0


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What both sides sign: who counted where, as of which log, every lot, pack by pack what differs.

    `missing` are packs of lots counted by scan; `surplus` were scanned and are not in the book.
    """

    by: str
    closed: str
    lines: list[Line]
    log: str
    missing: list[str]
    note: str
    opened: str
    root: str
    site: str
    size: int
    surplus: list[Found]
    v: int = 1

    @classmethod
    def parse(cls, data: bytes) -> Report:
        """Read a report's canonical bytes. Raises Malformed."""
        found: Report = dsse.parse_json(data, _decoder, "a stock-taking's report")
        return found

    def __bytes__(self) -> bytes:
        return dsse.canonical(msgspec.to_builtins(self))

    @property
    def agrees(self) -> bool:
        """Whether all that was counted is as the book has it."""
        return not self.missing and not self.surplus and not any(
            line.difference for line in self.lines
        )  # fmt: skip


def lines(
    book: Mapping[Key, int],
    scanned: Mapping[Key, frozenset[str]],
    inferred: Mapping[Key, frozenset[str]],
    surplus: Iterable[Found],
    numbers: Mapping[Key, int],
) -> list[Line]:
    """Every lot of the book or the count, by key.

    `scanned` and `inferred` are packs of the book, by lot. A number counts for its lot whatever was
    scanned.
    """
    more: dict[Key, int] = {}
    for one in surplus:
        more[one.gtin, one.lot] = more.get((one.gtin, one.lot), 0) + 1
    found: list[Line] = []
    for key in sorted({*book, *scanned, *inferred, *more, *numbers}):
        by_hand = scanned.get(key, frozenset())
        by_box = len(inferred.get(key, frozenset()) - by_hand)
        by_scan = len(by_hand) + more.get(key, 0)
        counted, way = by_scan + by_box, BY_SCAN
        if key in numbers:
            counted, way = numbers[key], BY_NUMBER
        elif not counted:
            counted, way = -1, NOT_COUNTED
        found.append(Line(*key, book.get(key, 0), counted, by_box, by_scan, way))
    return found


def missing(
    found: Iterable[Line],
    packs: Mapping[Key, frozenset[str]],
    scanned: Mapping[Key, frozenset[str]],
    inferred: Mapping[Key, frozenset[str]],
) -> list[str]:
    """The packs of lots counted by scan that the book has (`packs`) and that were not there."""
    gone: list[str] = []
    for line in found:
        if line.way == BY_SCAN:
            key = (line.gtin, line.lot)
            there = scanned.get(key, frozenset()) | inferred.get(key, frozenset())
            gone += packs.get(key, frozenset()) - there
    return sorted(gone)


def check(report: Report) -> None:
    """Refuse a report whose lines do not add up with its packs. Raises Malformed."""
    for line in report.lines:
        if line.way not in (BY_SCAN, BY_NUMBER, NOT_COUNTED) or min(line.book, line.scanned) < 0:
            raise Malformed("a line of a stock-taking is counted by scan, by number or not at all")
    by_scan = sum(line.difference for line in report.lines if line.way == BY_SCAN)
    counted = {(line.gtin, line.lot) for line in report.lines if line.way == BY_SCAN}
    more = sum((one.gtin, one.lot) in counted for one in report.surplus)
    if by_scan != more - len(report.missing):
        raise Malformed("the differences by lot are not those of the packs listed")


_decoder: Final = msgspec.json.Decoder(Report)
