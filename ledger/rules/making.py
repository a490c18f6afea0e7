"""How packs and logistic units come onto the record: commissioned, or repacked from others.

What may be done with them afterwards is in `custody`.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from ledger.errors import Refused
from ledger.rules.authority import Authority
from ledger.rules.draft import Draft
from ledger.rules.state import ACTIVE, INACTIVE, Lot, Row
from ledger.statement.events import Event
from ledger.statement.governance import Product
from ledger.statement.gs1 import gtin_of


def commission(draft: Draft, ids: Sequence[str]) -> None:
    """Bring packs of one lot, or logistic units, onto the record."""
    event, authority = draft.event, draft.authority
    gtins = {gtin_of(item) for item in ids}
    if gtins == {""}:
        if event.lot is not None:
            raise Refused("items-mismatch", "logistic units have no lot; leave ilmd out")
        check_units(authority, event.by, ids)
    elif len(gtins) != 1:
        raise Refused("items-mismatch", "commission packs of one GTIN, or logistic units, apart")
    else:
        _lot(draft, event, gtins.pop())
    _new_rows(draft, ids)


def _lot(draft: Draft, event: Event, gtin: str) -> None:
    if event.lot is None or event.expiry is None:
        raise Refused("items-mismatch", "packs are commissioned with lot and expiry in ilmd")
    check_product(draft.authority, event.by, gtin)
    known = draft.world.lot(gtin, event.lot)
    if known is None:
        draft.changes.lot = Lot(gtin, event.lot, event.expiry, draft.index)
    elif known.expiry != event.expiry:
        raise Refused(
            "second-expiry",
            f"lot {event.lot} of {gtin} expires on {known.expiry}, not {event.expiry}",
            {"index": known.index},
        )


def _new_rows(draft: Draft, ids: Sequence[str]) -> None:
    if draft.named.staged:
        return  # none of them existed when they were written ahead, and nobody can have made them since
    event, rows, index = draft.event, draft.changes.rows, draft.index
    lot = event.lot or ""
    for item in ids:
        before = draft.world.row(item)
        if before is not None:
            raise Refused(
                "duplicate-serial", f"{item} was commissioned before", {"index": before.born}
            )
        rows[item] = Row(
            item, ACTIVE, "", draft.here, event.by, "", "", "", -1, "", -1, index, lot, index
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


def may_enrol(authority: Authority, by: str, item: str) -> bool:
    """Whether a party may enrol the fingerprint of a pack's label: it holds the product, or packs it."""
    record = authority.product(gtin_of(item))
    return record is not None and _makes(by, record.product)


def enrols_any(authority: Authority, by: str) -> bool:
    """Whether there is a product whose labels a party may enrol."""
    return any(_makes(by, record.product) for record in authority.products())


def _makes(by: str, product: Product) -> bool:
    return by in (product.holder, *product.packers)


def repack(draft: Draft, ids: Sequence[str]) -> None:
    """Bring packs onto the record that were made of packs checked out here.

    All that the named check-outs took out, and no undo brought back, goes in. The new packs expire
    no later than what went in, and a mark on that is a mark on them.
    """
    event = draft.event
    assert event.expiry is not None
    assert event.lot is not None  # its form demands both
    went_in = inputs(draft)
    for row in went_in:
        lot = draft.world.lot(gtin_of(row.id), row.lot)
        if lot is not None and event.expiry > lot.expiry:
            raise Refused(
                "second-expiry",
                f"what goes in expires on {lot.expiry}, so nothing can come out for {event.expiry}",
                {"index": lot.index},
            )
        draft.stop_blocked(row)
        draft.put(replace(row, reason="repack", last=draft.index))
    if not ids and draft.world.partial:
        return  # a proof about what went in need not show what came out
    gtins = {gtin_of(item) for item in ids}
    if len(gtins) != 1 or "" in gtins:
        raise Refused("items-mismatch", "what comes out of a repacking is packs of one GTIN")
    made = (gtins.pop(), event.lot)
    sources = {(gtin_of(row.id), row.lot) for row in went_in} - {made}
    draft.changes.made = tuple((made, source) for source in sorted(sources))
    _lot(draft, event, made[0])
    _new_rows(draft, ids)


def inputs(draft: Draft) -> list[Row]:
    """The rows that a repacking takes up: all of them, or in a proof those that are shown."""
    assert draft.event.inputs is not None  # its form demands them
    found = []
    for statement_id in draft.event.inputs:
        ref = draft.world.statement(statement_id)
        if ref is None or ref.op != "check_out" or ref.observed:
            raise Refused("wrong-state", f"{statement_id} is no check-out on the log")
        if ref.site != draft.here:
            raise Refused("not-holder", "another site checked this out", {"index": ref.index})
        rows = [draft.row(item) for item in sorted(draft.world.items(ref.index) or ())]
        out = [
            r for r in rows if (r.status, r.reason, r.last) == (INACTIVE, "check_out", ref.index)
        ]
        if not out and not draft.world.partial:
            raise Refused(
                "wrong-state", "nothing of this check-out is left to repack", {"index": ref.index}
            )
        found += out
    return found
