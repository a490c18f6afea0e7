"""A server that dies in mid-work: what was signed waits in the browser, and lands once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from ledger.statement.events import Event
from ledger.statement.submission import Statement
from tests.app.conftest import give_keys
from tests.app.test_serve import date_ms, free_port, ready
from tests.browser.conftest import Fresh, Visit
from tests.browser.joined import join, press_sign
from tests.world import Chain

SHIP = """async ([ids, to, party]) => {
  const { act } = await import("/static/sign/sign.js");
  const fields = { sourceParty: party, destParty: to.gln, destSite: to.site, number: "OUT-1" };
  window.outcome = act({ op: "ship", ids, fields });
}"""

VOID = """async ([ids, shipment]) => {
  const { act } = await import("/static/sign/sign.js");
  window.outcome = act({ op: "void", ids, fields: { shipment } });
}"""

SAMPLE = """async (ids) => {
  const { act } = await import("/static/sign/sign.js");
  window.outcome = act({ op: "sample", ids });
}"""


class Served(Fresh):
    """A log served by `packtrace serve`, which can be killed and started again."""

    process: subprocess.Popen[bytes]

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        command = [
            str(Path(sys.executable).with_name("packtrace")), "serve", "--log", str(self.folder),
            "--port", self.url.rpartition(":")[2], "--workers", "1",
        ]  # fmt: skip
        environ = {**os.environ, "PACKTRACE_PER_MINUTE": "0"}
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environ)
        ready(self.url, self.process)

    def kill(self) -> None:
        """Kill every process of it, as a power cut does; once."""
        if self.process.returncode is not None:
            return
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        for pid in (self.process.pid, *map(int, children.split())):
            os.kill(pid, 9)
        self.process.wait()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A log of today, served by a process of its own."""
    chain = Chain(tmp_path)
    give_keys(chain)
    chain.now = date_ms()
    found = Served(f"http://127.0.0.1:{free_port()}", None, chain.folder, chain)
    found.start()
    yield found
    found.kill()
    chain.store.close()


def shipping(served: Served, page: Page) -> None:
    """Press Ship for two packs, up to the question whether to sign."""
    chain = served.chain
    packs = chain.commission("OUT", 2)
    to = {"gln": chain.wholesaler.gln, "site": chain.wholesaler.site}
    page.evaluate(SHIP, [packs, to, chain.maker.gln])
    page.locator("#sign-yes").wait_for()


def shipments(served: Served) -> list[str]:
    """The numbers of what the maker has sent."""
    found = served.chain.reader.shipments(served.chain.maker.site)
    return [line.shipment.number for line in found]


