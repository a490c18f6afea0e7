"""Documents of lots and shipments: who may keep one, who may read it, and what its statement says.

A document is read by the party that keeps it, by the authority, and by a trading partner who has to
do with the very goods: who received packs of the lot, or stands on either side of the shipment.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any, Final, NamedTuple, NoReturn
from urllib.parse import quote, unquote

from flask import abort
from flask_babel import gettext as _

from app import consignments
from app.lots import own_lot, sites_of
from app.node import node
from ledger.errors import Malformed, Refused
from ledger.statement import gs1
from ledger.statement.dsse import Envelope
from ledger.statement.governance import Document as Recorded
from ledger.statement.parts import check_words
from ledger.statement.submission import Statement
from ledger.store import lots, shipments
from ledger.store.desk import Person
from ledger.store.documents import Document
from ledger.store.shipments import RECEIVED

MOST_BYTES: Final = 25 << 20  # of one file
MOST: Final = 100  # documents of one party about one thing
MOST_KEPT: Final = 20 << 30  # bytes of one party's documents, so that none fills the disk of all
_LOT: Final = re.compile(r"https://id\.gs1\.org/01/([0-9]{14})/10/([A-Za-z0-9._%-]{1,60})")
_STATEMENT: Final = re.compile(r"[0-9a-f]{64}")


class Seen(NamedTuple):
    """A document as somebody may see it, with the name of who keeps it."""

    document: Document
    party: str
    own: bool


def about_lot(gtin: str, lot: str) -> str:
    """What a document of a lot is about: the lot's Digital Link."""
    return f"{gs1.ROOT}/01/{gtin}/10/{quote(lot, safe='')}"


def lot_of(about: str) -> tuple[str, str] | None:
    """GTIN and lot of such a link in its one form, else None."""
    found = _LOT.fullmatch(about)
    if found is None:
        return None
    key = found[1], unquote(found[2])
    return key if gs1.is_gtin(key[0]) and about_lot(*key) == about else None


def check_about(about: str, who: Person) -> None:
    """Let a party keep documents about its own lots and shipments alone. Ends in 404 for others."""
    if key := lot_of(about):
        if own_lot(*key, who) is None:
            abort(404, _("Your party has commissioned no packs of such a lot."))
        return
    if not _STATEMENT.fullmatch(about):
        raise Malformed(_("a document is about a lot's Digital Link or a shipment's statement id"))
    consignments.named(about, who)


def described(about: str, title: str, media_type: str, digest: str, who: Person) -> Document:
    """A document that a party is about to keep. Raises Malformed; ends in 404, 409, 413."""
    check_words(title, "title")
    check_words(media_type, "type")
    check_about(about, who)
    kept = node().desk.documents
    mine = [one for one in kept.of(about) if one.party == who.party]
    if len(mine) >= MOST and digest not in {one.sha256 for one in mine}:
        abort(409, _("At most %(n)s documents of a lot or a shipment are kept.", n=MOST))
    if kept.size(who.party) > MOST_KEPT - MOST_BYTES:
        words = _(
            "Your party keeps %(n)s GiB of documents here, and no more fit.", n=MOST_KEPT >> 30
        )
        abort(413, words)
    return Document(who.party, digest, about, media_type, title, 0, node().clock())


def of(about: str, who: Person, through: str = "") -> list[Seen]:
    """What a person may see of the documents about a lot or a shipment, newest first.

    `through` is the statement id of a shipment that brought packs of the lot.
    """
    found = node().desk.documents.of(about)
    # One look at the goods is enough for all that is about them.
    may = bool(found) and _has_to_do_with(about, who, through)
    return [_seen(one, who) for one in found if _reads(one, who, may)]


def one_of(statement: str, who: Person, through: str = "") -> Document:
    """A document on the log by its statement's id. Ends in 404 where a person may not see it."""
    found = node().desk.documents.signed(statement)
    if found is None or not (
        _reads(found, who, may=False) or _has_to_do_with(found.about, who, through)
    ):
        abort(404, _("There is no such document that your party may read."))
    return found


def _reads(document: Document, who: Person, may: bool) -> bool:
    if who.party == document.party:
        return True
    return bool(document.statement) and (may or who.party == node().reader.authority().gln)


def _seen(document: Document, who: Person) -> Seen:
    party = node().reader.authority().party(document.party)
    return Seen(document, party.name if party else document.party, who.party == document.party)


def _has_to_do_with(about: str, who: Person, through: str) -> bool:
    if lot_of(about):
        return may_see_lot(about, who, through)
    one = shipments.by_id(node().store, about)
    return one is not None and bool(consignments.side_of(one, who))


def may_see_lot(about: str, who: Person, through: str = "") -> bool:
    """Whether a party has received packs of a lot: it holds some, or a shipment brought them."""
    key = lot_of(about)
    if key is None:
        return False
    if who.party == node().reader.authority().gln or lots.held(
        node().store, sites_of(who.party), *key
    ):
        return True
    one = shipments.by_id(node().store, through) if _STATEMENT.fullmatch(through) else None
    if one is None or one.to_party != who.party:
        return False
    told = consignments.show(one, who).told["lots"]
    return any((lot["gtin"], lot["lot"]) == key and lot[RECEIVED] > 0 for lot in told)


def confirm(digest: str, about: str, statement: str, who: Person) -> None:
    """Check that a statement on the log is a party's own, and about just this file.

    Raises Refused, Malformed; ends in 404.
    """
    body = statement_of(statement)
    if body.by != who.party:
        _no_such()  # what others' statements are is theirs
    if (body.sha256, body.about) != (digest, about):
        raise Refused("items-mismatch", _("that statement is about another document"))


def statement_of(statement: str) -> Recorded:
    """What a document's statement says. Ends in 404 where there is none."""
    body: Any = None
    if _STATEMENT.fullmatch(statement):
        with suppress(LookupError):
            logged = node().reader.find(statement)
            body = Statement.of(Envelope.parse(logged.envelope)).body
    if not isinstance(body, Recorded):
        _no_such()
    return body


def _no_such() -> NoReturn:
    abort(404, _("There is no such document on the log."))
