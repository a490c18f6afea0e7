"""A passkey's line of an envelope: its one form, and every way in which it is not this statement's."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ledger.errors import BadSignature, LedgerError, Malformed
from ledger.statement import dsse
from ledger.statement.dsse import Envelope, Signature
from ledger.statement.governance import KeyAdd, build_governance, parse_governance
from ledger.statement.parts import passkey
from ledger.statement.webauthn import Assertion, challenge_of
from ledger.tlog.ed25519 import public_of
from tests.authenticator import ORDER, RP_ID, Authenticator
from tests.world import Chain, seed

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "statement"
CASES = json.loads((VECTORS / "webauthn.json").read_bytes())
PAYLOAD = b'{"what":"is signed"}'
STATION = public_of(seed("k"))
PASSKEY = Authenticator("p")
KEYS: dict[str, dsse.PublicKey] = {
    dsse.key_id(STATION): STATION,
    PASSKEY.keyid: PASSKEY.public,
}
DIGEST = sha256(dsse.pae(dsse.EVENT, PAYLOAD)).digest()


def signed(*lines: Signature, payload: bytes = PAYLOAD) -> Envelope:
    """An envelope by the station's key and these lines."""
    plain = dsse.sign(dsse.EVENT, payload, [seed("k")]).signatures
    ordered = sorted((*plain, *lines), key=lambda line: line.keyid)
    return Envelope(payload, dsse.EVENT, tuple(ordered))


def flawed(
    client: dict[str, Any] | None = None, raw_client: bytes = b"", data: bytes = b""
) -> Signature:
    """An assertion that is rightly signed, and says something that it should not."""
    return PASSKEY.line(DIGEST, data, raw_client or PASSKEY.client(DIGEST, **(client or {})))


@pytest.mark.parametrize("ed", [False, True], ids=["ES256", "EdDSA"])
def test_a_passkeys_line_reads_back_and_verifies(ed: bool) -> None:
    passkey = Authenticator("p", ed=ed)
    envelope = signed(passkey.line(DIGEST))
    assert Envelope.parse(bytes(envelope)) == envelope
    assert envelope.id == DIGEST.hex()
    envelope.verify({**KEYS, passkey.keyid: passkey.public}.get)
    assert len(passkey.raw) == (32 if ed else 33)


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["name"])
def test_vectors(case: dict[str, Any]) -> None:
    """Envelopes of fixed keys; the browser's part is held to the same file."""
    envelope = Envelope.parse(case["envelope"].encode())
    assert bytes(envelope) == case["envelope"].encode()
    assert envelope.id == case["id"]
    assert challenge_of(bytes.fromhex(envelope.id)) == case["challenge"]
    keys: dict[str, dsse.PublicKey] = {}
    for told in case["keys"]:
        raw = b64decode(told["key"])
        keys[told["keyid"]] = passkey(told["key"], told["rpId"]) if "rpId" in told else raw
        assert dsse.key_id(raw) == told["keyid"]
    envelope.verify(keys.get)
    for line in envelope.signatures:
        if line.webauthn is not None:
            client = json.loads(line.webauthn.client_data)
            assert client["challenge"] == case["challenge"]


