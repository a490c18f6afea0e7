"""The JSON interface: refusals with their codes and evidence, rights, log-in, hostile input."""

from __future__ import annotations

import io
import json
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import qrcode
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app import create_app
from app.config import Settings
from app.errors import STATUS
from ledger.bundle import Bundle
from ledger.errors import CODES
from ledger.proof import verify
from ledger.statement import dsse, gs1
from ledger.statement.dsse import Envelope
from ledger.statement.status import parse_refusal
from ledger.tlog import merkle
from ledger.tlog.checkpoint import open_checkpoint
from ledger.tlog.ed25519 import public_of
from ledger.tlog.tiles import Tile, hash_reader
from scanner.label import PrintedLabel, render, to_png
from tests.app.conftest import SignIn, login_body
from tests.nodes import serving
from tests.refusals import CASES, IDS, Case, evidence_verifies
from tests.world import Chain, seed

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_each_refusal_over_http(case: Case, chain: Chain, client: FlaskClient) -> None:
    code, _, make = case
    data = make(chain)
    answer = client.post("/api/statements", data=data, headers=JSON)
    told = answer.get_json()
    assert answer.mimetype == "application/problem+json"
    assert (told["code"], answer.status_code) == (code, STATUS[code])
    assert told["status"] == answer.status_code
    assert told["title"] == CODES[code][0]
    assert told["detail"]
    if "refusal" in told:
        refusal = Envelope.parse(dsse.canonical(told["refusal"]))
        status_key = public_of(seed("status"))
        refusal.verify({dsse.key_id(status_key): status_key}.get)
        assert parse_refusal(refusal.payload).code == code
    if answer.status_code == 409 and "evidence" in told:
        evidence_verifies(chain, told["evidence"])


def test_of_64_clients_racing_over_http_one_ships_the_pack(app: Flask, chain: Chain) -> None:
    packs = chain.commission("L1", 1)
    rivals = [bytes(chain.ship_event(chain.maker, packs, chain.pharmacy)) for _ in range(64)]
    with serving(app) as url, ThreadPoolExecutor(64) as pool:
        answers = list(
            pool.map(
                lambda data: httpx.post(
                    f"{url}/api/statements", content=data, headers=JSON, timeout=60, trust_env=False
                ),
                rivals,
            )
        )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 63
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "in-transit"
            evidence_verifies(chain, answer.json()["evidence"])


def test_an_accepted_statement_is_answered_with_its_proof(
    chain: Chain, client: FlaskClient
) -> None:
    from datetime import date

    event = chain.event(
        "commission", chain.maker, chain.pack_ids("L1", 2), lot="L1", expiry=date(2028, 1, 31)
    )
    told = client.post("/api/statements", data=bytes(event), headers=JSON).get_json()
    assert set(told) == {"id", "index", "ms", "proof", "checkpoint"}
    checkpoint = open_checkpoint(told["checkpoint"].encode(), chain.log_key.verifier)
    leaf = merkle.leaf_hash(dsse.entry_of(event.statement.envelope, told["ms"]))
    path = [b64decode(node) for node in told["proof"]]
    merkle.verify_inclusion(told["index"], checkpoint.size, leaf, path, checkpoint.root)
    again = client.post("/api/statements", data=bytes(event), headers=JSON).get_json()
    assert (again["id"], again["index"], again["ms"]) == (told["id"], told["index"], told["ms"])


def test_the_served_log_verifies_tile_by_tile(chain: Chain, client: FlaskClient) -> None:
    chain.commission("L1", 3)
    answer = client.get("/log/checkpoint")
    assert answer.content_type == "text/plain; charset=utf-8"
    checkpoint = open_checkpoint(answer.data, chain.log_key.verifier)

    def read(tile: Tile) -> bytes:
        served = client.get(f"/log/{tile.path}")
        assert served.status_code == 200
        assert served.content_type == "application/octet-stream"
        assert "immutable" in served.headers["Cache-Control"]
        return served.data

    hashes = hash_reader(checkpoint.size, read)
    assert merkle.tree_root(checkpoint.size, hashes) == checkpoint.root
    for path in ("0/000", f"0/000.p/{checkpoint.size + 1}", "0/001", "../../keys/log.key", "9/x", "entries/000",
                 "0/x999/x999/x999/x999/x999/999"):  # fmt: skip
        assert client.get(f"/log/tile/{path}").status_code == 404


def test_content_is_shown_by_right(chain: Chain, client: FlaskClient, sign_in: SignIn) -> None:
    packs = chain.commission("L1", 2)
    ship = chain.ship(chain.maker, packs, chain.pharmacy)
    path = f"/api/statements/{ship.id}"
    for who, readable in (
        (chain.maker, True), (chain.pharmacy, True), (chain.authority, True), (chain.wholesaler, False),
        (chain.pharmacy2, False),
    ):  # fmt: skip
        told = sign_in(who).get(path).get_json()
        assert ("envelope" in told, "items" in told) == (readable, readable), who.name
        assert told["index"] == ship.index
    assert "envelope" not in client.get(path).get_json()
    genesis = chain.reader.logged(0)
    assert "envelope" in client.get(f"/api/statements/{genesis.id}").get_json()
    assert client.get("/api/statements/nonsense").status_code == 404


def test_bundles_over_http_verify_and_are_for_whoever_asks(
    chain: Chain, client: FlaskClient, sign_in: SignIn
) -> None:
    packs = chain.commission("L1", 1)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    path = f"/api/packs/{chain.gtin}/L1-0000/bundle"
    for who in (chain.pharmacy, chain.authority):
        answer = sign_in(who).get(path)
        proven = verify(Bundle.parse(answer.data), chain.trust)
        assert proven.status.for_ == who.site
    stranger = client.get(f"{path}?lot=L1&expiry=280131")
    assert verify(Bundle.parse(stranger.data), chain.trust).status.for_ == ""


def test_a_stranger_cannot_tell_an_unknown_serial_from_a_wrong_label(
    chain: Chain, client: FlaskClient
) -> None:
    packs = chain.commission("L1", 2)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    chain.quarantine(chain.pharmacy, packs[1:])

    def told(text: str) -> dict[str, Any]:
        answer = client.post("/api/scans", json={"text": text}).get_json()
        return {key: answer[key] for key in ("verdict", "reasons", "state", "product")}

    def label(serial: str, lot: str = "L1", expiry: str = "280131") -> str:
        return f"(01){chain.gtin}(10){lot}(17){expiry}(21){serial}"

    assert told(label("L1-0000"))["reasons"][0]["code"] == "in-trade"
    wrong = [
        told(label("NOSUCH")),
        told(label("L1-0000", lot="L2")),
        told(label("L1-0000", expiry="290131")),
    ]
    assert wrong[0] == wrong[1] == wrong[2]
    assert wrong[0]["reasons"][0]["code"] == "not-confirmed"
    paths = [
        f"/api/packs/{chain.gtin}/{serial}/bundle?lot={lot}&expiry=280131"
        for serial, lot in (("NOSUCH", "L1"), ("L1-0000", "L2"))
    ]
    answers = [client.get(path) for path in paths]
    assert answers[0].data == answers[1].data
    assert answers[0].status_code == 404
    assert client.get(f"/api/packs/{chain.gtin}/L1-0000/bundle").status_code == 403
    half = client.post("/api/scans", json={"text": f"(01){chain.gtin}(21)L1-0000"}).get_json()
    assert half["reasons"][0]["code"] == "label-incomplete"


def test_log_in_by_challenge(app: Flask, chain: Chain, client: FlaskClient) -> None:
    who = chain.pharmacy
    body = login_body(client, chain, who.key, who.gln)
    answer = client.post("/api/session", data=body)
    assert answer.get_json() == {"party": who.gln, "site": who.site}
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert client.post("/api/session", data=body).status_code == 401  # the nonce is used up
    bad = [
        login_body(client, chain, seed("stranger"), who.gln),
        login_body(client, chain, who.key, chain.pharmacy2.gln),
        login_body(client, chain, who.key, who.gln, log="log.example/other"),
        login_body(client, chain, who.key, who.gln, origin="https://evil.example"),
        login_body(client, chain, who.key, who.gln, time="2026-09-01T00:00:00Z"),
        login_body(client, chain, seed(f"{who.name} recovery"), who.gln),
        b'{"envelope":' + bytes(chain.suspend(who.gln).statement.envelope) + b"}",
        b"{}", b"[]", b"", b'{"envelope":1}', b"\xff",
    ]  # fmt: skip
    for data in bad:
        refused = app.test_client().post("/api/session", data=data)
        assert refused.status_code in (400, 401, 403, 409)
        assert "Set-Cookie" not in refused.headers
    assert client.delete("/api/session").status_code == 200
    assert client.get(f"/packs/{chain.gtin}/X").status_code == 401


def test_a_session_ends_with_its_key(chain: Chain, sign_in: SignIn) -> None:
    from ledger.statement.governance import KeyRevoke

    client = sign_in(chain.pharmacy)
    page = f"/packs/{chain.gtin}/X"
    assert client.get(page).status_code == 200
    keyid = dsse.key_id(public_of(chain.pharmacy.key))
    chain.log.submit(
        chain.governance(
            KeyRevoke, chain.pharmacy.admin, by=chain.pharmacy.gln, keyid=keyid, reason="lost"
        )
    )
    assert client.get(page).status_code == 401


def test_a_one_time_link_signs_in_once_by_a_press_within_a_minute(app: Flask, chain: Chain) -> None:
    client = app.test_client()

    def link() -> str:
        body = login_body(client, chain, chain.pharmacy.key, chain.pharmacy.gln)
        return str(client.post("/api/session/link", data=body).get_json()["path"])

    path = link()
    assert client.get(path).status_code == 200
    assert "Set-Cookie" not in client.get(path).headers
    assert client.post(path).status_code == 303
    assert app.test_client().post(path).status_code == 403
    late = link()
    chain.now += 61_000
    assert app.test_client().post(late).status_code == 403
    assert app.test_client().post("/login/nonsense").status_code == 403


def picture(data: bytes, client: FlaskClient, name: str = "x.png") -> Any:
    return client.post(
        "/api/scans", data={"image": (io.BytesIO(data), name), "purpose": "dispense"}
    )


def test_a_picture_of_a_label_is_judged(chain: Chain, sign_in: SignIn) -> None:
    from datetime import date

    packs = chain.commission("L1", 1)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    image = to_png(render(PrintedLabel(chain.gtin, "L1", date(2028, 1, 31), "L1-0000")))
    told = picture(image, sign_in(chain.pharmacy)).get_json()
    assert (told["verdict"], told["reasons"][0]["code"]) == ("OK", "in-stock")
    told = picture(image, sign_in(chain.pharmacy2)).get_json()
    assert told["verdict"] == "Hold: ask"


def qr(text: str) -> bytes:
    out = io.BytesIO()
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L)
    code.add_data(text)
    code.make_image().get_image().save(out, "PNG")
    return out.getvalue()


def bomb() -> bytes:
    out = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("data", [
    b"not a picture", b"\x89PNG\r\n\x1a\n" + bytes(100), bomb(), qr("<script>alert(1)</script>"),
    qr("../../../etc/passwd"), qr("x" * 2900), qr("https://evil.example/01/00000000000000/21/<b>"), b"GIF89a",
], ids=["text", "cut", "bomb", "script", "path", "junk", "link", "gif"])  # fmt: skip
def test_hostile_pictures_are_not_checked_and_never_break(data: bytes, client: FlaskClient) -> None:
    answer = picture(data, client)
    assert answer.status_code == 200
    assert answer.get_json()["verdict"] == "Not checked"
    page = client.post("/verify", data={"image": (io.BytesIO(data), "x.png")})
    assert page.status_code == 200
    assert b"<script>alert" not in page.data


@pytest.mark.parametrize(("data", "headers"), [
    (b"", JSON), (b"null", JSON), (b"{}", JSON), (b'{"text":1}', JSON), (b'{"text":"x","purpose":"steal"}', JSON),
    (b"[" * 100_000, JSON), (b'{"a":' * 20_000, JSON), (b"\xff\xfe", JSON), (b"x", {"Content-Type": "multipart/form-data"}),
    (b"x", {"Content-Type": "multipart/form-data; boundary=y"}), (b"x", {}),
])  # fmt: skip
def test_odd_bodies_are_refused_in_words(
    data: bytes, headers: dict[str, str], client: FlaskClient
) -> None:
    for path in ("/api/scans", "/api/statements", "/api/session", "/api/session/link"):
        answer = client.post(path, data=data, headers=headers)
        assert 400 <= answer.status_code < 500, path
        assert answer.get_json()["detail"]


@given(st.text(max_size=120))
def test_no_typed_text_breaks_a_scan(text: str) -> None:
    assert SHARED_CLIENT is not None
    answer = SHARED_CLIENT.post("/api/scans", data=json.dumps({"text": text}), headers=JSON)
    assert answer.status_code == 200
    assert SHARED_CLIENT.post("/verify", data={"text": text}).status_code == 200


SHARED_CLIENT: FlaskClient | None = None


