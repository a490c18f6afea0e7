"""The command that holds an exported log against what one party has kept."""

from __future__ import annotations

from pathlib import Path

import click

from ledger import pulled
from ledger.audit import Held, Kept, audit
from ledger.bundle import Bundle
from ledger.cli.target import echo, json_option
from ledger.errors import LedgerError, Malformed
from ledger.mirror import CHECKPOINT
from ledger.tlog.policy import Policy
from ledger.tlog.tiles import Tile


@click.command("audit")
@click.argument("public", type=click.Path(path_type=Path))
@click.option("--trust", required=True, type=click.Path(path_type=Path), help="Trust file.")
@click.option(
    "--books", type=click.Path(path_type=Path),
    help="A party's folder of `pull`; bundles (*.packtrace.json) in it count too.",
)  # fmt: skip
@json_option
@click.pass_context
def audit_command(
    context: click.Context, public: Path, trust: Path, books: Path | None, as_json: bool
) -> None:
    """Audit an exported log from outside, by a trust file and one party's books. Exit 1 if anything is wrong.

    \b
    Example:
      packtrace audit public/ --trust trust.txt --books books/
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
    findings = list(audit(note, tile, policy, _kept(books) if books is not None else None))
    told = {"ok": not findings, "findings": [finding._asdict() for finding in findings]}
    words = "\n".join(map(str, findings)) or "nothing is wrong that can be seen from here"
    echo(as_json, told, words)
    if findings:
        context.exit(1)


def _kept(books: Path) -> Kept:
    notes = [books / CHECKPOINT, *sorted((books / "evidence").glob("*"))]
    bundles = []
    for path in sorted(books.glob("*.packtrace.json*")):
        try:
            bundles.append(Bundle.parse(path.read_bytes()))
        except LedgerError as error:
            raise Malformed(f"{path}: {error}") from error
    return Kept(
        statements=[Held(one.submission, one.index, one.ms) for one in pulled.read(books)],
        checkpoints=[path.read_bytes() for path in notes if path.is_file()],
        bundles=[bundle for bundle in bundles if bundle.entries],
    )


COMMANDS = (audit_command,)
