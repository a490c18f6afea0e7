"""One press signs what one person has read, whatever a server, a scanner or a colleague does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from ledger.statement.dsse import key_id
from ledger.statement.governance import Sites
from ledger.tlog.ed25519 import public_of
from tests.browser.conftest import Fresh, Visit, Visitor, serve_fresh
from tests.browser.joined import join, press_sign, put_key, sign_in
from tests.browser.test_join import (
    PIN,
    RECEIVE,
    admin,
    answer,
    approve,
    arrived,
    invite,
    outcome,
    press,
    wait_ready,
)
from tests.world import gln, seed

__all__ = ["admin"]  # the fixture
RECEIVE_TWICE = """async ([first, second]) => {
  const { act } = await import("/static/sign/sign.js");
  const one = ([ids, shipment]) => act({ op: "receive", ids, fields: { shipment } });
  window.outcome = Promise.all([one(first), one(second)]);
}"""
DESTROY = """async (ids) => {
  const { act } = await import("/static/sign/sign.js");
  window.outcome = act({ op: "destroyed", ids });
}"""


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Fresh]:
    """A log for each test: what waits in one stands in the way of the next."""
    yield from serve_fresh(tmp_path / "log")


def test_a_press_signs_no_act_but_the_one_that_is_shown(fresh: Fresh, visit: Visit) -> None:
    """A double click, or two buttons in a row, ask for two acts at once."""
    visitor = join(visit(fresh), fresh, fresh.chain.pharmacy)
    visitor.page.evaluate(RECEIVE_TWICE, [arrived(fresh, "GUARD1"), arrived(fresh, "GUARD2")])
    size = fresh.chain.reader.head().size
    press_sign(visitor.page)
    first, second = visitor.page.evaluate("window.outcome")
    assert (first["status"], second) == ("landed", None)
    assert fresh.chain.reader.head().size == size + 1


def test_a_link_to_sign_in_leads_nowhere_else(fresh: Fresh, visit: Visit) -> None:
    """A browser drops tabs and line ends from an address: `/<tab>/host` would be another host."""
    visitor = visit(fresh)
    visitor.open("/login")
    put_key(visitor.page, fresh.chain.pharmacy.key, fresh.chain.pharmacy)
    for path in ("/%09/evil.example/", "/%0A/evil.example/", "//evil.example/", "/%5Cevil.example"):
        visitor.open(f"/login?next={path}")
        visitor.page.get_by_role("button", name="Sign in at").first.click()
        visitor.page.wait_for_url(lambda url: "/login" not in url)
        assert visitor.page.url == f"{fresh.url}/"


def test_a_wrong_pin_at_the_sign_in_is_typed_again(
    fresh: Fresh, visit: Visit, admin: Visitor
) -> None:
    visitor = visit(fresh)
    mark = answer(visitor, invite(admin, "person", "61"), "PIN, six digits or more", PIN)
    approve(admin, mark)
    wait_ready(visitor)
    visitor.open("/login")
    page = visitor.page
    page.evaluate("import('/static/sign/keys.js').then((keys) => keys.lock())")
    page.get_by_role("button", name="Sign in at").first.click()
    page.locator("#secret").fill("000000")
    page.keyboard.press("Enter")
    page.locator("#error").get_by_text("not right").wait_for()
    page.locator("#secret").fill(PIN)
    page.locator("#secret").press("Enter")
    page.wait_for_url(f"{fresh.url}/")


def test_the_same_person_at_the_same_station_is_no_second_one(
    fresh: Fresh, visit: Visit, admin: Visitor
) -> None:
    station = join(visit(fresh), fresh, fresh.chain.pharmacy)
    mark = answer(station, invite(admin, "person", "62"), "PIN, six digits or more", PIN)
    approve(admin, mark)
    wait_ready(station)
    station.open("/")
    packs, shipment = arrived(fresh, "GUARD3")
    station.page.evaluate(RECEIVE, [packs, shipment])
    press_sign(station.page)
    assert outcome(station.page)["status"] == "landed"
    station.page.evaluate(DESTROY, packs)
    press_sign(station.page)
    assert outcome(station.page)["status"] == "colleague"
    station.open("/waiting")
    press(station.page, "Look at it and sign")
    station.page.locator("#sign-error").get_by_text("signed this already").wait_for()


def test_the_mark_to_compare_is_of_the_key_that_is_signed(
    fresh: Fresh, visit: Visit, admin: Visitor
) -> None:
    """A server that shows one key's mark and has another approved: the dialog shows the other's."""
    wanted, other = visit(fresh), visit(fresh)
    mark = answer(wanted, invite(admin, "person", "63"), "Nothing")
    theirs = answer(other, invite(admin, "person", "63"), "Nothing")
    page = admin.page

    def altered(route: Any) -> None:
        body = route.fetch().text()
        head, begin, rest = body.partition('<script type="application/json" id="requests">')
        told, end, tail = rest.partition("</script>")
        requests = json.loads(told)
        pair = [one for one in requests if one["staff"] == "63"]
        for one, id_ in zip(pair, [one["id"] for one in reversed(pair)], strict=True):
            one["id"] = id_
        changed = json.dumps(requests).replace("<", "\\u003c")
        route.fulfill(body=head + begin + changed + end + tail, content_type="text/html")

    page.route("**/people", altered)
    admin.open("/people")
    page.locator(".requests li").filter(has_text=mark).get_by_role("button", name="Approve").click()
    page.locator("#sign-yes").wait_for()
    assert theirs in page.locator("#sign").inner_text()
    assert mark not in page.locator("#sign").inner_text()


def test_a_station_whose_people_have_left_still_signs(fresh: Fresh, visit: Visit) -> None:
    station = join(visit(fresh), fresh, fresh.chain.pharmacy)
    left = """async () => {
      const { me } = await import("/static/me.js");
      const keys = await import("/static/sign/keys.js");
      const about = { log: me.log, party: me.party, site: me.site, use: "person", staff: "64" };
      const { keyid } = await keys.make(about, keys.pin("417802"));
      await keys.lock();
      await keys.mark(keyid, "revoked");
    }"""
    station.page.evaluate(left)
    station.open("/")
    packs, shipment = arrived(fresh, "GUARD4")
    station.page.evaluate(RECEIVE, [packs, shipment])
    press_sign(station.page)
    assert outcome(station.page)["status"] == "landed"


def test_an_act_that_cannot_be_handed_to_a_colleague_says_so(fresh: Fresh, visit: Visit) -> None:
    visitor = join(visit(fresh), fresh, fresh.chain.maker)
    page = visitor.page
    page.route("**/api/waiting", lambda route: route.abort())
    page.evaluate(DESTROY, fresh.chain.commission("GUARD5", 1))
    press_sign(page)
    told = outcome(page)
    assert told["status"] == "refused"
    assert "cannot be reached" in told["problem"]["detail"]


def test_a_countersigned_act_that_is_not_sent_yet_is_not_taken_away(
    fresh: Fresh, visit: Visit
) -> None:
    chain = fresh.chain
    people = {}
    for name, staff in (("guard first", "65"), ("guard second", "66")):
        chain.log.submit(chain.key_add(chain.maker, name, use="person", staff=staff))
        people[name] = visit(fresh)
        people[name].open("/login")
        put_key(people[name].page, seed(name), chain.maker, use="person", staff=staff)
        sign_in(people[name], fresh)
    first, second = people.values()
    first.page.evaluate(DESTROY, chain.commission("GUARD6", 1))
    press_sign(first.page)
    assert outcome(first.page)["status"] == "colleague"
    second.open("/waiting")
    second.page.route("**/api/statements", lambda route: route.abort())
    press(second.page, "Look at it and sign")
    press_sign(second.page)
    second.page.locator("#outbox-words").get_by_text("waits to be sent").wait_for()
    second.open("/waiting")
    assert second.page.get_by_role("button", name="Look at it and sign").count() == 1


def test_time_goes_on_while_a_device_sleeps(fresh: Fresh, visit: Visit) -> None:
    """The monotonic clock of a browser stands still meanwhile on some systems; the wall's does not."""
    visitor = join(visit(fresh), fresh, fresh.chain.pharmacy)
    slept = """async () => {
      const { now } = await import("/static/sign/sign.js");
      const [before, real] = [now(), Date.now];
      Date.now = () => real() + 3_600_000;
      return now() - before;
    }"""
    assert visitor.page.evaluate(slept) >= 3_600_000


