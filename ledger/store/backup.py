"""Copies a log's folder into one file while it is being served: whole, or no file at all.

The order of the copies is what makes them fit together. First the checkpoint file, so that a
database which is itself an old copy gives itself away; then the desk and the documents it names,
then the log, so that the log holds whatever the desk says has landed; then labels' fingerprints,
each of which was kept before the log got its commitment. The backup's own checkpoint is the newest
of the copied database: never ahead of it, and never behind.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Final, NamedTuple

from ledger.errors import BadProof, Malformed, Refused
from ledger.statement import keyfile
from ledger.store import desk, documents, fingerprints
from ledger.store.archive import DUMP, FORMAT, About, write
from ledger.store.check import check_hashes
from ledger.store.database import DATABASE, FAILURES, GUARD, URL_FILE, Store, meta, postgres
from ledger.store.dump import dump
from ledger.store.guard import Guard
from ledger.store.opening import CONTENT_KEY, behind, holds_log, open_as_is
from ledger.store.publish import newest, root_at
from ledger.tlog.note import VerifierKey

KEYS: Final = CONTENT_KEY.parent
TRUST: Final = "trust.txt"
PRINTS: Final = Path(fingerprints.FOLDER, fingerprints.DATABASE)
PRINTS_KEY: Final = Path(fingerprints.FOLDER, fingerprints.KEY)
# Whoever was signed in signs in again: a session that was ended since must not come back.
_FLEETING: Final = ("link", "nonce", "session")
_BELONGS: Final = {
    ".writing",
    f".{GUARD}.lock",
    URL_FILE,
    str(KEYS),
    documents.FOLDER,
    fingerprints.FOLDER,
    TRUST,
    GUARD,
}


class Taken(NamedTuple):
    """A backup: what it says of itself, which keys in it lie open, what of the folder is not in it."""

    about: About
    open_keys: list[str]
    left_out: list[str]


def back_up(folder: Path, output: Path, time: str, *, with_keys: bool) -> Taken:
    """Write a backup of the log in a folder to a new file; `time` is what it says of when.

    Raises Malformed where the file exists or the log cannot be copied, Refused `read-only` when the
    log's database is itself an old copy, BadProof when its hashes do not hold.
    """
    if output.exists():
        raise Malformed(f"{output} exists already; name another file")
    if not holds_log(folder):
        raise Malformed(f"{folder} holds no log")
    if not (folder / GUARD).is_file():
        raise Refused("read-only", f"{folder / GUARD} is missing: this may be a restored old copy")
    # Beside the output, so that the finished file is put in its place in one step.
    staging = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
    try:
        about = _copy(folder, staging, time)
        _copy_prints(folder, staging)
        made = write(staging / "whole", _members(folder, staging, with_keys=with_keys), about)
        (staging / "whole").replace(output)
    except (sqlite3.Error, *FAILURES) as error:
        raise Malformed(f"{folder} cannot be copied: {error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return Taken(made, _open_keys(folder, made), _left_out(folder))


def _copy(folder: Path, staging: Path, time: str) -> About:
    shutil.copyfile(folder / GUARD, staging / GUARD)
    if (folder / desk.DATABASE).exists():
        copy_sqlite(folder / desk.DATABASE, staging / desk.DATABASE)
        _tidy_desk(staging / desk.DATABASE)
    if (folder / TRUST).exists():
        shutil.copyfile(folder / TRUST, staging / TRUST)
    if (folder / URL_FILE).is_file():
        return _copy_postgres((folder / URL_FILE).read_text("utf-8").strip(), staging, time)
    copy_sqlite(folder / DATABASE, staging / DATABASE)
    store = open_as_is(staging)
    try:
        return _settle(store, time)
    finally:
        store.close()


def _copy_prints(folder: Path, staging: Path) -> None:
    if (folder / PRINTS).exists():
        (staging / PRINTS).parent.mkdir()
        copy_sqlite(folder / PRINTS, staging / PRINTS)
        with closing(sqlite3.connect(staging / PRINTS)) as database:
            _need_whole(database, str(PRINTS))


def copy_sqlite(source: Path, target: Path) -> None:
    """A database as one moment had it, by SQLite's online backup; whoever writes goes on writing."""
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)


