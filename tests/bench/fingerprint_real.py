"""REAL captures: `FINGERPRINT_DATA=folder python -m tests.bench.fingerprint_real`.

The folder holds `First Print/` and `Second Print/` with `input_image_<word><suffix>.jpg` or .png: a
word is a design, a second print a copy that was made by scanning a first print. Which captures show
the same first print is not said; it is worked out on one half of the label, by connected components,
and the other half is scored, and the reverse. Verdicts are of the whole label, from one picture to enrol
and one to match, by the fixed table of thresholds.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Final

import cv2
import numpy as np

from scanner.fingerprint.enrol import EnrolmentRefused, enrol
from scanner.fingerprint.match import COPY_SUSPECTED, match
from scanner.fingerprint.session import Rules, Session, score
from scanner.fingerprint.template import Template
from scanner.frames import Frame, read_file
from tests.bench import report
from tests.bench.fingerprint_figures import Tally, equal_error, lines, percent, scores_of
from tests.bench.report import Line

VARIABLE: Final = "FINGERPRINT_DATA"
SEED: Final = bytes(16)  # one for all: a captures' points can be compared in halves
_FIRST, _SECOND = "First Print", "Second Print"
_NAME: Final = re.compile(r"input_image_([a-z]+)(.*)")
_LINKED: Final = 0.28  # half a label's score that says the same print
_COARSER: Final = (11.0, 7.8, 5.6, 4.0)  # pixels a module of probes that are reduced


@dataclass
class Capture:
    """A picture: its word, which folder it lies in, and what was measured of it."""

    word: str
    folder: str
    frame: Frame
    session: Session
    template: Template | None

    @property
    def halves(self) -> tuple[np.ndarray, np.ndarray]:
        """The edge vector's two halves, by the label's top and bottom."""
        points = self.session._points
        assert points is not None
        top = points.y < np.median(points.y)
        edge = self.session.vector().edge
        return edge[top], edge[~top]


def looked(frame: Frame, px: float = 0.0) -> Session:
    """A session of one picture, reduced to `px` pixels a module where that is given."""
    session = Session(SEED, rules=Rules.FILES)
    if px:
        scale = px * 37 / max(frame.shape)
        frame = np.asarray(
            cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
        )
    session.add(frame)
    return session


def captures(folder: Path) -> list[Capture]:
    """All pictures of both folders, in the order of their names."""
    found = []
    for kind in (_FIRST, _SECOND):
        for path in sorted((folder / kind).iterdir()):
            name = _NAME.fullmatch(path.stem)
            if name is None or path.suffix.lower() not in (".jpg", ".jpeg", ".png"):
                continue
            frame = read_file(path)
            session = looked(frame)
            try:
                template = enrol(session)
            except EnrolmentRefused:
                template = None
            found.append(Capture(name[1], kind, frame, session, template))
    return found


def components(firsts: Sequence[Capture], half: int) -> list[int]:
    """A number for each first print of one word: the same for captures of the same print."""
    parts = list(range(len(firsts)))
    for one in range(len(firsts)):
        for other in range(one):
            if score(firsts[one].halves[half], firsts[other].halves[half]) < _LINKED:
                old, new = parts[one], parts[other]
                parts = [new if part == old else part for part in parts]
    return parts


def _words(all_of: Sequence[Capture]) -> Iterator[tuple[list[Capture], list[Capture]]]:
    for word in sorted({one.word for one in all_of}):
        own = [one for one in all_of if one.word == word]
        firsts = [one for one in own if one.folder == _FIRST and one.template is not None]
        yield firsts, [one for one in own if one.folder == _SECOND]


def compared(all_of: Sequence[Capture], px: float = 0.0) -> tuple[Tally, dict[str, Tally]]:
    """Every first print against every other capture of its word: genuine, other, second prints."""
    genuine, copies = Tally(), {"other-prints": Tally(), "second-prints": Tally()}
    probes = {id(one): looked(one.frame, px) if px else one.session for one in all_of}
    for firsts, seconds in _words(all_of):
        parts = components(firsts, 0)
        for number, enrolled in enumerate(firsts):
            assert enrolled.template is not None
            for other, probe in enumerate(firsts):
                if other != number:
                    same = parts[other] == parts[number]
                    tally = genuine if same else copies["other-prints"]
                    tally.add(match(enrolled.template, probes[id(probe)]))
            for probe in seconds:
                copies["second-prints"].add(match(enrolled.template, probes[id(probe)]))
    return genuine, copies


def _halves(all_of: Sequence[Capture]) -> Iterator[Line]:
    """Labelled on one half, scored on the other; and whether both halves label alike."""
    for name, labelled, scored in (("top", 0, 1), ("bottom", 1, 0)):
        same: list[float] = []
        other: list[float] = []
        sizes: list[int] = []
        for firsts, _ in _words(all_of):
            parts = components(firsts, labelled)
            sizes += [parts.count(part) for part in set(parts)]
            for one in range(len(firsts)):
                for two in range(one):
                    pair = score(firsts[one].halves[scored], firsts[two].halves[scored])
                    (same if parts[one] == parts[two] else other).append(pair)
        yield {
            "name": f"real-half-eer-{name}", "value": 100 * equal_error(same, other), "unit": "%",
            "n_same": len(same), "n_other": len(other), "same_most": max(same, default=0.0),
            "other_least": min(other, default=1.0), "components": sorted(sizes, reverse=True),
        }  # fmt: skip


def _in_a_loop(all_of: Sequence[Capture]) -> Line:
    """Milliseconds of one core that a further frame of a label takes."""
    times = []
    for one in all_of[:40]:
        session = Session(SEED, rules=Rules.FILES)
        session.add(one.frame)
        # The same picture again would be refused unlooked: a pixel less is another picture.
        start = process_time()
        session.add(np.ascontiguousarray(one.frame[:-1, :-1]))
        times.append(1000 * (process_time() - start))
    value = float(np.median(times))
    return {
        "name": "real-frame-ms",
        "value": value,
        "unit": "ms of a core",
        "limit": 150.0,
        "ratio": value / 150,
    }


def measured(folder: Path) -> Iterator[Line]:
    """Every figure of a folder of real captures."""
    all_of = captures(folder)
    unread = [one for one in all_of if one.template is None and one.folder == _FIRST]
    yield {
        "name": "real-captures", "value": float(len(all_of)), "unit": "pictures",
        "designs": len({one.word for one in all_of}), "not_enrolled": len(unread),
        "why_not": sorted({reason for one in unread for reason in one.session.turned_away}),
    }  # fmt: skip
    genuine, copies = compared(all_of)
    yield from lines("real", genuine, copies, "other-prints")
    together = Tally.of(copies.values())
    yield together.line("real-copies-accepted", "GENUINE_MATCH")
    yield together.line("real-copies-suspected", COPY_SUSPECTED)
    yield from _without_veto(genuine, together)
    yield from _halves(all_of)
    yield _in_a_loop(all_of)
    for px in _COARSER:
        at, of = compared(all_of, px)
        yield from lines(f"real{px:g}", at, of, "other-prints")
    yield {"name": "real-scores", "value": None, "unit": "", "scores": scores_of(genuine, copies)}


def _without_veto(genuine: Tally, copies: Tally) -> Iterator[Line]:
    """What the edge's score alone would have judged, beside what both do."""
    for name, tally in (("genuine-refused", genuine), ("copies-accepted", copies)):
        passed = sum(one <= 0.22 for one in tally.scores)
        count = passed if name == "copies-accepted" else len(tally) - passed
        yield {
            "name": f"real-edge-alone-{name}", "value": percent(count, len(tally)), "unit": "%",
            "n": len(tally), "count": count,
        }  # fmt: skip


def real(_: Path) -> Iterator[Line]:
    """The part of the benchmark: nothing where no folder is named."""
    named = os.environ.get(VARIABLE)
    if not named:
        yield {"name": "real-captures", "value": None, "unit": f"set {VARIABLE}=folder"}
        return
    yield from measured(Path(named))


def main() -> int:
    """Measure, and print."""
    options = report.options("tests.bench.fingerprint_real", __doc__)
    report.measure((real,), {}, as_json=options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
