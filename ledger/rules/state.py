"""What the fold knows of items, lots, containers and shipments: plain values, see `world`.

The store writes them down as they are; a proof and a test make them anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple, TypeAlias

import msgspec

ACTIVE = "active"
IN_TRANSIT = "in_transit"
INACTIVE = "inactive"
REFUSED = "refused"  # in transit, on its way back to the sender
SHORT = "short"  # in transit, and closed short by the receiver
OBSERVATION = "observation"  # reason of a hold: a statement about it broke a rule after the fact
OVER = "over"  # reason of a hold: found too much in a delivery
# Holds by somebody's word, which who has the goods may answer.
WEAK = frozenset({OBSERVATION, OVER})
MAX_PARENTS = 5


class Row(msgspec.Struct, frozen=True, gc=False):
    """An item as its own statements left it (custody.md 1).

    Only an outermost row has site, owner and shipment; what is inside a container keeps `active`
    here and takes its effective standing from the outermost row, see `World.outermost`.
    """

    id: str
    status: str
    reason: str  # the operation that made it inactive; in transit REFUSED, SHORT or ""; else ""
    site: str  # GLN; in transit the sender's, inactive where it happened, inside a container ""
    owner: str  # GLN of the owning party, inside a container ""
    parent: str  # id of the container directly around it, or ""
    hold: str  # GLN of the party whose quarantine it is under, or ""
    hold_reason: str
    shipment: int  # index of its newest ship statement, -1 before any and inside a container
    came: str  # GLN of the site that shipped it here, "" before any receipt; see `Draft.came`
    cleared: int  # index of its newest release from quarantine, -1 before any
    last: int  # index of the newest statement about this row itself
    lot: str  # "" for a logistic unit
    born: int  # index of its commissioning
    arrived: int = -1  # index of the receipt by which it came, -1 before any
    joined: int = -1  # index of its packing into `parent`, -1 outside of any container


LotKey: TypeAlias = tuple[str, str]  # GTIN and lot number


class Lot(NamedTuple):
    """A lot has one expiry for ever."""

    gtin: str
    lot: str
    expiry: date
    index: int  # type: ignore[assignment]  # of its first commissioning; hides tuple.index


class Count(NamedTuple):
    """Packs in a container: how many, and how many of them are on hold by a quarantine.

    A container that is itself on hold counts all it holds as held in the containers around it.
    """

    n: int
    held: int


class Shipment(msgspec.Struct, frozen=True, gc=False):
    """What a ship statement announced."""

    index: int
    id: str  # statement id
    op: str  # ship, or a kind of return
    ms: int  # when it landed
    party: str  # the sender's GLN
    site: str  # where it left
    to_party: str  # the destination site's party
    to_site: str
    owner: str  # owner on receipt
    number: str  # tracking number, unique per sender
    received: bool  # True once any receipt stands


class Ref(msgspec.Struct, frozen=True, gc=False):
    """A logged event as others refer to it.

    `observed` is "" for custody; else the code of the rule that it broke after the fact.
    """

    index: int
    id: str
    ms: int  # landing time
    op: str
    by: str
    site: str
    observed: str = ""


class Named(msgspec.Struct, frozen=True, gc=False):
    """What an event names: ids none twice, and the parties whose keys signed it.

    `over` and `missing` are a receipt's. `extras` says that every item carries 32 bytes of extra.
    `staged` is above 0 for a commissioning whose new rows were written ahead: `items` then names
    one of them for all, and `staged_count` says how many they are.
    """

    items: Sequence[str]
    over: Sequence[str] = ()
    missing: Sequence[str] = ()
    extras: bool = False
    signers: frozenset[str] = frozenset()
    staged: int = 0
    staged_count: int = 0

    @property
    def count(self) -> int:
        """How many items the statement acts on."""
        return self.staged_count if self.staged else len(self.items)

    @property
    def all(self) -> Sequence[str]:
        """Everything that is named, in whichever list."""
        if not self.over and not self.missing:
            return self.items
        return (*self.items, *self.over, *self.missing)


class Changes(msgspec.Struct, gc=False):
    """What one accepted event does; `World.apply` folds it in, the store writes it down.

    Rows are whole new rows, in order of first touch. `left` and `joined` name the container by the
    child that left or joined it. `content` adds to the counts of (container,
    gtin, lot). `made` names lots that went into a repacked one. `already` names items on which the
    act changed nothing, with the index that did it before. `observed` is the code of the rule that a
    statement broke after the fact: then nothing but holds is changed.
    """

    rows: dict[str, Row] = {}  # msgspec gives each its own
    joined: dict[str, str] = {}
    left: dict[str, str] = {}
    content: dict[tuple[str, str, str], Count] = {}
    shipment: Shipment | None = None
    lot: Lot | None = None
    made: tuple[tuple[LotKey, LotKey], ...] = ()  # (the new lot, what went in)
    observed: str = ""
    already: dict[str, int] = {}
