"""Proof bundles: what they prove to whom, and that nothing about them can be changed."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ledger.bundle import Bundle
from ledger.disclose import disclose
from ledger.errors import BadProof, BadSignature, LedgerError, Malformed
from ledger.proof import clock_words, verify
from ledger.rules.verdict import judge
from ledger.statement import dsse
from ledger.statement.gs1 import parse_scan
from ledger.statement.status import build_status, parse_status
from ledger.tlog.note import SigningKey
from ledger.tlog.policy import Policy
from tests.ledger.store.test_append import lived_in
from tests.world import Chain, seed


def sites(chain: Chain) -> list[str]:
    return [*(m.site for m in [chain.authority, *chain.members]), ""]


def test_a_bundle_proves_what_the_store_knows_to_every_site_and_to_a_stranger(chain: Chain) -> None:
    packs = lived_in(chain)
    for item in [*packs, chain.unit_id(chain.maker, 1)]:
        for site in sites(chain):
            bundle = chain.answers.bundle([item], site)
            proven = verify(Bundle.parse(bundle.to_gzip()), chain.trust)
            assert proven.states[item] == chain.answers.state(item, site), (item, site)
            assert Bundle.parse(bundle.to_json()).to_json() == bundle.to_json()


def test_an_unknown_serial_is_proven_unknown(chain: Chain) -> None:
    item = chain.pack_ids("NO", 1)[0]
    for site in sites(chain):
        proven = verify(chain.answers.bundle([item], site), chain.trust)
        assert proven.states[item].state == "unknown"


def test_a_shipments_bundle_shares_what_is_common(chain: Chain) -> None:
    packs = chain.commission("L1", 40)
    ship = chain.ship(chain.maker, packs, chain.pharmacy)
    bundle = chain.answers.bundle(packs, chain.pharmacy.site)
    one = chain.answers.bundle(packs[:1], chain.pharmacy.site)
    proven = verify(bundle, chain.trust)
    assert {state.state for state in proven.states.values()} == {"to_here"}
    assert len(bundle.entries) == len(one.entries)
    chain.receive(chain.pharmacy, ship, packs)


def ids_shown(chain: Chain, item: str, site: str) -> set[str]:
    return {i.id for e in chain.answers.bundle([item], site).entries for i in e.items}


def test_a_trading_partner_sees_one_step_up_and_no_siblings(chain: Chain) -> None:
    packs = lived_in(chain)
    bundle = chain.answers.bundle([packs[1]], chain.pharmacy2.site)
    text = bundle.to_json().decode()
    for sibling in packs[2:]:
        assert sibling not in text
    ops = [getattr(s.body, "op", None) for s in verify(bundle, chain.trust).statements]
    # The hand-off from maker to wholesaler stays closed, and the bundle says that there was one.
    assert ops.count("ship") == 1
    assert verify(bundle, chain.trust).status.gap
    stranger = chain.answers.bundle([packs[1]], "").to_json().decode()
    for member in (chain.wholesaler, chain.pharmacy2):
        assert member.gln not in stranger
        assert member.site not in stranger
    full = chain.answers.bundle([packs[1]], chain.authority.site)
    assert not verify(full, chain.trust).status.gap
    assert ids_shown(chain, packs[1], chain.authority.site) > {packs[1]}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory):
    """A chain and a pharmacy's bundle."""
    chain = Chain(tmp_path_factory.mktemp("one"))
    packs = lived_in(chain)
    yield chain, packs[1], chain.answers.bundle([packs[1]], chain.pharmacy2.site)
    chain.store.close()


def test_no_byte_of_the_inflated_bundle_can_change(one: Any) -> None:
    chain, _, bundle = one
    raw = bundle.to_json()
    trust = chain.trust
    verify(Bundle.parse(raw), trust)
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1 << (place % 7)
        with pytest.raises(LedgerError):
            verify(Bundle.parse(bytes(changed)), trust)


def test_a_cut_off_bundle_is_unusable(one: Any) -> None:
    chain, _, bundle = one
    for data in (bundle.to_json(), bundle.to_gzip()):
        for end in range(0, len(data), 97):
            with pytest.raises(Malformed):
                Bundle.parse(data[:end])
    with pytest.raises(Malformed):
        Bundle.parse(gzip.compress(b"0" * (2 << 20)))
    assert chain


def form(bundle: Bundle) -> dict[str, Any]:
    return json.loads(bundle.to_json())


def made(told: dict[str, Any]) -> Bundle:
    return Bundle.parse(dsse.canonical(told))


def test_a_bundle_of_another_log_is_unusable_and_a_forked_checkpoint_is_refuted(
    one: Any, tmp_path: Any
) -> None:
    chain, item, bundle = one
    other = Chain(tmp_path, seeded="fork")
    other.commission("L1", 6)
    note = other.reader.head().note
    elsewhere = SigningKey("log.example/else", seed("log")).verifier
    foreign = Policy.parse(f"log {elsewhere}\nquorum none\n".encode())
    with pytest.raises(Malformed, match="not in the trust file"):
        verify(bundle, foreign)
    # The same log key has signed another history: the proofs of the one do not fit the other.
    with pytest.raises(BadProof):
        verify(Bundle(note, bundle.entries, bundle.status), chain.trust)
    assert item
    other.store.close()


def test_without_its_status_a_bundle_is_unusable(one: Any) -> None:
    chain, _, bundle = one
    told = form(bundle)
    del told["status"]
    with pytest.raises(Malformed, match="no status"):
        verify(made(told), chain.trust)


