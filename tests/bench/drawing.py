"""How the benchmarks' plots are drawn: as SVG, the same bytes whenever the same was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib import pyplot
from matplotlib.figure import Figure

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "packtrace"
# Okabe and Ito's colours, told apart by the colour-blind; each goes with a mark, dash or hatch.
BLACK: Final = "#000000"
BLUE: Final = "#0072b2"
SKY: Final = "#56b4e9"
GREEN: Final = "#009e73"
ORANGE: Final = "#e69f00"
RED: Final = "#d55e00"
PINK: Final = "#cc79a7"


def keep(figure: Figure, path: Path, top: float = 1.0) -> None:
    """Write a figure to a file; what it holds ends at `top` of its height."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout(rect=(0, 0, 1, top))
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
