"""The scanner-fault filter over faults, fakes and right readings by the hundred thousand.

The simulation is `tests.scanner.faulty`: a log of 200,000 packs, faults in equal shares of each kind.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any, Final

from ledger.statement.ai import parse_yymmdd
from scanner.faults import AS_READ, REPAIRED, UNEXPLAINED, Explanation, alerts, explain
from tests.scanner import faulty

NUMBER: Final = int(os.environ.get("PACKTRACE_FAULTS", "100000"))  # of each: faults, fakes, right
PACKS: Final = 200_000

GOALS: Final = {
    "faults-explained": "ratio at least 1",
    "faults-asked-again": "ratio at most 1",
    "right-asked-again": "ratio at most 1",
    "fakes-explained-away": "value 0",
    "wrongly-explained": "value 0",
}


def true_to(found: Explanation, pack: faulty.Pack) -> bool:
    """Whether an explanation names the pack that was read, and nothing that its label denies."""
    label = found.label
    if label is None or (label.gtin, label.serial) != (pack.gtin, pack.serial):
        return False
    expiry = label.expiry
    return label.lot in ("", pack.lot) and (
        expiry is None or expiry == parse_yymmdd(pack.expiry, faulty.YEAR)
    )


def judge(
    log: faulty.Log, number: int, seed: int, kinds: Mapping[tuple[str, str], faulty.Fault]
) -> dict[str, Counter[str]]:
    """What became of faulty readings, by kind."""
    found: dict[str, Counter[str]] = {}
    for source, name, pack, text in faulty.faulty(log, number, seed, kinds):
        said = explain(text, source, log.confirmed, year=faulty.YEAR)
        count = found.setdefault(f"{source}: {name}", Counter())
        count["all"] += 1
        if said.outcome == UNEXPLAINED:
            count["asked-again"] += 1
            count["alert"] += alerts(said, True)
        elif true_to(said, pack):
            count["explained"] += 1
        elif said.outcome == REPAIRED:
            count["wrong"] += 1
        else:
            count["another"] += 1  # the reading itself is another pack's, which no filter can tell
    return found


def faults(folder: Path) -> Iterator[dict[str, Any]]:
    """Faults explained, right readings asked again, fakes explained away."""
    del folder
    log = faulty.make_log(PACKS)
    # Each on a core of its own: what they find hangs on their seeds alone.
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), get_context("fork")) as pool:
        judging = pool.submit(_modelled, log)
        faking = pool.submit(_fakes, log)
        righting = pool.submit(_right, log)
        judging_others = pool.submit(_unmodelled, log)
        mixing = pool.submit(fakes_through_faults, log, max(NUMBER // 10, 100), 6)
        modelled, took = judging.result()
        others = judging_others.result()
    for kinds, mark in ((modelled, "fault"), (others, "unmodelled")):
        for name, count in kinds.items():
            part = 100 * count["explained"] / count["all"]
            short = re.sub(r"[^a-z0-9]+", "-", name.lower())
            yield {"name": f"{mark}-{short}", "value": part, "unit": "% explained"}
    total, apart = sum(modelled.values(), Counter()), sum(others.values(), Counter())
    explained = 100 * total["explained"] / total["all"]
    yield _line("faults-explained", explained, "%", 90)
    asked = 100 * total["asked-again"] / total["all"]
    yield _line("faults-asked-again", asked, "%", 9)
    both = total + apart
    yield {
        "name": "faults-explained-with-unmodelled",
        "value": 100 * both["explained"] / both["all"],
        "unit": "%",
    }
    yield {
        "name": "unmodelled-explained",
        "value": 100 * apart["explained"] / apart["all"],
        "unit": "%",
    }
    yield {"name": "wrongly-explained", "value": both["wrong"], "unit": "readings", "limit": 0}
    yield {"name": "read-as-another", "value": both["another"], "unit": "readings"}
    for name, count in (("faults", total), ("unmodelled", apart)):
        part = 100 * count["alert"] / count["all"]
        yield {"name": f"{name}-alerted-if-repeated", "value": part, "unit": "%"}
    yield {"name": "fault-explain-time", "value": took / NUMBER * 1e6, "unit": "us"}
    yield righting.result()
    yield from faking.result()
    number, offered = mixing.result()
    yield {"name": "faulty-fakes-offered-a-repair", "value": offered, "unit": f"of {number}"}


def _modelled(log: faulty.Log) -> tuple[dict[str, Counter[str]], float]:
    """What becomes of the faults that the filter models, and the seconds of a core that it took."""
    start = time.process_time()
    return judge(log, NUMBER, 2, faulty.MODELLED), time.process_time() - start


def _unmodelled(log: faulty.Log) -> dict[str, Counter[str]]:
    return judge(log, max(NUMBER // 10, len(faulty.UNMODELLED)), 3, faulty.UNMODELLED)


def _right(log: faulty.Log) -> dict[str, Any]:
    rng = Random(4)
    again = 0
    for n in range(NUMBER):
        source = faulty.SOURCES[n % 3]
        pack = rng.choice(log.packs)
        said = explain(faulty.right(pack, source, rng), source, log.confirmed, year=faulty.YEAR)
        again += said.outcome != AS_READ or not true_to(said, pack)
    return _line("right-asked-again", 100 * again / NUMBER, "%", 0.01)


def _fakes(log: faulty.Log) -> list[dict[str, Any]]:
    """A fake is explained away when its second reading still raises no alert.

    A clone reads as the pack it copies: it has to stand as read, so that the log can tell.
    """
    rng = Random(5)
    away = offered = 0
    start = time.process_time()
    for n in range(NUMBER):
        source = faulty.SOURCES[n % 3]
        kind = faulty.FAKES[n // 3 % len(faulty.FAKES)]
        fake = faulty.make_fake(kind, rng.choice(log.packs), log, rng)
        said = explain(faulty.right(fake, source, rng), source, log.confirmed, year=faulty.YEAR)
        if kind == "cloned":
            away += said.outcome != AS_READ
        else:
            away += not alerts(said, True)
            offered += said.outcome != UNEXPLAINED
    took = (time.process_time() - start) / NUMBER
    return [
        {"name": "fakes-explained-away", "value": away, "unit": "fakes", "limit": 0},
        {"name": "fakes-offered-a-repair-once", "value": offered, "unit": "fakes"},
        {"name": "fake-explain-time", "value": took * 1e6, "unit": "us"},
    ]


def fakes_through_faults(log: faulty.Log, number: int, seed: int) -> tuple[int, int]:
    """Fakes read by faulty scanners: how many, and how many were taken for a pack of the log."""
    rng = Random(seed)
    kinds = faulty.FAKES[:3]
    fakes = [
        faulty.make_fake(kinds[n % 3], rng.choice(log.packs), log, rng) for n in range(number // 4)
    ]
    offered = 0
    for source, _, _, text in faulty.faulty(faulty.Log(fakes), number, seed):
        offered += explain(text, source, log.confirmed, year=faulty.YEAR).outcome == REPAIRED
    return number, offered


def _line(name: str, value: float, unit: str, limit: float) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "limit": limit, "ratio": value / limit}
