"""The rows of cases on the desk: a case, its alerts, and what was done with it; and their tables.

What may become of them is left to `cases`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS case_file (number INTEGER PRIMARY KEY AUTOINCREMENT,
  site TEXT NOT NULL, subject TEXT NOT NULL, rule TEXT NOT NULL, cause TEXT NOT NULL,
  item TEXT NOT NULL, other TEXT NOT NULL, holder TEXT NOT NULL, eu TEXT NOT NULL, us TEXT NOT NULL,
  opened BIGINT NOT NULL, newest BIGINT NOT NULL, alerts INTEGER NOT NULL, status TEXT NOT NULL,
  level TEXT NOT NULL, due BIGINT NOT NULL, taken TEXT NOT NULL DEFAULT '',
  decision TEXT NOT NULL DEFAULT '', decided BIGINT NOT NULL DEFAULT -1,
  root TEXT NOT NULL DEFAULT '', closing TEXT NOT NULL DEFAULT '', closed BIGINT NOT NULL DEFAULT -1);
CREATE UNIQUE INDEX IF NOT EXISTS case_open ON case_file (site, subject) WHERE status = 'open';
CREATE INDEX IF NOT EXISTS case_site ON case_file (site, status, level, due);
CREATE INDEX IF NOT EXISTS case_other ON case_file (other, status, due) WHERE other <> '';
CREATE INDEX IF NOT EXISTS case_holder ON case_file (holder, status, level, due);
CREATE INDEX IF NOT EXISTS case_level ON case_file (status, level, due);
CREATE INDEX IF NOT EXISTS case_item ON case_file (item, site) WHERE item <> '';
CREATE TABLE IF NOT EXISTS case_alert (number INTEGER NOT NULL, ms BIGINT NOT NULL,
  rule TEXT NOT NULL, cause TEXT NOT NULL, also TEXT NOT NULL, codes TEXT NOT NULL,
  mismatch TEXT NOT NULL, item TEXT NOT NULL, purpose TEXT NOT NULL, verdict TEXT NOT NULL,
  reading TEXT NOT NULL, read_by TEXT NOT NULL, source TEXT NOT NULL, subject TEXT NOT NULL,
  refusal BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS case_alert_number ON case_alert (number, ms);
CREATE INDEX IF NOT EXISTS case_alert_item ON case_alert (item) WHERE item <> '';
CREATE UNIQUE INDEX IF NOT EXISTS case_alert_source ON case_alert (source, rule, subject)
  WHERE source <> '';
CREATE TABLE IF NOT EXISTS case_step (number INTEGER NOT NULL, ms BIGINT NOT NULL,
  did TEXT NOT NULL, detail TEXT NOT NULL, party TEXT NOT NULL, site TEXT NOT NULL,
  keyid TEXT NOT NULL, staff TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS case_step_number ON case_step (number, ms);
CREATE TABLE IF NOT EXISTS case_mark (name TEXT PRIMARY KEY, value BIGINT NOT NULL)
"""


class Case(NamedTuple):
    """A case; `subject` is what it is about, as `rules.alerts.Alert` has it.

    `holder` is the party that holds the product, "" where no one product is in question. `level` is
    whose turn it is until `due`. `taken` is the key of whoever works on it.
    """

    number: int
    site: str
    subject: str
    rule: str
    cause: str
    item: str
    other: str
    holder: str
    eu: str
    us: str
    opened: int
    newest: int
    alerts: int
    status: str
    level: str
    due: int
    taken: str
    decision: str
    decided: int
    root: str
    closing: str
    closed: int


class Evidence(NamedTuple):
    """An alert of a case: a scan as the desk had it, or a statement by its id; or a signed refusal."""

    number: int
    ms: int
    rule: str
    cause: str
    also: str
    codes: str
    mismatch: str
    item: str
    purpose: str
    verdict: str
    reading: str
    read_by: str
    source: str
    subject: str
    refusal: bytes


class Step(NamedTuple):
    """What was done with a case, by which key; `keyid` is "" for the clock."""

    ms: int
    did: str  # opened, passed-on, taken, decided, noted, closed
    detail: str
    party: str = ""
    site: str = ""
    keyid: str = ""
    staff: str = ""


class Seen(NamedTuple):
    """What a scan's row says, beside its alert."""

    purpose: str = ""
    verdict: str = ""
    reading: str = ""
    read_by: str = ""
    refusal: bytes = b""
