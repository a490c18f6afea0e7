"""Statements that a passkey signed beside another key, over HTTP; and that it opens no session."""

from __future__ import annotations

import json

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ledger.statement import dsse
from ledger.statement.dsse import Envelope
from ledger.statement.submission import Submission
from tests.app.conftest import SignIn, login_body
from tests.authenticator import Authenticator, with_line
from tests.ledger.rules.test_passkeys import added
from tests.world import Chain

PASSKEY = Authenticator("colleague")


def sent(client: FlaskClient, submission: Submission) -> TestResponse:
    return client.post("/api/statements", data=bytes(submission), content_type="application/json")


def test_a_destruction_lands_and_its_pages_can_be_read(chain: Chain, sign_in: SignIn) -> None:
    client = sign_in(chain.maker)
    brought = sent(client, added(chain, chain.maker, PASSKEY))
    assert brought.status_code == 200, brought.get_json()
    packs = chain.commission("L1", 1)
    act = chain.event("destroyed", chain.maker, packs)
    landed = sent(client, PASSKEY.countersign(act))
    assert landed.status_code == 200, landed.get_json()
    for told in (brought.get_json(), landed.get_json()):
        page = client.get(f"/log/{told['index']}")
        assert page.status_code == 200
        assert PASSKEY.keyid[:16] in page.text
    told = client.get(f"/api/keys/{PASSKEY.keyid}").get_json()
    assert (told["use"], told["party"]) == ("passkey", chain.maker.gln)


def refused(client: FlaskClient, submission: Submission) -> tuple[int, str, str]:
    answer = sent(client, submission)
    told = answer.get_json()
    return answer.status_code, told["code"], told["detail"]


def test_a_wrong_assertion_is_refused_in_words(chain: Chain, client: FlaskClient) -> None:
    chain.log.submit(added(chain, chain.maker, PASSKEY))
    act = chain.event("destroyed", chain.maker, chain.commission("L1", 1))
    digest = bytes.fromhex(act.statement.id)
    unverified = PASSKEY.countersign(act, data=PASSKEY.data(flags=0x01))
    status, code, words = refused(client, unverified)
    assert (status, code) == (401, "bad-signature")
    assert "flag UV" in words
    plain = dsse.Signature(PASSKEY.keyid, PASSKEY.sign(act.statement.envelope.pae))
    status, code, words = refused(client, with_line(act, plain))
    assert (status, code) == (401, "bad-signature")
    assert "needs the field webauthn" in words
    huge = PASSKEY.line(digest, client=PASSKEY.client(digest, more="x" * 2048))
    assert refused(client, with_line(act, huge))[:2] == (400, "malformed")
    assert refused(client, act)[:2] == (403, "threshold")


def test_a_passkey_opens_no_session(chain: Chain, client: FlaskClient) -> None:
    """Not even by an assertion whose challenge is the log-in's own id."""
    chain.log.submit(added(chain, chain.maker, PASSKEY))
    body = json.loads(login_body(client, chain, chain.maker.key, chain.maker.gln))
    envelope = Envelope.parse(dsse.canonical(body["envelope"]))
    line = PASSKEY.line(bytes.fromhex(envelope.id))
    alone = Envelope(envelope.payload, envelope.payload_type, (line,))
    answer = client.post("/api/session", data=b'{"envelope":' + bytes(alone) + b"}")
    assert (answer.status_code, answer.get_json()["code"]) == (403, "not-entitled")
    assert "Set-Cookie" not in answer.headers
