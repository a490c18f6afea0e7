"""Commissioning a lot in the browser: its serials, what is refused before signing, labels, documents."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.commissioning import MOST
from app.lots import PAGE
from ledger.statement import gs1
from ledger.statement.governance import Document
from tests.browser.conftest import Fresh, Visit
from tests.browser.joined import join
from tests.browser.steps import Steps, logged
from tests.browser.test_every_page import look

EXPIRY = "2028-06-30"
PDF = b"%PDF-1.7 certificate of analysis"


@pytest.fixture
def maker(visit: Visit, fresh: Fresh) -> Steps:
    """The manufacturer's browser on the page."""
    steps = Steps(join(visit(fresh), fresh, fresh.chain.maker), fresh)
    steps.open("/lots/new")
    return steps


def name_lot(steps: Steps, lot: str, expiry: str = EXPIRY) -> None:
    steps.fill("lot", lot)
    steps.fill("expiry", expiry)


def make(steps: Steps, count: int) -> None:
    """Have serials made."""
    steps.fill("count", str(count))
    steps.enter(steps.page.locator("#count"))


def paste(steps: Steps, text: str) -> None:
    steps.enter(steps.page.locator("summary", has_text="By a list or a file").first)
    steps.fill("paste-text", text)
    steps.enter(steps.page.get_by_role("button", name="Check the list"))


def total(steps: Steps, words: str) -> None:
    expect(steps.page.locator("#total")).to_have_text(words)


def test_a_lot_with_random_serials_is_commissioned_by_keyboard_and_its_labels_come(
    maker: Steps, lot: str
) -> None:
    name_lot(maker, lot)
    make(maker, 250)
    total(maker, "250 packs")
    told = maker.check()
    assert told["Lot number"] == lot
    assert told["Expiry date"] == "30 June 2028"
    assert told["Packs"] == "250 packs"
    assert "250 packs" in maker.sign()
    [event] = maker.done()
    assert (event.op, event.lot, str(event.expiry)) == ("commission", lot, EXPIRY)
    packs = maker.chain.reader.packs_of_lot(maker.chain.gtin, lot)
    serials = {gs1.parse_item_id(item).serial for item in packs}
    assert len(serials) == 250
    assert all(len(one) == 16 and set(one).isdisjoint("01OI8BSZ") for one in serials)
    with maker.page.expect_navigation():
        maker.enter(maker.page.get_by_role("link", name="Print the labels"))
    pictures = maker.page.locator(".sheet img")
    expect(pictures).to_have_count(PAGE)
    # As large as it is on the pack, whatever the printer's density: 300 dots an inch are 96 px.
    pictures.first.scroll_into_view_if_needed()
    maker.page.wait_for_function("document.querySelector('.sheet img').complete")
    wide, natural = pictures.first.evaluate(
        "async (one) => { const whole = new Image(); whole.src = one.currentSrc; await whole.decode();"
        " return [one.getBoundingClientRect().width, whole.naturalWidth]; }"
    )
    assert wide == pytest.approx(natural / 300 * 96, abs=1)


def test_the_largest_lot_of_a_browser_is_commissioned_in_one_press(maker: Steps, lot: str) -> None:
    name_lot(maker, lot)
    make(maker, MOST)
    make(maker, 1)  # one too many is the command line's
    expect(maker.page.locator("#too-many")).to_be_focused()
    maker.check()
    maker.sign()
    maker.done()
    assert len(maker.chain.reader.packs_of_lot(maker.chain.gtin, lot)) == MOST


def test_serials_come_from_a_file_and_unfinished_work_survives_a_reload(
    maker: Steps, lot: str, tmp_path: Path
) -> None:
    file = tmp_path / "serials.csv"
    file.write_text(f'gtin,serial\n{maker.chain.gtin},{lot}-A/1\n{maker.chain.gtin},"{lot}-B(2)"\n')
    name_lot(maker, lot)
    maker.page.locator("#file").set_input_files(file)
    total(maker, "2 packs")
    maker.kept()
    maker.page.reload()
    total(maker, "2 packs")
    expect(maker.page.locator("#resumed")).to_be_visible()
    expect(maker.page.locator("#lot")).to_have_value(lot)
    maker.check()
    maker.sign()
    maker.done()
    packs = maker.chain.reader.packs_of_lot(maker.chain.gtin, lot)
    assert {gs1.parse_item_id(item).serial for item in packs} == {f"{lot}-A/1", f"{lot}-B(2)"}
    maker.page.reload()  # what was signed is shown again, and not signed twice
    expect(maker.page.locator("#done-title")).to_have_text("It is on the log")
    maker.enter(maker.page.get_by_role("button", name="Commission another lot"))
    expect(maker.page.locator("#lot")).to_have_value("")


