"""What the page of a trace is put together from: the same flows as graph, map, timeline and table.

Every element carries the keys of what it is part of: `w3` for a way, `p2` for a place, `d2026-10-09`
for a day, `f7` for a flow. What is selected in one of the four is looked up by these in the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from flask_babel import gettext as _

from app import trace_graph, trace_map
from app.goods import product_name, site_name
from app.node import node
from app.present import op_words
from app.trace_graph import Graph, Node
from app.trace_map import Map, Point
from app.traces import DAY_MS, Trace
from ledger.rules.authority import Authority
from ledger.rules.trace import LEFT, MADE, MADE_OF, RETURNED, SENT, Flow, Place, Way

MOST: Final = 300  # flows of one page; the files have them all


@dataclass(slots=True)
class Row:
    """A flow as a line of the table."""

    number: int
    flow: Flow
    start: str
    end: str
    product: str
    keys: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Day:
    """What happened on a day (UTC): how many statements, and how many packs they moved."""

    ms: int
    statements: set[int] = field(default_factory=set)
    packs: int = 0
    keys: dict[str, None] = field(default_factory=dict)

    @property
    def day(self) -> str:
        """Its date."""
        return datetime.fromtimestamp(self.ms / 1000, UTC).date().isoformat()


@dataclass(slots=True)
class Sum:
    """A way in words."""

    number: int
    way: Way
    start: str
    end: str
    keys: list[str]


@dataclass(slots=True)
class View:
    """The four of them."""

    trace: Trace
    graph: Graph
    map: Map
    days: list[Day]
    rows: list[Row]
    sums: list[Sum]
    nodes: dict[int, list[str]]  # keys of a node
    links: dict[int, list[str]]
    more: int  # flows that are in the files alone
    names: Names
    places: dict[str, str]  # site -> its key
    way_keys: list[list[str]]

    @property
    def products(self) -> int:
        """How many products are in it."""
        return len({row.product for row in self.rows})

    @property
    def busiest(self) -> int:
        """The packs of the busiest day."""
        return max((day.packs for day in self.days), default=0) or 1

    @property
    def tally(self) -> list[tuple[str, int]]:
        """What its flows come to, in packs."""
        found = self.trace.flows
        sent = [flow for flow in found if flow.kind == SENT]
        return [
            (_("Packs brought onto the record"), sum(f.packs for f in found if f.kind == MADE)),
            (_("Packs sent, hand-off by hand-off"), sum(f.packs for f in sent)),
            (_("Packs that arrived"), sum(f.arrived for f in sent)),
            (_("Packs under way"), sum(f.open for f in sent)),
            (_("Packs that left the chain"), sum(w.packs for w in self.trace.ways if w.end.kind == "out")),
        ]  # fmt: skip

    def keys_of(self, ways: Sequence[int]) -> list[str]:
        """The keys of some ways."""
        return list(dict.fromkeys(key for way in ways for key in self.way_keys[way]))

    def place_keys(self, point: Point) -> list[str]:
        """The keys of a site on the map: its own first."""
        ways = [key for key in self.keys_of(point.ways) if not key.startswith("p")]
        return [self.places[point.site], *ways]

    def file(self, form: str) -> str:
        """Where the same trace is as a file."""
        return f"/api{self.trace.subject.path}?{urlencode({**self.trace.wanted.query, 'as': form})}"


def view(trace: Trace) -> View:
    """A trace as its page shows it."""
    authority = node().reader.authority()
    ways = trace.ways
    names = Names(authority, trace)
    graph = trace_graph.layout(ways, names.place, lambda n: _("%(n)s others", n=n))
    sites = trace.sites
    drawn = trace_map.draw(
        authority, node().desk.places.all(), ways, sites, lambda gln: names.site(gln)
    )
    place_keys = {site: f"p{number}" for number, site in enumerate(sites)}
    way_keys, days = _keys(ways, place_keys)
    for flow in trace.flows:
        day = days.setdefault(flow.ms // DAY_MS, Day(flow.ms))
        day.statements.add(flow.index)
        day.packs += flow.packs
    rows = [
        _row(authority, names, number, flow, place_keys)
        for number, flow in enumerate(trace.flows[:MOST])
    ]
    by_flow = {id(row.flow): row for row in rows}
    for number, way in enumerate(ways):
        for flow in way.flows:
            if row := by_flow.get(id(flow)):
                row.keys.append(f"w{number}")
                way_keys[number][row.keys[0]] = None
    for row in rows:
        days[row.flow.ms // DAY_MS].keys |= dict.fromkeys(row.keys)
    sums = [
        Sum(number, way, names.place(way.start), names.place(way.end), list(way_keys[number]))
        for number, way in enumerate(ways)
    ]
    nodes = {one.number: _node_keys(one, place_keys, ways, way_keys) for one in graph.nodes}
    all_keys = [list(keys) for keys in way_keys]
    links = {
        link.number: list(dict.fromkeys(key for way in link.ways for key in all_keys[way]))
        for link in graph.links
    }
    more = max(0, len(trace.flows) - MOST)
    return View(
        trace,
        graph,
        drawn,
        [days[at] for at in sorted(days)],
        rows,
        sums,
        nodes,
        links,
        more,
        names,
        place_keys,
        all_keys,
    )


def _keys(
    ways: Sequence[Way], place_keys: dict[str, str]
) -> tuple[list[dict[str, None]], dict[int, Day]]:
    """What each way is part of, itself first; and the days on which something went each way."""
    found: list[dict[str, None]] = []
    days: dict[int, Day] = {}
    for number, way in enumerate(ways):
        keys = {f"w{number}": None}
        for place in (way.start, way.end):
            if place.kind in ("site", "repack") and place.name in place_keys:
                keys[place_keys[place.name]] = None
        own = dict(keys)
        for at in {flow.ms // DAY_MS for flow in way.flows}:
            day = days.setdefault(at, Day(at * DAY_MS))
            day.keys |= {f"d{day.day}": None, **own}
            keys[f"d{day.day}"] = None
        found.append(keys)
    return found, days


def _row(
    authority: Authority, names: Names, number: int, flow: Flow, place_keys: dict[str, str]
) -> Row:
    start, end = names.ends(flow)
    keys = [f"f{number}", f"d{Day(flow.ms).day}"]
    keys += [place_keys[one] for one in (flow.start, flow.end) if one in place_keys]
    product = product_name(authority, flow.gtin) or flow.gtin
    return Row(number, flow, start, end, product, keys)


def _node_keys(
    one: Node, place_keys: dict[str, str], ways: Sequence[Way], way_keys: list[dict[str, None]]
) -> list[str]:
    """A place's own key first, then all that it is part of."""
    own = [place_keys[p.name] for p in one.places if p.name in place_keys]
    touching = [
        key
        for number, way in enumerate(ways)
        if way.start in one.places or way.end in one.places
        for key in way_keys[number]
        if not key.startswith("p")
    ]
    return list(dict.fromkeys([*own, *touching]))