def _tidy_desk(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        _need_whole(database, desk.DATABASE)
        for table in _FLEETING:
            database.execute(f"DELETE FROM {table}")


def _need_whole(database: sqlite3.Connection, name: str) -> None:
    fault = database.execute("PRAGMA quick_check").fetchone()[0]
    if fault != "ok":
        raise Malformed(f"{name} is damaged: {fault}")


def _copy_postgres(url: str, staging: Path, time: str) -> About:
    # In the staging folder, where the checkpoint lies that was there before the snapshot.
    store = Store(staging, postgres(url, per_thread=True), postgres(url, per_thread=False), b"")
    try:
        with store.snapshot():
            about = _settle(store, time)
            row = store.one("SELECT pg_export_snapshot()")
            assert row is not None  # a function's answer is a row
            dump(url, row[0], staging / DUMP)
        return about
    finally:
        store.close()


def _settle(store: Store, time: str) -> About:
    """Hold a copied database against the checkpoint taken before it, and put its own there."""
    head = newest(store)
    if head is None:
        raise Malformed("the log is empty: there is nothing to back up")
    key = VerifierKey.parse(meta(store, "vkey"))
    Guard(store.folder / GUARD, key).check(head.size, lambda size: root_at(store, size))
    # Of an older release's log only that; it is brought up to date when it is opened.
    if not [lacking for lacking in behind(store) if lacking != "views"]:
        finding = check_hashes(store, key)
        if finding is not None:
            raise BadProof(f"the log is damaged, a backup would be too: {finding}")
    (store.folder / GUARD).write_bytes(head.note)
    return About(FORMAT, meta(store, "origin"), head.size, time, str(key), {})


def _members(folder: Path, staging: Path, *, with_keys: bool) -> Iterator[tuple[str, IO[bytes]]]:
    """The files of a backup, each open while it is taken."""
    names = (GUARD, TRUST, DATABASE, DUMP, desk.DATABASE, PRINTS.as_posix())
    found = [(name, staging / name) for name in names if (staging / name).exists()]
    # Immutable, each put there whole; what the copied desk names was there when it was copied.
    for path in sorted((folder / documents.FOLDER).glob("??/*")):
        if not path.name.startswith("."):
            found.append((path.relative_to(folder).as_posix(), path))
    if with_keys:
        keys = [*key_files(folder / KEYS), *(p for p in [folder / PRINTS_KEY] if p.exists())]
        found += [(path.relative_to(folder).as_posix(), path) for path in keys]
    for name, path in found:
        try:
            file = path.open("rb")
        except FileNotFoundError:
            if path.parent.parent.name != documents.FOLDER:
                raise
            continue  # a document that its party dropped meanwhile
        with file:
            yield name, file


def key_files(folder: Path) -> list[Path]:
    """The key files that lie in a folder."""
    return sorted(p for p in folder.glob("*") if p.is_file() and not p.name.startswith("."))


def _open_keys(folder: Path, made: About) -> list[str]:
    """Which keys in a backup serve whoever has the file."""
    names = [name for name in made.files if name.startswith((f"{KEYS}/", PRINTS_KEY.as_posix()))]
    return [name for name in names if not _is_sealed((folder / name).read_bytes())]


def _is_sealed(data: bytes) -> bool:
    try:
        return keyfile.describe(data).encrypted
    except Malformed:
        return False


def _left_out(folder: Path) -> list[str]:
    """What else lies in the folder, of which a backup knows nothing."""
    known = (DATABASE, desk.DATABASE)
    names = [p.name for p in folder.iterdir() if not p.name.startswith(known)]
    return sorted(set(names) - _BELONGS)
