"""How somebody comes by a key: invited, made by themselves, approved by a signature on the log."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Iterator
from secrets import token_hex
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.joining import operations_of
from ledger.build import sign_governance
from ledger.statement import dsse
from ledger.statement.governance import KeyAdd, KeyRevoke
from ledger.statement.parts import time_text
from ledger.statement.submission import Submission
from ledger.tlog.ed25519 import public_of
from tests.app.conftest import SignIn, login_body
from tests.world import ORIGIN, Chain, Member, seed

NEW = seed("made in a browser")


@pytest.fixture
def admin(app: Flask, chain: Chain) -> FlaskClient:
    """The pharmacy's administrator."""
    return administrator(app, chain, chain.pharmacy)


def administrator(app: Flask, chain: Chain, who: Member) -> FlaskClient:
    client = app.test_client()
    answer = client.post("/api/session", data=login_body(client, chain, who.admin, who.gln))
    assert answer.get_json() == {"party": who.gln, "site": who.site}
    return client


def wanted(chain: Chain, **changes: Any) -> dict[str, Any]:
    """What an administrator fills in."""
    return {"site": chain.pharmacy.site, "use": "person", "staff": "12", "name": "Kim", **changes}


def invite(client: FlaskClient, chain: Chain, **changes: Any) -> str:
    """The token of a fresh invitation."""
    answer = client.post("/api/invitations", json=wanted(chain, **changes))
    assert answer.status_code == 201, answer.get_json()
    return str(answer.get_json()["path"]).removeprefix("/join/")


def key_add_of(
    client: FlaskClient, token: str, new: bytes, now: int, *seeds: bytes, **changes: Any
) -> Submission:
    """The key-add that a browser builds from an invitation, signed by the new key or these seeds."""
    terms = client.get(f"/api/join/{token}").get_json()
    fields = {
        "by": terms["by"], "log": terms["log"], "sites": terms["sites"], "use": terms["use"],
        "operations": terms["operations"], "staff": terms["staff"], "from_": terms["from"],
        "expires": terms["expires"], "key": b64encode(public_of(new)).decode(),
        "nonce": token_hex(16), "time": time_text(now),
    }  # fmt: skip
    return sign_governance(KeyAdd(**{**fields, **changes}), seeds or [new])


def key_add(
    client: FlaskClient, chain: Chain, token: str, *seeds: bytes, **changes: Any
) -> Submission:
    """The same for the test's own new key."""
    return key_add_of(client, token, NEW, chain.now, *seeds, **changes)


def test_a_person_joins_and_signs_in(app: Flask, chain: Chain, admin: FlaskClient) -> None:
    token = invite(admin, chain)
    guest = app.test_client()
    terms = guest.get(f"/api/join/{token}").get_json()
    assert (terms["state"], terms["staff"]) == ("open", "12")
    assert terms["operations"] == operations_of(chain.reader.authority(), chain.pharmacy.gln)
    half = key_add(guest, chain, token)
    told = guest.post(f"/api/join/{token}", data=bytes(half)).get_json()
    assert told == {"state": "asked", "keyid": dsse.key_id(public_of(NEW))}
    page = admin.get("/people").get_data(as_text=True)
    assert told["keyid"] in page
    assert "Kim" in page

    # The administrator's browser adds the signature that counts.
    body = half.statement.body
    assert isinstance(body, KeyAdd)
    whole = sign_governance(body, [NEW, chain.pharmacy.admin])
    assert (
        app.test_client()
        .post("/api/statements", data=bytes(whole), content_type="application/json")
        .status_code
        == 200
    )
    assert guest.get(f"/api/join/{token}").get_json()["state"] == "ready"
    assert told["keyid"] not in admin.get("/people").get_data(as_text=True).partition("Invite")[0]
    client = app.test_client()
    assert (
        client.post(
            "/api/session", data=login_body(client, chain, NEW, chain.pharmacy.gln)
        ).status_code
        == 200
    )
    assert "12 Kim" in client.get("/people").get_data(as_text=True)


def test_an_invitation_says_in_words_what_the_key_may_sign(
    app: Flask, chain: Chain, admin: FlaskClient
) -> None:
    page = app.test_client().get(f"/join/{invite(admin, chain)}").get_data(as_text=True)
    assert "send for destruction" in page
    assert "to_destruction" not in page


def test_a_name_is_never_on_the_log(app: Flask, chain: Chain, admin: FlaskClient) -> None:
    token = invite(admin, chain, name="Kim Example")
    half = key_add(app.test_client(), chain, token)
    assert b"Kim" not in half.statement.envelope.payload


def test_a_request_that_differs_from_its_invitation_is_refused(
    app: Flask, chain: Chain, admin: FlaskClient
) -> None:
    guest = app.test_client()
    token = invite(admin, chain)
    wrong: list[dict[str, Any]] = [
        {"sites": [chain.pharmacy2.site]},
        {"by": chain.pharmacy2.gln},
        {"staff": "13"},
        {"use": "station"},
        {"operations": ["destroyed"]},
        {"expires": "2099-01-01T00:00:00Z"},
        {"log": "log.example/other"},
    ]
    for changes in wrong:
        answer = guest.post(
            f"/api/join/{token}", data=bytes(key_add(guest, chain, token, **changes))
        )
        assert (answer.status_code, answer.get_json()["code"]) == (403, "not-entitled"), changes
    known = key_add(
        guest,
        chain,
        token,
        chain.pharmacy.key,
        key=b64encode(public_of(chain.pharmacy.key)).decode(),
    )
    assert guest.post(f"/api/join/{token}", data=bytes(known)).get_json()["code"] == "key-reused"
    other = key_add(guest, chain, token, seed("another"))
    assert guest.post(f"/api/join/{token}", data=bytes(other)).status_code == 403
    two = key_add(guest, chain, token, NEW, seed("another"))
    assert guest.post(f"/api/join/{token}", data=bytes(two)).status_code == 403
    nothing = guest.post(f"/api/join/{token}", data=b"{}")
    assert nothing.status_code == 400
    assert guest.get(f"/api/join/{token}").get_json()["state"] == "open"


def test_an_invitation_is_answered_by_one_browser(
    app: Flask, chain: Chain, admin: FlaskClient
) -> None:
    guest, token = app.test_client(), invite(admin, chain)
    first = bytes(key_add(guest, chain, token))
    assert guest.post(f"/api/join/{token}", data=first).status_code == 200
    assert guest.post(f"/api/join/{token}", data=first).status_code == 200  # a lost answer
    thief = seed("thief")
    second = key_add(guest, chain, token, thief, key=b64encode(public_of(thief)).decode())
    answer = guest.post(f"/api/join/{token}", data=bytes(second))
    assert answer.status_code == 403
    assert "Another browser" in answer.get_json()["detail"]


def test_an_invitation_ends(app: Flask, chain: Chain, admin: FlaskClient) -> None:
    token = invite(admin, chain)
    chain.now += 7 * 24 * 3_600_000 + 1
    assert app.test_client().get(f"/api/join/{token}").status_code == 404
    admin = administrator(app, chain, chain.pharmacy)
    answer = admin.post("/api/invitations", json=wanted(chain)).get_json()
    other = administrator(app, chain, chain.pharmacy2)
    assert other.post(f"/api/invitations/{answer['id']}/withdraw").status_code == 404
    assert admin.post(f"/api/invitations/{answer['id']}/withdraw").status_code == 200
    assert app.test_client().get(answer["path"]).status_code == 404
    assert app.test_client().get("/join/" + "A" * 43).status_code == 404


def test_only_an_administrator_invites_and_only_for_the_party_s_own_sites(
    app: Flask, chain: Chain, admin: FlaskClient, sign_in: SignIn
) -> None:
    assert app.test_client().post("/api/invitations", json=wanted(chain)).status_code == 401
    staff = sign_in(chain.pharmacy)
    assert staff.post("/api/invitations", json=wanted(chain)).status_code == 403
    assert (
        staff.post("/api/lock", json={"site": chain.pharmacy.site, "minutes": 5}).status_code == 403
    )
    for changes, status in (
        ({"site": chain.pharmacy2.site}, 403),
        ({"site": ""}, 403),
        ({"use": "recovery"}, 400),
        ({"staff": ""}, 400),
        ({"staff": "x" * 41}, 400),
        ({"operations": ["commission"]}, 403),
        ({"operations": "supply"}, 400),
        ({"starts": "2026-13-01"}, 400),
        ({"starts": "2027-01-02", "ends": "2027-01-01"}, 400),
        ({"name": "x" * 81}, 400),
    ):
        answer = admin.post("/api/invitations", json=wanted(chain, **changes))
        assert answer.status_code == status, (changes, answer.get_json())
    for body in (b"", b"[]", b"\xff", b"[" * 90_000):
        assert admin.post("/api/invitations", data=body).status_code == 400


