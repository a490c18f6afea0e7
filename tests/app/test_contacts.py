"""How a site is reached: kept by its administrator, read by its people and the authority, nobody else."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale
from hypothesis import given
from hypothesis import strategies as st

from app.config import Settings
from app.mailing import NotSent
from app.node import KEY
from app.webhooks import check_webhook, may_reach, post
from ledger.errors import Malformed
from ledger.store.contacts import Contact
from ledger.store.notices import EMAIL, FAILED, WAITING, Notice
from tests.app.carriers import webhook
from tests.app.conftest import SignIn, login_body
from tests.world import Chain, Member

GOOD = {
    "role": "Pharmacist in charge", "email": "recalls@pharmacy.example", "phone": "+44 1632 960001",
    "webhook": "https://program.example/recalls", "language": "zh-Hans",
}  # fmt: skip
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@pytest.fixture
def admin(app: Flask, chain: Chain) -> FlaskClient:
    """The pharmacy's administrator."""
    return administrator(app, chain, chain.pharmacy)


def administrator(app: Flask, chain: Chain, who: Member) -> FlaskClient:
    client = app.test_client()
    answer = client.post("/api/session", data=login_body(client, chain, who.admin, who.gln))
    assert answer.status_code == 200, answer.text
    return client


def kept(app: Flask, who: Member) -> Contact:
    contact: Contact = app.extensions[KEY].desk.contacts.of(who.site)
    return contact


def keep(client: FlaskClient, who: Member, **changes: str) -> tuple[int, str]:
    answer = client.post("/contacts", data={"site": who.site, **GOOD, **changes})
    return answer.status_code, answer.text


# Keeping and reading


def test_an_administrator_keeps_it_and_the_sites_people_and_the_authority_read_it(
    app: Flask, chain: Chain, admin: FlaskClient, sign_in: SignIn
) -> None:
    assert keep(admin, chain.pharmacy)[0] == 303
    assert kept(app, chain.pharmacy) == Contact(
        chain.pharmacy.site, "Pharmacist in charge", "recalls@pharmacy.example", "+441632960001",
        "https://program.example/recalls", "zh-Hans", chain.now,
    )  # fmt: skip
    for who in (chain.pharmacy, chain.authority):
        page = sign_in(who).get("/contacts").text
        assert "recalls@pharmacy.example" in page
        assert 'href="tel:+441632960001"' in page
        assert "+44 1632 960001" in page
    assert "recalls@pharmacy.example" not in sign_in(chain.wholesaler).get("/contacts").text
    assert app.test_client().get("/contacts").status_code == 401


def test_the_authority_finds_a_site_by_name_or_number(chain: Chain, sign_in: SignIn) -> None:
    client = sign_in(chain.authority)
    assert "Wholesaler site" in client.get("/contacts").text
    for text in ("  WHOLESALER ", chain.wholesaler.site):
        page = client.get("/contacts", query_string={"q": text}).text
        assert "Wholesaler site" in page
        assert "Pharmacy site" not in page
    nobody = client.get("/contacts", query_string={"q": "<nobody>"})
    assert (nobody.status_code, "Wholesaler site" in nobody.text) == (200, False)
    assert "Wholesaler site" not in sign_in(chain.pharmacy).get("/contacts?q=Wholesaler").text


def test_nobody_else_changes_it(
    app: Flask, chain: Chain, admin: FlaskClient, sign_in: SignIn
) -> None:
    assert keep(sign_in(chain.pharmacy), chain.pharmacy)[0] == 403
    assert keep(app.test_client(), chain.pharmacy)[0] == 401
    assert keep(admin, chain.pharmacy2)[0] == 404
    assert keep(administrator(app, chain, chain.wholesaler), chain.pharmacy)[0] == 404
    assert keep(admin, chain.pharmacy, site="1")[0] == 404
    assert admin.get(f"/contacts?site={chain.pharmacy2.site}").status_code == 404
    other = {"Sec-Fetch-Site": "cross-site"}
    told = admin.post("/contacts", data={"site": chain.pharmacy.site, **GOOD}, headers=other)
    assert told.status_code == 403
    assert not kept(app, chain.pharmacy).reachable


def test_everything_may_be_taken_away_again(app: Flask, chain: Chain, admin: FlaskClient) -> None:
    keep(admin, chain.pharmacy)
    nothing = dict.fromkeys(("role", "email", "phone", "webhook"), "")
    assert keep(admin, chain.pharmacy, **nothing)[0] == 303
    assert not kept(app, chain.pharmacy).reachable


