"""Marks: what is worked out about stock and parties, never written on a pack (custody.md 1).

Blocked stock does not go on; marks never block what makes stock safe. Who is told in which words
is the verdict's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from ledger.errors import Refused
from ledger.rules.authority import Authority, Mark
from ledger.rules.state import OBSERVATION, LotKey, Row
from ledger.rules.world import World
from ledger.statement.gs1 import gtin_of
from ledger.statement.parts import Scope

RECALLED: Final = "recalled"
WITHDRAWN: Final = "withdrawn"
ON_HOLD: Final = "on-hold"
EXPIRED: Final = "expired"
KEY_SUSPECT: Final = "key-suspect"
CUSTODY_GAP: Final = "custody-gap"
SUSPENDED: Final = "suspended"
LICENCE_EXPIRED: Final = "licence-expired"
BLOCKS: Final = {  # mark -> code of the refusal, worst first
    RECALLED: "blocked-recalled",
    WITHDRAWN: "blocked-withdrawn",
    ON_HOLD: "blocked-hold",
    EXPIRED: "blocked-expired",
    KEY_SUSPECT: "blocked-hold",
}


class Found(NamedTuple):
    """A mark on an item: which, why in words, and the index of the statement that set it, or -1."""

    mark: str
    words: str
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls


def last_moment(expiry: date) -> int:
    """The first ms at which the expiry date is over everywhere on earth (the last place is UTC-12)."""
    end = datetime(expiry.year, expiry.month, expiry.day, tzinfo=UTC) + timedelta(days=1, hours=12)
    return int(end.timestamp()) * 1000


def is_expired(expiry: date, ms: int) -> bool:
    """Whether a lot of this expiry is expired for the ledger's rules at a landing time."""
    return ms >= last_moment(expiry)


def on_lots(world: World, authority: Authority, lots: Sequence[LotKey], ms: int) -> Iterator[Found]:
    """The marks that lie on whole lots: recalled, withdrawn, on hold, expired."""
    for gtin, lot in lots:
        for source_gtin, source_lot in sorted(world.origins(gtin, lot)):
            for mark in authority.marks_on(source_gtin):
                if mark.covers_lot(source_lot):
                    yield Found(mark.code, f"lot {lot} of {gtin} is {_words(mark)}", mark.index)
        record = world.lot(gtin, lot)
        if record is not None and is_expired(record.expiry, ms):
            words = f"lot {lot} of {gtin} expired on {record.expiry}"
            yield Found(EXPIRED, words, record.index)


def on_packs(world: World, authority: Authority, lots: Sequence[LotKey]) -> list[Mark]:
    """The marks in force on single packs of these lots, lists and commissionings: ask `on_pack`."""
    gtins = {source for gtin, lot in lots for source, _ in world.origins(gtin, lot)}
    return [
        mark
        for gtin in sorted(gtins)
        for mark in authority.marks_on(gtin)
        if not mark.scope_is_lots
    ]


def on_pack(world: World, mark: Mark, row: Row) -> Found | None:
    """Whether a mark on single packs covers this one, or what was repacked into it."""
    if _covers(world, mark, row):
        return Found(mark.code, f"{row.id} is {_words(mark)}", mark.index)
    return None


def _covers(world: World, mark: Mark, row: Row) -> bool:
    ref = world.statement(mark.statement) if mark.statement else None
    listed = frozenset[str]() if mark.statement else world.items(mark.index) or frozenset()
    todo: list[Row] = [row]
    seen: set[int] = set()
    while todo:
        link = todo.pop()
        if (ref is not None and link.born == ref.index) or link.id in listed:
            return True
        if link.born not in seen:  # what was made together was made of the same
            seen.add(link.born)
            for check_out in world.inputs(link.born):
                rows = map(world.row, world.items(check_out) or ())
                todo += [before for before in rows if before is not None]
    return False


def _words(mark: Mark) -> str:
    return {RECALLED: "recalled", WITHDRAWN: "withdrawn", ON_HOLD: "on hold"}[mark.code]


