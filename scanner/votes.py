"""Votes over the frames of a stream: what several frames agree on counts, one frame decides nothing.

Pure: frames come one by one, in the order of the stream, with or without symbols. How often a
camera sends them, and what a reading means, is left to others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TypeAlias

from scanner.symbols import Symbol

Reading: TypeAlias = tuple[str, str, str]  # format, symbology identifier, exact text


class Votes:
    """What the last `window` frames of one stream agree on.

    - A reading is agreed when at least `needed` of the last `window` frames have it. The same
      reading twice in one frame (two equal labels side by side) is one vote.
    - It is handed out once, with its corners in the frame that decided, and not again while any of
      the last `window` frames still has it: a pack held before the camera is one scan. One that
      leaves for a whole window and comes back is a new scan.
    """

    def __init__(self, needed: int = 2, window: int = 5) -> None:
        """Raises ValueError unless 1 <= `needed` <= `window`."""
        if not 1 <= needed <= window:
            raise ValueError(f"{needed} of {window} frames can never agree")
        self._needed = needed
        self._frames: deque[frozenset[Reading]] = deque(maxlen=window)
        self._handed_out: frozenset[Reading] = frozenset()

    def add(self, symbols: Iterable[Symbol]) -> list[Symbol]:
        """Take one frame's symbols; answers those agreed just now, in the frame's order."""
        seen: dict[Reading, Symbol] = {}
        for symbol in symbols:
            seen.setdefault((symbol.format, symbol.symbology, symbol.text), symbol)
        self._frames.append(frozenset(seen))
        # What no frame of the window has any more is gone, and may be handed out again.
        self._handed_out &= frozenset().union(*self._frames)
        agreed = [
            reading
            for reading in seen
            if reading not in self._handed_out
            and sum(reading in frame for frame in self._frames) >= self._needed
        ]
        self._handed_out |= frozenset(agreed)
        return [seen[reading] for reading in agreed]
