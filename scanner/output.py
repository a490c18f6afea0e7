"""What the scanner prints: words for people, one JSON object a line for programs.

Each line is flushed: whoever reads it may act on it while the next pack is scanned. All printing is
here: names, labels and answers are strangers' texts, and a terminal obeys some characters.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Final, TextIO

from ledger.proof import clock_words
from ledger.remote import LIMITS
from ledger.rules.reasons import HOLD, NOT_CHECKED, OK
from ledger.tlog.note import Note
from scanner.camera import Listed
from scanner.fingerprint.match import COPY_SUSPECTED
from scanner.fingerprint.wording import VERDICTS
from scanner.kept import SAME, History
from scanner.prints import Outcome
from scanner.session import Told
from scanner.symbols import Symbol

SIGNS: Final = {OK: "✓", HOLD: "!", NOT_CHECKED: "?"}
STOP: Final = "✕"
ASIDE: Final = (
    "Put the pack aside as suspect and report it: a potential suspect falsification. What the log "
    "says of its serial does not clear it."
)
_LONGEST: Final = 120  # characters of an input that are shown


class Unheard(Exception):
    """What is printed can no longer be written; the reason is "" where its reader has just left."""


def line_of(told: Told) -> dict[str, Any]:
    """One verdict as a JSON object."""
    found, state = told.verdict, told.verdict.state
    line: dict[str, Any] = {
        "input": told.name,
        "source": told.source,
        "verdict": found.word,
        "purpose": found.purpose,
        "id": state.id if state else None,
        "product": state.product if state else None,
        "lot": state.lot if state else None,
        "expiry": state.expiry.isoformat() if state and state.expiry else None,
        "state": state.state if state else None,
        "as_of": state.as_of_ms if state else None,
        "age": age(told),
        "reasons": [reason._asdict() for reason in found.reasons],
        "reading": told.text or None,
        "label": told.label.said if told.label else None,
        "claims": [claim._asdict() for claim in found.claims],
        "again": told.again.said if told.again else None,
        "alert": told.alert,
        "history": [_history(history) for history in told.histories],
        "not_shown": list(told.limits),
    }
    if LIMITS[0] in told.limits:
        listed = told.listed.listed if told.listed else None
        line |= {
            "for_site": state.site if state else None,
            "proof_as_of": _as_of(told),
            "list_as_of": listed.time if listed else None,
        }
    return line


def _history(history: History) -> dict[str, Any]:
    line: dict[str, Any] = {
        "outcome": history.outcome,
        "size": history.size,
        "before": history.before or None,
        "words": history.words,
        "evidence": [str(path) for path in history.evidence],
        "not_kept": history.not_kept or None,
    }
    if len(history.evidence) < len(history.notes):
        # What could not be written is handed over here: nobody else has it.
        line["notes"] = [bytes(Note.parse(note)).decode() for note in history.notes]
    return line


def _as_of(told: Told) -> str | None:
    state = told.verdict.state
    return clock_words(state.as_of_ms) if state and state.as_of_ms > 0 else None


def age(told: Told) -> str:
    """How old what was known is, in words."""
    as_of = _as_of(told)
    state = told.verdict.state
    if as_of is None or state is None:
        return "nothing was known"
    seconds = int(told.at.timestamp()) - state.as_of_ms // 1000
    if seconds < 0:
        return f"as of {as_of}, ahead of this clock"
    for unit, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= unit:
            count = seconds // unit
            return f"as of {as_of}, {count} {name}{'s' if count > 1 else ''} ago"
    return f"as of {as_of}, less than a minute ago"


def words_of(told: Told) -> list[str]:
    """One verdict as lines for a person, the word first."""
    found, state = told.verdict, told.verdict.state
    pack = state.id if state else told.label.id if told.label and told.label.id else told.name
    lines = [f"{SIGNS.get(found.word, STOP)} {found.word}  {shown(pack)}"]
    if told.alert:
        lines.append("    Alert: the pack itself is in question, not the reading of it.")
    lines += [f"    {reason.words} {reason.next}" for reason in found.reasons]
    if told.again is not None and told.again.label is not None:
        lines.append(f"    It may be {told.again.label.id}: only a second scan can tell.")
    lines += [
        f"    The {claim.name} on the label is {shown(claim.label)}, on record {shown(claim.log)}."
        for claim in found.claims
        if claim.agrees is False
    ]
    lines.append(f"    What was known: {age(told)}.")
    if LIMITS[0] in told.limits:
        site = f" for site {state.site}" if state and state.site else ""
        listed = f"as of {told.listed.listed.time}" if told.listed else "missing"
        lines.append(
            f"    Checked offline{site}: the proof is as of {_as_of(told) or 'unknown'}, "
            f"the status list {listed}."
        )
    if told.limits:
        lines.append(f"    It cannot show: {'; '.join(told.limits)}.")
    for history in _worth_telling(told.histories):
        lines.append(f"    The log's history: {history.words}.")
        lines += [f"    Evidence: {path}" for path in history.evidence]
        if history.not_kept:
            lines.append(f"    What is kept of it: {history.not_kept}.")
        if len(history.evidence) < len(history.notes):
            lines += [line for note in history.notes for line in note.decode().split("\n")]
    return lines


def line_of_print(found: Outcome) -> dict[str, Any]:
    """What a look at a label's print came to, as a JSON object of its own: it follows the verdict."""
    tail = found.false_match_log10
    told = {
        "verdict": found.verdict,
        "word": VERDICTS[found.verdict],
        "reasons": [one._asdict() for one in found.reasons],
        "frames": found.frames,
        "px_per_mm": round(found.px_per_mm, 1),
        "score": None if found.score is None else round(found.score, 2),
        "false_match_log10": None if tail is None else round(tail, 1),
        "commitment": found.commitment or None,
        "alarm": found.alarm,
        "by": "log" if found.by_log else "here",
        "why": found.why,
        "look": found.look,
        "left": found.left,
        "case": found.case,
    }
    return {
        "input": found.name, "source": found.source, "id": found.item, "fingerprint": told
    }  # fmt: skip


