"""Clients that trust no operator: a copy that only grows, books of one's own, a log made anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from ledger import pulled
from ledger.errors import BadProof, LedgerError, Malformed
from ledger.mirror import Fetch, Mirror
from ledger.pulled import Pulled
from ledger.statement import dsse
from ledger.statement.submission import Submission
from ledger.store.append import Log
from ledger.store.batch import Receipt
from ledger.store.check import check
from ledger.store.models import VIEWS
from ledger.store.publish import export, read_checkpoint, read_tile
from ledger.store.restore import restore
from ledger.tlog import merkle
from ledger.tlog.checkpoint import Checkpoint, sign_checkpoint
from ledger.tlog.tiles import Tile, encode_entries
from tests.ledger.store.test_append import lived_in
from tests.world import ORIGIN, Chain, Member, seed


def fetcher(chain: Chain) -> Fetch:
    """The public log as it is served."""

    def fetch(path: str) -> bytes:
        if path == "checkpoint":
            return read_checkpoint(chain.store)
        return read_tile(chain.store, Tile.parse(path))

    return fetch


def forged(chain: Chain, entries: list[bytes]) -> Fetch:
    """What an operator serves who signs another tree, with the log's own key."""
    root = merkle.root_of([merkle.leaf_hash(entry) for entry in entries])
    note = sign_checkpoint(Checkpoint(ORIGIN, len(entries), root), chain.log_key)

    def fetch(path: str) -> bytes:
        if path == "checkpoint":
            return note
        tile = Tile.parse(path)
        start = tile.index * 256
        return encode_entries(entries[start : start + tile.width])

    return fetch


def entries_of(chain: Chain) -> list[bytes]:
    return [bytes(data) for (data,) in chain.store.rows("SELECT data FROM entry ORDER BY idx")]


def test_a_copy_grows_with_the_log_and_can_be_served_in_turn(chain: Chain, tmp_path: Path) -> None:
    mirror = Mirror(tmp_path / "copy", chain.trust)
    first = mirror.sync(fetcher(chain))
    assert first.fresh == chain.reader.head().size
    assert mirror.sync(fetcher(chain)).fresh == 0
    lived_in(chain)
    for number in range(30):
        chain.commission(f"G{number}", 1)
        if number % 7 == 0:
            mirror.sync(fetcher(chain))
    more = [chain.key_add(chain.maker, f"key {n}") for n in range(260)]
    assert all(isinstance(outcome, Receipt) for outcome in chain.log.append(more))
    second = mirror.sync(fetcher(chain))
    assert second.checkpoint.size == chain.reader.head().size
    assert list(mirror.entries()) == entries_of(chain)
    assert mirror.authority().policy == chain.reader.authority().policy
    third = Mirror(tmp_path / "copy of the copy", chain.trust)
    third.sync(lambda path: (tmp_path / "copy" / path).read_bytes())
    assert list(third.entries()) == entries_of(chain)
    export(chain.store, tmp_path / "export")
    for path in (tmp_path / "export").rglob("*"):
        if path.is_file() and path.name not in ("log.vkey", "trust.txt"):
            kept = tmp_path / "copy" / path.relative_to(tmp_path / "export")
            assert kept.read_bytes() == path.read_bytes(), path


def caught(mirror: Mirror, fetch: Fetch) -> str:
    """The words with which a copy refuses a log; nothing that was kept is changed."""
    before = {p: p.read_bytes() for p in mirror.folder.rglob("*") if p.is_file()}
    with pytest.raises(BadProof) as found:
        mirror.sync(fetch)
    for path, data in before.items():
        assert path.read_bytes() == data
    evidence = sorted((mirror.folder / "evidence").iterdir())
    assert evidence[-1].read_bytes() == fetch("checkpoint")
    return str(found.value)


def test_a_rollback_a_fork_and_a_change_are_refused_with_evidence(
    chain: Chain, tmp_path: Path
) -> None:
    old = entries_of(chain)
    chain.commission("L1", 1)
    chain.commission("L2", 1)
    mirror = Mirror(tmp_path / "copy", chain.trust)
    mirror.sync(fetcher(chain))
    assert "rolled back" in caught(mirror, forged(chain, old))
    now = entries_of(chain)
    assert "do not lead" in caught(mirror, forged(chain, [*now[:-2], now[-1], now[-2]]))
    other = bytearray(now[-1])
    other[3] ^= 1
    assert "do not lead" in caught(mirror, forged(chain, [*now[:-1], bytes(other), now[0]]))
    chain.commission("L3", 1)
    mirror.sync(fetcher(chain))


