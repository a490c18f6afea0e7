"""The status list: the operator's signed word on all that is blocked, for places without a line.

Held, recalled and withdrawn lots, suspended parties and sites, revoked keys, as of a checkpoint.
Never logged. How it is proven and applied is left to `ledger.remote`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from ledger.errors import Malformed
from ledger.statement import dsse, gs1
from ledger.statement.parts import (
    HEX64,
    Part,
    check_gtin,
    check_match,
    check_origin,
    check_sorted,
    gln,
    time_ms,
)


class Listed(Part, frozen=True, kw_only=True):
    """Lots of a product that a hold or recall covers, all of them without `lots`.

    `index` is that of the statement; `some` says that it covers only some packs of them, which the
    list does not name.
    """

    gtin: str
    index: int
    lots: list[str] | None = None
    some: bool | None = None


class RevokedKey(Part, frozen=True, kw_only=True):
    """A revoked key, by the statement at `index`; with `since`, what it signed since is suspect."""

    index: int
    keyid: str
    since: str | None = None


class StatusList(Part, frozen=True, kw_only=True):
    """What is blocked as of a checkpoint; `until` is when the list is no longer to be used."""

    held: list[Listed]
    keys: list[RevokedKey]
    log: str
    recalled: list[Listed]
    root: str
    size: int
    suspended: list[str]
    time: str
    until: str
    withdrawn: list[Listed]

    @property
    def time_ms(self) -> int:
        """The operator's claimed time, ms since the epoch."""
        return time_ms(self.time)

    @property
    def until_ms(self) -> int:
        """The first ms at which the list is no longer to be used."""
        return time_ms(self.until)


_decoder: Final = msgspec.json.Decoder(StatusList)


def parse_status_list(payload: bytes) -> StatusList:
    """Read a status list. Raises Malformed."""
    found: StatusList = dsse.parse_json(payload, _decoder, "a status list")
    check_origin(found.log)
    dsse.hex_bytes(found.root, 32, "root")
    if not 0 < found.size <= dsse.MAX_INTEGER:
        raise Malformed("a log's size is above 0 and below 2^53")
    if found.until_ms <= found.time_ms:
        raise Malformed("a status list is of use until after it was made")
    for marks in (found.held, found.recalled, found.withdrawn):
        for mark in marks:
            _listed(mark, found.size)
    check_sorted(found.suspended, "suspended", 0, 1_000_000)
    for party in found.suspended:
        gln(party, "suspended")
    check_sorted([key.keyid for key in found.keys], "keys", 0, 1_000_000)
    for key in found.keys:
        check_match(HEX64, key.keyid, "a key's id is 32 bytes in hex")
        if not 0 < key.index < found.size:
            raise Malformed("a revocation lies in the log")
        if key.since is not None:
            time_ms(key.since)
    return found


def _listed(mark: Listed, size: int) -> None:
    check_gtin(mark.gtin)
    if not 0 < mark.index < size:
        raise Malformed("a mark's statement lies in the log")
    if mark.some is False:
        raise Malformed("`some` is left out where it is not true")
    if mark.lots is not None:
        check_sorted(mark.lots, "lots", 1, 1_000_000)
        for lot in mark.lots:
            gs1.check_lot(lot)


def build_status_list(found: StatusList) -> bytes:
    """The canonical payload of a status list. Raises Malformed."""
    payload = dsse.canonical(found)
    if parse_status_list(payload) != found:
        raise Malformed("these values do not make a status list")
    return payload
