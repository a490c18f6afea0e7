"""Templates of labels' fingerprints, with their salts, sealed: what a log only commits to.

A folder of its own, so that it may lie elsewhere than the log: a database, and a key file that a
passphrase opens. Rows are found by keyed digests of packs and commitments, and stand in the digests'
order; all else is in boxes. So who steals the disk learns neither a template nor which packs are
enrolled, only how many. What a template says is left to the caller.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import peewee
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from ledger.errors import LedgerError, Malformed, Refused
from ledger.files import write_whole
from ledger.statement import keyfile
from ledger.store.database import FAILURES

FOLDER: Final = "fingerprints"  # in the log's folder, where no other is named
DATABASE: Final = "fingerprints.sqlite"
KEY: Final = "fingerprints.key"
ENROLLING: Final = ".enrolling"  # a lock, empty
LABEL: Final = "label fingerprints"
DIGEST: Final = 32
COMMITMENT: Final = 32
SALT: Final = 32
# What counts as kept is on the disk: the log may have the commitment a moment later.
_PRAGMAS: Final = {"journal_mode": "wal", "synchronous": "full", "busy_timeout": 30_000}
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS template (item BLOB NOT NULL, which BLOB NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY (item, which)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS due (which BLOB PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outgoing (which BLOB PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID
"""
_HEAD: Final = struct.Struct(
    f">{DIGEST}sQ{SALT}s"
)  # which row it is; ms; salt; the template follows
_DUE: Final = struct.Struct(f">{DIGEST}sQ{COMMITMENT}s?")  # likewise; commitment; listed; the item
_SENT: Final = struct.Struct(f">{DIGEST}sQ")  # likewise; the statement follows


class Kept(NamedTuple):
    """A template's bytes, the salt of its commitment, and when it was kept (ms)."""

    template: bytes
    salt: bytes
    ms: int


class Due(NamedTuple):
    """A template that was kept and whose commitment is still to be handed on.

    `listed`: into a file for the commissioning, else to the log.
    """

    item: str
    commitment: bytes
    ms: int
    listed: bool


