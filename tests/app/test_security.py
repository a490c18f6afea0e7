"""What every answer carries and every request must (OWASP ASVS 4.0.3 level 2, chapters 3, 4, 12, 13, 14)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from http.cookies import SimpleCookie

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import Settings
from tests.app.conftest import SignIn, give_keys, login_body
from tests.nodes import close
from tests.world import Chain

PAGES = ("/", "/verify", "/scan", "/login", "/join", "/log", "/help", "/nowhere", "/api/keys/x")


@pytest.fixture
def secure(chain: Chain) -> Iterator[Flask]:
    """A node as it is run behind https."""
    give_keys(chain)
    made = create_app(Settings(log=chain.folder, clock=lambda: chain.now))
    yield made
    close(made)


def csp(client: FlaskClient, path: str) -> dict[str, list[str]]:
    """A page's content security policy, by directive."""
    text = client.get(path).headers["Content-Security-Policy"]
    parts = (part.split() for part in text.split(";"))
    return {name: values for name, *values in parts}


@pytest.mark.parametrize("path", PAGES)
def test_no_page_lets_foreign_or_inline_code_run(client: FlaskClient, path: str) -> None:
    found = csp(client, path)
    assert found["default-src"] == ["'none'"]
    assert found["script-src"] == ["'self'"]
    assert found["style-src"] == ["'self'"]
    assert found["frame-ancestors"] == ["'none'"]
    assert found["base-uri"] == ["'none'"]
    assert found["form-action"] == ["'self'"]
    assert all(
        "unsafe" not in value and "*" not in value for all_ in found.values() for value in all_
    )


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_has_its_headers(secure: Flask, path: str) -> None:
    headers = secure.test_client().get(path, base_url="https://localhost").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=(self)" in headers["Permissions-Policy"]
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert headers["Cache-Control"] == "no-store"
    assert "Server" not in headers or "Werkzeug" not in headers["Server"]


def test_a_session_s_cookie_is_this_host_s_alone_and_no_script_s(
    secure: Flask, chain: Chain
) -> None:
    client = secure.test_client()
    who = chain.pharmacy
    body = login_body(client, chain, who.key, who.gln)
    answer = client.post("/api/session", data=body, base_url="https://localhost")
    assert answer.status_code == 200
    [(name, cookie)] = SimpleCookie(answer.headers["Set-Cookie"]).items()
    assert name.startswith("__Host-")
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert cookie["domain"] == ""
    assert len(cookie.value) >= 43  # 256 bits


def test_behind_a_proxy_the_browser_s_own_address_counts(chain: Chain) -> None:
    """What the proxy in front says of the line is believed; without one, nobody's word is."""
    give_keys(chain)
    told = {
        "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "counter.lan"
    }  # fmt: skip
    for proxies, status in ((1, 200), (0, 401)):
        made = create_app(Settings(log=chain.folder, proxies=proxies, clock=lambda: chain.now))
        client, who = made.test_client(), chain.pharmacy
        body = login_body(client, chain, who.key, who.gln, origin="https://counter.lan")
        answer = client.post("/api/session", data=body, headers=told)
        assert answer.status_code == status, answer.get_json()
        close(made)


def test_a_session_s_token_is_kept_as_a_hash_alone(
    app: Flask, chain: Chain, sign_in: SignIn
) -> None:
    client = sign_in(chain.pharmacy)
    cookie = client.get_cookie("packtrace_session")
    assert cookie is not None
    files = [path.read_bytes() for path in chain.folder.glob("desk.sqlite*")]
    assert files
    assert not any(cookie.value.encode() in data for data in files)


def test_each_sign_in_has_a_token_of_its_own_and_signing_out_ends_it(
    chain: Chain, sign_in: SignIn
) -> None:
    first, second = sign_in(chain.pharmacy), sign_in(chain.pharmacy)
    tokens = {one.get_cookie("packtrace_session").value for one in (first, second)}  # type: ignore[union-attr]  # both are signed in
    assert len(tokens) == 2
    stolen = first.get_cookie("packtrace_session")
    assert stolen is not None
    first.post("/logout")
    first.set_cookie("packtrace_session", stolen.value)
    assert first.get("/account").status_code == 401
    assert second.get("/account").status_code == 200


def test_a_session_ends_after_twelve_hours(chain: Chain, sign_in: SignIn) -> None:
    client = sign_in(chain.pharmacy)
    chain.now += 12 * 3_600_000 - 1
    assert client.get("/account").status_code == 200
    chain.now += 2
    assert client.get("/account").status_code == 401


def test_what_changes_anything_refuses_another_site(
    app: Flask, chain: Chain, sign_in: SignIn
) -> None:
    client = sign_in(chain.pharmacy)
    rules = [
        rule for rule in app.url_map.iter_rules()
        if (rule.methods or set()) & {"POST", "PUT", "DELETE", "PATCH"}
    ]  # fmt: skip
    assert len(rules) > 10
    for rule in rules:
        path = rule.rule.replace("<path:", "<").replace("<int:", "<")
        path = "/".join("x" if part.startswith("<") else part for part in path.split("/"))
        for method in sorted((rule.methods or set()) & {"POST", "PUT", "DELETE", "PATCH"}):
            for headers in (
                {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                {"Origin": "https://evil.example"}, {"Origin": "null"},
            ):  # fmt: skip
                answer = client.open(path, method=method, headers=headers)
                assert answer.status_code == 403, (method, path, headers)
    assert client.get("/account").status_code == 200  # nobody was signed out meanwhile


def test_no_hostile_body_is_answered_by_a_stack_trace(
    app: Flask, chain: Chain, sign_in: SignIn
) -> None:
    client = sign_in(chain.pharmacy)
    bodies = [b"", b"\xff\xfe", b"[]", b"null", b"0", b'"x"', b"{", b"[" * 50_000, b'{"a":' * 9_000,
              b'{"text": 5}', b'{"items": "x", "op": {}}', b'{"envelope": []}']  # fmt: skip
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) & {"POST", "DELETE"}):
            path = "/".join("x" if "<" in part else part for part in rule.rule.split("/"))
            if path == "/logout":
                continue
            for body in bodies:
                answer = client.open(
                    path, method=method, data=body, content_type="application/json"
                )
                assert answer.status_code < 500, (method, path, body[:40])
                assert b"Traceback" not in answer.data
            form = {"image": (io.BytesIO(b"\xff" * 100), "../../x"), "text": "\x00" * 10}
            answer = client.open(path, method=method, data=form)
            assert answer.status_code < 500, (method, path)


def test_a_page_or_answer_of_somebody_is_kept_by_no_cache(chain: Chain, sign_in: SignIn) -> None:
    client = sign_in(chain.pharmacy)
    for path in ("/", "/account", "/people", "/waiting"):
        assert client.get(path).headers["Cache-Control"] == "no-store"
