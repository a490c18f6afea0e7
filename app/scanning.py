"""A text or picture to a verdict, for pages and programs alike; each scan is a desk row."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from flask import current_app

from app.node import answers, node
from app.session import person
from ledger.errors import Malformed
from ledger.proof import clock_words
from ledger.rules.verdict import PURPOSES, Verdict, judge, verdict
from ledger.statement.gs1 import Label, parse_scan
from ledger.store.desk import Scan
from scanner.check import read_label
from scanner.frames import read_image
from scanner.symbols import read

MAX_PICTURE: Final = 10 * 1024 * 1024
NO_SITE: Final = ""


def here_and_now() -> datetime:
    """The node's clock in its own time zone, by which expiry dates are judged."""
    return datetime.fromtimestamp(node().clock() / 1000).astimezone()


def check_purpose(text: str) -> str:
    """A purpose by its name, "check" by default. Raises Malformed."""
    if (text or "check") not in PURPOSES:
        raise Malformed(f"a purpose is one of {', '.join(PURPOSES)}, not {text[:40]!r}")
    return text or "check"


def label_of_picture(data: bytes) -> Label:
    """The label in a picture's bytes. Raises Malformed."""
    if len(data) > MAX_PICTURE:
        raise Malformed(f"a picture is at most {MAX_PICTURE} bytes; take a smaller one")
    return read_label(read(read_image(data)), here_and_now().year).label


def scan(
    text: str = "", picture: bytes = b"", purpose: str = "check"
) -> tuple[Verdict, Label | None]:
    """Judge what was typed, pasted or photographed; records the scan.

    Answers the label too, None where none could be read.
    """
    found = node()
    who = person()
    limit = found.settings.per_minute if who else found.settings.stranger_per_minute
    current_app.extensions["limits"].count("scan", limit)
    label: Label | None = None
    try:
        label = label_of_picture(picture) if picture else parse_scan(text, year=here_and_now().year)
        told = _judge(label, purpose)
    except Malformed as error:
        code = "unreadable" if picture else "not-our-label"
        told = verdict({code: str(error)}, purpose)
    site = who.site if who else NO_SITE
    item = label.id if label else ""
    row = Scan(found.clock(), site, item, purpose, told.word, " ".join(told.codes))
    found.desk.add_scan(row)
    return told, label


def _judge(label: Label, purpose: str) -> Verdict:
    if not label.id:
        return verdict({"not-our-label": "it names no single pack"}, purpose)
    who = person()
    state = answers().state(label.id, who.site if who else NO_SITE)
    return judge(state, label, here_and_now(), purpose, witnessed=False)


def verdict_json(told: Verdict, label: Label | None) -> dict[str, Any]:
    """A verdict as the JSON interface tells it; a stranger learns no state beyond its words."""
    state = told.state if told.state is not None and told.state.site else None
    return {
        "verdict": told.word,
        "purpose": told.purpose,
        "reasons": [reason._asdict() for reason in told.reasons],
        "label": None
        if label is None
        else {
            "id": label.id,
            "gtin": label.gtin,
            "lot": label.lot,
            "serial": label.serial,
            "expiry": label.expiry.isoformat() if label.expiry else None,
        },
        "state": state.state if state else None,
        "product": state.product if state else None,
        "as_of": clock_words(told.state.as_of_ms) if told.state else None,
    }
