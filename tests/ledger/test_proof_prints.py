"""What a proof bundle says of the fingerprint of a pack's label: whose commitment counts, for whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import chain as chains
from ledger.bundle import Bundle
from ledger.errors import BadProof
from ledger.proof import Proven, verify
from ledger.statement import gs1
from tests.world import Chain, Member

FIRST, SECOND = b"\x01" * 32, b"\x02" * 32


def proven(chain: Chain, item: str, who: Member) -> Proven:
    """A bundle as it travels, verified by the trust file alone."""
    made = chain.answers.bundle([item], who.site).to_gzip()
    return verify(Bundle.parse(made), chain.trust)


def ops(found: Proven) -> list[str]:
    return [op for s in found.statements if (op := getattr(s.body, "op", ""))]


def commissioned(chain: Chain) -> list[str]:
    """Two packs of a lot, the first with a fingerprint, at the pharmacy."""
    packs = chain.pack_ids("L1", 2)
    chain.act(
        "commission", chain.maker, packs, lot="L1", expiry=date(2028, 1, 31),
        extras={packs[0]: FIRST},
    )  # fmt: skip
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    return packs


def test_the_commissionings_commitment_is_proven_to_who_has_the_pack(chain: Chain) -> None:
    packs = commissioned(chain)
    for who in (chain.pharmacy, chain.maker, chain.authority):
        assert proven(chain, packs[0], who).commitment(packs[0]) == FIRST
        assert proven(chain, packs[1], who).commitment(packs[1]) == b""


def test_the_newest_enrolment_holds_whenever_it_was_and_wherever_the_pack_was(chain: Chain) -> None:
    packs = chain.commission("L1", 2)
    chain.act("enrol", chain.maker, packs[:1], extras={packs[0]: FIRST})
    chain.hand_over(chain.maker, packs, chain.wholesaler)
    chain.hand_over(chain.wholesaler, packs, chain.pharmacy)
    found = proven(chain, packs[0], chain.pharmacy)
    assert found.commitment(packs[0]) == FIRST
    assert ops(found).count("enrol") == 1
    assert found.status.gap, "the hand-off in between stays closed"
    chain.act("enrol", chain.maker, packs, extras={packs[0]: SECOND, packs[1]: FIRST})
    found = proven(chain, packs[0], chain.pharmacy)
    assert (found.commitment(packs[0]), ops(found).count("enrol")) == (SECOND, 1)
    assert packs[1] not in chain.answers.bundle(packs[:1], chain.pharmacy.site).to_json().decode()
    assert proven(chain, packs[0], chain.authority).commitment(packs[0]) == SECOND
    # Who has nothing to do with the pack is shown no more than before.
    assert ops(proven(chain, packs[0], chain.pharmacy2)) == ["commission"]


def test_an_enrolment_that_broke_a_rule_does_not_count_in_a_proof_either(chain: Chain) -> None:
    """It is on the log as an observation, which the authority's bundle shows as well."""
    packs = chain.commission("L1", 1)
    chain.act("enrol", chain.maker, packs, extras={packs[0]: FIRST})
    chain.ship(chain.maker, packs, chain.pharmacy)
    chain.act(
        "enrol", chain.maker, packs, extras={packs[0]: SECOND}, declared="after_the_fact"
    )  # fmt: skip
    for who in (chain.maker, chain.pharmacy, chain.authority):
        assert proven(chain, packs[0], who).commitment(packs[0]) == FIRST
    assert ops(proven(chain, packs[0], chain.authority)).count("enrol") == 2


def test_a_pack_inside_a_container_takes_its_enrolment_along(chain: Chain) -> None:
    packs = chain.commission("L1", 2)
    case = chain.unit(chain.maker)
    chain.pack(chain.maker, packs, case)
    chain.act("enrol", chain.maker, packs[:1], extras={packs[0]: FIRST})
    chain.hand_over(chain.maker, [case], chain.pharmacy)
    found = proven(chain, packs[0], chain.pharmacy)
    assert found.commitment(packs[0]) == FIRST
    assert found.states[packs[0]] == chain.answers.state(packs[0], chain.pharmacy.site)


def test_an_inspection_between_a_supply_and_its_undoing_is_no_act(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    packs = commissioned(chain)
    supply = chain.supply(chain.pharmacy, packs[:1])
    since = proven(chain, packs[0], chain.pharmacy).states[packs[0]].since_ms
    chain.act("inspect", chain.pharmacy, packs[:1], reason="unknown")
    assert proven(chain, packs[0], chain.pharmacy).states[packs[0]].since_ms == since
    chain.undo(chain.pharmacy, supply, packs[:1])
    found = proven(chain, packs[0], chain.pharmacy)
    assert found.states[packs[0]] == chain.answers.state(packs[0], chain.pharmacy.site)
    assert found.states[packs[0]].state == "here"
    bundle = chain.answers.bundle(packs[:1], chain.pharmacy.site)
    monkeypatch.setattr(chains, "_REMARKS", frozenset())
    with pytest.raises(BadProof, match="undo"):
        verify(bundle, chain.trust)


def test_what_is_repacked_without_a_fingerprint_has_none(chain: Chain) -> None:
    packs = commissioned(chain)
    chain.hand_over(chain.pharmacy, packs, chain.maker)
    out = chain.act("check_out", chain.maker, packs)
    made = [gs1.sgtin(chain.gtin, "NEW-1")]
    chain.act(
        "repack", chain.maker, made, lot="L2", expiry=date(2028, 1, 31), inputs=(out.id,)
    )  # fmt: skip
    assert proven(chain, made[0], chain.maker).commitment(made[0]) == b""
    chain.act("enrol", chain.maker, made, extras={made[0]: SECOND})
    assert proven(chain, made[0], chain.maker).commitment(made[0]) == SECOND


def test_nobody_but_holder_and_packers_enrols_in_a_proof_either(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator who lets another party enrol is refuted by the bundle itself."""
    packs = commissioned(chain)
    monkeypatch.setattr("ledger.rules.making.may_enrol", lambda *_: True)
    chain.act("enrol", chain.wholesaler, packs[:1], extras={packs[0]: SECOND})
    bundle = chain.answers.bundle(packs[:1], chain.pharmacy.site)
    with pytest.raises(BadProof, match="may not enrol"):
        verify(bundle, chain.trust)


def test_a_packer_named_later_may_enrol_and_the_proof_shows_why(chain: Chain) -> None:
    packs = commissioned(chain)
    chain.log.submit(chain.product(packers=[chain.wholesaler.gln]))
    chain.act("enrol", chain.wholesaler, packs[:1], extras={packs[0]: SECOND})
    assert proven(chain, packs[0], chain.pharmacy).commitment(packs[0]) == SECOND


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(extra=st.binary(min_size=32, max_size=32))
def test_no_other_commitment_can_be_put_in_its_place(chain: Chain, extra: bytes) -> None:
    item = chain.pack_ids("L1", 2)[0]
    if not chain.reader.packs_of_lot(chain.gtin, "L1"):
        commissioned(chain)
    bundle = chain.answers.bundle([item], chain.pharmacy.site)
    entries = tuple(
        replace(e, items=tuple(replace(i, extra=extra) if i.extra else i for i in e.items))
        for e in bundle.entries
    )
    assert entries != bundle.entries or extra == FIRST
    if extra != FIRST:
        with pytest.raises(BadProof):
            verify(Bundle(bundle.checkpoint, entries, bundle.status), chain.trust)
