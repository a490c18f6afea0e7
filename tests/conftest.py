"""What all tests share: the hypothesis profile, and where extra cases may lie."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Derandomised: a run's outcome depends on the code alone. Time never fails a test.
settings.register_profile(
    "packtrace",
    deadline=None,
    derandomize=True,
    max_examples=int(os.environ.get("PACKTRACE_EXAMPLES", "60")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("packtrace")

# A run in the background of a script is deaf to Ctrl+C, and so would be what its tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Public test data that may lie beside the checkout; it only adds cases.
SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture
def chain(tmp_path: Path):
    """A small supply chain on a real log."""
    from tests.world import Chain

    made = Chain(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def kept(chain):
    """The chain's node's templates of labels' fingerprints."""
    from ledger.store.fingerprints import Fingerprints

    made = Fingerprints.make(chain.folder / "fingerprints", b"", plain=True)
    yield made
    made.close()


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server of this run's own."""
    from tests.postgres import Server

    server = Server()
    yield server
    server.close()
