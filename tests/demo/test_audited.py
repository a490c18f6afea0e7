"""The simulated world's own audit: whole, and with nothing to find."""

from __future__ import annotations

from pathlib import Path

from app.health import AUDIT
from ledger.audit_report import Report


def test_the_simulated_world_is_audited_whole_and_nothing_is_found(world: Path) -> None:
    report = Report.parse((world / AUDIT).read_bytes())
    assert report.count == 0, report.words()
    assert report.folded == report.size > 500
    assert report.unseen == 0
    assert "SIMULATED" in report.by
