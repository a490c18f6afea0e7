"""The plot of a run of `make bench-scan`: read rate against each stress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from matplotlib import pyplot

from tests.bench import stress
from tests.bench.decoders import DATAMATRIX, QR
from tests.bench.drawing import BLACK, BLUE, GREEN, ORANGE, PINK, RED, keep

# Each with a mark and a dash of its own.
_STYLES: Final = {
    "packtrace": (BLACK, "o", "-"),
    "zxing-cpp": (BLUE, "s", "--"),
    "opencv": (RED, "^", ":"),
    "opencv-aruco": (PINK, "v", "-."),
    "pyzbar": (GREEN, "D", "--"),
    "pylibdmtx": (ORANGE, "P", ":"),
}
_TITLES: Final = {QR: "QR code", DATAMATRIX: "Data Matrix"}


def draw(lines: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Write `scan-stress.svg` into a folder: two rows of small plots for each kind of symbol."""
    measured = [line for line in lines if "shares" in line]
    figure, grid = pyplot.subplots(4, 4, figsize=(12, 12.5), sharey=True)
    names: dict[str, Any] = {}
    for block, kind in enumerate((QR, DATAMATRIX)):
        for number, one in enumerate(stress.GRID):
            axes = grid[block * 2 + number // 4][number % 4]
            for line in measured:
                if line["kind"] == kind:
                    names[line["decoder"]] = _curve(axes, line["decoder"], line["shares"][one.name])
            axes.set_title(f"{_TITLES[kind]}: {one.name}", fontsize=10)
            axes.set_xlabel(one.unit, fontsize=9)
            axes.set_xticks(range(len(one.levels)), [f"{at:g}" for at in one.levels], fontsize=8)
            axes.set_ylim(-5, 105)
            axes.grid(axis="y", alpha=0.3)
        for row in (0, 1):
            grid[block * 2 + row][0].set_ylabel("% read")
    order = [name for name in _STYLES if name in names]
    figure.legend([names[name] for name in order], order, loc="upper center", ncols=len(order))
    keep(figure, folder / "scan-stress.svg", 0.97)


def _curve(axes: Any, decoder: str, shares: Mapping[float, float]) -> Any:
    colour, mark, dash = _STYLES[decoder]
    front = 3 if decoder == "packtrace" else 2
    (curve,) = axes.plot(
        range(len(shares)), [share * 100 for share in shares.values()],
        color=colour, marker=mark, linestyle=dash, markersize=5, linewidth=1.4, zorder=front,
    )  # fmt: skip
    return curve
