"""Booking a delivery in from the browser: tally, too much, missing, damaged, warm; by two people."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from ledger.statement import gs1
from ledger.statement.governance import Document
from ledger.statement.submission import Statement
from ledger.store.batch import Receipt
from ledger.store.shipments import by_id, consignment
from tests.browser.conftest import Fresh, Visit, Visitor
from tests.browser.joined import join
from tests.browser.steps import Steps, label, row
from tests.browser.test_every_page import look_as_it_is


class Delivery(Steps):
    """The page where a delivery is booked in, by keyboard."""

    def __init__(self, visitor: Visitor, fresh: Fresh, ship: Receipt) -> None:
        super().__init__(visitor, fresh)
        self.ship = ship
        self.again()

    def again(self) -> None:
        """Open the page, at work or done."""
        assert self.visitor.open(f"/shipments/{self.ship.id}/receive") == 200
        expect(self.page.locator("#work, #done").locator("visible=true")).to_have_count(1)

    def scan(self, *items: str, lot: str) -> Delivery:
        for item in items:
            self.keys.scan(label(item, lot))
        return self

    def press(self, name: str) -> None:
        self.enter(self.page.locator(f"#{name}"))

    def tally(self, **wanted: int) -> None:
        """Wait for numbers of packs."""
        for name, value in wanted.items():
            expect(self.page.locator(f"#tally-{name}")).to_have_text(str(value))

    def line(self, item: str) -> Locator:
        found = gs1.parse_item_id(item)
        return self.page.locator("#lines tr", has_text=found.sscc or found.serial)

    def temperature(self, value: str = "in_range") -> None:
        self.page.locator(f"[name=temperature][value={value}]").focus()
        self.keys.type(" ")
        expect(self.page.locator(f"[name=temperature][value={value}]")).to_be_checked()

    def press_sign(self) -> None:
        expect(self.page.locator("#sign")).to_be_visible()
        self.press("sign-yes")

    def sign(self, temperature: str = "in_range") -> None:
        self.temperature(temperature)
        self.press("sign-it")
        self.press_sign()
        expect(self.page.locator("#done-title")).to_have_text("Booked in")

    def standing(self) -> dict[str, str]:
        """Where each item stands on the log."""
        shipment = by_id(self.chain.store, self.ship.id)
        assert shipment is not None
        return consignment(self.chain.store, self.chain.reader.world(), shipment).standing


@pytest.fixture
def packs(fresh: Fresh, lot: str) -> list[str]:
    return fresh.chain.commission(lot, 6)


@pytest.fixture
def case(fresh: Fresh, packs: list[str]) -> str:
    """A container of the first three packs."""
    unit = fresh.chain.unit(fresh.chain.maker)
    fresh.chain.pack(fresh.chain.maker, packs[:3], unit)
    return unit


@pytest.fixture
def delivery(visit: Visit, fresh: Fresh, packs: list[str], case: str) -> Delivery:
    """The wholesaler's browser, with a container of three and two loose packs on the way."""
    chain = fresh.chain
    ship = chain.ship(chain.maker, [case, packs[3], packs[4]], chain.wholesaler)
    return Delivery(join(visit(fresh), fresh, chain.wholesaler), fresh, ship)


def test_a_whole_delivery_is_booked_in_by_scanner_and_keyboard(
    delivery: Delivery, packs: list[str], case: str, lot: str
) -> None:
    delivery.tally(expected=5, seen=0, short=5)
    expect(delivery.line(case)).to_contain_text("the container is enough")
    expect(delivery.line(packs[3])).to_contain_text("must be scanned")
    delivery.scan(case, packs[3], lot=lot).tally(seen=4, short=1)
    delivery.scan(packs[3], lot=lot)
    expect(delivery.page.locator("#check-state")).to_contain_text("it counts once")
    delivery.scan(packs[4], lot=lot).tally(seen=5, short=0, over=0)
    delivery.sign()
    assert set(delivery.standing().values()) == {"received"}
    assert row(delivery.chain, case).site == delivery.chain.wholesaler.site
    assert row(delivery.chain, packs[4]).hold == ""


def test_a_pack_scanned_inside_its_container_counts_it_as_seen(
    delivery: Delivery, packs: list[str], case: str, lot: str
) -> None:
    delivery.scan(packs[0], packs[1], lot=lot).tally(seen=3)
    expect(delivery.line(case)).to_contain_text("2 of 3 scanned")
    delivery.enter(
        delivery.line(case).get_by_role("button", name="Packs missing or damaged inside")
    )
    expect(delivery.page.get_by_role("checkbox", name="missing")).to_have_count(1)
    delivery.press("inside-all")
    delivery.tally(seen=2, short=3)
    delivery.page.get_by_role("checkbox", name="damaged").first.focus()
    delivery.keys.type(" ")
    delivery.tally(damaged=1)
    delivery.sign()
    assert row(delivery.chain, packs[0]).hold_reason == "damaged"
    assert delivery.standing()[case] == "received"
    assert delivery.standing()[packs[2]] == "open"
    assert row(delivery.chain, packs[2]).status == "in_transit"


