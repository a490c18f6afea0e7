"""How fast the web server takes statements and answers scans, against a bare Flask route.

`python -m tests.bench.web PORT [FOLDER]` is the server measured: the app over a log, or without a
folder one Flask route that answers with the JSON it got. Both run under the same gunicorn settings.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any, Final

from flask import Flask, jsonify, request

from app import create_app
from app.config import Settings, wall_clock
from app.serve import default_workers, serve
from ledger.statement import gs1
from ledger.statement.submission import Submission
from tests.app.conftest import give_keys
from tests.bench.hand_offs import pymerkle_rate
from tests.world import Chain

CLIENTS: Final = 16
STATEMENTS: Final = 3200
SCANS: Final = 2000
BARE: Final = 4000
WARM: Final = 320  # a multiple of the clients
HOUR_MS: Final = 3_600_000
HOST: Final = "127.0.0.1"
JSON: Final = {"Content-Type": "application/json"}
Request = tuple[str, bytes]


def append_single(folder: Path) -> Iterator[dict[str, Any]]:
    """Hand-offs of one pack each, posted one at a time by each of 16 clients; pymerkle beside."""
    chain = _chain(folder)
    packs = chain.commission("S1", STATEMENTS)
    ships: list[Submission] = [
        chain.ship_event(chain.maker, [pack], chain.wholesaler) for pack in packs
    ]
    chain.store.close()
    limit = pymerkle_rate(folder)
    with server(folder) as port:
        rate = post_all(port, CLIENTS, [("/api/statements", bytes(ship)) for ship in ships])
    yield {
        "name": "append-single", "value": rate, "unit": "statements/s", "limit": limit,
        "ratio": rate / limit,
    }  # fmt: skip


def verdict_http(folder: Path) -> Iterator[dict[str, Any]]:
    """Labels' texts posted one after the other by one client, a stranger: a verdict each."""
    chain = _chain(folder)
    packs = [gs1.parse_item_id(pack) for pack in chain.commission("V1", SCANS)]
    lot = chain.reader.lot(packs[0].gtin, "V1")
    assert lot is not None
    chain.store.close()
    texts = [f"(01){p.gtin}(10)V1(17){lot.expiry:%y%m%d}(21){p.serial}" for p in packs]
    bodies = [json.dumps({"text": text}).encode() for text in texts]
    limit = bare_rate(1, bodies[0])
    with server(folder) as port:
        _check_verdict(port, bodies[0])
        rate = post_all(port, 1, [("/api/scans", body) for body in bodies])
    yield {
        "name": "verdict-http", "value": rate, "unit": "verdicts/s", "limit": limit,
        "ratio": rate / limit,
    }  # fmt: skip


def _check_verdict(port: int, body: bytes) -> None:
    """What is measured is a verdict on a pack on record, not the quick answer to a wrong label."""
    connection = HTTPConnection(HOST, port)
    connection.request("POST", "/api/scans", body, JSON)
    told = json.loads(connection.getresponse().read())
    connection.close()
    if told["verdict"] != "OK":
        raise RuntimeError(f"the pack measured is no good pack: {told}")


def _chain(folder: Path) -> Chain:
    """A log that a server can go on with by this machine's clock."""
    chain = Chain(folder)
    chain.now = wall_clock() - HOUR_MS
    give_keys(chain)
    return chain


def bare_rate(clients: int, body: bytes) -> float:
    """Requests a second that the same server and clients reach where a route only reads and writes JSON."""
    with server() as port:
        return post_all(port, clients, [("/bare", body)] * BARE)


@contextmanager
def server(folder: Path | None = None) -> Iterator[int]:
    """A server process of its own; its port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tests.bench.web", str(port)]
    process = subprocess.Popen(command + ([str(folder)] if folder else []))
    try:
        while not _settled(process.pid):
            if process.poll() is not None:
                raise RuntimeError("the server did not start")
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def _settled(server: int) -> bool:
    """Whether all of a server's workers are at work: each has then bound itself to a core."""
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    wanted = default_workers()
    bound = [len(os.sched_getaffinity(int(child))) == 1 for child in children]
    spare = wanted < len(os.sched_getaffinity(0))
    return len(bound) == wanted and (spare or all(bound))


def post_all(port: int, clients: int, requests: list[Request]) -> float:
    """Requests answered a second; each client keeps one connection. All must answer 200.

    The first `WARM` are not timed: every thread of the server has then opened its connections.
    """
    warm = Barrier(clients + 1)

    def work(mine: list[Request]) -> None:
        connection = HTTPConnection(HOST, port)
        for number, (path, body) in enumerate(mine):
            if number == WARM // clients:
                warm.wait()
            connection.request("POST", path, body, JSON)
            answer = connection.getresponse()
            told = answer.read()
            if answer.status != 200:
                warm.abort()
                raise RuntimeError(f"{path} answered {answer.status}: {told[:200]!r}")
        connection.close()

    shares = [requests[n::clients] for n in range(clients)]
    with ThreadPoolExecutor(clients) as pool:
        futures = [pool.submit(work, share) for share in shares]
        with suppress(BrokenBarrierError):
            warm.wait()
        start = time.perf_counter()
        for future in futures:
            future.result()
        return (len(requests) - WARM) / (time.perf_counter() - start)


def _serve(port: int, folder: str) -> None:
    settings = Settings(log=Path(folder), secure=False, per_minute=0, stranger_per_minute=0)
    serve(partial(create_app, settings) if folder else _bare, HOST, port, default_workers())


def _bare() -> Flask:
    app = Flask("bare")
    app.add_url_rule("/bare", view_func=lambda: jsonify(request.get_json()), methods=["POST"])
    return app


if __name__ == "__main__":
    _serve(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
