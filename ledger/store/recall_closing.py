"""Whether the closing of a recall names all that it leaves open.

How many packs are open hangs on lists that the log only commits to. Whoever has its public part, a
mirror or an audit, cannot count them, so no rule of the log can ask it. It is asked ahead of the log,
where a statement comes in; between the two, quantities may change.
"""

from __future__ import annotations

from typing import Final

from ledger.errors import LedgerError, Refused
from ledger.rules import governing, rights
from ledger.rules.authority import Authority
from ledger.statement.governance import RecallClose
from ledger.statement.submission import Statement
from ledger.store.database import Store
from ledger.store.recall_board import Board, Boards
from ledger.store.recall_counts import STOCK, TRANSIT

# Packs that nobody can take out of trade any more.
UNREACHABLE: Final = ("supplied", "opened", "exported")
# What a recall that is closed leaves open, unless it is none.
LEFT_OPEN: Final = (STOCK, TRANSIT, *UNREACHABLE, "lost", "stolen", "checked_out")


def left_open(board: Board) -> dict[str, int]:
    """The packs that are open, by state; states with none are left out."""
    states = board.states()
    return {state: states[state].packs for state in LEFT_OPEN if state in states}


def named(body: RecallClose) -> int:
    """How many packs a closing names as open, each with its reason."""
    return sum(one.count for one in body.open)


def check(
    store: Store, boards: Boards, authority: Authority, statement: Statement, ms: int
) -> None:
    """Refuse a closing that names fewer packs than are open, at `ms`. Raises Refused.

    Of a statement that the log refuses for another reason it says nothing, and no number to who has
    no right to close the recall.
    """
    body = statement.body
    if not isinstance(body, RecallClose):
        return
    try:
        rights.verify(authority, statement)
        governing.check(authority, statement, ms)
    except LedgerError:
        return  # the log says what is wrong, or that it has it already
    with store.snapshot():
        states = left_open(boards.board(authority.marks[body.recall_id]))
    if named(body) < (packs := sum(states.values())):
        each = ", ".join(f"{n} {state.replace('_', ' ')}" for state, n in states.items())
        raise Refused(
            "open-quantities",
            f"by the log {packs} packs are open ({each}), and the closing names {named(body)}",
        )
