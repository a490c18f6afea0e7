"""Where every item is: rows, membership, content, lots and shipments, as one fold's working state.

Pure: what is not in memory is asked of the loader functions, so the store (tables), a proof
(nothing but what it shows) and a test (nothing at all) fold by the same code. Who may act is
`authority`'s business, what an act does is `custody`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ledger.rules.state import Changes, Count, Lot, LotKey, Ref, Row, Shipment
from ledger.statement.events import Event


@dataclass(slots=True)
class Loaders:
    """Where a World looks for what it does not hold yet; without any, it knows nothing more.

    `signed` gives the indexes of the events that a key signed from a time (ms) on. `spans` gives
    (container, from index, to index or -1) of an item. `items` gives what an event names, or None
    where that is not known.
    """

    row: Callable[[str], Row | None] = lambda _item: None
    children: Callable[[str], Iterable[str]] = lambda _container: ()
    inside: Callable[[str], Iterable[Row]] = lambda _container: ()  # the rows of the same
    content: Callable[[str], dict[LotKey, Count]] = lambda _container: {}
    shipment: Callable[[int], Shipment | None] = lambda _index: None
    lot: Callable[[str, str], Lot | None] = lambda _gtin, _lot: None
    statement: Callable[[str], Ref | None] = lambda _id: None
    number_used: Callable[[str, str], bool] = lambda _party, _number: False
    origins: Callable[[str, str], Iterable[LotKey]] = lambda _gtin, _lot: ()
    signed: Callable[[str, int], Iterable[int]] = lambda _keyid, _since_ms: ()
    spans: Callable[[str], Iterable[tuple[str, int, int]]] = lambda _item: ()
    items: Callable[[int], Iterable[str] | None] = lambda _index: None
    inputs: Callable[[int], Iterable[int]] = lambda _index: ()
    mentions: Callable[[str], Iterable[int]] = lambda _item: ()


class World:
    """The fold's state over its loaders. Not shared between threads; a failed fold throws it away.

    `partial` says that it may not know all that a container holds: a proof shows what it must.
    """

    def __init__(self, loaders: Loaders | None = None, *, partial: bool = False) -> None:
        self._load = loaders or Loaders()
        self.partial = partial
        self._rows: dict[str, Row | None] = {}
        self._children: dict[str, dict[str, None]] = {}
        self._content: dict[str, dict[LotKey, Count]] = {}
        self._shipments: dict[int, Shipment | None] = {}
        self._lots: dict[tuple[str, str], Lot | None] = {}
        self._refs: dict[str, Ref | None] = {}
        self._numbers: dict[tuple[str, str], bool] = {}
        self._origins: dict[LotKey, dict[LotKey, None]] = {}
        self._signed: dict[str, list[tuple[int, int]]] = {}  # by what was applied here
        self._mentions: dict[str, tuple[int, ...]] = {}  # likewise
        self._moves: dict[str, list[tuple[str, int, bool]]] = {}  # likewise: joined or left
        self._items: dict[int, frozenset[str] | None] = {}
        self._inputs: dict[int, tuple[int, ...]] = {}

    def know(self, rows: Iterable[Row], absent: Iterable[str] = ()) -> None:
        """Take in rows read in one go, and ids that were looked for and do not exist."""
        for row in rows:
            self._rows.setdefault(row.id, row)
        for item in absent:
            self._rows.setdefault(item, None)

    def know_inside(self, container: str) -> None:
        """Read the rows directly inside a container in one go."""
        self.know(self._load.inside(container))

    def know_lot(self, lot: Lot) -> None:
        """Take in a lot whose first commissioning is not folded here."""
        self._lots[lot.gtin, lot.lot] = lot

    def settle(self, row: Row) -> None:
        """Put a row as statements that cannot be folded any more left it."""
        self._rows[row.id] = row

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

    def know_content(self, container: str, counts: dict[LotKey, Count]) -> None:
        """Take in what a container holds, read in one go with others."""
        self._content.setdefault(container, counts)

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

    def content(self, container: str) -> dict[LotKey, Count]:
        """Packs anywhere inside a container by (gtin, lot); do not change the answer."""
        found = self._content.get(container)
        if found is None:
            found = self._content[container] = dict(self._load.content(container))
        return found

    def packs_inside(self, container: str) -> Iterator[Row]:
        """The rows of all packs anywhere inside a container."""
        for child in self.children(container):
            row = self.row(child)
            assert row is not None  # only commissioned items are packed
            if row.lot:
                yield row
            else:
                yield from self.packs_inside(child)

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

    def origins(self, gtin: str, lot: str) -> set[LotKey]:
        """A lot and all lots that were repacked into it, through any number of repackings."""
        if not self._went_in((gtin, lot)):
            return {(gtin, lot)}
        found: set[LotKey] = set()
        todo = [(gtin, lot)]
        while todo:
            key = todo.pop()
            if key not in found:
                found.add(key)
                todo += self._went_in(key)
        return found

    def _went_in(self, key: LotKey) -> dict[LotKey, None]:
        if key not in self._origins:
            self._origins[key] = dict.fromkeys(self._load.origins(*key))
        return self._origins[key]

    def signed(self, keyid: str, since_ms: int) -> list[int]:
        """Indexes of the events that a key signed and that landed from a time on, ascending."""
        fresh = [index for index, ms in self._signed.get(keyid, ()) if ms >= since_ms]
        return [*self._load.signed(keyid, since_ms), *fresh]

    def spans(self, item: str) -> list[tuple[str, int, int]]:
        """The containers that an item was in: (container, from index, to index or -1)."""
        found = list(self._load.spans(item))
        for container, index, joined in self._moves.get(item, ()):
            if joined:
                found.append((container, index, -1))
            else:
                found[-1] = (container, found[-1][1], index)
        return found

    def items(self, index: int) -> frozenset[str] | None:
        """What the statement at an index names in whichever list; None where that is not known."""
        if index not in self._items:
            found = self._load.items(index)
            self._items[index] = None if found is None else frozenset(found)
        return self._items[index]

    def know_items(self, index: int, items: Iterable[str]) -> None:
        """Take in what a statement names; the fold tells it, as do a hold's and a recall's list."""
        self._items[index] = frozenset(items)

    def inputs(self, index: int) -> tuple[int, ...]:
        """Indexes of the check-outs that the repacking at an index took up."""
        if index not in self._inputs:
            self._inputs[index] = tuple(self._load.inputs(index))
        return self._inputs[index]

    def mentions(self, item: str) -> set[int]:
        """Indexes of the events that name an item in whichever list, its commissioning apart."""
        return {*self._load.mentions(item), *self._mentions.get(item, ())}

    def apply(
        self, changes: Changes, ref: Ref, event: Event, keyids: Iterable[str], named: Iterable[str]
    ) -> None:
        """Fold an accepted event in. `changes` must come from `decide` on this very state."""
        if event.op not in ("commission", "repack"):
            for item in named:
                self._mentions[item] = (*self._mentions.get(item, ()), ref.index)
        # Load before changing: a loader answers with the state before this event.
        for container in {*changes.joined.values(), *changes.left.values()}:
            self.children(container)
        for container in {key[0] for key in changes.content}:
            self.content(container)
        for keyid in keyids:
            self._signed.setdefault(keyid, []).append((ref.index, ref.ms))
        self._refs[ref.id] = ref
        self._rows.update(changes.rows)
        for child, parent in changes.left.items():
            self._children[parent].pop(child, None)
            self._moves.setdefault(child, []).append((parent, ref.index, False))
        for child, parent in changes.joined.items():
            self._children[parent][child] = None
            self._moves.setdefault(child, []).append((parent, ref.index, True))
        for (container, gtin, lot), more in changes.content.items():
            counts = self._content[container]
            before = counts.get((gtin, lot), Count(0, 0))
            left = Count(before.n + more.n, before.held + more.held)
            if left.n:
                counts[gtin, lot] = left
            else:
                counts.pop((gtin, lot), None)
        if changes.shipment is not None:
            known = self._shipments.get(changes.shipment.index)
            self._shipments[changes.shipment.index] = changes.shipment
            if known is None:
                self._numbers[changes.shipment.party, changes.shipment.number] = True
        if changes.lot is not None:
            self._lots[changes.lot.gtin, changes.lot.lot] = changes.lot
        for made, source in changes.made:
            self._went_in(made)[source] = None
        if event.inputs is not None:
            refs = (self.statement(statement_id) for statement_id in event.inputs)
            self._inputs[ref.index] = tuple(sorted(r.index for r in refs if r is not None))
