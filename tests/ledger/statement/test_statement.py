"""The exact bytes of statements: vectors made from the specification, and what must be refused."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import BadProof, BadSignature, LedgerError, Malformed, Refused
from ledger.statement import dsse, keyfile
from ledger.statement.dsse import Envelope
from ledger.statement.epcis import fill_items
from ledger.statement.events import Commitment, Event, build_event, parse_event
from ledger.statement.forms import (
    AGGREGATION,
    FORMS,
    NOT_HANDED_OUT,
    QUARANTINE_REASONS,
    TRANSFORMATION,
)
from ledger.statement.governance import build_governance, parse_governance
from ledger.statement.items import Item, ItemPath, Tree, salt_of
from ledger.statement.login import Login, build_login, parse_login
from ledger.statement.status import parse_refusal, parse_status
from ledger.statement.submission import Statement, Submission
from ledger.tlog import merkle
from ledger.tlog.ed25519 import public_of
from tests.conftest import SHARED
from tests.world import Chain, gln, gtin, seed

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "statement"
ENVELOPES = json.loads((VECTORS / "envelopes.json").read_bytes())
TREES = json.loads((VECTORS / "items.json").read_bytes())


@pytest.mark.parametrize("case", ENVELOPES["cases"], ids=lambda c: c["name"])
def test_envelope_vectors(case: dict[str, Any]) -> None:
    keys = {k["keyid"]: bytes.fromhex(k["public"]) for k in ENVELOPES["keys"].values()}
    envelope = Envelope.parse(case["envelope"].encode())
    assert bytes(envelope) == case["envelope"].encode()
    assert envelope.payload == case["payload"].encode()
    assert envelope.id == case["pae_sha256_is_id"]
    envelope.verify(keys.get)
    seeds = [
        bytes.fromhex(k["seed"])
        for k in ENVELOPES["keys"].values()
        if k["keyid"] in {s.keyid for s in envelope.signatures}
    ]
    assert dsse.sign(case["payloadType"], envelope.payload, seeds) == envelope
    if "entry" in case:
        entry = dsse.entry_of(envelope, case["ms"])
        wanted = case["entry"]
        event = case["payloadType"] == dsse.EVENT
        assert entry == (bytes.fromhex(wanted) if event else b64decode(wanted))
        assert (len(entry) == 40) == event
        assert merkle.leaf_hash(entry).hex() == case["entry_leaf_hash"]
        Statement.of(envelope)
    else:
        assert parse_login(envelope.payload).by == "9521234000006"
        with pytest.raises(Refused, match="wrong-type"):
            Statement.of(envelope)


@pytest.mark.parametrize("case", TREES, ids=lambda c: str(len(c["items"])))
def test_item_tree_vectors(case: dict[str, Any]) -> None:
    secret = bytes.fromhex(case["secret"])
    depth, root = case["packtrace:items"]["depth"], bytes.fromhex(case["packtrace:items"]["root"])
    for item, told in case["paths"].items():
        path = tuple(bytes.fromhex(node) for node in told["path"])
        extra = bytes.fromhex(told["extra"])
        assert salt_of(secret, item).hex() == told["salt"]
        ItemPath(item, extra, bytes.fromhex(told["salt"]), told["index"], path).verify(depth, root)
        with pytest.raises(BadProof):
            ItemPath(item + "x", extra, bytes.fromhex(told["salt"]), told["index"], path).verify(
                depth, root
            )
    if set(case["paths"]) == set(case["items"]):
        items = [Item(i, bytes.fromhex(case["paths"][i]["extra"])) for i in case["items"]]
        tree = Tree.build(items[::-1], secret)
        assert (tree.depth, tree.root) == (depth, root)
        for item in items:
            assert [n.hex() for n in tree.path(item).path] == case["paths"][item.id]["path"]


def test_an_item_named_twice_or_none_is_refused() -> None:
    with pytest.raises(Refused, match="items-mismatch"):
        Tree.build([Item("a"), Item("a")], bytes(32))
    with pytest.raises(Malformed):
        Tree.build([], bytes(32))


@given(
    st.sets(st.text("abc/%", min_size=1, max_size=8), min_size=1, max_size=40),
    st.binary(min_size=32, max_size=32),
)
def test_every_item_is_proven_and_no_other(ids: set[str], secret: bytes) -> None:
    items = [Item(i) for i in sorted(ids)]
    tree = Tree.build(items, secret)
    for item in items:
        tree.path(item).verify(tree.depth, tree.root)
    with pytest.raises(LookupError):
        tree.path(Item("not there"))


JSON = st.recursive(
    st.integers(-(2**53) + 1, 2**53 - 1) | st.text() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcABC:@_$#~0189", max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_our_canonical_json_is_rfc_8785(value: object) -> None:
    try:
        wanted = rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        return
    assert dsse.canonical(value) == wanted


SITE, SITE2 = gln("952123400001"), gln("952123400002")
PARTY, PARTY2 = gln("952123400000"), gln("952123500000")
PACK = f"https://id.gs1.org/01/{gtin('0952123454321')}/21/A1"
PACK2 = f"https://id.gs1.org/01/{gtin('0952123454321')}/21/B1"
UNIT = "https://id.gs1.org/00/095212340000000013"


def event_of(op: str, **changes: Any) -> Event:
    """A well-formed event of an operation."""
    form = FORMS[op]
    fields: dict[str, Any] = {
        "op": op, "by": PARTY, "log": "log.example/x", "nonce": "00" * 16, "time_ms": 1795496400123,
        "time_offset": "+00:00", "read_point": SITE, "items": Commitment(1, bytes(32)),
    }  # fmt: skip
    if form.reasons:
        fields["reason"] = form.reasons[0]
    if form.any_reason:
        fields["reason"] = "unknown"
    if form.parent:
        fields["parent"] = UNIT
    if form.transfer:
        fields |= {"source_party": PARTY, "dest_party": PARTY2, "dest_site": SITE2, "number": "T-1"}
    if form.shipment:
        fields["shipment"] = "ab" * 32
    if form.undoes:
        fields |= {"undoes": "cd" * 32, "declared": NOT_HANDED_OUT}
    if form.ilmd:
        fields |= {"lot": "L1", "expiry": date(2028, 1, 31)}
    if form.inputs:
        fields |= {"inputs": ("12" * 32, "cd" * 32)}
    return Event(**{**fields, **changes})


@pytest.mark.parametrize("op", FORMS)
def test_an_event_of_each_operation_reads_back(op: str) -> None:
    event = event_of(op)
    assert parse_event(build_event(event)) == event


def test_each_quarantine_reason_and_whole_unpacking_reads_back() -> None:
    for reason in QUARANTINE_REASONS:
        event = event_of("quarantine", reason=reason)
        assert parse_event(build_event(event)) == event
    event = event_of("unpack", items=None)
    assert parse_event(build_event(event)) == event


def schema() -> Any:
    path = SHARED / "epcis/schema/epcis-json-schema.json"
    return json.loads(path.read_bytes()) if path.exists() else None


@pytest.mark.parametrize("op", FORMS)
def test_an_event_of_each_operation_is_epcis_once_its_items_are_filled_in(op: str) -> None:
    filled = dict(fill_items(build_event(event_of(op)), [PACK], [PACK2]))
    names = {AGGREGATION: "childEPCs", TRANSFORMATION: "outputEPCList"}
    assert filled[names.get(FORMS[op].type, "epcList")] == [PACK]
    assert (filled.get("inputEPCList") == [PACK2]) == (op == "repack")
    document = {
        "@context": filled.pop("@context"), "type": "EPCISDocument", "schemaVersion": "2.0",
        "creationDate": "2026-11-24T05:00:00.000Z", "epcisBody": {"eventList": [filled]},
    }  # fmt: skip
    if (found := schema()) is not None:
        checker = jsonschema.FormatChecker()
        jsonschema.validate(document, found, jsonschema.Draft7Validator, format_checker=checker)


BAD_EVENTS: list[tuple[str, Any]] = [
    ("another context", {"@context": ["https://evil.example/context.jsonld"]}),
    ("unknown field", {"extra": 1}),
    ("null", {"disposition": None}),
    ("wrong step", {"bizStep": "dispensing"}),
    ("time without milliseconds", {"eventTime": "2026-11-24T05:00:00Z"}),
    ("31 February", {"eventTime": "2026-02-31T05:00:00.000Z"}),
    ("offset out of range", {"eventTimeZoneOffset": "+15:00"}),
    ("party with a wrong check digit", {"packtrace:by": "https://id.gs1.org/417/9521234000007"}),
    ("foreign host", {"readPoint": {"id": "https://evil.example/414/9521234000013"}}),
    ("short nonce", {"packtrace:nonce": "00"}),
    ("upper-case hex", {"packtrace:items": {"depth": 1, "root": "AB" * 32}}),
    ("tree too deep", {"packtrace:items": {"depth": 25, "root": "ab" * 32}}),
    ("expiry day in words", {"ilmd": {"cbvmda:lotNumber": "L1", "cbvmda:itemExpirationDate": "31/12/2028"}}),
    ("lot too long", {"ilmd": {"cbvmda:lotNumber": "L" * 21, "cbvmda:itemExpirationDate": "2028-01-31"}}),
    ("bizLocation elsewhere", {"bizLocation": {"id": f"https://id.gs1.org/414/{SITE2}"}}),
    ("float", {"packtrace:items": {"depth": 1.0, "root": "ab" * 32}}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("why", "change"), BAD_EVENTS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_events_that_break_their_form_are_malformed(why: str, change: dict[str, Any]) -> None:
    form = msgspec.json.decode(build_event(event_of("commission")))
    with pytest.raises(Malformed):
        parse_event(json.dumps({**form, **change}, sort_keys=True, separators=(",", ":")).encode())


def test_a_repacking_names_its_check_outs_and_the_new_lot() -> None:
    form = msgspec.json.decode(build_event(event_of("repack")))
    for change in (
        {"packtrace:inputs": []},
        {"packtrace:inputs": ["cd" * 32, "12" * 32]},
        {"packtrace:inputs": ["12" * 31]},
        {"action": "ADD"},
        {"action": ""},
        {"inputEPCList": []},
    ):
        with pytest.raises(Malformed):
            parse_event(dsse.canonical({**form, **change}))
    for gone in ("packtrace:inputs", "ilmd"):
        with pytest.raises(Malformed):
            parse_event(dsse.canonical({k: v for k, v in form.items() if k != gone}))


def test_duplicate_keys_spaces_and_order_are_malformed() -> None:
    payload = build_event(event_of("supply"))
    for forged in (
        payload.replace(b'{"@context"', b'{"action":"OBSERVE","@context"'),
        payload.replace(b'"action":', b'"action": '),
        payload + b" ",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"\xff" + payload,
        payload.replace(b"supply", b"supply"),
    ):
        if forged != payload:
            with pytest.raises(Malformed):
                parse_event(forged)


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_no_byte_of_a_payload_can_change_and_keep_its_id(place: int, flip: int) -> None:
    envelope = dsse.sign(dsse.EVENT, build_event(event_of("ship")), [seed("k")])
    payload = bytearray(envelope.payload)
    payload[place % len(payload)] ^= flip
    changed = Envelope(bytes(payload), envelope.payload_type, envelope.signatures)
    assert changed.id != envelope.id
    with pytest.raises(BadSignature):
        changed.verify({dsse.key_id(public_of(seed("k"))): public_of(seed("k"))}.get)


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_an_envelope_with_a_byte_changed_is_malformed_or_another(place: int, flip: int) -> None:
    envelope = dsse.sign(dsse.EVENT, build_event(event_of("ship")), [seed("k"), seed("l")])
    data = bytearray(bytes(envelope))
    data[place % len(data)] ^= flip
    try:
        changed = Envelope.parse(bytes(data))
    except Malformed:
        return
    assert changed != envelope
    assert bytes(changed) == bytes(data)
    keys = {dsse.key_id(public_of(seed(k))): public_of(seed(k)) for k in "kl"}
    with pytest.raises((BadSignature, Refused)):
        changed.verify(keys.get)


def envelope_form(**changes: Any) -> bytes:
    signature = {"keyid": "ab" * 32, "sig": b64encode(bytes(64)).decode()}
    form = {"payload": "e30=", "payloadType": dsse.EVENT, "signatures": [signature]}
    return dsse.canonical({**form, **changes})


@pytest.mark.parametrize("data", [
    b"", b"{}", b"null", b"[]", b'{"payload"', envelope_form(payload="e30"), envelope_form(payload="e31="),
    envelope_form(payload="e30=\n"), envelope_form(signatures=[]), envelope_form(more=1),
    envelope_form(signatures=[{"keyid": "AB" * 32, "sig": b64encode(bytes(64)).decode()}]),
    envelope_form(signatures=[{"keyid": "ab" * 32, "sig": b64encode(bytes(63)).decode()}]),
    envelope_form(signatures=[{"keyid": "ab" * 32, "sig": b64encode(bytes(64)).decode()}] * 2),
    envelope_form(signatures=[{"keyid": f"{n:02d}" * 32, "sig": b64encode(bytes(64)).decode()} for n in range(5)]),
    envelope_form(payload=b64encode(bytes(70_000)).decode()),
])  # fmt: skip
def test_malformed_envelopes(data: bytes) -> None:
    with pytest.raises(Malformed):
        Envelope.parse(data)


def test_a_submission_reads_back_and_odd_ones_are_refused(chain: Chain) -> None:
    submission = chain.event(
        "commission", chain.maker, chain.pack_ids("L9", 3), lot="L9", expiry=date(2028, 1, 31)
    )
    assert Submission.parse(bytes(submission)) == submission
    loose = json.dumps(json.loads(bytes(submission)), indent=2).encode()
    assert Submission.parse(loose) == submission
    form = json.loads(bytes(submission))
    for change in (
        {"items": form["items"][::-1]}, {"items": form["items"] + form["items"][-1:]},
        {"secret": "00"}, {"envelope": None}, {"more": 1}, {"items": "x"},
        {"items": [{"id": "x", "extra": "zz"}]},
    ):  # fmt: skip
        with pytest.raises(LedgerError):
            Submission.parse(json.dumps({**form, **change}).encode())
    twice = bytes(submission).replace(b'{"envelope":{', b'{"envelope":{"payload":"e30=",')
    with pytest.raises(Malformed):
        Submission.parse(twice)


def test_governance_reads_back_and_its_rules_hold(chain: Chain) -> None:
    for submission in (
        chain.genesis(), chain.admit(chain.maker), chain.sites(chain.maker),
        chain.key_add(chain.maker), chain.product(), chain.suspend(chain.maker.gln),
    ):  # fmt: skip
        payload = submission.statement.envelope.payload
        assert build_governance(parse_governance(payload)) == payload
    form = json.loads(chain.admit(chain.maker).statement.envelope.payload)
    party = form["party"]
    for change in (
        {"type": "unheard-of"}, {"by": "123"}, {"time": "2026-10-01T08:00:00.000Z"},
        {"adminKeys": []}, {"adminKeys": form["adminKeys"] * 2}, {"recoveryKey": "AAAA"},
        {"recoveryKey": b64encode(bytes(32)).decode()}, {"log": "with space"},
        {"log": "DSSEv1 x"}, {"nonce": "zz" * 16}, {"extra": None},
        {"party": {**party, "roles": ["king"]}}, {"party": {**party, "prefixes": ["12"]}},
        {"party": {**party, "name": "two\nlines"}}, {"party": {**party, "country": "be"}},
        {"party": {**party, "licence": {**party["licence"], "expires": "2030-02-30"}}},
    ):  # fmt: skip
        with pytest.raises(Malformed):
            parse_governance(dsse.canonical({**form, **change}))


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_parsers(data: bytes) -> None:
    for parse in (
        Envelope.parse, Submission.parse, parse_event, parse_governance, parse_status,
        parse_refusal, parse_login, keyfile.describe,
    ):  # fmt: skip
        with pytest.raises(LedgerError):
            parse(data)


def test_a_log_in_reads_back_and_never_is_a_statement() -> None:
    login = Login(
        by=PARTY, log="log.example/x", nonce=b64encode(bytes(32)).decode(), origin="http://localhost:8000",
        time="2026-11-24T05:00:00Z",
    )  # fmt: skip
    payload = build_login(login)
    assert parse_login(payload) == login
    for kind in (dsse.EVENT, dsse.GOVERNANCE):
        with pytest.raises(Malformed):
            Statement.of(dsse.sign(kind, payload, [seed("k")]))
    for origin in ("", "ftp://x", "http://x/path", "CLI"):
        with pytest.raises(Malformed):
            build_login(msgspec.structs.replace(login, origin=origin))


def test_key_files_open_by_their_passphrase_alone() -> None:
    fast = {"ops": 1, "memory": 8192}
    data = keyfile.seal(
        seed("k"), b"secret", label="station", party=PARTY, salt=bytes(16), nonce=bytes(24), **fast
    )
    assert keyfile.unseal(data, b"secret") == seed("k")
    assert keyfile.describe(data).encrypted
    assert seed("k") not in data
    assert b64encode(seed("k")) not in data
    with pytest.raises(BadSignature):
        keyfile.unseal(data, b"Secret")
    greedy = data.replace(b'"memory":8192', b'"memory":999999999999')
    with pytest.raises(Malformed, match="memory"):
        keyfile.unseal(greedy, b"secret")
    plain = keyfile.plain(seed("k"), label="station", party=PARTY)
    assert b"unencrypted, for demonstration only" in plain
    assert keyfile.unseal(plain) == seed("k")
    for place in range(plain.index(b'"seed"') + 8, plain.index(b'"seed"') + 50):
        with pytest.raises(LedgerError):
            keyfile.unseal(plain[:place] + bytes([plain[place] ^ 2]) + plain[place + 1 :])
