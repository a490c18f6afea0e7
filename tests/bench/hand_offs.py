"""How fast signed hand-offs enter the log, against libsodium's verification alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pymerkle import SqliteTree

from ledger.statement.submission import Submission
from ledger.store.batch import Receipt
from tests.bench.limit import verify_only
from tests.postgres import Server
from tests.world import Chain

PACKS: Final = 5000  # each is shipped and received: twice as many statements
LOT: Final = 1000
PYMERKLE: Final = 2000


def append_bulk(folder: Path) -> Iterator[dict[str, Any]]:
    """10,000 pre-signed hand-offs of one pack each, from their bytes to durable receipts."""
    yield _bulk("append-bulk", Chain(folder))


def postgres_append(folder: Path) -> Iterator[dict[str, Any]]:
    """The same on a PostgreSQL server of this run's own, with its default durability."""
    server = Server()
    try:
        yield _bulk("postgres-append", Chain(folder, url=server.database()))
    finally:
        server.close()


def pymerkle_append(folder: Path) -> Iterator[dict[str, Any]]:
    """Single appends of pymerkle 7 on SQLite, as it comes: a Merkle tree without signatures or rules."""
    yield {"name": "pymerkle-append", "value": pymerkle_rate(folder), "unit": "entries/s"}


def pymerkle_rate(folder: Path) -> float:
    """Entries a second that pymerkle appends one by one to an SQLite file."""
    with SqliteTree(str(folder / "pymerkle.sqlite")) as tree:
        start = time.perf_counter()
        for number in range(PYMERKLE):
            tree.append_entry(number.to_bytes(40, "big"))
        return PYMERKLE / (time.perf_counter() - start)


def _bulk(name: str, chain: Chain) -> dict[str, Any]:
    packs = [pack for n in range(PACKS // LOT) for pack in chain.commission(f"B{n}", LOT)]
    ships = [chain.ship_event(chain.maker, [pack], chain.wholesaler) for pack in packs]
    receipts = [
        chain.event("receive", chain.wholesaler, [pack], shipment=ship.statement.id)
        for pack, ship in zip(packs, ships, strict=True)
    ]
    signed = [bytes(submission) for submission in (*ships, *receipts)]
    limit = verify_only(ships)
    start = time.perf_counter()
    outcomes = chain.log.append([Submission.parse(data) for data in signed])
    rate = len(signed) / (time.perf_counter() - start)
    refused = [outcome for outcome in outcomes if not isinstance(outcome, Receipt)]
    if refused:
        raise refused[0]
    chain.store.close()
    return {
        "name": name, "value": rate, "unit": "statements/s", "limit": limit,
        "ratio": rate / limit,
    }  # fmt: skip
