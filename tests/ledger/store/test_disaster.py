"""A drill for each way in which real logs have failed: what must be seen, on both databases."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ledger.errors import LedgerError, Malformed, Refused
from ledger.statement.submission import Submission
from ledger.store.append import Log
from ledger.store.batch import Receipt
from ledger.store.check import check
from ledger.store.database import DATABASE, GUARD, URL_FILE
from ledger.store.opening import open_store
from ledger.tlog.checkpoint import open_checkpoint
from tests.ledger.rules.test_refusals import tables
from tests.postgres import Server
from tests.world import Chain, seed

EXPIRY = date(2028, 1, 31)


class Disk:
    """What may befall a log's database, whichever it is."""

    def __init__(self, chain: Chain, server: Server | None) -> None:
        self._chain = chain
        self._server = server
        self._file = chain.folder / DATABASE
        self._copy = ""

    def back_up(self) -> None:
        """Copy the database as it is."""
        self._close()
        if self._server is not None:
            self._copy = self._server.copy((self._chain.folder / URL_FILE).read_text().strip())
        else:
            shutil.copy(self._file, self._file.with_suffix(".old"))

    def restore(self) -> None:
        """Put the old copy in the database's place."""
        self._close()
        if self._server is not None:
            (self._chain.folder / URL_FILE).write_text(f"{self._copy}\n")
        else:
            shutil.copy(self._file.with_suffix(".old"), self._file)

    def delete(self) -> None:
        """The database is gone."""
        self._close()
        if self._server is not None:
            (self._chain.folder / URL_FILE).write_text(f"{self._server.database()}\n")
        else:
            self._file.unlink()

    def forbid_writing(self) -> None:
        """The database takes no more writes on the connection that writes."""
        with self._chain.store.writing():
            if self._server is not None:
                self._chain.store.execute("SET default_transaction_read_only = on")
            else:
                self._chain.store.execute("PRAGMA query_only = 1")

    def fill(self) -> None:
        """No file of the database can grow much."""
        if self._server is not None:
            self._server.stop()
            self._server.start(largest_file=2048)
        else:
            with self._chain.store.writing():
                pages = self._chain.store.one("PRAGMA page_count")
                assert pages is not None
                self._chain.store.execute(f"PRAGMA max_page_count = {pages[0]}")

    def make_room(self) -> None:
        """The disk has room again."""
        if self._server is not None:
            self._chain.store.close()
            self._server.stop()
            self._server.start()
        self._chain.store.close()

    def flip(self, sql: str) -> None:
        """Change a row behind the log's back."""
        with self._chain.store.writing():
            self._chain.store.execute(sql)

    def _close(self) -> None:
        if self._server is None:
            self._chain.store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._chain.store.close()
        for extra in ("-wal", "-shm"):
            self._file.with_name(f"{DATABASE}{extra}").unlink(missing_ok=True)


@pytest.fixture
def disk(chain: Chain, request: pytest.FixtureRequest) -> Disk:
    """The disk under the chain's log."""
    found = request.getfixturevalue("postgres") if chain.store.on_postgres else None
    return Disk(chain, found)


def commissions(chain: Chain, name: str, count: int, packs: int) -> list[Submission]:
    """Statements that commission many packs."""
    return [
        chain.event(
            "commission", chain.maker, chain.pack_ids(f"{name}{n}", packs), lot=f"{name}{n}",
            expiry=EXPIRY,
        )
        for n in range(count)
    ]  # fmt: skip


def read_only(act: Callable[[], object]) -> str:
    """The words with which a log that may not sign refuses."""
    with pytest.raises(Refused) as caught:
        act()
    assert caught.value.code == "read-only"
    return caught.value.detail


def reopened(chain: Chain) -> Chain:
    """The same folder, opened anew by another process."""
    chain.store = open_store(chain.folder)
    chain.log = chain.new_log()
    return chain


