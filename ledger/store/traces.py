"""What a trace is put together from: the moves of a lot, of some packs, of a shipment, of sites.

A lot is traced by the sums that the fold keeps, without a look at its packs; packs that are few, by
their own lives. Both go through repackings: to the packs that were made of these, and to those that
these were made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from ledger.rules.moves import MAKES, NAMED, TAKEN_UP, Moved
from ledger.rules.state import IN_TRANSIT, REFUSED, SHORT, LotKey, Shipment
from ledger.rules.trace import Act
from ledger.statement.gs1 import ROOT, gtin_of, is_pack
from ledger.store import content
from ledger.store.database import Store
from ledger.store.loading import MOVED, ROW, SHIPMENT, shipment_of
from ledger.store.shipments import members
from ledger.store.staging import resolved
from ledger.store.trace_lives import lives, taken_up_by

MOST_PACKS: Final = 100_000  # that are looked at one by one
MOST_ACTS: Final = 200_000  # moves that a trace holds
MOST_REPACKINGS: Final = 5  # through which a trace goes, either way
_ACTS: Final = (
    f"SELECT {', '.join('moved.' + name for name in MOVED.split(', '))}, "
    "act.id, act.ms, act.op, act.by FROM moved JOIN act ON act.idx = moved.idx"
)


class TooMuch(ValueError):
    """A trace of more than can be looked at; its words say what to ask instead."""


@dataclass(slots=True)
class Traced:
    """The moves of a trace, and the shipments that they are about.

    `stages` tells the lots apart that repacking made of each other: 0 for what was asked for, above 0
    for what was made of it, below for what it was made of. `lacking` gives, of shipments with something
    under way, how many packs by lot the receiver last called short or refused.
    """

    acts: list[Act] = field(default_factory=list)
    shipments: dict[int, Shipment] = field(default_factory=dict)
    stages: dict[LotKey, int] = field(default_factory=dict)
    lacking: dict[tuple[int, LotKey], dict[str, int]] = field(default_factory=dict)

    def stage(self, lot: LotKey) -> int:
        """How many repackings a lot is away from what was asked for."""
        return self.stages.get(lot, 0)


def of_lot(store: Store, gtin: str, lot: str) -> Traced:
    """All that happened to a lot. Raises TooMuch."""
    gathered = _Gathered(store)
    gathered.take_lot((gtin, lot), 0)
    return gathered.done()


def of_packs(store: Store, packs: Iterable[str]) -> Traced:
    """All that happened to some packs. Raises TooMuch."""
    gathered = _Gathered(store)
    gathered.take_packs(set(packs), 0)
    return gathered.done()


def of_sites(store: Store, sites: Iterable[str], start_ms: int, end_ms: int) -> Traced:
    """What was moved at, to and from some sites between two times. Raises TooMuch."""
    wanted = list(sites)
    between = f"act.ms >= {int(start_ms)} AND act.ms < {int(end_ms)}"
    some = f"LIMIT {MOST_ACTS + 1}"
    queries = (
        f"{_ACTS} WHERE moved.site IN (IN) AND {between} {some}",
        f"{_ACTS} JOIN shipment ON shipment.idx = moved.idx WHERE shipment.to_site IN (IN) AND {between} {some}",
    )
    rows = {row[:6]: row for sql in queries for row in store.rows_in(sql, wanted)}
    if len(rows) > MOST_ACTS:
        raise TooMuch("these sites moved too much in this time: choose a shorter one")
    sent = {row[0] for row in rows.values() if row[10] in _SENT}
    told = f"{_ACTS} JOIN delivery ON delivery.idx = moved.idx WHERE delivery.shipment IN (IN)"
    rows |= {row[:6]: row for row in store.rows_in(told, sent)}
    traced = Traced([_act(row) for row in rows.values()])
    return _finished(store, traced)


def inside(store: Store, container: str, until: int = 1 << 62) -> set[str]:
    """The packs that were ever in a container, packed by an index at the latest. Raises TooMuch."""
    found: set[str] = set()
    containers = {container}
    sql = f"SELECT DISTINCT child FROM membership WHERE parent IN (IN) AND from_idx <= {int(until)}"
    while containers:
        children = {child for (child,) in store.rows_in(sql, containers)}
        found |= {child for child in children if is_pack(child)}
        containers = {child for child in children if not is_pack(child)}
        _bound(found)
    return found


def about_container(store: Store, container: str) -> list[int]:
    """The indexes of the statements that made a container, packed it or named it; ascending."""
    sql = (
        "SELECT idx FROM mention WHERE item = ? UNION SELECT from_idx FROM membership WHERE parent = ? "
        "UNION SELECT born FROM item WHERE id = ? ORDER BY 1"
    )
    return [index for (index,) in store.rows(sql, (container, container, container))]


def numbered(store: Store, number: str) -> list[Shipment]:
    """The shipments of a tracking number, whoever sent them, newest first."""
    sql = f"SELECT {SHIPMENT} FROM shipment WHERE number = ? ORDER BY idx DESC"
    return [shipment_of(row) for row in store.rows(sql, (number,))]


def products_of(store: Store, lot: str) -> list[str]:
    """The GTINs that have a lot of this number."""
    return [gtin for (gtin,) in store.rows("SELECT gtin FROM lot WHERE lot = ? ORDER BY 1", (lot,))]


def first_packed(store: Store, container: str) -> int:
    """The index of the first statement that packed something into a container, 0 for none."""
    row = store.one("SELECT MIN(from_idx) FROM membership WHERE parent = ?", (container,))
    return int(row[0]) if row and row[0] is not None else 0


def erased(store: Store) -> bool:
    """Whether something of this log was erased after its retention."""
    return store.one("SELECT 1 FROM kept LIMIT 1") is not None


def named(store: Store, statement: str, most: int = MOST_PACKS) -> list[str] | None:
    """The ids that a statement acts on; None where they are more than asked for, or were erased."""
    if content.count(store, statement) > most:
        return None
    return [item.id for item in content.items(store, statement)] or None


def example(store: Store, index: int, statement: str, lot: LotKey) -> str:
    """One pack of a lot that a statement names, or that lay in a container it names; "" for none."""
    ids = content.ids_between(store, statement, 0, content.PART)
    for item in ids:
        if gtin_of(item) == lot[0] and store.one(
            "SELECT 1 FROM item WHERE id = ? AND lot = ?", (item, lot[1])
        ):
            return item
    roots = {item: item for item in ids if not is_pack(item)}
    for _root, pack, number in members(store, roots, index, content.PART):
        if (gtin_of(pack), number) == lot:
            return pack
    return ""


def lot_uri(gtin: str, lot: str) -> str:
    """A lot's canonical Digital Link, which EPCIS calls a class."""
    return f"{ROOT}/01/{gtin}/10/{quote(lot, safe='')}"


