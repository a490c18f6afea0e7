"""Which kept statements are signed validly, found ahead of the replay so that others can help.

Pure; a part of `audit`. A key's id is the hash of the key, so which key a signature names does not
depend on where in the log it stands; whether that key had a right there is left to the replay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from ledger.errors import BadSignature, LedgerError
from ledger.statement import dsse
from ledger.statement.governance import Admit, Genesis, KeyAdd
from ledger.statement.parts import raw_key
from ledger.statement.submission import Statement
from ledger.tlog import ed25519

PART: Final = 500  # signatures that are checked in one call
Check: TypeAlias = tuple[bytes, bytes, bytes]  # public key, message, signature
# Runs a function over parts of the work, in order: `map`, or a pool of processes' own.
Each: TypeAlias = Callable[[Callable[[Sequence[Check]], list[bool]], list[list[Check]]],
                           Iterable[list[bool]]]  # fmt: skip


def valid(part: Sequence[Check]) -> list[bool]:
    """Whether each signature verifies."""
    return [_verifies(*check) for check in part]


def _verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        ed25519.verify(public, message, signature)
    except BadSignature:
        return False
    return True


def keys_in(entries: Iterable[bytes]) -> dict[str, bytes]:
    """Every Ed25519 key that governance in the clear ever names, by its id, whoever named it."""
    found: list[bytes] = []
    for entry in entries:
        try:
            body = Statement.parse(entry[8:]).body
            if isinstance(body, Genesis):
                found += [raw_key(text) for text in body.keys]
            elif isinstance(body, Admit):
                found += [raw_key(text) for text in (*body.admin_keys, body.recovery_key)]
            elif isinstance(body, KeyAdd) and isinstance(body.public, bytes):
                found.append(body.public)
        except LedgerError:
            continue  # the replay says what is wrong with it
    return {dsse.key_id(key): key for key in found}


def signed_validly(
    statements: dict[int, Statement], keys: dict[str, bytes], each: Each
) -> frozenset[int]:
    """The indexes of those whose every signature verifies; the others are for the replay to judge."""
    at: list[int] = []
    checks: list[Check] = []
    whole: set[int] = set()
    for index, statement in statements.items():
        lines = statement.envelope.signatures
        if all(line.webauthn is None and line.keyid in keys for line in lines):
            whole.add(index)
            message = statement.envelope.pae
            for line in lines:
                at.append(index)
                checks.append((keys[line.keyid], message, line.sig))
    parts = [checks[start : start + PART] for start in range(0, len(checks), PART)]
    results: Iterator[bool] = (good for part in each(valid, parts) for good in part)
    bad = {index for index, good in zip(at, results, strict=True) if not good}
    return frozenset(whole - bad)
