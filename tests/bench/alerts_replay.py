"""A simulated year through the app's own order of decisions and the rules that raise alerts.

Each reading goes through `app.scanning`, filter and second reading included, with a log and a desk
in memory in place of a node's; what comes of it goes to `ledger.rules.alerts` as the app hands it
on. Beside it, in the same run, the same first readings are taken at their word.
"""

from __future__ import annotations

import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from random import Random
from types import SimpleNamespace
from typing import Final, TypeAlias
from unittest.mock import patch

from app import scanning
from app.scanning import Told
from ledger.errors import Malformed
from ledger.rules.alerts import HISTORY, Alert, ScanSeen, raise_for_scan
from ledger.rules.authority import Authority
from ledger.rules.verdict import Verdict, judge
from ledger.statement.gs1 import Label, parse_scan
from scanner.check import Reading
from scanner.settle import confirms
from tests.bench import alerts_mix as mix
from tests.bench.alerts_planted import Planned
from tests.bench.alerts_world import DAY, Facts, Site
from tests.bench.alerts_year import Year
from tests.scanner import faulty

BETWEEN_MS: Final = 8_000  # two readings of a pack in hand
# A second decommissioning counts, wherever it is tried: the EU hub's alerts.
HUB: Final = frozenset(
    ("unknown", "label-mismatch", "supplied-here", "supplied-elsewhere", "inactive", "stolen")
)
Plain: TypeAlias = tuple[Verdict, Label]
WAYS: Final = ("national", "unfiltered", "filtered")


@dataclass
class Tally:
    """What a replay counted; tallies of regions add up."""

    scans: int = 0
    # way of deciding -> truth -> scans that alerted, and the desks' cases they opened
    alerts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    opened: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    begun: Counter[str] = field(default_factory=Counter)  # first readings, by truth
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)  # (rule, truth), filtered
    found: dict[str, set[tuple[int, int]]] = field(default_factory=lambda: defaultdict(set))
    cases: dict[tuple[int, int], str] = field(default_factory=dict)  # (region, case) -> kind
    tried: Counter[tuple[int, int]] = field(default_factory=Counter)  # packs read until found
    whole: array[float] = field(default_factory=lambda: array("d"))  # processor seconds a decision
    rule: array[float] = field(default_factory=lambda: array("d"))  # of it, the rules

    def add(self, other: Tally) -> None:
        """Take in another region's."""
        self.scans += other.scans
        for mine, its in ((self.alerts, other.alerts), (self.opened, other.opened)):
            for way, counts in its.items():
                mine[way].update(counts)
        self.begun.update(other.begun)
        self.rules.update(other.rules)
        for way, cases in other.found.items():
            self.found[way] |= cases
        self.cases.update(other.cases)
        self.tried.update(other.tried)
        self.whole.extend(other.whole)
        self.rule.extend(other.rule)


class Desk:
    """A node's log and desk in memory: what `app.scanning` asks while it judges a text."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.site = ""
        self.desk, self.store = self, None
        self._read: dict[tuple[str, str], list[int]] = {}  # (site, digest) -> when

    def clock(self) -> int:
        """The node's clock."""
        return self.facts.ms

    def read_between(self, site: str, reading: str, start: int, end: int) -> bool:
        """As `ledger.store.desk.Desk` has it."""
        return any(start <= ms <= end for ms in self._read.get((site, reading), ()))

    def note(self, site: str, text: str) -> None:
        """Keep that a site had a reading."""
        self._read.setdefault((site, scanning._digest(text)), []).append(self.facts.ms)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Stand in for the node, the log and the person signed in."""
        person = SimpleNamespace(site="")
        with ExitStack() as stack:
            for name, value in (
                ("node", lambda: self),
                ("answers", lambda: self.facts),
                ("person", lambda: person),
                ("spelt_alike", lambda _, gtin, serial: self.facts.spelt_alike(gtin, serial)),
            ):
                stack.enter_context(patch.object(scanning, name, value))
            self._person = person
            yield

    def tell(self, text: str, source: str, site: str, purpose: str) -> Told:
        """What the app tells a site of a reading."""
        self._person.site = site
        if source != faulty.SOURCES[0]:
            return scanning._judge_text(text, purpose, source)
        try:  # a picture whose symbols are no label goes to no filter
            label = parse_scan(text, year=faulty.YEAR)
        except Malformed:
            return Told(scanning.verdict({"not-our-label": ""}, purpose), text=text)
        return scanning._filtered(Reading(label, text), purpose, source)

    def at_its_word(self, text: str, site: str, purpose: str) -> Plain | None:
        """A reading's verdict without any filter, None where it names no pack."""
        try:
            label = parse_scan(text, year=faulty.YEAR)
        except Malformed:
            return None
        if not label.id:
            return None
        state = self.facts.state(label.id, site)
        return judge(state, label, scanning.here_and_now(), purpose, witnessed=False), label


