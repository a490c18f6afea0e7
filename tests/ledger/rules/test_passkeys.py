"""A passkey as a second factor: what it may sign beside another key, and what everybody checks of it."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger import pulled
from ledger.bundle import Bundle
from ledger.errors import BadProof, BadSignature, LedgerError, Refused
from ledger.mirror import Mirror
from ledger.proof import verify
from ledger.pulled import Pulled
from ledger.statement.governance import KeyAdd, KeyRevoke
from ledger.statement.submission import Submission
from ledger.store.batch import Receipt
from ledger.store.check import check
from ledger.store.publish import export
from ledger.store.restore import restore
from tests.authenticator import RP_ID, Authenticator, with_line
from tests.ledger.test_audit import Kept, entries_of, findings, held_of, serve
from tests.ledger.test_following import fetcher
from tests.world import Chain, Member, seed

PASSKEY = Authenticator("colleague")


def added(chain: Chain, who: Member, passkey: Authenticator = PASSKEY, **fields: Any) -> Submission:
    """The key-add of a member's passkey, signed by an admin key and the passkey itself."""
    told = {"use": "passkey", "key": passkey.text, "rp_id": passkey.rp_id, **fields}
    body = chain.key_add(who, **told).statement.body
    fresh = {name: getattr(body, name) for name in told} | {
        name: getattr(body, name) for name in ("expires", "from_", "operations", "sites")
    }
    admins = ["authority 1", "authority 2"] if who is chain.authority else [who.admin]
    return passkey.countersign(chain.governance(KeyAdd, *admins, by=who.gln, **fresh))


def refused(chain: Chain, submission: Submission) -> LedgerError:
    size = chain.reader.head().size
    with pytest.raises(LedgerError) as caught:
        chain.log.submit(submission)
    assert chain.reader.head().size == size
    return caught.value


def code(chain: Chain, submission: Submission) -> str:
    error = refused(chain, submission)
    assert isinstance(error, Refused), error
    return error.code


def only(submission: Submission, passkey: Authenticator = PASSKEY) -> Submission:
    """The submission signed by the passkey alone."""
    line = passkey.line(bytes.fromhex(submission.statement.id))
    signed = with_line(submission, line).statement
    alone = replace(signed.envelope, signatures=(line,))
    return submission.__class__(
        signed.__class__(alone, signed.body),
        submission.items, submission.over, submission.missing, submission.secret,
    )  # fmt: skip


def destroyed(chain: Chain, packs: list[str]) -> Submission:
    return chain.event("destroyed", chain.maker, packs)


def test_a_destruction_is_signed_by_a_station_and_a_passkey(chain: Chain, tmp_path: Path) -> None:
    """It lands, and store, proof, mirror, audit, a party's books and a log made anew verify it alike."""
    chain.log.submit(added(chain, chain.maker))
    packs = chain.commission("L1", 2)
    act = destroyed(chain, packs[:1])
    assert code(chain, act) == "threshold"
    receipt = chain.log.submit(PASSKEY.countersign(act))
    state = chain.answers.state(packs[0], chain.maker.site)
    assert (state.state, state.reason) == ("inactive", "destroyed")
    assert check(chain.store, chain.log_key.verifier) is None

    mirror = Mirror(tmp_path / "copy", chain.trust)
    mirror.sync(fetcher(chain))
    assert mirror.authority().public(PASSKEY.keyid) == PASSKEY.public
    kept = Kept(statements=[held_of(chain, receipt.index, receipt=True)])
    export(chain.store, tmp_path / "export")
    assert not findings(tmp_path / "export", chain.trust, kept)

    size = chain.reader.head().size
    books = [Pulled(i, held_of(chain, i).ms, held_of(chain, i).submission) for i in range(size)]
    pulled.keep(tmp_path / "copy", mirror, books)
    again = list(pulled.read(tmp_path / "copy"))
    assert again == books
    store = restore(tmp_path / "anew", mirror, again, chain.log_key.verifier)
    assert check(store, chain.log_key.verifier) is None
    store.close()


def altered(bundle: Bundle, index: int, **fields: bytes) -> Bundle:
    """A bundle with something else in the passkey's line of one statement."""
    form = json.loads(bundle.to_json())
    (shown,) = (one for one in form["statements"] if one["index"] == index)
    (line,) = (one for one in shown["envelope"]["signatures"] if "webauthn" in one)
    for name, value in fields.items():
        place = line if name == "sig" else line["webauthn"]
        place[name] = b64encode(value).decode()
    return Bundle.parse(
        json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    )


