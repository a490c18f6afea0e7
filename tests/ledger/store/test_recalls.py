"""What a recall reaches is counted where it lies: nothing is left out and nothing counted twice."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ledger.errors import LedgerError
from ledger.rules import marks
from ledger.rules.authority import Mark
from ledger.rules.operations import RETURNS, UNDOABLE
from ledger.rules.state import ACTIVE, IN_TRANSIT, REFUSED, Row
from ledger.rules.world import World
from ledger.statement.forms import AFTER_THE_FACT
from ledger.statement.gs1 import gtin_of
from ledger.statement.parts import Counts
from ledger.store import recall_board, staging
from ledger.store.content import every_id
from ledger.store.database import Store
from ledger.store.recall_board import Board, Boards
from ledger.store.recall_counts import GONE, HOLD, STOCK, TRANSIT, count
from ledger.store.recall_extent import Aim, Extent
from ledger.store.recall_packs import inside, things
from ledger.store.recalls import answered, case, cases, has_answered
from tests.ledger.store.test_machine import LEAVES
from tests.postgres import Server
from tests.world import Chain, Member, seed

EXPIRY: Final = date(2028, 1, 31)
COUNTS: Final = Counts(destroyed=0, held=1, none=0, quarantined=2, returned=3)
Expected = Counter[tuple[str, str, str, str]]


def reached(chain: Chain, world: World, mark: Mark, row: Row) -> bool:
    """Whether a mark lies on a pack, by the rule that the log refuses by."""
    if mark.scope_is_lots:
        return any(
            gtin == mark.gtin and mark.covers_lot(lot)
            for gtin, lot in world.origins(gtin_of(row.id), row.lot)
        )
    return marks.on_pack(world, mark, row) is not None


def by_packs(chain: Chain, mark: Mark) -> Expected:
    """The board, pack by pack: (state, site, other site, lot)."""
    world, found = chain.reader.world(), Expected()
    for (item,) in chain.store.rows("SELECT id FROM item WHERE lot <> ''"):
        row = world.row(item)
        assert row is not None
        if not reached(chain, world, mark, row):
            continue
        root, to = world.outermost(row), ""
        held = any(one.hold for one in (row, *world.chain(row)))
        if root.status == ACTIVE:
            state = HOLD if held else STOCK
        elif root.status == IN_TRANSIT:
            state, shipment = TRANSIT, world.shipment(root.shipment)
            assert shipment is not None
            to = shipment.site if root.reason == REFUSED else shipment.to_site
        else:
            state = GONE[root.reason]
        found[state, root.site, to, row.lot] += 1
        if scanned(chain, world, row):
            found["scanned", root.site, to, row.lot] += 1
    return found


def scanned(chain: Chain, world: World, row: Row) -> bool:
    """Whether a pack was named by itself when it got where it is, by what the statements say."""
    around = list(world.chain(row))
    if around:
        return all(one.arrived < 0 for one in around)
    if row.reason == "repack":
        return True  # as it was checked out
    logged = chain.reader.logged(row.last)
    return row.last == row.born or row.id in every_id(chain.store, logged.id)


def told(board: Board) -> Expected:
    found = Expected()
    for spot, tally in board.tallies.items():
        assert min(tally) >= 0
        found[spot.state, spot.site, spot.to_site, spot.lot] += tally.packs
        found["scanned", spot.site, spot.to_site, spot.lot] += tally.scanned
    return +found


def packs_of(found: Expected) -> list[int]:
    return [n for (state, *_), n in found.items() if state != "scanned"]


class Recalled(RuleBasedStateMachine):
    """Members deal in what they have; each board adds up at every index, kept or counted anew."""

    new_url: ClassVar[Callable[[], str]] = staticmethod(lambda: "")  # SQLite, in the folder

    @initialize()
    def found(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.chain = chain = Chain(self.folder, url=self.new_url())
        chain.commission("L1", 6)
        self.first = chain.event(
            "commission", chain.maker, chain.pack_ids("L2", 3), lot="L2", expiry=EXPIRY
        )
        chain.log.submit(self.first)
        self.pick = [*chain.pack_ids("L1", 6)[:2], chain.pack_ids("L2", 3)[1]]
        self.units = [chain.unit(member) for member in chain.members[:2] for _ in range(2)]
        chain.hand_over(chain.maker, chain.pack_ids("L1", 6)[4:], chain.pharmacy)
        out = chain.act("check_out", chain.maker, chain.pack_ids("L1", 4)[3:])
        made = chain.pack_ids("R", 2)
        chain.act("repack", chain.maker, made, inputs=(out.id,), lot="R1", expiry=EXPIRY)
        self.boards, self.other = Boards(chain.store), Boards(chain.store)
        chain.log.submit(chain.lift(chain.log.submit(chain.listed(chain.hold, self.pick))))
        self.steps = self.made = 0
        for member in chain.members:
            chain.log.submit(chain.key_add(member, f"{member.name} second"))

    def at(self, site: str) -> Member:
        return next(one for one in self.chain.members if one.site == site)

    def rows(self, where: str, *values: object) -> list[Any]:
        columns = "id, site, shipment, last, reason"
        sql = f"SELECT {columns} FROM item WHERE {where} ORDER BY id"
        return self.chain.store.rows(sql, values)

    def some(self, data: Any, where: str, *values: object) -> tuple[Member, list[str]] | None:
        """Some items at one site, of those that are so."""
        found = self.rows(where, *values)
        if not found:
            return None
        site = data.draw(st.sampled_from(sorted({row[1] for row in found})))
        ids = [row[0] for row in found if row[1] == site]
        chosen = data.draw(st.lists(st.sampled_from(ids), min_size=1, max_size=4, unique=True))
        return self.at(site), chosen

    def attempt(self, op: str, who: Member, ids: list[str], **fields: Any) -> bool:
        to = fields.pop("to", None)
        made = (
            self.chain.ship_event(who, ids, to, op=op)
            if to is not None
            else self.chain.event(op, who, ids, **fields)
        )
        try:
            self.chain.log.submit(made)
        except LedgerError:
            return False
        return True

    def other_than(self, data: Any, who: Member) -> Member:
        return data.draw(st.sampled_from([m for m in self.chain.members if m is not who]))

    @precondition(lambda self: self.made < 3)
    @rule(data=st.data())
    def commission(self, data: Any) -> None:
        self.made += 1
        ids = self.chain.pack_ids(f"M{self.made}", data.draw(st.integers(1, 3)))
        lot = data.draw(st.sampled_from(["L1", "L2", "L3"]))
        self.attempt("commission", self.chain.maker, ids, lot=lot, expiry=EXPIRY)

    @rule(data=st.data())
    def pack(self, data: Any) -> None:
        if found := self.some(data, "status = 'active' AND parent = ''"):
            units = [
                row[0] for row in self.rows("lot = '' AND site = ? AND parent = ''", found[0].site)
            ]
            if units:
                parent = data.draw(st.sampled_from(units))
                self.attempt("pack", *found, parent=parent)

    @rule(data=st.data(), whole=st.booleans())
    def unpack(self, data: Any, whole: bool) -> None:
        full = [(p, s) for p, s in self.chain.store.rows(
            "SELECT DISTINCT parent.id, parent.site FROM item JOIN item AS parent "
            "ON parent.id = item.parent WHERE parent.site <> '' ORDER BY parent.id")]  # fmt: skip
        if full:
            unit, site = data.draw(st.sampled_from(full))
            ids = [row[0] for row in self.rows("parent = ?", unit)]
            chosen = [] if whole else ids[:1]
            self.attempt("unpack", self.at(site), chosen, parent=unit)

    @rule(data=st.data())
    def hand_over(self, data: Any) -> None:
        """Shipped and received at once, so that goods get about."""
        if found := self.some(data, "status = 'active' AND parent = '' AND hold = ''"):
            who, ids = found
            to = self.other_than(data, who)
            if self.attempt("ship", who, ids, to=to):
                ship = self.chain.reader.logged(self.chain.reader.head().size - 1)
                self.attempt("receive", to, ids, shipment=ship.id)

    @rule(data=st.data(), op=st.sampled_from(["ship", "ship", "ship", *sorted(RETURNS)]))
    def ship(self, data: Any, op: str) -> None:
        if found := self.some(data, "status = 'active' AND parent = ''"):
            self.attempt(op, *found, to=self.other_than(data, found[0]))

    @rule(data=st.data(), op=st.sampled_from([*["receive"] * 4, "refuse", "close_short", "void"]))
    def end_a_shipment(self, data: Any, op: str) -> None:
        under_way = self.rows("status = 'in_transit' AND parent = ''")
        if not under_way:
            return
        index = data.draw(st.sampled_from(sorted({row[2] for row in under_way})))
        shipment = self.chain.reader.world().shipment(index)
        assert shipment is not None
        ids = [row[0] for row in under_way if row[2] == index]
        some = data.draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
        lists: dict[str, list[str]] = {"missing": [], "over": []}
        if op == "receive" and data.draw(st.booleans()):
            inside = [row[0] for one in some for row in self.rows("parent = ?", one)]
            lists["missing"] = inside[:1]
        if op == "receive" and data.draw(st.booleans()):
            lists["over"] = [row[0] for row in self.rows("lot <> '' AND shipment <> ?", index)][:1]
        back = any(row[4] == "refused" for row in under_way if row[0] in some)
        site = shipment.site if op == "void" or back else shipment.to_site
        self.attempt(op, self.at(site), some, shipment=shipment.id, **lists)

    @rule(
        data=st.data(),
        op=st.sampled_from(sorted(LEAVES - {"found"})),
        late=st.booleans(),
        unit=st.booleans(),
    )
    def leave(self, data: Any, op: str, late: bool, unit: bool) -> None:
        lot = "lot = ''" if unit else "lot <> ''"
        if found := self.some(data, f"status <> 'inactive' AND parent = '' AND {lot}"):
            who = found[0]
            fields: dict[str, Any] = {"declared": AFTER_THE_FACT} if late else {}
            if op == "destroyed":
                fields["keys"] = [who.key, seed(f"{who.name} second")]
            self.attempt(op, *found, **fields)

    @rule(data=st.data())
    def come_back(self, data: Any) -> None:
        undoable = ", ".join(f"'{op}'" for op in (*sorted(UNDOABLE), "lost"))
        gone = self.rows(f"status = 'inactive' AND parent = '' AND reason IN ({undoable})")
        if gone:
            item, site, _, last, reason = data.draw(st.sampled_from(gone))
            if reason == "lost":
                self.attempt("found", self.at(site), [item])
            else:
                undoes = self.chain.reader.logged(last).id
                self.attempt("undo", self.at(site), [item], undoes=undoes)

    @rule(
        data=st.data(),
        op=st.sampled_from(["quarantine", "release", "stolen"]),
        by=st.integers(0, 2),
    )
    def from_elsewhere(self, data: Any, op: str, by: int) -> None:
        """Whoever holds it, its maker or the authority; also what lies in a container."""
        held = "hold <> ''" if op == "release" else "hold = ''"
        ids = [row[0] for row in self.rows(f"status <> 'inactive' AND {held}")]
        if not ids:
            return
        item = data.draw(st.sampled_from(ids))
        row = self.chain.reader.world().row(item)
        holder = self.at(self.chain.reader.world().outermost(row).site)
        who = [holder, self.chain.maker, self.chain.authority][by]
        fields = {"reason": "suspect"} if op == "quarantine" else {}
        self.attempt(op, who, [item], **fields)

    @rule(data=st.data())
    def repack(self, data: Any) -> None:
        out = self.rows("reason = 'check_out'")
        if out:
            self.made += 1
            undoes = self.chain.reader.logged(data.draw(st.sampled_from(out))[3]).id
            ids = self.chain.pack_ids(f"R{self.made}", 2)
            lot = data.draw(st.sampled_from(["R1", "R2", "L3"]))
            self.attempt("repack", self.chain.maker, ids, inputs=(undoes,), lot=lot, expiry=EXPIRY)

    @invariant()
    def every_pack_is_on_the_board_once(self) -> None:
        if not hasattr(self, "steps"):
            return
        chain, authority = self.chain, self.chain.reader.authority()
        gtin, one = chain.gtin, self.first.statement.id
        made = [
            Mark("recalled", "product", -1, "", gtin, None, False, ""),
            Mark("recalled", "lot", -1, "", gtin, frozenset({"L1"}), False, ""),
            Mark("recalled", "lots", -1, "", gtin, frozenset({"L2", "R1", "L9"}), False, ""),
            Mark("recalled", "one", -1, "", gtin, None, False, one),
            *authority.marks.values(),
        ]
        self.steps += 1
        for mark in made:
            wanted = by_packs(chain, mark)
            board = self.boards.board(mark)
            assert told(board) == wanted, mark
            assert board.packs == board.extent.commissioned == sum(packs_of(wanted))
            assert Boards(chain.store).board(mark) == board
            if self.steps % 3 == 0:  # several statements at once
                assert self.other.board(mark) == board
            self.leads_to_its_packs(board, wanted)

    def leads_to_its_packs(self, board: Board, wanted: Expected) -> None:
        """Each number on the board is that of the packs behind it, page by page."""
        store = self.chain.store
        for state, site in {(spot.state, spot.site) for spot in board.tallies}:
            found, after = 0, ""
            while page := things(store, board.extent, state, site, 2, after):
                after = page[-1].id
                found += sum(one.packs for one in page)
                for one in page:
                    if not one.lot:
                        held = inside(store, board.extent, one.id, 99, state=state)
                        assert one.packs == len(held)
            n = sum(n for (s, at, *_), n in wanted.items() if (s, at) == (state, site))
            assert found == n, (state, site)

    def teardown(self) -> None:
        if hasattr(self, "chain"):
            self.chain.store.close()
            shutil.rmtree(self.folder)


PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # to shrink a history takes minutes
SETTINGS = settings(max_examples=30, stateful_step_count=30, phases=PHASES)


def test_boards_add_up_at_every_index_on_sqlite() -> None:
    run_state_machine_as_test(Recalled, settings=SETTINGS)


def test_boards_add_up_on_postgres(postgres: Server) -> None:
    class OnPostgres(Recalled):
        new_url = staticmethod(postgres.database)

    run_state_machine_as_test(
        OnPostgres, settings=settings(max_examples=4, stateful_step_count=20, phases=PHASES)
    )


def test_a_long_commissioning_is_counted_before_its_rows_are_settled(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    packs = chain.commission("L1", 2)
    monkeypatch.setattr(staging, "settle", lambda _store: None)
    long = chain.event(
        "commission", chain.maker, chain.pack_ids("BIG", 20_000), lot="L1", expiry=EXPIRY
    )
    chain.log.submit(long)
    assert chain.store.one("SELECT 1 FROM item WHERE status = 'pending'") is not None
    boards, site = Boards(chain.store), chain.maker.site
    for aim, n in (
        (Aim(chain.gtin, frozenset({"L1"})), 20_002),
        (Aim(chain.gtin, statement=long.statement.id), 20_000),
        (Aim(chain.gtin, listed=frozenset([packs[0], chain.pack_ids("BIG", 1)[0]])), 2),
    ):
        board = boards.preview(aim)
        assert board.states() == {STOCK: (n, 0)}
        assert board.packs == board.extent.commissioned == n
        found = things(chain.store, board.extent, STOCK, site, 30_000)
        assert len({one.id for one in found}) == n


def test_any_number_of_holds_is_counted_once_and_long_lists_make_room(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each site's home page asks for all that are in force: more than are kept would be counted anew."""
    packs = chain.commission("L1", 9)
    counted: list[int] = []

    def noted(store: Store, reached: Extent, *more: Any) -> Any:
        counted.append(reached.commissioned)
        return count(store, reached, *more)

    monkeypatch.setattr(recall_board, "count", noted)
    lots = [f"L{n}" for n in range(400)]
    boards = Boards(chain.store)
    for _look in range(2):
        for lot in lots:
            mark = Mark("on-hold", lot, -1, "", chain.gtin, frozenset({lot}), False, "")
            assert boards.board(mark).packs == (9 if lot == "L1" else 0)
    assert len(counted) == len(lots)

    monkeypatch.setattr(recall_board, "KEPT", 25)
    boards, holds = Boards(chain.store), []
    for _ in range(4):
        listed = chain.log.submit(chain.listed(chain.hold, packs))
        holds.append(chain.reader.authority().marks[listed.id])
    kept = 2  # of a list of nine and its one spot each
    for mark in holds:
        boards.board(mark)
    counted.clear()
    for mark in reversed(holds):
        assert boards.board(mark).packs == 9
    assert len(counted) == len(holds) - kept


