"""A browser whose server is dead: the pages of work open, and say that they are kept."""

from __future__ import annotations

import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit, Visitor
from tests.browser.joined import join, sign_in
from tests.browser.test_outage import Served, served

__all__ = ["served"]
KEPT = "The server cannot be reached. This page is as it was at"


@pytest.fixture
def visitor(served: Served, visit: Visit) -> Visitor:
    """The pharmacy's browser, once its worker keeps what is opened."""
    found = join(visit(served, workers="allow"), served, served.chain.pharmacy)
    found.page.evaluate("navigator.serviceWorker.ready")
    found.page.wait_for_function("navigator.serviceWorker.controller")
    return found


# Whether the browser has stored a status list.
LISTED = """new Promise((done) => {
  const asked = indexedDB.open("packtrace status list", 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore("lists");
  asked.onsuccess = () => {
    const found = asked.result.transaction("lists").objectStore("lists").count();
    found.onsuccess = () => {
      asked.result.close();
      done(found.result);
    };
  };
})"""


def kept(page: Page) -> list[str]:
    """The paths of the pages that the browser keeps."""
    script = """async () => {
      const pages = await (await caches.open("packtrace pages")).keys();
      return pages.map(({ url }) => new URL(url).pathname);
    }"""
    found: list[str] = page.evaluate(script)
    return found


def test_the_counter_opens_without_a_line_and_says_so(served: Served, visitor: Visitor) -> None:
    page = visitor.page
    [pack] = served.chain.commission("KEPT", 1)
    visitor.open("/scan")
    page.wait_for_function(LISTED)
    visitor.open("/account")
    served.kill()
    visitor.open("/scan")
    expect(page.locator("#kept-page")).to_contain_text(KEPT)
    page.locator("#text").fill(pack)
    page.locator("#text").press("Enter")
    expect(page.locator("#verdict")).to_contain_text("Not checked")
    visitor.open("/account")  # whose it is and what it may do is not kept
    assert visitor.heading == "The server cannot be reached"
    served.start()
    visitor.open("/scan")
    expect(page.locator("#kept-page")).to_have_count(0)
    assert kept(page) == ["/scan"]


def test_what_was_kept_for_somebody_goes_when_they_sign_out(
    served: Served, visitor: Visitor
) -> None:
    visitor.open("/stock")
    assert "/stock" in kept(visitor.page)
    visitor.page.get_by_role("button", name="Sign out").click()
    expect(visitor.page.locator(".whose")).to_have_text("Not signed in")
    assert "/stock" not in kept(visitor.page)
    served.kill()
    visitor.open("/stock")
    assert visitor.heading == "The server cannot be reached"


def test_what_was_kept_for_somebody_goes_when_their_session_ends_elsewhere(
    served: Served, visitor: Visitor
) -> None:
    page = visitor.page
    visitor.open("/stock")
    visitor.open("/account")
    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.locator(".whose")).to_have_text("Not signed in")
    assert "/stock" not in kept(page)
    sign_in(visitor, served)
    visitor.open("/stock")
    assert "/stock" in kept(page)
    page.context.clear_cookies()  # as if an administrator had revoked the key
    assert visitor.open("/stock") == 401
    assert kept(page) == []


class Gateway(BaseHTTPRequestHandler):
    """What a proxy says while the app behind it is down."""

    @classmethod
    def at(cls, url: str) -> ThreadingHTTPServer:
        """One in the place of a server that was killed, as soon as its port is free."""
        for _ in range(100):
            with suppress(OSError):
                return ThreadingHTTPServer(("127.0.0.1", int(url.rpartition(":")[2])), cls)
            time.sleep(0.1)
        pytest.fail("the port stays taken")

    def do_GET(self) -> None:
        self.send_error(502)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_proxy_that_answers_for_a_dead_server_is_no_answer(
    served: Served, visitor: Visitor
) -> None:
    visitor.open("/stock")
    served.kill()
    with Gateway.at(served.url) as gateway:
        Thread(target=gateway.serve_forever, daemon=True).start()
        visitor.open("/stock")
        expect(visitor.page.locator("#kept-page")).to_contain_text(KEPT)
        visitor.open("/account")
        assert visitor.heading == "The server cannot be reached"
        gateway.shutdown()
