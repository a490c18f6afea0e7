"""Proves a status list without any server, and holds what a proof shows against it.

Pure. The list's form is `statement.statuslist`'s business; it travels in the form of a bundle whose
statements are the log's genesis and whose status is the list.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from ledger.bundle import Bundle
from ledger.errors import Malformed
from ledger.proof import Proven, check_head, open_governance, status_payload
from ledger.rules import marks
from ledger.rules.verdict import State
from ledger.statement import dsse
from ledger.statement.gs1 import gtin_of
from ledger.statement.parts import time_ms
from ledger.statement.statuslist import Listed, StatusList, parse_status_list
from ledger.tlog.policy import Policy, Verified

MAX_LIST: Final = 16 << 20  # bytes of inflated JSON
PARTLY: Final = "partly-listed"
NEWER: Final = "newer-than-proof"
LIMITS: Final = (
    "what happened to the pack after the proof was made: moved, supplied, put in quarantine",
    "holds, recalls, suspensions and revoked keys after the status list was made",
    "that nothing was left out of either: that is the operator's signed word",
    "whether a copy of this label was scanned at another place",
)


@dataclass(frozen=True, slots=True)
class ProvenList:
    """A status list whose checkpoint and signature hold."""

    verified: Verified
    listed: StatusList


def verify_list(data: bytes, trust: Policy, now_ms: int) -> ProvenList:
    """Verify a status list by a trust file alone.

    Raises Malformed when it cannot be used (unreadable, of another log, expired), BadSignature or
    BadProof when it is refuted.
    """
    bundle = Bundle.parse(data, MAX_LIST)
    verified, authority = open_governance(bundle, trust)
    payload = status_payload(bundle, authority, dsse.STATUS_LIST, "a status list")
    listed = parse_status_list(payload)
    check_head(listed.log, listed.size, listed.root, authority, verified.checkpoint)
    if now_ms >= listed.until_ms:
        raise Malformed(f"the status list was of use until {listed.until}; fetch a fresh one")
    return ProvenList(verified, listed)


def apply(state: State, proven: Proven, found: ProvenList) -> State:
    """A pack's state with the marks that a status list adds to what its proof shows.

    Raises Malformed for a list of another log.
    """
    listed = found.listed
    if listed.log != proven.checkpoint.origin:
        raise Malformed(f"the status list is of log {listed.log}, the proof of another")
    codes = set(state.marks)
    for code, lines in (
        (marks.RECALLED, listed.recalled),
        (marks.WITHDRAWN, listed.withdrawn),
        (marks.ON_HOLD, listed.held),
    ):
        codes |= {PARTLY if some else code for some in _covering(state, lines)}
    site = proven.authority.site(proven.status.for_)
    if {state.site, site.party if site else ""} & set(listed.suspended):
        codes.add(marks.SUSPENDED)
    if _signed_by_suspects(proven, listed):
        codes.add(marks.KEY_SUSPECT)
    elif proven.status.gap and _revoked_since(proven, listed):
        codes.add(NEWER)  # who signed the hand-offs in between is not shown
    return replace(state, marks=tuple(sorted(codes)))


def _revoked_since(proven: Proven, listed: StatusList) -> bool:
    size = proven.checkpoint.size
    return any(key.since is not None and key.index >= size for key in listed.keys)


def _covering(state: State, lines: Iterable[Listed]) -> Iterable[bool]:
    """Of each line that covers the pack's lot, whether it covers only some packs of it."""
    for line in lines:
        if line.gtin == gtin_of(state.id) and (line.lots is None or state.lot in line.lots):
            yield bool(line.some)


def _signed_by_suspects(proven: Proven, listed: StatusList) -> bool:
    since = {key.keyid: time_ms(key.since) for key in listed.keys if key.since is not None}
    return any(
        entry.ms >= since.get(signature.keyid, entry.ms + 1)
        for entry, statement in zip(proven.entries, proven.statements, strict=True)
        for signature in statement.envelope.signatures
    )
