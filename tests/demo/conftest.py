"""The demo world of one day, made once for all that only read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.demo import make
from tests.nodes import DAY


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo world of one day."""
    folder = tmp_path_factory.mktemp("demo") / "world"
    make(folder, DAY, fixed=True)
    return folder
