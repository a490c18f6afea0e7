"""The constant texts of ledger and scanner, which know no languages, said in the page's language.

What varies within them (an id, another program's words) stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any, Final

from babel.messages.extract import extract_python
from flask_babel import gettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _lazy

from ledger import errors
from ledger.audit_report import NAMES
from ledger.rules import reasons
from ledger.rules.reasons import Reason, wording
from ledger.rules.verdict import Verdict
from scanner.faults import FAULTS
from scanner.fingerprint import wording as prints

_CLAIMS: Final = {
    "product": _lazy("GTIN"),
    "lot": _lazy("lot"),
    "expiry": _lazy("expiry"),
    "serial": _lazy("serial"),
    "sscc": _lazy("SSCC"),
}
# What verdicts are given as their detail; a detail that is not here stays as it is.
_DETAILS: Final = {
    "destroyed": _lazy("destroyed"),
    "export": _lazy("exported"),
    "free_sample": _lazy("given as a free sample"),
    "lost": _lazy("lost"),
    "sample": _lazy("taken as a sample"),
    "check_out": _lazy("taken out for repackaging"),
    "it names no single pack": _lazy("it names no single pack"),
    "no code in the picture": _lazy("no code in the picture"),
    "the picture shows the codes of more than one pack; show one": _lazy(
        "the picture shows the codes of more than one pack; show one"
    ),
}
_SINCE: Final = re.compile(r" on (\d{4}-\d\d-\d\d) at (\d\d:\d\d)")
_UNCONFIRMED: Final = "Even so, the log does not confirm what was read."


def phrases() -> Iterator[str]:
    """Every constant text; a catalogue holds each of them."""
    yield from (reasons.OK, reasons.HOLD, reasons.DO_NOT_SUPPLY, reasons.NOT_CHECKED)
    for code in reasons.CODES:
        yield from wording(code)
        yield wording(code, detail=False)[0]
    for texts in errors.CODES.values():
        yield from texts
    yield from FAULTS.values()
    yield from (*prints.VERDICTS.values(), *prints.REASONS.values())
    yield _UNCONFIRMED
    yield from dict.fromkeys(NAMES.values())


def extract(
    source: IO[bytes], keywords: Any, comment_tags: Any, options: Any
) -> Iterator[tuple[int, str, Any, list[str]]]:
    """Give Babel the texts of this module and of those that it speaks for."""
    yield from extract_python(source, keywords, comment_tags, options)
    for text in dict.fromkeys(phrases()):
        yield 0, "gettext", text, []


def said(text: str) -> str:
    """A constant text in the page's language; any other text as it is."""
    return gettext(text) if text else ""


def reasons_said(told: Verdict) -> tuple[Reason, ...]:
    """A verdict's reasons in the page's language."""
    return tuple(_reason(reason, told) for reason in told.reasons)


def reason_said(reason: Reason) -> Reason:
    """One reason in the page's language."""
    return _reason(reason, None)


def _reason(reason: Reason, told: Verdict | None) -> Reason:
    words, step = wording(reason.code, detail=bool(reason.detail))
    detail = _detail(reason, told)
    return Reason(reason.code, said(words).replace("{detail}", detail), said(step), detail)


def _detail(reason: Reason, told: Verdict | None) -> str:
    detail = reason.detail
    if detail in _DETAILS:
        return str(_DETAILS[detail])
    if reason.code == "label-mismatch" and told is not None and told.claims:
        wrong = [one for one in told.claims if one.agrees is False]
        return _(", ").join(
            _("%(name)s %(value)s on the label", name=_CLAIMS[one.name], value=one.label)
            for one in wrong
        )
    if reason.code == "supplied-here" and (since := _SINCE.fullmatch(detail)):
        return _(" on %(day)s at %(time)s", day=since[1], time=since[2])
    for text in (*FAULTS.values(), _UNCONFIRMED) if reason.code == "scan-again" else ():
        detail = detail.replace(text, said(text))
    return detail
