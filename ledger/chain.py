"""The path of one item through the statements that a site's bundle shows (statement.md 9).

Pure. A site sees its own part of the custody and not the hand-offs between others, so the whole
fold cannot be run; what is shown must still link up. Signatures, inclusion and rights are checked
before, in `proof`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from ledger.errors import BadProof
from ledger.rules.operations import OPERATIONS, RETURNS, SUPPLIES, UNDOABLE
from ledger.rules.state import ACTIVE, IN_TRANSIT, INACTIVE
from ledger.statement.events import Event
from ledger.statement.gs1 import is_pack


class Shown(NamedTuple):
    """An event as a bundle shows it: where it stands in the log, and the ids of it that are shown.

    `over` and `missing` are those shown of a receipt's lists.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    ms: int
    id: str
    event: Event
    ids: tuple[str, ...]
    over: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(slots=True)
class Path:
    """Where the statements shown so far have left an item.

    `links` are the item and the containers around it, innermost first; `gap` says that it moved
    between two of them by hand-offs that are not shown.
    """

    links: list[str]
    commissioned: Shown | None = None
    status: str = ""
    reason: str = ""
    where: str = ""
    gap: bool = False
    back: bool = False  # refused, on its way back to the sender
    ship: Shown | None = None
    newest: Shown | None = None

    def seen_from(self, site: str) -> str | None:
        """The state (statement.md 6) that this leads to for `site`; None when it lies elsewhere."""
        if self.commissioned is None:
            return "unknown"
        if self.status == IN_TRANSIT:
            assert self.ship is not None  # what is in transit was shipped
            ship = self.ship.event
            return "to_here" if site == (ship.read_point if self.back else ship.dest_site) else None
        if self.where != site:
            return None
        if self.status == ACTIVE:
            return "here"
        return "supplied_here" if self.reason in SUPPLIES else "inactive"


# States that the operator may claim of an item that the statements shown left elsewhere.
ELSEWHERE: Final = frozenset({"other", "in_transit", "supplied", "inactive"})


def follow(item: str, events: Iterable[Shown]) -> Path:
    """Follow an item through the events that concern it, by index; others are passed over.

    Raises BadProof when they do not link up.
    """
    path = Path([item])
    for shown in events:
        named = _named(path, shown)
        if named is not None and not _repeats(path, shown):
            _step(path, shown, named)
            if shown.event.op not in _REMARKS:
                path.newest = shown
    return path


def _repeats(path: Path, shown: Shown) -> bool:
    """The same act again, at the same site, on an item inactive by it: it changed nothing."""
    same_act = path.status == INACTIVE and path.reason == shown.event.op
    return same_act and path.where == shown.event.read_point


def _named(path: Path, shown: Shown) -> str | None:
    """The link that an event is about, or None when it is about something else."""
    event = shown.event
    for link in path.links:
        if link in shown.ids or link in shown.missing:
            return link
    if event.op == "unpack" and event.items is None and event.parent in path.links[1:]:
        return path.links[path.links.index(event.parent) - 1]
    return None


def _fail(shown: Shown, words: str) -> BadProof:
    return BadProof(f"statement {shown.index} ({shown.event.op}): {words}")


def _step(path: Path, shown: Shown, named: str) -> None:
    event = shown.event
    here = event.read_point
    if event.op in ("commission", "repack"):
        if path.commissioned is not None:
            raise _fail(shown, f"{named} is commissioned twice")
        path.commissioned, path.status, path.where = shown, ACTIVE, here
        return
    if path.commissioned is None:
        raise _fail(shown, "it comes before the commissioning")
    operation = OPERATIONS[event.op]
    if event.op in _ASIDE or (event.op in _ANYWHERE and here != path.where):
        return
    if here != path.where and path.status == ACTIVE and event.op in _MOVES:
        # Between the two the item changed hands by statements that this site may not see.
        path.gap, path.where = True, here
    if path.status not in operation.sources:
        raise _fail(shown, f"{named} is {path.status.replace('_', ' ')} before it")
    if here != path.where and event.shipment is None and event.op != "stolen":
        raise _fail(shown, f"{named} is not at site {here}")
    _LINKS.get(event.op, _take_out)(path, shown, named)
    if event.dest_site is not None:
        path.ship, path.back = shown, False
    elif event.shipment is not None:
        _hand_over(path, shown, named)
        return
    elif event.op == "undo":
        _undo(path, shown)
    elif event.op == "found" and path.reason != "lost":
        raise _fail(shown, f"{named} was not lost")
    elif operation.packs_only and not is_pack(named):
        raise _fail(shown, "only packs are supplied")
    if operation.becomes is not None:
        path.status = operation.becomes
    path.reason = event.op if path.status == INACTIVE else ""


# What tells of an item and is no act on it: an undo may follow, and nothing is newer by it.
_REMARKS: Final = frozenset({"enrol", "inspect"})
# What changes nothing of where an item is, and what does so only where the item is.
_ASIDE: Final = _REMARKS | {"transfer"}
_ANYWHERE: Final = frozenset({"quarantine", "release"})
_MOVES: Final = frozenset({"pack", "unpack", "ship"}) | RETURNS


def _take_out(path: Path, _: Shown, named: str) -> None:
    """What is named inside a container here comes out of it by itself, but never in transit."""
    if path.status != IN_TRANSIT:
        del path.links[path.links.index(named) + 1 :]


def _keep(path: Path, shown: Shown, named: str) -> None:
    if named in shown.missing:
        del path.links[path.links.index(named) + 1 :]
    if named != path.links[-1]:
        raise _fail(shown, f"{named} is inside {path.links[-1]}, which was not named")


def _pack(path: Path, shown: Shown, named: str) -> None:
    _keep(path, shown, named)
    if shown.event.parent is None or shown.event.parent in path.links:
        raise _fail(shown, "a container cannot hold itself")
    path.links.append(shown.event.parent)


def _unpack(path: Path, shown: Shown, named: str) -> None:
    place = path.links.index(named)
    if path.links[place + 1 : place + 2] != [shown.event.parent]:
        raise _fail(shown, f"{named} is not inside {shown.event.parent}")
    del path.links[place + 1 :]


_LINKS: Final = {
    "pack": _pack, "unpack": _unpack, "receive": _keep, "void": _keep, "refuse": _keep,
    "close_short": _keep,
}  # fmt: skip


def _hand_over(path: Path, shown: Shown, named: str) -> None:
    """What the sides of a shipment say of it: received, called back, refused, closed short."""
    ship, event = path.ship, shown.event
    if ship is None or event.shipment != ship.id:
        raise _fail(shown, "it names another shipment than the one shown")
    sender, receiver = ship.event.read_point, ship.event.dest_site
    if event.op == "void":
        if event.read_point != sender:
            raise _fail(shown, "only the sender voids a shipment")
        path.status, path.back = ACTIVE, False
    elif event.op == "receive":
        if event.read_point != (sender if path.back else receiver):
            raise _fail(shown, f"the shipment names site {receiver}")
        if named not in shown.missing:
            path.status, path.where, path.back = ACTIVE, event.read_point, False
    elif event.read_point != receiver:
        raise _fail(shown, f"the shipment names site {receiver}")
    elif event.op == "refuse":
        path.back = True


def _undo(path: Path, shown: Shown) -> None:
    undone = path.newest
    if undone is None or undone.id != shown.event.undoes or undone.event.op not in UNDOABLE:
        raise _fail(shown, "it does not undo the item's last act")
