"""Where sites lie, as the desk is told for the map of a trace: by an authority, or by themselves."""

from __future__ import annotations

import math
from collections.abc import Mapping

from flask import abort
from flask_babel import gettext as _

from app.node import node
from app.session import is_administrator
from ledger.errors import Malformed
from ledger.statement.gs1 import is_gln
from ledger.store.desk import Person
from ledger.store.places import Spot


def put(form: Mapping[str, str], who: Person) -> None:
    """Keep what a form says. Raises Malformed; ends in 403 for another's site, on record or not."""
    site = form.get("site", "").strip()
    if not is_gln(site):
        raise Malformed(f"{site[:40]!r} is no GLN of 13 digits with its check digit")
    spot = Spot(
        _degrees(form.get("latitude", ""), 90, "latitude"),
        _degrees(form.get("longitude", ""), 180, "longitude"),
    )
    authority = node().reader.authority()
    record = authority.site(site)
    own = record is not None and record.party == who.party
    its_own = own and (who.site == site or is_administrator(who))
    if record is None or not (its_own or who.party == authority.gln):
        abort(403, _("Where a site lies is said by the site itself, or by an authority."))
    node().desk.places.put(site, spot)


def _degrees(text: str, most: int, what: str) -> float:
    try:
        found = float(text.strip()) if len(text) < 40 else math.nan
    except ValueError:
        found = math.nan
    if not abs(found) <= most:  # not a number is not within bounds either
        raise Malformed(
            f"a {what} is a number of degrees from -{most} to {most}, not {text[:20]!r}"
        )
    return found
