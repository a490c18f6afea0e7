"""The modules of a symbol that does not lie flat: on a bottle, on cloth, on crumpled paper.

A decoder takes a symbol for a plane and samples its modules where a plane has them. Here the
modules are followed along the bend: what was sampled so far, with the patterns that every symbol of
its kind has (ISO/IEC 18004 section 6.3, ISO/IEC 16022 section 5), is drawn as a picture, and the frame is bent until it fits that
picture (Lucas and Kanade, 1981, with a polynomial field). The patterns are certain and lead; wrong
modules stay single and do not pull the field away; as it comes to fit, they come right. Where the symbol is, and what it says, is left
to `symbols`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Modules: TypeAlias = NDArray[np.uint8]  # side x side, 0 dark, 1 light
_Field: TypeAlias = NDArray[np.float32]

MOST_SIDE: Final = 73  # modules; larger codes cost more time than a frame has
_FINE: Final = 3  # samples along a module
_SOFT: Final = 0.35  # modules: the drawn picture's blur, about that of a camera in focus
_AROUND: Final = 8 * _FINE + 1  # samples: light and contrast are taken as even within this
# First only slants and arcs, so that no wrong module pulls; then waves.
_DEGREES: Final = (2, 2, 3, 3, 3, 4, 4, 4, 4, 4)
_CERTAIN: Final = 7  # times a sampled module: what a module of a known pattern counts
_UNKNOWN: Final = 2
_FIT: Final = 0.7  # of the certain modules of a Data Matrix, while it is taken for flat


def modules(
    frame: NDArray[np.uint8], corners: Sequence[tuple[int, int]], known: Modules
) -> Iterator[Modules]:
    """A symbol's modules, each time better placed; the caller says when to stop.

    `corners` are the symbol's outer corners on the grey frame, clockwise from the top left; `known`
    are its certain modules, from one of the functions below.
    """
    side = len(known)
    samples = side * _FINE
    at_x, at_y = _flat(corners, side)
    trust = np.where(known == _UNKNOWN, 1, _CERTAIN).astype(np.float32)
    trust = np.repeat(np.repeat(trust, _FINE, axis=0), _FINE, axis=1)
    sign = np.float32(0.0)
    for degree in (*_DEGREES, 0):
        picture = cv2.remap(frame, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        seen = _even(picture.astype(np.float32))
        light = _light(seen, side)
        if not sign:
            # Light on dark: what must be dark is light. It is read as its negative.
            sign = np.float32(1.0 if _agreement(light, known) >= 0.5 else -1.0)
        found = (light if sign > 0 else ~light).astype(np.uint8)
        yield found
        if not degree:
            return
        sure = np.where(known == _UNKNOWN, found, known).astype(np.float32)
        drawn = cv2.resize(sure, (samples, samples), interpolation=cv2.INTER_NEAREST)
        drawn = cv2.GaussianBlur(drawn, (0, 0), _FINE * _SOFT, borderType=cv2.BORDER_REPLICATE)
        right, down = _moves(seen * sign, _even(drawn), trust, degree)
        x_down, x_right = np.gradient(at_x)
        y_down, y_right = np.gradient(at_y)
        at_x = (at_x + x_right * right + x_down * down).astype(np.float32)
        at_y = (at_y + y_right * right + y_down * down).astype(np.float32)


def _flat(corners: Sequence[tuple[int, int]], side: int) -> tuple[_Field, _Field]:
    """Where in the frame each sample lies while the code is taken for a plane."""
    ends = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32)
    view = cv2.getPerspectiveTransform(ends, np.array(corners, np.float32))
    places = (np.arange(side * _FINE, dtype=np.float32) + 0.5) / _FINE
    grid = np.stack(np.meshgrid(places, places), -1).reshape(1, -1, 2)
    seen = cv2.perspectiveTransform(grid, view).reshape(len(places), len(places), 2) - 0.5
    return seen[..., 0].astype(np.float32), seen[..., 1].astype(np.float32)


def _even(picture: NDArray[np.float32]) -> _Field:
    """A picture without its shadows: each value less its neighbourhood's, by the contrast there."""
    size, edge = (_AROUND, _AROUND), cv2.BORDER_REPLICATE
    less = picture - cv2.blur(picture, size, borderType=edge)
    contrast = cv2.sqrt(cv2.blur(less * less, size, borderType=edge))
    return np.asarray(less / (contrast + 0.01), dtype=np.float32)


