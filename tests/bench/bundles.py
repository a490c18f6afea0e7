"""How fast a proof bundle verifies, against its bare signatures; and how large bundles are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

from nacl.signing import VerifyKey

from app.demo import make
from ledger.bundle import Bundle
from ledger.proof import Proven, verify
from ledger.statement import keyfile
from ledger.statement.dsse import Envelope
from ledger.statement.parts import raw_key
from ledger.store.answers import Answers
from ledger.store.opening import open_store
from ledger.store.queries import Reader
from ledger.tlog.note import Note
from ledger.tlog.policy import Policy

REPEATS: Final = 200
DAY: Final = date(2026, 11, 24)


def verify_and_size(folder: Path) -> Iterator[dict[str, Any]]:
    """The bundle of a pack at pharmacy 1 of the demo's log, and the largest of all packs there."""
    world = folder / "world"
    make(world, DAY, fixed=True)
    store = open_store(world)
    reader = Reader(store)
    seed = keyfile.unseal((world / "keys" / "status.key").read_bytes())
    answers = Answers(reader, seed, lambda: reader.head().ms)
    trust = Policy.parse((world / "trust.txt").read_bytes())
    site = "9521301000106"
    sql = "SELECT id FROM item WHERE site = ? AND lot <> '' AND status = 'active' ORDER BY id"
    held = [pack for (pack,) in store.rows(sql, (site,))]
    data = answers.bundle(held[:1], site).to_gzip()
    proven = verify(Bundle.parse(data), trust)
    bare = list(signatures(Bundle.parse(data), proven))
    # In turns, so that both meet the same load.
    took_bare, took_all = 0.0, 0.0
    for _ in range(REPEATS):
        raw_key.cache_clear()  # as for a bundle that comes first
        took_bare += timed(lambda: [key.verify(message, sig) for key, message, sig in bare])
        took_all += timed(lambda: verify(Bundle.parse(data), trust))
    yield {
        "name": "bundle-verify", "value": REPEATS / took_all, "unit": "bundles/s",
        "limit": REPEATS / took_bare, "ratio": took_bare / took_all,
    }  # fmt: skip
    packs = [pack for (pack,) in store.rows("SELECT id FROM item WHERE lot <> ''")]
    sites = [found for (found,) in store.rows("SELECT DISTINCT site FROM item")]
    largest = max(
        len(answers.bundle([pack], place).to_gzip()) for pack in packs[::400] for place in sites
    )
    store.close()
    yield {
        "name": "bundle-bytes", "value": largest, "unit": "bytes gzip", "limit": 16384,
        "ratio": largest / 16384,
    }  # fmt: skip


def signatures(bundle: Bundle, proven: Proven) -> Iterator[tuple[VerifyKey, bytes, bytes]]:
    """Each signature of a bundle, with its key and message."""
    note = Note.parse(bundle.checkpoint)
    key = VerifyKey(proven.verified.log_key.public)
    yield key, note.text, note.signatures[0].blob
    assert bundle.status is not None
    status = VerifyKey(proven.authority.status_key)
    yield status, bundle.status.pae, bundle.status.signatures[0].sig
    for entry in bundle.entries:
        yield from of_envelope(entry.envelope, proven)


def of_envelope(envelope: Envelope, proven: Proven) -> Iterator[tuple[VerifyKey, bytes, bytes]]:
    """The signatures of one statement."""
    for line in envelope.signatures:
        record = proven.authority.keys[line.keyid]
        yield VerifyKey(record.public), envelope.pae, line.sig


def timed(work: Callable[[], object]) -> float:
    """Seconds that something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
