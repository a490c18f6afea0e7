"""Stock and shipments out of the tables, on both databases."""

from __future__ import annotations

from ledger.store.check import check
from ledger.store.holdings import Holding, Inside, containers, holdings
from ledger.store.shipments import (
    by_id,
    consignment,
    found_over,
    newest,
    numbered,
    packages_sent,
    packs_sent,
    under_way,
)
from ledger.store.views import rebuild
from tests.world import Chain


def test_a_sites_stock_is_counted_loose_and_in_containers(chain: Chain) -> None:
    packs = chain.commission("L1", 6)
    case = chain.unit(chain.maker, 1)
    chain.pack(chain.maker, packs[:3], case)
    chain.act("quarantine", chain.maker, [case, packs[3]], reason="suspect")
    wanted = [
        Holding(chain.gtin, "L1", "active", False, 2, 0, 0),
        Holding(chain.gtin, "L1", "active", True, 1, 3, 1),
    ]
    assert holdings(chain.store, chain.maker.site) == wanted
    assert containers(chain.store, chain.maker.site) == [
        Inside(case, "active", chain.gtin, "L1", 3, 3)
    ]
    rebuild(chain.store)
    assert holdings(chain.store, chain.maker.site) == wanted
    assert check(chain.store, chain.log_key.verifier) is None


def test_what_is_under_way_over_and_done_is_found_without_reading_all(chain: Chain) -> None:
    packs = chain.commission("L1", 5)
    case = chain.unit(chain.maker, 1)
    chain.pack(chain.maker, packs[:2], case)
    chain.hand_over(chain.maker, packs[2:3], chain.pharmacy)
    ship = chain.ship(chain.maker, [case, packs[3]], chain.wholesaler)
    for site in (chain.maker.site, chain.wholesaler.site):
        [line] = under_way(chain.store, site)
        assert (line.shipment.id, line.open, line.over) == (ship.id, 2, 0)
        assert line.lots == {(chain.gtin, "L1"): 3}
    receipt = chain.event(
        "receive", chain.wholesaler, [case], shipment=ship.id, missing=packs[:1], over=packs[4:]
    )
    chain.log.submit(receipt)
    [line] = under_way(chain.store, chain.wholesaler.site)
    assert (line.open, line.over, line.lots) == (2, 1, {(chain.gtin, "L1"): 2})
    chain.receive(chain.wholesaler, ship, [packs[0], packs[3]])
    assert under_way(chain.store, chain.wholesaler.site) == []
    assert [one.shipment.id for one in found_over(chain.store, chain.maker.site)] == [ship.id]
    assert [line.open for line in newest(chain.store, chain.maker.site, 9)] == [0, 0]
    shipment = by_id(chain.store, ship.id)
    assert shipment is not None
    assert numbered(chain.store, shipment.number, chain.wholesaler.gln) == [shipment]
    assert numbered(chain.store, shipment.number, chain.pharmacy.gln) == []
    world = chain.reader.world()
    sent = consignment(chain.store, world, shipment)
    assert set(sent.standing.values()) == {"received"}
    assert packs_sent(chain.store, world, sent, [case])[case] == {(chain.gtin, "L1"): 2}
    assert packages_sent(chain.store, world, sent, 10) == [
        (packs[3], "L1", ""), (packs[0], "L1", case), (packs[1], "L1", case),
    ]  # fmt: skip
    assert len(packages_sent(chain.store, world, sent, 2)) == 2
    before = under_way(chain.store, chain.maker.site), newest(chain.store, chain.maker.site, 9)
    rebuild(chain.store)
    assert (
        under_way(chain.store, chain.maker.site),
        newest(chain.store, chain.maker.site, 9),
    ) == before


def test_a_shipment_called_back_and_sent_again_at_once_is_not_open(chain: Chain) -> None:
    packs = chain.commission("L1", 1)
    first = chain.ship(chain.maker, packs, chain.wholesaler)
    void = chain.event("void", chain.maker, packs, shipment=first.id)
    again = chain.ship_event(chain.maker, packs, chain.pharmacy)
    chain.log.append([void, again])  # one transaction
    assert under_way(chain.store, chain.wholesaler.site) == []
    assert len(under_way(chain.store, chain.pharmacy.site)) == 1
    assert check(chain.store, chain.log_key.verifier) is None


def test_a_long_commissioning_written_ahead_is_counted(chain: Chain) -> None:
    chain.commission("BIG", 20_000)
    assert holdings(chain.store, chain.maker.site) == [
        Holding(chain.gtin, "BIG", "active", False, 20_000, 0, 0)
    ]
