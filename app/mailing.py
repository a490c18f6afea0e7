"""Hands notices to a mail server, or keeps them as files where there is none (RFC 5322, 3834).

Where: `smtp://name:password@host:587` (with STARTTLS, except on this machine), `smtps://…:465`, or
`file:folder`. Whether the message arrived is beyond SMTP: handed over is what can be known.
"""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from flask_babel import gettext as _

from ledger.files import write_whole
from ledger.store.notices import Notice, notice_id

SECONDS: Final = 30.0  # for one answer of the mail server
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_PORTS: Final = {"smtp": 587, "smtps": 465}


class NotSent(Exception):
    """A notice could not be handed over, and why, in words; `for_good`: trying again is no use."""

    def __init__(self, words: str, *, for_good: bool = False) -> None:
        super().__init__(words)
        self.for_good = for_good


def message_of(notice: Notice, to: str, sender: str) -> EmailMessage:
    """A notice as a message: the same bytes whenever it is sent, so that a double can be dropped."""
    domain = sender.rpartition("@")[2]
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = notice.subject
    message["Date"] = format_datetime(datetime.fromtimestamp(notice.ms // 1000, UTC))
    message["Message-ID"] = f"<{notice.id}@{domain}>"
    if notice.round:  # mail programs lay reminders under the first
        first = notice_id(notice.about, notice.site, notice.channel, 0)
        message["In-Reply-To"] = message["References"] = f"<{first}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(notice.words, cte="quoted-printable")
    message["Content-Language"] = notice.language
    return message


class Mailer:
    """One way to send mail; a connection is kept from one message to the next."""

    def __init__(self, where: str, trusted: ssl.SSLContext | None = None) -> None:
        """`where` is as the module says; `trusted` are the certificates to believe."""
        self._where = where
        self._trusted = trusted
        self._smtp: smtplib.SMTP | None = None

    def send(self, message: EmailMessage) -> None:
        """Hand a message over. Raises NotSent."""
        if self._where.startswith("file:"):
            self._keep(message)
            return
        used = self._smtp is not None
        try:
            try:
                self._hand_over(message)
            except smtplib.SMTPServerDisconnected:
                if not used:
                    raise
                self.close()  # it had waited for the next message long enough
                self._hand_over(message)
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            told = _("The mail server refuses the address: %(why)s", why=_said(code, words))
            raise NotSent(told, for_good=500 <= code < 600) from error
        except smtplib.SMTPResponseException as error:
            self.close()
            why = _said(error.smtp_code, error.smtp_error)
            raise NotSent(_("The mail server refuses the message: %(why)s", why=why)) from error
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            why = _plain(str(error))
            raise NotSent(_("The mail server cannot be reached: %(why)s", why=why)) from error

    def close(self) -> None:
        """End the connection, if there is one."""
        if self._smtp is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._smtp.quit()
            self._smtp.close()
            self._smtp = None

    def _keep(self, message: EmailMessage) -> None:
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        path = Path(self._where.removeprefix("file:")) / f"{name}.eml"
        try:
            write_whole(path, bytes(message), 0o600)
        except OSError as error:
            words = _("The folder of the mail cannot be written: %(why)s", why=str(error))
            raise NotSent(words) from error

    def _hand_over(self, message: EmailMessage) -> None:
        if self._smtp is None:
            self._smtp = self._connect()
        self._smtp.send_message(message)

    def _connect(self) -> smtplib.SMTP:
        parts = urlsplit(self._where)
        host = parts.hostname or ""
        port = parts.port or (25 if host in _LOOPBACK else _PORTS[parts.scheme])
        trusted = self._trusted or ssl.create_default_context()
        if parts.scheme == "smtps":
            port = parts.port or _PORTS["smtps"]
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=trusted)
        else:
            smtp = smtplib.SMTP(host, port, timeout=SECONDS)
        try:
            if parts.scheme == "smtp" and host not in _LOOPBACK:
                smtp.starttls(
                    context=trusted
                )  # raises where the server, or who sits between, has none
            if parts.username:
                smtp.login(unquote(parts.username), unquote(parts.password or ""))
        except (smtplib.SMTPException, OSError):
            smtp.close()
            raise
        return smtp


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {_plain(text)}"


def _plain(text: str) -> str:
    """What another machine said, fit for a page."""
    return "".join(one if one.isprintable() else " " for one in text)[:200]
