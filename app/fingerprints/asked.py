"""Whether somebody with a pack in hand is asked for its label's print, and why; else it is offered.

Asked by policy, or where something speaks for a second look; what comes of a look is `matching`'s.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

from app.node import Node, node
from ledger.rules.casework import OPEN
from ledger.rules.state import IN_TRANSIT
from ledger.statement.gs1 import gtin_of, is_pack
from ledger.store import shipments
from ledger.store.cases import Case
from ledger.store.database import FAILURES
from ledger.store.desk import Person

POLICY: Final = "policy"
PRODUCT: Final = "product"
CASE: Final = "case"  # there is an open one about the pack here
SUPPLIED: Final = "supplied"  # before, by the record
SCANS: Final = "scans"  # read more often than a pack is on its way
SUPPLIER: Final = "new-supplier"  # nothing came from there before
OFFERED: Final = "offered"
MISMATCH: Final = "template-mismatch"
MANY_SCANS: Final = 12  # at all sites, within the days that scans are kept
# Rules of cases that no look at the pack settles.
_OF_TEMPLATES: Final = frozenset((MISMATCH, "enrolled-away"))
_log = logging.getLogger("packtrace")
_SUPPLIED: Final = frozenset(("supplied-here", "supplied-elsewhere"))


def asked(item: str, codes: Sequence[str], case: Case | None, who: Person) -> dict[str, Any] | None:
    """What a scan says of a pack's print; `codes` are the verdict's.

    None where no template is kept, or none counts by the log: a look could not come to anything.
    """
    found = node()
    if found.fingerprints is None or not is_pack(item):
        return None
    try:
        there = found.fingerprints.has(item)
    except FAILURES as error:  # the verdict of the log never waits for this
        _log.error("the fingerprints cannot be read: %s", error)
        return None
    if not there or found.reader.fingerprint(item) is None:
        return None
    why = _why(found, item, codes, case, who)
    return {"item": item, "asked": why != OFFERED, "why": why}


def _why(found: Node, item: str, codes: Sequence[str], case: Case | None, who: Person) -> str:
    policy, gtin = found.reader.authority().policy, gtin_of(item)
    if case is not None and case.status == OPEN and case.rule not in _OF_TEMPLATES:
        return CASE
    if not _SUPPLIED.isdisjoint(codes):
        return SUPPLIED
    if policy.asks_fingerprint(gtin):
        by_product = policy.fingerprint is None or not policy.fingerprint.ask
        return PRODUCT if by_product else POLICY
    if _from_new_supplier(found, item, who.site):
        return SUPPLIER
    if len(found.desk.scans_of(item, MANY_SCANS)) == MANY_SCANS:
        return SCANS
    return OFFERED


def _from_new_supplier(found: Node, item: str, site: str) -> bool:
    """Whether a pack is on its way here from a site that never sent anything here before."""
    with found.reader.snapshot():
        world = found.reader.world()
        row = world.row(item)
        root = world.outermost(row) if row is not None else None
        if root is None or root.status != IN_TRANSIT:
            return False
        coming = world.shipment(root.shipment)
        if coming is None or coming.to_site != site:
            return False
        return not shipments.came_before(found.store, coming.site, site, coming.index)
