"""Statements as a stream, and a party's own statements: over HTTP."""

from __future__ import annotations

import json

import httpx
from flask import Flask
from flask.testing import FlaskClient

from ledger.pulled import Pulled
from ledger.remote import verify_list
from tests.app.conftest import SignIn
from tests.nodes import serving
from tests.world import Chain

NDJSON = {"Content-Type": "application/x-ndjson"}


def test_a_stream_answers_each_line_in_order_and_goes_on_after_a_refusal(
    chain: Chain, client: FlaskClient
) -> None:
    packs = chain.pack_ids("L1", 2)
    expiry = {"lot": "L1", "expiry": chain_expiry()}
    lines = [
        bytes(chain.event("commission", chain.maker, packs, **expiry)),
        bytes(chain.event("commission", chain.maker, packs, **expiry)),
        b"not json",
        b"",
        bytes(chain.ship_event(chain.maker, packs, chain.pharmacy)),
    ]
    answer = client.post("/api/statements", data=b"\n".join(lines), headers=NDJSON)
    told = [json.loads(line) for line in answer.data.splitlines()]
    assert answer.mimetype == "application/x-ndjson"
    assert [line.get("code", "ok") for line in told] == [
        "ok",
        "duplicate-serial",
        "malformed",
        "ok",
    ]
    assert told[1]["status"] == 409
    assert "refusal" in told[1]
    assert told[3]["index"] == told[0]["index"] + 1
    assert "refusal" not in told[2]


def chain_expiry() -> object:
    from datetime import date

    return date(2028, 1, 31)


def test_a_long_stream_is_taken_as_it_comes(app: Flask, chain: Chain) -> None:
    events = [
        bytes(chain.event("commission", chain.maker, chain.pack_ids(f"S{n}", 1), lot=f"S{n}",
                          expiry=chain_expiry()))
        for n in range(600)
    ]  # fmt: skip
    with serving(app) as url:
        answer = httpx.post(
            f"{url}/api/statements", content=(event + b"\n" for event in events), headers=NDJSON,
            timeout=60, trust_env=False,
        )  # fmt: skip
    told = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["index"] for line in told] == list(range(told[0]["index"], told[0]["index"] + 600))


def test_a_party_pulls_what_concerns_it_and_a_stranger_nothing(
    chain: Chain, client: FlaskClient, sign_in: SignIn
) -> None:
    packs = chain.commission("L1", 1)
    ship = chain.ship(chain.maker, packs, chain.pharmacy)
    assert client.get("/api/pull").status_code == 401
    assert client.get("/api/pull?since=x").status_code == 401
    signed = sign_in(chain.pharmacy)
    assert signed.get("/api/pull?since=-1").status_code == 400
    found = [Pulled.parse(line) for line in signed.get("/api/pull").data.splitlines()]
    assert [one.index for one in found] == [ship.index]
    assert [item.id for item in found[0].submission.items] == packs
    assert sign_in(chain.wholesaler).get("/api/pull").data == b""


def test_policy_and_status_list_are_everyones(chain: Chain, client: FlaskClient) -> None:
    chain.log.submit(chain.recall_of(chain.scope(lots=["L1"])))
    assert client.get("/api/policy").get_json()["policy"]["threshold"] == 2
    data = client.get("/api/status-list").data
    listed = verify_list(data, chain.trust, chain.now).listed
    assert [line.lots for line in listed.recalled] == [["L1"]]
