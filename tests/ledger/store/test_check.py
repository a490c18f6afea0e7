"""`check` finds every byte that was changed in a log, and says where."""

from __future__ import annotations

import pytest

from ledger.store.check import check, check_hashes, entry_fault
from tests.ledger.store.test_append import lived_in
from tests.memory import ENTRY_ROWS, InMemory
from tests.world import Chain


def changes(store: InMemory, table: str, column: str, step: int):
    """Each byte of a column changed, one at a time, and put back."""
    found = store.rows(f"SELECT rowid, {column} FROM {table}") if table != "tile" else store.rows(
        "SELECT rowid, data FROM tile")  # fmt: skip
    place = 0
    for rowid, data in found:
        original = bytes(data)
        for position in range(len(original)):
            place += 1
            if place % step:
                continue
            changed = bytearray(original)
            changed[position] ^= 1 << (position % 8)
            sql = f"UPDATE {table} SET {column} = ? WHERE rowid = ?"
            store.connection.execute(sql, (bytes(changed), rowid))
            yield rowid, position
            store.connection.execute(sql, (original, rowid))


@pytest.fixture(scope="module")
def fifty(tmp_path_factory: pytest.TempPathFactory):
    """A log of fifty entries."""
    chain = Chain(tmp_path_factory.mktemp("fifty"))
    lived_in(chain)
    while chain.reader.head().size < 50:
        chain.commission(f"X{chain.reader.head().size}", 1)
    chain.store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    yield chain
    chain.store.close()


def test_every_byte_changed_in_entries_and_envelopes_is_found(fifty: Chain) -> None:
    """Row by row, as `check` goes: the row's own fault, or its hash against the tile."""
    store = InMemory(fifty.folder)
    assert check(store, fifty.log_key.verifier) is None
    tile = store.rows("SELECT data FROM tile WHERE level = 0")[0][0]
    rows = store.rows(ENTRY_ROWS)
    assert len(rows) == 50
    for index, row in enumerate(rows):
        leaf = tile[32 * index : 32 * index + 32]
        assert entry_fault(row, 0, leaf) == ""
        for column in (5, 6):
            if row[column] is None:
                continue
            for place in range(len(row[column])):
                changed = bytearray(row[column])
                changed[place] ^= 1 << (place % 8)
                forged = [*row]
                forged[column] = bytes(changed)
                assert entry_fault(forged, 0, leaf), (index, column, place)


@pytest.mark.parametrize(("table", "column", "step"), [
    ("entry", "data", 97), ("envelope", "data", 97), ("tile", "data", 1), ("checkpoint", "note", 17),
])  # fmt: skip
def test_the_whole_check_finds_changed_bytes(
    fifty: Chain, table: str, column: str, step: int
) -> None:
    store = InMemory(fifty.folder)
    tried = 0
    for rowid, position in changes(store, table, column, step):
        assert check_hashes(store, fifty.log_key.verifier) is not None, (table, rowid, position)
        tried += 1
    assert tried > 150


@pytest.mark.parametrize(("sql", "table"), [
    ("UPDATE item SET site = '9521112000005' WHERE status = 'active' AND parent = ''", "item"),
    ("UPDATE item SET hold = ''", "item"),
    ("DELETE FROM item WHERE lot <> ''", "item"),
    ("UPDATE lot SET expiry = '2031-01-01'", "lot"),
    ("DELETE FROM membership", "membership"),
    ("UPDATE content SET n = n + 1", "content"),
    ("DELETE FROM mention", "mention"),
    ("UPDATE shipment SET to_site = site", "shipment"),
    ("UPDATE act SET ms = ms + 1", "act"),
    ("UPDATE content SET held = held + 1", "content"),
    ("UPDATE act SET observed = 'wrong-state' WHERE idx = 40", "act"),
    ("DELETE FROM signature WHERE idx = 40", "signature"),
    ("INSERT INTO origin VALUES ('1', 'L', '2', 'L')", "origin"),
    ("INSERT INTO input VALUES (40, 39)", "input"),
    ("INSERT INTO answer VALUES ('00', '1', 40, 0, 0, 0, 0, 0)", "answer"),
    ("UPDATE named SET data = zeroblob(60)", "named"),
    ("DELETE FROM named", "named"),
    ("DELETE FROM entry WHERE idx = 49", "entry"),
    ("DELETE FROM envelope WHERE idx = 40", "entry"),
    ("UPDATE entry SET ms = ms + 1 WHERE idx = 40", "envelope"),
    ("DELETE FROM checkpoint WHERE size = 50", "entry"),
    ("DELETE FROM tile", "tile"),
])  # fmt: skip
def test_each_table_is_held_to_the_log(fifty: Chain, sql: str, table: str) -> None:
    store = InMemory(fifty.folder)
    store.connection.execute(sql)
    finding = check(store, fifty.log_key.verifier)
    assert finding is not None
    assert finding.table == table
    assert finding.words
