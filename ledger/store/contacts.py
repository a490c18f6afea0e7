"""How a site is reached, on the desk: a role, an e-mail address, a phone number, a webhook.

desk: backed up, never rebuilt, never on the log. A role is named, no person. What a good address is,
and who may read it, is left to the caller.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import peewee

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS contact (site TEXT PRIMARY KEY, role TEXT NOT NULL, email TEXT NOT NULL,
  phone TEXT NOT NULL, webhook TEXT NOT NULL, language TEXT NOT NULL, ms BIGINT NOT NULL)
"""


class Contact(NamedTuple):
    """How a site is reached; "" for a way that there is not. `ms` is when it was last kept."""

    site: str
    role: str = ""
    email: str = ""
    phone: str = ""  # E.164
    webhook: str = ""
    language: str = "en"  # BCP 47 tag of what it is written in
    ms: int = 0

    @property
    def reachable(self) -> bool:
        """Whether anything but its home page and paper reaches it."""
        return bool(self.email or self.phone or self.webhook)


class Contacts:
    """The contacts of all sites of one node. Threads may share it."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._database = database

    def keep(self, contact: Contact) -> None:
        """Keep how a site is reached, in place of what was kept."""
        sql = "INSERT OR REPLACE INTO contact VALUES (?, ?, ?, ?, ?, ?, ?)"
        self._database.execute_sql(sql, contact)

    def of(self, site: str) -> Contact:
        """How a site is reached; an empty contact where nothing is known."""
        sql = "SELECT * FROM contact WHERE site = ?"
        row = self._database.execute_sql(sql, (site,)).fetchone()
        return Contact(*row) if row else Contact(site)

    def among(self, sites: Iterable[str]) -> dict[str, Contact]:
        """How each of some sites is reached, by GLN; every one has its contact, if an empty one."""
        wanted = list(dict.fromkeys(sites))
        found = {
            row[0]: Contact(*row)
            for row in self._database.execute_sql("SELECT * FROM contact").fetchall()
        }
        return {site: found.get(site) or Contact(site) for site in wanted}
