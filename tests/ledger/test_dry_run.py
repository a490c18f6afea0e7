"""What statements would have met under another policy: as the log itself would have said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import Refused
from ledger.rules.custody import HOUR_MS
from ledger.statement.parts import Policy
from ledger.statement.submission import Submission
from ledger.store import dry_run
from ledger.store.dry_run import trial
from tests.world import ROLES, Chain, policy


def story(chain: Chain) -> Iterator[Submission]:
    """Statements of a day, one after the other; the next is made once the last has landed."""
    packs = chain.pack_ids("DRY", 6)
    yield chain.event("commission", chain.maker, packs, lot="DRY", expiry=date(2028, 1, 31))
    ship = chain.ship_event(chain.maker, packs, chain.pharmacy)
    yield ship
    late = chain.event(
        "receive", chain.pharmacy, packs, shipment=ship.statement.id,
        time_ms=chain.now - 2 * HOUR_MS,
    )  # fmt: skip
    yield late
    supply = chain.event("supply", chain.pharmacy, packs[:2])
    yield supply
    chain.now += 3 * HOUR_MS
    yield chain.event(
        "undo", chain.pharmacy, packs[:1], undoes=supply.statement.id, declared="not_handed_out"
    )
    yield chain.event("quarantine", chain.pharmacy, packs[2:3], reason="damaged")
    yield chain.suspend(chain.wholesaler.gln)
    yield chain.revoke(chain.maker)


def without(role: str, op: str) -> dict[str, list[str]]:
    """The roles of the test world, one of which may do one thing less."""
    return {**ROLES, role: [one for one in ROLES[role] if one != op]}


POLICIES: dict[str, dict[str, Any]] = {
    "as it was": {},
    "pharmacies supply nothing": {"roles": without("pharmacy", "supply")},
    "a quarantine needs two people": {"sensitive": ["quarantine"]},
    "three hands": {"threshold": 3},
    "an hour back": {"backdate": 3600},
    "an hour to undo": {"undo_hours": 1},
    "nobody may do anything": {"roles": {}},
    "another wording of alerts": {"repeat_grace": 1, "max_age": 60, "scan_retention": 1},
}
STEPS = 8


def said_by_the_log(folder: Path, changed: Policy) -> list[str]:
    """What the log says of each statement where the policy is set right before it."""
    told = []
    for number in range(STEPS):
        chain = Chain(folder / str(number))
        steps = story(chain)
        for _ in range(number):
            chain.log.submit(next(steps))
        step = next(steps)
        fields = {name: getattr(changed, name) for name in changed.__struct_fields__}
        try:
            chain.log.submit(chain.policy_change(**fields))
            chain.log.submit(step)
            told.append("")
        except Refused as refused:
            told.append(refused.code)
        chain.store.close()
    return told


@pytest.mark.parametrize("name", POLICIES)
def test_the_dry_run_says_what_the_log_would_have_said(name: str, tmp_path: Path) -> None:
    changed = policy(**POLICIES[name])
    chain = Chain(tmp_path / "chain")
    before = chain.reader.head().size
    start = chain.now
    chain.now += 60_000
    for step in story(chain):
        chain.log.submit(step)
    size = chain.reader.head().size
    found = trial(chain.store, size, changed, start + 1)
    assert (found.judged, found.whole) == (STEPS, True)
    told = [""] * STEPS
    for group in found.groups:
        assert group.n == len(group.examples)
        for index in group.examples:
            told[index - before] = group.code
    assert told == said_by_the_log(tmp_path, changed)
    assert bool(found.refused) == (name not in ("as it was", "another wording of alerts"))
    chain.store.close()


def test_a_policy_that_was_in_force_meanwhile_is_not_held_against_the_new_one(
    chain: Chain,
) -> None:
    """What today's rules refuse by the policy of its own day, too, is no effect of the new one."""
    chain.commission("DRY2", 1)
    chain.log.submit(chain.policy_change(undo_hours=5))
    size = chain.reader.head().size
    assert trial(chain.store, size, policy(undo_hours=6), 0).groups == []


def test_a_dry_run_has_a_bound_and_says_so(chain: Chain) -> None:
    packs = chain.commission("DRY3", 3)
    for pack in packs:
        chain.act("lost", chain.maker, [pack])
    size = chain.reader.head().size
    none = policy(roles={})
    found = trial(chain.store, size, none, 0, most=2)
    assert (found.judged, found.whole, found.refused) == (2, False, 2)
    [group] = found.groups
    assert group == dry_run.Group("not-listed-op", "lost", 2, [size - 1, size - 2])
    whole = trial(chain.store, size, none, chain.reader.logged(size - 3).ms)
    assert (whole.judged, whole.whole) == (3, True)
    assert whole.since_ms == chain.reader.logged(size - 3).ms
    nothing = trial(chain.store, size, none, chain.now + 1)
    assert nothing == dry_run.Trial(0, 0, True, [])
