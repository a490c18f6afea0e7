"""Pictures as frames: files or uploads become arrays of grey values, or are refused.

A picture comes from anywhere: its size is judged by its header before a pixel is decoded. What is
on it is left to `symbols`.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ledger.errors import Malformed

Frame: TypeAlias = NDArray[np.uint8]  # height x width, grey 0..255

MAX_BYTES: Final = 20 * 1024 * 1024
MAX_PIXELS: Final = 50_000_000
_FORMATS: Final = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")


def read_image(data: bytes) -> Frame:
    """A picture file's bytes as a grey frame, turned upright as its EXIF data says.

    Raises Malformed for what is no picture, is damaged, or is larger than 20 MB or 50 megapixels.
    """
    if len(data) > MAX_BYTES:
        raise Malformed(f"the picture has {len(data)} bytes; take one below {MAX_BYTES}")
    try:
        with warnings.catch_warnings():
            # Pillow only warns of a picture twice as large as it likes; the limit here is our own.
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise Malformed(f"the picture has {width} x {height} pixels; take a smaller one")
            upright = ImageOps.exif_transpose(image)
            return _grey(upright)
    except UnidentifiedImageError as error:
        raise Malformed(
            "this is not a picture; send a PNG, JPEG, WebP, TIFF, GIF or BMP"
        ) from error
    except Image.DecompressionBombError as error:
        raise Malformed("the picture has far too many pixels; take a smaller one") from error
    except (
        OSError, EOFError, ValueError, TypeError, SyntaxError, struct.error, zlib.error, KeyError,
        IndexError, OverflowError, MemoryError, AttributeError, NotImplementedError,
    ) as error:  # fmt: skip
        raise Malformed(f"the picture is damaged or cut off: {error}") from error


def _grey(image: Image.Image) -> Frame:
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        # Pillow would clip deep greys to white instead of scaling them.
        deep = np.asarray(image, dtype=np.float64)
        top = float(deep.max(initial=1.0))
        return (deep * (255.0 / max(top, 1.0))).clip(0, 255).astype(np.uint8)
    if "A" in image.getbands() or "transparency" in image.info:
        # What is transparent is paper, not ink.
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image)
    return np.asarray(image.convert("L"), dtype=np.uint8)


def read_file(path: Path) -> Frame:
    """A picture file as a grey frame. Raises Malformed, also when it cannot be opened."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Malformed(f"{path} is over {MAX_BYTES} bytes; take a smaller picture")
        data = path.read_bytes()
    except OSError as error:
        raise Malformed(f"{path} cannot be read: {error.strerror}") from error
    return read_image(data)