def test_damaged_packs_and_what_was_too_much_are_signed_in_the_same_press(
    delivery: Delivery, packs: list[str], case: str, lot: str
) -> None:
    delivery.scan(case, packs[3], packs[4], lot=lot).tally(seen=5)
    delivery.scan(packs[5], lot=lot).tally(over=1)
    expect(delivery.page.locator("#over")).to_contain_text("Keep these apart")
    delivery.enter(delivery.line(packs[4]).get_by_role("button", name="Damaged"))
    delivery.tally(damaged=1)
    size = delivery.chain.reader.head().size
    delivery.sign()
    assert delivery.chain.reader.head().size == size + 2
    damaged, over = row(delivery.chain, packs[4]), row(delivery.chain, packs[5])
    assert (damaged.hold, damaged.hold_reason) == (delivery.chain.wholesaler.gln, "damaged")
    assert over.hold_reason == "over"
    assert row(delivery.chain, packs[3]).hold == ""


def test_a_warm_delivery_goes_on_hold_and_its_loggers_file_is_signed_in_the_same_press(
    delivery: Delivery, packs: list[str], case: str, lot: str, tmp_path: Path
) -> None:
    file = tmp_path / "logger.csv"
    file.write_bytes(b"time,celsius\n10:00,31\n")
    delivery.page.locator("#logger").set_input_files(file)
    hashed = sha256(file.read_bytes()).hexdigest()
    expect(delivery.page.locator("#logger-state")).to_contain_text(hashed)
    delivery.scan(case, packs[3], lot=lot).tally(seen=4)
    delivery.press("sign-it")
    expect(delivery.page.locator("#problem")).to_contain_text("Say how the temperature was")
    delivery.sign("excursion")
    for item in (case, packs[3]):
        assert row(delivery.chain, item).hold_reason == "temperature"
    expect(delivery.page.locator("#done-facts")).to_contain_text(hashed)
    head = delivery.chain.reader.head().size
    body = Statement.parse(delivery.chain.reader.logged(head - 1).envelope).body
    assert isinstance(body, Document)
    assert (body.sha256, body.about) == (hashed, delivery.ship.id)
    delivery.enter(delivery.page.locator("#done-logger"))
    delivery.page.wait_for_url("**/documents?*")
    shown = delivery.page.locator(f"[data-document='{hashed}']")
    expect(shown).to_contain_text("Temperature log of shipment")
    delivery.enter(shown.get_by_role("button", name="Check"))
    expect(shown).to_contain_text("It matches the hash on the log")


def test_a_delivery_comes_in_two_parts_and_the_rest_is_closed_short(
    delivery: Delivery, packs: list[str], case: str, lot: str
) -> None:
    delivery.scan(case, lot=lot).tally(seen=3, short=2)
    delivery.sign()
    expect(delivery.page.locator("#done-facts")).to_contain_text("2 packs")
    delivery.enter(delivery.page.get_by_role("button", name="Book in another delivery"))
    delivery.tally(expected=2, seen=0)
    delivery.scan(packs[3], lot=lot).tally(seen=1)
    delivery.sign()
    delivery.enter(delivery.page.get_by_role("button", name="Book in another delivery"))
    delivery.tally(expected=1)
    delivery.press("close_short")
    delivery.press_sign()
    expect(delivery.page.locator("#outcomes")).to_contain_text("On the log")
    assert delivery.standing() == {case: "received", packs[3]: "received", packs[4]: "short"}


def test_a_part_is_refused_and_the_sender_books_it_in_again(
    delivery: Delivery, visit: Visit, fresh: Fresh, packs: list[str], lot: str
) -> None:
    chain = fresh.chain
    delivery.line(packs[4]).get_by_role("checkbox").focus()
    delivery.keys.type(" ")
    delivery.press("refuse")
    delivery.press_sign()
    delivery.tally(expected=4)
    assert delivery.standing()[packs[4]] == "refused"
    back = Delivery(join(visit(fresh), fresh, chain.maker), fresh, delivery.ship)
    back.tally(expected=1)
    back.scan(packs[4], lot=lot).tally(seen=1)
    back.sign()
    assert row(chain, packs[4]).site == chain.maker.site


