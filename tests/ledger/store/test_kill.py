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


def test_every_acknowledged_statement_survives_a_kill_and_none_stands_twice(tmp_path: Path) -> None:
    chain = Chain(tmp_path)
    chain.store.close()
    acknowledged: list[str] = []
    for run in range(KILLS):
        command = [sys.executable, "-m", "tests.ledger.store.writer", str(tmp_path), f"R{run}"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        # Killed after another number of answers each time, always in the middle of the next ones.
        for _ in range(5 + 7 * run % 23):
            acknowledged.append(process.stdout.readline().strip())
        process.send_signal(signal.SIGKILL)
        acknowledged += [line.strip() for line in process.stdout if line.endswith("\n")]
        process.stdout.close()
        assert process.wait() == -signal.SIGKILL
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
    chain.store.close()
