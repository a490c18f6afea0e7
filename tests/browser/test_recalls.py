"""A hold, then a recall, in real browsers: opened, answered, followed on the board, and closed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from ledger.statement.governance import Hold, Recall, RecallClose, Sites
from ledger.statement.parts import Site
from ledger.store.recalls import answered, cases
from tests.browser.conftest import Fresh, Visit, serve_fresh
from tests.browser.joined import join, press_sign, put_key, sign_in
from tests.browser.steps import Steps
from tests.browser.test_every_page import faults, in_chinese, overflow, small_targets
from tests.world import LICENCE, gln, seed

OPENED: Final = re.compile(r"/recalls/[0-9a-f]{64}$")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    """A log of its own, for a recall blocks what others trade in."""
    yield from serve_fresh(tmp_path_factory.mktemp("recalls"))


@pytest.fixture(scope="module")
def packs(market: Fresh) -> list[str]:
    """Ten packs of a lot: three at the wholesaler in a case, four at the pharmacy, one supplied."""
    chain = market.chain
    packs = chain.commission("L1", 10)
    case = chain.unit(chain.maker)
    chain.pack(chain.maker, packs[:3], case)
    chain.hand_over(chain.maker, [case, *packs[3:8]], chain.wholesaler)
    chain.hand_over(chain.wholesaler, packs[3:8], chain.pharmacy)
    chain.supply(chain.pharmacy, packs[7:8])
    return packs


def number(page: Page, state: str) -> str:
    """How many packs of a state the board says."""
    row = page.locator("#board tr", has=page.get_by_text(state, exact=True))
    return row.locator("td").first.inner_text()


def figure(page: Page, name: str) -> str:
    return page.locator(".tally > div", has_text=name).locator("dd").inner_text()


def warned(page: Page) -> str:
    return page.locator("#warnings").inner_text()


def opened(market: Fresh, index: int = 0) -> Any:
    return cases(market.chain.store, market.chain.reader.authority())[index]


def test_a_lot_is_held_recalled_answered_for_and_closed(
    market: Fresh, packs: list[str], visit: Visit
) -> None:
    chain = market.chain
    maker = Steps(join(visit(market), market, chain.maker), market)
    page = maker.page

    # A hold, by the keyboard alone.
    maker.open("/recalls/new?kind=hold")
    maker.fill("lots", "L1")
    maker.fill("reason", "Complaints of broken tablets")
    answers = maker.check()
    assert answers["What it holds now"] == "10 packs, 3 sites"
    maker.press("sign-it")
    expect(page.locator("#sign")).to_contain_text("Complaints of broken tablets")
    maker.press("sign-yes")
    page.wait_for_url(OPENED)
    expect(page.get_by_role("heading", level=1)).to_have_text("Hold: Examplin 10 mg, lot L1")
    assert isinstance(opened(market).body, Hold)
    assert number(page, "in stock") == "9"
    assert page.locator("#holders").count() == 0  # a hold is no way to see customers

    # From the hold to a recall: an unknown lot is told, and must be meant.
    page.get_by_role("link", name="Recall these packs").click()
    expect(page.locator("#work")).to_be_visible()
    expect(page.locator("#lots")).to_have_value("L1")
    maker.fill("lots", "L1 L7")
    maker.fill("reason", "Particles")
    maker.check()
    assert "L7" in warned(page)
    assert "already" in warned(page)
    maker.press("sign-it")
    expect(page.locator("#problem")).to_contain_text("say that it is meant so")
    page.locator("#sure").check()
    page.locator("#sign-it").click()
    expect(page.locator("#sign")).to_contain_text("L7")
    press_sign(page)
    page.wait_for_url(OPENED)
    recall = opened(market)
    assert isinstance(recall.body, Recall)
    assert recall.body.scope.lots == ["L1", "L7"]
    expect(page.locator("#live")).to_contain_text("up to date")
    assert (figure(page, "Silent"), figure(page, "Out of reach")) == ("3", "1")
    expect(page.locator("#holders")).to_contain_text("silent")

    # The pharmacy sees it on its home page; none held is one press.
    pharmacy = join(visit(market), market, chain.pharmacy).page
    pharmacy.get_by_role("region", name="recall waits").get_by_role("link").click()
    pharmacy.get_by_role("button", name="None held").click()
    expect(pharmacy.locator("#sign")).to_contain_text("None held")
    press_sign(pharmacy)
    expect(pharmacy.locator(".card")).to_contain_text("fewer than the log has here")
    found = answered(chain.store, recall.id)
    assert found[chain.pharmacy.site].counts.none == 1

    # The maker's page, left open, has it by itself.
    expect(page.locator("#holders")).to_contain_text("differs")
    assert figure(page, "Silent") == "2"

    # The wholesaler quarantines its case, and says how many that is.
    case = chain.reader.world().outermost(chain.reader.world().row(packs[0])).id
    chain.quarantine(chain.wholesaler, [case])
    shop = join(visit(market), market, chain.wholesaler)
    wholesaler = Steps(shop, market)
    shop.open(f"/recalls/{recall.id}")
    shop.page.locator("summary", has_text="Some were found").evaluate(
        "it => it.parentNode.open = true"
    )
    shop.page.get_by_label("In quarantine").fill("3")
    wholesaler.enter(shop.page.get_by_role("button", name="Sign the answer"))
    expect(shop.page.locator("#sign")).to_contain_text("In quarantine: 3")
    press_sign(shop.page)
    expect(shop.page.locator(".card")).to_contain_text("3 quarantined")
    expect(page.locator(".tally")).to_contain_text("Silent")
    expect(page.locator("#board")).to_contain_text("in stock, on hold")
    assert (number(page, "in stock, on hold"), number(page, "in stock")) == ("3", "6")

    # Closing names what stays open, each with its reason.
    page.locator("#outcome").fill("Two of three have answered")
    page.get_by_role("button", name="Close the recall").click()
    expect(page.locator("#problem")).to_contain_text("only with its reason")
    page.locator("#open-stock").fill("not found")
    page.locator("#open-supplied").fill("patients were told")
    # What has become open since the page was read is told before anything is closed.
    page.evaluate("document.querySelector('#open-stock').dataset.open = '1'")
    page.get_by_role("button", name="Close the recall").click()
    press_sign(page)
    expect(page.locator("#problem")).to_contain_text("7 packs are open (6 stock, 1 supplied)")
    assert opened(market).ending is None
    page.evaluate("document.querySelector('#open-stock').dataset.open = '6'")
    page.get_by_role("button", name="Close the recall").click()
    press_sign(page)
    expect(page.get_by_text("completed", exact=True)).to_be_visible()
    ending = opened(market).ending or opened(market, 1).ending
    assert ending is not None
    assert isinstance(ending.body, RecallClose)
    assert sorted(one.count for one in ending.body.open) == [1, 6]
    expect(page.locator("main")).to_contain_text("supplied: patients were told")


def test_the_steps_of_a_recall_are_accessible(
    market: Fresh, packs: list[str], visit: Visit
) -> None:
    """What the pages show on the way: a list that is wrong, what is to be read before signing."""
    chain = market.chain
    visitor = join(visit(market, width=360, scheme="dark"), market, chain.maker)
    page = visitor.page

    def look() -> None:
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert faults(visitor) == []
        assert overflow(visitor) <= 0
        assert small_targets(visitor) == []

    visitor.open("/recalls/new?kind=recall")
    expect(page.locator("#work")).to_be_visible()
    page.locator("#reason").fill("Particles")
    page.locator("#scope").select_option("list")
    page.locator("#continue").click()
    expect(page.locator("#problem")).to_contain_text("The list is empty")
    page.locator("#list").fill(f"{packs[8]}\nnonsense")
    page.locator("#continue").click()
    expect(page.locator("#problem")).to_contain_text("Line 2")
    look()
    page.locator("#list").fill(f"{packs[8]}\n{packs[9]}")
    page.locator("#continue").click()
    expect(page.locator("#check-title")).to_be_focused()
    expect(page.locator("#answers")).to_contain_text("2 packs, by a list")
    look()
    page.locator("#sure").check()
    page.locator("#sign-it").click()
    expect(page.locator("#sign")).to_contain_text("2 packs")
    press_sign(page)
    page.wait_for_url(OPENED)
    recall = opened(market)
    assert recall.mark.listed
    assert sorted(item.id for item in chain.reader.items(recall.mark.index)) == sorted(packs[8:])
    assert figure(page, "Sites to answer") == "1"
    look()


def test_an_authoritys_recall_waits_until_two_have_signed(
    market: Fresh, packs: list[str], visit: Visit
) -> None:
    chain = market.chain

    def administrator(name: str) -> Page:
        visitor = visit(market)
        visitor.open("/login")
        about = {"use": "admin", "site": chain.authority.site}
        put_key(visitor.page, seed(name), chain.authority, **about)
        return sign_in(visitor, market).page

    before = len(cases(chain.store, chain.reader.authority()))
    page = administrator("authority 1")
    page.goto(f"{market.url}/recalls/new?kind=withdrawal")
    page.locator("#scope").select_option("all")
    page.locator("#reason").fill("The licence has ended")
    expect(page.locator("#several")).to_be_visible()
    page.locator("#continue").click()
    page.locator("#sure").check()
    page.locator("#sign-it").click()
    press_sign(page)
    expect(page.locator("#waits")).to_be_focused()
    assert len(cases(chain.store, chain.reader.authority())) == before
    colleague = administrator("authority 2")
    colleague.goto(f"{market.url}/waiting")
    colleague.get_by_role("button", name="Look at it and sign").first.click()
    expect(colleague.locator("#sign")).to_contain_text("The licence has ended")
    press_sign(colleague)
    colleague.wait_for_load_state()
    expect(colleague.get_by_role("button", name="Look at it and sign")).to_have_count(0)
    assert opened(market).body.kind == "withdrawal"
    page.goto(f"{market.url}/recalls/{opened(market).id}")
    expect(page.locator("#holders")).to_contain_text("silent")
    page.locator("#holders a").first.click()  # the trail of a number
    expect(page.get_by_role("heading", level=1)).to_contain_text("Packs in stock")


def test_a_board_says_when_it_can_no_longer_be_up_to_date(market: Fresh, visit: Visit) -> None:
    chain = market.chain
    chain.commission("L6", 1)
    recall = chain.log.submit(chain.recall_of(chain.scope(lots=["L6"])))
    visitor = join(visit(market), market, chain.maker)
    visitor.open(f"/recalls/{recall.id}")
    page, live = visitor.page, visitor.page.locator("#live")
    expect(live).to_contain_text("keeps itself up to date")
    page.context.set_offline(True)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(live).to_contain_text("cannot be reached", timeout=20_000)
    page.context.set_offline(False)
    expect(live).to_contain_text("keeps itself up to date", timeout=20_000)
    page.context.clear_cookies()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(live).to_contain_text("signed out")


def test_a_chain_answers_for_its_shops_by_one_press(market: Fresh, visit: Visit) -> None:
    chain = market.chain
    shop = gln("952130000099")
    record = Site(
        activities=["storage"], address="Street 2", gln=shop, licence=LICENCE, name="Second shop"
    )
    chain.log.submit(chain.governance(Sites, party=chain.pharmacy.gln, sites=[record]))
    both = sorted([chain.pharmacy.site, shop])
    chain.log.submit(chain.key_add(chain.pharmacy, "pharmacy chain", sites=both))
    chain.commission("L5", 2)
    recall = chain.log.submit(chain.recall_of(chain.scope(lots=["L5"])))
    visitor = visit(market, width=360)
    visitor.open("/login")
    put_key(visitor.page, seed("pharmacy chain"), chain.pharmacy)
    sign_in(visitor, market)
    visitor.open(f"/recalls/{recall.id}")
    page = visitor.page
    page.get_by_role("button", name="None held at 2 sites").click()
    expect(page.locator("#sign")).to_contain_text("None held")
    press_sign(page)
    expect(page.get_by_role("button", name="None held")).to_have_count(0)
    found = answered(chain.store, recall.id)
    assert {site: one.counts.none for site, one in found.items()} == dict.fromkeys(both, 1)
    assert faults(visitor) == []
    in_chinese(visitor)
    assert faults(visitor) == []
    assert overflow(visitor) <= 0
