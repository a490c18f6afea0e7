"""What a site did, statement by statement, and what of it can still be undone.

Reads the views. Who may see it is left to the caller; whether an undo is late, to the caller's clock.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import takewhile
from typing import Final, NamedTuple

from ledger.rules.operations import UNDOABLE
from ledger.rules.state import Ref
from ledger.statement.dsse import Envelope
from ledger.statement.events import parse_event
from ledger.statement.gs1 import is_pack
from ledger.store import content
from ledger.store.loading import ACT
from ledger.store.queries import Reader

LARGE: Final = 256  # items of a statement beyond which only their number is told


class SiteAct(NamedTuple):
    """A statement of a site: what it did to what, and by whose keys.

    `items` is empty where there are more than LARGE. `undoable` are those that nothing has
    happened to since, so that an undo may name them.
    """

    ref: Ref
    items: tuple[str, ...]
    n: int  # how many there are
    undoable: tuple[str, ...]
    keyids: tuple[str, ...]


def acts_of(
    reader: Reader, site: str, start: int, end: int, limit: int, before: int = 1 << 62
) -> list[SiteAct]:
    """A site's newest statements that landed from `start` until before `end` (ms), newest first.

    `before` is an index that all of them lie below.
    """
    sql = f"SELECT {ACT} FROM act WHERE site = ? AND ms < ? AND idx < ? ORDER BY idx DESC LIMIT ?"
    found = (Ref(*row) for row in reader.store.rows(sql, (site, end, before, limit)))
    return [_site_act(reader, ref) for ref in takewhile(lambda ref: ref.ms >= start, found)]


def act_at(reader: Reader, index: int) -> Ref | None:
    """The event at an index, or None where the entry is none."""
    row = reader.store.one(f"SELECT {ACT} FROM act WHERE idx = ?", (index,))
    return Ref(*row) if row else None


class Judged(NamedTuple):
    """The inspections of an item that a reader shows, and what it does not: older ones, erased ones."""

    indexes: list[int]
    left_out: int
    erased: bool


def judged(reader: Reader, item: str, reasons: Collection[str], most: int) -> Judged:
    """The newest inspections of an item that give one of some reasons, so many of each reason.

    Anybody may inspect anything as often as they like: no reason is to hide another, and what is
    about something else hides none.
    """
    sql = (
        "SELECT act.idx, envelope.data FROM mention JOIN act ON act.idx = mention.idx "
        "LEFT JOIN envelope ON envelope.idx = act.idx "
        "WHERE mention.item = ? AND act.op = 'inspect' ORDER BY mention.idx DESC"
    )
    found: dict[str, list[int]] = {}
    erased = False
    for index, data in reader.store.rows(sql, (item,)):
        if data is None:
            erased = True
            continue
        reason = parse_event(Envelope.parse(bytes(data)).payload).reason or ""
        if reason in reasons:
            found.setdefault(reason, []).append(index)
    shown = sorted(index for some in found.values() for index in some[:most])
    return Judged(shown, sum(map(len, found.values())) - len(shown), erased)


def enrolled_at(reader: Reader, item: str, most: int) -> list[int]:
    """Where a pack was made, and its newest enrolments; by index."""
    row = reader.world().row(item)
    sql = (
        "SELECT act.idx FROM mention JOIN act ON act.idx = mention.idx "
        "WHERE mention.item = ? AND act.op = 'enrol' ORDER BY mention.idx DESC LIMIT ?"
    )
    found = {index for (index,) in reader.store.rows(sql, (item, most))}
    return sorted(found | ({row.born} if row else set()))


def _site_act(reader: Reader, ref: Ref) -> SiteAct:
    n = content.count(reader.store, ref.id)
    ids = [item.id for item in content.items(reader.store, ref.id)] if n <= LARGE else []
    undoable: tuple[str, ...] = ()
    if ref.op in UNDOABLE:
        world = reader.world_of(ids)
        rows = [world.row(item) for item in ids if is_pack(item)]
        undoable = tuple(
            row.id for row in rows if row and (row.last, row.reason) == (ref.index, ref.op)
        )
    try:
        signatures = Envelope.parse(reader.logged(ref.index).envelope).signatures
    except LookupError:  # its content was erased after its retention
        signatures = ()
    return SiteAct(ref, tuple(ids), n, undoable, tuple(line.keyid for line in signatures))
