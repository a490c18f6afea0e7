"""Lots as their makers work with them, and the labels of their packs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from flask import abort
from flask_babel import gettext as _

from app.node import node
from ledger.errors import Malformed
from ledger.rules.state import Lot
from ledger.statement import gs1
from ledger.store import lots
from ledger.store.desk import Person
from ledger.store.lots import Making
from scanner.fingerprint import raster
from scanner.label import DPI, PrintedLabel

PAGE: Final = 40  # labels of one sheet, or of one file for the label printer
DENSITIES: Final = (203, 300, 600)  # dots an inch of label printers


class Look(NamedTuple):
    """How labels are drawn; what `scanner.label.render` takes."""

    dpi: int
    datamatrix: bool
    fingerprint: bool

    @property
    def densities(self) -> list[int]:
        """The dots an inch that a page offers."""
        known = raster.DENSITIES if self.fingerprint else DENSITIES
        return sorted({*known, self.dpi})

    @property
    def query(self) -> str:
        """The same as a query."""
        marks = "&datamatrix=1" * self.datamatrix + "&fingerprint=1" * self.fingerprint
        return f"dpi={self.dpi}{marks}"


class OwnLot(NamedTuple):
    """A lot of which a party commissioned packs, and by which statements."""

    lot: Lot
    made: list[Making]

    @property
    def packs(self) -> int:
        """How many packs of it the party commissioned."""
        return sum(one.packs for one in self.made)

    @property
    def sheets(self) -> int:
        """How many sheets their labels take."""
        return -(-self.packs // PAGE)


def sites_of(party: str) -> list[str]:
    """A party's sites by GLN."""
    return [site.gln for site in node().reader.authority().sites(party)]


def own_lot(gtin: str, lot: str, who: Person) -> OwnLot | None:
    """A lot of which a person's party commissioned packs; None for any other, on record or not."""
    reader = node().reader
    record = reader.lot(gtin, lot)
    if record is None:
        return None
    made = lots.makings(reader.store, sites_of(who.party), record.index, (gtin, lot))
    return OwnLot(record, made) if made else None


def sheet(own: OwnLot, number: int) -> list[PrintedLabel]:
    """The labels of one sheet, from 1 on. Ends in 404 beyond the last."""
    if not 1 <= number <= own.sheets:
        abort(404, _("There is no such sheet of this lot's labels."))
    start = (number - 1) * PAGE
    items = lots.packs_between(node().store, own.made, start, start + PAGE)
    return [label_of(own, item) for item in items]


def label_of(own: OwnLot, item: str) -> PrintedLabel:
    """What the label of one of a lot's packs says."""
    found = gs1.parse_item_id(item)
    return PrintedLabel(found.gtin, own.lot.lot, own.lot.expiry, found.serial, node().practice)


def read_dpi(text: str) -> int:
    """Dots an inch, 300 by default. Raises Malformed."""
    if not text:
        return 300
    if not (text.isascii() and text.isdigit() and len(text) < 5 and DPI[0] <= int(text) <= DPI[1]):
        low, high = DPI
        words = _("a label has %(low)s to %(high)s dots an inch", low=low, high=high)
        raise Malformed(f"{words}: {text[:20]!r}")
    return int(text)


def read_look(query: Mapping[str, str]) -> Look:
    """How labels are asked for: `dpi`, `datamatrix`, `fingerprint`. Raises Malformed."""
    dpi, fingerprint = read_dpi(query.get("dpi", "")), query.get("fingerprint", "") == "1"
    if fingerprint and dpi not in raster.DENSITIES:
        dpi = raster.DENSITIES[0]
    return Look(dpi, query.get("datamatrix", "") == "1", fingerprint)


def read_number(text: str) -> int:
    """A sheet's number, 1 by default. Raises Malformed."""
    if not (text.isascii() and text.isdigit() and len(text) < 9) and text:
        raise Malformed(_("a sheet has a number, not %(text)s", text=text[:20]))
    return int(text or "1")
