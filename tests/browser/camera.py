"""Films for Chromium's fake camera: our own labels on a counter, held by a hand that is never still.

A film is Motion JPEG as the browser reads it: frames of 1280 x 720 one after the other, 30 a second,
from the beginning again when they end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, BrowserType

from tests.browser.conftest import launch

WIDE, HIGH = 1280, 720
RATE: Final = 30  # frames a second
QUALITY: Final = 85
Picture = NDArray[np.uint8]


def counter(seed: int = 0) -> Picture:
    """An empty counter: uneven light on a dull surface."""
    random = np.random.default_rng(seed)
    coarse = random.normal(0, 18, (9, 16, 1)) + random.normal(0, 4, (9, 16, 3)) + (120, 130, 140)
    return cv2.resize(coarse, (WIDE, HIGH), interpolation=cv2.INTER_CUBIC).clip(0, 255)


def pack(label: Image.Image, *, torn: bool = False) -> Picture:
    """The face of a pack that bears a label; a torn one has lost half of its code."""
    paper = cv2.cvtColor(np.asarray(label.convert("L")), cv2.COLOR_GRAY2BGR)
    high, wide = paper.shape[:2]
    if torn:
        edge = [(0, 0), (wide, 0), (wide, high // 3), (high // 2, high // 2), (high // 3, high),
                (0, high)]  # fmt: skip
        cv2.fillPoly(paper, [np.array(edge)], (96, 132, 168))
    face = np.full((high + high // 2, wide + high // 3, 3), (196, 214, 150), np.uint8)
    face[high // 4 : high // 4 + high, high // 6 : high // 6 + wide] = paper
    return face


def film(face: Picture | None, frames: int, *, seed: int = 1, wide: float = 620) -> Iterator[bytes]:
    """JPEG frames of a pack that is moved and tilted before the camera, or of the counter alone.

    Each comes twice: the pack moves 15 times a second. `wide` is the face's mean width in pixels.
    """
    random = np.random.default_rng(seed)
    grain = random.normal(0, 5, (4, HIGH, WIDE, 1))
    behind = counter(seed)
    for number in range(frames // 2):
        shot = behind.copy()
        if face is not None:
            turn = 4 * np.pi * number / max(frames, 60)
            shot = _held(shot, face, turn, wide * (1 + 0.06 * np.sin(2 * turn)))
            shot = cv2.GaussianBlur(shot, (0, 0), 0.7 + 0.4 * np.sin(3 * turn) ** 2)
        data = jpeg((shot + grain[number % len(grain)]).clip(0, 255).astype(np.uint8))
        yield from (data, data)


def _held(shot: Picture, face: Picture, turn: float, wide: float) -> Picture:
    """A face in the frame, seen a little from the side."""
    high = wide * face.shape[0] / face.shape[1]
    corners = np.array([(-wide, -high, 0), (wide, -high, 0), (wide, high, 0), (-wide, high, 0)]) / 2
    tilt = 0.35 * np.array([np.sin(turn), np.cos(turn), 0.45 * np.sin(turn + 1)])
    matrix, _ = cv2.Rodrigues(tilt)
    x, y, z = (corners @ matrix.T).T
    away = 1600.0  # pixels from the lens
    middle = np.array([WIDE / 2 + 40 * np.sin(turn + 2), HIGH / 2 + 24 * np.sin(2 * turn)])
    seen = np.stack([x, y], axis=1) * (away / (away + z))[:, None] + middle
    size = face.shape[1], face.shape[0]
    flat = np.array([(0, 0), (size[0], 0), size, (0, size[1])], np.float32)
    warp = cv2.getPerspectiveTransform(flat, seen.astype(np.float32))
    placed = cv2.warpPerspective(face, warp, (WIDE, HIGH), flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.ones(face.shape[:2], np.float32), warp, (WIDE, HIGH))
    return shot * (1 - mask[..., None]) + placed * mask[..., None]


def jpeg(shot: Picture) -> bytes:
    """A frame as a cheap camera sends it."""
    done, data = cv2.imencode(".jpg", shot, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert done
    return data.tobytes()


def write_film(path: Path, frames: Iterable[bytes]) -> Path:
    """Write a film that `seen_by` can show."""
    path.write_bytes(b"".join(frames))
    return path


@contextmanager
def seen_by(chromium: BrowserType, film_file: Path | None, *flags: str) -> Iterator[Browser]:
    """A Chromium whose camera shows a film (None: it has no camera), and whose user allows its use."""
    camera = []
    if film_file is not None:
        camera = ["--use-fake-device-for-media-stream",
                  f"--use-file-for-fake-video-capture={film_file}"]  # fmt: skip
    browser = launch(chromium, "--use-fake-ui-for-media-stream", *camera, *flags)
    yield browser
    browser.close()
