"""Checking a pack in a browser: typed, pasted or photographed, with and without scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from ledger.statement import gs1
from scanner.frames import read_file
from scanner.symbols import read
from tests.browser.conftest import Site, Visit, Visitor
from tests.browser.keys import Keys
from tests.nodes import expected

SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])


def whole_label(site: Site, picture: str) -> str:
    """What a label's code says, read from its picture."""
    [symbol] = read(read_file(site.folder / "labels" / picture))
    return str(symbol.text)


@SCRIPTS
def test_a_pharmacist_uploads_each_label_and_is_told_what_to_do(
    demo: Site, visit: Visit, scripts: bool
) -> None:
    visitor = visit(demo, scripts=scripts)
    visitor.sign_in("pharmacist")
    visitor.open()
    for one in expected(demo.folder):
        picture = demo.folder / "labels" / one["picture"]
        assert visitor.check(picture=picture, purpose=one["purpose"]) == one["verdict"]
        band = visitor.page.get_by_role("alert")
        assert band.locator(".mark").inner_text() in "✓!✕?"
        assert band.locator(".next").inner_text()
        assert f"Code: {one['code']}" in visitor.words


@SCRIPTS
def test_a_stranger_with_the_whole_label_gets_a_verdict_and_a_proof(
    demo: Site, visit: Visit, scripts: bool
) -> None:
    visitor = visit(demo, scripts=scripts)
    visitor.open("/")
    assert visitor.check(whole_label(demo, "good.png")) == "OK"
    assert "Timeline" not in visitor.words
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="Download the proof").click()
    proof = json.loads(Path(download.value.path()).read_text())
    assert proof["status"]
    assert proof["checkpoint"].startswith("packtrace.example/demo\n")


def test_a_link_on_a_label_opens_its_verdict(demo: Site, visit: Visit) -> None:
    link = whole_label(demo, "good.png").removeprefix("https://id.gs1.org")
    visitor = visit(demo)
    visitor.sign_in("pharmacist")
    assert visitor.open(link) == 200
    assert visitor.heading == "OK"
    wrong = whole_label(demo, "wrong-expiry.png").removeprefix("https://id.gs1.org")
    visitor.open(wrong)
    assert visitor.heading == "Do not supply"


def test_the_box_is_ready_for_a_scanner_that_types_and_ends_with_enter(
    demo: Site, visit: Visit
) -> None:
    visitor = visit(demo)
    visitor.sign_in("pharmacist")
    visitor.open()
    visitor.page.wait_for_function("() => document.activeElement.id === 'text'")
    keys = Keys(visitor.page)
    keys.scan(whole_label(demo, "good.png"))
    visitor.page.get_by_role("heading", level=1, name="OK").wait_for()
    visitor.page.wait_for_function("() => document.activeElement.id === 'text'")
    keys.scan(whole_label(demo, "wrong-expiry.png"))  # no click between packs
    visitor.page.get_by_role("heading", level=1, name="Do not supply").wait_for()


def test_nothing_typed_is_an_error_that_names_its_field(demo: Site, visit: Visit) -> None:
    visitor = visit(demo)
    visitor.open("/verify")
    assert visitor.check("") == "Check a pack"
    assert visitor.page.title().startswith("Error: ")
    summary = visitor.page.get_by_role("alert")
    assert "There is a problem" in summary.inner_text()
    summary.get_by_role("link").click()
    assert visitor.page.evaluate("document.activeElement.id") == "text"


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "<script>document.title='gone'</script><img src=x onerror=alert(1)>",
        "https://id.gs1.org/01/09521102000015/21/<svg onload=alert(1)>",
        "../../../../etc/passwd",
        "{{ 7 * 7 }}",
        "https://evil.example/01/09521102000015/21/A",
        "A" * 4096,
    ],
)
def test_a_hostile_or_foreign_code_is_shown_as_text_and_judged_not_ours(
    demo: Site, visit: Visit, text: str
) -> None:
    visitor = visit(demo)
    visitor.open("/")
    title = visitor.check(text)
    assert title in ("Not checked", "Do not supply")
    assert "gone" not in visitor.page.title()
    assert visitor.page.locator("main script, main img, main svg").count() == 0
    assert "49" not in visitor.page.locator(".verdict").inner_text()


def test_a_picture_that_is_none_and_one_without_a_code_ask_for_a_rescan(
    demo: Site, visit: Visit, tmp_path: Path
) -> None:
    blank = tmp_path / "blank.png"
    Image.new("RGB", (300, 300), "white").save(blank)
    text = tmp_path / "letter.png"
    text.write_text("Dear pharmacist")
    visitor = visit(demo)
    visitor.open("/")
    for picture in (blank, text):
        assert visitor.check(picture=picture) == "Not checked"
        assert "Code: unreadable" in visitor.words


def test_a_picture_beyond_the_limit_is_refused_in_words(
    demo: Site, visit: Visit, tmp_path: Path
) -> None:
    heavy = tmp_path / "heavy.png"
    heavy.write_bytes(b"\x89PNG" + bytes(11 * 1024 * 1024))
    visitor = visit(demo)
    visitor.open("/")
    visitor.check(picture=heavy)
    assert "at most" in visitor.words or "too large" in visitor.words.lower()


def test_a_pack_of_the_site_shows_its_timeline_with_the_proof(demo: Site, visit: Visit) -> None:
    visitor: Visitor = visit(demo)
    visitor.sign_in("pharmacist")
    visitor.open()
    visitor.check(picture=demo.folder / "labels" / "good.png", purpose="dispense")
    visitor.page.get_by_role("link", name="Timeline").click()
    lines = visitor.page.locator(".timeline > li")
    assert lines.count() >= 2
    assert "Unpacked at Pharmacy 1" in lines.first.inner_text()
    assert "Commissioned" in lines.last.inner_text()
    assert "Signed by" in lines.first.inner_text()
    lines.first.get_by_text("Signed envelope").click()
    raw = json.loads(lines.first.locator("pre").first.inner_text())
    assert raw["payloadType"].startswith("application/vnd.packtrace.")
    assert "RFC 6962 inclusion" in visitor.words
    visitor.page.get_by_text("The whole proof, raw").click()
    bundle = json.loads(visitor.page.locator("pre").last.inner_text())
    assert bundle["checkpoint"]
    lines.first.get_by_role("link").first.click()
    assert visitor.heading.startswith("Entry ")


def test_a_stranger_sees_no_custody(demo: Site, visit: Visit) -> None:
    found = gs1.parse_item_id(expected(demo.folder)[0]["item"])
    visitor = visit(demo)
    assert visitor.open(f"/packs/{found.gtin}/{found.serial}") == 401
    assert "Sign in first" in visitor.words
    assert "Pharmacy 1" not in visitor.words
