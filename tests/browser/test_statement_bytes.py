"""The bytes that a browser signs are Python's, byte for byte.

Runs the vectors of tests/ledger/statement/test_vectors.py through the page's own modules.
"""

from __future__ import annotations

import json
import random
from base64 import b64decode, b64encode
from typing import Final

import pytest

from ledger.errors import Malformed
from ledger.statement import dsse, gs1
from ledger.statement.items import Item, Tree
from tests.browser.conftest import Site, Visit
from tests.browser.signing import GTIN, Browser, damaged, key_of, random_event, with_keys
from tests.ledger.statement.test_vectors import OPERATIONS, READERS, REFUSED, VECTORS, made
from tests.world import ORIGIN, gln

ENVELOPES: Final = json.loads((VECTORS / "envelopes.json").read_bytes())
PASSKEYS: Final = json.loads((VECTORS / "webauthn.json").read_bytes())
TREES: Final = json.loads((VECTORS / "items.json").read_bytes())
RANDOM_EVENTS: Final = 400


@pytest.fixture
def browser(bare: Site, visit: Visit) -> Browser:
    """A stranger's browser."""
    return Browser(visit, bare)


def test_each_act_has_the_bytes_of_the_vectors(browser: Browser) -> None:
    cases = OPERATIONS["cases"]
    given = [with_keys(case, OPERATIONS["keys"]) for case in cases]
    found = browser.run("return Promise.all(given.map(make));", given)
    for case, told in zip(cases, found, strict=True):
        assert {name: case[name] for name in told} == told, case["name"]


def test_the_browser_reads_back_what_it_signs(browser: Browser) -> None:
    cases = [case for case in OPERATIONS["cases"] if case["payloadType"] != dsse.LOGIN]
    read = browser.run(
        """return given.map(({ payloadType, payload }) => {
          const read = payloadType === sign.EVENT ? sign.readEvent : sign.readGovernance;
          return read(sign.base64Bytes(payload));
        });""",
        cases,
    )
    for case, told in zip(cases, read, strict=True):
        committed = {name: told.pop(name, None) for name in ("items", "over", "missing")}
        assert told == case["fields"], case["name"]
        if case["payloadType"] == dsse.EVENT:
            assert {k: v is not None for k, v in committed.items()} == {
                k: k in case for k in committed
            }


def test_the_older_vectors_hold_in_the_browser(browser: Browser) -> None:
    keys = {key["keyid"]: key for key in ENVELOPES["keys"].values()}
    given = []
    for case in ENVELOPES["cases"]:
        signed = json.loads(case["envelope"])["signatures"]
        given.append({**case, "keys": [keys[line["keyid"]] for line in signed][::-1]})
    found = browser.run(
        """return Promise.all(given.map(async ({ payload: text, payloadType: type, keys }) => {
          const payload = sign.utf8(text);
          if (type === sign.EVENT) sign.readEvent(payload);
          if (type === sign.GOVERNANCE) sign.readGovernance(payload);
          const lines = await Promise.all(
            keys.map(async (one) => sign.signatureLine(await keyOf(one), type, payload)),
          );
          const envelope = sign.envelope(type, payload, lines);
          return [await sign.statementId(type, payload), JSON.stringify(envelope)];
        }));""",
        given,
    )
    assert found == [[case["pae_sha256_is_id"], case["envelope"]] for case in given]


def test_a_passkeys_signature_keeps_what_was_asked_of_it(browser: Browser) -> None:
    texts = [case["envelope"] for case in PASSKEYS["cases"]]
    found = browser.run(
        """return given.map((text) => {
          const { payload, payloadType, signatures } = JSON.parse(text);
          const envelope = sign.envelope(payloadType, sign.base64Bytes(payload), signatures.reverse());
          return sign.textOf(sign.canonical(envelope));
        });""",
        texts,
    )
    assert found == texts


