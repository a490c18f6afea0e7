"""Which scans raise an alert: `raise_for_scan`, pure, well under a millisecond each.

    scan = ScanSeen(ms, site, item, "dispense", ("supplied-elsewhere",), source="wedge")
    alert = raise_for_scan(scan, history, grace_ms=policy.repeat_grace * 1000)

The order of things is the app's (`app/scanning.py`): read, judge by the log (`verdict.judge`), ask
the scanner-fault filter where the log does not confirm the reading (`scanner.faults.explain`,
`scanner.settle.settle`), then this. So a `ScanSeen` carries what came of that:

- `codes`: `Verdict.codes` of the settled verdict, worst first;
- `misread`: `Settled.again is not None`; the answer is 'scan again', and nothing is raised;
- `sure`: `Settled.alert or scanner.settle.confirms(verdict)`. An unsure reading raises nothing;
- `mismatch`: names of the verdict's claims whose `agrees` is False;
- `acted_ms`: landing of the newest statement about the pack, whoever may see it; -1 for none;
- `lot`: the label's; packs of a lot that is not on record are one case at a site;
- `own_party`: the log has the pack at, or under way to, a site of the scanning party, or it was
  supplied or taken out there.

Without the filter is: `misread=False, sure=True` for every scan. `history` are the item's earlier
scans at every site within the days that the policy keeps, as `ScanSeen` too, in any order, without
this one; the app hands over the newest HISTORY. `Alert.rule` is the worst rule, `Alert.also` are
the others that hold; `Alert.cause` is the likely cause, one of CAUSES. Alerts of one `key` are one
case. What statements raise is in `alerts_statements`; what becomes of a case is in `casework`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ledger.rules import clones
from ledger.rules.clones import TYPED, ScanSeen
from ledger.statement.gs1 import gtin_of

__all__ = [
    "CAUSES",
    "COPY_SUSPECTED",
    "HISTORY",
    "RULES",
    "Alert",
    "Rule",
    "ScanSeen",
    "raise_for_scan",
    "us_reason",
]

HISTORY: Final = 64  # scans of an item that are looked at
# Goods may arrive before the statement that announces them. So long after a scan at goods-in the
# same site's next one is held against the pack.
AHEAD_MS: Final = 4 * 3_600_000


class Rule(NamedTuple):
    """A rule: EU hub's alert code, and the reason of US verification; "" where neither has one."""

    eu: str
    us: str


