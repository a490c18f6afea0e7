"""Where every item is: rows, membership, content, lots and shipments, as one fold's working state.

Pure: what is not in memory is asked of the loader functions, so the store (tables), a proof
(nothing but what it shows) and a test (nothing at all) fold by the same code. Who may act is
`authority`'s business, what an act does is `custody`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

ACTIVE = "active"
IN_TRANSIT = "in_transit"
INACTIVE = "inactive"
MAX_PARENTS = 5


class Row(NamedTuple):
    """An item as its own statements left it (custody.md 1).

    Only an outermost row has site, owner and shipment; what is inside a container keeps `active`
    here and takes its effective standing from the outermost row, see `World.outermost`.
    """

    id: str
    status: str
    reason: str  # the operation that made it inactive, else ""
    site: str  # GLN; in transit the sender's, inactive where it happened, inside a container ""
    owner: str  # GLN of the owning party, inside a container ""
    parent: str  # id of the container directly around it, or ""
    hold: str  # GLN of the party whose quarantine it is under, or ""
    hold_reason: str
    shipment: int  # index of the ship statement while in transit, else -1
    last: int  # index of the newest statement about this row itself
    lot: str  # "" for a logistic unit
    born: int  # index of its commissioning


class Lot(NamedTuple):
    """A lot has one expiry for ever."""

    gtin: str
    lot: str
    expiry: date
    index: int  # type: ignore[assignment]  # of its first commissioning; hides tuple.index


class Shipment(NamedTuple):
    """What a ship statement announced."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    id: str  # statement id
    party: str  # the sender's GLN
    site: str  # where it left
    to_party: str  # the destination site's party
    to_site: str
    owner: str  # owner on receipt
    number: str  # tracking number, unique per sender
    received: bool  # True once any receipt stands


class Ref(NamedTuple):
    """A logged event as others refer to it."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    id: str
    ms: int  # landing time
    op: str
    by: str
    site: str


@dataclass(slots=True)
class Changes:
    """What one accepted event does; `World.apply` folds it in, the store writes it down.

    Rows are whole new rows, in order of first touch. `content` counts packs by (container, gtin,
    lot). `already` names items on which the act changed nothing, with the index that did it before.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    joined: list[tuple[str, str]] = field(default_factory=list)  # (child, parent)
    left: list[tuple[str, str]] = field(default_factory=list)
    content: dict[tuple[str, str, str], int] = field(default_factory=dict)
    shipment: Shipment | None = None
    lot: Lot | None = None
    already: dict[str, int] = field(default_factory=dict)


def _no_row(_: str) -> Row | None:
    return None


def _no_rows(_: str) -> Iterable[str]:
    return ()


def _no_content(_: str) -> dict[tuple[str, str], int]:
    return {}


def _no_shipment(_: int) -> Shipment | None:
    return None


def _no_lot(_: str, __: str) -> Lot | None:
    return None


def _no_ref(_: str) -> Ref | None:
    return None


def _never(_: str, __: str) -> bool:
    return False


@dataclass(slots=True)
class Loaders:
    """Where a World looks for what it does not hold yet; without any, it knows nothing more."""

    row: Callable[[str], Row | None] = _no_row
    children: Callable[[str], Iterable[str]] = _no_rows
    content: Callable[[str], dict[tuple[str, str], int]] = _no_content
    shipment: Callable[[int], Shipment | None] = _no_shipment
    lot: Callable[[str, str], Lot | None] = _no_lot
    statement: Callable[[str], Ref | None] = _no_ref
    number_used: Callable[[str, str], bool] = _never


