"""What a browser tells of a label without a line: read as the server reads it, judged by a list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Site, Visit

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "label" / "labels.json").read_text())
READ = """async (texts) => {
  const { readLabel } = await import("/static/label.js");
  return texts.map((text) => readLabel(text, 2026));
}"""
JUDGE = """async ([label, listed, now]) => {
  const { judged } = await import("/static/offline.js");
  return judged(label, listed, now)("12:00");
}"""
LABEL = {"gtin": "09521123454323", "lot": "L1", "expiry": "2028-01-31", "serial": "A1"}
NOW = 1_780_000_000_000  # in May 2026


def listed(**lines: Any) -> dict[str, Any]:
    """A status list that is of use."""
    empty: dict[str, Any] = {"recalled": [], "withdrawn": [], "held": []}
    return {**empty, "until": "2026-12-31T00:00:00Z", **lines}


def line(**fields: Any) -> list[dict[str, Any]]:
    return [{"gtin": LABEL["gtin"], "index": 7, **fields}]


def test_every_label_is_read_as_the_server_reads_it_or_left_to_it(bare: Site, visit: Visit) -> None:
    visitor = visit(bare)
    visitor.open("/help")
    read = visitor.page.evaluate(READ, [one["text"] for one in VECTORS])
    assert [(one["text"], label) for one, label in zip(VECTORS, read, strict=True)] == [
        (one["text"], one["label"]) for one in VECTORS
    ]


NO_LOT = {**LABEL, "lot": ""}
MARKED = {**LABEL, "practice": True}
CASES = {
    "nothing listed": (LABEL, listed(), None, "offline"),
    "another product": (LABEL, listed(recalled=[{"gtin": "0", "index": 1}]), None, "offline"),
    "another lot": (LABEL, listed(recalled=line(lots=["L2"])), None, "offline"),
    "this lot recalled": (LABEL, listed(recalled=line(lots=["L1"])), "Do not supply", "recalled"),
    "all lots recalled": (LABEL, listed(recalled=line()), "Do not supply", "recalled"),
    "withdrawn": (LABEL, listed(withdrawn=line()), "Do not supply", "withdrawn"),
    "this lot held": (LABEL, listed(held=line(lots=["L1"])), "Hold: ask", "on-hold"),
    "some packs": (LABEL, listed(recalled=line(lots=["L1"], some=True)), "Hold: ask", "partly-listed"),
    "some, and all": (
        LABEL, listed(recalled=line(lots=["L1"], some=True) + line(lots=["L1"])), "Do not supply", "recalled"
    ),
    "some packs, and the product withdrawn": (
        LABEL,
        listed(recalled=line(lots=["L1"], some=True), withdrawn=line()),
        "Do not supply",
        "withdrawn",
    ),
    "a label without a lot": (NO_LOT, listed(recalled=line(lots=["L1"])), "Hold: ask", "partly-listed"),
    "expired": ({**LABEL, "expiry": "2026-01-31"}, listed(), "Do not supply", "expired"),
    "recalled in an old list": (
        LABEL,
        listed(until="2026-01-01T00:00:00Z", recalled=line(lots=["L1"])),
        "Do not supply",
        "recalled",
    ),
    "held in an old list": (
        LABEL,
        listed(until="2026-01-01T00:00:00Z", held=line(lots=["L1"])),
        None,
        "offline",
    ),
    "a practice label": (MARKED, listed(), None, "practice-label"),
    "a practice label of a lot recalled": (
        MARKED, listed(recalled=line(lots=["L1"])), None, "practice-label"
    ),
    "a label on a practice log": (
        LABEL, listed(log="log.example/be/practice"), None, "not-practice-label"
    ),
    "a practice log's own": (MARKED, listed(log="log.example/be/practice"), None, "offline"),
    "too old a list": (LABEL, listed(until="2026-01-01T00:00:00Z"), None, "offline"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_list_says_what_it_held_and_never_that_a_pack_is_ok(
    bare: Site, visit: Visit, case: str
) -> None:
    label, status, word, code = CASES[case]
    visitor = visit(bare)
    visitor.open("/help")
    told = visitor.page.evaluate(JUDGE, [label, status, NOW])
    assert (told.get("verdict"), told["code"]) == (word, code)
    assert told["words"]
    assert told["next"]
    if case == "nothing listed":
        assert "not on hold and not recalled" in told["words"]
    if case == "too old a list":
        assert "too old" in told["words"]
