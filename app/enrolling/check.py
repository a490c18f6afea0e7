"""What speaks against enrolling a label, by what its code says and the log has: one answer for line and station."""

from __future__ import annotations

from datetime import date

from app.enrolling.packs import Reason
from ledger.rules.making import may_enrol
from ledger.rules.state import ACTIVE
from ledger.statement.gs1 import gtin_of
from ledger.store.queries import Reader


def against(
    reader: Reader, party: str, item: str, lot: str, expiry: date | None
) -> tuple[Reason, ...]:
    """The reason why a party's enrolment of a pack would come to nothing, or be another label's.

    `lot` and `expiry` are the label's, "" and None where its code says none.
    """
    world = reader.world()
    row = world.row(item)
    if row is None:
        return (Reason("unknown-item", "The log has no such pack. Commission it first."),)
    if not may_enrol(reader.authority(), party, item):
        return (Reason("not-your-product", f"{party} neither holds nor packs this product."),)
    if row.status != ACTIVE:
        words = f"The log has it as {row.status}, no longer active."
        return (Reason("wrong-state", words),)
    if lot and lot != row.lot:
        return (Reason("wrong-lot", f"The label says lot {lot}, the log {row.lot}."),)
    of = world.lot(gtin_of(item), row.lot)
    if expiry and of is not None and expiry != of.expiry:
        words = f"The label says expiry {expiry}, the log {of.expiry}."
        return (Reason("wrong-expiry", words),)
    return ()
