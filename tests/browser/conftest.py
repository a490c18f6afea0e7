"""A real Chromium before real servers: without a log, with an empty one, and with the demo world.

Each page that a test opens is watched: an error in its console, a script that fails or anything
fetched from elsewhere fails the test.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    BrowserType,
    ConsoleMessage,
    Page,
    Request,
    sync_playwright,
)

from app import create_app
from app.config import Settings
from app.demo import make
from app.node import KEY
from tests.app.conftest import give_keys, login_body
from tests.nodes import DAY, EVENING_MS, login_path, serving
from tests.world import Chain, Member

# Chromium takes the last such list alone, so what Playwright switches off stands here again. The lists
# that drop from the address bar, which nobody sees, cost each window more than half of its time.
UNUSED = (
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "AimEnabled", "PreconnectToSearch", "LensOverlay",
    "HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable", "MediaRouter", "OptimizationHints",
    "NetworkTimeServiceQuerying", "PaintHolding", "DestroyProfileOnBrowserClose",
    "ThirdPartyStoragePartitioning", "AvoidUnnecessaryBeforeUnloadCheckSync",
    "AvoidCorsURLLoaderRestartOnRedirect",
)  # fmt: skip
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         f"--disable-features={','.join(UNUSED)}"]  # fmt: skip
MISSING = "there is no Chromium on this machine; `make setup-test` installs it"
Scheme = Literal["light", "dark"]
_lots = itertools.count()


def launch(chromium: BrowserType, *flags: str) -> Browser:
    """Start this machine's browser; without one the run fails, naming the step that installs it."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.fail(MISSING)
    return chromium.launch(executable_path=path, args=[*FLAGS, *flags])


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser of this machine, headless."""
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        yield browser
        browser.close()


@dataclass
class Site:
    """One running node."""

    url: str
    app: Any
    folder: Path


def serve(settings: Settings) -> Iterator[Site]:
    """Run a node in this process, on a port of its own."""
    app = create_app(settings)
    with serving(app) as url:
        yield Site(url, app, settings.log)


def settings(log: Path, clock: Callable[[], int]) -> Settings:
    """A node without limits, for plain HTTP."""
    return Settings(log=log, secure=False, per_minute=0, stranger_per_minute=0, clock=clock)


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A node whose folder holds no log."""
    yield from serve(settings(tmp_path_factory.mktemp("bare"), lambda: EVENING_MS))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A node with the demo world."""
    folder = tmp_path_factory.mktemp("demo") / "world"
    make(folder, DAY, fixed=True)
    yield from serve(settings(folder, lambda: EVENING_MS))


@dataclass
class Fresh(Site):
    """A node of a log with members and a product, and not one pack."""

    chain: Chain

    def link(self, who: Member) -> str:
        """What `packtrace login` prints for a member: a link that signs in once."""
        client = self.app.test_client()
        answer = client.post(
            "/api/session/link", data=login_body(client, self.chain, who.key, who.gln)
        )
        return self.url + str(answer.get_json()["path"])


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    """A node of a log without packs."""
    yield from serve_fresh(tmp_path_factory.mktemp("fresh"))


def serve_fresh(folder: Path) -> Iterator[Fresh]:
    """Run a node of a new log in a folder, without packs."""
    chain = Chain(folder)
    give_keys(chain)
    for site in serve(settings(chain.folder, lambda: chain.now)):
        yield Fresh(site.url, site.app, site.folder, chain)
    chain.store.close()


@dataclass
class Watch:
    """What went wrong in a page behind the visitor's back."""

    origin: str
    faults: list[str] = field(default_factory=list)

    def over(self, page: Page) -> None:
        """Watch a page."""
        page.on("console", self.console)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("request", self.request)

    def console(self, message: ConsoleMessage) -> None:
        # A page that is answered with 4xx is logged as a failed resource; the test sees the page.
        # Chromium advises RS256 passkeys too; the log knows ES256 and EdDSA.
        expected = (
            "Failed to load resource", "pubKeyCredParams is missing",
            "Service Worker registration blocked",  # by `visit`
        )  # fmt: skip
        if message.type in ("error", "warning") and not any(e in message.text for e in expected):
            self.faults.append(f"console: {message.text}")

    def request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", "data:")):
            self.faults.append(f"fetched from elsewhere: {request.url}")


class Visitor:
    """A person before a page of a node: what they do, and what they read."""

    def __init__(self, page: Page, site: Site) -> None:
        self.page, self.site = page, site

    def open(self, path: str = "/") -> int:
        """Open a page; answers the status."""
        answer = self.page.goto(self.site.url + path)
        assert answer is not None
        return answer.status

    def sign_in(self, role: str) -> None:
        """Sign in as somebody of the simulated world, by a link as `packtrace login` prints it.

        The browser's own request, without the link's page: what a person presses there, `test_account` shows.
        """
        clock = self.site.app.extensions[KEY].clock()
        link = self.site.url + login_path(self.site.folder, role, clock)
        answer = self.page.context.request.post(link, headers={"Origin": self.site.url})
        assert (answer.status, answer.url) == (200, f"{self.site.url}/")

    def check(self, text: str = "", picture: Path | None = None, purpose: str = "check") -> str:
        """Fill in the box and press Check; answers the heading."""
        box = self.page
        box.get_by_label("Scan, type or paste a code").fill(text)
        if picture is not None:
            box.get_by_label("Or a picture of the label").set_input_files(picture)
        box.get_by_label("What for").select_option(purpose)
        box.get_by_role("button", name="Check", exact=True).click()
        return self.heading

    @property
    def heading(self) -> str:
        """The page's one main heading."""
        return self.page.get_by_role("heading", level=1).inner_text()

    @property
    def words(self) -> str:
        """All that can be read."""
        return self.page.locator("body").inner_text()


Visit = Callable[..., Visitor]


@pytest.fixture
def lot() -> str:
    """A lot that no other test of this log uses."""
    return f"T{next(_lots):04d}"


class Windows:
    """Opens windows of fresh visitors on a site; all of them are watched."""

    def __init__(self, chromium: Browser) -> None:
        self._chromium = chromium
        self._watches: list[Watch] = []
        self._contexts: list[BrowserContext] = []

    def opened(
        self,
        site: Site,
        *,
        scripts: bool = True,
        width: int = 1280,
        scheme: Scheme = "light",
        workers: Literal["allow", "block"] = "block",  # what they fetch no test can step between
    ) -> Visitor:
        context = self._chromium.new_context(
            java_script_enabled=scripts,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            locale="en-GB",
            service_workers=workers,
        )
        context.set_default_timeout(10_000)  # a fault shows within seconds
        self._contexts.append(context)
        page = context.new_page()
        watch = Watch(site.url)
        self._watches.append(watch)
        watch.over(page)
        return Visitor(page, site)

    def check(self) -> None:
        """Nothing went wrong in any of them since it was asked last."""
        faults = [fault for watch in self._watches for fault in watch.faults]
        for watch in self._watches:
            watch.faults.clear()
        assert faults == []

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visit]:
    """Opens a fresh visitor's window on a site; all of them are watched."""
    windows = Windows(chromium)
    yield windows.opened
    windows.close()
    windows.check()
