"""The web app on a log of a million packs and 100,000 statements: its pages, and a dispatch of 5,000.

`page-slowest` is the median server time of the slowest page; `first-load` what a browser fetches for
the heaviest one, as gzip would send it; `dispatch-5000` from the press of Sign to the log's answer.
"""

from __future__ import annotations

import gzip
import logging
import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from flask import Flask
from playwright.sync_api import Response, sync_playwright

from app import create_app
from app.config import Settings
from ledger.statement.submission import Submission
from ledger.store.batch import Receipt
from tests.app.conftest import give_keys, login_body
from tests.browser.conftest import Fresh, Visitor, launch
from tests.browser.joined import join
from tests.nodes import serving
from tests.world import Chain, Member

LOTS, PACKS, CASE = 20, 50_000, 100
CASES: Final = 5_000
HAND_OFFS: Final = 5_000  # packs shipped and received one by one
STATEMENTS: Final = 100_000
ASKED: Final = 30  # times each page
DISPATCHED: Final = 5_000
MOST_MS, MOST_KIB, MOST_S = 50.0, 150.0, 5.0
PAGES: Final = (
    "/", "/scan", "/stock", "/shipments", "/shipments/new", "/today", "/bags", "/lots", "/containers",
    "/people", "/account", "/waiting", "/log", "/help", "/packs/{pack}",
)  # fmt: skip
PRESS: Final = """async ([ids, to, party]) => {
  const { act } = await import("/static/sign/sign.js");
  const fields = { sourceParty: party, destParty: to.gln, destSite: to.site, number: "BENCH-1" };
  const outcome = act({ op: "ship", ids, fields });
  const yes = document.getElementById("sign-yes");
  while (!document.getElementById("sign").open) await new Promise(requestAnimationFrame);
  const start = performance.now();
  yes.click();
  const { status } = await outcome;
  return [status, performance.now() - start];
}"""


def pages(folder: Path) -> Iterator[dict[str, Any]]:
    """Server times as three members see their pages, then what a browser fetches and signs."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    chain = Chain(folder)
    give_keys(chain)
    _fill(chain)
    limits = {"per_minute": 0, "stranger_per_minute": 0}
    app = create_app(Settings(log=folder, secure=False, clock=lambda: chain.now, **limits))
    slowest: dict[str, float] = {}
    for who in (chain.maker, chain.wholesaler, chain.pharmacy):
        for path, took in _server_times(app, chain, who):
            slowest[path] = max(slowest.get(path, 0.0), took * 1000)
    for path, took in sorted(slowest.items()):
        yield {"name": f"page {path}", "value": took, "unit": "ms"}
    yield _line("page-slowest", max(slowest.values()), "ms", MOST_MS)
    with serving(app) as url, sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        site = Fresh(url, app, folder, chain)
        heaviest = max(
            _first_load(browser.new_page(), site, path) for path in ("/scan", "/shipments/new")
        )
        yield _line("first-load", heaviest / 1024, "KiB gzip", MOST_KIB)
        maker = join(Visitor(browser.new_page(), site), site, chain.maker)
        loose = chain.pack_ids("L0", PACKS)[-DISPATCHED:]
        to = {"gln": chain.wholesaler.gln, "site": chain.wholesaler.site}
        status, took = maker.page.evaluate(PRESS, [loose, to, chain.maker.gln])
        assert status == "landed"
        yield _line("dispatch-5000", took / 1000, "s", MOST_S)
        browser.close()
    chain.store.close()


def _line(name: str, value: float, unit: str, limit: float) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "limit": limit, "ratio": value / limit}


def _fill(chain: Chain) -> None:
    """A million packs, half of them in cases, some handed on one by one; then scans, up to the number."""
    for lot in range(LOTS):
        ids = chain.pack_ids(f"L{lot}", PACKS)
        event = chain.event("commission", chain.maker, ids, lot=f"L{lot}", expiry=date(2035, 1, 31))
        _land(chain, [event])
    cases = [chain.unit_id(chain.maker, number) for number in range(CASES)]
    _land(chain, [chain.event("commission", chain.maker, cases)])
    packs = [pack for lot in range(1, LOTS) for pack in chain.pack_ids(f"L{lot}", PACKS)]
    for start in range(0, CASES, 100):
        _land(chain, [
            chain.event("pack", chain.maker, packs[CASE * n : CASE * (n + 1)], parent=cases[n])
            for n in range(start, start + 100)
        ])  # fmt: skip
    for start in range(0, CASES // 2, 100):
        _hand_over(chain, [[case] for case in cases[start : start + 100]], chain.wholesaler)
    loose = chain.pack_ids("L0", PACKS)[:HAND_OFFS]
    for start in range(0, HAND_OFFS, 500):
        _hand_over(chain, [[pack] for pack in loose[start : start + 500]], chain.pharmacy)
    while (left := STATEMENTS - chain.reader.head().size) > 0:
        _land(chain, [
            chain.event("inspect", chain.pharmacy, chain.pack_ids(f"F{chain.now}", 1), reason="unknown")
            for _ in range(min(left, 5_000))
        ])  # fmt: skip


def _hand_over(chain: Chain, loads: Sequence[Sequence[str]], to: Member) -> None:
    ships = [chain.ship_event(chain.maker, load, to) for load in loads]
    _land(chain, ships)
    _land(chain, [
        chain.event("receive", to, load, shipment=ship.statement.id)
        for load, ship in zip(loads, ships, strict=True)
    ])  # fmt: skip


def _land(chain: Chain, some: list[Submission]) -> None:
    for outcome in chain.log.append(some):
        if not isinstance(outcome, Receipt):
            raise outcome


def _server_times(app: Flask, chain: Chain, who: Member) -> Iterator[tuple[str, float]]:
    """Each page that this member may open, and the median seconds that the server takes for it."""
    client = app.test_client()
    assert (
        client.post("/api/session", data=login_body(client, chain, who.key, who.gln)).status_code
        == 200
    )
    pack = f"{chain.gtin}/{chain.pack_ids('L0', 1)[0].rpartition('/')[2]}"
    for page in PAGES:
        path, took = page.format(pack=pack), []
        for _ in range(ASKED):
            start = time.perf_counter()
            answer = client.get(path)
            took.append(time.perf_counter() - start)
        if answer.status_code == 200:
            yield page, statistics.median(took)


def _first_load(page: Any, site: Fresh, path: str) -> int:
    """The bytes that a fresh browser of a pharmacist fetches for a page, each compressed by itself.

    Without the worker, which fetches behind a page what other pages need.
    """
    visitor = join(Visitor(page, site), site, site.chain.pharmacy)
    context = visitor.page.context.browser.new_context(
        storage_state=visitor.page.context.storage_state(), service_workers="block"
    )
    fresh, seen = context.new_page(), []

    def note(answer: Response) -> None:
        seen.append(answer)

    fresh.on("response", note)
    fresh.goto(site.url + path)
    fresh.wait_for_load_state("networkidle")
    total = sum(len(gzip.compress(answer.body())) for answer in seen if answer.status == 200)
    context.close()
    return total
