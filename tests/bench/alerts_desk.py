"""The authority's desk on a large log: a recall's board, a lot's trace, and an audit from outside.

`python -m tests.bench.alerts_desk FOLDER` is the process measured, so that its memory is its own.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from ledger.pulled import PULLED, Pulled
from ledger.rules.trace import flows
from ledger.statement import gs1
from ledger.statement.submission import Submission
from ledger.store import traces
from ledger.store.batch import Receipt
from ledger.store.publish import export, trust_file
from ledger.store.recall_board import Boards
from tests.bench.limit import verify_only
from tests.world import Chain, Member

PACKS: Final = 1_000_000
STATEMENTS: Final = 100_000
CASE: Final = 100  # packs in a case
CASES: Final = 6_000
GONE: Final = 3_000  # of these cases, those that were sent on
LOT: Final = "M"
FILL: Final = 2_000  # statements made at a time
UPDATES: Final = 20
AUDITED: Final = 20_000  # statements of single packs
MOST_BOARD_S, MOST_UPDATE_MS, MOST_TRACE_S = 2.0, 200.0, 2.0


def large_lot(folder: Path) -> Iterator[dict[str, Any]]:
    """A lot of a million packs, moved by 100,000 statements: its recall's board, and its trace."""
    command = [sys.executable, "-m", "tests.bench.alerts_desk", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    yield from (json.loads(line) for line in done.stdout.splitlines())


def _run(folder: Path) -> None:
    chain = Chain(folder)
    singles = _fill(chain)
    recalled = chain.log.submit(chain.recall_of(chain.scope(lots=[LOT])))
    mark = chain.reader.authority().marks[recalled.id]
    boards = Boards(chain.store)
    with chain.reader.snapshot():
        board, took, work = _timed(lambda: boards.board(mark))
    assert board.packs == PACKS
    _tell("recall-board", took, "s", MOST_BOARD_S)
    _tell("recall-board-processor", work, "s", MOST_BOARD_S)
    each = []
    for pack in singles[:UPDATES]:
        chain.quarantine(chain.pharmacy, [pack], reason="other")
        with chain.reader.snapshot():
            board, took, _ = _timed(lambda: boards.board(mark))
        assert board.packs == PACKS
        each.append(took * 1000)
    _tell("recall-board-update", statistics.median(each), "ms", MOST_UPDATE_MS)
    with chain.reader.snapshot():
        found, took, work = _timed(lambda: _trace(chain))
    assert sum(flow.packs for flow in found if flow.kind == "made") == PACKS
    _tell("trace-lot", took, "s", MOST_TRACE_S)
    _tell("trace-lot-processor", work, "s", MOST_TRACE_S)
    chain.store.close()


def _trace(chain: Chain) -> list[Any]:
    traced = traces.of_lot(chain.store, chain.gtin, LOT)
    return flows(traced.acts, traced.shipments)


def _fill(chain: Chain) -> list[str]:
    """The lot and its moves, up to the number; the packs that the pharmacy holds one by one."""
    ids = [gs1.sgtin(chain.gtin, f"M{n:07d}") for n in range(PACKS)]
    _land(chain, [chain.event("commission", chain.maker, ids, lot=LOT, expiry=date(2035, 1, 31))])
    cases = [chain.unit_id(chain.maker, number) for number in range(CASES)]
    _land(chain, [chain.event("commission", chain.maker, cases)])
    _each(chain, range(CASES), lambda n: chain.event(
        "pack", chain.maker, ids[CASE * n : CASE * (n + 1)], parent=cases[n]
    ))  # fmt: skip
    _hand_over(chain, chain.maker, cases[:GONE], chain.wholesaler)
    _hand_over(chain, chain.wholesaler, cases[: GONE // 3], chain.pharmacy)
    _hand_over(chain, chain.wholesaler, cases[GONE // 3 : GONE // 2], chain.pharmacy2)
    left = (STATEMENTS - chain.reader.head().size) // 2
    singles = ids[CASE * CASES :][:left]
    _hand_over(chain, chain.maker, singles, chain.pharmacy)
    return singles


def _each(chain: Chain, some: Sequence[Any], make: Callable[[Any], Submission]) -> None:
    for start in range(0, len(some), FILL):
        _land(chain, [make(one) for one in some[start : start + FILL]])


def _hand_over(chain: Chain, who: Member, items: Sequence[str], to: Member) -> None:
    for start in range(0, len(items), FILL):
        some = items[start : start + FILL]
        ships = [chain.ship_event(who, [item], to) for item in some]
        _land(chain, ships)
        _land(chain, [
            chain.event("receive", to, [item], shipment=ship.statement.id)
            for item, ship in zip(some, ships, strict=True)
        ])  # fmt: skip


def _land(chain: Chain, some: list[Submission]) -> list[Receipt]:
    receipts = []
    for outcome in chain.log.append(some):
        if not isinstance(outcome, Receipt):
            raise outcome
        receipts.append(outcome)
    return receipts


def audit(folder: Path) -> Iterator[dict[str, Any]]:
    """The command on an exported log and an authority's books: the tree, signatures, custody, all."""
    chain = Chain(folder / "log")
    kept: list[tuple[Receipt, Submission]] = []

    def land(some: list[Submission]) -> None:
        kept.extend(zip(_land(chain, some), some, strict=True))

    packs = [pack for n in range(AUDITED // 2_000) for pack in chain.pack_ids(f"A{n}", 1_000)]
    for n in range(AUDITED // 2_000):
        lot = packs[1_000 * n : 1_000 * (n + 1)]
        land([chain.event("commission", chain.maker, lot, lot=f"A{n}", expiry=date(2035, 1, 31))])
        ships = [chain.ship_event(chain.maker, [pack], chain.wholesaler) for pack in lot]
        land(ships)
        land([
            chain.event("receive", chain.wholesaler, [pack], shipment=ship.statement.id)
            for pack, ship in zip(lot, ships, strict=True)
        ])  # fmt: skip
    by_maker = [one for _, one in kept if one.statement.body.by == chain.maker.gln]
    limit, _, work = _timed(lambda: verify_only(by_maker))
    limit_of_work = len(by_maker) / work
    public, books, trust = folder / "public", folder / "books", folder / "trust.txt"
    export(chain.store, public)
    books.mkdir()
    with (books / PULLED).open("wb") as file:
        for receipt, one in kept:
            file.write(Pulled(receipt.index, receipt.ms, one).to_json() + b"\n")
    trust.write_bytes(trust_file(chain.store))
    chain.store.close()
    command = [sys.executable, "-m", "ledger", "audit", str(public)]
    command += ["--trust", str(trust), "--books", str(books)]
    before = _of_children()
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    rate = len(kept) / (time.perf_counter() - start)
    rate_of_work = len(kept) / (_of_children() - before)
    for name, value, most, unit in (
        ("audit", rate, limit, "statements/s"),
        ("audit-processor", rate_of_work, limit_of_work, "statements/s of processor"),
    ):
        yield {"name": name, "value": value, "unit": unit, "limit": most, "ratio": value / most}


def _of_children() -> float:
    """Seconds of the processor that ended processes of this one have taken."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _timed(ask: Callable[[], Any]) -> tuple[Any, float, float]:
    """An answer, the seconds that it took, and those of the processor among them."""
    start, work = time.perf_counter(), time.process_time()
    found = ask()
    return found, time.perf_counter() - start, time.process_time() - work


def _tell(name: str, value: float, unit: str, limit: float) -> None:
    line = {"name": name, "value": value, "unit": unit, "limit": limit, "ratio": value / limit}
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    _run(Path(sys.argv[1]))
