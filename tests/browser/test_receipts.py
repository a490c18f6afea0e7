"""What a browser signs, the log takes; what the log answers, the browser checks; and keys stay in."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from ledger.statement import dsse
from ledger.statement.dsse import Envelope
from ledger.tlog.ed25519 import public_of
from ledger.tlog.note import Note, SigningKey
from tests.app.conftest import give_keys
from tests.browser.conftest import Fresh, Visit, serve, settings
from tests.browser.signing import Browser, key_of
from tests.world import ORIGIN, Chain, seed


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    """A node of this file's own, which takes statements."""
    chain = Chain(tmp_path_factory.mktemp("bytes"))
    give_keys(chain)
    for site in serve(settings(chain.folder, lambda: chain.now)):
        yield Fresh(site.url, site.app, site.folder, chain)
    chain.store.close()


@pytest.fixture
def browser(log: Fresh, visit: Visit) -> Browser:
    """A stranger's browser."""
    return Browser(visit, log)


def test_a_key_signs_and_no_script_can_take_it_out(browser: Browser) -> None:
    told = browser.run(
        """const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
        const key = await sign.keyOf(pair);
        const payload = sign.utf8("{}");
        const line = await sign.signatureLine(key, sign.EVENT, payload);
        const by = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["wrapKey"]);
        const how = { name: "AES-GCM", iv: sign.random(12) };
        const ways = ["pkcs8", "jwk", "raw"].flatMap((form) => [
          () => crypto.subtle.exportKey(form, pair.privateKey),
          () => crypto.subtle.wrapKey(form, pair.privateKey, by, how),
        ]);
        const gone = await Promise.all(ways.map((way) => way().then(() => "taken", (error) => error.name)));
        const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
        const envelope = JSON.stringify(sign.envelope(sign.EVENT, payload, [line]));
        return { gone, seen: Object.keys(key), text: JSON.stringify(pair), raw: sign.hex(raw), envelope };"""
    )
    assert set(told["gone"]) <= {"InvalidAccessError", "NotSupportedError", "SyntaxError"}
    assert (told["seen"], told["text"]) == (["keyid", "sign"], '{"privateKey":{},"publicKey":{}}')
    raw = bytes.fromhex(told["raw"])
    Envelope.parse(told["envelope"].encode()).verify({dsse.key_id(raw): raw}.get)


def landed(log: Fresh, browser: Browser, case: dict[str, Any]) -> dict[str, Any]:
    """A case signed and sent by the browser: {receipt, envelope, vkey, head}."""
    given = {**case, "vkey": str(log.chain.log_key.verifier)}
    return browser.run(
        """const { envelope, submission } = await make(given);
        const headers = { "Content-Type": "application/json" };
        const answer = await fetch("/api/statements", { method: "POST", headers, body: submission });
        const receipt = await answer.json();
        if (!answer.ok) throw new Error(JSON.stringify(receipt));
        const head = await sign.verifyReceipt(receipt, sign.utf8(envelope), given.vkey);
        return { receipt, envelope, vkey: given.vkey, head: { ...head, size: String(head.size) } };""",
        given,
    )


def commissioned(log: Fresh, lot: str) -> dict[str, Any]:
    """A commissioning by the maker, to be signed in the browser."""
    chain = log.chain
    fields = {
        "op": "commission", "by": chain.maker.gln, "site": chain.maker.site, "log": ORIGIN, "lot": lot,
        "expiry": "2028-01-31", "nonce": chain.fresh(16).hex(), "timeMs": chain.now,
    }  # fmt: skip
    return {
        "payloadType": dsse.EVENT, "fields": fields, "secret": chain.fresh(32).hex(),
        "items": chain.pack_ids(lot, 3), "keys": [key_of("maker station")],
    }  # fmt: skip


def governed(log: Fresh, type_: str, *keys: str, **fields: Any) -> dict[str, Any]:
    """A governance statement of the maker, to be signed in the browser."""
    chain = log.chain
    common = {"by": chain.maker.gln, "log": ORIGIN, "nonce": chain.fresh(16).hex()}
    body = {**common, "time": "2026-10-01T08:00:00Z", "type": type_, **fields}
    return {"payloadType": dsse.GOVERNANCE, "fields": body, "keys": [key_of(key) for key in keys]}


def test_the_log_takes_what_the_browser_signed_and_its_receipt_holds(
    log: Fresh, browser: Browser
) -> None:
    new = b64encode(public_of(seed("a browser's"))).decode()
    window = {"from": "2026-10-01T00:00:00Z", "expires": "2027-10-01T00:00:00Z"}
    cases = [
        commissioned(log, "RECEIPT"),
        governed(
            log, "key-add", "maker admin", "a browser's", key=new, use="person", staff="17",
            operations=["commission"], sites=[log.chain.maker.site], **window,
        ),
        governed(
            log, "document", "maker station", about="ab" * 32, mediaType="text/plain",
            sha256="cd" * 32, title="Note",
        ),
    ]  # fmt: skip
    for case in cases:
        told = landed(log, browser, case)
        head = log.chain.reader.head()
        assert told["head"] == {"origin": ORIGIN, "size": str(head.size), "root": head.root.hex()}
        assert told["receipt"]["index"] == head.size - 1
    assert log.chain.reader.world().row(log.chain.pack_ids("RECEIPT", 1)[0]) is not None


