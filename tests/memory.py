"""A log's tables in memory, so that thousands of changed bytes are quick to try."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ledger.store.database import DATABASE, Store
from ledger.store.opening import CONTENT_KEY


class InMemory(Store):
    """The tables of the log in a folder, copied."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = bytes.fromhex((folder / CONTENT_KEY).read_text().strip())
        self.connection = sqlite3.connect(":memory:")
        source = sqlite3.connect(folder / DATABASE)
        source.backup(self.connection)
        source.close()

    def close(self) -> None:
        """Forget them."""
        self.connection.close()

    def rows(self, sql: str, values: object = ()) -> list[tuple[object, ...]]:
        return self.connection.execute(sql, values).fetchall()

    def one(self, sql: str, values: object = ()) -> tuple[object, ...] | None:
        return self.connection.execute(sql, values).fetchone()


# A row of this is what `entry_fault` takes.
ENTRY_ROWS = (
    "SELECT entry.idx, entry.id, entry.ms, entry.governance, entry.root, entry.data, envelope.data "
    "FROM entry LEFT JOIN envelope ON envelope.idx = entry.idx ORDER BY entry.idx"
)
