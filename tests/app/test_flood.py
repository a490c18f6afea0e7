"""Hostile pictures and a flood of frames before the server as it is run: each has an answer."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from app.looking import MAX_FRAME, MAX_PICTURE
from scanner.label import PrintedLabel, render
from tests.app.conftest import give_keys
from tests.app.test_serve import date_ms, free_port, ready, workers
from tests.scanner import pictures
from tests.world import Chain

MOST_KIB = 300 * 1024
LOCAL: dict[str, Any] = {"timeout": 60, "trust_env": False}


@dataclass
class Counter:
    """A running server, and a label of a pack on its log."""

    url: str
    process: subprocess.Popen[bytes]
    label: PrintedLabel

    def frame(self, picture: bytes, *, stream: bool = True) -> httpx.Response:
        data = {"stream": "1"} if stream else {}
        return httpx.post(
            f"{self.url}/api/scans", files={"image": ("x.jpg", picture)}, data=data,
            **LOCAL,
        )  # fmt: skip

    def peaks(self) -> list[int]:
        """The most memory that each worker ever held, KiB."""
        found = []
        for worker in workers(self.process):
            status = Path(f"/proc/{worker}/status").read_text()
            [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
            found.append(int(line.split()[1]))
        return found


@pytest.fixture
def counter(chain: Chain) -> Iterator[Counter]:
    """`packtrace serve`, with two workers, and without limits for one address."""
    give_keys(chain)
    chain.now = date_ms()
    [item] = chain.commission("L1", 1, date(2035, 1, 31))
    port = free_port()
    command = [
        str(Path(sys.executable).with_name("packtrace")), "serve", "--log", str(chain.folder),
        "--port", str(port), "--workers", "2",
    ]  # fmt: skip
    limits = ("PER_MINUTE", "STRANGER_PER_MINUTE", "FRAMES_PER_MINUTE")
    environ = {**os.environ, **{f"PACKTRACE_{name}": "0" for name in limits}}
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environ)
    url = f"http://127.0.0.1:{port}"
    try:
        ready(url, process)
        serial = item.rpartition("/")[2]
        yield Counter(url, process, PrintedLabel(chain.gtin, "L1", date(2035, 1, 31), serial))
    finally:
        process.terminate()
        process.wait()


def jpeg(width: int, height: int, **options: object) -> bytes:
    """A blank grey JPEG of any size."""
    out = io.BytesIO()
    Image.new("L", (width, height), 200).save(out, "JPEG", quality=30, **options)
    return out.getvalue()


def hostile() -> dict[str, bytes]:
    """Pictures that mean harm, or are simply too much."""
    bomb = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(bomb, "PNG")
    noise = np.random.default_rng(3).integers(0, 255, (4200, 4200)).astype(np.uint8)
    coloured = io.BytesIO()
    Image.new("RGBA", (5_000, 5_000), (200, 10, 10, 128)).save(coloured, "PNG")
    return {
        "coloured": coloured.getvalue(),
        "thin": pictures.encoded(np.full((20, 70_000), 255, np.uint8)),
        "200 megapixels": jpeg(16_000, 12_500),
        "progressive": jpeg(8_000, 6_000, progressive=True),
        "bomb": bomb.getvalue(),
        "huge": pictures.encoded(noise, "JPEG")[:MAX_PICTURE],
        "cut off": pictures.encoded(noise[:500, :500], "JPEG")[:5_000],
        "green": np.full((720, 1280, 3), (0, 135, 0), np.uint8).tobytes()[:MAX_FRAME],
        "nothing": b"x",
    }


def test_hostile_pictures_at_once_each_have_an_answer_and_memory_stays_small(
    counter: Counter,
) -> None:
    before = workers(counter.process)
    tasks = [(data, live) for data in hostile().values() for live in (True, False)] * 2
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda task: counter.frame(task[0], stream=task[1]), tasks))
    for (_, live), answer in zip(tasks, answers, strict=True):
        told = answer.json()
        if answer.status_code == 200:
            assert told["verdict"] == "Not checked"
        elif not live:  # too many of them wait
            assert (answer.status_code, told["code"]) == (503, "busy")
        else:
            assert (answer.status_code, told["code"]) in ((400, "malformed"), (503, "busy"))
    assert set(before) <= set(workers(counter.process))  # none died
    assert max(counter.peaks()) < MOST_KIB


def test_large_pictures_that_wait_hold_up_nobody_else(counter: Counter) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (2_000, 2_000)).astype(np.uint8)
    picture = pictures.encoded(noise, "JPEG")
    with ThreadPoolExecutor(40) as pool:
        flood = [pool.submit(counter.frame, picture, stream=False) for _ in range(60)]
        while not all(one.done() for one in flood):
            asked = httpx.get(f"{counter.url}/healthz", **LOCAL)
            assert asked.status_code == 200
    assert {one.result().status_code for one in flood} == {200, 503}


def test_a_flood_of_frames_holds_up_nobody_else(counter: Counter) -> None:
    label = np.asarray(render(counter.label))
    scene = np.full((720, 1280), 110, np.uint8)
    scene[100 : 100 + label.shape[0], 200 : 200 + label.shape[1]] = label
    frame = pictures.encoded(scene, "JPEG")
    text = {"text": counter.label.link}
    with ThreadPoolExecutor(12) as pool:
        flood = [pool.submit(counter.frame, frame) for _ in range(150)]
        while not all(one.done() for one in flood):
            assert httpx.get(f"{counter.url}/healthz", **LOCAL).status_code == 200
            asked = httpx.post(f"{counter.url}/api/scans", json=text, **LOCAL)
            assert asked.json()["verdict"] == "OK"
    told = [one.result() for one in flood]
    assert {answer.status_code for answer in told} <= {200, 503}
    read = [answer.json()["verdict"] for answer in told if answer.status_code == 200]
    assert read
    assert set(read) == {"OK"}
    assert max(counter.peaks()) < MOST_KIB
