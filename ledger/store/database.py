"""A log's database: SQLite or PostgreSQL behind one face, its one write lock, its snapshots.

All SQL that differs between the two is here. What is in the tables is left to `models`, how a log
is opened and brought up to date to `opening`.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from threading import Lock, get_ident
from typing import Any, Final, TypeVar

import peewee
import psycopg

from ledger.errors import Refused

DATABASE: Final = "ledger.sqlite"
URL_FILE: Final = "database"  # holds the address of the log's PostgreSQL database
GUARD: Final = "checkpoint"
FAILURES: Final = (peewee.PeeweeException, sqlite3.Error, psycopg.Error)  # of any query
# What a connection that the server closed ends in, among others.
_LOST: Final = (
    peewee.OperationalError, peewee.InterfaceError, psycopg.OperationalError, psycopg.InterfaceError,
)  # fmt: skip
_CHUNK: Final = 500  # values in one IN list
_ARRAY: Final = 5_000  # rows in one INSERT on PostgreSQL, whose values end at 1 GB
_ROWS: Final = 128  # rows in one INSERT on SQLite, a power of two
_LOCK: Final = 0x7061636B  # number of the advisory lock, one log a database: "pack"
_PRAGMAS: Final = {
    "journal_mode": "wal",
    "synchronous": "full",
    "foreign_keys": 1,
    "busy_timeout": 30_000,
    "wal_autocheckpoint": 8_000,  # pages; each is written back once however often it changed
}
_REPEATABLE_READ: Final = 3  # peewee's number for psycopg 3


def sqlite(path: Path, *, per_thread: bool) -> peewee.Database:
    """The database in a file: WAL, and every commit on the disk before it returns.

    With `per_thread`, each thread has a connection of its own; without, they pass one around.
    """
    pragmas = {**_PRAGMAS, "cache_size": -8_000 if per_thread else -64_000}  # KiB
    return peewee.SqliteDatabase(
        str(path), pragmas=pragmas, thread_safe=per_thread, check_same_thread=per_thread
    )


def postgres(url: str, *, per_thread: bool) -> peewee.Database:
    """The database at a `postgresql://` address; text sorts by bytes there too."""
    return peewee.PostgresqlDatabase(
        url,
        prefer_psycopg3=True,
        thread_safe=per_thread,
        field_types={"TEXT": 'TEXT COLLATE "C"'},
    )


T = TypeVar("T")


class Store:
    """One log's database, and the folder of what lies beside it.

    Each thread reads by its own connection. All that write in this process share one, which a
    thread has while it is `writing`: its cached pages stay valid from one transaction to the next.
    `folder` holds the checkpoint file that guards against a restored old copy, and the log's keys;
    `key` (32 bytes) seals what statements name.
    """

    def __init__(
        self, folder: Path, reading: peewee.Database, writing: peewee.Database, key: bytes
    ) -> None:
        self.folder = folder
        self.key = key
        self.on_postgres = isinstance(reading, peewee.PostgresqlDatabase)
        self._reading, self._writing = reading, writing
        self._turn = Lock()  # whose turn it is to write
        self._writer = 0  # the thread that has it

    @property
    def database(self) -> peewee.Database:
        """By which this thread reads, or while it is `writing`, writes."""
        return self._writing if self._writer == get_ident() else self._reading

    def close(self) -> None:
        """Close this thread's connection, and the one that writes."""
        if not self._reading.is_closed():
            self._reading.close()
        with self._turn:
            if not self._writing.is_closed():
                self._writing.close()

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query; `?` stands for a value."""
        return list(self._run(sql, values).fetchall())

    def one(self, sql: str, values: Sequence[object] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        row: tuple[Any, ...] | None = self._run(sql, values).fetchone()
        return row

    def rows_in(self, sql: str, values: Iterable[object]) -> Iterator[tuple[Any, ...]]:
        """Rows of a query whose text holds `(IN)`, over any number of values."""
        wanted = list(dict.fromkeys(values))
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            marks = ",".join("?" * len(part))
            yield from self.rows(sql.replace("(IN)", f"({marks})"), part)

    def execute(self, sql: str, values: Sequence[object] = ()) -> None:
        """Run one statement."""
        self._run(sql, values)

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[object]],
        key: str = "",
        *,
        keep: bool = False,
    ) -> None:
        """Insert many rows; must be inside `writing`.

        `key` names the columns by which a row may be there already: it is then replaced, or with
        `keep` left as it is. No two rows of one call that may replace others have the same key.
        """
        if not rows:
            return
        head, tail = _insert(table, tuple(columns), key, keep)
        cursor = self.database.cursor()
        if self.on_postgres:
            # One binary array a column: a value a row would be a message to the server each.
            for start in range(0, len(rows), _ARRAY):
                arrays = [list(c) for c in zip(*rows[start : start + _ARRAY], strict=True)]
                marks = ", ".join(f"%b::{_array_type(column)}" for column in arrays)
                cursor.execute(f"{head}SELECT * FROM unnest({marks}){tail}", arrays)
            return
        one = f"({', '.join('?' * len(columns))})"
        start = 0
        while start < len(rows):
            # Each call lets go of the interpreter's lock and must get it back, so they are few; by
            # powers of two, so that the same texts come again and stay prepared.
            many = min(_ROWS, 1 << (len(rows) - start).bit_length() - 1)
            values = [value for row in rows[start : start + many] for value in row]
            cursor.execute(f"{head}VALUES {', '.join([one] * many)}{tail}", values)
            start += many

    def execute_each(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Run one statement for each row of values; must be inside `writing`."""
        if rows:
            self.database.cursor().executemany(self._sql(sql), rows)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the log's one lock in a transaction: committed at the end, or nothing of it.

        Raises Refused `read-only` when the database cannot take it (locked, full, read-only, gone).
        """
        if self._writer == get_ident():
            with self._writing.atomic():
                yield
            return
        with self._turn:
            self._writer = get_ident()
            try:
                with self._in_line():
                    yield from self._transaction()
            finally:
                self._writer = 0

    @contextmanager
    def _in_line(self) -> Iterator[None]:
        """Wait for other processes: SQLite itself would look again and again, and sleep between."""
        with ExitStack() as stack:
            # On PostgreSQL the advisory lock has a queue. Where the folder takes no file, the
            # transaction says what is wrong.
            with suppress(OSError):
                if not self.on_postgres:
                    file = stack.enter_context((self.folder / ".writing").open("w"))
                    fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _transaction(self) -> Iterator[None]:
        try:
            with self._begun(*(() if self.on_postgres else ("IMMEDIATE",))):
                if self.on_postgres:
                    # Read committed, so every query after the lock sees what was committed before.
                    self.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")
                yield
        except FAILURES as error:
            self._drop()
            words = str(error).strip().split("\n")[0]
            raise Refused("read-only", f"the database cannot be written: {words}") from error

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all reads inside see one state of the log."""
        with self._begun(*((_REPEATABLE_READ,) if self.on_postgres else ())):
            yield

    @contextmanager
    def _begun(self, *mode: object) -> Iterator[None]:
        with ExitStack() as stack:
            self._anew(lambda: stack.enter_context(self.database.atomic(*mode)))
            yield

    def _run(self, sql: str, values: Sequence[object]) -> Any:
        return self._anew(lambda: self.database.connection().execute(self._sql(sql), values))

    def _anew(self, work: Callable[[], T]) -> T:
        """Do what begins something, again on a new connection where the server closed the old one."""
        try:
            return work()
        except _LOST:
            if not self.on_postgres or self.database.in_transaction():
                raise
            self._drop()
            return work()

    def _drop(self) -> None:
        """Let go of this thread's connection, whatever state it and its transaction are in."""
        state: Any = vars(self.database)["_state"]
        connection = state.conn
        state.reset()
        if connection is not None:
            with suppress(*FAILURES):
                connection.close()

    def _sql(self, sql: str) -> str:
        return sql.replace("%", "%%").replace("?", "%s") if self.on_postgres else sql


@lru_cache(64)
def _insert(table: str, columns: tuple[str, ...], key: str, keep: bool) -> tuple[str, str]:
    """What stands before and behind the values of an INSERT."""
    changes = ", ".join(f"{c} = excluded.{c}" for c in columns if c not in key.split(", "))
    action = f"DO UPDATE SET {changes}" if changes and not keep else "DO NOTHING"
    tail = f" ON CONFLICT ({key}) {action}" if key else ""
    return f"INSERT INTO {table} ({', '.join(columns)}) ", tail


def _array_type(column: Sequence[object]) -> str:
    for value in column:
        if value is not None:
            return {int: "bigint[]", bytes: "bytea[]"}.get(type(value), "text[]")
    return "bytea[]"  # the only column that may be empty: the root of a statement without items


def meta(store: Store, key: str) -> str:
    """A fact about this log, or ""."""
    row = store.one("SELECT value FROM meta WHERE key = ?", (key,))
    return str(row[0]) if row else ""


def set_meta(store: Store, key: str, value: str) -> None:
    """Record a fact about this log."""
    with store.writing():
        store.insert("meta", ("key", "value"), [(key, value)], "key")
