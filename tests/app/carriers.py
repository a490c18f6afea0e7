"""A real mail server and a real webhook of a site, for tests; each keeps what it was given."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask
from flask_babel import force_locale

from app import create_app, notices, sending
from app.config import Settings
from app.node import KEY, Node
from app.sending import Sent
from ledger.store.batch import Receipt
from ledger.store.contacts import Contact
from ledger.store.notices import Notice
from tests.app.conftest import give_keys
from tests.nodes import close
from tests.world import Chain, Member


class Mailbox:
    """What the mail server took; `refuse` are addresses it refuses, `busy` answers all with 451."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.refuse: set[str] = set()
        self.busy = False

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.busy:
            return "451 4.3.0 try again later"
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=default)
        assert isinstance(message, EmailMessage)
        assert message["To"] == envelope.rcpt_tos[0]
        self.messages.append(message)
        return "250 taken"


class OnAnyPort(Controller):
    """Listens on a port that the system chooses."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server() -> Iterator[tuple[Mailbox, str]]:
    """A mail server on loopback, and its address."""
    box = Mailbox()
    controller = OnAnyPort(box, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        yield box, f"smtp://127.0.0.1:{controller.port}"
    finally:
        controller.stop()


class Hook:
    """What a webhook took: headers and body of each message; `status` is what it answers."""

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.location = ""
        self.held = threading.Event()  # set: it answers nothing


@contextmanager
def webhook(trusted: SSLContext | None = None) -> Iterator[tuple[Hook, int]]:
    """A site's program on loopback, and its port."""
    hook = Hook()
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.taken.append(({k.lower(): v for k, v in self.headers.items()}, body))
            if hook.held.is_set():
                over.wait()
                return
            self.send_response(hook.status)
            if hook.location:
                self.send_header("Location", hook.location)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 64  # more than are posted at once

    server = Server(("127.0.0.1", 0), Handler)
    if trusted is not None:
        server.socket = trusted.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield hook, server.server_address[1]
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()


class Sender:
    """A node that sends, with a mail server and a webhook; `now` is the chain's."""

    def __init__(self, chain: Chain, box: Mailbox, hook: Hook, smtp: str, port: int) -> None:
        self.chain, self.box, self.hook, self.port = chain, box, hook, port
        self.settings = Settings(
            log=chain.folder, secure=False, per_minute=0, clock=lambda: chain.now, smtp=smtp,
            mail_from="recalls@authority.example", url="https://log.example",
            webhook_networks=(ipaddress.ip_network("127.0.0.0/8"),),
        )  # fmt: skip
        self.app: Flask = create_app(self.settings)

    @property
    def node(self) -> Node:
        found = self.app.extensions[KEY]
        assert isinstance(found, Node)
        return found

    def reach(self, who: Member, **changes: str) -> None:
        """Keep how a member's site is reached."""
        fields = {"email": f"recalls@{who.name}.example", **changes}
        self.node.desk.contacts.keep(Contact(who.site, "Recall desk", **fields))

    def hook_address(self, path: str = "/recalls") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def tell(self) -> tuple[int, Sent]:
        """One round, as the command does it."""
        with self.app.app_context(), force_locale("en_GB"):
            return notices.make(), sending.send()

    def rows(self, about: Receipt, channel: str = "") -> list[Notice]:
        found = self.node.desk.notices.about(about.id)
        return [one for one in found if not channel or one.channel == channel]

    def mail(self) -> list[tuple[str, str]]:
        """To whom mail went since the last look, and under which subject."""
        found = [(one["To"], one["Subject"]) for one in self.box.messages]
        self.box.messages.clear()
        return found


@contextmanager
def sending_node(chain: Chain) -> Iterator[Sender]:
    """A node of a chain's log, with a mail server and a webhook."""
    give_keys(chain)
    with ExitStack() as stack:
        box, smtp = stack.enter_context(mail_server())
        hook, port = stack.enter_context(webhook())
        made = Sender(chain, box, hook, smtp, port)
        stack.callback(close, made.app)
        yield made
