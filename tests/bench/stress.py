"""Our own labels under one stress at a time, from what anyone reads to what nobody does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from tests.bench.decoders import DATAMATRIX, QR
from tests.scanner import pictures
from tests.scanner.pictures import Picture

LABELS: Final = 4  # of each kind at each level, differing in serial number and turn
_MODULE: Final = 5  # pixels of a module where nothing else is said
_GREY: Final = 150


@dataclass(frozen=True)
class Stress:
    """One stress: what its levels count, from easy to hard."""

    name: str
    unit: str
    levels: tuple[float, ...]
    put: Callable[[Picture, float], Picture]
    module: int = _MODULE


@dataclass(frozen=True)
class Case:
    """One picture of the grid, with what it says."""

    stress: Stress
    level: float
    kind: str
    picture: Picture
    text: str


def tilted(picture: Picture, degrees: float) -> Picture:
    """Seen from the side: turned about the upright axis, from two and a half widths away."""
    high, wide = picture.shape
    far, angle = 2.5 * wide, np.radians(degrees)
    corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    across, down = corners[:, 0] - wide / 2, corners[:, 1] - high / 2
    nearer = far / (far + across * np.sin(angle))
    seen = np.stack([across * np.cos(angle) * nearer + wide / 2, down * nearer + high / 2], 1)
    view = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    return cv2.warpPerspective(picture, view, (wide, high), borderValue=_GREY).astype(np.uint8)


GRID: Final = (
    Stress("blur", "σ, pixels", (0.5, 1, 1.5, 2, 2.5, 3, 3.5), pictures.blurred),
    Stress("tilt", "degrees", (10, 25, 40, 50, 60, 65, 70), tilted),
    Stress("curvature", "degrees each side", (20, 35, 50, 60, 65, 70, 75), pictures.curved),
    Stress("noise", "σ, grey values", (10, 25, 40, 55, 70, 85, 100), pictures.noisy),
    Stress("glare", "grey values", (40, 80, 120, 160, 200, 240, 280), pictures.glossy),
    Stress("low light", "share of light", (0.3, 0.15, 0.1, 0.07, 0.05, 0.035, 0.025), pictures.dim),
    Stress("JPEG", "quality", (40, 20, 12, 8, 5, 3, 1), lambda p, q: pictures.recompressed(p, int(q))),
    Stress(
        "size", "pixels a module", (4, 3, 2.5, 2, 1.75, 1.5, 1.25),
        lambda p, level: pictures.smaller(p, level / 8), module=8,
    ),
)  # fmt: skip


def cases() -> Iterator[Case]:
    """All pictures of the grid, the same in every run."""
    for stress in GRID:
        scenes = [scene for number in range(LABELS) for scene in _scenes(number, stress.module)]
        for level in stress.levels:
            for kind, text, scene in scenes:
                yield Case(stress, level, kind, stress.put(scene, level), text)


def _scenes(number: int, module: int) -> Iterator[tuple[str, str, Picture]]:
    """One pack's QR code and its Data Matrix, each on a table, turned by a few degrees."""
    serial = f"SN{number}7K{number * 7919:05}"
    link = f"https://id.gs1.org/01/09521101000016/10/L{number}1/21/{serial}?17=280131"
    turn = (-8.0, 3.0, 14.0, -21.0)[number % 4]
    yield QR, link, _on_a_table(pictures.qr(link, module), turn)
    elements = f"(01)09521101000016(21){serial}(10)L{number}1(17)280131"
    plain = f"010952110100001621{serial}\x1d10L{number}1\x1d17280131"
    yield DATAMATRIX, plain, _on_a_table(pictures.gs1_datamatrix(elements, module), turn)


def _on_a_table(code: Picture, turn: float) -> Picture:
    around = max(code.shape) // 2
    paper = cv2.copyMakeBorder(code, 16, 16, 16, 16, cv2.BORDER_CONSTANT, value=255)
    table = cv2.copyMakeBorder(paper, *[around] * 4, cv2.BORDER_CONSTANT, value=_GREY)
    high, wide = table.shape
    turned = cv2.getRotationMatrix2D((wide / 2, high / 2), turn, 1.0)
    made = cv2.warpAffine(table, turned, (wide, high), borderValue=_GREY)
    return np.asarray(made, dtype=np.uint8)
