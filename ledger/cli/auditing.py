"""The command that holds an exported log against what one party has kept."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import click

from ledger import pulled
from ledger.audit import audit
from ledger.audit_kept import Finding, Held, Kept, Seen
from ledger.audit_report import Report
from ledger.audit_signed import Each
from ledger.bundle import Bundle
from ledger.cli.target import echo, json_option, now_ms
from ledger.errors import LedgerError, Malformed
from ledger.files import write_whole
from ledger.mirror import CHECKPOINT, Mirror
from ledger.statement.dsse import Envelope
from ledger.tlog.policy import NONE, Policy
from ledger.tlog.tiles import Tile

MANY: Final = 5_000  # kept statements from which on processes of their own pay
_WORKERS: Final = 2


@click.command("audit")
@click.argument("public", type=click.Path(path_type=Path))
@click.option("--trust", required=True, type=click.Path(path_type=Path), help="Trust file.")
@click.option(
    "--books", type=click.Path(path_type=Path),
    help="A party's folder of `pull`; bundles (*.packtrace.json) and the operator's signed words "
    "(*.status.json, *.refusal.json) in it count too.",
)  # fmt: skip
@click.option(
    "--report", type=click.Path(path_type=Path),
    help="Write the report here: as JSON where the name ends in .json, else in words.",
)  # fmt: skip
@click.option("--by", default="", help="Who audits, for the report: a name or a GLN.")
@json_option
@click.pass_context
def audit_command(
    context: click.Context, public: Path, trust: Path, books: Path | None, report: Path | None,
    by: str, as_json: bool,
) -> None:  # fmt: skip
    """Audit an exported log from outside, by a trust file and one party's books. Exit 1 if anything is wrong.

    An authority's books hold every event: with them the whole custody is folded again.

    \b
    Examples:
      packtrace audit public/ --trust trust.txt --books books/
      packtrace audit books/ --trust trust.txt --books books/ --by Agency --report var/log/audit.json
    """

    def tile(wanted: Tile) -> bytes:
        try:
            return (public / wanted.path).read_bytes()
        except OSError as error:
            raise LookupError(f"{public / wanted.path}: {error.strerror}") from error

    try:
        note, policy = (public / CHECKPOINT).read_bytes(), Policy.parse(trust.read_bytes())
    except OSError as error:
        raise Malformed(f"{error.filename} cannot be read: {error.strerror}") from error

    def judge(kept: Kept, each: Each) -> tuple[Seen | None, list[Finding]]:
        return _whole(audit(note, tile, policy, kept, each))

    with _uncollected():
        kept = Kept()
        if books is not None:
            kept = replace(_kept(books), copy=() if books == public else _copy(books, policy))
        if len(kept.statements) < MANY:
            seen, findings = judge(kept, map)
        else:
            with ProcessPoolExecutor(_WORKERS, get_context("fork")) as pool:
                seen, findings = judge(kept, pool.map)
    made = Report.of(now_ms(), by, seen, findings)
    if report is not None:
        write_whole(report, bytes(made) if report.suffix == ".json" else made.words().encode())
    told = {"ok": not findings, "findings": [finding._asdict() for finding in findings]}
    echo(as_json, told, made.words().rstrip())
    if findings:
        context.exit(1)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the cycle collector: it would walk millions of values that live to the end, in no cycle."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def _whole(found: Generator[Finding, None, Seen | None]) -> tuple[Seen | None, list[Finding]]:
    """All findings, and what their generator ends with."""
    findings: list[Finding] = []
    while True:
        try:
            findings.append(next(found))
        except StopIteration as end:
            return end.value, findings


def _kept(books: Path) -> Kept:
    notes = [books / CHECKPOINT, *sorted((books / "evidence").glob("*"))]
    bundles = []
    for path in sorted(books.glob("*.packtrace.json*")):
        try:
            bundles.append(Bundle.parse(path.read_bytes()))
        except LedgerError as error:
            raise Malformed(f"{path}: {error}") from error
    words = []
    for path in sorted([*books.glob("*.status.json"), *books.glob("*.refusal.json")]):
        try:
            words.append(Envelope.parse(path.read_bytes().strip()))
        except LedgerError as error:
            raise Malformed(f"{path}: {error}") from error
    return Kept(
        statements=[Held(one.submission, one.index, one.ms) for one in pulled.read(books)],
        checkpoints=[path.read_bytes() for path in notes if path.is_file()],
        bundles=[bundle for bundle in bundles if bundle.entries],
        words=words,
    )


def _copy(books: Path, policy: Policy) -> list[bytes]:
    """The entries of the copy that lies with the books, none where there is none."""
    try:
        return list(Mirror(books, replace(policy, quorum=NONE)).entries())
    except (OSError, LedgerError) as error:
        raise Malformed(f"the copy in {books} cannot be read: {error}; sync it again") from error


COMMANDS = (audit_command,)
