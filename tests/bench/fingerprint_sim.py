"""SIMULATED: a forger who learned to undo what scanning and printing will do to a copy.

Beside what `scanner.simulated` has; no part of the program. Not evidence about real paper.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.simulated.paper import (
    OFFICE,
    PLATE,
    Printer,
    Raster,
    as_dots,
    coverage,
    printed,
    scanned,
)

_SCAN: Final = 2400  # dots an inch


@dataclass(frozen=True, slots=True)
class Learned:
    """A forger's estimator: what was printed, from a scan, by weights that were fitted to prints.

    `size` is the side of the patch that it sees.
    """

    weights: NDArray[np.float32]
    size: int

    @classmethod
    def fitted(cls, designs: list[Raster], dpi: int = _SCAN, size: int = 7) -> Learned:
        """Ridge regression on prints that the forger made himself and so knows exactly."""
        normal = np.zeros((size * size + 1,) * 2)
        right = np.zeros(size * size + 1)
        for number, ink in enumerate(designs):
            seed = 900_000 + number
            seen = 1 - scanned(printed(ink, seed), dpi)
            truth = coverage(ink, OFFICE, seed)
            rng = np.random.default_rng(seed)
            half = size // 2
            ys, xs = (rng.integers(half, ink.shape[0] - half, 20_000) for _ in range(2))
            rows = [
                seen[ys + dy, xs + dx]
                for dy in range(-half, half + 1)
                for dx in range(-half, half + 1)
            ]
            patch = np.stack([*rows, np.ones(len(ys), np.float32)]).astype(np.float64)
            normal += patch @ patch.T
            right += patch @ truth[ys, xs]
        normal[np.diag_indices_from(normal)] += 1.0
        return cls(np.linalg.solve(normal, right).astype(np.float32), size)

    def __call__(self, seen: Raster) -> Raster:
        """The estimated coverage."""
        kernel = self.weights[:-1].reshape(self.size, self.size)
        return np.asarray(cv2.filter2D(seen, -1, kernel) + self.weights[-1], np.float32)


def larger(printer: Printer, times: int) -> Printer:
    """A printer's faults as they stand on a label that is printed so many times as large."""
    return replace(
        printer, spread=printer.spread / times, rough=printer.rough / times,
        gain=printer.gain / times, satellites=printer.satellites // times**2,
    )  # fmt: skip


def replayed_by_learning(
    label: Raster, learned: Learned, seed: int, dpi: int = 2400, printer: Printer = PLATE
) -> Raster:
    """A copy whose dots are corrected until what the printer makes of them is the estimate.

    Of one that is printed larger, `dpi` and `printer` are as it looks at the label's own size.
    """
    wanted = np.clip(learned(1 - scanned(label, _SCAN)), 0, 1)
    quiet = replace(printer, rough=0.0)
    field = wanted.copy()
    for _ in range(4):
        field = np.clip(
            field + 0.7 * (wanted - coverage(as_dots(field, dpi), quiet, 0)), 0.25, 0.75
        )
    return printed(as_dots(field, dpi), seed, printer)
