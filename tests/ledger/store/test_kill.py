"""The writer is killed under load: what was acknowledged stands, once, and the log goes on.

PACKTRACE_DRILL sets how often (`make drill`: 50).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from ledger.store.check import check
from ledger.store.views import rebuild
from tests.ledger.rules.test_refusals import tables
from tests.world import Chain

KILLS = int(os.environ.get("PACKTRACE_DRILL", "10"))


def test_every_acknowledged_statement_survives_a_kill_and_none_stands_twice(
    chain: Chain, tmp_path: Path
) -> None:
    acknowledged: list[str] = []
    for run in range(KILLS):
        process = start_writer(tmp_path, f"R{run}")
        # Killed after another number of answers each time, always in the middle of the next ones.
        acknowledged += kill_after(process, 5 + 7 * run % 23)
        stored = [row[0] for row in chain.store.rows("SELECT id FROM entry")]
        assert set(acknowledged) <= set(stored)
        assert len(set(stored)) == len(stored)
        assert check(chain.store, chain.log_key.verifier) is None
    assert len(acknowledged) >= 5 * KILLS
    before = tables(chain)
    rebuild(chain.store)
    assert tables(chain) == before
    chain.log = chain.new_log()
    chain.commission("AFTER", 1)
    assert check(chain.store, chain.log_key.verifier) is None


def test_any_of_several_writers_dies_and_the_others_go_on(chain: Chain, tmp_path: Path) -> None:
    """One log, three processes; each is killed in turn while the others are writing."""
    writers = {run: start_writer(tmp_path, f"W{run}") for run in range(3)}
    acknowledged: list[str] = []
    for run, process in writers.items():
        acknowledged += kill_after(process, 10 + 5 * run)
    stored = {row[0] for row in chain.store.rows("SELECT id FROM entry")}
    assert set(acknowledged) <= stored
    assert len(acknowledged) >= 45
    assert check(chain.store, chain.log_key.verifier) is None
    chain.log = chain.new_log()
    chain.commission("AFTER", 1)


def start_writer(folder: Path, run: str) -> subprocess.Popen[str]:
    """A process that writes until it is killed."""
    command = [sys.executable, "-m", "tests.ledger.store.writer", str(folder), run]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def kill_after(process: subprocess.Popen[str], answers: int) -> list[str]:
    """Kill a writer after some answers; all ids that it saw acknowledged."""
    assert process.stdout is not None
    found = [process.stdout.readline().strip() for _ in range(answers)]
    process.send_signal(signal.SIGKILL)
    found += [line.strip() for line in process.stdout if line.endswith("\n")]
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    return found
