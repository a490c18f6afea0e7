"""The EPCIS 2.0 events that are statements: parsed into frozen values, and built (statement.md 2).

Knows the form of an event; which operation has which form is in `forms`, what an event may do is
left to `ledger.rules`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import msgspec

from ledger.errors import Malformed
from ledger.statement import dsse, gs1
from ledger.statement.forms import (
    AFTER_THE_FACT,
    FORMS,
    NOT_HANDED_OUT,
    Form,
    operation_of,
)
from ledger.statement.items import MAX_DEPTH

CONTEXT: Final = [
    "https://ref.gs1.org/standards/epcis/2.0.1/epcis-context.jsonld",
    {"cbvmda": "urn:epcglobal:cbv:mda:", "packtrace": "https://packtrace.example/ns/"},
]
_OFFSET: Final = re.compile(r"[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00")
_NUMBER: Final = re.compile(r"[A-Z0-9-]{1,20}")
_HEX32: Final = re.compile(r"[0-9a-f]{32}")
_HEX64: Final = re.compile(r"[0-9a-f]{64}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_BT: Final = "urn:epcglobal:cbv:bt:"
MAX_INPUTS: Final = 100  # check-outs that one repacking takes up


class Commitment(msgspec.Struct, frozen=True, gc=False):
    """`packtrace:items`: a tree of 2**depth leaves with this root."""

    depth: int
    root: bytes


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A statement about packs: one EPCIS event, read.

    GLNs are 13 digits, ids canonical Digital Links, `shipment`, `undoes` and `inputs` statement ids
    in hex, times in ms since the epoch. What an operation's form leaves out is None.
    """

    op: str
    by: str
    log: str
    nonce: str
    time_ms: int
    time_offset: str
    read_point: str
    reason: str | None = None
    declared: str | None = None
    items: Commitment | None = None
    over: Commitment | None = None
    missing: Commitment | None = None
    parent: str | None = None
    lot: str | None = None
    expiry: date | None = None
    shipment: str | None = None
    undoes: str | None = None
    inputs: tuple[str, ...] | None = None
    source_party: str | None = None
    dest_party: str | None = None
    dest_site: str | None = None
    number: str | None = None


