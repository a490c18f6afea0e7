"""Cases on the desk: alerts folded by site and subject, who has each, until when, what was done.

desk: backed up, never rebuilt, never on the log. Who may see a case, and who may do what, is left to
the caller; people are known by their key and staff number, never by a name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import peewee

from ledger.errors import Refused
from ledger.rules import casework
from ledger.rules.alerts import COPY_SUSPECTED, RULES, Alert
from ledger.rules.casework import (
    AUTHORITY,
    CLOSED,
    EXPLAINED,
    FALSE_ALERT,
    GIVE_OUT,
    HOLDER,
    OPEN,
    SITE,
)
from ledger.store.case_rows import SCHEMA, Case, Evidence, Seen, Step

__all__ = [
    "EXPLAINED_MS",
    "MOST_EVIDENCE",
    "MOST_OPEN",
    "SCHEMA",
    "Case",
    "Cases",
    "Evidence",
    "Seen",
    "Step",
]
MOST_OPEN: Final = 50  # of one rule at one site; what comes beyond is one case more
EXPLAINED_MS: Final = 30 * 24 * 3_600_000  # for so long, what was explained stays so
MOST_EVIDENCE: Final = 200  # alerts that a case keeps; more are counted
_PASSED_ON: Final = 500  # cases that go on by the clock in one call
_CASE: Final = ", ".join(Case._fields)
_NEW: Final = (
    "INSERT INTO case_file (site, subject, rule, cause, item, other, holder, eu, us, opened, newest, "
    "alerts, status, level, due) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?) "
    "RETURNING number"
)
_PLACES: Final = {rule: place for place, rule in enumerate(RULES)}
# Which cases a list begins with: open ones by their clock, of closed ones the newest.
_FIRST: Final = {OPEN: "due, number", CLOSED: "closed DESC, number DESC"}


class Cases:
    """The cases of one node. Threads and processes may share it."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._database = database

    def fold(self, alert: Alert, holder: str, seen: Seen | None = None) -> int:
        """Put an alert into the open case of its site and subject, or open one; its number.

        The same statement's is folded once, and what was explained is not asked again for some time.
        Where many cases of a rule are open at a site, the rest shares one.
        """
        if (known := self.known(alert)) is not None:
            return known
        with self._database.atomic("IMMEDIATE"):
            if (known := self.known(alert)) is not None:  # another process was faster
                return known
            number = self._open_number(alert.site, alert.subject) or self._explained(alert)
            if number is None and self._crowded(alert):
                many = replace(alert, subject=f"many {alert.rule}", item="", other="")
                number = self._open_number(many.site, many.subject) or self._open(many, "")
            if number is None:
                number = self._open(alert, holder)
            self._add(number, alert, seen or Seen())
        return number

    def known(self, alert: Alert) -> int | None:
        """The number of the case that holds a statement's alert already."""
        if not alert.source:
            return None
        sql = "SELECT number FROM case_alert WHERE source = ? AND rule = ? AND subject = ?"
        row = self._one(sql, (alert.source, alert.rule, alert.subject))
        return None if row is None else int(row[0])

    def _open_number(self, site: str, subject: str) -> int | None:
        sql = "SELECT number FROM case_file WHERE site = ? AND subject = ? AND status = 'open'"
        row = self._one(sql, (site, subject))
        return None if row is None else int(row[0])

    def _explained(self, alert: Alert) -> int | None:
        """The case in which the same at the same site was found to be no trouble, not long ago."""
        if _is_look(alert):
            return None
        sql = (
            "SELECT number FROM case_file WHERE site = ? AND subject = ? AND rule = ? "
            "AND status = 'closed' AND closing IN (?, ?) AND closed > ? ORDER BY number DESC LIMIT 1"
        )
        explained = (FALSE_ALERT, EXPLAINED, alert.ms - EXPLAINED_MS)
        row = self._one(sql, (alert.site, alert.subject, alert.rule, *explained))
        return None if row is None else int(row[0])

    def _crowded(self, alert: Alert) -> bool:
        sql = (
            "SELECT COUNT(*) FROM (SELECT 1 FROM case_file WHERE site = ? AND status = 'open' "
            "AND rule = ? LIMIT ?)"
        )
        found = self._one(sql, (alert.site, alert.rule, MOST_OPEN))
        return found is not None and found[0] >= MOST_OPEN

    def _open(self, alert: Alert, holder: str) -> int:
        level = casework.first_level(alert.rule, holder=bool(holder))
        due = casework.due_ms(level, alert.ms)
        values = (
            alert.site, alert.subject, alert.rule, alert.cause, alert.item, alert.other, holder,
            alert.eu, alert.us, alert.ms, alert.ms, OPEN, level, due,
        )  # fmt: skip
        row = self._database.execute_sql(_NEW, values).fetchone()
        number = int(row[0])
        self._step(number, Step(alert.ms, "opened", alert.rule))
        return number

    def _add(self, number: int, alert: Alert, seen: Seen) -> None:
        case = self.case(number)
        assert case is not None  # it was found or made in this transaction
        if case.alerts < MOST_EVIDENCE or _is_look(alert):
            evidence = Evidence(
                number, alert.ms, alert.rule, alert.cause, " ".join(alert.also),
                " ".join(alert.codes), " ".join(alert.mismatch), alert.item, seen.purpose,
                seen.verdict, seen.reading, seen.read_by, alert.source, alert.subject, seen.refusal,
            )  # fmt: skip
            marks = ", ".join("?" * len(evidence))
            self._database.execute_sql(f"INSERT INTO case_alert VALUES ({marks})", evidence)
        # To give it out was decided of what was known then.
        anew = alert.rule == COPY_SUSPECTED and (_is_look(alert) or alert.ms > case.decided)
        undo = ", decision = '', decided = -1" if anew and case.decision == GIVE_OUT else ""
        sql = f"UPDATE case_file SET alerts = alerts + 1, newest = MAX(newest, ?){undo} WHERE number = ?"
        self._database.execute_sql(sql, (alert.ms, number))
        worse = case.status == OPEN and case.subject == alert.subject
        if worse and _PLACES[alert.rule] < _PLACES[case.rule]:  # the worst names the case
            sql = (
                "UPDATE case_file SET rule = ?, cause = ?, eu = ?, us = ?, "
                "other = COALESCE(NULLIF(?, ''), other) WHERE number = ?"
            )
            values = (alert.rule, alert.cause, alert.eu, alert.us, alert.other, number)
            self._database.execute_sql(sql, values)

    # What is read

    def case(self, number: int) -> Case | None:
        """A case by its number."""
        return next(iter(self._cases("number = ?", (number,))), None)

    def of_item(self, site: str, item: str) -> Case | None:
        """The newest case of a site about an item, open ones first."""
        where = (
            "number IN (SELECT number FROM case_alert WHERE item = ? AND item <> '') "
            "AND site = ? ORDER BY status = 'open' DESC, number DESC LIMIT 1"
        )
        return next(iter(self._cases(where, (item, site))), None)

    def of_copies(self, site: str, item: str) -> list[Case]:
        """The cases of a site in which an item's label was suspected to be a copy, newest first."""
        where = (
            "number IN (SELECT number FROM case_alert WHERE item = ? AND item <> '' AND rule = ?) "
            "AND site = ? ORDER BY number DESC"
        )
        return self._cases(where, (item, COPY_SUSPECTED, site))

    def related(self, case: Case, limit: int = 20) -> list[Case]:
        """Other cases about the same item, at whatever site."""
        if not case.item:
            return []
        where = "item = ? AND item <> '' AND number <> ? ORDER BY number DESC LIMIT ?"
        return self._cases(where, (case.item, case.number, limit))

    def evidence(self, number: int) -> list[Evidence]:
        """The alerts of a case, oldest first."""
        sql = "SELECT * FROM case_alert WHERE number = ? ORDER BY ms, rowid"
        rows = self._database.execute_sql(sql, (number,)).fetchall()
        return [Evidence(*row)._replace(refusal=bytes(row[-1] or b"")) for row in rows]

    def steps(self, number: int) -> list[Step]:
        """What was done with a case, oldest first."""
        columns = ", ".join(Step._fields)
        sql = f"SELECT {columns} FROM case_step WHERE number = ? ORDER BY ms, rowid"
        return [Step(*row) for row in self._database.execute_sql(sql, (number,)).fetchall()]

    def of_site(self, site: str, status: str, limit: int) -> list[Case]:
        """The cases of a site, and those of shipments that it is the other side of: `_FIRST` first."""
        first = _FIRST[status]
        own = self._cases(
            f"site = ? AND status = ? ORDER BY {first} LIMIT ?", (site, status, limit)
        )
        # Only a shipment's two sides know of each other.
        where = f"other = ? AND other <> '' AND status = ? AND item = '' ORDER BY {first} LIMIT ?"
        return [*own, *self._cases(where, (site, status, limit))]

    def of_holder(self, party: str, status: str, limit: int) -> list[Case]:
        """The cases about a party's products that have gone beyond the site: `_FIRST` first."""
        where = f"holder = ? AND status = ? AND level IN (?, ?) ORDER BY {_FIRST[status]} LIMIT ?"
        return self._cases(where, (party, status, HOLDER, AUTHORITY, limit))

    def beyond_sites(self, status: str, limit: int) -> list[Case]:
        """All cases that have gone beyond the site: open ones of the authority first, then `_FIRST`."""
        own = "level = 'authority' DESC, " if status == OPEN else ""
        where = f"status = ? AND level IN (?, ?) ORDER BY {own}{_FIRST[status]} LIMIT ?"
        return self._cases(where, (status, HOLDER, AUTHORITY, limit))

    def closed_by_sites(self, limit: int) -> list[Case]:
        """The cases that a site closed before anybody else saw them, newest first."""
        where = "status = ? AND level = ? ORDER BY closed DESC, number DESC LIMIT ?"
        return self._cases(where, (CLOSED, SITE, limit))

    def count(self, level: str, site: str, party: str) -> int:
        """How many open cases wait for a site, for a product's holder, or for the authority."""
        column, value = {SITE: ("site", site), HOLDER: ("holder", party)}.get(level, ("", ""))
        where = f"{column} = ? AND " if column else ""
        sql = f"SELECT COUNT(*) FROM case_file WHERE {where}status = 'open' AND level = ?"
        row = self._one(sql, (*([value] if column else []), level))
        return int(row[0]) if row else 0

    def counts(self) -> list[tuple[str, str, str, int]]:
        """All cases by rule, status and level."""
        sql = (
            "SELECT rule, status, level, COUNT(*) FROM case_file GROUP BY rule, status, level "
            "ORDER BY rule, status, level"
        )
        return [tuple(row) for row in self._database.execute_sql(sql).fetchall()]

    # What is done

    def pass_on_late(self, now: int) -> int:
        """Let the clock pass on what nobody closed in time; how many cases went on."""
        n = 0
        sql = (
            "SELECT 1 FROM case_file WHERE status = 'open' AND level IN (?, ?) AND due <= ? LIMIT 1"
        )
        if self._one(sql, (SITE, HOLDER, now)) is None:  # most often, so that readers do not queue
            return n
        with self._database.atomic("IMMEDIATE"):
            for level in (SITE, HOLDER):
                where = "status = 'open' AND level = ? AND due <= ? ORDER BY due LIMIT ?"
                for case in self._cases(where, (level, now, _PASSED_ON)):
                    self._pass_on(case, case.due, Step(case.due, "passed-on", ""))
                    n += 1
        return n

    def pass_on(self, number: int, step: Step) -> None:
        """Pass an open case on before its time. Raises Refused `wrong-state`."""
        with self._database.atomic("IMMEDIATE"):
            case = self._still_open(number)
            if not casework.next_level(case.level, holder=bool(case.holder)):
                raise Refused("wrong-state", "there is nobody to pass it on to")
            self._pass_on(case, step.ms, step)

    def _pass_on(self, case: Case, since: int, step: Step) -> None:
        level = casework.next_level(case.level, holder=bool(case.holder))
        sql = "UPDATE case_file SET level = ?, due = ?, taken = '' WHERE number = ?"
        due = casework.due_ms(level, since)
        self._database.execute_sql(sql, (level, due, case.number))
        self._step(case.number, step._replace(detail=" ".join(filter(None, (level, step.detail)))))

    def take(self, number: int, step: Step) -> None:
        """Say who works on an open case."""
        self._change(number, {"taken": step.keyid}, step)

    def decide(self, number: int, word: str, step: Step) -> None:
        """Say what is to be done with the pack of an open case; the newest decision counts."""
        self._change(number, {"decision": word, "decided": step.ms}, step)

    def note(self, number: int, step: Step) -> None:
        """Add a note to an open case."""
        self._change(number, {}, step)

    def close(self, number: int, root: str, closing: str, step: Step) -> None:
        """Close a case with its root cause and closing code."""
        changes = {"status": CLOSED, "root": root, "closing": closing, "closed": step.ms}
        self._change(number, changes, step)

    def _change(self, number: int, changes: Mapping[str, object], step: Step) -> None:
        """Change an open case and write down who did. Raises Refused `wrong-state`."""
        with self._database.atomic("IMMEDIATE"):
            self._still_open(number)
            if changes:
                columns = ", ".join(f"{name} = ?" for name in changes)
                sql = f"UPDATE case_file SET {columns} WHERE number = ?"
                self._database.execute_sql(sql, (*changes.values(), number))
            self._step(number, step)

    def _still_open(self, number: int) -> Case:
        case = self.case(number)
        if case is None or case.status != OPEN:
            raise Refused("wrong-state", f"case {number} is closed")
        return case

    # How far the log was looked through

    def mark(self, name: str) -> int:
        """A place in the log up to which was looked."""
        row = self._one("SELECT value FROM case_mark WHERE name = ?", (name,))
        return int(row[0]) if row else 0

    def set_mark(self, name: str, value: int, was: int) -> None:
        """Remember it, unless another process has looked meanwhile."""
        sql = (
            "INSERT INTO case_mark VALUES (?, ?) ON CONFLICT (name) "
            "DO UPDATE SET value = excluded.value WHERE value = ?"
        )
        self._database.execute_sql(sql, (name, value, was))

    def _cases(self, where: str, values: Sequence[object]) -> list[Case]:
        rows = self._database.execute_sql(f"SELECT {_CASE} FROM case_file WHERE {where}", values)
        return [Case(*row) for row in rows.fetchall()]

    def _step(self, number: int, step: Step) -> None:
        marks = ", ".join("?" * (len(step) + 1))
        self._database.execute_sql(f"INSERT INTO case_step VALUES ({marks})", (number, *step))

    def _one(self, sql: str, values: Sequence[object]) -> Sequence[Any] | None:
        row: Sequence[Any] | None = self._database.execute_sql(sql, values).fetchone()
        return row


def _is_look(alert: Alert) -> bool:
    """Whether somebody has just looked at a print: each look is of what lies before the camera then."""
    return alert.rule == COPY_SUSPECTED and not alert.source
