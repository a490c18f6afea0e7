"""A dry run of a policy over what is on the log, within bounds (see `ledger.rules.dry_run`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from ledger.rules.dry_run import Find, Judged, Landed, Undone
from ledger.rules.dry_run import dry_run as judge
from ledger.statement.events import Event
from ledger.statement.parts import Policy
from ledger.statement.submission import Statement
from ledger.store.database import Store
from ledger.store.kept import Kept
from ledger.store.loading import stored_entries

MOST: Final = 10_000  # statements that are judged: the newest of the period
SHOWN: Final = 20  # examples of each kind of refusal


class Group(NamedTuple):
    """What would have been refused alike: by which rule, which act; the newest by index."""

    code: str
    op: str
    n: int
    examples: list[int]


class Trial(NamedTuple):
    """How a policy would have done: what was judged, since when, and what it would have refused."""

    judged: int
    since_ms: int  # landing of the first that was judged; 0 where none was
    whole: bool  # whether that is all of the period
    groups: list[Group]

    @property
    def refused(self) -> int:
        """How many statements would have been refused."""
        return sum(group.n for group in self.groups)


def trial(store: Store, size: int, policy: Policy, start_ms: int, most: int = MOST) -> Trial:
    """Judge the statements of a log of `size` entries that landed from `start_ms` on."""
    first = _first(store, size, start_ms)
    since = max(first, size - most)
    found: dict[tuple[str, str], list[int]] = {}
    judged, since_ms = 0, 0
    for one in judge(policy, _landed(store, since, size), since, _finder(store)):
        judged, since_ms = judged + 1, since_ms or one.landed.ms
        if one.code:
            found.setdefault((one.code, _op(one)), []).append(one.landed.index)
    groups = [
        Group(code, op, len(indexes), indexes[: -SHOWN - 1 : -1])
        for (code, op), indexes in found.items()
    ]
    groups.sort(key=lambda group: (-group.n, group.code, group.op))
    return Trial(judged, since_ms, since == first, groups)


def _first(store: Store, size: int, start_ms: int) -> int:
    """Index of the first entry that landed at a time or later: landings never go back."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        row = store.one("SELECT ms FROM entry WHERE idx = ?", (middle,))
        assert row is not None  # a log has an entry at each index below its size
        low, high = (low, middle) if row[0] >= start_ms else (middle + 1, high)
    return low


def _landed(store: Store, since: int, size: int) -> Iterator[Landed]:
    erased = Kept(store).erased
    for where, values in (
        ("WHERE entry.governance = 1 AND entry.idx < ?", (since,)),
        ("WHERE entry.idx >= ? AND entry.idx < ?", (since, size)),
    ):
        for entry in stored_entries(store, where, values, erased):
            yield Landed(entry.index, entry.ms, Statement.parse(entry.envelope))


def _finder(store: Store) -> Find:
    """An act by its statement's id, from the query tables."""

    def find(statement: str) -> Undone | None:
        sql = "SELECT act.op, act.ms FROM entry JOIN act ON act.idx = entry.idx WHERE entry.id = ?"
        row = store.one(sql, (statement,))
        return Undone(*row) if row else None

    return find


def _op(one: Judged) -> str:
    body = one.landed.statement.body
    return body.op if isinstance(body, Event) else str(body.__struct_config__.tag)
