"""Bags for collection: packs that were judged, put under a random number, and judged again.

What became of a bagged pack is the log's word; the desk only keeps which pack lies in which bag.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from flask_babel import gettext as _

from app.node import answers, node
from app.phrases import reasons_said
from app.scanning import here_and_now
from app.slips import new_number
from ledger.errors import Malformed, Refused
from ledger.rules.operations import SUPPLIES
from ledger.rules.reasons import OK
from ledger.rules.state import INACTIVE
from ledger.rules.verdict import Verdict, judge
from ledger.statement.gs1 import PRACTICE, Label, is_pack, parse_item_id
from ledger.store.bags import SUPPLIED, WAITING, Bagged

MAX_PACKS: Final = 100
_DAY_MS: Final = 24 * 3_600_000


class BagLine(NamedTuple):
    """A pack of a bag, and what is to be told of it now."""

    item: str
    gtin: str
    serial: str
    state: str
    verdict: Verdict | None  # of a pack that waits


class Waiting(NamedTuple):
    """A bag that waits for collection."""

    number: str
    since: int
    packs: int


def fill(site: str, told: object) -> str:
    """Put packs into a new bag; its number. Raises Malformed, Refused where one may not be supplied."""
    items = read_items(told)
    for item in items:
        judged = judge_pack(item, site)
        if judged.word != OK:
            first = reasons_said(judged)[0]
            raise Refused("wrong-state", f"{_words(item)}: {first.words} {first.next}")
    bags, number, now = node().desk.bags, new_number(), node().clock()
    settle(site)
    bags.forget(now - node().reader.authority().policy.scan_retention * _DAY_MS)
    if taken := bags.fill(site, number, items, now):
        words = _("It lies in bag %(number)s already.", number=taken[0].number)
        raise Refused("wrong-state", f"{_words(taken[0].item)}: {words}")
    return number


def read_items(told: object) -> list[str]:
    """The ids of packs in a request. Raises Malformed."""
    if not isinstance(told, list) or not 1 <= len(told) <= MAX_PACKS:
        raise Malformed(f"items is a list of 1 to {MAX_PACKS} ids")
    for item in told:
        if not isinstance(item, str) or not is_pack(item):
            raise Malformed("an item is a pack's id, its canonical Digital Link")
        parse_item_id(item)
    return list(dict.fromkeys(told))


def judge_pack(item: str, site: str) -> Verdict:
    """What is to be told of a pack before it is supplied, by the log alone: no label is at hand."""
    found = parse_item_id(item)
    mark = [PRACTICE] if node().practice else []
    label = Label((("01", found.gtin), ("21", found.serial), *mark))
    return judge(answers().state(item, site), label, here_and_now(), "dispense", witnessed=False)


def settle(site: str) -> None:
    """Take out of the bags what the log says has been supplied."""
    bags = node().desk.bags
    found = bags.waiting(site)
    world = node().reader.world_of(one.item for one in found)
    for one in found:
        row = world.row(one.item)
        if row and (row.status, row.site) == (INACTIVE, site) and row.reason in SUPPLIES:
            bags.settle(site, one.number, [one.item], SUPPLIED)


def waiting(site: str) -> list[Waiting]:
    """The bags that wait at a site, longest first."""
    settle(site)
    found: dict[str, list[Bagged]] = {}
    for one in node().desk.bags.waiting(site):
        found.setdefault(one.number, []).append(one)
    return [Waiting(number, packs[0].ms, len(packs)) for number, packs in found.items()]


def lines(site: str, number: str) -> list[BagLine]:
    """The packs of a bag, those that wait judged anew; none where there is no such bag."""
    settle(site)
    return [_line(one) for one in node().desk.bags.bag(site, number)]


def _line(one: Bagged) -> BagLine:
    found = parse_item_id(one.item)
    judged = judge_pack(one.item, one.site) if one.state == WAITING else None
    return BagLine(one.item, found.gtin, found.serial, one.state, judged)


def supplyable(found: Iterable[BagLine]) -> list[str]:
    """The packs of a bag that nothing is wrong with."""
    return [one.item for one in found if one.verdict is not None and one.verdict.word == OK]


def _words(item: str) -> str:
    return _("The pack with serial %(serial)s", serial=parse_item_id(item).serial)
