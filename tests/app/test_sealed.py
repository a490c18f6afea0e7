"""Sealed templates: who gets which, what is written down, and what nobody can read of them."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from app.node import KEY, node
from ledger.cli import main as packtrace
from ledger.errors import BadSignature, LedgerError, Malformed
from ledger.statement import keyfile
from ledger.statement.parts import FingerprintPolicy
from ledger.statement.sealed import MOST_TEMPLATE, SealedFile, SealedTemplate, seal
from ledger.store.fingerprints import Fingerprints
from ledger.store.looks import DAY_MS, Access
from ledger.tlog.ed25519 import public_of
from scanner.fingerprint.template import commitment
from tests.app.conftest import SignIn
from tests.app.prints import other_key
from tests.nodes import serving
from tests.world import Chain, seed

SEALED = "/api/fingerprint/sealed"


def template_of(item: str) -> tuple[bytes, bytes]:
    """A pack's template and its salt; what is in it is no matter here."""
    return b"AFP1" + sha256(item.encode()).digest() * 30, sha256(b"salt" + item.encode()).digest()


@pytest.fixture
def prints(chain: Chain) -> Fingerprints:
    """The store of a node: it is there before the node is opened."""
    return Fingerprints.make(chain.folder / "fingerprints", b"", plain=True)


@pytest.fixture
def stock(chain: Chain, prints: Fingerprints) -> list[str]:
    """Four packs of a lot at the pharmacy, the first three with fingerprints, one of them in a case."""
    chain.log.submit(chain.policy_change(
        "authority 1", "authority 2", fingerprint=FingerprintPolicy(offline=True)
    ))  # fmt: skip
    packs = chain.commission("L1", 4)
    for item in packs[:3]:
        enrol(chain, prints, item)
    case = chain.unit(chain.maker)
    chain.pack(chain.maker, packs[:1], case)
    chain.hand_over(chain.maker, [case, *packs[1:]], chain.pharmacy)
    return packs


def enrol(chain: Chain, prints: Fingerprints, item: str) -> bytes:
    """Keep a template of a pack, and log its commitment."""
    template, salt = template_of(item)
    made = commitment(template, salt)
    prints.put(item, made, template, salt, chain.now)
    chain.act("enrol", chain.maker, [item], extras={item: made})
    return made


def asked(client: FlaskClient, chain: Chain, lot: str = "L1", **more: Any) -> Any:
    return client.post(SEALED, json={"gtin": chain.gtin, "lot": lot, **more})


def test_a_site_gets_the_templates_of_its_packs_for_its_key_alone(
    chain: Chain, stock: list[str], sign_in: SignIn
) -> None:
    answer = asked(sign_in(chain.pharmacy), chain)
    assert answer.status_code == 200, answer.text
    found = SealedFile.parse(answer.data)
    assert [one.item for one in found.templates] == stock[:3]
    assert (found.site, found.log) == (chain.pharmacy.site, chain.origin)
    for one in found.templates:
        assert one.open(chain.pharmacy.key) == template_of(one.item)
        assert commitment(*template_of(one.item)).hex() == one.commitment
        for other in (chain.maker, chain.pharmacy2, chain.wholesaler):
            with pytest.raises(BadSignature):
                one.open(other.key)
    for item in stock:
        template, salt = template_of(item)
        for secret in (template, salt, template[4:36]):
            for form in (secret, secret.hex().encode(), base64.b64encode(secret)[:-4]):
                assert form not in answer.data


def test_a_pack_that_left_or_never_came_is_not_handed_out(
    chain: Chain, stock: list[str], sign_in: SignIn
) -> None:
    chain.supply(chain.pharmacy, stock[1:2])
    chain.hand_over(chain.pharmacy, stock[2:3], chain.pharmacy2)
    found = SealedFile.parse(asked(sign_in(chain.pharmacy), chain).data)
    assert [one.item for one in found.templates] == stock[:1]
    found = SealedFile.parse(asked(sign_in(chain.pharmacy2), chain).data)
    assert [one.item for one in found.templates] == stock[2:3]


def test_who_has_none_of_a_lot_learns_nothing_of_it(
    chain: Chain, stock: list[str], sign_in: SignIn
) -> None:
    """A lot elsewhere, one without fingerprints and one that there is not are answered alike."""
    chain.hand_over(chain.maker, chain.commission("L2", 2), chain.pharmacy)
    asks = [(chain.wholesaler, "L1"), (chain.authority, "L1"), (chain.maker, "L1"),
            (chain.pharmacy, "L2"), (chain.pharmacy, "NONE")]  # fmt: skip
    answers = [asked(sign_in(who), chain, lot) for who, lot in asks]
    assert {(one.status_code, one.get_json()["detail"]) for one in answers} == {
        (404, "No pack of this lot in your stock has a fingerprint here.")
    }
    assert stock


