"""Pictures as frames: files or uploads become arrays of grey values, or are refused.

A picture comes from anywhere: its size, and the memory that decoding it takes, are judged by its
header before a pixel is decoded. What is on it is left to `symbols`.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ledger.errors import Malformed

Frame: TypeAlias = NDArray[np.uint8]  # height x width, grey 0..255

MAX_BYTES: Final = 20 * 1024 * 1024
MAX_PIXELS: Final = 50_000_000
MAX_SIDE: Final = 65_535  # pixels: no decoder takes a longer one
# Bytes that decoding may take beside the file and the program itself: a picture of 25 megapixels in
# colour, 50 in grey. With them a node stays under 300 MiB.
MAX_DECODED: Final = 128 * 1024 * 1024
_FORMATS: Final = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
_ENOUGH: Final = 16_800_000  # pixels: a JPEG is decoded at a half, quarter or eighth above this
_STRIP: Final = 256  # rows that are turned into grey at a time
_DEEP: Final = ("I", "F")
_UPRIGHT: Final = 0x0112  # EXIF's Orientation
_TURNS: Final[dict[int, Callable[[Frame], Frame]]] = {
    2: lambda frame: frame[:, ::-1],
    3: lambda frame: frame[::-1, ::-1],
    4: lambda frame: frame[::-1],
    5: lambda frame: frame.T,
    6: lambda frame: frame.T[:, ::-1],
    7: lambda frame: frame.T[::-1, ::-1],
    8: lambda frame: frame.T[::-1],
}


def read_image(data: bytes, most: int = MAX_PIXELS) -> Frame:
    """A picture file's bytes as a grey frame, turned upright as its EXIF data says.

    `most` are the pixels that it may have; its header is asked before anything is decoded.
    A JPEG above 16 megapixels comes at a half, quarter or eighth of its size. Raises Malformed for
    what is no picture, is damaged, is larger than 20 MB or `most` pixels, or takes more than 128 MiB
    to decode.
    """
    if len(data) > MAX_BYTES:
        raise Malformed(f"the picture has {len(data)} bytes; take one below {MAX_BYTES}")
    try:
        with warnings.catch_warnings():
            # Pillow only warns of a picture twice as large as it likes; the limit here is our own.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                _bound(image, data, most)
                image.load()
                turn = _TURNS.get(image.getexif().get(_UPRIGHT, 1))
                frame = _grey(image)
        return np.ascontiguousarray(turn(frame)) if turn else frame
    except UnidentifiedImageError as error:
        raise Malformed(
            "this is not a picture; send a PNG, JPEG, WebP, TIFF, GIF or BMP"
        ) from error
    except Image.DecompressionBombError as error:
        raise Malformed("the picture has far too many pixels; take a smaller one") from error
    # What Pillow's readers of these formats raise on damaged bytes, each seen on changed pictures or
    # named in their code: cut off or refused by a codec (OSError, EOFError, ValueError, SyntaxError,
    # zlib.error), fields that are missing or of another kind (struct.error, TypeError, KeyError,
    # IndexError, AttributeError, OverflowError), a mode without a decoder (NotImplementedError), and
    # a size that the system has no memory for.
    except (
        OSError, EOFError, ValueError, TypeError, SyntaxError, struct.error, zlib.error, KeyError,
        IndexError, OverflowError, MemoryError, AttributeError, NotImplementedError,
    ) as error:  # fmt: skip
        raise Malformed(f"the picture is damaged or cut off: {error}") from error


def _bound(image: Image.Image, data: bytes, most: int) -> None:
    """Refuse what would take too much memory; let a large JPEG be decoded in grey and smaller."""
    width, height = image.size
    pixels = width * height
    if pixels > most or max(width, height) > MAX_SIDE:
        raise Malformed(f"the picture has {width} x {height} pixels; take a smaller one")
    needed = 0.0
    if image.format in ("JPEG", "MPO"):
        if _waits_for_all(data):
            needed = 2.0 * pixels * _samples(image)
        scale = next(s for s in (1, 2, 4, 8) if pixels <= _ENOUGH * s * s)
        image.draft("L", (max(1, width // scale), max(1, height // scale)))
    elif image.format == "WEBP":
        needed = 12.0 * pixels  # its reader keeps two canvases and hands over a third
    elif image.format == "TIFF":
        tags: Any = getattr(image, "tag_v2", {})
        # Turned while it is loaded; and a tile may be declared larger than the picture.
        needed = 4.0 * pixels + 4.0 * tags.get(322, 0) * tags.get(323, 0)
    kept = image.size[0] * image.size[1]
    needed += kept * (_bytes_per_pixel(image.mode) + 1)
    if needed > MAX_DECODED:
        raise Malformed(
            f"the picture has {width} x {height} pixels, which take {needed / 2**20:.0f} MiB to "
            "decode; take a smaller one, or send it as a plain JPEG"
        )


def _bytes_per_pixel(mode: str) -> int:
    """What Pillow keeps of a pixel: four bytes for all but grey and palettes."""
    if mode in ("1", "L", "P"):
        return 1
    return 2 if mode.startswith("I;16") else 4


def _samples(image: Image.Image) -> float:
    """Colour samples a pixel of a JPEG: 3 for 4:4:4, 1.5 for 4:2:0."""
    layers: list[tuple[int, int, int, int]] = getattr(image, "layer", [])
    areas = [across * along for _, across, along, _ in layers]
    most = max((across for _, across, _, _ in layers), default=1)
    tallest = max((along for _, _, along, _ in layers), default=1)
    return sum(areas) / (most * tallest) if areas and most * tallest else 4.0


def _waits_for_all(data: bytes) -> bool:
    """Whether a JPEG comes in several scans, so that all its coefficients are kept in memory.

    Progressive ones do, and those whose first scan has not all components (ITU-T T.81 section B.2).
    """
    components = 0
    for marker, start in _segments(data):
        if marker == 0xDA:
            return start >= len(data) or data[start] < components
        if marker in (0xC2, 0xC6, 0xCA, 0xCE):
            return True
        if marker in (0xC0, 0xC1, 0xC3, 0xC5, 0xC7, 0xC9, 0xCB, 0xCD, 0xCF):
            components = data[start + 5] if start + 5 < len(data) else 255
    return True


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """The markers of a JPEG's header, each with where its content starts."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            at += 1  # stray bytes between segments, which decoders pass over
        elif data[at + 1] in (0x00, 0x01, 0xFF, *range(0xD0, 0xD9)):
            at += 1 if data[at + 1] == 0xFF else 2
        else:
            yield data[at + 1], at + 4
            at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4]))