@pytest.fixture
def brussels(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A node two hours ahead of UTC in summer."""
    with monkeypatch.context() as there:
        there.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("brussels")
def test_a_locum_is_invited_for_a_range_of_days(
    app: Flask, chain: Chain, admin: FlaskClient
) -> None:
    """Both days are worked, by the pharmacy's own clock; a single day is a range as well."""
    for until in ("2026-10-20", "2026-10-05"):
        token = invite(admin, chain, starts="2026-10-05", ends=until)
        terms = app.test_client().get(f"/api/join/{token}").get_json()
        assert (terms["from"], terms["expires"]) == ("2026-10-04T22:00:00Z", f"{until}T22:00:00Z")


def test_a_second_device_gets_what_the_first_may_sign(
    app: Flask, chain: Chain, admin: FlaskClient, sign_in: SignIn
) -> None:
    client = sign_in(chain.pharmacy)
    path = client.post("/api/invitations/renewal").get_json()["path"]
    terms = app.test_client().get(f"/api{path}").get_json()
    key = chain.reader.authority().keys[dsse.key_id(public_of(chain.pharmacy.key))]
    assert (set(terms["operations"]), terms["use"]) == (key.operations, key.use)
    assert admin.post("/api/invitations/renewal").status_code == 403


def test_a_session_is_listed_and_all_of_a_key_s_end_at_once(
    app: Flask, chain: Chain, sign_in: SignIn
) -> None:
    first, second, other = (
        sign_in(chain.pharmacy),
        sign_in(chain.pharmacy),
        sign_in(chain.pharmacy2),
    )
    assert first.get("/account").get_data(as_text=True).count('name="session"') == 2
    assert first.post("/account/sessions").status_code == 303
    assert first.get("/account").status_code == second.get("/account").status_code == 401
    assert other.get("/account").status_code == 200


def test_a_session_cannot_end_another_key_s(app: Flask, chain: Chain, sign_in: SignIn) -> None:
    mine, theirs = sign_in(chain.pharmacy), sign_in(chain.pharmacy2)
    page = theirs.get("/account").get_data(as_text=True)
    session = page.partition('name="session" value="')[2].partition('"')[0]
    assert mine.post("/account/sessions", data={"session": session}).status_code == 404
    assert theirs.get("/account").status_code == 200


def test_names_and_the_lock_are_the_site_s_own(
    app: Flask, chain: Chain, admin: FlaskClient
) -> None:
    site = chain.pharmacy.site
    assert admin.post("/api/lock", json={"site": site, "minutes": 3}).status_code == 200
    for minutes in (0, 121, True, "5", None):
        assert admin.post("/api/lock", json={"site": site, "minutes": minutes}).status_code == 400
    other = chain.pharmacy2.site
    assert admin.post("/api/lock", json={"site": other, "minutes": 3}).status_code == 403
    named = {"site": site, "number": "7", "name": "Ada"}
    assert admin.post("/api/staff", json=named).status_code == 200
    assert admin.post("/api/staff", json={**named, "site": other}).status_code == 403
    assert admin.post("/api/staff", json={**named, "number": ""}).status_code == 400


def test_an_administrator_s_key_that_was_replaced_signs_in_no_more(
    app: Flask, chain: Chain, admin: FlaskClient
) -> None:
    who = chain.pharmacy
    keyid = dsse.key_id(public_of(who.admin))
    chain.log.submit(
        chain.governance(KeyRevoke, by=chain.authority.gln, keyid=keyid, reason="lost")
    )
    assert admin.get("/people").status_code == 401
    assert ORIGIN in admin.get("/join").get_data(as_text=True)


@pytest.mark.parametrize("text", ["\ud800", "Kim\u202e21", "Kim\0", "x" * 81, 7, ["Kim"]])
def test_a_name_is_a_line_of_printable_characters(
    chain: Chain, admin: FlaskClient, text: object
) -> None:
    """Half a character cannot be kept, and what turns a line around makes one name look another."""
    named = {"site": chain.pharmacy.site, "number": "1", "name": "Kim"}
    for path, told in (
        ("/api/invitations", wanted(chain, name=text)),
        ("/api/staff", {**named, "name": text}),
        ("/api/staff", {**named, "number": text}),
    ):
        answer = admin.post(path, data=json.dumps(told))
        assert (answer.status_code, answer.get_json()["code"]) == (400, "malformed"), path
    strange = json.dumps(wanted(chain, operations=["\ud800"]))
    assert admin.post("/api/invitations", data=strange).status_code == 400
