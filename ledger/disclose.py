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
from ledger.statement.dsse import Envelope
from ledger.statement.events import Event
from ledger.statement.gs1 import gtin_of
from ledger.statement.items import ItemPath
from ledger.statement.submission import LISTS, Statement


class Logged(NamedTuple):
    """A statement with its place in the log."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    ms: int
    statement: Statement


class Step(NamedTuple):
    """An event about an item or a container that was around it then.

    `named` is the one of these that the event names, "" when it names none (a container unpacked
    whole). `observed` says that it broke a rule after the fact and is no custody.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    named: str
    observed: bool = False


@dataclass(frozen=True, slots=True)
class Sources:
    """What the log holds, as functions: a store's tables or a test's lists."""

    authority: Authority
    logged: Callable[[int], Logged]
    history: Callable[[str], Sequence[Step]]  # ascending
    item_path: Callable[[int, str], ItemPath]
    list_of: Callable[[int, str], str]  # which list of a statement names an item
    index_of: Callable[[str], int]  # of a statement id
    inclusion: Callable[[int], Sequence[bytes]]  # at the bundle's checkpoint


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The statements to show, and of each the items; `gap` as the status must say it."""

    indexes: tuple[int, ...]
    items: dict[int, tuple[str, ...]]
    gap: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """The events about an item that a site may see.

    `newest` is the index of the newest that changed something, -1 for who is shown all. `gap` says
    that the item changed hands in between, unseen.
    """

    steps: Sequence[Step]
    newest: int = -1
    gap: bool = False


def see(sources: Sources, item: str, site: str) -> Seen:
    """Choose the events about `item` that `site` (GLN; "" is a stranger) may see."""
    steps = sources.history(item)
    if site and _sees_all(sources.authority, site):
        return Seen(_with_containers(sources, steps))
    custody = [step for step in steps if not step.observed]
    steps = _part(sources, item, custody, site) if site else custody[:1]
    if not steps:
        return Seen(())
    path = chain.follow(item, (_shown(sources, step) for step in steps))
    return Seen(steps, path.newest.index if path.newest else steps[0].index, path.gap)


def _sees_all(authority: Authority, site: str) -> bool:
    record = authority.site(site)
    return record is not None and record.party == authority.gln


def disclose(sources: Sources, items: Iterable[str], site: str) -> Disclosure:
    """Choose what a bundle about `items` shows to `site` (GLN; "" is a stranger)."""
    shown: dict[int, dict[str, None]] = {}
    gap = False
    for item in items:
        seen = see(sources, item, site)
        gap = gap or seen.gap
        for step in seen.steps:
            named = shown.setdefault(step.index, {})
            if step.named:
                named[step.named] = None
    governance = _governance(sources, shown, site)
    if site and _sees_all(sources.authority, site):
        governance |= _marks(sources, shown)
    indexes = tuple(sorted({0, *governance, *shown}))
    return Disclosure(indexes, {i: tuple(sorted(ids)) for i, ids in shown.items() if ids}, gap)


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
    logged, body = sources.logged(step.index), _body(sources, step)
    lists: dict[str, tuple[str, ...]] = dict.fromkeys(LISTS, ())
    if step.named:
        lists[_list_of(sources, step)] = (step.named,)
    return Shown(step.index, logged.ms, logged.statement.id, body, *lists.values())


def _list_of(sources: Sources, step: Step) -> str:
    """Which list names what a step names; most statements have but one."""
    body = _body(sources, step)
    only = body.over is None and body.missing is None
    return "items" if only else sources.list_of(step.index, step.named)


def _with_containers(sources: Sources, steps: Sequence[Step]) -> list[Step]:
    """An item's history together with that of every container it was ever in, and what went in."""
    found: dict[Step, None] = {}
    containers: dict[str, None] = {}
    todo = list(steps)
    while todo:
        step = todo.pop()
        if step in found:
            continue
        found[step] = None
        body = _body(sources, step)
        if body.parent is not None and body.parent not in containers:
            containers[body.parent] = None
            todo += sources.history(body.parent)
        for statement_id in (*(body.inputs or ()), *([body.shipment] if body.shipment else [])):
            found.setdefault(Step(sources.index_of(statement_id), ""))
    return sorted(found)


def _part(sources: Sources, item: str, steps: Sequence[Step], site: str) -> list[Step]:
    """The commissioning, what led into the last shipment to this site, and what followed here.

    What followed here: this site's own acts, what the other side said of a shipment to or from
    here, and that the item was lost, stolen or destroyed before it arrived, or reported stolen. And
    wherever it was: the newest enrolment of its label, without which no print can be held against it.
    """
    if not steps:
        return []
    arrived = None
    for step in steps:
        if _body(sources, step).dest_site == site:
            arrived = step
    if arrived is None and _body(sources, steps[0]).read_point != site:
        return [steps[0]]
    head, after = [steps[0]], steps[1:]
    came, sender = "", ""  # the shipment that brought it here, and where that left
    if arrived is not None:
        before = [step for step in steps if step.index < arrived.index]
        head = [*before[:1], *_links(sources, item, before, arrived.named), arrived]
        after = [step for step in steps if step.index > arrived.index]
        came, sender = (
            sources.logged(arrived.index).statement.id,
            _body(sources, arrived).read_point,
        )
    sent: set[str] = set()
    coming, here = arrived is not None, arrived is None
    own = []
    for step in after:
        body = _body(sources, step)
        if body.read_point == site:
            if body.dest_site is not None:
                sent.add(sources.logged(step.index).statement.id)
                here = False
            elif body.op in ("receive", "void"):
                here = _list_of(sources, step) != "missing"
                coming = coming and not here
            own.append(step)
        elif body.shipment is not None:
            back = body.op == "refuse" or _list_of(sources, step) == "missing"
            if body.shipment == came or (body.shipment in sent and back):
                own.append(step)
        elif (body.op == "stolen" and (here or coming)) or (
            coming and body.read_point == sender and body.op in ("lost", "destroyed", "found")
        ):
            own.append(step)
    enrolled = [s for s in steps if s.named == item and _body(sources, s).op == "enrol"]
    return sorted({*head, *own, *enrolled[-1:]})


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


def _marks(sources: Sources, shown: Mapping[int, Iterable[str]]) -> set[int]:
    """Every hold, recall and suspicion that the fold over what is shown may have met."""
    authority = sources.authority
    found: set[int] = set()
    gtins = {gtin_of(item) for named in shown.values() for item in named} - {""}
    for gtin in gtins:
        for mark in authority.marks_ever_on(gtin):
            found |= {mark.index, mark.ended} - {-1}
    for index in shown:
        for signature in sources.logged(index).statement.envelope.signatures:
            if suspicion := authority.suspects.get(signature.keyid):
                found.add(suspicion.revoked)
    return found | _governance(sources, dict.fromkeys(found, ()), "")


def _event_needs(authority: Authority, event: Event, index: int, named: Iterable[str]) -> list[int]:
    sites = [authority.site(gln, index) for gln in (event.read_point, event.dest_site) if gln]
    parties = [authority.party(s.party, index) for s in sites if s is not None]
    if event.dest_party:
        parties.append(authority.party(event.dest_party, index))
    products = []
    if event.op in ("commission", "repack", "enrol"):
        products = [authority.product(gtin_of(item), index) for item in named]
    return [record.index for record in (*sites, *parties, *products) if record is not None]


def _want(found: set[int], todo: list[int], wanted: Iterable[int]) -> None:
    for index in wanted:
        if index not in found:
            found.add(index)
            todo.append(index)