def sent_in(store: Store, shipment: Shipment) -> set[str]:
    """The packs that a shipment carried. Raises TooMuch."""
    items = [item.id for item in content.items(store, shipment.id)]
    roots = {item: item for item in items if not is_pack(item)}
    found = {item for item in items if is_pack(item)}
    found.update(
        pack for _root, pack, _lot in members(store, roots, shipment.index, MOST_PACKS + 1)
    )
    _bound(found)
    return found


def _bound(packs: set[str]) -> None:
    if len(packs) > MOST_PACKS:
        raise TooMuch(f"it held more than {MOST_PACKS} packs: trace their lots instead")


_SENT: Final = frozenset({"ship", "return", "recall_return", "to_destruction"})


def _act(row: tuple[object, ...]) -> Act:
    return Act(Moved(*row[:8]), *row[8:])  # type: ignore[arg-type]  # the columns of `_ACTS`


class _Gathered:
    """A trace in the making: whole lots, and packs by themselves, each with its stage."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.traced = Traced()
        self._lots: set[LotKey] = set()
        self._packs: set[str] = set()

    def done(self) -> Traced:
        return _finished(self.store, self.traced)

    def take_lot(self, lot: LotKey, stage: int) -> None:
        """A whole lot, then what was made of it and what it was made of."""
        self._lots.add(lot)
        self.traced.stages[lot] = stage
        rows = self.store.rows(f"{_ACTS} WHERE moved.gtin = ? AND moved.lot = ? LIMIT ?",
                               (*lot, MOST_ACTS + 1))  # fmt: skip
        if len(rows) > MOST_ACTS:
            raise TooMuch("this lot was moved too often for one trace: trace its shipments")
        acts = [_act(row) for row in rows]
        self.traced.acts += acts
        if stage >= 0:
            self._forward({a.moved.index for a in acts if a.moved.side == TAKEN_UP}, stage)
        if stage <= 0:
            born = {a.moved.index for a in acts if a.op == "repack" and a.moved.side == NAMED}
            self._backward(born, stage)

    def take_packs(self, packs: set[str], stage: int) -> None:
        """Some packs, as far as they are not of a lot that is traced whole; then likewise."""
        packs = packs - self._packs
        if not packs:
            return
        self._packs |= packs
        _bound(self._packs)
        sql = f"SELECT {ROW} FROM item WHERE id IN (IN)"
        rows = [
            row
            for row in resolved(self.store, self.store.rows_in(sql, packs))
            if row.lot and (gtin_of(row.id), row.lot) not in self._lots
        ]
        for row in rows:
            self.traced.stages.setdefault((gtin_of(row.id), row.lot), stage)
        acts, repacked = lives(self.store, {row.id: (row.lot, row.born) for row in rows})
        taken_up = {row.id: row.last for row in rows if row.reason == "repack"}
        acts += taken_up_by(self.store, taken_up, {row.id: row.lot for row in rows})
        self.traced.acts += acts
        if stage >= 0:
            self._forward(set(taken_up.values()), stage)
        if stage <= 0:
            self._backward(repacked, stage)

    def _forward(self, repackings: set[int], stage: int) -> None:
        """What was made by some repackings; a whole lot, where they made all of it."""
        if not repackings or stage >= MOST_REPACKINGS:
            return
        for lot, indexes in self._made_by(repackings).items():
            if lot in self._lots:
                continue
            sql = f"{_ACTS} WHERE moved.gtin = ? AND moved.lot = ? AND moved.side = 0"
            making = {r[0] for r in self.store.rows(sql, lot) if r[10] in MAKES}
            if making <= repackings and lot not in self.traced.stages:
                self.take_lot(lot, stage + 1)
            else:
                self.take_packs(set(self._named(indexes)), stage + 1)

    def _made_by(self, repackings: set[int]) -> dict[LotKey, list[int]]:
        sql = "SELECT gtin, lot, idx FROM moved WHERE side = 0 AND idx IN (IN)"
        found: dict[LotKey, list[int]] = {}
        for gtin, lot, index in self.store.rows_in(sql, repackings):
            found.setdefault((gtin, lot), []).append(index)
        return found

    def _backward(self, repackings: set[int], stage: int) -> None:
        """What some repackings made their packs of: the packs themselves, not their whole lots."""
        if not repackings or -stage >= MOST_REPACKINGS:
            return
        sql = "SELECT check_out FROM input WHERE idx IN (IN)"
        check_outs = [index for (index,) in self.store.rows_in(sql, repackings)]
        sql = "SELECT id FROM item WHERE reason = 'repack' AND id IN (IN)"
        packs = {item for (item,) in self.store.rows_in(sql, self._named(check_outs))}
        self.take_packs(packs, stage - 1)

    def _named(self, indexes: Iterable[int]) -> Iterator[str]:
        for (statement,) in self.store.rows_in("SELECT id FROM act WHERE idx IN (IN)", indexes):
            for item in content.items(self.store, statement):
                yield item.id


def _finished(store: Store, traced: Traced) -> Traced:
    """A trace with its shipments, whoever's moves it holds, and what is said of what is under way."""
    sent = {act.moved.index for act in traced.acts if act.op in _SENT}
    columns = ", ".join(f"shipment.{name}" for name in SHIPMENT.split(", "))
    sql = f"SELECT {columns} FROM shipment WHERE idx IN (IN)"
    traced.shipments = {row[0]: shipment_of(row) for row in store.rows_in(sql, sent)}
    lots = {(act.moved.gtin, act.moved.lot) for act in traced.acts}
    loose = (
        "SELECT shipment, reason, substr(id, 23, 14), lot, COUNT(*) FROM item "
        f"WHERE status = '{IN_TRANSIT}' AND lot <> '' AND reason <> '' AND shipment IN (IN) "
        "GROUP BY shipment, reason, substr(id, 23, 14), lot"
    )
    contained = (
        "SELECT item.shipment, item.reason, content.gtin, content.lot, SUM(content.n) FROM item "
        f"JOIN content ON content.container = item.id WHERE item.status = '{IN_TRANSIT}' "
        "AND item.lot = '' AND item.reason <> '' AND item.shipment IN (IN) "
        "GROUP BY item.shipment, item.reason, content.gtin, content.lot"
    )
    sql = "SELECT idx FROM shipment WHERE open = 1 AND idx IN (IN)"
    still = [index for (index,) in store.rows_in(sql, sent)]
    for query in (loose, contained):
        for index, reason, gtin, lot, n in store.rows_in(query, still):
            if reason in (SHORT, REFUSED) and (gtin, lot) in lots:
                words = traced.lacking.setdefault((index, (gtin, lot)), {})
                words[reason] = words.get(reason, 0) + int(n)
    return traced
