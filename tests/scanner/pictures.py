"""Labels as a camera sees them: blurred, tilted, dark, noisy, small."""

from __future__ import annotations

import io
from datetime import date

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray
from PIL import Image

from scanner.label import PrintedLabel, render

Picture = NDArray[np.uint8]  # height x width, grey 0..255
LABEL = PrintedLabel("09521101000016", "L/1", date(2028, 1, 31), "A-1%2F")
GS = "\x1d"


def printed(module: int = 8) -> Picture:
    """The label on a grey table."""
    label = np.asarray(render(LABEL, module=module), dtype=np.uint8)
    high, wide = label.shape
    table = np.full((high + 200, wide + 200), 120, np.uint8)
    table[100 : 100 + high, 100 : 100 + wide] = label
    return table


def gs1_datamatrix(elements: str, scale: int = 6) -> Picture:
    """A GS1 DataMatrix of bracketed element strings, FNC1 as the standard has it."""
    barcode = zxingcpp.create_barcode(elements, zxingcpp.DataMatrix, gs1=True, force_square=True)
    return np.array(zxingcpp.write_barcode_to_image(barcode, scale=scale), dtype=np.uint8)


def qr(text: str, scale: int = 6) -> Picture:
    """A QR code of any text."""
    barcode = zxingcpp.create_barcode(text, zxingcpp.QRCode)
    return np.array(zxingcpp.write_barcode_to_image(barcode, scale=scale), dtype=np.uint8)


def blurred(picture: Picture, sigma: float) -> Picture:
    """Out of focus: a Gaussian blur of sigma pixels."""
    return cv2.GaussianBlur(picture, (0, 0), sigma).astype(np.uint8)


def turned(picture: Picture, degrees: float) -> Picture:
    """Turned in the picture's plane."""
    high, wide = picture.shape
    turn = cv2.getRotationMatrix2D((wide / 2, high / 2), degrees, 0.7)
    return cv2.warpAffine(picture, turn, (wide, high), borderValue=120).astype(np.uint8)


def tilted(picture: Picture, share: float) -> Picture:
    """Seen from the side: the right edge shorter by a share of the height."""
    high, wide = picture.shape
    inset = high * share / 2
    seen = np.array(
        [[0, 0], [wide * (1 - share), inset], [wide * (1 - share), high - inset], [0, high]],
        np.float32,
    )
    flat = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    view = cv2.getPerspectiveTransform(flat, seen)
    return cv2.warpPerspective(picture, view, (wide, high), borderValue=120).astype(np.uint8)


def noisy(picture: Picture, sigma: float) -> Picture:
    """A dark room: noise of sigma grey values."""
    noise = np.random.default_rng(1).normal(0, sigma, picture.shape)
    return (picture + noise).clip(0, 255).astype(np.uint8)


def shaded(picture: Picture) -> Picture:
    """Light from one side: full at the left, a quarter at the right."""
    light = np.linspace(1.0, 0.25, picture.shape[1])
    return (picture * light).astype(np.uint8)


def encoded(picture: Picture, kind: str = "PNG") -> bytes:
    """A picture file's bytes."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, kind)
    return out.getvalue()


def curved(picture: Picture, half_angle: float) -> Picture:
    """Round a bottle: the picture's width covers twice this angle (degrees) of the cylinder."""
    high, wide = picture.shape
    reach = np.sin(np.radians(half_angle))
    across = np.linspace(-reach, reach, wide)
    source = (np.degrees(np.arcsin(across)) / half_angle + 1) / 2 * (wide - 1)
    # A camera a little above the bottle sees its rings as arcs.
    sag = (1 - np.cos(np.arcsin(across))) * wide * 0.15
    rows = np.arange(high)[:, None] - sag[None, :]
    columns = np.broadcast_to(source, (high, wide))
    return _taken_from(picture, columns, rows)


def _taken_from(
    picture: Picture, columns: NDArray[np.floating], rows: NDArray[np.floating]
) -> Picture:
    """Each pixel from a place of its own in the picture."""
    return cv2.remap(
        picture, columns.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.uint8)  # fmt: skip


def crumpled(picture: Picture, share: float) -> Picture:
    """On cloth: waves of a share of the width."""
    high, wide = picture.shape
    down, right = np.mgrid[0:high, 0:wide].astype(np.float32)
    columns = right + wide * share * np.sin(down / high * 7)
    rows = down + wide * share * np.sin(right / wide * 6)
    return _taken_from(picture, columns, rows)


def glossy(picture: Picture, strength: float) -> Picture:
    """A lamp's reflection over the middle, of so many grey values."""
    high, wide = picture.shape
    down, right = np.mgrid[0:high, 0:wide]
    lamp = ((right - wide * 0.45) / (wide * 0.2)) ** 2 + ((down - high * 0.5) / (high * 0.2)) ** 2
    return (picture + strength * np.exp(-lamp)).clip(0, 255).astype(np.uint8)


def dim(picture: Picture, light: float) -> Picture:
    """Low light: a share of the light, with the camera's own noise of 2.5 grey values."""
    return noisy((picture * light).astype(np.uint8), 2.5)


def recompressed(picture: Picture, quality: int) -> Picture:
    """As a JPEG of a quality (1 to 95) comes out."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=quality)
    return np.asarray(Image.open(out), dtype=np.uint8)


def smaller(picture: Picture, share: float, across: float | None = None) -> Picture:
    """Farther away, or seen from the side: a share of the size, of the width another."""
    size = (across or share, share)
    made = cv2.resize(picture, None, fx=size[0], fy=size[1], interpolation=cv2.INTER_AREA)
    return np.asarray(made, dtype=np.uint8)


def worn(picture: Picture, share: float) -> Picture:
    """Rubbed off: lines of paper over a share of the picture's height."""
    made = picture.copy()
    every = round(4 / share)
    for row in range(0, len(made), every):
        made[row : row + 4] = 255
    return made
