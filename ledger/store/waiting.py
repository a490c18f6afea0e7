"""Acts that wait for a second person at the same site: signed once, not yet on the log.

desk: backed up, never rebuilt. What they name is sealed at rest, as the log's own content is.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import peewee

from ledger.store import content

WAIT_MS: Final = 7 * 24 * 3_600_000
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS waiting (id TEXT PRIMARY KEY, until BIGINT NOT NULL,
  party TEXT NOT NULL, site TEXT NOT NULL, op TEXT NOT NULL, keyid TEXT NOT NULL,
  ms BIGINT NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS waiting_party ON waiting (party)
"""


class Act(NamedTuple):
    """An act that waits: its statement's id, whose it is, who signed it when."""

    id: str
    until: int
    party: str
    site: str
    op: str
    keyid: str
    ms: int


class Waiting:
    """The acts of one node that wait. Threads may share it."""

    def __init__(self, database: peewee.SqliteDatabase, key: bytes) -> None:
        self._database, self._key = database, key

    def add(self, act: Act, body: bytes) -> None:
        """Let an act wait; `body` is the submission as far as it is signed. The same one stays once."""
        self._database.execute_sql("DELETE FROM waiting WHERE until < ?", (act.ms,))
        sealed = content.seal(self._key, f"waiting {act.id}".encode(), body)
        sql = "INSERT OR REPLACE INTO waiting VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        self._database.execute_sql(sql, (*act, sealed))

    def acts(self, party: str, now: int) -> list[Act]:
        """A party's acts that wait, oldest first."""
        columns = ", ".join(Act._fields)
        sql = f"SELECT {columns} FROM waiting WHERE party = ? AND until >= ? ORDER BY ms"
        return [Act(*row) for row in self._database.execute_sql(sql, (party, now)).fetchall()]

    def body(self, site: str, statement: str, now: int) -> bytes | None:
        """What a site's act consists of so far, while it waits. Raises Malformed."""
        sql = "SELECT body FROM waiting WHERE id = ? AND site = ? AND until >= ?"
        row = self._database.execute_sql(sql, (statement, site, now)).fetchone()
        return content.unseal(self._key, f"waiting {statement}".encode(), row[0]) if row else None

    def drop(self, site: str, statement: str) -> bool:
        """An act waits no more: it landed, or nobody wants it; whether it was there."""
        sql = "DELETE FROM waiting WHERE id = ? AND site = ?"
        return bool(self._database.execute_sql(sql, (statement, site)).rowcount)
