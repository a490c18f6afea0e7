"""A node as it is opened: what a killed one left is finished first."""

from __future__ import annotations

from datetime import date

import pytest

from app.config import Settings
from app.node import open_node
from ledger.store import staging
from ledger.store.check import check
from tests.app.conftest import give_keys
from tests.world import Chain


def test_a_long_commissioning_that_a_killed_node_left_is_settled(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_keys(chain)
    monkeypatch.setattr(staging, "STAGED", 5)
    ids = chain.pack_ids("L1", 5)
    made = chain.event("commission", chain.maker, ids, lot="L1", expiry=date(2028, 1, 31))
    with monkeypatch.context() as killed:
        killed.setattr(staging, "settle", lambda _: None)
        chain.log.submit(made)
    assert chain.store.rows("SELECT k FROM batch")
    node = open_node(Settings(log=chain.folder, clock=lambda: chain.now))
    assert node.store.rows("SELECT k FROM batch") == []
    assert check(node.store, chain.log_key.verifier) is None
    node.store.close()
    node.desk.close()
