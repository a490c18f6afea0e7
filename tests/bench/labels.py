"""What makes a label easy to read: module size, error correction, quiet zone, ink that spreads.

`python -m tests.bench.labels` prints a table of what docs/labels.md shows; `--json` one object a
line, `--plots FOLDER` the plots. The labels are drawn on a grid of 40 dots a millimetre, printed
with more or less ink, and seen by a simulated camera: turned, tilted, out of focus, noisy, as JPEG.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.label import (
    DATAMATRIX_MM,
    MODULE_MM,
    QUIET,
    QUIET_DATAMATRIX,
    Modules,
    PrintedLabel,
    datamatrix_modules,
    qr_modules,
    render,
    to_png,
)
from scanner.symbols import read
from scanner.zpl import to_zpl

Picture = NDArray[np.uint8]
GRID: Final = 40  # dots a millimetre of the drawn label
LABEL: Final = PrintedLabel("09521101000016", "LOT2601A", date(2028, 1, 31), "ABCDEF12345678")
KINDS: Final = ("QR code", "GS1 DataMatrix")
VIEWS: Final = 40  # simulated camera frames for each figure
RATE: Final = 0.95  # of them that must be read
DENSITIES: Final = (2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 7, 8, 9, 10, 12, 14, 16)  # pixels a mm
FRAME: Final = 1280  # pixels: the width of a webcam's frame
MODULES_MM: Final = (0.25, 0.33, 0.42, 0.5, 0.58, 0.67)
MARGINS: Final = {"QR code": QUIET, "GS1 DataMatrix": QUIET_DATAMATRIX}
CHOSEN_MM: Final = {"QR code": MODULE_MM, "GS1 DataMatrix": DATAMATRIX_MM}


def wanted(kind: str) -> str:
    """The text that must be read."""
    return LABEL.link if kind == "QR code" else LABEL.elements


def modules_of(kind: str, level: str = "M") -> Modules:
    """The symbol of the label that all figures are of."""
    return qr_modules(LABEL.link, level=level) if kind == "QR code" else datamatrix_modules(LABEL)


def printed(
    modules: Modules, module_mm: float, quiet: int, *, gain_mm: float = 0.0, around: int = 120
) -> Picture:
    """A symbol on paper, ink grown (or shrunk) by `gain_mm` on each edge, on a grey or black box."""
    light = (~np.pad(modules, quiet)).astype(np.uint8) * 255
    side = round(light.shape[0] * module_mm * GRID)
    paper = cv2.resize(light, (side, side), interpolation=cv2.INTER_NEAREST)
    reach = round(abs(gain_mm) * GRID)
    if reach:
        kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
        paper = cv2.erode(paper, kernel) if gain_mm > 0 else cv2.dilate(paper, kernel)
    margin = 6 * GRID
    return np.pad(paper.astype(np.uint8), margin, constant_values=around)


def seen(table: Picture, density: float, chance: np.random.Generator) -> Picture:
    """What a camera makes of it at `density` pixels a mm: a hand's turn and tilt, focus, noise."""
    scale = density / GRID
    high, wide = table.shape
    # The camera's own pixels are larger than the drawing's dots: average before sampling.
    table = cv2.GaussianBlur(table, (0, 0), 0.45 / scale).astype(np.uint8)
    corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    turn = np.deg2rad(chance.uniform(-25, 25))
    around = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    flat = (corners - (wide / 2, high / 2)) * scale
    # The far edge is shorter: a label held at up to some 35 degrees.
    flat[1:3, 1] *= 1 - chance.uniform(0, 0.2)
    flat[:, 0] *= 1 - chance.uniform(0, 0.15)
    size = int(max(wide, high) * scale * 1.3) + 8
    flat = flat @ around.T + size / 2 + chance.uniform(-0.5, 0.5, 2)
    view = cv2.getPerspectiveTransform(corners, flat.astype(np.float32))
    frame = cv2.warpPerspective(table, view, (size, size), borderValue=120)
    frame = cv2.GaussianBlur(frame, (0, 0), chance.uniform(0.5, 1.0))
    frame = frame * 0.75 + 20 + chance.normal(0, 4, frame.shape)
    _, data = cv2.imencode(".jpg", frame.clip(0, 255).astype(np.uint8), [1, 80])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def rate(table: Picture, density: float, text: str, views: int) -> float:
    """The share of views that are read; each choice is seen from the same hand's movements."""
    chance = np.random.default_rng(7)
    frames = (seen(table, density, chance) for _ in range(views))
    return sum(text in {s.text for s in read(frame, budget_s=5)} for frame in frames) / views


def needed(table: Picture, text: str, views: int) -> float:
    """The fewest pixels a mm at which `RATE` of the views are read, and at all that are more."""
    enough = 0.0
    for density in reversed(DENSITIES):
        if rate(table, density, text, views) < RATE:
            break
        enough = density
    return enough


def module_size(views: int) -> Iterator[dict[str, Any]]:
    """How near a camera must come, by the side of a module."""
    for kind in KINDS:
        symbol = modules_of(kind)
        for module in MODULES_MM:
            density = needed(printed(symbol, module, MARGINS[kind]), wanted(kind), views)
            yield {
                "name": "module-size", "kind": kind, "module_mm": module,
                "side_mm": round((len(symbol) + 2 * MARGINS[kind]) * module, 1),
                "needed_px_mm": density, "px_module": round(density * module, 2),
                "view_mm": round(FRAME / density) if density else 0,
            }  # fmt: skip


