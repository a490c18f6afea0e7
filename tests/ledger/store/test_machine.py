"""Random parties doing random valid and invalid things: the fold holds, whatever they try.

After every step: no pack is in two places, none is lost, containers hold what their content says.
At the end: fold and tables agree, and a rebuild gives the same tables.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ledger.errors import LedgerError
from ledger.rules.world import ACTIVE, IN_TRANSIT, INACTIVE, MAX_PARENTS
from ledger.statement.submission import Submission
from ledger.store.append import Receipt
from ledger.store.check import check
from ledger.store.views import rebuild
from tests.ledger.rules.test_refusals import tables
from tests.world import Chain, Member

MEMBERS = st.integers(0, 3)
PICK = st.lists(st.integers(0, 11), min_size=1, max_size=4, unique=True)


class Trade(RuleBasedStateMachine):
    """A chain, and everything that its members try on it."""

    @initialize()
    def found(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.chain = Chain(self.folder)
        self.packs = self.chain.commission("L1", 8)
        self.units = [self.chain.unit(self.chain.maker, n) for n in range(4)]
        self.items = [*self.packs, *self.units]
        self.ships: list[Receipt] = []
        self.acts: list[Receipt] = []
        self.refused = 0

    def member(self, number: int) -> Member:
        return self.chain.members[number]

    def pick(self, numbers: list[int]) -> list[str]:
        return [self.items[n] for n in numbers]

    def attempt(self, submission: Submission, keep: list[Receipt] | None = None) -> None:
        before = tables(self.chain)
        try:
            receipt = self.chain.log.submit(submission)
        except LedgerError:
            self.refused += 1
            assert tables(self.chain) == before
            return
        if keep is not None:
            keep.append(receipt)

    @rule(who=MEMBERS, numbers=PICK, unit=st.integers(0, 3))
    def pack(self, who: int, numbers: list[int], unit: int) -> None:
        self.attempt(
            self.chain.event("pack", self.member(who), self.pick(numbers), parent=self.units[unit])
        )

    @rule(who=MEMBERS, numbers=st.none() | PICK, unit=st.integers(0, 3))
    def unpack(self, who: int, numbers: list[int] | None, unit: int) -> None:
        ids = self.pick(numbers) if numbers else []
        self.attempt(self.chain.event("unpack", self.member(who), ids, parent=self.units[unit]))

    @rule(who=MEMBERS, to=MEMBERS, numbers=PICK)
    def ship(self, who: int, to: int, numbers: list[int]) -> None:
        submission = self.chain.ship_event(self.member(who), self.pick(numbers), self.member(to))
        self.attempt(submission, self.ships)

    @rule(who=MEMBERS, to=MEMBERS)
    def ship_all_that_is_here(self, who: int, to: int) -> None:
        sql = "SELECT id FROM item WHERE site = ? AND status = 'active' AND parent = ''"
        here = [i for (i,) in self.chain.store.rows(sql, (self.member(who).site,))]
        if here:
            self.attempt(self.chain.ship_event(self.member(who), here, self.member(to)), self.ships)

    @rule(which=st.integers(0, 50), op=st.sampled_from(["receive", "void"]), data=st.data())
    def end_a_shipment(self, which: int, op: str, data: Any) -> None:
        if self.ships:
            ship = self.ships[which % len(self.ships)]
            ids = [item.id for item in self.chain.reader.items(ship.index)]
            some = data.draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
            who = data.draw(MEMBERS)
            for number in (who, 0, 1, 2, 3):
                self.attempt(self.chain.event(op, self.member(number), some, shipment=ship.id))

    @rule(who=MEMBERS, numbers=PICK)
    def supply(self, who: int, numbers: list[int]) -> None:
        self.attempt(self.chain.event("supply", self.member(who), self.pick(numbers)), self.acts)

    @rule(who=MEMBERS, which=st.integers(0, 50), numbers=PICK)
    def undo(self, who: int, which: int, numbers: list[int]) -> None:
        if self.acts:
            act = self.acts[which % len(self.acts)]
            self.attempt(
                self.chain.event("undo", self.member(who), self.pick(numbers), undoes=act.id)
            )

    @rule(who=MEMBERS, numbers=PICK)
    def quarantine(self, who: int, numbers: list[int]) -> None:
        self.attempt(
            self.chain.event("quarantine", self.member(who), self.pick(numbers), reason="suspect")
        )

    @rule(who=MEMBERS, numbers=PICK)
    def release(self, who: int, numbers: list[int]) -> None:
        self.attempt(self.chain.event("release", self.member(who), self.pick(numbers)))

    @rule(numbers=PICK)
    def commission_again(self, numbers: list[int]) -> None:
        packs = [item for item in self.pick(numbers) if item in self.packs]
        if packs:
            expiry = self.chain.reader.lot(self.chain.gtin, "L1")
            assert expiry is not None
            before = self.refused
            self.attempt(
                self.chain.event(
                    "commission", self.chain.maker, packs, lot="L1", expiry=expiry.expiry
                )
            )
            assert self.refused == before + 1

    @invariant()
    def every_pack_is_in_exactly_one_place(self) -> None:
        if not hasattr(self, "chain"):
            return
        world = self.chain.reader.world()
        found = {row[0] for row in self.chain.store.rows("SELECT id FROM item")}
        assert found == set(self.items)
        for item in self.items:
            row = world.row(item)
            assert row is not None
            around = list(world.chain(row))
            assert len(around) <= MAX_PARENTS
            assert item not in {container.id for container in around}
            assert (row.site == "") == bool(row.parent)
            root = world.outermost(row)
            assert root.site
            assert root.status in (ACTIVE, IN_TRANSIT, INACTIVE)
            if row.parent:
                assert row.status == ACTIVE
                assert item in world.children(row.parent)
        for unit in self.units:
            inside = [
                item
                for item in self.packs
                if (row := world.row(item)) and unit in {around.id for around in world.chain(row)}
            ]
            assert sum(world.content(unit).values()) == len(inside)

    def teardown(self) -> None:
        if not hasattr(self, "chain"):
            return
        assert check(self.chain.store, self.chain.log_key.verifier) is None
        before = tables(self.chain)
        rebuild(self.chain.store)
        assert tables(self.chain) == before
        for item in self.items:
            for member in self.chain.members:
                bundle = self.chain.answers.bundle([item], member.site)
                from ledger.proof import verify

                proven = verify(bundle, self.chain.trust)
                assert proven.states[item] == self.chain.answers.state(item, member.site)
        self.chain.store.close()
        shutil.rmtree(self.folder)


TestTrade = Trade.TestCase
TestTrade.settings = settings(max_examples=40, stateful_step_count=40)
