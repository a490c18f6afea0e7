"""`make bench-fingerprint`: how often a genuine label is sent back, and a copy let through.

Names that begin with sim are SIMULATED, no evidence about real paper: each label is printed, enrolled by
one camera, worn, and matched by another, as are six kinds of copy of it. The number is the
pixels a millimetre. Names that begin with real are of real captures, from the folder that
FINGERPRINT_DATA names. `limit` of a share is its upper bound at 95 %. `--labels` at 18 pixels a
millimetre, a tenth of them elsewhere.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from time import process_time
from typing import Final

import cv2
import numpy as np

from scanner.fingerprint.enrol import enrol
from scanner.fingerprint.match import GENUINE_MATCH, Match, match
from scanner.fingerprint.session import Session
from scanner.fingerprint.template import Template
from scanner.label import qr_modules
from scanner.simulated.camera import PHONE, STATION, WEBCAM, Camera, shot
from scanner.simulated.paper import (
    OFFICE,
    PAPER,
    PX_PER_MM,
    Raster,
    dots,
    printed,
    replayed,
    worn,
)
from tests.bench import fingerprint_real, report
from tests.bench.fingerprint_figures import Tally, lines, scores_of
from tests.bench.fingerprint_sim import Learned, larger, replayed_by_learning
from tests.bench.report import Line

LABELS: Final = 200
MAIN: Final = 18  # pixels a millimetre
OTHERS: Final = (9, 12, 14, 25, 35)
_FRAMES: Final = 3
_TIMES: Final = 3  # as large as the label: a copy that an office printer of 600 dots an inch makes
_FEWER: Final = 10  # elsewhere: one label of so many
_LINK: Final = "https://id.gs1.org/01/09521101000016/10/L1/21/S{:05}?17=280131"
GOALS: Final = {
    "frame-ms": "value at most 150",
    "enrol-frames-a-second": "value at least 5",
    "sim18-genuine-refused": "value at most 5",
    "sim18-genuine-called-copy": "value at most 0.1",
    "sim18-copies-accepted": "value at most 0.1",
    "real-genuine-refused": "value at most 3",
    "real-genuine-called-copy": "value 0",
    "real-copies-accepted": "value 0",
}
# Other cameras than the phone, at MAIN's labels: how a session of each is shot.
_CAMERAS: Final = {
    "webcam14": WEBCAM,
    "defocus2": replace(PHONE, px_per_mm=18.0, defocus=2.0),
    "motion4": replace(PHONE, px_per_mm=18.0, motion=4.0),
    "dark": replace(PHONE, px_per_mm=18.0, light=0.35, noise=6.0, jpeg=60),
    "tilt20": replace(PHONE, px_per_mm=18.0, tilt=20.0, turn=15.0),
}


def drawn(number: int) -> Raster:
    """The dots of a label of its own."""
    return dots(qr_modules(_LINK.format(number), level="Q"))


def enrolled(label: Raster, number: int, camera: Camera = STATION) -> Template:
    """A template from three frames of a fresh print."""
    session = Session(number.to_bytes(16))
    for frame in range(_FRAMES):
        session.add(shot(label, camera, number * 1000 + frame))
    return enrol(session)


def probed(label: Raster, template: Template, camera: Camera, seed: int) -> Session:
    """A session of three frames, as a hand shows them."""
    session = Session(template.seed, template.design)
    for frame in range(_FRAMES):
        session.add(shot(label, camera, seed + frame))
    return session


def on_a_screen(label: Raster, seed: int, points_per_mm: float = 18.0) -> Raster:
    """A photograph of the label as a display shows it: 18 points a millimetre is a good phone's."""
    photo = shot(label, replace(PHONE, px_per_mm=30.0, tilt=2.0, turn=1.0), seed)
    size = (round(photo.shape[1] * points_per_mm / 30),) * 2
    points = cv2.resize(photo, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    shown = cv2.resize(points**1.25, None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST)
    shown[::6] *= 0.6  # the dark between points
    shown[:, ::6] *= 0.6
    scale = PX_PER_MM / (6 * points_per_mm)
    shown = cv2.resize(shown, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(0.03 + PAPER * shown, np.float32)


def attacks(
    ink: Raster, genuine: Raster, learned: Learned, number: int
) -> Iterator[tuple[str, Callable[[], Raster]]]:
    """The copies of a label, by name."""
    yield "reprint", partial(printed, ink, 1_000_000 + number)
    yield "replay600", partial(replayed, genuine, 600, 2_000_000 + number)
    yield "replay2400", partial(replayed, genuine, 2400, 3_000_000 + number)
    yield "learned", partial(replayed_by_learning, genuine, learned, 4_000_000 + number)
    by_office = 600 * _TIMES, larger(OFFICE, _TIMES)
    yield "large", partial(replayed_by_learning, genuine, learned, 6_000_000 + number, *by_office)
    for points in (6, 10, 18):
        yield f"screen{points}", partial(on_a_screen, genuine, 5_000_000 + number, float(points))


def conditions() -> dict[str, Camera]:
    """Each condition's camera: the phone at every density, then other cameras."""
    densities = {f"sim{px}": replace(PHONE, px_per_mm=float(px)) for px in (MAIN, *OTHERS)}
    return densities | {f"sim-{name}": camera for name, camera in _CAMERAS.items()}


def one_label(number: int, learned: Learned) -> list[tuple[str, str, Match]]:
    """A label and its copies in each condition it is seen in: condition, kind, outcome."""
    cv2.setNumThreads(1)
    ink = drawn(number)
    fresh = printed(ink, number)
    template = enrolled(fresh, number)
    cameras = conditions()
    seen = list(cameras) if number % _FEWER == 0 else [f"sim{MAIN}"]
    found = []
    kinds = [("genuine", partial(worn, fresh, number)), *attacks(ink, fresh, learned, number)]
    for place, (kind, make) in enumerate(kinds):
        label = make()
        for name in seen:
            if kind == "genuine" or not name.startswith("sim-"):
                seed = 10_000_000 + number * 1000 + list(cameras).index(name) * 90 + place * 10
                session = probed(label, template, cameras[name], seed)
                found.append((name, kind, match(template, session)))
    return found


def simulated(_: Path, labels: int = LABELS) -> Iterator[Line]:
    """SIMULATED: genuine labels and copies of them at each density, and by other cameras."""
    learned = Learned.fitted([drawn(90_000 + number) for number in range(3)])
    tallies: dict[str, dict[str, Tally]] = {name: {} for name in conditions()}
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for found in pool.map(one_label, range(labels), repeat(learned)):
            for name, kind, outcome in found:
                tallies[name].setdefault(kind, Tally()).add(outcome)
    for name, kinds in tallies.items():
        genuine = kinds.pop("genuine")
        yield from lines(name, genuine, kinds, "reprint")
        if kinds:
            office = Tally.of([kinds["reprint"], kinds["replay600"]])
            yield office.line(f"{name}-copies-accepted", GENUINE_MATCH)
        if name == f"sim{MAIN}":
            scores = scores_of(genuine, kinds)
            yield {"name": "sim-scores", "value": None, "unit": "", "scores": scores}


def speed(_: Path) -> Iterator[Line]:
    """Milliseconds of one core that a frame takes, once a label is known, and when it is not."""
    label = printed(drawn(0), 0)
    frames = [shot(label, replace(PHONE, px_per_mm=18.0), seed) for seed in range(12)]
    known: list[float] = []
    session = Session(bytes(16))
    for frame in frames:
        start = process_time()
        session.add(frame)
        known.append(process_time() - start)
    value = 1000 * float(np.median(known[1:]))
    yield {
        "name": "frame-ms",
        "value": value,
        "unit": "ms of a core",
        "limit": 150.0,
        "ratio": value / 150,
    }
    yield {"name": "first-frame-ms", "value": 1000 * known[0], "unit": "ms of a core"}
    at_station = [shot(label, STATION, seed) for seed in range(8)]
    start = process_time()
    packs = 4
    for number in range(packs):
        one = Session(number.to_bytes(16))
        for frame in at_station[number : number + 5]:
            one.add(frame)
        enrol(one)
    rate = packs * 5 / (process_time() - start)
    yield {
        "name": "enrol-frames-a-second",
        "value": rate,
        "unit": "a core",
        "limit": 5.0,
        "ratio": rate / 5,
    }


def main() -> int:
    """Measure each part, and draw where that is asked for."""
    parser = argparse.ArgumentParser(
        prog="make bench-fingerprint BENCH_ARGS=…", description=__doc__
    )
    parser.add_argument("--json", action="store_true", help="one object a line")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw what was measured there")
    parser.add_argument(
        "--labels", type=int, default=LABELS, help="simulated (default %(default)s)"
    )
    options = parser.parse_args()
    if not options.json:
        print("SIMULATED where a name begins with sim: not evidence about real paper", flush=True)
    parts: tuple[report.Part, ...] = (
        speed, fingerprint_real.real, partial(simulated, labels=options.labels),
    )  # fmt: skip
    measured = report.measure(parts, GOALS, as_json=options.json)
    if options.plots:
        from tests.bench import fingerprint_plots

        fingerprint_plots.draw(measured, options.plots)
    return 0


if __name__ == "__main__":
    sys.exit(main())
