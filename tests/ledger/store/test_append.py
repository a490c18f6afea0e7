"""The write path: what is acknowledged stands, once; what is refused leaves nothing; races have one winner."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from ledger.errors import Refused
from ledger.statement import dsse
from ledger.statement.submission import Statement, Submission
from ledger.store.append import Log
from ledger.store.batch import Receipt
from ledger.store.check import check
from ledger.store.database import GUARD
from ledger.store.guard import Guard
from ledger.store.opening import open_store
from ledger.store.publish import export, read_tile
from ledger.store.views import rebuild
from ledger.tlog import merkle
from ledger.tlog.checkpoint import open_checkpoint
from ledger.tlog.tiles import decode_entries, hash_reader, tiles_of
from tests.ledger.rules.test_refusals import tables
from tests.refusals import evidence_verifies
from tests.world import Chain, key_text, seed


def test_a_receipt_proves_its_statement(chain: Chain) -> None:
    submission = chain.event(
        "commission", chain.maker, chain.pack_ids("L1", 3), lot="L1", expiry=date(2028, 1, 31)
    )
    receipt = chain.log.submit(submission)
    checkpoint = open_checkpoint(receipt.checkpoint, chain.log_key.verifier)
    entry = dsse.entry_of(submission.statement.envelope, receipt.ms)
    path = chain.log.proof(receipt)
    merkle.verify_inclusion(
        receipt.index, checkpoint.size, merkle.leaf_hash(entry), path, checkpoint.root
    )


def test_the_same_statement_again_however_signed_gets_the_first_answer(chain: Chain) -> None:
    chain.log.submit(chain.key_add(chain.maker, "colleague"))
    first = chain.event(
        "commission", chain.maker, chain.pack_ids("L1", 2), lot="L1", expiry=date(2028, 1, 31)
    )
    payload = first.statement.envelope.payload
    both = dsse.sign(dsse.EVENT, payload, [chain.maker.key, seed("colleague")])
    other = replace(first, statement=Statement(both, first.statement.body))
    receipt = chain.log.submit(first)
    before = tables(chain)
    again, malleable = chain.log.submit(first), chain.log.submit(other)
    assert (again.id, again.index, again.ms) == (receipt.id, receipt.index, receipt.ms)
    assert (malleable.id, malleable.index) == (receipt.id, receipt.index)
    assert not again.first
    assert not malleable.first
    assert tables(chain) == before


def test_supplying_again_at_the_same_site_changes_nothing_and_says_since_when(chain: Chain) -> None:
    packs = chain.commission("L1", 2)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    first = chain.supply(chain.pharmacy, packs[:1])
    again = chain.supply(chain.pharmacy, packs)
    assert again.already == {packs[0]: first.ms}
    chain.undo(chain.pharmacy, first, packs[:1])
    assert chain.answers.state(packs[0], chain.pharmacy.site).state == "here"
    assert chain.answers.state(packs[1], chain.pharmacy.site).state == "supplied_here"


def test_a_batch_answers_each_statement_by_itself_and_in_order(chain: Chain) -> None:
    packs = chain.pack_ids("L1", 3)
    good = chain.event("commission", chain.maker, packs, lot="L1", expiry=date(2028, 1, 31))
    bad = chain.event("supply", chain.maker, packs)
    ship = chain.ship_event(chain.maker, packs, chain.pharmacy)
    receive = chain.event("receive", chain.pharmacy, packs, shipment=ship.statement.id)
    supply = chain.event("supply", chain.pharmacy, packs)
    outcomes = chain.log.append([good, bad, ship, receive, supply])
    assert [type(outcome) for outcome in outcomes] == [Receipt, Refused, Receipt, Receipt, Receipt]
    assert check(chain.store, chain.log_key.verifier) is None


def test_keys_added_in_a_batch_may_sign_in_the_same_batch(chain: Chain) -> None:
    key_add = chain.key_add(chain.maker, "fresh")
    event = chain.event(
        "commission",
        chain.maker,
        chain.pack_ids("L1", 1),
        lot="L1",
        expiry=date(2028, 1, 31),
        keys=[seed("fresh")],
    )
    assert all(isinstance(outcome, Receipt) for outcome in chain.log.append([key_add, event]))


def test_of_64_clients_racing_to_ship_one_pack_one_wins(chain: Chain) -> None:
    packs = chain.commission("L1", 1)
    rivals = [chain.ship_event(chain.maker, packs, chain.pharmacy) for _ in range(64)]

    def race(submission: Submission) -> Receipt | Refused:
        try:
            return chain.log.submit(submission)
        except Refused as refused:
            return refused
        finally:
            chain.store.close()

    with ThreadPoolExecutor(64) as pool:
        outcomes = list(pool.map(race, rivals))
    won = [outcome for outcome in outcomes if isinstance(outcome, Receipt)]
    lost = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert (len(won), len(lost)) == (1, 63)
    for refused in lost:
        assert refused.code == "in-transit"
        assert refused.evidence is not None
        assert refused.evidence["index"] == won[0].index
        evidence_verifies(chain, refused.evidence)
    assert check(chain.store, chain.log_key.verifier) is None


def test_two_writers_take_turns_and_see_each_others_governance(chain: Chain) -> None:
    other = chain.new_log()
    chain.log.submit(chain.key_add(chain.maker, "from one"))
    event = chain.event(
        "commission",
        chain.maker,
        chain.pack_ids("L1", 1),
        lot="L1",
        expiry=date(2028, 1, 31),
        keys=[seed("from one")],
    )
    other.submit(event)
    chain.commission("L2", 1)
    other.submit(chain.key_add(chain.maker, "from two"))
    assert check(chain.store, chain.log_key.verifier) is None


def test_rebuilt_tables_are_equal(chain: Chain) -> None:
    lived_in(chain)
    before = tables(chain)
    rebuild(chain.store)
    assert tables(chain) == before
    assert check(chain.store, chain.log_key.verifier) is None


def lived_in(chain: Chain) -> list[str]:
    """Some life on the log: nested containers, a voided shipment, supply, undo, quarantine."""
    packs = chain.commission("L1", 6)
    case, pallet = chain.unit(chain.maker, 1), chain.unit(chain.maker, 2)
    chain.pack(chain.maker, packs[:4], case)
    chain.pack(chain.maker, [case], pallet)
    chain.void(chain.maker, chain.ship(chain.maker, [pallet], chain.wholesaler), [pallet])
    chain.hand_over(chain.maker, [pallet], chain.wholesaler)
    chain.hand_over(chain.wholesaler, [packs[0]], chain.pharmacy)  # out of its case, by itself
    chain.unpack(chain.wholesaler, pallet)
    chain.hand_over(chain.wholesaler, [case], chain.pharmacy2)
    chain.quarantine(chain.pharmacy2, [case])
    chain.unpack(chain.pharmacy2, case, packs[1:2])
    chain.release(chain.pharmacy2, [packs[1]])
    chain.undo(chain.pharmacy, chain.supply(chain.pharmacy, packs[:1]), packs[:1])
    return packs


def test_what_comes_out_of_a_container_on_hold_stays_on_hold(chain: Chain) -> None:
    packs = lived_in(chain)
    chain.unpack(chain.pharmacy2, chain.unit_id(chain.maker, 1), [packs[2]])
    with pytest.raises(Refused, match="blocked-hold"):
        chain.supply(chain.pharmacy2, [packs[2]])
    chain.supply(chain.pharmacy2, [packs[1]])


@pytest.mark.parametrize(
    "harm", [lambda p: p.unlink(), lambda p: p.write_bytes(b"not a checkpoint\n")]
)
def test_without_a_readable_checkpoint_file_the_log_is_read_only(
    chain: Chain, harm: object
) -> None:
    assert callable(harm)
    harm(chain.folder / GUARD)
    log = chain.new_log()
    with pytest.raises(Refused) as caught:
        log.submit(chain.key_add(chain.maker, "new"))
    assert caught.value.code == "read-only"


def test_the_checkpoint_file_never_goes_backwards(chain: Chain) -> None:
    old = (chain.folder / GUARD).read_bytes()
    chain.commission("L1", 1)
    new = (chain.folder / GUARD).read_bytes()
    guard = Guard(chain.folder / GUARD, chain.log_key.verifier)
    guard.advance(old, open_checkpoint(old, chain.log_key.verifier))
    assert (chain.folder / GUARD).read_bytes() == new


def test_genesis_names_this_logs_keys(tmp_path: Path) -> None:
    chain = Chain(tmp_path / "first")
    store = open_store(tmp_path / "second", create=True)
    log = Log(store, chain.log_key, seed("status"), lambda: chain.now)
    with pytest.raises(Refused, match="log key"):
        log.submit(chain.genesis(log_key=key_text("another log")))
    with pytest.raises(Refused, match="status key"):
        log.submit(chain.genesis(status_key=key_text("another status")))
    with pytest.raises(Refused):
        log.submit(chain.admit(chain.maker))
    assert log.submit(chain.genesis()).index == 0
    for made in (store, chain.store):
        made.close()


def test_the_exported_log_is_the_log(chain: Chain, tmp_path: Path) -> None:
    out = tmp_path / "out"
    lived_in(chain)
    export(chain.store, out)
    chain.commission("LATER", 2)
    size = export(chain.store, out)
    checkpoint = open_checkpoint((out / "checkpoint").read_bytes(), chain.log_key.verifier)
    assert checkpoint.size == size
    hashes = hash_reader(size, lambda tile: (out / tile.path).read_bytes())
    assert merkle.tree_root(size, hashes) == checkpoint.root
    entries = [
        entry
        for tile in tiles_of(size)
        if tile.level == -1
        for entry in decode_entries((out / tile.path).read_bytes())
    ]
    assert merkle.root_of([merkle.leaf_hash(entry) for entry in entries]) == checkpoint.root
    assert (out / "log.vkey").read_text().strip() == str(chain.log_key.verifier)
    assert f"log {chain.log_key.verifier}\n".encode() in (out / "trust.txt").read_bytes()


def test_partial_tiles_of_every_released_size_are_served(chain: Chain) -> None:
    lived_in(chain)
    for size, root in chain.store.rows("SELECT size, root FROM checkpoint"):
        hashes = hash_reader(size, lambda tile: read_tile(chain.store, tile))
        assert merkle.tree_root(size, hashes) == bytes(root)
    newest = chain.reader.head().size
    for tile in tiles_of(newest + 1):
        if tile.width > newest % 256:
            with pytest.raises(LookupError):
                read_tile(chain.store, tile)


def test_a_failure_after_the_commit_costs_no_checkpoint(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.commission("L1", 1)
    expiry = date(2028, 1, 31)
    good = chain.event("commission", chain.maker, chain.pack_ids("L2", 1), lot="L2", expiry=expiry)
    again = chain.event("commission", chain.maker, chain.pack_ids("L1", 1), lot="L1", expiry=expiry)

    def fail(*_: object) -> None:
        raise OSError("too many open files")

    monkeypatch.setattr("ledger.store.append.evidence", fail)
    with pytest.raises(OSError, match="too many"):
        chain.log.append([good, again])
    monkeypatch.undo()
    head = chain.reader.head()
    kept = open_checkpoint((chain.folder / GUARD).read_bytes(), chain.log_key.verifier)
    assert kept.size == head.size
    assert chain.log.submit(good).index == head.size - 1
