"""What a supply chain lives on: deliveries refused, short and over, goods lost and found, keys lost.

Each story runs through the real log; the table of every single cell is `test_matrix`.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledger.errors import Refused
from ledger.proof import verify
from ledger.rules import marks
from ledger.rules.state import Row
from ledger.rules.verdict import judge
from ledger.statement.forms import AFTER_THE_FACT
from ledger.statement.governance import KeyAdd
from ledger.statement.gs1 import parse_scan
from ledger.statement.parts import Site, time_text
from ledger.store.batch import Receipt
from ledger.store.check import check
from tests.world import LICENCE, Chain, Member, key_text, seed

EXPIRY = date(2028, 1, 31)


def row(chain: Chain, item: str) -> Row:
    """An item's own row."""
    found = chain.reader.world().row(item)
    assert found is not None
    return found


def marked(chain: Chain, item: str) -> set[str]:
    """The marks on an item now."""
    world = chain.reader.world()
    return {f.mark for f in marks.of(world, chain.reader.authority(), row(chain, item), chain.now)}


def refused(chain: Chain, op: str, who: Member, ids: Any, **fields: Any) -> str:
    """The code by which the log refuses an event."""
    make = chain.ship_event if op == "ship" else lambda w, i, **f: chain.event(op, w, i, **f)
    with pytest.raises(Refused) as caught:
        chain.log.submit(make(who, ids, **fields))
    return caught.value.code


def proven_state(chain: Chain, item: str, who: Member) -> str:
    """What a site's bundle proves of an item; the tables say the same."""
    proven = verify(chain.answers.bundle([item], who.site), chain.trust)
    assert proven.states[item] == chain.answers.state(item, who.site)
    return proven.states[item].state


def pallet(chain: Chain, count: int = 4) -> tuple[list[str], str]:
    """Packs of lot L1 on a pallet at the maker."""
    packs, unit = chain.commission("L1", count), chain.unit(chain.maker, 1)
    chain.pack(chain.maker, packs, unit)
    return packs, unit


def test_a_refused_delivery_goes_back_to_the_sender_who_receives_it(chain: Chain) -> None:
    packs = chain.commission("L1", 2)
    ship = chain.ship(chain.maker, packs, chain.pharmacy)
    chain.act("refuse", chain.pharmacy, packs[:1], shipment=ship.id)
    assert proven_state(chain, packs[0], chain.maker) == "to_here"
    assert proven_state(chain, packs[0], chain.pharmacy) == "in_transit"
    assert refused(chain, "receive", chain.pharmacy, packs[:1], shipment=ship.id) == "not-named"
    assert refused(chain, "refuse", chain.pharmacy, packs[:1], shipment=ship.id) == "wrong-state"
    chain.receive(chain.maker, ship, packs[:1])
    chain.receive(chain.pharmacy, ship, packs[1:])
    assert row(chain, packs[0]).owner == chain.maker.gln
    assert proven_state(chain, packs[0], chain.maker) == "here"
    assert proven_state(chain, packs[1], chain.pharmacy) == "here"


def test_what_was_too_much_is_on_hold_at_the_finder_and_changes_no_custody(chain: Chain) -> None:
    packs = chain.commission("L1", 3)
    ship = chain.ship(chain.maker, packs[:1], chain.pharmacy)
    unheard = chain.pack_ids("L9", 1)
    chain.log.submit(
        chain.event(
            "receive", chain.pharmacy, packs[:1], shipment=ship.id, over=[packs[1], *unheard]
        )
    )
    assert (row(chain, packs[1]).site, row(chain, packs[1]).hold) == (
        chain.maker.site, chain.pharmacy.gln,
    )  # fmt: skip
    assert refused(chain, "ship", chain.maker, packs[1:2], to=chain.wholesaler) == "blocked-hold"
    chain.release(chain.pharmacy, packs[1:2])
    chain.hand_over(chain.maker, packs[1:2], chain.pharmacy)
    assert proven_state(chain, packs[1], chain.pharmacy) == "here"
    code = refused(chain, "receive", chain.pharmacy, packs[:1], shipment=ship.id, over=[packs[0]])
    assert code == "items-mismatch"


