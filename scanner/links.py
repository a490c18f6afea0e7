"""A GS1 Digital Link as a keyboard or a person sent it: which of its parts may be a misspelt claim.

The standard has a reader ignore parts of the query that it does not know. A lot or an expiry whose
identifier a keyboard or a person got wrong would be ignored as well, and the pack cleared without it.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from scanner.spellings import LENS

_LINK: Final = re.compile(r"\s*(?:\][A-Za-z][0-9])?https?://[^?#]*", re.IGNORECASE)
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9:._~-]*", re.ASCII)
_CLAIMS: Final = frozenset(("00", "01", "10", "11", "17", "21", "22"))
_MANY_DIGITS: Final = re.compile(r"[0-9]{6}", re.ASCII)


def misspelt_part(text: str) -> str:
    """The first part of a link that may be a misspelt claim, "" where there is none.

    >>> misspelt_part("https://id.gs1.org/01/09521234543213/21/A1?linkType=all&l7=310128")
    'l7=310128'
    """
    link = _LINK.match(text)
    if not link:
        return ""
    query, _, fragment = text[link.end() :].removeprefix("?").partition("#")
    if text[link.end() : link.end() + 1] == "#":
        query, fragment = "", text[link.end() + 1 :]
    for part in query.replace(";", "&").split("&"):
        if not _is_plain(part.strip()):
            return part[:80]
    for part in fragment.replace(";", "&").split("&"):
        if not _is_plain(part) or part[:1].isdigit() or _MANY_DIGITS.search(part):
            return part[:80]
    return ""


def _is_plain(part: str) -> bool:
    """Whether a part is an identifier's, which is read or refused, or a word's of another purpose."""
    name, equals, _ = part.partition("=")
    if equals and name.isascii() and name.isdigit():
        return True
    if not any(c.isdigit() for c in unquote(part if not equals else name)):
        return True
    return bool(equals and _WORD.fullmatch(name)) and name.translate(LENS) not in _CLAIMS