def test_templates_stay_at_home_unless_the_policy_says_otherwise(
    chain: Chain, prints: Fingerprints, sign_in: SignIn
) -> None:
    packs = chain.commission("L1", 1)
    enrol(chain, prints, packs[0])
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    client = sign_in(chain.pharmacy)
    answer = asked(client, chain)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "forbidden")
    assert "policy" in answer.get_json()["detail"]
    both = ("authority 1", "authority 2")
    chain.log.submit(chain.policy_change(*both, fingerprint=FingerprintPolicy(ask=True)))
    assert asked(client, chain).status_code == 403
    chain.log.submit(chain.policy_change(*both, fingerprint=FingerprintPolicy(offline=True)))
    assert asked(client, chain).status_code == 200


def test_a_stranger_and_what_names_no_lot_are_refused(
    chain: Chain, stock: list[str], client: FlaskClient, sign_in: SignIn
) -> None:
    assert asked(client, chain).status_code == 401
    own = sign_in(chain.pharmacy)
    for query in ({}, {"gtin": chain.gtin}, {"lot": "L1"}, {"gtin": "1", "lot": "L1"},
                  {"gtin": chain.gtin, "lot": "x" * 21}, {"gtin": chain.gtin, "lot": ""},
        {"gtin": 1, "lot": "L1"},
        {"gtin": chain.gtin, "lot": ["L1"]},
        [chain.gtin],
        None):  # fmt: skip
        answer = own.post(SEALED, json=query)
        assert (answer.status_code, answer.get_json()["code"]) == (400, "malformed"), query
    assert asked(own, chain, "\0'; --").status_code == 404
    assert stock


def test_each_pack_handed_out_is_written_down_and_no_more_than_five_times_a_day(
    chain: Chain, stock: list[str], app: Flask, sign_in: SignIn
) -> None:
    client = sign_in(chain.pharmacy)
    for _ in range(5):
        assert asked(client, chain).status_code == 200
    answer = asked(client, chain)
    assert (answer.status_code, answer.get_json()["code"]) == (429, "too-many-requests")
    with app.app_context():
        for item, times in zip(stock, (5, 5, 5, 0), strict=True):
            found = node().desk.looks.accesses(item)
            assert len(found) == times
            assert {(one.site, one.what) for one in found} <= {(chain.pharmacy.site, "sealed")}
    chain.hours(24.1)
    assert asked(sign_in(chain.pharmacy), chain).status_code == 200


def test_a_key_that_inspects_nothing_gets_no_template(
    chain: Chain, stock: list[str], sign_in: SignIn
) -> None:
    till = other_key(chain.pharmacy, "till")
    chain.log.submit(chain.revoke(chain.pharmacy))
    chain.log.submit(chain.key_add(chain.pharmacy, "till", operations=["supply"]))
    answer = asked(sign_in(till), chain)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "not-listed-op")


def test_packs_asked_for_at_one_moment_are_counted_one_by_one(
    chain: Chain, stock: list[str], app: Flask
) -> None:
    rows = [Access(chain.now, item, chain.pharmacy.site, "p", "k", "sealed") for item in stock]
    looks = app.extensions[KEY].desk.looks
    for _ in range(300):  # what another site had, and what else was done, is no hindrance
        looks.add_access(rows[0]._replace(site="another"))
        looks.add_access(rows[0]._replace(what="enrol"))

    def ask(_: int) -> bool:
        return bool(looks.add_counted_accesses(rows, DAY_MS, 5))

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(ask, range(12))) == 5
    assert not looks.add_counted_accesses([rows[1]], DAY_MS, 5)
    assert looks.add_counted_accesses([rows[1]._replace(ms=chain.now + DAY_MS)], DAY_MS, 5)


