"""EPC URNs and the Digital Links that mean the same (GS1 EPC Tag Data Standard sections 6, 7).

From URN to Digital Link needs no table; the way back needs the length of the company prefix.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote

from ledger.errors import Malformed
from ledger.statement.ai import Element, check_digit
from ledger.statement.gs1 import ROOT, parse_scan

_URN: Final = re.compile(r"urn:epc:(id|class):([a-z]+):(.*)")
_RESERVED: Final = '"&/<>?%'  # what a URN escapes, and nothing else of GS1's character set


def label_elements(urn: str) -> list[Element]:
    """The GS1 elements of an EPC URN: sgtin, sscc, sgln, pgln, gdti, grai, giai or lgtin class.

    Raises Malformed.
    """
    match = _URN.fullmatch(urn)
    if match is None:
        raise Malformed(f"{urn[:80]!r} is not an EPC URN of an instance or a lot")
    scheme = f"{match[1]}:{match[2]}"
    parts = match[3].split(".", 2)
    prefix = parts[0]
    if not re.fullmatch(r"[0-9]{6,12}", prefix):
        raise Malformed("an EPC URN begins with a company prefix of 6 to 12 digits")
    tail = unquote(parts[2]) if len(parts) > 2 else ""
    reference = parts[1] if len(parts) > 1 else ""
    if scheme == "id:giai":
        return [("8004", prefix + unquote(match[3][len(prefix) + 1 :]))]
    width = {"id:sgtin": 13, "class:lgtin": 13, "id:sscc": 17}.get(scheme, 12)
    if len(prefix) + len(reference) != width or not re.fullmatch(r"[0-9]*", reference):
        raise Malformed(f"prefix and reference of a {match[2]} have {width} digits together")
    if scheme in ("id:sgtin", "class:lgtin"):
        return [("01", _keyed(prefix, reference)), ("21" if match[1] == "id" else "10", tail)]
    if scheme == "id:sscc":
        return [("00", _keyed(prefix, reference))]
    number = prefix + reference
    number += check_digit(number)
    if scheme == "id:sgln":
        return [("414", number), *([("254", tail)] if tail != "0" else [])]
    if scheme == "id:pgln":
        return [("417", number)]
    if scheme == "id:gdti":
        return [("253", number + tail)]
    if scheme == "id:grai":
        return [("8003", "0" + number + tail)]
    raise Malformed(f"EPC URNs of scheme {match[2]} are not read here")


def _keyed(prefix: str, reference: str) -> str:
    """Indicator or extension digit first, then prefix, the rest and the check digit."""
    digits = reference[:1] + prefix + reference[1:]
    return digits + check_digit(digits)


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