class Replay:
    """One region's year."""

    def __init__(self, year: Year, authority: Authority, region: int, seed: int) -> None:
        self._year, self._region = year, region
        self._facts = Facts(year.ways, authority)
        self._desk = Desk(self._facts)
        self._rng = Random(f"replay {seed} {region}")
        policy = authority.policy
        self._grace_ms = policy.repeat_grace * 1000
        self._kept_ms = policy.scan_retention * DAY
        self._seen: dict[str, dict[str, list[ScanSeen]]] = {way: {} for way in WAYS}
        self._open: dict[str, set[tuple[str, str]]] = {way: set() for way in WAYS}
        self._spells: dict[str, tuple[mix.Fault, int]] = {}
        self._planted = {label_id(one.pack): one for one in year.planned if one.case >= 0}
        self.tally = Tally(cases={(region, case): kind for case, kind in year.cases.items()})

    def run(self) -> Tally:
        """Every pack of the year in somebody's hand, and each reading of it."""
        with self._desk.serving():
            for planned in self._year.planned:
                self._handle(planned)
        return self.tally

    def _handle(self, planned: Planned) -> None:
        """One pack: read, and read again for as long as the person is asked to and does."""
        rng, site, pack = self._rng, planned.site, planned.pack
        self._facts.ms = planned.ms
        fault = self._fault(site)
        source = fault.key[0] if fault else mix.draw_source(rng)
        text = fault.read(pack, rng) if fault else None
        if text is None:
            fault, text = None, faulty.right(pack, source, rng)
        truth = planned.truth or (f"scanner: {fault.group}" if fault else "ordinary")
        self.tally.begun[truth] += 1
        if planned.case >= 0 and (self._region, planned.case) not in self.tally.found["filtered"]:
            self.tally.tried[self._region, planned.case] += 1
        for n in range(mix.MOST_READINGS):
            told, alert = self._scan(text, source, planned, truth)
            if n == 0:
                # A right reading that the log confirms is told as it was read.
                same = fault is None and confirms(told.verdict) and told.label is not None
                plain = (told.verdict, told.label) if same else None
                self._plainly(text, source, planned, truth, plain)
            if confirms(told.verdict) or alert or rng.random() > mix.HEEDS:
                return
            self._facts.ms += BETWEEN_MS
            if fault and self._mended(fault, n):
                source = "camera" if fault.goes_on == "device" else source
                fault, text = None, faulty.right(pack, source, rng)
            elif fault and fault.goes_on == "person" and rng.random() > mix.RETYPES:
                text = fault.read(pack, rng) or faulty.right(pack, source, rng)

    def _fault(self, site: Site) -> mix.Fault | None:
        """The fault at work at a site just now."""
        rng = self._rng
        if found := self._spells.pop(site.gln, None):
            fault, left = found
            if left > 1:
                self._spells[site.gln] = fault, left - 1
            return fault
        fault = mix.begin_fault(rng)
        if fault and fault.goes_on == "device":
            self._spells[site.gln] = fault, mix.spell(rng)
        return fault

    def _mended(self, fault: mix.Fault, n: int) -> bool:
        """Whether the reading after the nth is a right one."""
        match fault.goes_on:
            case "slip":
                return True
            case "person":
                return self._rng.random() > mix.RETYPES
            case "device":
                return n > 0 and self._rng.random() < mix.MENDS
            case _:
                return False

    def _scan(
        self, text: str, source: str, planned: Planned, truth: str
    ) -> tuple[Told, Alert | None]:
        """One reading as the app has it, and what the rules raise for it."""
        site = planned.site
        start = time.thread_time()
        told = self._desk.tell(text, source, site.gln, planned.purpose)
        item = told.label.id if told.label else ""
        seen = self._scan_seen(told.verdict, told.label, text, source, planned)._replace(
            misread=told.again is not None, sure=told.held or confirms(told.verdict)
        )
        between = time.thread_time()
        alert = self._raise("filtered", seen)
        end = time.thread_time()
        self.tally.whole.append(end - start)
        self.tally.rule.append(end - between)
        self.tally.scans += 1
        self._desk.note(site.gln, text)
        if alert:
            self._count("filtered", (alert.site, alert.subject), item, planned, truth)
            self.tally.rules[alert.rule, truth] += 1
        return told, alert

    def _plainly(
        self, text: str, source: str, planned: Planned, truth: str, plain: Plain | None
    ) -> None:
        """A first reading taken at its word: by the EU hub's practice, and by our rules."""
        plain = plain or self._desk.at_its_word(text, planned.site.gln, planned.purpose)
        if plain is None:
            return
        told, label = plain
        seen = self._scan_seen(told, label, text, source, planned)
        if not HUB.isdisjoint(told.codes):
            self._count("national", (planned.site.gln, label.id), label.id, planned, truth)
        if alert := self._raise("unfiltered", seen):
            self._count("unfiltered", (alert.site, alert.subject), label.id, planned, truth)

    def _scan_seen(
        self, told: Verdict, label: Label | None, text: str, source: str, planned: Planned
    ) -> ScanSeen:
        facts, site = self._facts, planned.site
        item = label.id if label else ""
        return ScanSeen(
            facts.ms, site.gln, item, planned.purpose, told.codes, scanning._digest(text), source,
            acted_ms=facts.acted(item),
            mismatch=tuple(claim.name for claim in told.claims if claim.agrees is False),
            lot_known=facts.lot_known(item, label.lot if label else ""),
            lot=label.lot if label else "",
            own_party=facts.own_party(item, site.gln),
        )  # fmt: skip

    def _raise(self, way: str, seen: ScanSeen) -> Alert | None:
        history = self._seen[way].setdefault(seen.item, []) if seen.item else []
        recent = [one for one in history[-HISTORY:] if seen.ms - one.ms <= self._kept_ms]
        alert = raise_for_scan(seen, recent, grace_ms=self._grace_ms)
        history.append(seen)
        return alert

    def _count(
        self, way: str, key: tuple[str, str], item: str, planned: Planned, truth: str
    ) -> None:
        """Count an alert for what is true of the pack that it names; fold it into its case."""
        real = self._planted.get(item, planned)
        if real.case >= 0:
            truth = real.truth
            self.tally.found[way].add((self._region, real.case))
        self.tally.alerts[way][truth] += 1
        if key not in self._open[way]:
            self._open[way].add(key)
            self.tally.opened[way][truth] += 1


def label_id(pack: faulty.Pack) -> str:
    """The id that a pack's label names."""
    return parse_scan(pack.elements(), year=faulty.YEAR).id
