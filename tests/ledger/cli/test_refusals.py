"""Each refusal over the command line, with the code that the library and HTTP give."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.statement import keyfile
from tests.ledger.cli.conftest import Run
from tests.refusals import CASES, IDS
from tests.world import Chain, seed


@pytest.mark.parametrize(("code", "why", "case"), CASES, ids=IDS)
def test_refused_over_the_command_line(
    chain: Chain, packtrace: Run, tmp_path: Path, code: str, why: str,
    case: Callable[[Chain], bytes], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    keys = chain.folder / "keys"
    keys.mkdir(exist_ok=True)
    for name in ("log", "status"):
        (keys / f"{name}.key").write_bytes(keyfile.plain(seed(name), label=name, party=""))
    body = case(chain)
    monkeypatch.setattr("ledger.cli.target.now_ms", lambda: chain.now)
    before = chain.store.one("SELECT COUNT(*) FROM entry")
    done = packtrace("submit", "-", "--log", chain.folder, "--json", stdin=body)
    assert done.told["code"] == code
    assert done.code == (2 if code == "malformed" else 1)
    assert chain.store.one("SELECT COUNT(*) FROM entry") == before
