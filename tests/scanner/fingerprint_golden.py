"""SIMULATED frames with the scores they must have: they pin every constant of the extractor.

`python -m tests.scanner.fingerprint_golden` makes them afresh, which only a new extractor may need.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Final

import cv2

from scanner.fingerprint.design import locate
from scanner.fingerprint.enrol import enrol
from scanner.fingerprint.limits import EXTRACTOR
from scanner.fingerprint.match import Match, match
from scanner.fingerprint.session import Rules, Session
from scanner.frames import Frame, read_file
from scanner.label import qr_modules
from scanner.simulated.camera import PHONE, STATION, Camera, shot
from scanner.simulated.paper import dots, printed, replayed, worn

FOLDER: Final = Path(__file__).parents[1] / "vectors" / "fingerprint"
SEED: Final = bytes(range(16))
TEXT: Final = "https://id.gs1.org/01/09521101000016/10/L1/21/GOLDEN?17=280131"
TOLERANCE: Final = 0.02
ENROLLED: Final = ("enrolled-1", "enrolled-2")
_STATION: Final = replace(STATION, px_per_mm=20.0, noise=1.0)
_PHONE: Final = replace(PHONE, noise=2.0)


def frame(name: str) -> Frame:
    """A golden frame by its name."""
    return read_file(FOLDER / f"{name}.png")


def outcome(*names: str) -> Match:
    """Enrol by the golden frames of enrolment, and match others as pictures."""
    template = enrol(session(*ENROLLED))
    return match(template, session(*names, wanted=template.design))


def session(*names: str, wanted: bytes | None = None) -> Session:
    """A session of golden frames."""
    made = Session(SEED, wanted, rules=Rules.FILES)
    for name in names:
        assert made.add(frame(name)).ok, name
    return made


def write() -> None:
    """Draw the frames, and note what they come to."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    ink = dots(qr_modules(TEXT, level="Q"))
    genuine = printed(ink, 1)
    shots: dict[str, tuple[object, Camera, int]] = {
        "enrolled-1": (genuine, _STATION, 1),
        "enrolled-2": (genuine, _STATION, 2),
        "worn": (worn(genuine, 1), _PHONE, 3),
        "coarse": (genuine, replace(_PHONE, px_per_mm=13.0), 4),
        "other-print": (printed(ink, 2), _PHONE, 5),
        "replay-2400": (replayed(genuine, 2400, 3), _PHONE, 6),
    }
    for name, (label, camera, seed) in shots.items():
        cv2.imwrite(str(FOLDER / f"{name}.png"), shot(label, camera, seed))  # type: ignore[arg-type]
    design = locate(frame("worn"))[0].design
    probes = [name for name in shots if name not in ENROLLED]
    expected = {
        "extractor": EXTRACTOR,
        "design": design.digest.hex(),
        "points": len(design.points(SEED)),
        "first_points": design.points(SEED)[:8].tolist(),
        "scores": {
            name: [round(found.score or 0, 3), round(found.score_off or 0, 3)]
            for name in probes
            for found in [outcome(name)]
        },
    }
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")


if __name__ == "__main__":
    write()
