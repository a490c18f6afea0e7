"""Uploaded pictures to frames for the fingerprint, within bounds: a few at a time, none too large.

A picture is read from its upload only once its turn has come, and none is ever stored. A picture
that cannot be used is turned away with its reason, as a session turns away a blurred one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Condition
from typing import IO, Final, NamedTuple

from flask import abort, current_app
from flask_babel import gettext as _

from ledger.errors import Malformed
from scanner.fingerprint.session import FrameResult, Session
from scanner.fingerprint.shown import digest_of
from scanner.frames import MAX_PIXELS, Frame, read_image

MAX_FRAME: Final = 8 * 1024 * 1024  # bytes
MOST_FRAMES: Final = 5  # of one look or enrolment
MOST_TOGETHER: Final = 64_000_000  # pixels of all of them, as they are decoded
GATE: Final = "fingerprints"
TOO_LARGE: Final = "too-large"
UNREADABLE: Final = "unreadable"
_AT_ONCE: Final = 2  # requests of a process whose pictures are worked on
_WAITING: Final = 4  # more hold threads, which others need
_OF_ONE: Final = 3  # of a party, with those that wait
WAIT_MEASURE_S: Final = 0.5  # a frame of a live meter is stale then: the next one is better
WAIT_LOOK_S: Final = 5.0


class Gate:
    """One process's share of working on pictures. Threads share it; a party has one place at a time.

    So whoever sends pictures without end, or such as take long, leaves a place to the others.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._working: set[str] = set()  # who has a place
        self._here: Counter[str] = Counter()  # with those that wait

    @contextmanager
    def turn(self, wait_s: float, whose: str) -> Iterator[None]:
        """A place for as long as it is needed; ends in 503 when none is free in time."""
        busy = _("Too many pictures are being looked at; send these again in a moment.")
        with self._changed:
            if self._here[whose] >= _OF_ONE or self._here.total() >= _AT_ONCE + _WAITING:
                abort(503, busy)
            self._here[whose] += 1
        try:
            with self._changed:
                if not self._changed.wait_for(lambda: self._is_free(whose), wait_s):
                    abort(503, busy)
                self._working.add(whose)
            try:
                yield
            finally:
                with self._changed:
                    self._working.remove(whose)
                    self._changed.notify_all()
        finally:
            with self._changed:
                self._here -= Counter([whose])

    def _is_free(self, whose: str) -> bool:
        return len(self._working) < _AT_ONCE and whose not in self._working


class Shown(NamedTuple):
    """What was read of the pictures: digests of those that count, and every reason to turn one away.

    A digest is of the grey values: the same picture in another file, or turned, is the same picture.
    """

    digests: tuple[str, ...]
    reasons: tuple[str, ...]


def turn(wait_s: float, whose: str) -> AbstractContextManager[None]:
    """A place at this process's gate, for a party."""
    gate: Gate = current_app.extensions[GATE]
    return gate.turn(wait_s, whose)


def read_frame(upload: IO[bytes], most: int = MAX_PIXELS) -> Frame | str:
    """A frame, or the reason why the upload is none."""
    data = upload.read(MAX_FRAME + 1)
    if len(data) > MAX_FRAME or most <= 0:
        return TOO_LARGE
    try:
        return read_image(data, most)
    except Malformed:
        return UNREADABLE


def show(session: Session, uploads: list[IO[bytes]]) -> Shown:
    """Give a session the frames of uploads, one after the other; each is forgotten if it is not good."""
    digests: list[str] = []
    reasons: list[str] = []
    left = MOST_TOGETHER
    for upload in uploads:
        frame = read_frame(upload, min(left, MAX_PIXELS))
        if isinstance(frame, str):
            session.turned_away.append(frame)
            reasons.append(frame)
            continue
        left -= frame.size
        result = session.add(frame)
        reasons += result.reasons
        if result.ok:
            digests.append(digest_of(frame))
    return Shown(tuple(digests), tuple(dict.fromkeys(reasons)))


def measured(upload: IO[bytes]) -> tuple[FrameResult, tuple[int, int]]:
    """What one frame is worth, and its width and height as it was measured; no template is touched."""
    frame = read_frame(upload)
    if isinstance(frame, str):
        return FrameResult((frame,)), (0, 0)
    height, width = frame.shape
    return Session(bytes(16)).add(frame), (width, height)
