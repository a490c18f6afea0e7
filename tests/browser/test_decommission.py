"""Taking packs out, and holding them back, in the browser: each act as the log then has it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Fresh, Visit
from tests.browser.joined import join, put_key, sign_in
from tests.browser.steps import Steps, label, row
from tests.browser.test_every_page import look
from tests.world import seed


@pytest.fixture
def maker(visit: Visit, fresh: Fresh) -> Steps:
    """The manufacturer's browser on the page."""
    steps = Steps(join(visit(fresh), fresh, fresh.chain.maker), fresh)
    steps.open("/decommission")
    return steps


def choose(steps: Steps, op: str) -> None:
    steps.page.locator("#op").select_option(op)


def scan(steps: Steps, *items: str, lot: str) -> None:
    for item in items:
        steps.keys.scan(label(item, lot))


def total(steps: Steps, words: str) -> None:
    expect(steps.page.locator("#total")).to_have_text(words)


OUT = ["sample", "free_sample", "export", "lost", "stolen", "check_out"]


@pytest.mark.parametrize("op", OUT)
def test_packs_are_taken_out_with_their_reason(maker: Steps, lot: str, op: str) -> None:
    packs = maker.chain.commission(lot, 2)
    choose(maker, op)
    scan(maker, *packs, lot=lot)
    total(maker, "2 items, 2 packs")
    told = maker.check()
    assert f"{lot}: 2" in told["Goods"]
    maker.sign()
    [event] = maker.done()
    assert event.op == op
    assert [(row(maker.chain, one).status, row(maker.chain, one).reason) for one in packs] == [
        ("inactive", op)
    ] * 2


def test_packs_go_on_hold_with_a_reason_and_come_off_it(maker: Steps, lot: str) -> None:
    chain = maker.chain
    packs = chain.commission(lot, 2)
    choose(maker, "quarantine")
    maker.page.locator("#reason").select_option("temperature")
    scan(maker, *packs, lot=lot)
    total(maker, "2 items, 2 packs")
    assert maker.check()["Reason"] == "temperature"
    maker.sign()
    [event] = maker.done()
    assert (event.op, event.reason) == ("quarantine", "temperature")
    assert row(chain, packs[0]).hold == chain.maker.gln
    maker.enter(maker.page.get_by_role("button", name="Record something else"))
    expect(maker.page.locator("#work")).to_be_visible()
    choose(maker, "release")
    scan(maker, packs[0], lot=lot)
    total(maker, "1 item, 1 pack")
    maker.check()
    maker.sign()
    maker.done()
    assert [bool(row(chain, item).hold) for item in packs] == [False, True]


def test_a_pack_scanned_once_the_list_was_checked_is_never_signed_for_unseen(
    maker: Steps, lot: str
) -> None:
    packs = maker.chain.commission(lot, 3)
    choose(maker, "sample")
    scan(maker, packs[0], lot=lot)
    total(maker, "1 item, 1 pack")
    maker.check()
    scan(maker, packs[1], lot=lot)
    total(maker, "2 items, 2 packs")
    assert "2 items, 2 packs" in maker.check()["Goods"]
    maker.press("sign-it")
    expect(maker.page.locator("#sign")).to_be_visible()
    scan(maker, packs[2], lot=lot)
    expect(maker.page.locator("#sign-state")).to_contain_text("That scan was not taken")
    maker.enter(maker.page.locator("#sign-yes"))
    maker.done()
    expect(maker.page.locator("#problem")).to_contain_text("it came while you were signing")
    assert [row(maker.chain, one).status for one in packs] == ["inactive", "inactive", "active"]


def test_escape_hides_nothing_that_is_being_sent(maker: Steps, lot: str) -> None:
    """Whoever has signed cannot take it back: a dialog that went away would say so."""
    page, held = maker.page, list[Route]()
    [pack] = maker.chain.commission(lot, 1)
    choose(maker, "sample")
    scan(maker, pack, lot=lot)
    total(maker, "1 item, 1 pack")
    maker.check()
    page.route("**/api/statements", lambda route: held.append(route))
    maker.press("sign-it")
    expect(page.locator("#sign")).to_be_visible()
    maker.press("sign-yes")
    expect(page.locator("#sign-state")).to_have_text("Sending…")
    for _ in range(3):
        page.keyboard.press("Escape")
    expect(page.locator("#sign")).to_be_visible()
    held[0].continue_()
    maker.done()


