"""Holds and recalls as an Atom feed (RFC 4287), for whoever wants to know without signing in.

All of it stands in the clear on the log. What changes an entry is its ending; its id stays.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from typing import Final
from xml.etree import ElementTree

from flask import current_app
from flask_babel import gettext as _

from app import notice_words
from app.language import tag
from app.node import node
from ledger.statement.governance import Recall
from ledger.statement.parts import time_text
from ledger.store import recalls
from ledger.store.recalls import Case

ATOM: Final = "http://www.w3.org/2005/Atom"
OURS: Final = "https://packtrace.example/ns/"
MOST: Final = 200  # entries
_MADE: Final = "feed"
_KEPT: Final = 8  # by language and address
_XML: Final = "{http://www.w3.org/XML/1998/namespace}lang"
ElementTree.register_namespace("", ATOM)
ElementTree.register_namespace("packtrace", OURS)


def feed(home: str) -> bytes:
    """The feed, newest change first; `home` is this node's address, as `https://log.example`.

    It is made anew when governance has changed: anybody may ask for it, as often as they like.
    """
    made: OrderedDict[tuple[str, str], tuple[int, bytes]]
    made = current_app.extensions.setdefault(_MADE, OrderedDict())
    key, size = (tag(), home), node().reader.authority().size
    known = made.get(key)
    if known is None or known[0] != size:
        known = made[key] = size, _feed(home)
        while len(made) > _KEPT:
            made.popitem(last=False)
    return known[1]


def _feed(home: str) -> bytes:
    found = node()
    authority = found.reader.authority()
    with found.reader.snapshot():
        cases = recalls.cases(found.store, authority)
        founded = 0  # of a log that has no genesis yet
        with suppress(LookupError):
            founded = found.reader.logged(0).ms
    cases = sorted(cases, key=lambda one: (_changed(one), one.mark.index), reverse=True)[:MOST]
    party = authority.party(authority.gln)
    root = ElementTree.Element(f"{{{ATOM}}}feed", {_XML: tag()})
    title = _("Holds and recalls on %(log)s", log=found.origin)
    _add(root, "title", _("SIMULATED: %(what)s", what=title) if found.simulated else title)
    _add(root, "id", f"https://{found.origin}/recalls.atom")
    _add(root, "updated", time_text(max([founded, *map(_changed, cases)])))
    _add(root, "link", rel="self", type="application/atom+xml", href=f"{home}/recalls.atom")
    _add(root, "link", rel="alternate", type="text/html", href=f"{home}/log")
    _author(root, party.name if party else authority.gln)
    for case in cases:
        _entry(root, case, home)
    return bytes(ElementTree.tostring(root, "utf-8", xml_declaration=True))


def _changed(case: Case) -> int:
    return case.ending.ms if case.ending else case.ms


def _entry(root: ElementTree.Element, case: Case, home: str) -> None:
    body, end = case.body, case.ending
    entry = ElementTree.SubElement(root, f"{{{ATOM}}}entry")
    title = notice_words.title_of(case)
    _add(entry, "title", f"{title} ({notice_words.status_words(case.status)})")
    _add(entry, "id", f"https://{node().origin}/recalls/{case.id}")
    _add(entry, "published", time_text(case.ms))
    _add(entry, "updated", time_text(_changed(case)))
    _add(entry, "link", rel="alternate", type="text/html", href=f"{home}/log/{case.mark.index}")
    _add(entry, "link", rel="related", type="text/html", href=f"{home}/recalls/{case.id}")
    party = node().reader.authority().party(body.by)
    _author(entry, party.name if party else body.by)
    _add(entry, "category", term=notice_words.kind_of(case), label=notice_words.kind_words(case))
    lines = [f"{name}: {value}" for name, value in notice_words.facts(case)]
    if end is not None:
        lines.append(notice_words.ending_words(case))
    _add(entry, "content", "\n".join(lines), type="text")
    told = {
        "status": case.status,
        "gtin": body.scope.gtin,
        "statement": case.id,
        "reason": body.reason,
    }
    if isinstance(body, Recall):
        told |= {"class": str(body.recall_class), "depth": body.depth, "deadline": body.deadline}
    else:
        told["reviewBy"] = body.review_by
    for name, value in told.items():
        _add(entry, name, value, OURS)
    for lot in body.scope.lots or ():
        _add(entry, "lot", lot, OURS)


def _author(parent: ElementTree.Element, name: str) -> None:
    _add(ElementTree.SubElement(parent, f"{{{ATOM}}}author"), "name", name)


def _add(
    parent: ElementTree.Element, name: str, text: str = "", space: str = ATOM, **attributes: str
) -> None:
    child = ElementTree.SubElement(parent, f"{{{space}}}{name}", attributes)
    if text:
        child.text = "".join(map(_held, text))


def _held(one: str) -> str:
    """A character that XML 1.0 can hold (2.2), in place of one that it cannot."""
    point = ord(one)
    good = point in (0x9, 0xA) or 0x20 <= point <= 0xD7FF or 0xE000 <= point <= 0xFFFD
    return one if good or point >= 0x10000 else "\ufffd"
