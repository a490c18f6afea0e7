"""Random parties doing random valid and invalid things: the fold holds, whatever they try.

After every step: no pack is in two places, none is lost, containers hold what their content says.
At the end: fold and tables agree, a rebuild gives the same tables, and an audit finds nothing.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, Final

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from ledger.audit_kept import Held, Kept
from ledger.errors import LedgerError
from ledger.rules.operations import RETURNS
from ledger.rules.state import ACTIVE, IN_TRANSIT, INACTIVE, MAX_PARENTS
from ledger.rules.world import World
from ledger.statement.forms import AFTER_THE_FACT
from ledger.statement.parts import time_text
from ledger.statement.submission import Submission
from ledger.store.batch import Receipt
from ledger.store.check import check
from ledger.store.publish import export
from ledger.store.views import rebuild
from tests.ledger.rules.test_refusals import tables
from tests.ledger.test_audit import findings
from tests.postgres import Server
from tests.world import Chain, Member, seed

MEMBERS = st.integers(0, 3)
EXPIRY = date(2028, 1, 31)
LEAVES = {"supply", "open", "sample", "free_sample", "export", "lost", "stolen", "destroyed", "found",
          "check_out"}  # fmt: skip
PICK = st.lists(st.integers(0, 11), min_size=1, max_size=4, unique=True)


class Trade(RuleBasedStateMachine):
    """A chain, and everything that its members try on it."""

    new_url: ClassVar[Callable[[], str]] = staticmethod(lambda: "")  # SQLite, in the folder

    @initialize()
    def found(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.chain = Chain(self.folder, url=self.new_url())
        self.packs = self.chain.commission("L1", 8)
        self.units = [self.chain.unit(self.chain.maker, n) for n in range(4)]
        self.items = [*self.packs, *self.units]
        self.ships: list[Receipt] = []
        self.acts: list[Receipt] = []
        self.holds: list[Receipt] = []
        self.refused = 0
        for member in self.chain.members:
            self.chain.log.submit(self.chain.key_add(member, f"{member.name} second"))

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

    @rule(
        which=st.integers(0, 50),
        op=st.sampled_from(["receive", "void", "refuse", "close_short"]),
        data=st.data(),
    )
    def end_a_shipment(self, which: int, op: str, data: Any) -> None:
        if self.ships:
            ship = self.ships[which % len(self.ships)]
            ids = [item.id for item in self.chain.reader.items(ship.index)]
            some = data.draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
            who = data.draw(MEMBERS)
            for number in (who, 0, 1, 2, 3):
                self.attempt(self.chain.event(op, self.member(number), some, shipment=ship.id))

    @rule(who=MEMBERS, to=MEMBERS, numbers=PICK, op=st.sampled_from(sorted(RETURNS)))
    def send_back(self, who: int, to: int, numbers: list[int], op: str) -> None:
        submission = self.chain.ship_event(
            self.member(who), self.pick(numbers), self.member(to), op=op
        )
        self.attempt(submission, self.ships)

    @rule(which=st.integers(0, 50), missing=PICK, over=PICK)
    def receive_with_lists(self, which: int, missing: list[int], over: list[int]) -> None:
        """Somebody receives a shipment, with some of what was inside missing, and some too much."""
        if self.ships:
            ship = self.ships[which % len(self.ships)]
            ids = [item.id for item in self.chain.reader.items(ship.index)]
            inside = [i for i in self.pick(missing) if i not in ids]
            extra = [i for i in self.pick(over) if i not in (*ids, *inside)]
            for number in range(4):
                self.attempt(
                    self.chain.event(
                        "receive", self.member(number), ids, shipment=ship.id, missing=inside,
                        over=extra,
                    )
                )  # fmt: skip

    @rule(who=MEMBERS, numbers=PICK, op=st.sampled_from(sorted(LEAVES)), late=st.booleans())
    def leave(self, who: int, numbers: list[int], op: str, late: bool) -> None:
        """Packs leave the chain, or come to light; some of it is said after the fact."""
        member = self.member(who)
        fields: dict[str, Any] = {"declared": AFTER_THE_FACT} if late else {}
        if op == "destroyed":
            fields["keys"] = [member.key, seed(f"{member.name} second")]
        self.attempt(self.chain.event(op, member, self.pick(numbers), **fields), self.acts)

    @rule(who=MEMBERS, which=st.integers(0, 50), numbers=PICK)
    def undo(self, who: int, which: int, numbers: list[int]) -> None:
        if self.acts:
            act = self.acts[which % len(self.acts)]
            self.attempt(
                self.chain.event("undo", self.member(who), self.pick(numbers), undoes=act.id)
            )

    @rule(who=MEMBERS, numbers=PICK)
    def quarantine(self, who: int, numbers: list[int]) -> None:
        who_else = [self.member(who), self.chain.authority]
        self.attempt(
            self.chain.event(
                "quarantine", who_else[numbers[0] % 2], self.pick(numbers), reason="suspect"
            )
        )

    @rule(who=MEMBERS, numbers=PICK)
    def release(self, who: int, numbers: list[int]) -> None:
        self.attempt(self.chain.event("release", self.member(who), self.pick(numbers)))
        self.attempt(self.chain.event("release", self.chain.authority, self.pick(numbers)))

    @rule(old=MEMBERS, new=MEMBERS, numbers=PICK)
    def transfer(self, old: int, new: int, numbers: list[int]) -> None:
        keys = [self.member(old).key, self.member(new).key]
        if old != new:
            self.attempt(
                self.chain.event("transfer", self.member(new), self.pick(numbers), keys=keys)
            )

    @rule(who=MEMBERS, numbers=PICK)
    def inspect(self, who: int, numbers: list[int]) -> None:
        self.attempt(
            self.chain.event("inspect", self.member(who), self.pick(numbers), reason="unknown")
        )

    @rule(which=st.integers(0, 50))
    def repack(self, which: int) -> None:
        """What the maker checked out is made into one new pack."""
        if self.acts:
            act = self.acts[which % len(self.acts)]
            made = self.chain.pack_ids(f"R{len(self.items)}", 1)
            before = self.refused
            self.attempt(
                self.chain.event(
                    "repack", self.chain.maker, made, inputs=(act.id,), lot="R1", expiry=EXPIRY
                )
            )
            if self.refused == before:
                self.items += made
                self.packs += made

    @rule(numbers=PICK, how=st.sampled_from(["hold", "listed", "lift", "recall"]))
    def mark(self, numbers: list[int], how: str) -> None:
        """The maker holds packs of its product, lifts a hold, or rarely recalls some."""
        chain = self.chain
        packs = [item for item in self.pick(numbers) if item in self.packs]
        if how == "hold":
            self.attempt(chain.hold(chain.scope(lots=["L1"])), self.holds)
        elif how == "lift" and self.holds:
            self.attempt(chain.lift(self.holds[numbers[0] % len(self.holds)]))
        elif how == "listed" and packs:
            self.attempt(chain.listed(chain.hold, packs), self.holds)
        elif how == "recall" and packs and len(numbers) == 4:
            self.attempt(chain.listed(chain.recall_of, packs))

    @rule(who=MEMBERS)
    def lose_a_key(self, who: int) -> None:
        """A key is lost, what it signed in the last hour is suspect, and another one goes on."""
        member = self.member(who)
        self.attempt(
            self.chain.revoke(
                member, f"{member.name} second", since=time_text(self.chain.now - 3_600_000)
            )
        )

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

    def held_inside(self, world: World, item: str, unit: str) -> bool:
        """Whether a pack in a container is on hold, or what is around it there."""
        row = world.row(item)
        while row is not None and row.id != unit:
            if row.hold:
                return True
            row = world.row(row.parent)
        return False

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
            counts = world.content(unit).values()
            assert sum(count.n for count in counts) == len(inside)
            held = [item for item in inside if self.held_inside(world, item, unit)]
            assert sum(count.held for count in counts) == len(held)

    def teardown(self) -> None:
        if not hasattr(self, "chain"):
            return
        assert check(self.chain.store, self.chain.log_key.verifier) is None
        before = tables(self.chain)
        rebuild(self.chain.store)
        assert tables(self.chain) == before
        for item in self.items:
            for member in [*self.chain.members, self.chain.authority]:
                bundle = self.chain.answers.bundle([item], member.site)
                from ledger.proof import verify

                proven = verify(bundle, self.chain.trust)
                assert proven.states[item] == self.chain.answers.state(item, member.site)
        self.audit()
        self.chain.store.close()
        shutil.rmtree(self.folder)

    def audit(self) -> None:
        """An auditor accuses nobody, with whosever books."""
        chain = self.chain
        export(chain.store, self.folder / "public")
        for member in [*chain.members, chain.authority]:
            books = chain.reader.addressed_to(member.gln, 0)
            kept = Kept([Held(one.submission, one.index, one.ms) for one in books])
            assert findings(self.folder / "public", chain.trust, kept) == [], member.name


SETTINGS: Final = settings(
    max_examples=30, stateful_step_count=40, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)  # shrinking takes minutes: look at the first failure as it is


def test_on_sqlite() -> None:
    run_state_machine_as_test(Trade, settings=SETTINGS)


def test_on_postgres(postgres: Server) -> None:
    class OnPostgres(Trade):
        new_url = staticmethod(postgres.database)

    run_state_machine_as_test(OnPostgres, settings=SETTINGS)
