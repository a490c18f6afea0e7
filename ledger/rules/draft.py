"""One event's changes while they are being decided, over the world before it.

Knows what every operation's line in the table asks of an item, and how an item leaves a container.
What each operation does is left to `custody`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ledger.errors import Refused
from ledger.rules import marks
from ledger.rules.authority import Authority
from ledger.rules.operations import OPERATIONS
from ledger.rules.world import ACTIVE, IN_TRANSIT, INACTIVE, Changes, Ref, Row, Shipment, World
from ledger.statement.events import Event

_PACK: Final = "https://id.gs1.org/01/"


def is_pack(item: str) -> bool:
    """Whether an item id is a pack's (SGTIN), not a logistic unit's (SSCC)."""
    return item.startswith(_PACK)


def gtin_of(item: str) -> str:
    """The GTIN in a pack's id, "" for a logistic unit."""
    return item[22:36] if is_pack(item) else ""


class Draft:
    """One event's changes over the world before it."""

    def __init__(
        self,
        world: World,
        authority: Authority,
        event: Event,
        statement_id: str,
        index: int,
        ms: int,
    ) -> None:
        self.world = world
        self.authority = authority
        self.event = event
        self.id = statement_id
        self.index = index
        self.ms = ms
        self.here = event.read_point
        self.rule = OPERATIONS[event.op]
        self.changes = Changes()

    def row(self, item: str) -> Row:
        row = self.changes.rows.get(item) or self.world.row(item)
        if row is None:
            raise Refused("unknown-item", f"{item} was never commissioned")
        return row

    def chain(self, row: Row) -> Iterator[Row]:
        while row.parent:
            row = self.row(row.parent)
            yield row

    def outermost(self, row: Row) -> Row:
        for around in self.chain(row):
            row = around
        return row

    def put(self, row: Row) -> None:
        self.changes.rows[row.id] = row

    def refuse(self, code: str, row: Row, words: str) -> Refused:
        newest = max([row.last, *(around.last for around in self.chain(row))])
        evidence = {"index": newest} if newest < self.index else None
        return Refused(code, f"{row.id} {words}", evidence)

    def fit(self, item: str) -> Row:
        """The item's own row, after what the operation's line in the table asks of it."""
        row = self.row(item)
        root = self.outermost(row)
        if self.rule.packs_only and not is_pack(item):
            raise self.refuse("wrong-state", row, f"is not a pack; {self.event.op} takes packs")
        if root.status not in self.rule.sources:
            raise self.refuse(_WRONG_STATUS[root.status], row, f"is {_words(root)}")
        if self.rule.here and root.site != self.here:
            raise self.refuse("not-holder", row, f"is not at site {self.here}")
        if row.parent and self.rule.takes_out and root.site == self.here:
            row = self.take_out(row)
        if self.rule.stops_blocked:
            self.stop_blocked(row)
        return row

    def stop_blocked(self, row: Row) -> None:
        if row.hold:
            raise self.refuse("blocked-hold", row, f"is on hold ({row.hold_reason})")
        for gtin, lot in self.packs(row):
            record = self.world.lot(gtin, lot)
            if record is not None and marks.is_expired(record.expiry, self.ms):
                raise Refused(
                    "blocked-expired",
                    f"{row.id}: lot {lot} of {gtin} expired on {record.expiry}",
                    {"index": record.index},
                )

    def packs(self, row: Row) -> Mapping[tuple[str, str], int]:
        """How many packs of which lot an item is or holds."""
        if is_pack(row.id):
            return {(gtin_of(row.id), row.lot): 1}
        counts = dict(self.world.content(row.id))
        for (container, gtin, lot), delta in self.changes.content.items():
            if container == row.id:
                counts[gtin, lot] = counts.get((gtin, lot), 0) + delta
        return {lot: n for lot, n in counts.items() if n}

    def children(self, container: str) -> list[str]:
        gone = {child for child, parent in self.changes.left if parent == container}
        return [child for child in self.world.children(container) if child not in gone]

    def take_out(self, row: Row) -> Row:
        """Give a row its outermost container's place; a hold on that container stays on it."""
        around = list(self.chain(row))
        root = around[-1]
        for container in around:
            self.count(container.id, row, -1)
        self.changes.left.append((row.id, row.parent))
        row = row._replace(
            status=root.status,
            site=root.site,
            owner=root.owner,
            parent="",
            hold=row.hold or root.hold,
            hold_reason=row.hold_reason or root.hold_reason,
            last=self.index,
        )
        self.put(row)
        return row

    def count(self, container: str, row: Row, sign: int) -> None:
        content = self.changes.content
        for (gtin, lot), n in self.packs(row).items():
            key = (container, gtin, lot)
            content[key] = content.get(key, 0) + sign * n

    def shipment(self) -> tuple[Shipment, Ref]:
        assert self.event.shipment is not None  # its form demands one
        ref = self.world.statement(self.event.shipment)
        shipment = self.world.shipment(ref.index) if ref else None
        if ref is None or shipment is None:
            raise Refused("unknown-shipment", f"no shipment {self.event.shipment} is on the log")
        return shipment, ref

    def in_shipment(self, item: str, shipment: Shipment) -> Row:
        row = self.row(item)
        if row.shipment != shipment.index:
            raise self.refuse("not-in-shipment", row, f"is not in shipment {shipment.number}")
        if row.status != IN_TRANSIT:
            raise self.refuse("wrong-state", row, "is no longer in transit")
        return row


_WRONG_STATUS: Final = {
    ACTIVE: "wrong-state",
    IN_TRANSIT: "in-transit",
    INACTIVE: "already-inactive",
}


def _words(root: Row) -> str:
    return f"inactive ({root.reason})" if root.status == INACTIVE else root.status.replace("_", " ")