def error_correction(views: int) -> Iterator[dict[str, Any]]:
    """The four levels of a QR code: of equal modules, of equal side, and with a part torn off."""
    module = MODULE_MM
    side = (len(modules_of("QR code")) + 2 * QUIET) * module
    for level in "LMQH":
        symbol = modules_of("QR code", level)
        equal = side / (len(symbol) + 2 * QUIET)
        line: dict[str, Any] = {
            "name": "error-correction", "level": level, "modules": len(symbol),
            "needed_px_mm": needed(printed(symbol, module, QUIET), LABEL.link, views),
            "needed_equal_side": needed(printed(symbol, equal, QUIET), LABEL.link, views),
        }  # fmt: skip
        for percent in (2, 5, 8, 12):
            table = printed(symbol, module, QUIET)
            line[f"blot_{percent}"] = sum(
                rate(blotted(table, len(symbol) * module, percent, place), 10, LABEL.link, 4)
                for place in range(views // 4)
            ) / (views // 4)
        yield line


def blotted(table: Picture, side_mm: float, percent: float, place: int) -> Picture:
    """A round spot without ink on `percent` of the symbol, anywhere off the finder patterns."""
    chance = np.random.default_rng(place)
    radius = side_mm * GRID * np.sqrt(percent / 100 / np.pi)
    middle = table.shape[0] / 2
    reach = side_mm * GRID / 2 - radius
    x, y = chance.uniform(-0.2, 1, 2) * reach
    worn = table.copy()
    cv2.circle(worn, (round(middle + x), round(middle + y)), round(radius), 255, -1)
    return worn


def quiet_zone(views: int) -> Iterator[dict[str, Any]]:
    """Modules of white between a symbol and a black box round it."""
    for kind in KINDS:
        for quiet in (0, 1, 2, 3, 4, 6):
            table = printed(modules_of(kind), CHOSEN_MM[kind], quiet, around=0)
            yield {
                "name": "quiet-zone", "kind": kind, "quiet": quiet,
                **{f"read_{d}": rate(table, d, wanted(kind), views) for d in (6, 8, 12)},
            }  # fmt: skip


def print_gain(views: int) -> Iterator[dict[str, Any]]:
    """Ink that spreads, or dots that stay too small, by the side of a module; at 8 pixels a mm."""
    for kind in KINDS:
        for module in (0.33, 0.42, 0.5):
            line: dict[str, Any] = {"name": "print-gain", "kind": kind, "module_mm": module}
            for gain in (-0.15, -0.1, -0.05, 0.0, 0.05, 0.1, 0.15):
                table = printed(modules_of(kind), module, MARGINS[kind], gain_mm=gain)
                line[f"gain_{gain:+.2f}"] = rate(table, 8, wanted(kind), views)
            yield line


def per_label(views: int) -> Iterator[dict[str, Any]]:
    """Milliseconds to draw a label, read it back and write it."""
    for dpi in (203, 300, 600):
        for both in (False, True):
            took = []
            for number in range(views):
                label = PrintedLabel(LABEL.gtin, LABEL.lot, LABEL.expiry, f"SERIAL{number:08}")
                start = time.perf_counter()
                picture = render(label, dpi=dpi, datamatrix=both)
                drawn = time.perf_counter()
                png = to_png(picture, dpi=dpi)
                encoded = time.perf_counter()
                printer = to_zpl(picture)
                end = time.perf_counter()
                took.append((drawn - start, encoded - drawn, end - encoded))
            middle = np.median(np.array(took), axis=0) * 1000
            yield {
                "name": "per-label", "dpi": dpi, "datamatrix": both,
                "render_ms": round(middle[0], 1), "png_ms": round(middle[1], 1),
                "zpl_ms": round(middle[2], 1), "png_bytes": len(png), "zpl_bytes": len(printer),
                "mm": [round(side / dpi * 25.4, 1) for side in picture.size],
            }  # fmt: skip


PARTS: Final = (module_size, error_correction, quiet_zone, print_gain, per_label)


def plot(lines: Sequence[dict[str, Any]], folder: Path) -> None:
    """Write `labels-modules.svg`: how wide a view may be, by the side of a module; and labels."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    mpl.rcParams["svg.hashsalt"] = "packtrace"
    figure, axes = pyplot.subplots(figsize=(8, 4))
    for kind, mark in zip(KINDS, "os", strict=True):
        found = [line for line in lines if line["name"] == "module-size" and line["kind"] == kind]
        places = [line["module_mm"] for line in found]
        axes.plot(places, [line["view_mm"] for line in found], marker=mark, label=kind)
        axes.axvline(CHOSEN_MM[kind], color="black", linewidth=1, linestyle=":")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("side of a module, mm (dotted: as we print)")
    axes.set_ylabel("widest view in which\n95 % are read, mm (1280 pixels)")
    axes.legend()
    figure.tight_layout()
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "labels-modules.svg", metadata={"Date": None})
    pyplot.close(figure)
    for dpi in (203, 300, 600):
        picture = render(LABEL, dpi=dpi, datamatrix=True)
        (folder / f"label-{dpi}.png").write_bytes(to_png(picture, dpi=dpi))


def main() -> None:
    """Measure each part."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.labels", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one object a line")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw what was measured there")
    parser.add_argument("--part", choices=[p.__name__ for p in PARTS], help="this part alone")
    parser.add_argument("--views", type=int, default=VIEWS, help="camera frames for each figure")
    options = parser.parse_args()
    lines = []
    for part in PARTS:
        if options.part in (None, part.__name__):
            for line in part(options.views):
                lines.append(line)
                words = ", ".join(f"{k} {v}" for k, v in line.items() if k != "name")
                print(json.dumps(line) if options.json else f"{line['name']}: {words}", flush=True)
    if options.plots:
        plot(lines, options.plots)


if __name__ == "__main__":
    main()