def test_items_lead_to_the_roots_of_the_vectors(browser: Browser) -> None:
    given = []
    for case in TREES:
        items, known = case["items"], case["paths"]
        extras = {item: path["extra"] for item, path in known.items() if path["extra"]}
        if isinstance(items, dict):  # a thousand, by rule
            rule, numbers = items, range(items["from"], items["to"] + 1)
            items = [f"{rule['prefix']}{n:0{rule['digits']}d}" for n in numbers]
            extras = {items[n]: thousandth(n) for n in numbers if n % 3 == 2}
        elif len(items) == 8:
            extras = {items[n]: thousandth(n) for n in range(8) if n % 3 == 2}
        given.append([items[::-1], case["secret"], extras])
    found = browser.run(
        "return Promise.all(given.map(([ids, by, more]) => sign.commit(ids, sign.bytesOf(by), more)));",
        given,
    )
    assert found == [case["packtrace:items"] for case in TREES]


def thousandth(number: int) -> str:
    """The extra of an item of the vectors, by their rule."""
    return dsse.sha256(b"extra" + number.to_bytes(4, "big")).hexdigest()


def test_five_thousand_packs_are_committed_to_and_signed(browser: Browser) -> None:
    ids = [gs1.sgtin(GTIN, f"S{n}") for n in range(5000)]
    key = key_of("k")
    fields = {"op": "supply", "by": gln("952123400000"), "site": gln("952123400001"), "log": ORIGIN}
    case = {
        "payloadType": dsse.EVENT, "secret": "5a" * 32, "items": ids, "keys": ["k"],
        "fields": {**fields, "nonce": "00" * 16, "timeMs": 1795496400000},
    }  # fmt: skip
    assert browser.run("return make(given);", with_keys(case, {"k": key})) == made(case, {"k": key})


def test_random_acts_have_the_same_bytes_in_both(browser: Browser) -> None:
    chance = random.Random(6)
    key = {"k": key_of("k")}
    cases = [random_event(chance) for _ in range(RANDOM_EVENTS)]
    found = browser.run(
        """const all = await Promise.all(given.map(make));
        return all.map((one) => ({ ...one, read: sign.readEvent(sign.base64Bytes(one.payload)) }));""",
        [with_keys(case, key) for case in cases],
    )
    for case, told in zip(cases, found, strict=True):
        read = told.pop("read")
        assert told == made(case, key)
        assert {k: v for k, v in read.items() if k not in ("items", "over", "missing")} == case[
            "fields"
        ]


@pytest.mark.parametrize("kind", [dsse.EVENT, dsse.GOVERNANCE])
def test_both_refuse_the_same_damaged_payloads(browser: Browser, kind: str) -> None:
    chance = random.Random(7)
    cases = [case for case in OPERATIONS["cases"] if case["payloadType"] == kind]
    forms = [json.loads(b64decode(case["payload"])) for case in cases]
    payloads = [dsse.canonical(damaged(chance.choice(forms), chance)) for _ in range(3000)]
    taken = []
    for payload in payloads:
        try:
            READERS[kind](payload)
            taken.append(True)
        except Malformed as error:
            # Whether a key is a point of its curve is left to the log.
            taken.append("Ed25519 key" in str(error) or "P-256" in str(error))
    found = browser.run(
        """const read = given.kind === sign.EVENT ? sign.readEvent : sign.readGovernance;
        return Promise.all(given.payloads.map((one) => refusal(() => read(sign.base64Bytes(one)))));""",
        {"kind": kind, "payloads": [b64encode(payload).decode() for payload in payloads]},
    )
    assert [why for why in found if why.startswith("not meant")] == []
    differ = [p for p, yes, why in zip(payloads, taken, found, strict=True) if yes != (why == "")]
    assert differ == []
    assert 100 < sum(taken) < 2900


def test_no_other_bytes_are_read(browser: Browser) -> None:
    cases = [case for case in REFUSED if case["payloadType"] != dsse.LOGIN]
    found = browser.run(
        """return Promise.all(given.map(({ payloadType, payload }) => {
          const read = payloadType === sign.EVENT ? sign.readEvent : sign.readGovernance;
          return refusal(() => read(sign.base64Bytes(payload)));
        }));""",
        cases,
    )
    assert [c["why"] for c, why in zip(cases, found, strict=True) if not why or why.startswith("not meant")] == []  # fmt: skip