def test_a_restored_old_copy_never_signs_a_second_head(chain: Chain, disk: Disk) -> None:
    """The failure that ended several logs: two heads that no proof connects."""
    chain.commission("L1", 1)
    disk.back_up()
    chain.commission("L2", 1)
    disk.restore()
    reopened(chain)
    assert "old copy" in read_only(lambda: chain.log.submit(chain.key_add(chain.maker, "new")))
    finding = check(chain.store, chain.log_key.verifier)
    assert finding is not None
    assert "old copy" in finding.words


def test_a_restored_copy_of_the_newest_state_goes_on(chain: Chain, disk: Disk) -> None:
    chain.commission("L1", 1)
    disk.back_up()
    disk.restore()
    reopened(chain).commission("L2", 1)
    assert check(chain.store, chain.log_key.verifier) is None


def test_a_deleted_database_is_said_and_no_second_log_begins(chain: Chain, disk: Disk) -> None:
    disk.delete()
    with pytest.raises(Malformed, match="holds no log"):
        open_store(chain.folder)
    assert (chain.folder / GUARD).exists()  # whoever makes the tables anew still cannot sign
    store = open_store(chain.folder, create=True)
    log = Log(store, chain.log_key, seed("status"), lambda: chain.now)
    assert "restored old copy" in read_only(
        lambda: log.submit(chain.genesis())
    ) or "old copy" in read_only(lambda: log.submit(chain.genesis()))
    store.close()