def _grey(image: Image.Image) -> Frame:
    """A loaded picture as grey values, strip by strip: no second copy of it is made."""
    width, height = image.size
    frame = np.empty((height, width), np.uint8)
    deep = image.mode.startswith("I;16") or image.mode in _DEEP
    top = 1.0
    for _, strip in _strips(image) if deep else ():
        top = max(top, float(_finite(strip).max(initial=1.0)))
    clear = "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info
    for row, strip in _strips(image):
        rows = slice(row, row + strip.height)
        if deep:
            # Pillow would clip deep greys to white instead of scaling them.
            frame[rows] = (_finite(strip) * (255.0 / top)).clip(0, 255)
        elif clear:
            # What is transparent is paper, not ink.
            strip = strip.convert("RGBA")
            ink = 255 - np.asarray(strip.convert("L"), dtype=np.uint16)
            frame[rows] = 255 - ink * np.asarray(strip.getchannel("A")) // 255
        else:
            frame[rows] = np.asarray(strip.convert("L"))
    return frame


def _strips(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    width, height = image.size
    for row in range(0, height, _STRIP):
        yield row, image.crop((0, row, width, min(height, row + _STRIP)))


def _finite(strip: Image.Image) -> NDArray[np.float64]:
    return np.nan_to_num(np.asarray(strip, dtype=np.float64), posinf=0.0, neginf=0.0)


def read_file(path: Path) -> Frame:
    """A picture file as a grey frame. Raises Malformed, also when it cannot be opened.

    A folder, pipe or device is refused unopened: the system says nothing of its size, it may never
    end, and opening it may wait for ever.
    """
    try:
        if path.exists() and not path.is_file():
            raise Malformed(f"{path} is no file: give a picture's file, or - for standard input")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)  # its length may be told wrong, as under /proc
    except OSError as error:
        raise Malformed(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise Malformed(f"no file can have this name: {path}") from error
    if len(data) > MAX_BYTES:
        raise Malformed(f"{path} is over {MAX_BYTES} bytes; take a smaller picture")
    return read_image(data)
