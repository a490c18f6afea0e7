"""Where single scores lie among measured ones, drawn: pure numbers for a page's SVG.

All measured scores are of REAL prints. What is drawn says nothing that the page does not say in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from scanner.fingerprint.limits import Limits
from scanner.fingerprint.measured import STEP, Kinds, Measured

WIDTH: Final = 360
LEFT, RIGHT, TOP, FLOOR = 12, 348, 40, 170
MOST: Final = 0.5  # a score of unrelated prints; what lies beyond stands at the edge
_ROWS: Final = 3  # of marks below the floor, so that equal scores do not hide each other
_MARK: Final = 16.0


class Shape(NamedTuple):
    """The measured scores of one kind as an outline; its name stands over its highest step.

    `anchor` is as SVG has it: a name gives way to the threshold that goes through its shape.
    """

    kind: str
    path: str
    x: float
    y: float
    anchor: str
    pairs: int
    least: str
    most: str


class Place(NamedTuple):
    """Something at a score: a threshold, a mark of the axis, or a look with its number."""

    x: float
    y: float
    words: str


class Plot(NamedTuple):
    """All that is drawn."""

    shapes: list[Shape]
    thresholds: list[Place]
    axis: list[Place]
    looks: list[Place]
    height: float
    width: int = WIDTH
    left: int = LEFT
    right: int = RIGHT
    top: int = TOP
    floor: int = FLOOR


def draw(kinds: Kinds, limits: Limits, scores: Sequence[tuple[int, float]]) -> Plot:
    """Lay out the measured kinds, both thresholds, and (number, score) of looks."""
    highest = max(share for kind in kinds.named.values() for _, share in kind.steps)
    looks = _looks(scores)
    return Plot(
        [_shape(name, kind, limits, highest) for name, kind in kinds.named.items()],
        [Place(x_of(one), TOP, f"{one:.2f}") for one in (limits.genuine, limits.copy)],
        [Place(x_of(n / 10), FLOOR, f"{n / 10:.1f}") for n in range(6)],
        looks, max((one.y for one in looks), default=FLOOR + _MARK) + _MARK,
    )  # fmt: skip


def x_of(score: float) -> float:
    """Where a score lies across."""
    return round(LEFT + (RIGHT - LEFT) * min(max(score, 0.0), MOST) / MOST, 1)


def _shape(name: str, kind: Measured, limits: Limits, highest: float) -> Shape:
    """Steps of a hundredth, as high as their share of the pairs."""

    def y_of(share: float) -> float:
        return round(FLOOR - (FLOOR - TOP) * share / highest, 1)

    path = f"M{x_of(kind.ends[0])} {FLOOR}"
    for start, share in kind.steps:
        path += f"V{y_of(share)}H{x_of(start + STEP)}"
    top_at, top = max(kind.steps, key=lambda step: step[1])
    crossed = any(kind.ends[0] < one < kind.ends[1] for one in (limits.genuine, limits.copy))
    least, most = (f"{end:.2f}" for end in kind.ends)
    return Shape(
        name,
        f"{path}V{FLOOR}Z",
        x_of(top_at + (0 if crossed else STEP / 2)),
        y_of(top),
        "end" if crossed else "middle",
        kind.pairs,
        least,
        most,
    )


def _looks(scores: Sequence[tuple[int, float]]) -> list[Place]:
    """Looks below the floor; the next row down where one lies there already."""
    placed: list[Place] = []
    for number, score in sorted(scores, key=lambda one: (one[1], one[0])):
        x = x_of(score)
        row = 0
        while row < _ROWS - 1 and any(
            abs(one.x - x) < _MARK and one.y == _y_of(row) for one in placed
        ):
            row += 1
        placed.append(Place(x, _y_of(row), str(number)))
    return placed


def _y_of(row: int) -> float:
    return FLOOR + 26 + row * _MARK
