"""What has landed that may raise an alert, part by part: the few statements among the many.

Whether it does is left to `ledger.rules`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from ledger.rules.state import Ref
from ledger.store.database import Store
from ledger.store.loading import ACT

_ACT: Final = ", ".join(f"act.{name}" for name in ACT.split(", "))
_WHO: Final = ("act.by", "act.site", "shipment.party", "shipment.site")


class Watched(NamedTuple):
    """A statement to look into; `over` says that a receipt found something too much."""

    ref: Ref
    over: bool
    shipment: int | None  # index of the shipment that it is about


def to_look_into(
    store: Store, start: int, end: int, suspended: Iterable[str], limit: int
) -> list[Watched]:
    """Statements from one index until before another: short, too much, inspected, put on hold,
    observed, and all by or from those who are `suspended` (GLNs of parties and sites)."""
    glns = sorted(suspended)
    marks = ", ".join("?" * len(glns))
    moving = "".join(f" OR {one} IN ({marks})" for one in _WHO) if glns else ""
    sql = (
        f"SELECT {_ACT}, delivery.over, delivery.shipment FROM act "
        "LEFT JOIN delivery ON delivery.idx = act.idx "
        "LEFT JOIN shipment ON shipment.idx = delivery.shipment "
        "WHERE act.idx >= ? AND act.idx < ? AND (act.op IN ('close_short', 'inspect', 'quarantine') "
        f"OR act.observed <> '' OR delivery.over > 0{moving}) ORDER BY act.idx LIMIT ?"
    )
    rows = store.rows(sql, (start, end, *(glns * len(_WHO)), limit))
    return [Watched(Ref(*row[:-2]), bool(row[-2]), row[-1]) for row in rows]


def landed(store: Store, indexes: Iterable[int]) -> dict[int, int]:
    """When entries landed (ms), by index."""
    return dict(store.rows_in("SELECT idx, ms FROM entry WHERE idx IN (IN)", indexes))
