"""The outbox on the desk: what a site is told about a statement, by which way, and what became of it.

desk: backed up, never rebuilt, never on the log. A notice is made once for each statement, site,
channel and round; it waits here until it was sent, also over a restart. Whoever sends takes it for a
while first, so that two senders do not both; one that dies in between has it sent again, under the
same id. What is said, and how it is carried, is left to the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, Final, NamedTuple

import peewee

PAGE: Final = "page"  # on the site's home page: there as soon as it is made
EMAIL: Final = "email"
WEBHOOK: Final = "webhook"
CHANNELS: Final = (PAGE, EMAIL, WEBHOOK)
WAITING: Final = "waiting"
SENT: Final = "sent"
FAILED: Final = "failed"  # tried as often as it is, or refused for good
REPLACED: Final = "replaced"  # a newer round was made before it could be sent
MOST_ATTEMPTS: Final = 16  # a day and a half
_MINUTE_MS: Final = 60_000
_LONGEST_MS: Final = 4 * 3_600_000
LEASE_MS: Final = 5 * _MINUTE_MS
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS notice (about TEXT NOT NULL, site TEXT NOT NULL, channel TEXT NOT NULL,
  round INTEGER NOT NULL, ms BIGINT NOT NULL, subject TEXT NOT NULL, words TEXT NOT NULL,
  data TEXT NOT NULL, language TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
  due BIGINT NOT NULL, error TEXT NOT NULL, PRIMARY KEY (about, site, channel, round));
CREATE INDEX IF NOT EXISTS notice_due ON notice (state, due);
CREATE INDEX IF NOT EXISTS notice_site ON notice (site, ms)
"""


class Notice(NamedTuple):
    """What a site is told about a statement, by one channel; round 0, then reminders by number.

    `due` is when it is tried next, and once it was sent the moment at which it was.
    """

    about: str  # statement id
    site: str
    channel: str
    round: int
    ms: int  # when it was made
    subject: str
    words: str
    data: str = ""  # JSON, for programs
    language: str = "en"
    state: str = WAITING
    attempts: int = 0
    due: int = 0
    error: str = ""  # of the last attempt, in words

    @property
    def id(self) -> str:
        """By what the receiver knows it again when it comes twice."""
        return notice_id(self.about, self.site, self.channel, self.round)


def notice_id(about: str, site: str, channel: str, number: int) -> str:
    """The id of a notice: the same whenever and by whomever it is sent."""
    key = f"{about} {site} {channel} {number}"
    return sha256(f"packtrace notice {key}".encode()).hexdigest()[:32]


def wait_ms(attempts: int) -> int:
    """How long to wait after so many attempts that failed: a minute, twice as long each time, 4 h."""
    return min(_MINUTE_MS << min(attempts - 1, 20), _LONGEST_MS)


class Notices:
    """The outbox of one node. Threads and processes may share it."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._database = database

    def make(self, notices: Iterable[Notice]) -> int:
        """Put notices into the outbox; how many are new. Older rounds that still wait give way."""
        sql = (
            f"INSERT INTO notice SELECT {', '.join('?' * len(Notice._fields))} WHERE NOT EXISTS "
            "(SELECT 1 FROM notice WHERE about = ? AND site = ? AND channel = ? AND round >= ?)"
        )
        older = (
            "UPDATE notice SET state = ? WHERE about = ? AND site = ? AND channel = ? "
            "AND round < ? AND state = ?"
        )
        made = 0
        with self._database.atomic("IMMEDIATE"):
            for one in notices:
                if self._database.execute_sql(sql, (*one, *_key(one))).rowcount > 0:
                    made += 1
                    self._database.execute_sql(older, (REPLACED, *_key(one), WAITING))
        return made

    def take(self, now: int, channel: str) -> Iterator[Notice]:
        """The notices of a channel whose time has come, oldest first, each taken for a while."""
        todo = self._notices(
            "state = ? AND channel = ? AND due <= ? ORDER BY due, about, site",
            (WAITING, channel, now),
        )
        sql = f"UPDATE notice SET due = ? WHERE {_KEY} AND state = ? AND due = ?"
        for one in todo:
            values = (now + LEASE_MS, *_key(one), WAITING, one.due)
            if self._database.execute_sql(sql, values).rowcount:
                yield one

    def sent(self, notice: Notice, now: int) -> None:
        """Note that a notice was handed over."""
        # It may have given way to a newer round while it was on its way: it was sent all the same.
        self._settle(notice, SENT, now, "", (WAITING, REPLACED))

    def not_sent(self, notice: Notice, now: int, error: str, *, for_good: bool = False) -> None:
        """Note that an attempt failed, and why; it is tried again unless refused for good."""
        attempts = notice.attempts + 1
        over = for_good or attempts >= MOST_ATTEMPTS
        due = now if over else now + wait_ms(attempts)
        self._settle(notice, FAILED if over else WAITING, due, error)

    def try_again(self, site: str, channel: str, now: int) -> int:
        """Let what a site did not get by a channel be tried afresh, for its address is another."""
        newest = (
            "SELECT MAX(round) FROM notice AS other WHERE other.about = notice.about "
            "AND other.site = notice.site AND other.channel = notice.channel"
        )
        sql = (
            "UPDATE notice SET state = ?, attempts = 0, due = ? WHERE site = ? AND channel = ? "
            f"AND state IN (?, ?) AND round = ({newest})"
        )
        values = (WAITING, now, site, channel, FAILED, WAITING)
        return int(self._database.execute_sql(sql, values).rowcount)

    def about(self, statement: str) -> list[Notice]:
        """All that was told about a statement, by site, channel and round."""
        return self._notices("about = ? ORDER BY site, channel, round", (statement,))

    def first(self, statement: str) -> dict[str, int]:
        """When each site that was told about a statement was first told, ms, by GLN."""
        sql = "SELECT site, MIN(ms) FROM notice WHERE about = ? GROUP BY site"
        return dict(self._database.execute_sql(sql, (statement,)).fetchall())

    def waiting(self) -> int:
        """How many notices wait to be sent."""
        sql = "SELECT COUNT(*) FROM notice WHERE state = ?"
        return int(self._database.execute_sql(sql, (WAITING,)).fetchone()[0])

    def _settle(
        self, notice: Notice, state: str, due: int, error: str, were: tuple[str, ...] = (WAITING,)
    ) -> None:
        sql = (
            "UPDATE notice SET state = ?, attempts = attempts + 1, due = ?, error = ? "
            f"WHERE {_KEY} AND state IN ({', '.join('?' * len(were))})"
        )
        self._database.execute_sql(sql, (state, due, error[:500], *_key(notice), *were))

    def _notices(self, where: str, values: tuple[Any, ...]) -> list[Notice]:
        columns = ", ".join(Notice._fields)
        sql = f"SELECT {columns} FROM notice WHERE {where}"
        return [Notice(*row) for row in self._database.execute_sql(sql, values).fetchall()]


_KEY: Final = "about = ? AND site = ? AND channel = ? AND round = ?"


def _key(notice: Notice) -> tuple[str, str, str, int]:
    return notice.about, notice.site, notice.channel, notice.round