def test_all_bad_lines_are_told_and_nothing_is_taken_over(maker: Steps, lot: str) -> None:
    name_lot(maker, lot)
    lines = ["serial", f"{lot}1", "A B", f"{lot}1", "1.23E+13", "A" * 21, "Ü1", f"{lot}2"]
    paste(maker, "\n".join(lines))
    title = maker.page.locator("#list-bad-title")
    expect(title).to_be_focused()
    words = maker.page.locator("#list-bad-lines").inner_text()
    for line in (3, 4, 5, 6, 7):
        assert f"Line {line}:" in words
    assert "Line 2:" not in words
    assert "same as line 2" in words
    assert "shortened this number" in words
    expect(maker.page.locator("#empty")).to_be_visible()


def test_a_double_click_takes_a_list_over_once(maker: Steps, lot: str) -> None:
    name_lot(maker, lot)
    maker.enter(maker.page.locator("summary", has_text="By a list or a file").first)
    maker.fill("paste-text", f"{lot}-1\n{lot}-2")
    pasted = maker.page.get_by_role("button", name="Check the list")
    pasted.evaluate("one => { one.click(); one.click(); }")
    expect(maker.page.locator("#list-state")).to_contain_text("taken over")
    maker.page.wait_for_load_state("networkidle")
    total(maker, "2 packs")
    assert maker.check()["Packs"] == "2 packs"


def test_a_table_may_name_the_product_lot_and_expiry_if_they_are_the_chosen_ones(
    maker: Steps, lot: str
) -> None:
    gtin = maker.chain.gtin
    name_lot(maker, lot)
    paste(
        maker,
        "gtin;serial;lot;expiry\n"
        f"{gtin};{lot}1;{lot};{EXPIRY}\n{gtin};{lot}2;OTHER;{EXPIRY}\n"
        f"{gtin};{lot}3;{lot};2027-01-31\n09521234543213;{lot}4;{lot};{EXPIRY}\n"
        f"{gtin};{lot}(5);{lot};",
    )
    expect(maker.page.locator("#list-bad-title")).to_be_focused()
    words = maker.page.locator("#list-bad-lines").inner_text()
    assert "It is of lot OTHER." in words
    assert "It has another expiry date." in words
    assert "It is of GTIN 09521234543213" in words
    assert "Line 2:" not in words
    assert "Line 6:" not in words
    maker.fill("paste-text", f"weight,serial\n1.5,{lot}-A\n1.6,{lot}-B\n")
    maker.enter(maker.page.get_by_role("button", name="Check the list"))
    total(maker, "2 packs")


def test_serials_on_record_another_expiry_and_a_past_date_are_refused_before_signing(
    maker: Steps, lot: str
) -> None:
    maker.chain.commission(lot, 2)  # expires on 2028-01-31
    size = maker.chain.reader.head().size
    name_lot(maker, lot)
    paste(maker, f"{lot}-0000\n{lot}-NEW")
    expect(maker.page.locator("#list-bad-title")).to_be_focused()
    assert "Line 1:" in maker.page.locator("#list-bad-lines").inner_text()
    assert "on the record already" in maker.page.locator("#list-bad-lines").inner_text()
    make(maker, 3)
    maker.press("continue")
    assert "2028-01-31" in maker.problem()
    maker.fill("expiry", "2020-01-31")
    maker.fill("lot", f"{lot}X")
    maker.press("continue")
    assert "in the past" in maker.problem()
    maker.fill("lot", "two words")
    maker.press("continue")
    assert "A lot number has" in maker.problem()
    assert maker.chain.reader.head().size == size