COPY_SUSPECTED: Final = "copy-suspected"  # a rule, and the verdict's code
# Worst first. EU: EMVO's alert codes; US: GS1 Lightweight Verification Messaging 1.1.
RULES: Final = {
    COPY_SUSPECTED: Rule("", "No_reason_provided"),
    "stolen": Rule("A7", "Not_for_re-distribution"),
    "already-dispensed": Rule("A7", "Not_for_re-distribution"),
    clones.IMPOSSIBLE_TRAVEL: Rule("", "No_reason_provided"),
    clones.TWO_PLACES: Rule("", "No_reason_provided"),
    "suspended-moving": Rule("", "Not_for_re-distribution"),
    "unknown-serial": Rule("A3", "No_match_GTIN_Serial"),
    "label-mismatch": Rule("A68", "No_match_GTIN_Serial_Lot"),
    "wrong-holder": Rule("", "Not_for_re-distribution"),
    "already-inactive": Rule("A7", "Not_for_re-distribution"),
    "refuted-proof": Rule("", "No_reason_provided"),
    "enrolled-away": Rule("", ""),  # of who enrolled, not of the pack
    "template-mismatch": Rule("", ""),  # of the templates' keeper, not of the pack
    "excursion": Rule("", "Manufacturer_policy"),
    "short": Rule("", ""),
    "over": Rule("", ""),
    "overdue": Rule("", ""),
    "undo-refused": Rule("A24", ""),
    clones.TOO_MANY_SCANS: Rule("", "No_reason_provided"),
}
# The likely cause of an alert, from what is known of the pack; a person's finding may be another.
CAUSES: Final = (
    "copied-label",  # potential suspect falsification
    "invented-serial",  # potential suspect falsification
    "altered-label",
    "diversion",
    "theft",
    "data-missing",  # the maker has not put the lot or the serial number on record
    "late-statement",  # the goods were ahead of what was said of them
    "procedure",  # done twice, in the wrong order, or not at all
    "lost-on-the-way",
    "wrong-count",
    "temperature",
    "suspension",
    "altered-template",  # or one that was exchanged, or is gone
)
BY_CODE: Final = {
    # code of a verdict: rule, likely cause
    COPY_SUSPECTED: (COPY_SUSPECTED, "copied-label"),
    "stolen": ("stolen", "theft"),
    "supplied-elsewhere": ("already-dispensed", "copied-label"),
    "unknown": ("unknown-serial", "invented-serial"),
    "label-mismatch": ("label-mismatch", "altered-label"),
    "symbols-disagree": ("label-mismatch", "altered-label"),
    "other-holder": ("wrong-holder", "diversion"),
    "inactive": ("already-inactive", "procedure"),
    "bad-proof": ("refuted-proof", "copied-label"),
    "excursion": ("excursion", "temperature"),
}
_PLACES: Final = {rule: place for place, rule in enumerate(RULES)}
_DEAD: Final = frozenset(("supplied-here", "supplied-elsewhere", "inactive", "stolen"))
_GONE: Final = frozenset(("supplied-here", "supplied-elsewhere", "inactive"))
_BY_READING: Final = frozenset(("unknown", "label-mismatch", "symbols-disagree"))
_ARRIVING: Final = frozenset(("announced", "in-transit"))


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that somebody has to look into: potential suspect falsification until it is known.

    `site` acts first; `other` is the site on the other side, if there is one. `subject` is what it
    is about: an item's id, a lot that is not on record (`lot <GTIN> <lot>`), a shipment's statement
    id, or the GLN of who is suspended. `source` is
    the statement that raised it, "" for a scan.
    """

    rule: str
    site: str
    subject: str
    ms: int
    cause: str
    item: str = ""
    other: str = ""
    also: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    mismatch: tuple[str, ...] = ()
    eu: str = ""
    us: str = ""
    source: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """By what alerts fold into one case."""
        return self.site, self.subject


def raise_for_scan(
    scan: ScanSeen, history: Sequence[ScanSeen] = (), *, grace_ms: int
) -> Alert | None:
    """The alert that a scan raises, or None.

    `grace_ms` is the policy's repeatGrace: within it, the same place doing the same again is one.
    """
    if scan.misread or not scan.sure or not scan.item or not scan.site:
        return None
    found: dict[str, str] = {}
    for code in scan.codes:
        rule, cause = BY_CODE.get(code, ("", ""))
        if rule and not _has_grace(code, scan, history, grace_ms):
            found.setdefault(rule, cause)
    if _repeats(scan, history, grace_ms):
        found["already-dispensed"] = "procedure" if scan.purpose == "dispense" else "copied-label"
    if "suspended" in scan.codes and not _ARRIVING.isdisjoint(scan.codes):
        found["suspended-moving"] = "suspension"
    other = ""
    # Of a pack that has left the chain the verdict has said it all, at each place that reads it.
    dead = not _DEAD.isdisjoint(scan.codes) or _ahead(scan, history)
    if not dead and (hit := clones.pattern(scan, history, grace_ms)):
        found[hit.rule], other = "copied-label", hit.other
    if not found:
        return None
    first, *also = sorted(found, key=_PLACES.__getitem__)
    # A lot that nobody knows was rather never put on record than invented with each serial number.
    missing = first == "unknown-serial" and not scan.lot_known
    cause = "data-missing" if missing else found[first]
    subject = f"lot {gtin_of(scan.item)} {scan.lot}" if missing and scan.lot else scan.item
    return Alert(
        first, scan.site, subject, scan.ms, cause, scan.item, other, tuple(also), scan.codes,
        scan.mismatch, _eu_code(first, scan), us_reason(first, scan.mismatch),
    )  # fmt: skip


def _has_grace(code: str, scan: ScanSeen, history: Sequence[ScanSeen], grace_ms: int) -> bool:
    """Whether what a verdict says is, this time, only told to the person."""
    if code == "inactive" and scan.purpose == "check":
        return (
            True  # a sample that is looked at, a lost pack that is found: only in trade is it wrong
        )
    if code == "other-holder":
        return scan.own_party or _ahead(scan, history)
    if code in ("supplied-elsewhere", "inactive"):
        # A party's shops sell each other's packs by a slip, as one shop does its own.
        return scan.own_party and not _again(scan, history, grace_ms)
    if code in _BY_READING and scan.source == TYPED:
        # Who mistypes may mistype the same again: the third time counts, or a device's.
        same = (one for one in history if (one.site, one.reading) == (scan.site, scan.reading))
        return not scan.reading or len(list(same)) < 2
    return False


def _ahead(scan: ScanSeen, history: Sequence[ScanSeen]) -> bool:
    """Whether goods that come in may be ahead of the statement about them."""
    if scan.purpose != "receive" or "other-holder" not in scan.codes:
        return False
    return not any(
        one.site == scan.site and not one.misread and scan.ms - one.ms >= AHEAD_MS
        and one.ms > scan.acted_ms
        for one in history
    )  # fmt: skip


def _repeats(scan: ScanSeen, history: Sequence[ScanSeen], grace_ms: int) -> bool:
    """Whether a pack that was supplied here turns up here again, more often than by a slip."""
    if "supplied-here" not in scan.codes or scan.ms - scan.acted_ms <= grace_ms:
        return False
    return _again(scan, history, grace_ms)


def _again(scan: ScanSeen, history: Sequence[ScanSeen], grace_ms: int) -> bool:
    """Whether a pack that left the chain here is in hand again by more than a slip.

    At goods-in once is enough. At the counter the first time is told to the person, who is asked to
    undo or to keep it apart; the next one, on another occasion, is raised.
    """
    if scan.purpose != "dispense":
        return scan.purpose == "receive"
    return any(
        one.site == scan.site and one.purpose == "dispense" and not _GONE.isdisjoint(one.codes)
        and one.ms - scan.acted_ms > grace_ms and scan.ms - one.ms > grace_ms
        for one in history
    )  # fmt: skip


def _eu_code(rule: str, scan: ScanSeen) -> str:
    """The EU hub's code: A2 for a lot that is not on record, A52 for another expiry."""
    if rule == "unknown-serial" and not scan.lot_known:
        return "A2"
    if rule == "label-mismatch" and "lot" not in scan.mismatch:
        return "A52" if "expiry" in scan.mismatch else ""
    return RULES[rule].eu


def us_reason(rule: str, mismatch: Sequence[str]) -> str:
    """The reason of US verification: of a mismatch, naming which."""
    if rule != "label-mismatch":
        return RULES[rule].us
    named = [word for claim, word in (("lot", "Lot"), ("expiry", "Expiry")) if claim in mismatch]
    return "_".join(("No_match_GTIN_Serial", *named)) if named else "No_reason_provided"