def test_a_proof_of_it_verifies_offline_and_no_byte_of_the_assertion_may_change(
    chain: Chain,
) -> None:
    brought = chain.log.submit(added(chain, chain.maker))
    packs = chain.commission("L1", 1)
    receipt = chain.log.submit(PASSKEY.countersign(destroyed(chain, packs)))
    for site in (chain.maker.site, chain.authority.site):
        bundle = chain.answers.bundle(packs, site)
        again = Bundle.parse(bundle.to_gzip())
        assert again == bundle
        proven = verify(again, chain.trust)
        assert proven.states[packs[0]].state == "inactive"
        assert {brought.index, receipt.index} <= {entry.index for entry in again.entries}
        (line,) = (
            line for entry in again.entries if entry.index == receipt.index
            for line in entry.envelope.signatures if line.webauthn
        )  # fmt: skip
        assert line.webauthn is not None
        changes = {
            "sig": line.sig, "authenticatorData": line.webauthn.authenticator_data,
            "clientDataJSON": line.webauthn.client_data,
        }  # fmt: skip
        for name, value in changes.items():
            for place in range(0, len(value), 7):
                changed = value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
                with pytest.raises((BadProof, BadSignature)):
                    verify(altered(bundle, receipt.index, **{name: changed}), chain.trust)


def test_an_operator_that_logs_a_forged_assertion_is_found_by_proof_mirror_and_audit(
    chain: Chain, tmp_path: Path
) -> None:
    """The bytes are in the tree, rightly signed by the log; what they say was never signed."""
    honest = added(chain, chain.maker)
    line = PASSKEY.line(bytes.fromhex(honest.statement.id), PASSKEY.data(flags=0x01))
    forged = with_line(honest, line)
    entry = (chain.now).to_bytes(8, "big") + bytes(forged.statement.envelope)
    folder = serve(tmp_path / "forged", [*entries_of(chain), entry])
    (finding,) = findings(folder, chain.trust)
    assert (finding.code, finding.place) == ("bad-signature", f"entry {len(entries_of(chain))}")
    with pytest.raises(BadProof, match="flag UV"):
        Mirror(tmp_path / "copy", chain.trust).sync(lambda path: (folder / path).read_bytes())


def test_a_passkey_never_suffices_alone(chain: Chain) -> None:
    chain.log.submit(added(chain, chain.maker))
    other = Authenticator("other", ed=True)
    chain.log.submit(added(chain, chain.maker, other))
    packs = chain.commission("L1", 2)
    assert code(chain, only(destroyed(chain, packs))) == "not-entitled"
    both = other.countersign(only(destroyed(chain, packs)))
    assert code(chain, both) == "not-entitled"
    assert code(chain, only(chain.ship_event(chain.maker, packs, chain.pharmacy))) == "not-entitled"
    chain.log.submit(chain.key_add(chain.maker, "sensor", use="sensor"))
    beside = PASSKEY.countersign(
        chain.event("destroyed", chain.maker, packs, keys=[seed("sensor")])
    )
    assert code(chain, beside) == "not-entitled"
    # Where one key is enough, a passkey beside it is welcome.
    chain.log.submit(PASSKEY.countersign(chain.ship_event(chain.maker, packs[:1], chain.pharmacy)))
    chain.log.submit(other.countersign(destroyed(chain, packs[1:])))


def test_it_counts_for_its_own_party_site_operations_and_time(chain: Chain) -> None:
    packs = chain.commission("L1", 1)
    stranger = Authenticator("stranger")
    assert code(chain, stranger.countersign(destroyed(chain, packs))) == "unknown-key"
    chain.log.submit(added(chain, chain.pharmacy, stranger))
    assert code(chain, stranger.countersign(destroyed(chain, packs))) == "not-entitled"
    chain.log.submit(added(chain, chain.maker, operations=["ship"]))
    assert code(chain, PASSKEY.countersign(destroyed(chain, packs))) == "not-listed-op"
    late = Authenticator("late")
    chain.log.submit(added(chain, chain.maker, late, from_="2027-01-01T00:00:00Z"))
    assert code(chain, late.countersign(destroyed(chain, packs))) == "key-not-yet"


def test_each_party_of_a_transfer_signs_by_a_working_key(chain: Chain) -> None:
    packs = chain.commission("L1", 1)
    chain.hand_over(chain.maker, packs, chain.wholesaler)
    chain.log.submit(added(chain, chain.wholesaler))
    transfer = chain.event("transfer", chain.pharmacy, packs)
    assert code(chain, PASSKEY.countersign(transfer)) == "not-entitled"


