"""A label's print, looked at beside the verdict: frames of the pack in hand, to what they come to.

The ledger's verdict is told first and never waits for it. Whoever holds the pack is told what to do
until there are frames enough; then they are held against what was enrolled, by a `Matcher`: the log's
service (`prints_online`), or templates that are here (`prints_sealed`). Words and lines are left to
`output` and `window`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Final, NamedTuple, Protocol

from ledger.rules.reasons import HOLD, NOT_CHECKED, OK
from ledger.statement.gs1 import is_pack, pack_id_of
from scanner.fingerprint.limits import EXTRACTOR, LIMITS
from scanner.fingerprint.match import CANNOT_TELL, COPY_SUSPECTED, GENUINE_MATCH, Match
from scanner.fingerprint.session import FrameResult, Session
from scanner.fingerprint.wording import REASONS
from scanner.frames import Frame
from scanner.session import Told
from scanner.sources import Sighting

LOOK_S: Final = 3.8  # from the verdict to the outcome, before a live camera: 4 less a frame's time
SOON_S: Final = 1.5  # from when on as many frames do as a copy's verdict needs
GATHER_S: Final = 2.5  # for which frames may be gathered at all; the rest is for the answer
PATIENCE_S: Final = 30.0  # for an answer where nobody stands and waits: files
_MOST_LOOKED: Final = 150  # frames of a film: five seconds
# Before a pack that was told apart is looked at anew, as it goes in and out of view. Not longer: what
# comes next may be another pack with its serial.
_AGAIN_S: Final = 10.0
_LIMITS: Final = LIMITS[EXTRACTOR]
_STRANGE: Final = frozenset({"other-design", "other-pack"})  # no poor picture: it does not belong
# What this look is worth beside the ledger's four verdicts.
AS_VERDICT: Final = {GENUINE_MATCH: OK, COPY_SUSPECTED: HOLD, CANNOT_TELL: NOT_CHECKED}
# Reasons beside those of `fingerprint.wording`.
MORE: Final = {
    "late": "There was no answer in time. The verdict above stands; look again.",
    "log-down": "The log cannot be reached. The verdict above stands; look again.",
    "log-refused": "The log did not look at it.",
    "replayed": "These pictures were shown before. Each look needs pictures taken anew.",
    "not-in-file": "The file of fingerprints does not have this pack. Fetch a fresh one.",
    "no-proof": "No proof here shows what was enrolled. Take a bundle of this pack along.",
    "other-pack": "The code in the picture is another pack's. Show the label of this pack.",
    "template-version": "It was enrolled by another version of this program. Ask the manufacturer.",
}


class Reason(NamedTuple):
    """Why, as a code and in words."""

    code: str
    words: str


def reason(code: str) -> Reason:
    """A reason by its code."""
    return Reason(code, MORE.get(code) or REASONS[code])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a look at a label's print came to.

    `by_log`: the service at the log's address says so, and nothing proves it here. `score` is None
    where nothing was compared, or where it is not for this site to know. `alarm`: something does not
    belong. `notice` is a sentence about the camera, said once.
    """

    verdict: str
    reasons: tuple[Reason, ...] = ()
    frames: int = 0
    px_per_mm: float = 0.0
    score: float | None = None
    false_match_log10: float | None = None
    commitment: str = ""
    alarm: bool = False
    by_log: bool = False
    left: int | None = None  # looks at this pack that are left today
    look: int | None = None  # the number by which the log has it
    case: int | None = None
    item: str = ""
    name: str = ""  # the camera or file
    source: str = ""
    why: str = ""  # why it was looked at
    notice: str = ""

    @property
    def word(self) -> str:
        """Which of the ledger's verdicts it is like."""
        return AS_VERDICT[self.verdict]


def outcome_of(found: Match, commitment: bytes = b"") -> Outcome:
    """What a comparison made here says."""
    return Outcome(
        found.verdict, tuple(map(reason, found.reasons)), found.frames, found.px_per_mm,
        found.score, found.false_match_log10, commitment.hex(), found.alarm,
    )  # fmt: skip


def cannot_tell(*codes: str, alarm: bool = False) -> Outcome:
    """Nothing was compared."""
    return Outcome(CANNOT_TELL, tuple(map(reason, codes)), alarm=alarm)


