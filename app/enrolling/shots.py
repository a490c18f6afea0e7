"""What the line sees, one picture at a time: files, folders, videos, a camera, a stream of pictures.

A stream is pictures back to back: JPEG (as a camera's MJPEG) and PNG, in any order; what lies between
them, as HTTP's multipart has it, is passed over. What is on a picture is left to `look`.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from ledger.errors import Malformed
from scanner.camera import Camera, Picture, fault_of, video
from scanner.frames import MAX_BYTES, Frame, read_file, read_image

STDIN: Final = "-"
PICTURES: Final = (
    ".bmp",
    ".gif",
    ".jpeg",
    ".jpg",
    ".pgm",
    ".png",
    ".ppm",
    ".tif",
    ".tiff",
    ".webp",
)
VIDEOS: Final = (
    ".avi",
    ".m4v",
    ".mjpeg",
    ".mjpg",
    ".mkv",
    ".mov",
    ".mp4",
    ".mpeg",
    ".mpg",
    ".webm",
)
_CHUNK: Final = 1 << 16
_JPEG: Final = b"\xff\xd8\xff"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG_END: Final = b"\xff\xd9"
_PNG_END: Final = b"IEND"
_TAIL: Final = 8  # bytes of a PNG from there on, its checksum's with them
_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7]", re.DOTALL)  # none that a scan itself holds
_LONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})  # JPEG markers without a length
_FAULTY: Final = 10  # broken frames in a row before they are named


class Bytes(Protocol):
    """A stream of bytes that may come slowly, such as standard input."""

    def read(self, size: int, /) -> bytes | None:
        """What is there, at most so many bytes; none at the end."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture that is not looked at yet: a file's path, its bytes, or a frame in colour.

    `stream`: others of the same scene come right before and after. A `notice` is a sentence about the
    source, a `problem` why it gives nothing.
    """

    name: str
    source: Path | bytes | Picture | None = None
    stream: bool = False
    notice: str = ""
    problem: str = ""

    def frame(self) -> Frame:
        """The picture in grey. Raises Malformed when it cannot be opened."""
        if isinstance(self.source, Path):
            return read_file(self.source)
        if isinstance(self.source, bytes):
            return read_image(self.source)
        assert self.source is not None
        return _grey(self.source)


def _grey(picture: Picture) -> Frame:
    blue, green, red = (picture[..., n].astype("uint16") for n in range(3))
    # ITU-R BT.601, as OpenCV has it, in 1/256.
    return ((blue * 29 + green * 150 + red * 77 + 128) >> 8).astype("uint8")


def shots(
    inputs: Iterable[str], *, camera: Camera | None = None, stdin: Bytes | None = None
) -> Generator[Shot]:
    """The pictures of some inputs in their order, then a camera's for as long as they are asked for.

    An input is a picture, a video, a folder of them, or `-` for standard input, None where closed.
    """
    for given in inputs:
        if given == STDIN:
            yield from _standard_input(stdin)
        else:
            yield from _path(Path(given))
    if camera is not None:
        yield from _frames(f"camera {camera.index}", camera.frames())


def _path(path: Path) -> Iterator[Shot]:
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        there = path.exists()
    except (OSError, ValueError) as error:
        yield Shot(str(path), problem=f"{path} cannot be read: {error}")
        return
    if not there:
        yield Shot(str(path), problem=f"{path} is not there")
        return
    if path.is_dir():
        files = [file for file in files if file.suffix.lower() in (*PICTURES, *VIDEOS)]
        if not files:
            yield Shot(str(path), problem=f"{path} holds no picture and no video")
    for file in files:
        if file.suffix.lower() in VIDEOS:
            yield from _frames(str(file), video(file))
        else:
            yield Shot(str(file), file)


def _frames(name: str, frames: Iterable[Picture | str]) -> Iterator[Shot]:
    faulty = 0
    try:
        for one in frames:
            if isinstance(one, str):
                yield Shot(name, stream=True, notice=one)
                continue
            fault = fault_of(one)
            faulty = faulty + 1 if fault else 0
            if faulty == _FAULTY:
                words = f"{name} sends {fault}: uncover it, plug it in again, or take another"
                yield Shot(name, stream=True, notice=words)
            if not fault:
                yield Shot(name, one, stream=True)
    except Malformed as error:
        yield Shot(name, problem=str(error))


def _standard_input(stream: Bytes | None) -> Iterator[Shot]:
    if stream is None:
        yield Shot(STDIN, problem="standard input is closed")
        return
    count = 0
    try:
        for data in pictures(stream):
            count += 1
            name = f"standard input, picture {count}"
            if data is None:
                yield Shot(name, problem=f"{name} has over {MAX_BYTES} bytes, or is cut off")
            else:
                yield Shot(name, data, stream=True)
    except OSError as error:
        yield Shot(STDIN, problem=f"standard input cannot be read: {error.strerror}")
    else:
        if not count:
            yield Shot(STDIN, problem="standard input holds no JPEG and no PNG picture")


def pictures(stream: Bytes, most: int = MAX_BYTES) -> Iterator[bytes | None]:
    """The JPEG and PNG files that stand in a stream; None for one that is too long or cut off.

    Each is handed out as soon as its last byte is there; no more than `most` bytes are kept.
    """
    held, ended, seen = bytearray(), False, 0
    while True:
        if not held.startswith((_JPEG, _PNG)):
            del held[: _start(held)]
            seen = 0
        if held.startswith((_JPEG, _PNG)):
            length = _length(held, seen)
            if 0 < length <= most:
                yield bytes(held[:length])
                del held[:length]
                seen = 0
                continue
            if length < 0 or len(held) > most or ended:
                yield None
                del held[: len(_JPEG)]  # another may begin within what was one
                seen = 0
                continue
            seen = len(held)
        if ended:
            return
        more = stream.read(_CHUNK) or b""
        held += more
        ended = not more


def _length(held: bytearray, seen: int) -> int:
    """As of `_jpeg_end`, `_png_end`: looked for where an end is among the bytes that were not seen before."""
    jpeg = held.startswith(_JPEG)
    if seen and held.find(_JPEG_END if jpeg else _PNG_END, max(0, seen - _TAIL)) < 0:
        return 0
    return _jpeg_end(held) if jpeg else _png_end(held)


def _start(data: bytearray) -> int:
    """Where a picture begins, or may begin once more bytes are there."""
    found = [at for at in (data.find(_JPEG), data.find(_PNG)) if at >= 0]
    if found:
        return min(found)
    return max(0, len(data) - len(_PNG) + 1)


def _jpeg_end(data: bytearray) -> int:
    """A JPEG's length; 0 while its end is not there, -1 where its markers make no sense.

    Segments are stepped over by their lengths, so that a thumbnail's end is not taken for it (ITU-T
    T.81 annex B).
    """
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return -1
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker == 0xD9:
            return at + 2
        elif marker in _LONE:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
            if marker == 0xDA:
                at = _scan_end(data, at)
                if at < 0:
                    return 0
    return at + 2 if data[at : at + 2] == b"\xff\xd9" else 0


def _scan_end(data: bytearray, at: int) -> int:
    """The next marker behind entropy-coded bytes, -1 while it is not there."""
    found = _MARKER.search(data, at)
    return found.start() if found else -1


def _png_end(data: bytearray) -> int:
    """A PNG's length; 0 while its end is not there."""
    at = len(_PNG)
    while at + 12 <= len(data):
        kind, at = data[at + 4 : at + 8], at + 12 + int.from_bytes(data[at : at + 4])
        if kind == _PNG_END:
            return at if at <= len(data) else 0
    return 0
