"""What one address may ask in a minute, counted for all processes of a server together."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from app.limits import Counts

FORKS = """
import os
from app.limits import Counts
counts = Counts()
counts.add("scan 192.0.2.1", 7)
for _ in range(3):
    child = os.fork()
    if child == 0:
        counts.add("scan 192.0.2.1", 7)
        os._exit(0)
    os.waitpid(child, 0)
print(counts.add("scan 192.0.2.1", 7), counts.add("scan 192.0.2.2", 7))
"""


def test_processes_of_one_server_count_together() -> None:
    done = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["5", "1"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=40))
def test_a_name_starts_anew_with_each_minute(asked: list[tuple[str, int]]) -> None:
    counts = Counts()
    last: dict[str, tuple[int, int]] = {}
    for name, minute in asked:
        at, number = last.get(name, (minute, 0))
        last[name] = minute, number + 1 if at == minute else 1
        assert counts.add(name, minute) == last[name][1]
