"""What goes wrong in a pharmacy's year, and how people go on: the alert replay's assumptions.

The kinds of scanners' faults are made in `tests.scanner.faulty`, those that the filter does not know
among them; how often each comes is decided here, apart from the filter. The reasons, and where a
figure comes from, are in `docs/alert-figures.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, TypeAlias

from tests.bench.alerts_world import DAY, HOUR, MINUTE
from tests.scanner import faulty
from tests.scanner.faulty import Pack

# Alerts of a system that takes each reading at its word, per 1,000 scans, and their causes in
# percent: what the simulated year is set to, and what a run prints beside its own count.
NATIONAL: Final = 2.0
SHARES: Final = {"scanner": 68, "procedure": 29, "data": 3}

# Of 1,000 ordinary scans, those that begin a fault, so that NATIONAL and SHARES come out.
SCANNER: Final = 5.9
PROCEDURE: Final = 0.58
DATA: Final = 0.06
# Besides, slips against custody, which no national system knows of: not in its alerts.
CUSTODY: Final = 2.0

SOURCES: Final = {"wedge": 0.70, "camera": 0.25, "typed": 0.05}
SPELL: Final = 6  # packs, on average, that a wrongly set scanner reads until it is mended

# Of scanners' faults, in percent. How one goes on: "device" the same until it is set right, "slip"
# once, "person" as somebody types, "print" for good.
GROUPS: Final[Mapping[str, tuple[int, str, tuple[tuple[str, str], ...]]]] = {
    "letter case": (25, "device", tuple(
        ("wedge", name) for name in ("caps lock", "capitals only", "small letters only")
    )),
    "keyboard layout": (22, "device", tuple(
        key for key in faulty.MODELLED
        if key[0] == "wedge" and key[1] != "layout and separator lost"
        and ("layout" in key[1] or "caps lock " in key[1] or "full" in key[1])
        and key[1] != "caps lock and separator lost"
    )),
    "separator": (13, "device", tuple(
        key for key in faulty.MODELLED
        if key[0] == "wedge"
        and (key[1].startswith("separator") or key[1].endswith("separator lost"))
    )),
    "prefix or suffix": (8, "device", tuple(
        ("wedge", name) for name in ("prefix", "suffix", "prefix and suffix")
    )),
    "run together": (5, "slip", (("wedge", "scanned twice"), ("wedge", "two codes of the pack"))),
    "typed or pasted": (12, "person", tuple(key for key in faulty.MODELLED if key[0] == "typed")),
    "misprinted": (3, "print", tuple(key for key in faulty.MODELLED if key[0] == "camera")),
    "foreign layout, unmodelled": (3, "device", tuple(
        key for key in faulty.UNMODELLED if key[1].endswith("layout")
    )),
    "transmission, unmodelled": (7, "slip", tuple(
        key for key in faulty.UNMODELLED if key[0] == "wedge" and not key[1].endswith("layout")
    )),
    "mistyped, unmodelled": (2, "person", tuple(
        key for key in faulty.UNMODELLED if key[0] == "typed"
    )),
}  # fmt: skip

# Slips of procedure, in percent, with when they come after the pack was supplied or destroyed.
Delay: TypeAlias = Callable[[Random], int]


def _soon(rng: Random) -> int:
    """Mostly within minutes, else within the day or a fortnight."""
    least, most = rng.choices(
        ((MINUTE // 2, 10 * MINUTE), (10 * MINUTE, 10 * HOUR), (DAY, 14 * DAY)), (70, 20, 10)
    )[0]
    return rng.randrange(least, most)


def _later(rng: Random) -> int:
    return rng.randrange(DAY, 30 * DAY)


SLIPS: Final[Mapping[str, tuple[int, Delay]]] = {
    "supplied twice": (95, _soon),  # at the same place
    "destroyed, and scanned again": (2, _later),
    "supplied, and sold by a shop of the chain": (2, _later),
    "supplied, taken back, and sold by another": (1, _later),
}
CUSTODY_SLIPS: Final = {
    "at the counter before it is booked in": 50,
    "goods ahead of their statement": 40,
    "lent by a shop of the chain": 9.5,
    "lent by another pharmacy": 0.5,
}
HEEDS: Final = 0.95  # how often somebody who is told to scan again does
MENDS: Final = 0.8  # how often the third reading is by a scanner that works
RETYPES: Final = 0.3  # how often one who mistyped does so again, and then exactly the same
MOST_READINGS: Final = 4


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault at work: who has it and how it goes on."""

    group: str
    goes_on: str
    key: tuple[str, str]  # source, kind

    def read(self, pack: Pack, rng: Random) -> str | None:
        """What is read of a pack, or None where the fault does not touch it."""
        name = self.key[1]
        if pack.link and ("separator" in name or "order" in name or name.startswith("two codes")):
            return None
        text = (faulty.MODELLED | faulty.UNMODELLED)[self.key](pack, rng)
        return text if faulty.differs(text, pack) else None


def draw_fault(rng: Random) -> Fault:
    """A scanner's fault by the shares above, each kind of a group as likely."""
    group = rng.choices(tuple(GROUPS), [share for share, _, _ in GROUPS.values()])[0]
    _, goes_on, keys = GROUPS[group]
    return Fault(group, goes_on, rng.choice(keys))


def draw_source(rng: Random) -> str:
    """What reads a pack."""
    return rng.choices(tuple(SOURCES), SOURCES.values())[0]


def begin_fault(rng: Random) -> Fault | None:
    """A fault that begins with this scan, or none; so rarely that, spells counted, SCANNER holds."""
    if rng.random() >= SCANNER / 1000:
        return None
    fault = draw_fault(rng)
    # A spell brings SPELL faulty scans, so it begins that much more rarely.
    return None if fault.goes_on == "device" and rng.random() >= 1 / SPELL else fault


def spell(rng: Random) -> int:
    """How many packs more a wrongly set scanner reads: SPELL in all, on average."""
    left = 0
    while rng.random() < 1 - 1 / SPELL:
        left += 1
    return left