def suspect(world: World, authority: Authority, row: Row) -> Found | None:
    """Whether a key that signed for an item is suspect (`key-revoke` with `since`).

    What was done to a container was done to what it held then. A release from quarantine that
    landed after the revocation clears it: somebody looked, and answers for it with another key.
    """
    for keyid, suspicion in authority.suspects.items():
        if _cleared(world, row) > suspicion.revoked:
            continue
        acts = set(world.signed(keyid, suspicion.since_ms))
        if acts and (hit := max(acts & _about(world, row.id, row.born), default=-1)) >= 0:
            return Found(KEY_SUSPECT, f"{row.id}: a key that signed for it is suspect", hit)
    return None


def _cleared(world: World, row: Row) -> int:
    """Index of the newest release of an item, or of a container that it is in since before."""
    return max([row.cleared, *(c.cleared for c in world.chain(row) if c.cleared > row.last)])


def _about(world: World, item: str, born: int) -> set[int]:
    """Indexes of the statements about an item, or about a container while it was in it."""
    found = {born, *world.mentions(item)}
    for container, start, end in world.spans(item):
        inside = _about(world, container, -1)
        found |= {index for index in inside if start < index and (end < 0 or index < end)}
    return found


def own_hold(row: Row) -> Found | None:
    """The item's own quarantine."""
    if not row.hold:
        return None
    return Found(ON_HOLD, f"{row.id} is on hold ({row.hold_reason})", row.last)


def of(world: World, authority: Authority, row: Row, ms: int) -> list[Found]:
    """All marks on an item as it stands in the world, worst first, none of the same kind twice.

    Its own, its containers', and for a container those of the packs inside.
    """
    around = list(world.chain(row)) if row.parent else []
    lots = [_lot_key(row)] if row.lot else list(world.content(row.id))
    found = list(on_lots(world, authority, lots, ms))
    found += [hold for link in (row, *around) if (hold := own_hold(link))]
    if not row.lot and any(count.held for count in world.content(row.id).values()):
        found.append(Found(ON_HOLD, f"{row.id} holds packs on hold", row.last))
    singles = on_packs(world, authority, lots) if authority.marks else []
    if singles or authority.suspects:
        for pack in [row] if row.lot else world.packs_inside(row.id):
            found += [f for mark in singles if (f := on_pack(world, mark, pack))]
            if hit := suspect(world, authority, pack):
                found.append(hit)
        if not row.lot and (hit := suspect(world, authority, row)):
            found.append(hit)
    if any(link.hold_reason == OBSERVATION for link in (row, *around)):
        found.append(Found(CUSTODY_GAP, f"{row.id}: a statement after the fact broke a rule", -1))
    if not found:
        return []
    order = list(BLOCKS)
    worst = {f.mark: f for f in reversed(found)}
    return sorted(
        worst.values(), key=lambda f: order.index(f.mark) if f.mark in order else len(order)
    )


def check_scope(world: World, scope: Scope) -> None:
    """Refuse a scope that names no commissioning of its product. Raises Refused."""
    if scope.statement is None:
        return
    ref = world.statement(scope.statement)
    if ref is None or ref.op not in ("commission", "repack") or ref.observed:
        raise Refused("unknown-item", f"{scope.statement} is no commissioning on the log")
    items = world.items(ref.index)
    if items is not None and not any(gtin_of(item) == scope.gtin for item in items):
        raise Refused(
            "unknown-item", f"{scope.statement} commissioned no packs of {scope.gtin}",
            {"index": ref.index},
        )  # fmt: skip


def _lot_key(row: Row) -> LotKey:
    return gtin_of(row.id), row.lot


def of_site(authority: Authority, gln: str, ms: int) -> list[str]:
    """The marks on a site and its party: suspended, licence-expired."""
    site = authority.site(gln)
    if site is None:
        return []
    party = authority.party(site.party)
    found = []
    if site.suspended >= 0 or (party is not None and party.suspended >= 0):
        found.append(SUSPENDED)
    if is_expired(date.fromisoformat(site.licence.expires), ms):
        found.append(LICENCE_EXPIRED)
    return found
