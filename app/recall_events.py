"""Server-sent events: a page is told when what it shows has changed, and fetches itself anew.

A stream keeps a thread of its process. So there are few of them, nobody has all, each ends after a
while (the browser then asks again), and whoever finds none free reloads the page now and then.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Final

MOST: Final = 4  # streams of a process, which has `serve.THREADS` threads
EACH: Final = 2  # of them of one key
LIFE: Final = 60  # looks of a stream
LOOK_S: Final = 1.0  # between two looks
BEAT: Final = 3  # looks after which a stream says that it lives
RETRY_MS: Final = 2_000  # after which a browser asks again
KEY: Final = "recall streams"


class Streams:
    """The streams of one process; `wait` passes the seconds between two looks."""

    def __init__(
        self, most: int = MOST, each: int = EACH, wait: Callable[[float], object] = time.sleep
    ) -> None:
        self._most, self._each, self._wait = most, each, wait
        self._open: Counter[str] = Counter()
        self._lock = Lock()

    def take(self, whose: str) -> bool:
        """Take a place for a key, if it may have one more; whoever has it gives it back."""
        with self._lock:
            if self._open.total() >= self._most or self._open[whose] >= self._each:
                return False
            self._open[whose] += 1
            return True

    def give_back(self, whose: str) -> None:
        """Give a place back."""
        with self._lock:
            self._open[whose] -= 1
            self._open += Counter()  # forgets who has none

    def events(self, version: Callable[[], str]) -> Iterator[bytes]:
        """What is sent: the version there is, and each that it changes to."""
        yield f"retry: {RETRY_MS}\n\n".encode()
        known = version()
        yield _event(known)
        for look in range(1, LIFE):
            self._wait(LOOK_S)
            now = version()
            if now != known:
                known = now
                yield _event(known)
            elif look % BEAT == 0:
                yield b": still here\n\n"  # fails where nobody reads any more


def _event(version: str) -> bytes:
    return f"event: board\ndata: {json.dumps({'version': version})}\n\n".encode()