class Names:
    """What places are called in a trace; short where nothing is lost by it."""

    def __init__(self, authority: Authority, trace: Trace) -> None:
        self._authority = authority
        self._lots: dict[int, list[str]] = {}
        for (_gtin, lot), stage in sorted(trace.stages.items()):
            self._lots.setdefault(stage, []).append(lot)
        parties = Counter(
            site.party for gln in trace.sites if (site := authority.site(gln)) is not None
        )
        self._alone = {party for party, n in parties.items() if n == 1}
        self._known: dict[str, str] = {}

    def site(self, gln: str) -> str:
        """A site: by its party where that has but one here, else by both."""
        if gln not in self._known:
            self._known[gln] = self._site(gln)
        return self._known[gln]

    def _site(self, gln: str) -> str:
        site = self._authority.site(gln)
        party = self._authority.party(site.party) if site else None
        if party is not None and party.gln in self._alone:
            return party.name
        if site is not None and party is not None and site.name.startswith(party.name):
            return site.name  # a chain's shops are called by it
        return site_name(self._authority, gln) or gln

    def place(self, place: Place) -> str:
        """A place of the graph; of a repacking's lots which, where there are several."""
        if place.kind == "out":
            words = op_words(place.name)
        elif place.kind == "made":
            words = op_words("commission")
        else:
            words = self.site(place.name)
        if place.kind == "repack":
            words = _("%(what)s: %(where)s", what=op_words("repack"), where=words)
        lots = self._lots.get(place.stage, [])
        if place.stage and lots and place.kind != "repack":
            some = lots[0] if len(lots) == 1 else _("%(n)s lots", n=len(lots))
            words = _("%(where)s (%(lots)s)", where=words, lots=some)
        return words

    def ends(self, flow: Flow) -> tuple[str, str]:
        """From where and to where a flow went, in words; "–" for nowhere."""
        if flow.kind == MADE:
            return "–", self.site(flow.end)
        if flow.kind == SENT:
            return self.site(flow.start), self.site(flow.end)
        if flow.kind in (LEFT, MADE_OF):
            return self.site(flow.start), op_words(flow.end)
        assert flow.kind == RETURNED
        return op_words(flow.start), self.site(flow.end)
