"""A log's database: SQLite or PostgreSQL behind one face, its one write lock, its snapshots.

All SQL that differs between the two is here. What is in the tables is left to `models`, how a log
is opened and brought up to date to `opening`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import peewee
import psycopg

from ledger.errors import Refused

DATABASE: Final = "ledger.sqlite"
URL_FILE: Final = "database"  # holds the address of the log's PostgreSQL database
GUARD: Final = "checkpoint"
DatabaseError = peewee.DatabaseError  # what every query may raise
FAILURES: Final = (peewee.PeeweeException, sqlite3.Error, psycopg.Error)
_CHUNK: Final = 500  # values in one IN list
_ROWS: Final = 100  # rows in one INSERT on SQLite
_LOCK: Final = 0x7061636B  # number of the advisory lock, one log a database: "pack"
_PRAGMAS: Final = {
    "journal_mode": "wal",
    "synchronous": "full",
    "foreign_keys": 1,
    "busy_timeout": 30_000,
    "cache_size": -64_000,
}
_REPEATABLE_READ: Final = 3  # peewee's number for psycopg 3


def sqlite(path: Path) -> peewee.Database:
    """The database in a file: WAL, and every commit on the disk before it returns."""
    return peewee.SqliteDatabase(str(path), pragmas=_PRAGMAS)


def postgres(url: str) -> peewee.Database:
    """The database at a `postgresql://` address; text sorts by bytes there too."""
    return peewee.PostgresqlDatabase(
        url, prefer_psycopg3=True, field_types={"TEXT": 'TEXT COLLATE "C"'}
    )


class Store:
    """One log's database, and the folder of what lies beside it. Each thread has its own connection.

    `folder` holds the checkpoint file that guards against a restored old copy, and the log's keys;
    `key` (32 bytes) seals what statements name.
    """

    def __init__(self, folder: Path, database: peewee.Database, key: bytes) -> None:
        self.folder = folder
        self.database = database
        self.key = key
        self.on_postgres = isinstance(database, peewee.PostgresqlDatabase)

    def close(self) -> None:
        """Close this thread's connection."""
        if not self.database.is_closed():
            self.database.close()

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
        changes = ", ".join(f"{c} = excluded.{c}" for c in columns if c not in key.split(", "))
        action = f"DO UPDATE SET {changes}" if changes and not keep else "DO NOTHING"
        tail = f" ON CONFLICT ({key}) {action}" if key else ""
        head = f"INSERT INTO {table} ({', '.join(columns)}) "
        cursor = self.database.cursor()
        if self.on_postgres:
            # One binary array a column: a value a row would be a message to the server each.
            if rows:
                arrays = [list(column) for column in zip(*rows, strict=True)]
                marks = ", ".join(f"%b::{_array_type(column)}" for column in arrays)
                # A bare WHERE keeps ON CONFLICT from being read as a join's condition.
                cursor.execute(f"{head}SELECT * FROM unnest({marks}) WHERE true{tail}", arrays)
            return
        one = f"({', '.join('?' * len(columns))})"
        whole = len(rows) - len(rows) % _ROWS
        for start in range(0, whole, _ROWS):
            # Each call lets go of the interpreter's lock and must get it back: few calls.
            values = [value for row in rows[start : start + _ROWS] for value in row]
            cursor.execute(f"{head}VALUES {', '.join([one] * _ROWS)}{tail}", values)
        if whole < len(rows):
            cursor.executemany(f"{head}VALUES {one}{tail}", rows[whole:])

    def execute_each(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Run one statement for each row of values; must be inside `writing`."""
        if rows:
            self.database.cursor().executemany(self._sql(sql), rows)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the log's one lock in a transaction: committed at the end, or nothing of it.

        Raises Refused `read-only` when the database cannot take it (locked, full, read-only, gone).
        """
        try:
            with self.database.atomic(*(() if self.on_postgres else ("IMMEDIATE",))):
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
        with self.database.atomic(*((_REPEATABLE_READ,) if self.on_postgres else ())):
            yield

    def _run(self, sql: str, values: Sequence[object]) -> Any:
        try:
            return self.database.execute_sql(self._sql(sql), values)
        except (peewee.OperationalError, peewee.InterfaceError):
            if not self.database.in_transaction():
                self._drop()  # the next query connects anew: the server may be back
            raise

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
        store.execute(
            "INSERT INTO meta (key, value) VALUES (?, ?) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )
