"""Commands for whoever does not want to trust the log's operator: sync, pull, cosign, restore."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ledger import pulled
from ledger.cli.target import (
    Folder,
    echo,
    json_option,
    load_key,
    log_option,
    now_ms,
    open_folder,
    open_target,
)
from ledger.errors import Malformed, Refused
from ledger.mirror import CHECKPOINT, TRUST, Mirror
from ledger.pulled import Pulled
from ledger.store import publish
from ledger.store.restore import restore as restore_log
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.checkpoint import cosign as make_cosignature
from ledger.tlog.note import COSIGNATURE, Note, SigningKey
from ledger.tlog.policy import Policy


def _mirror(folder: Path, trust: Path | None) -> Mirror:
    """The copy in a folder; the trust file is kept beside it, and never changed by what is fetched."""
    kept = folder / TRUST
    if trust is not None:
        data = trust.read_bytes()
        if kept.exists() and kept.read_bytes() != data:
            raise Malformed(
                f"{kept} is another trust file; name another folder, or leave --trust out"
            )
        Policy.parse(data)
        folder.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(data)
    if not kept.exists():
        raise Malformed(f"{folder} keeps no trust file yet: give --trust FILE the first time")
    return Mirror(folder, Policy.parse(kept.read_bytes()))


_trust_option = click.option(
    "--trust", type=click.Path(path_type=Path), help="Trust file; needed the first time."
)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@_trust_option
@log_option
@json_option
def sync(folder: Path, trust: Path | None, where: str, as_json: bool) -> None:
    """Keep a verified copy of the public log: it may only grow, and give power by right alone.

    Exit 1 when the log shows another tree than before; the folder then keeps the evidence.

    \b
    Example:
      packtrace sync copy/ --trust trust.txt --log http://localhost:8000
    """
    found = _mirror(folder, trust).sync(open_target(where).fetch)
    told: dict[str, Any] = {
        "folder": str(folder), "log": found.checkpoint.origin, "size": found.checkpoint.size,
        "new": found.fresh,
    }  # fmt: skip
    echo(as_json, told, f"{folder}: {told['size']} entries, {told['new']} new, all consistent")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--key", "key_path", required=True, type=click.Path(path_type=Path), help="The party's key."
)
@_trust_option
@log_option
@json_option
def pull(folder: Path, key_path: Path, trust: Path | None, where: str, as_json: bool) -> None:
    """Keep your party's own statements and those addressed to it, each checked against a copy.

    Syncs the copy first. Keep the folder as you keep your books: it holds your items.

    \b
    Example:
      packtrace pull books/ --key counter.key --trust trust.txt --log http://localhost:8000
    """
    mirror = _mirror(folder, trust)
    target = open_target(where)
    mirror.sync(target.fetch)
    if not isinstance(target, Folder):
        target.sign_in(key_path, link=False)
    since = pulled.last(folder) + 1
    count = pulled.keep(folder, mirror, target.pull(key_path, since))
    told = {"folder": str(folder), "new": count, "kept": sum(1 for _ in pulled.read(folder))}
    echo(as_json, told, f"{folder}: {count} new statements, {told['kept']} kept")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="The witness's name: a domain and path.")
@click.option(
    "--key", "key_path", required=True, type=click.Path(path_type=Path),
    help="The witness's key, used for nothing else.",
)  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the checkpoint here.")
@_trust_option
@log_option
@json_option
def cosign(
    folder: Path, name: str, key_path: Path, output: Path | None, trust: Path | None, where: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Be a witness on this machine: sync a copy, then cosign its checkpoint.

    A log's own folder keeps the line and serves it from then on; over HTTP, write it with -o. Add
    the `witness` line printed to the trust files of those who shall count on you.

    \b
    Example:
      packtrace cosign copy/ --name witness.example/1 --key witness.key --log var/demo
    """
    if output is None and where.startswith(("http://", "https://")):
        raise Malformed("over HTTP the log keeps no line: name a file with -o")
    target = open_target(where)
    mirror = _mirror(folder, trust)
    synced = mirror.sync(target.fetch)
    witness = SigningKey(name, load_key(key_path), COSIGNATURE)
    timestamp = now_ms() // 1000
    if isinstance(target, Folder):
        note = publish.cosign_newest(target.store, witness, timestamp)
        if Checkpoint.parse(Note.parse(note).text).root != synced.checkpoint.root:
            raise Refused("read-only", "the log has grown meanwhile; cosign again")
    else:
        seen = Note.parse((mirror.folder / CHECKPOINT).read_bytes())
        note = bytes(seen) + bytes(make_cosignature(seen.text, witness, timestamp))
    if output is not None:
        output.write_bytes(note)
    line = f"witness {name.replace('/', '-')} {witness.verifier}"
    told = {"size": synced.checkpoint.size, "witness": line, "note": note.decode()}
    echo(as_json, told, f"cosigned {told['size']} entries\n{line}")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--from", "books", multiple=True, required=True, type=click.Path(path_type=Path),
    help="A party's folder of `pull`; repeat for all that can be had.",
)  # fmt: skip
@click.option(
    "--recovered", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A read-only log that `recover` made of an old backup: what it holds counts too.",
)  # fmt: skip
@click.option("--database", "url", default="", help="A postgresql:// address for the tables.")
@json_option
def restore(
    folder: Path, books: tuple[Path, ...], recovered: Path | None, url: str, as_json: bool
) -> None:
    """Make a lost log anew, from its parties' pulls and the copies that lie with them.

    The newest copy counts. To go on, put the log's own keys back into FOLDER/keys.

    \b
    Example:
      packtrace restore again/ --from books-of-maker/ --from books-of-pharmacy/
    """
    mirrors = [_mirror(path, None) for path in books]
    newest = max(mirrors, key=lambda mirror: _size(mirror))

    def kept() -> Iterator[Pulled]:
        for path in books:
            yield from pulled.read(path)
        if recovered is not None:
            old = open_folder(str(recovered))
            yield from old.reader.addressed_to(old.reader.authority().gln, 0)
            old.store.close()

    key = Policy.parse((newest.folder / TRUST).read_bytes()).logs[0]
    store = restore_log(folder, newest, kept(), key, url)
    (folder / TRUST).write_bytes((newest.folder / TRUST).read_bytes())
    size = _size(newest)
    store.close()
    echo(as_json, {"folder": str(folder), "size": size}, f"{folder}: {size} entries restored")


def _size(mirror: Mirror) -> int:
    checkpoint = mirror.kept()
    return checkpoint.size if checkpoint else 0


COMMANDS = (sync, pull, cosign, restore)
