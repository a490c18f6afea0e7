"""Around a look: when it is asked for, and how what came of it becomes evidence on the log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from app.fingerprints.asked import MANY_SCANS
from app.fingerprints.words import CODES
from app.node import KEY
from ledger.bundle import Bundle
from ledger.cli import main as packtrace
from ledger.proof import verify
from ledger.pulled import PULLED
from ledger.rules.reasons import HOLD, OK, word_of
from ledger.statement.dsse import Envelope
from ledger.statement.parts import FingerprintPolicy, ProductPolicy, Storage
from ledger.statement.submission import Statement
from ledger.store.check import check
from ledger.store.fingerprints import Fingerprints
from ledger.store.publish import export, trust_file
from tests.app.conftest import SignIn
from tests.app.prints import COPY, FAR, enrol, looked, pictures
from tests.world import Chain


@pytest.fixture
def app(kept: Fingerprints, app: Flask) -> Flask:
    """An app that keeps templates."""
    return app


@pytest.fixture
def packs(chain: Chain, kept: Fingerprints) -> list[str]:
    """Two packs in the pharmacy's stock, from a supplier of long standing; the first is enrolled."""
    old, *made = chain.commission("L1", 3)
    chain.hand_over(chain.maker, [old], chain.pharmacy)
    chain.hand_over(chain.maker, made, chain.pharmacy)
    enrol(chain, kept, made[0])
    return made


def asked(client: FlaskClient, item: str, purpose: str = "check") -> dict[str, Any] | None:
    """What a scan says of a pack's print."""
    answer = client.post("/api/scans", json={"text": item, "purpose": purpose})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] | None = answer.get_json()["fingerprint"]
    return told


