"""From an invitation to a signed act, in as many browsers as there are people; without a mouse."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page

from ledger.proof import verify
from ledger.statement import dsse
from ledger.statement.events import Event
from ledger.statement.submission import Statement
from tests.browser.conftest import Fresh, Visit, Visitor
from tests.browser.joined import join, press_sign, put_key, sign_in
from tests.world import Member, seed

RECEIVE = """async ([ids, shipment]) => {
  const { act } = await import("/static/sign/sign.js");
  window.outcome = act({ op: "receive", ids, fields: { shipment } });
}"""
PIN = "417802"
BADGE = "BADGE-7c1f04e9b2aa"


@pytest.fixture
def admin(fresh: Fresh, visit: Visit) -> Visitor:
    """The pharmacy's administrator, signed in by a key of their own browser."""
    visitor: Visitor = visit(fresh)
    visitor.open("/login")
    who = fresh.chain.pharmacy
    put_key(visitor.page, who.admin, who, use="admin", site="")
    return sign_in(visitor, fresh)


def press(page: Page, name: str) -> None:
    """Press a button as somebody without a mouse does."""
    button = page.get_by_role("button", name=name, exact=True)
    button.focus()
    page.keyboard.press("Enter")


def invite(admin: Visitor, use: str, staff: str = "", name: str = "") -> str:
    """Fill in the form; the link that it gives."""
    admin.open("/people")
    page = admin.page
    page.get_by_label("The key is for").select_option(use)
    page.get_by_label("Staff number, for a person").fill(staff)
    page.get_by_label("Name, for this site's own list").fill(name)
    press(page, "Make an invitation")
    link = page.locator("#invited-link")
    link.wait_for()
    return link.inner_text()


def answer(visitor: Visitor, link: str, how: str = "", secret: str = "") -> str:
    """Make a key for an invitation; the fingerprint that the page shows."""
    page = visitor.page
    page.goto(link)
    page.get_by_role("button", name="Make my key").wait_for()
    if how:
        page.get_by_label(how).check()
    if secret:
        page.get_by_label("PIN, or the badge's code").fill(secret)
    press(page, "Make my key")
    page.locator("#asked .fingerprint .code").wait_for()
    return page.locator("#asked .fingerprint .code").inner_text()


def approve(admin: Visitor, mark: str) -> None:
    """Compare the fingerprint, and sign the approval."""
    admin.open("/people")
    page = admin.page
    assert mark in [one.inner_text() for one in page.locator(".requests .fingerprint .code").all()]
    press(page, "Approve")
    with page.expect_navigation():
        press_sign(page)


def wait_ready(visitor: Visitor) -> None:
    visitor.page.locator("#ready").wait_for()


