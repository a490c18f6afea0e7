"""`make bench`: a table of what was measured, or with `--json` one object a line.

Each line: name, value, unit, and where there is one the limit it is held against, measured in this
run, with the ratio of the two. What a figure must reach stands in `GOALS`.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.bench import bundles, growth, hand_offs, million, pages, plots, report, web

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
    "page-slowest": "ratio at most 1",
    "first-load": "ratio at most 1",
    "dispatch-5000": "ratio at most 1",
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


PARTS: Final[tuple[report.Part, ...]] = (
    machine,
    hand_offs.append_bulk,
    hand_offs.postgres_append,
    hand_offs.pymerkle_append,
    web.append_single,
    web.verdict_http,
    bundles.verify_and_size,
    million.commission_million,
    growth.growth,
    pages.pages,
)


def main() -> int:
    """Measure each part, and draw where that is asked for."""
    options = report.options("make bench", __doc__)
    lines = report.measure(PARTS, GOALS, as_json=options.json)
    if options.plots:
        plots.draw(lines, GOALS, options.plots)
    return 0


if __name__ == "__main__":
    sys.exit(main())
