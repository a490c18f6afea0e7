"""A lot of a million packs: commissioned in one statement, and one of them proven.

`python -m tests.bench.million FOLDER` is the process measured, so that its memory is its own.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

from ledger.statement import gs1
from ledger.statement.submission import Submission
from ledger.store.append import Log
from ledger.store.batch import Receipt
from tests.world import Chain

PACKS: Final = 1_000_000
PROOFS: Final = 20


def commission_million(folder: Path) -> Iterator[dict[str, Any]]:
    """From the submission's bytes to a durable receipt, and proofs of single packs afterwards."""
    command = [sys.executable, "-m", "tests.bench.million", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    yield from (json.loads(line) for line in done.stdout.splitlines())


def _run(folder: Path) -> None:
    chain = Chain(folder)
    ids = [gs1.sgtin(chain.gtin, f"M{n:07d}") for n in range(PACKS)]
    event = chain.event("commission", chain.maker, ids, lot="M", expiry=date(2028, 1, 31))
    data = bytes(event)
    del event
    held: list[float] = []
    _time_the_lock(chain, held)
    start = time.perf_counter()
    outcome = chain.log.append([Submission.parse(data)])[0]
    took = time.perf_counter() - start
    if not isinstance(outcome, Receipt):
        raise outcome
    _tell("commission-million", took, "s", 60)
    _tell("lock-held-longest", max(held), "s", 3)
    del data
    step = PACKS // PROOFS
    took_each = []
    for item in ids[::step]:
        start = time.perf_counter()
        chain.reader.item_path(outcome.index, item)
        took_each.append(time.perf_counter() - start)
    _tell("prove-of-million", max(took_each) * 1000, "ms", 50)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    _tell("memory-peak", peak, "GiB", 2)
    chain.store.close()


def _time_the_lock(chain: Chain, held: list[float]) -> None:
    """Note how long each transaction holds the log's lock."""
    writing = chain.store.writing

    @contextmanager
    def timed() -> Iterator[None]:
        with writing():
            start = time.perf_counter()
            yield
        held.append(time.perf_counter() - start)

    chain.store.writing = timed  # type: ignore[method-assign]  # measured from outside
    assert isinstance(chain.log, Log)


def _tell(name: str, value: float, unit: str, limit: float) -> None:
    line = {"name": name, "value": value, "unit": unit, "limit": limit, "ratio": value / limit}
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    _run(Path(sys.argv[1]))
