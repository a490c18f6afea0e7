"""What an event does to packs: `decide` says what changes, or refuses with the rule it breaks.

Pure (custody.md 3 and 6). Who may sign is judged before, by `rights`; that the items are those the
event commits to, by whoever holds the secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ledger.errors import Refused
from ledger.rules.authority import Authority
from ledger.rules.draft import Draft, is_pack
from ledger.rules.operations import OPERATIONS, UNDOABLE
from ledger.rules.world import (
    ACTIVE,
    IN_TRANSIT,
    INACTIVE,
    MAX_PARENTS,
    Changes,
    Lot,
    Row,
    Shipment,
    World,
)
from ledger.statement import gs1
from ledger.statement.events import Event

HOUR_MS: Final = 3_600_000


def decide(
    world: World,
    authority: Authority,
    event: Event,
    statement_id: str,
    ids: Sequence[str],
    index: int,
    ms: int,
) -> Changes:
    """Say what an event changes when it lands as entry `index` at `ms`.

    `ids` are the ids the event commits to, none twice. Raises Refused, whose evidence names the
    index of the statement in the way where there is one; neither world nor authority is changed.
    """
    if event.op not in OPERATIONS:
        raise Refused("wrong-type", f"{event.op} is not accepted yet")
    if event.over is not None or event.missing is not None:
        raise Refused("wrong-type", "over and missing lists are not accepted yet")
    draft = Draft(world, authority, event, statement_id, index, ms)
    _DECIDERS[event.op](draft, ids)
    return draft.changes


def _commission(draft: Draft, ids: Sequence[str]) -> None:
    event, world, authority = draft.event, draft.world, draft.authority
    parsed = [gs1.parse_item_id(item) for item in ids]
    gtins = {item.gtin for item in parsed}
    lot = ""
    if gtins == {""}:
        if event.lot is not None:
            raise Refused("items-mismatch", "logistic units have no lot; leave ilmd out")
        check_units(authority, event.by, ids)
    elif len(gtins) != 1:
        raise Refused("items-mismatch", "commission packs of one GTIN, or logistic units, apart")
    else:
        if event.lot is None or event.expiry is None:
            raise Refused("items-mismatch", "packs are commissioned with lot and expiry in ilmd")
        gtin, lot = gtins.pop(), event.lot
        check_product(authority, event.by, gtin)
        known = world.lot(gtin, lot)
        if known is not None and known.expiry != event.expiry:
            raise Refused(
                "second-expiry",
                f"lot {lot} of {gtin} expires on {known.expiry}, not {event.expiry}",
                {"index": known.index},
            )
        if known is None:
            draft.changes.lot = Lot(gtin, lot, event.expiry, draft.index)
    rows, here, index = draft.changes.rows, draft.here, draft.index
    for item in ids:
        before = world.row(item)
        if before is not None:
            raise Refused(
                "duplicate-serial", f"{item} was commissioned before", {"index": before.born}
            )
        rows[item] = Row(
            item, ACTIVE, "", here, event.by, "", "", "", -1, index, lot, index
        )  # fmt: skip


def check_units(authority: Authority, by: str, ids: Sequence[str]) -> None:
    """Refuse logistic units whose SSCC carries another party's prefix. Raises Refused."""
    for item in ids:
        digits = item[23:]  # after https://id.gs1.org/00/ and the extension digit
        if authority.party_of_prefix(digits) != by:
            raise Refused("not-your-product", f"{item} does not carry {by}'s prefix")


def check_product(authority: Authority, by: str, gtin: str) -> None:
    """Refuse who may not commission packs of a GTIN. Raises Refused."""
    record = authority.product(gtin)
    if record is None:
        raise Refused("unregistered-product", f"GTIN {gtin} is not registered")
    product = record.product
    owner = authority.party_of_prefix(gtin[1:])
    if by not in (owner, product.holder, *product.packers):
        raise Refused(
            "not-your-product",
            f"{by} is neither the manufacturer of {gtin} nor a named packer",
            {"index": record.index},
        )


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
        draft.count(parent_id, row, 1)
        draft.changes.joined.append((item, parent_id))
        draft.put(row._replace(parent=parent_id, site="", owner="", shipment=-1, last=draft.index))
    # What happens to its content is no news of the container: `last` stays.
    draft.put(parent._replace(owner=owner))


def _outermost(draft: Draft, row: Row) -> None:
    if row.parent:
        raise draft.refuse("two-containers", row, f"is inside {row.parent}")


def _height(draft: Draft, row: Row) -> int:
    """Longest chain of items below a row; a pack's is 0."""
    if is_pack(row.id):
        return 0
    below = [0]
    for child in draft.children(row.id):
        below.append(1 + _height(draft, draft.row(child)))
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


