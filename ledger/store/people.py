"""A site's own people on the desk: invitations to join, names by staff number, how long a key stays open.

desk: backed up, never rebuilt, never on the log. A name is known here alone; statements carry the
staff number. An invitation gives no power: an administrator's signature on the log does.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final, NamedTuple

import peewee

INVITATION_MS: Final = 7 * 24 * 3_600_000
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS invitation (id TEXT PRIMARY KEY, until BIGINT NOT NULL,
  party TEXT NOT NULL, site TEXT NOT NULL, key_use TEXT NOT NULL, operations TEXT NOT NULL,
  staff TEXT NOT NULL, starts TEXT NOT NULL, ends TEXT NOT NULL, rp_id TEXT NOT NULL,
  keyid TEXT NOT NULL DEFAULT '', envelope BLOB NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS invitation_party ON invitation (party);
CREATE TABLE IF NOT EXISTS staff (site TEXT NOT NULL, number TEXT NOT NULL, name TEXT NOT NULL,
  PRIMARY KEY (site, number));
CREATE TABLE IF NOT EXISTS site_choice (site TEXT PRIMARY KEY, lock_minutes INTEGER NOT NULL)
"""


class Invitation(NamedTuple):
    """What somebody is invited to sign for, and the key-add that they made of it.

    `operations` are separated by spaces; `starts` and `ends` are RFC 3339 times. `rp_id` is the host
    name that a passkey signs for, "" for other keys. `keyid` and `envelope` are empty until a browser
    has made its key and signed for it.
    """

    id: str  # SHA-256 of its token, hex
    until: int
    party: str
    site: str
    use: str
    operations: str
    staff: str
    starts: str
    ends: str
    rp_id: str = ""
    keyid: str = ""
    envelope: bytes = b""


class People:
    """The people of all sites of one node. Threads may share it."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._database = database

    def invite(self, invitation: Invitation, now: int) -> None:
        """Keep an invitation; those that are over are forgotten."""
        self._database.execute_sql("DELETE FROM invitation WHERE until < ?", (now,))
        marks = ", ".join("?" * len(invitation))
        self._database.execute_sql(f"INSERT INTO invitation VALUES ({marks})", invitation)

    def invitation(self, token: bytes, now: int) -> Invitation | None:
        """The invitation of a token, while it lasts."""
        found = self._invitations("id = ? AND until >= ?", (sha256(token).hexdigest(), now))
        return found[0] if found else None

    def invitations(self, party: str, now: int) -> list[Invitation]:
        """A party's invitations that last, those with a key first."""
        return self._invitations(
            "party = ? AND until >= ? ORDER BY keyid = '', until", (party, now)
        )

    def answer(self, invitation: str, keyid: str, envelope: bytes) -> bool:
        """Keep the key-add that an invited browser signed; whether nobody had answered before."""
        sql = "UPDATE invitation SET keyid = ?, envelope = ? WHERE id = ? AND keyid IN ('', ?)"
        cursor = self._database.execute_sql(sql, (keyid, envelope, invitation, keyid))
        return bool(cursor.rowcount)

    def withdraw(self, party: str, invitation: str) -> bool:
        """Forget an invitation of a party; whether there was one."""
        sql = "DELETE FROM invitation WHERE id = ? AND party = ?"
        return bool(self._database.execute_sql(sql, (invitation, party)).rowcount)

    def name(self, site: str, number: str, name: str) -> None:
        """Know a staff number by a name, "" to forget it."""
        self._database.execute_sql(
            "DELETE FROM staff WHERE site = ? AND number = ?", (site, number)
        )
        if name:
            self._database.execute_sql("INSERT INTO staff VALUES (?, ?, ?)", (site, number, name))

    def names(self, site: str) -> dict[str, str]:
        """The names of a site's people by staff number."""
        rows = self._database.execute_sql("SELECT number, name FROM staff WHERE site = ?", (site,))
        return dict(rows.fetchall())

    def lock_minutes(self, site: str) -> int:
        """After how many minutes without a key pressed a person's key is locked; 0 if not chosen."""
        sql = "SELECT lock_minutes FROM site_choice WHERE site = ?"
        row = self._database.execute_sql(sql, (site,)).fetchone()
        return int(row[0]) if row else 0

    def choose_lock_minutes(self, site: str, minutes: int) -> None:
        """Choose it for a site."""
        sql = "INSERT OR REPLACE INTO site_choice VALUES (?, ?)"
        self._database.execute_sql(sql, (site, minutes))

    def _invitations(self, where: str, values: tuple[Any, ...]) -> list[Invitation]:
        rows = self._database.execute_sql(f"SELECT * FROM invitation WHERE {where}", values)
        return [
            Invitation(*row)._replace(envelope=bytes(row[-1] or b"")) for row in rows.fetchall()
        ]
