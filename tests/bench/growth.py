"""What changes as a log grows from a thousand to a million entries: appending, verdicts, bundles.

`python -m tests.bench.growth FOLDER [ENTRIES]` is the process measured, so that its memory is its own.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

from ledger.store.batch import Receipt
from tests.world import Chain

SMALL: Final = 1_000
LARGE: Final = 1_000_000
TRIED: Final = 1_000  # statements and verdicts measured at each size
FILL: Final = 10_000  # statements made at a time


def growth(folder: Path) -> Iterator[dict[str, Any]]:
    """The same work at both sizes, and what the largest bundle weighs in the large log."""
    command = [sys.executable, "-m", "tests.bench.growth", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    yield from (json.loads(line) for line in done.stdout.splitlines())


def _run(folder: Path, large: int) -> None:
    chain = Chain(folder)
    steps = [SMALL, *(size for size in (10_000, 100_000) if size < large), large]
    append, verdict, largest = {}, {}, 0
    for size in steps:
        _fill(chain, size)
        append[size], verdict[size], largest = _measure(chain, size)
        curve = {"append_s": append[size], "verdict_s": verdict[size]}
        _tell(f"curve-{size}", append[size] * 1e6, "us a statement", None, curve)
    _tell("growth-append", append[large] / append[SMALL], f"× from {SMALL} to {large}", 1.5)
    _tell("growth-verdict", verdict[large] / verdict[SMALL], f"× from {SMALL} to {large}", 1.5)
    _tell("bundle-bytes-million", largest, "bytes gzip", 24 * 1024)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    _tell("growth-memory-peak", peak, "GiB", 2)
    chain.store.close()


def _fill(chain: Chain, size: int) -> None:
    """Real statements until the log has a size: scans of packs that do not exist, as they come."""
    while (left := size - chain.reader.head().size) > 0:
        now = chain.now
        some = [
            chain.event("inspect", chain.pharmacy, [chain.pack_ids(f"F{now % 10**6}", 1)[0]],
                        reason="unknown")
            for _ in range(min(left, FILL))
        ]  # fmt: skip
        _all_stand(chain.log.append(some))
        # The clock goes on by itself with each statement: keep the claimed times within the window.


def _all_stand(outcomes: list[Any]) -> None:
    for outcome in outcomes:
        if not isinstance(outcome, Receipt):
            raise outcome


def _measure(chain: Chain, size: int) -> tuple[float, float, int]:
    """Median seconds a statement and a verdict; the largest bundle of some packs in bytes."""
    lot = f"G{size}"
    packs = chain.pack_ids(lot, TRIED)
    chain.log.submit(
        chain.event("commission", chain.maker, packs, lot=lot, expiry=date(2035, 1, 31))
    )
    ships = [chain.ship_event(chain.maker, [pack], chain.pharmacy) for pack in packs]
    took = []
    for start in range(0, TRIED, 100):
        begin = time.perf_counter()
        _all_stand(chain.log.append(ships[start : start + 100]))
        took.append((time.perf_counter() - begin) / 100)
    _all_stand(chain.log.append([
        chain.event("receive", chain.pharmacy, [pack], shipment=ship.statement.id)
        for pack, ship in zip(packs, ships, strict=True)
    ]))  # fmt: skip
    judged = []
    for pack in packs:
        begin = time.perf_counter()
        chain.answers.state(pack, chain.pharmacy.site)
        judged.append(time.perf_counter() - begin)
    sizes = [len(chain.answers.bundle([p], chain.pharmacy.site).to_gzip()) for p in packs[::50]]
    return statistics.median(took), statistics.median(judged), max(sizes)


def _tell(
    name: str, value: float, unit: str, limit: float | None, more: dict[str, float] | None = None
) -> None:
    ratio = value / limit if limit else None
    line = {"name": name, "value": value, "unit": unit, "limit": limit, "ratio": ratio}
    print(json.dumps({**line, **(more or {})}), flush=True)


if __name__ == "__main__":
    _run(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else LARGE)
