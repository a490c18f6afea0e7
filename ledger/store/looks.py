"""Looks at labels' fingerprints on the desk: who held which pack's print against its template, and
what came of it; and every other time that a template was opened or written.

desk: backed up, never rebuilt, never on the log, kept for as long as scans are, and counted ones for
as long as they count. No picture is kept:
of each picture, and of the vector that was made of them, its digest, so that neither counts twice.
What a look says is left to the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import peewee

DAY_MS: Final = 24 * 3_600_000
SPENT: Final = "spent"  # there were as many looks as may be
REPLAYED: Final = "replayed"  # a digest was there before
# Looks that compared nothing are kept so often a day, those with an alarm and those without.
MOST_OF_PACK: Final = 10  # of one pack at a site
MOST_OF_SITE: Final = 1000
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS look (number INTEGER PRIMARY KEY AUTOINCREMENT, ms BIGINT NOT NULL,
  item TEXT NOT NULL, site TEXT NOT NULL, party TEXT NOT NULL, keyid TEXT NOT NULL,
  device TEXT NOT NULL, verdict TEXT NOT NULL, reasons TEXT NOT NULL, alg INTEGER NOT NULL,
  commitment TEXT NOT NULL, px_per_mm REAL NOT NULL, frames INTEGER NOT NULL, score REAL,
  vector TEXT NOT NULL, alarm INTEGER NOT NULL, counted INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS look_item ON look (item, ms);
CREATE INDEX IF NOT EXISTS look_ms ON look (ms);
CREATE INDEX IF NOT EXISTS look_counted ON look (item, site, ms) WHERE counted = 1;
CREATE INDEX IF NOT EXISTS look_spoilt ON look (site, alarm, ms) WHERE counted = 0;
CREATE TABLE IF NOT EXISTS look_digest (digest TEXT PRIMARY KEY, number BIGINT NOT NULL,
  ms BIGINT NOT NULL);
CREATE INDEX IF NOT EXISTS look_digest_number ON look_digest (number);
CREATE INDEX IF NOT EXISTS look_digest_ms ON look_digest (ms);
CREATE TABLE IF NOT EXISTS template_access (ms BIGINT NOT NULL, item TEXT NOT NULL,
  site TEXT NOT NULL, party TEXT NOT NULL, keyid TEXT NOT NULL, what TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS template_access_item ON template_access (item, ms);
CREATE INDEX IF NOT EXISTS template_access_ms ON template_access (ms)
"""


class Look(NamedTuple):
    """One look at a pack's print, and its verdict with the reasons' codes.

    `alg` is the extractor, 0 where no template was opened; `commitment` the log's, in hex, "" for
    none; `score` is rounded, None where nothing was compared; `vector` the SHA-256 of what the
    pictures came to. `counted`: something was compared, so that it is one of the day's looks.
    """

    ms: int
    item: str
    site: str
    party: str
    keyid: str
    device: str
    verdict: str
    reasons: str
    alg: int = 0
    commitment: str = ""
    px_per_mm: float = 0.0
    frames: int = 0
    score: float | None = None
    vector: str = ""
    alarm: int = 0
    counted: int = 0
    number: int = 0


class Access(NamedTuple):
    """A template was written or handed out otherwise than by a look: `what` says how."""

    ms: int
    item: str
    site: str
    party: str
    keyid: str
    what: str


class Kept(NamedTuple):
    """What became of a look: its number, how many are left; `why` not, as SPENT or REPLAYED."""

    number: int
    left: int
    why: str = ""


_COLUMNS: Final = ", ".join(Look._fields[:-1])
_MARKS: Final = ", ".join("?" * (len(Look._fields) - 1))


