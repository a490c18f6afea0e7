"""Before a hold or recall is signed: which packs it would reach, as the log has it now.

An unknown lot is no fault of the log's: it may be made tomorrow. The page warns, and so it is told.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from flask_babel import gettext as _
from flask_babel import ngettext

from app.node import node
from app.notices import boards
from app.recalls import may_open
from app.scanning import here_and_now
from ledger.errors import Malformed, Refused
from ledger.rules.authority import Mark
from ledger.rules.world import World
from ledger.statement import gs1
from ledger.store.desk import Person
from ledger.store.recall_board import Board
from ledger.store.recall_counts import HOLD, STOCK, TRANSIT
from ledger.store.recall_extent import Aim
from scanner.faults import parse_reading

_ID: Final = re.compile(r"[0-9a-f]{64}")
MOST: Final = 1_000  # texts of one request
MOST_LISTED: Final = 100_000  # packs of one list
MOST_INSIDE: Final = 10_000  # packs of one container


class Proposed(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A scope that may be signed: of a product all, or some lots, some packs, one commissioning."""

    gtin: str
    lots: list[str] = []
    items: list[str] = []
    statement: str = ""


class Texts(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Codes of packs and containers of a product, to be listed in a scope."""

    gtin: str
    items: list[str]


def preview(asked: Proposed, who: Person) -> dict[str, Any]:
    """What a scope holds now: packs by state, sites, what it already stands under, what is unknown.

    Raises Malformed for what is no scope, Refused for a product that is not the party's.
    """
    _check(asked.gtin, who)
    if sum(map(bool, (asked.lots, asked.items, asked.statement))) > 1:
        raise Malformed(_("name lots, or packs, or one commissioning, or none of them"))
    if len(asked.lots) > MOST or len(asked.items) > MOST_LISTED:
        raise Malformed(_("this is too long for one statement; make several"))
    for lot in asked.lots:
        gs1.check_lot(lot)
    if asked.statement and not _ID.fullmatch(asked.statement):
        raise Malformed(_("the id of a statement has 64 digits and letters from a to f"))
    for item in asked.items:
        if gs1.parse_item_id(item).gtin != asked.gtin:  # where others' packs are, is theirs
            raise Malformed(_("a list names packs of the product alone"))
    found = node()
    with found.reader.snapshot():
        board = boards().preview(_aim(asked))
        unknown = [lot for lot in asked.lots if found.reader.lot(asked.gtin, lot) is None]
        authority = found.reader.authority()
        over = [mark for mark in authority.marks_on(asked.gtin) if _overlaps(mark, asked)]
        if asked.statement and not board.packs:
            raise Refused(
                "unknown-item",
                _("%(id)s commissioned no packs of this product", id=asked.statement[:64]),
            )
        return {
            **_told(board), "unknownLots": unknown,
            "already": [{"id": mark.id, "kind": mark.code} for mark in over],
        }  # fmt: skip


def _aim(asked: Proposed) -> Aim:
    lots = frozenset(asked.lots) if asked.lots else None
    listed = frozenset(asked.items) if asked.items else None
    return Aim(asked.gtin, lots, listed, asked.statement)


def _told(board: Board) -> dict[str, Any]:
    sites = {spot.site for spot in board.tallies if spot.state in (STOCK, HOLD)}
    sites |= {spot.to_site for spot in board.tallies if spot.state == TRANSIT}
    states = [{"state": state, "packs": one.packs} for state, one in board.states().items()]
    lots = {(spot.gtin, spot.lot) for spot in board.tallies}
    return {
        "packs": board.packs, "repacked": board.extent.repacked, "sites": len(sites),
        "states": states, "lots": len(lots),
    }  # fmt: skip


def _overlaps(mark: Mark, asked: Proposed) -> bool:
    """Whether a mark lies on some of a scope already, as far as their words tell."""
    if asked.statement and mark.statement:
        return mark.statement == asked.statement
    if not mark.scope_is_lots or asked.items or asked.statement:
        return mark.scope_is_lots and mark.lots is None
    return not asked.lots or mark.lots is None or bool(mark.lots & set(asked.lots))


def _check(gtin: str, who: Person) -> None:
    if gtin not in may_open(who):
        raise Refused(
            "not-your-product", _("GTIN %(gtin)s is not a product of your party", gtin=gtin[:20])
        )


def packs_of(asked: Texts, who: Person) -> list[dict[str, Any]]:
    """Each text with the ids of the packs that it names, a container's all; or why it names none."""
    _check(asked.gtin, who)
    if len(asked.items) > MOST:
        raise Malformed(_("at most %(n)s items are checked at a time", n=MOST))
    found, year = node(), here_and_now().year
    with found.reader.snapshot():
        read: list[tuple[str, str]] = []
        for text in asked.items:
            try:
                read.append((text, parse_reading(text, "typed", year).id))
            except Malformed:
                read.append((text, ""))
        world = found.reader.world_of(item for _text, item in read if item)
        return [_line(world, asked.gtin, who, text, item) for text, item in read]


def _line(world: World, gtin: str, who: Person, text: str, item: str) -> dict[str, Any]:
    ids, words = _packs(world, gtin, who, item)
    return {"text": text, "ids": ids, "ok": bool(ids), "words": words}


def _packs(world: World, gtin: str, who: Person, item: str) -> tuple[list[str], str]:
    row = world.row(item) if item else None
    if not item:
        return [], _("This is not the code of one pack or container.")
    if gs1.is_pack(item):
        if gs1.gtin_of(item) != gtin:
            return [], _("This is a pack of another product.")
        return ([item], "") if row is not None else ([], _("This pack is not on record."))
    authority = node().reader.authority()
    site = authority.site(world.outermost(row).site) if row is not None else None
    # What others' containers hold is theirs: whoever does not have it names the packs.
    if site is None or who.party not in (site.party, authority.gln):
        return [], _("No container of this number is at your sites. Name its packs instead.")
    if sum(n.n for n in world.content(item).values()) > MOST_INSIDE:
        return [], _("This container holds too many packs. Name the containers in it instead.")
    inside = [one.id for one in world.packs_inside(item) if gs1.gtin_of(one.id) == gtin]
    if not inside:
        return [], _("This container holds no packs of the product.")
    return inside, ngettext("%(num)s pack inside", "%(num)s packs inside", len(inside))