def test_a_pack_s_print_is_offered_where_a_template_of_it_is_kept(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    here = sign_in(chain.pharmacy)
    assert asked(here, packs[0]) == {"item": packs[0], "asked": False, "why": "offered"}
    assert asked(here, packs[1]) is None
    assert asked(here, "nothing that is a label") is None


def test_a_template_that_nobody_signed_for_is_neither_asked_for_nor_offered(
    chain: Chain, kept: Fingerprints, packs: list[str], sign_in: SignIn
) -> None:
    chain.log.submit(chain.policy_change(fingerprint=FingerprintPolicy(ask=True)))
    kept.put(packs[1], bytes(32), b"template", bytes(32), chain.now)
    assert asked(sign_in(chain.pharmacy), packs[1]) is None


@pytest.mark.parametrize("why", ["policy", "product"])
def test_policy_asks_for_it(why: str, chain: Chain, packs: list[str], sign_in: SignIn) -> None:
    rule = ProductPolicy(max_transit=48, storage=Storage(max=25, min=2), fingerprint_ask=True)
    of_all = {"fingerprint": FingerprintPolicy(ask=True)}
    chain.log.submit(
        chain.policy_change(**(of_all if why == "policy" else {"products": {chain.gtin: rule}}))
    )
    found = asked(sign_in(chain.pharmacy), packs[0])
    assert found == {"item": packs[0], "asked": True, "why": why}


def test_a_pack_that_was_supplied_before_is_asked_for(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    chain.supply(chain.pharmacy, packs[:1])
    for who in (chain.pharmacy, chain.pharmacy2):
        found = asked(sign_in(who), packs[0])
        assert found is not None
        assert found["why"] in ("supplied", "case")
        assert found["asked"]


def test_the_first_delivery_of_a_supplier_is_asked_for(
    chain: Chain, kept: Fingerprints, sign_in: SignIn
) -> None:
    first, second = chain.commission("L1", 2)
    for item in (first, second):
        enrol(chain, kept, item)
    ship = chain.ship(chain.maker, [first], chain.pharmacy2)
    here = sign_in(chain.pharmacy2)
    found = asked(here, first, "receive")
    assert found == {"item": first, "asked": True, "why": "new-supplier"}
    chain.receive(chain.pharmacy2, ship, [first])
    chain.ship(chain.maker, [second], chain.pharmacy2)
    found = asked(here, second, "receive")
    assert found == {"item": second, "asked": False, "why": "offered"}


def test_a_pack_that_is_read_again_and_again_is_asked_for(
    chain: Chain, packs: list[str], sign_in: SignIn
) -> None:
    here = sign_in(chain.pharmacy)
    for _ in range(MANY_SCANS):
        chain.now += 1000
        found = asked(here, packs[0])
    chain.now += 1000
    found = asked(here, packs[0])
    assert found is not None
    assert found["asked"]


def test_a_scan_is_answered_whatever_becomes_of_the_templates(
    chain: Chain, app: Flask, kept: Fingerprints, packs: list[str], sign_in: SignIn
) -> None:
    here = sign_in(chain.pharmacy)
    assert asked(here, packs[0]) is not None
    kept._database.execute_sql("DROP TABLE template")
    answer = here.post("/api/scans", json={"text": packs[0], "purpose": "dispense"}).get_json()
    assert (answer["verdict"], answer["fingerprint"]) == ("OK", None)


def audited(chain: Chain, folder: Path) -> dict[str, Any]:
    """What an auditor finds in the public log and the authority's books."""
    public, books = folder / "public", folder / "books"
    export(chain.store, public)
    books.mkdir()
    lines = [one.to_json() + b"\n" for one in chain.reader.addressed_to(chain.authority.gln, 0)]
    (books / PULLED).write_bytes(b"".join(lines))
    (folder / "trust").write_bytes(trust_file(chain.store))
    words = ["audit", public, "--trust", folder / "trust", "--books", books, "--json"]
    done = CliRunner().invoke(packtrace, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.output)
    return found


def test_what_each_look_showed_is_signed_on_the_log_and_can_be_verified(
    chain: Chain, app: Flask, packs: list[str], tmp_path: Path, sign_in: SignIn
) -> None:
    here, (item, _) = sign_in(chain.pharmacy), packs
    shown = (
        pictures(item), pictures(item, seed=COPY), pictures(item, 2, camera=FAR)
    )  # fmt: skip
    case = None
    for verdict, some in zip(CODES, shown, strict=True):
        told = looked(here, item, some)
        assert told["verdict"] == verdict
        sign = told["inspect"]
        assert sign["reason"] == CODES[verdict]
        extras = {item: bytes.fromhex(sign["commitment"])}
        event = chain.event(
            "inspect", chain.pharmacy, [item], reason=sign["reason"], extras=extras
        )  # fmt: skip
        answer = here.post("/api/statements", data=bytes(event), content_type="application/json")
        assert answer.status_code == 200, answer.text
        case = case or told["case"]
    # They are on the log as they were signed, and changed nothing of the pack.
    for entry in range(chain.reader.head().size - 3, chain.reader.head().size):
        statement = Statement.of(Envelope.parse(chain.reader.logged(entry).envelope))
        assert statement.body.op == "inspect"
        (only,) = chain.reader.items(entry)
        assert (only.id, only.extra.hex()) == (item, sign["commitment"])
    assert check(chain.store, chain.log_key.verifier) is None
    assert audited(chain, tmp_path) == {"ok": True, "findings": []}
    bundle = chain.answers.bundle([item], chain.pharmacy.site).to_gzip()
    state = verify(Bundle.parse(bundle), chain.trust).states[item]
    assert (state.state, state.marks) == ("here", ())
    # The signed finding joins the case that the look opened.
    found = here.get(f"/api/alerts/{case}").get_json()
    assert found["rule"] == "copy-suspected"
    cases = app.extensions[KEY].desk.cases
    here.get("/alerts.json")
    assert {one.rule for one in cases.evidence(case)} == {"copy-suspected"}
    assert any(one.source for one in cases.evidence(case))


def test_the_codes_that_are_signed_are_reasons_with_words() -> None:
    assert [word_of(code) for code in CODES.values()] == [OK, HOLD, OK]
