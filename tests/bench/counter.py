"""The scan page before a camera, and twenty pharmacists at once, against `packtrace serve` here.

The world is the simulated one, the browser a real Chromium whose camera plays a film of our labels,
the server the processes that `packtrace serve` starts; all of them share this machine.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from threading import Event
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

from app.config import wall_clock
from app.demo import make
from tests.browser.camera import WIDE, film, jpeg, pack, seen_by, write_film
from tests.nodes import login_path

HOST: Final = "127.0.0.1"
SAMPLES: Final = 48
MOST_S: Final = 240.0
IN_VIEW, AWAY = 38, 44  # frames of a film at 30 a second
MARK: Final = 40  # pixels: a corner of the frame, outside what is sent, white while a label is seen, else black
LABELS: Final = ("good", "wrong-expiry", "good", "good", "unknown-serial")
PHARMACISTS: Final = 20
PERIOD_S: Final = 0.2
LAST_S: Final = 20.0
# Notes when a label is first seen and when its verdict is first painted; acknowledges bad ones.
WATCH: Final = """
window.samples = []; window.missed = 0;
addEventListener('DOMContentLoaded', () => {
    const video = document.querySelector('video');
    const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    let seen = 0;
    const look = () => {
        context.drawImage(video, video.videoWidth - 20, 20, 1, 1, 0, 0, 1, 1);
        const lit = context.getImageData(0, 0, 1, 1).data[1] > 128;
        if (lit && !look.lit) { missed += seen ? 1 : 0; seen = performance.now(); }
        look.lit = lit;
        video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
    const told = () => {
        if (!seen) return;
        const since = seen;
        seen = 0;
        requestAnimationFrame(() => {
            samples.push(performance.now() - since);
            document.querySelector('dialog[open] button')?.click();
        });
    };
    for (const one of document.querySelectorAll('.full .told'))
        new MutationObserver(told).observe(one, { childList: true });
});"""


@contextmanager
def world_served(folder: Path) -> Iterator[tuple[Path, int]]:
    """The simulated world of today, served as it is in earnest; its folder and port."""
    world = folder / "world"
    make(world, datetime.now(UTC).date())
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    program = str(Path(sys.executable).with_name("packtrace"))
    command = [program, "serve", "--log", str(world), "--port", str(port)]
    # Plain HTTP on a loopback address: the session's cookie must travel on it.
    environ = {**os.environ, "PACKTRACE_INSECURE_COOKIES": "1"}
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
    try:
        while not _ready(port):
            if process.poll() is not None:
                raise RuntimeError("the server did not start")
            time.sleep(0.05)
        yield world, port
    finally:
        process.terminate()
        process.wait()


def _ready(port: int) -> bool:
    connection = HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except ConnectionError:
        return False
    finally:
        connection.close()


def _scenes(world: Path) -> Iterator[bytes]:
    """One label after the other, with nothing in view in between."""
    for number, name in enumerate(LABELS):
        face = pack(Image.open(world / "labels" / f"{name}.png"))
        for frame in film(face, IN_VIEW, seed=number):
            yield _marked(frame, 255)
        for frame in film(None, AWAY, seed=number):
            yield _marked(frame, 0)


def _marked(frame: bytes, grey: int) -> bytes:
    shot = cv2.imdecode(np.frombuffer(frame, np.uint8), cv2.IMREAD_COLOR)
    shot[:MARK, WIDE - MARK :] = grey
    return jpeg(shot)


def view_to_verdict(folder: Path) -> Iterator[dict[str, Any]]:
    """From the first video frame with a label to the verdict painted on the page."""
    with world_served(folder) as (world, port), sync_playwright() as playwright:
        path = write_film(folder / "film.mjpeg", _scenes(world))
        with seen_by(playwright.chromium, path) as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(f"http://{HOST}:{port}{login_path(world, 'pharmacist', wall_clock())}")
            page.locator("main form button").click()
            page.add_init_script(WATCH)
            page.goto(f"http://{HOST}:{port}/scan")
            page.locator("input[value=dispense]").check()
            page.get_by_role("button", name="Start the camera").click()
            page.wait_for_function(f"() => samples.length > {SAMPLES}", timeout=MOST_S * 1000)
            samples = page.evaluate("samples.slice(1)")  # the first met a page that was starting
            missed = page.evaluate("missed")
    median, late = statistics.median(samples), statistics.quantiles(samples, n=20)[-1]
    for name, value, limit in (("", median, 400.0), ("-95", late, 800.0)):
        yield {
            "name": f"view-to-verdict{name}", "value": value, "unit": "ms", "limit": limit,
            "ratio": value / limit,
        }  # fmt: skip
    yield {"name": "view-missed", "value": missed, "unit": f"of {len(samples) + missed} labels"}


class Sent(NamedTuple):
    """What became of one pharmacist's frames."""

    ages: list[float]  # s from a frame to its answer
    read: int
    refused: int


def pharmacists(folder: Path) -> Iterator[dict[str, Any]]:
    """Twenty cameras at five frames a second, one frame of each in flight.

    `others-slowed`: what 95 % of simple questions take meanwhile, against what they take in peace.
    """
    with world_served(folder) as (world, port):
        frames = [_body(frame) for frame in list(_scenes(world))[::7]]
        idle = _others(port, Event(), 200)
        over = Event()
        with ThreadPoolExecutor(PHARMACISTS + 1) as pool:
            until = time.perf_counter() + LAST_S
            links = [login_path(world, "pharmacist", wall_clock()) for _ in range(PHARMACISTS)]
            work = [pool.submit(_pharmacist, port, frames, *one, until) for one in enumerate(links)]
            others = pool.submit(_others, port, over, 0)
            sent = [one.result() for one in work]
            over.set()
            busy = others.result()
    ages = [age for one in sent for age in one.ages]
    longest = max(ages) * 1000
    yield {
        "name": "frame-age-longest", "value": longest, "unit": "ms", "limit": 1000.0,
        "ratio": longest / 1000,
    }  # fmt: skip
    yield {"name": "frame-age", "value": statistics.median(ages) * 1000, "unit": "ms"}
    asked = PHARMACISTS / PERIOD_S
    rate = len(ages) / LAST_S
    yield {
        "name": "frames-answered", "value": rate, "unit": "frames/s", "limit": asked,
        "ratio": rate / asked,
    }  # fmt: skip
    yield {"name": "frames-refused", "value": sum(one.refused for one in sent), "unit": "frames"}
    yield {"name": "frames-read", "value": sum(one.read for one in sent), "unit": "frames"}
    limit, value = (statistics.quantiles(took, n=20)[-1] * 1000 for took in (idle, busy))
    yield {
        "name": "others-slowed", "value": value, "unit": "ms", "limit": limit,
        "ratio": value / limit,
    }  # fmt: skip


BOUNDARY: Final = "frame"


def _body(frame: bytes) -> bytes:
    """A frame as the page sends it."""
    head = 'Content-Disposition: form-data; name="'
    parts = [
        f'{head}image"; filename="frame.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'.encode() + frame,
        f'{head}purpose"\r\n\r\ndispense'.encode(),
        f'{head}stream"\r\n\r\n1'.encode(),
    ]
    mark = f"--{BOUNDARY}".encode()
    return b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"


def _pharmacist(port: int, frames: list[bytes], number: int, link: str, until: float) -> Sent:
    """Sign in, and send frames as the page does: one in flight, and a rest where it is asked for."""
    connection = HTTPConnection(HOST, port)
    connection.request("POST", link)
    answer = connection.getresponse()
    answer.read()
    cookie = str(answer.headers["Set-Cookie"]).partition(";")[0]
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Cookie": cookie}
    ages, read, refused = [], 0, 0
    at = number * len(frames) // PHARMACISTS
    while (start := time.perf_counter()) < until:
        at += 1
        connection.request("POST", "/api/scans", frames[at % len(frames)], headers)
        answer = connection.getresponse()
        told = json.loads(answer.read())
        age = time.perf_counter() - start
        if answer.status == 200:
            ages.append(age)
            read += told["reading"] is not None
            rest = PERIOD_S - age
        elif answer.status == 503:
            refused += 1
            rest = float(answer.headers["Retry-After"])
        else:
            raise RuntimeError(f"a frame was answered {answer.status}: {told}")
        time.sleep(max(0.0, rest))
    connection.close()
    return Sent(ages, read, refused)


def _others(port: int, over: Event, most: int) -> list[float]:
    """What the simplest question takes, in s: `most` of them, or until it is over."""
    connection = HTTPConnection(HOST, port)
    took = []
    while not over.is_set() and not (most and len(took) >= most):
        start = time.perf_counter()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        took.append(time.perf_counter() - start)
        over.wait(0.01)
    connection.close()
    return took
