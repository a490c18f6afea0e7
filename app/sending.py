"""Carries what waits in the outbox: mail by a mail server or into a folder, webhooks by HTTP.

At least once: whoever dies between handing over and noting it down leaves the notice to be sent
again, under the same Message-ID or webhook-id, by which the receiver drops the second.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import closing
from itertools import islice
from typing import Final, NamedTuple

from flask_babel import gettext as _

from app import webhooks
from app.mailing import Mailer, NotSent, message_of
from app.node import answers, node
from ledger.store.notices import EMAIL, WEBHOOK, Notice

OUTBOX: Final = "outbox"  # folder of a simulated world's mail
SIMULATED_SENDER: Final = "notices@packtrace.example"
AT_ONCE: Final = 16  # webhooks


class Sent(NamedTuple):
    """What became of what was due: notices handed over, and those that were not."""

    sent: int = 0
    not_sent: int = 0

    def __add__(self, other: object) -> Sent:
        assert isinstance(other, Sent)
        return Sent(self.sent + other.sent, self.not_sent + other.not_sent)


def mail_server() -> str:
    """Where mail is handed over; a simulated world keeps it in a folder unless told otherwise."""
    settings = node().settings
    if settings.smtp or not node().simulated:
        return settings.smtp
    return f"file:{settings.log / OUTBOX}"


def send(trusted: ssl.SSLContext | None = None) -> Sent:
    """Send what is due. `trusted` are the certificates to believe, this machine's unless given."""
    return _mail(trusted) + asyncio.run(_webhooks(trusted))


def _mail(trusted: ssl.SSLContext | None) -> Sent:
    desk, told = node().desk, Sent()
    where = mail_server()
    if not where:
        return told  # it waits until the operator names a mail server
    sender = node().settings.mail_from or SIMULATED_SENDER
    with closing(Mailer(where, trusted)) as mailer:
        for notice in desk.notices.take(node().clock(), EMAIL):
            to, failed = desk.contacts.of(notice.site).email, None
            try:
                _check(to)
                mailer.send(message_of(notice, to, sender))
            except NotSent as error:
                failed = error
            told += _settle(notice, failed)
    return told


async def _webhooks(trusted: ssl.SSLContext | None) -> Sent:
    told = Sent()
    if node().answers is None:
        return told  # it waits for a node that holds the status key
    due = node().desk.notices.take(node().clock(), WEBHOOK)
    # A few at a time, so that none is taken for longer than it is sent in.
    while some := list(islice(due, AT_ONCE)):
        outcomes = await asyncio.gather(*(_post(one, trusted) for one in some))
        for notice, failed in zip(some, outcomes, strict=True):
            told += _settle(notice, failed)
    return told


async def _post(notice: Notice, trusted: ssl.SSLContext | None) -> NotSent | None:
    found = node()
    url, body = found.desk.contacts.of(notice.site).webhook, notice.data.encode()
    headers = answers().webhook(f"notice_{notice.id}", found.clock() // 1000, body)
    try:
        _check(url)
        await webhooks.post(url, body, headers, found.settings.webhook_networks, trusted=trusted)
    except NotSent as error:
        return error
    return None


def _check(address: str) -> None:
    if not address:
        raise NotSent(_("The site has taken this address away."), for_good=True)


def _settle(notice: Notice, failed: NotSent | None) -> Sent:
    notices, now = node().desk.notices, node().clock()
    if failed is None:
        notices.sent(notice, now)
        return Sent(sent=1)
    notices.not_sent(notice, now, str(failed), for_good=failed.for_good)
    return Sent(not_sent=1)
