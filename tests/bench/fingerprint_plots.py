"""The plots of a run of `make bench-fingerprint`: what is told apart, and at which price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib import pyplot

from scanner.fingerprint.limits import EXTRACTOR, LIMITS
from tests.bench.drawing import BLUE, GREEN, ORANGE, PINK, RED, SKY, keep

# Each with a dash of its own.
_STYLES: Final = {
    "genuine": (GREEN, "-", "same print"),
    "other-prints": (BLUE, "--", "another print"),
    "second-prints": (RED, ":", "scanned and printed"),
    "reprint": (BLUE, "--", "another print"),
    "replay600": (SKY, "-.", "replay, 600 dpi"),
    "replay2400": (RED, ":", "replay, 2400 dpi"),
    "learned": (PINK, "-.", "learned replay"),
    "large": (PINK, ":", "learned, printed large"),
    "screen6": (ORANGE, ":", "photo on a monitor"),
    "screen10": (ORANGE, "-.", "photo on a tablet"),
    "screen18": (ORANGE, "--", "photo on a phone"),
}
_TITLES: Final = {
    "real": "REAL: phone captures, one to enrol, one to match",
    "sim": "SIMULATED: 18 pixels/mm, worn, three frames",
}


def draw(lines: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Write `fingerprint-scores-….svg` and `fingerprint-roc-….svg` of what was measured."""
    for line in lines:
        if "scores" in line:
            part = line["name"].partition("-")[0]
            _distributions(line["scores"], _TITLES[part], folder / f"fingerprint-scores-{part}.svg")
            _rates(line["scores"], _TITLES[part], folder / f"fingerprint-roc-{part}.svg")


def _together(pairs: Sequence[Sequence[float]]) -> np.ndarray:
    values = np.array(pairs, np.float64).reshape(-1, 2)
    return values[~np.isnan(values).any(axis=1)]


def _distributions(scores: Mapping[str, Any], title: str, path: Path) -> None:
    limits = LIMITS[EXTRACTOR]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4.2))
    for kind, pairs in scores.items():
        colour, dash, name = _STYLES[kind]
        seen = _together(pairs)
        if not len(seen):
            continue
        left.hist(
            seen[:, 0], bins=np.arange(0, 0.6, 0.01), density=True, histtype="step",
            color=colour, linestyle=dash, linewidth=1.6, label=f"{name} ({len(seen)})",
        )  # fmt: skip
        right.scatter(seen[:, 0], seen[:, 1], s=7, color=colour, alpha=0.6, label=name)
    left.axvline(limits.genuine, color="black", linewidth=1)
    left.axvline(limits.copy, color="black", linewidth=1, linestyle="--")
    left.set_xlabel("score on the edges (0 the same, 0.5 unrelated)")
    left.set_ylabel("density")
    left.legend(fontsize=8)
    at = np.array([0, limits.genuine])
    most = np.minimum(limits.genuine_off, limits.genuine_sum - at)
    right.fill_between(at, most, color=GREEN, alpha=0.12, label="no contradiction found")
    right.set_xlabel("score on the edges")
    right.set_ylabel("score beside them")
    right.set_xlim(0, 0.6)
    right.set_ylim(0, 0.6)
    right.legend(fontsize=8, loc="lower right")
    figure.suptitle(title, fontsize=11)
    keep(figure, path)


def _rates(scores: Mapping[str, Any], title: str, path: Path) -> None:
    """Genuine refused against copies accepted, as the threshold of both scores together moves."""
    figure, axes = pyplot.subplots(figsize=(6.4, 4.4))
    genuine = np.sort(_together(scores["genuine"]).sum(axis=1))
    marks = np.linspace(0, 1.1, 1101)
    refused = 100 * (1 - np.searchsorted(genuine, marks, "right") / max(1, len(genuine)))
    for kind, pairs in scores.items():
        seen = np.sort(_together(pairs).sum(axis=1))
        if kind == "genuine" or not len(seen):
            continue
        colour, dash, name = _STYLES[kind]
        accepted = 100 * np.searchsorted(seen, marks, "right") / len(seen)
        axes.plot(accepted, refused, color=colour, linestyle=dash, label=f"{name} ({len(seen)})")
    axes.set_xscale("symlog", linthresh=0.1)
    axes.set_yscale("symlog", linthresh=0.1)
    axes.set_xlim(-0.01, 100)
    axes.set_ylim(-0.01, 100)
    axes.set_xlabel("% of copies accepted")
    axes.set_ylabel(f"% of {len(genuine)} genuine refused")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    axes.set_title(title, fontsize=10)
    keep(figure, path)
