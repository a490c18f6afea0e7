"""Inspections on the desk: a count of a site's stock in progress, then its report and who signed it.

desk: backed up, never rebuilt, never on the log but for the report's hash. Who may count is left to
the caller. The packs scanned are dropped once both sides have signed; the report stays, sealed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import peewee

from ledger.store.content import seal, unseal

MOST: Final = 100_000  # packs and containers of one count
INSPECTOR: Final = "inspector"
SITE: Final = "site"
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS inspection (id TEXT PRIMARY KEY, site TEXT NOT NULL,
  party TEXT NOT NULL, opened BIGINT NOT NULL, closed BIGINT NOT NULL, sha256 TEXT NOT NULL,
  inspector TEXT NOT NULL, own TEXT NOT NULL, report BLOB);
CREATE INDEX IF NOT EXISTS inspection_site ON inspection (site, opened);
CREATE INDEX IF NOT EXISTS inspection_party ON inspection (party, opened);
CREATE TABLE IF NOT EXISTS inspection_item (id TEXT NOT NULL, item TEXT NOT NULL,
  ms BIGINT NOT NULL, PRIMARY KEY (id, item));
CREATE TABLE IF NOT EXISTS inspection_number (id TEXT NOT NULL, gtin TEXT NOT NULL,
  lot TEXT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (id, gtin, lot))
"""
_COLUMNS: Final = "id, site, party, opened, closed, sha256, inspector, own"


class Inspection(NamedTuple):
    """A count at a site by a party: the authority's inspection, or the site's own stock-taking.

    `closed` (ms) is 0 while it goes on. `inspector` and `own` are the statements by which the two
    sides signed its report, "" before.
    """

    id: str
    site: str
    party: str
    opened: int
    closed: int
    sha256: str
    inspector: str
    own: str

    @property
    def signed(self) -> bool:
        """Whether anybody has signed it: then it stays as it is."""
        return bool(self.inspector or self.own)


