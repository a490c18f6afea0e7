"""What a label claims against what the log has on record, one claim at a time."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from ledger.statement.gs1 import Label, parse_item_id


class Claim(NamedTuple):
    """One thing that a label says of its pack, and what the log says of it."""

    name: str  # "product", "lot", "expiry", "serial" or "sscc"
    label: str  # as the label has it, "" where it says nothing
    log: str  # as it is on record, "" where nothing is
    agrees: bool | None  # None: nothing to compare


def compare(label: Label, item: str, lot: str, expiry: date | None) -> tuple[Claim, ...]:
    """Compare a label with the record of an item: product (GTIN), lot, expiry, serial; or SSCC.

    `item` is the id on record, `lot` and `expiry` are its lot's ("", None where it has none).
    """
    found = parse_item_id(item)
    if found.sscc:
        return (_claim("sscc", label.sscc, found.sscc),)
    return (
        _claim("product", label.gtin, found.gtin),
        _claim("lot", label.lot, lot),
        _claim(
            "expiry",
            label.expiry.isoformat() if label.expiry else "",
            expiry.isoformat() if expiry else "",
        ),
        _claim("serial", label.serial, found.serial),
    )


def _claim(name: str, label: str, log: str) -> Claim:
    # What the log does not hold, it does not confirm: a lot on the label against none on record.
    return Claim(name, label, log, label == log if label else None)
