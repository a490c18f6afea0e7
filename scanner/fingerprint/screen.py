"""Whether a label is shown by points in rows, as a display or a halftone does.

Away from edges, paper and solid ink have no period; a display's points stand out as a peak in the
spectrum, as far as the camera resolves them. It does not resolve those of a good phone: this
stops a photograph on an ordinary screen, not every one.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from scanner.fingerprint.rectify import FINE, Field, Plan

_EVEN: Final = 0.3  # of contrast a module: a slope of the drawing that is no edge
_DEEP: Final = 0.3  # of the contrast: what differs by more is dirt, not a pattern
_SLOW: Final = 12  # periods over the code: below lie light, wear and fibres
_AROUND: Final = 25  # samples of the spectrum that are a peak's neighbourhood


def pattern(light: Field, plan: Plan) -> float:
    """The highest peak of a flat picture's spectrum, as a multiple of what surrounds it."""
    drawing = plan.fine
    flat = (np.abs(drawing.across) + np.abs(drawing.down)) < _EVEN
    flat &= plan.design.known.repeat(FINE, 0).repeat(FINE, 1)
    paper = drawing.picture > 0.5
    rest = np.zeros_like(light)
    for side in (flat & paper, flat & ~paper):
        if side.any():
            rest[side] = light[side] - light[side].mean()
    rest = rest.clip(-_DEEP, _DEEP)
    mask = flat.astype(np.float32)
    slow = cv2.GaussianBlur(rest, (0, 0), FINE) / np.maximum(
        cv2.GaussianBlur(mask, (0, 0), FINE), 0.05
    )
    rows, columns = light.shape
    window = np.outer(np.hanning(rows), np.hanning(columns)).astype(np.float32)
    seen = np.fft.rfft2((rest - slow * mask) * window)
    sizes = np.fft.fftshift(np.abs(seen), axes=0).astype(np.float32)
    around = cv2.blur(sizes, (_AROUND, _AROUND), borderType=cv2.BORDER_REFLECT)
    peaks = cv2.blur(sizes, (3, 3), borderType=cv2.BORDER_REFLECT) / (around + 1e-6)
    down, across = np.ogrid[: peaks.shape[0], : peaks.shape[1]]
    away = np.hypot(down - rows // 2, across)
    kept = (away > _SLOW) & (away < min(rows, columns) * 0.46)
    return float(peaks[kept].max(initial=0.0))