class Matcher(Protocol):
    """What frames are held against. `asked` and `judge` run beside the camera, in their own thread."""

    def asked(self, told: Told) -> str:
        """Why a pack's print is to be looked at, "" where nobody asks for it."""

    def session(self, item: str) -> Session | Outcome:
        """A session that judges a pack's frames; an outcome where there is nothing to compare."""

    def judge(
        self, item: str, session: Session, frames: list[Frame], device: str, within_s: float
    ) -> Outcome:
        """What the good frames of a session come to."""


@dataclass(slots=True)
class _Look:
    """One pack before the camera."""

    item: str
    name: str
    source: str
    live: bool
    began: float
    session: Session
    due: Future[str] | None  # whether anybody asks for it; None where that is sure
    why: str = ""
    good: list[Frame] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)  # why frames were turned away
    looked: int = 0
    finest: float = 0.0  # pixels a millimetre of the best frame
    answer: Future[Outcome] | None = None


class Prints:
    """Looks at the prints of the packs that a session tells of, one after the other.

    `always`: at every pack's, else where the matcher says that it is asked for. `live` names the
    camera before which somebody stands. `clock` gives seconds.
    """

    def __init__(
        self, matcher: Matcher, *, always: bool = False, live: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._matcher, self._always, self._live, self._clock = matcher, always, live, clock
        self._look: _Look | None = None
        self._done: dict[str, float] = {}  # packs told apart, and when
        self._coarse: set[str] = set()  # cameras that were told to resolve too little
        self._pool = ThreadPoolExecutor(2, "prints")
        self.advice = ""  # what to do now, "" where no look goes on

    def told(self, sighting: Sighting, told: Told) -> Iterator[Outcome]:
        """A verdict was told: begin to look at this pack's print, where somebody asks for it."""
        item = told.label.id if told.label and told.again is None else ""
        look = self._look
        if look is not None and (look.item != item or look.name != sighting.name):
            same_pack = look.item == item and not sighting.stream and not look.live
            if same_pack:  # several pictures of one pack
                look.name = sighting.name
                return
            yield from self.end()
        elif look is not None:
            return
        if not is_pack(item) or self._known(item, sighting):
            return
        if sighting.frame is None:  # a text: somebody insists on what cannot be seen
            found = cannot_tell("no-frames")
            named = replace(found, item=item, name=told.name, source=told.source, why="always")
            yield from [named] if self._always else []
            return
        made = self._matcher.session(item)
        due = None if self._always else self._pool.submit(self._matcher.asked, told)
        live = sighting.stream and sighting.name == self._live
        self._look = look = _Look(
            item, sighting.name, told.source, live, self._clock(),
            made if isinstance(made, Session) else Session(bytes(16)), due,
            "always" if self._always else "",
        )  # fmt: skip
        if isinstance(made, Outcome):
            look.answer = Future()
            look.answer.set_result(made)

    def _known(self, item: str, sighting: Sighting) -> bool:
        """Whether a pack was told apart just now: it lies about before the camera."""
        before = self._done.get(item)
        return sighting.stream and before is not None and self._clock() - before < _AGAIN_S

    def see(self, sighting: Sighting) -> Iterator[Outcome]:
        """Look at a frame; an outcome once there is one."""
        look = self._look
        if look is not None and look.name == sighting.name:
            if sighting.frame is not None and look.answer is None:
                self._gather(look, sighting.frame)
            if sighting.ends:
                yield from self.end()
            elif sighting.stream:  # of single pictures, more of this pack may follow
                yield from self._poll(look)
        if self._look is None or (self._look.due is not None and not self._look.due.done()):
            self.advice = ""  # nobody is told to hold closer what nobody asked for

    def end(self) -> Iterator[Outcome]:
        """No more frames of this pack come: what those that were seen come to."""
        look, self._look = self._look, None
        self.advice = ""
        if look is None:
            return
        left = self._left(look)
        if not self._wanted(look, left):
            return
        if look.answer is None:
            look.answer = self._judged(look)
        try:
            found = look.answer.result(timeout=self._left(look))
        except NotYet:
            found = cannot_tell("late")
        yield self._named(look, found)

    def close(self) -> None:
        """Wait for nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _left(self, look: _Look) -> float:
        """Seconds until its outcome must be told."""
        if not look.live:
            return PATIENCE_S
        return max(0.0, look.began + LOOK_S - self._clock())

    def _wanted(self, look: _Look, wait_s: float) -> bool:
        """Whether somebody asks for a look, as far as that is known in so many seconds."""
        if look.due is not None:
            try:
                look.why = look.due.result(timeout=wait_s)
            except NotYet:
                return False
            look.due = None
        return bool(look.why)

    def _gather(self, look: _Look, frame: Frame) -> None:
        result = look.session.add(frame)
        look.looked += 1
        look.finest = max(look.finest, result.px_per_mm)
        if result.ok and pack_id_of(result.text) != look.item:
            # A session takes its first good frame's code for its own, and this one is not.
            self._anew(look)
            result = replace(result, reasons=("other-pack",))
        look.seen += result.reasons
        if result.ok:
            look.good = [*look.good, frame][-_LIMITS.most_frames :]
        self.advice = advice(result, look.session)
        past = self._clock() - look.began if look.live else 0.0
        wanted = _LIMITS.copy_frames if past >= SOON_S else _LIMITS.most_frames
        enough = look.session.frames >= wanted and not look.session.still
        if enough or past >= GATHER_S or look.looked >= _MOST_LOOKED or look.session.broken:
            look.answer = self._judged(look)
            self.advice = "Looking at the print …"

    def _anew(self, look: _Look) -> None:
        made = self._matcher.session(look.item)
        look.session, look.good = made if isinstance(made, Session) else Session(bytes(16)), []

    def _judged(self, look: _Look) -> Future[Outcome]:
        session, answer = look.session, Future[Outcome]()
        if session.broken:
            answer.set_result(cannot_tell(session.broken, alarm=True))
        elif not session.frames:
            often = [code for code, _ in Counter(look.seen).most_common(2)]
            alarm = not _STRANGE.isdisjoint(often)
            answer.set_result(cannot_tell(*(often or ["no-frames"]), alarm=alarm))
        elif session.frames < _LIMITS.genuine_frames:
            answer.set_result(cannot_tell("few-frames"))
        elif session.still:
            answer.set_result(cannot_tell("still-image"))
        else:
            device = f"python -m scanner, {look.name if look.live else 'pictures'}"
            return self._pool.submit(
                self._matcher.judge, look.item, session, look.good, device, self._left(look)
            )
        return answer

    def _poll(self, look: _Look) -> Iterator[Outcome]:
        """The outcome where it is there, or its time is over; nothing where nobody asked for it."""
        if look.due is not None and look.due.done() and not self._wanted(look, 0):
            self._look = None
            return
        over = look.live and self._left(look) <= 0
        if over or (look.answer is not None and look.answer.done() and look.due is None):
            yield from self.end()

    def _named(self, look: _Look, found: Outcome) -> Outcome:
        """An outcome with what it is about; what a camera cannot do is told once."""
        if found.verdict != CANNOT_TELL:
            self._done[look.item] = self._clock()
        coarse = not look.session.frames and 0 < look.finest < _LIMITS.px_per_mm
        notice = ""
        if coarse and look.name not in self._coarse:
            self._coarse.add(look.name)
            notice = (
                f"{look.name} resolves {look.finest:.0f} pixels a millimetre of this label, "
                f"{ceil(_LIMITS.px_per_mm)} or more are needed to tell its print: hold the label "
                "closer (8 to 11 cm), or take a camera that focuses there. Verdicts go on without."
            )
        return replace(
            found, item=look.item, name=look.name, source=look.source, why=look.why, notice=notice
        )


def advice(result: FrameResult, session: Session) -> str:
    """What somebody with a label before the camera is told: size, sharpness, and how many are good."""
    limits = session.limits
    size = f"{result.px_per_mm:.0f} of {ceil(limits.px_per_mm)} pixels/mm"
    sharp = f"sharpness {result.focus:.2f} of {limits.focus:.2f}"
    if result.ok:
        count = f"{session.frames} of {limits.most_frames} good pictures"
        still = " Move it a little." if session.frames > 1 and session.still else ""
        return f"Hold it so: {count} ({size}, {sharp}).{still}"
    code = result.reasons[0]
    if code == "low-resolution":
        return f"Hold it closer: {size}."
    if code == "out-of-focus":
        return f"Hold still, or a little farther away: {sharp}."
    return reason(code).words
