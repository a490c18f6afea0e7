"""EPC URNs, read (GS1 EPC Tag Data Standard sections 6, 7)."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from ledger.errors import Malformed
from ledger.statement.ai import Element, check_digit

_URN: Final = re.compile(r"urn:epc:(id|class):([a-z]+):(.*)")


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
