"""A frame and a design to a flat picture of the code: aligned to a fraction of a pixel, its light
evened out to 0 for ink and 1 for paper; and what the frame was worth.

The code's corners lead (`design`); a smooth field is then fitted to the design's drawing (Lucas and
Kanade, 1981): first one polynomial over all, then what is left, averaged over more than two modules. So curled
paper and a lens are followed, and the raggedness of an edge, which is much shorter, is not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.fingerprint.design import Design, Located
from scanner.frames import Frame

Field: TypeAlias = NDArray[np.float32]
View: TypeAlias = NDArray[np.float64]  # a homography

FINE: Final = 10  # samples along a module of the flat picture
_COARSE: Final = 4  # and of the one that is aligned first
_BLUR: Final = (0.35, 0.16)  # modules: of the drawing, at first and at last
_ROUNDS: Final = (8, 3)
_DEGREE: Final = 2
_WINDOW: Final = 2.75  # modules: what is left to follow is even within this
_FARTHEST: Final = 0.19  # modules that the last step may move a place
_PAPER, _INK = 1.75, 2.5  # modules: light is even within this
_ROBUST: Final = 0.15  # of the contrast: what misses by more counts less than half
_STILL: Final = 0.02  # modules: no further round moves less
_WASHED: Final = 0.5  # of the contrast: ink that is so much lighter is under a reflection
_LOST: Final = 1.6  # modules that a corner may be away from where the reader saw it


@dataclass(frozen=True)
class Drawing:
    """A design drawn for alignment, at `fine` samples a module and a blur in modules."""

    picture: Field
    places: NDArray[np.intp]  # flat indices of the samples on edges
    slopes: Field  # at those: parameters of the polynomial field x samples
    across: Field
    down: Field


@dataclass(frozen=True)
class Flat:
    """A code laid flat: light from 0 to 1, FINE samples a module, and what that was worth.

    `saturated` is the share of paper at the sensor's end, `washed` of modules where ink is
    much lighter than elsewhere; `module_px` the side of a module in the
    frame, `corners` are where the aligned code's lie in the frame.
    """

    light: Field
    fit: float
    focus: float
    saturated: float
    washed: float
    contrast: float
    module_px: float
    corners: NDArray[np.float32]


class Plan:
    """What is worked out once for a design and used for each frame of it."""

    def __init__(self, design: Design) -> None:
        self.design = design
        self.paper = ~design.modules
        self.coarse = _drawn(design, _COARSE, _BLUR[0], every=1)
        self.fine = _drawn(design, FINE, _BLUR[1], every=2)

    @cached_property
    def shades(self) -> Field:
        """The drawing at several blurs, at the edges: what a frame's light is a mixture of."""
        flat = [np.ones(len(self.fine.places), np.float32)]
        for blur in (0.08, 0.16, 0.3, 0.6):
            flat.append(_soft(self.design, FINE, blur).ravel()[self.fine.places])
        return np.asarray(flat)