@pytest.fixture(autouse=True)
def _share(request: pytest.FixtureRequest) -> None:
    global SHARED_CLIENT
    if request.node.name.startswith("test_no_typed_text"):
        SHARED_CLIENT = request.getfixturevalue("client")


def test_limits(chain: Chain) -> None:
    settings = Settings(
        log=chain.folder, secure=False, stranger_per_minute=3, clock=lambda: chain.now
    )
    client = create_app(settings).test_client()
    codes = [client.post("/api/scans", json={"text": "x"}).status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    chain.now += 60_000
    assert client.post("/api/scans", json={"text": "x"}).status_code == 200


def test_too_large_a_statement_is_413_or_malformed(client: FlaskClient) -> None:
    answer = client.post("/api/statements", data=b"0" * (65 << 20), headers=JSON)
    assert answer.status_code == 413
    assert answer.get_json()["code"] == "too-large"


def test_another_sites_form_is_refused(client: FlaskClient) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        for path in ("/verify", "/logout", "/api/scans", "/api/statements"):
            assert client.post(path, headers=headers).status_code == 403


def test_every_answer_carries_its_guards(client: FlaskClient) -> None:
    for path in (
        "/",
        "/verify",
        "/log",
        "/help",
        "/nosuch",
        "/api/nosuch",
        "/log/checkpoint",
        "/static/style.css",
    ):
        with client.get(path) as answer:
            headers = answer.headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


def test_a_node_without_a_log_answers(tmp_path: Path) -> None:
    client = create_app(Settings(log=tmp_path / "nothing")).test_client()
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["code"]) == (503, "read-only")
    assert ready.headers["Retry-After"]
    assert b"no log here yet" in client.get("/").data
    for path in ("/log", "/log/checkpoint", "/packs/1/2", "/01/1/21/2"):
        assert client.get(path).status_code in (400, 401, 503)
    assert client.post("/verify", data={"text": "x"}).status_code == 503


def test_a_node_without_keys_reads_and_takes_nothing(chain: Chain) -> None:
    client = create_app(
        Settings(log=chain.folder, secure=False, clock=lambda: chain.now)
    ).test_client()
    assert client.get("/log").status_code == 200
    answer = client.post(
        "/api/statements", data=bytes(chain.key_add(chain.maker, "k")), headers=JSON
    )
    assert (answer.status_code, answer.get_json()["code"]) == (503, "read-only")


@pytest.mark.parametrize("path", [
    "/packs/x/y", "/api/packs/x/y", "/api/packs/x/y/bundle", "/01/x/21/y", "/01/09521111000013/21/%00",
    "/log/99999999999999999999", "/log/-1", "/log/tile/%00", "/login/%F0%9F%92%8A", "/api/keys/x", "/api/sites/x",
    "/api/statements/%00", "/01/09521111000013/10/%27%3B--/21/<script>",
])  # fmt: skip
def test_odd_paths_are_refused_in_words(path: str, client: FlaskClient) -> None:
    answer = client.get(path)
    assert answer.status_code < 500
    assert b"<script>" not in answer.data


def test_pages_tell_errors_in_words(client: FlaskClient) -> None:
    page = client.get("/packs/09521111000013/X")
    assert page.status_code == 401
    assert b"Sign in first" in page.data
    assert (
        client.get("/packs/09521111000013/X", headers={"Accept": "application/json"}).get_json()[
            "code"
        ]
        == "not-signed-in"
    )


def test_the_pack_page_shows_what_its_proof_shows(chain: Chain, sign_in: SignIn) -> None:
    item = chain.commission("L1", 1)[0]
    chain.ship(chain.maker, [item], chain.pharmacy)
    found = gs1.parse_item_id(item)
    page = sign_in(chain.maker).get(f"/packs/{found.gtin}/{found.serial}").text
    assert page.index("Shipped at") < page.index("Commissioned at")
    assert "station key" in page
    assert "under that checkpoint" in page
    assert chain.reader.head().note.decode().splitlines()[2] in page


def test_a_pack_page_whose_proof_fails_shows_no_timeline(chain: Chain, sign_in: SignIn) -> None:
    item = chain.commission("L1", 1)[0]
    found = gs1.parse_item_id(item)
    client = sign_in(chain.maker)
    chain.store.execute("UPDATE entry SET ms = ms + 1")
    answer = client.get(f"/packs/{found.gtin}/{found.serial}")
    assert answer.status_code == 503
    assert "does not verify" in answer.text
    assert "Commissioned" not in answer.text