def add_authenticator(page: Page) -> None:
    """A device's own authenticator, which verifies its user, as Chromium simulates it."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal", "hasPrf": True,
        "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }  # fmt: skip
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def signed_by(fresh: Fresh, statement_id: str) -> list[str]:
    """The staff numbers of those who signed a statement, "" for a station."""
    logged = fresh.chain.reader.find(statement_id)
    keys = fresh.chain.reader.authority().keys
    lines = Statement.parse(logged.envelope).envelope.signatures
    return sorted(keys[line.keyid].staff for line in lines)


def arrived(fresh: Fresh, lot: str, to: Member | None = None) -> tuple[list[str], str]:
    """Packs under way to the pharmacy, and their shipment."""
    chain = fresh.chain
    packs = chain.commission(lot, 2)
    return packs, chain.ship(chain.maker, packs, to or chain.pharmacy).id


def outcome(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("window.outcome")
    return found


def test_a_station_and_its_people_join_and_sign_together(
    fresh: Fresh, visit: Visit, admin: Visitor
) -> None:
    station = visit(fresh)
    mark = answer(station, invite(admin, "station"))
    approve(admin, mark)
    wait_ready(station)
    sign_in(station, fresh)

    for staff, name, how, secret in (
        ("12", "Kim", "PIN, six digits or more", PIN),
        ("15", "Ada", "Badge: scan its code", BADGE),
    ):
        mark = answer(station, invite(admin, "person", staff, name), how, secret)
        approve(admin, mark)
        wait_ready(station)
    station.open("/")
    assert "15 Ada" in station.page.locator("#at-station").inner_text()  # who made their key last
    press(station.page, "Lock")
    station.page.locator("#at-station").get_by_text("Nobody at the station").wait_for()

    packs, shipment = arrived(fresh, "JOIN1")
    page = station.page
    page.evaluate(RECEIVE, [packs, shipment])
    page.locator("#person-secret").wait_for()
    page.get_by_label("12 Kim").check()
    page.locator("#person-secret").fill("000000")
    page.keyboard.press("Enter")
    page.locator("#person-error").get_by_text("not right").wait_for()
    page.locator("#person-secret").fill(PIN)
    page.keyboard.press("Enter")
    page.locator("#sign-yes").wait_for()
    assert "12 Kim" in page.locator("#sign-by").inner_text()
    press_sign(page)
    told = outcome(page)
    assert told["status"] == "landed"
    assert signed_by(fresh, told["id"]) == ["", "12"]

    # Somebody else takes over, by their badge.
    press(page, "Change")
    page.get_by_label("15 Ada").check()
    page.locator("#person-secret").fill(BADGE)
    page.keyboard.press("Enter")
    page.locator("#at-station").get_by_text("15 Ada").wait_for()
    packs, shipment = arrived(fresh, "JOIN2")
    page.evaluate(RECEIVE, [packs, shipment])
    press_sign(page)
    assert signed_by(fresh, outcome(page)["id"]) == ["", "15"]

    # They leave: all their keys end in one press, and what they sign no longer counts.
    admin.open("/people")
    form = admin.page.locator("form[data-staff='15']")
    form.get_by_role("button", name="Revoke").focus()
    admin.page.keyboard.press("Enter")
    with admin.page.expect_navigation():
        press_sign(admin.page)
    packs, shipment = arrived(fresh, "JOIN3")
    page.evaluate(RECEIVE, [packs, shipment])
    press_sign(page)
    told = outcome(page)
    assert (told["status"], told["problem"]["code"]) == ("refused", "key-revoked")
    page.locator("#outbox").wait_for()
    assert "Not done: Receive: 2 packs" in page.locator("#outbox").inner_text()
    press(page, "I have seen it")
    page.locator("#outbox").wait_for(state="hidden")


def test_a_passkey_unlocks_a_person_s_key(fresh: Fresh, visit: Visit, admin: Visitor) -> None:
    # A passkey belongs to a host name, never to an address.
    named = replace(fresh, url=fresh.url.replace("127.0.0.1", "localhost"))
    visitor = visit(named)
    add_authenticator(visitor.page)
    link = invite(admin, "person", "21", "Lin")
    mark = answer(visitor, link.replace(fresh.url, named.url), "Passkey")
    approve(admin, mark)
    wait_ready(visitor)
    visitor.open("/login")
    visitor.page.evaluate("import('/static/sign/keys.js').then((keys) => keys.lock())")
    visitor.page.get_by_role("button", name="Sign in at").first.click()
    visitor.page.wait_for_url(f"{named.url}/")
    assert "21 Lin" in visitor.page.locator("#at-station").inner_text()


def test_a_person_s_key_is_locked_after_the_site_s_minutes(
    fresh: Fresh, visit: Visit, admin: Visitor
) -> None:
    station = visit(fresh)
    join(station, fresh, fresh.chain.pharmacy)
    mark = answer(station, invite(admin, "person", "31", "Noor"), "PIN, six digits or more", PIN)
    approve(admin, mark)
    wait_ready(station)
    page = station.page
    station.open("/")
    assert "31 Noor" in page.locator("#at-station").inner_text()
    long_ago = """async () => {
      const { store } = await import("/static/sign/store.js");
      for (const one of await store("open").all()) {
        await store("open").put({ ...one, used: Date.now() - 11 * 60_000 });
      }
    }"""
    page.evaluate(long_ago)
    page.reload()
    page.locator("#at-station").get_by_text("Nobody at the station").wait_for()
    assert (
        page.evaluate("import('/static/sign/store.js').then(({store}) => store('open').all())")
        == []
    )  # the opened key is gone, not only unseen


def test_a_pin_of_few_digits_makes_no_key(fresh: Fresh, visit: Visit, admin: Visitor) -> None:
    visitor = visit(fresh)
    page = visitor.page
    page.goto(invite(admin, "person", "41"))
    page.get_by_label("PIN, or the badge's code").fill("1234")
    press(page, "Make my key")
    page.get_by_text("A PIN has six to twelve digits.").wait_for()
    kept = page.evaluate("import('/static/sign/store.js').then(({store}) => store('keys').all())")
    assert kept == []


def test_a_server_that_sends_other_bytes_to_approve_than_it_shows_is_refused(
    fresh: Fresh, visit: Visit, admin: Visitor
) -> None:
    """The page says staff 51 at a counter; the bytes would give the key another number."""
    visitor = visit(fresh)
    answer(visitor, invite(admin, "person", "51"), "Nothing")
    page = admin.page

    def altered(route: Any) -> None:
        body = route.fetch().text()
        head, mark, rest = body.partition('<script type="application/json" id="requests">')
        told, end, tail = rest.partition("</script>")
        requests = json.loads(told)
        for one in requests:
            envelope = json.loads(one["envelope"])
            payload = dsse.canonical({**json.loads(b64decode(envelope["payload"])), "staff": "99"})
            envelope["payload"] = dsse.base64_text(payload)
            one["envelope"] = json.dumps(envelope)
        changed = json.dumps(requests).replace("<", "\\u003c")
        route.fulfill(body=head + mark + changed + end + tail, content_type="text/html")

    page.route("**/people", altered)
    admin.open("/people")
    size = fresh.chain.reader.head().size
    page.locator(".requests li").filter(has_text="51").get_by_role("button", name="Approve").click()
    page.locator("#sign-error").get_by_text("Nothing was signed").wait_for()
    assert fresh.chain.reader.head().size == size


def test_an_act_that_needs_two_people_waits_for_a_colleague(fresh: Fresh, visit: Visit) -> None:
    chain = fresh.chain
    maker, packs = chain.maker, chain.commission("JOIN9", 2)
    people = {}
    for name, staff in (("first", "8"), ("colleague", "9")):
        chain.log.submit(chain.key_add(maker, name, use="person", staff=staff))
        people[name] = visit(fresh)
        people[name].open("/login")
        put_key(people[name].page, seed(name), maker, use="person", staff=staff)
        sign_in(people[name], fresh)
    first, second = people["first"], people["colleague"]
    destroy = """async (ids) => {
      const { act } = await import("/static/sign/sign.js");
      window.outcome = act({ op: "destroyed", ids });
    }"""
    first.page.evaluate(destroy, packs)
    press_sign(first.page)
    assert outcome(first.page)["status"] == "colleague"
    first.open("/waiting")
    press(first.page, "Look at it and sign")  # the same person cannot be the second one
    first.page.locator("#sign-error").get_by_text("signed this already").wait_for()

    second.open("/waiting")
    press(second.page, "Look at it and sign")
    second.page.locator("#sign-yes").wait_for()
    assert "Record as destroyed" in second.page.locator("#sign").inner_text()
    with second.page.expect_navigation():
        press_sign(second.page)
    assert "Nothing waits." in second.words
    event = Statement.parse(chain.reader.logged(chain.reader.head().size - 1).envelope).body
    assert isinstance(event, Event)
    assert event.op == "destroyed"


def test_a_passkey_is_the_second_factor_of_an_act_that_needs_one(
    fresh: Fresh, visit: Visit
) -> None:
    """Its assertion is a signature on the statement, which the proof bundle carries and verifies."""
    chain, named = fresh.chain, replace(fresh, url=fresh.url.replace("127.0.0.1", "localhost"))
    maker, [pack] = chain.maker, chain.commission("JOIN10", 1)
    visitor = visit(named)
    add_authenticator(visitor.page)
    join(visitor, named, maker)
    visitor.open("/account")
    press(visitor.page, "Add a passkey as second factor")
    visitor.page.wait_for_url("**/join/*")
    mark = answer(visitor, visitor.page.url)
    boss = visit(named)
    boss.open("/login")
    put_key(boss.page, maker.admin, maker, use="admin", site="")
    sign_in(boss, named)
    approve(boss, mark)
    wait_ready(visitor)

    visitor.open("/")
    destroy = """async (ids) => {
      const { act } = await import("/static/sign/sign.js");
      window.outcome = act({ op: "destroyed", ids });
    }"""
    visitor.page.evaluate(destroy, [pack])
    visitor.page.get_by_label("My passkey, now").wait_for()
    press_sign(visitor.page)
    told = outcome(visitor.page)
    assert told["status"] == "landed", told
    envelope = Statement.parse(chain.reader.find(told["id"]).envelope).envelope
    assert [line.webauthn is not None for line in envelope.signatures].count(True) == 1
    bundle = chain.answers.bundle([pack], maker.site)
    proven = verify(bundle, chain.trust)
    assert proven.statements[-1].envelope == envelope
