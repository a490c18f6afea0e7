"""A case with the fields of Form FDA 3911, Drug Notification, for whoever has to notify.

Field names are the form's own, in its language. Facts alone: what is not on record stays empty, and
who sends the form fills it in. What the exporting side may not see of the case is left out.

Numbers 1 to 20 are those of the form of August 2015 (OMB 0910-0806), 23 that of FDA's frequently asked
questions. Nothing public was found that confirms 21 and 22.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from app.cases import Shown
from app.node import node
from ledger.rules.casework import CLOSED, EXPLAINED, FALSE_ALERT, ILLEGITIMATE, SETTLED
from ledger.statement.gs1 import gtin_of
from ledger.store.desk import Person

# Root cause -> the form's list for field 5.
_CLASSES: Final = {
    "falsification": "Counterfeit",
    "diversion": "Diverted",
    "theft": "Stolen",
    "temperature": "Unfit for distribution",
}
_CATEGORIES: Final = {
    "manufacturer": "Manufacturer",
    "wholesaler": "Wholesale Distributor",
    "pharmacy": "Dispenser (Pharmacy)",
    "repackager": "Repackager",
}
_WHY_ENDED: Final = (
    "For Request for Termination of Notification: Description of why notification is no longer "
    "necessary"
)


class Field(NamedTuple):
    """A numbered field of the form and what the records say for it, "" where they say nothing."""

    number: int
    name: str
    value: str


def fields_of(shown: Shown, who: Person) -> list[Field]:
    """The form's 23 fields, as of the revision of August 2015 and later."""
    found = node()
    authority, case = found.reader.authority(), shown.line.case
    record = authority.product(gtin_of(case.item)) if case.item else None
    product, label = record.product if record else None, shown.label
    party, site = authority.party(who.party), authority.site(who.site)
    found_out = case.closing == ILLEGITIMATE
    ended = case.status == CLOSED and case.closing in (FALSE_ALERT, EXPLAINED, SETTLED)
    told = _told(shown)
    values = (
        ("Type of Report", "Request for Termination" if ended else "Initial Notification"),
        ("Incident Number", ""),
        ("Date of Initial Notification", ""),
        (
            "Date Company Determined Product Was Illegitimate",
            _day(case.closed) if found_out else "",
        ),
        ("Classification of Notification", _CLASSES.get(case.root, "") if found_out else ""),
        ("Name of Product as It Appears on Label", product.name if product else ""),
        ("Primary Ingredient(s) (if known)", ""),
        ("Drug Use", ""),
        ("Drug Description", ""),
        ("Strength of Drug", product.strength if product else ""),
        ("Dosage Form", product.form if product else ""),
        ("Quantity of Drug (Number and Unit)", "1 package" if case.item and product else ""),
        ("NDC Number (if applicable)", (product.national_code or "") if product else ""),
        ("Serial Number (if applicable)", label.get("serial", "")),
        ("Lot Number(s)", label.get("lot", "")),
        ("Expiration Date(s)", _us_day(label.get("expiry", ""))),
        ("For Notification: Description of Event/Issue", "" if ended else told),
        (_WHY_ENDED, told if ended else ""),
        ("Information submitted to FDA through an alternative mechanism", ""),
        (
            "Company Name & Address",
            ", ".join(filter(None, (
                party.name if party else "", site.name if site else "",
                site.address if site else "", party.country if party else "",
            ))),
        ),
        (
            "Company Category",
            ", ".join(_CATEGORIES[role] for role in sorted(party.roles) if role in _CATEGORIES)
            if party else "",
        ),
        ("Unique Facility Identifier", ""),
        ("Contact Information", ""),
    )  # fmt: skip
    return [Field(number, *one) for number, one in enumerate(values, 1)]


def _told(shown: Shown) -> str:
    """What happened, by the records: when, by what rule, on what evidence, and what was found."""
    case = shown.line.case
    lines = [
        f"Case {case.number}, opened {_time(case.opened)}: {case.rule} (likely: {case.cause})."
    ]
    for one in shown.evidence[:20]:
        seen = one.evidence
        what = f"statement {seen.source}" if seen.source else f"scan for {seen.purpose}"
        said = f", verdict '{seen.verdict}'" if seen.verdict else ""
        codes = f" ({seen.codes})" if seen.codes else ""
        lines.append(f"{_time(seen.ms)}: {what}{said}{codes}.")
    if case.decision:
        lines.append(f"Decided {_time(case.decided)}: {case.decision}.")
    if case.status == CLOSED:
        lines.append(f"Closed {_time(case.closed)}: root cause {case.root}, code {case.closing}.")
    return " ".join(lines)


def told_json(shown: Shown, who: Person) -> dict[str, Any]:
    """The form for programs."""
    case = shown.line.case
    return {
        "form": "FDA 3911",
        "case": case.number,
        "simulated": node().simulated,
        "fields": [one._asdict() for one in fields_of(shown, who)],
    }


def _time(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def _day(ms: int) -> str:
    """A day as the form writes it: mm/dd/yyyy."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%m/%d/%Y}"


def _us_day(day: str) -> str:
    return f"{day[5:7]}/{day[8:]}/{day[:4]}" if day else ""
