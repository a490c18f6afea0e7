"""Makes a log's folder of a backup: everything verified again, and no second history begun.

A backup knows nothing of what the log signed after it. So whoever recovers one brings the newest
checkpoint that anybody has, or declares that nothing newer was signed. A newer checkpoint becomes
the folder's own: by it the guard keeps the log from ever signing again at what it signed already.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import Final, NamedTuple

from ledger.errors import BadProof, LedgerError, Malformed
from ledger.store import archive, desk, documents
from ledger.store.archive import DUMP
from ledger.store.backup import KEYS, PRINTS, PRINTS_KEY, key_files
from ledger.store.check import check
from ledger.store.database import DATABASE, FAILURES, GUARD, URL_FILE, Store, meta
from ledger.store.dump import load
from ledger.store.opening import CONTENT_KEY, open_as_is, open_store
from ledger.store.publish import newest, published_size, tile_reader
from ledger.tlog import merkle
from ledger.tlog.checkpoint import Checkpoint, open_checkpoint
from ledger.tlog.note import VerifierKey
from ledger.tlog.tiles import hash_reader

STAGING: Final = ".recovering"
# Given how many entries there are, answers what is told of each one.
Progress = Callable[[int], AbstractContextManager[Callable[[int], None]]]


class Recovered(NamedTuple):
    """A recovered log: its key, its size, the size that it is known to have had, files it lacks."""

    vkey: str
    size: int
    released: int
    time: str  # of the backup
    lacking: list[str]  # documents that the desk names, by SHA-256

    @property
    def writes(self) -> bool:
        """Whether the log may go on signing."""
        return self.released == self.size


def recover(
    backup: Path,
    folder: Path,
    known: Iterable[tuple[Path, bytes]],
    *,
    keys: Path | None = None,
    with_prints: bool = True,
    url: str = "",
    progress: Progress | None = None,
) -> Recovered:
    """Make a log of a backup in a new or empty folder, and verify it from entry 0.

    `known` are checkpoints that may be newer than the backup, each with the file that it is from;
    none is the operator's word that nothing newer was signed. `keys` is a folder of the log's keys
    where the backup has none; labels' fingerprints stay in the backup if not `with_prints`; `url` is
    the address of an empty PostgreSQL database for such a log's tables. `progress` shows how far the check is. Raises Malformed, BadSignature, BadProof;
    the folder is then as it was.
    """
    there = folder.exists()
    if there and (not folder.is_dir() or any(folder.iterdir())):
        raise Malformed(f"{folder} is not empty; name a new folder")
    staging = folder / STAGING
    staging.mkdir(mode=0o700, parents=True)
    whole = False
    try:
        about = archive.read(backup, staging)
        if keys is not None:
            _add_keys(keys, staging)
        _settle_prints(staging, backup, wanted=with_prints)
        _add_tables(staging, url)
        recovered = _verified(staging, backup, about.time, known, progress)
        _settle(staging, folder)
        whole = True
    except (sqlite3.Error, *FAILURES) as error:
        raise Malformed(f"{backup} cannot be read as a log: {error}") from error
    finally:
        if not whole:
            shutil.rmtree(staging if there else folder, ignore_errors=True)
    return recovered


def _add_keys(source: Path, staging: Path) -> None:
    found = key_files(source)
    if not found:
        raise Malformed(f"{source} holds no keys")
    for path in found:
        target = staging / (PRINTS_KEY if path.name == PRINTS_KEY.name else KEYS / path.name)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        shutil.copyfile(path, target)
        target.chmod(0o600)


def _settle_prints(staging: Path, backup: Path, *, wanted: bool) -> None:
    """Labels' fingerprints with the key that opens them, or neither: no node starts with half."""
    if not wanted or not (staging / PRINTS).exists():
        shutil.rmtree(staging / PRINTS.parent, ignore_errors=True)
    elif not (staging / PRINTS_KEY).exists():
        raise Malformed(
            f"{backup} holds labels' fingerprints: name the folder where {PRINTS_KEY.name} lies with "
            "--keys, or leave them in the backup with --without-fingerprints"
        )


