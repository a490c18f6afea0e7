"""Where sites lie, on the desk: the log has their address alone.

desk: backed up, never rebuilt, never on the log. Whoever wrote a place down says so; it proves nothing.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import peewee

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS place (site TEXT PRIMARY KEY, latitude REAL NOT NULL,
  longitude REAL NOT NULL)
"""


class Spot(NamedTuple):
    """A point of the earth, in degrees: north and east are positive."""

    latitude: float
    longitude: float


class Places:
    """The places of one node's desk. Threads may share it."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._database = database

    def put(self, site: str, spot: Spot) -> None:
        """Write down where a site lies, in place of what was there."""
        sql = "INSERT OR REPLACE INTO place (site, latitude, longitude) VALUES (?, ?, ?)"
        self._database.execute_sql(sql, (site, *spot))

    def all(self) -> dict[str, Spot]:
        """Where sites lie, as far as it was written down."""
        rows = self._database.execute_sql("SELECT site, latitude, longitude FROM place").fetchall()
        return {site: Spot(latitude, longitude) for site, latitude, longitude in rows}
