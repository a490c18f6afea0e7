"""Bags on the desk: packs that were checked and wait for collection under a random number.

desk: backed up, never rebuilt, never on the log. A bag knows its site, its number and its packs, and
nothing of who is to collect it. What the log says of the packs is left to the caller.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import peewee

WAITING: Final = "waiting"
SUPPLIED: Final = "supplied"
RETURNED: Final = "returned"  # to stock: it was not collected, or the pack was taken out
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS bag (site TEXT NOT NULL, number TEXT NOT NULL, item TEXT NOT NULL,
  ms BIGINT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (site, number, item));
CREATE UNIQUE INDEX IF NOT EXISTS bag_waiting ON bag (site, item) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS bag_state ON bag (site, state, ms)
"""


class Bagged(NamedTuple):
    """A pack in a bag, since when, and what became of it: waiting, supplied, returned."""

    site: str
    number: str
    item: str
    ms: int
    state: str


class Bags:
    """The bags of all sites of one node. Threads may share it."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._database = database

    def fill(self, site: str, number: str, items: Iterable[str], now: int) -> list[Bagged]:
        """Put packs into a new bag, all or none; answers those that wait in another bag already."""
        wanted = list(dict.fromkeys(items))
        with self._database.atomic("IMMEDIATE"):
            taken = [
                one for one in self.waiting(site) if one.item in wanted or one.number == number
            ]
            if not taken:
                for item in wanted:
                    self._database.execute_sql(
                        "INSERT INTO bag VALUES (?, ?, ?, ?, ?)", (site, number, item, now, WAITING)
                    )
        return taken

    def waiting(self, site: str) -> list[Bagged]:
        """The packs that wait at a site, longest first."""
        return self._bagged("site = ? AND state = ? ORDER BY ms, number, item", (site, WAITING))

    def bag(self, site: str, number: str) -> list[Bagged]:
        """The packs of a bag, whatever became of them; none where there is no such bag."""
        return self._bagged("site = ? AND number = ? ORDER BY item", (site, number))

    def settle(self, site: str, number: str, items: Iterable[str], state: str) -> int:
        """Say what became of packs that waited in a bag; how many of them did."""
        sql = "UPDATE bag SET state = ? WHERE site = ? AND number = ? AND item = ? AND state = ?"
        with self._database.atomic("IMMEDIATE"):
            return sum(
                self._database.execute_sql(sql, (state, site, number, item, WAITING)).rowcount
                for item in dict.fromkeys(items)
            )

    def forget(self, before: int) -> None:
        """Delete what was bagged before a moment (ms) and waits no longer."""
        self._database.execute_sql("DELETE FROM bag WHERE state <> ? AND ms < ?", (WAITING, before))

    def _bagged(self, where: str, values: tuple[Any, ...]) -> list[Bagged]:
        sql = f"SELECT site, number, item, ms, state FROM bag WHERE {where}"
        return [Bagged(*row) for row in self._database.execute_sql(sql, values).fetchall()]
