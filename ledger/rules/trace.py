"""What a trace tells: which packs went from where to where, when, by which statements; and the ways in sum.

Pure. It starts from the `Moved` of some statements, whatever chose them: a lot, some packs, a site.
Which of it somebody may see is left to the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from ledger.rules.moves import BACK, GONE, LEAVES, MAKES, NAMED, SENDS, Moved
from ledger.rules.state import ACTIVE, IN_TRANSIT, INACTIVE, LotKey, Shipment

MADE: Final = "made"  # brought onto the record at `end`
SENT: Final = "sent"  # from `start` to `end`
LEFT: Final = "left"  # out of the chain at `start`; `end` is the operation
RETURNED: Final = "returned"  # into the chain again at `end`; `start` is what was undone, or lost
MADE_OF: Final = "made of"  # taken up by a repacking at `start`


class Act(msgspec.Struct, frozen=True, gc=False):
    """What one statement moved of one lot, and the statement's own facts."""

    moved: Moved
    id: str
    ms: int
    op: str
    by: str


class Told(msgspec.Struct, frozen=True, gc=False):
    """What a later statement said of a shipment."""

    index: int
    id: str
    ms: int
    op: str
    by: str
    site: str
    packs: int
    scanned: int


class Flow(msgspec.Struct, gc=False):
    """Packs of one lot that one statement took from `start` to `end`.

    A site is its GLN; what is out of the chain is its operation; "" is nowhere yet. Of what was sent,
    `arrived` packs were received, `back` ones are at the sender again, `gone` ones were lost, stolen
    or destroyed under way; the others are under way, of which `short` and `refused` say what the
    receiver last said. `told` are the statements that say so.
    """

    kind: str
    index: int
    id: str
    ms: int
    op: str
    by: str
    gtin: str
    lot: str
    start: str
    end: str
    scanned: int
    inferred: int
    number: str = ""
    arrived: int = 0
    arrived_scanned: int = 0
    back: int = 0
    gone: dict[str, int] = {}  # operation -> packs; msgspec gives each its own
    short: int = 0
    refused: int = 0
    told: list[Told] = []

    @property
    def packs(self) -> int:
        """How many packs."""
        return self.scanned + self.inferred

    @property
    def key(self) -> LotKey:
        """Of which lot."""
        return self.gtin, self.lot

    @property
    def open(self) -> int:
        """How many of what was sent are under way."""
        if self.kind != SENT:
            return 0
        return self.packs - self.arrived - self.back - sum(self.gone.values())

    @property
    def until_ms(self) -> int:
        """When the last was heard of it."""
        return max([self.ms, *(one.ms for one in self.told)])


def flows(acts: Iterable[Act], shipments: Mapping[int, Shipment]) -> list[Flow]:
    """The flows that some statements make, by index.

    `shipments` holds at least those that were sent by one of them; what is said of a shipment whose
    sending is not among them is left out.
    """
    found: list[Flow] = []
    sent: dict[tuple[int, LotKey], Flow] = {}
    undone: dict[int, str] = {}  # operation of what took packs out of the chain
    for act in sorted(acts, key=lambda one: (one.moved.index, one.moved.side, one.moved.lot)):
        moved, op = act.moved, act.op
        if op in SENDS:
            shipment = shipments[moved.index]
            flow = _flow(SENT, act, moved.site, shipment.to_site)
            flow.number = shipment.number
            sent[moved.index, flow.key] = flow
        elif moved.about >= 0 and op not in BACK:
            about = sent.get((moved.about, (moved.gtin, moved.lot)))
            if about is not None:
                _tell(about, act)
            continue
        elif moved.side != NAMED:
            flow = _flow(MADE_OF, act, moved.site, op)
        elif op in MAKES:
            flow = _flow(MADE, act, "", moved.site)
        elif op in LEAVES:
            flow = _flow(LEFT, act, moved.site, op)
            undone[moved.index] = op
        else:
            flow = _flow(RETURNED, act, undone.get(moved.about, "lost"), moved.site)
        found.append(flow)
    return found


def _flow(kind: str, act: Act, start: str, end: str) -> Flow:
    m = act.moved
    return Flow(
        kind, m.index, act.id, act.ms, act.op, act.by, m.gtin, m.lot, start, end, m.scanned, m.inferred
    )  # fmt: skip


def _tell(flow: Flow, act: Act) -> None:
    moved, packs = act.moved, act.moved.scanned + act.moved.inferred
    if act.op == "receive" and moved.site == flow.end:
        flow.arrived += packs
        flow.arrived_scanned += moved.scanned
    elif act.op in ("receive", "void"):
        flow.back += packs
    elif act.op in GONE:
        flow.gone[act.op] = flow.gone.get(act.op, 0) + packs
    elif act.op == "close_short":
        flow.short += packs
    elif act.op == "refuse":
        flow.refused += packs
    flow.told.append(
        Told(moved.index, act.id, act.ms, act.op, act.by, moved.site, packs, moved.scanned)
    )


