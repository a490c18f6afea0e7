"""The simulated authority's audit of the simulated log, as its timer would run it every night."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from app.demo.cast import Cast
from app.health import AUDIT
from ledger.audit import audit
from ledger.audit_kept import Finding, Held, Kept
from ledger.audit_report import Report
from ledger.files import write_whole
from ledger.store.database import Store
from ledger.store.publish import CHECKPOINT, export, trust_file
from ledger.store.queries import Reader
from ledger.tlog.policy import Policy
from ledger.tlog.tiles import Tile


def last_night(store: Store, folder: Path, cast: Cast, ms: int) -> None:
    """Audit the log by all that its authority may see, and put the report where the node shows it."""
    pulled = Reader(store).addressed_to(cast.authority.gln, 0)
    kept = Kept([Held(one.submission, one.index, one.ms) for one in pulled])
    findings: list[Finding] = []
    with TemporaryDirectory() as name:
        public = Path(name)
        export(store, public)

        def tile(wanted: Tile) -> bytes:
            return (public / wanted.path).read_bytes()

        found = audit(
            (public / CHECKPOINT).read_bytes(), tile, Policy.parse(trust_file(store)), kept
        )
        while True:
            try:
                findings.append(next(found))
            except StopIteration as end:
                report = Report.of(ms, f"{cast.authority.name} (SIMULATED)", end.value, findings)
                break
    write_whole(folder / AUDIT, bytes(report))
