"""Decoding, measured: our cascade and other decoders on the same frames in the same order."""

from __future__ import annotations

import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from scanner import symbols
from scanner.frames import Frame, read_file
from tests.bench import report, stress
from tests.bench.decoders import DATAMATRIX, DECODERS, OURS, QR, Decoder, ours, zxing_alone
from tests.scanner.photos import NEGATIVE, photographs, right

BUDGET_S: Final = 0.15  # for a frame of a stream
FILE_BUDGET_S: Final = 5.0  # for a picture file
PAIRS: Final = 9
_MISSING: Final = "no photographs beside the checkout"
_EASY: Final = 12  # frames of the stress grid where there are no photographs


@dataclass
class Tally:
    """What adds up over a run."""

    misreads: Counter[str] = field(default_factory=Counter)  # by decoder
    unread_ms: list[float] = field(default_factory=list)  # ours, with a stream's time for a frame


def decoding(folder: Path) -> Iterator[report.Line]:
    """Photographs, photographs without a code, our labels under stress; then what was made up."""
    tally = Tally()
    for kind in (QR, DATAMATRIX):
        paths = photographs(kind)
        if paths:
            yield from _photos(kind, paths, tally)
        else:
            yield {"name": f"photos-{kind}", "unit": _MISSING}
    yield from _negatives(tally)
    yield from _stressed(tally)
    yield from _totals(tally)


def _photos(kind: str, paths: list[Path], tally: Tally) -> Iterator[report.Line]:
    """Photographs with one symbol each, read by every decoder."""
    took: dict[str, list[float]] = defaultdict(list)
    read: dict[str, set[Path]] = defaultdict(set)
    for number, path in enumerate(paths):
        frame = read_file(path)
        for decoder in _in_turn(kind, number):
            start = time.perf_counter()
            texts = ours(frame, FILE_BUDGET_S) if decoder.name == OURS else decoder.read(frame)
            took[decoder.name].append((time.perf_counter() - start) * 1000)
            if any(right(path, text) for text in texts):
                read[decoder.name].add(path)
            tally.misreads[decoder.name] += sum(not right(path, text) for text in texts)
    others = set().union(*(read[name] for name in took if name != OURS))
    yield {
        "name": f"photos-{kind}", "value": len(read[OURS]), "unit": f"of {len(paths)}",
        "limit": len(others), "ratio": len(read[OURS]) / max(1, len(others)),
        "only_others": sorted(path.name for path in others - read[OURS]),
    }  # fmt: skip
    for decoder in DECODERS:
        if kind in decoder.kinds:
            name = f"photos-{kind}-{decoder.name}"
            yield {"name": name, "value": len(read[decoder.name]), "unit": f"of {len(paths)}"}
            yield _times(f"{name}-ms", took[decoder.name])


def _in_turn(kind: str, number: int) -> list[Decoder]:
    """The decoders of a kind of symbol, each first as often: the first meets a frame cold."""
    able = [decoder for decoder in DECODERS if kind in decoder.kinds]
    first = number % len(able)
    return able[first:] + able[:first]


def _negatives(tally: Tally) -> Iterator[report.Line]:
    """Photographs without a code: whatever is read there is made up."""
    paths = photographs(NEGATIVE)
    for path in paths:
        frame = read_file(path)
        for decoder in DECODERS:
            start = time.perf_counter()
            tally.misreads[decoder.name] += len(decoder.read(frame))
            if decoder.name == OURS:
                tally.unread_ms.append((time.perf_counter() - start) * 1000)
    yield {"name": "negatives", "value": len(paths), "unit": "photographs" if paths else _MISSING}


def _stressed(tally: Tally) -> Iterator[report.Line]:
    """Read rate under each stress, by decoder and kind of symbol."""
    hits: dict[tuple[str, str], dict[str, dict[float, list[bool]]]] = {}
    took: dict[tuple[str, str], list[float]] = defaultdict(list)
    for number, case in enumerate(stress.cases()):
        for decoder in _in_turn(case.kind, number):
            start = time.perf_counter()
            texts = decoder.read(case.picture)
            took[case.kind, decoder.name].append((time.perf_counter() - start) * 1000)
            good = [decoder.says(text, case.text) for text in texts]
            tally.misreads[decoder.name] += good.count(False)
            by_stress = hits.setdefault((case.kind, decoder.name), {})
            by_level = by_stress.setdefault(case.stress.name, {})
            by_level.setdefault(case.level, []).append(any(good))
            if decoder.name == OURS and not texts:
                tally.unread_ms.append(took[case.kind, OURS][-1])
    for kind in (QR, DATAMATRIX):
        for decoder in DECODERS:
            if kind not in decoder.kinds:
                continue
            shares = {
                name: {level: statistics.fmean(each) for level, each in by_level.items()}
                for name, by_level in hits[kind, decoder.name].items()
            }
            name = f"stress-{kind}-{decoder.name}"
            total = statistics.fmean(share for one in shares.values() for share in one.values())
            yield {"name": name, "value": total * 100, "unit": "% read",
                   "kind": kind, "decoder": decoder.name, "shares": shares}  # fmt: skip
            yield _times(f"{name}-ms", took[kind, decoder.name])


def _totals(tally: Tally) -> Iterator[report.Line]:
    """What was made up in the whole run, and how long frames took that stayed unread."""
    for decoder in DECODERS:
        name = "misreads" if decoder.name == OURS else f"misreads-{decoder.name}"
        yield {"name": name, "value": tally.misreads[decoder.name], "unit": "symbols"}
    line = _times("hard-frame", tally.unread_ms)
    limit = BUDGET_S * 1000
    yield {**line, "value": line["p95"], "unit": "ms (95 %)", "limit": limit,
           "ratio": line["p95"] / limit, "frames": len(tally.unread_ms)}  # fmt: skip


def easy_frame(folder: Path) -> Iterator[report.Line]:
    """Frames that the first look reads, in pairs: zxing-cpp alone and the cascade, in turn first."""
    alone_ms, cascade_ms, ratios = [], [], []
    for frame in _easy_frames():
        alone, cascade = [], []
        for number in range(PAIRS):
            if number % 2:
                cascade.append(_ms(symbols.read, frame))
                alone.append(_ms(zxing_alone, frame))
            else:
                alone.append(_ms(zxing_alone, frame))
                cascade.append(_ms(symbols.read, frame))
        alone_ms.append(statistics.median(alone))
        cascade_ms.append(statistics.median(cascade))
        ratios.append(cascade_ms[-1] / alone_ms[-1])
    yield {
        "name": "easy-frame", "value": statistics.median(cascade_ms), "unit": "ms",
        "limit": statistics.median(alone_ms), "ratio": statistics.median(ratios),
        "frames": len(ratios), "p95": _p95(ratios),
    }  # fmt: skip


def _easy_frames() -> Iterator[Frame]:
    found = 0
    for path in (*photographs(QR), *photographs(DATAMATRIX)):
        frame = read_file(path)
        if zxing_alone(frame):
            found += 1
            yield frame
    if not found:
        easiest = (case for case in stress.cases() if case.level == case.stress.levels[0])
        for case, _ in zip(easiest, range(_EASY), strict=False):
            yield case.picture


def _ms(read: Callable[[Frame], object], frame: Frame) -> float:
    start = time.perf_counter()
    read(frame)
    return (time.perf_counter() - start) * 1000


def _times(name: str, took: list[float]) -> report.Line:
    return {"name": name, "value": statistics.median(took), "unit": "ms", "p95": _p95(took),
            "mean": statistics.fmean(took), "longest": max(took)}  # fmt: skip


def _p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]
