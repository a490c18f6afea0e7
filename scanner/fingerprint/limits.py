"""Every threshold of the extractor, in one table, with the data that each comes from.

REAL: 77 photographs of printed QR codes of 37 modules, 8 designs, 16 prints of them and their copies
by scanning and printing. SIMULATED: the simulator of `make bench-fingerprint`. Both are in
docs/fingerprint.md. A changed constant of the signal's path is a new extractor, with a new row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

EXTRACTOR: Final = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """What a frame, a session and a score must have."""

    # A frame
    px_per_mm: float = 11.4  # 12, less the twentieth that a tilted label loses
    fit: float = 0.80  # REAL .84 and more; SIMULATED: motion that spoils the score .82 and less
    focus: float = (
        0.19  # REAL .24 and more at 4 pixels a module; SIMULATED: below, scores are spoilt
    )
    contrast: float = 40.0  # grey levels between paper and ink; REAL 153 and more
    saturated: float = 0.40  # of the paper at 255; REAL up to .19 in pictures that score well
    strange: float = 0.03  # of the modules dark that should be light, or the reverse
    pattern: float = 3.6  # times its neighbours: REAL first prints up to 2.8; copies up to 3.9
    enrol_px_per_mm: float = (
        17.1  # 18, likewise, of an enrolment: what it lacks, no later look can find
    )
    # A session
    identical: float = 0.2  # grey levels: the same picture again
    apart: float = 0.35  # score of two frames: not the same label. REAL one print up to .19
    moved: float = 0.02  # of the code's side, that a hand moves between frames
    most_frames: int = 5
    # A score, on the edges and beside them, and both together. REAL: the same print up to .19, .26
    # and .45 (the next .35); a copy made from that very print .27, .30 and .58 and more; another
    # print .35, .39 and .78 and more. SIMULATED: a replay that was learned .40 together and more.
    genuine: float = 0.22
    genuine_off: float = 0.28
    genuine_sum: float = 0.36  # at 18 pixels a millimetre and more
    genuine_sum_coarse: float = 0.43  # at 12; between, in proportion
    copy: float = 0.33
    copy_sum: float = 0.62
    copy_px_per_mm: float = 17.1  # 18 less the same; coarser frames accuse nobody
    copy_focus: float = 0.8  # of the enrolment's focus, likewise
    # Frames that a camera must show; a picture file is one by nature (see `session.Rules`).
    genuine_frames: int = 2
    copy_frames: int = 3
    # Another print of the same design, edges, single frames. REAL.
    other_mean: float = 0.42
    other_freedom: float = 550.0  # degrees of freedom at `other_points`: p(1-p)/sd^2
    other_points: int = 2780
    tested: int = 286  # pairs of different prints of one design, copies too; none accepted


LIMITS: Final[Mapping[int, Limits]] = {EXTRACTOR: Limits()}
