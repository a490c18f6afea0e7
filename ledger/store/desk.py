"""The desk: sessions, log-in nonces, one-time links, scans. A database of its own.

desk: backed up, never rebuilt, never on the log; nothing here is about a patient. Times are ms since
the epoch and arguments; tokens are kept as their hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import peewee

from ledger.statement.login import NONCE_MS
from ledger.store import (
    bags,
    cases,
    contacts,
    documents,
    inspections,
    looks,
    notices,
    people,
    places,
    waiting,
)
from ledger.store.bags import Bags
from ledger.store.case_turns import Turns
from ledger.store.cases import Cases
from ledger.store.contacts import Contacts
from ledger.store.documents import Documents
from ledger.store.inspections import Inspections
from ledger.store.looks import Looks
from ledger.store.notices import Notices
from ledger.store.people import People
from ledger.store.places import Places
from ledger.store.waiting import Waiting

DATABASE: Final = "desk.sqlite"
LINK_MS: Final = 60_000
SESSION_MS: Final = 12 * 3_600_000
_PERSON: Final = "party TEXT NOT NULL, site TEXT NOT NULL, keyid TEXT NOT NULL"
# A power cut may take the last scans, never the file.
_PRAGMAS: Final = {"journal_mode": "wal", "synchronous": "normal", "busy_timeout": 10_000}
_SCHEMA: Final = f"""
CREATE TABLE IF NOT EXISTS nonce (id TEXT PRIMARY KEY, until BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS link (id TEXT PRIMARY KEY, until BIGINT NOT NULL, {_PERSON});
CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY, until BIGINT NOT NULL, {_PERSON});
CREATE TABLE IF NOT EXISTS scan (ms BIGINT NOT NULL, site TEXT NOT NULL, item TEXT NOT NULL,
  purpose TEXT NOT NULL, verdict TEXT NOT NULL, codes TEXT NOT NULL,
  reading TEXT NOT NULL DEFAULT '', alert INTEGER NOT NULL DEFAULT 0,
  source TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS scan_item ON scan (item, ms);
CREATE INDEX IF NOT EXISTS scan_item_here ON scan (item, ms) WHERE site <> '';
CREATE INDEX IF NOT EXISTS scan_site ON scan (site, ms);
CREATE TABLE IF NOT EXISTS scan_month (month TEXT NOT NULL, site TEXT NOT NULL,
  scans BIGINT NOT NULL, alerts BIGINT NOT NULL, PRIMARY KEY (month, site))
"""
# Those of strangers are nobody's.
_MONTHS: Final = (
    "SELECT strftime('%Y-%m', ms / 1000, 'unixepoch'), site, COUNT(*), SUM(alert <> 0) "
    "FROM scan WHERE site <> ''"
)
_FORGOTTEN: Final = 10_000  # scans that are deleted in one call
# What a desk of an older release lacks.
_ADDED: Final = {
    "scan": {
        "reading": "TEXT NOT NULL DEFAULT ''",
        "alert": "INTEGER NOT NULL DEFAULT 0",
        "source": "TEXT NOT NULL DEFAULT ''",
    },
    "session": {"opened": "BIGINT NOT NULL DEFAULT 0", "agent": "TEXT NOT NULL DEFAULT ''"},
}


class Person(NamedTuple):
    """Who a session acts for: a party, at one of its sites, by a key."""

    party: str
    site: str
    keyid: str


class Session(NamedTuple):
    """An open session: since when, and by what browser."""

    id: str
    site: str
    opened: int
    agent: str


class Scan(NamedTuple):
    """One scan and its verdict; `site` is "" for a stranger, `reading` a digest of what was read.

    `source` is what read it: camera, wedge, typed, or "" for a link that was followed.
    """

    ms: int
    site: str
    item: str
    purpose: str
    verdict: str
    codes: str
    reading: str = ""
    alert: int = 0
    source: str = ""


class Desk:
    """The desk rows of one node. Threads may share it."""

    def __init__(self, folder: Path, key: bytes) -> None:
        """Open a folder's desk; `key` (32 bytes) seals what names packs."""
        self._database = peewee.SqliteDatabase(str(folder / DATABASE), pragmas=_PRAGMAS)
        self.people = People(self._database)
        self.places = Places(self._database)
        self.bags = Bags(self._database)
        self.cases = Cases(self._database)
        self.case_turns = Turns(self._database)
        self.waiting = Waiting(self._database, key)
        self.documents = Documents(self._database, folder, key)
        self.inspections = Inspections(self._database, key)
        self.contacts = Contacts(self._database)
        self.notices = Notices(self._database)
        self.looks = Looks(self._database)
        for sql in ";".join(
            (
                _SCHEMA,
                people.SCHEMA,
                places.SCHEMA,
                bags.SCHEMA,
                cases.SCHEMA,
                waiting.SCHEMA,
                documents.SCHEMA,
                inspections.SCHEMA,
                contacts.SCHEMA,
                notices.SCHEMA,
                looks.SCHEMA,
            )
        ).split(";"):
            self._database.execute_sql(sql)
        with self._database.atomic("IMMEDIATE"):  # several processes may open a desk at once
            for table, columns in _ADDED.items():
                there = {column.name for column in self._database.get_columns(table)}
                for name, kind in columns.items():
                    if name not in there:
                        self._database.execute_sql(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")

    def close(self) -> None:
        """Close this thread's connection."""
        if not self._database.is_closed():
            self._database.close()

    def add_nonce(self, nonce: bytes, now: int) -> None:
        """Remember a log-in challenge for two minutes."""
        self._database.execute_sql("DELETE FROM nonce WHERE until < ?", (now,))
        self._add("nonce", (_hash(nonce), now + NONCE_MS))

    def take_nonce(self, nonce: bytes, now: int) -> bool:
        """Whether this challenge was given out and is fresh; it is used up by asking."""
        return self._take("nonce", _hash(nonce), now) is not None

    def add_link(self, token: bytes, person: Person, now: int) -> None:
        """Remember a one-time link for a minute."""
        self._add("link", (_hash(token), now + LINK_MS, *person))

    def take_link(self, token: bytes, now: int) -> Person | None:
        """Whom a fresh one-time link signs in; it is used up by asking."""
        row = self._take("link", _hash(token), now)
        return Person(*row[2:]) if row else None

    def add_session(self, token: bytes, person: Person, now: int, agent: str = "") -> None:
        """Open a session for twelve hours; `agent` is what its browser calls itself."""
        self._database.execute_sql("DELETE FROM session WHERE until < ?", (now,))
        self._add("session", (_hash(token), now + SESSION_MS, *person, now, agent))

    def session(self, token: bytes, now: int) -> Person | None:
        """Whom an open session acts for."""
        sql = "SELECT party, site, keyid FROM session WHERE id = ? AND until >= ?"
        row = self._database.execute_sql(sql, (_hash(token), now)).fetchone()
        return Person(*row) if row else None

    def end_session(self, token: bytes) -> None:
        """Close a session."""
        self._database.execute_sql("DELETE FROM session WHERE id = ?", (_hash(token),))
        self._sync()

    def sessions(self, keyid: str, now: int) -> list[Session]:
        """The open sessions of a key, newest first."""
        sql = (
            "SELECT id, site, opened, agent FROM session WHERE keyid = ? AND until >= ? "
            "ORDER BY opened DESC"
        )
        return [Session(*row) for row in self._database.execute_sql(sql, (keyid, now)).fetchall()]

    def end_sessions(self, keyid: str, only: str = "") -> int:
        """Close all sessions of a key, or one of them by its id; how many there were."""
        sql = "DELETE FROM session WHERE keyid = ? AND ? IN ('', id)"
        closed = self._database.execute_sql(sql, (keyid, only)).rowcount
        self._sync()
        return int(closed)

    @staticmethod
    def session_id(token: bytes) -> str:
        """By what a session is listed."""
        return _hash(token)

    def add_scan(self, scan: Scan) -> None:
        """Record a scan."""
        self._add("scan", scan)

    def look_again(self, site: str, reading: str, now: int, gap: int) -> bool:
        """Whether this reading goes on from a look that a site is having: a pack held in view.

        `gap` are the ms within which the look's last reading must have been. If it goes on, the
        look's scan is kept and lasts until now.
        """
        newest = (
            "SELECT rowid FROM scan WHERE site = ? AND reading = ? AND ms > ? AND ms <= ? "
            "ORDER BY ms DESC LIMIT 1"
        )
        sql = f"UPDATE scan SET ms = ? WHERE rowid = ({newest})"
        cursor = self._database.execute_sql(sql, (now, site, reading, now - gap, now))
        return bool(cursor.rowcount)

    def read_between(self, site: str, reading: str, start: int, end: int) -> bool:
        """Whether a site had this very reading from one moment to another, both included."""
        sql = "SELECT 1 FROM scan WHERE site = ? AND reading = ? AND ms BETWEEN ? AND ? LIMIT 1"
        found = self._database.execute_sql(sql, (site, reading, start, end)).fetchone()
        return found is not None

    def scans(self, site: str, limit: int = 20, start: int = 0, end: int = 1 << 62) -> list[Scan]:
        """A site's newest scans from `start` until before `end` (ms), newest first."""
        columns = ", ".join(Scan._fields)
        sql = (
            f"SELECT {columns} FROM scan WHERE site = ? AND ms >= ? AND ms < ? "
            "ORDER BY ms DESC, rowid DESC LIMIT ?"
        )
        values = (site, start, end, limit)
        return [Scan(*row) for row in self._database.execute_sql(sql, values).fetchall()]

    def scans_of(self, item: str, limit: int) -> list[Scan]:
        """An item's newest scans at every site; those of strangers tell nothing."""
        columns = ", ".join(Scan._fields)
        sql = f"SELECT {columns} FROM scan WHERE item = ? AND site <> '' ORDER BY ms DESC LIMIT ?"
        return [Scan(*row) for row in self._database.execute_sql(sql, (item, limit)).fetchall()]

    def tally(self) -> list[tuple[str, str, int, int]]:
        """Scans by month (YYYY-MM, UTC) and site, with how many of them raised an alert; also of
        those that were deleted since."""
        sql = (
            f"SELECT month, site, SUM(scans), SUM(alerts) FROM (SELECT * FROM scan_month UNION ALL "
            f"{_MONTHS} GROUP BY 1, 2) GROUP BY 1, 2"
        )
        return [tuple(row) for row in self._database.execute_sql(sql).fetchall()]

    def forget_scans(self, before: int) -> int:
        """Delete the oldest scans from before a moment, a bounded number of them; how many.

        How many a site made in a month stays.
        """
        oldest = self._database.execute_sql("SELECT ms FROM scan ORDER BY rowid LIMIT 1").fetchone()
        if oldest is None or oldest[0] >= before:  # most often, so that readers do not queue
            return 0
        old = f"rowid IN (SELECT rowid FROM scan ORDER BY rowid LIMIT {_FORGOTTEN}) AND ms < ?"
        with self._database.atomic("IMMEDIATE"):
            self._database.execute_sql(
                f"INSERT INTO scan_month {_MONTHS} AND {old} GROUP BY 1, 2 ON CONFLICT (month, site) "
                "DO UPDATE SET scans = scans + excluded.scans, alerts = alerts + excluded.alerts",
                (before,),
            )
            sql = f"DELETE FROM scan WHERE {old}"
            return int(self._database.execute_sql(sql, (before,)).rowcount)

    def _add(self, table: str, values: Sequence[object]) -> None:
        marks = ", ".join("?" * len(values))
        self._database.execute_sql(f"INSERT INTO {table} VALUES ({marks})", values)

    def _take(self, table: str, key: str, now: int) -> Sequence[Any] | None:
        """Read and delete in one step, so that two askers cannot both have it."""
        sql = f"DELETE FROM {table} WHERE id = ? RETURNING *"
        row: Sequence[Any] | None = self._database.execute_sql(sql, (key,)).fetchone()
        self._sync()
        return row if row is not None and row[1] >= now else None

    def _sync(self) -> None:
        """What was used up or ended stays so, also after a power cut."""
        self._database.execute_sql("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def _hash(token: bytes) -> str:
    return sha256(token).hexdigest()
