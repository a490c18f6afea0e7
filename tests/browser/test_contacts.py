"""An administrator keeps how the site is reached; the authority calls who does not answer a recall."""

from __future__ import annotations

from pathlib import Path

from ledger.store.contacts import Contact
from tests.app.conftest import login_body
from tests.browser.conftest import Fresh, Visit, Visitor
from tests.browser.test_every_page import in_chinese, look
from tests.world import Member


def sign_in(visitor: Visitor, fresh: Fresh, who: Member, key: bytes) -> None:
    """Sign in by a link, by a key of a member's."""
    client = fresh.app.test_client()
    answer = client.post("/api/session/link", data=login_body(client, fresh.chain, key, who.gln))
    visitor.page.goto(fresh.url + str(answer.get_json()["path"]))
    visitor.page.get_by_role("button", name="Sign in here").click()
    visitor.page.wait_for_url(f"{fresh.url}/")


def test_a_contact_is_kept_and_a_silent_site_called_and_written_to(
    visit: Visit, fresh: Fresh, lot: str, tmp_path: Path
) -> None:
    chain = fresh.chain
    packs = chain.commission(lot, 2)
    chain.hand_over(chain.maker, packs, chain.pharmacy2)
    case = chain.log.submit(chain.recall_of(chain.scope(lots=[lot]), reason="particles"))

    # The administrator, without scripts: what is wrong is told, and what was typed is kept.
    admin = visit(fresh, scripts=False)
    sign_in(admin, fresh, chain.pharmacy2, chain.pharmacy2.admin)
    assert admin.open("/contacts") == 200
    page = admin.page
    page.get_by_label("Role").fill("Pharmacist in charge")
    page.get_by_label("E-mail address").fill("recalls@pharmacy2.example")
    page.get_by_label("Phone number").fill("01632 960001")
    page.get_by_role("button", name="Keep").click()
    problem = page.get_by_role("alert")
    assert "begins with + and the country's code" in problem.inner_text()
    assert page.title().startswith("Error: ")
    problem.get_by_role("link").click()
    assert page.url.endswith("#phone")
    assert page.get_by_label("E-mail address").input_value() == "recalls@pharmacy2.example"
    page.get_by_label("Phone number").fill("+44 1632 960001")
    page.get_by_role("button", name="Keep").click()
    page.get_by_text("Kept 1 Oct 2026").wait_for()

    looking = visit(fresh)
    sign_in(looking, fresh, chain.pharmacy2, chain.pharmacy2.admin)
    looking.page.goto(f"{fresh.url}/contacts")
    looking.page.get_by_label("Phone number").fill("call me")
    looking.page.get_by_role("button", name="Keep").click()
    looking.page.get_by_role("alert").wait_for()
    look(looking, (1280, "light"), (1280, "dark"), (360, "light"))

    # Who recalls sees who is silent, and prints letters.
    holder = visit(fresh)
    sign_in(holder, fresh, chain.maker, chain.maker.key)
    holder.open(f"/recalls/{case.id}")
    holder.page.get_by_role("link", name="Phone list of the silent").click()
    row = holder.page.get_by_role("row").filter(has_text="Pharmacy2 site")
    assert "Pharmacist in charge" in row.inner_text()
    assert (
        row.get_by_role("link", name="+44 1632 960001").get_attribute("href") == "tel:+441632960001"
    )
    look(holder, (1280, "light"), (1280, "dark"), (360, "light"))
    in_chinese(holder)
    look(holder, (1280, "light"), (360, "dark"))
    holder.page.get_by_role("button", name="English").click()
    holder.page.locator("html[lang=en]").wait_for(state="attached")
    holder.page.get_by_role("link", name="Letters to all of them").click()
    letter = holder.page.locator("article")
    assert letter.count() == 1
    assert "Pharmacy2 site" in letter.inner_text()
    look(holder, (1280, "light"), (1280, "dark"), (360, "light"))

    # On paper there is the letter alone, with its code.
    holder.page.emulate_media(media="print")
    for hidden in (".top", "footer", "#print"):
        assert not holder.page.locator(hidden).first.is_visible()
    assert letter.locator("svg.qr").is_visible()
    assert f"/recalls/{case.id}" in letter.inner_text()
    assert holder.page.pdf(path=tmp_path / "letter.pdf").startswith(b"%PDF")


def test_the_authority_s_list_of_all_sites_fits_a_phone(visit: Visit, fresh: Fresh) -> None:
    chain = fresh.chain
    desk = fresh.app.extensions["packtrace"].desk
    desk.contacts.keep(
        Contact(
            chain.wholesaler.site,
            "Responsible person",
            "recalls@wholesaler.example",
            "+441632960002",
        )
    )
    authority = visit(fresh)
    sign_in(authority, fresh, chain.authority, chain.authority.key)
    authority.open("/contacts")
    row = authority.page.get_by_role("row").filter(has_text="Wholesaler site")
    assert "+44 1632 960002" in row.inner_text()
    look(authority, (1280, "light"), (360, "dark"))
