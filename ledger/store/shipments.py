"""A site's shipments, and what became of each: what was received, lacked, was too much or came back.

The newest word about an item counts. What is late, and what is to be done, is left to the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ledger.rules.state import IN_TRANSIT, INACTIVE, REFUSED, SHORT, LotKey, Shipment
from ledger.rules.world import World
from ledger.statement.dsse import Envelope
from ledger.statement.events import Event
from ledger.statement.gs1 import gtin_of
from ledger.statement.submission import Statement
from ledger.store import content
from ledger.store.database import Store
from ledger.store.kept import Kept
from ledger.store.loading import SHIPMENT, shipment_of, stored_entries

OPEN: Final = "open"  # in transit, nothing said of it yet
RECEIVED: Final = "received"
BACK: Final = "back"  # at the sender again, refused or called back
GONE: Final = "gone"  # lost, stolen or destroyed under way
_COLUMNS: Final = ", ".join(f"shipment.{name}" for name in SHIPMENT.split(", "))


class Line(NamedTuple):
    """A shipment in a list: how many items are under way, and of them refused, and closed short."""

    shipment: Shipment
    open: int
    refused: int
    short: int
    over: int  # items that its receipts found too much
    lots: dict[LotKey, int]  # packs under way by lot


class Happened(NamedTuple):
    """A statement about a shipment, and what it names."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    id: str
    ms: int
    event: Event
    items: tuple[str, ...]
    over: tuple[str, ...]
    missing: tuple[str, ...]


class Consignment(NamedTuple):
    """A shipment with all that was said of it, by index, and where each of its items stands."""

    shipment: Shipment
    event: Event
    happened: list[Happened]
    standing: dict[str, str]  # item -> OPEN, RECEIVED, REFUSED, SHORT, BACK or GONE


def under_way(store: Store, site: str, limit: int = 500) -> list[Line]:
    """The shipments from or to a site of which something is under way, oldest first."""
    sql = (
        f"SELECT {_COLUMNS} FROM shipment WHERE open = 1 AND shipment.site = ? UNION "
        f"SELECT {_COLUMNS} FROM shipment WHERE open = 1 AND to_site = ? ORDER BY idx LIMIT ?"
    )
    return _lines(store, store.rows(sql, (site, site, limit)))


def newest(store: Store, site: str, limit: int, *, done: bool = False) -> list[Line]:
    """The newest shipments from or to a site, newest first; `done`: only with nothing under way."""
    found: dict[int, Sequence[Any]] = {}
    for side in ("shipment.site", "to_site"):
        for is_open in (0,) if done else (0, 1):  # each in the order of an index
            sql = (
                f"SELECT {_COLUMNS} FROM shipment WHERE {side} = ? AND open = ? "
                "ORDER BY idx DESC LIMIT ?"
            )
            found.update({row[0]: row for row in store.rows(sql, (site, is_open, limit))})
    rows = [found[index] for index in sorted(found, reverse=True)[:limit]]
    return _lines(store, rows)


def found_over(store: Store, site: str, limit: int = 50) -> list[Line]:
    """The newest shipments from or to a site whose receipts found something too much."""
    sql = (
        # The few deliveries first: CROSS JOIN keeps SQLite to that order.
        f"SELECT DISTINCT {_COLUMNS} FROM delivery CROSS JOIN shipment "
        "WHERE delivery.over > 0 AND shipment.idx = delivery.shipment "
        "AND (shipment.site = ? OR to_site = ?) ORDER BY shipment.idx DESC LIMIT ?"
    )
    return _lines(store, store.rows(sql, (site, site, limit)))


def open_after(store: Store, index: int, reach: int, limit: int) -> list[Line]:
    """The shipments after an index, up to so many entries on, of which something is under way."""
    sql = (
        f"SELECT {_COLUMNS} FROM shipment WHERE open = 1 AND idx > ? AND idx <= ? "
        "ORDER BY idx LIMIT ?"
    )
    return _lines(store, store.rows(sql, (index, index + reach, limit)))


