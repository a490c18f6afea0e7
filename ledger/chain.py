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
from ledger.rules.draft import is_pack
from ledger.rules.operations import OPERATIONS, UNDOABLE
from ledger.rules.world import ACTIVE, IN_TRANSIT, INACTIVE
from ledger.statement.events import Event


class Shown(NamedTuple):
    """An event as a bundle shows it: where it stands in the log, and the ids of it that are shown."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    ms: int
    id: str
    event: Event
    ids: tuple[str, ...]


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
    ship: Shown | None = None
    newest: Shown | None = None

    def seen_from(self, site: str) -> str | None:
        """The state (statement.md 6) that this leads to for `site`; None when it lies elsewhere."""
        if self.commissioned is None:
            return "unknown"
        if self.status == IN_TRANSIT:
            to_here = self.ship is not None and self.ship.event.dest_site == site
            return "to_here" if to_here else None
        if self.where != site:
            return None
        if self.status == ACTIVE:
            return "here"
        return "supplied_here" if self.reason == "supply" else "inactive"


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
        if link in shown.ids:
            return link
    if event.op == "unpack" and event.items is None and event.parent in path.links[1:]:
        return path.links[path.links.index(event.parent) - 1]
    return None


def _fail(shown: Shown, words: str) -> BadProof:
    return BadProof(f"statement {shown.index} ({shown.event.op}): {words}")


def _step(path: Path, shown: Shown, named: str) -> None:
    event = shown.event
    here = event.read_point
    if event.op == "commission":
        if path.commissioned is not None:
            raise _fail(shown, f"{named} is commissioned twice")
        path.commissioned, path.status, path.where = shown, ACTIVE, here
        return
    if path.commissioned is None:
        raise _fail(shown, "it comes before the commissioning")
    operation = OPERATIONS.get(event.op)
    if operation is None:
        raise _fail(shown, "this operation is not known here")
    if here != path.where and path.status == ACTIVE and event.op in ("pack", "ship", "unpack"):
        # Between the two the item changed hands by statements that this site may not see.
        path.gap, path.where = True, here
    if path.status not in operation.sources:
        raise _fail(shown, f"{named} is {path.status.replace('_', ' ')} before it")
    if here != path.where and event.op not in ("receive", "void"):
        raise _fail(shown, f"{named} is not at site {here}")
    _LINKS.get(event.op, _take_out)(path, shown, named)
    if event.op == "ship":
        path.ship = shown
    elif event.op in ("receive", "void"):
        _end_shipment(path, shown)
    elif event.op == "undo":
        _undo(path, shown)
    elif event.op == "supply":
        if not is_pack(named):
            raise _fail(shown, "only packs are supplied")
        path.reason = event.op
    if operation.becomes is not None:
        path.status = operation.becomes
    if path.status != INACTIVE:
        path.reason = ""


def _take_out(path: Path, _: Shown, named: str) -> None:
    """What is named inside a container here comes out of it by itself."""
    del path.links[path.links.index(named) + 1 :]


def _keep(path: Path, shown: Shown, named: str) -> None:
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


_LINKS: Final = {"pack": _pack, "unpack": _unpack, "receive": _keep, "void": _keep}


def _end_shipment(path: Path, shown: Shown) -> None:
    ship, event = path.ship, shown.event
    if ship is None or event.shipment != ship.id:
        raise _fail(shown, "it names another shipment than the one shown")
    if event.op == "receive":
        if event.read_point != ship.event.dest_site:
            raise _fail(shown, f"the shipment names site {ship.event.dest_site}")
        path.where = event.read_point
    elif event.read_point != ship.event.read_point:
        raise _fail(shown, "only the sender voids a shipment")


def _undo(path: Path, shown: Shown) -> None:
    undone = path.newest
    if undone is None or undone.id != shown.event.undoes or undone.event.op not in UNDOABLE:
        raise _fail(shown, "it does not undo the item's last act")
