"""The live window: word, sign and colour of a verdict over what the camera sees."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from ledger.rules.reasons import DO_NOT_SUPPLY, HOLD, NOT_CHECKED, OK
from ledger.rules.verdict import State, verdict
from scanner.camera import Picture
from scanner.fingerprint.match import CANNOT_TELL, COPY_SUSPECTED, GENUINE_MATCH
from scanner.prints import Outcome, reason
from scanner.session import Told
from scanner.symbols import read
from scanner.window import BORDER, WIDTH, draw
from tests.scanner import pictures
from tests.test_architecture import ROOT

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
CODES = {OK: "in-stock", HOLD: "on-hold", DO_NOT_SUPPLY: "recalled", NOT_CHECKED: "too-old"}


def scene() -> Picture:
    """A label on a table, tilted, in a room that is not too bright."""
    table = np.full((720, 1280), 120, np.uint8)
    label = pictures.tilted(pictures.printed(10), 0.12)[:700, :1180]
    high, wide = label.shape
    top, left = (720 - high) // 2, (1280 - wide) // 2
    table[top : top + high, left : left + wide] = label
    grey = pictures.noisy(pictures.blurred(table, 1.0), 5)
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)


def told(code: str, picture: Picture) -> Told:
    state = State(
        id="https://id.gs1.org/01/09521101000016/21/A-1%252F", state="here", product="Examplin",
        as_of_ms=int(NOW.timestamp() * 1000) - 7_200_000, site="9521113000103",
    )  # fmt: skip
    found = verdict({code: ""}, "dispense", state)
    symbols = read(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), budget_s=5.0)
    assert symbols
    return Told("camera 0", "camera", found, NOW, symbols=tuple(symbols))


def save(path: Path) -> None:
    """Draw the documentation's picture, docs/pictures/scanner-window.png."""
    picture = scene()
    page = draw(picture, told("recalled", picture))
    Image.fromarray(np.ascontiguousarray(page[:, :, ::-1])).quantize(96).save(path, optimize=True)


def test_the_documentations_picture_can_be_drawn_afresh(tmp_path: Path) -> None:
    save(tmp_path / "window.png")
    with (
        Image.open(ROOT / "docs" / "pictures" / "scanner-window.png") as kept,
        Image.open(tmp_path / "window.png") as drawn,
    ):
        assert drawn.size == kept.size