def test_what_lacks_inside_a_pallet_stays_in_transit_until_somebody_answers(chain: Chain) -> None:
    packs, unit = pallet(chain)
    ship = chain.ship(chain.maker, [unit], chain.wholesaler)
    chain.log.submit(
        chain.event("receive", chain.wholesaler, [unit], shipment=ship.id, missing=packs[:2])
    )
    assert proven_state(chain, packs[0], chain.wholesaler) == "to_here"
    assert proven_state(chain, packs[3], chain.wholesaler) == "here"
    counts = chain.reader.world().content(unit)
    assert [count.n for count in counts.values()] == [2]
    assert refused(chain, "void", chain.maker, packs[:1], shipment=ship.id) == "wrong-state"
    chain.act("close_short", chain.wholesaler, packs[:2], shipment=ship.id)
    chain.void(chain.maker, ship, packs[:1])  # it had never left
    assert proven_state(chain, packs[0], chain.maker) == "here"
    chain.act("lost", chain.maker, packs[1:2])
    assert proven_state(chain, packs[1], chain.wholesaler) == "inactive"
    chain.act("found", chain.maker, packs[1:2])
    assert row(chain, packs[1]).hold == chain.maker.gln


def test_a_shipment_is_short_by_itself_once_the_dispute_days_have_run(chain: Chain) -> None:
    packs = chain.commission("L1", 2)
    ship = chain.ship(chain.maker, packs, chain.pharmacy)
    chain.receive(chain.pharmacy, ship, packs[:1])
    assert refused(chain, "void", chain.maker, packs[1:], shipment=ship.id) == "wrong-state"
    chain.hours(5 * 24 + 1)
    chain.void(chain.maker, ship, packs[1:])


def test_a_return_goes_where_it_came_from_and_arrives_on_hold(chain: Chain) -> None:
    packs = chain.commission("L1", 3)
    chain.hand_over(chain.maker, packs, chain.wholesaler)
    chain.hand_over(chain.wholesaler, packs, chain.pharmacy)
    chain.log.submit(chain.recall_of())
    with pytest.raises(Refused, match="wrong-site"):
        chain.send_back("return", chain.pharmacy, packs[:1], chain.pharmacy2)
    back = chain.send_back("return", chain.pharmacy, packs[:1], chain.wholesaler)
    chain.receive(chain.wholesaler, back, packs[:1])
    assert row(chain, packs[0]).hold == chain.wholesaler.gln
    assert proven_state(chain, packs[0], chain.wholesaler) == "here"
    chain.send_back("recall_return", chain.pharmacy, packs[1:2], chain.maker)  # the holder
    with pytest.raises(Refused, match="wrong-site"):
        chain.send_back("to_destruction", chain.pharmacy, packs[2:], chain.pharmacy2)
    burner = Site(
        activities=["destruction"], address="Street 1", gln=chain.pharmacy2.site, licence=LICENCE,
        name="Burner",
    )  # fmt: skip
    from ledger.statement.governance import Sites

    chain.log.submit(chain.governance(Sites, party=chain.pharmacy2.gln, sites=[burner]))
    chain.send_back("to_destruction", chain.pharmacy, packs[2:], chain.pharmacy2)


def test_a_warehouse_holds_what_others_own(chain: Chain) -> None:
    """Possession is of a site, ownership of a party: a sale while the goods stay."""
    packs = chain.commission("L1", 2)
    ship = chain.log.submit(
        chain.ship_event(chain.maker, packs, chain.wholesaler, dest_party=chain.maker.gln)
    )
    chain.receive(chain.wholesaler, ship, packs)
    assert row(chain, packs[0]).owner == chain.maker.gln
    both = [chain.maker.key, chain.pharmacy.key]
    chain.act("transfer", chain.pharmacy, packs[:1], keys=both)
    assert (row(chain, packs[0]).owner, row(chain, packs[0]).site) == (
        chain.pharmacy.gln, chain.wholesaler.site,
    )  # fmt: skip
    code = refused(
        chain,
        "transfer",
        chain.pharmacy,
        packs[1:],
        keys=[chain.wholesaler.key, chain.pharmacy.key],
    )
    assert code == "not-holder"
    sent = chain.log.submit(
        chain.ship_event(
            chain.wholesaler, packs[:1], chain.pharmacy, source_party=chain.pharmacy.gln
        )
    )
    chain.receive(chain.pharmacy, sent, packs[:1])


