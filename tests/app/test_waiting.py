"""Acts that wait for a second person: seen by their own party alone, and only as they were signed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ledger.build import sign_governance
from ledger.statement.submission import Submission
from tests.app.conftest import SignIn, login_body
from tests.world import Chain, policy, seed


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
    assert (answer.status_code, answer.get_json()) == (
        201,
        {"id": act.statement.id, "complete": False},
    )
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


# What an authority's administrators sign together

Official = Callable[[int], FlaskClient]


@pytest.fixture
def official(app: Flask, chain: Chain) -> Official:
    """Signs one of the authority's administrators in."""

    def signed(number: int) -> FlaskClient:
        client = app.test_client()
        body = login_body(client, chain, seed(f"authority {number}"), chain.authority.gln)
        assert client.post("/api/session", data=body).status_code == 200
        return client

    return signed


def by(whole: Submission, *numbers: int) -> Submission:
    """A statement as only some of the authority's administrators have signed it."""
    body, items = whole.statement.body, [item.id for item in whole.items]
    seeds = [seed(f"authority {number}") for number in numbers]
    return sign_governance(body, seeds, items, whole.secret)


def test_what_an_authority_s_keys_sign_together_waits_for_its_administrators(
    chain: Chain, official: Official, sign_in: SignIn, client: FlaskClient
) -> None:
    whole = chain.suspend(chain.maker.gln)
    path, draft = f"/api/waiting/{whole.statement.id}", by(whole, 1)
    first, second = official(1), official(2)
    assert first.post("/api/waiting", data=bytes(draft)).status_code == 201
    assert "You have signed it." in first.get("/waiting").text
    for seen, client_ in ((False, first), (True, second), (False, sign_in(chain.authority))):
        assert ("To sign" in client_.get("/").text) == seen
    assert "Look at it and sign" in second.get("/waiting").text
    assert "was suspended: inspection" in second.get("/waiting").text
    # Neither the authority's own station, nor anybody else, sees what it means to do.
    for other in (sign_in(chain.authority), sign_in(chain.maker)):
        assert (other.get(path).status_code, other.delete(path).status_code) == (404, 404)
        assert "inspection" not in other.get("/waiting").text
    assert client.get(path).status_code == 401
    assert second.get(path).data == bytes(draft)
    told = second.post("/api/waiting", data=bytes(by(whole, 2))).get_json()
    assert told == {"id": whole.statement.id, "complete": True}
    assert second.get(path).data == bytes(by(whole, 1, 2))  # neither's signature is lost
    assert second.delete(path).status_code == 200


def test_a_list_of_packs_waits_with_what_is_said_of_them(chain: Chain, official: Official) -> None:
    packs = chain.commission("W5", 2)
    keys = [seed("authority 1"), seed("authority 2")]
    listed = chain.listed(chain.recall_of, packs, by=chain.authority.gln, keys=keys)
    whole = by(listed, 1)
    assert official(1).post("/api/waiting", data=bytes(whole)).status_code == 201
    found = Submission.parse(official(2).get(f"/api/waiting/{whole.statement.id}").data)
    assert ([item.id for item in found.items], found.secret) == (packs, whole.secret)
    told = json.loads(bytes(whole))
    told["items"] = told["items"][:1]
    answer = official(1).post("/api/waiting", data=json.dumps(told))
    assert (answer.status_code, answer.get_json()["code"]) == (422, "items-mismatch")


def test_what_more_hands_would_not_make_right_does_not_wait(
    chain: Chain, official: Official, sign_in: SignIn
) -> None:
    first, size = official(1), chain.reader.head().size
    stale = chain.policy_change(replaces="ab" * 32)
    locked = chain.policy_change(threshold=4)
    strange = sign_governance(chain.suspend(chain.maker.gln).statement.body, [chain.maker.admin])
    for draft, code in (
        (by(stale, 1), "stale-policy"), (by(locked, 1), "lockout"),
        (strange, "not-entitled"), (by(chain.hold(by=chain.authority.gln), 1), "wrong-type"),
    ):  # fmt: skip
        assert first.post("/api/waiting", data=bytes(draft)).get_json()["code"] == code
    answer = sign_in(chain.authority).post("/api/waiting", data=bytes(by(stale, 1)))
    assert answer.get_json()["code"] == "wrong-type"
    assert "Nothing waits." in first.get("/waiting").text
    assert chain.reader.head().size == size


def test_a_draft_waits_as_long_as_the_log_would_take_its_time(
    chain: Chain, official: Official
) -> None:
    chain.log.submit(chain.policy_change(backdate=3600))
    draft = by(chain.suspend(chain.maker.gln), 1)
    assert official(1).post("/api/waiting", data=bytes(draft)).status_code == 201
    chain.now += 3600 * 1000 + 1000
    assert official(2).get(f"/api/waiting/{draft.statement.id}").status_code == 404
    assert "Nothing waits." in official(2).get("/waiting").text


def test_what_has_changed_since_a_draft_was_signed_is_said(
    chain: Chain, official: Official
) -> None:
    draft = by(chain.policy_change(undo_hours=5), 1)
    assert official(1).post("/api/waiting", data=bytes(draft)).status_code == 201
    assert "The log would not take it now." not in official(2).get("/waiting").text
    chain.log.submit(chain.policy_change(undo_hours=6))
    assert "The log would not take it now." in official(2).get("/waiting").text
    assert "Read the policy in force and build on it." in official(2).get("/waiting").text
    assert policy(undo_hours=6) == chain.reader.authority().policy