def test_unfinished_work_survives_a_reload_and_is_signed_once(
    delivery: Delivery, packs: list[str], case: str, lot: str
) -> None:
    delivery.scan(case, packs[3], packs[5], lot=lot).tally(seen=4, over=1)
    delivery.temperature("no_logger")
    expect(delivery.page.locator("#kept")).to_have_text("Kept in this browser.")
    delivery.page.reload()
    expect(delivery.page.locator("#resumed")).to_be_visible()
    delivery.tally(seen=4, over=1)
    expect(delivery.page.locator("[value=no_logger]")).to_be_checked()
    size = delivery.chain.reader.head().size
    delivery.page.locator("#sign-it").dblclick()
    delivery.press_sign()
    expect(delivery.page.locator("#done-title")).to_have_text("Booked in")
    delivery.page.go_back()
    delivery.page.go_forward()
    expect(delivery.page.locator("#done-title")).to_have_text("Booked in")
    assert delivery.chain.reader.head().size == size + 1


def test_a_pack_scanned_while_the_receipt_is_read_is_still_expected_afterwards(
    delivery: Delivery, packs: list[str], case: str, lot: str
) -> None:
    page = delivery.page
    delivery.scan(case, lot=lot).tally(seen=3, short=2)
    delivery.temperature()
    delivery.press("sign-it")
    expect(page.locator("#sign")).to_be_visible()
    delivery.scan(packs[3], lot=lot)
    expect(page.locator("#sign-state")).to_contain_text("That scan was not taken")
    delivery.enter(page.locator("#sign-yes"))
    expect(page.locator("#done-title")).to_have_text("Booked in")
    expect(page.locator("#done-facts")).to_contain_text("2 packs")
    delivery.scan(packs[4], lot=lot)
    expect(page.locator("#problem")).to_contain_text("what stands here is signed")
    assert delivery.standing() == {case: "received", packs[3]: "open", packs[4]: "open"}
    delivery.enter(page.get_by_role("button", name="Book in another delivery"))
    delivery.tally(expected=2, seen=0)


def test_a_receipt_that_the_log_refused_later_says_so_and_its_scans_are_not_lost(
    delivery: Delivery, fresh: Fresh, packs: list[str], case: str, lot: str
) -> None:
    """It was signed without a line; meanwhile a colleague booked the container in."""
    page, chain = delivery.page, fresh.chain
    delivery.scan(case, packs[3], lot=lot).tally(seen=4)
    page.context.set_offline(True)
    delivery.temperature("no_logger")
    delivery.press("sign-it")
    delivery.press_sign()
    expect(page.locator("#done-title")).to_have_text("Signed, and waiting to be sent")
    chain.log.submit(chain.event("receive", chain.wholesaler, [case], shipment=delivery.ship.id))
    page.context.set_offline(False)
    expect(page.locator("#done-title")).to_have_text(
        "The log refused it: nothing was done", timeout=15_000
    )
    delivery.enter(page.get_by_role("button", name="Go on with what was entered"))
    delivery.tally(expected=2, seen=1)
    expect(page.locator("#problem")).to_contain_text("booked in by somebody else meanwhile")
    expect(page.locator("[value=no_logger]")).to_be_checked()
    delivery.press("sign-it")
    delivery.press_sign()
    expect(page.locator("#done-title")).to_have_text("Booked in")
    assert delivery.standing() == {case: "received", packs[3]: "received", packs[4]: "open"}


def test_nothing_is_closed_short_while_a_scan_has_not_been_checked(
    delivery: Delivery, packs: list[str], lot: str
) -> None:
    """The last pack may be the very one that is said not to have come."""
    delivery.page.context.set_offline(True)
    delivery.scan(packs[4], lot=lot)
    expect(delivery.page.locator("#check-state")).to_contain_text("cannot be reached")
    delivery.press("close_short")
    expect(delivery.page.locator("#problem")).to_contain_text("have not been checked yet")
    expect(delivery.page.locator("#sign")).to_be_hidden()


def test_of_two_people_the_second_sees_what_the_first_booked_in(
    delivery: Delivery, visit: Visit, fresh: Fresh, packs: list[str], case: str, lot: str
) -> None:
    second = Delivery(join(visit(fresh), fresh, fresh.chain.wholesaler), fresh, delivery.ship)
    for one in (delivery, second):
        one.scan(case, packs[3], lot=lot).tally(seen=4)
    delivery.sign()
    second.temperature()
    second.press("sign-it")
    second.press_sign()
    expect(second.page.locator("#problem")).to_contain_text("shows what is left")
    second.tally(expected=1, seen=0)
    second.scan(packs[3], lot=lot)
    expect(second.page.locator("#bad-lines")).to_contain_text("Its state does not allow this.")
    second.enter(second.page.get_by_role("button", name="I have put it aside"))
    second.scan(packs[4], lot=lot).tally(seen=1)
    second.sign()
    assert set(second.standing().values()) == {"received"}