def test_a_drop_shipment_is_received_without_waiting_for_the_sale(chain: Chain) -> None:
    """Goods go from A to C while the sale goes from A by B to C."""
    packs = chain.commission("L1", 1)
    chain.act("transfer", chain.wholesaler, packs, keys=[chain.maker.key, chain.wholesaler.key])
    ship = chain.log.submit(
        chain.ship_event(chain.maker, packs, chain.pharmacy, source_party=chain.wholesaler.gln)
    )
    chain.receive(chain.pharmacy, ship, packs)
    assert row(chain, packs[0]).owner == chain.pharmacy.gln
    assert proven_state(chain, packs[0], chain.pharmacy) == "here"


def test_an_opened_pack_is_supplied_and_nothing_alarms(chain: Chain) -> None:
    packs = chain.commission("L1", 1)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    opened = chain.act("open", chain.pharmacy, packs)
    assert proven_state(chain, packs[0], chain.pharmacy) == "supplied_here"
    again = chain.act("open", chain.pharmacy, packs)
    assert again.already == {packs[0]: opened.ms}
    chain.undo(chain.pharmacy, opened, packs)
    assert proven_state(chain, packs[0], chain.pharmacy) == "here"


def test_stolen_goods_are_reported_by_who_answers_for_them(chain: Chain) -> None:
    packs, unit = pallet(chain)
    chain.hand_over(chain.maker, [unit], chain.wholesaler)
    assert refused(chain, "stolen", chain.pharmacy, packs[:1]) == "not-holder"
    chain.act("stolen", chain.maker, packs[:1])  # the product's holder
    assert proven_state(chain, packs[0], chain.wholesaler) == "inactive"
    chain.act("stolen", chain.authority, [unit])
    assert proven_state(chain, packs[1], chain.wholesaler) == "inactive"
    assert refused(chain, "found", chain.wholesaler, [unit]) == "already-inactive"
    proven = verify(chain.answers.bundle(packs[1:2], chain.wholesaler.site), chain.trust)
    label = parse_scan(packs[1], year=2026)
    from datetime import UTC, datetime

    now = datetime.fromtimestamp(chain.now / 1000, UTC)
    verdict = judge(proven.states[packs[1]], label, now, "dispense", witnessed=True)
    assert (verdict.word, verdict.codes[0]) == ("Do not supply", "stolen")


def test_destruction_takes_two_people_always(chain: Chain) -> None:
    packs = chain.commission("L1", 1)
    chain.log.submit(chain.key_add(chain.maker, "second"))
    chain.act("destroyed", chain.maker, packs, keys=[chain.maker.key, seed("second")])
    assert row(chain, packs[0]).reason == "destroyed"


@pytest.mark.parametrize("how", ["lots", "items", "statement", "product"])
def test_a_recall_reaches_what_was_repacked(chain: Chain, how: str) -> None:
    old = chain.commission("L1", 2)
    fresh = chain.commission("L2", 1)
    out = chain.act("check_out", chain.maker, old)
    made = chain.pack_ids("N1", 2)
    born = chain.log.submit(
        chain.event("repack", chain.maker, made, inputs=(out.id,), lot="N1", expiry=EXPIRY)
    )
    unit = chain.unit(chain.maker, 1)
    chain.pack(chain.maker, made, unit)
    assert refused(chain, "undo", chain.maker, old, undoes=out.id) == "undo-mismatch"
    assert marked(chain, made[0]) == set()
    origin = chain.reader.logged(row(chain, old[0]).born).id
    recall = {
        "lots": lambda: chain.recall_of(chain.scope(lots=["L1"])),
        "items": lambda: chain.listed(chain.recall_of, old[:1]),
        "statement": lambda: chain.recall_of(chain.scope(statement=origin)),
        "product": chain.recall_of,
    }[how]()
    chain.log.submit(recall)
    assert marked(chain, made[0]) == {"recalled"}
    assert marked(chain, unit) == {"recalled"}
    assert marked(chain, fresh[0]) == ({"recalled"} if how == "product" else set())
    assert refused(chain, "ship", chain.maker, [unit], to=chain.pharmacy) == "blocked-recalled"
    for who in (chain.maker, chain.authority):
        proven = verify(chain.answers.bundle(made[:1], who.site), chain.trust)
        assert proven.states[made[0]].marks == ("recalled",)
    assert born.index in {step.index for step in chain.reader.history(made[0])}


