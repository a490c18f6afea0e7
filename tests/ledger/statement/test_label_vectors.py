"""Labels that the browser reads too, when there is no line: both must read them alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import Malformed
from ledger.statement.gs1 import parse_scan

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "label" / "labels.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: one["text"][:60] or "empty")
def test_a_label_says_the_same_here_and_in_the_browser(vector: dict[str, Any]) -> None:
    if vector["label"] is None and not vector.get("server"):
        with pytest.raises(Malformed):
            parse_scan(vector["text"], year=2026)
        return
    label = parse_scan(vector["text"], year=2026)
    if vector["label"] is not None:
        assert vector["label"] == {
            "gtin": label.gtin, "lot": label.lot, "serial": label.serial,
            "expiry": label.expiry.isoformat() if label.expiry else "",
            **({"practice": True} if label.practice else {}),
        }  # fmt: skip