def _ship(draft: Draft, ids: Sequence[str]) -> None:
    event, authority = draft.event, draft.authority
    assert event.dest_site is not None
    assert event.dest_party is not None
    assert event.number is not None  # its form demands them
    site = authority.site(event.dest_site)
    if site is None:
        raise Refused("unknown-site", f"site {event.dest_site} is not on record")
    if site.gln == draft.here:
        raise Refused("wrong-site", "a shipment goes to another site than it leaves")
    party = authority.party(site.party)
    for record in (site, party):
        if record is not None and record.suspended >= 0:
            raise Refused(
                "suspended", f"{record.name} ({record.gln}) is suspended",
                {"index": record.suspended},
            )  # fmt: skip
    if authority.party(event.dest_party) is None:
        raise Refused("unknown-party", f"party {event.dest_party} is not admitted")
    if draft.world.number_used(event.by, event.number):
        raise Refused("wrong-state", f"tracking number {event.number} has been used before")
    for item in ids:
        row = draft.fit(item)
        if row.owner != event.source_party:
            raise draft.refuse("not-holder", row, f"is not {event.source_party}'s")
        if event.dest_party not in (site.party, row.owner):
            raise draft.refuse(
                "not-holder", row, "would pass to neither the receiver nor its owner"
            )
        draft.put(row._replace(status=IN_TRANSIT, shipment=draft.index, last=draft.index))
    draft.changes.shipment = Shipment(
        draft.index, draft.id, event.by, draft.here, site.party, site.gln, event.dest_party,
        event.number, received=False,
    )  # fmt: skip


def _receive(draft: Draft, ids: Sequence[str]) -> None:
    shipment, _ = draft.shipment()
    if draft.here != shipment.to_site:
        raise Refused(
            "not-named", f"shipment {shipment.number} does not name site {draft.here}",
            {"index": shipment.index},
        )  # fmt: skip
    for item in ids:
        row = draft.in_shipment(item, shipment)
        draft.put(
            row._replace(status=ACTIVE, site=draft.here, owner=shipment.owner, last=draft.index)
        )
    draft.changes.shipment = shipment._replace(received=True)


def _void(draft: Draft, ids: Sequence[str]) -> None:
    shipment, _ = draft.shipment()
    if draft.here != shipment.site:
        raise Refused(
            "not-holder", f"shipment {shipment.number} was not sent from site {draft.here}",
            {"index": shipment.index},
        )  # fmt: skip
    if shipment.received:
        raise Refused(
            "wrong-state", f"shipment {shipment.number} has been received",
            {"index": shipment.index},
        )  # fmt: skip
    for item in ids:
        row = draft.in_shipment(item, shipment)
        draft.put(row._replace(status=ACTIVE, last=draft.index))


def _supply(draft: Draft, ids: Sequence[str]) -> None:
    for item in ids:
        row = draft.row(item)
        if (row.status, row.reason, row.site) == (INACTIVE, draft.event.op, draft.here):
            draft.changes.already[item] = row.last
            continue
        row = draft.fit(item)
        draft.put(row._replace(status=INACTIVE, reason=draft.event.op, last=draft.index))


def _undo(draft: Draft, ids: Sequence[str]) -> None:
    assert draft.event.undoes is not None  # its form demands one
    ref = draft.world.statement(draft.event.undoes)
    if ref is None:
        raise Refused("undo-mismatch", f"no statement {draft.event.undoes} is on the log")
    if ref.site != draft.here:
        raise Refused("undo-other-site", "another site did this", {"index": ref.index})
    if draft.ms > ref.ms + draft.authority.policy.undo_hours * HOUR_MS:
        raise Refused(
            "undo-late", f"it is over {draft.authority.policy.undo_hours} hours ago",
            {"index": ref.index},
        )  # fmt: skip
    for item in ids:
        row = draft.row(item)
        if row.reason not in UNDOABLE or row.last != ref.index:
            raise draft.refuse("undo-mismatch", row, "was not last changed by that statement")
        row = draft.fit(item)
        draft.put(row._replace(status=ACTIVE, reason="", last=draft.index))


def _quarantine(draft: Draft, ids: Sequence[str]) -> None:
    for item in ids:
        row = draft.fit(item)
        root = draft.outermost(row)
        if root.site != draft.here and not _answers_for(draft, row):
            raise draft.refuse("not-holder", row, f"is not at site {draft.here}")
        if row.parent:
            raise draft.refuse(
                "wrong-state", row, f"is inside {row.parent} elsewhere; quarantine {root.id}"
            )
        if row.hold:
            raise draft.refuse("wrong-state", row, f"is on hold already ({row.hold_reason})")
        draft.put(
            row._replace(
                hold=draft.event.by, hold_reason=draft.event.reason or "", last=draft.index
            )
        )


def _answers_for(draft: Draft, row: Row) -> bool:
    """Whether the acting party may act on goods it does not hold: authority or product's holder."""
    by = draft.event.by
    if by == draft.authority.gln:
        return True
    records = [draft.authority.product(gtin) for gtin, _ in draft.packs(row)]
    return bool(records) and all(r is not None and r.product.holder == by for r in records)


def _release(draft: Draft, ids: Sequence[str]) -> None:
    for item in ids:
        row = draft.fit(item)
        if not row.hold:
            raise draft.refuse("wrong-state", row, "is not on hold by a quarantine of its own")
        if draft.event.by not in (row.hold, draft.authority.gln):
            raise draft.refuse("not-holder", row, "was put on hold by another party")
        draft.put(row._replace(hold="", hold_reason="", last=draft.index))


_DECIDERS: Final[Mapping[str, Callable[[Draft, Sequence[str]], None]]] = {
    "commission": _commission,
    "pack": _pack,
    "unpack": _unpack,
    "ship": _ship,
    "receive": _receive,
    "void": _void,
    "supply": _supply,
    "undo": _undo,
    "quarantine": _quarantine,
    "release": _release,
}
