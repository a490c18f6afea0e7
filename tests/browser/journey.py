"""One pack's way through six people's browsers: commissioned, shipped, received, shipped on, supplied.

Each person has a browser profile of their own, joined by a statement on the log, and no mouse. The
pictures of docs/walk-through.md are taken on the way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from playwright.sync_api import Locator, Page, expect

from ledger.statement import gs1
from tests.browser.conftest import Visitor
from tests.browser.keys import GS, Keys

LOT, EXPIRY, PACKS = "WALK01", "2028-06-30", 3
PEOPLE: Final = (
    "manufacturer", "distributor", "distributor", "pharmacist", "pharmacist", "regulator"
)  # fmt: skip
Take = Callable[[Page, str], None]


class Person:
    """Somebody in a browser profile of their own."""

    def __init__(self, visitor: Visitor, role: str) -> None:
        self.visitor, self.page, self.role = visitor, visitor.page, role
        self.keys = Keys(self.page)

    def act(self) -> None:
        """Become somebody of the simulated world: a key, a statement, a session."""
        self.visitor.open("/demo")
        self.page.locator("#people").wait_for()  # shown once its presses are heard
        self.press(self.page.locator(f"[data-role={self.role}]"))
        self.page.wait_for_url(f"{self.visitor.site.url}/")

    def press(self, button: Locator) -> None:
        """Press a button as a person without a mouse does."""
        button.focus()
        self.keys.press(["Enter"], gap_ms=160, pause_ms=400)

    def choose(self, button: Locator) -> None:
        """Choose one of some as a person without a mouse does."""
        button.focus()
        self.keys.press([" "], gap_ms=160, pause_ms=400)

    def sign(self) -> None:
        """Read what is to be signed, and sign it."""
        button = self.page.locator("#sign-yes")
        button.wait_for()
        expect(button).to_be_enabled()
        self.press(button)

    def scan(self, pack: str) -> None:
        """Scan a pack's data matrix by a scanner that types."""
        found = gs1.parse_item_id(pack)
        expiry = EXPIRY[2:].replace("-", "")
        self.keys.scan(f"]d201{found.gtin}17{expiry}10{LOT}{GS}21{found.serial}")


def travel(open_visitor: Callable[[], Visitor], take: Take) -> str:
    """Let a pack travel; its id, once it is supplied and the regulator has looked at its way."""
    people = [Person(open_visitor(), role) for role in PEOPLE]
    for one in people:
        one.act()
    maker, goods_in, dispatcher, technician, pharmacist, regulator = people
    take(maker.page, "home")
    packs = commission(maker, take)
    number = ship(maker, "Wholesaler 1", packs, take, "maker")
    receive(goods_in, number, packs, take)
    number = ship(dispatcher, "Pharmacy 1", packs[:2], take, "wholesaler")
    receive(technician, number, packs[:2], lambda _page, _name: None)
    supply(pharmacist, packs[0], take)
    look(regulator, packs[0], take)
    return packs[0]


def commission(maker: Person, take: Take) -> list[str]:
    """Bring a lot's packs onto the record, with serials made by the browser; their ids."""
    page = maker.page
    maker.visitor.open("/lots/new")
    page.locator("#lot").fill(LOT)
    page.locator("#expiry").fill(EXPIRY)
    page.locator("#count").fill(str(PACKS))
    page.locator("#count").press("Enter")
    expect(page.locator("#total")).to_have_text(f"{PACKS} packs")
    maker.press(page.locator("#continue"))
    expect(page.locator("#check-title")).to_be_focused()
    maker.press(page.locator("#sign-it"))
    page.locator("#sign-yes").wait_for()
    take(page, "sign")
    maker.sign()
    expect(page.locator("#done-title")).to_have_text("It is on the log")
    take(page, "commissioned")
    reader = maker.visitor.site.app.extensions["packtrace"].reader
    [gtin] = [one.gtin for one in reader.lots() if one.lot == LOT]
    packs: list[str] = reader.packs_of_lot(gtin, LOT)
    return packs


def ship(sender: Person, to: str, packs: list[str], take: Take, name: str) -> str:
    """Dispatch packs that a scanner types; the tracking number."""
    page = sender.page
    sender.visitor.open("/shipments/new")
    expect(page.locator("#number")).not_to_have_value("")  # the page's script makes one
    number = page.locator("#number").input_value()
    page.locator("#where-text").fill(to)
    page.locator("#where-text").press("Enter")
    expect(page.locator("#where-chosen")).to_be_visible()
    for pack in packs:
        sender.scan(pack)
    expect(page.locator("#total")).to_contain_text(f"{len(packs)} packs")
    take(page, f"dispatch-{name}")
    sender.press(page.locator("#continue"))
    expect(page.locator("#check-title")).to_be_focused()
    sender.press(page.locator("#sign-it"))
    sender.sign()
    expect(page.locator("#done-title")).to_have_text("It is on the log")
    return number


def receive(receiver: Person, number: str, packs: list[str], take: Take) -> None:
    """Book a delivery in, pack by pack."""
    page = receiver.page
    receiver.visitor.open("/shipments")
    receiver.press(page.get_by_role("link", name=number))
    receiver.press(page.locator("a[href$='/receive']").first)
    page.wait_for_url("**/receive")
    expect(page.locator("#work")).to_be_visible()
    for pack in packs:
        receiver.scan(pack)
    expect(page.locator("#tally-seen")).to_have_text(str(len(packs)))
    receiver.choose(page.locator("[name=temperature][value=in_range]"))
    take(page, "receive")
    receiver.press(page.locator("#sign-it"))
    receiver.sign()
    expect(page.locator("#done-title")).to_have_text("Booked in")


def supply(pharmacist: Person, pack: str, take: Take) -> None:
    """Scan a pack at the counter, and supply it by F9."""
    page = pharmacist.page
    pharmacist.visitor.open("/scan?mode=dispense")
    pharmacist.scan(pack)
    expect(page.locator("#to-supply > li")).to_have_count(1)
    take(page, "counter")
    pharmacist.keys.press(["F9"], gap_ms=160, pause_ms=400)
    pharmacist.sign()
    expect(page.locator("#history .note").first).to_contain_text("Supply: 1 pack")
    take(page, "supplied")


def look(regulator: Person, pack: str, take: Take) -> None:
    """See every statement about the pack, each with its proof."""
    found = gs1.parse_item_id(pack)
    regulator.visitor.open(f"/packs/{found.gtin}/{found.serial}")
    expect(regulator.page.locator(".timeline > li")).to_have_count(6)
    take(regulator.page, "timeline")