def test_a_lot_too_large_for_a_browser_is_told_the_command(maker: Steps, lot: str) -> None:
    name_lot(maker, f"{lot}'%")
    make(maker, 50_000)
    expect(maker.page.locator("#too-many")).to_be_focused()
    command = maker.page.locator("#command").inner_text()
    assert f"packtrace commission --log {maker.visitor.site.url}" in command
    assert f"--lot '{lot}'\\''%'" in command
    assert f"--expiry {EXPIRY} --file serials.txt" in command
    expect(maker.page.locator("#empty")).to_be_visible()


def test_what_is_signed_without_a_line_waits_and_is_sent_once(maker: Steps, lot: str) -> None:
    name_lot(maker, lot)
    make(maker, 2)
    maker.check()
    maker.page.route("**/api/statements", lambda route: route.abort())
    maker.sign()
    expect(maker.page.locator("#done-title")).to_have_text("Signed, and waiting to be sent")
    assert maker.chain.reader.packs_of_lot(maker.chain.gtin, lot) == []
    maker.page.unroute("**/api/statements")
    maker.page.reload()
    expect(maker.page.locator("#done-title")).to_have_text("It is on the log")
    assert len(maker.chain.reader.packs_of_lot(maker.chain.gtin, lot)) == 2


def test_a_document_of_the_lot_is_hashed_here_signed_and_checked_again(
    maker: Steps, fresh: Fresh, visit: Visit, lot: str, tmp_path: Path
) -> None:
    chain, page = maker.chain, maker.page
    packs = chain.commission(lot, 2)
    file = tmp_path / "certificate.pdf"
    file.write_bytes(PDF)
    maker.visitor.open(f"/lots/{chain.gtin}/{lot}")
    page.get_by_label("File, up to 25 MiB").set_input_files(file)
    page.get_by_label("Title, as Certificate of analysis").fill("Certificate of analysis")
    page.get_by_role("button", name="Add and sign").press("Enter")
    expect(page.locator("#sign")).to_be_visible()
    assert sha256(PDF).hexdigest() in page.locator("#sign").inner_text()
    with page.expect_navigation():
        maker.press("sign-yes")
    statement = page.locator("[data-verify]").get_attribute("data-verify")
    body = logged(chain, str(statement))
    assert isinstance(body, Document)
    assert (body.sha256, body.media_type) == (sha256(PDF).hexdigest(), "application/pdf")
    assert body.about == f"https://id.gs1.org/01/{chain.gtin}/10/{lot}"

    chain.hand_over(chain.maker, packs, chain.pharmacy)
    pharmacist = join(visit(fresh), fresh, chain.pharmacy)
    pharmacist.open(f"/lots/{chain.gtin}/{lot}")
    assert "Certificate of analysis" in pharmacist.words
    assert pharmacist.page.locator("#add-document").count() == 0
    pharmacist.page.locator("[data-verify]").press("Enter")
    said = pharmacist.page.locator("[data-verified]")
    expect(said).to_contain_text("It matches the hash on the log")

    # A server that hands out another file than the log tells of is found out by the browser.
    pharmacist.page.route("**/file", lambda route: route.fulfill(body=b"another file"))
    pharmacist.page.locator("[data-verify]").press("Enter")
    expect(said).to_contain_text("could not be confirmed")


def test_a_document_whose_statement_was_left_unsigned_can_be_signed_or_taken_back(
    maker: Steps, lot: str, tmp_path: Path
) -> None:
    page = maker.page
    maker.chain.commission(lot, 1)

    def add() -> None:
        adding(maker, lot, tmp_path, "Note")
        page.get_by_role("button", name="Add and sign").press("Enter")
        expect(page.locator("#sign")).to_be_visible()
        with page.expect_navigation():
            maker.press("sign-no")
        expect(page.get_by_text("not on the log yet")).to_be_visible()

    add()
    page.get_by_role("button", name="Take it back").press("Enter")
    expect(page.get_by_text("No documents yet.")).to_be_visible()
    add()
    page.get_by_role("button", name="Sign it").press("Enter")
    expect(page.locator("#sign")).to_be_visible()
    with page.expect_navigation():
        maker.press("sign-yes")
    expect(page.locator("[data-verify]")).to_have_count(1)