WRONG = {
    "email": ["shop", "a@b", "a b@shop.example", "a@shop.example\r\nBcc: x@y.example", "@", "ä" * 300,
              "a@[127.0.0.1]", "a@localhost"],
    "phone": ["0123", "call me", "+", "+9999999999999999999999", "tel:x", "+44 1632 960001 " * 5],
    "webhook": ["http://program.example/", "https://", "ftp://program.example", "//program.example",
                "https://user:secret@program.example/", "https://127.0.0.1/", "http://localhost:9/",
                "https://[::1]/", "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data",
                "https://[::ffff:10.0.0.1]/", "https://0.0.0.0/", "https://program.example:0/",
                "https://program.example:99999/", "javascript:alert(1)", "https://x y/", "https://[/"],
    "role": ["R" * 81, "a\x00b", "\u202egnp.exe"],
    "language": ["", "fr", "../en"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_what_is_no_address_is_told_beside_its_field(
    app: Flask, chain: Chain, admin: FlaskClient, name: str, value: str
) -> None:
    status, page = keep(admin, chain.pharmacy, **{name: value})
    assert status == 400
    assert f'<a href="#{name}">' in page
    assert 'aria-invalid="true"' in page
    assert GOOD["phone" if name == "email" else "email"].split("@")[0].split(" ")[0] in page
    assert not kept(app, chain.pharmacy).reachable


@given(value=st.text(max_size=60), name=st.sampled_from(sorted(GOOD)))
def test_whatever_is_typed_is_kept_or_told_of(
    shared: tuple[FlaskClient, Chain], name: str, value: str
) -> None:
    client, chain = shared
    assert keep(client, chain.pharmacy, **{name: value})[0] in (303, 400)
    assert client.get("/contacts").status_code == 200


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory):
    from app import create_app
    from tests.app.conftest import give_keys
    from tests.nodes import close

    chain = Chain(tmp_path_factory.mktemp("log"))
    give_keys(chain)
    made = create_app(
        Settings(log=chain.folder, secure=False, per_minute=0, clock=lambda: chain.now)
    )
    yield administrator(made, chain, chain.pharmacy), chain
    close(made)
    chain.store.close()


def test_a_phone_number_with_an_extension_comes_back_as_it_is_dialled(
    app: Flask, chain: Chain, admin: FlaskClient
) -> None:
    keep(admin, chain.pharmacy, phone="+1 202 555 0123 ext. 5")
    assert kept(app, chain.pharmacy).phone == "+12025550123;ext=5"
    assert "+1 202-555-0123 ext. 5" in admin.get("/contacts").text


def test_a_new_address_gets_what_the_old_one_did_not(
    app: Flask, chain: Chain, admin: FlaskClient
) -> None:
    keep(admin, chain.pharmacy)
    outbox = app.extensions[KEY].desk.notices
    outbox.make([Notice("ab" * 32, chain.pharmacy.site, EMAIL, 0, chain.now, "S", "W")])
    [one] = outbox.take(chain.now, EMAIL)
    outbox.not_sent(one, chain.now, "no such mailbox", for_good=True)
    keep(admin, chain.pharmacy, phone="+44 1632 960002")
    assert outbox.about("ab" * 32)[0].state == FAILED
    keep(admin, chain.pharmacy, email="other@pharmacy.example")
    assert outbox.about("ab" * 32)[0].state == WAITING


# Where a webhook may lead


@pytest.mark.parametrize(
    ("address", "reached"),
    [
        ("203.0.113.5", False), ("8.8.8.8", True), ("2001:4860:4860::8888", True), ("10.1.2.3", False),
        ("172.16.0.1", False), ("192.168.1.1", False), ("169.254.169.254", False), ("127.0.0.1", False),
        ("0.0.0.0", False), ("::", False), ("::1", False), ("fe80::1", False), ("fd00::1", False),
        ("::ffff:127.0.0.1", False), ("::ffff:8.8.8.8", True), ("224.0.0.1", False), ("ff02::1", False),
        ("64:ff9b::a00:1", False), ("2002:a00:1::1", False), ("100.64.0.1", False),
        ("255.255.255.255", False), ("2001:0:a00:1::1", False),
    ],
)  # fmt: skip
def test_only_the_public_internet_is_reached(address: str, reached: bool) -> None:
    assert may_reach(ipaddress.ip_address(address), ()) is reached


@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=6, network="fc00::/7"))
def test_a_private_network_is_reached_where_the_operator_allows_it(address: object) -> None:
    assert isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address)
    assert not may_reach(address, ())
    assert may_reach(address, (ipaddress.ip_network(f"{address}"),))


