"""Statements: taken in, and shown to whom they concern (statement.md 10)."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, abort, current_app, g, jsonify, request

from app.node import node
from app.session import person
from ledger.errors import Refused
from ledger.rules.authority import Authority
from ledger.statement import dsse
from ledger.statement.dsse import Envelope
from ledger.statement.events import Event
from ledger.statement.submission import Statement, Submission
from ledger.store.answers import receipt_json

blueprint = Blueprint("statements", __name__)


@blueprint.post("/api/statements")
def create() -> Response:
    """Log a statement: `{"envelope", "items"?, "secret"?}` → id, index, ms, proof, checkpoint."""
    found = node()
    current_app.extensions["limits"].count("statements", found.settings.per_minute)
    if request.mimetype != "application/json":
        abort(415, "Send application/json.")
    submission = Submission.parse(request.get_data(cache=False))
    g.statement_id = submission.statement.id
    if found.log is None:
        raise Refused("read-only", "this node does not hold the log's key; submit to another")
    return jsonify(receipt_json(found.log, found.log.submit(submission)))


@blueprint.get("/api/statements/<statement_id>")
def show(statement_id: str) -> Response:
    """A statement's entry with its proof; its content only for those with a right to it."""
    reader = node().reader
    with reader.snapshot():
        try:
            logged = reader.find(statement_id)
        except LookupError as error:
            abort(404, str(error))
        told: dict[str, Any] = {"id": logged.id, "ms": logged.ms, **reader.evidence(logged.index)}
        statement = Statement.of(Envelope.parse(logged.envelope))
        if may_read(reader.authority(), statement):
            told["envelope"] = json.loads(logged.envelope)
            if items := reader.items(logged.index):
                told["items"] = [
                    {"id": i.id, **({"extra": i.extra.hex()} if i.extra else {})} for i in items
                ]
    return jsonify(told)


def may_read(authority: Authority, statement: Statement) -> bool:
    """Governance in the clear is everyone's; an event's content its signer's, receiver's, authority's."""
    if not dsse.is_committed(statement.envelope):
        return True
    who = person()
    if who is None:
        return False
    if who.party in (authority.gln, statement.by):
        return True
    body = statement.body
    if not isinstance(body, Event) or body.dest_site is None:
        return False
    site = authority.site(body.dest_site)
    return site is not None and site.party == who.party
