"""The read side: what the log holds about packs, sites and parties.

Answers are plain values; who may see them is left to the caller, what they mean to `rules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final, NamedTuple

from ledger.disclose import Step
from ledger.errors import Malformed
from ledger.pulled import Pulled
from ledger.rules import rights
from ledger.rules.authority import Authority
from ledger.rules.state import Lot, LotKey, Row, Shipment
from ledger.rules.world import World
from ledger.statement.events import Event
from ledger.statement.governance import RecallAnswer
from ledger.statement.gs1 import gtin_of
from ledger.statement.items import Item, ItemPath
from ledger.statement.parts import is_practice
from ledger.statement.submission import Statement
from ledger.store import content
from ledger.store.database import Store, meta
from ledger.store.enrolled import Enrolled, enrolled
from ledger.store.kept import Kept
from ledger.store.loading import (
    ROW,
    loaders,
    read_governance,
    shipment_of,
    stored_entries,
    stored_lists,
)
from ledger.store.publish import (
    Head,
    evidence,
    newest,
    published_size,
    tile_reader,
    with_cosignatures,
)
from ledger.store.staging import resolved
from ledger.tlog import merkle
from ledger.tlog.tiles import hash_reader

_PAGE: Final = 1_000  # entries read at a time


class Logged(NamedTuple):
    """A statement as it is stored."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    id: str
    ms: int
    envelope: bytes


class LotCount(NamedTuple):
    """A lot and how many packs of it were commissioned."""

    gtin: str
    lot: str
    expiry: str
    packs: int


class Stock(NamedTuple):
    """Packs of one lot and status at a site, those inside containers included."""

    gtin: str
    lot: str
    status: str
    packs: int


class ShipmentLine(NamedTuple):
    """A shipment and how many of its outermost items are still in transit."""

    shipment: Shipment
    open: int


