"""Each story planted in the demo world is there: the log is asked, not who planted it.

`demo.json` says only where to look.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from ledger.proof import verify
from ledger.rules import marks
from ledger.rules.reasons import DO_NOT_SUPPLY, HOLD, OK
from ledger.rules.state import INACTIVE, SHORT, Row
from ledger.rules.verdict import Verdict, judge
from ledger.statement import keyfile
from ledger.statement.events import Event
from ledger.statement.gs1 import parse_scan
from ledger.statement.submission import Statement
from ledger.store.answers import Answers
from ledger.store.opening import open_store
from ledger.store.queries import Reader, ShipmentLine
from ledger.tlog.policy import Policy
from tests.nodes import EVENING_MS

NOW = datetime.fromtimestamp(EVENING_MS / 1000, UTC)
STORIES = {
    "announced", "copied", "destroyed", "diverted", "expired", "held", "lifted", "lost-and-found",
    "opened", "over", "print", "recalled", "refused", "repacked", "returned", "short", "sold-in-store",
    "split", "stolen", "stolen-key", "suspended", "undone", "voided",
}  # fmt: skip


@dataclass
class Demo:
    """The finished world, and what may be asked of its log."""

    reader: Reader
    answers: Answers
    trust: Policy
    stories: dict[str, dict[str, Any]]
    people: dict[str, dict[str, str]]

    def row(self, item: str) -> Row:
        """An item's effective row."""
        world = self.reader.world()
        found = world.row(item)
        assert found is not None
        return world.outermost(found)

    def marked(self, item: str) -> set[str]:
        """The marks on an item this evening."""
        world = self.reader.world()
        found = world.row(item)
        assert found is not None
        authority = self.reader.authority()
        return {found.mark for found in marks.of(world, authority, found, EVENING_MS)}

    def told(self, item: str, site: str, purpose: str = "dispense") -> Verdict:
        """What a site is told of a pack; its proof says the same as the tables."""
        state = self.answers.state(item, site)
        proven = verify(self.answers.bundle([item], site), self.trust)
        assert proven.states[item] == state
        year = NOW.year
        return judge(state, parse_scan(item, year=year), NOW, purpose, witnessed=True)

    def event(self, statement_id: str) -> Event:
        """An event on the log."""
        body = Statement.parse(self.reader.find(statement_id).envelope).body
        assert isinstance(body, Event)
        return body

    def named(self, statement_id: str) -> list[str]:
        """What a statement is about."""
        return [item.id for item in self.reader.items(self.reader.index_of(statement_id))]

    def operations(self, item: str) -> list[tuple[str, str]]:
        """What was done to an item and where, in order; observations are no custody."""
        return [
            (event.op, event.read_point)
            for step in self.reader.history(item)
            if not step.observed
            for event in [self.event(self.reader.logged(step.index).id)]
        ]

    def observed(self, item: str) -> list[tuple[str, str]]:
        """What was reported of an item after the fact and broke a rule: operation and code."""
        indexes = {step.index for step in self.reader.history(item) if step.observed}
        sql = "SELECT idx, op, observed FROM act WHERE observed <> ''"
        return [(op, code) for index, op, code in self.reader.store.rows(sql) if index in indexes]

    def shipment(self, statement_id: str) -> ShipmentLine:
        """A shipment and what of it is still under way."""
        index = self.reader.index_of(statement_id)
        shipment = self.reader.world().shipment(index)
        assert shipment is not None
        lines = self.reader.shipments(shipment.site)
        return next(line for line in lines if line.shipment.index == index)

    def holders(self, *lots: str) -> set[str]:
        """Sites with packs of these lots that have not left the chain."""
        return {
            site.gln
            for site in self.reader.authority().sites()
            for line in self.reader.stock(site.gln)
            if line.lot in lots and line.status == "active" and line.packs
        }

    def packs(self, lot: str, site: str) -> list[str]:
        """A lot's packs that lie at a site."""
        gtins = [line.gtin for line in self.reader.lots() if line.lot == lot]
        found = self.reader.packs_of_lot(gtins[0], lot)
        return [p for p in found if (row := self.row(p)).site == site and row.status == "active"]


