"""Goods go back to the site that shipped them here, whatever they were packed into since."""

from __future__ import annotations

import pytest

from ledger.errors import Refused
from tests.world import Chain


def refused(chain: Chain, packs: list[str], to: str) -> str:
    """The code that a return from the pharmacy meets."""
    with pytest.raises(Refused) as caught:
        chain.send_back("return", chain.pharmacy, packs, getattr(chain, to))
    return caught.value.code


@pytest.fixture
def delivered(chain: Chain) -> list[str]:
    """Packs that the wholesaler shipped to the pharmacy, one by one."""
    packs = chain.commission("L1", 3)
    chain.hand_over(chain.maker, packs, chain.wholesaler)
    chain.hand_over(chain.wholesaler, packs, chain.pharmacy)
    return packs


@pytest.fixture
def box(chain: Chain) -> str:
    """A box of the wholesaler's that pharmacy2 has, empty."""
    made = chain.unit(chain.wholesaler, 1)
    chain.hand_over(chain.wholesaler, [made], chain.pharmacy2)
    return made


def test_packs_in_a_box_go_back_to_who_shipped_them(
    chain: Chain, delivered: list[str], box: str
) -> None:
    chain.hand_over(chain.pharmacy2, [box], chain.pharmacy)
    chain.pack(chain.pharmacy, delivered[:2], box)
    assert refused(chain, [box], "pharmacy2") == "wrong-site"
    chain.send_back("return", chain.pharmacy, delivered[:1], chain.wholesaler)  # taken out of it
    chain.send_back("return", chain.pharmacy, [box], chain.wholesaler)


def test_packs_unpacked_from_a_box_go_back_to_who_shipped_them(
    chain: Chain, delivered: list[str], box: str
) -> None:
    chain.hand_over(chain.pharmacy2, [box], chain.pharmacy)
    chain.pack(chain.pharmacy, delivered, box)
    chain.unpack(chain.pharmacy, box)
    chain.send_back("return", chain.pharmacy, delivered, chain.wholesaler)


def test_a_box_lends_its_own_way_to_nothing_that_was_packed_into_it_here(
    chain: Chain, delivered: list[str], box: str
) -> None:
    other = chain.commission("L2", 1)
    chain.hand_over(chain.maker, other, chain.pharmacy2)
    chain.pack(chain.pharmacy2, other, box)
    chain.hand_over(chain.pharmacy2, [box], chain.pharmacy)
    chain.pack(chain.pharmacy, delivered[:1], box)
    # One of the two in it never was at pharmacy2.
    assert refused(chain, [box], "pharmacy2") == "wrong-site"
    assert refused(chain, delivered[:1], "pharmacy2") == "wrong-site"
    chain.send_back("return", chain.pharmacy, other, chain.pharmacy2)
    chain.send_back("return", chain.pharmacy, delivered[:1], chain.wholesaler)


def test_what_came_in_a_box_goes_back_to_who_shipped_the_box(chain: Chain) -> None:
    packs = chain.commission("L1", 2)
    chain.hand_over(chain.maker, packs, chain.wholesaler)
    inner, outer = chain.unit(chain.wholesaler, 1), chain.unit(chain.wholesaler, 2)
    chain.pack(chain.wholesaler, packs, inner)
    chain.pack(chain.wholesaler, [inner], outer)
    chain.hand_over(chain.wholesaler, [outer], chain.pharmacy)
    chain.unpack(chain.pharmacy, outer)
    chain.unpack(chain.pharmacy, inner)
    assert refused(chain, packs, "pharmacy2") == "wrong-site"
    chain.send_back("return", chain.pharmacy, packs[:1], chain.wholesaler)


def test_a_recalled_pack_on_hold_is_refused_as_recalled(chain: Chain, delivered: list[str]) -> None:
    chain.quarantine(chain.pharmacy, delivered[:1])
    chain.log.submit(chain.recall_of(chain.scope(lots=["L1"])))
    with pytest.raises(Refused) as caught:
        chain.supply(chain.pharmacy, delivered[:1])
    assert caught.value.code == "blocked-recalled"