def test_plain_http_is_for_an_allowed_loopback_address_alone(app: Flask) -> None:
    with app.app_context(), force_locale("en_GB"):
        assert check_webhook("http://127.0.0.1:9/x", LOOPBACK)
        assert check_webhook("http://localhost:9/x", LOOPBACK)
        for url in ("http://10.0.0.1/", "http://program.example/"):
            with pytest.raises(Malformed, match="https://"):
                check_webhook(url, (*LOOPBACK, ipaddress.ip_network("10.0.0.0/8")))


def told(app: Flask, url: str, addresses: list[str], *more: object, **options: object) -> str:
    """What posting to a name that stands for these addresses comes to, "" when it was taken."""

    async def resolve(host: str, port: int) -> list[str]:
        return addresses

    async def go() -> str:
        try:
            await post(url, b"{}", {"webhook-id": "x"}, *more, resolve=resolve, **options)  # type: ignore[arg-type]
        except NotSent as error:
            return str(error)
        return ""

    with app.app_context(), force_locale("en_GB"):
        return asyncio.run(go())


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], []])
def test_a_name_that_leads_into_a_private_network_is_not_posted_to(
    app: Flask, addresses: list[str]
) -> None:
    with webhook() as (hook, port):
        words = told(app, f"https://program.example:{port}/", addresses, ())
        assert words == "program.example leads into a private network."
        assert hook.taken == []


def test_the_connection_goes_to_the_address_that_was_looked_at_in_the_names_name(
    app: Flask, tmp_path: Path
) -> None:
    served, believed = certificate(tmp_path, "program.example")
    with webhook(served) as (hook, port):
        url = f"https://program.example:{port}/recalls?x=1"
        assert told(app, url, ["127.0.0.1"], LOOPBACK, trusted=believed) == ""
        [(headers, body)] = hook.taken
        assert (headers["host"], body) == (f"program.example:{port}", b"{}")
        other = f"https://other.example:{port}/"
        words = told(app, other, ["127.0.0.1"], LOOPBACK, trusted=believed)
        assert "other.example cannot be reached: " in words
        assert "certificate" in words
        assert len(hook.taken) == 1


def test_a_program_that_never_answers_holds_up_nobody(app: Flask) -> None:
    with webhook() as (hook, port):
        hook.held.set()
        url = f"http://127.0.0.1:{port}/"
        words = told(app, url, ["127.0.0.1"], LOOPBACK, seconds=1)
        assert words == "127.0.0.1 did not answer within 1 seconds."


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server of a name shows, and what believes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(named).issuer_name(named).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    shown = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(secret + shown)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(path)
    return served, ssl.create_default_context(cadata=shown.decode())


# Settings


@pytest.mark.parametrize(
    "environ",
    [
        {"PACKTRACE_SMTP": "mail.example"}, {"PACKTRACE_SMTP": "http://mail.example"},
        {"PACKTRACE_SMTP": "smtp://"}, {"PACKTRACE_SMTP": "smtp://a:b@mail.example:x"},
        {"PACKTRACE_SMTP": "smtp://mail.example"}, {"PACKTRACE_SMTP": "file:"},
        {"PACKTRACE_SMTP": "smtp://mail.example", "PACKTRACE_MAIL_FROM": "nobody"},
        {"PACKTRACE_WEBHOOK_NETWORKS": "10.0.0.1/8"}, {"PACKTRACE_WEBHOOK_NETWORKS": "home"},
        {"PACKTRACE_URL": "log.example"},
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_used_is_named_without_its_password(
    environ: dict[str, str],
) -> None:
    with pytest.raises(ValueError, match="PACKTRACE_") as caught:
        Settings.from_environ(environ)
    assert "a:b" not in str(caught.value)


def test_a_password_of_the_mail_server_is_in_no_log() -> None:
    environ = {"PACKTRACE_SMTP": "smtps://a:hunter2@mail.example", "PACKTRACE_MAIL_FROM": "a@b.example",
               "PACKTRACE_WEBHOOK_NETWORKS": "10.1.0.0/16,fd00::/8"}  # fmt: skip
    settings = Settings.from_environ(environ)
    assert settings.smtp.endswith("mail.example")
    assert len(settings.webhook_networks) == 2
    assert "hunter2" not in repr(settings)
