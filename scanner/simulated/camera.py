"""SIMULATED: how a camera sees a printed label. Not evidence about real cameras.

Optics, tilt, curl, uneven light, noise, the smoothing and sharpening of a phone, and JPEG; each
camera has its own. The same seed gives the same frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from scanner.frames import Frame
from scanner.simulated.paper import PX_PER_MM, Raster


@dataclass(frozen=True, slots=True)
class Camera:
    """Lengths are pixels of the frame unless they say otherwise."""

    px_per_mm: float
    blur: float = 0.7  # of lens and sensor, standard deviation
    defocus: float = 0.0  # radius of a point's disc
    motion: float = 0.0  # length
    noise: float = 2.0  # grey levels
    smooth: float = 0.0  # share of a median of 3 by 3
    sharpen: float = 0.0  # of the difference to a blur by 1.5
    jpeg: int = 0  # quality; 0 is lossless
    tilt: float = 8.0  # degrees, most
    turn: float = 6.0
    light: float = 0.85  # the paper's, of the sensor's full range
    uneven: float = 0.2
    gamma: float = 0.8


STATION: Final = Camera(35.0, blur=0.7, noise=1.5, tilt=4.0, turn=3.0, uneven=0.1)
PHONE: Final = Camera(18.0, blur=0.75, noise=3.0, smooth=0.4, sharpen=0.8, jpeg=90)
WEBCAM: Final = Camera(14.0, blur=0.9, noise=4.0, smooth=0.2, sharpen=0.4, jpeg=85, gamma=0.7)


def shot(label: Raster, camera: Camera, seed: int) -> Frame:
    """One frame of a label; every seed another hand and other noise."""
    rng = np.random.default_rng([seed, 4])
    scale = camera.px_per_mm / PX_PER_MM
    # Only what the pixels will hold is kept, so that no raster is aliased into the frame.
    soft = cv2.GaussianBlur(label, (0, 0), np.hypot(camera.blur, 0.3) / scale)
    side = round(max(label.shape) * scale * 1.12)
    view = _view(label.shape, scale, side, camera, rng)
    at_x, at_y = _curled(view, side, label.shape[0], rng)
    frame = cv2.remap(soft, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    frame = _blurred(frame, camera, rng)
    frame = frame * _lit(side, camera, rng)
    frame = 255 * np.clip(frame, 0, 1) ** camera.gamma
    frame += rng.normal(0, camera.noise, frame.shape) * np.sqrt(0.3 + frame / 255)
    return _processed(np.clip(frame, 0, 255).astype(np.float32), camera)


def _view(
    shape: tuple[int, ...], scale: float, side: int, camera: Camera, rng: np.random.Generator
) -> np.ndarray:
    """From the frame's places to the label's: turned, tilted, a little off the middle."""
    high, wide = shape[0], shape[1]
    turn = np.radians(rng.uniform(-camera.turn, camera.turn))
    across, down = np.radians(rng.uniform(-camera.tilt, camera.tilt, 2))
    ends = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float64)
    x, y = ((ends - [wide / 2, high / 2]) * scale).T
    x, y = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    depth = (x * np.sin(across) + y * np.sin(down)) / (6 * side) + 1  # the lens is six sides away
    x, y = x * np.cos(across) / depth, y * np.cos(down) / depth
    seen = np.stack([x, y], 1) + side / 2 + rng.uniform(-0.03, 0.03, 2) * side
    return np.asarray(cv2.getPerspectiveTransform(seen.astype(np.float32), ends.astype(np.float32)))


def _curled(
    view: np.ndarray, side: int, size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(1, -1, 2)
    at = cv2.perspectiveTransform(grid.astype(np.float64), view)[0].reshape(side, side, 2)
    u, v = (at[..., k] / size * 2 - 1 for k in (0, 1))
    bend = rng.uniform(-0.004, 0.004, 6) * size
    at[..., 0] += bend[0] * u * u + bend[1] * v * v + bend[2] * u * v
    at[..., 1] += bend[3] * u * u + bend[4] * v * v + bend[5] * u * v
    return at[..., 0].astype(np.float32), at[..., 1].astype(np.float32)


def _blurred(frame: np.ndarray, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    if camera.defocus:
        reach = int(camera.defocus) + 2
        y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        disc = np.clip(camera.defocus + 0.5 - np.hypot(x, y), 0, 1)
        frame = cv2.filter2D(frame, -1, disc / disc.sum())
    if camera.motion:
        size = int(camera.motion) | 1
        line = np.zeros((size, size), np.float32)
        way = rng.uniform(0, np.pi)
        end = np.array([np.cos(way), np.sin(way)]) * camera.motion / 2
        middle = np.array([size // 2, size // 2])
        cv2.line(
            line, np.round(middle - end).astype(int).tolist(),
            np.round(middle + end).astype(int).tolist(), 1.0, 1, cv2.LINE_AA,
        )  # fmt: skip
        frame = cv2.filter2D(frame, -1, line / line.sum())
    return frame


def _lit(side: int, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    across, down = rng.uniform(-camera.uneven, camera.uneven, 2) / 2
    place = np.linspace(-1, 1, side)
    return np.asarray(camera.light * (1 + across * place[None, :] + down * place[:, None]))


def _processed(frame: np.ndarray, camera: Camera) -> Frame:
    if camera.smooth:
        frame = frame + camera.smooth * (cv2.medianBlur(frame, 3) - frame)
    if camera.sharpen:
        frame = frame + camera.sharpen * (frame - cv2.GaussianBlur(frame, (0, 0), 1.5))
    grey = np.clip(np.round(frame), 0, 255).astype(np.uint8)
    if camera.jpeg:
        _, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, camera.jpeg])
        grey = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
    return grey