class Inspections:
    """The inspections of all sites of one node. Threads may share it."""

    def __init__(self, database: peewee.SqliteDatabase, key: bytes) -> None:
        self._database = database
        self._key = key

    def open(self, inspection: str, site: str, party: str, now: int) -> None:
        """Begin a count."""
        self._run(
            f"INSERT INTO inspection ({_COLUMNS}) VALUES (?, ?, ?, ?, 0, '', '', '')",
            (inspection, site, party, now),
        )

    def forget(self, before: int) -> None:
        """Delete counts begun before a moment (ms) that nobody has closed."""
        with self._database.atomic("IMMEDIATE"):
            old = "(SELECT id FROM inspection WHERE closed = 0 AND opened < ?)"
            for table in ("inspection_item", "inspection_number", "inspection"):
                self._run(f"DELETE FROM {table} WHERE id IN {old}", (before,))

    def one(self, inspection: str) -> Inspection | None:
        """An inspection, or None."""
        found = self._inspections("id = ?", (inspection,))
        return found[0] if found else None

    def at(self, site: str, most: int = 200) -> list[Inspection]:
        """The newest inspections at a site, newest first."""
        return self._inspections(f"site = ? ORDER BY opened DESC LIMIT {int(most)}", (site,))

    def of(self, party: str, most: int = 200) -> list[Inspection]:
        """The newest inspections by a party, newest first."""
        return self._inspections(f"party = ? ORDER BY opened DESC LIMIT {int(most)}", (party,))

    def scan(self, inspection: str, item: str, now: int) -> bool | None:
        """Count an item: True when it is new, False when it was counted before, None when it is full."""
        with self._database.atomic("IMMEDIATE"):
            if not self._counts(inspection):
                return None
            sql = "INSERT INTO inspection_item VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
            return bool(self._run(sql, (inspection, item, now)).rowcount)

    def drop(self, inspection: str, item: str) -> bool:
        """Take an item out of a count; whether it was there."""
        with self._database.atomic("IMMEDIATE"):
            if not self._counts(inspection, most=MOST + 1):
                return False
            sql = "DELETE FROM inspection_item WHERE id = ? AND item = ?"
            return bool(self._run(sql, (inspection, item)).rowcount)

    def number(self, inspection: str, gtin: str, lot: str, n: int | None) -> bool:
        """Count a lot by a number; None takes the number back. False where it is closed."""
        with self._database.atomic("IMMEDIATE"):
            if not self._counts(inspection, most=MOST + 1):
                return False
            where = (inspection, gtin, lot)
            self._run("DELETE FROM inspection_number WHERE id = ? AND gtin = ? AND lot = ?", where)
            if n is not None:
                self._run("INSERT INTO inspection_number VALUES (?, ?, ?, ?)", (*where, n))
            return True

    def items(self, inspection: str) -> list[str]:
        """The items scanned, newest first."""
        sql = "SELECT item FROM inspection_item WHERE id = ? ORDER BY ms DESC, item"
        return [item for (item,) in self._run(sql, (inspection,)).fetchall()]

    def numbers(self, inspection: str) -> dict[tuple[str, str], int]:
        """The lots counted by number."""
        sql = "SELECT gtin, lot, n FROM inspection_number WHERE id = ?"
        return {(gtin, lot): n for gtin, lot, n in self._run(sql, (inspection,)).fetchall()}

    def close(self, inspection: str, report: bytes, digest: str, now: int) -> bool:
        """End a count with its report; False where it was ended before."""
        sql = "UPDATE inspection SET closed = ?, sha256 = ?, report = ? WHERE id = ? AND closed = 0"
        sealed = seal(self._key, _place(inspection), report)
        return bool(self._run(sql, (now, digest, sealed, inspection)).rowcount)

    def reopen(self, inspection: str) -> bool:
        """Go on with a count that nobody has signed; whether it could be."""
        sql = (
            "UPDATE inspection SET closed = 0, sha256 = '', report = NULL "
            "WHERE id = ? AND closed > 0 AND inspector = '' AND own = ''"
        )
        return bool(self._run(sql, (inspection,)).rowcount)

    def report(self, inspection: str) -> bytes:
        """The report of one that is closed. Raises LookupError, Malformed for one that was altered."""
        sql = "SELECT report FROM inspection WHERE id = ? AND closed > 0"
        row = self._run(sql, (inspection,)).fetchone()
        if row is None or row[0] is None:
            raise LookupError(f"inspection {inspection} has no report")
        return unseal(self._key, _place(inspection), bytes(row[0]))

    def sign(self, inspection: str, digest: str, side: str, statement: str, *, last: bool) -> bool:
        """Say by which statement a side signed just this report; `last` drops the packs counted."""
        column = {INSPECTOR: "inspector", SITE: "own"}[side]
        sql = f"UPDATE inspection SET {column} = ? WHERE id = ? AND sha256 = ? AND {column} = ''"
        with self._database.atomic("IMMEDIATE"):
            done = bool(self._run(sql, (statement, inspection, digest)).rowcount)
            if done and last:
                self._run("DELETE FROM inspection_item WHERE id = ?", (inspection,))
                self._run("DELETE FROM inspection_number WHERE id = ?", (inspection,))
        return done

    def _counts(self, inspection: str, most: int = MOST) -> bool:
        """Whether a count goes on and takes more."""
        sql = "SELECT (SELECT COUNT(*) FROM inspection_item WHERE id = ?) FROM inspection WHERE id = ? AND closed = 0"
        row = self._run(sql, (inspection, inspection)).fetchone()
        return row is not None and row[0] < most

    def _inspections(self, where: str, values: Sequence[object]) -> list[Inspection]:
        sql = f"SELECT {_COLUMNS} FROM inspection WHERE {where}"
        return [Inspection(*row) for row in self._run(sql, values).fetchall()]

    def _run(self, sql: str, values: Sequence[object]) -> Any:
        return self._database.execute_sql(sql, values)


def _place(inspection: str) -> bytes:
    return f"inspection {inspection}".encode()