def numbered(store: Store, number: str, party: str) -> list[Shipment]:
    """The shipments of a tracking number from or to a party, newest first."""
    sql = (
        f"SELECT {_COLUMNS} FROM shipment WHERE number = ? AND (party = ? OR to_party = ?) "
        "ORDER BY idx DESC"
    )
    return [shipment_of(row) for row in store.rows(sql, (number, party, party))]


def by_id(store: Store, statement: str) -> Shipment | None:
    """The shipment that a statement announced."""
    row = store.one(f"SELECT {_COLUMNS} FROM shipment WHERE id = ?", (statement,))
    return shipment_of(row) if row else None


def at(store: Store, index: int) -> Shipment | None:
    """The shipment that the statement at an index announced."""
    row = store.one(f"SELECT {_COLUMNS} FROM shipment WHERE idx = ?", (index,))
    return shipment_of(row) if row else None


def came_before(store: Store, sender: str, site: str, index: int) -> bool:
    """Whether anything was shipped from one site to another before an index."""
    sql = "SELECT 1 FROM shipment WHERE to_site = ? AND site = ? AND idx < ? LIMIT 1"
    return store.one(sql, (site, sender, index)) is not None


def _lines(store: Store, rows: Iterable[Sequence[Any]]) -> list[Line]:
    shipments = [shipment_of(row) for row in rows]
    indexes = [one.index for one in shipments]
    counts: dict[int, dict[str, int]] = {}
    sql = (
        "SELECT shipment, reason, COUNT(*) FROM item WHERE status = 'in_transit' "
        "AND shipment IN (IN) GROUP BY shipment, reason"
    )
    for index, reason, n in store.rows_in(sql, indexes):
        counts.setdefault(index, {})[reason] = n
    sql = "SELECT shipment, SUM(over) FROM delivery WHERE shipment IN (IN) GROUP BY shipment"
    over = {index: int(n) for index, n in store.rows_in(sql, indexes)}
    lots = _lots(store, [index for index in indexes if index in counts])
    return [
        Line(
            one, sum(found.values()), found.get(REFUSED, 0), found.get(SHORT, 0),
            over.get(one.index, 0), lots.get(one.index, {}),
        )
        for one in shipments
        for found in (counts.get(one.index, {}),)
    ]  # fmt: skip


def _lots(store: Store, indexes: list[int]) -> dict[int, dict[LotKey, int]]:
    found: dict[int, dict[LotKey, int]] = {}
    loose = (
        "SELECT shipment, substr(id, 23, 14), lot, COUNT(*) FROM item WHERE status = 'in_transit' "
        "AND lot <> '' AND shipment IN (IN) GROUP BY shipment, substr(id, 23, 14), lot"
    )
    contained = (
        "SELECT item.shipment, content.gtin, content.lot, SUM(content.n) FROM item JOIN content "
        "ON content.container = item.id WHERE item.status = 'in_transit' AND item.lot = '' "
        "AND item.shipment IN (IN) GROUP BY item.shipment, content.gtin, content.lot"
    )
    for sql in (loose, contained):
        for index, gtin, lot, n in store.rows_in(sql, indexes):
            counts = found.setdefault(index, {})
            counts[gtin, lot] = counts.get((gtin, lot), 0) + int(n)
    return found


