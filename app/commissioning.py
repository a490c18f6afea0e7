"""Before a commissioning is signed: would the log take it now? A dry run of the ledger's own rule."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from typing import Any, Final

import msgspec
from flask_babel import gettext as _

from app.goods import product_name
from app.node import node
from app.refusals import in_words
from app.scanning import here_and_now
from ledger.errors import Malformed, Refused
from ledger.rules import making, rights
from ledger.rules.authority import Authority
from ledger.rules.custody import decide
from ledger.rules.state import ACTIVE, Named, Row
from ledger.rules.world import World
from ledger.statement import dsse, gs1
from ledger.statement.dsse import Envelope, Signature
from ledger.statement.events import Event, parse_date
from ledger.statement.submission import Statement
from ledger.store.desk import Person

MOST: Final = 10_000  # packs of one commissioning that a browser signs; more are the command line's
MOST_UNITS: Final = 100  # containers that are numbered at a time
_SHOWN: Final = 100  # serials that are named


class Wanted(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What `POST /api/lots/check` asks: may packs with these serials come onto the record?"""

    gtin: str
    lot: str
    expiry: str
    serials: list[str]


def check_lot(wanted: Wanted, who: Person) -> dict[str, Any]:
    """Whether a commissioning would be accepted, and which of its serials are on record already.

    Raises Malformed for what breaks GS1's rules.
    """
    if not 1 <= len(wanted.serials) <= MOST:
        raise Malformed(f"a browser commissions 1 to {MOST} packs at a time")
    gs1.check_lot(wanted.lot)
    expiry = parse_date(wanted.expiry, "expiry")
    ids = [gs1.sgtin(wanted.gtin, serial) for serial in wanted.serials]
    event = _event(who, lot=wanted.lot, expiry=expiry)
    told = _check(event, ids, who, expiry)
    taken = set(told.pop("taken"))
    serials = [text for text, item in zip(wanted.serials, ids, strict=True) if item in taken]
    return {**told, "taken": serials[:_SHOWN], "count": len(serials)}


def check_units(ssccs: Sequence[str], who: Person) -> dict[str, Any]:
    """The same for containers by their SSCCs. Raises Malformed."""
    if not 1 <= len(ssccs) <= MOST_UNITS:
        raise Malformed(f"1 to {MOST_UNITS} containers are numbered at a time")
    ids = {gs1.sscc(one): one for one in ssccs}
    told = _check(_event(who), list(ids), who, None)
    return {**told, "taken": [ids[item] for item in told["taken"]]}


def _event(who: Person, **fields: Any) -> Event:
    return Event(
        op="commission", by=who.party, log=node().origin, nonce="", time_ms=node().clock(),
        time_offset="+00:00", read_point=who.site, **fields,
    )  # fmt: skip


def _check(event: Event, ids: list[str], who: Person, expiry: date | None) -> dict[str, Any]:
    reader = node().reader
    with reader.snapshot():
        size = reader.head().size
        authority, world = reader.authority(size), reader.world_of(ids)
        try:
            _decide(authority, world, event, ids, who, size)
        except Refused as refused:
            words, advice = in_words(refused)
            if refused.code == "second-expiry":
                words = refused.detail
            told = {"ok": False, "code": refused.code, "words": words, "next": advice}
        else:
            told = {"ok": True, "code": None, "words": "", "next": ""}
        if told["ok"] and expiry is not None and expiry < here_and_now().date():
            told = {
                "ok": False, "code": "blocked-expired", "words": _("This expiry date is in the past."),
                "next": _("Check the date on the batch record."),
            }  # fmt: skip
        # Which serials are taken is told to nobody but who may make such packs: no oracle.
        known = told["ok"] or told["code"] in ("duplicate-serial", "second-expiry")
        taken = [item for item in ids if world.row(item) is not None] if known else []
    return {**told, "taken": taken}


def _decide(
    authority: Authority, world: World, event: Event, ids: list[str], who: Person, size: int
) -> None:
    """Raise Refused where the log would refuse it."""
    ms = node().clock()
    if who.keyid:  # a simulated world signs people in without one
        unsigned = Envelope(b"", dsse.EVENT, (Signature(who.keyid, b""),))
        try:
            rights.check_signers(authority, Statement(unsigned, event), ms)
        except Refused as refused:
            if refused.code != "threshold":  # a colleague signs it too, in the end
                raise
    rights.check_standing(authority, event.op, [who.party], who.site)
    decide(world, authority, event, "", Named(ids, signers=frozenset({who.party})), size, ms)


def number_unit(world: World, authority: Authority, unit: str, who: Person, index: int) -> None:
    """Take a party's own container for commissioned here, in a dry run, if it is not on record yet."""
    if unit.startswith(f"{gs1.ROOT}/00/") and world.row(unit) is None:
        gs1.parse_item_id(unit)
        with suppress(Refused):  # what cannot be numbered stays unknown, and is refused as that
            making.check_units(authority, who.party, [unit])
            row = Row(
                unit, ACTIVE, "", who.site, who.party, "", "", "", -1, "", -1, index, "", index
            )
            world.settle(row)


def products_of(authority: Authority, party: str) -> list[dict[str, str]]:
    """The products of which a party may commission packs."""
    found = []
    for record in authority.products():
        gtin = record.product.gtin
        try:
            making.check_product(authority, party, gtin)
        except Refused:
            continue
        found.append({"gtin": gtin, "name": product_name(authority, gtin)})
    return sorted(found, key=lambda one: (one["name"].casefold(), one["gtin"]))


def prefixes_of(authority: Authority, party: str) -> list[str]:
    """The GS1 prefixes that a party's containers are numbered by."""
    return sorted(prefix for prefix, owner in authority.prefixes.items() if owner == party)
