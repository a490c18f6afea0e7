"""An audit's report: what was judged, and each finding under the name of the tampering it shows.

Pure. What the codes mean stands here once; docs/audit.md is held to it by a test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from ledger.audit_kept import Finding, Seen
from ledger.errors import CODES, Malformed

MAX_REPORT: Final = 1 << 20  # bytes of a report that is read back
_LONG: Final = 400  # characters of a place or of words
_LAST_MS: Final = 253_402_300_800_000  # the year 10,000
MAX_FINDINGS: Final = 1_000  # that a report lists; the rest is counted
CUSTODY: Final = "A statement that the rules of custody do not allow stands in the log."
# code of a finding -> what has been done, in words
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bad-signature": "A statement was altered after it was signed, or its signature was forged.",
        "broken-promise": "The operator left out what it had proven under its own signature.",
        "bundle": "The operator gave out a proof that refutes itself.",
        "checkpoint": "The checkpoint is not signed by the log's key.",
        "cut-off": "Entries were cut off the end of the log: it was rolled back.",
        "event-time": "A landing time was moved: the time that the signer claimed does not fit it.",
        "genesis": "The log does not begin with the genesis of this log's key.",
        "key-expired": "A key was used after it had expired.",
        "key-not-yet": "A key was used before it was in force.",
        "key-revoked": "A key was used after it had been revoked.",
        "left-out": "A kept statement was left out of the log, or altered in it.",
        "malformed": "An entry is not what an entry may be: altered, shown in the clear, or there twice.",
        "moved": "Entries were put into another order.",
        "not-entitled": "Power was given, or used, by somebody without the right to it.",
        "not-listed-op": "A key signed for an operation that it was never given.",
        "other-time": "A landing time is not the one that was told: it was backdated or postdated.",
        "quorum": "Too few of the listed witnesses have signed the checkpoint.",
        "refusal": "The operator refused what was on the log already.",
        "rewritten": "History was rewritten: an entry is not the one that a kept copy has there.",
        "root": "The operator signed a root that is not that of the entries.",
        "split-view": "The operator showed others another history of the same log.",
        "status": "The operator signed a false status about a pack.",
        "threshold": "Power was given by too few of the keys that must sign together.",
        "tile": "A tile was altered, cut or taken away.",
        "time": "Landing times go back, or lie ahead of what others have signed: entries were put "
        "into another order, or their times were changed.",
        "twice": "A statement was logged a second time.",
        "unknown-key": "A statement is signed by a key that nobody with the right to it has given.",
        "unknown-party": "A party acts that was never admitted.",
        "unproven": "Something that was kept proves nothing; this speaks against what was kept.",
        "wrong-log": "A statement of another log was put into this one.",
        "wrong-site": "A key signed at a site that it was never given.",
        **dict.fromkeys(
            (
                "already-inactive", "blocked-expired", "blocked-hold", "blocked-recalled",
                "blocked-withdrawn", "cycle", "duplicate-serial", "in-transit", "items-mismatch",
                "items-reused", "not-empty", "not-holder", "not-in-shipment", "not-named",
                "not-your-product", "second-expiry", "suspended", "too-deep", "two-containers",
                "undo-late", "undo-mismatch", "undo-other-site", "unknown-item",
                "unknown-shipment", "unknown-site", "unregistered-product", "wrong-state",
            ),
            CUSTODY,
        ),
    }
)  # fmt: skip


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A finding as a report has it."""

    code: str
    place: str
    words: str

    @property
    def name(self) -> str:
        """What has been done, in words."""
        return NAMES.get(self.code) or CODES.get(self.code, ("",))[0] or self.code


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When (ms), by whom and of what an audit was made, how much it could judge, what it found.

    `size` -1 where the checkpoint could not be opened: then nothing could be judged. `count` is the
    number of findings, of which the first are listed.
    """

    ms: int
    by: str
    origin: str
    size: int
    root: str
    clear: int
    known: int
    unseen: int
    folded: int
    count: int
    findings: list[Line]

    @classmethod
    def of(cls, ms: int, by: str, seen: Seen | None, findings: Sequence[Finding]) -> Report:
        """Put a report together."""
        told = seen or Seen("", -1, b"", 0, 0, 0, 0)
        lines = [
            Line(one.code, one.place[:_LONG], one.words[:_LONG]) for one in findings[:MAX_FINDINGS]
        ]
        return cls(
            ms, by, told.origin, told.size, told.root.hex(), told.clear, told.known, told.unseen,
            told.folded, len(findings), lines,
        )  # fmt: skip

    @classmethod
    def parse(cls, data: bytes) -> Report:
        """Read a report's JSON. Raises Malformed."""
        if len(data) > MAX_REPORT:
            raise Malformed(f"an audit's report has at most {MAX_REPORT} bytes")
        try:
            found = _decoder.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed(
                f"not an audit's report: {error}; make it by `packtrace audit`"
            ) from error
        counts = (found.clear, found.known, found.unseen, found.folded, found.count)
        if not 0 <= found.ms < _LAST_MS or found.size < -1 or min(counts) < 0:
            raise Malformed("an audit's report has a time and counts that can be")
        return found

    def __bytes__(self) -> bytes:
        return msgspec.json.encode(self)

    def words(self) -> str:
        """The report for a person: what was judged, what not, what is wrong."""
        return "\n".join([*self._head(), "", *self._body(), ""])

    def _head(self) -> list[str]:
        if self.size < 0:
            return [f"Audit by {self.by or 'an outsider'}: the checkpoint could not be opened."]
        custody = f"Custody was folded over all entries before entry {self.folded}."
        if self.folded == self.size:
            custody = "Custody was folded over every entry."
        return [
            f"Audit of {self.origin} by {self.by or 'an outsider'}: {self.size} entries.",
            f"Root: {self.root}",
            "Tree, tiles and order of time were judged for every entry.",
            (
                f"Signatures and rights: {self.clear} statements of governance in the clear, "
                f"{self.known} others by kept envelopes."
            ),
            (
                f"{self.unseen} entries are commitments whose content the auditor has not: "
                "of these, time and place alone were judged."
            ),
            custody,
        ]

    def _body(self) -> list[str]:
        if not self.count:
            return ["Nothing is wrong that can be seen from here."]
        told = [f"{self.count} findings:" if self.count > 1 else "1 finding:"]
        for line in self.findings:
            told += [f"- {line.name}", f"  {line.place}: {line.words} ({line.code})"]
        if self.count > len(self.findings):
            told.append(f"and {self.count - len(self.findings)} more")
        return told


_decoder: Final = msgspec.json.Decoder(Report)
