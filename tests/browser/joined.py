"""Visitors whose browser holds a real key: a member's own, put where a browser keeps its keys.

How a key is made in the browser and joined is what `test_join` shows; here it is there already.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any, Final

from playwright.sync_api import Page

from ledger.statement.dsse import key_id
from ledger.tlog.ed25519 import public_of
from tests.browser.conftest import Fresh, Visitor
from tests.world import ORIGIN, Member

# PKCS #8 of an Ed25519 seed (RFC 8410 section 7).
_PKCS8: Final = bytes.fromhex("302e020100300506032b657004220420")
_PUT: Final = """async ({pkcs8, raw, ...about}) => {
  const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const key = await crypto.subtle.importKey("pkcs8", bytes(pkcs8), "Ed25519", false, ["sign"]);
  const { store } = await import("/static/sign/store.js");
  const kept = { ...about, raw: bytes(raw), privateKey: key, state: "ready", created: 1 };
  await store("keys").put(kept);
}"""


def put_key(page: Page, seed: bytes, member: Member, **about: Any) -> str:
    """Put a key that is on the ledger into a page's browser, not to be exported; its id."""
    raw = public_of(seed)
    told = {
        "pkcs8": b64encode(_PKCS8 + seed).decode(), "raw": b64encode(raw).decode(),
        "keyid": key_id(raw), "log": ORIGIN, "party": member.gln, "site": member.site,
        "use": "station", "staff": "", **about,
    }  # fmt: skip
    page.evaluate(_PUT, told)
    return key_id(raw)


def join(visitor: Visitor, site: Fresh, member: Member) -> Visitor:
    """Let a visitor's browser hold a member's station key, and sign in with it."""
    visitor.open("/login")
    put_key(visitor.page, member.key, member)
    return sign_in(visitor, site)


def sign_in(visitor: Visitor, site: Fresh, name: str = "Sign in at") -> Visitor:
    """Sign in by the first key of the visitor's browser."""
    visitor.open("/login")
    visitor.page.get_by_role("button", name=name).first.click()
    visitor.page.wait_for_url(f"{site.url}/")
    return visitor


def press_sign(page: Page) -> None:
    """Read what is to be signed, and sign it.

    By a click: an Enter right behind another key is taken for a scan's suffix. How somebody signs without
    a mouse, in a person's own time, the tests of each page show.
    """
    button = page.locator("#sign-yes")
    button.wait_for()
    button.click()
