"""The vectors that Python and the browser's modules both run: one act each, from fields to envelope.

tests/browser/test_statement_bytes.py runs the same file in Chromium.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

from ledger.build import sign_event, sign_governance
from ledger.errors import LedgerError
from ledger.statement import dsse
from ledger.statement.dsse import Envelope
from ledger.statement.events import parse_event
from ledger.statement.forms import FORMS
from ledger.statement.governance import parse_governance
from ledger.statement.login import Login, build_login, parse_login
from ledger.statement.submission import Submission, fit_items

VECTORS: Final = Path(__file__).resolve().parents[2] / "vectors" / "statement"
OPERATIONS: Final = json.loads((VECTORS / "operations.json").read_bytes())
REFUSED: Final = json.loads((VECTORS / "refused.json").read_bytes())
READERS: Final = {dsse.EVENT: parse_event, dsse.GOVERNANCE: parse_governance, dsse.LOGIN: parse_login}  # fmt: skip
# The names of an event's fields in the browser -> in Python.
NAMES: Final = {
    "timeMs": "time_ms", "timeOffset": "time_offset", "sourceParty": "source_party",
    "destParty": "dest_party", "destSite": "dest_site",
}  # fmt: skip


def submission_of(case: Mapping[str, Any], seeds: list[bytes]) -> Submission:
    """The signed statement that a case describes."""
    fields, secret = dict(case["fields"]), bytes.fromhex(case.get("secret", ""))
    if case["payloadType"] == dsse.GOVERNANCE:
        body = parse_governance(dsse.canonical(fields))
        return sign_governance(body, seeds, case.get("items", []), secret)
    if "expiry" in fields:
        fields["expiry"] = date.fromisoformat(fields["expiry"])
    if "inputs" in fields:
        fields["inputs"] = tuple(fields["inputs"])
    return sign_event(
        fields.pop("op"),
        seeds,
        nonce=bytes.fromhex(fields.pop("nonce")),
        secret=secret,
        ids=case.get("items", []),
        over=case.get("over", []),
        missing=case.get("missing", []),
        extras={item: bytes.fromhex(extra) for item, extra in case.get("extras", {}).items()},
        **{NAMES.get(name, name): value for name, value in fields.items()},
    )


def made(case: Mapping[str, Any], keys: Mapping[str, Any]) -> dict[str, str]:
    """What Python makes of a case's fields and lists."""
    seeds = [bytes.fromhex(keys[name]["seed"]) for name in case["keys"]]
    told = {}
    if case["payloadType"] == dsse.LOGIN:
        envelope = dsse.sign(dsse.LOGIN, build_login(Login(**case["fields"])), seeds)
    else:
        submission = submission_of(case, seeds)
        fit_items(submission)
        envelope = submission.statement.envelope
        told["submission"] = bytes(submission).decode()
    payload = b64encode(envelope.payload).decode()
    return {"payload": payload, "id": envelope.id, "envelope": bytes(envelope).decode(), **told}


@pytest.mark.parametrize("case", OPERATIONS["cases"], ids=lambda c: c["name"])
def test_each_act_has_these_bytes_alone(case: dict[str, Any]) -> None:
    found = made(case, OPERATIONS["keys"])
    assert {name: case[name] for name in found} == found
    keys = {k["keyid"]: bytes.fromhex(k["public"]) for k in OPERATIONS["keys"].values()}
    envelope = Envelope.parse(case["envelope"].encode())
    envelope.verify(keys.get)
    READERS[case["payloadType"]](envelope.payload)


def test_the_vectors_hold_every_operation_and_field() -> None:
    events = [c for c in OPERATIONS["cases"] if c["payloadType"] == dsse.EVENT]
    assert {case["fields"]["op"] for case in events} == set(FORMS)
    used = {name for case in events for name, value in case.items() if value}
    assert used >= {"items", "over", "missing", "extras", "secret"}
    kinds = {
        c["fields"]["type"] for c in OPERATIONS["cases"] if c["payloadType"] == dsse.GOVERNANCE
    }
    assert kinds >= {"key-add", "key-revoke", "product", "document"}


@pytest.mark.parametrize("case", REFUSED, ids=lambda c: c["why"])
def test_no_other_bytes_are_read(case: dict[str, Any]) -> None:
    with pytest.raises(LedgerError):
        READERS[case["payloadType"]](b64decode(case["payload"]))
