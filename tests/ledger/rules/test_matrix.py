"""The matrix of operations, statuses and marks, held to a table written by hand (custody.md 3)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from ledger.statement.forms import FORMS
from tests.matrix import MARKS, STATUSES, cell, cells, markdown

DOCS: Final = Path(__file__).resolve().parents[3] / "docs/matrix.md"

# Outcome without any mark, by status in this order:
#   unknown · here · inside · elsewhere · sent · coming · supplied · lost
# "gone" = already-inactive, "-" = the status's own way to say no to everyone: see SHORT.
TABLE: Final = """
commission     | active | dup | dup | dup | dup | dup | dup | dup
pack           | no | active inside | two | holder | transit | transit | gone | gone
unpack         | no | state | active | state | state | state | state | state
ship           | no | in transit | in transit | holder | transit | transit | gone | gone
return         | no | in transit | in transit | holder | transit | transit | gone | gone
recall_return  | no | in transit | in transit | holder | transit | transit | gone | gone
to_destruction | no | in transit | in transit | holder | transit | transit | gone | gone
void           | no | absent | absent | absent | active | holder | absent | absent
refuse         | named | named | named | named | named | in transit (refused) | named | named
receive        | no | absent | absent | absent | named | active | absent | absent
close_short    | named | named | named | named | named | in transit (short) | named | named
supply         | no | inactive (supply) | inactive (supply) | holder | transit | transit | already | gone
open           | no | inactive (open) | inactive (open) | holder | transit | transit | gone | gone
sample         | no | inactive (sample) | inactive (sample) | holder | transit | transit | gone | gone
free_sample    | no | inactive (free sample) | inactive (free sample) | holder | transit | transit | gone | gone
export         | no | inactive (export) | inactive (export) | holder | transit | transit | gone | gone
lost           | no | inactive (lost) | inactive (lost) | holder | inactive (lost) | holder | gone | already
stolen         | no | inactive (stolen) | inactive (stolen) | holder | inactive (stolen) | holder | gone | gone
destroyed      | no | inactive (destroyed) | inactive (destroyed) | holder | inactive (destroyed) | holder | gone | gone
found          | no | state | state | state | transit | transit | gone | active, on hold
quarantine     | no | active, on hold | active, on hold | holder | in transit, on hold | holder | gone | gone
release        | no | state | state | state | state | state | gone | gone
check_out      | no | inactive (check out) | inactive (check out) | holder | transit | transit | gone | gone
repack         | active | dup | dup | dup | dup | dup | dup | dup
transfer       | no | active | state | active | transit | transit | gone | gone
undo           | no | undo | undo | undo | undo | undo | active | undo
enrol          | no | active | active inside | active | transit | transit | gone | gone
inspect        | unchanged | unchanged | unchanged | unchanged | unchanged | unchanged | unchanged | unchanged
"""
SHORT: Final = {
    "no": "unknown-item", "dup": "duplicate-serial", "two": "two-containers",
    "holder": "not-holder", "transit": "in-transit", "gone": "already-inactive",
    "state": "wrong-state", "absent": "not-in-shipment", "named": "not-named",
    "undo": "undo-mismatch",
}  # fmt: skip
BLOCKS: Final = {
    "recalled": "blocked-recalled", "withdrawn": "blocked-withdrawn", "held": "blocked-hold",
    "quarantine": "blocked-hold", "expired": "blocked-expired", "key-suspect": "blocked-hold",
}  # fmt: skip
# What a mark stops: what sends stock on, gives it out, or makes new stock of it.
STOPPED: Final = {
    "pack", "ship", "supply", "open", "free_sample", "export", "check_out", "repack", "undo"
}  # fmt: skip
# What makes stock safe stays open to a suspended party.
SAFE: Final = {
    "receive", "return", "recall_return", "to_destruction", "quarantine", "lost", "stolen", "destroyed"
}  # fmt: skip


def by_hand() -> dict[tuple[str, str, str], str]:
    """The table with its marks: what a mark does follows from three rules."""
    wanted = {}
    for line in TABLE.strip().split("\n"):
        op, *outcomes = (part.strip() for part in line.split("|"))
        for status, outcome in zip(STATUSES, outcomes, strict=True):
            plain = SHORT.get(outcome, outcome)
            allowed = plain not in SHORT.values() and plain != "already"
            for mark in MARKS:
                found = plain
                if mark == "suspended" and op not in SAFE:
                    found = "suspended"
                elif mark in BLOCKS and op in STOPPED and (allowed or (op, status) in LATER):
                    found = BLOCKS[mark]
                wanted[op, status, mark] = found
    return {**wanted, **EXCEPT}


# What stops an inside pack first, where two rules stand in the way: the mark, then the container;
# a repacking looks at what goes in before at what comes out.
LATER: Final = {("pack", "inside"), *(("repack", status) for status in STATUSES)}
EXCEPT: Final = {
    # The pack's own quarantine: what is held already, and what may be released.
    **{("quarantine", status, "quarantine"): "wrong-state" for status in ("here", "inside", "sent")},
    **{("release", s, "quarantine"): "active, released" for s in ("here", "elsewhere")},
    ("release", "inside", "quarantine"): "active inside, released",
    **{("release", s, "quarantine"): "in transit, released" for s in ("sent", "coming")},
    ("found", "lost", "quarantine"): "active",
    # A quarantine of a pack that exists is none of what goes into a repacking.
    **{("repack", status, "quarantine"): "duplicate-serial" for status in STATUSES if status != "unknown"},
}  # fmt: skip


def test_every_cell_is_as_the_table_by_hand_has_it() -> None:
    wanted = by_hand()
    found = {(op, status, mark): outcome for op, status, mark, outcome in cells()}
    assert {key: (found[key], wanted[key]) for key in found if found[key] != wanted[key]} == {}
    assert {op for op, _, _ in found} == set(FORMS)
    assert len(found) > 1_700


def test_the_docs_print_the_matrix_of_this_code() -> None:
    assert DOCS.read_text() == markdown(), "run `make matrix`"


@pytest.mark.parametrize("op", sorted(SAFE))
def test_no_mark_stops_what_makes_stock_safe(op: str) -> None:
    at = "coming" if op == "receive" else "here"
    outcomes = {cell(op, at, mark) for mark in MARKS if mark != "quarantine"}
    assert len(outcomes) == 1
    assert outcomes.pop() not in SHORT.values()
