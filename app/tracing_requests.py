"""A tracing request and its answer: one export by product, period and partner.

As partners and authorities ask for it (US: FD&C Act section 582(c)(1)(C) and its like, within a day):
what changed hands, as a table, as EPCIS events, as the signed statements with their proofs.
What who asks may see is decided by `traces`; this only narrows it and puts it into one file.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import msgspec
from flask import request
from flask_babel import gettext as _

from app import trace_files, traces
from app.goods import product_name
from app.node import node
from app.tables import csv_table
from app.trace_evidence import evidence
from app.traces import Filter, Trace
from ledger.errors import Malformed
from ledger.proof import clock_words
from ledger.rules.authority import Authority
from ledger.rules.trace import SENT, Flow
from ledger.statement import gs1
from ledger.statement.submission import Statement
from ledger.store.desk import Person

MOST: Final = 5_000  # statements of one answer
_STAMP: Final = (1980, 1, 1, 0, 0, 0)  # the same answer is the same bytes


class Asked(NamedTuple):
    """What is asked for: a product, "" or one lot of it, days, "" or a partner's GLN."""

    gtin: str
    lot: str
    wanted: Filter
    partner: str

    @property
    def query(self) -> dict[str, str]:
        """As an address has it."""
        told = {"gtin": self.gtin, "lot": self.lot, "partner": self.partner, **self.wanted.query}
        return {name: value for name, value in told.items() if value}


def read() -> Asked | None:
    """What this request's address asks for, None for nothing yet. Raises Malformed."""
    gtin, lot, partner = (request.args.get(name, "").strip() for name in ("gtin", "lot", "partner"))
    if not gtin:
        return None
    gtin = gtin.zfill(14) if gtin.isascii() and gtin.isdigit() else gtin
    if not gs1.is_gtin(gtin):
        raise Malformed(_("a product is named by its GTIN of 8 to 14 digits"))
    if lot:
        gs1.check_lot(lot)
    if partner and node().reader.authority().party(partner) is None:
        raise Malformed(_("the partner is named by the GLN of a party on record"))
    wanted = traces.read_filter()
    return Asked(gtin, lot, Filter(wanted.start, wanted.end), partner)


def answer(asked: Asked, who: Person) -> Trace:
    """The flows that are asked for, as who asks may see them.

    Raises Malformed; ends in 404 where there is nothing that they may see.
    """
    authority = node().reader.authority()
    whole = who.party == authority.gln
    if asked.lot:
        about = traces.subject("lot", f"{asked.gtin}/{asked.lot}", who)
    elif whole and not asked.partner:
        raise Malformed(_("name a lot or a partner as well: the whole of a product is too much"))
    else:
        about = traces.subject("party", asked.partner if whole else who.party, who)
    trace = traces.trace(about, asked.wanted, who)
    flows = [one for one in trace.flows if one.gtin == asked.gtin]
    if asked.partner:
        flows = [one for one in flows if _between(authority, one, asked.partner)]
    left_out = trace.left_out + len(trace.flows) - len(flows)
    return replace(trace, flows=flows, left_out=left_out)


def _between(authority: Authority, flow: Flow, partner: str) -> bool:
    """Whether goods went to or from a party's sites."""
    ends = [authority.site(place) for place in (flow.start, flow.end) if gs1.is_gln(place)]
    return flow.kind == SENT and any(site.party == partner for site in ends if site)


def archive(asked: Asked, trace: Trace, who: Person) -> bytes:
    """The answer as one file (zip). Raises Malformed when it is too much."""
    indexes = trace_files.statements_of(trace)
    if len(indexes) > MOST:
        words = _("more than %(n)s statements: ask for fewer days", n=MOST)
        raise Malformed(words)
    table = csv_table("transactions", trace_files.COLUMNS, trace_files.rows(trace))
    found = evidence(trace, who)
    files = {
        "about.txt": _about(asked, trace, who).encode(),
        "transactions.csv": table.get_data(),
        "events.epcis.json": msgspec.json.encode(trace_files.epcis(trace, who.party)),
        "statements.ndjson": b"".join(_statements(trace, indexes, who)),
        "checkpoint": node().reader.head().note,
        "trust.txt": f"log {node().reader.vkey}\nquorum none\n".encode(),
    }
    for number, bundle in enumerate(found.bundles):
        files[f"proofs/{number:03d}.packtrace.json"] = bundle.to_json()
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as whole:
        for name, data in files.items():
            whole.writestr(ZipInfo(name, _STAMP), data, ZIP_DEFLATED)
    return out.getvalue()


def _statements(trace: Trace, indexes: list[int], who: Person) -> Iterator[bytes]:
    """Each statement that who asks may see whole, with its inclusion path; items stay here."""
    reader = node().reader
    with reader.snapshot():
        authority, size = reader.authority(), reader.head().size
        paths = reader.inclusions(indexes, size)
        for index in indexes:
            try:
                logged = reader.logged(index)
            except LookupError:
                continue  # erased after its retention
            statement = Statement.parse(logged.envelope)
            if trace.whole or who.party in reader.concerned(authority, statement):
                told = {
                    "envelope": json.loads(logged.envelope), "id": logged.id, "index": index,
                    "ms": logged.ms, "path": [node_.hex() for node_ in paths[index]], "size": size,
                }  # fmt: skip
                yield json.dumps(told, sort_keys=True).encode() + b"\n"


def _about(asked: Asked, trace: Trace, who: Person) -> str:
    """What was asked and how it was answered; in English, as the files beside it."""
    authority, now = node().reader.authority(), clock_words(node().clock())
    party = authority.party(who.party)
    days = f"{asked.wanted.start or 'the beginning'} to {asked.wanted.end or 'today'}"
    left = "The statements between others are not in it: who asks has no right to them."
    return "\n".join([
        "Answer to a tracing request",
        f"Product: {product_name(authority, asked.gtin) or 'not registered'} ({asked.gtin})",
        f"Lot: {asked.lot or 'all'}",
        f"Days (UTC, both included): {days}",
        f"Partner: {asked.partner or 'all'}",
        f"Asked by: {party.name if party else ''} ({who.party}), {now}",
        f"Log: {node().origin}, {node().reader.head().size} entries",
        f"Movements: {len(trace.flows)}",
        "It holds all that is on the log of these." if trace.whole else left,
        *(["The content of some statements was erased after its retention."] if trace.erased else []),
        "",
        "transactions.csv: what changed hands. events.epcis.json: the same as EPCIS 2.0.",
        "statements.ndjson: the signed statements (DSSE), each with its RFC 6962 path to `checkpoint`.",
        "proofs/: bundles for `packtrace verify FILE --trust trust.txt`.",
        "",
    ])  # fmt: skip
