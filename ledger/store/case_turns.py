"""Whose turn it is with how many cases, for telling them: counted over all cases of the desk.

desk: reads what `cases` keeps.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import peewee

from ledger.rules.casework import AUTHORITY, HOLDER, OPEN, SITE

# Level -> whose it is, and which cases have ever come so far. None of them ever goes back.
_REACHED: Final = {
    SITE: ("site", "1 = 1"),
    HOLDER: ("holder", f"holder <> '' AND level IN ('{HOLDER}', '{AUTHORITY}')"),
    AUTHORITY: ("''", f"level = '{AUTHORITY}'"),
}


class Turn(NamedTuple):
    """The cases that wait for a side: a site, a product's holder (by its party), the authority ("").

    `came` is how many ever came to it, which only grows; `due` is the earliest clock, ms.
    """

    level: str
    whose: str
    came: int
    waiting: int
    due: int


class Turns:
    """The turns of one node. Threads and processes may share it."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._database = database

    def all(self) -> list[Turn]:
        """Every side for which a case waits."""
        found = []
        for level, (whose, reached) in _REACHED.items():
            mine = f"status = '{OPEN}' AND level = '{level}'"
            sql = (
                f"SELECT {whose}, COUNT(*), SUM(CASE WHEN {mine} THEN 1 ELSE 0 END) AS waiting, "
                f"MIN(CASE WHEN {mine} THEN due END) FROM case_file WHERE {reached} "
                "GROUP BY 1 HAVING waiting > 0 ORDER BY 1"
            )
            rows = self._database.execute_sql(sql).fetchall()
            found += [Turn(level, *row) for row in rows]
        return found
