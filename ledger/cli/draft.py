"""A statement on its way to a log: submitted at once, or kept in a file for more signatures.

`--draft FILE` writes it, `countersign FILE` shows it in words, adds a signature and submits it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec.structs import replace

from ledger.cli.target import Folder, Web, echo, json_option, load_key, log_option, open_target
from ledger.errors import Malformed, Refused
from ledger.files import write_whole
from ledger.rules import rights
from ledger.statement import dsse
from ledger.statement.dsse import Envelope
from ledger.statement.events import Event, event_time
from ledger.statement.governance import Governance
from ledger.statement.submission import LISTS, Statement, Submission, fit_items

SHOWN = 5  # items of a list that are shown one by one

draft_option: Callable[[Any], Any] = click.option(
    "--draft",
    type=click.Path(path_type=Path),
    help="Do not submit: write the signed statement to this file, for `countersign`.",
)


def deliver(
    target: Folder | Web, submission: Submission, draft: Path | None, as_json: bool, words: str
) -> None:
    """Submit a statement and print the receipt, or write it to a file.

    `words` name it; where `already` names items on which it changed nothing, they are listed.
    """
    if draft is not None:
        write_draft(draft, submission)
        told: dict[str, Any] = {"id": submission.statement.id, "file": str(draft)}
        echo(as_json, told, f"{draft}: {words}, statement {told['id']}, not submitted")
        return
    told = target.submit(submission)
    lines = [f"{words}, statement {told['id']}, entry {told['index']}"]
    lines += [
        f"  {item} was already done here at {event_time(ms)}"
        for item, ms in told.get("already", {}).items()
    ]
    echo(as_json, told, "\n".join(lines))


def write_draft(path: Path, submission: Submission) -> None:
    """Write a submission to a file that only its owner may read: it holds items and secret."""
    write_whole(path, bytes(submission), 0o600)


def in_words(submission: Submission) -> list[str]:
    """What a person signs: every field of the statement, and what it names."""
    body = submission.statement.body
    lines = _event_words(body) if isinstance(body, Event) else _governance_words(body)
    for name in LISTS:
        items = getattr(submission, name)
        if items:
            lines.append(f"{name}: {len(items)}")
            lines += [f"  {item.id}" for item in items[:SHOWN]]
            lines += [f"  and {len(items) - SHOWN} more"] if len(items) > SHOWN else []
    return lines


_TOLD_ELSEWHERE = {"items", "over", "missing", "nonce", "log", "time_ms", "time_offset", "op"}


def _event_words(event: Event) -> list[str]:
    lines = [f"{event.op}, {event_time(event.time_ms)}, on log {event.log}"]
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if value is not None and name not in _TOLD_ELSEWHERE:
            lines.append(f"{name.replace('_', ' ')}: {value}")
    return lines


def _governance_words(body: Governance) -> list[str]:
    lines = [f"{body.__struct_config__.tag}, {body.time}, on log {body.log}"]
    told = msgspec.to_builtins(body)
    for name in sorted(told.keys() - {"type", "time", "log", "nonce"}):
        value = told[name]
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        lines.append(f"{name}: {text}")
    return lines


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--key", "key_paths", multiple=True, required=True, type=click.Path(path_type=Path),
    help="Key file to sign with; repeat it for more signatures.",
)  # fmt: skip
@click.option("--yes", is_flag=True, help="Sign without asking; for programs.")
@click.option("--keep", is_flag=True, help="Do not submit: more signatures are to come.")
@log_option
@json_option
def countersign(
    file: Path, key_paths: tuple[Path, ...], yes: bool, keep: bool, where: str, as_json: bool
) -> None:
    """Add a second signature to a statement kept by --draft: shows it in words, signs, submits.

    \b
    Example:
      packtrace countersign destroyed.json --key colleague.key
    """
    try:
        submission = Submission.parse(file.read_bytes())
    except OSError as error:
        raise Malformed(f"{file} cannot be read: {error.strerror}") from error
    fit_items(submission)
    target = open_target(where)
    statement = submission.statement
    if statement.body.log != target.origin:
        raise Refused("wrong-log", f"it names {statement.body.log}, this is {target.origin}")
    if isinstance(target, Folder):
        rights.verify(target.reader.authority(), statement)
    click.echo("\n".join(in_words(submission)), err=True)
    signed = ", ".join(
        f"{s.keyid[:16]}…{' (passkey)' if s.webauthn else ''}"
        for s in statement.envelope.signatures
    )
    click.echo(f"signed so far by: {signed}", err=True)
    if not yes:
        click.confirm("Sign this?", abort=True, err=True)
    submission = _sign(submission, [load_key(path) for path in key_paths])
    write_draft(file, submission)
    words = f"{len(submission.statement.envelope.signatures)} signatures"
    deliver(target, submission, file if keep else None, as_json, words)


def _sign(submission: Submission, seeds: Sequence[bytes]) -> Submission:
    envelope = submission.statement.envelope
    more = dsse.sign(envelope.payload_type, envelope.payload, seeds).signatures
    signatures = {s.keyid: s for s in (*envelope.signatures, *more)}
    if len(signatures) < len(envelope.signatures) + len(more):
        raise Malformed("this key has signed it already; a second signature is another key's")
    ordered = tuple(signatures[keyid] for keyid in sorted(signatures))
    whole = Envelope(envelope.payload, envelope.payload_type, ordered)
    return replace(submission, statement=Statement(whole, submission.statement.body))


COMMANDS = (countersign,)