def test_a_destruction_by_two_people_and_a_passkey_of_policys_threshold(chain: Chain) -> None:
    """Three keys may be asked for; a passkey is one of them."""
    chain.log.submit(chain.policy_change(threshold=3, sensitive=["sample"]))
    chain.log.submit(added(chain, chain.maker))
    chain.log.submit(chain.key_add(chain.maker, "second"))
    packs = chain.commission("L1", 1)
    sample = chain.event("sample", chain.maker, packs)
    assert code(chain, PASSKEY.countersign(sample)) == "threshold"
    two = chain.event("sample", chain.maker, packs, keys=[chain.maker.key, seed("second")])
    assert code(chain, two) == "threshold"
    chain.log.submit(PASSKEY.countersign(two))


def test_the_passkey_itself_signs_its_key_add_of_this_log(chain: Chain) -> None:
    plain = chain.key_add(chain.maker, "x", use="passkey", key=PASSKEY.text, rp_id=RP_ID)
    assert code(chain, plain) == "unknown-key"  # signed by an Ed25519 key of nobody
    good = added(chain, chain.maker)
    digest = bytes.fromhex(good.statement.id)
    elsewhere = Authenticator("colleague", "other.example")
    for line in (
        PASSKEY.line(bytes(32)), elsewhere.line(digest), PASSKEY.line(digest, PASSKEY.data(flags=1))
    ):  # fmt: skip
        assert isinstance(refused(chain, with_line(good, line)), BadSignature)
    assert code(chain, only(good)) == "threshold"
    without = replace(good.statement.envelope, signatures=tuple(
        line for line in good.statement.envelope.signatures if line.webauthn is None
    ))  # fmt: skip
    bare = Submission(good.statement.__class__(without, good.statement.body))
    assert code(chain, bare) == "threshold"
    chain.log.submit(good)


def test_a_raw_key_is_known_in_one_use_for_ever(chain: Chain) -> None:
    chain.log.submit(added(chain, chain.maker))
    assert code(chain, added(chain, chain.maker, operations=["ship"])) == "key-reused"
    assert code(chain, added(chain, chain.pharmacy)) == "key-reused"
    assert (
        code(chain, added(chain, chain.maker, Authenticator("colleague", "b.example")))
        == "key-reused"
    )
    station = Authenticator("station", ed=True, seed=chain.pharmacy.key)
    assert code(chain, added(chain, chain.pharmacy, station)) == "key-reused"
    chain.log.submit(added(chain, chain.maker, Authenticator("both", ed=True, seed=seed("both"))))
    assert code(chain, chain.key_add(chain.maker, "both")) == "key-reused"


def test_it_signs_no_governance_but_its_own_key_add_and_its_own_revocation(chain: Chain) -> None:
    chain.log.submit(added(chain, chain.maker))
    second = Authenticator("second")
    chain.log.submit(added(chain, chain.maker, second))
    for submission in (
        chain.hold(), chain.recall_of(), chain.product(name="Other"),
        chain.key_add(chain.maker, "more"), chain.revoke(chain.maker),
        added(chain, chain.maker, Authenticator("third")),
    ):  # fmt: skip
        assert code(chain, PASSKEY.countersign(submission)) == "not-entitled"
        if not isinstance(submission.statement.body, KeyAdd):
            assert code(chain, only(submission)) == "not-entitled"
    revoke = {"by": chain.maker.gln, "reason": "lost"}
    other = chain.governance(KeyRevoke, chain.maker.admin, keyid=second.keyid, **revoke)
    assert code(chain, only(other)) == "not-entitled"
    own = chain.governance(KeyRevoke, chain.maker.admin, keyid=PASSKEY.keyid, **revoke)
    assert isinstance(chain.log.submit(only(own)), Receipt)
    packs = chain.commission("L1", 1)
    assert code(chain, PASSKEY.countersign(destroyed(chain, packs))) == "key-revoked"
    chain.log.submit(other)
    assert code(chain, second.countersign(destroyed(chain, packs))) == "key-revoked"


def test_an_authority_adds_a_passkey_with_its_threshold(chain: Chain) -> None:
    good = added(chain, chain.authority)
    lines = [line for line in good.statement.envelope.signatures if line.webauthn is None]
    few = replace(good.statement.envelope, signatures=tuple(
        line for line in good.statement.envelope.signatures if line != lines[0]
    ))  # fmt: skip
    assert (
        code(chain, Submission(good.statement.__class__(few, good.statement.body))) == "threshold"
    )
    chain.log.submit(good)


def test_the_log_takes_a_statement_once_however_often_a_passkey_signs_it(chain: Chain) -> None:
    chain.log.submit(added(chain, chain.maker))
    packs = chain.commission("L1", 1)
    act = destroyed(chain, packs)
    first = chain.log.submit(PASSKEY.countersign(act))
    later = PASSKEY.countersign(act, data=PASSKEY.data(flags=0x1D))
    again = chain.log.submit(later)
    assert (again.index, again.first) == (first.index, False)