FLAWS = {
    "the challenge of another statement": (
        flawed({"challenge": challenge_of(bytes(32))}), "another challenge",
    ),
    "a padded challenge": (flawed({"challenge": challenge_of(DIGEST) + "="}), "another challenge"),
    "the challenge in hex": (flawed({"challenge": DIGEST.hex()}), "another challenge"),
    "no challenge": (flawed({"challenge": None}), "another challenge"),
    "a registration": (flawed({"type": "webauthn.create"}), "webauthn.get"),
    "inside another site's page": (flawed({"crossOrigin": True}), "crossOrigin"),
    "crossOrigin that is no truth value": (flawed({"crossOrigin": "false"}), "crossOrigin"),
    "below another top page": (flawed({"topOrigin": "https://evil.example"}), "crossOrigin"),
    "another origin": (flawed({"origin": "https://evil.example"}), "another origin"),
    "an origin that ends alike": (flawed({"origin": f"https://evil{RP_ID}"}), "another origin"),
    "an origin that begins alike": (
        flawed({"origin": f"https://{RP_ID}.evil.example"}), "another origin",
    ),
    "the host as a user name": (flawed({"origin": f"https://{RP_ID}@evil.example"}), "another origin"),
    "the host above": (flawed({"origin": "https://example"}), "another origin"),
    "an app instead of a page": (flawed({"origin": "android:apk-key-hash:x"}), "another origin"),
    "no origin": (flawed({"origin": None}), "another origin"),
    "plain http": (flawed({"origin": f"http://{RP_ID}"}), "without https"),
    "http on localhost for another host": (flawed({"origin": "http://localhost"}), "another origin"),
    "no JSON": (flawed(raw_client=b"{"), "no JSON"),
    "a list": (flawed(raw_client=b"[]"), "no JSON object"),
    "a number that JSON has not": (
        flawed(raw_client=PASSKEY.client(DIGEST)[:-1] + b',"x":NaN}'), "no JSON",
    ),
    "other text than UTF-8": (flawed(raw_client=PASSKEY.client(DIGEST).decode().encode("utf-16")), "no JSON"),
    "bytes that are no text": (flawed(raw_client=b"\xff" + PASSKEY.client(DIGEST)), "no JSON"),
    "a member twice": (
        flawed(raw_client=b'{"type":"webauthn.create",' + PASSKEY.client(DIGEST)[1:]), "twice",
    ),
    "nothing but brackets": (flawed(raw_client=b"[" * 2000), "no JSON"),
    "another host's authenticator data": (flawed(data=PASSKEY.data("evil.example")), "rpIdHash"),
    "nobody present": (flawed(data=PASSKEY.data(flags=0x04)), "flag UP"),
    "nobody verified": (flawed(data=PASSKEY.data(flags=0x01)), "flag UV"),
    "backed up and unable to be": (flawed(data=PASSKEY.data(flags=0x15)), "flags BS, BE"),
    "a registration's data": (flawed(data=PASSKEY.data(flags=0x45) + bytes(20)), "flag AT"),
    "extensions that are not there": (flawed(data=PASSKEY.data(flags=0x85)), "flag ED"),
    "bytes behind the end": (flawed(data=PASSKEY.data() + b"\xa0"), "flag ED"),
    "another key": (
        replace(Authenticator("q").line(DIGEST), keyid=PASSKEY.keyid), "does not verify",
    ),
    "a plain signature": (
        Signature(PASSKEY.keyid, PASSKEY.sign(dsse.pae(dsse.EVENT, PAYLOAD))), "needs the field",
    ),
    "r of zero": (
        replace(PASSKEY.line(DIGEST), sig=bytes(32) + PASSKEY.line(DIGEST).sig[32:]), "order",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FLAWS)
def test_an_assertion_that_is_not_of_this_statement_is_refused(name: str) -> None:
    line, words = FLAWS[name]
    envelope = Envelope.parse(bytes(signed(line)))
    with pytest.raises(BadSignature, match=words) as caught:
        envelope.verify(KEYS.get)
    assert PASSKEY.keyid[:16] in str(caught.value)


RIGHT = {
    "a host below": flawed({"origin": f"https://be.{RP_ID}"}),
    "a port": flawed({"origin": f"https://{RP_ID}:8443"}),
    "no crossOrigin": flawed(
        raw_client=PASSKEY.client(DIGEST).replace(b',"crossOrigin":false', b"")
    ),
    "spaces and members unheard of": flawed(
        raw_client=PASSKEY.client(DIGEST)[:-1] + b' ,\n"other_keys_can_be_added_here": "\\u00e9"}'
    ),
    "a synced passkey": flawed(data=PASSKEY.data(flags=0x1D)),
    "extensions": flawed(data=PASSKEY.data(flags=0x85) + b"\xa1\x63abc\xf5"),
    "the other s": replace(
        PASSKEY.line(DIGEST),
        sig=PASSKEY.line(DIGEST).sig[:32]
        + (ORDER - int.from_bytes(PASSKEY.line(DIGEST).sig[32:], "big")).to_bytes(32, "big"),
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_authenticators_and_browsers_may_add_is_taken(name: str) -> None:
    signed(RIGHT[name]).verify(KEYS.get)


def test_plain_http_is_right_on_localhost_alone() -> None:
    local = Authenticator("local", "localhost")
    for origin in ("http://localhost", "http://localhost:8000", "https://localhost:8000"):
        client = local.client(DIGEST, origin=origin)
        signed(local.line(DIGEST, client=client)).verify({**KEYS, local.keyid: local.public}.get)


def test_it_cannot_be_replayed_on_another_statement() -> None:
    other = signed(PASSKEY.line(DIGEST), payload=b'{"what":"is another"}')
    with pytest.raises(BadSignature, match="another challenge"):
        other.verify(KEYS.get)
    log_in = Envelope(PAYLOAD, dsse.LOGIN, (PASSKEY.line(DIGEST),))
    with pytest.raises(BadSignature, match="another challenge"):
        log_in.verify(KEYS.get)


@pytest.mark.parametrize("ed", [False, True], ids=["ES256", "EdDSA"])
def test_a_key_signs_in_its_own_way_alone(ed: bool) -> None:
    """A raw key that is on record for plain signatures makes no assertions, and the other way round."""
    one = Authenticator("p", ed=ed)
    line = one.line(DIGEST)
    plain = Signature(one.keyid, one.sign(dsse.pae(dsse.EVENT, PAYLOAD)))
    with pytest.raises(BadSignature, match="needs the field"):
        signed(plain).verify({**KEYS, one.keyid: one.public}.get)
    with pytest.raises(BadSignature, match="is no passkey"):
        signed(line).verify({**KEYS, one.keyid: one.raw}.get)
    with pytest.raises(BadSignature):
        signed(replace(line, webauthn=None)).verify({**KEYS, one.keyid: one.public}.get)


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_no_byte_of_an_assertion_can_change(place: int, flip: int) -> None:
    line = PASSKEY.line(DIGEST)
    assert line.webauthn is not None
    parts = [bytearray(line.sig), bytearray(line.webauthn.authenticator_data)]
    parts.append(bytearray(line.webauthn.client_data))
    place %= sum(map(len, parts))
    for part in parts:
        if 0 <= place < len(part):
            part[place] ^= flip
        place -= len(part)
    sig, data, client = map(bytes, parts)
    with pytest.raises(BadSignature):
        signed(Signature(line.keyid, sig, Assertion(data, client))).verify(KEYS.get)


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_an_envelope_with_a_byte_changed_is_malformed_or_refused(place: int, flip: int) -> None:
    envelope = signed(PASSKEY.line(DIGEST))
    data = bytearray(bytes(envelope))
    data[place % len(data)] ^= flip
    try:
        changed = Envelope.parse(bytes(data))
    except Malformed:
        return
    assert bytes(changed) == bytes(data)
    with pytest.raises(LedgerError):
        changed.verify(KEYS.get)


assertions = st.builds(
    Assertion, st.binary(min_size=37, max_size=1024), st.binary(min_size=1, max_size=2048)
)
lines = st.builds(
    Signature,
    st.binary(min_size=32, max_size=32).map(bytes.hex),
    st.binary(min_size=64, max_size=64),
    st.none() | assertions,
)


@given(
    st.binary(max_size=200),
    st.lists(lines, min_size=1, max_size=4, unique_by=lambda line: line.keyid),
)
def test_every_envelope_reads_back_as_it_was_written(
    payload: bytes, found: list[Signature]
) -> None:
    ordered = tuple(sorted(found, key=lambda line: line.keyid))
    envelope = Envelope(payload, dsse.EVENT, ordered)
    again = Envelope.parse(bytes(envelope))
    assert again == envelope
    assert bytes(Envelope(again.payload, again.payload_type, again.signatures)) == bytes(envelope)
    # A plain signature's bytes are what they were before there were passkeys.
    assert bytes(envelope).count(b'"webauthn"') == sum(one.webauthn is not None for one in found)


def form(**changes: Any) -> bytes:
    """An envelope whose one line has these fields of an assertion."""
    said = {"authenticatorData": b64encode(bytes(37)).decode(), "clientDataJSON": "e30=", **changes}
    said = {name: value for name, value in said.items() if value is not None}
    line = {"keyid": "ab" * 32, "sig": b64encode(bytes(64)).decode(), "webauthn": said}
    return dsse.canonical({"payload": "e30=", "payloadType": dsse.EVENT, "signatures": [line]})


@pytest.mark.parametrize("data", [
    form(authenticatorData=None), form(clientDataJSON=None), form(more=1), form(clientDataJSON=""),
    form(authenticatorData=b64encode(bytes(36)).decode()), form(authenticatorData=b64encode(bytes(1025)).decode()),
    form(clientDataJSON=b64encode(bytes(2049)).decode()), form(clientDataJSON="e30"), form(clientDataJSON="e31="),
    form(clientDataJSON="e30=\n"), form(clientDataJSON="-_8="), form(clientDataJSON={}),
    form().replace(b'"webauthn":{', b'"webauthn":{ '), form().replace(b"}]}", b'},"webauthn":null}]}'),
    form().replace(b'"authenticatorData"', b'"clientDataJSON":"e30=","authenticatorData"'),
    form()[: form().index(b'{"authenticatorData"')] + b"null}]}",
    form()[: form().index(b'{"authenticatorData"')] + b"{}}]}",
])  # fmt: skip
def test_what_is_not_the_one_form_of_an_assertion_is_malformed(data: bytes) -> None:
    Envelope.parse(form())
    with pytest.raises(Malformed):
        Envelope.parse(data)


def test_the_key_add_of_a_passkey_names_its_host_and_no_other_does(chain: Chain) -> None:
    fields = {"use": "passkey", "key": PASSKEY.text, "rp_id": RP_ID}
    body = chain.key_add(chain.maker, "p", **fields).statement.body
    assert isinstance(body, KeyAdd)
    payload = build_governance(body)
    told = json.loads(payload)
    assert (told["rpId"], told["use"]) == (RP_ID, "passkey")
    assert parse_governance(payload) == body
    ed = Authenticator("p", ed=True).text
    parse_governance(dsse.canonical({**told, "key": ed}))
    plain = json.loads(chain.key_add(chain.maker, "p").statement.envelope.payload)
    assert "rpId" not in plain
    for wrong in (
        {**plain, "rpId": RP_ID}, {**plain, "key": PASSKEY.text}, {**plain, "use": "passkey"},
        {k: v for k, v in told.items() if k != "rpId"}, {**told, "use": "person"},
        {**told, "sites": []}, {**told, "operations": []}, {**told, "rpId": None},
        {**told, "key": b64encode(b"\x04" + PASSKEY.raw[1:]).decode()},
        {**told, "key": b64encode(b"\x02" + bytes(31) + b"\x01").decode()},
        {**told, "key": b64encode(bytes(32)).decode()}, {**told, "key": b64encode(bytes(34)).decode()},
        *({**told, "rpId": host} for host in (
            "", "Ledger.example", "https://ledger.example", "ledger.example:8000", "ledger.example.",
            ".example", "a..b", "-a.example", "127.0.0.1", "[::1]", "a b", "a_b", "é.example",
            "ledger.example\n", "a" * 64, ".".join(["a" * 63] * 4) + ".a",
        )),
    ):  # fmt: skip
        with pytest.raises(Malformed):
            parse_governance(dsse.canonical(wrong))
