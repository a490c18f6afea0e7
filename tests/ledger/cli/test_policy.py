"""A policy changed in an editor: what it may say more than the one that a log begins with."""

from __future__ import annotations

import json
from pathlib import Path

from tests.ledger.cli.conftest import Run
from tests.ledger.cli.test_commands import Trade


def test_a_policy_file_may_ask_for_fingerprints(packtrace: Run, tmp_path: Path) -> None:
    made = Trade(packtrace, tmp_path)
    rules = json.loads(made.do("policy-show", "--log", made.log).out)
    assert "fingerprint" not in rules
    file = tmp_path / "policy.json"
    asked = {**rules, "fingerprint": {"ask": True}}
    file.write_text(json.dumps(asked))
    made.on_log("policy", file, *made.agency)
    assert json.loads(made.do("policy-show", "--log", made.log).out) == asked
    file.write_text(json.dumps({**rules, "fingerprint": {}}))
    refused = packtrace("policy", file, "--log", made.log, *made.agency)
    assert refused.code == 2
    assert "fingerprint says ask, offline or both" in refused.err