@pytest.fixture(scope="module")
def demo(world: Path) -> Iterator[Demo]:
    """The finished world."""
    store = open_store(world)
    reader = Reader(store)
    seed = keyfile.unseal((world / "keys" / "status.key").read_bytes())
    told = json.loads((world / "demo.json").read_text())
    yield Demo(
        reader,
        Answers(reader, seed, lambda: EVENING_MS),
        Policy.parse((world / "trust.txt").read_bytes()),
        told["stories"],
        {person["role"]: person for person in told["people"]},
    )
    store.close()


def test_it_says_where_each_story_is(demo: Demo) -> None:
    assert set(demo.stories) == STORIES
    for name, story in demo.stories.items():
        for pack in story.get("packs", []):
            assert demo.reader.history(pack), name


def test_a_recalled_lot_has_two_silent_holders(demo: Demo) -> None:
    story = demo.stories["recalled"]
    mark = demo.reader.authority().marks[story["recall"]]
    assert (mark.code, mark.lots, mark.ended) == ("recalled", frozenset(story["lots"][:1]), -1)
    sql = "SELECT site FROM answer WHERE recall = ?"
    answered = {site for (site,) in demo.reader.store.rows(sql, (mark.id,))}
    silent = demo.holders(*story["lots"]) - answered
    assert silent == set(story["silent"])
    assert len(silent) == 2
    assert answered == set(story["answered"])
    assert len(answered) > 10
    for site in demo.holders(*story["lots"]):
        for lot in story["lots"]:
            for pack in demo.packs(lot, site)[:1]:
                assert demo.told(pack, site).codes[0] == "recalled"


def test_who_answered_put_aside_what_it_holds(demo: Demo) -> None:
    story = demo.stories["recalled"]
    for site in story["answered"] + story["silent"]:
        packs = [pack for lot in story["lots"] for pack in demo.packs(lot, site)]
        assert all(("on-hold" in demo.marked(p)) == (site in story["answered"]) for p in packs)


def test_what_was_repacked_is_hit_by_the_recall(demo: Demo) -> None:
    story, recall = demo.stories["repacked"], demo.stories["recalled"]["recall"]
    assert [demo.event(story["statement"]).inputs] == [(story["check_out"],)]
    assert demo.named(story["check_out"]) == sorted(story["inputs"])
    recalled_at = demo.reader.index_of(recall)
    assert demo.reader.index_of(story["statement"]) < recalled_at
    for pack in story["inputs"]:
        row = demo.row(pack)
        assert (row.status, row.reason, row.lot) == (INACTIVE, "repack", story["from"])
    assert {"recalled"} <= set.intersection(*(demo.marked(pack) for pack in story["packs"]))
    assert len(demo.holders(story["lot"])) == 3
    assert story["check_out"] in {
        demo.reader.logged(step.index).id for step in demo.reader.history(story["inputs"][0])
    }


def test_a_lot_is_on_hold_and_another_was(demo: Demo) -> None:
    held, lifted = demo.stories["held"], demo.stories["lifted"]
    found = demo.reader.authority().marks
    assert (found[held["hold"]].code, found[held["hold"]].ended) == ("on-hold", -1)
    assert date.fromisoformat(held["review"]) > NOW.date()
    site = sorted(demo.holders(held["lot"]))[0]
    pack = demo.packs(held["lot"], site)[0]
    assert (demo.told(pack, site).word, demo.told(pack, site).codes[0]) == (HOLD, "on-hold")
    assert found[lifted["hold"]].ended == demo.reader.index_of(lifted["statement"])
    site = sorted(demo.holders(lifted["lot"]))[-1]
    assert "on-hold" not in demo.marked(demo.packs(lifted["lot"], site)[0])


def test_a_serial_was_copied(demo: Demo) -> None:
    story = demo.stories["copied"]
    (pack,) = story["packs"]
    assert demo.observed(pack) == [("supply", "already-inactive")]
    assert demo.event(story["inspection"]).reason == "supplied-elsewhere"
    assert demo.named(story["inspection"]) == demo.named(story["observation"]) == [pack]
    assert demo.row(pack).site == story["site"]
    told = demo.told(pack, story["elsewhere"])
    assert (told.word, told.codes[0]) == (DO_NOT_SUPPLY, "supplied-elsewhere")
    assert demo.told(pack, story["site"]).codes[0] != "supplied-elsewhere"