def test_an_old_tab_makes_way_for_a_newer_store(fresh: Fresh, visit: Visit) -> None:
    visitor = join(visit(fresh), fresh, fresh.chain.pharmacy)
    newer = """() => new Promise((done) => {
      const asked = indexedDB.open("packtrace", 2);
      asked.onsuccess = () => { asked.result.close(); done("open"); };
      asked.onblocked = () => done("blocked");
    })"""
    assert visitor.page.evaluate(newer) == "open"


def test_a_browser_that_keeps_nothing_says_so(fresh: Fresh, visit: Visit) -> None:
    visitor = visit(fresh)
    visitor.page.add_init_script(
        "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); }"
    )
    visitor.open("/login")
    visitor.page.get_by_role("heading", name="This browser keeps nothing").wait_for()


def test_an_act_waits_until_people_enough_have_signed(fresh: Fresh, visit: Visit) -> None:
    """A station's signature says where, not who: two people sign after it."""
    chain = fresh.chain
    station = join(visit(fresh), fresh, chain.maker)
    station.page.evaluate(DESTROY, chain.commission("GUARD7", 1))
    press_sign(station.page)
    assert outcome(station.page)["status"] == "colleague"
    size = chain.reader.head().size
    for staff in ("67", "68"):
        chain.log.submit(chain.key_add(chain.maker, f"guard {staff}", use="person", staff=staff))
        person = visit(fresh)
        person.open("/login")
        put_key(person.page, seed(f"guard {staff}"), chain.maker, use="person", staff=staff)
        sign_in(person, fresh)
        person.open("/waiting")
        press(person.page, "Look at it and sign")
        with person.page.expect_navigation():
            press_sign(person.page)
        assert ("Nothing waits." in person.words) == (staff == "68")
    assert chain.reader.head().size == size + 3  # two keys, and the act


