"""The app over a real log, for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import Settings
from ledger.statement import dsse, keyfile
from ledger.statement.login import CLI, Login, build_login
from ledger.statement.parts import time_text
from tests.nodes import close
from tests.world import Chain, Member, seed

SignIn = Callable[[Member], FlaskClient]


def give_keys(chain: Chain) -> None:
    """Put the log's own keys where a node looks for them."""
    keys = chain.folder / "keys"
    keys.mkdir(exist_ok=True)
    for name in ("log", "status"):
        (keys / f"{name}.key").write_bytes(keyfile.plain(seed(name), label=name, party=""))


@pytest.fixture
def app(chain: Chain) -> Iterator[Flask]:
    """The app; no limits, cookies for plain HTTP."""
    give_keys(chain)
    settings = Settings(
        log=chain.folder, secure=False, per_minute=0, stranger_per_minute=0, clock=lambda: chain.now
    )
    made = create_app(settings)
    yield made
    close(made)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A stranger."""
    return app.test_client()


def login_body(client: FlaskClient, chain: Chain, key: bytes, by: str, **changes: str) -> bytes:
    """A signed answer to a fresh challenge."""
    challenge = client.get("/api/session/nonce").get_json()
    fields = {
        "by": by, "log": chain.origin, "nonce": challenge["nonce"], "origin": CLI, "time": time_text(chain.now),
    }  # fmt: skip
    login = Login(**{**fields, **changes})
    envelope = dsse.sign(dsse.LOGIN, build_login(login), [key])
    return b'{"envelope":' + bytes(envelope) + b"}"


@pytest.fixture
def sign_in(app: Flask, chain: Chain) -> SignIn:
    """A client that is signed in as a member."""

    def signed(who: Member) -> FlaskClient:
        client = app.test_client()
        answer = client.post("/api/session", data=login_body(client, chain, who.key, who.gln))
        assert answer.status_code == 200, answer.get_json()
        return client

    return signed
