"""Acts that wait for a second person: seen by their own party alone, and only as they were signed."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

from ledger.statement.submission import Submission
from tests.app.conftest import SignIn
from tests.world import Chain, seed


@pytest.fixture
def act(chain: Chain) -> Submission:
    """A destruction that one station has signed."""
    return chain.event("destroyed", chain.maker, chain.commission("W1", 2))


@pytest.fixture
def maker(chain: Chain, sign_in: SignIn) -> FlaskClient:
    """Somebody at the maker's site."""
    return sign_in(chain.maker)


def test_an_act_waits_sealed_and_is_handed_out_as_it_was_signed(
    chain: Chain, maker: FlaskClient, act: Submission
) -> None:
    answer = maker.post("/api/waiting", data=bytes(act))
    assert (answer.status_code, answer.get_json()) == (201, {"id": act.statement.id})
    assert maker.get(f"/api/waiting/{act.statement.id}").data == bytes(act)
    assert "Look at it and sign" in maker.get("/waiting").get_data(as_text=True)
    for item in act.items:
        for path in chain.folder.glob("desk.sqlite*"):
            assert item.id.encode() not in path.read_bytes()
    assert maker.delete(f"/api/waiting/{act.statement.id}").status_code == 200
    assert maker.delete(f"/api/waiting/{act.statement.id}").status_code == 404
    assert "Nothing waits." in maker.get("/waiting").get_data(as_text=True)


def test_another_party_neither_sees_an_act_nor_takes_it_away(
    chain: Chain, maker: FlaskClient, act: Submission, sign_in: SignIn, client: FlaskClient
) -> None:
    maker.post("/api/waiting", data=bytes(act))
    path = f"/api/waiting/{act.statement.id}"
    for other, status in ((sign_in(chain.wholesaler), 404), (client, 401)):
        assert other.get(path).status_code == status
        assert other.delete(path).status_code == status
    assert act.statement.id not in sign_in(chain.wholesaler).get("/waiting").get_data(as_text=True)
    assert maker.get(path).status_code == 200


def test_what_nobody_could_sign_is_not_kept(
    chain: Chain, maker: FlaskClient, act: Submission
) -> None:
    stranger = chain.event("destroyed", chain.maker, chain.commission("W2", 1), keys=[seed("x")])
    other = chain.event("lost", chain.pharmacy, chain.commission("W3", 1))
    told = json.loads(bytes(act))
    told["items"] = told["items"][:1]
    for body, status in (
        (bytes(stranger), 403), (bytes(other), 403), (json.dumps(told).encode(), 422),
        (bytes(chain.suspend(chain.maker.gln)), 400), (b"{}", 400), (b"", 400),
    ):  # fmt: skip
        assert maker.post("/api/waiting", data=body).status_code == status
    assert maker.post("/api/waiting", data=b" " * (9 << 20)).status_code == 413
    assert "Nothing waits." in maker.get("/waiting").get_data(as_text=True)


def test_an_act_waits_for_a_week(chain: Chain, act: Submission, sign_in: SignIn) -> None:
    sign_in(chain.maker).post("/api/waiting", data=bytes(act))
    chain.now += 7 * 24 * 3_600_000 + 1
    assert sign_in(chain.maker).get(f"/api/waiting/{act.statement.id}").status_code == 404
