"""`packtrace key`: make, show and list key files.

The seed never leaves the file unsealed, save in a file marked as a demonstration's.
"""

from __future__ import annotations

import os
import secrets
from base64 import b64encode
from pathlib import Path
from typing import Any

import click

from ledger.cli.target import echo, json_option, passphrase
from ledger.errors import LedgerError, Malformed
from ledger.statement import keyfile
from ledger.statement.keyfile import KeyFile
from ledger.statement.parts import gln


def write_key(path: Path, seed: bytes, *, label: str, party: str, sealed: bool) -> KeyFile:
    """Write a new key file, mode 0600. Raises Malformed when the file is there already."""
    if sealed:
        data = keyfile.seal(
            seed,
            passphrase(f"New passphrase for {path}", confirm=True),
            label=label,
            party=party,
            salt=secrets.token_bytes(keyfile.SALT_BYTES),
            nonce=secrets.token_bytes(keyfile.NONCE_BYTES),
        )
    else:
        data = keyfile.plain(seed, label=label, party=party)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Malformed(f"{path} is there already; name another file") from error
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return keyfile.describe(data)


def read_about(path: Path) -> KeyFile:
    """What a key file says of its key. Raises Malformed."""
    try:
        return keyfile.describe(path.read_bytes())
    except OSError as error:
        raise Malformed(f"key file {path} cannot be read: {error.strerror}") from error


def _json(path: Path, about: KeyFile) -> dict[str, Any]:
    return {
        "file": str(path),
        "keyid": about.id,
        "public": b64encode(about.public).decode(),
        "label": about.label,
        "party": about.party,
        "encrypted": about.encrypted,
    }


def _words(path: Path, about: KeyFile) -> str:
    state = "sealed" if about.encrypted else keyfile.PLAIN
    return f"{path}: {about.label} of {about.party or 'the log'}, key {about.id[:16]}…, {state}"


@click.group("key", epilog="Example: packtrace key new station.key --party 9521301000007")
def key_group() -> None:
    """Make, show and list key files."""


@key_group.command("new")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--party", default="", metavar="GLN", help="Whose key it is.")
@click.option("--label", default="station", show_default=True, help="What the key is for.")
@click.option("--plain", is_flag=True, help="Do not seal it: for demonstrations only.")
@json_option
def key_new(path: Path, party: str, label: str, plain: bool, as_json: bool) -> None:
    """Make a key file, sealed by a passphrase (Argon2id and secretbox).

    \b
    Example:
      packtrace key new station.key --party 9521301000007 --label 'counter 1'
    """
    if party:
        gln(party, "--party")
    about = write_key(path, secrets.token_bytes(32), label=label, party=party, sealed=not plain)
    echo(as_json, _json(path, about), _words(path, about))


@key_group.command("show")
@click.argument("path", type=click.Path(path_type=Path))
@json_option
def key_show(path: Path, as_json: bool) -> None:
    """Show a key file's public half, which a key-add statement needs.

    \b
    Example:
      packtrace key show station.key --json
    """
    about = read_about(path)
    told = _json(path, about)
    echo(as_json, told, f"{_words(path, about)}\nkeyid  {about.id}\npublic {told['public']}")


@key_group.command("list")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("."))
@json_option
def key_list(folder: Path, as_json: bool) -> None:
    """List the key files (*.key) in a folder.

    \b
    Example:
      packtrace key list var/demo/keys
    """
    found = []
    for path in sorted(folder.glob("*.key")):
        try:
            found.append((path, read_about(path)))
        except LedgerError as error:
            click.echo(f"{path}: {error}", err=True)
    words = "\n".join(_words(path, about) for path, about in found) or f"no key files in {folder}"
    echo(as_json, {"keys": [_json(path, about) for path, about in found]}, words)


COMMANDS = (key_group,)
