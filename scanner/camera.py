"""Cameras and video files: the newest frame of a device, and in words what is wrong with it.

The only place that opens a device. A camera that is busy, pulled out or silent is told of and opened
again; what its frames show is left to others.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Thread
from typing import Any, Final, Protocol, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from ledger.errors import Malformed

Picture: TypeAlias = NDArray[np.uint8]  # height x width x 3, blue green red

RETRY_S: Final = 1.0  # between two attempts to open a device
STALL_S: Final = 5.0  # a device that sends nothing for so long counts as gone
WAIT_S: Final = 30.0
NODES: Final = Path("/sys/class/video4linux")
_LISTS: Final = sys.platform.startswith("linux")
_TRIED: Final = 4
_MANUAL_EXPOSURE: Final = 1.0  # V4L2_EXPOSURE_MANUAL, which other systems' drivers take too
_SIZE: Final = re.compile(r"([1-9][0-9]{1,4})x([1-9][0-9]{1,4})", re.ASCII)
_MAX_VIDEO: Final = 9_500_000  # pixels of a frame: 4096 x 2304
_MISSES: Final = 20  # frames in a row that may be damaged before a video counts as ended


class Device(Protocol):
    """What is asked of an opened camera or video; `cv2.VideoCapture` has it."""

    def isOpened(self) -> bool:  # noqa: N802  # OpenCV's name
        """Whether frames can be asked for."""

    def read(self) -> tuple[bool, Any]:
        """Whether there is a next frame, and the frame."""

    def get(self, propId: int, /) -> float:  # noqa: N803
        """A property's value."""

    def set(self, propId: int, value: float, /) -> bool:  # noqa: N803
        """Set a property; whether the device took it."""

    def release(self) -> None:
        """Let the device go."""


Opener: TypeAlias = Callable[[int], Device]


@dataclass(frozen=True, slots=True)
class Settings:
    """What to ask of a camera; 0 and None leave the device as it is."""

    width: int = 0  # pixels
    height: int = 0
    focus: float | None = None  # in the device's own units; turns autofocus off
    exposure: float | None = None  # likewise; turns automatic exposure off


def size_of(text: str) -> tuple[int, int]:
    """The pixels to ask of a camera, across and down, as they are typed. Raises Malformed.

    >>> size_of("1280x720")
    (1280, 720)
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise Malformed(f"{text[:40]!r} is no size such as 1280x720")
    return int(match[1]), int(match[2])


_AS_IT_IS: Final = Settings()


@dataclass(frozen=True, slots=True)
class Listed:
    """A camera that this machine has."""

    index: int
    name: str  # "" where the system does not say
    width: int  # pixels as it opens; 0 when it cannot be opened
    height: int


def open_device(index: int) -> Device:
    """Open a camera by its number."""
    _hush()  # what is wrong is told below, in words
    device: Device = cv2.VideoCapture(index)
    return device


def _hush() -> None:
    # FFmpeg writes to standard error itself, past all that cleans it. OpenCV asks for this once, as
    # it opens the first video; -8 is AV_LOG_QUIET.
    os.putenv("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def list_cameras(opener: Opener = open_device, nodes: Path = NODES) -> list[Listed]:
    """The cameras of this machine, in order of their number.

    Where the system lists none by name (all but Linux), the first numbers are tried.
    """
    known = _nodes(nodes) if _LISTS else dict.fromkeys(range(_TRIED), "")
    found = []
    for index, name in sorted(known.items()):
        device = opener(index)
        opened = device.isOpened()
        size = _size(device) if opened else (0, 0)
        device.release()
        if opened or _LISTS:
            found.append(Listed(index, name, *size))
    return found


def _nodes(nodes: Path) -> dict[int, str]:
    found = {}
    for node in nodes.glob("video*") if nodes.is_dir() else ():
        number = node.name.removeprefix("video")
        # A camera has further nodes for its metadata, which are numbered from 1.
        if number.isascii() and number.isdecimal() and _line(node / "index") in ("", "0"):
            found[int(number)] = _line(node / "name")
    return found


def _line(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _next(device: Device) -> Picture | None:
    """The next frame in colour; None when there is none, or it cannot be decoded."""
    try:
        there, picture = device.read()
    except cv2.error:
        return None
    if not there or picture is None or not picture.size:
        return None
    coloured = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) if picture.ndim == 2 else picture
    return np.asarray(coloured, dtype=np.uint8)


def _size(device: Device) -> tuple[int, int]:
    width, height = device.get(cv2.CAP_PROP_FRAME_WIDTH), device.get(cv2.CAP_PROP_FRAME_HEIGHT)
    return round(width), round(height)


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera that is opened again when it fails, for at most `wait_s` seconds at a time.

    `pause` and `clock` are the time, for whoever has no time to wait.
    """

    index: int
    settings: Settings = _AS_IT_IS
    opener: Opener = open_device
    wait_s: float = WAIT_S
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    nodes: Path = NODES

    def frames(self) -> Iterator[Picture | str]:
        """Frames for as long as they are asked for, each the newest; and sentences in between.

        Raises Malformed when the camera cannot be opened, or stays away, for `wait_s` seconds.
        """
        gone_at: float | None = None
        told = ""
        while True:
            device = self.opener(self.index)
            if device.isOpened():
                yield from self._apply(device)
                newest = _Newest(device)
                try:
                    while (picture := newest.take(STALL_S)) is not None:
                        if gone_at is not None:
                            yield f"camera {self.index} is there"
                        gone_at, told = None, ""
                        yield picture
                finally:
                    newest.stop()
                words = (
                    f"camera {self.index} sends no frames: is it plugged in, or in use elsewhere?"
                )
            else:
                device.release()
                words = self._closed()
            gone_at = self.clock() if gone_at is None else gone_at
            if self.clock() - gone_at >= self.wait_s:
                raise Malformed(f"{words}; waited {self.wait_s:g} s")
            if words != told:
                yield f"{words}; trying again for {self.wait_s:g} s"
                told = words
            self.pause(RETRY_S)

    def _closed(self) -> str:
        there = _nodes(self.nodes)
        if self.index in there or not _LISTS:
            return (
                f"camera {self.index} cannot be opened: close the other program that uses it, "
                "or let this user have it (group video)"
            )
        others = ", ".join(map(str, sorted(there))) or "none"
        return f"there is no camera {self.index} (cameras here: {others}); plug it in"

    def _apply(self, device: Device) -> Iterator[str]:
        """Set what was asked for; a sentence for each thing that the device does not have."""
        asked = self.settings
        device.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        if asked.width and asked.height:
            # Uncompressed, most webcams send their larger sizes a few times a second only.
            device.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
            device.set(cv2.CAP_PROP_FRAME_WIDTH, asked.width)
            device.set(cv2.CAP_PROP_FRAME_HEIGHT, asked.height)
            width, height = _size(device)
            if (width, height) != (asked.width, asked.height):
                yield f"camera {self.index} sends {width} x {height}, not what was asked for"
        if asked.focus is not None:
            device.set(cv2.CAP_PROP_AUTOFOCUS, 0)
            if not device.set(cv2.CAP_PROP_FOCUS, asked.focus):
                yield f"the focus of camera {self.index} cannot be set"
        if asked.exposure is not None:
            device.set(cv2.CAP_PROP_AUTO_EXPOSURE, _MANUAL_EXPOSURE)
            if not device.set(cv2.CAP_PROP_EXPOSURE, asked.exposure):
                yield f"the exposure of camera {self.index} cannot be set"


