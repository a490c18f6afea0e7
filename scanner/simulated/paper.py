"""SIMULATED: labels printed on paper, worn, and copied. Not evidence about real paper.

What is simulated: ink that spreads, edges that fibres make ragged, mottle, satellites of toner,
scratches, abrasion and dirt; a copy printed from the perfect design, one that follows the contours of
a faultless scan. What is not: a given printer, ink or paper; moisture, light, folding. The same seed
gives the same label. How a camera sees it is left to `camera`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.fingerprint.design import Modules

Raster: TypeAlias = NDArray[np.float32]  # reflectance or coverage, 0 to 1, PX_PER_MM

DOTS: Final = 10  # of 600 an inch, a module's side
FINE: Final = 3  # samples a dot
MODULE: Final = DOTS * FINE  # samples a module
MODULE_MM: Final = 25.4 / 60
PX_PER_MM: Final = MODULE / MODULE_MM  # 70.9
QUIET: Final = 4  # modules of paper round the code
PAPER, INK = 0.86, 0.07  # reflectance


@dataclass(frozen=True, slots=True)
class Printer:
    """What becomes of dots: micrometres, and shares of the reflectance."""

    spread: float = 14.0  # of ink in paper, standard deviation
    rough: float = 6.0  # edge noise, root of the mean square
    gain: float = 4.0  # that each edge grows
    mottle: float = 0.035
    fibres: float = 0.025
    satellites: int = 500


OFFICE: Final = Printer()
PLATE: Final = Printer(spread=7.0, rough=3.0, gain=1.0, satellites=60)  # the best that a forger has


def dots(modules: Modules) -> Raster:
    """A design's dots, 1 is ink, with its quiet zone, at the simulator's own fineness."""
    ink = np.pad(modules, QUIET).astype(np.float32)
    return ink.repeat(MODULE, 0).repeat(MODULE, 1)


def _noise(rng: np.random.Generator, shape: tuple[int, int], length_um: float) -> Raster:
    """Even noise of deviation 1 that is alike within a length."""
    sigma = max(0.3, length_um / 1000 * PX_PER_MM)
    shrink = max(1, int(sigma / 2))
    size = (shape[0] // shrink + 8, shape[1] // shrink + 8)
    coarse = rng.standard_normal(size, dtype=np.float32)
    coarse = cv2.GaussianBlur(coarse, (0, 0), sigma / shrink)
    coarse /= coarse.std()
    if shrink > 1:
        coarse = cv2.resize(coarse, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_CUBIC)
    return np.asarray(coarse[4 : 4 + shape[0], 4 : 4 + shape[1]], np.float32)


def coverage(ink: Raster, printer: Printer, seed: int) -> Raster:
    """Where the ink is, 0 to 1, when dots (or a replay's finer ones) are printed once."""
    rng = np.random.default_rng([seed, 1])
    px = PX_PER_MM / 1000  # samples a micrometre
    sigma = printer.spread * px
    level = cv2.GaussianBlur(ink, (0, 0), sigma)
    slope = 1 / (np.hypot(sigma, 0.4) * np.sqrt(2 * np.pi))  # of a straight edge's level
    ragged = _noise(rng, ink.shape, 25) + _noise(rng, ink.shape, 60)
    moved = (printer.gain + printer.rough / np.sqrt(2) * ragged) * px * slope
    # Far from an edge no noise makes ink.
    near = np.clip(4 * level * (1 - level) * 4, 0, 1)
    edge = (level - 0.5 + moved * near) / slope
    return np.asarray(np.clip(edge + 0.5, 0, 1), np.float32)


def printed(ink: Raster, seed: int, printer: Printer = OFFICE) -> Raster:
    """A print's reflectance: every seed another piece of paper."""
    rng = np.random.default_rng([seed, 2])
    covered = coverage(ink, printer, seed)
    shape = (ink.shape[0], ink.shape[1])
    covered = _satellites(covered, printer.satellites, rng)
    solid = 1 - printer.mottle * 3 * np.abs(_noise(rng, shape, 40)) * covered
    fibres = cv2.GaussianBlur(_noise(rng, shape, 12), (0, 0), 6, sigmaY=0.8)
    fibres += cv2.GaussianBlur(_noise(rng, shape, 12), (0, 0), 0.8, sigmaY=6)
    paper = PAPER + printer.fibres * (fibres / fibres.std() + _noise(rng, shape, 250)) / 1.4
    return np.asarray(paper - (paper - INK) * covered * solid, np.float32)


def _satellites(covered: Raster, count: int, rng: np.random.Generator) -> Raster:
    """Specks of toner about the edges."""
    near = cv2.GaussianBlur(covered, (0, 0), 6)
    places = np.argwhere((near > 0.05) & (near < 0.95) & (covered < 0.1))
    if not len(places):
        return covered
    specks = covered.copy()
    for y, x in places[rng.integers(0, len(places), count)]:
        radius = float(rng.uniform(0.5, 1.3))
        cv2.circle(specks, (int(x), int(y)), round(radius), float(rng.uniform(0.4, 1.0)), -1)
    return specks


def worn(label: Raster, seed: int, much: float = 1.0) -> Raster:
    """A label after its way: scratches, rubbed ink, smears."""
    rng = np.random.default_rng([seed, 3])
    side = label.shape[0]
    out = label.copy()
    scratch = np.zeros_like(label)
    for _ in range(round(10 * much)):
        start, end = rng.integers(0, side, 2), rng.integers(0, side, 2)
        cv2.line(
            scratch, start.tolist(), end.tolist(), float(rng.uniform(0.2, 0.7)),
            int(rng.integers(1, 5)), cv2.LINE_AA,
        )  # fmt: skip
    shape = (side, label.shape[1])
    rubbed = np.clip(_noise(rng, shape, 1500) - 0.6, 0, 1) * 0.35 * much
    pores = np.clip(_noise(rng, shape, 30), 0, 1)
    gone = np.clip(scratch + rubbed * pores, 0, 1)
    out += (PAPER - out) * gone * (out < 0.5)
    dirt = np.clip(_noise(rng, shape, 900) - 1.2, 0, 1) * 0.25 * much
    return np.asarray(out * (1 - dirt), np.float32)


def scanned(label: Raster, dpi: int) -> Raster:
    """What a faultless flat scanner of a resolution gives, at the simulator's own fineness."""
    dot = PX_PER_MM * 25.4 / dpi
    return np.asarray(cv2.GaussianBlur(label, (0, 0), max(0.3, 0.5 * dot)), np.float32)


def as_dots(field: Raster, dpi: int) -> Raster:
    """A field of levels as a printer's dots, each all ink or none, at the simulator's fineness."""
    dot = PX_PER_MM * 25.4 / dpi
    size = (round(field.shape[1] / dot), round(field.shape[0] / dot))
    grid = cv2.resize(field, size, interpolation=cv2.INTER_AREA if dot > 1 else cv2.INTER_LINEAR)
    grid = (grid > 0.5).astype(np.float32)
    shape = (field.shape[1], field.shape[0])
    way = cv2.INTER_NEAREST if dot > 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(grid, shape, interpolation=way), np.float32)


def replayed(label: Raster, dpi: int, seed: int, printer: Printer = PLATE) -> Raster:
    """A copy that follows the contours of a scan, printed at `dpi` by a forger's printer."""
    ink = (PAPER - scanned(label, max(dpi, 1200))) / (PAPER - INK)
    return printed(as_dots(np.asarray(ink, np.float32), dpi), seed, printer)
