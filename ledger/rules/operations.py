"""The table of custody.md 3 as data: from which status an operation takes an item to which.

One line an operation that this log accepts; `custody` reads it, the docs print it. The EPCIS forms
of the operations, accepted or not, are `ledger.statement.forms`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ledger.rules.state import ACTIVE, IN_TRANSIT, INACTIVE

UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Operation:
    """What must hold of an item's effective standing, and what the operation makes of it.

    `here`: the outermost container is at the readPoint. `stops_blocked`: a mark that blocks refuses
    it. `takes_out`: what lies in a container here comes out first, without an extra statement.
    `packs_only`: logistic units are refused. `empty`: a container may hold nothing. `becomes` None
    leaves the status as it is.
    """

    sources: frozenset[str]
    becomes: str | None
    here: bool = True
    stops_blocked: bool = False
    takes_out: bool = False
    packs_only: bool = False
    empty: bool = False


def _op(sources: str, becomes: str | None, **more: bool) -> Operation:
    return Operation(frozenset(sources.split()), becomes, **more)


_GOING: Final = f"{ACTIVE} {IN_TRANSIT}"
_RETURN: Final = _op(ACTIVE, IN_TRANSIT, takes_out=True)

OPERATIONS: Final[Mapping[str, Operation]] = MappingProxyType(
    {
        "commission": _op(UNKNOWN, ACTIVE, here=False),
        "pack": _op(ACTIVE, ACTIVE, stops_blocked=True),
        "unpack": _op(ACTIVE, ACTIVE),
        "ship": _op(ACTIVE, IN_TRANSIT, stops_blocked=True, takes_out=True),
        "return": _RETURN,
        "recall_return": _RETURN,
        "to_destruction": _RETURN,
        "void": _op(IN_TRANSIT, ACTIVE, here=False),
        "refuse": _op(IN_TRANSIT, IN_TRANSIT, here=False),
        "receive": _op(IN_TRANSIT, ACTIVE, here=False),
        "close_short": _op(IN_TRANSIT, IN_TRANSIT, here=False),
        "supply": _op(ACTIVE, INACTIVE, stops_blocked=True, takes_out=True, packs_only=True),
        "open": _op(ACTIVE, INACTIVE, stops_blocked=True, takes_out=True, packs_only=True),
        "sample": _op(ACTIVE, INACTIVE, takes_out=True, empty=True),
        "free_sample": _op(ACTIVE, INACTIVE, stops_blocked=True, takes_out=True, empty=True),
        "export": _op(ACTIVE, INACTIVE, stops_blocked=True, takes_out=True),
        "lost": _op(_GOING, INACTIVE, takes_out=True),
        "stolen": _op(_GOING, INACTIVE, here=False, takes_out=True),
        "destroyed": _op(_GOING, INACTIVE, takes_out=True, empty=True),
        "found": _op(INACTIVE, ACTIVE),
        "quarantine": _op(_GOING, None, here=False, takes_out=True),
        "release": _op(_GOING, None, here=False),
        "check_out": _op(
            ACTIVE, INACTIVE, stops_blocked=True, takes_out=True, packs_only=True
        ),
        "repack": _op(UNKNOWN, ACTIVE, here=False),
        "transfer": _op(ACTIVE, None, here=False),
        "undo": _op(INACTIVE, ACTIVE, stops_blocked=True),
        "enrol": _op(ACTIVE, None, here=False),
        "inspect": _op(f"{UNKNOWN} {ACTIVE} {IN_TRANSIT} {INACTIVE}", None, here=False),
    }
)  # fmt: skip

RETURNS: Final = frozenset({"return", "recall_return", "to_destruction"})
SUPPLIES: Final = frozenset({"supply", "open"})  # what a pharmacy hands out, whole or in part
UNDOABLE: Final = SUPPLIES | {"sample", "free_sample", "export", "check_out"}
DESTRUCTION: Final = "destruction"  # the activity of a site licensed to destroy