def test_one_signature_is_enough_where_the_policy_says_so(fresh: Fresh, visit: Visit) -> None:
    chain = fresh.chain
    packs = chain.commission("GUARD8", 1)
    chain.log.submit(chain.policy_change(threshold=1))
    visitor = join(visit(fresh), fresh, chain.maker)
    visitor.page.evaluate(DESTROY, packs)
    press_sign(visitor.page)
    assert outcome(visitor.page)["status"] == "landed"


def test_a_leaver_s_number_at_another_site_is_somebody_else_s(
    fresh: Fresh, visit: Visit, admin: Visitor
) -> None:
    """Staff numbers are each site's own."""
    chain = fresh.chain
    who = chain.pharmacy
    [first] = chain.sites(who).statement.body.sites
    second = replace(first, gln=gln("952111300777"), name="Second site")
    pair = sorted((first, second), key=lambda one: one.gln)
    chain.log.submit(chain.governance(Sites, party=who.gln, sites=pair))
    for name, site in (("here", who.site), ("there", second.gln)):
        add = chain.key_add(who, f"guard {name}", use="person", staff="69", sites=[site])
        chain.log.submit(add)
    admin.open("/people")
    form = admin.page.locator(f"section[aria-labelledby=site-{who.site}] form[data-staff='69']")
    form.get_by_role("button", name="Revoke").click()
    with admin.page.expect_navigation():
        press_sign(admin.page)
    keys = chain.reader.authority().keys
    revoked = [
        keys[key_id(public_of(seed(f"guard {one}")))].revoked >= 0 for one in ("here", "there")
    ]
    assert revoked == [True, False]


def test_who_was_turned_down_waits_no_longer(fresh: Fresh, visit: Visit, admin: Visitor) -> None:
    visitor = visit(fresh)
    answer(visitor, invite(admin, "person", "70"), "Nothing")
    admin.open("/people")
    with admin.page.expect_navigation():
        press(admin.page, "Turn down")
    visitor.page.locator("#progress").get_by_text("is over or was withdrawn").wait_for()


def test_what_a_browser_cannot_keep_is_not_sent_and_said(fresh: Fresh, visit: Visit) -> None:
    """Its disk is full, or somebody cleared it meanwhile."""
    visitor = join(visit(fresh), fresh, fresh.chain.pharmacy)
    page, size = visitor.page, fresh.chain.reader.head().size
    packs = arrived(fresh, "GUARD9")
    full = """() => {
      IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };
    }"""
    page.evaluate(full)
    page.evaluate(RECEIVE, packs)
    press_sign(page)
    page.locator("#sign-error").get_by_text("could not keep").wait_for()
    press(page, "Close")
    assert outcome(page) is None
    assert fresh.chain.reader.head().size == size + 2  # the packs' own way here
