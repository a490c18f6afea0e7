"""To act as somebody of a SIMULATED world: by a key of one's own, joined by a real statement."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import Settings
from app.demo import make
from app.node import DEMO, KEY
from ledger.statement import dsse, keyfile
from ledger.statement.login import CLI, Login, build_login
from ledger.tlog.ed25519 import public_of
from tests.app.test_people import key_add_of
from tests.nodes import DAY, EVENING_MS, close
from tests.world import Chain, seed


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulated world."""
    folder = tmp_path_factory.mktemp("demo") / "world"
    make(folder, DAY, fixed=True)
    return folder


@pytest.fixture
def demo(world: Path) -> Iterator[Flask]:
    """A node of it."""
    made = create_app(Settings(log=world, secure=False, per_minute=0, clock=lambda: EVENING_MS))
    yield made
    close(made)


def session_of(client: FlaskClient, app: Flask, key: bytes, by: str) -> Any:
    """Sign in by a key."""
    told = client.get("/api/session/nonce").get_json()
    fields = {"log": told["log"], "nonce": told["nonce"], "origin": CLI, "time": told["time"]}
    envelope = dsse.sign(dsse.LOGIN, build_login(Login(by=by, **fields)), [key])
    return client.post("/api/session", data=b'{"envelope":' + bytes(envelope) + b"}")


@pytest.mark.parametrize("role", ["pharmacist", "manufacturer", "regulator", "second regulator"])
def test_a_visitor_s_key_is_joined_by_a_statement_on_the_log(demo: Flask, role: str) -> None:
    client, key = demo.test_client(), seed(f"visitor as {role}")
    token = client.post("/demo/invitations", json={"role": role}).get_json()["path"].split("/")[-1]
    half = key_add_of(client, token, key, EVENING_MS)
    assert (
        client.post("/demo/approvals", json={"token": token}).status_code == 404
    )  # nothing asked yet
    assert client.post(f"/api/join/{token}", data=bytes(half)).status_code == 200
    receipt = client.post("/demo/approvals", json={"token": token}).get_json()
    assert receipt["id"] == half.statement.id
    node = demo.extensions[KEY]
    record = node.reader.authority().keys[dsse.key_id(public_of(key))]
    [person] = [one for one in node.people if one.role == role]
    sites = set() if person.use == "admin" else {person.site}
    assert (record.party, set(record.sites), record.use) == (person.party, sites, person.use)
    assert (record.use == "admin") == ("regulator" in role)  # it decides, and so it administers
    assert session_of(client, demo, key, person.party).status_code == 200
    assert person.site in client.get("/account").get_data(as_text=True)


def test_nobody_is_approved_but_who_was_invited_here(demo: Flask) -> None:
    client = demo.test_client()
    assert client.post("/demo/invitations", json={"role": "king"}).status_code == 404
    assert client.post("/demo/invitations", json=[]).status_code == 400
    for token in ("", "x", 5, None, "A" * 43):
        assert client.post("/demo/approvals", json={"token": token}).status_code == 404


def test_a_real_log_cannot_be_made_to_let_anybody_act(
    app: Flask, chain: Chain, client: FlaskClient, world: Path
) -> None:
    """Not by the demo's files, nor by any setting: only the log's own mark counts."""
    shutil.copy(world / DEMO, chain.folder / DEMO)
    people = json.loads((world / DEMO).read_text())["people"]
    for name in people[0]["admins"]:
        raw = keyfile.plain(chain.pharmacy.admin, label=name, party=chain.pharmacy.gln)
        (chain.folder / "keys" / f"{name}.key").write_bytes(raw)
    names = ("DEMO", "SIMULATED", "INSECURE_COOKIES", "PEOPLE")
    environ = {f"PACKTRACE_{name}": "1" for name in names} | {"PACKTRACE_LOG": str(chain.folder)}
    again = create_app(Settings.from_environ(environ))
    try:
        visitor = again.test_client()
        for path, value in (
            ("/demo/invitations", {"role": "pharmacist"}),
            ("/demo/approvals", {"token": "A" * 43}),
        ):
            assert visitor.post(path, json=value).status_code == 404
        assert visitor.get("/demo").status_code == 404
        assert "/demo" not in visitor.get("/").get_data(as_text=True)
        assert "SIMULATED" not in visitor.get("/").get_data(as_text=True)
    finally:
        close(again)
    assert client.get("/demo").status_code == 404