def _moves(seen: _Field, drawn: _Field, trust: _Field, degree: int) -> tuple[_Field, _Field]:
    """How far, in samples, each place must move for what is seen to fit what is drawn."""
    miss = drawn - seen
    mean = (drawn + seen) * 0.5
    across = cv2.Sobel(mean, cv2.CV_32F, 1, 0, scale=1 / 8).ravel()
    along = cv2.Sobel(mean, cv2.CV_32F, 0, 1, scale=1 / 8).ravel()
    weight = (trust / (1.0 + np.abs(miss))).ravel()  # a wrong module counts less
    field = _polynomials(len(seen), degree)
    slopes = np.concatenate([field * across, field * along])
    weighted = slopes * weight
    normal = weighted @ slopes.T
    normal[np.diag_indices_from(normal)] += 1e-3 * np.trace(normal) / len(normal) + 1e-6
    best = np.linalg.solve(normal, weighted @ miss.ravel()).astype(np.float32)
    right, down = best[: len(field)] @ field, best[len(field) :] @ field
    return (
        right.reshape(seen.shape).clip(-_FINE, _FINE),
        down.reshape(seen.shape).clip(-_FINE, _FINE),
    )


@lru_cache(maxsize=16)
def _polynomials(samples: int, degree: int) -> _Field:
    """Legendre polynomials of two variables up to a degree, one row each over all samples."""
    places = (np.arange(samples) + 0.5) / samples * 2 - 1
    one = np.polynomial.legendre.legvander(places, degree)
    rows = [
        np.outer(one[:, y], one[:, x]).ravel()
        for y in range(degree + 1)
        for x in range(degree + 1 - y)
    ]
    return np.asarray(rows, dtype=np.float32)


@lru_cache(maxsize=16)
def qr_patterns(side: int) -> Modules:
    """What every QR code of a side shows: finders, separators, timing, the last alignment pattern."""
    known = np.full((side, side), _UNKNOWN, np.uint8)
    known[6, 8:-8] = known[8:-8, 6] = np.arange(8, side - 8) % 2
    known[:8, :8] = known[:8, -8:] = known[-8:, :8] = 1
    finder = np.zeros((7, 7), np.uint8)
    finder[1:6, 1:6] = 1
    finder[2:5, 2:5] = 0
    known[:7, :7] = known[:7, -7:] = known[-7:, :7] = finder
    if side > 21:
        alignment = np.zeros((5, 5), np.uint8)
        alignment[1:4, 1:4] = 1
        alignment[2, 2] = 0
        known[-9:-4, -9:-4] = alignment
    return known


@lru_cache(maxsize=16)
def datamatrix_patterns(side: int) -> Modules:
    """What every square Data Matrix of one region shows: solid left and bottom, timing opposite."""
    known = np.full((side, side), _UNKNOWN, np.uint8)
    known[0] = np.arange(side) % 2
    known[:, -1] = (np.arange(side) + 1) % 2
    known[:, 0] = known[-1] = 0
    return known


def likely_datamatrix(
    frame: NDArray[np.uint8], corners: Sequence[tuple[int, int]], most: int = 2
) -> list[Modules]:
    """The patterns of the sides that fit best what lies between corners, the best first.

    A decoder that could not read a Data Matrix does not tell how many modules it has; where no side
    fits, there is none.
    """
    fits = []
    for side in range(10, 28, 2):
        at_x, at_y = _flat(corners, side)
        picture = cv2.remap(frame, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        known = datamatrix_patterns(side)
        fit = _agreement(_light(_even(picture.astype(np.float32)), side), known)
        fits.append((max(fit, 1 - fit), side))
    return [
        datamatrix_patterns(side) for fit, side in sorted(fits, reverse=True)[:most] if fit >= _FIT
    ]


def _light(seen: _Field, side: int) -> NDArray[np.bool_]:
    """Which modules are lighter than what surrounds them."""
    inner = seen[1::_FINE, 1::_FINE]
    light = cv2.resize(seen, (side, side), interpolation=cv2.INTER_AREA) + inner > 0
    return np.asarray(light, dtype=np.bool_)


def _agreement(light: NDArray[np.bool_], known: Modules) -> float:
    """The share of certain modules that are as they must be."""
    certain = known != _UNKNOWN
    return float(np.mean(light[certain] == known[certain]))