def _add_tables(staging: Path, url: str) -> None:
    dumped = (staging / DUMP).exists()
    if dumped == (staging / DATABASE).exists():
        raise Malformed("a backup holds one database")
    if dumped != bool(url):
        raise Malformed(
            "the backup is of a log on PostgreSQL: name an empty database with --database"
            if dumped
            else "the backup is of a log on SQLite: leave --database away"
        )
    if url:
        (staging / URL_FILE).touch(0o600)
        (staging / URL_FILE).write_text(f"{url}\n")
        load(staging / DUMP, url)
        (staging / DUMP).unlink()


def _verified(
    staging: Path, backup: Path, time: str, known: Iterable[tuple[Path, bytes]],
    progress: Progress | None,
) -> Recovered:  # fmt: skip
    _need_content_key(staging, backup)
    store = open_store(staging)
    try:
        key = VerifierKey.parse(meta(store, "vkey"))
        with progress(published_size(store)) if progress else nullcontext() as done:
            finding = check(store, key, done)  # against the backup's own checkpoint
        if finding is not None:
            raise BadProof(f"{backup} does not hold: {finding}")
        lacking = _lacking(staging, store.key)
        head = newest(store)
        assert head is not None  # `check` found it under a checkpoint
        released = _released(store, key, head.size, known)
        if released is not None:
            (staging / GUARD).write_bytes(released[0])
        size = released[1].size if released is not None else head.size
        return Recovered(str(key), head.size, size, time, lacking)
    finally:
        store.close()


def _need_content_key(staging: Path, backup: Path) -> None:
    store = open_as_is(staging)
    sealed = store.database.table_exists("named")
    store.close()
    if sealed and not (staging / CONTENT_KEY).exists():
        raise Malformed(
            f"{backup} holds no keys: name the folder where {CONTENT_KEY.name} lies with --keys. "
            "Without it, what statements name cannot be read"
        )


def _lacking(staging: Path, key: bytes) -> list[str]:
    """Documents on the log whose file the backup does not have; the desk is brought up to date."""
    if not (staging / desk.DATABASE).exists():
        return []
    desk.Desk(staging, key).close()
    with closing(sqlite3.connect(staging / desk.DATABASE)) as database:
        sql = "SELECT DISTINCT sha256 FROM document WHERE statement <> '' ORDER BY sha256"
        named = [str(row[0]) for row in database.execute(sql)]
    place = staging / documents.FOLDER
    return [digest for digest in named if not (place / digest[:2] / digest).is_file()]


def _released(
    store: Store, key: VerifierKey, size: int, known: Iterable[tuple[Path, bytes]]
) -> tuple[bytes, Checkpoint] | None:
    """The newest of these checkpoints that is ahead of a log of `size` entries, or None.

    Raises BadProof where one of them shows another history than the log or the others.
    """
    roots: dict[int, bytes] = {}
    ahead: tuple[bytes, Checkpoint] | None = None
    for path, note in known:
        try:
            seen = open_checkpoint(note, key)
        except LedgerError as error:
            raise type(error)(f"{path} is no checkpoint of this log: {error}") from error
        if seen.size <= size:
            roots[seen.size] = merkle.tree_root(
                seen.size, hash_reader(seen.size, tile_reader(store))
            )
        if roots.setdefault(seen.size, seen.root) != seen.root:
            raise BadProof(
                f"{path}: the log's key signed another history of {seen.size} entries than this "
                "one. Keep that file and the backup: together they convict the log"
            )
        if seen.size > size and (ahead is None or seen.size > ahead[1].size):
            ahead = note, seen
    return ahead


def _settle(staging: Path, folder: Path) -> None:
    """Move what was recovered into its place; the database last, so that a half one is no log."""
    last = (DATABASE, URL_FILE)
    for path in sorted(staging.iterdir(), key=lambda path: path.name in last):
        path.rename(folder / path.name)
    staging.rmdir()
