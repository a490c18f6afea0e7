"""The table of custody.md 3 as data: from which status an operation takes an item to which.

One line an operation that this log accepts; `custody` reads it, the docs print it. The EPCIS forms
of the operations, accepted or not, are `ledger.statement.forms`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ledger.rules.world import ACTIVE, IN_TRANSIT, INACTIVE

UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Operation:
    """What must hold of an item's effective standing, and what the operation makes of it.

    `here`: the outermost container is at the readPoint. `stops_blocked`: a mark that blocks refuses
    it. `takes_out`: what lies in a container here comes out first, without an extra statement.
    `packs_only`: logistic units are refused. `becomes` None leaves the status as it is.
    """

    sources: frozenset[str]
    becomes: str | None
    here: bool = True
    stops_blocked: bool = False
    takes_out: bool = False
    packs_only: bool = False


def _op(sources: str, becomes: str | None, **more: bool) -> Operation:
    return Operation(frozenset(sources.split()), becomes, **more)


OPERATIONS: Final[Mapping[str, Operation]] = MappingProxyType(
    {
        "commission": _op(UNKNOWN, ACTIVE, here=False),
        "pack": _op(ACTIVE, ACTIVE, stops_blocked=True),
        "unpack": _op(ACTIVE, ACTIVE),
        "ship": _op(ACTIVE, IN_TRANSIT, stops_blocked=True, takes_out=True),
        "receive": _op(IN_TRANSIT, ACTIVE, here=False),
        "void": _op(IN_TRANSIT, ACTIVE, here=False),
        "supply": _op(ACTIVE, INACTIVE, stops_blocked=True, takes_out=True, packs_only=True),
        "undo": _op(INACTIVE, ACTIVE, stops_blocked=True),
        "quarantine": _op(f"{ACTIVE} {IN_TRANSIT}", None, here=False, takes_out=True),
        "release": _op(f"{ACTIVE} {IN_TRANSIT}", None, here=False),
    }
)

UNDOABLE: Final = frozenset(
    {"supply", "open", "sample", "free_sample", "export", "checked_out"}
)  # what an undo takes back, as reasons of an inactive row
