"""A recall on paper, by phone and as a feed, for whoever no message reaches."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
import zxingcpp
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale

from app import notices
from app.codes import qr_svg
from app.node import KEY
from ledger.store.batch import Receipt
from ledger.store.contacts import Contact
from ledger.store.notices import EMAIL
from tests.app.conftest import SignIn
from tests.app.test_contacts import administrator
from tests.world import Chain

ATOM = "{http://www.w3.org/2005/Atom}"
OURS = "{https://packtrace.example/ns/}"


@pytest.fixture
def case(chain: Chain) -> Receipt:
    """A recall of six packs: two at the maker, two at the pharmacy, two on their way to pharmacy 2."""
    packs = chain.commission("L1", 6)
    chain.hand_over(chain.maker, packs[2:4], chain.pharmacy)
    chain.ship(chain.maker, packs[4:], chain.pharmacy2)
    return chain.log.submit(chain.recall_of(chain.scope(lots=["L1"]), reason="glass & <particles>"))


def page(client: FlaskClient, case: Receipt, query: str = "") -> tuple[int, str]:
    answer = client.get(f"/recalls/{case.id}/letter{query}")
    return answer.status_code, answer.text


def cells(chain: Chain, text: str) -> set[str]:
    """Whose letters a page holds."""
    return {one.name for one in chain.members if f'id="to-{one.site}"' in text}


# Letters


def test_a_site_prints_its_own_letter_with_what_the_log_shows_there(
    chain: Chain, case: Receipt, sign_in: SignIn
) -> None:
    status, text = page(sign_in(chain.pharmacy), case)
    assert status == 200
    assert cells(chain, text) == {"pharmacy"}
    for words in ("Examplin 10 mg", "L1", "glass &amp; &lt;particles&gt;", "2 packs", "0 packs",
                  "Maker", case.id, "none held"):  # fmt: skip
        assert words in text, words
    assert "2 packs" in page(sign_in(chain.pharmacy2), case)[1]
    assert "2 packs" not in page(sign_in(chain.wholesaler), case)[1]


def test_who_recalls_and_the_authority_print_the_letters_of_all_that_are_silent(
    chain: Chain, case: Receipt, sign_in: SignIn
) -> None:
    chain.log.submit(chain.answer(chain.pharmacy, case))
    for who in (chain.maker, chain.authority):
        assert cells(chain, page(sign_in(who), case, "?site=silent")[1]) == {"maker", "pharmacy2"}
        one = page(sign_in(who), case, f"?site={chain.pharmacy.site}")
        assert (one[0], cells(chain, one[1])) == (200, {"pharmacy"})
        assert page(sign_in(who), case, f"?site={chain.wholesaler.site}")[0] == 404


def test_nobody_learns_from_a_letter_who_else_holds_packs(
    app: Flask, chain: Chain, case: Receipt, sign_in: SignIn
) -> None:
    client, asked = sign_in(chain.pharmacy), f"/recalls/{case.id}/letter?site="
    json = {"Accept": "application/json"}
    told = [client.get(asked + one, headers=json) for one in
            (chain.pharmacy2.site, chain.wholesaler.site, "9521199000004", "x", "silent")]  # fmt: skip
    assert {one.status_code for one in told} == {404}
    assert len({one.text for one in told}) == 1
    assert page(app.test_client(), case)[0] == 401
    for name in ("x", "ab" * 32, chain.pharmacy.site):
        assert client.get(f"/recalls/{name}/letter").status_code == 404


def test_the_code_on_a_letter_leads_to_where_it_is_answered(
    chain: Chain, case: Receipt, sign_in: SignIn
) -> None:
    _, text = page(sign_in(chain.pharmacy), case)
    link = f"http://localhost/recalls/{case.id}"
    assert str(qr_svg(link, link)) in text
    from scanner.label import QUIET, qr_modules

    dark = np.kron(qr_modules(link), np.ones((4, 4), bool))
    picture = np.pad(np.where(dark, 0, 255).astype(np.uint8), 4 * QUIET, constant_values=255)
    [found] = zxingcpp.read_barcodes(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR))
    assert found.text == link


def test_of_a_hold_the_holder_is_told_of_no_customers(
    chain: Chain, case: Receipt, sign_in: SignIn
) -> None:
    held = chain.log.submit(chain.hold(chain.scope(lots=["L1"])))
    query = f"?site={chain.pharmacy.site}"
    assert page(sign_in(chain.maker), held, query)[0] == 404
    assert page(sign_in(chain.authority), held, query)[0] == 200
    assert sign_in(chain.maker).get(f"/contacts?silent={held.id}").status_code == 403


def test_an_ended_hold_s_letter_says_so(chain: Chain, case: Receipt, sign_in: SignIn) -> None:
    held = chain.log.submit(chain.hold(chain.scope(lots=["L1"])))
    chain.log.submit(chain.lift(held))
    text = page(sign_in(chain.pharmacy), held)[1]
    assert "The hold is lifted: cleared." in text
    assert "none held" not in text


# The phone list


def test_the_phone_list_has_the_silent_with_their_numbers_and_what_did_not_reach_them(
    app: Flask, chain: Chain, case: Receipt, sign_in: SignIn
) -> None:
    desk = app.extensions[KEY].desk
    desk.contacts.keep(
        Contact(chain.pharmacy.site, "Recall desk", "gone@rx.example", "+441632960001")
    )
    with app.app_context(), force_locale("en_GB"):
        notices.make()
    [one] = desk.notices.take(chain.now, EMAIL)
    desk.notices.not_sent(one, chain.now, "The mail server refuses the address: 550", for_good=True)
    for who in (chain.maker, chain.authority):
        text = sign_in(who).get(f"/contacts?silent={case.id}").text
        assert "3 sites have not answered." in text
        assert "+44 1632 960001" in text
        assert "e-mail given up: The mail server refuses the address: 550" in text
        assert text.count("<strong>no number</strong>") == 2
    chain.log.submit(chain.answer(chain.pharmacy, case))
    text = sign_in(chain.authority).get(f"/contacts?silent={case.id}").text
    assert "2 sites have not answered." in text
    assert "+44 1632 960001" not in text


def test_the_phone_list_is_for_who_goes_after_the_silent(
    app: Flask, chain: Chain, case: Receipt, sign_in: SignIn
) -> None:
    address = f"/contacts?silent={case.id}"
    assert sign_in(chain.pharmacy).get(address).status_code == 403
    assert sign_in(chain.wholesaler).get(address).status_code == 403
    assert administrator(app, chain, chain.pharmacy).get(address).status_code == 403
    assert app.test_client().get(address).status_code == 401
    for name in ("", "x", "ab" * 32):
        assert sign_in(chain.authority).get(f"/contacts?silent={name}").status_code == 404


# The feed


def entries(client: FlaskClient) -> list[ElementTree.Element]:
    return ElementTree.fromstring(client.get("/recalls.atom").data).findall(f"{ATOM}entry")


def text_of(element: ElementTree.Element, name: str) -> str:
    return str(element.findtext(name))


def test_anybody_reads_what_is_recalled_in_the_feed(
    client: FlaskClient, chain: Chain, case: Receipt
) -> None:
    answer = client.get("/recalls.atom")
    assert answer.mimetype == "application/atom+xml"
    [entry] = entries(client)
    assert text_of(entry, f"{ATOM}title") == "Recall, class 2: Examplin 10 mg, L1 (ongoing)"
    told = {name: text_of(entry, f"{OURS}{name}") for name in
            ("status", "gtin", "lot", "class", "deadline", "reason", "depth")}  # fmt: skip
    assert told == {
        "status": "ongoing", "gtin": chain.gtin, "lot": "L1", "class": "2",
        "deadline": "2026-10-09T12:00:00Z", "reason": "glass & <particles>", "depth": "pharmacy",
    }  # fmt: skip
    assert entry.find(f"{ATOM}category").attrib["term"] == "recall"  # type: ignore[union-attr]
    index = chain.reader.index_of(case.id)
    links = {one.attrib["rel"]: one.attrib["href"] for one in entry.findall(f"{ATOM}link")}
    assert client.get(urlsplit(links["alternate"]).path).status_code == 200
    assert links["alternate"].endswith(f"/log/{index}")
    assert not any(one.site in answer.text for one in chain.members)


def test_the_feed_is_what_rfc_4287_asks(client: FlaskClient, chain: Chain, case: Receipt) -> None:
    chain.hours(1)
    held = chain.log.submit(chain.hold(chain.scope(lots=["L2"])))
    chain.hours(1)
    chain.log.submit(chain.lift(held))
    root = ElementTree.fromstring(client.get("/recalls.atom").data)
    assert root.tag == f"{ATOM}feed"
    found = [root, *root.findall(f"{ATOM}entry")]
    for one in found:  # 4.1.1, 4.1.2: exactly one of each
        for name in ("id", "title", "updated"):
            assert len(one.findall(f"{ATOM}{name}")) == 1
        assert text_of(one, f"{ATOM}author/{ATOM}name")
        when = datetime.fromisoformat(text_of(one, f"{ATOM}updated"))
        assert when.tzinfo is not None
        rels = [link.attrib.get("rel") for link in one.findall(f"{ATOM}link")]
        assert rels.count("alternate") == 1
    ids = [text_of(one, f"{ATOM}id") for one in found]
    assert len(set(ids)) == len(ids)
    assert all(urlsplit(one).scheme for one in ids)
    times = [text_of(one, f"{ATOM}updated") for one in found]
    assert times[0] == times[1]  # the feed is as new as its newest entry
    assert times[1:] == sorted(times[1:], reverse=True)
    assert root.find(f"{ATOM}link[@rel='self']").attrib["href"].endswith("/recalls.atom")  # type: ignore[union-attr]
    assert text_of(found[1], f"{ATOM}title").endswith("(lifted)")


def test_the_feed_of_a_log_without_recalls_is_a_feed(client: FlaskClient) -> None:
    root = ElementTree.fromstring(client.get("/recalls.atom").data)
    assert text_of(root, f"{ATOM}updated").startswith("2026-10-01T")
    assert root.findall(f"{ATOM}entry") == []


def test_who_asks_again_is_told_whether_anything_changed(
    client: FlaskClient, chain: Chain, case: Receipt
) -> None:
    tag = client.get("/recalls.atom").headers["ETag"]
    same = client.get("/recalls.atom", headers={"If-None-Match": tag})
    assert (same.status_code, same.data) == (304, b"")
    chain.commission("L9", 1)  # another statement is no change
    assert client.get("/recalls.atom", headers={"If-None-Match": tag}).status_code == 304
    before = text_of(entries(client)[0], f"{ATOM}id")
    chain.hours(1)
    chain.log.submit(chain.recall_close(case))
    assert client.get("/recalls.atom", headers={"If-None-Match": tag}).status_code == 200
    [entry] = entries(client)
    assert text_of(entry, f"{ATOM}id") == before
    assert text_of(entry, f"{OURS}status") == "completed"
    assert text_of(entry, f"{ATOM}updated") > text_of(entry, f"{ATOM}published")


def test_the_feed_is_in_the_reader_s_language_and_names_the_host_it_was_asked_at(
    client: FlaskClient, case: Receipt
) -> None:
    def asked(language: str, host: str) -> str:
        headers = {"Accept-Language": language, "Host": host}
        return client.get("/recalls.atom", headers=headers).text

    english, chinese = asked("en", "a.example"), asked("zh", "a.example")
    assert 'xml:lang="en"' in english
    assert 'xml:lang="zh-Hans"' in chinese
    for n in range(20):
        assert f'href="http://b{n}.example/recalls.atom"' in asked("en", f"b{n}.example")
    assert asked("en", "a.example") == english


def test_what_xml_cannot_hold_does_not_break_the_feed() -> None:
    from app.feed import _add

    parent = ElementTree.Element("x")
    _add(parent, "y", "a\x00b\x1fc\ufffed\U0001f48a\te")
    text = ElementTree.fromstring(ElementTree.tostring(parent)).find(f"{ATOM}y")
    assert text is not None
    assert text.text == "a\ufffdb\ufffdc\ufffdd\U0001f48a\te"
