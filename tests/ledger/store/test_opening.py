"""A log of the first schema is opened, brought up to date, and is the same log."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger.errors import Malformed
from ledger.store import content
from ledger.store.check import check
from ledger.store.database import DATABASE
from ledger.store.models import CONTENT, VIEWS
from ledger.store.opening import CONTENT_KEY, open_store
from ledger.store.queries import Reader
from tests.ledger.rules.test_refusals import tables
from tests.ledger.store.test_append import lived_in
from tests.world import Chain


@pytest.fixture
def chain(tmp_path: Path):
    """On SQLite alone: the first schema knew nothing else."""
    made = Chain(tmp_path)
    yield made
    made.store.close()


def first_schema(chain: Chain) -> None:
    """Put the log back into the form that the first schema had."""
    rows = []
    for index, statement in chain.store.rows("SELECT idx, id FROM entry"):
        items = content.items(chain.store, statement)
        if items:
            data = json.dumps([(item.id, item.extra.hex()) for item in items]).encode()
            rows.append((index, content.secret(chain.store, statement), data))
    chain.store.close()
    with sqlite3.connect(chain.folder / DATABASE) as database:
        for model in (*VIEWS, *CONTENT):
            if model._meta.table_name != "envelope":
                database.execute(f"DROP TABLE {model._meta.table_name}")
        database.execute("DROP TABLE cosignature")
        database.execute("CREATE TABLE items (idx BIGINT PRIMARY KEY, secret BLOB, data BLOB)")
        database.executemany("INSERT INTO items VALUES (?, ?, ?)", rows)
        database.execute("DELETE FROM schema_migration WHERE name <> '0001_initial'")
        database.execute("DELETE FROM meta WHERE key = 'views'")
    database.close()
    (chain.folder / CONTENT_KEY).unlink()


def test_a_log_of_the_first_schema_is_brought_up_to_date(chain: Chain) -> None:
    lived_in(chain)
    before = tables(chain)
    first_schema(chain)
    store = open_store(chain.folder)
    assert check(store, chain.log_key.verifier) is None
    assert not store.database.table_exists("items")
    chain.store = store
    after = tables(chain)
    sealed = {"named"}
    for model, old, new in zip((*_models(),), before, after, strict=True):
        if model not in sealed:
            assert old == new, model
    store.close()


def _models() -> list[str]:
    from ledger.store.models import LOG

    return [model._meta.table_name for model in (*LOG, *CONTENT, *VIEWS)]


def test_views_of_another_version_are_folded_anew(chain: Chain) -> None:
    lived_in(chain)
    before = tables(chain)
    with chain.store.writing():
        chain.store.execute("UPDATE meta SET value = '1' WHERE key = 'views'")
        chain.store.execute("DELETE FROM item")
    chain.store.close()
    chain.store = open_store(chain.folder)
    assert tables(chain) == before


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"not a database, but long enough to be looked at" * 10)
    with pytest.raises(Malformed, match="cannot be read as a log"):
        open_store(tmp_path)


def test_several_that_open_an_older_log_at_once_all_get_it(chain: Chain) -> None:
    packs = lived_in(chain)
    with chain.store.writing():
        chain.store.execute("UPDATE meta SET value = '1' WHERE key = 'views'")
        chain.store.execute("DELETE FROM item")
    chain.store.close()

    def status(_: int) -> str:
        store = open_store(chain.folder)
        row = Reader(store).world().row(packs[0])
        store.close()
        return row.status if row is not None else "unknown"

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(status, range(3)))
    assert "unknown" not in found
    assert check(chain.store, chain.log_key.verifier) is None