@pytest.mark.parametrize(("table", "column"), [
    ("entry", "data"), ("envelope", "data"), ("tile", "data"), ("named", "data"),
    ("checkpoint", "note"), ("checkpoint", "root"),
])  # fmt: skip
def test_a_bit_flip_is_found_and_named(chain: Chain, disk: Disk, table: str, column: str) -> None:
    chain.commission("L1", 2)
    row = chain.store.one(f"SELECT {column} FROM {table}")
    assert row is not None
    data = bytearray(row[0])
    data[len(data) // 2] ^= 4
    with chain.store.writing():
        chain.store.execute(
            f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (bytes(data), row[0])
        )
    finding = check(chain.store, chain.log_key.verifier)
    assert finding is not None
    assert finding.table == {"tile": "entry"}.get(table, table)


def test_a_full_disk_leaves_nothing_half_written(chain: Chain, disk: Disk) -> None:
    before = tables(chain)
    many = commissions(chain, "F", 40, 400)
    if chain.store.on_postgres:
        chain.store.close()
    disk.fill()
    try:
        outcomes = chain.log.append(many)
    finally:
        disk.make_room()
    assert {type(outcome) for outcome in outcomes} == {Refused}
    assert {o.code for o in outcomes if isinstance(o, Refused)} == {"read-only"}
    assert tables(chain) == before
    chain.commission("AFTER", 1)
    assert check(chain.store, chain.log_key.verifier) is None


def test_a_database_that_cannot_be_written_refuses_and_recovers(chain: Chain, disk: Disk) -> None:
    packs = chain.commission("L1", 1)
    before = tables(chain)
    disk.forbid_writing()
    read_only(lambda: chain.ship(chain.maker, packs, chain.pharmacy))
    chain.store.close()  # the setting goes with the connection
    assert tables(chain) == before
    chain.ship(chain.maker, packs, chain.pharmacy)
    assert check(chain.store, chain.log_key.verifier) is None


def test_a_clock_set_back_an_hour_never_shows_in_the_log(chain: Chain) -> None:
    first = chain.log.submit(chain.key_add(chain.maker, "one"))
    chain.now -= 3_600_000
    second = chain.log.submit(chain.key_add(chain.maker, "two"))
    assert second.ms == first.ms
    chain.now += 3_600_001
    assert chain.log.submit(chain.key_add(chain.maker, "three")).ms > second.ms
    assert check(chain.store, chain.log_key.verifier) is None


def test_two_writers_with_one_key_make_one_log(chain: Chain) -> None:
    """Each its own process in life: here each its own connection, lock and memory."""
    other = Log(open_store(chain.folder), chain.log_key, seed("status"), lambda: chain.now)
    many = commissions(chain, "W", 40, 1)
    receipts: list[Receipt] = []

    def write(log: Log, some: list[Submission]) -> None:
        receipts.extend(log.submit(submission) for submission in some)
        log.store.close()

    threads = [
        threading.Thread(target=write, args=(log, many[start::2]))
        for start, log in enumerate((chain.log, other))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.store.close()
    indexes = sorted(receipt.index for receipt in receipts)
    assert indexes == list(range(indexes[0], indexes[0] + 40))
    notes = {receipt.size: receipt.checkpoint for receipt in receipts}
    for size, note in notes.items():
        assert open_checkpoint(note, chain.log_key.verifier).size == size
    assert check(chain.store, chain.log_key.verifier) is None


def test_what_was_submitted_and_never_acknowledged_is_submitted_again(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lost unsequenced entries: a submitter keeps its envelope, and the log takes it once."""
    packs = chain.commission("L1", 1)
    event = chain.ship_event(chain.maker, packs, chain.pharmacy)
    original = chain.store.writing

    def lost() -> object:
        raise Refused("read-only", "the server is gone")

    monkeypatch.setattr(chain.store, "writing", lost)
    with pytest.raises(LedgerError):
        chain.log.submit(event)
    monkeypatch.setattr(chain.store, "writing", original)
    assert chain.store.one("SELECT 1 FROM entry WHERE id = ?", (event.statement.id,)) is None
    first = chain.log.submit(event)
    again = chain.log.submit(event)
    assert (first.first, again.first, again.index) == (True, False, first.index)


def test_a_killed_database_server_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    server = Server()
    chain = Chain(tmp_path, url=server.database())
    acknowledged: list[str] = []
    ended: list[LedgerError] = []
    many = commissions(chain, "K", 2_000, 1)

    def work() -> None:
        try:
            for submission in many:
                acknowledged.append(chain.log.submit(submission).id)
        except LedgerError as error:
            ended.append(error)
        chain.store.close()

    worker = threading.Thread(target=work)
    worker.start()
    while len(acknowledged) < 50:
        worker.join(0.01)
    server.kill()
    worker.join()
    assert [e.code for e in ended if isinstance(e, Refused)] == ["read-only"]
    with pytest.raises(LedgerError):
        chain.log.submit(chain.key_add(chain.maker, "new"))
    server.start()
    chain.store.close()
    reopened(chain)
    stored = {row[0] for row in chain.store.rows("SELECT id FROM entry")}
    assert set(acknowledged) <= stored
    assert check(chain.store, chain.log_key.verifier) is None
    chain.commission("AFTER", 1)
    chain.store.close()
    server.close()


def test_the_same_process_goes_on_after_the_database_server_comes_back(tmp_path: Path) -> None:
    server = Server()
    chain = Chain(tmp_path, url=server.database())
    chain.commission("L1", 1)
    server.stop("immediate")
    read_only(lambda: chain.log.submit(chain.key_add(chain.maker, "new")))
    server.start()
    chain.commission("L2", 1)
    assert check(chain.store, chain.log_key.verifier) is None
    chain.store.close()
    server.close()


def test_an_address_with_a_password_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / URL_FILE).write_text("postgresql://me:s3cret@127.0.0.1:9/none\n")
    with pytest.raises(Malformed) as caught:
        open_store(tmp_path)
    assert "s3cret" not in str(caught.value)


def test_no_log_is_opened_without_its_content_key(chain: Chain) -> None:
    chain.commission("L1", 1)
    key = chain.folder / "keys" / "content-key"
    assert key.stat().st_mode & 0o777 == 0o600
    kept = key.read_text()
    key.unlink()
    with pytest.raises(Malformed, match="content-key is missing"):
        open_store(chain.folder)
    key.write_text("ab" * 32)
    store = open_store(chain.folder)
    finding = check(store, chain.log_key.verifier)
    assert finding is not None
    assert finding.table == "named"
    key.write_text(kept)
    store.close()
