"""Keys as devices press them, by the browser's own input: a scanner that types, and a person.

Each key carries its own time, so that what a page makes of it depends on no machine's pace.
"""

from __future__ import annotations

import time
from typing import Any, Final

from playwright.sync_api import Page

GS: Final = "\x1d"
SHIFT, CONTROL = 8, 2  # modifiers of Chrome DevTools Protocol's Input.dispatchKeyEvent
NAMED: Final = {"Enter": 13, "Tab": 9, "F8": 119, "F9": 120, "Backspace": 8, "ArrowLeft": 37}
SCANNER_MS: Final = 4.0  # between two keys
PERSON_MS: Final = 110.0
PAUSE_MS: Final = 150.0  # before each scan or word


class Keys:
    """The keyboard of one page."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._now = time.time()

    def scan(self, text: str, suffix: str = "Enter", *, gap_ms: float = SCANNER_MS) -> None:
        """What a scanner types: the group separator as Ctrl+], then the suffix, "" for none."""
        self.press([*text, *suffix.split()], gap_ms=gap_ms)

    def type(self, text: str, *more: str, gap_ms: float = PERSON_MS) -> None:
        """What a person types, with named keys at the end."""
        self.press([*text, *more], gap_ms=gap_ms)

    def press(self, keys: list[str], *, gap_ms: float, pause_ms: float = PAUSE_MS) -> None:
        """Press keys one after the other, `gap_ms` apart."""
        self._now = max(time.time(), self._now + pause_ms / 1000) - gap_ms / 1000
        for key in keys:
            self._now += gap_ms / 1000
            self._press(key, min(gap_ms / 2000, 0.06))

    def _press(self, key: str, held_s: float) -> None:
        if key == GS:
            self._send("rawKeyDown", "Control", "ControlLeft", 17, CONTROL)
            self._send("rawKeyDown", "]", "BracketRight", 221, CONTROL)
            self._send("keyUp", "]", "BracketRight", 221, CONTROL, later_s=held_s)
            self._send("keyUp", "Control", "ControlLeft", 17, later_s=held_s)
            return
        shift = SHIFT if (key.isupper() and len(key) == 1) or key in '()?:"_' else 0
        if shift:
            self._send("rawKeyDown", "Shift", "ShiftLeft", 16, shift)
        code, number, text = _of(key)
        self._send("keyDown" if text else "rawKeyDown", key, code, number, shift, text=text)
        self._send("keyUp", key, code, number, shift, later_s=held_s)
        if shift:
            self._send("keyUp", "Shift", "ShiftLeft", 16, later_s=held_s)

    def _send(
        self, kind: str, key: str, code: str, number: int, modifiers: int = 0, *, text: str = "",
        later_s: float = 0.0,
    ) -> None:  # fmt: skip
        event: dict[str, Any] = {
            "type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number,
            "modifiers": modifiers, "timestamp": self._now + later_s,
        }  # fmt: skip
        if text:
            event["text"] = text
        self._session.send("Input.dispatchKeyEvent", event)


def _of(key: str) -> tuple[str, int, str]:
    """A key's code on a US keyboard, its Windows number, and the text that it types."""
    if key in NAMED:
        return key, NAMED[key], "\r" if key == "Enter" else ""
    if key == " ":
        return "Space", 32, key
    if key.isascii() and key.isalpha():
        return f"Key{key.upper()}", ord(key.upper()), key
    return (f"Digit{key}", ord(key), key) if key.isdigit() else ("", 0, key)
