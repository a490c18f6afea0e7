"""De-identified figures by region and month, for auditors and authorities to hand on to research.

A region is the country of a site's party. The log's own clock dates what landed on it; scans are
dated by the desk's. What is too small to be shown is left out by `suppression`, and the month that
goes on is no table yet: two exports of it, a few events apart, would tell of these few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from flask_babel import lazy_gettext as _

from app.node import Node, node
from ledger.rules.suppression import Cell, Shown, publish
from ledger.store import figures
from ledger.store.database import Store
from ledger.store.figures import Event


class Measure(NamedTuple):
    """A table: what is counted, and what is told of it.

    `shows` is "packs", "rate" (a count for each 1,000) or "hours" (the mean); a mean may hide its
    count, where another table counts the same events.
    """

    words: Any
    events: Any  # what its count is
    shows: str
    read: Callable[[Store], Iterable[Event]] | None  # None for the desk's scans
    counted: bool = True


class Line(NamedTuple):
    """A published cell: None for what is not shown."""

    measure: str
    month: str
    region: str
    events: int | None
    value: float | None


MEASURES: Final[dict[str, Measure]] = {
    "commissioned": Measure(_("Packs brought onto the record"), _("statements"), "packs", figures.commissioned),
    "dispatched": Measure(_("Shipments sent"), _("shipments"), "", figures.dispatched),
    "supplied": Measure(_("Packs supplied"), _("statements"), "packs", figures.supplied),
    "transit": Measure(_("Time under way, by region of receipt"), _("shipments"), "hours", figures.arrived, counted=False),
    "recall-response": Measure(_("Time from a recall to a site's answer"), _("answers"), "hours", figures.answered),
    "alerts": Measure(_("Alerts for each 1,000 scans"), _("scans"), "rate", None),
}  # fmt: skip
COLUMNS: Final = ("measure", "month", "region", "events", "value", "unit")
UNITS: Final = {"packs": "packs", "hours": "mean hours", "rate": "alerts per 1,000", "": ""}


def tables() -> dict[str, list[Line]]:
    """Every table, as it may be published."""
    found = node()
    with found.reader.snapshot():
        cells = {name: _cells(found, measure) for name, measure in MEASURES.items()}
    return {
        name: [_line(name, one) for one in publish(cells[name], counts=_adds(MEASURES[name]))]
        for name in MEASURES
    }


def row(line: Line) -> tuple[object, ...]:
    """A line of the file; what is not shown is empty."""
    value = "" if line.value is None else line.value
    events = "" if line.events is None else line.events
    return line.measure, line.month, line.region, events, value, UNITS[MEASURES[line.measure].shows]


def _adds(measure: Measure) -> bool:
    """Whether its sum is a count, and not minutes."""
    return measure.shows != "hours"


def _cells(found: Node, measure: Measure) -> list[Cell]:
    authority, running = found.reader.authority(), figures.month_of(found.clock())
    sums: dict[tuple[str, str], list[int]] = {}
    parties: dict[tuple[str, str], set[str]] = {}
    for month, site, n, value in _counted(found, measure):
        at = authority.site(site)
        party = authority.party(at.party) if at else None
        if party is None or month >= running:
            continue
        key = (month, party.country)
        total = sums.setdefault(key, [0, 0])
        total[0] += n
        total[1] += value
        parties.setdefault(key, set()).add(party.gln)
    return [Cell(r, m, n, len(parties[m, r]), value) for (m, r), (n, value) in sums.items()]


def _counted(found: Node, measure: Measure) -> Iterable[tuple[str, str, int, int]]:
    """Month, site, events and their sum."""
    if measure.read is None:
        return found.desk.tally()
    events = measure.read(found.store)
    return ((figures.month_of(one.ms), one.site, 1, one.value) for one in events)


def _line(name: str, one: Shown) -> Line:
    measure = MEASURES[name]
    events = one.n if measure.counted else None
    if one.n is None or one.value is None or measure.shows == "":
        return Line(name, one.month, one.region, events, None)
    value: float | None = one.value
    if measure.shows in ("hours", "rate"):
        scale = 1000 if measure.shows == "rate" else 1 / 60
        value = round(one.value * scale / one.n, 1) if one.n else None
    return Line(name, one.month, one.region, events, value)