def test_nothing_is_repacked_to_live_longer_and_nothing_twice(chain: Chain) -> None:
    old = chain.commission("L1", 2, expiry=date(2027, 6, 30))
    out = chain.act("check_out", chain.maker, old)
    made = chain.pack_ids("N1", 1)
    late = {"inputs": (out.id,), "lot": "N1", "expiry": date(2027, 7, 31)}
    assert refused(chain, "repack", chain.maker, made, **late) == "second-expiry"
    chain.undo(chain.maker, out, old[:1])
    good = {**late, "expiry": date(2027, 6, 30)}
    chain.act("repack", chain.maker, made, **good)
    assert (row(chain, old[0]).status, row(chain, old[1]).reason) == ("active", "repack")
    assert refused(chain, "repack", chain.maker, chain.pack_ids("N2", 1), **good) == "wrong-state"


def test_a_hold_is_lifted_and_a_recall_never(chain: Chain) -> None:
    packs = chain.commission("L1", 1)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    hold = chain.log.submit(chain.hold(chain.scope(lots=["L1"])))
    assert proven_state(chain, packs[0], chain.pharmacy) == "here"
    assert marked(chain, packs[0]) == {"on-hold"}
    chain.log.submit(chain.lift(hold))
    assert marked(chain, packs[0]) == set()
    recall = chain.log.submit(chain.recall_of())
    chain.log.submit(chain.answer(chain.pharmacy, recall))
    chain.log.submit(chain.recall_close(recall))
    assert marked(chain, packs[0]) == {"recalled"}
    with pytest.raises(Refused, match="wrong-state"):
        chain.log.submit(chain.lift(recall))
    envelope = chain.reader.logged(recall.index + 1).envelope
    assert b"recall-answer" not in chain.reader.entry(recall.index + 1)
    assert len(chain.reader.entry(recall.index + 1)) == 40
    assert envelope
    assert check(chain.store, chain.log_key.verifier) is None


def test_a_list_marks_its_packs_and_no_others_wherever_they_are_packed(chain: Chain) -> None:
    packs, unit = pallet(chain)
    loose = chain.unit(chain.maker, 2)
    chain.log.submit(chain.listed(chain.hold, packs[:1]))
    assert [marked(chain, pack) for pack in packs[:2]] == [{"on-hold"}, set()]
    assert refused(chain, "ship", chain.maker, [unit], to=chain.pharmacy) == "blocked-hold"
    chain.ship(chain.maker, packs[1:2], chain.pharmacy)
    chain.ship(chain.maker, [loose], chain.pharmacy)


def suspected(chain: Chain, since_ms: int) -> Receipt:
    """The maker's key is reported stolen; a new one goes on."""
    chain.log.submit(chain.key_add(chain.maker, "new"))
    return chain.log.submit(chain.revoke(chain.maker, since=time_text(since_ms)))


def test_what_a_stolen_key_signed_is_suspect_and_what_came_before_is_not(chain: Chain) -> None:
    before = chain.commission("L1", 1)
    chain.hours(1)
    since = chain.now
    stolen, unit = chain.commission("L2", 2), chain.unit(chain.maker, 1)
    chain.pack(chain.maker, stolen, unit)
    chain.hand_over(chain.maker, [unit], chain.pharmacy)
    chain.unpack(chain.pharmacy, unit)
    suspected(chain, since)
    assert marked(chain, before[0]) == set()
    assert [marked(chain, pack) for pack in stolen] == [{"key-suspect"}] * 2
    assert refused(chain, "supply", chain.pharmacy, stolen[:1]) == "blocked-hold"
    assert "key-suspect" in verify(
        chain.answers.bundle(stolen[:1], chain.pharmacy.site), chain.trust
    ).states[stolen[0]].marks  # fmt: skip
    # Somebody looks, and answers for one of them.
    chain.quarantine(chain.pharmacy, stolen[:1])
    chain.release(chain.pharmacy, stolen[:1])
    assert [marked(chain, pack) for pack in stolen] == [set(), {"key-suspect"}]
    chain.supply(chain.pharmacy, stolen[:1])
    assert check(chain.store, chain.log_key.verifier) is None


