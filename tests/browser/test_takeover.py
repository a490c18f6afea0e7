"""Unfinished work at a shared station: whoever is there takes it over, and signs it as their own."""

from __future__ import annotations

from base64 import b64encode

from playwright.sync_api import expect

from ledger.statement.dsse import key_id
from ledger.statement.submission import Statement
from ledger.tlog.ed25519 import public_of
from tests.browser.conftest import Fresh, Visit
from tests.browser.joined import join
from tests.browser.test_dispatch import Dispatch
from tests.world import seed

# A person's key, sealed by a PIN as the page /join keeps it.
SEALED = """async ([pkcs8, raw, about, pin]) => {
  const keys = await import("/static/sign/keys.js");
  const { store } = await import("/static/sign/store.js");
  const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const extractable = await crypto.subtle.importKey("pkcs8", bytes(pkcs8), "Ed25519", true, ["sign"]);
  const salt = crypto.getRandomValues(new Uint8Array(16)), iv = crypto.getRandomValues(new Uint8Array(12));
  const from = await crypto.subtle.importKey("raw", keys.pin(pin).secret, "PBKDF2", false, ["deriveKey"]);
  const by = await crypto.subtle.deriveKey(
    { name: "PBKDF2", hash: "SHA-256", salt, iterations: 1000 }, from,
    { name: "AES-GCM", length: 256 }, false, ["wrapKey"],
  );
  const wrapped = await crypto.subtle.wrapKey("pkcs8", extractable, by, { name: "AES-GCM", iv });
  const sealed = { how: "pin", salt, iv, iterations: 1000, bytes: new Uint8Array(wrapped) };
  await store("keys").put({ ...about, raw: bytes(raw), sealed, state: "ready", created: 2 });
}"""
OPEN = """async ([keyid, pin]) => {
  const keys = await import("/static/sign/keys.js");
  const { me } = await import("/static/me.js");
  const record = (await keys.all(me.log)).find((one) => one.keyid === keyid);
  await keys.unlock(record, keys.pin(pin));
}"""
PIN = "135790"


def test_a_dispatch_that_a_leaver_began_is_taken_over_and_signed_by_who_is_there(
    fresh: Fresh, visit: Visit
) -> None:
    chain, maker = fresh.chain, fresh.chain.maker
    packs = chain.commission("TAKE1", 1)
    dispatch = Dispatch(join(visit(fresh), fresh, maker), fresh)
    people = {}
    for name, staff in (("leaver", "61"), ("stayer", "62")):
        chain.log.submit(chain.key_add(maker, name, use="person", staff=staff))
        raw = public_of(seed(name))
        people[staff] = key_id(raw)
        about = {
            "keyid": key_id(raw), "log": chain.origin, "party": maker.gln, "site": maker.site,
            "use": "person", "staff": staff,
        }  # fmt: skip
        pkcs8 = bytes.fromhex("302e020100300506032b657004220420") + seed(name)
        told = [b64encode(pkcs8).decode(), b64encode(raw).decode(), about, PIN]
        dispatch.page.evaluate(SEALED, told)
    dispatch.page.evaluate(OPEN, [people["61"], PIN])
    dispatch.at().to("Wholesaler").scan(packs[0], lot="TAKE1").has("1 item, 1 pack")
    expect(dispatch.page.locator("#kept")).to_have_text("Kept in this browser.")

    dispatch.page.evaluate(OPEN, [people["62"], PIN])
    dispatch.visitor.open("/")
    line = dispatch.page.locator("#draft-lines li")
    expect(line).to_contain_text("Take over: Dispatch")
    expect(line).to_contain_text("begun by 61")
    with dispatch.page.expect_navigation():
        dispatch.enter(line.get_by_role("link"))
    dispatch.has("1 item, 1 pack")
    envelope = Statement.parse(chain.reader.find(dispatch.sign()).envelope).envelope
    keys = chain.reader.authority().keys
    assert sorted(keys[one.keyid].staff for one in envelope.signatures) == ["", "62"]
