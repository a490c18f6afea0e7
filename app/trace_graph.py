"""Where the places and ways of a trace lie on paper: a graph in columns, in the order of the flow.

Pure numbers; what draws them is a page's SVG or a report. Of many places in one column the smallest
are folded into one.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from ledger.rules.trace import Place, Way

WIDE: Final = 1020.0  # of a screen, into which the columns go where that leaves room for names
COLUMN: Final = 190.0  # from one column to the next, at most
NARROW: Final = 120.0  # and at least
LETTER: Final = 7.0  # of a name, how wide; a Chinese one takes two
BAR: Final = 16.0
TOP: Final = 34.0
GAP: Final = 30.0  # between two places: the name stands in it
TALL: Final = 260.0  # of the column that holds most packs
MOST: Final = 9  # places of a column
_STEPS: Final = 24  # of a curve on paper


@dataclass(slots=True)
class Node:
    """A place: `x`, `y` of its bar's corner and its height; `packs` that came in or went out.

    `short` is its name, cut to its column.
    """

    number: int
    places: list[Place]
    words: str
    column: int
    short: str = ""
    packs: int = 0
    x: float = 0.0
    y: float = 0.0
    height: float = 0.0
    comes: float = 0.0  # how much of its height is taken by ways in, and out
    goes: float = 0.0

    @property
    def kind(self) -> str:
        """What sort of place."""
        return self.places[0].kind


@dataclass(slots=True)
class Link:
    """Ways between two places: four points of a curve, and how wide it is."""

    number: int
    start: Node
    end: Node
    packs: int
    open: int
    backward: bool
    ways: list[int]
    points: list[tuple[float, float]] = field(default_factory=list)
    width: float = 0.0

    @property
    def path(self) -> str:
        """The curve as SVG has it."""
        a, b, c, d = (f"{x:.1f} {y:.1f}" for x, y in self.points)
        return f"M{a}C{b} {c} {d}"

    @property
    def band(self) -> list[tuple[float, float]]:
        """The edge of what the curve covers, for paper that knows no wide curves."""
        near, far = [], []
        a, b, c, d = self.points
        for step in range(_STEPS + 1):
            t = step / _STEPS
            u = 1 - t
            x, y = (
                u**3 * a[i] + 3 * u * u * t * b[i] + 3 * u * t * t * c[i] + t**3 * d[i]
                for i in (0, 1)
            )
            dx, dy = (
                u * u * (b[i] - a[i]) + 2 * u * t * (c[i] - b[i]) + t * t * (d[i] - c[i])
                for i in (0, 1)
            )
            long = math.hypot(dx, dy) or 1.0
            half = self.width / 2
            near.append((x - dy / long * half, y + dx / long * half))
            far.append((x + dy / long * half, y - dx / long * half))
        return near + far[::-1]


@dataclass(slots=True)
class Graph:
    """The graph and the paper it takes."""

    nodes: list[Node]
    links: list[Link]
    width: float
    height: float
    columns: int


def layout(
    ways: Sequence[Way], words: Callable[[Place], str], others: Callable[[int], str]
) -> Graph:
    """Lay out some ways. `words` names a place, `others` so many that are folded into one."""
    columns = _columns(ways)
    nodes = _nodes(ways, columns, words, others)
    at = {place: node for node in nodes for place in node.places}
    links: dict[tuple[int, int], Link] = {}
    for number, way in enumerate(ways):
        start, end = at[way.start], at[way.end]
        link = links.setdefault(
            (start.number, end.number), Link(len(links), start, end, 0, 0, False, [])
        )
        link.packs += way.packs
        link.open += way.open
        link.backward = link.backward or end.column <= start.column
        link.ways.append(number)
    found = list(links.values())
    wide = max((n.column for n in nodes), default=0) + 1
    column = min(COLUMN, max(NARROW, WIDE / wide))
    scale = _place(nodes, found, column)
    for link in sorted(found, key=lambda one: (one.start.column, one.end.column, one.end.y)):
        _draw(link, scale)
    low = max((n.y + n.height for n in nodes), default=0.0)
    depth = 46.0 if any(link.backward for link in found) else 0.0
    return Graph(nodes, found, column * wide, low + depth + 16, wide)


def cut(words: str, room: float) -> str:
    """A name as far as it has room."""
    letters = int(room / LETTER)
    sizes = [2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in words]
    if sum(sizes) <= letters:
        return words
    kept = 0
    while kept < len(words) and sum(sizes[: kept + 1]) < letters:  # one is left for the dots
        kept += 1
    return f"{words[:kept].rstrip()}…"


def _columns(ways: Sequence[Way]) -> dict[Place, int]:
    """Each place behind what leads to it; a way that would close a circle goes back."""
    column: dict[Place, int] = {}
    ahead: dict[Place, set[Place]] = {}

    def reaches(start: Place, end: Place) -> bool:
        todo, seen = [start], {start}
        while todo:
            place = todo.pop()
            if place == end:
                return True
            new = ahead.get(place, set()) - seen
            seen |= new
            todo += new
        return False

    for way in sorted(ways, key=lambda one: one.backward):  # goods that go back lead nowhere new
        column.setdefault(way.start, 0)
        column.setdefault(way.end, 0)
        if not reaches(way.end, way.start):
            ahead.setdefault(way.start, set()).add(way.end)
    for _turn in column:
        moved = False
        for start, ends in ahead.items():
            for end in ends:
                if column[end] <= column[start]:
                    column[end] = column[start] + 1
                    moved = True
        if not moved:
            break
    last = max(column.values(), default=0)
    return {place: last if place.kind == "out" else at for place, at in column.items()}


def _nodes(
    ways: Sequence[Way], columns: dict[Place, int], words: Callable[[Place], str],
    others: Callable[[int], str],
) -> list[Node]:  # fmt: skip
    size: dict[Place, list[int]] = {place: [0, 0] for place in columns}
    for way in ways:
        size[way.start][0] += way.packs
        size[way.end][1] += way.packs - way.open
    nodes: list[Node] = []
    for column in range(max(columns.values(), default=-1) + 1):
        here = sorted(
            (place for place, at in columns.items() if at == column),
            key=lambda place: (-max(size[place]), place),
        )
        sites = [place for place in here if place.kind == "site"]
        spare = set(sites[MOST - 1 :]) if len(here) > MOST and len(sites) > MOST else set()
        groups = [[place] for place in here if place not in spare]
        if spare:
            groups.append(sorted(spare))
        for group in groups:
            name = words(group[0]) if len(group) == 1 else others(len(group))
            packs = max(sum(size[p][0] for p in group), sum(size[p][1] for p in group))
            nodes.append(Node(len(nodes), group, name, column, packs=packs))
    return nodes


def _place(nodes: list[Node], links: list[Link], wide: float) -> float:
    """Give each node its place, in columns so wide; answers how high one pack is."""
    by_column: dict[int, list[Node]] = {}
    for node in nodes:
        by_column.setdefault(node.column, []).append(node)
    most = max((sum(n.packs for n in column) for column in by_column.values()), default=1)
    scale = TALL / max(1, most)
    middle: dict[int, float] = {}
    for number in sorted(by_column):
        column = by_column[number]

        def pull(node: Node) -> tuple[float, int]:
            into = [link for link in links if link.end is node and link.start.number in middle]
            packs = sum(link.packs for link in into)
            around = sum(middle[link.start.number] * link.packs for link in into)
            return (around / packs if packs else 0.0, node.number)

        y = TOP
        for node in sorted(column, key=pull):
            node.x, node.y = wide * number + 4, y
            node.short = cut(node.words, wide - 22)
            node.height = max(4.0, node.packs * scale)
            middle[node.number] = y + node.height / 2
            y += node.height + GAP
    return scale


def _draw(link: Link, scale: float) -> None:
    start, end = link.start, link.end
    link.width = max(1.5, link.packs * scale)
    half = link.width / 2
    y1 = start.y + min(start.goes + half, max(half, start.height - half))
    y2 = end.y + min(end.comes + half, max(half, end.height - half))
    start.goes += link.packs * scale
    end.comes += link.packs * scale
    x1, x2 = start.x + BAR, end.x
    if link.backward:
        low = max(start.y + start.height, end.y + end.height) + 40
        link.points = [(x1, y1), (x1 + 60, low), (x2 - 60, low), (x2, y2)]
    else:
        bend = (x2 - x1) / 2
        link.points = [(x1, y1), (x1 + bend, y1), (x2 - bend, y2), (x2, y2)]
