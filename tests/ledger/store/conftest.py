"""The store's tests run on both databases: SQLite, and a PostgreSQL server of the run's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.world import Chain


@pytest.fixture(params=["sqlite", "postgres"])
def new_chain(request: pytest.FixtureRequest) -> Iterator[Callable[[Path], Chain]]:
    """Makes a small supply chain in a folder, its log on one of the databases."""
    made: list[Chain] = []

    def make(folder: Path) -> Chain:
        url = ""
        if request.param == "postgres":
            url = request.getfixturevalue("postgres").database()
        made.append(Chain(folder, url=url))
        return made[-1]

    yield make
    for chain in made:
        chain.store.close()


@pytest.fixture
def chain(new_chain: Callable[[Path], Chain], tmp_path: Path) -> Chain:
    """A small supply chain on a real log, on each database."""
    return new_chain(tmp_path)
