"""A request's JSON body as a typed value, within a size."""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec
from flask import request

from ledger.errors import Malformed

T = TypeVar("T")
MAX_BODY: Final = 96 * 1024  # bytes: an envelope and what is around it
_object: Final = msgspec.json.Decoder(dict[str, Any])


def typed(decoder: msgspec.json.Decoder[T], most: int, form: str) -> T:
    """What the body says, read by a decoder from at most `most` bytes; `form` says how it should look.

    Raises Malformed; ends in 413.
    """
    request.max_content_length = most
    try:
        return decoder.decode(request.get_data(cache=False))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"{form}: {error}") from error


def body() -> dict[str, Any]:
    """The body as an object, whose values its reader checks. Raises Malformed; ends in 413."""
    return typed(_object, MAX_BODY, "the request is a JSON object")