def test_a_power_that_nobody_had_a_right_to_give_is_refused(chain: Chain, tmp_path: Path) -> None:
    """The operator logs an admission that its own keys signed."""
    mirror = Mirror(tmp_path / "copy", chain.trust)
    mirror.sync(fetcher(chain))
    body = chain.admit(chain.pharmacy2, roles=["authority"])
    for signers in (["status", "log"], ["authority 1"]):
        envelope = dsse.sign(
            dsse.GOVERNANCE, body.statement.envelope.payload, [seed(name) for name in signers]
        )
        entry = chain.now.to_bytes(8, "big") + bytes(envelope)
        assert "nobody had a right" in caught(mirror, forged(chain, [*entries_of(chain), entry]))


def test_a_log_that_is_another_or_unreadable_changes_nothing(chain: Chain, tmp_path: Path) -> None:
    mirror = Mirror(tmp_path / "copy", chain.trust)
    other = Chain(tmp_path / "other")
    with pytest.raises(LedgerError):
        mirror.sync(lambda path: b"nonsense")
    assert mirror.kept() is None
    mirror.sync(fetcher(chain))
    other.store.close()
    with pytest.raises(LookupError):
        mirror.entry(10_000)


def pull(chain: Chain, who: Member, folder: Path) -> int:
    """A party's pull, as the command does it."""
    mirror = Mirror(folder, chain.trust)
    mirror.sync(fetcher(chain))
    found = chain.reader.addressed_to(who.gln, pulled.last(folder) + 1)
    return pulled.keep(folder, mirror, found)


def test_a_party_keeps_its_own_statements_and_those_addressed_to_it(
    chain: Chain, tmp_path: Path
) -> None:
    packs = chain.commission("L1", 2)
    ship = chain.ship(chain.maker, packs, chain.pharmacy)
    receipt = chain.receive(chain.pharmacy, ship, packs)
    supply = chain.supply(chain.pharmacy, packs[:1])
    recall = chain.log.submit(chain.recall_of())
    answer = chain.log.submit(chain.answer(chain.pharmacy, recall))
    both = tmp_path / "maker", tmp_path / "pharmacy"
    assert pull(chain, chain.maker, both[0]) == 4
    assert pull(chain, chain.pharmacy, both[1]) == 4
    kept = [{one.index for one in pulled.read(folder)} for folder in both]
    born = receipt.index - 2
    assert kept[0] == {born, ship.index, receipt.index, answer.index}
    assert kept[1] == {ship.index, receipt.index, supply.index, answer.index}
    assert pull(chain, chain.maker, both[0]) == 0
    assert pull(chain, chain.wholesaler, tmp_path / "w") == 0
    assert (both[0] / pulled.PULLED).stat().st_mode & 0o777 == 0o600
    # A line that was cut off while it was written is written again.
    data = (both[0] / pulled.PULLED).read_bytes()
    (both[0] / pulled.PULLED).write_bytes(data[:-20])
    assert pull(chain, chain.maker, both[0]) == 1
    assert (both[0] / pulled.PULLED).read_bytes() == data


def test_lists_of_packs_are_pulled_by_who_may_see_them(chain: Chain, tmp_path: Path) -> None:
    """The words of a hold or recall are everybody's, the packs in its list its signer's alone."""
    packs = chain.commission("L1", 3)
    held = chain.log.submit(chain.listed(chain.hold, packs[:1]))
    recall = chain.log.submit(chain.listed(chain.recall_of, packs[1:]))
    plain = chain.log.submit(chain.recall_of(chain.scope(lots=["L9"])))
    lists = {held.index: packs[:1], recall.index: packs[1:]}
    for who, expected in (
        (chain.maker, lists), (chain.authority, lists), (chain.pharmacy, {}), (chain.wholesaler, {})
    ):  # fmt: skip
        pull(chain, who, tmp_path / who.name)
        kept = {
            one.index: [item.id for item in one.submission.items]
            for one in pulled.read(tmp_path / who.name)
        }
        assert {index: kept[index] for index in lists if index in kept} == expected
        assert plain.index not in kept  # it stands in the clear, with nothing to add


