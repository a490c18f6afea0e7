"""A flat picture to a vector: the strength of what is left at each point when the design is gone.

Two numbers fix what is looked at: raggedness between some 50 and 130 micrometres on a label with
modules of 0.42 mm. Coarser ragged edges survive a copy made by scanning and printing; finer ones
no camera at ten centimetres sees. docs/fingerprint.md has what other bands gave.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from scanner.fingerprint.points import OFF, Points
from scanner.fingerprint.rectify import FINE, Field, Flat

NARROW: Final = 0.12  # modules: blurs of the band pass
BROAD: Final = 0.32


@dataclass(frozen=True, slots=True)
class Vector:
    """What is left on the edges, one value a point, and beside them, both sides one after the other.

    Each has mean 0 and deviation 1.
    """

    edge: Field
    off: Field


def vector(flat: Flat, points: Points) -> Vector:
    """The vector of a flat picture at a seed's points."""
    near = cv2.GaussianBlur(flat.light, (0, 0), NARROW * FINE, borderType=cv2.BORDER_REPLICATE)
    far = cv2.GaussianBlur(flat.light, (0, 0), BROAD * FINE, borderType=cv2.BORDER_REPLICATE)
    band = np.asarray(near - far, np.float32)
    sides = [points.clean(points.sample(band, side)) for side in (-OFF, OFF)]
    return Vector(points.clean(points.sample(band)), np.concatenate(sides))
