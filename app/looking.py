"""Pictures to readings on a server that many cameras share: bounded in work, memory and time.

A picture is read from its upload only once its turn has come, decoded and forgotten; none is ever
stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from typing import IO, Final, NamedTuple

from flask import abort
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from ledger.errors import Malformed
from scanner.check import Reading, read_label
from scanner.frames import Frame, read_image
from scanner.symbols import FRAME_S, Symbol, read

MAX_PICTURE: Final = 10 * 1024 * 1024  # bytes of an uploaded picture
MAX_FRAME: Final = 1024 * 1024  # bytes of a camera's frame
MAX_FRAME_PIXELS: Final = 4_000_000
STILL_S: Final = 2.0  # what a picture that somebody chose may take to read
_FRAMES_AT_ONCE: Final = 2  # a process
_STILLS_WAITING: Final = 4  # a process: each holds a thread, which others need
_WAIT_FRAME_S: Final = 0.5  # a frame that waits longer is stale: the next one is better
_WAIT_STILL_S: Final = 5.0


class Seen(NamedTuple):
    """What a picture shows. `reading` is None where no label could be read, `why` then says why."""

    reading: Reading | None
    why: str
    symbols: tuple[Symbol, ...]
    width: int  # pixels
    height: int


class Looks:
    """One process's share of looking at pictures. Threads share it."""

    def __init__(self) -> None:
        self._frames = BoundedSemaphore(_FRAMES_AT_ONCE)
        self._still = Lock()  # one large picture in memory at a time
        self._stills = BoundedSemaphore(1 + _STILLS_WAITING)
        self._counting = Lock()
        self._looking = 0  # frames that are here now, waiting or read

    def still(self, upload: IO[bytes], year: int) -> Seen:
        """Read a picture that somebody chose.

        Raises Malformed. Ends in 503 when too many wait for their turn.
        """
        busy = _("Too many pictures are being read; send this one again in a moment.")
        with _turn(self._stills, 0.0, busy), _turn(self._still, _WAIT_STILL_S, busy):
            return _seen(read_image(_bytes(upload, MAX_PICTURE)), year, STILL_S)

    def frame(self, upload: IO[bytes], year: int) -> Seen:
        """Read a frame of a live camera: thoroughly only where no other frame is here.

        Raises Malformed. Ends in 503 when it would be stale before its turn comes.
        """
        busy = _("Too many frames are being read; send the next one in a moment.")
        with self._present() as alone, _turn(self._frames, _WAIT_FRAME_S, busy):
            picture = read_image(_bytes(upload, MAX_FRAME), MAX_FRAME_PIXELS)
            return _seen(picture, year, FRAME_S if alone else 0.0)

    @contextmanager
    def _present(self) -> Iterator[bool]:
        """Count a frame as here; whether it is the only one."""
        with self._counting:
            self._looking += 1
            alone = self._looking == 1
        try:
            yield alone
        finally:
            with self._counting:
                self._looking -= 1


def has_content(upload: FileStorage) -> bool:
    """Whether anything was uploaded at all; what is left to read stays as it is."""
    there = upload.stream.read(1)
    upload.stream.seek(0)
    return bool(there)


@contextmanager
def _turn(gate: BoundedSemaphore | Lock, wait_s: float, busy: str) -> Iterator[None]:
    """A place behind a gate for as long as it is needed; ends in 503 when none is free in time."""
    if not gate.acquire(timeout=wait_s):
        abort(503, busy)
    try:
        yield
    finally:
        gate.release()


def _bytes(upload: IO[bytes], most: int) -> bytes:
    data = upload.read(most + 1)
    if len(data) > most:
        raise Malformed(_("this picture is at most %(n)s bytes; send a smaller one", n=most))
    return data


def _seen(picture: Frame, year: int, budget_s: float) -> Seen:
    height, width = picture.shape
    symbols = tuple(read(picture, budget_s=budget_s, quick=not budget_s))
    try:
        return Seen(read_label(symbols, year), "", symbols, width, height)
    except Malformed as error:
        return Seen(None, str(error), symbols, width, height)