def test_a_list_of_other_packs_is_not_kept(chain: Chain, tmp_path: Path) -> None:
    packs = chain.commission("L1", 3)
    chain.log.submit(chain.listed(chain.recall_of, packs[1:]))
    mirror = Mirror(tmp_path / "copy", chain.trust)
    mirror.sync(fetcher(chain))
    *_, good = chain.reader.addressed_to(chain.maker.gln, 0)
    fewer = replace(good.submission, items=good.submission.items[:1])
    bare = Submission(good.submission.statement)
    for bad in (fewer, bare):
        with pytest.raises(BadProof):
            pulled.keep(tmp_path / "copy", mirror, [Pulled(good.index, good.ms, bad)])


def test_what_is_not_in_the_log_as_it_claims_is_not_kept(chain: Chain, tmp_path: Path) -> None:
    chain.commission("L1", 2)
    mirror = Mirror(tmp_path / "copy", chain.trust)
    mirror.sync(fetcher(chain))
    good = next(iter(chain.reader.addressed_to(chain.maker.gln, 0)))
    unlogged = chain.event("quarantine", chain.maker, chain.pack_ids("L1", 1), reason="other")
    fewer = good.submission.__class__(
        good.submission.statement, good.submission.items[:1], secret=good.submission.secret
    )
    for bad in (
        Pulled(good.index, good.ms + 1, good.submission),
        Pulled(good.index, good.ms, unlogged),
        Pulled(good.index, good.ms, fewer),
    ):
        with pytest.raises(BadProof):
            pulled.keep(tmp_path / "copy", mirror, [bad])
    assert list(pulled.read(tmp_path / "copy")) == []


@pytest.fixture
def books(chain: Chain, tmp_path: Path) -> Callable[[list[Member]], list[Path]]:
    """Pulls of some parties."""

    def make(parties: list[Member]) -> list[Path]:
        folders = []
        for who in parties:
            folder = tmp_path / f"books of {who.name}"
            pull(chain, who, folder)
            folders.append(folder)
        return folders

    return make


def test_a_lost_log_is_made_anew_from_its_parties_pulls(
    chain: Chain, tmp_path: Path, books: Callable[[list[Member]], list[Path]]
) -> None:
    """Total loss of the server: the tree, the state and the next statement are as if nothing was."""
    lived_in(chain)
    chain.log.submit(chain.answer(chain.pharmacy, chain.log.submit(chain.recall_of())))
    chain.log.submit(chain.listed(chain.hold, chain.commission("L8", 3)[:2]))
    folders = books(chain.members)
    views = [
        sorted(chain.store.rows(f"SELECT * FROM {m._meta.table_name}"), key=repr) for m in VIEWS
    ]
    mirror = Mirror(folders[0], chain.trust)
    kept = (one for folder in folders for one in pulled.read(folder))
    store = restore(tmp_path / "again", mirror, kept, chain.log_key.verifier)
    assert check(store, chain.log_key.verifier) is None
    again = [sorted(store.rows(f"SELECT * FROM {m._meta.table_name}"), key=repr) for m in VIEWS]
    assert again == views
    log = Log(store, chain.log_key, seed("status"), lambda: chain.now)
    receipt = log.submit(chain.event("commission", chain.maker, [chain.unit_id(chain.maker, 77)]))
    assert receipt.index == mirror.kept().size  # type: ignore[union-attr]  # it was synced
    assert check(store, chain.log_key.verifier) is None
    with pytest.raises(Malformed, match="holds a log already"):
        restore(tmp_path / "again", mirror, [], chain.log_key.verifier)
    store.close()


def test_what_nobody_kept_is_named_and_no_half_log_is_left(
    chain: Chain, tmp_path: Path, books: Callable[[list[Member]], list[Path]]
) -> None:
    lived_in(chain)
    folders = books([chain.maker])
    mirror = Mirror(folders[0], chain.trust)
    with pytest.raises(Malformed, match="nobody kept the content"):
        restore(tmp_path / "again", mirror, pulled.read(folders[0]), chain.log_key.verifier)
    assert not (tmp_path / "again").exists()
