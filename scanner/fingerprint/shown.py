"""By what a picture is known again: a digest that turning or mirroring it does not change.

Whoever sends a picture a second time may say in its file that it lies on its side; it shows what it
showed.
"""

from __future__ import annotations

from hashlib import sha256

import numpy as np

from scanner.frames import Frame


def digest_of(frame: Frame) -> str:
    """A grey frame's SHA-256, the least of its eight orientations that begin least."""
    down = frame.sum(axis=1, dtype=np.int64).tolist()
    across = frame.sum(axis=0, dtype=np.int64).tolist()
    ways = []
    for turned, high, wide in ((frame, down, across), (frame.T, across, down)):
        for rows in (1, -1):
            for columns in (1, -1):
                # The rows' and columns' sums tell nearly all orientations apart, for little work.
                key = len(high), high[::rows], wide[::columns]
                ways.append((key, turned[::rows, ::columns]))
    least = min(key for key, _ in ways)
    return min(
        sha256(str(one.shape).encode() + one.tobytes()).hexdigest()
        for key, one in ways
        if key == least
    )
