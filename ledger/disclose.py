"""Which statements a bundle discloses, and the putting together of one (statement.md 9).

Pure: what the log holds is asked of the functions in `Sources`. A site sees one step up: its own
part of the custody and what binds the pack to its container; an authority sees all; a stranger sees
the commissioning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ledger import chain
from ledger.bundle import Bundle, Entry
from ledger.chain import Shown
from ledger.rules.authority import Authority
from ledger.rules.draft import gtin_of
from ledger.statement.dsse import Envelope
from ledger.statement.events import Event
from ledger.statement.items import ItemPath
from ledger.statement.submission import Statement


class Logged(NamedTuple):
    """A statement with its place in the log."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    ms: int
    statement: Statement


class Step(NamedTuple):
    """An event about an item or a container that was around it then.

    `named` is the one of these that the event's items name, "" when it names none (a container
    unpacked whole).
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    named: str


@dataclass(frozen=True, slots=True)
class Sources:
    """What the log holds, as functions: a store's tables or a test's lists."""

    authority: Authority
    logged: Callable[[int], Logged]
    history: Callable[[str], Sequence[Step]]  # ascending
    item_path: Callable[[int, str], ItemPath]
    inclusion: Callable[[int], Sequence[bytes]]  # at the bundle's checkpoint


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The statements to show, and of each the items; `gap` as the status must say it."""

    indexes: tuple[int, ...]
    items: dict[int, tuple[str, ...]]
    newest: dict[str, int]  # item -> index of the newest act shown that changed something
    gap: bool


def disclose(sources: Sources, items: Iterable[str], site: str) -> Disclosure:
    """Choose what a bundle about `items` shows to `site` (GLN; "" is a stranger)."""
    authority = sources.authority
    shown: dict[int, dict[str, None]] = {}
    newest: dict[str, int] = {}
    gap = False
    record = authority.site(site) if site else None
    sees_all = record is not None and record.party == authority.gln
    for item in items:
        steps = sources.history(item)
        if not site:
            steps = [step for step in steps if _body(sources, step).op == "commission"][:1]
        elif sees_all:
            steps = _with_containers(sources, steps)
        else:
            steps = _part(sources, item, steps, site)
        if steps and not sees_all:
            path = chain.follow(item, (_shown(sources, step) for step in steps))
            gap = gap or path.gap
            newest[item] = path.newest.index if path.newest else steps[0].index
        for step in steps:
            named = shown.setdefault(step.index, {})
            if step.named:
                named[step.named] = None
    governance = _governance(sources, shown, site)
    indexes = tuple(sorted({0, *governance, *shown}))
    return Disclosure(
        indexes, {i: tuple(sorted(ids)) for i, ids in shown.items() if ids}, newest, gap
    )


def build(sources: Sources, chosen: Disclosure, checkpoint: bytes, status: Envelope) -> Bundle:
    """Put a bundle together from what was chosen, under a signed checkpoint and its status."""
    entries = []
    for index in chosen.indexes:
        logged = sources.logged(index)
        paths = tuple(sources.item_path(index, item) for item in chosen.items.get(index, ()))
        inclusion = tuple(sources.inclusion(index))
        entries.append(Entry(logged.statement.envelope, index, logged.ms, inclusion, paths))
    return Bundle(checkpoint, tuple(entries), status)


def _body(sources: Sources, step: Step) -> Event:
    body = sources.logged(step.index).statement.body
    assert isinstance(body, Event)  # a history holds events
    return body


def _shown(sources: Sources, step: Step) -> Shown:
    logged = sources.logged(step.index)
    ids = (step.named,) if step.named else ()
    return Shown(step.index, logged.ms, logged.statement.id, _body(sources, step), ids)


def _with_containers(sources: Sources, steps: Sequence[Step]) -> list[Step]:
    """An item's history together with that of every container it was ever in."""
    found = dict.fromkeys(steps)
    for step in steps:
        parent = _body(sources, step).parent
        if parent is not None:
            found.update(dict.fromkeys(sources.history(parent)))
    return sorted(found)


def _part(sources: Sources, item: str, steps: Sequence[Step], site: str) -> list[Step]:
    """The commissioning, what led into the last ship to this site, and what followed here."""
    if not steps:
        return []
    ship = None
    for step in steps:
        body = _body(sources, step)
        if body.op == "ship" and body.dest_site == site:
            ship = step
    if ship is None:
        here = [step for step in steps[1:] if _body(sources, step).read_point == site]
        return [steps[0], *here] if _body(sources, steps[0]).read_point == site else [steps[0]]
    before = [step for step in steps if step.index < ship.index]
    linking = _links(sources, item, before, ship.named)
    ship_id = sources.logged(ship.index).statement.id
    after = [step for step in steps if step.index > ship.index]
    own = [
        step
        for step in after
        if _body(sources, step).read_point == site or _body(sources, step).shipment == ship_id
    ]
    first = [step for step in steps[:1] if step.index < ship.index]
    return [*first, *linking, ship, *own]


def _links(sources: Sources, item: str, before: Sequence[Step], top: str) -> list[Step]:
    """The packings that stand between an item and the container that was shipped."""
    packed: dict[str, Step] = {}  # child -> its newest packing
    for step in before:
        if step.named and _body(sources, step).op == "pack":
            packed[step.named] = step
    links = []
    while item != top:
        step = packed[item]
        links.append(step)
        parent = _body(sources, step).parent
        assert parent is not None  # the form of a packing demands one
        item = parent
    return sorted(links)


def _governance(sources: Sources, shown: Mapping[int, Iterable[str]], site: str) -> set[int]:
    """All governance that gave the signers of what is shown, and of this governance, their right."""
    authority = sources.authority
    found: set[int] = set()
    todo: list[int] = list(shown)
    if site:
        todo_site = authority.site(site)
        if todo_site is not None:
            _want(found, todo, [todo_site.index])
            party = authority.party(todo_site.party)
            _want(found, todo, [party.index] if party else [])
    while todo:
        logged = sources.logged(todo.pop())
        body, index = logged.statement.body, logged.index
        wanted = [authority.policy_index(index) if index else 0]
        keys = [authority.keys.get(s.keyid) for s in logged.statement.envelope.signatures]
        wanted += [key.index for key in keys if key is not None and key.index < index]
        party = authority.party(body.by, index)
        wanted += [party.index] if party else []
        if isinstance(body, Event):
            wanted += _event_needs(authority, body, index, shown[index])
        _want(found, todo, wanted)
    return found


def _event_needs(authority: Authority, event: Event, index: int, named: Iterable[str]) -> list[int]:
    sites = [authority.site(gln, index) for gln in (event.read_point, event.dest_site) if gln]
    parties = [authority.party(s.party, index) for s in sites if s is not None]
    if event.dest_party:
        parties.append(authority.party(event.dest_party, index))
    products = []
    if event.op == "commission":
        products = [authority.product(gtin_of(item), index) for item in named]
    return [record.index for record in (*sites, *parties, *products) if record is not None]


def _want(found: set[int], todo: list[int], wanted: Iterable[int]) -> None:
    for index in wanted:
        if index not in found:
            found.add(index)
            todo.append(index)
