"""One run of the scanner: sightings in, what to tell a person out.

A frame or text becomes a reading, the reading a verdict by a bundle or a log; where the log does not
confirm it, the scanner-fault filter is asked. What the log signed is held against what was seen of
it before. Words and lines are left to `output`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from ledger.bundle import Bundle
from ledger.errors import Malformed
from ledger.remote import LIMITS, MAX_LIST, ProvenList, verify_list
from ledger.rules.reasons import NOT_CHECKED, OK
from ledger.rules.verdict import Verdict, also, verdict
from ledger.statement.gs1 import Label
from ledger.tlog.policy import Policy
from scanner import check, symbols
from scanner.check import Reading, judged, read_label
from scanner.faults import Explanation, explain, parse_reading
from scanner.history import PublicLog, Said
from scanner.kept import SPLIT, History, Kept
from scanner.settle import AGAIN_MS, LOOK_MS, alerts, confirms, reads_right, settle
from scanner.sources import Sighting
from scanner.symbols import Symbol
from scanner.votes import Votes

STILL_S: Final = 5.0  # what a picture that somebody chose may take to read
_LOOK: Final = timedelta(milliseconds=LOOK_MS)  # of a stream
_AGAIN: Final = timedelta(milliseconds=AGAIN_MS)
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
        self, label: Label, now: datetime, purpose: str, shown: Callable[[Said], object]
    ) -> Verdict:
        """The verdict on a label; `shown` is given each checkpoint that it rests on."""


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
        self, label: Label, now: datetime, purpose: str, shown: Callable[[Said], object]
    ) -> Verdict:
        """The verdict by the newest bundle about the pack."""
        if other := check.of_other_log(label, self.trust):
            return verdict(other, purpose)
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
        self, label: Label, now: datetime, purpose: str, shown: Callable[[Said], object]
    ) -> Verdict:
        """The verdict by a bundle fetched now."""
        if other := check.of_other_log(label, self.trust):
            return verdict(other, purpose)
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


@dataclass(slots=True)
class _Look:
    """When a reading that was not confirmed was last in view, and when in the look before."""

    last: datetime
    earlier: datetime | None = None

    def goes_on(self, now: datetime, gap: timedelta) -> None:
        """It is in view now: a look of its own where it was out of view for `gap`."""
        if now - self.last >= gap:
            self.earlier = self.last
        self.last = now


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
        self._before: dict[str, _Look] = {}
        self._views: dict[str, _View] = {}
        now = int(clock().timestamp() * 1000)
        of_list = Said(list_note, listed.listed.time_ms if listed else -1, now)
        self._of_list = (kept.take(of_list, log),) if list_note else ()

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
            found = symbols.read(sighting.frame)
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
        for one in found:
            if (look := self._before.get(one.scan)) is not None:
                look.goes_on(self._clock(), _LOOK)
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
            label = parse_reading(text, self._source or sighting.source, self._clock().year)
        except Malformed as error:
            told = replace(self._told(sighting, {"not-our-label": str(error)}), text=text)
            return _with_histories(self._explained(sighting, told))
        return self._reading(sighting, Reading(label, text))

    def _reading(self, sighting: Sighting, reading: Reading) -> Told:
        histories: list[History] = []

        def shown(said: Said) -> None:
            histories.append(self._take(said))

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
            told = replace(told, alert=alerts(found, repeated=self._read_before(sighting, told)))
        elif reads_right(found) or "log-down" in found.codes:
            told = replace(told, alert=alerts(found, repeated=False))
        else:
            told = self._explained(sighting, told)
        return _with_histories(told)

    def _take(self, said: Said) -> History:
        return self._kept.take(said, self._log, live=not self._judge.offline)

    def _explained(self, sighting: Sighting, told: Told) -> Told:
        """Ask the filter about a reading that is not confirmed, and whether it came before."""
        most = 0 if not self._judge.repairs else 256 if self._judge.offline else _ASKS
        now, histories = told.at, list(told.histories)

        def shown(said: Said) -> None:
            histories.append(self._take(said))

        def judged_as(label: Label) -> Verdict:
            return self._judge(label, now, self._purpose, shown)

        def confirmed(label: Label) -> bool:
            return confirms(self._judge(label, now, self._purpose, _forget))

        if not most:
            repeated = told.label is not None and self._read_before(sighting, told)
            return replace(told, alert=alerts(told.verdict, repeated=repeated))
        found = explain(told.text, told.source, confirmed, year=now.year, most=most)
        before = self._read_before(sighting, told)
        done = settle(told.verdict, told.label, found, judged_as, before=before)
        return replace(
            told, verdict=done.verdict, label=done.label, again=done.again, alert=done.alert,
            histories=tuple(histories),
        )  # fmt: skip

    def _read_before(self, sighting: Sighting, told: Told) -> bool:
        """Whether a reading came in an earlier look, not long ago.

        Each text and picture is a look of its own; a stream's readings are one look for as long as
        they follow each other.
        """
        look = self._before.pop(told.text, None)
        if look is None:
            look = _Look(told.at)
        else:
            look.goes_on(told.at, _LOOK if sighting.stream else timedelta(0))
        self._before[told.text] = look
        while len(self._before) > _READINGS:
            del self._before[next(iter(self._before))]
        return look.earlier is not None and told.at - look.earlier <= _AGAIN

    def _told(
        self, sighting: Sighting, codes: dict[str, str], found: Verdict | None = None
    ) -> Told:
        limits = LIMITS if self._judge.offline else ()
        return Told(
            sighting.name, self._source or sighting.source,
            found or verdict(codes, self._purpose), self._clock(), histories=self._of_list, listed=self._listed, limits=limits,
        )  # fmt: skip


def _forget(said: Said) -> None:
    """For a reading that nobody made: its proof is no part of what was seen."""
    del said


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