class Looks:
    """The looks of one node. Threads and processes may share it."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._database = database

    def add(self, look: Look) -> int:
        """Keep a look that compared nothing; its number, 0 where there are enough of the kind today."""
        day = look.ms - DAY_MS
        some = "SELECT 1 FROM look WHERE site = ? AND alarm = ? AND ms > ? AND counted = 0"
        sql = (
            f"INSERT INTO look ({_COLUMNS}) SELECT {_MARKS} "
            f"WHERE (SELECT COUNT(*) FROM ({some} AND item = ? LIMIT ?)) < ? "
            f"AND (SELECT COUNT(*) FROM ({some} LIMIT ?)) < ? RETURNING number"
        )
        who = (look.site, look.alarm, day)
        of_pack, of_site = (MOST_OF_PACK, MOST_OF_PACK), (MOST_OF_SITE, MOST_OF_SITE)
        row = self._database.execute_sql(
            sql, (*look[:-1], *who, look.item, *of_pack, *who, *of_site)
        ).fetchone()
        return int(row[0]) if row else 0

    def add_counted(
        self, look: Look, digests: Iterable[str], limits: Sequence[tuple[int, int]]
    ) -> Kept:
        """Keep a look that compared something, unless its pack and site have no look left.

        `limits` as `left` has them. All or nothing, so that looks at one moment are counted one by one: what came of a look is
        told to nobody before it is kept.
        """
        shown = dict.fromkeys((*digests, *((look.vector,) if look.vector else ())))
        with self._database.atomic("IMMEDIATE"):
            left = self.left(look.item, look.site, look.ms, limits)
            if not left:
                return Kept(0, 0, SPENT)
            if self.any_seen(shown):
                return Kept(0, left, REPLAYED)
            sql = f"INSERT INTO look ({_COLUMNS}) VALUES ({_MARKS}) RETURNING number"
            row = look._replace(counted=1)[:-1]
            number = int(self._database.execute_sql(sql, row).fetchone()[0])
            self._see(shown, number, look.ms)
        return Kept(number, left - 1)

    def see(self, digests: Iterable[str], ms: int) -> None:
        """Remember pictures of an enrolment: none of them is to be shown again."""
        with self._database.atomic("IMMEDIATE"):
            self._see(digests, 0, ms)

    def any_seen(self, digests: Iterable[str]) -> bool:
        """Whether a picture, or a vector, was there before."""
        sql = "SELECT 1 FROM look_digest WHERE digest = ?"
        return any(self._rows(sql, (digest,)) for digest in digests)

    def left(self, item: str, site: str, now: int, limits: Sequence[tuple[int, int]]) -> int:
        """How many more looks that compare something a site has at a pack.

        `limits` are spans before now (ms), each with how many looks there may be within it.
        """
        sql = "SELECT COUNT(*) FROM look WHERE item = ? AND site = ? AND ms > ? AND counted = 1"
        counts = (
            (most, int(self._rows(sql, (item, site, now - span))[0][0])) for span, most in limits
        )
        return max(0, min(most - there for most, there in counts))

    def of_item(self, item: str, limit: int = 200) -> list[Look]:
        """A pack's looks at every site, newest first; the newest of each kind, so that none hides another.

        A kind is a verdict, counted or not, with an alarm or without.
        """
        kind = "PARTITION BY verdict, counted, alarm ORDER BY ms DESC, number DESC"
        sql = (
            f"SELECT {_COLUMNS}, number FROM (SELECT *, ROW_NUMBER() OVER ({kind}) AS place FROM look "
            "WHERE item = ?) WHERE place <= ? ORDER BY ms DESC, number DESC"
        )
        return [Look(*row) for row in self._rows(sql, (item, limit))]

    def number_of(self, item: str) -> int:
        """How many looks at a pack are kept."""
        return int(self._rows("SELECT COUNT(*) FROM look WHERE item = ?", (item,))[0][0])

    def came_to(self, item: str, site: str, verdict: str, commitment: str, until: int) -> bool:
        """Whether a look of a site, up to a time, came to a verdict by a commitment."""
        sql = (
            "SELECT 1 FROM look WHERE item = ? AND ms <= ? AND site = ? AND verdict = ? "
            "AND commitment = ? LIMIT 1"
        )
        return bool(self._rows(sql, (item, until, site, verdict, commitment)))

    def add_access(self, access: Access) -> None:
        """Write down that a template was opened or written otherwise than by a look."""
        marks = ", ".join("?" * len(access))
        self._database.execute_sql(f"INSERT INTO template_access VALUES ({marks})", access)

    def add_counted_accesses(self, rows: Sequence[Access], span: int, most: int) -> bool:
        """Write down what is handed out, all or nothing: no pack more than `most` times in a span (ms).

        Of one kind at one site; those that ask at one moment are counted one by one.
        """
        sql = "SELECT COUNT(*) FROM template_access WHERE item = ? AND site = ? AND what = ? AND ms > ?"
        with self._database.atomic("IMMEDIATE"):
            for row in rows:
                values = (row.item, row.site, row.what, row.ms - span)
                if int(self._rows(sql, values)[0][0]) >= most:
                    return False
            for row in rows:
                self.add_access(row)
        return True

    def accesses(self, item: str, limit: int = 200) -> list[Access]:
        """The newest of a pack, newest first."""
        sql = "SELECT * FROM template_access WHERE item = ? ORDER BY ms DESC LIMIT ?"
        return [Access(*row) for row in self._rows(sql, (item, limit))]

    def forget(self, before: int, counted_before: int) -> None:
        """Delete what is older than a moment (ms); counted looks, and digests, than another."""
        stale = (
            ("template_access WHERE ms < ?", (before,)),
            ("look WHERE ms < ? AND (counted = 0 OR ms < ?)", (before, counted_before)),
            ("look_digest WHERE ms < ?", (counted_before,)),
        )
        with self._database.atomic("IMMEDIATE"):
            for rows, values in stale:
                self._database.execute_sql(f"DELETE FROM {rows}", values)

    def _see(self, digests: Iterable[str], number: int, ms: int) -> None:
        sql = "INSERT INTO look_digest VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        for digest in digests:
            self._database.execute_sql(sql, (digest, number, ms))

    def _rows(self, sql: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._database.execute_sql(sql, values).fetchall()]