def test_a_recall_reaches_what_was_repacked_twice(chain: Chain) -> None:
    """One pack of the lot goes into a second lot, of that one pack into a third."""
    packs = chain.commission("L1", 3)
    other = chain.commission("L2", 2)
    made: list[list[str]] = []
    for lot, went_in in (("R1", packs[:1]), ("R2", [])):
        out = chain.act("check_out", chain.maker, went_in or made[0][:1])
        made.append([f"{chain.pack_ids(lot, 1)[0]}{n}" for n in range(2)])
        chain.act("repack", chain.maker, made[-1], inputs=(out.id,), lot=lot, expiry=EXPIRY)
    world = chain.reader.world()
    first = world.row(packs[0])
    assert first is not None
    boards = Boards(chain.store)
    for aim, n in (
        (Aim(chain.gtin, frozenset({"L1"})), 7),
        (Aim(chain.gtin, frozenset({"R1"})), 4),
        (Aim(chain.gtin, statement=chain.reader.logged(first.born).id), 7),
        (Aim(chain.gtin, listed=frozenset(packs[:1])), 5),
        (Aim(chain.gtin, listed=frozenset(packs[1:])), 2),
        (Aim(chain.gtin, frozenset({"L2"})), len(other)),
    ):
        board = boards.preview(aim)
        assert board.packs == board.extent.commissioned == n, aim


