"""What an authority decides is signed by two of its people, each in a browser of their own."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from ledger.statement import dsse
from ledger.statement.governance import Recall, Suspend
from ledger.statement.submission import Statement
from tests.browser.conftest import Fresh, Site, Visit, Visitor, serve_fresh
from tests.browser.joined import press_sign, put_key, sign_in
from tests.browser.test_act_as import act_as
from tests.world import seed

GOVERN = """async (bodies) => {
  const { govern } = await import("/static/sign/sign.js");
  window.outcome = govern(bodies);
}"""
TOGETHER = """async () => {
  const told = await (await fetch("/api/waiting/" + document.querySelector("[data-act]").dataset.act)).json();
  const { countersign } = await import("/static/sign/sign.js");
  window.outcome = countersign(told, document.querySelector("[data-act]").dataset.op);
}"""


AGAIN = """async (id) => {
  const told = await (await fetch(`/api/waiting/${id}`)).json();
  const { countersign } = await import("/static/sign/sign.js");
  window.outcome = countersign(told, "recall");
}"""


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Fresh]:
    """A log for each test: what waits in one stands in the way of the next."""
    yield from serve_fresh(tmp_path / "log")


def official(visit: Visit, fresh: Fresh, number: int) -> Visitor:
    """One of the authority's administrators, signed in by a key of their own browser."""
    visitor, authority = visit(fresh), fresh.chain.authority
    visitor.open("/login")
    put_key(visitor.page, seed(f"authority {number}"), authority, use="admin", staff=f"R{number}")
    return sign_in(visitor, fresh)


def govern(visitor: Visitor, *bodies: dict[str, Any]) -> dict[str, Any]:
    """Have governance statements signed; what came of the first."""
    visitor.page.evaluate(GOVERN, list(bodies))
    press_sign(visitor.page)
    [told] = visitor.page.evaluate("window.outcome")
    return dict(told)


def look(visitor: Visitor) -> str:
    """Look at the one thing that waits; what the dialog says of it."""
    visitor.open("/waiting")
    visitor.page.get_by_role("button", name="Look at it and sign").click()
    box = visitor.page.locator("#sign")
    expect(visitor.page.locator("#sign-yes")).to_be_visible()
    return box.inner_text()


def countersign(visitor: Visitor) -> str:
    """Read the one thing that waits, and sign it, too; what it said."""
    words = look(visitor)
    with visitor.page.expect_navigation():
        press_sign(visitor.page)
    return words


def id_of(visitor: Visitor) -> str:
    """The id of the one thing that waits."""
    visitor.open("/waiting")
    return str(visitor.page.locator("[data-act]").get_attribute("data-act"))


def shortened(route: Any) -> None:
    """What waits, with one pack less than it commits to."""
    told = route.fetch().json()
    route.fulfill(json={**told, "items": told["items"][1:]})


def another(route: Any) -> None:
    """What waits, as a hold instead of a recall."""
    told = route.fetch().json()
    body = json.loads(b64decode(told["envelope"]["payload"]))
    hold = {name: body[name] for name in ("by", "log", "nonce", "reason", "scope", "time")}
    payload = dsse.canonical({**hold, "reviewBy": "2026-12-01", "type": "hold"})
    envelope = {**told["envelope"], "payload": dsse.base64_text(payload)}
    route.fulfill(json={**told, "envelope": envelope})


def last(fresh: Fresh) -> Statement:
    """What was logged last."""
    reader = fresh.chain.reader
    return Statement.parse(reader.logged(reader.head().size - 1).envelope)


