"""Commands against the loss of a log: backup, recover, upgrade."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from ledger.cli.target import echo, json_option, log_option, now_ms
from ledger.cli.upkeep import progress
from ledger.errors import BadProof, Malformed
from ledger.statement.parts import time_text
from ledger.store import backup as copying
from ledger.store import publish
from ledger.store.check import check_hashes
from ledger.store.database import meta
from ledger.store.desk import Desk
from ledger.store.opening import behind, open_as_is, open_store
from ledger.store.recover import recover as recover_log
from ledger.tlog.note import VerifierKey

_NO_KEYS = (
    "The log's keys are not in it. Keep a copy of {keys} elsewhere: without content-key nobody can "
    "read what statements name, without log.key the log cannot go on."
)
_NO_PRINTS_KEY = "Keep {key} there too: without it no label's fingerprint can be opened."
_OPEN_KEYS = (
    "Whoever has this file can use {names}: content-key reads what statements name, an open key "
    "signs. Keep the file as you keep the keys."
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--with-keys", is_flag=True, help="Put the log's keys in too, sealed or open as they are."
)
@log_option
@json_option
def backup(file: Path, with_keys: bool, where: str, as_json: bool) -> None:
    """Copy a log's folder into one new file, also while it is being served: whole, or no file.

    \b
    Example:
      packtrace backup packtrace-monday.tar --log my-log
    """
    if where.startswith(("http://", "https://")):
        raise Malformed("a backup is taken of the log's own folder, not over HTTP")
    folder = Path(where)
    taken = copying.back_up(folder, file, time_text(now_ms()), with_keys=with_keys)
    about = taken.about
    told = {
        "file": str(file), "log": about.log, "size": about.size, "time": about.time,
        "files": len(about.files), "keys": with_keys, "open_keys": taken.open_keys,
        "left_out": taken.left_out,
    }  # fmt: skip
    lines = [f"{file}: {about.log} with {about.size} entries, {len(about.files)} files"]
    if not with_keys:
        lines.append(_NO_KEYS.format(keys=folder / copying.KEYS))
        if copying.PRINTS.as_posix() in about.files:
            lines.append(_NO_PRINTS_KEY.format(key=folder / copying.PRINTS_KEY))
    elif taken.open_keys:
        lines.append(_OPEN_KEYS.format(names=", ".join(taken.open_keys)))
    if taken.left_out:
        lines.append(f"Not the log's, and left out: {', '.join(taken.left_out)}")
    echo(as_json, told, "\n".join(lines))


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--checkpoint", "checkpoints", multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The newest checkpoint that anybody has: the lost folder's, a mirror's, a witness's; repeatable.",
)  # fmt: skip
@click.option(
    "--nothing-newer", is_flag=True,
    help="Declare that the log signed nothing after the backup was taken.",
)  # fmt: skip
@click.option(
    "--keys", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The folder of the log's keys, for a backup without them; fingerprints.key among them.",
)  # fmt: skip
@click.option(
    "--without-fingerprints", is_flag=True,
    help="Leave labels' fingerprints in the backup: their key is lost, or they shall lie elsewhere.",
)  # fmt: skip
@click.option(
    "--database", "url", default="", metavar="URL",
    help="An empty postgresql:// database, for the backup of a log that is on one.",
)  # fmt: skip
@json_option
def recover(
    file: Path, folder: Path, checkpoints: tuple[Path, ...], nothing_newer: bool, keys: Path | None,
    without_fingerprints: bool, url: str, as_json: bool,
) -> None:  # fmt: skip
    """Make a log's folder of a backup, and verify all of it from entry 0.

    A log that signs anew what it signed already has two histories, and is convicted by them. So
    say what the newest checkpoint is: a log that is known to have signed more than the backup
    holds comes back to be read, never to be written.

    \b
    Examples:
      packtrace recover packtrace-monday.tar again --checkpoint my-log/checkpoint --keys safe/keys
      packtrace recover packtrace-monday.tar again --nothing-newer --keys safe/keys
    """
    if nothing_newer == bool(checkpoints):
        raise click.UsageError(
            "Name the newest checkpoint of this log that can be found with --checkpoint, or declare "
            "with --nothing-newer that it signed nothing after the backup."
        )
    known = [(path, path.read_bytes()) for path in checkpoints]
    made = recover_log(
        file,
        folder,
        known,
        keys=keys,
        with_prints=not without_fingerprints,
        url=url,
        progress=partial(progress, "verifying"),
    )
    told = {
        "folder": str(folder), "size": made.size, "released": made.released, "writes": made.writes,
        "vkey": made.vkey, "time": made.time, "lacking": made.lacking,
    }  # fmt: skip
    lines = [f"{folder}: {made.size} entries of {made.time}, all as they were signed", made.vkey]
    if made.writes:
        lines.append(
            "It goes on from here. Nothing else may sign with its keys any more: the server that "
            "was lost must never start again."
        )
    else:
        lines.append(
            f"READ-ONLY: the log has signed {made.released} entries, "
            f"{made.released - made.size} of them after this backup. It never signs from here. Get "
            f"them back from the parties' books with `packtrace restore` and `--recovered {folder}` "
            "into another folder, or found a new log with `packtrace init`."
        )
    if made.lacking:
        lines.append(f"Documents whose file is lost: {', '.join(made.lacking)}")
    echo(as_json, told, "\n".join(lines))


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--backup", "file", type=click.Path(path_type=Path),
    help="Where the backup goes; by default beside the folder, named by the time.",
)  # fmt: skip
@click.option("--no-backup", is_flag=True, help="Take none: there is one of today.")
@json_option
def upgrade(folder: Path, file: Path | None, no_backup: bool, as_json: bool) -> None:
    """Bring a log up to this release: back it up, migrate it, fold its views anew, check its hashes.

    Stop what serves it first, and start the new release after.

    \b
    Example:
      packtrace upgrade my-log
    """
    store = open_as_is(folder)
    lacking = behind(store)
    store.close()
    if not no_backup:
        now = now_ms()
        day = datetime.fromtimestamp(now // 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
        file = file or folder.absolute().with_name(f"{folder.absolute().name}-{day}.tar")
        copying.back_up(folder, file, time_text(now), with_keys=False)
    store = open_store(folder)
    try:
        Desk(folder, store.key).close()
        size = publish.published_size(store)
        finding = check_hashes(store, VerifierKey.parse(meta(store, "vkey")))
    finally:
        store.close()
    if finding is not None:
        raise BadProof(f"after the upgrade, {folder} does not hold: {finding}")
    backed_up = None if no_backup else str(file)
    told = {"folder": str(folder), "size": size, "done": lacking, "backup": backed_up}
    words = ", ".join(lacking) or "was up to date"
    line = f"{folder}: {words}; {size} entries, all hashes hold"
    echo(as_json, told, line if no_backup else f"backup: {backed_up}\n{line}")


COMMANDS = (backup, recover, upgrade)
