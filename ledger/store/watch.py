"""What has landed that may raise an alert, part by part: the few statements among the many.

Whether it does is left to `ledger.rules`.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final, NamedTuple

from ledger.rules.state import Ref
from ledger.store import content
from ledger.store.database import Store
from ledger.store.loading import ACT
from ledger.store.queries import Reader

_ACT: Final = ", ".join(f"act.{name}" for name in ACT.split(", "))
_STAYS: Final = frozenset({"enrol", "inspect", "quarantine", "release", "transfer"})
_WHO: Final = ("act.by", "act.site", "shipment.party", "shipment.site")


class Watched(NamedTuple):
    """A statement to look into; `over` says that a receipt found something too much."""

    ref: Ref
    over: bool
    shipment: int | None  # index of the shipment that it is about


def to_look_into(
    store: Store, start: int, end: int, suspended: Iterable[str], limit: int
) -> list[Watched]:
    """Statements from one index until before another: short, too much, inspected, enrolled, put on
    hold, observed, and all by or from those who are `suspended` (GLNs of parties and sites)."""
    glns = sorted(suspended)
    marks = ", ".join("?" * len(glns))
    moving = "".join(f" OR {one} IN ({marks})" for one in _WHO) if glns else ""
    sql = (
        f"SELECT {_ACT}, delivery.over, delivery.shipment FROM act "
        "LEFT JOIN delivery ON delivery.idx = act.idx "
        "LEFT JOIN shipment ON shipment.idx = delivery.shipment "
        "WHERE act.idx >= ? AND act.idx < ? AND (act.op IN ('close_short', 'enrol', 'inspect', 'quarantine') "
        f"OR act.observed <> '' OR delivery.over > 0{moving}) ORDER BY act.idx LIMIT ?"
    )
    rows = store.rows(sql, (start, end, *(glns * len(_WHO)), limit))
    return [Watched(Ref(*row[:-2]), bool(row[-2]), row[-1]) for row in rows]


def enrolled_away(reader: Reader, ref: Ref, most: int) -> list[str]:
    """The packs of an enrolment that were not at its site when it landed, so many at most.

    Nearly all are enrolled where they are made, before anything else happens to them.
    """
    store = reader.store
    ids = [one.id for one in content.items(store, ref.id)]
    sql = "SELECT item.id, act.site FROM item JOIN act ON act.idx = item.born WHERE item.id IN (IN)"
    made = dict(store.rows_in(sql, ids))
    moved = {item for item in ids if made.get(item) != ref.site}
    for sql in (
        "SELECT item, idx FROM mention WHERE item IN (IN)",
        "SELECT child, from_idx FROM membership WHERE child IN (IN)",
    ):
        moved |= {item for item, index in store.rows_in(sql, ids) if index < ref.index}
    return list(
        islice(
            (item for item in ids if item in moved and is_away(reader, ref.index, ref.site, item)),
            most,
        )
    )


def is_away(reader: Reader, index: int, site: str, item: str) -> bool:
    """Whether what was last done to a pack before an enrolment was done at another site than that.

    A pack that is under way is enrolled by nobody: the log refuses it.
    """
    steps = [one.index for one in reader.history(item) if one.index < index]
    sites = {
        before: acted
        for before, op, acted in reader.store.rows_in(
            "SELECT idx, op, site FROM act WHERE observed = '' AND idx IN (IN)", steps
        )
        if op not in _STAYS
    }
    return not sites or sites[max(sites)] != site


def landed(store: Store, indexes: Iterable[int]) -> dict[int, int]:
    """When entries landed (ms), by index."""
    return dict(store.rows_in("SELECT idx, ms FROM entry WHERE idx IN (IN)", indexes))