def forged_status(bundle: Bundle, **changes: Any) -> Bundle:
    """The bundle with a status that a lying operator signed."""
    from msgspec.structs import replace

    assert bundle.status is not None
    status = replace(parse_status(bundle.status.payload), **changes)
    envelope = dsse.sign(dsse.STATUS, build_status(status), [seed("status")])
    return Bundle(bundle.checkpoint, bundle.entries, envelope)


def test_a_lying_status_is_refuted(one: Any) -> None:
    from msgspec.structs import replace

    chain, item, bundle = one
    status = parse_status(bundle.status.payload)
    told = status.items[0]
    lies: list[dict[str, Any]] = [
        {"gap": not status.gap},
        {"id": status.id[:-1]},
        {"size": status.size + 1},
        {"root": "00" * 32},
        {"log": "log.example/other"},
        {"items": [replace(told, state="other")]},
        {"items": [replace(told, state="supplied_here")]},
        {"items": [replace(told, state="unknown", last=None)]},
        {"items": [replace(told, last=None)]},
        {"for_": chain.pharmacy.site},
    ]
    for lie in lies:
        with pytest.raises((BadProof, Malformed)):
            verify(forged_status(bundle, **lie), chain.trust)
    stolen = dsse.sign(dsse.STATUS, bundle.status.payload, [seed("not the status key")])
    with pytest.raises(LedgerError):
        verify(Bundle(bundle.checkpoint, bundle.entries, stolen), chain.trust)
    assert item == told.id


def test_leaving_out_a_statement_is_refuted_where_the_status_is_not_the_only_word(one: Any) -> None:
    chain, _, bundle = one
    proven = verify(bundle, chain.trust)
    undetected = []
    for place, statement in enumerate(proven.statements):
        shorter = bundle.entries[:place] + bundle.entries[place + 1 :]
        ids = [one_id for one_id in proven.status.id if one_id != statement.id]
        try:
            verify(
                forged_status(Bundle(bundle.checkpoint, shorter, bundle.status), id=ids),
                chain.trust,
            )
        except (BadProof, BadSignature, Malformed):
            continue
        undetected.append(getattr(statement.body, "op", type(statement.body).__name__))
    # A hold, and its end, are what the status alone speaks of (statement.md 9); an unpacking is
    # implied by the act after it.
    assert set(undetected) <= {"quarantine", "release", "unpack"}


def test_an_authoritys_bundle_that_hides_a_supply_is_refuted(chain: Chain) -> None:
    packs = chain.commission("L1", 1)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    chain.supply(chain.pharmacy, packs)
    bundle = chain.answers.bundle(packs, chain.authority.site)
    status = verify(bundle, chain.trust).status
    hidden = Bundle(bundle.checkpoint, bundle.entries[:-1], bundle.status)
    with pytest.raises(BadProof, match="supplied"):
        verify(forged_status(hidden, id=status.id[:-1]), chain.trust)


def test_age_decides_the_verdict_and_not_the_proof(chain: Chain) -> None:
    packs = chain.commission("L1", 1)
    proven = verify(chain.answers.bundle(packs, chain.maker.site), chain.trust)
    label = parse_scan(f"(01){chain.gtin}(10)L1(17)280131(21)L1-0000")

    def after(hours: float) -> list[str]:
        now = datetime.fromtimestamp(chain.now / 1000 + 3600 * hours, UTC)
        return list(judge(proven.states[packs[0]], label, now, "check", witnessed=False).codes)

    assert after(1)[0] == "in-stock"
    assert after(25)[0] == "too-old"
    assert after(-1)[0] == "unknown-age"
    expired = datetime(2028, 2, 1, tzinfo=UTC)
    told = judge(proven.states[packs[0]], label, expired, "check", witnessed=False)
    assert told.codes[0] == "expired"
    assert date(2028, 1, 31) == proven.states[packs[0]].expiry
    assert clock_words(chain.now).endswith("Z")


def test_disclosure_names_no_governance_twice_and_needs_no_more_than_16_kib(chain: Chain) -> None:
    packs = lived_in(chain)
    head = chain.reader.head()
    sources = chain.answers._sources(head, chain.reader.authority(), chain.reader.world())
    chosen = disclose(sources, [packs[1]], chain.pharmacy2.site)
    assert len(set(chosen.indexes)) == len(chosen.indexes)
    assert len(chain.answers.bundle([packs[1]], chain.pharmacy2.site).to_gzip()) < 16 * 1024


@pytest.mark.parametrize("field", ["ms", "index"])
@pytest.mark.parametrize("value", [-1, 2**53, 2**64])
def test_numbers_that_no_log_has_are_malformed(chain: Chain, field: str, value: int) -> None:
    packs = chain.commission("L1", 1)
    form = json.loads(chain.answers.bundle(packs, chain.maker.site).to_json())
    form["statements"][0][field] = value
    with pytest.raises(Malformed):
        Bundle.parse(dsse.canonical(form))


def test_an_authority_is_proven_a_pack_in_a_container_that_lay_in_another_before(
    chain: Chain,
) -> None:
    box, pallet = chain.unit(chain.maker, 1), chain.unit(chain.maker, 2)
    first, second = chain.commission("L1", 1), chain.commission("L2", 1)
    chain.pack(chain.maker, first, box)
    chain.pack(chain.maker, [box], pallet)
    chain.unpack(chain.maker, pallet)
    chain.unpack(chain.maker, box)
    chain.pack(chain.maker, second, box)
    site = chain.authority.site
    proven = verify(chain.answers.bundle(second, site), chain.trust)
    assert proven.states[second[0]] == chain.answers.state(second[0], site)
