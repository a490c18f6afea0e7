"""A picture is known again however it is turned, and another picture is another."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from scanner.fingerprint.shown import digest_of
from scanner.frames import Frame

# Few values and small sides: many are symmetric, or alike in all their sums.
_FRAMES = arrays.arrays(
    np.uint8, st.tuples(st.integers(1, 4), st.integers(1, 4)), elements=st.integers(0, 2)
)


def turned(frame: Frame) -> list[Frame]:
    """All eight orientations."""
    quarters = [np.rot90(one, number) for one in (frame, frame[:, ::-1]) for number in range(4)]
    return [np.ascontiguousarray(one) for one in quarters]


@given(_FRAMES)
def test_no_orientation_makes_another_picture(frame: Frame) -> None:
    assert len({digest_of(one) for one in turned(frame)}) == 1


@given(_FRAMES, _FRAMES)
def test_another_picture_has_another_digest(one: Frame, other: Frame) -> None:
    same = any(one.shape == way.shape and np.array_equal(one, way) for way in turned(other))
    assert (digest_of(one) == digest_of(other)) == same
