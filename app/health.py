"""How the log of this node stands: for everybody what anybody can check, the rest for authorities.

The last audit's report lies as `audit.json` in the log's folder; whoever audits puts it there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, NamedTuple

from app.node import Node
from ledger.audit_report import MAX_REPORT, Report
from ledger.errors import LedgerError
from ledger.store.health import Standing, Witnessed, root_of, standing, witnesses
from ledger.store.publish import Head

AUDIT: Final = "audit.json"
STALE_MS: Final = 2 * 24 * 3_600_000  # an audit is made every night; one may fail


class Audited(NamedTuple):
    """The last audit: its report, or why there is none to show; `behind` entries came after it."""

    report: Report | None = None
    fault: str = ""  # "none", "unreadable", "another log"
    stale: bool = False
    behind: int = 0
    holds: bool = True  # the log's tree of that size is still the one that was audited


class Health(NamedTuple):
    """What everybody is told; `standing` and `audited` are for authorities, else None."""

    origin: str
    vkey: str
    head: Head
    now: int
    witnesses: list[Witnessed]
    quorum: str
    standing: Standing | None
    audited: Audited | None
    writes: bool  # this node holds the log's key


def health(node: Node, *, whole: bool) -> Health:
    """How the log stands now. Raises LookupError while it is empty."""
    reader = node.reader
    with reader.snapshot():
        head = reader.head()
        seen = witnesses(node.store)
        audited = _audited(node, head) if whole else None
    return Health(
        node.origin, reader.vkey, head, node.clock(), seen, node.trust.quorum,
        standing(node.store) if whole else None, audited, node.log is not None,
    )  # fmt: skip


def health_json(told: Health) -> dict[str, Any]:
    """The same for programs."""
    found: dict[str, Any] = {
        "origin": told.origin, "key": told.vkey, "size": told.head.size,
        "root": told.head.root.hex(), "last_landing_ms": told.head.ms, "now_ms": told.now,
        "witnesses": [one._asdict() for one in told.witnesses],
    }  # fmt: skip
    if told.standing is not None:
        found["standing"] = {**told.standing._asdict(), "writes": told.writes}
    if told.audited is not None:
        audited, report = told.audited, told.audited.report
        found["audit"] = {
            "fault": audited.fault, "stale": audited.stale, "behind": audited.behind,
            "holds": audited.holds, "report": _report(report) if report else None,
        }  # fmt: skip
    return found


def _report(report: Report) -> dict[str, Any]:
    lines = [
        {"code": one.code, "name": one.name, "place": one.place, "words": one.words}
        for one in report.findings
    ]
    names = ("ms", "by", "size", "root", "clear", "known", "unseen", "folded", "count")
    return {**{name: getattr(report, name) for name in names}, "findings": lines}


def _audited(node: Node, head: Head) -> Audited:
    try:
        report = _read(node.settings.log / AUDIT)
    except FileNotFoundError:
        return Audited(fault="none")
    except (OSError, LedgerError):
        return Audited(fault="unreadable")
    if report.size >= 0 and report.origin != node.origin:
        return Audited(fault="another log")
    stale = node.clock() - report.ms > STALE_MS
    return Audited(report, "", stale, max(0, head.size - report.size), _holds(node, head, report))


def _read(path: Path) -> Report:
    with path.open("rb") as file:
        return Report.parse(file.read(MAX_REPORT + 1))


def _holds(node: Node, head: Head, report: Report) -> bool:
    """Whether the tree that was audited is still a part of this log's."""
    if report.size < 0:
        return True
    return report.size <= head.size and root_of(node.store, report.size).hex() == report.root