def test_goods_that_were_in_a_pallet_a_stolen_key_shipped_are_suspect_after_unpacking(
    chain: Chain,
) -> None:
    packs, unit = pallet(chain, 2)
    chain.hours(1)
    since = chain.now
    chain.hand_over(chain.maker, [unit], chain.pharmacy)
    chain.unpack(chain.pharmacy, unit, packs[:1])
    suspected(chain, since)
    assert marked(chain, packs[0]) == {"key-suspect"}
    assert marked(chain, unit) == {"key-suspect"}


def test_after_the_fact_what_broke_a_rule_is_recorded_and_never_custody(chain: Chain) -> None:
    packs = chain.commission("L1", 2)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    seen = chain.act("supply", chain.pharmacy2, packs[:1], declared=AFTER_THE_FACT)
    found = row(chain, packs[0])
    assert (found.status, found.site, found.hold) == (
        "active", chain.pharmacy.site, chain.pharmacy2.gln,
    )  # fmt: skip
    assert marked(chain, packs[0]) == {"on-hold", "custody-gap"}
    refs = chain.store.rows("SELECT observed FROM act WHERE idx = ?", (seen.index,))
    assert refs == [("not-holder",)]
    # It pretends to be custody: nothing can be built on it.
    assert refused(chain, "undo", chain.pharmacy2, packs[:1], undoes=seen.id) == "undo-mismatch"
    assert refused(chain, "supply", chain.pharmacy, packs[:1]) == "blocked-hold"
    for who in (chain.pharmacy, chain.pharmacy2, chain.authority):
        proven_state(chain, packs[0], who)
    # What breaks no rule counts, said before or after.
    chain.act("supply", chain.pharmacy, packs[1:], declared=AFTER_THE_FACT)
    assert row(chain, packs[1]).reason == "supply"
    chain.release(chain.authority, packs[:1])
    assert marked(chain, packs[0]) == set()


def test_goods_without_data_are_observed_at_the_finder(chain: Chain) -> None:
    packs = chain.commission("L1", 1)
    chain.act("receive", chain.pharmacy, packs, shipment="0" * 64, declared=AFTER_THE_FACT)
    assert row(chain, packs[0]).site == chain.maker.site
    assert refused(chain, "ship", chain.pharmacy, packs, to=chain.wholesaler) == "not-holder"


def test_a_policy_counts_from_its_index_on_and_two_at_once_are_one(chain: Chain) -> None:
    packs = chain.commission("L1", 1)
    first, second = chain.policy_change(sensitive=["ship"]), chain.policy_change(undo_hours=1)
    chain.log.submit(first)
    with pytest.raises(Refused, match="stale-policy"):
        chain.log.submit(second)
    assert refused(chain, "ship", chain.maker, packs, to=chain.pharmacy) == "threshold"
    chain.log.submit(chain.key_add(chain.maker, "second"))
    chain.log.submit(
        chain.ship_event(chain.maker, packs, chain.pharmacy, keys=[chain.maker.key, seed("second")])
    )
    # Two-key acts are judged by the policy in force before: two keys raise the threshold to three.
    chain.log.submit(chain.policy_change(threshold=3))
    with pytest.raises(Refused, match="threshold"):
        chain.log.submit(chain.policy_change(threshold=2))
    chain.log.submit(chain.policy_change("authority 1", "authority 2", "authority 3", threshold=2))


def test_a_party_whose_administrators_are_gone_recovers_by_the_key_kept_away(chain: Chain) -> None:
    spare = "maker recovery"
    chain.log.submit(chain.revoke(chain.maker, "maker admin", spare, reason="left"))
    fields = {"expires": "2028-01-01T00:00:00Z", "from_": "2026-01-01T00:00:00Z", "sites": [],
              "operations": [], "use": "admin", "key": key_text("new admin")}  # fmt: skip
    with pytest.raises(Refused, match="key-revoked"):
        chain.log.submit(chain.product(name="Otherin"))
    station = {**fields, "use": "station", "sites": [chain.maker.site], "operations": ["ship"],
               "key": key_text("a station")}  # fmt: skip
    with pytest.raises(Refused, match="not-entitled"):
        chain.log.submit(
            chain.governance(KeyAdd, spare, "a station", by=chain.maker.gln, **station)
        )
    chain.log.submit(chain.governance(KeyAdd, spare, "new admin", by=chain.maker.gln, **fields))
    body = chain.product(name="Otherin").statement.body
    from ledger.build import sign_governance

    chain.log.submit(sign_governance(body, [seed("new admin")]))


