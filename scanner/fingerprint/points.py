"""Where a label is looked at, and what its design alone explains there.

Each point lies on a boundary of dark and light. What a camera sees at it depends on the modules
round it: ink that spreads, a blur, sharpening, a shift by a part of a dot. All that is the same at
points whose neighbours are the same, so a regression on the neighbours takes it away, and what
remains is this print's own raggedness. Everything here comes from the design and the seed: no
picture, no library's random numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.fingerprint.design import FINE as STEPS
from scanner.fingerprint.design import Design, Grid
from scanner.fingerprint.rectify import FINE, Field

OFF: Final = 1 / 8  # modules that an off-edge point lies beside its edge, on either side
_DEEP, _WIDE = 3, 2  # modules to each side that count, across the edge and along it
_RIDGE: Final = 0.3
_CLIP: Final = 2.5  # standard deviations: what misses by more does not pull the second fit
_NEAR: Final = ((2, 1), (3, 1), (2, 3), (3, 3))  # in the window: the edge's neighbours along it


@dataclass(frozen=True)
class _Block:
    """The points of one direction and quarter: their explaining columns and the fit's inverse."""

    members: NDArray[np.intp]
    columns: Field
    inverse: Field


class Points:
    """A design's points for a seed, ready to sample and to clean; the order is the seed's."""

    def __init__(self, design: Design, seed: bytes) -> None:
        at = design.points(seed)
        self.flat = at[:, 0] % STEPS == 0  # the boundary lies flat
        self.x = (at[:, 1] / STEPS * FINE - 0.5).astype(np.float32)
        self.y = (at[:, 0] / STEPS * FINE - 0.5).astype(np.float32)
        self._blocks = list(_blocks(design, at, self.flat))

    def __len__(self) -> int:
        return len(self.x)

    def sample(self, picture: Field, off: float = 0.0) -> Field:
        """The picture's values at the points, moved by `off` modules across their edges."""
        step = np.float32(off * FINE)
        x = self.x + step * ~self.flat
        y = self.y + step * self.flat
        seen = cv2.remap(
            picture, x[None], y[None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(seen[0], np.float32)

    def clean(self, values: Field) -> Field:
        """What the neighbours do not explain of the values: mean 0, clipped at 3, deviation 1."""
        left = np.empty_like(values)
        for block in self._blocks:
            own = values[block.members]
            miss = own - _fitted(own, block)
            bound = _CLIP * miss.std()
            left[block.members] = own - _fitted(own - miss + miss.clip(-bound, bound), block)
        left -= left.mean()
        spread = float(left.std()) or 1.0
        left = (left / spread).clip(-3, 3)
        return np.asarray(left / (float(left.std()) or 1.0), np.float32)


def _fitted(values: Field, block: _Block) -> Field:
    return np.asarray((block.inverse @ (block.columns @ values)) @ block.columns, np.float32)


def _blocks(design: Design, at: Grid, flat: NDArray[np.bool_]) -> list[_Block]:
    window = _neighbours(design, at, flat)
    rows, columns = design.shape
    across = at[:, 1] / STEPS / columns * 2 - 1
    down = at[:, 0] / STEPS / rows * 2 - 1
    even = np.ones(len(at))
    quarter = np.where(flat, at[:, 1], at[:, 0]) % STEPS * 4 // STEPS
    rising = window[_DEEP, _WIDE] > window[_DEEP - 1, _WIDE]
    ring = np.ones(window.shape[:2], np.bool_)
    ring[_DEEP - 1 : _DEEP + 1, _WIDE - 1 : _WIDE + 2] = False
    group = rising.astype(np.intp)
    for one in _NEAR:
        group = group * 2 + (window[one] > 0.5)
    blocks = []
    for lies in (True, False):
        for which in (1, 2, 3):
            members = np.flatnonzero((flat == lies) & (quarter == which))
            if not len(members):
                continue
            kinds, kind = np.unique(group[members], return_inverse=True)
            means = np.zeros((len(kinds), len(members)), np.float32)
            means[kind, np.arange(len(members))] = 1
            up = rising[members]
            # The fit holds back rare groups' means; a side's own mean must not be held back.
            tilts = [side * by[members] for side in (up, ~up) for by in (even, across, down)]
            all_columns = np.concatenate([means, tilts, window[ring][:, members] - 0.5])
            all_columns = all_columns.astype(np.float32)
            normal = all_columns @ all_columns.T
            normal[np.diag_indices_from(normal)] += _RIDGE
            blocks.append(_Block(members, all_columns, np.linalg.inv(normal).astype(np.float32)))
    return blocks


def _neighbours(design: Design, at: Grid, flat: NDArray[np.bool_]) -> Field:
    """Paper (1) or ink (0) of the modules round each point: across the edge, along it, points."""
    rows, columns = design.shape
    paper = (~design.modules).astype(np.float32)
    whole = at // STEPS
    window = np.empty((2 * _DEEP, 2 * _WIDE + 1, len(at)), np.float32)
    for deep in range(2 * _DEEP):
        for wide in range(2 * _WIDE + 1):
            across, along = deep - _DEEP, wide - _WIDE
            y = whole[:, 0] + np.where(flat, across, along)
            x = whole[:, 1] + np.where(flat, along, across)
            # The flat picture ends with the code, and so does its band pass: what is beyond the
            # last module counts as that module, quiet zone or cut edge.
            window[deep, wide] = paper[y.clip(0, rows - 1), x.clip(0, columns - 1)]
    return window
