"""One label at two places: what is a copy's pattern, and what pharmacies do every day."""

from __future__ import annotations

from ledger.rules.clones import DAY_MS, TWO_PLACES, ScanSeen, pattern

HOME, OTHER = "9521113000010", "9521114000018"
GRACE_MS = 600_000


def scan(day: float, site: str, *codes: str, own_party: bool = False) -> ScanSeen:
    return ScanSeen(
        int(day * DAY_MS), site, "pack", "dispense", codes, acted_ms=0, own_party=own_party
    )


def test_a_pack_in_stock_that_was_read_elsewhere_since_is_at_two_places() -> None:
    seen = [scan(1, OTHER, "other-holder")]
    found = pattern(scan(2, HOME, "in-stock"), seen, GRACE_MS)
    assert found is not None
    assert (found.rule, found.other) == (TWO_PLACES, OTHER)


def test_a_pack_that_shops_of_one_party_lend_each_other_is_at_one() -> None:
    seen = [scan(1, OTHER, "other-holder", own_party=True)]
    assert pattern(scan(2, HOME, "in-stock"), seen, GRACE_MS) is None
