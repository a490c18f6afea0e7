"""Commands that read: trace, prove, verify, login."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ledger.bundle import Bundle
from ledger.cli.operations import item_ids
from ledger.cli.target import Folder, Web, echo, json_option, log_option, open_folder, open_target
from ledger.errors import BadProof, BadSignature, LedgerError, Malformed
from ledger.proof import Proven, clock_words, verify
from ledger.statement import dsse
from ledger.statement.events import Event
from ledger.statement.gs1 import parse_scan
from ledger.statement.submission import Statement
from ledger.tlog.policy import NONE, Policy
from ledger.tlog.proof import TlogProof


def _step(folder: Folder, index: int) -> dict[str, Any]:
    logged = folder.reader.logged(index)
    body = Statement.parse(logged.envelope).body
    assert isinstance(body, Event)  # a history holds events
    told: dict[str, Any] = {
        "index": index,
        "id": logged.id,
        "landed": clock_words(logged.ms),
        "operation": body.op,
        "by": body.by,
        "site": body.read_point,
    }
    for name in ("dest_site", "parent", "reason", "number", "shipment", "undoes"):
        if (value := getattr(body, name)) is not None:
            told[name] = value
    return told


@click.command()
@click.argument("what", metavar="ITEM|STATEMENT")
@log_option
@json_option
def trace(what: str, where: str, as_json: bool) -> None:
    """Show all that happened to an item, or the items of a statement; on the log's own folder.

    \b
    Example:
      packtrace trace '(01)09521101000016(21)EX260100000'
    """
    folder = open_folder(where)
    if len(what) == 64:
        _trace_statement(folder, what, as_json)
        return
    item = item_ids([what], None)[0]
    steps = [_step(folder, step.index) for step in folder.reader.history(item)]
    if not steps:
        raise Malformed(f"{item} was never commissioned on this log")
    row = folder.reader.world().row(item)
    assert row is not None  # it has a history
    root = folder.reader.world().outermost(row)
    told = {"item": item, "status": root.status, "site": root.site, "steps": steps}
    lines = [f"{item}: {root.status} {root.reason} at site {root.site}"]
    for step in steps:
        to = f" to {step['dest_site']}" if "dest_site" in step else ""
        lines.append(
            f"  {step['landed']}  {step['operation']:<11} at {step['site']}{to}"
            f"  (entry {step['index']})"
        )
    echo(as_json, told, "\n".join(lines))


def _trace_statement(folder: Folder, statement_id: str, as_json: bool) -> None:
    try:
        logged = folder.reader.find(statement_id)
    except LookupError as error:
        raise Malformed(f"no statement {statement_id} is on this log") from error
    items = [item.id for item in folder.reader.items(logged.index)]
    told = {
        "id": logged.id,
        "index": logged.index,
        "landed": clock_words(logged.ms),
        "items": items,
    }
    words = f"entry {logged.index}, landed {told['landed']}, {len(items)} item(s)\n  "
    echo(as_json, told, words + "\n  ".join(items))


@click.command()
@click.argument("item", required=False)
@click.option("--shipment", metavar="ID", help="Prove all that a ship statement named.")
@click.option(
    "--site", default="", metavar="GLN", help="For which site; by default for a stranger."
)
@click.option(
    "--key", "key_path", type=click.Path(path_type=Path), help="Sign in with this key (HTTP)."
)
@click.option(
    "--tlog-proof", "proofs", type=click.Path(path_type=Path),
    help="A folder for each statement's entry and C2SP .tlog-proof, for other tools.",
)  # fmt: skip
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="Where to write it."
)
@log_option
@json_option
def prove(
    item: str | None, shipment: str | None, site: str, key_path: Path | None, proofs: Path | None,
    output: Path, where: str, as_json: bool,
) -> None:  # fmt: skip
    """Write a proof bundle (*.packtrace.json) that verifies without any server.

    \b
    Example:
      packtrace prove '(01)09521101000016(21)EX260100000' --site 9521301000106 -o pack.packtrace.json
    """
    if (item is None) == (shipment is None):
        raise Malformed("name one item, or --shipment ID")
    target = open_target(where)
    label: dict[str, str] = {}
    if item is not None:
        ids = item_ids([item], None)
        found = parse_scan(item)
        values = {"lot": found.lot, "expiry": found.value("17")}
        label = {name: value for name, value in values.items() if value}
    elif isinstance(target, Folder):
        try:
            logged = target.reader.find(shipment or "")
        except LookupError as error:
            raise Malformed(f"no statement {shipment} is on this log") from error
        ids = [one.id for one in target.reader.items(logged.index)]
    else:
        raise Malformed("over HTTP, prove one pack at a time")
    if isinstance(target, Web) and key_path is not None:
        target.sign_in(key_path, link=False)
    data = target.bundle(ids, site, label)
    output.write_bytes(data)
    if proofs is not None:
        _write_tlog_proofs(Bundle.parse(data), proofs)
    told = {"file": str(output), "bytes": len(data), "items": ids}
    echo(as_json, told, f"{output}: {len(ids)} item(s), {len(data)} bytes")


def _write_tlog_proofs(bundle: Bundle, folder: Path) -> None:
    """Each statement's log entry, and the proof that it is in the tree."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in bundle.entries:
        proof = TlogProof(entry.index, entry.path, bundle.checkpoint)
        (folder / f"{entry.index}.tlog-proof").write_bytes(bytes(proof))
        (folder / f"{entry.index}.entry").write_bytes(dsse.entry_of(entry.envelope, entry.ms))


