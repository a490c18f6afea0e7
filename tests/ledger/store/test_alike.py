"""Serials that differ in the case of letters alone are found, however many others lie beside them."""

from __future__ import annotations

from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.statement import gs1
from ledger.statement.ai import CSET_82
from ledger.store.alike import MOST, spelt_alike
from tests.world import Chain

SERIALS = st.text(st.sampled_from(sorted(CSET_82)), min_size=1, max_size=20)


def commission(chain: Chain, lot: str, serials: list[str]) -> None:
    ids = [gs1.sgtin(chain.gtin, serial) for serial in serials]
    chain.log.submit(chain.event("commission", chain.maker, ids, lot=lot, expiry=date(2028, 1, 31)))


def test_the_serial_that_a_scanner_sent_in_capitals_is_found(chain: Chain) -> None:
    commission(chain, "L1", ["aB/9x", "aB/9xy", "b-7", "12"])
    commission(chain, "L2", ["b%7", "bX"])
    assert spelt_alike(chain.store, chain.gtin, "AB/9X") == ["aB/9x"]
    assert spelt_alike(chain.store, chain.gtin, "AB/9XY") == ["aB/9xy"]
    assert spelt_alike(chain.store, chain.gtin, "B%7") == ["b%7"]
    assert spelt_alike(chain.store, chain.gtin, "AB/9") == []
    assert spelt_alike(chain.store, chain.gtin, "12") == ["12"]
    assert spelt_alike(chain.store, "09521234543213", "AB/9X") == []


def test_of_many_that_differ_in_case_alone_two_are_told(chain: Chain) -> None:
    commission(chain, "L1", ["ab", "aB", "Ab", "AB"])
    assert len(spelt_alike(chain.store, chain.gtin, "AB")) == MOST


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(SERIALS, min_size=1, max_size=8, unique_by=str.lower), st.data())
def test_each_serial_is_found_in_any_case_and_no_other_is(
    chain: Chain, serials: list[str], data: st.DataObject
) -> None:
    lot = f"L{chain.now % 10**9}"
    fresh = [s for s in serials if not spelt_alike(chain.store, chain.gtin, s)]
    if fresh:
        commission(chain, lot, fresh)
    one = data.draw(st.sampled_from(serials))
    for spelt in (one.upper(), one.lower(), one.swapcase()):
        found = spelt_alike(chain.store, chain.gtin, spelt)
        assert [serial.lower() for serial in found] == [one.lower()]
