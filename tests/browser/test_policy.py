"""A policy is changed by two people, who see first what differs and what the past would have met."""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import expect

from ledger.errors import Malformed
from ledger.statement import dsse
from ledger.statement.governance import parse_governance
from ledger.statement.parts import FingerprintPolicy, ProductPolicy, Storage
from tests.browser.conftest import Fresh, Site, Visit, serve_fresh
from tests.browser.joined import press_sign
from tests.browser.signing import WRONG, Browser
from tests.browser.test_every_page import faults
from tests.browser.test_two_hands import official
from tests.world import ORIGIN, gln, gtin, policy


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Fresh]:
    """A log of its own: what is decided here stays."""
    yield from serve_fresh(tmp_path / "log")


def test_a_policy_is_tried_signed_and_countersigned(fresh: Fresh, visit: Visit) -> None:
    chain = fresh.chain
    packs = chain.commission("POL1", 3)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    chain.act("supply", chain.pharmacy, packs[:1])
    supplied = chain.reader.head().size - 1
    first, second = official(visit, fresh, 1), official(visit, fresh, 2)
    page = first.page
    first.open("/policy")
    page.get_by_role("link", name="Propose another policy").click()
    tried, sign = page.locator("#tried"), page.get_by_role("button", name="Sign this policy")

    # One that locks everybody out is not to be signed, and says so.
    page.locator("#threshold").fill("4")
    page.get_by_role("button", name="See what differs").click()
    expect(page.locator("#objection")).to_contain_text("Enough authority keys must remain")
    expect(sign).to_be_disabled()

    # What was tried is gone as soon as the form says something else.
    page.locator("#threshold").fill("2")
    expect(tried).to_be_hidden()
    page.get_by_label("Unit: How long a supply can be undone").select_option("hours")
    page.locator("#undoHours").fill("12")
    page.get_by_label("Ask for it with each scan of an enrolled pack").check()
    page.get_by_text("What a party may sign as pharmacy").click()
    page.locator("[name='roles.pharmacy'][value=supply]").uncheck()
    for _ in range(2):
        page.get_by_role("button", name="Add a product").click()
        rule = page.get_by_role("group", name="A product").last
        rule.get_by_label("GTIN").fill(chain.gtin)
        rule.get_by_label("At most under way", exact=True).fill("2")
        rule.get_by_label("Lowest °C in store").fill("2")
        rule.get_by_label("Highest °C in store").fill("8")
    page.get_by_role("button", name="See what differs").click()
    expect(page.locator("#error")).to_contain_text("Two rules are about the product")
    rule.get_by_role("button", name="Take this rule away").click()
    page.get_by_role("button", name="See what differs").click()
    expect(page.locator("#changes")).to_contain_text("no longer: supply")
    expect(page.locator("#warnings")).to_contain_text("Nobody could sign any more: supply.")
    expect(page.locator("#judged")).to_contain_text("1 would have been refused.")
    expect(page.locator("#groups").get_by_role("link")).to_have_attribute(
        "href", f"/log/{supplied}"
    )

    assert faults(first) == []

    sign.click()
    expect(page.locator("#sign-words")).to_contain_text("12 hours")
    press_sign(page)
    page.wait_for_url("**/waiting")
    second.open("/waiting")
    assert "no longer: supply" in second.words
    second.page.get_by_role("button", name="Look at it and sign").click()
    expect(second.page.locator("#sign-words")).to_contain_text(
        "at most 2 days under way, 2 to 8 °C"
    )
    expect(second.page.locator("#sign-words")).to_contain_text(f"Examplin 10 mg, GTIN {chain.gtin}")
    with second.page.expect_navigation():
        press_sign(second.page)
    told = chain.reader.authority().policy
    assert (told.undo_hours, told.products[chain.gtin].max_transit) == (12, 48)
    assert told.backdate == policy().backdate  # shown in days, kept in seconds
    assert told.fingerprint == FingerprintPolicy(ask=True)
    assert "supply" not in told.roles["pharmacy"]
    assert told.see == policy().see
    second.open("/policy")
    second.page.get_by_role("link", name="What it changed").click()
    expect(second.page.get_by_role("region", name="Differences")).to_contain_text(
        "no longer: supply"
    )


def objects(value: Any) -> Iterator[Any]:
    """Every object and list within a value, itself among them."""
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from objects(inner)


def damaged(form: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """A policy statement with one thing changed somewhere: gone, exchanged, or one more."""
    changed: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(form))
    target = chance.choice(list(objects(changed)))
    values = [*WRONG, -1, 1, 5, 2**53, "supply", "pharmacy", False, {"max": 8, "min": 9}]
    if isinstance(target, list):
        target.insert(chance.randint(0, len(target)), chance.choice(values))
    elif chance.random() < 0.3 and target:
        del target[chance.choice(list(target))]
    else:
        names = [*target, "pharmacy", "king", gtin("0952111100001"), "more", "fingerprintAsk"]
        target[chance.choice(names)] = chance.choice(values)
    return changed


def test_the_browser_takes_the_policies_that_the_log_takes(bare: Site, visit: Visit) -> None:
    rule = ProductPolicy(fingerprint_ask=True, max_transit=48, storage=Storage(max=8, min=-2))
    full = policy(
        fingerprint=FingerprintPolicy(ask=True, offline=True),
        products={gtin("0952111100001"): rule}, sensitive=["lost", "supply"],
        supply_by={"pharmacy": ["patient"]},
    )  # fmt: skip
    form = {
        "by": gln("952111000000"), "log": ORIGIN, "nonce": "ab" * 16, "replaces": "cd" * 32,
        "policy": msgspec.to_builtins(full), "time": "2026-10-01T08:00:00Z", "type": "policy",
    }  # fmt: skip
    chance = random.Random(8)
    payloads = [dsse.canonical(form)]
    payloads += [dsse.canonical(damaged(form, chance)) for _ in range(2000)]
    taken = []
    for payload in payloads:
        try:
            parse_governance(payload)
            taken.append(True)
        except Malformed:
            taken.append(False)
    found = Browser(visit, bare).run(
        "return Promise.all(given.map((one) => refusal(() => sign.readGovernance(sign.base64Bytes(one)))));",
        [b64encode(payload).decode() for payload in payloads],
    )
    assert [why for why in found if why.startswith("not meant")] == []
    assert [
        p for p, yes, why in zip(payloads, taken, found, strict=True) if yes != (why == "")
    ] == []
    assert taken[0]
    assert 50 < sum(taken) < 1900
