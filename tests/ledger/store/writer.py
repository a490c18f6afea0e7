"""A process that logs statements as fast as it can, and prints each id once it is acknowledged."""

from __future__ import annotations

import itertools
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

from ledger.store.append import Log
from ledger.store.opening import open_store
from tests.world import ORIGIN, Chain, SigningKey, seed


def main(folder: str, run: str) -> None:
    """Commission one pack a statement, from four threads, until killed."""
    chain = Chain.__new__(Chain)
    chain.attach(Path(folder), run)
    log = Log(
        open_store(folder), SigningKey(ORIGIN, seed("log")), seed("status"), lambda: chain.now
    )
    numbers = itertools.count()

    def work(_: int) -> None:
        for number in numbers:
            lot = f"{run}-{number}"
            event = chain.event(
                "commission", chain.maker, chain.pack_ids(lot, 1), lot=lot, expiry=date(2028, 1, 31)
            )
            # One write, so that lines of several threads do not mix.
            os.write(1, f"{log.submit(event).id}\n".encode())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))


if __name__ == "__main__":
    main(*sys.argv[1:])
