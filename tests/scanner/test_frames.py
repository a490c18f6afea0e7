"""Pictures come from anywhere: each is read, or refused in a sentence; none harms."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from ledger.errors import Malformed
from scanner.frames import MAX_BYTES, _waits_for_all, read_file, read_image
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


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_phone_held_anyhow_is_turned_upright(kind: str, orientation: int) -> None:
    """As Pillow turns it, whose own way keeps a second copy of the picture."""
    shape = Image.new("L", (64, 32), 255)
    shape.paste(0, (0, 0, 16, 8))
    exif = shape.getexif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    shape.save(out, kind, exif=exif)
    frame = read_image(out.getvalue())
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(out.getvalue()))))
    assert frame.shape == upright.shape[:2]
    assert np.abs(frame - upright.reshape(*frame.shape, -1)[..., 0].astype(int)).max() < 40


def file(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def large(megapixels: float, mode: str = "L") -> Image.Image:
    """A photograph of a table with a code on it."""
    side = int((megapixels * 1e6) ** 0.5)
    table = np.full((side, side), 150, np.uint8)
    code = pictures.qr(LABEL.link, 12)
    table[side // 2 : side // 2 + len(code), side // 2 : side // 2 + len(code)] = code
    return Image.fromarray(table).convert(mode)


LARGE = {
    "jpeg of 49 megapixels": lambda: file(large(49, "RGB"), "JPEG"),
    "progressive jpeg": lambda: file(large(20, "RGB"), "JPEG", progressive=True, subsampling=0),
    "jpeg for print": lambda: file(large(30, "CMYK"), "JPEG"),
    "colour": lambda: file(large(24, "RGB"), "PNG", compress_level=1),
    "transparent": lambda: file(large(24, "RGBA"), "PNG", compress_level=1),
    "grey": lambda: file(large(49), "PNG", compress_level=1),
    "deep": lambda: file(
        Image.fromarray(np.asarray(large(20)).astype(np.uint16) * 256), "PNG", compress_level=1
    ),
    "webp": lambda: file(large(7, "RGB"), "WEBP", quality=50, method=0),
    "tiff": lambda: file(large(12, "CMYK"), "TIFF", compression="tiff_lzw"),
}
READ_AND_WEIGH = """
import sys
from scanner import frames, symbols
found = symbols.read(frames.read_image(sys.stdin.buffer.read()), budget_s=60.0)
print(*(symbol.text for symbol in found))
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.parametrize("made", LARGE.values(), ids=LARGE)
def test_a_large_picture_is_read_within_300_mib(made: Callable[[], bytes]) -> None:
    """The whole program, its libraries included, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", READ_AND_WEIGH], input=made(), capture_output=True, check=True
    )
    text, kib = done.stdout.decode().splitlines()
    assert text == LABEL.link
    assert int(kib) < 300 * 1024


def test_what_would_take_too_much_memory_is_refused_with_what_to_do() -> None:
    colour = Image.new("RGB", (7000, 7000), "white")
    for data in (
        file(colour, "PNG", compress_level=1),
        file(colour, "JPEG", progressive=True, subsampling=0),
        file(Image.new("RGB", (4000, 3000)), "WEBP", quality=10, method=0),
    ):
        with pytest.raises(Malformed, match="MiB to decode; take a smaller one"):
            read_image(data)


def tiled(side: int, tile: int) -> bytes:
    """A TIFF of one compressed tile, with the sizes that its header claims."""
    fields = {
        256: side, 257: side, 258: 8, 259: 5, 262: 1, 277: 1, 322: tile, 323: tile, 324: 200, 325: 99,
    }  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields.items())
    return b"II*\0" + struct.pack("<IH", 8, len(fields)) + entries + bytes(400)


def test_a_tile_larger_than_its_picture_is_refused() -> None:
    with pytest.raises(Malformed, match="MiB to decode; take a smaller one"):
        read_image(tiled(64, 20_000))
    with pytest.raises(Malformed, match="damaged"):
        read_image(tiled(64, 64))


def test_a_jpeg_in_several_scans_is_known_by_its_header() -> None:
    """Its coefficients are all kept while it is decoded; a baseline JPEG's are not."""
    grey, colour = Image.new("L", (64, 64), 9), Image.new("RGB", (64, 64), "red")
    for image in (grey, colour):
        assert not _waits_for_all(file(image, "JPEG"))
        assert _waits_for_all(file(image, "JPEG", progressive=True))
    separate = bytearray(file(colour, "JPEG"))
    separate[separate.index(b"\xff\xda") + 4] = 1
    assert _waits_for_all(bytes(separate))
    assert _waits_for_all(b"\xff\xd8\xff")


@given(st.binary(max_size=200))
def test_the_header_of_any_jpeg_is_walked_to_its_end(data: bytes) -> None:
    assert _waits_for_all(b"\xff\xd8" + data) in (True, False)


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
        (png(70_000, 20, bytes(1_400_020)), "smaller"),
        (png(0, 0), "not a picture|damaged"),
        (png(100, 100), "damaged"),
        (encoded(pictures.printed())[:-3000], "damaged"),
        (bytes(MAX_BYTES + 1), "below"),
    ],
    ids=[
        "nothing", "svg", "gif head", "pdf", "postscript", "bomb", "bomb with data", "one long row", "long and thin",
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
