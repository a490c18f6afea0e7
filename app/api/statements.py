"""Statements: taken in, and shown to whom they concern (statement.md 10)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import IO, Any, Final

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    g,
    jsonify,
    request,
    stream_with_context,
)
from flask_babel import gettext as _
from werkzeug.exceptions import TooManyRequests

from app import alerts
from app.errors import problem_of
from app.node import Node, node
from app.notices import boards
from app.session import person
from ledger.errors import LedgerError, Refused
from ledger.rules.authority import Authority
from ledger.statement import dsse
from ledger.statement.dsse import Envelope
from ledger.statement.governance import RecallClose
from ledger.statement.submission import MAX_LINE, Statement, Submission
from ledger.store import recall_closing
from ledger.store.answers import receipt_json
from ledger.store.append import Log
from ledger.store.batch import Outcome, Receipt

blueprint = Blueprint("statements", __name__)
NDJSON: Final = "application/x-ndjson"
BATCH: Final = 256  # lines that share a transaction
BATCH_BYTES: Final = 8 << 20


@blueprint.post("/api/statements")
def create() -> Response:
    """Log a statement, or a stream of them (`application/x-ndjson`: a result a line, in order)."""
    found = node()
    current_app.extensions["limits"].count("statements", found.settings.per_minute)
    if request.mimetype not in ("application/json", NDJSON):
        abort(415, _("Send application/json, or %(type)s for many.", type=NDJSON))
    if found.log is None:
        raise Refused("read-only", _("this node does not hold the log's key; submit to another"))
    if request.mimetype == NDJSON:
        request.max_content_length = None  # each line is limited instead
        return Response(stream_with_context(_results(found, found.log)), mimetype=NDJSON)
    submission = Submission.parse(request.get_data(cache=False))
    g.statement_id = submission.statement.id
    return jsonify(receipt_json(found.log, _submitted(found, found.log, submission)))


def _submitted(found: Node, log: Log, submission: Submission) -> Receipt:
    try:
        _check(found, submission)
        receipt = log.submit(submission)
    except Refused as error:
        _raise_alerts(found, submission, error)
        raise
    _raise_alerts(found, submission, receipt)
    return receipt


def _check(found: Node, submission: Submission) -> None:
    """Refuse what the log itself cannot judge: a recall's closing that leaves packs unnamed."""
    if isinstance(submission.statement.body, RecallClose):
        authority, now = found.reader.authority(), found.clock()
        recall_closing.check(found.store, boards(), authority, submission.statement, now)


def _raise_alerts(found: Node, submission: Submission, outcome: Outcome) -> None:
    """What may not be, or is done twice, may raise an alert."""
    if isinstance(outcome, Receipt):
        alerts.repeated(submission, outcome.already, outcome.ms)
    elif isinstance(outcome, Refused):
        answers, said = found.answers, submission.statement.id
        alerts.refused(outcome, submission, answers.refusal(outcome, said) if answers else None)


def _results(found: Node, log: Log) -> Iterator[bytes]:
    """One result a line: a receipt, or a problem; what went before stands, whatever comes after."""
    limits, refused = current_app.extensions["limits"], found.settings.per_minute
    for lines in _batches(request.stream):
        parsed: list[Submission | LedgerError] = []
        for line in lines:
            try:
                parsed.append(Submission.parse(line))
            except LedgerError as error:
                parsed.append(error)
        outcomes = _appended(found, log, [s for s in parsed if isinstance(s, Submission)])
        for submission in parsed:
            outcome = next(outcomes) if isinstance(submission, Submission) else submission
            again = isinstance(outcome, Receipt) and not outcome.first
            if isinstance(submission, Submission):
                _raise_alerts(found, submission, outcome)
            if isinstance(outcome, LedgerError):
                statement_id = (
                    submission.statement.id if isinstance(submission, Submission) else None
                )
                yield _line(problem_of(outcome, statement_id))
            else:
                yield _line(receipt_json(log, outcome))
            if again or isinstance(outcome, LedgerError):
                try:
                    limits.count("refused", refused)
                except TooManyRequests as error:
                    yield _line({"code": "too-many-requests", "detail": error.description})
                    return


def _appended(found: Node, log: Log, submissions: Sequence[Submission]) -> Iterator[Outcome]:
    """Many statements in order; a recall's closing once what comes before it is on the log."""
    for closes, some in groupby(submissions, lambda s: isinstance(s.statement.body, RecallClose)):
        if not closes:
            yield from log.append(list(some))
            continue
        for submission in some:
            try:
                _check(found, submission)
                yield log.submit(submission)
            except LedgerError as error:
                yield error


def _line(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode() + b"\n"


def _batches(stream: IO[bytes]) -> Iterator[list[bytes]]:
    """The lines of a stream, some at a time; a line beyond the limit ends it as it is."""
    lines: list[bytes] = []
    size = 0
    while line := stream.readline(MAX_LINE + 2):
        if line.strip():
            lines.append(line.rstrip(b"\r\n"))
            size += len(line)
        if len(lines) >= BATCH or size >= BATCH_BYTES:
            yield lines
            lines, size = [], 0
        if not line.endswith(b"\n"):
            break
    if lines:
        yield lines


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
            # A recall's words are everybody's, its list of packs is not: they are live serials.
            if concerns(reader.authority(), statement) and (items := reader.items(logged.index)):
                told["items"] = [
                    {"id": i.id, **({"extra": i.extra.hex()} if i.extra else {})} for i in items
                ]
    return jsonify(told)


def may_read(authority: Authority, statement: Statement) -> bool:
    """Governance in the clear is everyone's; the rest is whose it concerns, and the authority's."""
    return not dsse.is_committed(statement.envelope) or concerns(authority, statement)


def concerns(authority: Authority, statement: Statement) -> bool:
    """Whether a statement is the session's party's to see whole, with all that it names."""
    who = person()
    if who is None:
        return False
    return who.party == authority.gln or who.party in node().reader.concerned(authority, statement)


@blueprint.get("/api/pull")
def pull() -> Response:
    """All that the session's party may see whole, from an index on: one JSON object a line."""
    who = person()
    if who is None:
        abort(401, _("Sign in with a key of the party whose statements you pull."))
    current_app.extensions["limits"].count("pull", node().settings.per_minute)
    since = request.args.get("since", "0")
    if not (since.isascii() and since.isdigit() and len(since) < 16):
        abort(400, _("`since` is the index of an entry."))
    found = node().reader.addressed_to(who.party, int(since))
    lines = (one.to_json() + b"\n" for one in found)
    return Response(stream_with_context(lines), mimetype=NDJSON)