class _Newest:
    """Reads a device in a thread of its own and keeps the newest frame alone.

    The thread owns the device and lets it go; the slot is guarded by the condition.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._changed = Condition()
        self._slot: Picture | None = None
        self._ended = False
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def take(self, timeout: float) -> Picture | None:
        """The newest frame not yet taken; None when none comes in time, or none any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._slot is not None or self._ended, timeout)
            taken, self._slot = self._slot, None
            return taken

    def stop(self) -> None:
        """End the reading."""
        with self._changed:
            self._ended = True
        self._thread.join(STALL_S)  # a driver that hangs keeps its thread, not this program

    def _read(self) -> None:
        try:
            while not self._ended:
                picture = _next(self._device)
                if picture is None:
                    break
                with self._changed:
                    self._slot = picture
                    self._changed.notify()
        finally:
            self._device.release()
            with self._changed:
                self._ended = True
                self._changed.notify()


def video(path: Path) -> Iterator[Picture | str]:
    """All frames of a video file that can be read, and a sentence where some cannot.

    Raises Malformed for what is no video, has no frame, or frames of more than 4096 x 2304 pixels.
    """
    _hush()
    # An absolute path is never taken for a protocol or a pattern; one thread needs least memory.
    name, threads = str(path.resolve()), [cv2.CAP_PROP_N_THREADS, 1]
    device = cv2.VideoCapture(name, cv2.CAP_FFMPEG, threads)
    try:
        if not device.isOpened():
            raise Malformed(f"{path} is no video that can be read, or its index is lost")
        width, height = _size(device)
        if width * height > _MAX_VIDEO:
            raise Malformed(f"{path} has {width} x {height} pixels; take a smaller video")
        promised = round(device.get(cv2.CAP_PROP_FRAME_COUNT))
        read = missed = 0
        while missed <= _MISSES:
            picture = _next(device)
            if picture is not None:
                read, missed = read + 1, 0
                yield picture
            elif read >= promised:
                break
            else:
                missed += 1
        if not read:
            raise Malformed(f"{path} holds no frame that can be read")
        if read < promised - 1:
            yield f"{path}: {read} of {promised} frames could be read; the video is damaged or cut off"
    finally:
        device.release()


def fault_of(picture: Picture) -> str:
    """What makes a frame one that no scene looks like, "" for a frame as it should be.

    A decoder that got nothing leaves the frame at one value (zero in YUV is a dark green); one that
    got half leaves the rest so.
    """
    lower = picture[-(len(picture) // 4) :: 4, ::8].reshape(-1, 3)
    if not lower.size or int(np.ptp(lower, axis=0).max()) > 1:
        return ""
    blue, green, red = (int(value) for value in lower[0])
    rest = picture[::8, ::8].reshape(-1, 3)
    is_green = green > 60 and max(blue, red) < green // 4
    if int(np.ptp(rest, axis=0).max()) <= 1:
        name = "green" if is_green else "black" if max(blue, green, red) < 8 else "of one colour"
        return f"empty frames (all {name})"
    is_grey = max(abs(value - 128) for value in (blue, green, red)) <= 2
    return "frames that are cut off" if is_green or is_grey else ""
