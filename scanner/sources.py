"""Where readings come from, behind one door: cameras, videos, pictures, folders, lines, typed text.

Each gives sightings; what a sighting says is left to `session`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np

from ledger.errors import Malformed
from scanner.camera import Camera, Picture, fault_of, video
from scanner.faults import CAMERA, TYPED, WEDGE
from scanner.frames import MAX_BYTES, Frame, read_file, read_image
from scanner.splits import GS

STDIN: Final = "-"
_SUFFIXES: Final = b"\r\n\t"  # what a wedge scanner sends behind a code: Enter or Tab
_LINE: Final = 8192  # bytes: the largest symbols hold less
_HEAD: Final = 12  # bytes that tell a picture from text
_FAULTY: Final = 10  # broken frames in a row before they are named
_PICTURES: Final = (
    b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"P1\n", b"P2\n", b"P3\n",
    b"P4\n", b"P5\n", b"P6\n",
)  # fmt: skip
_VIDEOS: Final = (
    b"\x1aE\xdf\xa3", b"OggS", b"\0\0\x01\xba", b"\0\0\x01\xb3", b"YUV4MPEG2", b"FLV\x01",
    b"0&\xb2u\x8ef\xcf\x11",
)  # fmt: skip
_STILL_BRANDS: Final = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis")
# A stream of JPEGs and a transport stream have no head of their own.
_VIDEO_NAMES: Final = (".mjpeg", ".mjpg", ".ts", ".m2ts")
_NAMES: Final = (
    *_VIDEO_NAMES, ".avi", ".mkv", ".mov", ".mp4", ".m4v", ".mpg", ".mpeg", ".ogv", ".webm", ".y4m",
    ".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp",
)  # fmt: skip


class Bytes(Protocol):
    """A stream of bytes that may come slowly, such as standard input."""

    def read(self, size: int, /) -> bytes:
        """So many bytes, fewer at the end."""

    def read1(self, size: int, /) -> bytes:
        """What is there, at most so many bytes; none at the end."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One thing to look at: a frame or a text; or, with neither, a sentence about the source.

    A frame of a stream decides nothing alone; the stream's last sighting has `ends`. `problem` says
    why something could not be read, `notice` what went on meanwhile.
    """

    name: str  # the file, the camera, or the text itself
    source: str  # what read it, as `faults` tells sources apart
    frame: Frame | None = None
    text: str | None = None
    stream: bool = False
    ends: bool = False
    problem: str = ""
    notice: str = ""
    picture: Picture | None = None  # the frame in colour, to be shown


def open_source(
    inputs: Sequence[str],
    *,
    camera: Camera | None = None,
    stdin: Bytes | None = None,
    wedge: bool = False,
    prefix: str = "",
    suffix: str = "",
    paths_only: bool = False,
) -> Generator[Sighting]:
    """The sightings of some inputs in their order, then a camera's, or a wedge's where none is given.

    An input is the path of a picture, a video or a folder of them, `-` for standard input, else a
    label's text (never with `paths_only`). `wedge` says that text comes from a keyboard-wedge
    scanner, which puts `prefix` before it and `suffix` behind it. `stdin` is None where it is closed.
    """
    lines = _Lines(wedge, prefix, suffix)
    if wedge and not inputs and camera is None:
        inputs = (STDIN,)
    for given in inputs:
        if given == STDIN:
            yield from _standard_input(stdin, lines)
        elif not given.strip():
            yield Sighting(given, TYPED, problem="an empty text is no label and no file's name")
        elif paths_only or _is_path(given):
            yield from _path(Path(given))
        else:
            yield lines.sighting(given)
    if camera is not None:
        yield from _stream(f"camera {camera.index}", camera.frames())


def _is_path(given: str) -> bool:
    try:
        return len(given) < 1024 and "\0" not in given and Path(given).exists()
    except OSError:
        return False


def _path(path: Path) -> Iterator[Sighting]:
    try:
        files = sorted(path.iterdir()) if path.is_dir() else None
    except OSError as error:
        yield Sighting(str(path), CAMERA, problem=f"{path} cannot be read: {error.strerror}")
        return
    if files is None:
        yield from _file(path)
        return
    files = [file for file in files if file.suffix.lower() in _NAMES]
    if not files:
        yield Sighting(str(path), CAMERA, problem=f"{path} holds no picture and no video")
    for file in files:
        yield from _file(file)


def _file(path: Path) -> Iterator[Sighting]:
    if _is_video(path):
        yield from _stream(str(path), video(path))
        return
    try:
        yield Sighting(str(path), CAMERA, frame=read_file(path))
    except Malformed as error:
        yield Sighting(str(path), CAMERA, problem=str(error))


def _is_video(path: Path) -> bool:
    try:
        if not path.is_file():
            return False  # a pipe would be waited for
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False  # reading it says why
    if head[4:8] == b"ftyp":
        return head[8:12] not in _STILL_BRANDS
    is_avi = head[:4] == b"RIFF" and head[8:12] == b"AVI "
    return is_avi or head.startswith(_VIDEOS) or path.suffix.lower() in _VIDEO_NAMES


def _stream(name: str, frames: Iterable[Picture | str]) -> Iterator[Sighting]:
    """A stream's frames and sentences; broken frames are named once they come in a row."""
    faulty = 0
    try:
        for one in frames:
            if isinstance(one, str):
                yield Sighting(name, CAMERA, stream=True, notice=one)
                continue
            fault = fault_of(one)
            faulty = faulty + 1 if fault else 0
            if faulty == _FAULTY:
                words = f"{name} sends {fault}: uncover it, plug it in again, or take another"
                yield Sighting(name, CAMERA, stream=True, notice=words)
            frame: Frame = np.asarray(cv2.cvtColor(one, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
            yield Sighting(name, CAMERA, frame=frame, stream=True, picture=one)
    except Malformed as error:
        yield Sighting(name, CAMERA, stream=True, ends=True, problem=str(error))
    else:
        yield Sighting(name, CAMERA, stream=True, ends=True)


@dataclass(frozen=True, slots=True)
class _Lines:
    """How a line becomes a text: as typed, or as a wedge scanner sends it."""

    wedge: bool
    prefix: str
    suffix: str

    @property
    def source(self) -> str:
        """What read them."""
        return WEDGE if self.wedge else TYPED

    def sighting(self, line: str) -> Sighting:
        """One line, or one text of the command line."""
        if not self.wedge:
            return Sighting(line, self.source, text=line)
        # A terminal that shows control characters turns Ctrl+] into the two characters "^]".
        text = line.removeprefix(self.prefix).removesuffix(self.suffix).replace("^]", GS)
        return Sighting(line, self.source, text=text)

    def of(self, stream: Bytes, waiting: bytes) -> Iterator[Sighting]:
        """Each line of a stream as soon as its end is there; `waiting` was read before."""
        suffixes = _SUFFIXES if self.wedge else b"\r\n"
        too_long = False
        while True:
            place = next((n for n, byte in enumerate(waiting) if byte in suffixes), -1)
            if place >= 0:
                line, waiting = waiting[:place], waiting[place + 1 :]
                if line.strip() and not too_long:
                    yield self.sighting(line.decode("utf-8", "replace"))
                too_long = False
            elif len(waiting) > _LINE:
                if not too_long:
                    words = f"a line has more than {_LINE} bytes: no code is so long"
                    yield Sighting(STDIN, self.source, problem=words)
                waiting, too_long = b"", True
            elif more := stream.read1(_LINE):
                waiting += more
            else:
                if waiting.strip() and not too_long:
                    yield self.sighting(waiting.decode("utf-8", "replace"))
                return


def _begins_picture(head: bytes) -> bool:
    """Whether these first bytes are, or may become, those of a picture."""
    if head[:2] == b"BM":
        return not head[6:10].strip(b"\0")  # reserved; of text, no byte is 0
    if head[8:12] == b"WEBP"[: len(head[8:12])] and head[:4] == b"RIFF"[: len(head)]:
        return True
    return any(head[: len(magic)] == magic[: len(head)] for magic in _PICTURES)


def _standard_input(stream: Bytes | None, lines: _Lines) -> Iterator[Sighting]:
    if stream is None:
        yield Sighting(STDIN, lines.source, problem="standard input is closed")
        return
    try:
        # A code may begin as a picture does, and a wedge scanner sends none.
        yield from lines.of(stream, b"") if lines.wedge else _picture_or_lines(stream, lines)
    except OSError as error:
        words = f"standard input cannot be read: {error.strerror}"
        yield Sighting(STDIN, lines.source, problem=words)


def _picture_or_lines(stream: Bytes, lines: _Lines) -> Iterator[Sighting]:
    """A picture's bytes when they are one, else lines."""
    head = b""
    while len(head) < _HEAD and _begins_picture(head) and (more := stream.read1(_LINE)):
        head += more
    if len(head) >= _HEAD and _begins_picture(head):
        try:
            yield Sighting(
                STDIN, CAMERA, frame=read_image(head + stream.read(MAX_BYTES + 1 - len(head)))
            )
        except Malformed as error:
            yield Sighting(STDIN, CAMERA, problem=str(error))
    else:
        yield from lines.of(stream, head)
