"""Pictures come from anywhere: each is read, or refused in a sentence; none harms."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ledger.errors import Malformed
from scanner.frames import MAX_BYTES, read_file, read_image
from scanner.symbols import read
from tests.scanner import pictures
from tests.scanner.pictures import LABEL, encoded


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, rows: bytes = b"") -> bytes:
    """A PNG whose header says what it likes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM"])
def test_every_common_format_is_read(kind: str) -> None:
    found = read(read_image(encoded(pictures.printed(), kind)))
    assert [symbol.text for symbol in found] == [LABEL.link]


def test_transparency_is_paper_and_deep_grey_keeps_its_shades() -> None:
    label = pictures.printed()[100:-100, 100:-100]
    clear = Image.new("RGBA", (label.shape[1], label.shape[0]), (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), mask=Image.fromarray(255 - label))
    deep = Image.fromarray(label.astype(np.uint16) * 16)
    for image in (clear, deep):
        out = io.BytesIO()
        image.save(out, "PNG")
        assert [s.text for s in read(read_image(out.getvalue()))] == [LABEL.link]


def test_a_phone_held_sideways_is_turned_upright() -> None:
    image = Image.new("L", (40, 20))
    exif = image.getexif()
    exif[0x0112] = 6  # turn 90 degrees clockwise to see it upright
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    assert read_image(out.getvalue()).shape == (40, 20)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        (b"GIF89a", "not a picture|damaged"),
        (b"%PDF-1.7", "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not a picture"),
        (png(60_000, 60_000), "smaller"),
        (png(20_000, 20_000, bytes(10_000_000)), "smaller"),
        (png(2**31 - 1, 1), "smaller"),
        (png(0, 0), "not a picture|damaged"),
        (png(100, 100), "damaged"),
        (encoded(pictures.printed())[:-3000], "damaged"),
        (bytes(MAX_BYTES + 1), "below"),
    ],
    ids=[
        "nothing", "svg", "gif head", "pdf", "postscript", "bomb", "bomb with data", "one long row",
        "no area", "no pixels", "cut off", "too many bytes",
    ],
)  # fmt: skip
def test_what_is_no_sane_picture_is_refused_in_a_sentence(data: bytes, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        read_image(data)


GOOD = [encoded(pictures.printed(2)[::2, ::2], kind) for kind in ("PNG", "JPEG", "WEBP", "TIFF")]


@given(st.sampled_from(GOOD), st.data())
def test_a_damaged_picture_is_read_or_refused_never_worse(good: bytes, data: st.DataObject) -> None:
    broken = bytearray(good)
    for _ in range(data.draw(st.integers(1, 8))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(broken)))
    with suppress(Malformed):
        frame = read_image(bytes(broken[:end]))
        assert frame.ndim == 2
        read(frame)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(Malformed):
        read_image(data)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match=r"nosuch\.png"):
        read_file(tmp_path / "nosuch.png")
    with pytest.raises(Malformed, match=str(tmp_path)):
        read_file(tmp_path)