def test_a_recall_of_listed_packs_is_signed_by_two_people(fresh: Fresh, visit: Visit) -> None:
    """The list and its secret travel along, and stand on the log as if one had signed."""
    chain = fresh.chain
    packs = chain.commission("HANDS1", 3)
    first, second = official(visit, fresh, 1), official(visit, fresh, 2)
    size = chain.reader.head().size
    recall = {
        "type": "recall", "kind": "recall", "class": 2, "depth": "pharmacy", "reason": "particles",
        "deadline": "2026-10-09T12:00:00Z", "scope": {"gtin": chain.gtin},
    }  # fmt: skip
    assert govern(first, {"body": recall, "ids": packs[:2]})["status"] == "colleague"
    assert chain.reader.head().size == size
    first.open("/waiting")
    assert "1 of 2 signatures" in first.words
    assert first.page.get_by_role("button", name="Look at it and sign").count() == 0

    first.page.evaluate(AGAIN, id_of(second))
    expect(first.page.locator("#sign-error")).to_contain_text("You have signed this already")
    first.page.locator("#sign-no").click()
    for change in (shortened, another):  # by whoever runs the server
        second.page.route("**/api/waiting/*", change)
        second.open("/waiting")
        second.page.get_by_role("button", name="Look at it and sign").click()
        expect(second.page.locator("#sign-error")).to_contain_text("Nothing was signed")
        second.page.unroute("**/api/waiting/*")

    words = countersign(second)
    assert "2 packs" in words
    assert "particles" in words
    assert "Nothing waits." in second.words
    statement = last(fresh)
    assert isinstance(statement.body, Recall)
    assert len(statement.envelope.signatures) == 2
    listed = chain.reader.items(chain.reader.head().size - 1)
    assert [item.id for item in listed] == sorted(packs[:2])
    first.open("/waiting")
    assert "Nothing waits." in first.words


def test_a_colleague_declines_and_nothing_is_logged(fresh: Fresh, visit: Visit) -> None:
    chain = fresh.chain
    first, second = official(visit, fresh, 1), official(visit, fresh, 2)
    size = chain.reader.head().size
    suspend = {"type": "suspend", "gln": chain.maker.gln, "reason": "inspection"}
    assert govern(first, suspend)["status"] == "colleague"
    second.open("/waiting")
    assert "was suspended: inspection" in second.words
    with second.page.expect_navigation():
        second.page.get_by_role("button", name="Decline: take it away").click()
    assert "Nothing waits." in second.words
    assert chain.reader.head().size == size


def test_two_colleagues_at_once_and_what_changed_meanwhile(fresh: Fresh, visit: Visit) -> None:
    """With three hands to sign, neither colleague's signature is lost; a refusal is told in words."""
    chain = fresh.chain
    first, second, third = (official(visit, fresh, number) for number in (1, 2, 3))
    suspend = {"type": "suspend", "gln": chain.maker.gln, "reason": "inspection"}
    chain.log.submit(chain.policy_change(threshold=3))
    first.open("/")  # it knows of three hands now
    assert govern(first, suspend)["status"] == "colleague"
    for visitor in (second, third):
        visitor.open("/waiting")
        visitor.page.evaluate(TOGETHER)
        expect(visitor.page.locator("#sign-yes")).to_be_visible()
    outcomes = []
    for visitor in (second, third):  # both looked at it when one had signed
        press_sign(visitor.page)
        outcomes.append(visitor.page.evaluate("window.outcome")[0]["status"])
    assert outcomes == ["colleague", "landed"]
    assert isinstance(last(fresh).body, Suspend)
    assert len(last(fresh).envelope.signatures) == 3

    replaced = chain.reader.authority().policy_id
    policy = {**first.page.request.get(f"{fresh.url}/api/policy").json()["policy"], "undoHours": 5}
    for visitor in (first, second):
        visitor.open("/")
    change = {"type": "policy", "policy": policy, "replaces": replaced}
    first.open("/waiting")
    assert "Nothing waits." in first.words  # the suspension has landed, though nobody took it away
    assert govern(first, change)["status"] == "colleague"
    keys = ("authority 1", "authority 2", "authority 3")
    chain.log.submit(chain.policy_change(*keys, threshold=2, undo_hours=6))
    second.open("/waiting")
    assert "A policy names the policy that it replaces." in second.words
    assert "5 hours" in look(second)
    press_sign(second.page)
    expect(second.page.locator("#error")).to_contain_text("Read the policy in force")


def test_one_visitor_is_both_regulators_of_the_simulated_world(demo: Site, visit: Visit) -> None:
    reader = demo.app.extensions["packtrace"].reader
    visitor = visit(demo)
    act_as(visitor, "regulator")
    gln = reader.authority().parties()[-1].gln
    told = govern(visitor, {"type": "suspend", "gln": gln, "reason": "practice"})
    assert told["status"] == "colleague"
    act_as(visitor, "second regulator")
    assert gln in look(visitor)
    # It is declined: the simulated world stays as other tests know it.
    visitor.page.locator("#sign-no").click()
    with visitor.page.expect_navigation():
        visitor.page.get_by_role("button", name="Decline: take it away").click()
    assert "Nothing waits." in visitor.words
