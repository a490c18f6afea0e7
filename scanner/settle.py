"""What a reading comes to once the scanner-fault filter has spoken: pure, for all who scan.

The order of custody.md 5 is kept: an unsure reading is asked for again before anything is said of
the pack, and what hangs on the reading alone accuses the pack the second time only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.rules.claims import Claim
from ledger.rules.reasons import OK
from ledger.rules.verdict import Verdict, verdict
from ledger.statement.gs1 import Label
from scanner import faults
from scanner.faults import Explanation

DISAGREE: Final = "symbols-disagree"
LOOK_MS: Final = 1_000  # readings closer to each other than this are one look at a pack
AGAIN_MS: Final = 10 * 60_000  # a second reading within this time is the same person's
_MISMATCH: Final = "label-mismatch"
# Begins with letters and signs that no keyboard has moved: a symbology identifier, a link.
_RIGHT: Final = re.compile(r"\][A-Za-z][0-9]|https?://", re.ASCII)
# What accuses a pack that was read rightly, and what a wrong reading would lead to as well.
_AT_ONCE: Final = frozenset(("bad-proof", "stolen", "supplied-elsewhere", "inactive"))
_BY_READING: Final = frozenset(("unknown", _MISMATCH, DISAGREE))


@dataclass(frozen=True, slots=True)
class Settled:
    """The verdict on a reading, and the label that it is about.

    `again` is there where the reading looks like a scanner's fault. `alert` says that the pack
    itself, not the reading of it, is in question.
    """

    verdict: Verdict
    label: Label | None = None
    again: Explanation | None = None
    alert: bool = False


def confirms(told: Verdict) -> bool:
    """Whether a verdict rests on a reading that the log confirms in all that it says."""
    claims = told.claims
    agreed = bool(claims) and all(claim.agrees is not False for claim in claims)
    return (agreed or told.word == OK) and DISAGREE not in told.codes


def reads_right(told: Verdict) -> bool:
    """Whether a reading needs no explaining: the log confirms it, or it is a practice log's label."""
    return confirms(told) or "practice-label" in told.codes


def alerts(told: Verdict, *, repeated: bool) -> bool:
    """Whether a verdict raises an alert.

    `repeated`: the very same reading came before, and no scanner's fault explains it.
    """
    codes = frozenset(told.codes)
    if repeated:
        return bool(codes & (_AT_ONCE | _BY_READING))
    # Where the label is not the record's, the reading may be another pack's: that is in doubt first.
    return bool(codes & _AT_ONCE) and _MISMATCH not in codes


def settle(
    told: Verdict,
    label: Label | None,
    found: Explanation,
    judge: Callable[[Label], Verdict],
    *,
    before: bool,
) -> Settled:
    """Bring together the verdict on a reading as it stands and what the filter says of it.

    `label` is None where the reading is no label. `judge` is asked where a label stands behind what
    a scanner wrote around it; `before` says whether the very same reading came before.
    """
    repeated = faults.alerts(found, before)
    offered = found.outcome == faults.REPAIRED
    behind = found.label if label is None and not offered else None
    if offered and not (repeated and label):
        return _again(told, label, found)
    if behind is not None:
        told, label = judge(behind), behind
    elif label is None and found.faults:
        return _again(told, label, found)
    typed = not offered and found.source == faults.WEDGE and not _RIGHT.match(found.text)
    # The same again is the pack's own, as with any reading that no known fault explains.
    if typed and not before and keys_moved(told.claims):
        return _again(told, None, faults.unknown_layout(found))
    return Settled(told, label, None, alerts(told, repeated=repeated))


def keys_moved(claims: Sequence[Claim]) -> bool:
    """Whether a lot was read as a keyboard layout that nobody has listed would write it.

    Then letters and signs stand for others, the same always for the same, and all digits are right.
    A layout that moves letters moves most of them: where one alone differs, or as many are as they
    should be, the lot is another one.
    """
    compared = [claim for claim in claims if claim.agrees is not None]
    if [claim.name for claim in compared if not claim.agrees] != ["lot"]:
        return False
    moved: dict[str, str] = {}
    for claim in compared:
        if claim.name not in ("lot", "serial"):
            continue
        if len(claim.label) != len(claim.log):
            return False
        for printed, read in zip(claim.log, claim.label, strict=True):
            digit = printed.isdigit() or read.isdigit()
            if (digit and printed != read) or moved.setdefault(printed, read) != read:
                return False
    letters = {
        (printed.upper(), printed == read)
        for printed, read in moved.items()
        if printed.isascii() and read.isascii() and printed.isalpha() and read.isalpha()
    }
    stayed = sum(same for _, same in letters)
    others = len(letters) - stayed
    return len(set(moved.values())) == len(moved) and (not others or others > max(1, stayed))


def _again(told: Verdict, label: Label | None, found: Explanation) -> Settled:
    return Settled(verdict({"scan-again": found.words}, told.purpose), label, found)
