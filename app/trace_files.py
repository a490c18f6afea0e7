"""A trace as files: the flows as a table, and its statements as an EPCIS 2.0 document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from app.node import node
from app.trace_view import Names
from app.traces import Trace
from ledger.proof import clock_words
from ledger.rules.authority import Authority
from ledger.rules.trace import Flow
from ledger.statement.events import CONTEXT, Event, event_time
from ledger.statement.submission import Statement
from ledger.store import traces

COLUMNS: Final = (
    "time", "what", "kind", "gtin", "lot", "from_gln", "from", "to_gln", "to", "packs", "scanned",
    "inferred", "arrived", "arrived_scanned", "back", "under_way", "short", "refused", "gone",
    "tracking_number", "index", "statement", "told_by",
)  # fmt: skip
MOST_IDS: Final = 100_000  # of packs and containers that a document spells out


def rows(trace: Trace) -> list[tuple[Any, ...]]:
    """Each flow as the columns have it."""
    authority = node().reader.authority()
    names = Names(authority, trace)
    return [_row(flow, *names.ends(flow)) for flow in trace.flows]


def _row(flow: Flow, start: str, end: str) -> tuple[Any, ...]:
    glns = [place if place.isdigit() else "" for place in (flow.start, flow.end)]
    return (
        clock_words(flow.ms), flow.op, flow.kind, flow.gtin, flow.lot, glns[0], start, glns[1], end,
        flow.packs, flow.scanned, flow.inferred, flow.arrived, flow.arrived_scanned, flow.back, flow.open,
        flow.short, flow.refused, sum(flow.gone.values()), flow.number, flow.index, flow.id,
        " ".join(one.id for one in flow.told),
    )  # fmt: skip


def statements_of(trace: Trace) -> list[int]:
    """The indexes of the statements that a trace is told by."""
    found = {flow.index for flow in trace.flows}
    found |= {one.index for flow in trace.flows for one in flow.told}
    return sorted(found)


def epcis(trace: Trace, party: str) -> dict[str, Any]:
    """The statements of a trace as an EPCIS 2.0 document, with what they name.

    Only statements that the party may see whole. What a statement names is spelt out until there are
    `MOST_IDS` ids; from then on it is told by lot and number.
    """
    found = node()
    with found.reader.snapshot():
        events = list(_events(trace, party, found.reader.authority()))
    return {
        "@context": CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": clock_words(found.clock()),
        "epcisBody": {"eventList": events},
    }


def _events(trace: Trace, party: str, authority: Authority) -> Iterator[dict[str, Any]]:
    reader, left = node().reader, MOST_IDS
    counts: dict[int, list[Flow]] = {}
    for flow in trace.flows:
        counts.setdefault(flow.index, []).append(flow)
    for index in statements_of(trace):
        try:
            logged = reader.logged(index)
        except LookupError:
            continue  # erased after its retention
        statement = Statement.parse(logged.envelope)
        whole = trace.whole or party in reader.concerned(authority, statement)
        body = statement.body
        if not whole or not isinstance(body, Event):
            continue
        told: dict[str, Any] = json.loads(statement.envelope.payload)
        del told["@context"]
        told["recordTime"] = event_time(logged.ms)
        told["packtrace:statement"] = logged.id
        packs = traces.named(reader.store, logged.id, left)
        if packs is None:
            told |= _quantities(body, trace, index)
        else:
            left -= len(packs)
            told |= _lists(body, packs)
        if body.shipment is not None:
            told |= _sides(body.shipment)
        yield told


def _lists(body: Event, ids: list[str]) -> dict[str, Any]:
    if body.op != "repack":
        return {"epcList": ids}
    store = node().store
    went_in = [
        item for check_out in body.inputs or () for item in traces.named(store, check_out) or ()
    ]
    return {"outputEPCList": ids, "inputEPCList": went_in}


def _quantities(body: Event, trace: Trace, index: int) -> dict[str, Any]:
    """What a statement moved, by lot: of a shipment's receipts as its own line tells it."""
    counts: dict[str, int] = {}
    for flow in trace.flows:
        packs = flow.packs if flow.index == index else 0
        packs += sum(one.packs for one in flow.told if one.index == index)
        if packs and flow.kind != "made of":
            key = traces.lot_uri(flow.gtin, flow.lot)
            counts[key] = counts.get(key, 0) + packs
    lines = [{"epcClass": lot, "quantity": packs} for lot, packs in sorted(counts.items())]
    return {"outputQuantityList" if body.op == "repack" else "quantityList": lines}


def _sides(shipment: str) -> dict[str, Any]:
    """Source, destination and number of the shipment that a statement is about, as EPCIS wants them."""
    try:
        sent = json.loads(Statement.parse(node().reader.find(shipment).envelope).envelope.payload)
    except LookupError:
        return {}
    return {key: sent[key] for key in ("sourceList", "destinationList", "bizTransactionList")}
