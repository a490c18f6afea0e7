"""What waits for another person's signature: signed by one, not yet on the log.

desk: backed up, never rebuilt. What it names is sealed at rest, as the log's own content is.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import peewee

from ledger.statement.submission import Submission
from ledger.store import content

WAIT_MS: Final = 7 * 24 * 3_600_000
WHOLE_PARTY: Final = ""  # the site of what an administrator signs for all sites
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS waiting (id TEXT PRIMARY KEY, until BIGINT NOT NULL,
  party TEXT NOT NULL, site TEXT NOT NULL, op TEXT NOT NULL, keyid TEXT NOT NULL,
  ms BIGINT NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS waiting_party ON waiting (party)
"""


class Act(NamedTuple):
    """An act that waits: its statement's id, whose it is, who signed it first, and when.

    `op` is an event's operation, or the type of a governance statement, whose `site` is WHOLE_PARTY.
    """

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

    def add(self, act: Act, submission: Submission) -> Submission:
        """Let an act wait as far as it is signed; answers it with all signatures that it has now.

        Colleagues may hand in theirs at the same time: none is lost, and the first one's time runs.
        Raises Malformed for more signatures than an envelope holds.
        """
        sql = "INSERT OR REPLACE INTO waiting VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        with self._database.atomic("IMMEDIATE"):
            self._database.execute_sql("DELETE FROM waiting WHERE until < ?", (act.ms,))
            known = self._act(act.party, act.site, act.id, act.ms)
            if known is not None:
                first, body = known
                act, submission = first, Submission.parse(body).joined(submission)
            self._database.execute_sql(sql, (*act, self._seal(act.id, bytes(submission))))
        return submission

    def acts(self, party: str, now: int) -> list[Act]:
        """A party's acts that wait, oldest first."""
        columns = ", ".join(Act._fields)
        sql = f"SELECT {columns} FROM waiting WHERE party = ? AND until >= ? ORDER BY ms"
        return [Act(*row) for row in self._database.execute_sql(sql, (party, now)).fetchall()]

    def body(self, party: str, site: str, statement: str, now: int) -> bytes | None:
        """What an act consists of so far, while it waits. Raises Malformed."""
        found = self._act(party, site, statement, now)
        return found[1] if found else None

    def drop(self, party: str, site: str, statement: str) -> bool:
        """An act waits no more: it landed, or nobody wants it; whether it was there."""
        sql = "DELETE FROM waiting WHERE id = ? AND party = ? AND site = ?"
        return bool(self._database.execute_sql(sql, (statement, party, site)).rowcount)

    def _act(self, party: str, site: str, statement: str, now: int) -> tuple[Act, bytes] | None:
        columns = ", ".join(Act._fields)
        sql = (
            f"SELECT {columns}, body FROM waiting "
            "WHERE id = ? AND party = ? AND site = ? AND until >= ?"
        )
        row = self._database.execute_sql(sql, (statement, party, site, now)).fetchone()
        if row is None:
            return None
        *fields, sealed = row
        return Act(*fields), content.unseal(self._key, self._name(statement), sealed)

    def _seal(self, statement: str, body: bytes) -> bytes:
        return content.seal(self._key, self._name(statement), body)

    @staticmethod
    def _name(statement: str) -> bytes:
        return f"waiting {statement}".encode()
