"""The work on pictures at the line: which pack one shows, and what some of one pack come to.

Pure: seeds are arguments, no clock, file or database; so it can be done by other processes. What becomes of a
pack is left to `packs`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from ledger.statement.gs1 import Label, pack_id_of, pack_of
from scanner import symbols
from scanner.fingerprint.design import QR
from scanner.fingerprint.enrol import EnrolmentRefused, enrol
from scanner.fingerprint.limits import EXTRACTOR, LIMITS
from scanner.fingerprint.match import COPY_SUSPECTED, match
from scanner.fingerprint.session import Rules, Session
from scanner.fingerprint.template import Template
from scanner.frames import Frame
from scanner.symbols import Symbol

FILE_S: Final = 1.0  # what the search for a code in a file may take
_QUIET: Final = 8  # of a code's side is kept round it
LOW: Final = "low-resolution"


@dataclass(frozen=True, slots=True)
class Glance:
    """What one picture shows: a pack, by what its code says, and the part of the picture round it.

    Or none, and the `reason` why.
    """

    item: str = ""
    lot: str = ""
    crop: Frame | None = None
    reason: str = ""
    words: str = ""  # what the reason's own do not say
    expiry: date | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Pictures of a pack to be judged: at least so many must be good."""

    item: str
    crops: tuple[Frame, ...]
    seed: bytes
    least: int
    module_mm: float
    year: int


@dataclass(frozen=True, slots=True)
class Judged:
    """What pictures of a pack came to: for each the reasons against it, none where it is good.

    `template` is b"" where they do not suffice; `reasons` are why nothing more can come of them.
    """

    pictures: tuple[tuple[str, ...], ...]
    template: bytes = b""
    frames: int = 0
    px_per_mm: float = 0.0
    focus: float = 0.0
    reasons: tuple[str, ...] = ()


def glance(frame: Frame, year: int, *, stream: bool) -> Glance:
    """Which pack a picture shows. In a stream there are others, so that one look suffices."""
    found = symbols.read(frame, quick=True) if stream else symbols.read(frame, budget_s=FILE_S)
    if not found:
        return Glance(reason="no-code")
    packs: dict[str, list[tuple[Symbol, Label]]] = {}
    for symbol in found:
        label = pack_of(symbol.scan, year=year)
        if label is not None:
            packs.setdefault(label.id, []).append((symbol, label))
    if not packs:
        return Glance(reason="no-pack", words=found[0].scan[:80])
    if len(packs) > 1:
        return Glance(reason="two-packs", words=", ".join(packs))
    [(item, shown)] = packs.items()
    symbol, label = min(shown, key=lambda one: one[0].format != QR)
    return Glance(item, label.lot, _cut(frame, symbol), expiry=label.expiry)


def _cut(frame: Frame, symbol: Symbol) -> Frame:
    """The code and some of what is round it: all that is kept of a picture."""
    across, down = zip(*symbol.corners, strict=True)
    margin = 2 + max(max(across) - min(across), max(down) - min(down)) // _QUIET
    top, left = max(0, min(down) - margin), max(0, min(across) - margin)
    return frame[top : max(down) + margin, left : max(across) + margin].copy()


def judge(asked: Asked) -> Judged:
    """Make a pack's template of its pictures, if enough of them are good."""
    session = Session(asked.seed, module_mm=asked.module_mm, rules=Rules.FILES)
    reasons: list[tuple[str, ...]] = []
    limits = LIMITS[EXTRACTOR]
    for crop in asked.crops:
        result = session.add(crop)
        fine = not result.text or pack_id_of(result.text) == asked.item
        reasons.append(result.reasons if fine else ("other-label",))
        if session.broken or not fine:
            return Judged(tuple(reasons), reasons=(session.broken or "other-label",))
    if session.frames and session.px_per_mm < limits.enrol_px_per_mm:
        # All of a pack's pictures are as coarse: those that were good enough are not.
        return Judged(tuple(one or (LOW,) for one in reasons))
    if session.frames < asked.least:
        return Judged(tuple(reasons))
    try:
        template = enrol(session)
    except EnrolmentRefused as refused:
        return Judged(tuple(reasons), reasons=refused.reasons)
    return Judged(
        tuple(reasons), bytes(template), template.frames, template.px_per_mm, template.focus
    )  # fmt: skip


def is_another_print(template: bytes, crop: Frame, module_mm: float) -> bool:
    """Whether a picture shows another label than the enrolled one, though the code is the same."""
    enrolled = Template.parse(template)
    session = Session(enrolled.seed, enrolled.design, module_mm=module_mm, rules=Rules.FILES)
    session.add(crop)
    return match(enrolled, session).verdict == COPY_SUSPECTED
