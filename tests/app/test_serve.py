"""The server as it is run: several processes on one PostgreSQL log, one of them killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import httpx
import pytest

from ledger.store.check import check
from tests.app.conftest import give_keys
from tests.postgres import Server
from tests.world import Chain

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def chain(tmp_path: Path, postgres: Server) -> Iterator[Chain]:
    """A log on PostgreSQL."""
    made = Chain(tmp_path, url=postgres.database())
    give_keys(made)
    yield made
    made.store.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers."""
    while process.poll() is None:
        try:
            httpx.get(f"{url}/healthz", trust_env=False)
        except httpx.TransportError:
            os.sched_yield()
        else:
            return
    raise AssertionError("the server ended")


def workers(process: subprocess.Popen[bytes]) -> list[int]:
    """The ids of the server's worker processes."""
    done = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=True
    )
    return [int(word) for word in done.stdout.split()]


def test_several_processes_share_a_log_and_one_is_killed(chain: Chain) -> None:
    port = free_port()
    command = [
        str(Path(sys.executable).with_name("packtrace")), "serve", "--log", str(chain.folder), "--port", str(port),
        "--workers", "3",
    ]  # fmt: skip
    # The claimed times of the statements are of the test's own clock.
    chain.now = date_ms()
    environ = {**os.environ, "PACKTRACE_PER_MINUTE": "0"}
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environ)
    url = f"http://127.0.0.1:{port}"
    try:
        ready(url, process)
        events = [
            bytes(chain.event("commission", chain.maker, chain.pack_ids(f"W{n}", 1), lot=f"W{n}",
                              expiry=date(2035, 1, 31)))
            for n in range(150)
        ]  # fmt: skip
        victim = workers(process)[0]

        def send(numbered: tuple[int, bytes]) -> int:
            number, event = numbered
            if number == 50:
                os.kill(victim, signal.SIGKILL)
            for _ in range(20):
                try:
                    answer = httpx.post(
                        f"{url}/api/statements",
                        content=event,
                        headers=JSON,
                        timeout=30,
                        trust_env=False,
                    )
                except httpx.TransportError:
                    continue  # the killed one's: the statement is submitted again
                assert answer.status_code == 200, answer.text
                return int(answer.json()["index"])
            raise AssertionError("no worker answered")

        with ThreadPoolExecutor(12) as pool:
            indexes = list(pool.map(send, enumerate(events)))
    finally:
        process.terminate()
        process.wait()
    assert len(set(indexes)) == 150
    assert sorted(indexes) == list(range(min(indexes), min(indexes) + 150))
    assert check(chain.store, chain.log_key.verifier) is None


def date_ms() -> int:
    """Now, in ms: the server runs by this machine's clock."""
    import time

    return time.time_ns() // 1_000_000
