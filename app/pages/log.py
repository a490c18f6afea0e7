"""/log: the log itself, for whoever wants to check it; /log/<index>: one entry with its proof."""

from __future__ import annotations

import json

from flask import Blueprint, abort, render_template
from flask_babel import gettext as _

from app.api.statements import may_read
from app.node import node
from app.present import governance_line, sentence_of
from ledger.statement.dsse import Envelope
from ledger.statement.submission import Statement

blueprint = Blueprint("log_pages", __name__)


@blueprint.get("/log")
def index() -> str:
    """Origin, size, checkpoint, keys, and all governance in words."""
    found = node()
    reader = found.reader
    with reader.snapshot():
        head = reader.head()
        authority = reader.authority()
        governance = [
            governance_line(entry.index, entry.ms, Statement.parse(entry.envelope).body)
            for entry in reversed(reader.governance())
        ]
    return render_template(
        "log/index.html", head=head, origin=found.origin, vkey=reader.vkey, governance=governance,
        authority=authority, checkpoints=reader.checkpoints(10),
    )  # fmt: skip


@blueprint.get("/log/<int:number>")
def entry(number: int) -> str:
    """One entry: landing time, commitment or content, inclusion proof."""
    reader = node().reader
    with reader.snapshot():
        try:
            logged = reader.logged(number)
            evidence = reader.evidence(number)
        except (LookupError, OverflowError):
            abort(404, _("The log has no entry %(number)s.", number=number))
        statement = Statement.of(Envelope.parse(logged.envelope))
        authority = reader.authority()
        readable = may_read(authority, statement)
    payload = json.loads(statement.envelope.payload) if readable else None
    words = sentence_of(authority, statement.body) if readable else ""
    return render_template(
        "log/entry.html", logged=logged, evidence=evidence, payload=payload, words=words,
        signatures=statement.envelope.signatures if readable else (),
    )  # fmt: skip
