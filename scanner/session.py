"""One run of the scanner: sightings in, what to tell a person out.

A frame or text becomes a reading, the reading a verdict by a bundle or a log; where the log does not
confirm it, the scanner-fault filter is asked. What the log signed is held against what was seen of
it before. Words and lines are left to `output`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol

from ledger.bundle import Bundle
from ledger.errors import Malformed
from ledger.remote import LIMITS, MAX_LIST, ProvenList, verify_list
from ledger.rules.verdict import NOT_CHECKED, OK, Verdict, also, verdict
from ledger.statement.gs1 import Label, parse_scan
from ledger.tlog.policy import Policy
from scanner import check, symbols
from scanner.check import Reading, judged, read_label
from scanner.faults import Explanation, explain
from scanner.history import PublicLog
from scanner.kept import SPLIT, History, Kept
from scanner.settle import alerts, confirms, settle
from scanner.sources import Sighting
from scanner.symbols import Symbol
from scanner.votes import Votes

STILL_S: Final = 5.0  # what a picture that somebody chose may take to read
STREAM_S: Final = 0.15  # what a frame may take: the next one may be better
_READINGS: Final = 1000  # that were not confirmed, and are known again
_ASKS: Final = 16  # repaired readings that a log is asked about; each is a request


class Judge(Protocol):
    """Where verdicts come from."""

    @property
    def offline(self) -> bool:
        """Whether it judges without asking the log."""

    @property
    def repairs(self) -> bool:
        """Whether it may be asked about repaired readings."""

    def __call__(
        self, label: Label, now: datetime, purpose: str, shown: Callable[[bytes], object]
    ) -> Verdict:
        """The verdict on a label; `shown` is given the note of each checkpoint it rests on."""


@dataclass(frozen=True, slots=True)
class ByBundles:
    """Judges by one bundle's bytes, or by a shelf of them, and a status list where there is one."""

    trust: Policy
    bundles: bytes | check.Shelf
    listed: ProvenList | None = None
    site: str | None = None
    offline: bool = True
    repairs: bool = True

    def __call__(
        self, label: Label, now: datetime, purpose: str, shown: Callable[[bytes], object]
    ) -> Verdict:
        """The verdict by the newest bundle about the pack."""
        found = self.bundles
        data = found if isinstance(found, bytes) else found.bundle(label.id)
        if data is None:
            return verdict({"not-in-proof": ""}, purpose)
        return check.by_bundle(label, data, self.trust, now, purpose, self.listed, self.site, shown)


@dataclass(frozen=True, slots=True)
class ByLog:
    """Judges by what a log's web address answers now."""

    trust: Policy
    online: check.Online
    site: str | None = None
    offline: bool = False
    repairs: bool = False  # a stranger that asks about many readings would try out serials

    def __call__(
        self, label: Label, now: datetime, purpose: str, shown: Callable[[bytes], object]
    ) -> Verdict:
        """The verdict by a bundle fetched now."""
        return self.online.verdict(label, self.trust, now, purpose, self.site, shown)


@dataclass(frozen=True, slots=True)
class Told:
    """What one pack, picture or text leads to.

    `again` is there where the reading looks like a scanner's fault, `alert` says that the pack
    itself is in question, `histories` how the log's checkpoints fit what was seen before.
    """

    name: str
    source: str
    verdict: Verdict
    at: datetime
    label: Label | None = None
    text: str = ""
    again: Explanation | None = None
    alert: bool = False
    symbols: tuple[Symbol, ...] = ()
    histories: tuple[History, ...] = ()
    listed: ProvenList | None = None
    limits: tuple[str, ...] = ()

    @property
    def split(self) -> bool:
        """Whether the log was caught with two histories."""
        return any(history.outcome == SPLIT for history in self.histories)

    @property
    def sure(self) -> bool:
        """Whether the log confirms all that the reading says."""
        return confirms(self.verdict)


@dataclass(slots=True)
class _View:
    """What one stream has in view: the votes, and what was told of it."""

    votes: Votes = field(default_factory=Votes)
    held: dict[tuple[str, str], Symbol] = field(default_factory=dict)
    empty: int = 0  # frames in a row without a symbol
    told: tuple[str, tuple[str, ...]] = ("", ())
    frames: int = 0
    any: bool = False


