"""A request's JSON body as a typed value, within a size."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from flask import request

from ledger.errors import Malformed

T = TypeVar("T")


def typed(decoder: msgspec.json.Decoder[T], most: int, form: str) -> T:
    """What the body says, read by a decoder from at most `most` bytes; `form` says how it should look.

    Raises Malformed; ends in 413.
    """
    request.max_content_length = most
    try:
        return decoder.decode(request.get_data(cache=False))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"{form}: {error}") from error
