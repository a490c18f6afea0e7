"""The plot of a run of `make bench-alerts`: false alerts by cause, without and with the filter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from matplotlib import pyplot
from matplotlib.patches import Patch

from tests.bench.drawing import BLUE, GREEN, ORANGE, PINK, keep

# Each with a hatch of its own.
_CAUSES: Final = {
    "scanner": ("scanner or software", BLUE, ""),
    "procedure": ("procedure", ORANGE, "//"),
    "data": ("not on record", GREEN, ".."),
    "custody": ("hand-off not logged", PINK, "xx"),
}
_WAYS: Final = {
    "national": "each reading at its word,\nas the EU hub counts",
    "unfiltered": "our rules,\nwithout the filter",
    "filtered": "our rules,\nwith the filter",
}
_GOAL: Final = 0.1  # per 1,000 scans


def draw(lines: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Write `alert-causes.svg` into a folder."""
    measured = {line["name"]: line for line in lines}
    figure, axes = pyplot.subplots(figsize=(8, 3.6))
    for place, way in enumerate(reversed(_WAYS)):
        line = measured[f"{way}-alerts"]
        start = 0.0
        for cause, (_, colour, hatch) in _CAUSES.items():
            part = line["groups"].get(cause, 0) / line["thousand"]
            axes.barh(place, part, left=start, color=colour, hatch=hatch, edgecolor="black")
            start += part
        axes.text(start, place, f" {start:.3f}", va="center", fontsize=9)
    axes.set_yticks(range(len(_WAYS)), [*reversed(_WAYS.values())])
    axes.axvline(_GOAL, color="black", linewidth=1, linestyle="--")
    axes.set_xlabel("false alerts per 1,000 scans (dashed: the goal, at most 0.1)")
    axes.margins(x=0.15)
    axes.legend(
        [Patch(facecolor=c, hatch=h, edgecolor="black") for _, c, h in _CAUSES.values()],
        [name for name, _, _ in _CAUSES.values()],
        fontsize=8,
    )  # fmt: skip
    keep(figure, folder / "alert-causes.svg")