class Reader:
    """Reads one store; threads may share it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._lock = Lock()
        self._authority = Authority()  # guarded by _lock
        self._seen = 0

    @property
    def origin(self) -> str:
        """The log's origin."""
        return meta(self.store, "origin")

    @property
    def vkey(self) -> str:
        """The log's verifier key."""
        return meta(self.store, "vkey")

    @property
    def simulated(self) -> bool:
        """Whether this log records a simulated world."""
        return meta(self.store, "simulated") == "1"

    @property
    def practice(self) -> bool:
        """Whether this is a practice log."""
        return is_practice(self.origin)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all reads inside see one state of the log."""
        with self.store.snapshot():
            yield

    def head(self) -> Head:
        """The newest checkpoint. Raises LookupError while the log is empty."""
        found = newest(self.store)
        if found is None:
            raise LookupError("the log is empty")
        return found._replace(note=with_cosignatures(self.store, found.size, found.note))

    def authority(self, size: int | None = None) -> Authority:
        """The governance in force now. What is applied is shared: do not change it.

        `size` is the head's, where it is known.
        """
        size = published_size(self.store) if size is None else size
        with self._lock:
            if self._seen < size:
                read_governance(self.store, self._authority, self._seen)
                self._seen = size
            return self._authority

    def world(self) -> World:
        """The state of every item, read as it is asked for."""
        return World(loaders(self.store))

    def world_of(self, items: Iterable[str]) -> World:
        """The same, with some items and the containers around them read in few queries."""
        world, known = self.world(), dict.fromkeys(items)
        wanted = list(known)
        while wanted:
            sql = f"SELECT {ROW} FROM item WHERE id IN (IN)"
            rows = list(resolved(self.store, self.store.rows_in(sql, wanted)))
            there = {row.id for row in rows}
            world.know(rows, (item for item in wanted if item not in there))
            around = dict.fromkeys(row.parent for row in rows if row.parent)
            wanted = [item for item in around if item not in known]
            known.update(around)
        return world

    def logged(self, index: int) -> Logged:
        """The statement at an index. Raises LookupError, also when its content was erased."""
        found = self._logged("WHERE entry.idx = ?", index)
        if found is None:
            raise LookupError(f"the log has no entry {index}")
        return found

    def _logged(self, where: str, value: object) -> Logged | None:
        try:
            for entry in stored_entries(self.store, where, (value,)):
                return Logged(entry.index, entry.id, entry.ms, entry.envelope)
        except Malformed as error:
            if Kept(self.store).erased:
                raise LookupError(f"its content may have been erased: {error}") from error
            raise
        return None

    def is_erased(self, row: Row) -> bool:
        """Whether what happened to an item was erased, so that nothing of it can be proven."""
        if self.store.one("SELECT 1 FROM kept LIMIT 1") is None:
            return False
        return bool({row.last, row.born} & Kept(self.store).erased)

    def find(self, statement_id: str) -> Logged:
        """The statement with an id. Raises LookupError, also when its content was erased."""
        found = self._logged("WHERE entry.id = ?", statement_id)
        if found is None:
            raise LookupError(f"no statement {statement_id} is on the log")
        return found

    def governance(self) -> list[Logged]:
        """All governance in the clear, by index."""
        entries = stored_entries(self.store, "WHERE entry.governance = 1")
        return [Logged(e.index, e.id, e.ms, e.envelope) for e in entries]

    def entry(self, index: int) -> bytes:
        """The exact bytes of an entry. Raises LookupError."""
        row = self.store.one("SELECT data FROM entry WHERE idx = ?", (index,))
        if row is None:
            raise LookupError(f"the log has no entry {index}")
        return bytes(row[0])

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The inclusion path of an entry in the tree of a size. Raises ValueError."""
        return merkle.inclusion_path(index, size, hash_reader(size, tile_reader(self.store)))

    def inclusions(self, indexes: Iterable[int], size: int) -> dict[int, list[bytes]]:
        """The inclusion paths of many entries; each tile is read once."""
        hashes = hash_reader(size, tile_reader(self.store))
        return {index: merkle.inclusion_path(index, size, hashes) for index in indexes}

    def consistency(self, size1: int, size2: int) -> list[bytes]:
        """The proof that the tree of size1 is a prefix of that of size2. Raises ValueError."""
        hashes = hash_reader(size2, tile_reader(self.store))
        return merkle.consistency_path(size1, size2, hashes)

    def checkpoints(self, limit: int = 100) -> list[Head]:
        """The newest checkpoints ever signed, newest first."""
        sql = "SELECT size, root, note, ms FROM checkpoint ORDER BY size DESC LIMIT ?"
        return [Head(s, bytes(r), bytes(n), ms) for s, r, n, ms in self.store.rows(sql, (limit,))]

    def evidence(self, index: int) -> dict[str, object]:
        """What proves an entry to anybody: index, entry, path, checkpoint."""
        return evidence(self.store, index, self.head().note)

    def items(self, index: int) -> tuple[Item, ...]:
        """The items that a statement commits to."""
        return content.items(self.store, self._id(index))

    def item_path(self, index: int, item: str) -> ItemPath:
        """The proof of one item in a statement. Raises LookupError."""
        return content.path(self.store, self._id(index), item)

    def addressed_to(self, party: str, since: int) -> Iterator[Pulled]:
        """The statements of which a party may see what the log only commits to, from an index on.

        Its own, holds and recalls of listed packs among them; shipments to it, and what the
        receivers of its shipments said; answers to its recalls; for the authority all.
        """
        authority = self.authority()
        # What stands in the clear has something to add where it commits to a list.
        hides = "(entry.governance = 0 OR entry.root IS NOT NULL)"
        where = f"WHERE {hides} AND entry.idx >= ? AND entry.idx < ?"
        erased, size = Kept(self.store).erased, self.head().size
        for start in range(since, size, _PAGE):
            part = (start, min(size, start + _PAGE))
            for entry in stored_entries(self.store, where, part, erased):
                statement = Statement.parse(entry.envelope)
                if party == authority.gln or party in self.concerned(authority, statement):
                    yield Pulled(entry.index, entry.ms, stored_lists(self.store, statement))

    def concerned(self, authority: Authority, statement: Statement) -> set[str]:
        """The parties that may see all of a committed statement, beside the authority."""
        body = statement.body
        found = {statement.by, *rights.signers(authority, statement)}
        if isinstance(body, Event):
            if body.dest_site is not None and (site := authority.site(body.dest_site)):
                found.add(site.party)
            if body.shipment is not None:
                sides = "SELECT party, to_party FROM shipment WHERE id = ?"
                found.update(self.store.one(sides, (body.shipment,)) or ())
        elif isinstance(body, RecallAnswer) and (mark := authority.marks.get(body.recall_id)):
            found.add(mark.by)
        return found

    def list_of(self, index: int, item: str) -> str:
        """Which list of a statement names an item. Raises LookupError."""
        return content.list_of(self.store, self._id(index), item)

    def index_of(self, statement_id: str) -> int:
        """The index of a statement. Raises LookupError."""
        row = self.store.one("SELECT idx FROM entry WHERE id = ?", (statement_id,))
        if row is None:
            raise LookupError(f"no statement {statement_id} is on the log")
        return int(row[0])

    def _id(self, index: int) -> str:
        row = self.store.one("SELECT id FROM entry WHERE idx = ?", (index,))
        if row is None:
            raise LookupError(f"the log has no entry {index}")
        return str(row[0])

    def history(self, item: str, world: World | None = None) -> list[Step]:
        """Every event about an item, or about a container while it was in it; by index.

        Empty for an item that was never commissioned. `world` is of the same snapshot, if any.
        """
        row = (world or self.world()).row(item)
        if row is None:
            return []
        steps = {row.born: item}
        head = 1 << 62
        self._about(item, 0, head, steps)
        inputs = list(self.store.rows_in("SELECT idx FROM input WHERE check_out IN (IN)", steps))
        for (index,) in inputs:
            steps.setdefault(index, "")  # what it was repacked into
        sql = "SELECT idx FROM act WHERE observed <> '' AND idx IN (IN)"
        observed = {index for (index,) in self.store.rows_in(sql, steps)}
        for index in observed:
            # What was put on hold as the container of an event is named by no list of it.
            if steps[index] not in content.every_id(self.store, self._id(index)):
                steps[index] = ""
        return [Step(index, named, index in observed) for index, named in sorted(steps.items())]

    def _about(self, item: str, start: int, end: int, steps: dict[int, str]) -> None:
        """Collect what names `item` between two indexes, and its containers in their spans."""
        sql = "SELECT idx FROM mention WHERE item = ? AND idx >= ? AND idx <= ?"
        for (index,) in self.store.rows(sql, (item, start, end)):
            # An inner link stands before its container: the item itself, where both are named.
            steps.setdefault(index, item)
        sql = (
            "SELECT parent, from_idx, to_idx FROM membership WHERE child = ? AND from_idx <= ? "
            "AND (to_idx = -1 OR to_idx >= ?)"
        )
        for parent, joined, left in self.store.rows(sql, (item, end, start)):
            if left != -1 and left <= end:
                steps.setdefault(left, "")
            # While inside, what was done to the container was done to the item.
            self._about(
                parent, max(start, joined + 1), min(end, left - 1 if left != -1 else end), steps
            )

    def fingerprint(self, item: str) -> Enrolled | None:
        """The commitment to the fingerprint of a pack's label; None where the log has none."""
        return enrolled(self.store, self.world().row(item))

    def lots(self) -> list[LotCount]:
        """All lots by GTIN and lot number."""
        sql = (
            "SELECT lot.gtin, lot.lot, lot.expiry, COUNT(item.id) FROM lot LEFT JOIN item "
            "ON item.lot = lot.lot AND item.status <> 'pending' AND item.id LIKE 'https://id.gs1.org/01/' || lot.gtin || '/%' "
            "GROUP BY lot.gtin, lot.lot, lot.expiry ORDER BY lot.gtin, lot.lot"
        )
        return [LotCount(*row) for row in self.store.rows(sql)]

    def lot(self, gtin: str, lot: str) -> Lot | None:
        """A lot, or None before its first commissioning."""
        return loaders(self.store).lot(gtin, lot)

    def repacked_from(self, gtin: str, lots: Iterable[str] | None) -> set[LotKey]:
        """All lots that packs of a product, or of some lots of it, were repacked into, at any remove."""
        wanted = set(lots) if lots is not None else None
        edges = self.store.rows("SELECT from_gtin, from_lot, gtin, lot FROM origin")
        found: set[LotKey] = set()
        grown = True
        while grown:
            grown = False
            for from_gtin, from_lot, to_gtin, to_lot in edges:
                source = from_gtin == gtin and (wanted is None or from_lot in wanted)
                if (source or (from_gtin, from_lot) in found) and (to_gtin, to_lot) not in found:
                    found.add((to_gtin, to_lot))
                    grown = True
        return found

    def packs_of_lot(self, gtin: str, lot: str) -> list[str]:
        """The ids of a lot's packs, sorted."""
        sql = "SELECT id FROM item WHERE lot = ? AND status <> 'pending' AND id LIKE ? ORDER BY id"
        return [i for (i,) in self.store.rows(sql, (lot, f"https://id.gs1.org/01/{gtin}/%"))]

    def stock(self, site: str) -> list[Stock]:
        """What a site holds or sent off, by lot and status."""
        found: dict[tuple[str, str, str], int] = {}
        sql = "SELECT id, status, lot FROM item WHERE site = ? AND parent = '' AND status <> 'pending'"
        for item, status, lot in self.store.rows(sql, (site,)):
            if lot:
                key = (gtin_of(item), lot, status)
                found[key] = found.get(key, 0) + 1
            else:
                for (gtin, inner), count in loaders(self.store).content(item).items():
                    key = (gtin, inner, status)
                    found[key] = found.get(key, 0) + count.n
        return [Stock(*key, packs) for key, packs in sorted(found.items())]

    def shipments(self, site: str) -> list[ShipmentLine]:
        """Shipments from or to a site, newest first."""
        sql = (
            "SELECT shipment.idx, shipment.id, shipment.op, shipment.ms, party, shipment.site, "
            "to_party, to_site, owner, number, received, (SELECT COUNT(*) FROM item "
            "WHERE item.shipment = shipment.idx AND item.status = 'in_transit') FROM shipment "
            "WHERE shipment.site = ? OR to_site = ? "
            "ORDER BY shipment.idx DESC"
        )
        return [
            ShipmentLine(shipment_of(row[:11]), row[11])
            for row in self.store.rows(sql, (site, site))
        ]

    def counts(self) -> dict[str, int]:
        """How many items there are by status, and packs in all."""
        counts = dict(
            self.store.rows(
                "SELECT status, COUNT(*) FROM item WHERE status <> 'pending' GROUP BY status"
            )
        )
        packs = self.store.one("SELECT COUNT(*) FROM item WHERE lot <> '' AND status <> 'pending'")
        counts["packs"] = packs[0] if packs else 0
        return counts