def test_what_nobody_commissioned_is_put_aside_or_booked_in_as_too_much(
    delivery: Delivery, case: str, lot: str
) -> None:
    delivery.scan(gs1.sgtin(delivery.chain.gtin, f"{lot}-NOSUCH"), lot=lot)
    expect(delivery.page.locator("#bad-lines")).to_contain_text("This code is not on record.")
    delivery.scan(case, lot=lot).tally(seen=3)
    delivery.press("sign-it")
    expect(delivery.page.locator("#problem")).to_contain_text("see to each of them first")
    delivery.enter(delivery.page.get_by_role("button", name="Book it in as found too much"))
    delivery.tally(over=1)
    delivery.sign()


def test_an_expired_session_keeps_the_work_and_asks_to_sign_in_again(
    delivery: Delivery, packs: list[str], lot: str
) -> None:
    page: Page = delivery.page
    delivery.scan(packs[3], lot=lot).tally(seen=1)
    page.context.clear_cookies(name="packtrace_session")
    delivery.scan(packs[4], lot=lot)
    expect(page.locator("#problem")).to_contain_text("You are signed out")
    delivery.enter(page.get_by_role("link", name="Sign in again"))
    page.wait_for_url("**/login")
    delivery.enter(page.get_by_role("button", name="Sign in at").first)
    page.wait_for_url(f"{delivery.visitor.site.url}/")
    delivery.again()
    delivery.tally(seen=2)


def test_the_sender_answers_what_did_not_arrive(
    delivery: Delivery, visit: Visit, fresh: Fresh, packs: list[str], case: str, lot: str
) -> None:
    chain = fresh.chain
    delivery.scan(case, packs[3], lot=lot).tally(seen=4)
    delivery.sign()
    chain.log.submit(
        chain.event("close_short", chain.wholesaler, [packs[4]], shipment=delivery.ship.id)
    )
    sender = join(visit(fresh), fresh, chain.maker)
    sender.open(f"/shipments/{delivery.ship.id}")
    assert "1 item did not arrive" in sender.words
    button = sender.page.get_by_role("button", name="Agree: report 1 item as lost")
    button.press("Enter")
    expect(sender.page.locator("#sign")).to_be_visible()
    sender.page.locator("#sign-yes").press("Enter")
    expect(sender.page.get_by_text("lost, stolen or destroyed").first).to_be_visible()
    assert row(chain, packs[4]).reason == "lost"


def test_each_state_of_the_page_is_accessible(
    visit: Visit, fresh: Fresh, packs: list[str], case: str, lot: str
) -> None:
    chain = fresh.chain
    ship = chain.ship(chain.maker, [case, packs[3], packs[4]], chain.wholesaler)
    visitor = join(visit(fresh), fresh, chain.wholesaler)
    delivery = Delivery(visitor, fresh, ship)

    def looked_at() -> None:
        look_as_it_is(visitor, (1280, "dark"), (320, "light"))

    looked_at()
    delivery.scan(case, packs[3], packs[5], gs1.sgtin(chain.gtin, "NOSUCH"), lot=lot)
    delivery.tally(seen=4, over=1)
    expect(visitor.page.locator("#bad-lines > li")).to_have_count(1)
    delivery.enter(
        delivery.line(case).get_by_role("button", name="Packs missing or damaged inside")
    )
    expect(visitor.page.locator("#inside-packs > li")).to_have_count(3)
    for summary in visitor.page.locator("summary").all():
        delivery.enter(summary)
    delivery.press("sign-it")
    expect(visitor.page.locator("#problem")).to_be_visible()
    looked_at()
    delivery.enter(visitor.page.get_by_role("button", name="I have put it aside"))
    delivery.sign()
    looked_at()


def test_without_scripts_stock_and_shipments_can_be_read(
    visit: Visit, fresh: Fresh, packs: list[str], case: str, lot: str
) -> None:
    chain = fresh.chain
    chain.hand_over(chain.maker, packs[3:4], chain.wholesaler)
    ship = chain.ship(chain.maker, [case], chain.wholesaler)
    visitor = visit(fresh, scripts=False)
    visitor.page.goto(fresh.link(chain.wholesaler))
    visitor.page.get_by_role("button", name="Sign in here").click()
    visitor.open("/")
    assert "What waits for this site" in visitor.words
    visitor.open(f"/stock?q={lot}")
    assert lot in visitor.page.locator("table").inner_text()
    visitor.open("/shipments")
    visitor.page.locator(f"a[href='/shipments/{ship.id}']").first.click()
    assert "under way" in visitor.words
    visitor.open(f"/shipments/{ship.id}/note")
    assert gs1.parse_item_id(packs[0]).serial in visitor.words
    visitor.open(f"/shipments/{ship.id}/receive")
    assert "Switch scripts on" in visitor.words
    assert f"lot {lot}: 3 packs" in visitor.page.locator("details ul").text_content()
