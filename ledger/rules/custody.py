"""What an event does to packs: `decide` says what changes, or refuses with the rule it breaks.

Pure (custody.md 3 and 6). Who may sign is judged before, by `rights`; that the items are those the
event commits to, by whoever holds the secret. Shipments are in `shipping`, how packs come onto the
record in `making`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from ledger.errors import Refused
from ledger.rules import making, shipping
from ledger.rules.authority import Authority
from ledger.rules.draft import Draft
from ledger.rules.operations import UNDOABLE
from ledger.rules.state import ACTIVE, INACTIVE, MAX_PARENTS, OBSERVATION, WEAK, Changes, Named, Row
from ledger.rules.world import World
from ledger.statement.events import Event
from ledger.statement.forms import AFTER_THE_FACT
from ledger.statement.gs1 import is_pack

HOUR_MS: Final = 3_600_000
_NO_CUSTODY: Final = frozenset({"items-mismatch", "items-reused"})  # never an observation


def decide(
    world: World,
    authority: Authority,
    event: Event,
    statement_id: str,
    named: Named,
    index: int,
    ms: int,
    *,
    observed: bool = False,
) -> Changes:
    """Say what an event changes when it lands as entry `index` at `ms`.

    Raises Refused, whose evidence names the index of the statement in the way where there is one;
    neither world nor authority is changed. A statement declared after the fact that breaks a rule
    of custody is not refused but observed: it changes nothing, and what it names is put on hold.
    `observed` says that it is known to have been, by an item that is not shown.
    """
    draft = Draft(world, authority, event, statement_id, named, index, ms)
    try:
        if observed:
            raise Refused("wrong-state", "it broke a rule after the fact")
        _DECIDERS[event.op](draft, named.items)
    except Refused as refused:
        if event.declared != AFTER_THE_FACT or refused.code in _NO_CUSTODY:
            raise
        draft = Draft(world, authority, event, statement_id, named, index, ms)
        _observe(draft, refused.code)
    return draft.changes


def _observe(draft: Draft, code: str) -> None:
    draft.changes.observed = code
    parent = (draft.event.parent,) if draft.event.parent is not None else ()
    for item in dict.fromkeys((*draft.named.all, *parent)):
        row = draft.find(item)
        if row is not None and not row.hold and draft.outermost(row).status != INACTIVE:
            draft.set_hold(row, draft.event.by, OBSERVATION)


def _pack(draft: Draft, ids: Sequence[str]) -> None:
    parent_id = draft.event.parent
    assert parent_id is not None  # its form demands one
    if is_pack(parent_id):
        raise Refused("wrong-state", f"{parent_id} is a pack, not a container (SSCC)")
    if parent_id in ids:
        raise Refused("cycle", f"{parent_id} cannot hold itself")
    parent = draft.fit(parent_id)
    _outermost(draft, parent)
    owner = parent.owner if draft.children(parent_id) else ""
    for item in ids:
        row = draft.fit(item)
        _outermost(draft, row)
        owner = owner or row.owner
        if row.owner != owner:
            raise draft.refuse(
                "not-holder", row, f"is {row.owner}'s, the container's goods {owner}'s"
            )
        if _height(draft, row) + 1 > MAX_PARENTS:
            raise draft.refuse("too-deep", row, "would lie more than five containers deep")
        draft.count(row, [parent], 1)
        draft.changes.joined[item] = parent_id
        draft.put(
            replace(
                row,
                parent=parent_id,
                site="",
                owner="",
                shipment=-1,
                joined=draft.index,
                last=draft.index,
            )
        )
    # What happens to its content is no news of the container: `last` stays.
    draft.put(replace(parent, owner=owner))


def _outermost(draft: Draft, row: Row) -> None:
    if row.parent:
        raise draft.refuse("two-containers", row, f"is inside {row.parent}")


def _height(draft: Draft, row: Row) -> int:
    """Longest chain of items below a row; a pack's is 0."""
    if is_pack(row.id):
        return 0
    below = [0]
    for child in draft.children(row.id):
        below.append(1 + (0 if is_pack(child) else _height(draft, draft.row(child))))
    return max(below)


def _unpack(draft: Draft, ids: Sequence[str]) -> None:
    parent_id = draft.event.parent
    assert parent_id is not None  # its form demands one
    parent = draft.fit(parent_id)
    inside = draft.children(parent_id)
    if not inside:
        raise draft.refuse("wrong-state", parent, "is empty")
    for item in ids or inside:
        row = draft.row(item)
        if row.parent != parent_id:
            raise draft.refuse("wrong-state", row, f"is not directly inside {parent_id}")
        draft.take_out(row)


def _leave(draft: Draft, ids: Sequence[str]) -> None:
    """Items leave the chain; the same act again, at the same site, changes nothing."""
    op = draft.event.op
    for item in ids:
        row = draft.row(item)
        if (row.status, row.reason, row.site) == (INACTIVE, op, draft.here):
            draft.changes.already[item] = row.last
            continue
        elsewhere = draft.outermost(row).site != draft.here
        if op == "stolen" and elsewhere and not draft.answers_for(row):
            raise draft.refuse("not-holder", row, f"is not at site {draft.here}")
        row = draft.fit(item)
        draft.put(replace(row, status=INACTIVE, reason=op, last=draft.index))


