"""Who asks: sign in by signing a challenge, an opaque cookie, `g.person`.

A session acts for a party at one of its sites. What it may see is decided where it is asked.
"""

from __future__ import annotations

import json
import secrets
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import Any, Final

from flask import Flask, Response, abort, g, request
from flask_babel import gettext as _

from app.node import Node, maybe_node, node
from ledger.errors import BadSignature, Malformed, Refused
from ledger.rules.authority import Authority, KeyRecord, PartyRecord, SiteRecord
from ledger.statement import dsse
from ledger.statement.dsse import MAX_ENVELOPE, Envelope
from ledger.statement.login import CLI, parse_login
from ledger.statement.parts import PASSKEY, time_text
from ledger.store.desk import SESSION_MS, Person

_COOKIE: Final = "packtrace_session"
TOKEN_BYTES: Final = 32
_LOGIN_WINDOW_MS: Final = 5 * 60_000


def register(app: Flask) -> None:
    """Know the person of each request."""

    @app.before_request
    def know_person() -> None:
        g.person = None
        found = maybe_node()
        token = read_token(request.cookies.get(cookie_name(), ""))
        if found is not None and token:
            person = found.desk.session(token, found.clock())
            g.person = person if person and _still_entitled(found, person) else None


def _still_entitled(found: Node, person: Person) -> bool:
    """A session ends with its key: revoked, or expired."""
    key = found.reader.authority().keys.get(person.keyid)
    return key is not None and key.revoked < 0 and found.clock() < key.end_ms


def cookie_name() -> str:
    """The session's cookie: of this host and path alone where the line is secure (RFC 6265bis 4.1.3.2)."""
    found = maybe_node()
    return f"__Host-{_COOKIE}" if found is not None and found.settings.secure else _COOKIE


def read_token(text: str) -> bytes:
    """A token from its URL-safe text, b"" for what is none."""
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (Base64Error, ValueError):
        return b""
    return raw if len(raw) == TOKEN_BYTES else b""


def new_token() -> tuple[bytes, str]:
    """A fresh token, and its URL-safe text."""
    raw = secrets.token_bytes(TOKEN_BYTES)
    return raw, urlsafe_b64encode(raw).decode().rstrip("=")


def person() -> Person | None:
    """Who asks, or None for a stranger."""
    found: Person | None = g.get("person")
    return found


def signed_in() -> Person:
    """Who asks; a stranger ends in 401, and where there is no log everybody in 503."""
    node()
    found = person()
    if found is None:
        abort(
            401,
            _("Sign in first: this is shown to the site that holds the pack and to authorities."),
        )
    return found


def is_administrator(who: Person) -> bool:
    """Whether a session was opened by an admin key of its party."""
    key = node().reader.authority().keys.get(who.keyid)
    return key is not None and key.use == "admin"


def administrator() -> Person:
    """Who asks, by an admin key; anybody else ends in 401 or 403."""
    found = signed_in()
    if not is_administrator(found):
        abort(403, _("Sign in with an administrator's key to do this."))
    return found


def open_session(who: Person, answer: Response) -> Response:
    """Start a session and set its cookie."""
    raw, text = new_token()
    found = node()
    agent = request.headers.get("User-Agent", "")[:200]
    found.desk.add_session(raw, who, found.clock(), agent)
    answer.set_cookie(
        cookie_name(),
        text,
        max_age=SESSION_MS // 1000,
        httponly=True,
        samesite="Lax",
        secure=found.settings.secure,
    )
    return answer


def current_id() -> str:
    """By what this request's session is listed, "" for none."""
    token = read_token(request.cookies.get(cookie_name(), ""))
    return node().desk.session_id(token) if token else ""


def end_session(answer: Response) -> Response:
    """End the session of this request, on the server too."""
    token = read_token(request.cookies.get(cookie_name(), ""))
    if token:
        node().desk.end_session(token)
    secure = node().settings.secure
    answer.delete_cookie(cookie_name(), secure=secure, httponly=True, samesite="Lax")
    return answer


def new_challenge() -> dict[str, str]:
    """A fresh nonce to sign, single use, two minutes."""
    raw = secrets.token_bytes(TOKEN_BYTES)
    found = node()
    found.desk.add_nonce(raw, found.clock())
    now = time_text(found.clock())
    return {"nonce": b64encode(raw).decode(), "log": found.origin, "time": now}


def open_login(body: bytes) -> Person:
    """Check a signed log-in, `{"envelope", "site"?}`; answers whom it signs in.

    Raises Malformed, BadSignature, Refused.
    """
    if len(body) > 2 * MAX_ENVELOPE:
        raise Malformed(_("a log-in is at most %(n)s bytes", n=MAX_ENVELOPE))
    try:
        told: Any = json.loads(body)
        site = told.get("site", "")
        envelope = Envelope.parse(dsse.canonical(told["envelope"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Malformed('a log-in is {"envelope": …, "site"?: GLN}') from error
    if envelope.payload_type != dsse.LOGIN:
        raise Refused("wrong-type", _("this envelope is not a log-in"))
    login = parse_login(envelope.payload)
    found = node()
    authority = found.reader.authority()
    if login.log != found.origin:
        raise Refused(
            "wrong-log",
            _("the log-in names %(other)s, this is %(log)s", other=login.log, log=found.origin),
        )
    envelope.verify(authority.public)
    now = found.clock()
    if login.origin not in (CLI, request.host_url.rstrip("/")):
        raise BadSignature(_("the log-in was signed for another page"))
    if abs(login.time_ms - now) > _LOGIN_WINDOW_MS:
        raise Refused("event-time", _("the log-in's time is more than five minutes off"))
    if not found.desk.take_nonce(b64decode(login.nonce), now):
        raise BadSignature(
            _("the challenge is not one of ours, or was used, or is over two minutes old")
        )
    key = _key(authority, envelope.signatures[0].keyid, now)
    if key.party != login.by:
        raise Refused("not-entitled", _("the key is %(party)s's", party=key.party))
    # An administrator answers for all sites of the party, and looks at one of them at a time.
    own = [record.gln for record in authority.sites(key.party)]
    sites = own if key.use == "admin" else sorted(key.sites)
    if not site and len(sites) == 1:
        site = sites[0]
    if site not in sites:
        raise Refused(
            "wrong-site",
            _("choose the site of this session among %(sites)s", sites=", ".join(sites)),
        )
    return Person(key.party, site, key.id)


def _key(authority: Authority, keyid: str, now: int) -> KeyRecord:
    key = authority.keys[keyid]  # its signature verified, so it is known
    if key.revoked >= 0:
        raise Refused("key-revoked", _("this key was revoked"))
    if now < key.start_ms:
        raise Refused("key-not-yet", _("this key is not in force yet"))
    if now >= key.end_ms:
        raise Refused("key-expired", _("this key has expired"))
    if key.use == "recovery":
        raise Refused(
            "not-entitled", _("a recovery key is kept for the day when all others are lost")
        )
    if key.use == PASSKEY:
        raise Refused("not-entitled", _("a passkey signs beside another key; it does not sign in"))
    return key


def acting() -> tuple[PartyRecord, SiteRecord] | None:
    """Party and site of the session, for showing who you are."""
    who = person()
    if who is None:
        return None
    authority = node().reader.authority()
    party, site = authority.party(who.party), authority.site(who.site)
    return (party, site) if party and site else None
