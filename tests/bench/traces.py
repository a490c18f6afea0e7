"""The trace of a lot of a million packs among 100,000 statements, as its page asks for it.

`python -m tests.bench.traces FOLDER [PACKS] [STATEMENTS]` makes the world and measures; every statement
goes through the log's own write path. Half of the packs go on in cases of a hundred, the cases over a
wholesaler to two pharmacies, who supply five packs at a time until there are enough statements.
"""

from __future__ import annotations

import itertools
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

from app import create_app
from app.config import Settings
from ledger.statement import gs1
from ledger.statement.submission import Submission
from ledger.store.batch import Receipt
from tests.app.conftest import give_keys, login_body
from tests.nodes import close
from tests.world import Chain

PACKS: Final = 1_000_000
STATEMENTS: Final = 100_000
CASE: Final = 100
LOAD: Final = 20  # cases of one shipment
SUPPLY: Final = 5
LIMIT: Final = 2.0  # seconds
LOT: Final = "M"


def trace_of_million(folder: Path) -> Iterator[dict[str, Any]]:
    """Its figures, measured in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.traces", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    yield from (json.loads(line) for line in done.stdout.splitlines())


def _run(folder: Path, packs: int, statements: int) -> None:
    chain = Chain(folder)
    _live(chain, packs, statements)
    give_keys(chain)
    app = create_app(
        Settings(
            log=folder, secure=False, per_minute=0, stranger_per_minute=0, clock=lambda: chain.now
        )
    )
    client = app.test_client()
    who = chain.authority
    client.post("/api/session", data=login_body(client, chain, who.key, who.gln))
    for name, path in {
        "trace-lot": f"/traces/lot/{chain.gtin}/{LOT}",
        "trace-lot-json": f"/api/traces/lot/{chain.gtin}/{LOT}",
        "trace-site": f"/traces/site/{chain.pharmacy.site}",
    }.items():
        start = time.perf_counter()
        answer = client.get(path)
        took = time.perf_counter() - start
        assert answer.status_code == 200, answer.text
        _tell(name, took, "s", LIMIT if name == "trace-lot" else None)
    rows = client.get(f"/api/traces/lot/{chain.gtin}/{LOT}").get_json()["rows"]
    assert rows[0]["packs"] == packs
    _tell("trace-lot-flows", len(rows), "flows", None)
    _tell("trace-log-size", chain.reader.head().size, "entries", None)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    _tell("trace-memory-peak", peak, "GiB", None)
    close(app)
    chain.store.close()


def _live(chain: Chain, packs: int, statements: int) -> None:
    ids = [gs1.sgtin(chain.gtin, f"M{n:07d}") for n in range(packs)]
    _land(chain, [chain.event("commission", chain.maker, ids, lot=LOT, expiry=date(2028, 1, 31))])
    loads = [ids[n : n + CASE] for n in range(0, packs // 2, CASE)]
    cases = [chain.unit_id(chain.maker, n) for n in range(len(loads))]
    _land(chain, [chain.event("commission", chain.maker, cases)])
    _land(chain, (
        chain.event("pack", chain.maker, load, parent=case)
        for case, load in zip(cases, loads, strict=True)
    ))  # fmt: skip
    _hand_over(chain, chain.maker, chain.wholesaler, [cases])
    ways = [(chain.pharmacy, cases[::2]), (chain.pharmacy2, cases[1::2])]
    for to, some in ways:
        groups = [some[n : n + LOAD] for n in range(0, len(some), LOAD)]
        _hand_over(chain, chain.wholesaler, to, groups)
        _land(chain, (chain.event("unpack", to, parent=case) for case in some))
    left = statements - chain.reader.head().size
    at = {case: to for to, some in ways for case in some}
    supplies = (
        chain.event("supply", at[case], load[n : n + SUPPLY])
        for case, load in zip(cases, loads, strict=True)
        for n in range(0, CASE, SUPPLY)
    )
    _land(chain, itertools.islice(supplies, max(0, left)))


def _hand_over(chain: Chain, sender: Any, to: Any, groups: list[list[str]]) -> None:
    for group in groups:
        ship = chain.ship_event(sender, group, to)
        _land(chain, [ship])
        _land(chain, [chain.event("receive", to, group, shipment=ship.statement.id)])


def _land(chain: Chain, submissions: Iterable[Submission]) -> None:
    waiting = iter(submissions)
    while some := list(itertools.islice(waiting, 200)):
        for outcome in chain.log.append(some):
            if not isinstance(outcome, Receipt):
                raise outcome


def _tell(name: str, value: float, unit: str, limit: float | None) -> None:
    ratio = value / limit if limit else None
    line = {"name": name, "value": value, "unit": unit, "limit": limit, "ratio": ratio}
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sizes = [int(text) for text in sys.argv[2:]]
    _run(Path(sys.argv[1]), *[*sizes, *(PACKS, STATEMENTS)[len(sizes) :]])