def test_a_suspended_party_makes_its_stock_safe_and_nothing_else(chain: Chain) -> None:
    packs = chain.commission("L1", 3)
    chain.hand_over(chain.maker, packs[:2], chain.pharmacy)
    ship = chain.ship(chain.maker, packs[2:], chain.pharmacy)
    chain.log.submit(chain.suspend(chain.pharmacy.gln))
    assert refused(chain, "supply", chain.pharmacy, packs[:1]) == "suspended"
    chain.receive(chain.pharmacy, ship, packs[2:])
    chain.quarantine(chain.pharmacy, packs[:1])
    chain.send_back("return", chain.pharmacy, packs[:2], chain.maker)
    chain.log.submit(chain.admit(chain.pharmacy))
    chain.supply(chain.pharmacy, packs[2:])


def test_a_hold_deep_inside_a_pallet_is_known_without_looking_at_packs(chain: Chain) -> None:
    packs = chain.commission("L1", 4)
    box, unit = chain.unit(chain.maker, 1), chain.unit(chain.maker, 2)
    chain.pack(chain.maker, packs, box)
    chain.pack(chain.maker, [box], unit)
    chain.quarantine(chain.authority, packs[:1])
    counts = chain.reader.world().content(unit)
    assert [tuple(count) for count in counts.values()] == [(4, 1)]
    chain.quarantine(chain.authority, [box])
    assert [tuple(c) for c in chain.reader.world().content(unit).values()] == [(4, 4)]
    chain.release(chain.authority, [box])
    assert [tuple(c) for c in chain.reader.world().content(unit).values()] == [(4, 1)]
    assert refused(chain, "ship", chain.maker, [unit], to=chain.pharmacy) == "blocked-hold"
    chain.release(chain.authority, packs[:1])
    chain.ship(chain.maker, [unit], chain.pharmacy)


def test_an_enrolment_is_the_holders_and_carries_a_commitment(chain: Chain) -> None:
    packs = chain.commission("L1", 2)
    extras = {pack: bytes(range(32)) for pack in packs}
    chain.act("enrol", chain.maker, packs, extras=extras)
    assert chain.reader.item_path(row(chain, packs[0]).last, packs[0]).extra == bytes(range(32))
    assert refused(chain, "enrol", chain.wholesaler, packs, extras=extras) == "not-your-product"
    assert refused(chain, "enrol", chain.maker, packs, extras={packs[0]: bytes(32)}) == (
        "items-mismatch"
    )


def test_a_stranger_hears_nothing_good_of_a_recalled_pack(chain: Chain) -> None:
    from datetime import UTC, datetime

    packs = chain.commission("L1", 1)
    label = parse_scan(
        f"{packs[0]}?10=L1&17=280131".replace("/21/", "/10/L1/21/").replace("?10=L1&", "?"),
        year=2026,
    )
    now = datetime.fromtimestamp(chain.now / 1000, UTC)
    said = judge(chain.answers.state(packs[0], ""), label, now, "check", witnessed=False)
    assert said.codes[0] == "in-trade"
    chain.log.submit(chain.recall_of())
    said = judge(chain.answers.state(packs[0], ""), label, now, "check", witnessed=False)
    assert said.codes == ("not-confirmed",)
    proven = verify(chain.answers.bundle(packs, ""), chain.trust)
    assert proven.states[packs[0]] == chain.answers.state(packs[0], "")


def test_a_hold_by_the_authority_is_not_lifted_through_a_weaker_one(chain: Chain) -> None:
    """The holder has a pack inside observed, unpacks it and releases it: the authority's hold stays."""
    packs, unit = pallet(chain)
    chain.hand_over(chain.maker, [unit], chain.wholesaler)
    chain.quarantine(chain.authority, [unit])
    chain.act("lost", chain.pharmacy, packs[:1], declared=AFTER_THE_FACT)
    chain.unpack(chain.wholesaler, unit)
    assert row(chain, packs[0]).hold == chain.authority.gln
    assert refused(chain, "release", chain.wholesaler, packs[:1]) == "not-holder"
    assert refused(chain, "release", chain.pharmacy, packs[:1]) == "not-holder"


