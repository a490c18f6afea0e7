"""How often an address may ask: counted for all processes that serve one log together."""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import blake2b
from mmap import mmap
from struct import Struct
from threading import Lock
from typing import Final

from flask import abort, request
from flask_babel import gettext as _

MINUTE_MS: Final = 60_000
_SLOTS: Final = 1 << 18
_SLOT: Final = Struct("<II")  # minute, count


class Counts:
    """Counts by name and minute, in memory that processes forked later share.

    Two names may fall into one slot and then share a count: that is rare, and strict. Processes
    that count at the same moment may lose one; none waits for another, which may have been killed.
    """

    def __init__(self) -> None:
        self._memory = mmap(-1, _SLOTS * _SLOT.size)
        self._key = os.urandom(16)  # nobody may choose whose slot to fill
        self._lock = Lock()

    def add(self, name: str, minute: int) -> int:
        """Count one more of a name in a minute; answers how many there were so far."""
        place = self._place(name)
        with self._lock:
            at, number = _SLOT.unpack_from(self._memory, place)
            number = number + 1 if at == minute else 1
            _SLOT.pack_into(self._memory, place, minute, number)
        return int(number)

    def number(self, name: str, minute: int) -> int:
        """How many of a name there were in a minute so far."""
        at, number = _SLOT.unpack_from(self._memory, self._place(name))
        return int(number) if at == minute else 0

    def _place(self, name: str) -> int:
        digest = blake2b(name.encode(), digest_size=4, key=self._key).digest()
        return int.from_bytes(digest, "little") % _SLOTS * _SLOT.size


class Limits:
    """What one address may ask in a minute."""

    def __init__(self, counts: Counts, clock: Callable[[], int]) -> None:
        self._counts = counts
        self._clock = clock

    def count(self, kind: str, most: int, by: str = "", once: str = "") -> bool:
        """Count one request of a kind; above `most` a minute it ends in 429. 0 is no limit.

        `by` says whose it is, an address by default. What is asked with the same `once` again within
        the minute counts as one. Answers whether it was counted.
        """
        who = by or request.remote_addr or ""
        minute = self._clock() // MINUTE_MS
        mark = f"once {kind} {who} {once}"
        if once and self._counts.number(mark, minute):
            return False
        if most and self._counts.add(f"{kind} {who}", minute) > most:
            if by:
                abort(429, _("At most %(n)s of these a minute of this session; wait.", n=most))
            abort(429, _("At most %(n)s of these a minute from one address; wait.", n=most))
        if once:  # only now: what was sent back may not come in by asking again
            self._counts.add(mark, minute)
        return True
