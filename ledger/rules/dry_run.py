"""What statements of the past would have met under another policy (custody.md 2, P).

Each is judged as of its own index, by the rules that a policy decides: who may sign what in which role,
how many signatures it needs, how far back its time may lie, how long an act can be undone. What a
policy says of alerts, verdicts, retention and short shipments refuses no statement. What another policy
would have let pass cannot be told: what was refused is not on the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ledger.errors import Refused
from ledger.rules import governing, rights
from ledger.rules.authority import Authority
from ledger.rules.custody import HOUR_MS
from ledger.statement.events import Event
from ledger.statement.governance import Genesis
from ledger.statement.parts import Policy, time_ms
from ledger.statement.submission import Statement


class Landed(NamedTuple):
    """A statement on the log, and when it landed."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    ms: int
    statement: Statement


class Judged(NamedTuple):
    """A statement of the period; `code` of the refusal that it would have met, "" for none."""

    landed: Landed
    code: str


class Undone(NamedTuple):
    """The act that an undo names."""

    op: str
    ms: int


Find = Callable[[str], Undone | None]  # by statement id


class Supposed(Authority):
    """The governance of a log, as if one policy had always been in force."""

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self._supposed = policy

    @property
    def policy(self) -> Policy:
        """The policy that is supposed."""
        return self._supposed

    def policy_at(self, at: int) -> Policy:  # noqa: ARG002 - the same at every index
        """The policy that is supposed."""
        return self._supposed


def dry_run(policy: Policy, landed: Iterable[Landed], since: int, find: Find) -> Iterator[Judged]:
    """Judge the statements from index `since` on by another policy.

    `landed` is all governance from genesis on, and from `since` on every statement, by index. What
    would be refused by the policy that was in force, too, is not that policy's doing: a rule of the
    log may be younger than the statement.
    """
    supposed, real = Supposed(policy), Authority()
    for one in landed:
        if one.index >= since and not isinstance(one.statement.body, Genesis):
            code = _refusal(supposed, one, find)
            yield Judged(one, code if code and not _refusal(real, one, find) else "")
        if not isinstance(one.statement.body, Event):
            supposed.apply(one.statement, one.index)
            real.apply(one.statement, one.index)


def _refusal(authority: Authority, one: Landed, find: Find) -> str:
    """The code of the refusal that a statement meets, "" where it may stand."""
    try:
        _check(authority, one, find)
    except Refused as refused:
        return refused.code
    return ""


def _check(authority: Authority, one: Landed, find: Find) -> None:
    body, policy = one.statement.body, authority.policy
    if not isinstance(body, Event):
        governing.check_rights(authority, one.statement, one.ms)
        rights.check_window(authority, time_ms(body.time), one.ms)
        return
    rights.entitle(authority, one.statement, one.ms)
    undone = find(body.undoes) if body.undoes is not None else None
    if undone is None:
        return
    if undone.op == "export" and not policy.export_undo:
        raise Refused("undo-mismatch")
    if one.ms > undone.ms + policy.undo_hours * HOUR_MS:
        raise Refused("undo-late")
