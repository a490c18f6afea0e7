"""EPC URNs and the Digital Links that mean the same (GS1 EPC Tag Data Standard sections 6, 7).

From URN to Digital Link needs no table; the way back needs the length of the company prefix.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from ledger.errors import Malformed
from ledger.statement.gs1 import ROOT, parse_scan

_RESERVED: Final = '"&/<>?%'  # what a URN escapes, and nothing else of GS1's character set


def to_digital_link(urn: str) -> str:
    """The canonical Digital Link of an EPC URN. Raises Malformed."""
    return parse_scan(urn).digital_link


def to_urn(link: str, prefix_length: int) -> str:
    """The EPC URN of a canonical Digital Link, by the length of its company prefix (6 to 12).

    Raises Malformed for a link whose key has no URN here.
    """
    if not 6 <= prefix_length <= 12:
        raise Malformed("a company prefix has 6 to 12 digits")
    if not link.startswith(ROOT):
        raise Malformed("the link is not in its canonical form")
    label = parse_scan(link)
    if label.gtin and (label.serial or label.lot):
        kind, tail = ("id:sgtin", label.serial) if label.serial else ("class:lgtin", label.lot)
        head = _split(label.gtin[1:13], prefix_length, label.gtin[0])
        return f"urn:epc:{kind}:{head}.{quote(tail, safe=_unescaped())}"
    if label.sscc:
        return f"urn:epc:id:sscc:{_split(label.sscc[1:17], prefix_length, label.sscc[0])}"
    if gln := label.value("414"):
        tail = quote(label.value("254") or "0", safe=_unescaped())
        return f"urn:epc:id:sgln:{_split(gln[:12], prefix_length, '')}.{tail}"
    if gln := label.value("417"):
        return f"urn:epc:id:pgln:{_split(gln[:12], prefix_length, '')}"
    if gdti := label.value("253"):
        tail = quote(gdti[13:], safe=_unescaped())
        return f"urn:epc:id:gdti:{_split(gdti[:12], prefix_length, '')}.{tail}"
    raise Malformed("this key has no EPC URN here")


def _split(digits: str, prefix_length: int, first: str) -> str:
    return f"{digits[:prefix_length]}.{first}{digits[prefix_length:]}"


def _unescaped() -> str:
    return "".join(c for c in map(chr, range(33, 127)) if c not in _RESERVED)
