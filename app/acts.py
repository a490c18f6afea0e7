"""What the session's own site may do next with a pack: book its delivery in, undo its supply."""

from __future__ import annotations

from typing import Any

from app.node import node
from ledger.rules.authority import Authority
from ledger.rules.custody import HOUR_MS
from ledger.rules.operations import UNDOABLE
from ledger.rules.state import INACTIVE, Ref
from ledger.rules.verdict import State
from ledger.store.acts import act_at
from ledger.store.content import count

MAX_WHOLE = 10_000  # packs of a delivery that are supplied in one act


def shipment_of(state: State) -> dict[str, Any] | None:
    """The shipment that brings a pack to the site that asks, or None.

    `item` is what a receipt names: the pack, or the outermost container that it travels in.
    """
    if state.state != "to_here" or not state.site:
        return None
    reader = node().reader
    with reader.snapshot():
        world = reader.world()
        row = world.row(state.id)
        root = world.outermost(row) if row is not None else None
        found = world.shipment(root.shipment) if root is not None else None
    if root is None or found is None:
        return None
    return {"id": found.id, "number": found.number, "item": root.id}


def supplied_of(state: State) -> dict[str, Any] | None:
    """The statement by which the asking site supplied a pack, and whether it can be undone."""
    if state.state != "supplied_here" or not state.site:
        return None
    reader = node().reader
    with reader.snapshot():
        row = reader.world().row(state.id)
        ref = act_at(reader, row.last) if row is not None and row.status == INACTIVE else None
        if ref is None or ref.op not in UNDOABLE or ref.site != state.site:
            return None
        late = is_late(reader.authority(), ref, node().clock())
    return {"id": ref.id, "op": ref.op, "ms": ref.ms, "late": late}


def is_late(authority: Authority, ref: Ref, now: int) -> bool:
    """Whether the policy's hours for an undo have run out."""
    return now > ref.ms + authority.policy.undo_hours * HOUR_MS


def packs_of(shipment: str, site: str) -> list[str] | None:
    """The packs of a shipment to a site that are in its stock now; None where there is none such.

    Raises ValueError for more than MAX_WHOLE.
    """
    reader = node().reader
    with reader.snapshot():
        world = reader.world()
        ref = world.statement(shipment)
        found = world.shipment(ref.index) if ref is not None else None
        if found is None or found.to_site != site:
            return None
        if count(reader.store, found.id) > MAX_WHOLE:
            raise ValueError(f"over {MAX_WHOLE} items")
        items = [item.id for item in reader.items(found.index)]
        world = reader.world_of(items)
        packs: list[str] = []
        for item in items:
            row = world.row(item)
            if row is None or row.arrived < 0 or row.shipment != found.index:
                continue
            root = world.outermost(row)
            if root.status != "active" or root.site != site:
                continue
            inside = [row] if row.lot else world.packs_inside(row.id)
            packs += [one.id for one in inside]
            if len(packs) > MAX_WHOLE:
                raise ValueError(f"over {MAX_WHOLE} packs")
    return packs
