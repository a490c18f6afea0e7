"""`make bench`: a table of what was measured, or with `--json` one object a line.

Each line: name, value, unit, and where there is one the limit it is held against, measured in this
run, with the ratio of the two. What a figure must reach stands in `GOALS`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from tests.bench import bundles, growth, hand_offs, million, plots, web

GOALS: Final = {
    "append-bulk": "ratio at least 0.25",
    "postgres-append": "ratio at least 0.2",
    "append-single": "ratio at least 1",
    "verdict-http": "ratio at least 0.4",
    "bundle-verify": "ratio at least 0.33",
    "bundle-bytes": "ratio at most 1",
    "bundle-bytes-million": "ratio at most 1",
    "commission-million": "ratio at most 1",
    "lock-held-longest": "ratio at most 1",
    "prove-of-million": "ratio at most 1",
    "memory-peak": "ratio at most 1",
    "growth-append": "ratio at most 1",
    "growth-verdict": "ratio at most 1",
}
SYNCS: Final = 50


def machine(folder: Path) -> Iterator[dict[str, Any]]:
    """How busy this machine is, and what one durable write costs."""
    yield {"name": "load", "value": os.getloadavg()[0], "unit": "processes"}
    took = []
    with (folder / "probe").open("wb") as file:
        for _ in range(SYNCS):
            file.write(bytes(4096))
            file.flush()
            start = time.perf_counter()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - start)
    yield {"name": "fsync", "value": statistics.median(took) * 1000, "unit": "ms"}


PARTS: Final[tuple[Callable[[Path], Iterator[dict[str, Any]]], ...]] = (
    machine,
    hand_offs.append_bulk,
    hand_offs.postgres_append,
    hand_offs.pymerkle_append,
    web.append_single,
    web.verdict_http,
    bundles.verify_and_size,
    million.commission_million,
    growth.growth,
)


def main() -> int:
    """Measure each part in a folder of its own."""
    parser = argparse.ArgumentParser(prog="make bench BENCH_ARGS=…", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one object a line")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw what was measured there")
    options = parser.parse_args()
    if not options.json:
        print(f"{'name':<16} {'value':>12} {'unit':<14} {'limit':>12} {'ratio':>7}  goal")
    lines: list[dict[str, Any]] = []
    for part in PARTS:
        with tempfile.TemporaryDirectory(prefix="packtrace-bench-") as folder:
            for line in part(Path(folder)):
                show(line, as_json=options.json)
                lines.append(line)
    if options.plots:
        plots.draw(lines, GOALS, options.plots)
    return 0


def show(line: dict[str, Any], *, as_json: bool) -> None:
    """Print one figure."""
    full = {"name": "", "value": None, "unit": "", "limit": None, "ratio": None, **line}
    if as_json:
        print(json.dumps(full), flush=True)
        return
    limit, ratio = full["limit"], full["ratio"]
    print(
        f"{full['name']:<16} {full['value']:>12.2f} {full['unit']:<14} "
        f"{'' if limit is None else format(limit, '.2f'):>12} "
        f"{'' if ratio is None else format(ratio, '.3f'):>7}  {GOALS.get(full['name'], '')}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
