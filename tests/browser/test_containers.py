"""Containers in the browser: numbered and packed in one press, unpacked, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from ledger.statement import gs1
from tests.browser.conftest import Fresh, Visit
from tests.browser.joined import join
from tests.browser.steps import Steps, label
from tests.browser.test_every_page import look
from tests.world import Chain


@pytest.fixture
def maker(visit: Visit, fresh: Fresh) -> Steps:
    """The manufacturer's browser."""
    return Steps(join(visit(fresh), fresh, fresh.chain.maker), fresh)


def parent(chain: Chain, item: str) -> str:
    row: Any = chain.reader.world().row(item)
    return str(row.parent)


def scan(steps: Steps, *items: str, lot: str = "") -> None:
    for item in items:
        steps.keys.scan(label(item, lot))


def total(steps: Steps, words: str) -> None:
    expect(steps.page.locator("#total")).to_have_text(words)


def test_a_container_is_numbered_and_packed_in_one_press_by_scanner_and_keyboard(
    maker: Steps, lot: str
) -> None:
    chain = maker.chain
    packs = chain.commission(lot, 3)
    maker.open("/containers/new")
    sscc = maker.page.locator("#sscc").inner_text()
    assert chain.maker.prefix in sscc[1:8]
    assert gs1.has_check_digit(sscc)
    scan(maker, *packs[:2], lot=lot)
    total(maker, "2 items, 2 packs")
    maker.kept()
    maker.page.reload()  # the number and the list are kept
    total(maker, "2 items, 2 packs")
    expect(maker.page.locator("#sscc")).to_have_text(sscc)
    scan(maker, packs[0], lot=lot)
    expect(maker.page.locator("#check-state")).to_contain_text("it counts once")
    expect(maker.page.locator("#bad")).to_be_hidden()
    told = maker.check()
    assert told["SSCC"] == sscc
    assert f"{lot}: 2" in told["Goes in"]
    words = maker.sign()
    assert "Bring onto the record" in words
    assert "Pack into a container" in words
    assert [event.op for event in maker.done()] == ["commission", "pack"]
    unit = gs1.sscc(sscc)
    assert [parent(chain, item) for item in packs] == [unit, unit, ""]
    with maker.page.expect_navigation():
        maker.enter(maker.page.get_by_role("link", name="Print the label"))
    picture = maker.page.get_by_role("img", name=f"Label: SSCC {sscc}")
    expect(picture).to_be_visible()

    maker.open(f"/containers/new?into={sscc}")
    scan(maker, packs[2], lot=lot)
    total(maker, "1 item, 1 pack")
    maker.check()
    maker.sign()
    assert [event.op for event in maker.done()] == ["pack"]
    assert parent(chain, packs[2]) == unit


def test_a_scan_while_several_are_numbered_is_told_as_not_taken(maker: Steps, lot: str) -> None:
    packs = maker.chain.commission(lot, 1)
    maker.open("/containers/new")
    maker.fill("units", "3")
    scan(maker, *packs, lot=lot)
    assert "Only one new container is packed here." in maker.problem()


def test_a_container_is_unpacked_in_part_and_then_whole(maker: Steps, lot: str) -> None:
    chain = maker.chain
    packs = chain.commission(lot, 4)
    unit = chain.unit(chain.maker)
    chain.pack(chain.maker, packs, unit)
    path = f"/containers/{gs1.parse_item_id(unit).sscc}"
    maker.open(path)
    maker.enter(maker.page.get_by_role("button", name="Unpack the chosen ones"))
    assert "Choose what comes out" in maker.problem()
    serial = gs1.parse_item_id(packs[1]).serial
    maker.page.get_by_role("checkbox", name=serial).press("Space")
    maker.enter(maker.page.get_by_role("button", name="Unpack the chosen ones"))
    expect(maker.page.locator("#answers")).to_contain_text(serial)
    maker.sign()
    maker.done()
    assert [bool(parent(chain, item)) for item in packs] == [True, False, True, True]
    maker.open(path)
    maker.enter(maker.page.get_by_role("button", name="Unpack the whole container"))
    maker.sign()
    maker.done()
    assert not any(parent(chain, item) for item in packs)
    maker.visitor.open(path)
    assert "It is empty." in maker.visitor.words