class _Place(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: str


class _ItemsForm(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    depth: int
    root: str


class _Source(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    type: str
    source: str


class _Destination(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    type: str
    destination: str


class _Transaction(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    type: str
    bizTransaction: str


class _Ilmd(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    lot: str = msgspec.field(name="cbvmda:lotNumber")
    expiry: str = msgspec.field(name="cbvmda:itemExpirationDate")


class _EventForm(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    context: list[Any] = msgspec.field(name="@context")
    type: str
    action: str = ""
    bizStep: str
    disposition: str | None = None
    eventTime: str
    eventTimeZoneOffset: str
    readPoint: _Place
    bizLocation: _Place | None = None
    parentID: str | None = None
    ilmd: _Ilmd | None = None
    bizTransactionList: list[_Transaction] | None = None
    sourceList: list[_Source] | None = None
    destinationList: list[_Destination] | None = None
    by: str = msgspec.field(name="packtrace:by")
    log: str = msgspec.field(name="packtrace:log")
    nonce: str = msgspec.field(name="packtrace:nonce")
    items: _ItemsForm | None = msgspec.field(name="packtrace:items", default=None)
    over: _ItemsForm | None = msgspec.field(name="packtrace:over", default=None)
    missing: _ItemsForm | None = msgspec.field(name="packtrace:missing", default=None)
    shipment: str | None = msgspec.field(name="packtrace:shipment", default=None)
    undoes: str | None = msgspec.field(name="packtrace:undoes", default=None)
    inputs: list[str] | None = msgspec.field(name="packtrace:inputs", default=None)
    reason: str | None = msgspec.field(name="packtrace:reason", default=None)
    declared: str | None = msgspec.field(name="packtrace:declared", default=None)


_decoder: Final = msgspec.json.Decoder(_EventForm)


def parse_event(payload: bytes) -> Event:
    """Read an event's payload.

    Raises Malformed when it is not exactly of one operation's form.
    """
    form: _EventForm = dsse.parse_json(payload, _decoder, "an event")
    op = operation_of(
        form.type, form.action, form.bizStep, form.disposition or "", form.reason or ""
    )
    if not op:
        raise Malformed(
            f"no operation is {form.type} {form.action} {form.bizStep} {form.disposition} "
            f"with reason {form.reason}"
        )
    _check_fields(op, FORMS[op], form)
    by = _party(form.by)
    event = Event(
        op=op,
        by=by,
        log=_text(form.log, "packtrace:log"),
        nonce=_match(_HEX32, form.nonce, "packtrace:nonce is 16 bytes in hex"),
        time_ms=event_ms(form.eventTime),
        time_offset=_match(
            _OFFSET, form.eventTimeZoneOffset, "eventTimeZoneOffset is +hh:mm or -hh:mm"
        ),
        read_point=_site(form.readPoint.id),
        reason=form.reason,
        declared=form.declared,
        items=_commitment(form.items),
        over=_commitment(form.over),
        missing=_commitment(form.missing),
        parent=_item(form.parentID),
        lot=_lot(form.ilmd),
        expiry=_expiry(form.ilmd),
        shipment=_statement_id(form.shipment, "packtrace:shipment"),
        undoes=_statement_id(form.undoes, "packtrace:undoes"),
        inputs=_inputs(form.inputs),
        **_transfer(form, by),
    )
    if form.bizLocation is not None and form.bizLocation.id != form.readPoint.id:
        raise Malformed("bizLocation is the readPoint")
    return event


def _check_fields(op: str, need: Form, form: _EventForm) -> None:
    """Each field is there exactly when the operation's form has it."""
    if form.context != CONTEXT:
        raise Malformed("@context is the fixed list of two elements, see CONTEXT")
    if "" in (form.reason, form.disposition):
        raise Malformed("what an event does not say is left out, not empty")
    there: tuple[tuple[str, object, bool], ...] = (
        ("bizLocation", form.bizLocation, need.biz_location),
        ("parentID", form.parentID, need.parent),
        ("sourceList", form.sourceList, need.transfer),
        ("destinationList", form.destinationList, need.transfer),
        ("bizTransactionList", form.bizTransactionList, need.transfer),
        ("packtrace:shipment", form.shipment, need.shipment),
        ("packtrace:undoes", form.undoes, need.undoes),
        ("packtrace:inputs", form.inputs, need.inputs),
    )
    for name, value, needed in there:
        if (value is not None) != needed:
            raise Malformed(f"{op} {'needs' if needed else 'has no'} {name}")
    if form.items is None and need.items == "required":
        raise Malformed(f"{op} needs packtrace:items")
    if form.ilmd is not None and not need.ilmd:
        raise Malformed(f"{op} has no ilmd")
    if form.ilmd is None and need.inputs:
        raise Malformed(f"{op} needs ilmd: the new packs' lot and expiry")
    if (form.over is not None or form.missing is not None) and not need.lists:
        raise Malformed(f"{op} has no packtrace:over or packtrace:missing")
    if op == "undo":
        if form.declared != NOT_HANDED_OUT:
            raise Malformed(f"undo needs packtrace:declared = {NOT_HANDED_OUT}")
    elif form.declared not in (None, AFTER_THE_FACT):
        raise Malformed(f"packtrace:declared can only be {AFTER_THE_FACT} here")


def _transfer(form: _EventForm, by: str) -> dict[str, str]:
    if form.sourceList is None or form.destinationList is None or not form.bizTransactionList:
        if form.bizTransactionList is not None:
            raise Malformed("bizTransactionList is the one desadv")
        return {}
    sources = [(line.type, line.source) for line in form.sourceList]
    targets = [(line.type, line.destination) for line in form.destinationList]
    kinds = ["owning_party", "location"]
    if [kind for kind, _ in sources] != kinds or [kind for kind, _ in targets] != kinds:
        raise Malformed(
            "sourceList and destinationList are owning_party and location, in this order"
        )
    if sources[1][1] != form.readPoint.id:
        raise Malformed("the source location is the readPoint")
    transaction = form.bizTransactionList[0]
    head = f"{_BT}{by}:"
    if (
        len(form.bizTransactionList) != 1
        or transaction.type != "desadv"
        or not transaction.bizTransaction.startswith(head)
    ):
        raise Malformed(f"bizTransactionList is one desadv, {head}<tracking number>")
    number = _match(
        _NUMBER,
        transaction.bizTransaction[len(head) :],
        "a tracking number is 1 to 20 of A-Z, 0-9 and -",
    )
    return {
        "source_party": _party(sources[0][1]),
        "dest_party": _party(targets[0][1]),
        "dest_site": _site(targets[1][1]),
        "number": number,
    }


def _match(pattern: re.Pattern[str], text: str, rule: str) -> str:
    if not pattern.fullmatch(text):
        raise Malformed(f"{rule}, not {text[:80]!r}")
    return text


def _text(text: str, what: str) -> str:
    if not 1 <= len(text) <= 200 or not text.isprintable():
        raise Malformed(f"{what} is 1 to 200 printable characters")
    return text


@lru_cache(4096)
def _site(uri: str) -> str:
    return gs1.parse_site_uri(uri)


@lru_cache(4096)
def _party(uri: str) -> str:
    return gs1.parse_party_uri(uri)


def _item(text: str | None) -> str | None:
    if text is not None:
        gs1.parse_item_id(text)
    return text


def _commitment(form: _ItemsForm | None) -> Commitment | None:
    if form is None:
        return None
    if not 0 <= form.depth <= MAX_DEPTH:
        raise Malformed(f"a tree of items has depth 0 to {MAX_DEPTH}")
    return Commitment(form.depth, dsse.hex_bytes(form.root, 32, "a root"))


def _lot(ilmd: _Ilmd | None) -> str | None:
    return None if ilmd is None else gs1.check_lot(ilmd.lot)


def _expiry(ilmd: _Ilmd | None) -> date | None:
    return None if ilmd is None else parse_date(ilmd.expiry, "the expiry")


def _statement_id(text: str | None, what: str) -> str | None:
    return None if text is None else _match(_HEX64, text, f"{what} is a statement id in hex")


def _inputs(ids: list[str] | None) -> tuple[str, ...] | None:
    if ids is None:
        return None
    if ids != sorted(set(ids)) or not 1 <= len(ids) <= MAX_INPUTS:
        raise Malformed(f"packtrace:inputs is 1 to {MAX_INPUTS} statement ids, sorted, none twice")
    return tuple(_match(_HEX64, text, "an input is a statement id in hex") for text in ids)


def parse_date(text: str, what: str) -> date:
    """A calendar day, YYYY-MM-DD. Raises Malformed, naming `what`."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Malformed(f"{what} is a day, YYYY-MM-DD, not {text[:40]!r}") from error
    if day.isoformat() != text:
        raise Malformed(f"{what} is a day, YYYY-MM-DD, not {text[:40]!r}")
    return day


def event_ms(text: str) -> int:
    """`YYYY-MM-DDThh:mm:ss.sssZ` as ms since the epoch. Raises Malformed."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Malformed(f"eventTime is YYYY-MM-DDThh:mm:ss.sssZ, not {text[:40]!r}") from error
    if at.tzinfo != UTC or at < _EPOCH or _timed(at) != text:
        raise Malformed(f"eventTime is YYYY-MM-DDThh:mm:ss.sssZ from 1970 on, not {text[:40]!r}")
    return (at - _EPOCH) // _MS


def event_time(ms: int) -> str:
    """Ms since the epoch as `YYYY-MM-DDThh:mm:ss.sssZ`."""
    return _timed(_EPOCH + ms * _MS)


def _timed(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")[:-6] + "Z"


def build_event(event: Event) -> bytes:
    """The canonical payload of an event: the inverse of `parse_event`.

    Raises Malformed when the values do not make an event of the operation's form.
    """
    need = FORMS.get(event.op)
    if need is None:
        raise Malformed(f"there is no operation {event.op}")
    site = {"id": gs1.site_uri(event.read_point)}
    form: dict[str, Any] = {
        "@context": CONTEXT,
        "type": need.type,
        **({"action": need.action} if need.action else {}),
        "bizStep": need.biz_step,
        "eventTime": event_time(event.time_ms),
        "eventTimeZoneOffset": event.time_offset,
        "readPoint": site,
        "packtrace:by": gs1.party_uri(event.by),
        "packtrace:log": event.log,
        "packtrace:nonce": event.nonce,
        **({"disposition": need.disposition} if need.disposition else {}),
        **({"bizLocation": site} if need.biz_location else {}),
        **({"parentID": event.parent} if event.parent is not None else {}),
    }
    for name in ("items", "over", "missing"):
        commitment: Commitment | None = getattr(event, name)
        if commitment is not None:
            root = commitment.root.hex()
            form[f"packtrace:{name}"] = {"depth": commitment.depth, "root": root}
    for name in ("shipment", "undoes", "reason", "declared"):
        if getattr(event, name) is not None:
            form[f"packtrace:{name}"] = getattr(event, name)
    if event.inputs is not None:
        form["packtrace:inputs"] = list(event.inputs)
    if event.lot is not None and event.expiry is not None:
        form["ilmd"] = {
            "cbvmda:lotNumber": event.lot,
            "cbvmda:itemExpirationDate": event.expiry.isoformat(),
        }
    if event.source_party and event.dest_party and event.dest_site:
        form["sourceList"] = [
            {"type": "owning_party", "source": gs1.party_uri(event.source_party)},
            {"type": "location", "source": site["id"]},
        ]
        form["destinationList"] = [
            {"type": "owning_party", "destination": gs1.party_uri(event.dest_party)},
            {"type": "location", "destination": gs1.site_uri(event.dest_site)},
        ]
        number = f"{_BT}{event.by}:{event.number}"
        form["bizTransactionList"] = [{"type": "desadv", "bizTransaction": number}]
    payload = dsse.canonical(form)
    if parse_event(payload) != event:
        raise Malformed(f"these values do not make a {event.op} event")
    return payload
