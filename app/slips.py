"""The number on a bag's slip: made at random, and read however it was scanned or typed."""

from __future__ import annotations

import re
import secrets
from typing import Final

_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that is taken for another
_LONG: Final = 8
_NUMBER: Final = re.compile(rf"BAG-[{_LETTERS}]{{{_LONG}}}")


def new_number() -> str:
    """A number that says nothing of anybody."""
    return "BAG-" + "".join(secrets.choice(_LETTERS) for _ in range(_LONG))


def read_number(text: str) -> str:
    """A bag's number as its slip's code says it or a person types it, "" for what is none."""
    if len(text) > 2 * _LONG + 20:
        return ""
    found = text.strip().upper().replace(" ", "")
    if len(found) == _LONG:
        found = f"BAG-{found}"
    return found if _NUMBER.fullmatch(found) else ""
