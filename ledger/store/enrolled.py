"""Which fingerprint of a pack's label counts: the commitment that the log has of it.

The newest commissioning, repacking or enrolment of the pack says; templates are left to
`fingerprints`.
"""

from __future__ import annotations

from typing import NamedTuple

from ledger.rules.state import Row
from ledger.store import content
from ledger.store.database import Store


class Enrolled(NamedTuple):
    """A commitment to a label's fingerprint, and the statement that holds it: landed at `ms`."""

    commitment: bytes
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    id: str
    op: str
    ms: int


def enrolled(store: Store, row: Row | None) -> Enrolled | None:
    """A pack's fingerprint that counts; none where its newest statement has none, or was erased."""
    if row is None:
        return None
    # What is observed changed nothing, and no pack can be enrolled before it was made.
    sql = (
        "SELECT act.idx, act.id, act.op, act.ms FROM mention JOIN act ON act.idx = mention.idx "
        "WHERE mention.item = ? AND act.op = 'enrol' AND act.observed || '' = '' "
        "ORDER BY mention.idx DESC LIMIT 1"
    )
    found = store.one(sql, (row.id,)) or store.one(
        "SELECT idx, id, op, ms FROM act WHERE idx = ?", (row.born,)
    )
    if found is None:
        return None
    index, statement, op, ms = found
    try:
        extra = content.item(store, statement, row.id).extra
    except LookupError:
        return None
    return Enrolled(extra, index, statement, op, ms) if extra else None
