"""What the inspector's pages read of a log, on both databases: figures, packs of a site, its standing."""

from __future__ import annotations

from collections.abc import Iterable

from ledger.store import figures
from ledger.store.book_stock import packs_of_lots
from ledger.store.figures import Event, month_of
from ledger.store.health import DAMAGED, READ_ONLY, root_of, standing, witnesses
from ledger.store.holdings import holdings
from ledger.store.publish import cosign_newest
from ledger.tlog.note import COSIGNATURE, SigningKey
from tests.ledger.store.test_append import lived_in
from tests.world import Chain, Member, seed


def told(found: Iterable[Event], *whose: Member) -> list[int]:
    sites = {who.site for who in whose}
    events = list(found)
    assert {month_of(one.ms) for one in events} <= {"2026-10"}
    return sorted(one.value for one in events if not sites or one.site in sites)


def test_events_are_counted_where_and_when_they_happened(chain: Chain) -> None:
    packs = chain.commission("L1", 5)
    chain.commission("L2", 2)
    ship = chain.ship(chain.maker, packs[:4], chain.pharmacy)
    chain.hours(3)
    chain.receive(chain.pharmacy, ship, packs[:2])
    chain.hours(5)
    chain.receive(chain.pharmacy, ship, packs[2:4])
    chain.send_back("return", chain.pharmacy, packs[3:4], chain.maker)  # no dispatch of goods
    chain.supply(chain.pharmacy, packs[:2])
    chain.log.submit(chain.event("supply", chain.pharmacy, packs[:1], declared="after_the_fact"))
    recall = chain.log.submit(chain.recall_of())
    chain.hours(2)
    chain.log.submit(chain.answer(chain.pharmacy, recall))
    store = chain.store
    assert told(figures.commissioned(store), chain.maker) == [2, 5]
    assert told(figures.dispatched(store), chain.maker) == [1]
    assert told(figures.dispatched(store), chain.pharmacy) == []
    assert told(figures.arrived(store), chain.pharmacy) == [180]
    assert told(figures.supplied(store), chain.pharmacy)[-1] == 2
    assert told(figures.answered(store), chain.pharmacy) == [120]


def test_the_packs_of_a_book_are_as_many_as_the_holdings_say(chain: Chain) -> None:
    lived_in(chain)
    world = chain.reader.world()
    for who in chain.members:
        counts: dict[tuple[str, str], int] = {}
        for one in holdings(chain.store, who.site):
            if one.status == "active":
                counts[one.gtin, one.lot] = counts.get((one.gtin, one.lot), 0) + one.packs
        found = packs_of_lots(chain.store, world, who.site, [*counts, (chain.gtin, "NONE")])
        assert {key: len(packs) for key, packs in found.items() if packs} == counts
        for packs in found.values():
            for pack in packs:
                row = world.row(pack)
                assert row is not None
                assert world.outermost(row).site == who.site


def test_a_folders_standing_is_told(chain: Chain) -> None:
    found = standing(chain.store)
    assert (found.fault, found.words) == ("", "")
    assert witnesses(chain.store) == []
    witness = SigningKey("witness.example", seed("witness"), COSIGNATURE)
    cosign_newest(chain.store, witness, 1_790_000_000)
    size = chain.reader.head().size
    assert [tuple(one) for one in witnesses(chain.store)] == [(witness.name, size, 1_790_000_000)]
    chain.commission("L1", 1)
    assert root_of(chain.store, size).hex() != root_of(chain.store, size + 1).hex()
    assert root_of(chain.store, size + 1) == chain.reader.head().root
    with chain.store.writing():
        chain.store.execute("DELETE FROM entry WHERE idx = ?", (size,))
    assert standing(chain.store).fault == DAMAGED
    with chain.store.writing():
        chain.store.execute("DELETE FROM checkpoint WHERE size > ?", (size,))
    assert standing(chain.store).fault in (DAMAGED, READ_ONLY)
