"""Mail goes over encrypted lines, to a server that is who it says it is; and the command that sends."""

from __future__ import annotations

import ipaddress
import json
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask
from flask_babel import force_locale

from app.cli import main
from app.mailing import Mailer, NotSent, message_of
from ledger.store.contacts import Contact
from ledger.store.desk import Desk
from ledger.store.notices import EMAIL, Notice
from tests.app.carriers import Mailbox, OnAnyPort, mail_server
from tests.app.conftest import give_keys
from tests.world import Chain

HOST = "127.0.0.2"  # of this machine, and for the mailer as good as any other


def message(number: int = 0) -> EmailMessage:
    notice = Notice("ab" * 32, "s1", EMAIL, number, 1_790_000_000_000, "Recall", "Put it aside.\n")
    return message_of(notice, "rx@shop.example", "recalls@authority.example")


@pytest.fixture
def said(app: Flask) -> Iterator[None]:
    """Words need an app and a language."""
    with app.app_context(), force_locale("en_GB"):
        yield


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What the mail server shows, and what believes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(named).issuer_name(named).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    shown = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "mail.pem"
    path.write_bytes(secret + shown)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(path)
    return served, ssl.create_default_context(cadata=shown.decode())


@contextmanager
def server(**options: Any) -> Iterator[tuple[Mailbox, int]]:
    """A mail server that is not on the loopback address that the mailer trusts."""
    box = Mailbox()
    controller = OnAnyPort(box, hostname=HOST, port=0, **options)
    controller.start()
    try:
        yield box, controller.port
    finally:
        controller.stop()


def logins(seen: list[tuple[bytes, bytes]]) -> Any:
    """An authenticator that notes who logs in, and lets in one."""

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        seen.append((data.login, data.password))
        return AuthResult(success=data.password == b"p@ss/word", handled=False)

    return check


def test_a_message_is_the_same_whenever_it_is_made_and_reminders_refer_to_the_first() -> None:
    assert bytes(message()) == bytes(message())
    assert message()["Date"] == "Mon, 21 Sep 2026 14:13:20 +0000"
    assert message(2)["In-Reply-To"] == message()["Message-ID"]
    assert message(2)["Message-ID"] != message()["Message-ID"]


def test_mail_is_encrypted_and_the_password_goes_after_that(
    said: None, certificate: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    served, believed = certificate
    seen: list[tuple[bytes, bytes]] = []
    options = {"tls_context": served, "require_starttls": True, "authenticator": logins(seen),
               "auth_required": True}  # fmt: skip
    with server(**options) as (box, port):
        where = f"smtp://no%40tices:p%40ss%2Fword@{HOST}:{port}"
        with closing(Mailer(where, believed)) as mailer:
            mailer.send(message())
            mailer.send(message(1))
        assert len(box.messages) == 2
        assert seen == [(b"no@tices", b"p@ss/word")]  # one connection for both
        with (
            closing(Mailer(where.replace("p%40ss", "wrong"), believed)) as mailer,
            pytest.raises(NotSent, match="535"),
        ):
            mailer.send(message())


def test_nothing_is_sent_over_a_line_that_is_not_encrypted(said: None) -> None:
    seen: list[tuple[bytes, bytes]] = []
    options = {"authenticator": logins(seen), "auth_require_tls": False}
    with server(**options) as (box, port):
        mailer = Mailer(f"smtp://name:p%40ss%2Fword@{HOST}:{port}")
        with closing(mailer), pytest.raises(NotSent, match="STARTTLS"):
            mailer.send(message())
        assert (box.messages, seen) == ([], [])


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_that_is_not_who_it_says_gets_nothing(
    said: None, certificate: tuple[ssl.SSLContext, ssl.SSLContext], scheme: str
) -> None:
    options = {"tls_context" if scheme == "smtp" else "ssl_context": certificate[0]}
    with server(**options) as (box, port):
        mailer = Mailer(f"{scheme}://{HOST}:{port}")  # believes this machine's certificates
        with closing(mailer), pytest.raises(NotSent, match="CERTIFICATE_VERIFY_FAILED"):
            mailer.send(message())
        assert box.messages == []


def test_tls_from_the_start(said: None, certificate: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    with server(ssl_context=certificate[0]) as (box, port):
        with closing(Mailer(f"smtps://{HOST}:{port}", certificate[1])) as mailer:
            mailer.send(message())
        assert len(box.messages) == 1


def test_a_connection_that_the_server_ended_is_opened_again(said: None) -> None:
    with mail_server() as (box, where), closing(Mailer(where)) as mailer:
        mailer.send(message())
        assert mailer._smtp is not None
        assert mailer._smtp.sock is not None
        mailer._smtp.sock.close()  # as a server does with who is idle
        mailer.send(message())
        assert len(box.messages) == 2


def test_a_folder_that_cannot_be_written_is_told_of(said: None, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    mailer = Mailer(f"file:{tmp_path / 'file' / 'outbox'}")
    with pytest.raises(NotSent, match="cannot be written"):
        mailer.send(message())


def test_a_message_in_a_folder_is_for_its_owner_alone_and_once(said: None, tmp_path: Path) -> None:
    with closing(Mailer(f"file:{tmp_path / 'outbox'}")) as mailer:
        mailer.send(message())
        mailer.send(message())
    [path] = (tmp_path / "outbox").iterdir()
    assert path.stat().st_mode & 0o077 == 0
    assert path.read_bytes() == bytes(message())


# The command


def run(chain: Chain, *arguments: str, **environ: str) -> Any:
    command = ["notify", "--log", str(chain.folder), *arguments]
    return CliRunner().invoke(main, command, env={**environ})


def test_the_command_tells_and_says_what_became_of_it(chain: Chain, tmp_path: Path) -> None:
    give_keys(chain)
    packs = chain.commission("L1", 2)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    chain.log.submit(chain.recall_of(chain.scope(lots=["L1"])))
    desk = Desk(chain.folder, chain.store.key)
    desk.contacts.keep(Contact(chain.pharmacy.site, email="rx@shop.example"))
    desk.close()
    told = run(chain, "--once", "--json")
    assert json.loads(told.stdout) == {"made": 2, "sent": 0, "failed": 0, "waiting": 1}
    words = run(chain)
    assert "mail waits until PACKTRACE_SMTP names a mail server" in words.stdout
    folder = tmp_path / "mail"
    told = run(chain, "--json", PACKTRACE_SMTP=f"file:{folder}")
    assert json.loads(told.stdout) == {"made": 0, "sent": 1, "failed": 0, "waiting": 0}
    assert len(list(folder.iterdir())) == 1


def test_the_command_refuses_what_it_cannot_do(chain: Chain, tmp_path: Path) -> None:
    give_keys(chain)
    for told, words in (
        (run(chain, "--once", "--every", "5"), "not both"),
        (run(chain, PACKTRACE_SMTP="mail.example"), "PACKTRACE_SMTP is"),
        (run(chain, PACKTRACE_SMTP="smtp://mail.example"), "PACKTRACE_MAIL_FROM is missing"),
        (CliRunner().invoke(main, ["notify", "--log", str(tmp_path / "none")]), "none"),
    ):
        assert told.exit_code == 2, told.output
        assert words in told.output
        assert "Traceback" not in told.output