PACK, OTHER = gs1.sgtin(GTIN, "A1"), gs1.sgtin(GTIN, "A2")
REFUSALS: Final = {
    "sign.commit([], secret)": "names 1 to 16777216 items",
    f"sign.commit(['{PACK}', '{PACK}'], secret)": "is named twice",
    f"sign.commit(['{PACK.lower().replace('a1', '%41')}'], secret)": "an item's id is",
    f"sign.commit(['{PACK}'], secret.subarray(1))": "has 32 bytes",
    f"sign.commit(['{PACK}'], secret, {{ '{OTHER}': '{'ab' * 32}' }})": "which is not named",
    f"sign.commit(['{PACK}'], secret, {{ '{PACK}': 'AB' }})": "an item's extra is 64",
    "sign.buildEvent({ ...event, op: 'constructor' })": "there is no operation",
    "sign.buildEvent({ ...event, destsite: '1' })": "has no field destsite",
    "sign.buildEvent({ ...event, lot: 'L1' })": "given together",
    "sign.buildEvent({ ...event, number: 'T-1' })": "has no number",
    "sign.buildEvent({ ...event, op: 'ship' })": "needs sourceParty",
    "sign.buildEvent({ ...event, items: null })": "needs items",
    "sign.buildEvent({ ...event, timeMs: 1.5 })": "timeMs is whole ms",
    "sign.buildEvent({ ...event, timeMs: undefined })": "needs timeMs",
    "sign.buildEvent({ ...event, op: 'inspect', reason: 'enrol' })": "cannot have the reason",
    "sign.canonical({ a: 0.5 })": "below 2^53",
    "sign.canonical({ a: 2 ** 53 })": "below 2^53",
    "sign.canonical({ é: 1 })": "keys are ASCII",
    "sign.canonical({ a: null })": "no value",
    "sign.canonical('\\ud800')": "half a character",
    "sign.bytesOf('AB', 1)": "lower-case hex",
    "sign.base64Bytes('AB==')": "canonical base64",
    "sign.base64Bytes('QQ = =')": "canonical base64",
    "sign.envelope(sign.EVENT, secret, [])": "1 to 4 signatures",
    "sign.envelope(sign.EVENT, secret, [line, line])": "signs a statement once",
    "sign.envelope(sign.EVENT, secret, [{ ...line, sig: 'QQ==' }])": "it must have 64",
    "sign.envelope(sign.EVENT, new Uint8Array(60000), [line])": "at most 65527 bytes",
    f"sign.submission({{ items: [{{ id: '{PACK}' }}] }})": "the secret of the items",
    f"sign.submission({{ items: [{{ id: '{OTHER}' }}, {{ id: '{PACK}' }}] }})": "listed once, sorted",
    "sign.buildLogin({ ...login, origin: 'https://a.example/' })": "origin is the page's",
    "sign.buildLogin({ ...login, nonce: 'AA==' })": "nonce has 1 bytes",
}


def test_what_makes_no_statement_is_refused_in_words(browser: Browser) -> None:
    case = next(c for c in OPERATIONS["cases"] if c["name"] == "supply")
    event = {**case["fields"], "items": {"depth": 0, "root": "00" * 32}}
    login = next(c for c in OPERATIONS["cases"] if c["payloadType"] == dsse.LOGIN)["fields"]
    attempts = ",".join(f"() => {attempt}" for attempt in REFUSALS)
    found = browser.run(
        """const { event, login } = given;
        const secret = new Uint8Array(32);
        const line = { keyid: "ab".repeat(32), sig: sign.base64(new Uint8Array(64)) };
        sign.buildEvent(event), sign.buildLogin(login);
        const results = [];
        for (const attempt of ["""
        + attempts
        + """]) results.push(await refusal(attempt));
        return results;""",
        {"event": event, "login": login},
    )
    told = dict(zip(REFUSALS, found, strict=True))
    assert {attempt: why for attempt, why in told.items() if REFUSALS[attempt] not in why} == {}


def test_ids_of_the_browser_prove_single_packs(browser: Browser) -> None:
    ids = [gs1.sgtin(GTIN, f"P{n}") for n in range(37)]
    found = browser.run("return sign.commit(given, new Uint8Array(32).fill(7));", ids)
    tree = Tree.build([Item(item) for item in ids], bytes([7]) * 32)
    for item in ids:
        tree.path(Item(item)).verify(found["depth"], bytes.fromhex(found["root"]))
