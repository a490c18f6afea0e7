"""The log's health page: what anybody may see of it, what an authority sees, and every way it goes wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.health import AUDIT, STALE_MS
from ledger.audit_kept import Finding, Seen
from ledger.audit_report import CUSTODY, Report
from ledger.store.database import GUARD
from ledger.store.publish import cosign_newest
from ledger.tlog.note import COSIGNATURE, SigningKey
from tests.app.conftest import SignIn
from tests.world import ORIGIN, Chain, seed

WITNESS = SigningKey("witness.example/1", seed("witness"), COSIGNATURE)


def reported(chain: Chain, *findings: Finding, **changes: Any) -> Report:
    """An audit of the log as it is now, put where the node looks."""
    head = chain.reader.head()
    found = {"origin": ORIGIN, "size": head.size, "root": head.root, "folded": head.size}
    seen = Seen(clear=10, known=head.size - 10, unseen=0, **{**found, **changes})
    report = Report.of(chain.now, "Agency", seen, findings)
    (chain.folder / AUDIT).write_bytes(bytes(report))
    return report


def told(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/log/health.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.get_json()
    return found


def test_everybody_sees_head_and_witnesses_and_nobody_else_the_operators_troubles(
    chain: Chain, client: FlaskClient, sign_in: SignIn
) -> None:
    reported(chain, Finding("tile", "tile/0/000", "secret words"))
    cosign_newest(chain.store, WITNESS, chain.now // 1000 - 3600)
    chain.commission("L1", 1)
    cosigned = chain.reader.head().size - 1
    for one in (client, sign_in(chain.pharmacy), sign_in(chain.maker)):
        found = told(one)
        assert {"standing", "audit"}.isdisjoint(found)
        assert (found["origin"], found["size"]) == (ORIGIN, chain.reader.head().size)
        assert found["root"] == chain.reader.head().root.hex()
        assert found["key"] == chain.reader.vkey
        at = chain.now // 1000 - 3600 - 1  # the act above took a second
        assert found["witnesses"] == [{"name": WITNESS.name, "size": cosigned, "at": at}]
        page = one.get("/log/health").text
        assert WITNESS.name in page
        assert "1 hour ago" in page
        assert "secret words" not in page
        assert "Disk" not in page
    assert told(sign_in(chain.authority))["audit"]["report"]["count"] == 1


def test_the_newest_line_of_each_witness_counts(chain: Chain, client: FlaskClient) -> None:
    assert "No witness has cosigned yet" in client.get("/log/health").text
    for hours in (3, 2, 1):
        cosign_newest(chain.store, WITNESS, chain.now // 1000 - 3600 * hours)
        chain.commission(f"L{hours}", 1)
    [line] = told(client)["witnesses"]
    assert line["size"] == chain.reader.head().size - 1


def test_an_authority_sees_the_last_audit_in_words(chain: Chain, sign_in: SignIn) -> None:
    client = sign_in(chain.authority)
    assert told(client)["audit"]["fault"] == "none"
    assert "No audit has been reported" in client.get("/log/health").text
    reported(chain)
    chain.commission("L1", 1)
    found = told(client)["audit"]
    assert (found["fault"], found["stale"], found["holds"], found["behind"]) == ("", False, True, 1)
    page = client.get("/log/health").text
    assert "nothing found" in page
    assert "folded over every entry" in page
    assert "Agency" in page
    reported(chain, Finding("not-holder", "entry 7", "a <b>pack</b> is elsewhere"))
    page = client.get("/log/health").text
    assert CUSTODY in page
    assert "1 finding" in page
    assert "&lt;b&gt;pack" in page


def test_an_old_audit_says_so(chain: Chain, sign_in: SignIn) -> None:
    reported(chain)
    chain.now += STALE_MS
    client = sign_in(chain.authority)
    assert told(client)["audit"]["stale"] is False
    chain.now += 1
    assert told(client)["audit"]["stale"] is True
    assert "nothing found, too long ago" in client.get("/log/health").text


@pytest.mark.parametrize("changes", [{"root": bytes(32)}, {"size": 10_000}])
def test_a_history_that_changed_since_the_audit_is_seen(
    chain: Chain, sign_in: SignIn, changes: dict[str, Any]
) -> None:
    reported(chain, **changes)
    client = sign_in(chain.authority)
    assert told(client)["audit"]["holds"] is False
    assert "history has changed since" in client.get("/log/health").text


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "unreadable"),
        (b"{}", "unreadable"),
        (b"[" * 100_000, "unreadable"),
        (b" " * (1 << 21), "unreadable"),
        (None, "another log"),
    ],
)
def test_a_report_that_is_none_of_this_log_breaks_nothing(
    chain: Chain, sign_in: SignIn, data: bytes | None, fault: str
) -> None:
    if data is None:
        reported(chain, origin="log.example/other")
    else:
        (chain.folder / AUDIT).write_bytes(data)
    client = sign_in(chain.authority)
    assert told(client)["audit"]["fault"] == fault
    assert client.get("/log/health").status_code == 200


def test_numbers_that_cannot_be_break_nothing(chain: Chain, sign_in: SignIn) -> None:
    good = bytes(reported(chain))
    client = sign_in(chain.authority)
    for field in ("ms", "size", "folded", "count"):
        for value in (b"-5", b"99999999999999999"):
            name = b'"%b":' % field.encode()
            before, _, after = good.partition(name)
            rest = after[after.index(b",") :]
            (chain.folder / AUDIT).write_bytes(before + name + value + rest)
            assert client.get("/log/health").status_code == 200, (field, value)


def test_a_damaged_or_read_only_database_is_told(chain: Chain, sign_in: SignIn) -> None:
    client = sign_in(chain.authority)
    found = told(client)["standing"]
    assert (found["fault"], found["writes"]) == ("", True)
    assert 0 < found["free"] <= found["total"]
    guard = chain.folder / GUARD
    kept = guard.read_bytes()
    guard.unlink()
    assert told(client)["standing"]["fault"] == "read-only"
    assert "may be a restored old copy" in client.get("/log/health").text
    guard.write_bytes(kept)
    with chain.store.writing():
        row = chain.store.one("SELECT data FROM tile WHERE level = 0 AND idx = 0")
        assert row is not None
        data = bytes(row[0])
        chain.store.execute("UPDATE tile SET data = ?", (data[:-1] + bytes([data[-1] ^ 1]),))
    assert told(client)["standing"]["fault"] == "damaged"
    assert "is not that of the stored tiles" in client.get("/log/health").text


def test_without_a_log_it_says_so(tmp_path: Path) -> None:
    from app import create_app
    from app.config import Settings

    bare: Flask = create_app(Settings(log=tmp_path / "none"))
    assert bare.test_client().get("/log/health").status_code == 503