def test_a_document_signed_without_a_line_is_on_the_log_once_there_is_one(
    maker: Steps, lot: str, tmp_path: Path
) -> None:
    page = maker.page
    maker.chain.commission(lot, 1)
    signed_without_a_line(maker, lot, tmp_path, "Note")
    assert page.locator("[data-record]").count() == 0  # nobody signs it twice
    page.unroute("**/api/statements")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("[data-verify]")).to_have_count(1)


def test_a_double_click_signs_a_document_once_and_the_server_is_told_of_it(
    maker: Steps, lot: str, tmp_path: Path
) -> None:
    maker.chain.commission(lot, 1)
    adding(maker, lot, tmp_path, "Note")
    page = maker.page
    add = page.get_by_role("button", name="Add and sign")
    add.evaluate("one => { one.click(); one.click(); }")
    loaded = loads(page)
    expect(page.locator("#sign")).to_be_visible()
    with page.expect_navigation():
        maker.press("sign-yes")
    expect(page.locator("[data-verify]")).to_have_count(1)
    assert len(loaded) == 1  # a second press would load the page over what is being read
    assert page.locator("[data-record]").count() == 0


def test_a_document_that_lands_late_takes_nobody_away_from_the_next(
    maker: Steps, lot: str, tmp_path: Path
) -> None:
    page = maker.page
    maker.chain.commission(lot, 1)
    signed_without_a_line(maker, lot, tmp_path, "First")
    adding(maker, lot, tmp_path, "Second")
    page.get_by_role("button", name="Add and sign").press("Enter")
    expect(page.locator("#sign")).to_be_visible()
    loaded = loads(page)
    page.unroute("**/api/statements")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#outbox")).to_be_hidden()
    with page.expect_navigation():
        maker.press("sign-yes")
    expect(page.locator("[data-verify]")).to_have_count(2)
    assert len(loaded) == 1  # the first one would load the page over what is being read


def loads(page: Page) -> list[str]:
    """Where the page goes from now on."""
    found: list[str] = []
    page.on("framenavigated", lambda frame: found.append(frame.url))
    return found


def signed_without_a_line(steps: Steps, lot: str, folder: Path, title: str) -> None:
    """A document of a lot that waits in the browser for a line."""
    page = steps.page
    adding(steps, lot, folder, title)
    page.route("**/api/statements", lambda route: route.abort())
    page.get_by_role("button", name="Add and sign").press("Enter")
    expect(page.locator("#sign")).to_be_visible()
    with page.expect_navigation():
        steps.press("sign-yes")
    expect(page.locator("[data-document]")).to_contain_text("sent as soon as")


def adding(steps: Steps, lot: str, folder: Path, title: str) -> None:
    """The page of a lot, with a document chosen and named."""
    file = folder / f"{title}.txt"
    file.write_text(f"{lot} {title}")
    steps.visitor.open(f"/lots/{steps.chain.gtin}/{lot}")
    steps.page.get_by_label("File, up to 25 MiB").set_input_files(file)
    steps.page.get_by_label("Title, as Certificate of analysis").fill(title)


def test_the_maker_s_pages_are_accessible_full_and_with_errors(
    visit: Visit, fresh: Fresh, lot: str
) -> None:
    chain = fresh.chain
    chain.commission(lot, 3)
    steps = Steps(join(visit(fresh), fresh, chain.maker), fresh)

    def looked_at() -> None:
        look(steps.visitor, (1280, "light"), (320, "dark"))

    for path in ("/lots", f"/lots/{chain.gtin}/{lot}", f"/labels/{chain.gtin}/{lot}", "/documents"):
        assert steps.visitor.open(path) == 200
        looked_at()
    steps.open("/lots/new")
    looked_at()
    make(steps, 20_000)
    expect(steps.page.locator("#too-many")).to_be_visible()
    make(steps, 3)
    steps.press("continue")
    assert "A lot number has" in steps.problem()
    looked_at()
    name_lot(steps, f"{lot}N")
    steps.check()
    looked_at()
    steps.sign()
    steps.done()
    looked_at()
