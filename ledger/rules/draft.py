"""One event's changes while they are being decided, over the world before it.

Knows what every operation's line in the table asks of an item, and how an item leaves a container.
What each operation does is left to `custody`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from ledger.errors import Refused
from ledger.rules import marks
from ledger.rules.authority import Authority
from ledger.rules.operations import OPERATIONS
from ledger.rules.state import (
    ACTIVE,
    IN_TRANSIT,
    INACTIVE,
    WEAK,
    Changes,
    Count,
    LotKey,
    Named,
    Ref,
    Row,
    Shipment,
)
from ledger.rules.world import World
from ledger.statement.events import Event
from ledger.statement.gs1 import gtin_of, is_pack


class Draft:
    """One event's changes over the world before it."""

    def __init__(
        self,
        world: World,
        authority: Authority,
        event: Event,
        statement_id: str,
        named: Named,
        index: int,
        ms: int,
    ) -> None:
        self.world = world
        self.authority = authority
        self.event = event
        self.id = statement_id
        self.named = named
        self.index = index
        self.ms = ms
        self.here = event.read_point
        self.rule = OPERATIONS[event.op]
        self.changes = Changes()

    def find(self, item: str) -> Row | None:
        """An item's row as this event has it so far, or None when it was never commissioned."""
        return self.changes.rows.get(item) or self.world.row(item)

    def row(self, item: str) -> Row:
        row = self.find(item)
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
        if row.parent and self.rule.takes_out:
            row = self._out_of(row, root)
        if self.rule.empty and self.children(item):
            raise self.refuse("not-empty", row, "still holds something")
        if self.rule.stops_blocked:
            self.stop_blocked(row)
        return row

    def _out_of(self, row: Row, root: Row) -> Row:
        """What lies in a container here comes out first; elsewhere, it stays what it is in."""
        if root.status == ACTIVE and root.site == self.here:
            return self.take_out(row)
        if self.rule.becomes is not None:
            if root.status == IN_TRANSIT:
                raise self.refuse(
                    "wrong-state", row, f"is inside {root.id}, which is never split in transit"
                )
            return self.take_out(row)
        return row

    def stop_blocked(self, row: Row) -> None:
        """Refuse what a mark blocks, by the worst one. Raises Refused."""
        for found in marks.of(self.world, self.authority, row, self.ms):
            if found.mark in marks.BLOCKS:
                evidence = {"index": found.index} if 0 <= found.index < self.index else None
                raise Refused(marks.BLOCKS[found.mark], found.words, evidence)

    def packs(self, row: Row) -> Mapping[LotKey, Count]:
        """How many packs of which lot an item is or holds, and how many of them are held back."""
        if is_pack(row.id):
            return {(gtin_of(row.id), row.lot): Count(1, 1 if row.hold else 0)}
        counts = dict(self.world.content(row.id))
        for (container, gtin, lot), more in self.changes.content.items():
            if container == row.id:
                counts[gtin, lot] = _sum(counts.get((gtin, lot)), more)
        held = {lot: Count(c.n, c.n) for lot, c in counts.items()} if row.hold else counts
        return {lot: count for lot, count in held.items() if count.n}

    def packs_in(self, row: Row, around: tuple[Row, ...] = ()) -> Iterator[tuple[Row, list[Row]]]:
        """Each pack that an item is or holds, with the containers up to it, innermost first."""
        if is_pack(row.id):
            yield row, list(around)
            return
        self.world.know_inside(row.id)
        for child in self.children(row.id):
            yield from self.packs_in(self.row(child), (row, *around))

    @staticmethod
    def came(row: Row, around: Iterable[Row]) -> tuple[str, int]:
        """Which site shipped an item to where it is, and by which receipt it came.

        What was received since the item was packed brought it along; what it was packed into here
        did not.
        """
        came, joined = (row.came, row.arrived), row.joined
        for container in around:
            if container.arrived > joined:
                came = container.came, container.arrived
            joined = container.joined
        return came

    def children(self, container: str) -> list[str]:
        """What is directly inside a container, after what this event took out of it."""
        left = self.changes.left
        return [c for c in self.world.children(container) if left.get(c) != container]

    def take_out(self, row: Row) -> Row:
        """Give a row its outermost container's place; a hold on what was around it stays on it."""
        around = list(self.chain(row))
        root = around[-1]
        self.count(row, around, -1)
        self.changes.left[row.id] = row.parent
        held = max((row, *around), key=self._strength)  # the innermost of the strongest
        came, arrived = self.came(row, around)
        row = replace(
            row,
            status=root.status,
            reason=root.reason,
            site=root.site,
            owner=root.owner,
            parent="",
            hold=held.hold,
            hold_reason=held.hold_reason,
            shipment=root.shipment,
            came=came,
            arrived=arrived,
            joined=-1,
            cleared=max([row.cleared, *(c.cleared for c in around if c.cleared > row.last)]),
            last=self.index,
        )
        self.put(row)
        return row

    def _strength(self, row: Row) -> int:
        """How much a hold weighs: an authority's most, then a product holder's, a word's least."""
        if not row.hold:
            return 0
        if row.hold == self.authority.gln:
            return 4
        holders = {
            r.product.holder for gtin, _ in self.packs(row) if (r := self.authority.product(gtin))
        }
        return 1 if row.hold_reason in WEAK else 3 if row.hold in holders else 2

    def is_strong(self, row: Row) -> bool:
        """Whether a hold is the authority's or the product holder's."""
        return self._strength(row) > 2

    def count(self, row: Row, around: Iterable[Row], sign: int) -> None:
        """Add an item's packs to the containers around it, innermost first, or take them off."""
        moved = self.packs(row)
        for container in around:
            for (gtin, lot), count in moved.items():
                self._add(container.id, gtin, lot, Count(sign * count.n, sign * count.held))
            if container.hold:
                moved = {lot: Count(count.n, count.n) for lot, count in moved.items()}

    def _add(self, container: str, gtin: str, lot: str, more: Count) -> None:
        content, key = self.changes.content, (container, gtin, lot)
        content[key] = _sum(content.get(key), more)

    def set_hold(self, row: Row, by: str, reason: str) -> Row:
        """Put a row on hold, or with "" release it, and tell the containers around it."""
        before = self.packs(row)
        row = replace(row, hold=by, hold_reason=reason, last=self.index)
        after = self.packs(row)
        for container in self.chain(row):
            for (gtin, lot), count in after.items():
                more = count.held - before[gtin, lot].held
                if more:
                    self._add(container.id, gtin, lot, Count(0, more))
            if container.hold:
                break  # around it, all that it holds is held already
        self.put(row)
        return row

    def answers_for(self, row: Row) -> bool:
        """Whether the acting party may act on goods it does not hold: authority or product's holder."""
        by = self.event.by
        if by == self.authority.gln:
            return True
        records = [self.authority.product(gtin) for gtin, _ in self.packs(row)]
        if not records:
            return self.world.partial
        return all(r is not None and r.product.holder == by for r in records)

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


def _sum(count: Count | None, more: Count) -> Count:
    return more if count is None else Count(count.n + more.n, count.held + more.held)


_WRONG_STATUS: Final = {
    ACTIVE: "wrong-state",
    IN_TRANSIT: "in-transit",
    INACTIVE: "already-inactive",
}


def _words(root: Row) -> str:
    return f"inactive ({root.reason})" if root.status == INACTIVE else root.status.replace("_", " ")