class World:
    """The fold's state over its loaders. Not shared between threads; a failed fold throws it away."""

    def __init__(self, loaders: Loaders | None = None) -> None:
        self._load = loaders or Loaders()
        self._rows: dict[str, Row | None] = {}
        self._children: dict[str, dict[str, None]] = {}
        self._content: dict[str, dict[tuple[str, str], int]] = {}
        self._shipments: dict[int, Shipment | None] = {}
        self._lots: dict[tuple[str, str], Lot | None] = {}
        self._refs: dict[str, Ref | None] = {}
        self._numbers: dict[tuple[str, str], bool] = {}

    def know(self, rows: Iterable[Row], absent: Iterable[str] = ()) -> None:
        """Take in rows read in one go, and ids that were looked for and do not exist."""
        for row in rows:
            self._rows.setdefault(row.id, row)
        for item in absent:
            self._rows.setdefault(item, None)

    def know_shipments(
        self,
        refs: Iterable[Ref],
        shipments: Iterable[Shipment],
        numbers: Mapping[tuple[str, str], bool],
    ) -> None:
        """Take in ship statements read in one go, and which (party, tracking number) are used."""
        for ref in refs:
            self._refs.setdefault(ref.id, ref)
        for shipment in shipments:
            self._shipments.setdefault(shipment.index, shipment)
        for key, used in numbers.items():
            self._numbers.setdefault(key, used)

    def row(self, item: str) -> Row | None:
        """The row of an item, or None when it was never commissioned."""
        try:
            return self._rows[item]
        except KeyError:
            row = self._rows[item] = self._load.row(item)
            return row

    def rows_known(self) -> Iterator[Row]:
        """The rows held in memory: after a fold from nothing, all there are."""
        return (row for row in self._rows.values() if row is not None)

    def chain(self, row: Row) -> Iterator[Row]:
        """The containers around a row, innermost first; at most five by the packing rules."""
        while row.parent:
            around = self.row(row.parent)
            if around is None:  # the packing rules do not let this happen
                raise LookupError(f"{row.id} is in {row.parent}, which has no row")
            row = around
            yield row

    def outermost(self, row: Row) -> Row:
        """The row that says where this one effectively is: itself or its outermost container."""
        for around in self.chain(row):
            row = around
        return row

    def newest(self, row: Row) -> int:
        """Index of the newest statement about the row or a container it is in."""
        return max([row.last, *(around.last for around in self.chain(row))])

    def children(self, container: str) -> dict[str, None]:
        """Ids directly inside a container, in order; do not change the answer."""
        found = self._children.get(container)
        if found is None:
            found = self._children[container] = dict.fromkeys(self._load.children(container))
        return found

    def content(self, container: str) -> dict[tuple[str, str], int]:
        """Packs anywhere inside a container by (gtin, lot); do not change the answer."""
        found = self._content.get(container)
        if found is None:
            found = self._content[container] = dict(self._load.content(container))
        return found

    def shipment(self, index: int) -> Shipment | None:
        """The shipment that a ship statement announced."""
        if index not in self._shipments:
            self._shipments[index] = self._load.shipment(index)
        return self._shipments[index]

    def lot(self, gtin: str, lot: str) -> Lot | None:
        """A lot, or None before its first commissioning."""
        key = (gtin, lot)
        if key not in self._lots:
            self._lots[key] = self._load.lot(gtin, lot)
        return self._lots[key]

    def statement(self, statement_id: str) -> Ref | None:
        """A logged event by its id."""
        if statement_id not in self._refs:
            self._refs[statement_id] = self._load.statement(statement_id)
        return self._refs[statement_id]

    def number_used(self, party: str, number: str) -> bool:
        """Whether a sender has used this tracking number."""
        key = (party, number)
        if key not in self._numbers:
            self._numbers[key] = self._load.number_used(party, number)
        return self._numbers[key]

    def apply(self, changes: Changes, ref: Ref) -> None:
        """Fold an accepted event in. `changes` must come from `decide` on this very state."""
        self._refs[ref.id] = ref
        # Load before changing: a loader answers with the state before this event.
        for container in {parent for _, parent in (*changes.joined, *changes.left)}:
            self.children(container)
        for container in {key[0] for key in changes.content}:
            self.content(container)
        self._rows.update(changes.rows)
        for child, parent in changes.left:
            self._children[parent].pop(child, None)
        for child, parent in changes.joined:
            self._children[parent][child] = None
        for (container, gtin, lot), delta in changes.content.items():
            counts = self._content[container]
            left = counts.get((gtin, lot), 0) + delta
            if left:
                counts[gtin, lot] = left
            else:
                counts.pop((gtin, lot), None)
        if changes.shipment is not None:
            self._shipments[changes.shipment.index] = changes.shipment
            self._numbers[changes.shipment.party, changes.shipment.number] = True
        if changes.lot is not None:
            self._lots[changes.lot.gtin, changes.lot.lot] = changes.lot
