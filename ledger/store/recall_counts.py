"""Where the packs that a recall reaches are, counted by holder and state.

Whole lots are counted by what the tables keep counted (`loose`, `content`) and by one pass over what
left the chain; other packs by their rows. Which packs are reached is `recall_extent`'s business.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final, NamedTuple

from ledger.rules.state import ACTIVE, IN_TRANSIT, INACTIVE, REFUSED, LotKey
from ledger.store.database import Store
from ledger.store.lots import Making
from ledger.store.recall_extent import Extent
from ledger.store.staging import PENDING

STOCK, HOLD, TRANSIT = "stock", "hold", "transit"
REPACKED: Final = "repacked"
GONE: Final = {  # operation that took a pack out of the chain -> its state on the board
    "supply": "supplied", "open": "opened", "export": "exported", "sample": "sampled",
    "free_sample": "sampled", "destroyed": "destroyed", "stolen": "stolen", "lost": "lost",
    "check_out": "checked_out", "repack": REPACKED,
}  # fmt: skip
STATES: Final = (STOCK, HOLD, TRANSIT, *dict.fromkeys(GONE.values()))
_UNIT: Final = "https://id.gs1.org/00/"
_PACK: Final = "https://id.gs1.org/01/"
_GTIN: Final = "substr(item.id, 23, 14)"
# Packs that lie loose since their container was emptied by a statement that names none of them.
_UNNAMED: Final = (
    "SELECT idx FROM act WHERE op = 'unpack' AND NOT EXISTS "
    "(SELECT 1 FROM named WHERE named.ref = act.idx)"
)
_OPENED: Final = _UNNAMED.replace("SELECT idx", "SELECT DISTINCT site")


class Spot(NamedTuple):
    """Where packs of a lot are: a state at a site; in transit to another, by a shipment's index."""

    state: str
    site: str
    to_site: str
    shipment: int  # -1 where it is not in transit
    gtin: str
    lot: str


class Tally(NamedTuple):
    """Packs at a spot: `scanned`, each named by itself when it got there; the others by a container."""

    scanned: int
    inferred: int

    @property
    def packs(self) -> int:
        """All of them."""
        return self.scanned + self.inferred


