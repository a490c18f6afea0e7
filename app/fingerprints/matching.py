"""The matching service: frames of a label to whether it is the print that was enrolled.

The template never leaves: a site sends frames and is told a verdict. What is compared is counted, a
few looks a day for a pack and site, and each look is a desk row. A score is told to the product's
own side and the authority alone, rounded: whoever could watch one move could climb towards the
print. Frames only, no vectors: a vector cannot be looked at for blur, a screen or a still picture.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import IO, Any, Final, NoReturn

from flask import abort, current_app
from flask_babel import gettext as _

from app.alerts import fold
from app.fingerprints.asked import MISMATCH
from app.fingerprints.frames import (
    MOST_FRAMES,
    WAIT_LOOK_S,
    WAIT_MEASURE_S,
    Shown,
    measured,
    show,
    turn,
)
from app.fingerprints.kept import fitting
from app.fingerprints.words import (
    CODES,
    ELSEWHERE,
    OTHER_PACK,
    OTHER_VERSION,
    REPLAYED,
    reasons_json,
    verdict_mark,
    verdict_words,
)
from app.node import Node, node
from ledger.errors import Malformed
from ledger.rules.alerts import COPY_SUSPECTED as COPY
from ledger.rules.alerts import Alert, us_reason
from ledger.rules.making import may_enrol
from ledger.rules.reasons import HOLD, NOT_CHECKED
from ledger.statement.gs1 import is_pack, pack_id_of, parse_item_id
from ledger.store.cases import Seen
from ledger.store.desk import Person
from ledger.store.enrolled import Enrolled
from ledger.store.looks import DAY_MS, SPENT, Look
from scanner.faults import CAMERA
from scanner.fingerprint.match import CANNOT_TELL, COPY_SUSPECTED, Match, match, refused
from scanner.fingerprint.session import Session
from scanner.fingerprint.template import Template

LOOKS_A_DAY: Final = 5  # that compare something, of a pack at a site
LOOKS_A_MONTH: Final = 20  # likewise: who needs more asks the manufacturer
_LIMITS: Final = ((DAY_MS, LOOKS_A_DAY), (30 * DAY_MS, LOOKS_A_MONTH))
LOOKS_A_MINUTE: Final = 10  # of a key
MOST_DEVICE: Final = 80  # characters
_log = logging.getLogger("packtrace")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a look: `entitled` says whether who asked may know the score."""

    item: str
    done: Match
    enrolled: Enrolled | None
    entitled: bool
    left: int
    number: int
    case: int | None = None


def measure(upload: IO[bytes], who: Person) -> dict[str, Any]:
    """Whether one frame is good enough to be looked at; no template is touched."""
    count("measure", node().settings.frames_per_minute, who)
    with turn(WAIT_MEASURE_S, who.party):
        result, (width, height) = measured(upload)
    return {
        "ok": result.ok,
        "text": result.text,
        "item": pack_id_of(result.text) or None,
        "px_per_mm": round(result.px_per_mm, 1),
        "focus": round(result.focus, 3),
        "fit": round(result.fit, 3),
        "reasons": reasons_json(result.reasons),
        "corners": [[round(x, 1), round(y, 1)] for x, y in result.corners] or None,
        "width": width,
        "height": height,
    }