def words_of_print(found: Outcome) -> list[str]:
    """The same for a person: a line of its own below the verdict."""
    lines = [f"{SIGNS[found.word]} Label's print: {VERDICTS[found.verdict]}  {shown(found.item)}"]
    lines += [f"    {one.words}" for one in found.reasons]
    if found.verdict == COPY_SUSPECTED:
        lines.append(f"    {ASIDE}")
    if found.alarm:
        lines.append("    Alert: something here does not belong together.")
    if found.frames:
        by = "the log's service" if found.by_log else "this machine, by the enrolled template"
        size = f"{found.px_per_mm:.0f} pixels/mm"
        lines.append(f"    {found.frames} pictures at {size}, compared by {by}.")
    if found.case is not None:
        lines.append(f"    Case {found.case} was opened at the log.")
    return lines


def _worth_telling(histories: Sequence[History]) -> Sequence[History]:
    """All but the mere repetition of what another one says."""
    return [one for one in histories if one.outcome != SAME] or histories[:1]


def clean(text: str) -> str:
    """A text from outside as a terminal may show it: what is not printable as its code.

    >>> clean("\\x1b[2J OK")
    '<1B>[2J OK'
    """
    return "".join(c if c.isprintable() else f"<{ord(c):02X}>" for c in text)


def shown(text: str) -> str:
    """The same, cut."""
    return clean(text[:_LONGEST])


def ready() -> None:
    """Let both outputs take every character: what their encoding lacks is written as its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _print(lines: Iterable[str], stream: TextIO | None) -> None:
    """Raises Unheard; where whoever started this program closed the stream, nothing is lost on it."""
    if stream is None:
        return
    try:
        print("\n".join(map(clean, lines)), file=stream, flush=True)
    except OSError as error:
        # Python would complain again as it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        reason = "" if isinstance(error, BrokenPipeError) else str(error.strerror)
        raise Unheard(reason) from error


def note(words: str) -> None:
    """Print a sentence about the run, apart from its verdicts; nobody need read it."""
    with suppress(Unheard):
        _print([words], sys.stderr)


def tell(told: Told, *, as_json: bool) -> None:
    """Print one verdict."""
    if as_json:
        say(line_of(told))
    else:
        _print(words_of(told), sys.stdout)


def tell_print(found: Outcome, *, as_json: bool) -> None:
    """Print what a look at a label's print came to."""
    if found.notice:
        note(found.notice)
    if as_json:
        say(line_of_print(found))
    else:
        _print(words_of_print(found), sys.stdout)


def say(line: dict[str, Any]) -> None:
    """Print one JSON object, in ASCII: every terminal and encoding takes it."""
    _print([json.dumps(line).replace("\x7f", "\\u007f")], sys.stdout)


def tell_lines(lines: Iterable[str]) -> None:
    """Print lines for people."""
    _print(lines, sys.stdout)


def tell_symbols(name: str, symbols: Sequence[Symbol], problem: str = "") -> None:
    """Print what was decoded: one JSON line a symbol, `"text": null` where there is none."""
    line: dict[str, object] = {"file": name, "format": None, "text": None, "corners": None}
    for symbol in symbols:
        told = {"format": symbol.format, "text": symbol.text, "corners": symbol.corners}
        say({**line, **told})
    if not symbols:
        say({**line, "error": problem} if problem else line)


def tell_cameras(found: Sequence[Listed], *, as_json: bool) -> None:
    """Print the cameras of this machine."""
    if as_json:
        keys = ("index", "name", "width", "height")
        say({"cameras": [{key: getattr(camera, key) for key in keys} for camera in found]})
        return
    for camera in found:
        size = f"{camera.width} x {camera.height}" if camera.width else "cannot be opened now"
        _print([f"{camera.index}  {shown(camera.name) or 'camera'}  {size}"], sys.stdout)
    if not found:
        _print(["This machine has no camera."], sys.stdout)