@click.command("status-list")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="Where to write it."
)
@click.option(
    "--hours", type=click.IntRange(1, 24 * 365),
    help="For how long it may be used; by default the policy's maxAge.",
)  # fmt: skip
@log_option
@json_option
def status_list(output: Path, hours: int | None, where: str, as_json: bool) -> None:
    """Write all that is held, recalled, withdrawn, suspended or revoked, for places without a line.

    \b
    Example:
      packtrace status-list -o list.packtrace.json --hours 72
    """
    target = open_target(where)
    data = target.status_list(hours * 3600 if hours else None)
    output.write_bytes(data)
    echo(as_json, {"file": str(output), "bytes": len(data)}, f"{output}: {len(data)} bytes")


@click.command("verify")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--trust", required=True, type=click.Path(path_type=Path), help="Trust file.")
@json_option
@click.pass_context
def verify_command(context: click.Context, file: Path, trust: Path, as_json: bool) -> None:
    """Verify a proof bundle, without any server. Exit 0 proven, 1 refuted, 2 unusable.

    \b
    Example:
      packtrace verify pack.packtrace.json --trust trust.txt
    """
    try:
        policy = Policy.parse(trust.read_bytes())
        proven = verify(Bundle.parse(file.read_bytes()), policy)
    except (BadProof, BadSignature) as error:
        echo(as_json, {"verdict": "refuted", "error": str(error)}, f"refuted: {error}")
        context.exit(1)
    except (LedgerError, OSError) as error:
        echo(as_json, {"verdict": "unusable", "error": str(error)}, f"unusable: {error}")
        context.exit(2)
    told = _proven(proven)
    if policy.quorum == NONE:
        click.echo(
            "warning: the trust file asks for no witness; the age is the operator's word", err=True
        )
    lines = [f"proven as of {told['as_of']}: log {told['log']}, {told['size']} entries"]
    for state in told["items"]:
        lines.append(f"  {state['id']}: {state['state']} {state['reason']}".rstrip())
        if state["marks"]:
            lines.append(f"    marks: {', '.join(state['marks'])}")
    if proven.status.gap:
        lines.append("  hand-offs in between: by the operator's word")
    echo(as_json, told, "\n".join(lines))


def _proven(proven: Proven) -> dict[str, Any]:
    return {
        "verdict": "proven",
        "log": proven.checkpoint.origin,
        "size": proven.checkpoint.size,
        "as_of": clock_words(proven.as_of_ms),
        "witnesses": dict(proven.verified.cosigned),
        "for": proven.status.for_,
        "gap": proven.status.gap,
        "statements": len(proven.statements),
        "items": [
            {"id": s.id, "state": s.state, "reason": s.reason, "marks": list(s.marks), "lot": s.lot,
             "expiry": s.expiry.isoformat() if s.expiry else None, "product": s.product}
            for s in proven.states.values()
        ],
    }  # fmt: skip


@click.command()
@click.option(
    "--key", "key_path", required=True, type=click.Path(path_type=Path), help="Your key file."
)
@log_option
@json_option
def login(key_path: Path, where: str, as_json: bool) -> None:
    """Sign a web server's challenge; prints a link that signs a browser in, once, within 60 s.

    \b
    Example:
      packtrace login --key counter.key --log http://localhost:8000
    """
    target = open_target(where)
    if isinstance(target, Folder):
        raise Malformed("log in to a web address: --log http://…")
    told = target.sign_in(key_path, link=True)
    echo(as_json, told, f"Open within 60 seconds:\n{target.url}{told['path']}")


COMMANDS = (trace, prove, status_list, verify_command, login)