def _found(draft: Draft, ids: Sequence[str]) -> None:
    for item in ids:
        row = draft.row(item)
        if row.status == INACTIVE and row.reason != "lost":
            raise draft.refuse("already-inactive", row, f"is inactive ({row.reason}), not lost")
        row = draft.fit(item)
        if row.parent:
            raise draft.refuse("wrong-state", row, "is inside what was lost; report that one found")
        row = replace(row, status=ACTIVE, reason="", last=draft.index)
        draft.put(row)
        if not row.hold:
            draft.set_hold(row, draft.event.by, "found")


def _undo(draft: Draft, ids: Sequence[str]) -> None:
    assert draft.event.undoes is not None  # its form demands one
    policy = draft.authority.policy
    ref = draft.world.statement(draft.event.undoes)
    if ref is None:
        raise Refused("undo-mismatch", f"no statement {draft.event.undoes} is on the log")
    if ref.op == "export" and not policy.export_undo:
        raise Refused("undo-mismatch", "the policy lets no export be undone", {"index": ref.index})
    if ref.site != draft.here:
        raise Refused("undo-other-site", "another site did this", {"index": ref.index})
    if draft.ms > ref.ms + policy.undo_hours * HOUR_MS:
        raise Refused(
            "undo-late", f"it is over {policy.undo_hours} hours ago", {"index": ref.index}
        )
    for item in ids:
        row = draft.row(item)
        if row.reason not in UNDOABLE or row.last != ref.index:
            raise draft.refuse("undo-mismatch", row, "was not last changed by that statement")
        row = draft.fit(item)
        draft.put(replace(row, status=ACTIVE, reason="", last=draft.index))


def _quarantine(draft: Draft, ids: Sequence[str]) -> None:
    for item in ids:
        row = draft.fit(item)
        if draft.outermost(row).site != draft.here and not draft.answers_for(row):
            raise draft.refuse("not-holder", row, f"is not at site {draft.here}")
        if row.hold:
            raise draft.refuse("wrong-state", row, f"is on hold already ({row.hold_reason})")
        draft.set_hold(row, draft.event.by, draft.event.reason or "")


def _release(draft: Draft, ids: Sequence[str]) -> None:
    for item in ids:
        row = draft.fit(item)
        if not row.hold:
            raise draft.refuse("wrong-state", row, "is not on hold by a quarantine of its own")
        has_it = draft.outermost(row).site == draft.here or draft.answers_for(row)
        weak = row.hold_reason in WEAK
        if draft.event.by not in (row.hold, draft.authority.gln) and not (weak and has_it):
            raise draft.refuse("not-holder", row, "was put on hold by another party")
        if has_it and not weak:
            row = replace(row, cleared=draft.index)  # who has it has looked, and answers for it
        draft.set_hold(row, "", "")


def _transfer(draft: Draft, ids: Sequence[str]) -> None:
    """Ownership passes to the acting party; the goods stay where they are."""
    by, others = draft.event.by, draft.named.signers - {draft.event.by}
    for item in ids:
        row = draft.fit(item)
        owner = draft.outermost(row).owner
        if owner == by:
            raise draft.refuse("wrong-state", row, f"is {by}'s already")
        if others != {owner}:
            raise draft.refuse("not-holder", row, "is not owned by who signed with you")
        if row.parent:
            raise draft.refuse("wrong-state", row, f"is inside {row.parent}; name that one")
        draft.put(replace(row, owner=by, last=draft.index))


def _enrol(draft: Draft, ids: Sequence[str]) -> None:
    by, authority = draft.event.by, draft.authority
    if not draft.named.extras:
        raise Refused("items-mismatch", "to enrol, each item carries its fingerprint's commitment")
    for item in ids:
        row = draft.fit(item)
        if not making.may_enrol(authority, by, item):
            raise draft.refuse("not-your-product", row, f"is no product that {by} holds or packs")
        draft.put(replace(row, last=draft.index))


def _inspect(draft: Draft, ids: Sequence[str]) -> None:
    """Evidence of a scan: it changes nothing, whatever it says and of whatever item."""
    del draft, ids


_DECIDERS: Final[Mapping[str, Callable[[Draft, Sequence[str]], None]]] = {
    "commission": making.commission,
    "repack": making.repack,
    "pack": _pack,
    "unpack": _unpack,
    "ship": shipping.ship,
    "return": shipping.ship,
    "recall_return": shipping.ship,
    "to_destruction": shipping.ship,
    "void": shipping.void,
    "refuse": shipping.refuse,
    "receive": shipping.receive,
    "close_short": shipping.close_short,
    "supply": _leave,
    "open": _leave,
    "sample": _leave,
    "free_sample": _leave,
    "export": _leave,
    "lost": _leave,
    "stolen": _leave,
    "destroyed": _leave,
    "check_out": _leave,
    "found": _found,
    "undo": _undo,
    "quarantine": _quarantine,
    "release": _release,
    "transfer": _transfer,
    "enrol": _enrol,
    "inspect": _inspect,
}
