"""`make bench-alerts`: a year of simulated scans through filter and rules, and the desk on a large log.

Each line is as `make bench` has it. `false-alert-share` and `planted-missed` are of the replay; what
it assumes stands in `docs/alert-figures.md`.
"""

from __future__ import annotations

import sys
from typing import Final

from tests.bench import alerts_desk, report
from tests.bench.alerts_figures import replay

GOALS: Final = {
    "false-alert-share": "ratio at most 1",
    "planted-missed": "value 0",
    "alert-ms": "ratio at most 1",
    "recall-board": "ratio at most 1",
    "recall-board-update": "ratio at most 1",
    "trace-lot": "ratio at most 1",
    "audit": "ratio at least 0.3",
}
PARTS: Final[tuple[report.Part, ...]] = (replay, alerts_desk.large_lot, alerts_desk.audit)


def main() -> int:
    """Measure each part, and draw where that is asked for."""
    options = report.options("make bench-alerts", __doc__)
    measured = report.measure(PARTS, GOALS, as_json=options.json)
    if options.plots:
        from tests.bench import alerts_plots  # needs what only a drawing does

        alerts_plots.draw(measured, options.plots)
    return 0


if __name__ == "__main__":
    sys.exit(main())
