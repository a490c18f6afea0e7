"""Lots by who made them, and containers at a site, out of the tables, on both databases."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.statement import gs1
from ledger.store import lots, staging, units
from ledger.store.content import PART
from ledger.store.views import rebuild
from tests.world import Chain

EXPIRY = date(2028, 1, 31)


def packs(chain: Chain, head: str, count: int) -> list[str]:
    return [gs1.sgtin(chain.gtin, f"{head}{n:06d}") for n in range(count)]


def test_a_lot_is_counted_by_the_statements_that_brought_its_packs(chain: Chain) -> None:
    sites = [chain.maker.site]
    chain.commission("L1", 3)
    chain.unit(chain.maker, 1)
    chain.commission("L2", 2)
    more = packs(chain, "M", 4)
    chain.act("commission", chain.maker, more, lot="L1", expiry=EXPIRY)
    for _again in range(2):
        newest = lots.newest(chain.store, sites, 9)
        assert [(one.lot, one.expiry) for one in newest] == [
            ("L2", "2028-01-31"),
            ("L1", "2028-01-31"),
        ]
        assert [one.lot for one in lots.newest(chain.store, sites, 9, newest[0].index)] == ["L1"]
        made = lots.makings(chain.store, sites, 0, (chain.gtin, "L1"))
        assert [one.packs for one in made] == [3, 4]
        assert lots.packs_between(chain.store, made, 2, 5) == [
            chain.pack_ids("L1", 3)[2],
            *more[:2],
        ]
        assert lots.packs_between(chain.store, made, 7, 9) == []
        assert lots.maker(chain.store, made[0].index) == chain.maker.gln
        assert lots.maker(chain.store, 0) == ""
        assert lots.makings(chain.store, [chain.wholesaler.site], 0) == []
        rebuild(chain.store)


def test_a_long_commissioning_counts_before_and_after_its_rows_are_settled(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "STAGED", 100)
    monkeypatch.setattr(staging, "settle", lambda _store: None)  # as if the writer were killed
    ids = packs(chain, "B", PART + 50)
    chain.act("commission", chain.maker, ids, lot="BIG", expiry=EXPIRY)
    sites = [chain.maker.site]
    monkeypatch.undo()
    for unsettled in (1, 0):
        assert chain.store.one("SELECT COUNT(*) FROM batch") == (unsettled,)
        [made] = lots.makings(chain.store, sites, 0)
        assert (made.lot, made.packs) == ("BIG", len(ids))
        assert (
            lots.packs_between(chain.store, [made], PART - 2, PART + 2) == ids[PART - 2 : PART + 2]
        )
        staging.settle(chain.store)


def test_who_holds_packs_of_a_lot_now_loose_or_in_a_container(chain: Chain) -> None:
    ids = chain.commission("L1", 3)
    case = chain.unit(chain.maker, 1)
    chain.pack(chain.maker, ids[:2], case)

    def holders() -> list[str]:
        return [
            who.name
            for who in chain.members
            if lots.held(chain.store, [who.site], chain.gtin, "L1")
        ]

    assert holders() == ["maker"]
    ship = chain.ship(chain.maker, [case], chain.wholesaler)
    assert holders() == ["maker"]  # under way is not held
    chain.receive(chain.wholesaler, ship, [case])
    assert holders() == ["maker", "wholesaler"]
    chain.hand_over(chain.maker, ids[2:], chain.pharmacy)
    assert holders() == ["wholesaler", "pharmacy"]
    chain.supply(chain.pharmacy, ids[2:])
    assert holders() == ["wholesaler"]
    assert not lots.held(chain.store, [chain.wholesaler.site], chain.gtin, "L2")


def test_containers_come_by_id_whether_on_hold_or_not(chain: Chain) -> None:
    ids = chain.commission("L1", 3)
    cases = sorted(chain.unit(chain.maker, n) for n in range(1, 6))
    chain.pack(chain.maker, ids[:2], cases[0])
    chain.pack(chain.maker, [cases[0], ids[2]], cases[3])
    chain.quarantine(chain.maker, [cases[2]])
    there = units.outermost(chain.store, chain.maker.site, 9)
    assert [(one.id, one.held) for one in there] == [
        (cases[1], False), (cases[2], True), (cases[3], False), (cases[4], False),
    ]  # fmt: skip
    assert [one.id for one in units.outermost(chain.store, chain.maker.site, 2, cases[1])] == cases[
        2:4
    ]
    last = cases[4][-4:]
    assert [one.id for one in units.outermost(chain.store, chain.maker.site, 9, "", last)] == [
        cases[4]
    ]
    assert units.contents(chain.store, cases) == [
        (cases[0], chain.gtin, "L1", 2, 0), (cases[3], chain.gtin, "L1", 3, 0),
    ]  # fmt: skip
    assert units.nested(chain.store, cases) == {cases[3]: 1}