def _soft(design: Design, fine: int, blur: float) -> Field:
    paper = (~design.modules).astype(np.float32).repeat(fine, 0).repeat(fine, 1)
    soft = cv2.GaussianBlur(paper, (0, 0), blur * fine, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(soft, np.float32)


def _drawn(design: Design, fine: int, blur: float, every: int) -> Drawing:
    picture = _soft(design, fine, blur)
    across = np.asarray(cv2.Sobel(picture, cv2.CV_32F, 1, 0, scale=1 / 8), np.float32) * fine
    down = np.asarray(cv2.Sobel(picture, cv2.CV_32F, 0, 1, scale=1 / 8), np.float32) * fine
    known = design.known.repeat(fine, 0).repeat(fine, 1)
    steep = (np.hypot(across, down) > 0.25 / blur / 2.5) & known
    places = np.flatnonzero(steep)[::every]
    basis = _polynomials(*picture.shape)[:, places]
    slopes = np.concatenate([basis * across.ravel()[places], basis * down.ravel()[places]])
    return Drawing(picture, places, slopes, across, down)


@lru_cache(maxsize=16)
def _polynomials(rows: int, columns: int) -> Field:
    """Legendre polynomials of two variables over a picture, one row each over all samples."""
    up = np.polynomial.legendre.legvander((np.arange(rows) + 0.5) / rows * 2 - 1, _DEGREE)
    right = np.polynomial.legendre.legvander((np.arange(columns) + 0.5) / columns * 2 - 1, _DEGREE)
    pairs = [(y, x) for y in range(_DEGREE + 1) for x in range(_DEGREE + 1 - y)]
    return np.asarray([np.outer(up[:, y], right[:, x]).ravel() for y, x in pairs], np.float32)


def flatten(frame: Frame, located: Located, plan: Plan) -> Flat | None:
    """Lay the located code flat; None where the frame does not fit the design's drawing."""
    rows, columns = plan.design.shape
    ends = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    view = cv2.getPerspectiveTransform(ends, np.array(located.corners, np.float32))
    sides = np.linalg.norm(
        np.diff(np.array([*located.corners, located.corners[0]]), axis=0), axis=1
    )
    module_px = float(sides.mean() * 2 / (rows + columns))
    pixels, into = _near(frame, located, module_px)
    view = into @ view
    field = np.zeros((2, plan.coarse.slopes.shape[0] // 2), np.float32)
    for drawing, fine, rounds in zip(
        (plan.coarse, plan.fine), (_COARSE, FINE), _ROUNDS, strict=True
    ):
        basis = _polynomials(*drawing.picture.shape)
        for _ in range(rounds):
            moved = (field @ basis).reshape(2, *drawing.picture.shape)
            light = _even(_look(pixels, view, moved, fine), plan)[0]
            step = _step(light, drawing)
            field += step
            if np.abs(step).max() < _STILL / 4:
                break
    moved = (field @ basis).reshape(2, *plan.fine.picture.shape)
    if np.abs(moved).max() > _LOST:
        return None
    raw = _look(pixels, view, moved, FINE)
    light = _even(raw, plan)[0]
    for _ in range(2):
        moved = moved + _left(light, plan)
        raw = _look(pixels, view, moved, FINE)
        light, paper, ink = _even(raw, plan)
    flat = _judged(light, raw, paper, ink, plan, module_px)
    return replace(flat, corners=_corners(plan, moved, into, view))


def _near(frame: Frame, located: Located, module_px: float) -> tuple[Field, View]:
    """The part of the frame round the code, with little more than the samples that are taken.

    And what leads from the frame's places to the part's.
    """
    at = np.array(located.corners)
    margin = int(3 * module_px) + 2
    left, top = (max(0, int(one) - margin) for one in at.min(axis=0))
    right, bottom = (int(one) + margin for one in at.max(axis=0))
    part = frame[top:bottom, left:right]
    scale = 1.0
    if module_px > 1.5 * FINE:
        scale = 1.25 * FINE / module_px
        size = max(8, round(part.shape[1] * scale)), max(8, round(part.shape[0] * scale))
        part = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    # Pixel centres keep their place: x -> (x + .5) * scale - .5 within the part.
    half = (1 - scale) / 2
    into = np.array([[scale, 0, -left * scale - half], [0, scale, -top * scale - half], [0, 0, 1]])
    return np.asarray(part, np.float32), into


def _look(pixels: Field, view: View, moved: Field, fine: int) -> Field:
    """The frame sampled at each place of the flat picture, moved by a field in modules."""
    right, down = _places(*moved.shape[1:], fine)
    x, y = right + moved[0], down + moved[1]
    a = view.astype(np.float32)
    under = 1.0 / (a[2, 0] * x + a[2, 1] * y + a[2, 2])
    at_x = (a[0, 0] * x + a[0, 1] * y + a[0, 2]) * under
    at_y = (a[1, 0] * x + a[1, 1] * y + a[1, 2]) * under
    seen = cv2.remap(pixels, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, np.float32)


@lru_cache(maxsize=16)
def _places(rows: int, columns: int, fine: int) -> tuple[Field, Field]:
    right = (np.arange(columns, dtype=np.float32) + np.float32(0.5)) / np.float32(fine)
    down = (np.arange(rows, dtype=np.float32) + np.float32(0.5)) / np.float32(fine)
    return right[None, :], down[:, None]


def _even(seen: Field, plan: Plan) -> tuple[Field, Field, Field]:
    """Light from 0 for ink to 1 for paper, and the two levels, one value a module."""
    middle = middles_of(seen, plan.design)
    known = plan.design.known
    paper = _level(middle, plan.paper & known, _PAPER)
    ink = _level(middle, plan.design.modules & known, _INK)
    size = (seen.shape[1], seen.shape[0])
    low = cv2.resize(ink, size, interpolation=cv2.INTER_LINEAR)
    span = cv2.resize(1 / np.maximum(paper - ink, 20), size, interpolation=cv2.INTER_LINEAR)
    return (seen - low) * span, paper, ink


def _level(middle: Field, of: NDArray[np.bool_], window: float) -> Field:
    weight = of.astype(np.float32)
    total = cv2.GaussianBlur(middle * weight, (0, 0), window, borderType=cv2.BORDER_CONSTANT)
    count = cv2.GaussianBlur(weight, (0, 0), window, borderType=cv2.BORDER_CONSTANT)
    wide = float((middle * weight).sum() / max(1.0, float(weight.sum())))
    return np.asarray((total + 1e-3 * wide) / (count + 1e-3), np.float32)


def _step(light: Field, drawing: Drawing) -> Field:
    """How the polynomial field must change, x and y rows, for the light to fit the drawing."""
    miss = drawing.picture.ravel()[drawing.places] - light.ravel()[drawing.places]
    weighted = drawing.slopes / (1 + (miss / _ROBUST) ** 2)
    normal = weighted @ drawing.slopes.T
    normal[np.diag_indices_from(normal)] += 1e-4 * np.trace(normal) / len(normal)
    step = np.linalg.solve(normal, weighted @ miss).astype(np.float32)
    return np.asarray(step.reshape(2, -1), np.float32)


def _left(light: Field, plan: Plan) -> Field:
    """What is left to move at each place, even over _WINDOW modules: in modules."""
    drawing, design = plan.fine, plan.design
    miss = drawing.picture - light
    trust = 1 / (1 + (miss / _ROBUST) ** 2)
    if design.hole:
        trust *= design.known.repeat(FINE, 0).repeat(FINE, 1)
    gx, gy = drawing.across, drawing.down
    rows, columns = design.shape
    tx, ty = trust * gx, trust * gy
    sums = [
        cv2.GaussianBlur(
            cv2.resize(one, (columns, rows), interpolation=cv2.INTER_AREA), (0, 0), _WINDOW,
            borderType=cv2.BORDER_CONSTANT,
        )
        for one in (tx * gx, tx * gy, ty * gy, tx * miss, ty * miss)
    ]  # fmt: skip
    xx, xy, yy, xe, ye = sums
    ridge = 0.02 * float((xx + yy).mean()) + 1e-6
    xx, yy = xx + ridge, yy + ridge
    under = xx * yy - xy * xy
    field = np.stack([(yy * xe - xy * ye) / under, (xx * ye - xy * xe) / under])
    field = field.clip(-_FARTHEST, _FARTHEST)
    size = light.shape[1], light.shape[0]
    return np.stack([cv2.resize(one, size, interpolation=cv2.INTER_LINEAR) for one in field])


def _judged(
    light: Field, raw: Field, paper: Field, ink: Field, plan: Plan, module_px: float
) -> Flat:
    """The flat picture with its measures; its corners are left to the caller."""
    seen = light.ravel()[plan.fine.places]
    shades = plan.shades
    normal = shades @ shades.T
    normal[np.diag_indices_from(normal)] += 1e-3 * len(seen)
    drawn = np.linalg.solve(normal, shades @ seen) @ shades
    fit = 1 - float(np.var(seen - drawn) / max(float(np.var(seen)), 1e-9))
    across = cv2.Sobel(light, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(light, cv2.CV_32F, 0, 1, scale=1 / 8)
    focus = float(np.percentile(np.hypot(across, down).ravel()[plan.fine.places], 90))
    at_end = middles_of((raw >= 254.5).astype(np.float32), plan.design)
    saturated = float(at_end[plan.paper & plan.design.known].mean())
    contrast = float(np.median((paper - ink)[plan.design.known]))
    lifted = (ink - np.median(ink))[plan.design.known] > _WASHED * contrast
    washed = float(lifted.mean())
    return Flat(
        light, fit, focus, saturated, washed, contrast, module_px, np.zeros((4, 2), np.float32)
    )


def _corners(plan: Plan, moved: Field, into: View, view: View) -> NDArray[np.float32]:
    """Where the aligned code's corners lie in the frame."""
    rows, columns = plan.design.shape
    ends = np.array([(0, 0), (columns, 0), (columns, rows), (0, rows)], np.float64)
    moves = np.array([moved[:, 0, 0], moved[:, 0, -1], moved[:, -1, -1], moved[:, -1, 0]])
    back = np.linalg.inv(into) @ view
    at = cv2.perspectiveTransform((ends + moves)[None], back)[0]
    return np.asarray(at, np.float32)


def middles_of(picture: Field, design: Design) -> Field:
    """The mean of each module's inner part."""
    rows, columns = design.shape
    fine = picture.shape[0] // rows
    rim = fine // 4
    inner = picture.reshape(rows, fine, columns, fine)[:, rim : fine - rim, :, rim : fine - rim]
    return np.ascontiguousarray(inner.mean(axis=(1, 3)))
