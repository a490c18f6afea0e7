"""Content is erased after its retention: the log and every other proof stand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.errors import Malformed
from ledger.proof import verify
from ledger.rules.state import Row
from ledger.statement import dsse
from ledger.store.check import check
from ledger.store.forget import forget
from ledger.store.kept import ERASED, Kept
from ledger.store.publish import export
from ledger.store.views import rebuild
from tests.ledger.rules.test_refusals import tables
from tests.world import Chain, seed

DAY = 24 * 3_600_000


def lived(chain: Chain) -> tuple[list[str], list[str]]:
    """An old lot that is all supplied, and a younger one still in trade; the clock a year later."""
    old, unit = chain.commission("OLD", 3), chain.unit(chain.maker, 1)
    chain.pack(chain.maker, old, unit)
    chain.hand_over(chain.maker, [unit], chain.pharmacy)
    chain.unpack(chain.pharmacy, unit)
    chain.supply(chain.pharmacy, old)
    mixed = chain.commission("NEW", 2)
    chain.hand_over(chain.maker, mixed, chain.pharmacy)
    chain.supply(chain.pharmacy, mixed[:1])
    chain.hours(24 * 200)
    return old, mixed


def test_what_has_left_the_chain_is_erased_and_all_else_stands(
    chain: Chain, tmp_path: Path
) -> None:
    old, mixed = lived(chain)
    before = chain.reader.head()
    export(chain.store, tmp_path / "before")
    done = forget(chain.store, seed("status"), chain.now - 30 * DAY)
    # The commissioning, the pallet's whole life and the supply of the old lot; nothing of the other.
    assert len(done.indexes) == 7
    assert done.stayed == 4
    for table in ("envelope", "named"):
        assert chain.store.rows(f"SELECT COUNT(*) FROM {table}")[0][0] == 4
    text = str(tables(chain))
    assert text.count("OLD-0000") == 1  # the row of its last state, and what was signed of it
    assert check(chain.store, chain.log_key.verifier) is None
    assert chain.reader.head() == before
    export(chain.store, tmp_path / "after")
    for path in (tmp_path / "before").rglob("*"):
        if path.is_file():
            kept = tmp_path / "after" / path.relative_to(tmp_path / "before")
            assert kept.read_bytes() == path.read_bytes()
    for pack in mixed:
        for site in (chain.pharmacy.site, chain.maker.site, chain.authority.site, ""):
            proven = verify(chain.answers.bundle([pack], site), chain.trust)
            assert proven.states[pack] == chain.answers.state(pack, site)
    # Of what was erased the state is told, and no proof pretended.
    assert chain.answers.state(old[0], chain.pharmacy.site).state == "supplied_here"
    with pytest.raises(LookupError, match="erased"):
        chain.answers.bundle(old[:1], chain.pharmacy.site)
    with pytest.raises(LookupError, match="erased"):
        chain.reader.logged(done.indexes[-1])
    # The rules go on: the serial is not free again, the lot keeps its expiry.
    from tests.ledger.rules.test_exceptions import EXPIRY, refused

    assert refused(chain, "commission", chain.maker, old, lot="OLD", expiry=EXPIRY) in (
        "duplicate-serial", "second-expiry",
    )  # fmt: skip
    assert refused(chain, "supply", chain.pharmacy2, old) == "already-inactive"
    # Nobody could prove any more where the emptied pallet had been, so nothing is packed into it.
    unit = chain.unit_id(chain.maker, 1)
    assert refused(chain, "pack", chain.pharmacy, mixed[1:], parent=unit) == "already-inactive"
    rebuild(chain.store)
    assert refused(chain, "pack", chain.pharmacy, mixed[1:], parent=unit) == "already-inactive"


def test_a_rebuild_goes_on_from_the_state_that_was_signed(chain: Chain) -> None:
    old, _ = lived(chain)
    forget(chain.store, seed("status"), chain.now - 30 * DAY)
    chain.commission("LATER", 1)
    later = chain.commission("OLD2", 1)
    chain.hand_over(chain.maker, later, chain.pharmacy2)
    before = tables(chain)
    rebuild(chain.store)
    assert tables(chain) == before
    assert check(chain.store, chain.log_key.verifier) is None
    chain.hours(24 * 100)
    chain.supply(chain.pharmacy2, later)
    chain.hours(24 * 100)
    again = forget(chain.store, seed("status"), chain.now)
    assert len(again.indexes) == 4
    before = tables(chain)
    rebuild(chain.store)
    assert tables(chain) == before
    assert old


def test_what_the_first_versions_signed_of_erased_goods_is_still_read(chain: Chain) -> None:
    lived(chain)
    forget(chain.store, seed("status"), chain.now - 30 * DAY)
    [(index, data)] = chain.store.rows("SELECT idx, data FROM kept")
    said = json.loads(dsse.Envelope.parse(bytes(data)).payload)
    said["rows"] = [[row[n] for n in Row.__struct_fields__[:14]] for row in said["rows"]]
    former = dsse.sign(ERASED, dsse.canonical(said), [seed("status")])
    before = chain.store.rows("SELECT * FROM item ORDER BY id")
    with chain.store.writing():
        chain.store.execute("UPDATE kept SET data = ? WHERE idx = ?", (bytes(former), index))
    rebuild(chain.store)
    assert len(chain.store.rows("SELECT * FROM item")) == len(before)
    assert check(chain.store, chain.log_key.verifier) is None


def test_a_container_never_used_is_still_of_use(chain: Chain) -> None:
    lived(chain)
    spare = chain.unit(chain.maker, 2)
    chain.hours(24 * 200)
    forget(chain.store, seed("status"), chain.now - 30 * DAY)
    chain.pack(chain.maker, chain.commission("L3", 1), spare)


def test_a_full_pallet_that_was_stolen_is_erased_with_all_in_it(chain: Chain) -> None:
    packs, unit = chain.commission("GONE", 2), chain.unit(chain.maker, 1)
    chain.pack(chain.maker, packs, unit)
    chain.act("stolen", chain.maker, [unit])
    chain.hours(24 * 200)
    forget(chain.store, seed("status"), chain.now - 30 * DAY)
    assert check(chain.store, chain.log_key.verifier) is None
    before = tables(chain)
    rebuild(chain.store)
    assert tables(chain) == before


def test_nothing_goes_while_the_goods_are_in_trade_or_young(chain: Chain) -> None:
    lived(chain)
    assert forget(chain.store, seed("status"), chain.now - 400 * DAY).indexes == ()
    packs = chain.commission("T", 1)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    forget(chain.store, seed("status"), chain.now + 1)
    assert verify(chain.answers.bundle(packs, chain.pharmacy.site), chain.trust)


@pytest.mark.parametrize("harm", ["signature", "row", "gone"])
def test_a_state_that_was_not_signed_so_is_found(
    chain: Chain, harm: str, new_chain: Callable[[Path], Chain]
) -> None:
    del new_chain
    lived(chain)
    forget(chain.store, seed("status"), chain.now - 30 * DAY)
    index, data = chain.store.rows("SELECT idx, data FROM kept")[0]
    envelope = dsse.Envelope.parse(bytes(data), len(data))
    if harm == "gone":
        with chain.store.writing():
            chain.store.execute("DELETE FROM kept")
    else:
        payload = envelope.payload.replace(b'"inactive"', b'"active"')
        other = dsse.sign(ERASED, payload, [seed("maker station" if harm == "row" else "status")])
        forged = other if harm == "row" else dsse.Envelope(payload, ERASED, envelope.signatures)
        with chain.store.writing():
            chain.store.execute("UPDATE kept SET data = ? WHERE idx = ?", (bytes(forged), index))
    finding = check(chain.store, chain.log_key.verifier)
    assert finding is not None
    assert finding.table == ("envelope" if harm == "gone" else "kept") or harm == "gone"
    with pytest.raises(Malformed):
        rebuild(chain.store)
    assert isinstance(Kept(chain.store).erased, frozenset)
