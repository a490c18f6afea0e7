"""The command for places that check labels' fingerprints without a line: fingerprints."""

from __future__ import annotations

from pathlib import Path

import click

from ledger.cli.target import Web, echo, json_option, log_option, open_target
from ledger.errors import Malformed
from ledger.files import write_whole
from ledger.statement import keyfile
from ledger.statement.sealed import SealedFile


@click.command()
@click.argument("gtin")
@click.argument("lot")
@click.option(
    "--key", "key_path", required=True, type=click.Path(path_type=Path),
    help="Your site's key file: nothing else opens the file that is written.",
)  # fmt: skip
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="Write the file here."
)
@log_option
@json_option
def fingerprints(
    gtin: str, lot: str, key_path: Path, output: Path, where: str, as_json: bool
) -> None:
    """Fetch the sealed fingerprints of a lot in your stock, to check labels without a line.

    Only where the authority's policy lets sites hold them. `python -m scanner --fingerprints` opens
    them, with the same key. What a stolen one means is told in docs/offline-fingerprint.md.

    \b
    Example:
      packtrace fingerprints 09521101000016 A1 --key counter.key -o a1.fingerprints.json --log http://localhost:8000
    """
    target = open_target(where)
    if not isinstance(target, Web):
        raise Malformed("fingerprints are handed out over HTTP alone: name the node's web address")
    about = keyfile.describe(key_path.read_bytes())
    target.sign_in(key_path, link=False)
    found = SealedFile.parse(target.sealed(gtin, lot))
    if (found.keyid, found.log) != (about.id, target.origin):
        raise Malformed(f"{target.url} sealed them for another key, or for another log")
    write_whole(output, bytes(found), 0o600)
    told = {"file": str(output), "packs": len(found.templates), "time": found.time}
    echo(as_json, told, f"{output}: fingerprints of {told['packs']} packs, sealed for your key")


COMMANDS = (fingerprints,)
