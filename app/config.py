"""The app's settings: read once from the environment, then only passed on.

Nothing else reads the environment.
"""

from __future__ import annotations

import ipaddress
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from app.limits import Counts

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]_-]+(?:/[A-Za-z0-9._~/-]*)?")


def wall_clock() -> int:
    """This machine's clock, ms since the epoch."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    """How one node runs.

    `log` is the log's folder. `per_minute` limits what one address may ask or submit in a minute,
    `frames_per_minute` the camera frames of one session; 0 for no limit. `hosts` are the names it
    answers to, () for any. `secure` marks cookies for HTTPS only; switch it off on a loopback address
    alone. `proxies` is the number of proxies in front, whose X-Forwarded-* headers are believed.
    `practice` is the address of the practice node beside this one, `real` that of the node beside
    this practice node; "" for none. `url` is this node's own address, as notices name it. `smtp` is
    where mail is handed over (`app.mailing`), "" for nowhere, `mail_from` whose it is.
    `webhook_networks` are networks beside the public internet in which webhooks may lie.
    `fingerprints` is the folder of labels' templates, None for that in the log's. `counts` is
    shared by the processes that are forked after it was made.
    """

    log: Path = Path("var/demo")
    passphrase: bytes = b""
    per_minute: int = 600
    stranger_per_minute: int = 30
    frames_per_minute: int = 600
    hosts: tuple[str, ...] = ()
    secure: bool = True
    proxies: int = 0
    practice: str = ""
    real: str = ""
    url: str = ""
    smtp: str = field(default="", repr=False)  # a password may be in it
    mail_from: str = ""
    webhook_networks: tuple[Network, ...] = ()
    fingerprints: Path | None = None
    clock: Callable[[], int] = wall_clock
    counts: Counts = field(default_factory=Counts, compare=False, repr=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Settings from PACKTRACE_* variables.

        Raises ValueError, naming the variable, for a value that cannot be used.
        """
        fingerprints = environ.get("PACKTRACE_FINGERPRINTS", "")
        hosts = tuple(h for h in environ.get("PACKTRACE_HOSTS", "").split(",") if h)
        return cls(
            log=Path(environ.get("PACKTRACE_LOG", "var/demo")),
            passphrase=environ.get("PACKTRACE_PASSPHRASE", "").encode(),
            per_minute=_number(environ, "PACKTRACE_PER_MINUTE", 600),
            stranger_per_minute=_number(environ, "PACKTRACE_STRANGER_PER_MINUTE", 30),
            frames_per_minute=_number(environ, "PACKTRACE_FRAMES_PER_MINUTE", 600),
            hosts=hosts,
            secure=environ.get("PACKTRACE_INSECURE_COOKIES", "") != "1",
            proxies=_number(environ, "PACKTRACE_PROXIES", 0),
            practice=_address(environ, "PACKTRACE_PRACTICE"),
            real=_address(environ, "PACKTRACE_REAL"),
            url=_address(environ, "PACKTRACE_URL").rstrip("/"),
            smtp=_mail_server(environ),
            mail_from=_sender(environ),
            webhook_networks=_networks(environ, "PACKTRACE_WEBHOOK_NETWORKS"),
            fingerprints=Path(fingerprints) if fingerprints else None,
        )


def _number(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise ValueError(f"{name} is a whole number, not {text[:40]!r}")
    return int(text)


def _address(environ: Mapping[str, str], name: str) -> str:
    """A node's web address, without name and password, query and fragment; "" for none."""
    text = environ.get(name, "")
    try:
        parts = urlsplit(text)
        plain = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        plain = False
    if text and not (plain and _ADDRESS.fullmatch(text)):
        raise ValueError(f"{name} is an address as https://node.example, not {text[:80]!r}")
    return text


def _mail_server(environ: Mapping[str, str]) -> str:
    """Where mail is handed over. What is wrong is told without the password that may be in it."""
    text = environ.get("PACKTRACE_SMTP", "")
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("smtp", "smtps") and parts.hostname and parts.port != 0
        good = good and parts.path in ("", "/") and not (parts.query or parts.fragment)
        good = good or (parts.scheme == "file" and not parts.netloc and parts.path)
    except ValueError:
        good = False
    if text and not (good and text.isprintable()):
        raise ValueError(
            "PACKTRACE_SMTP is smtp://name:password@host:587, smtps://… or file:folder"
        )
    if text and parts.scheme != "file" and not environ.get("PACKTRACE_MAIL_FROM"):
        raise ValueError("PACKTRACE_MAIL_FROM is missing: from which address mail is sent")
    return text


def _sender(environ: Mapping[str, str]) -> str:
    text = environ.get("PACKTRACE_MAIL_FROM", "")
    if not text:
        return ""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise ValueError(f"PACKTRACE_MAIL_FROM is an e-mail address: {error}") from error


def _networks(environ: Mapping[str, str], name: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(one) for one in environ.get(name, "").split(",") if one)
    except ValueError as error:
        raise ValueError(f"{name} are networks as 10.1.0.0/16,fd00::/8: {error}") from error