def look(item: str, device: str, uploads: list[IO[bytes]], who: Person) -> Outcome:
    """Hold frames of a pack's label against its template.

    Raises Malformed for an item that is no pack's. Ends in 429 when the looks are spent, in 503 when
    too many are being looked at. Whatever else is wrong is a verdict: it cannot tell.
    """
    count("look", LOOKS_A_MINUTE, who)
    parse_item_id(item)
    if not is_pack(item):
        raise Malformed(_("a label's print is a pack's"))
    if len(device) > MOST_DEVICE or not device.isprintable():
        raise Malformed(_("a device is named by up to %(n)s printable characters", n=MOST_DEVICE))
    check_number(uploads, 1)
    found = node()
    enrolled = found.reader.fingerprint(item)
    asked = _Asked(found, item, device, who, enrolled)
    template = _opened(found, item, enrolled)
    if isinstance(template, str):
        told = _told(asked, refused(template))
        case = _raise(asked, MISMATCH, "altered-template") if told.done.alarm else None
        return replace(told, case=case)
    if not found.desk.looks.left(item, who.site, found.clock(), _LIMITS):
        _abort_spent()
    with turn(WAIT_LOOK_S, who.party):
        session = Session(template.seed, template.design)
        shown = show(session, uploads)
        done = _unfit(session, item) or _told_apart(template, session)
        vector = session.vector().edge.tobytes() if session.frames else b""
    if done.score is None:
        return _told(asked, done, template.extractor)
    return _compared(asked, done, template.extractor, shown, sha256(vector).hexdigest())


@dataclass(frozen=True, slots=True)
class _Asked:
    """A look that was asked for."""

    found: Node
    item: str
    device: str
    who: Person
    enrolled: Enrolled | None

    def row(self, done: Match, extractor: int) -> Look:
        """The desk row of what came of it."""
        who, commits = self.who, self.enrolled.commitment.hex() if self.enrolled else ""
        return Look(
            self.found.clock(), self.item, who.site, who.party, who.keyid, self.device,
            done.verdict, " ".join(done.reasons), extractor, commits, round(done.px_per_mm, 1),
            done.frames, _rounded(done.score), alarm=int(done.alarm),
        )  # fmt: skip


def _opened(found: Node, item: str, enrolled: Enrolled | None) -> Template | str:
    """A pack's template that fits what the log commits to, or the reason why there is none."""
    store = found.fingerprints
    if enrolled is None:
        return "no-template"
    if store is None or not store.has(item):
        return ELSEWHERE
    try:
        kept = fitting(store, item, enrolled)
    except Malformed as error:
        # No pack's name in a program's log: the entry says which it is to who may know.
        _log.error("the template of entry %s cannot be opened: %s", enrolled.index, error)
        return "commitment"
    try:
        return Template.parse(kept.template)
    except Malformed:
        return OTHER_VERSION


def _unfit(session: Session, item: str) -> Match | None:
    """Why good pictures are not compared. Of too few no copy would be suspected: whoever tries how
    near he has come must not do so without an alarm.
    """
    if session.broken or not session.frames:
        return None  # `match` says why
    why: tuple[str, ...] = ()
    if alarm := pack_id_of(session.text) != item:
        why = (OTHER_PACK,)
    elif session.frames < session.limits.copy_frames:
        why = tuple(dict.fromkeys(("few-frames", *session.turned_away)))
    elif session.still:
        why = ("still-image",)
    told = Match(CANNOT_TELL, why, frames=session.frames, px_per_mm=session.px_per_mm, alarm=alarm)
    return told if why else None


def _told_apart(template: Template, session: Session) -> Match:
    """What a comparison came to, without what says how near: short of a match and of an alarm there
    is one answer to the same pictures, whatever they show.
    """
    done, limits = match(template, session), session.limits
    if done.score is None or done.verdict != CANNOT_TELL:
        return done
    poor = {
        "low-resolution": session.px_per_mm < limits.copy_px_per_mm,
        "out-of-focus": session.focus < limits.copy_focus * template.focus,
        "looks-like-a-screen": session.patterned,
    }
    return replace(done, reasons=tuple(why for why in poor if poor[why]) or ("between",))


