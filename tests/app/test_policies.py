"""The policy in plain words, what another one changes, and what the log's statements would have met."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import policies
from ledger.errors import Malformed
from ledger.statement.forms import FORMS
from ledger.statement.parts import (
    FingerprintPolicy,
    Policy,
    ProductPolicy,
    See,
    Storage,
    check_policy,
)
from tests.app.conftest import SignIn
from tests.world import ROLES, Chain, policy


@pytest.fixture
def official(chain: Chain, sign_in: SignIn) -> FlaskClient:
    """Somebody of the authority."""
    return sign_in(chain.authority)


def proposal(chain: Chain, **changes: Any) -> dict[str, Any]:
    """Another policy in place of the one in force, as the page sends it."""
    told = msgspec.to_builtins(policy(**changes))
    return {"policy": told, "replaces": chain.reader.authority().policy_id, "days": 30}


def test_every_field_of_the_policy_has_its_words(app: Flask) -> None:
    named = {field.name for field in policies.FIELDS}
    lists = {"exportUndo", "fingerprint", "see", "sensitive", "roles", "products", "supplyBy"}
    assert named | lists == {field.encode_name for field in msgspec.structs.fields(Policy)}
    rule = ProductPolicy(fingerprint_ask=True, max_transit=48, storage=Storage(max=8, min=2))
    with app.test_request_context():
        told = policies.said_in_words(policy(products={"09521111000013": rule}))
        assert told["How far back a statement's own time may lie"] == "7 days"
        assert told["How long a supply can be undone"] == "10 days"
        assert "2 days under way, stored at 2 to 8 °C" in told["Product 09521111000013"]
        assert told["Product 09521111000013"].endswith("fingerprint is asked for")
        assert told["A site may keep sealed fingerprint templates of the lots it received"] == "no"
        assert told["What a party may sign as pharmacy"].startswith("close short, destroy")


@given(n=st.integers(0, 10**9), unit=st.sampled_from(sorted(policies.LASTING)))
def test_a_time_is_said_in_the_largest_unit_that_fits(n: int, unit: str) -> None:
    amount, name = policies.measured(n, unit)
    sizes = policies.units(unit)
    assert amount * sizes[name] == n
    larger = [size for size in sizes.values() if size > sizes[name]]
    assert n == 0 or all(n % size for size in larger)


def test_a_policy_asks_for_fingerprints_of_all_or_of_a_product() -> None:
    rule = ProductPolicy(fingerprint_ask=True, max_transit=48, storage=Storage(max=8, min=2))
    some = policy(products={"09521111000013": rule})
    assert some.asks_fingerprint("09521111000013")
    assert not some.asks_fingerprint("09521111000020")
    assert policy(fingerprint=FingerprintPolicy(ask=True)).asks_fingerprint("09521111000020")
    offline = policy(fingerprint=FingerprintPolicy(offline=True))
    assert (offline.asks_fingerprint("09521111000013"), offline.templates_offline) == (False, True)
    assert not policy().templates_offline


def test_a_policy_without_fingerprints_keeps_its_bytes() -> None:
    """Every policy made before keeps its id; what says nothing has no second form."""
    assert not {name for name in msgspec.to_builtins(policy()) if "ingerprint" in name}
    with pytest.raises(Malformed, match="or is left out"):
        check_policy(policy(fingerprint=FingerprintPolicy()))


def test_what_the_policy_says_and_nobody_follows_is_said(app: Flask) -> None:
    far = policy(see=See(down=0, up=3))
    with app.test_request_context():
        told = policies.said_in_words(far)
        up = told["How far up the chain a partner sees a pack's way"]
        assert up == "3 steps; 1 is shown whatever it says"
        assert policies.warnings(policy(), policy()) == []
        [warning] = policies.warnings(policy(), far)
        assert warning.startswith("Every partner sees one step up and one step down")


def test_what_differs_is_said_of_lists_by_what_comes_and_goes(app: Flask) -> None:
    roles = {**ROLES, "pharmacy": [one for one in ROLES["pharmacy"] if one != "supply"]}
    roles["wholesaler"] = []
    with app.test_request_context():
        assert policies.changes(policy(), policy()) == []
        found = {
            one.what: (one.before, one.after)
            for one in policies.changes(
                policy(), policy(undo_hours=1, roles=roles, sensitive=["lost"])
            )
        }
        assert found["How long a supply can be undone"] == ("10 days", "1 hour")
        assert found["What a party may sign as pharmacy"][1] == "no longer: supply"
        assert found["Acts that as many people sign"] == ("nothing", "now also: report a loss")
        assert set(found) == {
            "How long a supply can be undone", "What a party may sign as pharmacy",
            "What a party may sign as wholesaler", "Acts that as many people sign",
        }  # fmt: skip
        assert policies.warnings(policy(), policy(roles=roles)) == [
            "Nobody could sign any more: supply.",
            "Whose role is one of these could sign nothing any more: wholesaler.",
        ]


OPERATION_LISTS = st.lists(st.sampled_from(sorted(FORMS)), unique=True, max_size=3).map(sorted)
POLICIES = st.builds(
    policy,
    backdate=st.integers(0, 10**6), dispute_days=st.integers(0, 9), export_undo=st.booleans(),
    max_age=st.integers(1, 10**6), repeat_grace=st.integers(0, 9), scan_retention=st.integers(0, 9),
    undo_hours=st.integers(0, 99), threshold=st.integers(1, 4), sensitive=OPERATION_LISTS,
    see=st.builds(See, down=st.integers(0, 5), up=st.integers(0, 5)),
    roles=st.dictionaries(st.sampled_from(["pharmacy", "carrier"]), OPERATION_LISTS),
    supply_by=st.dictionaries(st.just("pharmacy"), st.just(["patient"])),
    fingerprint=st.sampled_from(
        [None, FingerprintPolicy(ask=True), FingerprintPolicy(offline=True), FingerprintPolicy(ask=True, offline=True)]
    ),
    products=st.dictionaries(
        st.just("09521111000013"),
        st.builds(
            ProductPolicy, fingerprint_ask=st.booleans(), max_transit=st.integers(1, 3),
            storage=st.builds(Storage, max=st.integers(5, 8), min=st.integers(-5, 5)),
        ),
    ),
)  # fmt: skip


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(one=POLICIES, field=st.sampled_from(msgspec.structs.fields(Policy)), other=POLICIES)
def test_no_difference_stays_hidden(app: Flask, one: Policy, field: Any, other: Policy) -> None:
    """Two policies that differ in one field alone are never said to be the same."""
    changed = msgspec.structs.replace(one, **{field.name: getattr(other, field.name)})
    with app.test_request_context():
        assert (policies.changes(one, changed) == []) == (one == changed)


def test_the_bounds_of_the_form_are_those_of_the_statement(
    chain: Chain, official: FlaskClient
) -> None:
    for field in policies.FIELDS:
        for value in (field.low - 1, field.high + 1):
            told = proposal(chain)
            told["policy"][field.name] = value
            answer = official.post("/api/policy/trials", json=told)
            assert (answer.status_code, answer.get_json()["code"]) == (400, "malformed"), field.name


def test_a_policy_is_tried_before_it_is_signed(chain: Chain, official: FlaskClient) -> None:
    packs = chain.commission("P1", 3)
    chain.act("lost", chain.maker, packs[:1])
    size = chain.reader.head().size
    roles = {**ROLES, "manufacturer": [one for one in ROLES["manufacturer"] if one != "lost"]}
    told = official.post("/api/policy/trials", json=proposal(chain, roles=roles)).get_json()
    assert (told["judged"], told["refused"], told["whole"]) == (size - 1, 1, True)  # but genesis
    [group] = told["groups"]
    assert (group["code"], group["examples"], group["act"]) == (
        "not-listed-op",
        [size - 1],
        "report a loss",
    )
    assert told["objection"] is None
    assert [one["what"] for one in told["changes"]] == ["What a party may sign as manufacturer"]
    same = official.post("/api/policy/trials", json=proposal(chain)).get_json()
    assert (same["changes"], same["refused"]) == ([], 0)
    assert chain.reader.head().size == size


def test_what_would_lock_everybody_out_or_is_stale_is_said(
    chain: Chain, official: FlaskClient
) -> None:
    told = official.post("/api/policy/trials", json=proposal(chain, threshold=4)).get_json()
    assert told["objection"]["code"] == "lockout"
    assert "Add authority keys first." in told["objection"]["words"]
    stale = proposal(chain)
    chain.log.submit(chain.policy_change(undo_hours=5))
    told = official.post("/api/policy/trials", json=stale).get_json()
    assert told["objection"]["code"] == "stale-policy"
    none = official.post("/api/policy/trials", json=proposal(chain, roles={})).get_json()
    assert none["warnings"][0].startswith("Nobody could sign any more: ")


def test_a_trial_that_cannot_be_read_says_so(
    chain: Chain, official: FlaskClient, sign_in: SignIn
) -> None:
    good = proposal(chain)
    bad: list[Any] = [
        [], {}, {**good, "policy": None}, {**good, "policy": {}}, {**good, "replaces": 5},
        {**good, "days": 0}, {**good, "days": 367}, {**good, "days": True}, {**good, "days": "30"},
        {**good, "policy": {**good["policy"], "more": 1}}, {**good, "policy": {**good["policy"], "backdate": 1.5}},
        {**good, "policy": {**good["policy"], "roles": {"king": []}}},
    ]  # fmt: skip
    for body in bad:
        answer = official.post("/api/policy/trials", json=body)
        assert (answer.status_code, answer.get_json()["code"]) == (400, "malformed"), body
    assert official.post("/api/policy/trials", data=b"\xff").status_code == 400
    assert sign_in(chain.maker).post("/api/policy/trials", json=good).status_code == 403


def test_the_page_shows_every_version_and_compares_any_two(
    chain: Chain, sign_in: SignIn, client: FlaskClient, official: FlaskClient
) -> None:
    chain.log.submit(chain.policy_change(undo_hours=5))
    chain.log.submit(chain.policy_change(undo_hours=6, backdate=3600))
    last = chain.reader.head().size - 1
    page = sign_in(chain.pharmacy)
    told = page.get("/policy").text
    assert "1 hour" in told
    assert told.count("What it changed") == 2
    told = page.get(f"/policy?old=0&new={last}").text
    assert f"From entry 0 to entry {last}" in told
    assert "10 days" in told
    assert "Nothing differs." in page.get(f"/policy?old={last}&new={last}").text
    for query in ("old=1&new=0", "old=x", "new=99999999999999999999", "old=-1"):
        assert page.get(f"/policy?{query}").status_code == 404
    assert client.get("/policy").status_code == 401
    assert page.get("/policy/new").status_code == 403
    assert "Change the key" in official.get("/policy/new").text  # an administrator signs
