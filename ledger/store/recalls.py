"""Holds and recalls as they are on the log: what opened each, what ended it, what sites answered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from ledger.rules.authority import Authority, Mark
from ledger.rules.marks import ON_HOLD
from ledger.statement.governance import Hold, LiftHold, Recall, RecallClose
from ledger.statement.parts import Counts, time_ms
from ledger.statement.submission import Statement
from ledger.store.database import Store
from ledger.store.loading import stored_entries

ONGOING, COMPLETED, LIFTED = "ongoing", "completed", "lifted"
_COUNTS: Final = "held, quarantined, returned, destroyed, none"


class Ending(NamedTuple):
    """What ended a hold or recall: when, and by which statement."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    id: str
    ms: int
    body: LiftHold | RecallClose


class Case(NamedTuple):
    """A hold or recall."""

    mark: Mark
    ms: int
    body: Hold | Recall
    ending: Ending | None

    @property
    def id(self) -> str:
        """Of the statement that opened it."""
        return self.mark.id

    @property
    def is_hold(self) -> bool:
        """Whether it can be taken back."""
        return self.mark.code == ON_HOLD

    @property
    def status(self) -> str:
        """ONGOING, or how it ended."""
        if self.ending is None:
            return ONGOING
        return LIFTED if self.is_hold else COMPLETED

    @property
    def deadline_ms(self) -> int:
        """Until when sites answer; 0 for a hold, which asks nobody."""
        return time_ms(self.body.deadline) if isinstance(self.body, Recall) else 0


class Answered(NamedTuple):
    """A site's newest answer to a recall."""

    site: str
    index: int  # type: ignore[assignment]  # as above
    id: str
    ms: int
    counts: Counts

    @property
    def found(self) -> int:
        """All packs that it tells of."""
        one = self.counts
        return one.held + one.quarantined + one.returned + one.destroyed


def cases(store: Store, authority: Authority, ids: Iterable[str] | None = None) -> list[Case]:
    """Holds and recalls, all or those of some statements: ongoing ones first, each newest first."""
    marks = authority.marks
    chosen = [marks[one] for one in ids if one in marks] if ids is not None else [*marks.values()]
    wanted = {index for mark in chosen for index in (mark.index, mark.ended) if index >= 0}
    said = {}
    for start in range(0, len(wanted), 500):
        some = sorted(wanted)[start : start + 500]
        where = f"WHERE entry.idx IN ({','.join('?' * len(some))})"
        for entry in stored_entries(store, where, some):
            said[entry.index] = entry, Statement.parse(entry.envelope).body
    found = []
    for mark in chosen:
        entry, body = said[mark.index]
        assert isinstance(body, Hold | Recall)  # a mark is of no other
        ending = None
        if mark.ended >= 0:
            end, word = said[mark.ended]
            assert isinstance(word, LiftHold | RecallClose)  # likewise
            ending = Ending(end.index, end.id, end.ms, word)
        found.append(Case(mark, entry.ms, body, ending))
    return sorted(found, key=lambda one: (one.ending is not None, -one.mark.index))


def case(store: Store, authority: Authority, statement: str) -> Case | None:
    """The hold or recall that a statement opened, None for none."""
    return next(iter(cases(store, authority, [statement])), None)


def answered(store: Store, recall: str) -> dict[str, Answered]:
    """The newest answer of each site to a recall."""
    sql = (
        f"SELECT answer.site, answer.idx, entry.id, entry.ms, {_COUNTS} FROM answer "
        "JOIN entry ON entry.idx = answer.idx WHERE answer.recall = ? ORDER BY answer.site"
    )
    return {
        site: Answered(site, index, statement, ms, Counts(
            held=held, quarantined=quarantined, returned=returned, destroyed=destroyed, none=none
        ))
        for site, index, statement, ms, held, quarantined, returned, destroyed, none in store.rows(
            sql, (recall,)
        )
    }  # fmt: skip


def has_answered(store: Store, recall: str, sites: Iterable[str]) -> set[str]:
    """Which of some sites have answered a recall."""
    sql = "SELECT recall, site FROM answer WHERE site IN (IN)"
    return {site for one, site in store.rows_in(sql, sites) if one == recall}
