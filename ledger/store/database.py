"""Opens a log's database: where it lies, its one write lock, its snapshots, its migrations.

All SQL that is SQLite's own is here. What is in the tables is left to `models`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import peewee
from playhouse.migrations import Runner

from ledger.errors import Malformed, Refused

DATABASE: Final = "ledger.sqlite"
GUARD: Final = "checkpoint"
DatabaseError = peewee.DatabaseError  # what every query may raise
_CHUNK: Final = 500  # values in one IN list
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_PRAGMAS: Final = {
    "journal_mode": "wal",
    "synchronous": "full",
    "foreign_keys": 1,
    "busy_timeout": 30_000,
    "cache_size": -64_000,
}


class Store:
    """One log's database, in a folder. Each thread has its own connection.

    `folder` also holds the checkpoint file that guards against a restored old copy.
    """

    def __init__(self, folder: Path, database: peewee.Database) -> None:
        self.folder = folder
        self.database = database

    def close(self) -> None:
        """Close this thread's connection."""
        if not self.database.is_closed():
            self.database.close()

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query; `?` stands for a value."""
        return list(self.database.execute_sql(self._sql(sql), values).fetchall())

    def one(self, sql: str, values: Sequence[object] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        row: tuple[Any, ...] | None = self.database.execute_sql(self._sql(sql), values).fetchone()
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
        self.database.execute_sql(self._sql(sql), values)

    def insert(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Run one statement for many rows; must be inside `writing`."""
        if rows:
            self.database.cursor().executemany(self._sql(sql), rows)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the log's one lock in a transaction: committed at the end, or nothing of it.

        Raises Refused `read-only` when the database cannot take it (locked, full, read-only).
        """
        try:
            with self.database.atomic("IMMEDIATE"):
                yield
        except (peewee.OperationalError, peewee.InternalError, sqlite3.OperationalError) as error:
            self.close()
            raise Refused("read-only", f"the database cannot be written: {error}") from error

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all reads inside see one state of the log."""
        with self.database.atomic():
            yield

    def _sql(self, sql: str) -> str:
        mark: str = self.database.param
        return sql if mark == "?" else sql.replace("?", mark)


def open_store(folder: str | Path, *, create: bool = False) -> Store:
    """Open the log in a folder; with `create`, make it where there is none.

    Raises Malformed when the folder holds no log or one that this program cannot read.
    """
    place = Path(folder)
    path = place / DATABASE
    if create:
        place.mkdir(parents=True, exist_ok=True)
    elif not path.is_file():
        raise Malformed(f"{place} holds no log; make one with `packtrace init` or `make demo-data`")
    database = peewee.SqliteDatabase(str(path), pragmas=_PRAGMAS)
    store = Store(place, database)
    try:
        _migrate(store, create)
    except (peewee.DatabaseError, sqlite3.DatabaseError) as error:
        store.close()
        raise Malformed(f"{path} cannot be read as a log: {error}") from error
    return store


def _migrate(store: Store, create: bool) -> None:
    if not create and store.database.table_exists("meta"):
        return
    Runner(store.database, str(_MIGRATIONS)).up()


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
