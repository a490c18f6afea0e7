"""The live window: the camera's picture in a frame of the verdict's colour, with its words and sign.

Colour is never alone: each word has its own sign and its own text. Needs a display.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ledger.errors import Malformed
from ledger.rules.reasons import DO_NOT_SUPPLY, HOLD, NOT_CHECKED, OK
from scanner.camera import Picture
from scanner.fingerprint.match import COPY_SUSPECTED
from scanner.fingerprint.wording import VERDICTS
from scanner.output import ASIDE, age, clean, shown
from scanner.prints import Outcome
from scanner.session import Told
from scanner.symbols import Corner

WIDTH: Final = 960  # pixels: the picture is shown this wide
BORDER: Final = 14
_LINES: Final = 6  # below the word
_HOLD_FRAMES: Final = 90  # frames for which a verdict stays: about three seconds
_READY: Final = "Hold a pack's code before the camera"
_INK: Final = (255, 255, 255)
# Red green blue, as the pages have them: dark enough for white words.
_COLOURS: Final = {
    OK: (16, 98, 47), HOLD: (122, 74, 0), DO_NOT_SUPPLY: (155, 28, 28), NOT_CHECKED: (65, 80, 90),
}  # fmt: skip
_PLAIN: Final = (23, 36, 42)
_ESCAPE: Final = 27


def draw(
    picture: Picture, told: Told | None, notice: str = "", found: Outcome | None = None,
    advice: str = "",
) -> Picture:  # fmt: skip
    """A camera's picture with what is known of it, as blue green red.

    `told` is the verdict to show, None while there is none; `notice` a sentence about the camera;
    `found` what the label's print came to, and `advice` what to do while it is looked at.
    """
    scale = WIDTH / picture.shape[1]
    high = max(1, round(picture.shape[0] * scale))
    seen = cv2.resize(picture, (WIDTH, high), interpolation=cv2.INTER_AREA)
    word = _worse(told, found) if told else ""
    colour = _COLOURS[word] if word else _PLAIN
    for symbol in told.symbols if told else ():
        _outline(seen, symbol.corners, scale, colour)
    lines = _print_lines(found, advice)
    if told and word != told.verdict.word:
        lines.append(f"By the record alone: {told.verdict.word}.")
    banner = _banner(told, word, colour, [*lines, *([notice] if notice else [])])
    wide = WIDTH + 2 * BORDER
    page = np.empty((high + 2 * BORDER + banner.shape[0], wide, 3), np.uint8)
    page[:] = colour[::-1]
    page[BORDER : BORDER + high, BORDER : BORDER + WIDTH] = seen
    page[-banner.shape[0] :] = banner[:, :, ::-1]
    return page


def _worse(told: Told, found: Outcome | None) -> str:
    """The verdict's word, or Hold where the print speaks against a pack that else could go on."""
    word = told.verdict.word
    copied = found is not None and found.verdict == COPY_SUSPECTED
    return HOLD if copied and word != DO_NOT_SUPPLY else word


def _print_lines(found: Outcome | None, advice: str) -> list[str]:
    """The line of the label's print: what to do, or what it came to."""
    if found is None:
        return [f"Label's print: {advice}"] if advice else []
    why = [one.words for one in found.reasons[:1]]
    aside = [ASIDE] if found.verdict == COPY_SUSPECTED else []
    return [" ".join([f"Label's print: {VERDICTS[found.verdict]}.", *why, *aside])]


def _outline(
    seen: Picture, corners: tuple[Corner, ...], scale: float, colour: tuple[int, int, int]
) -> None:
    points = (np.array(corners, np.float64) * scale).round().astype(np.int32)
    for width, ink in ((8, _INK), (4, colour[::-1])):
        cv2.polylines(seen, [points], isClosed=True, color=ink, thickness=width)


def _banner(
    told: Told | None, word: str, colour: tuple[int, int, int], first: list[str]
) -> Picture:
    """The words below the picture, red green blue; `word` is the head, `first` stand below it."""
    lines = list(first)
    last = []
    if told:
        found = told.verdict
        lines += [_pack(told), *(f"{reason.words} {reason.next}" for reason in found.reasons)]
        last = [f"What was known: {age(told)}."]
    wrapped = [part for line in lines for part in textwrap.wrap(clean(line), 92)]
    wrapped = [*wrapped[: _LINES - len(last)], *last]
    # Of one height, so that the window does not jump from pack to pack.
    page = Image.new("RGB", (WIDTH + 2 * BORDER, 110 + 26 * _LINES), colour)
    pen = ImageDraw.Draw(page)
    left = BORDER + 20
    if told:
        _sign(pen, word, left, 20)
        left += 90
    head = word or _READY
    if told and told.alert:
        head += " (alert)"
    pen.text((left, 26), head, fill=_INK, font=ImageFont.load_default(48 if told else 34))
    for number, line in enumerate(wrapped):
        pen.text((BORDER + 20, 96 + 26 * number), line, fill=_INK, font=ImageFont.load_default(19))
    return np.asarray(page, dtype=np.uint8)


def _pack(told: Told) -> str:
    """Which pack the verdict is about, so that nobody takes it for the next one's."""
    state, label = told.verdict.state, told.label
    pack = label.id if label else state.id if state else ""
    return shown(" ".join(part for part in (state.product if state else "", pack) if part))


def _sign(pen: ImageDraw.ImageDraw, word: str, left: int, top: int) -> None:
    """The word's sign, each of another shape: tick in a circle, triangle, octagon, square."""
    size = 66

    def at(x: float, y: float) -> tuple[float, float]:
        return left + x * size, top + y * size

    if word == OK:
        pen.ellipse((*at(0, 0), *at(1, 1)), outline=_INK, width=5)
        pen.line([at(0.25, 0.52), at(0.43, 0.7), at(0.76, 0.32)], fill=_INK, width=8)
    elif word == HOLD:
        pen.polygon([at(0.5, 0), at(1, 1), at(0, 1)], outline=_INK, width=5)
        pen.line([at(0.5, 0.35), at(0.5, 0.68)], fill=_INK, width=8)
        pen.ellipse((*at(0.44, 0.76), *at(0.56, 0.88)), fill=_INK)
    elif word == DO_NOT_SUPPLY:
        cut = 0.29
        pen.polygon(
            [at(cut, 0), at(1 - cut, 0), at(1, cut), at(1, 1 - cut), at(1 - cut, 1), at(cut, 1),
             at(0, 1 - cut), at(0, cut)],
            outline=_INK, width=5,
        )  # fmt: skip
        pen.line([at(0.3, 0.3), at(0.7, 0.7)], fill=_INK, width=8)
        pen.line([at(0.7, 0.3), at(0.3, 0.7)], fill=_INK, width=8)
    else:
        pen.rectangle((*at(0.04, 0.04), *at(0.96, 0.96)), outline=_INK, width=5)
        font = ImageFont.load_default(46)
        pen.text(at(0.5, 0.5), "?", fill=_INK, font=font, anchor="mm")


def has_display() -> bool:
    """Whether a window can be opened; tried in a process of its own, for Qt ends the one it fails in."""
    code = "import cv2; cv2.namedWindow('Packtrace'); cv2.destroyAllWindows()"
    done = subprocess.run(  # noqa: S603  # this interpreter, and a constant
        [sys.executable, "-c", code], capture_output=True, check=False
    )
    return done.returncode == 0


class Window:
    """A window that shows one camera. Raises Malformed where there is no display."""

    def __init__(self, title: str) -> None:
        if not has_display():
            raise Malformed(
                "no window can be opened here: add --headless, or start it on a desktop"
            )
        self._title = f"Packtrace: {title}"
        self._told: Told | None = None
        self._left = 0  # frames for which the verdict is still shown
        self._notice, self._notice_left = "", 0
        self._print: Outcome | None = None
        self._advice = ""
        self._last: Picture = np.zeros((WIDTH * 9 // 16, WIDTH, 3), np.uint8)
        cv2.namedWindow(self._title, cv2.WINDOW_AUTOSIZE | cv2.WINDOW_GUI_NORMAL)

    def tell(self, told: Told) -> None:
        """Show a verdict, over the next frames."""
        self._told, self._left, self._print = told, _HOLD_FRAMES, None

    def tell_print(self, found: Outcome) -> None:
        """Show what the label's print came to, beside the verdict that is shown."""
        self._print, self._left = found, _HOLD_FRAMES

    def advise(self, words: str) -> None:
        """Show what to do while a label's print is looked at; "" for nothing."""
        self._advice = words
        if words and self._told is not None:
            self._left = max(self._left, 2)  # its verdict stays as long

    def say(self, notice: str) -> None:
        """Show a sentence about the camera, over the next frames too."""
        self._notice, self._notice_left = notice, _HOLD_FRAMES

    def show(self, picture: Picture | None) -> bool:
        """Draw the next frame; whether the person wants to go on (Escape, q and closing end it)."""
        if picture is not None:
            self._last = picture
            self._left = max(0, self._left - 1)
            self._notice_left = max(0, self._notice_left - 1)
        told = self._told if self._left else None
        notice = self._notice if self._notice_left else ""
        cv2.imshow(
            self._title, draw(self._last, told, notice, self._print if told else None, self._advice)
        )
        key = cv2.waitKey(1) & 0xFF
        visible = cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1
        return visible and key not in (_ESCAPE, ord("q"))

    def close(self) -> None:
        """Take the window away."""
        cv2.destroyAllWindows()
