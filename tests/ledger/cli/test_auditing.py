"""`packtrace audit` at the command line: its report, its words, and what it cannot use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ledger.audit_report import MAX_FINDINGS, Report
from ledger.pulled import PULLED, Pulled
from ledger.store.publish import export
from tests.ledger.cli.conftest import Run
from tests.world import Chain


@pytest.fixture
def public(chain: Chain, tmp_path: Path) -> Path:
    chain.hand_over(chain.maker, chain.commission("L1", 2), chain.pharmacy)
    folder = tmp_path / "public"
    export(chain.store, folder)
    return folder


def books(chain: Chain, folder: Path) -> Path:
    """An authority's statements, without a copy of the log."""
    folder.mkdir()
    lines = [one.to_json() + b"\n" for one in chain.reader.addressed_to(chain.authority.gln, 0)]
    (folder / PULLED).write_bytes(b"".join(lines))
    return folder


def test_a_report_is_written_in_words_and_as_json(
    chain: Chain, packtrace: Run, public: Path, tmp_path: Path
) -> None:
    kept, trust = books(chain, tmp_path / "books"), public / "trust.txt"
    words = ("audit", public, "--trust", trust, "--books", kept, "--by", "An Agency")
    for name in ("audit.json", "audit.txt"):
        assert packtrace(*words, "--report", tmp_path / name).code == 0
    report = Report.parse((tmp_path / "audit.json").read_bytes())
    assert (report.by, report.count, report.folded) == ("An Agency", 0, chain.reader.head().size)
    text = (tmp_path / "audit.txt").read_text()
    assert text == report.words()
    assert "by An Agency" in text
    done = packtrace(*words, "--json")
    assert done.told == {"ok": True, "findings": []}


def test_without_books_time_and_place_alone_are_judged(packtrace: Run, public: Path) -> None:
    done = packtrace("audit", public, "--trust", public / "trust.txt")
    assert done.code == 0
    assert "3 entries are commitments whose content the auditor has not" in done.out
    assert "Custody was folded over all entries before entry" in done.out


def test_an_unreadable_checkpoint_is_a_finding(
    packtrace: Run, public: Path, tmp_path: Path
) -> None:
    (public / "checkpoint").write_bytes(b"nonsense")
    report = tmp_path / "audit.json"
    done = packtrace("audit", public, "--trust", public / "trust.txt", "--report", report)
    assert done.code == 1
    assert Report.parse(report.read_bytes()).size == -1
    assert "could not be opened" in done.out


def test_what_cannot_be_used_is_told(
    chain: Chain, packtrace: Run, public: Path, tmp_path: Path
) -> None:
    trust = public / "trust.txt"
    assert packtrace("audit", tmp_path / "none", "--trust", trust).code == 2
    assert packtrace("audit", public, "--trust", tmp_path / "none").code == 2
    kept = books(chain, tmp_path / "books")
    for name in ("a.packtrace.json", "a.status.json", "a.refusal.json"):
        (kept / name).write_bytes(b"{")
        done = packtrace("audit", public, "--trust", trust, "--books", kept)
        assert (done.code, name in done.err) == (2, True)
        (kept / name).unlink()
    lines = (kept / PULLED).read_bytes()
    (kept / PULLED).write_bytes(lines.replace(b'"index"', b'"indes"', 1))
    done = packtrace("audit", public, "--trust", trust, "--books", kept)
    assert (done.code, "line 1" in done.err) == (2, True)
    (kept / PULLED).write_bytes(lines)
    (kept / "checkpoint").write_bytes((public / "checkpoint").read_bytes())
    done = packtrace("audit", public, "--trust", trust, "--books", kept)
    assert (done.code, "sync it again" in done.err) == (2, True)


def test_many_findings_are_counted_and_the_first_listed(
    chain: Chain, packtrace: Run, public: Path, tmp_path: Path
) -> None:
    one = next(iter(chain.reader.addressed_to(chain.authority.gln, 0)))
    kept = tmp_path / "books"
    kept.mkdir()
    many = [
        Pulled(10_000 + n, one.ms + n, one.submission).to_json() + b"\n"
        for n in range(MAX_FINDINGS + 5)
    ]
    (kept / PULLED).write_bytes(b"".join(many))
    report = tmp_path / "audit.json"
    words = ("audit", public, "--trust", public / "trust.txt", "--books", kept)
    done = packtrace(*words, "--report", report)
    found = Report.parse(report.read_bytes())
    assert (done.code, found.count, len(found.findings)) == (1, MAX_FINDINGS + 5, MAX_FINDINGS)
    assert "and 5 more" in done.out
    assert len(json.loads(packtrace(*words, "--json").out)["findings"]) == MAX_FINDINGS + 5