class Fingerprints:
    """One folder's templates. Threads and processes may share the folder."""

    def __init__(self, folder: Path, seed: bytes) -> None:
        """Use `open` or `make`."""
        self.folder = folder
        self._box = SecretBox(_derived(seed, b"box"))
        self._key = _derived(seed, b"digest")
        self._database = peewee.SqliteDatabase(str(folder / DATABASE), pragmas=_PRAGMAS)
        for sql in _SCHEMA.split(";"):
            self._database.execute_sql(sql)

    @classmethod
    def make(cls, folder: Path, passphrase: bytes, *, plain: bool = False) -> Fingerprints:
        """A new store; `plain` leaves its key unsealed, for simulated worlds alone.

        Raises Malformed when there is one already, or for an empty passphrase.
        """
        if not (folder / KEY).exists() and cls.is_in(folder):
            raise Malformed(
                f"{folder} holds fingerprints without their {KEY}: put a copy of it back"
            )
        seed = secrets.token_bytes(32)
        if plain:
            data = keyfile.plain(seed, label=LABEL, party="")
        else:
            salt = secrets.token_bytes(keyfile.SALT_BYTES)
            nonce = secrets.token_bytes(keyfile.NONCE_BYTES)
            data = keyfile.seal(seed, passphrase, label=LABEL, party="", salt=salt, nonce=nonce)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite gives the files beside a database the database's own mode.
        os.close(os.open(folder / DATABASE, os.O_WRONLY | os.O_CREAT, 0o600))
        with _lock(folder) as file, suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not (folder / KEY).exists():
                write_whole(folder / KEY, data, 0o600)
                return cls(folder, seed)
        raise Malformed(f"{folder} holds fingerprints already")

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Whether a folder has a store, whole or not; one whose making was cut off never had a template."""
        database = folder / DATABASE
        return (folder / KEY).exists() or (database.exists() and database.stat().st_size > 0)

    @classmethod
    def open(cls, folder: Path, passphrase: bytes) -> Fingerprints:
        """The store in a folder. Raises Malformed when it cannot be opened."""
        path = folder / KEY
        try:
            seed = keyfile.unseal(path.read_bytes(), passphrase)
        except OSError as error:
            raise Malformed(f"{path} cannot be read: {error.strerror}") from error
        except LedgerError as error:
            raise Malformed(f"{path}: {error}") from error
        if not (folder / DATABASE).is_file():
            raise Malformed(f"{folder} holds the key of fingerprints without their database")
        try:
            return cls(folder, seed)
        except FAILURES as error:
            raise Malformed(f"{folder / DATABASE} cannot be read: {error}") from error

    @contextmanager
    def enrolling(self, hand_on: Callable[[], None]) -> Iterator[None]:
        """Hold the folder as one of those that enrol into it; `hand_on` is for what is due.

        It is called where nobody else is enrolling: what is due then was left by a run that died.
        What is due while others enrol is theirs. A lock dies with its process.
        """
        with _lock(self.folder) as file:
            alone = False
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                alone = True
            if alone:
                hand_on()
            fcntl.flock(file, fcntl.LOCK_SH)
            yield

    def close(self) -> None:
        """Close this thread's connection."""
        if not self._database.is_closed():
            self._database.close()

    def put(
        self, item: str, commitment: bytes, template: bytes, salt: bytes, ms: int, *,
        due: bool = False, listed: bool = False,
    ) -> None:  # fmt: skip
        """Keep a pack's template, beside older ones; the same again changes nothing.

        `due`: its commitment is still to be handed on, and is remembered until that is settled.
        Raises Malformed, and Refused where the disk does not take it.
        """
        if len(commitment) != COMMITMENT or len(salt) != SALT:
            raise Malformed("a commitment and a salt have 32 bytes each")
        owner, which = self._digests(item, commitment)
        row = self._seal(_HEAD.pack(which, ms, salt) + template)
        waits = self._seal(_DUE.pack(which, ms, commitment, listed) + item.encode())
        with self._writing():
            self._run("INSERT OR REPLACE INTO template VALUES (?, ?, ?)", owner, which, row)
            if due:
                self._run("INSERT OR REPLACE INTO due VALUES (?, ?)", which, waits)

    def has(self, item: str) -> bool:
        """Whether there is a template of a pack."""
        sql = "SELECT 1 FROM template WHERE item = ? LIMIT 1"
        return bool(self._rows(sql, self._digest(b"item", item.encode())))

    def find(self, item: str, commitment: bytes) -> Kept | None:
        """The template that a commitment is to. Raises Malformed when its row was altered."""
        owner, which = self._digests(item, commitment)
        rows = self._rows("SELECT data FROM template WHERE item = ? AND which = ?", owner, which)
        if not rows:
            return None
        data = self._open(rows[0][0], which, _HEAD.size)
        _, ms, salt = _HEAD.unpack_from(data)
        return Kept(data[_HEAD.size :], salt, ms)

    def prune(self, item: str, counts: bytes, before: int) -> int:
        """Forget a pack's templates of before a moment (ms) that do not count; how many newer ones there are.

        `counts` is the log's commitment, b"" for none. Its template stays and is none of them, as those
        whose commitments are due. Raises Refused.
        """
        owner, holds = self._digests(item, counts)
        sql = (
            "SELECT which, data FROM template WHERE item = ? AND which <> ? "
            "AND which NOT IN (SELECT which FROM due)"
        )
        left = 0
        with self._writing():
            for which, row in self._rows(sql, owner, holds):
                try:
                    _, ms, _ = _HEAD.unpack_from(self._open(row, which, _HEAD.size))
                except Malformed:
                    continue  # that somebody altered a row is told where it is wanted
                if ms >= before:
                    left += 1
                else:
                    self._run("DELETE FROM template WHERE item = ? AND which = ?", owner, which)
        return left

    def due(self) -> list[Due]:
        """The templates whose commitments are still to be handed on, oldest first."""
        found = []
        for which, row in self._rows("SELECT which, data FROM due"):
            data = self._open(row, which, _DUE.size)
            _, ms, commitment, listed = _DUE.unpack_from(data)
            found.append(Due(data[_DUE.size :].decode(), commitment, ms, listed))
        return sorted(found, key=lambda one: (one.ms, one.item))

    def settle(self, done: Iterable[tuple[str, bytes]]) -> None:
        """Packs with commitments that were handed on, or never will be."""
        with self._writing():
            for item, commitment in done:
                self._run("DELETE FROM due WHERE which = ?", self._digests(item, commitment)[1])

    def send(self, statement: bytes, ms: int) -> None:
        """Keep a signed statement until it is `sent`: the very bytes can be submitted again."""
        which = self._digest(b"outgoing", statement)
        row = self._seal(_SENT.pack(which, ms) + statement)
        with self._writing():
            self._run("INSERT OR REPLACE INTO outgoing VALUES (?, ?)", which, row)

    def outgoing(self) -> list[bytes]:
        """The statements of which nobody knows whether the log has them, oldest first."""
        found = []
        for which, row in self._rows("SELECT which, data FROM outgoing"):
            data = self._open(row, which, _SENT.size)
            found.append((_SENT.unpack_from(data)[1], data[_SENT.size :]))
        return [statement for _, statement in sorted(found)]

    def sent(self, statement: bytes, done: Iterable[tuple[str, bytes]]) -> None:
        """The log took a statement with these commitments, or refused it, and then `done` is empty."""
        with self._writing():
            which = self._digest(b"outgoing", statement)
            self._run("DELETE FROM outgoing WHERE which = ?", which)
            self.settle(done)

    def _digests(self, item: str, commitment: bytes) -> tuple[bytes, bytes]:
        """By what a pack is found, and one template of it."""
        owner = self._digest(b"item", item.encode())
        return owner, self._digest(b"template", owner + commitment)

    def _digest(self, use: bytes, data: bytes) -> bytes:
        return blake2b(data, digest_size=DIGEST, key=self._key, person=use).digest()

    def _seal(self, data: bytes) -> bytes:
        return bytes(self._box.encrypt(data))

    def _open(self, row: bytes, which: bytes, least: int) -> bytes:
        """What is in a row's box; it names its row, so that none passes for another."""
        try:
            data = self._box.decrypt(bytes(row))
        except (CryptoError, ValueError) as error:
            raise Malformed("a row of the fingerprints was altered, or has another key") from error
        if len(data) < least or data[:DIGEST] != bytes(which):
            raise Malformed("a row of the fingerprints stands in another's place")
        return data

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with self._database.atomic("IMMEDIATE"):
                yield
        except FAILURES as error:
            words = str(error).strip().split("\n")[0]
            raise Refused(
                "read-only", f"{self.folder / DATABASE} takes no writes: {words}"
            ) from error

    def _run(self, sql: str, *values: object) -> None:
        self._database.execute_sql(sql, values)

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return list(self._database.execute_sql(sql, values).fetchall())


def _lock(folder: Path) -> BinaryIO:
    return os.fdopen(os.open(folder / ENROLLING, os.O_WRONLY | os.O_CREAT, 0o600), "wb")


def _derived(seed: bytes, use: bytes) -> bytes:
    return blake2b(key=seed, person=use, digest_size=SecretBox.KEY_SIZE).digest()