def test_several_containers_are_numbered_empty_in_one_statement(maker: Steps) -> None:
    maker.open("/containers/new")
    maker.fill("units", "25")
    expect(maker.page.locator("#packing")).to_be_hidden()
    assert maker.check()["SSCC"] == "25 new containers"
    maker.sign()
    [event] = maker.done()
    index = maker.chain.reader.head().size - 1
    items = [one.id for one in maker.chain.reader.items(index)]
    assert event.op == "commission"
    assert event.lot is None
    assert len(items) == 25
    assert all(maker.chain.maker.prefix in item for item in items)


def test_what_may_not_be_packed_is_told_while_scanning(maker: Steps, lot: str) -> None:
    chain = maker.chain
    packs = chain.commission(lot, 3)
    full = chain.unit(chain.maker)
    chain.pack(chain.maker, [packs[0]], full)
    chain.quarantine(chain.maker, [packs[1]])
    maker.open("/containers/new")
    bad = maker.page.locator("#bad-lines")
    for item, words in ((packs[0], "inside another container"), (packs[1], "on hold")):
        scan(maker, item, lot=lot)
        expect(bad).to_contain_text(words)
    sscc = maker.page.locator("#sscc").inner_text()
    maker.keys.scan(f"]C100{sscc}")
    expect(bad).to_contain_text("A container cannot hold itself.")
    maker.press("continue")
    expect(maker.page.locator("#bad-title")).to_be_focused()


def test_a_number_that_was_taken_meanwhile_is_made_anew(maker: Steps) -> None:
    chain = maker.chain
    maker.open("/containers/new")
    sscc = maker.page.locator("#sscc").inner_text()
    chain.act("commission", chain.maker, [gs1.sscc(sscc)])
    maker.press("continue")
    assert "taken meanwhile" in maker.problem()
    expect(maker.page.locator("#sscc")).not_to_have_text(sscc)
    maker.check()
    maker.sign()
    maker.done()


def test_packing_that_is_refused_leaves_the_container_and_says_so(maker: Steps, lot: str) -> None:
    """A colleague packed the pack elsewhere between the check and the press."""
    chain = maker.chain
    [pack] = chain.commission(lot, 1)
    maker.open("/containers/new")
    sscc = maker.page.locator("#sscc").inner_text()
    scan(maker, pack, lot=lot)
    total(maker, "1 item, 1 pack")
    maker.check()
    chain.quarantine(chain.maker, [pack])
    maker.press("sign-it")
    maker.press("sign-yes")
    expect(maker.page.locator("#problem")).to_be_focused()
    expect(maker.page.locator("#done-title")).to_have_text("Only in part on the log")
    assert chain.reader.world().row(gs1.sscc(sscc)) is not None
    assert parent(chain, pack) == ""
    expect(maker.page.locator("#done-show")).to_have_attribute(
        "href", f"/containers/new?into={sscc}"
    )


def test_the_pages_of_containers_are_accessible(visit: Visit, fresh: Fresh, lot: str) -> None:
    chain = fresh.chain
    packs = chain.commission(lot, 3)
    case, pallet = chain.unit(chain.maker), chain.unit(chain.maker)
    chain.pack(chain.maker, packs[:2], case)
    chain.pack(chain.maker, [case, packs[2]], pallet)
    steps = Steps(join(visit(fresh), fresh, chain.maker), fresh)

    def looked_at() -> None:
        look(steps.visitor, (1280, "light"), (320, "dark"))

    for unit in (case, pallet):
        sscc = gs1.parse_item_id(unit).sscc
        for path in (f"/containers/{sscc}", f"/containers/{sscc}/label"):
            assert steps.visitor.open(path) == 200
            looked_at()
    steps.visitor.open("/containers")
    looked_at()
    steps.open("/containers/new")
    scan(steps, pallet)
    total(steps, "1 item, 3 packs")
    scan(steps, packs[0], lot=lot)
    expect(steps.page.locator("#bad-lines")).to_contain_text("inside another container")
    looked_at()