class Session:
    """Judges sightings one after the other, and remembers what it must."""

    def __init__(
        self,
        judge: Judge,
        kept: Kept,
        clock: Callable[[], datetime],
        *,
        purpose: str = "check",
        source: str = "",
        listed: ProvenList | None = None,
        list_note: bytes = b"",
        log: PublicLog | None = None,
    ) -> None:
        """`source` overrides what the sightings say of themselves; `log` serves proofs of growth."""
        self._judge, self._kept, self._clock, self._log = judge, kept, clock, log
        self._purpose, self._source, self._listed = purpose, source, listed
        self._before: deque[str] = deque(maxlen=_READINGS)
        self._views: dict[str, _View] = {}
        self._of_list = (kept.take(list_note, log),) if list_note else ()

    def look(self, sighting: Sighting) -> Iterator[Told]:
        """What to tell of a sighting; nothing while a stream has not agreed on anything new."""
        if sighting.stream:
            yield from self._stream(sighting)
        elif sighting.problem:
            yield self._told(sighting, {"unreadable": sighting.problem})
        elif sighting.frame is not None:
            found = symbols.read(sighting.frame, budget_s=STILL_S)
            yield self._seen(sighting, found)
        elif sighting.text is not None:
            yield self._text(sighting, sighting.text)

    def _stream(self, sighting: Sighting) -> Iterator[Told]:
        view = self._views.setdefault(sighting.name, _View())
        if sighting.frame is not None:
            view.frames += 1
            found = symbols.read(sighting.frame, budget_s=STREAM_S)
            yield from self._voted(sighting, view, found)
        if sighting.problem:
            yield self._told(sighting, {"no-picture": sighting.problem})
        elif sighting.ends and not view.any:
            yield self._told(sighting, {"unreadable": f"no code in {view.frames} frames"})
        if sighting.ends:
            del self._views[sighting.name]

    def _voted(self, sighting: Sighting, view: _View, found: list[Symbol]) -> Iterator[Told]:
        agreed = view.votes.add(found)
        view.empty = 0 if found else view.empty + 1
        if view.empty >= 5:
            view.held, view.told = {}, ("", ())
        view.held |= {(one.format, one.text): one for one in agreed}
        if not agreed:
            return
        # What was agreed before and is still in view belongs to the same pack.
        shown = [one for one in found if (one.format, one.text) in view.held]
        told = self._seen(sighting, shown)
        view.any = True
        pack = told.label.id if told.label else told.text
        if (pack, told.verdict.codes) != view.told:
            view.told = pack, told.verdict.codes
            yield told

    def _seen(self, sighting: Sighting, found: list[Symbol]) -> Told:
        try:
            reading = read_label(found, self._clock().year)
        except Malformed as error:
            code = "not-our-label" if found else "unreadable"
            told = self._told(sighting, {code: str(error)})
        else:
            told = self._reading(sighting, reading)
        return replace(told, symbols=tuple(found))

    def _text(self, sighting: Sighting, text: str) -> Told:
        try:
            label = parse_scan(text, year=self._clock().year)
        except Malformed as error:
            told = replace(self._told(sighting, {"not-our-label": str(error)}), text=text)
            return self._explained(told)
        return self._reading(sighting, Reading(label, text))

    def _reading(self, sighting: Sighting, reading: Reading) -> Told:
        histories: list[History] = []

        def shown(note: bytes) -> None:
            histories.append(self._kept.take(note, self._log))

        label, now = reading.label, self._clock()
        if label.id:
            found = judged(self._judge(label, now, self._purpose, shown), reading)
        else:
            found = verdict({"not-our-label": "it names no single pack"}, self._purpose)
        told = replace(
            self._told(sighting, {}, found), label=label, text=reading.text,
            histories=(*histories, *self._of_list),
        )  # fmt: skip
        if reading.contradiction:
            told = replace(told, alert=alerts(found, repeated=self._read_before(reading.text)))
        elif told.sure or "log-down" in found.codes:
            told = replace(told, alert=alerts(found, repeated=False))
        else:
            told = self._explained(told)
        return _with_histories(told)

    def _explained(self, told: Told) -> Told:
        """Ask the filter about a reading that is not confirmed, and whether it came before."""
        most = 0 if not self._judge.repairs else 256 if self._judge.offline else _ASKS
        now = told.at

        def judged_as(label: Label) -> Verdict:
            return self._judge(label, now, self._purpose, _forget)

        def confirmed(label: Label) -> bool:
            return confirms(judged_as(label))

        if not most:
            repeated = told.label is not None and self._read_before(told.text)
            return replace(told, alert=alerts(told.verdict, repeated=repeated))
        found = explain(told.text, told.source, confirmed, year=now.year, most=most)
        before = self._read_before(told.text)
        done = settle(told.verdict, told.label, found, judged_as, before=before)
        return replace(
            told, verdict=done.verdict, label=done.label, again=done.again, alert=done.alert
        )

    def _read_before(self, text: str) -> bool:
        came = text in self._before
        self._before.append(text)
        return came

    def _told(
        self, sighting: Sighting, codes: dict[str, str], found: Verdict | None = None
    ) -> Told:
        limits = LIMITS if self._judge.offline else ()
        return Told(
            sighting.name, self._source or sighting.source,
            found or verdict(codes, self._purpose), self._clock(), histories=self._of_list, listed=self._listed, limits=limits,
        )  # fmt: skip


def _forget(note: bytes) -> None:
    """For a reading that nobody made: its proof is no part of what was seen."""
    del note


def _with_histories(told: Told) -> Told:
    found, limits = told.verdict, list(told.limits)
    for history in told.histories:
        for code, detail in history.reasons.items():
            if code not in found.codes:
                found = also(found, code, detail)
        limits += [words for words in history.not_shown if words not in limits]
    return replace(told, verdict=found, limits=tuple(limits))


def open_list(data: bytes, trust: Policy, now: datetime) -> tuple[ProvenList, bytes]:
    """A verified status list, and the note of the checkpoint that it stands under."""
    listed = verify_list(data, trust, int(now.timestamp() * 1000))
    return listed, Bundle.parse(data, MAX_LIST).checkpoint


def exit_status(words: set[str], *, split: bool) -> int:
    """A run's exit status by the words that it told: 3, 2, 1 or 0, the first that fits."""
    if split:
        return 3
    if NOT_CHECKED in words:
        return 2
    return 0 if words <= {OK} else 1