class Step(NamedTuple):
    """An event in the life of a pack, as its tables tell it: see `histories`.

    `shipment` is the one that it is about, -1 for none. `scanned`: it names the pack itself. `lacked`:
    what it names was taken out by it.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    op: str
    site: str
    shipment: int
    scanned: bool
    lacked: bool


def life(site: str, steps: Sequence[Step]) -> list[tuple[int, str, int, bool]]:
    """Which steps move a pack that was made at a site: index, site, about as `Moved`, whether scanned.

    The same as `moves` finds when it folds them, for packs that are few enough to look at; what is
    only observed is none of the steps.
    """
    status, shipment, left = ACTIVE, -1, -1
    found = []
    for step in steps:
        about = -1
        if step.op in SENDS:
            status, shipment = IN_TRANSIT, step.index
        elif step.shipment >= 0:
            if status != IN_TRANSIT or step.shipment != shipment or step.lacked:
                continue  # found too much, or lacking: not received
            about = shipment
            if step.op == "receive":
                site = step.site
            if step.op in ("receive", "void"):
                status = ACTIVE
        elif step.op in LEAVES:
            if status == INACTIVE:
                continue  # done already
            if step.op in GONE and status == IN_TRANSIT:
                about = shipment
            status, left = INACTIVE, step.index
        elif step.op in BACK:
            about = left if step.op == "undo" else -1
            status = ACTIVE
        else:
            continue
        found.append((step.index, site, about, step.scanned))
    return found


# The ways in sum, as graph and map draw them


class Place(NamedTuple):
    """Where packs are or went: a site, an operation that took them out of the chain, or where they
    were made. `stage` tells the lots of a repacking from what went in: 0, or so many repackings
    later (above 0) or earlier."""

    kind: str  # "site", "out", "made" or "repack"
    name: str
    stage: int


@dataclass(slots=True)
class Way:
    """All flows between two places, in sum; `open` of the packs are still under way."""

    start: Place
    end: Place
    packs: int = 0
    open: int = 0
    flows: list[Flow] = field(default_factory=list)
    backward: bool = False  # goods that were sent back


def ways(found: Iterable[Flow], stage: Callable[[LotKey], int]) -> list[Way]:
    """The flows in sum, by their first statement. What was undone or found again is taken off."""
    by: dict[tuple[Place, Place], Way] = {}

    def add(start: Place, end: Place, packs: int, flow: Flow, still: int = 0) -> None:
        if packs:
            way = by.setdefault((start, end), Way(start, end))
            way.packs += packs
            way.open += still
            way.backward = flow.op in SENDS and flow.op != "ship"
            if not way.flows or way.flows[-1] is not flow:
                way.flows.append(flow)

    def take_off(site: Place, op: str, flow: Flow) -> None:
        way = by.get((site, Place("out", op, site.stage)))
        if way is not None:
            way.packs = max(0, way.packs - flow.packs)
            way.flows.append(flow)

    for flow in found:
        at = stage(flow.key)
        if flow.kind == MADE:
            repacked = flow.op == "repack"
            start = Place("repack", flow.end, at) if repacked else Place("made", "", at)
            add(start, Place("site", flow.end, at), flow.packs, flow)
        elif flow.kind == SENT:
            start = Place("site", flow.start, at)
            going = flow.arrived + flow.open
            add(start, Place("site", flow.end, at), going, flow, flow.open)
            for op, packs in flow.gone.items():
                add(start, Place("out", op, at), packs, flow)
        elif flow.kind == LEFT:
            add(Place("site", flow.start, at), Place("out", flow.op, at), flow.packs, flow)
        elif flow.kind == MADE_OF:
            take_off(Place("site", flow.start, at), "check_out", flow)
            add(
                Place("site", flow.start, at), Place("repack", flow.start, at + 1), flow.packs, flow
            )
        elif flow.kind == RETURNED:
            take_off(Place("site", flow.end, at), flow.start, flow)
    return [way for way in by.values() if way.packs]


def held(found: Iterable[Flow]) -> dict[tuple[str, LotKey], int]:
    """How many packs of which lot lie at each site after some flows, which are all there were."""
    counts: dict[tuple[str, LotKey], int] = {}

    def add(site: str, flow: Flow, packs: int) -> None:
        key = site, flow.key
        counts[key] = counts.get(key, 0) + packs

    for flow in found:
        if flow.kind in (MADE, RETURNED):
            add(flow.end, flow, flow.packs)
        elif flow.kind == SENT:
            add(flow.start, flow, flow.back - flow.packs)
            add(flow.end, flow, flow.arrived)
        elif flow.kind == LEFT:
            add(flow.start, flow, -flow.packs)
    return {key: n for key, n in counts.items() if n}
