"""Whether one serial number is read in more places, or more often, than one pack can be.

Pure. What the log says of the pack is left to `verdict`, what comes of a pattern to `alerts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import asin, cos, radians, sin, sqrt
from typing import Final, NamedTuple

TYPED: Final = "typed"
DEVICES: Final = frozenset(("camera", "wedge"))  # what was typed was not necessarily in hand
FASTEST_KMH: Final = 900  # of an airliner
LEAST_TRAVEL_MS: Final = 5 * 60_000  # between two sites whose distance is not known
DAY_MS: Final = 24 * 3_600_000
MOST_A_DAY: Final = 12  # occasions on which one pack is read within a day, at all sites together
TWO_PLACES: Final = "two-places"
IMPOSSIBLE_TRAVEL: Final = "impossible-travel"
TOO_MANY_SCANS: Final = "too-many-scans"
_EARTH_KM: Final = 6_371
_HERE: Final = frozenset(("in-stock", "already-here"))


class ScanSeen(NamedTuple):
    """One scan by somebody who is signed in, with what was known of it then.

    `codes` are the verdict's, worst first. `misread` says that the scanner-fault filter explains
    the reading: the person is asked to scan again. `sure` says that the reading may be held against
    the pack: the log confirms it in all that it claims, or it came the same twice
    (`scanner.settle`). `acted_ms` is the landing of the newest statement about the pack or a
    container around it. `place` is the site's latitude and longitude in degrees, where known.
    """

    ms: int
    site: str  # GLN
    item: str  # id of the pack or logistic unit, "" where the reading names none
    purpose: str  # dispense, receive, return, check
    codes: tuple[str, ...]
    reading: str = ""  # a digest of what was read
    source: str = "camera"  # camera, wedge, typed; "" for a link that was followed
    misread: bool = False
    sure: bool = True
    acted_ms: int = -1
    mismatch: tuple[str, ...] = ()  # the claims that are not the log's: lot, expiry, product
    lot_known: bool = True  # the label's lot is on record; for a serial number that is not
    lot: str = ""  # as the label has it
    own_party: bool = (
        False  # the log has it at, on its way to, or taken out by a site of this party
    )
    place: tuple[float, float] | None = None

    @property
    def counts(self) -> bool:
        """Whether it shows that a pack with this label lay at the site."""
        return self.sure and not self.misread and self.source in DEVICES and bool(self.site)


class Pattern(NamedTuple):
    """What is not possible for one pack, and the other site that shows it, "" for none."""

    rule: str
    other: str


def pattern(scan: ScanSeen, history: Sequence[ScanSeen], grace_ms: int) -> Pattern | None:
    """The worst pattern that a scan completes, or None.

    `history` are earlier scans of the same item, in any order. What was read before the pack's
    newest statement says nothing: it may have been handed on since.
    """
    if not scan.counts or not scan.item:
        return None
    seen = [one for one in history if one.counts and one.ms <= scan.ms]
    elsewhere = [one for one in seen if one.site != scan.site]
    for one in elsewhere:
        # Next door a pack is handed on by two statements within minutes.
        near = (one.place is None or scan.place is None) and one.ms <= scan.acted_ms
        if not near and scan.ms - one.ms < travel_ms(one, scan):
            return Pattern(IMPOSSIBLE_TRAVEL, one.site)
    # Shops of one party lend each other packs without a word to the log.
    since = [one for one in elsewhere if one.ms > scan.acted_ms and not one.own_party]
    if since and scan.acted_ms >= 0:
        last = max(since, key=lambda one: one.ms)
        # By the log it has been here all along, or it was read here, there, and here again.
        before = (one for one in seen if one.site == scan.site)
        if not _HERE.isdisjoint(scan.codes) or any(
            scan.acted_ms < one.ms < last.ms for one in before
        ):
            return Pattern(TWO_PLACES, last.site)
    day = [one for one in seen if scan.ms - one.ms < DAY_MS]
    if len(day) >= MOST_A_DAY and occasions([*day, scan], grace_ms) > MOST_A_DAY:
        return Pattern(TOO_MANY_SCANS, elsewhere[0].site if elsewhere else "")
    return None


def occasions(scans: Sequence[ScanSeen], grace_ms: int) -> int:
    """How many times a pack was taken in hand: scans at one site close to each other are one."""
    newest: dict[str, int] = {}
    n = 0
    for one in sorted(scans, key=lambda one: one.ms):
        n += one.site not in newest or one.ms - newest[one.site] > grace_ms
        newest[one.site] = one.ms
    return n


def travel_ms(start: ScanSeen, end: ScanSeen) -> int:
    """The least time that a pack needs from where one scan was to where another was."""
    if start.place is None or end.place is None:
        return LEAST_TRAVEL_MS
    return int(kilometres(start.place, end.place) / FASTEST_KMH * 3_600_000)


def kilometres(start: tuple[float, float], end: tuple[float, float]) -> float:
    """The distance on the globe between two places in degrees (haversine)."""
    lat1, lon1, lat2, lon2 = map(radians, (*start, *end))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_KM * asin(min(1.0, sqrt(half)))
