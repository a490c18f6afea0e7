"""The custody fold of an audit: whether packs were where the statements say, by the log's own rule.

Pure; a part of `audit`, which has checked signatures and rights before. As long as every event is
known, `decide` judges them one by one. From the first whose content the auditor may not see on, what
is not shown could explain nearly anything: then only what two known statements contradict is a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from ledger.errors import Refused
from ledger.rules import marks
from ledger.rules.authority import Authority
from ledger.rules.custody import decide
from ledger.rules.operations import OPERATIONS
from ledger.rules.state import ACTIVE, Named, Ref
from ledger.rules.world import Loaders, World
from ledger.statement.events import Event
from ledger.statement.forms import AFTER_THE_FACT
from ledger.statement.governance import Hold, Recall
from ledger.statement.gs1 import gtin_of
from ledger.statement.items import Item
from ledger.statement.submission import Statement, Submission

_FOR_EVER: Final = frozenset({"destroyed", "stolen"})


class Custody:
    """The fold so far, of a log whose entries are all known before entry `gap`.

    `known` gives what the statement at an index is known to name, or None.
    """

    def __init__(self, gap: int, size: int, known: Callable[[int], Submission | None]) -> None:
        def items(index: int) -> list[str] | None:
            told = known(index)
            return [*_named(told, frozenset()).all] if told is not None else None

        self._gap = gap
        self._world = World(Loaders(items=items))
        self._pairs = _Pairs() if gap < size else None

    def scope(self, statement: Statement, index: int) -> None:
        """Judge what a hold or recall names. Raises Refused."""
        if index < self._gap and isinstance(statement.body, Hold | Recall):
            marks.check_scope(self._world, statement.body.scope)

    def take(
        self, authority: Authority, told: Submission, signers: frozenset[str], index: int, ms: int
    ) -> None:
        """Fold an event in, by all that it names. Raises Refused; then it is not folded in."""
        event = told.statement.body
        assert isinstance(event, Event)
        if self._pairs is not None:
            self._pairs.take(told, index)
        if index >= self._gap:
            return
        named = _named(told, signers)
        statement_id = told.statement.id
        changes = decide(self._world, authority, event, statement_id, named, index, ms)
        ref = Ref(index, statement_id, ms, event.op, event.by, event.read_point, changes.observed)
        keyids = [signature.keyid for signature in told.statement.envelope.signatures]
        self._world.apply(changes, ref, event, keyids, named.all)


class _Pairs:
    """What two statements that are both known cannot say, whatever lies between them."""

    def __init__(self) -> None:
        self._ships: dict[str, tuple[Event, frozenset[str]]] = {}
        self._received: dict[tuple[str, str], int] = {}  # (shipment, item) -> index
        self._made: dict[str, int] = {}  # item -> index of its commissioning
        self._expiries: dict[tuple[str, str], tuple[date, int]] = {}
        self._gone: dict[str, tuple[str, int]] = {}  # item -> how, and by which entry

    def take(self, told: Submission, index: int) -> None:
        """Hold an event against those before it. Raises Refused with the entry in the way."""
        event = told.statement.body
        assert isinstance(event, Event)
        if event.declared == AFTER_THE_FACT or event.op == "inspect":
            return  # an observation counts for nothing, and a look changes nothing
        ids = [item.id for item in told.items]
        if event.op == "commission":
            self._commission(event, ids, index)
        elif event.dest_site is not None:
            self._ships[told.statement.id] = event, frozenset(ids)
        elif event.shipment in self._ships:
            self._delivery(event, ids, index)
        for item in ids:
            how, gone = self._gone.get(item, ("", 0))
            if gone and event.op != how:
                raise Refused("already-inactive", f"{item} is gone for ever by entry {gone}")
            if event.op in _FOR_EVER:
                self._gone.setdefault(item, (event.op, index))

    def _commission(self, event: Event, ids: Sequence[str], index: int) -> None:
        for item in ids:
            if (first := self._made.setdefault(item, index)) != index:
                raise Refused("duplicate-serial", f"{item} was commissioned as entry {first}")
        if event.lot is not None and event.expiry is not None:
            key = (gtin_of(ids[0]), event.lot)
            before, first = self._expiries.setdefault(key, (event.expiry, index))
            if before != event.expiry:
                raise Refused("second-expiry", f"its lot expires on {before} by entry {first}")

    def _delivery(self, event: Event, ids: Sequence[str], index: int) -> None:
        """Void, refuse, receive, close_short against the shipment that they name."""
        assert event.shipment is not None
        ship, sent = self._ships[event.shipment]
        if event.read_point not in (ship.dest_site, ship.read_point):
            raise Refused("not-named", f"the shipment names site {ship.dest_site}")
        for item in ids:
            if item not in sent:
                raise Refused("not-in-shipment", f"{item} is not in the shipment that it names")
            key = (event.shipment, item)
            if key in self._received:
                words = f"{item} came out of this shipment by entry {self._received[key]}"
                raise Refused("wrong-state", words)
            if OPERATIONS[event.op].becomes == ACTIVE:
                self._received[key] = index


def _named(told: Submission, signers: frozenset[str]) -> Named:
    def ids(items: Sequence[Item]) -> list[str]:
        return [item.id for item in items]

    extras = bool(told.items) and all(item.extra for item in told.items)
    return Named(ids(told.items), ids(told.over), ids(told.missing), extras, signers)
