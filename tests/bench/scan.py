"""`make bench-scan`: how much the scanner reads, how fast, and what it never says.

Each line is as `make bench` has it. Decoders are measured side by side in one run, on the same
frames; `photos-…` on real photographs that may lie beside the checkout (where they do not, the
lines say so), `stress-…` on our own labels under one stress at a time.
"""

from __future__ import annotations

import sys
from typing import Final

from tests.bench import faults, report, scan_plots
from tests.bench.counter import pharmacists, view_to_verdict
from tests.bench.decoding import decoding, easy_frame

GOALS: Final = {
    "easy-frame": "ratio at most 1.5",
    "hard-frame": "ratio at most 1",
    "photos-qr": "ratio at least 1",
    "photos-datamatrix": "ratio at least 1",
    "misreads": "value 0",
    "view-to-verdict": "ratio at most 1",
    "view-to-verdict-95": "ratio at most 1",
    "view-missed": "value 0",
    "frame-age-longest": "ratio at most 1",
    **faults.GOALS,
}
PARTS: Final[tuple[report.Part, ...]] = (
    decoding, easy_frame, view_to_verdict, pharmacists, faults.faults,
)  # fmt: skip


def main() -> int:
    """Measure each part, and draw where that is asked for."""
    options = report.options("make bench-scan", __doc__)
    lines = report.measure(PARTS, GOALS, as_json=options.json)
    if options.plots:
        scan_plots.draw(lines, options.plots)
    return 0


if __name__ == "__main__":
    sys.exit(main())