def test_a_template_that_does_not_fit_the_log_is_handed_to_nobody(
    chain: Chain, stock: list[str], prints: Fingerprints, sign_in: SignIn,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    template, salt = template_of("another")
    chain.act("enrol", chain.maker, stock[:1], extras={stock[0]: bytes(32)})
    prints.put(stock[0], bytes(32), template, salt, chain.now)
    found = SealedFile.parse(asked(sign_in(chain.pharmacy), chain).data)
    assert [one.item for one in found.templates] == stock[1:3]
    assert "handed to nobody" in caplog.text
    assert "/21/" not in caplog.text, "no log of a program names a pack"


def test_without_a_store_there_is_nothing_to_hand_out(chain: Chain, sign_in: SignIn) -> None:
    both = ("authority 1", "authority 2")
    chain.log.submit(chain.policy_change(*both, fingerprint=FingerprintPolicy(offline=True)))
    packs = chain.commission("L1", 1)
    chain.act("enrol", chain.maker, packs, extras={packs[0]: bytes(32)})
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    assert asked(sign_in(chain.pharmacy), chain).status_code == 404


# The command


@pytest.fixture
def key(chain: Chain, tmp_path: Path) -> Path:
    path = tmp_path / "counter.key"
    path.write_bytes(keyfile.plain(chain.pharmacy.key, label="counter", party=chain.pharmacy.gln))
    return path


def test_the_command_writes_what_the_key_opens(
    chain: Chain, stock: list[str], app: Flask, key: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr("ledger.cli.target.now_ms", lambda: chain.now)
    out = tmp_path / "l1.fingerprints.json"
    with serving(app) as url:
        words = ["fingerprints", chain.gtin, "L1", "--key", str(key), "-o", str(out), "--log", url]
        done = CliRunner().invoke(packtrace, [*words, "--json"])
        assert done.exit_code == 0, done.output
        assert json.loads(done.output)["packs"] == 3
        missing = CliRunner().invoke(packtrace, [*words[:2], "L9", *words[3:]])
        assert missing.exit_code == 2
    assert out.stat().st_mode & 0o777 == 0o600
    found = SealedFile.parse(out.read_bytes())
    assert [one.item for one in found.templates] == stock[:3]
    folder = CliRunner().invoke(packtrace, [*words[:-1], str(chain.folder)])
    assert (folder.exit_code, "over HTTP" in folder.output) == (2, True)


# The file's form

_KEY = public_of(seed("sealed"))
_ITEM = "https://id.gs1.org/01/09521101000016/21/A{}"


def made(count: int = 1) -> SealedFile:
    boxes = [seal(_ITEM.format(n), bytes(32), b"AFP1" * 9, b"s" * 32, _KEY) for n in range(count)]
    return SealedFile(
        keyid="0" * 64, log="log.example/test", site="9521113000103", templates=boxes,
        time="2026-10-01T08:00:00Z", v=1,
    )  # fmt: skip


def test_there_is_one_encoding_and_a_box_is_never_the_same_twice() -> None:
    found = made(2)
    assert SealedFile.parse(bytes(found)) == found
    assert made().templates[0].sealed != made().templates[0].sealed
    text = bytes(found)
    for other in (text + b"\n", text[:-1], text.replace(b'"v":1', b'"v":2'), b"", b"{}", b"[]",
                  text.replace(b'"v":1', b'"v":1,"w":1'), text.replace(b"/21/A1", b"/21/A0"),
                  text.replace(b"9521113000103", b"9521113000104")):  # fmt: skip
        with pytest.raises(Malformed):
            SealedFile.parse(other)


@pytest.mark.parametrize("size", [0, MOST_TEMPLATE + 1])
def test_a_box_of_another_size_than_any_template_is_malformed(size: int) -> None:
    box = seal(_ITEM.format(1), bytes(32), b"x" * size, b"s" * 32, _KEY)
    file = made()
    forged = SealedFile(
        **{**{n: getattr(file, n) for n in file.__struct_fields__}, "templates": [box]}
    )
    with pytest.raises(Malformed, match="size"):
        SealedFile.parse(bytes(forged))


@pytest.mark.parametrize("key_", [bytes(32), b"\xff" * 32, b"", b"short"])
def test_nothing_is_sealed_for_what_is_no_key(key_: bytes) -> None:
    with pytest.raises(Malformed):
        seal(_ITEM.format(1), bytes(32), b"t", b"s" * 32, key_)


@given(place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_no_bit_of_a_box_can_change(place: int, bit: int) -> None:
    one = seal(_ITEM.format(1), bytes(32), b"AFP1" * 9, b"s" * 32, _KEY)
    raw = bytearray(base64.b64decode(one.sealed))
    raw[place % len(raw)] ^= 1 << bit
    changed = SealedTemplate(
        commitment=one.commitment, item=one.item, sealed=base64.b64encode(raw).decode()
    )
    with pytest.raises(BadSignature):
        changed.open(seed("sealed"))


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(LedgerError):
        SealedFile.parse(data)


@given(place=st.integers(min_value=0), byte=st.integers(0, 255))
def test_a_changed_file_is_read_whole_or_refused(place: int, byte: int) -> None:
    text = bytearray(_WHOLE)
    text[place % len(text)] = byte
    try:
        found = SealedFile.parse(bytes(text))
    except Malformed:
        return
    assert bytes(found) == bytes(text)


_WHOLE = bytes(made(2))
