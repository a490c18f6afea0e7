"""Events by month and site, for figures that name nobody: how many, and what they add up to.

Which of them may be shown is `rules.suppression`'s business, to what region a site belongs the
caller's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from ledger.store import lots
from ledger.store.database import Store


class Event(NamedTuple):
    """Something at a site, at a landing time (ms); `value` is packs, or minutes that it took."""

    ms: int
    site: str
    value: int


def commissioned(store: Store) -> Iterator[Event]:
    """Each statement that brought packs onto the record, with how many."""
    for one in lots.births(store, 0):
        yield Event(one.ms, one.site, one.packs)


def supplied(store: Store) -> Iterator[Event]:
    """Each statement that supplied packs, with how many; those that broke a rule apart."""
    sql = (
        "SELECT act.ms, act.site, COUNT(*) FROM act JOIN mention ON mention.idx = act.idx "
        "WHERE act.op IN ('supply', 'open') AND act.observed || '' = '' "
        "GROUP BY act.idx, act.ms, act.site"
    )
    for ms, site, packs in store.rows(sql):
        yield Event(ms, site, int(packs))


def dispatched(store: Store) -> Iterator[Event]:
    """Each shipment at the site that sent it."""
    for ms, site in store.rows("SELECT ms, site FROM shipment WHERE op = 'ship'"):
        yield Event(ms, site, 1)


def arrived(store: Store) -> Iterator[Event]:
    """Each shipment at the site that received it first, with the minutes it was under way."""
    sql = (
        "SELECT MIN(act.ms), shipment.to_site, shipment.ms FROM delivery "
        "JOIN act ON act.idx = delivery.idx JOIN shipment ON shipment.idx = delivery.shipment "
        "WHERE act.op = 'receive' AND shipment.op = 'ship' AND act.site = shipment.to_site "
        "GROUP BY shipment.idx, shipment.to_site, shipment.ms"
    )
    for ms, site, sent in store.rows(sql):
        yield Event(ms, site, (ms - sent) // 60_000)


def answered(store: Store) -> Iterator[Event]:
    """Each site's newest answer to a recall, with the minutes since the recall landed."""
    sql = (
        "SELECT told.ms, answer.site, called.ms FROM answer JOIN entry AS told ON told.idx = answer.idx "
        "JOIN entry AS called ON called.id = answer.recall"
    )
    for ms, site, start in store.rows(sql):
        yield Event(ms, site, (ms - start) // 60_000)


def month_of(ms: int) -> str:
    """A landing time's month in UTC, YYYY-MM."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m")
