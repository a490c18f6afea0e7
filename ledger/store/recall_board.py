"""The live board of a hold or recall: where every pack is that it reaches, as of the newest statement.

A board is counted once, then kept by counting again the few sites that the statements since have
touched. It may always be counted anew, and is equal.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Any, Final, NamedTuple

from ledger.rules.authority import Mark
from ledger.store import content
from ledger.store.database import Store
from ledger.store.recall_counts import STATES, Spot, Tally, count, outermost
from ledger.store.recall_extent import Aim, Births, Extent, aim_of, extent

MOST: Final = 500  # statements that are looked at one by one
LONG: Final = 2_000  # items of a statement that are looked at one by one
KEPT: Final = 500_000  # spots and listed packs of all boards together, some 100 MB
_MAKING: Final = ("commission", "repack")
# What may change a row at another site than the one that says so.
_ELSEWHERE: Final = ("quarantine", "release", "stolen")


class Board(NamedTuple):
    """Packs by spot, which add up to `extent.commissioned`."""

    last: int  # index of the newest event that is counted in, -1 for none
    extent: Extent
    tallies: dict[Spot, Tally]

    @property
    def packs(self) -> int:
        """All packs that are reached."""
        return sum(tally.packs for tally in self.tallies.values())

    def states(self) -> dict[str, Tally]:
        """Packs by state, in the order of `STATES`; those with none are left out."""
        return _summed((spot.state, tally) for spot, tally in self.tallies.items())

    def sites(self) -> dict[str, dict[str, Tally]]:
        """The same by the site where they are, or from where they were sent."""
        found: dict[str, list[tuple[str, Tally]]] = {}
        for spot, tally in self.tallies.items():
            found.setdefault(spot.site, []).append((spot.state, tally))
        return {site: _summed(some) for site, some in sorted(found.items())}

    @property
    def weight(self) -> int:
        """How much there is to keep of it."""
        return 1 + len(self.tallies) + len(self.extent.listed) + len(self.extent.births)

    def at(self, sites: Iterable[str]) -> dict[Spot, Tally]:
        """What is at some sites, comes to them, or left the chain there."""
        wanted = set(sites)
        return {s: t for s, t in self.tallies.items() if s.site in wanted or s.to_site in wanted}


def _summed(some: Iterable[tuple[str, Tally]]) -> dict[str, Tally]:
    found: dict[str, Tally] = {}
    for state, (scanned, inferred) in some:
        before = found.get(state, Tally(0, 0))
        found[state] = Tally(before.scanned + scanned, before.inferred + inferred)
    order = {state: place for place, state in enumerate(STATES)}
    return dict(sorted(found.items(), key=lambda one: (order.get(one[0], len(order)), one[0])))


class Boards:
    """The boards of one store. Threads may share it; whoever asks holds a snapshot."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._births = Births(store)
        self._lock = Lock()
        self._known: OrderedDict[str, tuple[int, Aim, Board]] = OrderedDict()  # guarded by _lock
        self._weight = 0  # of all of them; likewise

    def preview(self, aim: Aim) -> Board:
        """The board that a hold or recall would have, which is not signed yet."""
        births = self._births.all()
        reached = extent(self._store, aim, births)
        return Board(self._last(), reached, count(self._store, reached, births))

    def board(self, mark: Mark) -> Board:
        """The board of a hold or recall as it is now."""
        with self._lock:
            erased = self._erased()
            known = self._known.pop(mark.id, None)
            self._weight -= known[2].weight if known else 0
            if known is None or known[0] != erased:
                aim = aim_of(self._store, mark)
                board = self.preview(aim)
            else:
                aim, board = known[1], self._brought_on(known[1], known[2])
            self._known[mark.id] = erased, aim, board
            self._weight += board.weight
            while self._weight > KEPT and len(self._known) > 1:
                _id, (_erased, _aim, oldest) = self._known.popitem(last=False)
                self._weight -= oldest.weight
            return board

    def _last(self) -> int:
        row = self._store.one("SELECT MAX(idx) FROM act")
        return int(row[0]) if row and row[0] is not None else -1

    def _erased(self) -> int:
        row = self._store.one("SELECT COUNT(*) FROM kept")
        return int(row[0]) if row else 0

    def _brought_on(self, aim: Aim, board: Board) -> Board:
        """A board with what happened since counted in."""
        last = self._last()
        if last == board.last:
            return board
        sql = "SELECT idx, id, op, site, observed FROM act WHERE idx > ? ORDER BY idx LIMIT ?"
        acts = self._store.rows(sql, (board.last, MOST + 1))
        births = self._births.all()
        reached = board.extent
        if any(op in _MAKING for _, _, op, _, _ in acts):
            reached = extent(self._store, aim, births)
        plain = not (reached.births or reached.listed) and reached.lots == board.extent.lots
        touched = self._touched(acts) if plain and last > board.last else None
        if touched is None:
            return Board(last, reached, count(self._store, reached, births))
        fresh = count(self._store, reached, births, touched)
        stay = {spot: t for spot, t in board.tallies.items() if spot.site not in touched}
        return Board(last, reached, stay | fresh)

    def _touched(self, acts: Sequence[tuple[Any, ...]]) -> set[str] | None:
        """The sites whose counts some statements may have changed; None where it may be any."""
        if len(acts) > MOST or any(observed for *_, observed in acts):
            return None
        sites = {act[3] for act in acts}
        named: set[str] = set()
        sql = (
            "SELECT delivery.idx, delivery.over, shipment.site FROM delivery "
            "JOIN shipment ON shipment.idx = delivery.shipment WHERE delivery.idx IN (IN)"
        )
        over = set()
        for index, too_much, sender in self._store.rows_in(sql, (act[0] for act in acts)):
            sites.add(sender)
            if too_much:
                over.add(index)
        for index, statement, op, _, _ in acts:
            if op not in _ELSEWHERE and index not in over:
                continue
            if content.count(self._store, statement) > LONG:
                return None
            named.update(content.every_id(self._store, statement))
        return sites | outermost(self._store, named)
