"""What sites closed themselves, for the authority: who closed what, how soon, as what, and why.

The pack, the evidence and the notes stay the site's: a site that closes too much is asked for them.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from app.goods import site_name
from app.node import node
from ledger.store.cases import Case
from ledger.store.desk import Person

COLUMNS: Final = (
    "number", "rule", "cause", "site", "place", "opened", "closed", "decision", "root", "closing"
)  # fmt: skip


class Closing(NamedTuple):
    """A case that its site closed before it went on, and where that was."""

    case: Case
    place: str


def by_sites(who: Person, limit: int) -> list[Closing]:
    """The cases that sites closed themselves, newest first; none for anybody but the authority."""
    authority = node().reader.authority()
    if who.party != authority.gln:
        return []
    found = node().desk.cases.closed_by_sites(limit)
    return [Closing(case, site_name(authority, case.site)) for case in found]


def row(closing: Closing) -> tuple[Any, ...]:
    """A closing for programs: COLUMNS."""
    case = closing.case
    return (
        case.number, case.rule, case.cause, case.site, closing.place, case.opened, case.closed,
        case.decision, case.root, case.closing,
    )  # fmt: skip
