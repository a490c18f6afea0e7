"""Plots of what a run of the benchmarks measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib import pyplot

from tests.bench.drawing import keep

_GOOD, _BAD = "#1a6e3c", "#a32020"


def draw(lines: Sequence[Mapping[str, Any]], goals: Mapping[str, str], folder: Path) -> None:
    """Write `bench-ratios.svg` and `bench-growth.svg` into a folder."""
    _ratios([line for line in lines if line["name"] in goals], goals, folder)
    _growth([line for line in lines if "append_s" in line], folder)


def _ratios(lines: Sequence[Mapping[str, Any]], goals: Mapping[str, str], folder: Path) -> None:
    """Each figure as a multiple of its goal: right of the line for speed, left of it for cost."""
    figure, axes = pyplot.subplots(figsize=(8, 5))
    for place, line in enumerate(reversed(lines)):
        _, least, goal = goals[line["name"]].rpartition(" at least ")
        goal = goal if least else goals[line["name"]].rpartition(" ")[2]
        multiple = line["ratio"] / float(goal)
        good = multiple >= 1 if least else multiple <= 1
        axes.barh(place, multiple, color=_GOOD if good else _BAD, hatch=None if good else "//")
        want = "≥" if least else "≤"
        axes.text(multiple, place, f" {line['ratio']:.2f} ({want} {goal})", va="center", fontsize=8)
    axes.set_yticks(range(len(lines)), [line["name"] for line in reversed(lines)])
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xlabel("measured ratio as a multiple of its goal (hatched: goal missed)")
    axes.margins(x=0.3)
    keep(figure, folder / "bench-ratios.svg")


def _growth(lines: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Microseconds a statement and a verdict, by the log's size."""
    figure, axes = pyplot.subplots(figsize=(8, 4))
    sizes = [int(line["name"].rpartition("-")[2]) for line in lines]
    for key, label, mark in (("append_s", "append", "o"), ("verdict_s", "verdict", "s")):
        axes.plot(sizes, [line[key] * 1e6 for line in lines], marker=mark, label=label)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("entries in the log")
    axes.set_ylabel("µs each (median)")
    axes.legend()
    keep(figure, folder / "bench-growth.svg")
