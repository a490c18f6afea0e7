"""The operator's signed word: a status (what is not there) and a refusal (statement.md 6).

Never logged. Whether a status fits what a bundle shows is left to `ledger.proof`.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from ledger.errors import CODES, Malformed
from ledger.statement import dsse, gs1
from ledger.statement.parts import Part, check_origin, gln, time_ms

STATES: Final = frozenset(
    {"unknown", "here", "to_here", "other", "in_transit", "supplied_here", "supplied", "inactive"}
)
STRANGER_STATES: Final = frozenset({"unknown", "active", "supplied", "inactive"})
_HEX64: Final = re.compile(r"[0-9a-f]{64}")
_CODE: Final = re.compile(r"[a-z][a-z_-]{0,39}")


class ItemStatus(Part, frozen=True, kw_only=True):
    """One item in a status; `last` is the newest statement about it or a container it was in."""

    id: str
    last: str | None = None
    reason: str | None = None  # of an inactive item
    reasons: list[str]
    state: str


class Status(Part, frozen=True, kw_only=True):
    """What the operator says is so, and that nothing was left out, as of a checkpoint.

    `{"for":"9521234000013","gap":false,"id":[…],"items":[{"id":"https://id.gs1.org/01/…",
    "last":"4564…","reasons":[],"state":"here"}],"log":"log.example/vector","root":"ab…","size":12,
    "time":"2026-11-24T05:00:00Z"}`; `for` is a site's GLN or "" for a stranger.
    """

    for_: str = msgspec.field(name="for")
    gap: bool
    id: list[str]
    items: list[ItemStatus]
    log: str
    root: str
    size: int
    time: str

    @property
    def time_ms(self) -> int:
        """The operator's claimed time, ms since the epoch."""
        return time_ms(self.time)


class Refusal(Part, frozen=True):
    """The operator's word that a statement was refused: code, statement id, log, size, time."""

    code: str
    id: str
    log: str
    size: int
    time: str


_status: Final = msgspec.json.Decoder(Status)
_refusal: Final = msgspec.json.Decoder(Refusal)


def parse_status(payload: bytes) -> Status:
    """Read a status. Raises Malformed."""
    status: Status = dsse.parse_json(payload, _status, "a status")
    if status.for_:
        gln(status.for_, "for")
    check_origin(status.log)
    dsse.hex_bytes(status.root, 32, "root")
    _size(status.size)
    time_ms(status.time)
    for statement in status.id:
        _id(statement)
    ids = [item.id for item in status.items]
    if ids != sorted(set(ids)) or not ids:
        raise Malformed("a status is about at least one item; items are sorted by id, none twice")
    for item in status.items:
        _item(item, STATES if status.for_ else STRANGER_STATES)
    return status


def _item(item: ItemStatus, states: frozenset[str]) -> None:
    gs1.parse_item_id(item.id)
    if item.state not in states:
        raise Malformed(f"a state is one of {', '.join(sorted(states))}")
    if item.last is not None:
        _id(item.last)
    if item.reason is not None and (item.state != "inactive" or not _CODE.fullmatch(item.reason)):
        raise Malformed("a reason is the code of what made an item inactive")
    if item.reasons != sorted(set(item.reasons)) or not all(
        _CODE.fullmatch(code) for code in item.reasons
    ):
        raise Malformed("reasons are codes, sorted, none twice")


def _id(text: str) -> None:
    if not _HEX64.fullmatch(text):
        raise Malformed("a statement id is 32 bytes in hex")


def _size(size: int) -> None:
    if not 0 < size <= dsse.MAX_INTEGER:
        raise Malformed("a log's size is above 0 and below 2^53")


def build_status(status: Status) -> bytes:
    """The canonical payload of a status. Raises Malformed."""
    payload = dsse.canonical(status)
    if parse_status(payload) != status:
        raise Malformed("these values do not make a status")
    return payload


def parse_refusal(payload: bytes) -> Refusal:
    """Read a refusal. Raises Malformed."""
    refusal: Refusal = dsse.parse_json(payload, _refusal, "a refusal")
    if refusal.code not in CODES:
        raise Malformed(f"{refusal.code[:40]!r} is no refusal code")
    _id(refusal.id)
    check_origin(refusal.log)
    if not 0 <= refusal.size <= dsse.MAX_INTEGER:
        raise Malformed("a log's size is below 2^53")
    time_ms(refusal.time)
    return refusal


def build_refusal(refusal: Refusal) -> bytes:
    """The canonical payload of a refusal. Raises Malformed."""
    payload = dsse.canonical(refusal)
    if parse_refusal(payload) != refusal:
        raise Malformed("these values do not make a refusal")
    return payload