def test_somebodys_word_freezes_nobodys_stock(chain: Chain) -> None:
    """What a stranger claims after the fact holds a pack until who has it has looked."""
    packs = chain.commission("L1", 2)
    chain.act("supply", chain.pharmacy2, packs, declared=AFTER_THE_FACT)
    assert refused(chain, "ship", chain.maker, packs, to=chain.pharmacy) == "blocked-hold"
    chain.release(chain.maker, packs)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    done = chain.supply(chain.pharmacy, packs)
    chain.act("supply", chain.pharmacy2, packs, declared=AFTER_THE_FACT)
    chain.undo(chain.pharmacy, done, packs)


def test_a_stolen_keys_goods_are_cleared_by_who_has_them_alone(chain: Chain) -> None:
    packs = chain.commission("L1", 1)
    chain.hours(1)
    since = chain.now
    chain.hand_over(chain.maker, packs, chain.wholesaler)
    other = chain.commission("L2", 1)
    ship = chain.ship(chain.maker, other, chain.pharmacy2)
    suspected(chain, since)
    chain.log.submit(chain.event("receive", chain.pharmacy2, other, shipment=ship.id, over=packs))
    chain.release(chain.pharmacy2, packs)
    assert marked(chain, packs[0]) == {"key-suspect"}
    chain.quarantine(chain.authority, packs)
    chain.release(chain.authority, packs)
    assert marked(chain, packs[0]) == set()


def test_nothing_slips_out_of_what_goes_into_a_repacking(chain: Chain) -> None:
    short = chain.commission("S", 1, expiry=date(2026, 11, 30))
    long = chain.commission("L", 1)
    out = chain.act("check_out", chain.maker, [*short, *long])
    chain.act("lost", chain.pharmacy, short, declared=AFTER_THE_FACT)
    late = {"inputs": (out.id,), "lot": "N", "expiry": EXPIRY}
    assert refused(chain, "repack", chain.maker, chain.pack_ids("N", 1), **late) == "second-expiry"


def test_an_observation_of_a_container_is_proven_to_the_authority(chain: Chain) -> None:
    packs, unit = pallet(chain)
    chain.log.submit(
        chain.event("unpack", chain.pharmacy, [], parent=unit, declared=AFTER_THE_FACT)
    )
    for item in (unit, packs[0]):
        proven_state(chain, item, chain.authority)
    assert check(chain.store, chain.log_key.verifier) is None


def test_a_mark_through_many_repackings_is_found_in_a_moment(chain: Chain) -> None:
    packs = chain.commission("L0", 3)
    for level in range(1, 25):
        out = chain.act("check_out", chain.maker, packs)
        packs = chain.pack_ids(f"L{level}", 3)
        chain.act("repack", chain.maker, packs, inputs=(out.id,), lot=f"L{level}", expiry=EXPIRY)
    chain.log.submit(chain.listed(chain.hold, chain.pack_ids("L9999", 1)))
    assert marked(chain, packs[0]) == set()
    chain.log.submit(chain.listed(chain.hold, chain.pack_ids("L0", 1)))
    assert marked(chain, packs[0]) == {"on-hold"}


def test_returned_goods_are_held_by_who_received_them(chain: Chain) -> None:
    packs = chain.commission("L1", 1)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    chain.quarantine(chain.pharmacy, packs)
    back = chain.send_back("return", chain.pharmacy, packs, chain.maker)
    chain.receive(chain.maker, back, packs)
    assert row(chain, packs[0]).hold == chain.maker.gln
    assert refused(chain, "release", chain.pharmacy, packs) == "not-holder"


def test_a_party_whose_site_has_its_own_number_is_admitted_again(chain: Chain) -> None:
    own = Site(
        activities=[], address="Street 1", gln=chain.pharmacy.gln, licence=LICENCE, name="Shop"
    )
    from ledger.statement.governance import Sites

    chain.log.submit(chain.governance(Sites, party=chain.pharmacy.gln, sites=[own]))
    chain.log.submit(chain.suspend(chain.pharmacy.gln))
    chain.log.submit(chain.admit(chain.pharmacy))
