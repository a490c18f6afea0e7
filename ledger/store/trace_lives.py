"""The lives of single packs, for traces of packs that are few enough to look at.

Packs with the same history are looked at once; what moved them is left to `rules.trace.life`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ledger.rules.moves import NAMED, TAKEN_UP, Moved
from ledger.rules.trace import Act, Step, life
from ledger.statement.gs1 import gtin_of
from ledger.store.database import Store


def taken_up_by(store: Store, packs: dict[str, int], lots: dict[str, str]) -> list[Act]:
    """The repackings that took up some packs."""
    counts: dict[tuple[int, str, str], int] = {}
    for item, index in packs.items():
        key = index, gtin_of(item), lots[item]
        counts[key] = counts.get(key, 0) + 1
    sql = "SELECT idx, id, ms, op, by, site FROM act WHERE idx IN (IN)"
    facts = {row[0]: row[1:] for row in store.rows_in(sql, {key[0] for key in counts})}
    return [
        Act(Moved(index, TAKEN_UP, gtin, lot, facts[index][4], -1, n, 0), *facts[index][:4])
        for (index, gtin, lot), n in counts.items()
    ]


_Life = tuple[tuple[int, ...], tuple[tuple[str, int, int], ...]]


def lives(store: Store, packs: dict[str, tuple[str, int]]) -> tuple[list[Act], set[int]]:
    """What moved some packs, of each its lot and birth; and the repackings that made them.

    Packs with the same history are looked at once.
    """
    mentions, spans = _told(store, packs)
    same: dict[tuple[str, str, int, _Life], int] = {}
    for item, (lot, born) in packs.items():
        one: _Life = (tuple(mentions.get(item, ())), tuple(spans.get(item, ())))
        key = gtin_of(item), lot, born, one
        same[key] = same.get(key, 0) + 1
    containers = {parent for *_, (_m, around) in same for parent, _from, _to in around}
    while containers:
        more_mentions, more_spans = _told(store, containers)
        mentions |= more_mentions
        spans |= more_spans
        containers = {p for found in more_spans.values() for p, _f, _t in found} - spans.keys()
    indexes = {index for found in mentions.values() for index in found}
    indexes |= {born for _lot, born in packs.values()}
    facts = _facts(store, indexes)
    counts: dict[tuple[int, str, str, str, int], list[int]] = {}

    def add(index: int, gtin: str, lot: str, site: str, about: int, scanned: bool, n: int) -> None:
        found = counts.setdefault((index, gtin, lot, site, about), [0, 0])
        found[0 if scanned else 1] += n

    for (gtin, lot, born, (named, around)), n in same.items():
        if born not in facts:
            continue  # its first statement was erased
        site = facts[born].site
        add(born, gtin, lot, site, -1, True, n)
        steps = _steps(facts, named, around, mentions, spans)
        for index, where, about, scanned in life(site, steps):
            add(index, gtin, lot, where, about, scanned, n)
    acts = [
        Act(Moved(index, NAMED, gtin, lot, site, about, *n), f.id, f.ms, f.op, f.by)
        for (index, gtin, lot, site, about), n in counts.items()
        for f in (facts[index],)
    ]
    return acts, {act.moved.index for act in acts if act.op == "repack"}


@dataclass(frozen=True, slots=True)
class _Fact:
    id: str
    ms: int
    op: str
    by: str
    site: str
    observed: str
    shipment: int


def _facts(store: Store, indexes: set[int]) -> dict[int, _Fact]:
    sql = "SELECT idx, shipment FROM delivery WHERE idx IN (IN)"
    about = dict(store.rows_in(sql, indexes))
    sql = "SELECT idx, id, ms, op, by, site, observed FROM act WHERE idx IN (IN)"
    return {
        index: _Fact(statement, ms, op, by, site, observed, about.get(index, -1))
        for index, statement, ms, op, by, site, observed in store.rows_in(sql, indexes)
    }


def _told(
    store: Store, items: Iterable[str]
) -> tuple[dict[str, list[int]], dict[str, list[tuple[str, int, int]]]]:
    """Of each item the statements that name it, and the containers that it was in; by index."""
    wanted = list(items)
    mentions: dict[str, list[int]] = {}
    for item, index in store.rows_in("SELECT item, idx FROM mention WHERE item IN (IN)", wanted):
        mentions.setdefault(item, []).append(index)
    spans: dict[str, list[tuple[str, int, int]]] = {item: [] for item in wanted}
    sql = "SELECT child, parent, from_idx, to_idx FROM membership WHERE child IN (IN)"
    for child, parent, start, end in store.rows_in(sql, wanted):
        spans[child].append((parent, start, end))
    for indexes in mentions.values():
        indexes.sort()
    for around in spans.values():
        around.sort()
    return mentions, spans


_LAST: Final = 1 << 62


def _steps(
    facts: dict[int, _Fact],
    named: tuple[int, ...],
    around: tuple[tuple[str, int, int], ...],
    mentions: dict[str, list[int]],
    spans: dict[str, list[tuple[str, int, int]]],
) -> list[Step]:
    """The steps of a pack's life: its own, and those of its containers while it was in them."""
    found: dict[int, tuple[bool, bool]] = {}

    def add(
        named: Iterable[int],
        around: Iterable[tuple[str, int, int]],
        start: int,
        end: int,
        own: bool,
    ) -> None:
        here = list(around)
        ended = {to for _parent, _from, to in here}
        for index in named:
            if start <= index <= end:
                # What a receipt takes out of what it receives is what lacked.
                found.setdefault(index, (own, index in ended))
        for parent, joined, left in here:
            to = left - 1 if left != -1 else _LAST
            first, last = max(start, joined + 1), min(end, to)
            if first <= last:
                add(mentions.get(parent, ()), spans.get(parent, ()), first, last, False)

    add(named, around, 0, _LAST, True)
    return [
        Step(index, fact.op, fact.site, fact.shipment, own, lacked)
        for index, (own, lacked) in sorted(found.items())
        if (fact := facts.get(index)) is not None and not fact.observed
    ]