def test_what_ended_is_told_with_what_ended_it(chain: Chain) -> None:
    chain.commission("L1", 1)
    hold = chain.log.submit(chain.hold(chain.scope(lots=["L1"])))
    first = chain.log.submit(chain.recall_of(chain.scope(lots=["L1"])))
    second = chain.log.submit(chain.recall_of(chain.scope(lots=["L2"])))
    lift, close = chain.log.submit(chain.lift(hold)), chain.log.submit(chain.recall_close(first))
    found = cases(chain.store, chain.reader.authority())
    assert [(one.id, one.status, one.is_hold) for one in found] == [
        (second.id, "ongoing", False), (first.id, "completed", False), (hold.id, "lifted", True),
    ]  # fmt: skip
    assert [one.ending and one.ending.id for one in found] == [None, close.id, lift.id]
    assert case(chain.store, chain.reader.authority(), "0" * 64) is None
    chain.log.submit(chain.answer(chain.pharmacy, second))
    again = chain.log.submit(chain.answer(chain.pharmacy, second, counts=COUNTS))
    told = answered(chain.store, second.id)
    assert set(told) == {chain.pharmacy.site}
    newest = told[chain.pharmacy.site]
    assert (newest.id, newest.found, newest.ms) == (again.id, 6, chain.now)
    sites = [chain.pharmacy.site, chain.wholesaler.site]
    assert has_answered(chain.store, second.id, sites) == {chain.pharmacy.site}