def _compared(asked: _Asked, done: Match, extractor: int, shown: Shown, vector: str) -> Outcome:
    """Keep what a comparison came to, then tell it: nothing is told that was not counted."""
    found, item, who = asked.found, asked.item, asked.who
    row = asked.row(done, extractor)._replace(vector=vector)
    kept = found.desk.looks.add_counted(row, shown.digests, _LIMITS)
    if kept.why == SPENT:
        _abort_spent()
    if kept.why:
        return _told(asked, refused(REPLAYED), extractor)
    forget(found)
    authority = found.reader.authority()
    # Its own side made the template; the authority looks into cases.
    entitled = who.party == authority.gln or may_enrol(authority, who.party, item)
    case = _raise(asked, COPY, "copied-label") if done.verdict == COPY_SUSPECTED else None
    return Outcome(item, done, asked.enrolled, entitled, kept.left, kept.number, case)


def _told(asked: _Asked, done: Match, extractor: int = 0) -> Outcome:
    """Keep a look that compared nothing; it is none of the day's."""
    looks, now = asked.found.desk.looks, asked.found.clock()
    number = looks.add(asked.row(done, extractor))
    forget(asked.found)
    left = looks.left(asked.item, asked.who.site, now, _LIMITS)
    return Outcome(asked.item, done, asked.enrolled, entitled=False, left=left, number=number)


def _raise(asked: _Asked, rule: str, cause: str) -> int:
    """The case of a print that is not the enrolled one, or of a template that is not the log's."""
    item, who, now = asked.item, asked.who, asked.found.clock()
    codes = (rule,) if rule == COPY else ()
    alert = Alert(rule, who.site, item, now, cause, item, codes=codes, us=us_reason(rule, ()))
    seen = Seen("check", HOLD if rule == COPY else NOT_CHECKED, read_by=CAMERA)
    return fold(asked.found, alert, seen)


def outcome_json(told: Outcome) -> dict[str, Any]:
    """A look's outcome for programs; what follows from the score goes with it, or not at all."""
    done = told.done
    tail = done.false_match_log10 if told.entitled else None
    sign = told.enrolled and {
        "item": told.item, "reason": CODES[done.verdict],
        "commitment": told.enrolled.commitment.hex(),
    }  # fmt: skip
    return {
        "verdict": done.verdict,
        "word": verdict_words(done.verdict),
        "mark": verdict_mark(done.verdict)._asdict(),
        "reasons": reasons_json(done.reasons),
        "score": _rounded(done.score) if told.entitled else None,
        "frames": done.frames,
        "px_per_mm": round(done.px_per_mm, 1),
        "false_match_log10": None if tail is None else round(tail, 1),
        "tested_bound": None if done.tested_bound is None else round(done.tested_bound, 4),
        "commitment": told.enrolled.commitment.hex() if told.enrolled else None,
        "alarm": done.alarm,
        "left": told.left,
        "look": told.number,
        "case": told.case,
        "inspect": sign,
    }


def check_number(uploads: list[IO[bytes]], least: int) -> None:
    """Raises Malformed for too few or too many pictures."""
    if not least <= len(uploads) <= MOST_FRAMES:
        raise Malformed(
            _("send %(least)s to %(most)s pictures as frames", least=least, most=MOST_FRAMES)
        )


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 2)


def count(kind: str, most: int, who: Person) -> None:
    """Count one request of a key; ends in 429 above so many a minute, in however many sessions."""
    current_app.extensions["limits"].count(f"fingerprint {kind}", most, by=who.keyid)


def _abort_spent() -> NoReturn:
    abort(
        429,
        _(
            "A pack's print is looked at here %(day)s times a day and %(month)s times a month at "
            "most. Keep the pack apart, and ask the manufacturer.",
            day=LOOKS_A_DAY, month=LOOKS_A_MONTH,
        ),
    )  # fmt: skip


def forget(found: Node) -> None:
    """Looks are kept for as long as scans are, and never less than the time in which they count."""
    now, days = found.clock(), max(1, found.reader.authority().policy.scan_retention)
    counts = max(span for span, _most in _LIMITS)
    found.desk.looks.forget(now - days * DAY_MS, now - max(counts, days * DAY_MS))
