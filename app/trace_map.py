"""The map of a trace: points and ways over a plain outline of the countries, drawn without any request.

A site lies where the desk was told that it does; else in the middle of its country, which the page
says. The outline is Natural Earth's at 1:110 million, in the public domain; it shows no border that
anybody should rely on.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from ledger.rules.authority import Authority
from ledger.rules.trace import Way
from ledger.store.places import Spot

WIDE: Final = 720.0
MOST_HIGH: Final = 460.0
_OUTLINE: Final = Path(__file__).resolve().with_name("outline.json")
_RING: Final = 14.0  # px between sites that are all in the middle of one country


@dataclass(slots=True)
class Point:
    """A site on the map; `told` says that the desk knows where it lies."""

    site: str
    words: str
    told: bool
    x: float = 0.0
    y: float = 0.0
    packs: int = 0
    radius: float = 5.0
    ways: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Line:
    """The ways from one site to another."""

    start: Point
    end: Point
    packs: int
    ways: list[int]
    width: float = 1.5

    @property
    def path(self) -> str:
        """A bow, so that there and back do not cover each other."""
        x1, y1, x2, y2 = self.start.x, self.start.y, self.end.x, self.end.y
        cx, cy = (x1 + x2) / 2 - (y2 - y1) * 0.15, (y1 + y2) / 2 + (x2 - x1) * 0.15
        return f"M{x1:.1f} {y1:.1f}Q{cx:.1f} {cy:.1f} {x2:.1f} {y2:.1f}"


@dataclass(slots=True)
class Map:
    """Points, lines and the outline under them, in px; `nowhere` names sites that cannot be placed."""

    points: list[Point]
    lines: list[Line]
    outline: list[list[tuple[float, float]]]
    width: float
    height: float
    nowhere: list[str]

    @property
    def path(self) -> str:
        """The outline as SVG has it."""
        return "".join(
            "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring) + "Z" for ring in self.outline
        )


@cache
def _world() -> tuple[dict[str, tuple[float, float]], list[list[tuple[float, float]]]]:
    """The middle of each country by its code, and the rings of all: longitude and latitude."""
    told: dict[str, Any] = json.loads(_OUTLINE.read_bytes())
    rings = [list(zip(ring[::2], ring[1::2], strict=True)) for ring in told["rings"]]
    return {code: (at[0], at[1]) for code, at in told["centres"].items()}, rings


def draw(
    authority: Authority, spots: dict[str, Spot], ways: Sequence[Way], sites: Iterable[str],
    words: Callable[[str], str],
) -> Map:  # fmt: skip
    """Place some sites and the ways between them."""
    centres, rings = _world()
    points: dict[str, Point] = {}
    at: dict[str, tuple[float, float]] = {}
    nowhere = []
    for site in sites:
        record = authority.site(site)
        party = authority.party(record.party) if record else None
        if site in spots:
            at[site] = spots[site].longitude, spots[site].latitude
        elif party is not None and party.country in centres:
            at[site] = centres[party.country]
        else:
            nowhere.append(words(site))
            continue
        points[site] = Point(site, words(site), site in spots)
    lines: dict[tuple[str, str], Line] = {}
    for number, way in enumerate(ways):
        if way.start.kind == way.end.kind == "site":
            pair = way.start.name, way.end.name
            if pair[0] in points and pair[1] in points:
                line = lines.setdefault(pair, Line(points[pair[0]], points[pair[1]], 0, []))
                line.packs += way.packs
                line.ways.append(number)
        for place in (way.start, way.end):
            if place.kind == "site" and place.name in points:
                points[place.name].ways.append(number)
                if place is way.end:
                    points[place.name].packs += way.packs
    most = max((line.packs for line in lines.values()), default=1)
    for line in lines.values():
        line.width = 1.5 + 8.5 * line.packs / most
    project, height = _projection(list(at.values()))
    _spread(points, at, project)
    outline = [[project(x, y) for x, y in ring] for ring in rings]
    return Map(
        list(points.values()), list(lines.values()),
        [ring for ring in outline if _near(ring, height)], WIDE, height, nowhere,
    )  # fmt: skip


def _projection(
    at: list[tuple[float, float]],
) -> tuple[Callable[[float, float], tuple[float, float]], float]:
    """Longitude and latitude to px: equirectangular, true at the middle, and the height it takes."""
    west, east = min((x for x, _ in at), default=-10.0), max((x for x, _ in at), default=30.0)
    south, north = min((y for _, y in at), default=35.0), max((y for _, y in at), default=60.0)
    middle = (south + north) / 2
    narrow = max(0.2, math.cos(math.radians(middle)))
    wide, high = max(1.5, east - west) * 1.3 * narrow, max(1.0, north - south) * 1.3
    scale = min(WIDE / wide, MOST_HIGH / high)
    height = min(MOST_HIGH, max(240.0, high * scale))
    centre = (west + east) / 2

    def project(x: float, y: float) -> tuple[float, float]:
        return WIDE / 2 + (x - centre) * narrow * scale, height / 2 - (y - middle) * scale

    return project, height


def _spread(
    points: dict[str, Point], at: dict[str, tuple[float, float]],
    project: Callable[[float, float], tuple[float, float]],
) -> None:  # fmt: skip
    """Put the points down; those of one and the same place around it, so that none hides another."""
    same: dict[tuple[float, float], list[Point]] = {}
    for site, point in points.items():
        same.setdefault(at[site], []).append(point)
    for (x, y), group in same.items():
        left, top = project(x, y)
        radius = 0.0 if len(group) == 1 else max(_RING, len(group) * _RING / math.tau)
        for number, point in enumerate(group):
            turn = math.tau * number / len(group)
            point.x, point.y = left + radius * math.sin(turn), top - radius * math.cos(turn)


def _near(ring: list[tuple[float, float]], height: float) -> bool:
    """Whether a ring can be seen at all."""
    return (
        max(x for x, _ in ring) >= 0
        and min(x for x, _ in ring) <= WIDE
        and max(y for _, y in ring) >= 0
        and min(y for _, y in ring) <= height
    )