def consignment(store: Store, world: World, shipment: Shipment) -> Consignment:
    """A shipment and what became of it. Raises LookupError where its content was erased."""
    erased = Kept(store).erased
    where = "WHERE entry.idx = ?"
    sent = next(iter(stored_entries(store, where, (shipment.index,), erased)), None)
    if sent is None:
        raise LookupError(f"shipment {shipment.number} was erased after its retention")
    event = _event(sent.envelope)
    sql = "SELECT idx FROM delivery WHERE shipment = ? ORDER BY idx"
    indexes = [index for (index,) in store.rows(sql, (shipment.index,))]
    happened = []
    for index in indexes:
        for entry in stored_entries(store, where, (index,), erased):
            lists = [
                tuple(item.id for item in content.items(store, entry.id, name))
                for name in ("items", "over", "missing")
            ]
            happened.append(
                Happened(entry.index, entry.id, entry.ms, _event(entry.envelope), *lists)
            )
    items = [item.id for item in content.items(store, shipment.id)]
    standing = dict.fromkeys(items, OPEN)
    for one in happened:
        back = one.event.read_point == shipment.site
        word = {
            "receive": BACK if back else RECEIVED, "refuse": REFUSED, "close_short": SHORT,
            "void": BACK,
        }[one.event.op]  # fmt: skip
        standing.update(dict.fromkeys(one.missing, OPEN))
        standing.update(dict.fromkeys(one.items, word))
    # Whoever had it in hand may have reported what happened to it under way.
    for item, word in standing.items():
        row = world.row(item)
        if word not in (RECEIVED, BACK) and row is not None and row.status != IN_TRANSIT:
            root = world.outermost(row)
            if root.status == INACTIVE:
                standing[item] = GONE
    return Consignment(shipment, event, happened, standing)


def _event(envelope: bytes) -> Event:
    body = Statement.of(Envelope.parse(envelope)).body
    assert isinstance(body, Event)  # only events are about shipments
    return body


def packs_sent(
    store: Store, world: World, sent: Consignment, items: Iterable[str]
) -> dict[str, dict[LotKey, int]]:
    """The packs that each of some items was, or held when it was sent, by lot.

    Of what has arrived since, its receiver may have unpacked or packed more into it.
    """
    found: dict[str, dict[LotKey, int]] = {}
    changed: dict[str, str] = {}  # container -> the item that it is, or is in
    taken_out = any(one.missing for one in sent.happened)
    for item in items:
        row = world.row(item)
        if row is None:
            continue
        if row.lot:
            found[item] = {(gtin_of(item), row.lot): 1}
        elif sent.standing.get(item) == OPEN and not taken_out:
            found[item] = {lot: count.n for lot, count in world.content(item).items()}
        else:
            found[item] = {}
            changed[item] = item
    for root, child, lot in members(store, changed, sent.shipment.index):
        counts = found[root]
        key = gtin_of(child), lot
        counts[key] = counts.get(key, 0) + 1
    return found


def packs_inside(store: Store, sent: Consignment, container: str, limit: int) -> list[str]:
    """The packs that were anywhere in a container when it was sent, by id, at most so many."""
    found = members(store, {container: container}, sent.shipment.index, limit)
    return sorted(pack for _root, pack, _lot in found)


def members(
    store: Store, containers: Mapping[str, str], index: int, limit: int = 1 << 30
) -> Iterator[tuple[str, str, str]]:
    """The packs that were anywhere in some containers when a statement landed: root, pack, lot.

    `containers` gives the root by which each is known.
    """
    sql = (
        "SELECT membership.parent, membership.child, item.lot FROM membership JOIN item "
        f"ON item.id = membership.child WHERE membership.parent IN (IN) AND from_idx <= {index} "
        f"AND (to_idx = -1 OR to_idx > {index})"
    )
    while containers and limit > 0:
        deeper: dict[str, str] = {}
        for parent, child, lot in store.rows_in(sql, containers):
            if not lot:
                deeper[child] = containers[parent]
            elif limit > 0:
                limit -= 1
                yield containers[parent], child, lot
        containers = deeper


def packages_sent(
    store: Store, world: World, sent: Consignment, limit: int
) -> list[tuple[str, str, str]]:
    """Each pack that was sent, its lot, and the outermost container it was in ("" for none).

    At most so many; by container and id, loose ones first.
    """
    found: list[tuple[str, str, str]] = []
    inside: dict[str, str] = {}
    taken_out = {item for one in sent.happened for item in one.missing}
    for item in sent.standing:
        row = world.row(item)
        if row is None or item in taken_out:
            continue
        if row.lot:
            found.append((item, row.lot, ""))
        else:
            inside[item] = item
    for parent, child, lot in members(store, inside, sent.shipment.index, limit - len(found)):
        found.append((child, lot, parent))
    return sorted(found[:limit], key=lambda one: (one[2], one[0]))
