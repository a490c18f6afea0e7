"""The EPCIS forms of all custody operations, as data (custody.md 3).

An operation is told from an event by its exact tuple of type, action, business step, disposition
and reason. Which of them a log accepts, and when, is left to `ledger.rules.operations`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

OBJECT: Final = "ObjectEvent"
AGGREGATION: Final = "AggregationEvent"
TRANSFORMATION: Final = "TransformationEvent"
QUARANTINE_REASONS: Final = (
    "suspect",
    "damaged",
    "temperature",
    "complaint",
    "counterfeit_alert",
    "other",
)
NOT_HANDED_OUT: Final = "not_handed_out"
AFTER_THE_FACT: Final = "after_the_fact"
_VERDICT_CODE: Final = re.compile(r"[a-z][a-z-]{1,39}")


@dataclass(frozen=True, slots=True)
class Form:
    """What an operation's event looks like, beside the fields that every event has."""

    type: str
    action: str  # "" for a transformation, which has none
    biz_step: str
    disposition: str  # "" when the event has none
    reasons: tuple[str, ...] = ()  # allowed packtrace:reason, () for none
    any_reason: bool = False  # a verdict's code (inspect)
    biz_location: bool = True
    items: str = "required"  # or "optional"
    ilmd: bool = False  # allowed
    inputs: bool = False  # the check-outs whose packs went in
    parent: bool = False
    transfer: bool = False  # source, destination and tracking number
    shipment: bool = False
    lists: bool = False  # over and missing allowed
    undoes: bool = False


def _form(words: str, **more: object) -> Form:
    kind, action, step, *disposition = words.split()
    types = {"Object": OBJECT, "Aggregation": AGGREGATION}
    return Form(types[kind], action, step, "".join(disposition), **more)  # type: ignore[arg-type]  # the keywords below are Form's own


def _named(op: str, words: str, **more: object) -> Form:
    """A form whose reason is the operation's own name."""
    return _form(words, reasons=(op,), **more)


_RETURN: Final = "Object OBSERVE shipping returned"

FORMS: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "commission": _form("Object ADD commissioning active", ilmd=True),
        "pack": _form("Aggregation ADD packing in_progress", parent=True),
        "unpack": _form("Aggregation DELETE unpacking in_progress", parent=True, items="optional"),
        "ship": _form("Object OBSERVE shipping in_transit", biz_location=False, transfer=True),
        "return": _named("return", _RETURN, biz_location=False, transfer=True),
        "recall_return": _named("recall_return", _RETURN, biz_location=False, transfer=True),
        "to_destruction": _named("to_destruction", _RETURN, biz_location=False, transfer=True),
        "void": _named("void", "Object OBSERVE void_shipping in_progress", shipment=True),
        "refuse": _named("refuse", "Object OBSERVE void_shipping in_progress", shipment=True),
        "receive": _form("Object OBSERVE receiving in_progress", shipment=True, lists=True),
        "close_short": _named("close_short", "Object OBSERVE receiving in_progress", shipment=True),
        "supply": _form("Object OBSERVE dispensing dispensed"),
        "open": _form("Object OBSERVE dispensing partially_dispensed"),
        "sample": _named("sample", "Object OBSERVE sampling non_sellable_other"),
        "free_sample": _named("free_sample", "Object OBSERVE sampling non_sellable_other"),
        "export": _named("export", "Object OBSERVE shipping in_transit", biz_location=False),
        "lost": _form("Object OBSERVE stock_taking non_sellable_other", biz_location=False),
        "stolen": _form("Object OBSERVE stock_taking stolen", biz_location=False),
        "destroyed": _form("Object DELETE destroying destroyed", biz_location=False),
        "found": _form("Object OBSERVE stock_taking sellable_not_accessible"),
        "quarantine": _form(
            "Object OBSERVE holding non_sellable_other", reasons=QUARANTINE_REASONS
        ),
        "release": _form("Object OBSERVE inspecting sellable_accessible"),
        "check_out": _form("Object OBSERVE repackaging unavailable"),
        "repack": Form(TRANSFORMATION, "", "repackaging", "", ilmd=True, inputs=True),
        "transfer": _named("transfer", "Object OBSERVE accepting in_progress"),
        "undo": _form("Object OBSERVE storing sellable_accessible", undoes=True),
        "enrol": _named("enrol", "Object OBSERVE inspecting"),
        "inspect": _form("Object OBSERVE inspecting", any_reason=True),
    }
)

_BY_TUPLE: Final[Mapping[tuple[str, str, str, str, str], str]] = {
    (form.type, form.action, form.biz_step, form.disposition, reason): op
    for op, form in FORMS.items()
    if not form.any_reason
    for reason in form.reasons or ("",)
}


def operation_of(kind: str, action: str, step: str, disposition: str, reason: str) -> str:
    """The operation that has this exact tuple ("" where the event leaves a field out), or ""."""
    op = _BY_TUPLE.get((kind, action, step, disposition, reason))
    if op is not None:
        return op
    inspect = FORMS["inspect"]
    same = (kind, action, step, disposition) == (
        inspect.type,
        inspect.action,
        inspect.biz_step,
        inspect.disposition,
    )
    return "inspect" if same and _VERDICT_CODE.fullmatch(reason) else ""
