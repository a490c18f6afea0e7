"""The log-in: a challenge that a key signs, told from a statement by its payload type (statement.md 7).

Whether the nonce is fresh, and what a session may do, is left to the server.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from ledger.errors import Malformed
from ledger.statement import dsse
from ledger.statement.parts import Part, check_origin, gln, time_ms

CLI: Final = "cli"
NONCE_MS: Final = 120_000  # how long a server's nonce lives
_PAGE: Final = re.compile(r"https?://[a-z0-9.-]{1,253}(?::[1-9][0-9]{0,4})?")


class Login(Part, frozen=True):
    """`{"by":"9521234000006","log":"log.example/vector","nonce":"…","origin":"cli","time":"…Z"}`."""

    by: str
    log: str
    nonce: str  # the server's 32 bytes, base64
    origin: str  # the page's scheme://host[:port], or "cli"
    time: str

    @property
    def time_ms(self) -> int:
        """The signer's claimed time, ms since the epoch."""
        return time_ms(self.time)


_decoder: Final = msgspec.json.Decoder(Login)


def parse_login(payload: bytes) -> Login:
    """Read a log-in. Raises Malformed."""
    login: Login = dsse.parse_json(payload, _decoder, "a log-in")
    gln(login.by, "by")
    check_origin(login.log)
    dsse.base64_bytes(login.nonce, 32, "nonce")
    if login.origin != CLI and not _PAGE.fullmatch(login.origin):
        raise Malformed('origin is the page\'s scheme://host[:port], or "cli"')
    time_ms(login.time)
    return login


def build_login(login: Login) -> bytes:
    """The canonical payload of a log-in. Raises Malformed."""
    payload = dsse.canonical(login)
    if parse_login(payload) != login:
        raise Malformed("these values do not make a log-in")
    return payload