def test_a_suspected_copy_is_headed_hold_and_never_ok() -> None:
    picture = scene()
    ok, hold = told(CODES[OK], picture), told(CODES[HOLD], picture)
    copied = Outcome(COPY_SUSPECTED, (reason("differs"),))
    head = slice(BORDER + WIDTH * 9 // 16, BORDER + WIDTH * 9 // 16 + 90)
    page = draw(picture, ok, found=copied)
    assert (page[head] == draw(picture, hold)[head]).all(), "sign, word and colour are Hold's"
    assert (page[:BORDER] == draw(picture, hold)[:BORDER]).all()
    worse = told(CODES[DO_NOT_SUPPLY], picture)
    assert (draw(picture, worse, found=copied)[head] == draw(picture, worse)[head]).all()
    for verdict_ in (GENUINE_MATCH, CANNOT_TELL):
        page = draw(picture, ok, found=Outcome(verdict_))
        assert (page[head] == draw(picture, ok)[head]).all(), "it changes no verdict"
        assert (page != draw(picture, ok)).any()
    assert (draw(picture, ok, advice="Hold it closer.") != draw(picture, ok)).any()


@pytest.mark.parametrize("word", CODES)
def test_a_verdict_frames_the_picture_in_its_colour_and_stands_below_it(word: str) -> None:
    picture = scene()
    page = draw(picture, told(CODES[word], picture))
    assert page.shape[1] == WIDTH + 2 * BORDER
    edge = page[:BORDER, :].reshape(-1, 3)
    assert (edge == edge[0]).all()
    assert (page[:, :BORDER] == edge[0])[: WIDTH * 9 // 16].all()
    banner = page[BORDER + WIDTH * 9 // 16 :]
    white = (banner > 200).all(axis=2)
    sign, words = white[:100, BORDER + 20 : BORDER + 90], white[:100, BORDER + 110 :]
    assert sign.sum() > 300
    assert words.sum() > 500
    # White on its ground is easy to read (WCAG 2.2 asks for 4.5, large text for 3).
    assert contrast(edge[0]) >= 4.5


def contrast(colour: np.ndarray) -> float:
    """White against a colour, blue green red (WCAG 2.2, relative luminance)."""
    parts = [float(value) / 255 for value in colour[::-1]]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def test_signs_differ_in_shape_and_colours_in_value() -> None:
    picture = scene()
    pages = {word: draw(picture, told(code, picture)) for word, code in CODES.items()}
    colours = {tuple(page[0, 0]) for page in pages.values()}
    assert len(colours) == 4
    signs = {
        (page[BORDER + WIDTH * 9 // 16 :][:100, BORDER + 20 : BORDER + 90] > 200).tobytes()
        for page in pages.values()
    }
    assert len(signs) == 4


def test_the_symbol_that_was_read_is_outlined_and_without_one_the_window_says_what_to_do() -> None:
    picture = scene()
    plain, marked = draw(picture, None), draw(picture, told("in-stock", picture))
    high = WIDTH * 9 // 16
    inside = slice(BORDER, BORDER + high), slice(BORDER, BORDER + WIDTH)
    assert (plain[inside] != marked[inside]).any()
    assert (draw(picture, None, "camera 0 sends empty frames") != plain[:1]).any()


@pytest.mark.parametrize("size", [(1, 1), (48, 64), (2160, 3840), (1280, 720)])
def test_a_frame_of_any_size_is_drawn(size: tuple[int, int]) -> None:
    page = draw(np.full((*size, 3), 90, np.uint8), None)
    assert page.shape[1] == WIDTH + 2 * BORDER


@pytest.fixture
def display() -> Iterator[str]:
    """An X server of this test's own."""
    reading, writing = os.pipe()
    command = [
        "Xvfb",
        "-displayfd",
        str(writing),
        "-screen",
        "0",
        "1280x1024x24",
        "-nolisten",
        "tcp",
    ]
    try:
        server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        pytest.fail("Xvfb is missing; `make setup-test` installs it")
    os.close(writing)
    with os.fdopen(reading) as numbers:
        number = numbers.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait()


LIVE = """
import sys, numpy as np
from PIL import ImageGrab
from scanner.window import Window
from tests.scanner.test_window import scene, told
window = Window("camera 0")
picture = scene()
window.tell(told("recalled", picture))
going = [window.show(picture) for _ in range(30)]
window.say("camera 0 sends no frames")
going += [window.show(None) for _ in range(30)]
seen = np.asarray(ImageGrab.grab(xdisplay=sys.argv[1]).convert("RGB"))
window.close()
print(all(going), int((seen == (155, 28, 28)).all(axis=2).sum()))
"""


def in_display(code: str, display: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DISPLAY": display}
    environment.pop("WAYLAND_DISPLAY", None)
    return subprocess.run(
        [sys.executable, "-c", code, display, *words], env=environment, cwd=ROOT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_window_is_there_on_a_real_display(display: str) -> None:
    done = in_display(LIVE, display)
    assert done.returncode == 0, done.stderr
    going, red = done.stdout.split()
    assert going == "True"
    assert int(red) > 20_000


def test_without_a_display_the_scanner_says_to_go_headless(tmp_path: Path) -> None:
    (tmp_path / "trust.txt").write_text("quorum none\n")
    code = "import sys; from scanner.__main__ import main; sys.exit(main(sys.argv[2:]))"
    words = ["--camera", "0", "--wait", "0", "--trust", str(tmp_path / "trust.txt")]
    done = in_display(code, "", *words, "--log", "http://127.0.0.1:9")
    assert done.returncode == 2
    assert "--headless" in done.stderr
    assert "Traceback" not in done.stderr