def test_a_pack_was_diverted(demo: Demo) -> None:
    story = demo.stories["diverted"]
    (pack,) = story["packs"]
    assert demo.shipment(story["shipment"]).shipment.to_site == story["to"]
    assert demo.shipment(story["shipment"]).open == 1
    seen = demo.event(story["inspection"])
    assert (seen.read_point, seen.reason) == (story["found"], "other-holder")
    assert story["found"] != story["to"]
    assert {"on-hold", "other-holder"} <= set(demo.told(pack, story["found"]).codes)
    assert {"on-hold", "in-transit"} <= set(demo.told(pack, story["to"]).codes)
    assert demo.row(pack).hold == demo.people["regulator"]["party"]


def test_a_delivery_came_short(demo: Demo) -> None:
    story = demo.stories["short"]
    assert demo.named(story["statement"]) == story["packs"]
    line = demo.shipment(story["shipment"])
    assert (line.open, line.shipment.received) == (2, True)
    assert {demo.row(pack).reason for pack in story["packs"]} == {SHORT}


def test_a_delivery_held_one_pack_too_many(demo: Demo) -> None:
    story = demo.stories["over"]
    (pack,) = story["packs"]
    index = demo.reader.index_of(story["statement"])
    assert demo.reader.list_of(index, pack) == "over"
    row = demo.row(pack)
    assert (row.site, row.hold_reason) == (story["sender"], "over")
    assert demo.shipment(story["shipment"]).open == 0


def test_a_shipment_came_in_two_deliveries(demo: Demo) -> None:
    story = demo.stories["split"]
    parts = [demo.named(receipt) for receipt in story["receipts"]]
    assert [len(part) for part in parts] == [2, 1]
    assert sorted(parts[0] + parts[1]) == sorted(story["items"])
    events = [demo.event(receipt) for receipt in story["receipts"]]
    assert {event.shipment for event in events} == {story["shipment"]}
    assert demo.shipment(story["shipment"]).open == 0


def test_a_delivery_was_refused_and_received_back(demo: Demo) -> None:
    story = demo.stories["refused"]
    (case,) = story["items"]
    after = demo.operations(case)[-3:]
    sender, shop = story["back"], story["site"]
    assert after == [("ship", sender), ("refuse", shop), ("receive", sender)]
    assert (demo.row(case).site, demo.row(case).status) == (sender, "active")


def test_a_shipment_was_voided_and_sent_again(demo: Demo) -> None:
    story = demo.stories["voided"]
    (case,) = story["items"]
    done = [op for op, _ in demo.operations(case)]
    assert done[-4:] == ["ship", "void", "ship", "receive"]
    assert demo.shipment(story["shipment"]).shipment.received is False
    assert demo.row(case).site != story["to"]


def test_a_pack_was_opened_and_a_supply_undone(demo: Demo) -> None:
    opened, undone = demo.stories["opened"], demo.stories["undone"]
    (pack,) = opened["packs"]
    assert demo.row(pack).reason == "open"
    assert demo.told(pack, opened["site"]).codes[0] == "supplied-here"
    (pack,) = undone["packs"]
    assert demo.operations(pack)[-2:] == [("supply", undone["site"]), ("undo", undone["site"])]
    assert demo.told(pack, undone["site"]).word == OK


def test_goods_came_back_were_lost_found_stolen_and_destroyed(demo: Demo) -> None:
    back, lost = demo.stories["returned"], demo.stories["lost-and-found"]
    stolen, destroyed = demo.stories["stolen"], demo.stories["destroyed"]
    assert {(row.site, bool(row.hold)) for row in map(demo.row, back["packs"])} == {
        (back["site"], True)
    }
    assert [op for op, _ in demo.operations(lost["packs"][0])][-2:] == ["lost", "found"]
    assert demo.told(lost["packs"][0], lost["site"]).codes[0] == "on-hold"
    assert demo.told(stolen["packs"][0], stolen["site"]).codes[0] == "stolen"
    assert {demo.row(pack).reason for pack in destroyed["packs"]} == {"destroyed"}
    envelope = Statement.parse(demo.reader.find(destroyed["statement"]).envelope).envelope
    assert len(envelope.signatures) == 2