def flipped(text: str, place: int = 9) -> str:
    """Base64 with one bit of its bytes changed."""
    raw = bytearray(b64decode(text))
    raw[place] ^= 1
    return b64encode(raw).decode()


def altered(receipt: dict[str, Any]) -> dict[str, tuple[dict[str, Any], str]]:
    """Receipts that prove nothing, and what is to be said of each."""
    index, ms, proof, note = (receipt[name] for name in ("index", "ms", "proof", "checkpoint"))
    text, under = note.split("\n\n")
    origin, size, root = text.split("\n")
    signature = under.strip().rpartition(" ")[2]
    not_in, unsigned = "is not in the tree", "does not verify"
    return {
        "another index": ({"index": index - 1}, "path is too|not in the tree"),
        "an index beyond the log": ({"index": index + 1}, "there is no entry"),
        "no index": ({"index": None}, "a receipt is"),
        "a negative index": ({"index": -1}, "a receipt is"),
        "another time": ({"ms": ms + 1}, not_in),
        "another statement": ({"id": "ab" * 32}, "another statement"),
        "a hash changed": ({"proof": [flipped(proof[0]), *proof[1:]]}, not_in),
        "a hash short": ({"proof": ["QQ==", *proof[1:]]}, "must have 32"),
        "a hash less": ({"proof": proof[1:]}, "path is too|not in the tree"),
        "a hash more": ({"proof": [*proof, proof[0]]}, "path is too"),
        "no proof": ({"proof": None}, "a receipt is"),
        "a signature changed": ({"checkpoint": note.replace(signature, flipped(signature))}, unsigned),
        "another key's signature": ({"checkpoint": note.replace(signature, flipped(signature, 1))}, "no signature"),
        "no signature": ({"checkpoint": f"{text}\n\n"}, "a note is|signature line"),
        "another size": ({"checkpoint": note.replace(f"\n{size}\n", f"\n{int(size) + 1}\n")}, unsigned),
        "another root": ({"checkpoint": note.replace(root, flipped(root))}, unsigned),
        "another log": ({"checkpoint": note.replace(f"{origin}\n{size}", f"evil\n{size}")}, unsigned),
        "no note": ({"checkpoint": "x"}, "a note is"),
        "no checkpoint": ({"checkpoint": None}, "a receipt is"),
    }  # fmt: skip


def test_an_altered_receipt_is_refused(log: Fresh, browser: Browser) -> None:
    told = landed(log, browser, commissioned(log, "ALTERED"))
    envelope, vkey = told["envelope"], told["vkey"]
    payload = json.loads(envelope)["payload"]
    signature = json.loads(envelope)["signatures"][0]["sig"]
    stranger = str(SigningKey(ORIGIN, seed("a stranger's log")).verifier)
    weak = ORIGIN + "+" + low_order(ORIGIN)
    tries = {why: ({**told["receipt"], **change}, envelope, vkey, words) for why, (change, words) in altered(told["receipt"]).items()}  # fmt: skip
    receipt = told["receipt"]
    text = told["receipt"]["checkpoint"].split("\n\n")[0].replace(ORIGIN, "evil").encode() + b"\n"
    foreign = bytes(Note(text, (log.chain.log_key.sign(text),))).decode()
    tries |= {
        "another log's checkpoint": ({**receipt, "checkpoint": foreign}, envelope, vkey, "is of evil"),
        "nothing": (None, envelope, vkey, "a receipt is"),
        "another payload": (receipt, envelope.replace(payload, flipped(payload, -30)), vkey, "another statement"),
        "another signature in the envelope": (receipt, envelope.replace(signature, flipped(signature)), vkey, "not in the tree"),
        "a space in the envelope": (receipt, envelope.replace(":", ": ", 1), vkey, "RFC 8785"),
        "another log's key": (receipt, envelope, stranger, "no signature"),
        "a key of another name": (receipt, envelope, vkey.replace(ORIGIN, "evil"), "is not the key's"),
        "a key under which anybody signs": (receipt, envelope, weak, "low order"),
    }  # fmt: skip
    found = browser.run(
        """return Promise.all(given.map(([receipt, envelope, vkey]) =>
          refusal(() => sign.verifyReceipt(receipt, sign.utf8(envelope), vkey))));""",
        [one[:3] for one in tries.values()],
    )
    told_of = dict(zip(tries, found, strict=True))
    assert {why: said for why, said in told_of.items() if not re.search(tries[why][3], said)} == {}


def low_order(name: str) -> str:
    """The rest of a verifier key whose point has order 1."""
    raw = bytes([1, 1, *bytes(31)])
    return f"{dsse.sha256(name.encode() + chr(10).encode() + raw).hexdigest()[:8]}+{b64encode(raw).decode()}"
