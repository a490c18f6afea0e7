"""The limit that statements' rates are held against: libsodium's verification alone."""

from __future__ import annotations

import time

from nacl.signing import VerifyKey

from ledger.statement import dsse
from ledger.statement.submission import Submission
from ledger.tlog.ed25519 import public_of
from tests.world import seed


def verify_only(submissions: list[Submission]) -> float:
    """Signatures a second that libsodium verifies on one core, of the same statements."""
    work = []
    for submission in submissions:
        envelope = submission.statement.envelope
        message = dsse.pae(envelope.payload_type, envelope.payload)
        work.append((message, envelope.signatures[0].sig))
    return rate_of(VerifyKey(public_of(seed("maker station"))), work)


def rate_of(key: VerifyKey, work: list[tuple[bytes, bytes]]) -> float:
    """Verifications a second."""
    start = time.perf_counter()
    for message, signature in work:
        key.verify(message, signature)
    return len(work) / (time.perf_counter() - start)