def test_a_lot_has_expired_on_many_shelves(demo: Demo) -> None:
    story = demo.stories["expired"]
    assert date.fromisoformat(story["expiry"]) < NOW.date()
    holders = sorted(demo.holders(story["lot"]))
    assert len(holders) > 5
    pack = demo.packs(story["lot"], holders[-1])[0]
    assert "expired" in demo.marked(pack)
    assert demo.told(pack, holders[-1]).codes[0] == "expired"


def test_a_party_is_suspended_with_stock_on_its_shelves(demo: Demo) -> None:
    story = demo.stories["suspended"]
    party = demo.reader.authority().party(story["party"])
    assert party is not None
    assert party.suspended == demo.reader.index_of(story["statement"])
    stock = demo.reader.stock(story["site"])
    line = next(one for one in stock if one.lot == "EX2601" and one.status == "active")
    pack = demo.packs(line.lot, story["site"])[0]
    assert demo.told(pack, story["site"]).codes[0] == "suspended"


def test_a_stolen_key_is_revoked_and_one_of_its_packs_cleared(demo: Demo) -> None:
    story = demo.stories["stolen-key"]
    authority = demo.reader.authority()
    assert authority.keys[story["key"]].revoked == demo.reader.index_of(story["revocation"])
    sent = demo.shipment(story["shipment"]).shipment
    assert authority.suspects[story["key"]].since_ms < sent.ms
    cleared, kept = story["cleared"], story["packs"][1:]
    assert [demo.told(pack, story["site"]).codes[0] for pack in cleared] == ["in-stock"]
    assert {"key-suspect"} == set.union(*(demo.marked(pack) for pack in kept))
    assert demo.told(kept[0], story["site"]).codes[0] == "key-suspect"


def test_a_warehouse_holds_what_others_own(demo: Demo) -> None:
    story, store = demo.stories["sold-in-store"], demo.people["warehouse"]
    owners = {
        owner
        for (owner,) in demo.reader.store.rows(
            "SELECT DISTINCT owner FROM item WHERE site = ? AND status = 'active' AND owner <> ''",
            (story["site"],),
        )
    }
    assert story["site"] == store["site"]
    assert len(owners) == 2
    assert story["owner"] in owners
    assert store["party"] not in owners
    assert demo.operations(story["items"][0])[-1][0] == "transfer"


def test_each_role_has_something_on_its_way(demo: Demo) -> None:
    assert len(demo.people) == 8
    for role, person in demo.people.items():
        coming = [
            line
            for line in demo.reader.shipments(person["site"])
            if line.open and line.shipment.to_site == person["site"]
        ]
        assert coming, role
    assert demo.people["hospital"]["site"] in demo.stories["recalled"]["silent"]
    held = demo.reader.authority().marks[demo.stories["held"]["hold"]]
    assert held.by == demo.people["manufacturer"]["party"]


def test_a_print_was_enrolled_seen_and_copied(demo: Demo) -> None:
    story = demo.stories["print"]
    [pack] = story["packs"]
    enrolled = demo.reader.fingerprint(pack)
    assert enrolled is not None
    assert (enrolled.id, enrolled.op) == (story["statement"], "enrol")
    for verdict, code in (
        ("GENUINE_MATCH", "fingerprint-match"),
        ("COPY_SUSPECTED", "copy-suspected"),
    ):
        seen = demo.event(story[verdict]["inspection"])
        assert (seen.op, seen.reason, seen.read_point) == ("inspect", code, story[verdict]["site"])
        index = demo.reader.index_of(story[verdict]["inspection"])
        assert demo.reader.item_path(index, pack).extra == enrolled.commitment
    # The pack itself never left its pharmacy, and is told so there.
    assert demo.told(pack, story["GENUINE_MATCH"]["site"]).word == OK
    assert demo.told(pack, story["COPY_SUSPECTED"]["site"]).word == HOLD
