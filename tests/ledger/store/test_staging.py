"""A long commissioning is written ahead, and is the same as if it had not been."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ledger.errors import Refused
from ledger.proof import verify
from ledger.store import content, staging
from ledger.store.batch import Receipt
from ledger.store.check import check
from ledger.store.models import CONTENT, LOG, VIEWS
from ledger.store.staging import PENDING
from tests.ledger.rules.test_refusals import tables
from tests.ledger.store.test_append import lived_in
from tests.world import Chain

EXPIRY = date(2028, 1, 31)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every commissioning is a long one, in steps of two."""
    monkeypatch.setattr(staging, "STAGED", 1)
    monkeypatch.setattr(staging, "STEP", 2)


def staged_rows(chain: Chain) -> int:
    return len(chain.store.rows("SELECT 1 FROM item WHERE status = ?", (PENDING,)))


def test_a_life_is_the_same_staged_or_not(
    tmp_path: Path, new_chain: Callable[[Path], Chain], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, ahead = new_chain(tmp_path / "plain"), new_chain(tmp_path / "ahead")
    lived_in(plain)
    monkeypatch.setattr(staging, "STAGED", 1)
    monkeypatch.setattr(staging, "STEP", 2)
    monkeypatch.setattr(content, "PART", 2)
    packs = lived_in(ahead)
    sealed = {"named", "leaf"}
    names = [model._meta.table_name for model in (*LOG, *CONTENT, *VIEWS)]
    for name, old, new in zip(names, tables(plain), tables(ahead), strict=True):
        if name not in sealed:
            assert old == new, name
    assert ahead.store.rows("SELECT * FROM leaf")
    assert check(ahead.store, ahead.log_key.verifier) is None
    for pack in packs:
        proven = verify(ahead.answers.bundle([pack], ahead.pharmacy2.site), ahead.trust)
        assert proven.states[pack] == ahead.answers.state(pack, ahead.pharmacy2.site)


@pytest.mark.usefixtures("short")
def test_what_has_not_landed_is_seen_by_nobody(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer dies between writing ahead and landing: the serials are free again after a while."""
    ids = chain.pack_ids("L1", 5)
    event = chain.event("commission", chain.maker, ids, lot="L1", expiry=EXPIRY)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(chain.log, "_commit", die)
    with pytest.raises(KeyboardInterrupt):
        chain.log.submit(event)
    monkeypatch.undo()
    assert staged_rows(chain) == 5
    assert chain.reader.world().row(ids[0]) is None
    assert chain.reader.lots() == []
    assert chain.reader.counts()["packs"] == 0
    assert check(chain.store, chain.log_key.verifier) is None
    chain.log = chain.new_log()
    monkeypatch.setattr(staging, "STAGED", 1)
    # The same statement again does not wait for the dead one: it goes the ordinary way.
    monkeypatch.setattr(staging, "STALE_MS", 10**12)
    with pytest.raises(Refused) as caught:
        chain.ship(chain.maker, ids[:1], chain.pharmacy)
    assert caught.value.code == "unknown-item"
    receipt = chain.log.submit(event)
    assert isinstance(receipt, Receipt)
    assert staged_rows(chain) == 0
    assert check(chain.store, chain.log_key.verifier) is None


@pytest.mark.usefixtures("short")
def test_leftovers_are_cleared_by_the_next_writer(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = chain.event("commission", chain.maker, chain.pack_ids("L1", 5), lot="L1", expiry=EXPIRY)
    with monkeypatch.context() as patch:
        patch.setattr(chain.log, "_commit", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            chain.log.submit(event)
    assert chain.store.rows(
        "SELECT * FROM named WHERE ref = ?", (content.ahead_of(event.statement.id),)
    )
    chain.hours(2)
    chain.log = chain.new_log()
    chain.commission("L2", 3)
    assert staged_rows(chain) == 0
    assert not chain.store.rows(
        "SELECT * FROM named WHERE ref = ?", (content.ahead_of(event.statement.id),)
    )
    assert chain.store.rows("SELECT * FROM batch") == []


@pytest.mark.usefixtures("short")
def test_rows_that_landed_and_were_not_settled_count_at_once(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "settle", lambda _: None)
    ids = chain.pack_ids("L1", 5)
    born = chain.log.submit(chain.event("commission", chain.maker, ids, lot="L1", expiry=EXPIRY))
    assert staged_rows(chain) == 5
    row = chain.reader.world().row(ids[0])
    assert row is not None
    assert (row.status, row.born, row.last) == ("active", born.index, born.index)
    chain.ship(chain.maker, ids[:2], chain.pharmacy)
    assert staged_rows(chain) == 3
    assert check(chain.store, chain.log_key.verifier) is None
    monkeypatch.undo()
    staging.settle(chain.store)
    assert staged_rows(chain) == 0
    assert check(chain.store, chain.log_key.verifier) is None


@pytest.mark.usefixtures("short")
def test_a_refused_long_commissioning_leaves_nothing(chain: Chain) -> None:
    chain.commission("L1", 4)
    before = tables(chain)
    some = [*chain.pack_ids("L1", 2), *chain.pack_ids("L2", 3)]
    for ids, lot, expiry, code in (
        (some, "L1", EXPIRY, "duplicate-serial"),
        (chain.pack_ids("L2", 3), "L1", date(2029, 1, 31), "second-expiry"),
    ):
        with pytest.raises(Refused) as caught:
            chain.log.submit(chain.event("commission", chain.maker, ids, lot=lot, expiry=expiry))
        assert caught.value.code == code
        assert tables(chain) == before
    with pytest.raises(Refused, match="not-entitled"):
        chain.log.submit(
            chain.event("commission", chain.maker, chain.pack_ids("L3", 3), lot="L3", expiry=EXPIRY,
                        keys=[chain.maker.admin])
        )  # fmt: skip
    assert tables(chain) == before


@pytest.mark.usefixtures("short")
def test_what_one_process_settles_another_cannot_settle_into_a_later_batch(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "settle", lambda _: None)
    first = chain.log.submit(chain.event(
        "commission", chain.maker, chain.pack_ids("L1", 5), lot="L1", expiry=EXPIRY))  # fmt: skip
    [(k,)] = chain.store.rows("SELECT k FROM batch")
    monkeypatch.undo()
    staging.settle(chain.store)
    ids = chain.pack_ids("L2", 5)
    event = chain.event("commission", chain.maker, ids, lot="L2", expiry=EXPIRY)
    waiting = chain.log._prepare(event)
    assert waiting.rows is not None
    other = staging.stage(
        chain.store, event.statement.body, event.statement.id, ids, waiting.rows, chain.now
    )  # type: ignore[arg-type]  # it is an event
    assert other != k
    assert not staging._settle_some(chain.store, k, first.index)
    assert chain.reader.world().row(ids[0]) is None


@pytest.mark.usefixtures("short")
def test_a_batch_that_landed_is_not_discarded_when_the_answer_was_lost(chain: Chain) -> None:
    ids = chain.pack_ids("L1", 5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staging, "settle", lambda _: None)
        chain.log.submit(chain.event("commission", chain.maker, ids, lot="L1", expiry=EXPIRY))
    [(k,)] = chain.store.rows("SELECT k FROM batch")
    staging.discard(chain.store, k)
    row = chain.reader.world().row(ids[0])
    assert row is not None
    assert row.status == "active"
    assert check(chain.store, chain.log_key.verifier) is None
