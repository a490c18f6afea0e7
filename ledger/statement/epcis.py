"""Events as other people's tools read them: EPCIS 2.0 with the items' identifiers filled in.

What people sign is in `events`; GS1's URNs are in `epc`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from ledger.errors import Malformed
from ledger.statement.forms import AGGREGATION, OBJECT, TRANSFORMATION

_LISTS: Final = {OBJECT: "epcList", AGGREGATION: "childEPCs", TRANSFORMATION: "outputEPCList"}


def fill_items(payload: bytes, ids: Iterable[str], inputs: Iterable[str] = ()) -> Mapping[str, Any]:
    """The event with its items filled in as EPCIS has them: for other people's tools.

    `packtrace:items` becomes `epcList` (`childEPCs` for an aggregation, `outputEPCList` for a
    transformation, whose `inputEPCList` the packs checked out are).
    """
    event: dict[str, Any] = msgspec.json.decode(payload)
    if event.pop("packtrace:items", None) is not None:
        event[_LISTS[event["type"]]] = sorted(ids)
    elif event["type"] == OBJECT:
        raise Malformed("the event names no items")
    if event["type"] == TRANSFORMATION:
        event["inputEPCList"] = sorted(inputs)
    return event