class Counter:
    """Adds up packs by spot."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._found: dict[Spot, list[int]] = {}
        self._ends: dict[int, str] = {}  # shipment -> where it goes

    def add(
        self, key: LotKey, status: str, reason: str, site: str, held: bool, shipment: int,
        scanned: int, inferred: int,
    ) -> None:  # fmt: skip
        """Count packs of a lot by what their outermost row says."""
        to, sent = "", -1
        if status == INACTIVE:
            state = GONE.get(reason, reason)
        elif status == IN_TRANSIT:
            state, sent = TRANSIT, shipment
            # What was refused is on its way back.
            to = site if reason == REFUSED else self._end(shipment)
        else:
            state = HOLD if held else STOCK
        counts = self._found.setdefault(Spot(state, site, to, sent, *key), [0, 0])
        counts[0] += scanned
        counts[1] += inferred

    def _end(self, shipment: int) -> str:
        if shipment not in self._ends:
            row = self._store.one("SELECT to_site FROM shipment WHERE idx = ?", (shipment,))
            self._ends[shipment] = str(row[0]) if row else ""
        return self._ends[shipment]

    def tallies(self) -> dict[Spot, Tally]:
        """What was counted; nothing stands with none."""
        return {spot: Tally(*counts) for spot, counts in self._found.items() if any(counts)}


def count(
    store: Store, extent: Extent, births: dict[int, Making], sites: Collection[str] | None = None
) -> dict[Spot, Tally]:
    """The packs of an extent by spot; of some sites alone where whole lots are asked for."""
    found = Counter(store)
    if extent.lots:
        whole = _Lots(store, extent.lots, births, sites)
        whole.loose(found)
        whole.moving(found)
        whole.contained(found)
        whole.gone(found)
    if extent.births or extent.listed:
        _rows(store, extent, found)
    return found.tallies()


class _Lots:
    """Counts of whole lots."""

    def __init__(
        self, store: Store, lots: Collection[LotKey], births: dict[int, Making],
        sites: Collection[str] | None,
    ) -> None:  # fmt: skip
        self._store, self._lots, self._sites = store, lots, sites
        self._births = {i: one for i, one in births.items() if (one.gtin, one.lot) in lots}
        self._numbers = sorted({lot for _gtin, lot in lots})

    def _at(self, column: str) -> tuple[str, list[str]]:
        """A condition on the site, with its values."""
        if self._sites is None:
            return "", []
        marks = ",".join("?" * len(self._sites)) or "NULL"
        return f" AND {column} IN ({marks})", sorted(self._sites)

    def loose(self, found: Counter) -> None:
        """What lies in no container."""
        where, values = self._at("site")
        sql = f"SELECT site, gtin, lot, held, n FROM loose WHERE status = '{ACTIVE}'{where}"
        unnamed = self._unnamed()
        for site, gtin, lot, held, n in self._store.rows(sql, values):
            if (gtin, lot) in self._lots:
                inferred = unnamed.get((site, gtin, lot, held), 0)
                found.add((gtin, lot), ACTIVE, "", site, bool(held), -1, n - inferred, inferred)

    def _unnamed(self) -> dict[tuple[str, str, str, int], int]:
        opened = {site for (site,) in self._store.rows(_OPENED)}
        if opened.isdisjoint(opened if self._sites is None else self._sites):
            return {}
        more = f"item.status = '{ACTIVE}' AND item.parent = '' AND item.last IN ({_UNNAMED})"
        held = "CASE WHEN item.hold <> '' THEN 1 ELSE 0 END"
        found: dict[tuple[str, str, str, int], int] = {}
        for gtin, lot, site, hold, n in self._grouped(ACTIVE, f"item.site, {held}", more):
            found[site, gtin, lot, hold] = found.get((site, gtin, lot, hold), 0) + n
        return found

    def gone(self, found: Counter) -> None:
        """What left the chain by itself."""
        more = f"item.status = '{INACTIVE}' AND item.parent = ''"
        for gtin, lot, site, reason, n in self._grouped(INACTIVE, "item.site, item.reason", more):
            found.add((gtin, lot), INACTIVE, reason, site, False, -1, n, 0)

    def _grouped(self, status: str, columns: str, more: str) -> Iterator[tuple[Any, ...]]:
        """Packs of the lots by GTIN, lot and some columns: by their making, or site by site."""
        if self._sites is None:
            lots = {index: (one.gtin, one.lot) for index, one in self._births.items()}
            landed = self._store.rows("SELECT k, idx FROM batch WHERE idx >= 0")
            lots |= {-k: lots[index] for k, index in landed if index in lots}
            sql = f"SELECT born, {columns}, COUNT(*) FROM item WHERE {more} AND born IN (IN) GROUP BY born, {columns}"
            for born, *rest in self._store.rows_in(sql, lots):
                yield (*lots[born], *rest)
            return
        sql = (
            f"SELECT {_GTIN}, lot, {columns}, COUNT(*) FROM item WHERE {more} AND item.lot <> '' "
            f"AND site IN (IN) AND status = '{status}' GROUP BY {_GTIN}, lot, {columns}"
        )
        rows = self._store.rows_in(sql, self._sites)
        yield from (row for row in rows if (row[0], row[1]) in self._lots)

    def moving(self, found: Counter) -> None:
        """What is in transit in no container."""
        where, values = self._at("shipment.site")
        sql = (
            f"SELECT item.shipment, item.reason, item.site, {_GTIN}, item.lot, COUNT(*) "
            "FROM shipment JOIN item ON item.shipment = shipment.idx AND "
            f"item.status = '{IN_TRANSIT}' WHERE shipment.open = 1 AND item.lot <> ''{where} "
            f"GROUP BY item.shipment, item.reason, item.site, {_GTIN}, item.lot"
        )
        for shipment, reason, site, gtin, lot, n in self._store.rows(sql, values):
            if (gtin, lot) in self._lots:
                found.add((gtin, lot), IN_TRANSIT, reason, site, False, shipment, n, 0)

    def contained(self, found: Counter) -> None:
        """What is in containers: by the outermost, wherever and whatever became of it."""
        where, values = self._at("item.site")
        sql = (
            "SELECT item.id, item.status, item.reason, item.site, item.hold, item.shipment, "
            "item.arrived, content.gtin, content.lot, content.n, content.held FROM item "
            "JOIN content ON content.container = item.id "
            f"WHERE item.parent = '' AND item.lot = ''{where}"
        )
        rows = [row for row in self._store.rows(sql, values) if (row[7], row[8]) in self._lots]
        came = self._came({row[0] for row in rows if row[6] < 0})
        for unit, status, reason, site, hold, sent, arrived, gtin, lot, n, held in rows:
            key = (gtin, lot)
            inferred = n if arrived >= 0 else came.get((unit, gtin, lot), 0)
            if hold or status != ACTIVE:
                found.add(key, status, reason, site, bool(hold), sent, n - inferred, inferred)
                continue
            # Which of the packs on hold were packed here is not kept counted: the lesser claim.
            known = max(0, n - inferred - held)
            found.add(key, status, reason, site, False, sent, known, n - held - known)
            known = n - inferred - known
            found.add(key, status, reason, site, True, sent, known, held - known)

    def _came(self, made_here: set[str]) -> dict[tuple[str, str, str], int]:
        """Of containers filled where they are: packs in such that came there and were put in closed."""
        found: dict[tuple[str, str, str], int] = {}
        # By the few containers that lie in others, and not by the many packs that lie in these.
        sql = (
            "SELECT membership.parent, item.id, item.arrived FROM membership JOIN item "
            "ON item.id = membership.child WHERE membership.child >= ? AND membership.child < ? "
            "AND membership.to_idx = -1"
        )
        inside: dict[str, list[tuple[str, int]]] = {}
        for parent, unit, arrived in self._store.rows(sql, (_UNIT, _PACK)) if made_here else ():
            inside.setdefault(parent, []).append((unit, arrived))
        todo = [(unit, unit) for unit in made_here]
        came: dict[str, str] = {}
        while todo:
            around, root = todo.pop()
            for unit, arrived in inside.get(around, ()):
                if arrived >= 0:
                    came[unit] = root
                else:
                    todo.append((unit, root))
        sql = "SELECT container, gtin, lot, n FROM content WHERE container IN (IN)"
        for unit, gtin, lot, n in self._store.rows_in(sql, came):
            key = (came[unit], gtin, lot)
            found[key] = found.get(key, 0) + n
        return found


class Root(NamedTuple):
    """What is outermost around some packs; `held`: something around them is on hold."""

    id: str
    status: str
    reason: str
    site: str
    shipment: int
    held: bool
    came: bool


def _rows(store: Store, extent: Extent, found: Counter) -> None:
    """Count packs by their own rows, and by those of the containers around them."""
    columns = (
        f"{_GTIN}, lot, status, reason, site, CASE WHEN hold <> '' THEN 1 ELSE 0 END, shipment, "
        f"parent, CASE WHEN status = '{ACTIVE}' AND parent = '' AND last IN ({_UNNAMED}) THEN 1 ELSE 0 END"
    )
    landed = store.rows("SELECT k, idx FROM batch WHERE idx >= 0")
    born = [*extent.births, *(-k for k, index in landed if index in extent.births)]
    # By number of the column, as SQL has it.
    groups = ", ".join(str(place) for place in range(1, 10))
    sql = f"SELECT {columns}, COUNT(*) FROM item WHERE {{}} IN (IN) AND lot <> '' GROUP BY {groups}"
    rows = [*store.rows_in(sql.format("born"), born)]
    rows += store.rows_in(sql.format("id"), extent.listed)
    roots = roots_of(store, {row[7] for row in rows if row[7]})
    for gtin, lot, status, reason, site, held, shipment, parent, unnamed, n in rows:
        if parent:
            root = roots[parent]
            status, reason, site, shipment = root[1:5]
            held, unnamed = held or root.held, root.came
        status = ACTIVE if status == PENDING else status  # its commissioning has landed
        counts = (0, n) if unnamed else (n, 0)
        found.add((gtin, lot), status, reason, site, bool(held), shipment, *counts)


def roots_of(store: Store, units: Iterable[str]) -> dict[str, Root]:
    """The outermost containers around some, or these themselves."""
    sql = "SELECT id, parent, status, reason, site, shipment, hold, arrived FROM item WHERE id IN (IN)"
    rows: dict[str, tuple[Any, ...]] = {}
    wanted = set(units)
    while wanted:
        fresh = {row[0]: row for row in store.rows_in(sql, wanted)}
        rows |= fresh
        wanted = {row[1] for row in fresh.values() if row[1]} - rows.keys()
    found = {}
    for unit in units:
        held = came = False
        row = rows[unit]
        while True:
            held, came = held or bool(row[6]), came or row[7] >= 0
            if not row[1]:
                break
            row = rows[row[1]]
        found[unit] = Root(row[0], row[2], row[3], row[4], row[5], held, came)
    return found


def outermost(store: Store, items: Iterable[str]) -> set[str]:
    """The sites where some items are, in whatever they lie."""
    rows = list(store.rows_in("SELECT site, parent FROM item WHERE id IN (IN)", items))
    roots = roots_of(store, {parent for _, parent in rows if parent})
    return {site for site, parent in rows if not parent} | {one.site for one in roots.values()}