def test_what_the_log_refused_later_is_said_and_can_be_gone_on_with(maker: Steps, lot: str) -> None:
    """It was signed without a line; meanwhile one of the packs left the site."""
    chain, page = maker.chain, maker.page
    packs = chain.commission(lot, 2)
    choose(maker, "sample")
    scan(maker, *packs, lot=lot)
    total(maker, "2 items, 2 packs")
    maker.check()
    page.context.set_offline(True)
    maker.press("sign-it")
    maker.press("sign-yes")
    expect(page.locator("#done-title")).to_have_text("Signed, and waiting to be sent")
    chain.ship(chain.maker, packs[:1], chain.wholesaler)
    page.context.set_offline(False)
    expect(page.locator("#done-title")).to_have_text(
        "The log refused it: nothing was done", timeout=15_000
    )
    why = page.locator("#done-why")
    expect(why).to_contain_text("is in transit. Receive the shipment first.")
    assert "id.gs1.org" not in why.inner_text()
    maker.enter(page.get_by_role("button", name="Go on with what was entered"))
    total(maker, "1 item, 1 pack")
    expect(page.locator("#op")).to_have_value("sample")
    expect(page.locator("#bad-lines")).to_contain_text("It is in shipment")


def test_what_was_lost_is_found(maker: Steps, lot: str) -> None:
    [pack] = maker.chain.commission(lot, 1)
    maker.chain.act("lost", maker.chain.maker, [pack])
    choose(maker, "found")
    scan(maker, pack, lot=lot)
    total(maker, "1 item, 1 pack")
    maker.check()
    maker.sign()
    [event] = maker.done()
    assert event.op == "found"
    assert row(maker.chain, pack).status == "active"


def person(visit: Visit, fresh: Fresh, name: str, **changes: Any) -> Steps:
    """A browser of the manufacturer that holds a person's own key."""
    chain, staff = fresh.chain, name[:20]
    chain.log.submit(chain.key_add(chain.maker, name, use="person", staff=staff, **changes))
    visitor = visit(fresh)
    visitor.open("/login")
    put_key(visitor.page, seed(name), chain.maker, use="person", staff=staff)
    return Steps(sign_in(visitor, fresh), fresh)


def test_destroying_waits_for_a_colleague(visit: Visit, fresh: Fresh, lot: str) -> None:
    chain = fresh.chain
    packs = chain.commission(lot, 2)
    first = person(visit, fresh, f"{lot} first")
    first.open("/decommission")
    choose(first, "destroyed")
    expect(first.page.locator("#comes")).to_contain_text("colleague")
    scan(first, *packs, lot=lot)
    total(first, "2 items, 2 packs")
    first.check()
    first.sign()
    expect(first.page.locator("#done-title")).to_have_text("Signed: a colleague signs it too")
    expect(first.page.locator("#done-colleague")).to_be_visible()
    assert row(chain, packs[0]).status == "active"

    second = person(visit, fresh, f"{lot} second")
    second.visitor.open("/waiting")
    second.enter(second.page.get_by_role("button", name="Look at it and sign"))
    second.page.locator("#sign-yes").wait_for()
    with second.page.expect_navigation():
        second.press("sign-yes")
    assert [row(chain, item).reason for item in packs] == ["destroyed"] * 2
    first.page.reload()  # whoever signed first sees what came of it
    [event] = first.done()
    assert event.op == "destroyed"


def test_another_act_judges_the_list_anew_and_a_reload_keeps_it(maker: Steps, lot: str) -> None:
    chain = maker.chain
    packs = chain.commission(lot, 2)
    chain.quarantine(chain.maker, [packs[0]])
    choose(maker, "sample")  # takes what is on hold too
    scan(maker, *packs, lot=lot)
    total(maker, "2 items, 2 packs")
    choose(maker, "free_sample")
    total(maker, "1 item, 1 pack")
    expect(maker.page.locator("#bad-lines")).to_contain_text("It is on hold.")
    maker.kept()
    maker.page.reload()
    total(maker, "1 item, 1 pack")
    expect(maker.page.locator("#op")).to_have_value("free_sample")
    expect(maker.page.locator("#bad-lines")).to_contain_text("It is on hold.")
    maker.press("continue")
    expect(maker.page.locator("#bad-title")).to_be_focused()


def test_only_what_the_key_may_sign_is_offered(visit: Visit, fresh: Fresh, lot: str) -> None:
    steps = person(visit, fresh, f"{lot} sampler", operations=["sample"])
    steps.open("/decommission")
    assert steps.page.locator("#op option").evaluate_all("all => all.map(one => one.value)") == [
        "sample"
    ]


def test_the_page_is_accessible_empty_full_and_with_errors(
    visit: Visit, fresh: Fresh, lot: str
) -> None:
    packs = fresh.chain.commission(lot, 2)
    fresh.chain.act("lost", fresh.chain.maker, packs[1:])
    steps = Steps(join(visit(fresh), fresh, fresh.chain.maker), fresh)

    def looked_at() -> None:
        look(steps.visitor, (1280, "light"), (320, "dark"))

    steps.open("/decommission")
    looked_at()
    steps.press("continue")
    assert "nothing on the list" in steps.problem()
    choose(steps, "quarantine")
    scan(steps, *packs, lot=lot)
    total(steps, "1 item, 1 pack")
    expect(steps.page.locator("#bad-lines")).to_contain_text("left the chain")
    looked_at()
