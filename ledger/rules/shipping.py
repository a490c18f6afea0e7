"""Shipments: sent, sent back, called back, turned away, received, closed short (custody.md 3).

What else an event may do to packs is in `custody`; the state of one event's changes in `draft`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from ledger.errors import Refused
from ledger.rules.authority import SiteRecord
from ledger.rules.draft import Draft
from ledger.rules.operations import DESTRUCTION, RETURNS
from ledger.rules.state import ACTIVE, IN_TRANSIT, INACTIVE, OVER, REFUSED, SHORT, Row, Shipment
from ledger.statement.gs1 import gtin_of

DAY_MS: Final = 24 * 3_600_000


def ship(draft: Draft, ids: Sequence[str]) -> None:
    """Send items to another site: a shipment, or a return of any kind."""
    event = draft.event
    assert event.dest_party is not None
    assert event.number is not None  # its form demands them
    site = _destination(draft)
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
        if event.op in RETURNS:
            _check_return(draft, row, site)
        draft.put(
            replace(row, status=IN_TRANSIT, reason="", shipment=draft.index, last=draft.index)
        )
    draft.changes.shipment = Shipment(
        draft.index, draft.id, event.op, draft.ms, event.by, draft.here, site.party, site.gln,
        event.dest_party, event.number, received=False,
    )  # fmt: skip


def _destination(draft: Draft) -> SiteRecord:
    event, authority = draft.event, draft.authority
    assert event.dest_site is not None
    assert event.dest_party is not None  # its form demands them
    site = authority.site(event.dest_site)
    if site is None:
        raise Refused("unknown-site", f"site {event.dest_site} is not on record")
    if site.gln == draft.here:
        raise Refused("wrong-site", "a shipment goes to another site than it leaves")
    for record in (site, authority.party(site.party)):
        if record is not None and record.suspended >= 0:
            raise Refused(
                "suspended", f"{record.name} ({record.gln}) is suspended",
                {"index": record.suspended},
            )  # fmt: skip
    if authority.party(event.dest_party) is None:
        raise Refused("unknown-party", f"party {event.dest_party} is not admitted")
    return site


def _check_return(draft: Draft, row: Row, site: SiteRecord) -> None:
    """Goods go back to the site that shipped them here, their product's holder, or a destroyer."""
    if DESTRUCTION in site.activities:
        return
    records = [draft.authority.product(gtin) for gtin, _ in draft.packs(row)]
    if all(r is not None and r.product.holder == site.party for r in records):
        return  # by the lots inside; where it came from, each pack knows for itself
    for pack, around in draft.packs_in(row):
        record = draft.authority.product(gtin_of(pack.id))
        its_holder = record is not None and record.product.holder == site.party
        if not its_holder and draft.came(pack, around)[0] != site.gln:
            raise draft.refuse(
                "wrong-site",
                pack,
                f"was not shipped here by site {site.gln}, whose party is not its product's holder; "
                f"nor is {DESTRUCTION} among the site's activities",
            )


def receive(draft: Draft, ids: Sequence[str]) -> None:
    """Book a delivery in, or a part of it; what was too much is held, what lacked stays out."""
    event = draft.event
    shipment, _ = draft.shipment()
    if draft.here not in (shipment.to_site, shipment.site):
        raise _not_named(draft, shipment)
    _check_lists(draft)
    for item in draft.named.missing:
        _leave_out(draft, item, shipment, ids)
    for item in ids:
        row = draft.in_shipment(item, shipment)
        back = row.reason == REFUSED
        if draft.here != (shipment.site if back else shipment.to_site):
            raise _not_named(draft, shipment)
        row = replace(row, status=ACTIVE, reason="", site=draft.here, last=draft.index)
        if not back:
            row = replace(row, owner=shipment.owner, came=shipment.site, arrived=draft.index)
        draft.put(row)
        if shipment.op in RETURNS and not back and not draft.is_strong(row):
            draft.set_hold(row, event.by, shipment.op)
    for item in draft.named.over:
        _hold_over(draft, item, shipment)
    draft.changes.shipment = replace(shipment, received=True)


def _check_lists(draft: Draft) -> None:
    named = draft.named.all
    if len(set(named)) != len(named):
        raise Refused(
            "items-mismatch", "an item arrived, lacked, or was too much: list it in one place"
        )


def _not_named(draft: Draft, shipment: Shipment) -> Refused:
    return Refused(
        "not-named", f"this shipment does not name site {draft.here}",
        {"index": shipment.index},
    )  # fmt: skip


def _leave_out(draft: Draft, item: str, shipment: Shipment, received: Sequence[str]) -> None:
    """What lacks inside a container that is received is taken out of it and stays in transit."""
    row = draft.row(item)
    around = list(draft.chain(row))
    if not around or around[-1].id not in received or around[-1].shipment != shipment.index:
        raise draft.refuse(
            "not-in-shipment", row, "is not inside a container that this receipt names"
        )
    if around[-1].status != IN_TRANSIT:
        raise draft.refuse("wrong-state", row, "is no longer in transit")
    draft.take_out(row)


def _hold_over(draft: Draft, item: str, shipment: Shipment) -> None:
    """What was found too much changes no custody; it is on hold until somebody answers for it."""
    row = draft.find(item)
    if row is None:
        return  # never commissioned: the receipt's word about it is on record all the same
    if draft.outermost(row).shipment == shipment.index:
        raise draft.refuse("not-in-shipment", row, f"was announced in {shipment.number}")
    if not row.hold and draft.outermost(row).status != INACTIVE:
        draft.set_hold(row, draft.event.by, OVER)


def void(draft: Draft, ids: Sequence[str]) -> None:
    """Call a shipment back, or some of it: before any receipt, or what was missing from one."""
    shipment, _ = draft.shipment()
    if draft.here != shipment.site:
        raise Refused(
            "not-holder", f"this shipment was not sent from site {draft.here}",
            {"index": shipment.index},
        )  # fmt: skip
    for item in ids:
        row = draft.in_shipment(item, shipment)
        if shipment.received and not is_short(draft, row, shipment):
            raise Refused(
                "wrong-state",
                f"shipment {shipment.number} has been received, and {item} not closed short",
                {"index": shipment.index},
            )
        draft.put(replace(row, status=ACTIVE, reason="", last=draft.index))


def is_short(draft: Draft, row: Row, shipment: Shipment) -> bool:
    """Whether an item in transit counts as missing: closed by the receiver, or overdue."""
    overdue = draft.ms > shipment.ms + draft.authority.policy.dispute_days * DAY_MS
    return row.reason == SHORT or overdue


def refuse(draft: Draft, ids: Sequence[str]) -> None:
    """Turn a delivery away, or some of it: it goes back to the sender, who receives it."""
    _mark(draft, ids, REFUSED)


def close_short(draft: Draft, ids: Sequence[str]) -> None:
    """Say that items of a shipment did not arrive: they stay in transit, disputed."""
    _mark(draft, ids, SHORT)


def _mark(draft: Draft, ids: Sequence[str], reason: str) -> None:
    shipment, _ = draft.shipment()
    if draft.here != shipment.to_site:
        raise _not_named(draft, shipment)
    for item in ids:
        row = draft.in_shipment(item, shipment)
        if row.reason in (REFUSED, reason):
            raise draft.refuse("wrong-state", row, f"is {row.reason} already")
        draft.put(replace(row, reason=reason, last=draft.index))
