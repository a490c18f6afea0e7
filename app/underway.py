"""What is under way to and from a site, as its people see it: the other side, due when, what is wrong."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from app import consignments
from app.consignments import RECEIVER, SENDER
from app.exceptions import Trouble, troubles
from app.goods import product_name, site_name
from app.node import node
from ledger.rules.authority import Authority
from ledger.rules.state import Shipment
from ledger.store import shipments
from ledger.store.desk import Person
from ledger.store.shipments import Line

MOST_OVER: Final = 20  # of the newest shipments in which something was found too much


class Row(NamedTuple):
    """A shipment in a list."""

    shipment: Shipment
    side: str
    other: str  # the other side's name
    due: int
    items: int
    packs: int
    products: list[str]
    troubles: list[Trouble]

    @property
    def overdue(self) -> bool:
        return any(one.code == "overdue" for one in self.troubles)

    @property
    def cells(self) -> tuple[Any, ...]:
        one = self.shipment
        return (
            one.number, "to" if self.side == RECEIVER else "from", one.site, one.to_site, one.op,
            one.ms, self.due, self.items, self.packs, " ".join(t.code for t in self.troubles), one.id,
        )  # fmt: skip


def row_of(line: Line, authority: Authority, who: Person) -> Row:
    """A line of a list as a person's side sees it."""
    one = line.shipment
    # By site, not party: of what goes between two sites of one party, each has its own view.
    side = RECEIVER if one.to_site == who.site else SENDER
    due = consignments.due_ms(authority, one, line.lots)
    late = line.open > line.refused + line.short and node().clock() > due
    names = dict.fromkeys(product_name(authority, gtin) or gtin for gtin, _lot in line.lots)
    other = site_name(authority, one.site if side == RECEIVER else one.to_site)
    found = troubles(side, overdue=late, short=line.short, refused=line.refused, over=line.over)
    return Row(one, side, other, due, line.open, sum(line.lots.values()), list(names), found)


class Waiting(NamedTuple):
    """What waits for a site. Each list: overdue first, then the oldest."""

    arriving: list[Row]
    leaving: list[Row]
    trouble: list[Row]  # of these and of the newest, those that are out of order

    @property
    def overdue(self) -> int:
        return sum(row.overdue for row in (*self.arriving, *self.leaving))


def waiting_for(who: Person) -> Waiting:
    """What is on its way to and from a person's site, and what is out of order."""
    found = node()
    with found.reader.snapshot():
        authority = found.reader.authority()
        lines = shipments.under_way(found.store, who.site)
        rows = [row_of(line, authority, who) for line in lines]
        seen = {row.shipment.index for row in rows}
        over = [
            row_of(line, authority, who)
            for line in shipments.found_over(found.store, who.site, MOST_OVER)
            if line.shipment.index not in seen
        ]
    rows.sort(key=lambda row: (not row.overdue, row.shipment.index))
    return Waiting(
        [row for row in rows if row.side == RECEIVER],
        [row for row in rows if row.side == SENDER],
        [row for row in (*rows, *over) if row.troubles],
    )


def newest(who: Person, limit: int, *, done: bool = False) -> list[Row]:
    """The newest shipments to and from a person's site; `done`: with nothing under way any more."""
    found = node()
    with found.reader.snapshot():
        authority = found.reader.authority()
        lines = shipments.newest(found.store, who.site, limit, done=done)
        return [row_of(line, authority, who) for line in lines]
