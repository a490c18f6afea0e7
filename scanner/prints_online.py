"""The matching service at a log's web address: good frames there, what it makes of them here.

Templates never leave the log's side; what the service says is its word, and no proof.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import cv2
import httpx

from ledger.errors import Malformed
from scanner.check import Online
from scanner.fingerprint.match import CANNOT_TELL
from scanner.fingerprint.session import Session
from scanner.frames import Frame
from scanner.prints import AS_VERDICT, MORE, Outcome, Reason, cannot_tell
from scanner.session import Told

_QUALITY: Final = 95  # of a JPEG, which alters no score by more than .01
_LEAST_S: Final = 0.5  # that an answer is waited for
_MOST_ANSWER: Final = 1 << 16  # bytes
_MOST_REASONS: Final = 8
_MOST_WORDS: Final = 300
_SEED: Final = bytes(16)  # frames are gated here, and compared there alone


class ByService:
    """Asks a log's service, as the site that is signed in."""

    def __init__(self, online: Online) -> None:
        self._online = online

    def asked(self, told: Told) -> str:
        """Why the log asks for a pack's print, "" where it does not; the scan is on its desk then."""
        body = {
            "text": told.text, "purpose": told.verdict.purpose, "source": told.source
        }  # fmt: skip
        try:
            status, content = self._online.ask("POST", "scans", 1 << 20, json=body)
            found = json.loads(content)["fingerprint"] if status == httpx.codes.OK else None
            return str(found["why"])[:40] if found and found["asked"] is True else ""
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return ""

    def session(self, item: str) -> Session | Outcome:
        """A session that only says which frames are good."""
        del item
        return Session(_SEED)

    def judge(
        self, item: str, session: Session, frames: list[Frame], device: str, within_s: float
    ) -> Outcome:
        """What the service says of the frames."""
        del session
        try:
            files = [
                ("frames", (f"{n}.jpg", _jpeg(one), "image/jpeg")) for n, one in enumerate(frames)
            ]
            online = self._online.patient(max(_LEAST_S, within_s))
            status, content = online.ask(
                "POST", "fingerprint/match", _MOST_ANSWER, files=files,
                data={"item": item, "device": device[:80]},
            )  # fmt: skip
        except (OSError, cv2.error):
            return cannot_tell("log-down")
        except Malformed as error:
            return _refused(str(error))
        try:
            told = json.loads(content)
            return _read(told) if status == httpx.codes.OK else _refused(str(told["detail"]))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return _refused(f"HTTP {status}")


def _jpeg(frame: Frame) -> bytes:
    done, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise OSError("the frame cannot be written as a JPEG")
    return bytes(data)


def _refused(words: str) -> Outcome:
    told = Reason("log-refused", f"{MORE['log-refused']} {words[:_MOST_WORDS]}")
    return Outcome(CANNOT_TELL, (told,), by_log=True)


def _read(told: Mapping[str, Any]) -> Outcome:
    """The service's answer; raises what a dictionary raises for one out of form."""
    if told["verdict"] not in AS_VERDICT:
        raise ValueError("no verdict that there is")
    reasons = [(str(one["code"]), str(one["words"])) for one in told["reasons"][:_MOST_REASONS]]
    return Outcome(
        told["verdict"],
        tuple(Reason(code[:40], words[:_MOST_WORDS]) for code, words in reasons),
        _whole(told["frames"]) or 0,
        _number(told["px_per_mm"], 0, 1000) or 0.0,
        _number(told["score"], 0, 1),
        _number(told["false_match_log10"], -99, 0),
        str(told["commitment"] or "")[:64],
        told["alarm"] is True,
        by_log=True,
        left=_whole(told.get("left")),
        look=_whole(told.get("look")),
        case=_whole(told.get("case")),
    )


def _number(value: object, low: float, high: float) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError("no number that there can be")
    return float(value)


def _whole(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise ValueError("no whole number that there can be")
    return value