def told(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("window.outcome")
    return found


def op(served: Served, index: int) -> str:
    """The operation of the event at an index."""
    body = Statement.parse(served.chain.reader.logged(index).envelope).body
    assert isinstance(body, Event)
    return body.op


def waits(page: Page) -> None:
    page.locator("#outbox").get_by_text("1 act waits to be sent").wait_for()


def sent(page: Page) -> None:
    """Nothing waits any more."""
    page.evaluate("import('/static/sign/outbox.js').then((outbox) => outbox.flush())")
    page.locator("#outbox").wait_for(state="hidden")


def test_a_dispatch_signed_while_the_server_is_dead_is_sent_once_it_lives(
    served: Served, visit: Visit
) -> None:
    visitor = join(visit(served), served, served.chain.maker)
    page = visitor.page
    shipping(served, page)
    served.kill()
    press_sign(page)
    assert told(page)["status"] == "waiting"
    waits(page)
    assert shipments(served) == []
    served.start()
    sent(page)
    assert shipments(served) == ["OUT-1"]
    page.reload()
    sent(page)
    assert shipments(served) == ["OUT-1"]


def test_an_answer_that_is_lost_leads_to_no_second_shipment(served: Served, visit: Visit) -> None:
    """The server took it, and died before it could say so."""
    visitor = join(visit(served), served, served.chain.maker)
    page = visitor.page
    shipping(served, page)

    def lost(route: Route) -> None:
        assert route.fetch().status == 200
        route.abort()

    page.route("**/api/statements", lost, times=1)
    press_sign(page)
    assert told(page)["status"] == "waiting"
    waits(page)
    assert shipments(served) == ["OUT-1"]
    size = served.chain.reader.head().size
    sent(page)
    assert served.chain.reader.head().size == size


def test_what_waits_survives_the_browser_page_and_is_sent_by_the_next_one(
    served: Served, visit: Visit
) -> None:
    visitor = join(visit(served), served, served.chain.maker)
    page = visitor.page
    shipping(served, page)
    served.kill()
    press_sign(page)
    assert told(page)["status"] == "waiting"
    context = page.context
    page.close()
    served.start()
    page = context.new_page()
    page.goto(f"{served.url}/help")
    sent(page)
    assert shipments(served) == ["OUT-1"]
    receipts = page.evaluate(
        "import('/static/sign/store.js').then(({ store }) => store('receipts').all())"
    )
    assert [one["receipt"]["index"] for one in receipts] == [served.chain.reader.head().size - 1]


def test_what_was_signed_first_is_sent_first(served: Served, visit: Visit) -> None:
    """A void that overtook the shipment it is about would be refused."""
    visitor = join(visit(served), served, served.chain.maker)
    page = visitor.page
    shipping(served, page)
    served.kill()
    press_sign(page)
    shipped = told(page)
    assert shipped["status"] == "waiting"
    # Only the next press may send it, not the clock.
    page.evaluate("for (let id = setTimeout(() => {}); id; id -= 1) clearTimeout(id)")
    served.start()
    page.evaluate(VOID, [served.chain.pack_ids("OUT", 2), shipped["id"]])
    press_sign(page)
    assert told(page)["status"] == "landed"
    head = served.chain.reader.head().size
    assert [op(served, index) for index in (head - 2, head - 1)] == ["ship", "void"]


def test_a_refusal_on_landing_is_shown_until_somebody_has_seen_it(
    served: Served, visit: Visit
) -> None:
    """While the act waited, the lot was put on hold."""
    chain = served.chain
    visitor = join(visit(served), served, chain.maker)
    page = visitor.page
    shipping(served, page)
    served.kill()
    press_sign(page)
    assert told(page)["status"] == "waiting"
    chain.log.submit(chain.hold(chain.scope(lots=["OUT"])))
    served.start()
    page.evaluate("dispatchEvent(new Event('online'))")
    bar = page.locator("#outbox")
    bar.get_by_text("Not done: Ship: 2 packs").wait_for()
    page.reload()
    bar.get_by_text("Not done: Ship: 2 packs").wait_for()
    bar.get_by_role("button", name="I have seen it").press("Enter")
    bar.wait_for(state="hidden")
    page.reload()
    bar.wait_for(state="hidden")
    assert shipments(served) == []


def test_what_becomes_of_an_act_is_told_in_every_tab(served: Served, visit: Visit) -> None:
    visitor = join(visit(served), served, served.chain.maker)
    page, context = visitor.page, visitor.page.context
    shipping(served, page)
    context.route("**/api/statements", lambda route: route.abort())
    press_sign(page)
    assert told(page)["status"] == "waiting"
    other = context.new_page()
    other.goto(f"{served.url}/help")
    waits(other)
    context.unroute("**/api/statements")
    sent(page)
    other.locator("#outbox").wait_for(state="hidden")


def test_an_act_that_the_server_fails_at_keeps_no_other_from_being_sent(
    served: Served, visit: Visit
) -> None:
    visitor = join(visit(served), served, served.chain.maker)
    page, failing = visitor.page, list[str | None]()

    def fails(route: Route) -> None:
        failing.append(route.request.post_data)
        if route.request.post_data != failing[0]:
            return route.continue_()
        problem = {"status": 503, "code": "out-of-order", "title": "Out of order", "detail": ""}
        return route.fulfill(status=503, json=problem)

    page.route("**/api/statements", fails)
    shipping(served, page)
    press_sign(page)
    assert told(page)["status"] == "waiting"
    packs = served.chain.commission("NEXT", 1)
    page.evaluate(SAMPLE, packs)
    press_sign(page)
    assert told(page)["status"] == "landed"
    waits(page)
