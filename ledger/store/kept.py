"""What stays of statements whose content was erased: the state they led to, signed.

Written by `forget`, read by whoever folds the log again.
"""

from __future__ import annotations

from typing import Final

import msgspec

from ledger.errors import LedgerError, Malformed
from ledger.rules.state import Lot, Row
from ledger.statement import dsse
from ledger.statement.dsse import Envelope
from ledger.statement.events import parse_date
from ledger.store.database import Store

ERASED: Final = "application/vnd.packtrace.erased+json"


class Remains(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stays of erased statements: their indexes, the rows and the lots they led to."""

    indexes: list[int]
    log: str
    lots: list[tuple[str, str, str, int]]
    rows: list[Row]

    def found_lots(self) -> list[Lot]:
        """The lots, as the fold has them."""
        return [Lot(g, n, parse_date(expiry, "expiry"), i) for g, n, expiry, i in self.lots]


class _Former(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Remains as the first versions signed them: each row an array of its columns."""

    indexes: list[int]
    log: str
    lots: list[tuple[str, str, str, int]]
    rows: list[list[str | int]]


_decoder: Final = msgspec.json.Decoder(Remains)
_former: Final = msgspec.json.Decoder(_Former)


def _remains(payload: bytes) -> Remains:
    try:
        return _decoder.decode(payload)
    except msgspec.ValidationError:
        found = _former.decode(payload)
        rows = msgspec.convert(
            [dict(zip(Row.__struct_fields__, row, strict=False)) for row in found.rows], list[Row]
        )
        return Remains(found.indexes, found.log, found.lots, rows)


class Kept:
    """All that stays of erased statements in a log; `status_key` is checked where it is known.

    `by_last` gives the remains by the index of the last statement of each run.
    """

    def __init__(self, store: Store) -> None:
        self.by_last: dict[int, Remains] = {}
        self._envelopes: dict[int, Envelope] = {}
        for index, data in store.rows("SELECT idx, data FROM kept ORDER BY idx"):
            try:
                envelope = Envelope.parse(bytes(data), len(data))
                self.by_last[index] = _remains(envelope.payload)
            except (LedgerError, msgspec.MsgspecError) as error:
                raise Malformed(f"table kept, row {index}: {error}") from error
            self._envelopes[index] = envelope
        self.erased = frozenset(i for r in self.by_last.values() for i in r.indexes)

    def check(self, status_key: bytes) -> None:
        """Hold it to the status key that genesis names. Raises Malformed."""
        for index, envelope in self._envelopes.items():
            try:
                envelope.verify({dsse.key_id(status_key): status_key}.get)
            except LedgerError as error:
                raise Malformed(f"table kept, row {index}: {error}") from error
            if envelope.payload_type != ERASED:
                raise Malformed(f"table kept, row {index}: it is {envelope.payload_type}")
