"""The one table from errors to HTTP: status, problem+json (RFC 9457), and the same in words.

Views raise; here it is caught. No stack trace reaches a person.
"""

from __future__ import annotations

import json
import logging
from typing import Any, Final

from flask import Flask, Response, g, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _lazy
from werkzeug.exceptions import HTTPException

from app.node import maybe_node
from app.phrases import said
from ledger.errors import CODES, BadProof, BadSignature, LedgerError, Refused
from ledger.statement.dsse import Envelope
from ledger.store.database import FAILURES

_ENTITLEMENT: Final = (
    "unknown-key key-revoked key-expired key-not-yet key-reused not-entitled not-listed-op "
    "wrong-site unknown-party unknown-site not-your-product suspended threshold lockout"
)
STATUS: Final = {
    **dict.fromkeys(CODES, 409),
    **dict.fromkeys(_ENTITLEMENT.split(), 403),
    **dict.fromkeys(("malformed", "wrong-log", "wrong-type", "unfit-closing"), 400),
    **dict.fromkeys(("items-mismatch", "items-reused"), 422),
    "bad-signature": 401,
    "read-only": 503,
}
_HTTP_CODES: Final = {
    400: "bad-request",
    401: "not-signed-in",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported-media-type",
    429: "too-many-requests",
    503: "busy",
}
_TITLES: Final = {
    400: _lazy("This cannot be understood"),
    401: _lazy("Not signed in"),
    403: _lazy("Not allowed"),
    404: _lazy("Not found"),
    405: _lazy("Not possible here"),
    413: _lazy("Too large"),
    415: _lazy("Sent in a form that is not taken here"),
    429: _lazy("Too many requests"),
    503: _lazy("Busy"),
}
# What is said where a view says nothing of its own.
_DETAILS: Final = {
    400: _lazy("The browser or the program sent something that is not understood here."),
    404: _lazy("There is nothing at this address. Check it, or start from Home."),
    405: _lazy("This address is not asked in this way. Start from Home."),
    413: _lazy("What was sent is too large. Send less of it, or a smaller picture."),
}
_RETRY_AFTER: Final = {429: "60", 503: "1"}  # seconds
_log = logging.getLogger("packtrace")


def code_of(error: LedgerError) -> str:
    """The stable code of an error."""
    if isinstance(error, Refused):
        return error.code
    return "bad-signature" if isinstance(error, BadSignature | BadProof) else "malformed"


def register(app: Flask) -> None:
    """Catch what views raise."""
    app.register_error_handler(LedgerError, _ledger_error)
    app.register_error_handler(HTTPException, _http_error)
    for failure in FAILURES:
        app.register_error_handler(failure, _database_error)
    app.register_error_handler(Exception, _unforeseen)


def problem_of(error: LedgerError, statement_id: str | None) -> dict[str, Any]:
    """An error of the ledger as problem+json says it; with the operator's signed refusal, if any."""
    code = code_of(error)
    rule, advice = CODES[code]
    told: dict[str, Any] = {
        "code": code, "title": said(rule), "detail": str(error), "advice": said(advice),
        "status": STATUS[code],
    }  # fmt: skip
    if isinstance(error, Refused):
        told["detail"] = error.detail or said(rule)
        if error.evidence is not None:
            told["evidence"] = error.evidence
        refusal = _refusal(error, statement_id)
        if refusal is not None:
            told["refusal"] = json.loads(bytes(refusal))
    return told


def _ledger_error(error: LedgerError) -> Response:
    told = problem_of(error, g.get("statement_id"))
    if told["code"] == "malformed" and wants_page():  # of what a person wrote, not of a statement
        told |= {"title": str(_TITLES[400]), "advice": ""}
    return _answer(told["status"], told["code"], told)


def _refusal(error: Refused, statement_id: str | None) -> Envelope | None:
    """The operator's signed word on a refused statement, where a statement was read at all."""
    node = maybe_node()
    if node is None or node.answers is None or statement_id is None:
        return None
    return node.answers.refusal(error, statement_id)


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    code = _HTTP_CODES.get(status, "http-error")
    title = str(_TITLES.get(status) or error.name)
    detail = str(error.description or "")
    if not detail or detail == type(error).description:
        detail = str(_DETAILS.get(status) or title)
    told = {"title": title, "detail": detail, "advice": ""}
    if error.response is not None and 300 <= error.response.status_code < 400:
        return Response(
            error.response.get_data(), error.response.status_code, error.response.headers
        )
    answer = _answer(status, code, told)
    if status in _RETRY_AFTER:
        answer.headers["Retry-After"] = _RETRY_AFTER[status]
    if status == 405:
        answer.headers["Allow"] = ", ".join(getattr(error, "valid_methods", None) or ())
    return answer


def _database_error(error: Exception) -> Response:
    _log.error("database: %s", error)
    return _ledger_error(Refused("read-only", _("the database cannot be read at the moment")))


def _unforeseen(error: Exception) -> Response:
    """A defect of ours: logged with its trace, answered as out of order, retry later."""
    _log.exception("unforeseen", exc_info=error)
    told = {
        "title": _("Out of order"),
        "detail": _("Something failed here that should not have. It has been recorded."),
        "advice": _("Try again later; keep your signed statement."),
    }
    return _answer(503, "out-of-order", told)


def wants_page() -> bool:
    """Whether a person with a browser asks, not a program."""
    if request.path.startswith(("/api/", "/log/tile/", "/healthz", "/readyz")):
        return False
    best = request.accept_mimetypes.best_match(["application/json", "text/html"], "text/html")
    return best == "text/html"


def _answer(status: int, code: str, told: dict[str, Any]) -> Response:
    if wants_page():
        page = render_template("error.html", status=status, code=code, told=told)
        answer = Response(page, status, mimetype="text/html")
    else:
        problem = {"type": f"urn:packtrace:problem:{code}", "status": status, "code": code, **told}
        text = json.dumps(problem, ensure_ascii=False)
        answer = Response(text, status, mimetype="application/problem+json")
    if status == 503:
        answer.headers["Retry-After"] = "30"
    return answer
