"""A tracing request: one file by product, period and partner, of what who asks may see."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from ledger.cli import main
from ledger.statement.dsse import entry_of
from ledger.statement.submission import Statement
from ledger.tlog import merkle
from ledger.tlog.checkpoint import open_checkpoint
from tests.app.conftest import SignIn
from tests.world import Chain


def ask(client: FlaskClient, **query: str) -> dict[str, bytes]:
    answer = client.get("/tracing-requests/answer.zip", query_string=query)
    assert answer.status_code == 200, answer.text
    with ZipFile(io.BytesIO(answer.data)) as found:
        return {name: found.read(name) for name in found.namelist()}


def table(files: dict[str, bytes]) -> list[dict[str, str]]:
    text = files["transactions.csv"].decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def statements(files: dict[str, bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files["statements.ndjson"].splitlines()]


@pytest.fixture
def traded(chain: Chain) -> list[str]:
    packs = chain.commission("R1", 4)
    chain.hand_over(chain.maker, packs, chain.wholesaler)
    chain.hours(48)
    chain.hand_over(chain.wholesaler, packs[:2], chain.pharmacy)
    chain.hand_over(chain.wholesaler, packs[2:], chain.pharmacy2)
    return packs


def test_an_answer_is_by_product_period_and_partner(
    chain: Chain, sign_in: SignIn, traded: list[str]
) -> None:
    client = sign_in(chain.wholesaler)
    everything = table(ask(client, gtin=chain.gtin))
    assert [int(line["packs"]) for line in everything if line["tracking_number"]] == [4, 2, 2]
    to_one = ask(client, gtin=chain.gtin, partner=chain.pharmacy.gln)
    assert [line["to_gln"] for line in table(to_one)] == [chain.pharmacy.site]
    late = table(ask(client, gtin=chain.gtin, **{"from": "2026-10-03", "to": "2026-10-03"}))
    assert {line["from_gln"] for line in late} == {chain.wholesaler.site}
    assert table(ask(client, gtin=chain.gtin, to="2026-09-30")) == []
    of_lot = table(ask(client, gtin=chain.gtin, lot="R1", partner=chain.maker.gln))
    assert [line["from_gln"] for line in of_lot] == [chain.maker.site]
    page = client.get("/tracing-requests", query_string={"gtin": chain.gtin}).text
    assert page.count('<tr><th scope="row"') == len(everything)


def test_statements_prove_themselves_and_bundles_verify(
    chain: Chain, sign_in: SignIn, traded: list[str], tmp_path: Path
) -> None:
    files = ask(sign_in(chain.pharmacy), gtin=chain.gtin)
    head = open_checkpoint(files["checkpoint"], chain.log_key.verifier)
    told = statements(files)
    assert len(told) == 2  # the shipment and the receipt
    for one in told:
        envelope = json.dumps(one["envelope"], sort_keys=True, separators=(",", ":")).encode()
        statement = Statement.parse(envelope)
        assert statement.id == one["id"]
        leaf = merkle.leaf_hash(entry_of(statement.envelope, one["ms"]))
        path = [bytes.fromhex(node) for node in one["path"]]
        merkle.verify_inclusion(one["index"], head.size, leaf, path, head.root)
    document = json.loads(files["events.epcis.json"])
    epcs = {epc for event in document["epcisBody"]["eventList"] for epc in event["epcList"]}
    assert epcs == set(traded[:2])
    (tmp_path / "trust.txt").write_bytes(files["trust.txt"])
    proofs = [name for name in files if name.startswith("proofs/")]
    assert proofs
    for name in proofs:
        proof = tmp_path / Path(name).name
        proof.write_bytes(files[name])
        words = ["verify", str(proof), "--trust", str(tmp_path / "trust.txt")]
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, done.output
    assert b'"secret"' not in files["statements.ndjson"]


def test_nobody_gets_more_than_they_may_see(
    chain: Chain, sign_in: SignIn, traded: list[str]
) -> None:
    files = ask(sign_in(chain.pharmacy), gtin=chain.gtin)
    whole = b"".join(files.values()).decode("utf-8", "replace")
    assert chain.pharmacy2.site not in whole
    assert chain.maker.site not in files["transactions.csv"].decode()
    assert "has no right to them" in files["about.txt"].decode()
    assert traded[3] not in whole
    everything = ask(sign_in(chain.authority), gtin=chain.gtin, lot="R1")
    assert len([line for line in table(everything) if line["tracking_number"]]) == 3
    assert "It holds all" in everything["about.txt"].decode()
    # What another party traded is answered as nothing at all.
    client = sign_in(chain.pharmacy)
    assert table(ask(client, gtin=chain.gtin, partner=chain.pharmacy2.gln)) == []


def test_bad_questions_are_told(
    chain: Chain, sign_in: SignIn, client: FlaskClient, traded: list[str]
) -> None:
    del traded
    for path in ("/tracing-requests", "/tracing-requests/answer.zip"):
        assert client.get(path).status_code == 401
    asking = sign_in(chain.wholesaler)
    assert asking.get("/tracing-requests").status_code == 200
    assert asking.get("/tracing-requests/answer.zip").status_code == 400
    good = {"gtin": chain.gtin}
    for bad in (
        {"gtin": "1"}, {"gtin": "x" * 14}, {"gtin": "\u0661" * 14}, {**good, "lot": "ö"},
        {**good, "lot": "x" * 21}, {**good, "partner": "1"}, {**good, "from": "yesterday"},
        {**good, "from": "2026-10-02", "to": "2026-10-01"},
    ):  # fmt: skip
        for path in ("/tracing-requests", "/tracing-requests/answer.zip"):
            assert asking.get(path, query_string=bad).status_code == 400, bad
    assert sign_in(chain.authority).get("/tracing-requests", query_string=good).status_code == 400
