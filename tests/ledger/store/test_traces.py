"""Traces: the sums that the fold keeps, single packs' lives and the holdings say the same."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import LedgerError
from ledger.rules.trace import LEFT, MADE, MADE_OF, SENT, Flow, flows, held, ways
from ledger.store import traces
from ledger.store.holdings import holdings
from ledger.store.traces import Traced
from tests.postgres import Server
from tests.world import Chain

EXPIRY = date(2028, 1, 31)


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    made = Chain(tmp_path)
    yield made
    made.store.close()


def told(traced: Traced) -> list[Flow]:
    return flows(traced.acts, traced.shipments)


def of_lot(chain: Chain, lot: str) -> list[Flow]:
    return told(traces.of_lot(chain.store, chain.gtin, lot))


def lines(found: list[Flow]) -> list[tuple[object, ...]]:
    return [
        (f.index, f.kind, f.op, f.lot, f.start, f.end, f.scanned, f.inferred, f.arrived, f.back,
         sorted(f.gone.items()))
        for f in found
    ]  # fmt: skip


def test_a_container_brings_its_packs_along_unscanned(chain: Chain) -> None:
    packs = chain.commission("L1", 10)
    case = chain.unit(chain.maker)
    chain.pack(chain.maker, packs[:8], case)
    ship = chain.ship(chain.maker, [case, packs[9]], chain.wholesaler)
    chain.receive(chain.wholesaler, ship, [case])
    made, sent = of_lot(chain, "L1")
    assert (made.kind, made.end, made.packs) == (MADE, chain.maker.site, 10)
    assert (sent.start, sent.end) == (chain.maker.site, chain.wholesaler.site)
    assert (sent.scanned, sent.inferred) == (1, 8)
    assert (sent.arrived, sent.arrived_scanned, sent.open) == (8, 0, 1)
    assert [one.op for one in sent.told] == ["receive"]


def test_what_lacks_in_a_container_has_not_arrived(chain: Chain) -> None:
    packs = chain.commission("L1", 4)
    case = chain.unit(chain.maker)
    chain.pack(chain.maker, packs, case)
    ship = chain.ship(chain.maker, [case], chain.wholesaler)
    chain.act("receive", chain.wholesaler, [case], shipment=ship.id, missing=packs[:1])
    sent = of_lot(chain, "L1")[1]
    assert (sent.packs, sent.arrived, sent.open) == (4, 3, 1)
    [alone] = [f for f in told(traces.of_packs(chain.store, packs[:1])) if f.kind == SENT]
    assert (alone.packs, alone.arrived, alone.open) == (1, 0, 1)


def test_too_much_in_a_delivery_moves_nothing(chain: Chain) -> None:
    packs, other = chain.commission("L1", 2), chain.commission("L2", 1)
    ship = chain.ship(chain.maker, packs, chain.wholesaler)
    chain.act("receive", chain.wholesaler, packs, shipment=ship.id, over=other)
    assert [f.kind for f in of_lot(chain, "L2")] == [MADE]
    assert [f.kind for f in told(traces.of_packs(chain.store, other))] == [MADE]


def test_what_was_done_already_counts_once_and_what_was_undone_not_at_all(chain: Chain) -> None:
    packs = chain.commission("L1", 3)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    supplied = chain.supply(chain.pharmacy, packs)
    chain.supply(chain.pharmacy, packs)
    chain.undo(chain.pharmacy, supplied, packs[:1])
    found = of_lot(chain, "L1")
    assert [(f.op, f.packs) for f in found][2:] == [("supply", 3), ("undo", 1)]
    [out] = [w for w in ways(found, lambda _lot: 0) if w.end.kind == "out"]
    assert (out.end.name, out.packs) == ("supply", 2)
    assert lines(told(traces.of_packs(chain.store, packs))) == lines(found)


def test_lost_under_way_is_neither_there_nor_under_way(chain: Chain) -> None:
    packs = chain.commission("L1", 3)
    chain.ship(chain.maker, packs, chain.wholesaler)
    chain.act("lost", chain.maker, packs[:1])
    sent = of_lot(chain, "L1")[1]
    assert (sent.gone, sent.open, sent.arrived) == ({"lost": 1}, 2, 0)


def test_called_back_turned_away_and_closed_short(chain: Chain) -> None:
    packs = chain.commission("L1", 9)
    called = chain.ship(chain.maker, packs[:3], chain.wholesaler)
    chain.void(chain.maker, called, packs[:3])
    turned = chain.ship(chain.maker, packs[3:6], chain.wholesaler)
    chain.act("refuse", chain.wholesaler, packs[3:6], shipment=turned.id)
    chain.act("receive", chain.maker, packs[3:5], shipment=turned.id)
    short = chain.ship(chain.maker, packs[6:], chain.wholesaler)
    chain.act("close_short", chain.wholesaler, packs[6:7], shipment=short.id)
    traced = traces.of_lot(chain.store, chain.gtin, "L1")
    _made, one, two, three = told(traced)
    assert (one.back, one.open) == (3, 0)
    assert (two.back, two.open) == (2, 1)
    assert (three.back, three.open, three.short) == (0, 3, 1)
    key = (chain.gtin, "L1")
    assert traced.lacking == {(two.index, key): {"refused": 1}, (three.index, key): {"short": 1}}


def test_a_trace_goes_through_repacking_both_ways(chain: Chain) -> None:
    old = chain.commission("A", 6)
    other = chain.commission("B", 4)
    outs = [
        chain.act("check_out", chain.maker, old[:3]),
        chain.act("check_out", chain.maker, other[:3]),
    ]
    chain.undo(chain.maker, outs[1], other[2:3])  # it does not go in after all
    made = chain.pack_ids("C", 10)
    chain.act(
        "repack",
        chain.maker,
        made,
        inputs=tuple(sorted(o.id for o in outs)),
        lot="C",
        expiry=EXPIRY,
    )
    chain.hand_over(chain.maker, made[:4], chain.pharmacy)
    forward = traces.of_lot(chain.store, chain.gtin, "A")
    assert forward.stages == {(chain.gtin, "A"): 0, (chain.gtin, "C"): 1}
    found = told(forward)
    assert [(f.lot, f.packs) for f in found if f.kind == MADE_OF] == [("A", 3)]
    assert [(f.lot, f.packs) for f in found if f.kind == SENT] == [("C", 4)]
    backward = traces.of_packs(chain.store, made[:4])
    assert {lot: stage for (_g, lot), stage in backward.stages.items()} == {
        "C": 0,
        "A": -1,
        "B": -1,
    }
    taken = {f.lot: f.packs for f in told(backward) if f.kind == MADE_OF}
    assert taken == {"A": 3, "B": 2}
    # Of the lots that it was made of, only the packs that went in.
    assert {f.lot: f.packs for f in told(backward) if f.op == "commission"} == {"A": 3, "B": 2}


def test_a_shipment_and_a_container_are_traced_by_their_packs(chain: Chain) -> None:
    packs = chain.commission("L1", 10)
    case = chain.unit(chain.maker)
    chain.pack(chain.maker, packs[:5], case)
    chain.hand_over(chain.maker, [case, *packs[5:8]], chain.wholesaler)
    chain.unpack(chain.wholesaler, case)
    ship = chain.ship(chain.wholesaler, packs[3:7], chain.pharmacy)
    assert traces.inside(chain.store, case) == set(packs[:5])
    shipment = chain.reader.world().shipment(ship.index)
    assert shipment is not None
    carried = traces.sent_in(chain.store, shipment)
    assert carried == set(packs[3:7])
    found = told(traces.of_packs(chain.store, carried))
    assert [(f.op, f.scanned, f.inferred) for f in found] == [
        ("commission", 4, 0), ("ship", 2, 2), ("ship", 4, 0)
    ]  # fmt: skip


def test_a_site_is_traced_by_what_came_and_went_in_the_time_asked_for(chain: Chain) -> None:
    packs = chain.commission("L1", 6)
    chain.hand_over(chain.maker, packs[:4], chain.wholesaler)
    chain.hours(48)
    later = chain.now
    chain.hand_over(chain.wholesaler, packs[:2], chain.pharmacy)
    chain.hand_over(chain.maker, packs[4:], chain.pharmacy)
    site = [chain.wholesaler.site]
    found = told(traces.of_sites(chain.store, site, 0, 1 << 60))
    assert [(f.start, f.end, f.packs, f.arrived) for f in found] == [
        (chain.maker.site, chain.wholesaler.site, 4, 4),
        (chain.wholesaler.site, chain.pharmacy.site, 2, 2),
    ]
    assert [f.packs for f in told(traces.of_sites(chain.store, site, later, 1 << 60))] == [2]


OPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["ship", "receive", "receive part", "void", "refuse", "short", "supply", "undo", "lost",
             "found", "pack", "unpack", "destroyed", "stolen", "late", "out", "repack", "return"]
        ),
        st.integers(0, 3),
        st.integers(0, 5),
    ),
    min_size=4,
    max_size=30,
)  # fmt: skip


@settings(
    max_examples=25, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(OPS)
def test_sums_lives_and_holdings_agree_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, story: list[tuple[str, int, int]]
) -> None:
    chain = Chain(tmp_path_factory.mktemp("any"))
    try:
        packs = live(chain, story)
        for lot in ("L1", "L2"):
            whole = of_lot(chain, lot)
            own = [f for f in whole if f.lot == lot]
            singly = told(traces.of_packs(chain.store, [p for p in packs if f"/{lot}-" in p]))
            assert lines([f for f in singly if f.lot == lot]) == lines(own)
            assert held(own) == stock(chain, lot)
    finally:
        chain.store.close()


def stock(chain: Chain, lot: str) -> dict[tuple[str, tuple[str, str]], int]:
    """What lies at each site, by the tables of the stock page."""
    counts: dict[tuple[str, tuple[str, str]], int] = {}
    for who in chain.members:
        for one in holdings(chain.store, who.site):
            if one.lot == lot and one.status == "active":
                key = who.site, (one.gtin, lot)
                counts[key] = counts.get(key, 0) + one.packs
    return counts


def live(chain: Chain, story: list[tuple[str, int, int]]) -> list[str]:
    """Whatever of a story the log lets happen."""
    packs = [*chain.commission("L1", 6), *chain.commission("L2", 4)]
    units = [chain.unit(chain.maker), chain.unit(chain.wholesaler)]
    members = chain.members
    ships, acts, outs = [], [], []
    for turn, (what, who_n, n) in enumerate(story):
        who, to = members[who_n], members[(who_n + 1 + n % 3) % 4]
        some = [packs[(n + turn + k) % len(packs)] for k in range(1 + n % 3)]
        if n % 2 and what in ("ship", "receive", "lost", "refuse", "short", "return", "stolen"):
            some = [units[n % 2], *some[:1]] if n > 3 else [units[n % 2]]
        try:
            match what:
                case "ship":
                    ships.append((chain.ship(who, some, to), who, to, some))
                case "return":
                    ships.append((chain.send_back("return", who, some, to), who, to, some))
                case "receive" | "receive part" | "void" | "refuse" | "short" if ships:
                    ship, sender, receiver, items = ships[-1 - n % len(ships)]
                    part = items[:1] if what == "receive part" else items
                    missing = packs[:1] if n == 5 else []
                    match what:
                        case "void":
                            chain.void(sender, ship, items)
                        case "refuse":
                            chain.act("refuse", receiver, part, shipment=ship.id)
                        case "short":
                            chain.act("close_short", receiver, part, shipment=ship.id)
                        case _:
                            over = [p for p in packs if p not in items][: n % 2]
                            by = sender if n == 4 else receiver
                            chain.act(
                                "receive", by, part, shipment=ship.id, missing=missing, over=over
                            )
                case "supply":
                    acts.append((chain.supply(who, some), who, some))
                case "undo" if acts:
                    act, by, items = acts[-1]
                    chain.undo(by, act, items[:1])
                case "pack":
                    chain.pack(who, some, units[n % 2])
                case "unpack":
                    chain.unpack(who, units[n % 2], some[:1] if n > 2 else ())
                case "late":
                    chain.act("supply", who, some, declared="after_the_fact")
                case "out":
                    outs.append((chain.act("check_out", who, some), who))
                case "repack" if outs:
                    out, by = outs.pop()
                    made = chain.pack_ids(f"R{turn}", 3)
                    chain.act("repack", by, made, inputs=(out.id,), lot=f"R{turn}", expiry=EXPIRY)
                case "lost" | "found" | "destroyed" | "stolen":
                    chain.act(what, who, some)
                case _:
                    pass
        except LedgerError:
            continue
    return packs


def test_all_of_it_on_postgres(tmp_path: Path, postgres: Server) -> None:
    chain = Chain(tmp_path, url=postgres.database())
    try:
        packs = chain.commission("L1", 10)
        case = chain.unit(chain.maker)
        chain.pack(chain.maker, packs[:6], case)
        ship = chain.ship(chain.maker, [case, *packs[6:8]], chain.pharmacy)
        chain.act("receive", chain.pharmacy, [case, packs[6]], shipment=ship.id, missing=packs[:1])
        chain.act("close_short", chain.pharmacy, packs[7:8], shipment=ship.id)
        out = chain.act("check_out", chain.maker, packs[8:])
        made = chain.pack_ids("C", 3)
        chain.act("repack", chain.maker, made, inputs=(out.id,), lot="C", expiry=EXPIRY)
        whole = traces.of_lot(chain.store, chain.gtin, "L1")
        assert lines(told(traces.of_packs(chain.store, packs))) == lines(told(whole))
        assert whole.lacking == {(ship.index, (chain.gtin, "L1")): {"short": 1}}
        assert traces.inside(chain.store, case) == set(packs[:6])
        assert traces.about_container(chain.store, case)
        assert traces.first_packed(chain.store, case)
        shipment = traces.numbered(
            chain.store, chain.reader.shipments(chain.maker.site)[0].shipment.number
        )
        assert traces.sent_in(chain.store, shipment[0]) == set(packs[:8])
        assert traces.example(chain.store, ship.index, ship.id, (chain.gtin, "L1")) in packs
        site = told(traces.of_sites(chain.store, [chain.pharmacy.site], 0, 1 << 60))
        assert [(f.packs, f.arrived, f.open) for f in site] == [(8, 6, 2)]
        assert not traces.erased(chain.store)
    finally:
        chain.store.close()


def test_what_leaves_is_told_by_how_it_left(chain: Chain) -> None:
    packs = chain.commission("L1", 5)
    chain.act("sample", chain.maker, packs[:1])
    chain.act("export", chain.maker, packs[1:3])
    assert [(f.kind, f.end, f.packs) for f in of_lot(chain, "L1")][1:] == [
        (LEFT, "sample", 1), (LEFT, "export", 2)
    ]  # fmt: skip
