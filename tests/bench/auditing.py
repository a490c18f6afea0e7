"""How fast an authority's books are audited, against libsodium's verification alone."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner
from nacl.signing import VerifyKey

from ledger import pulled
from ledger.cli import main
from ledger.mirror import Mirror
from ledger.store.batch import Receipt
from ledger.store.publish import export, trust_file
from ledger.tlog.ed25519 import public_of
from tests.world import Chain, seed

PACKS: Final = 5000  # each is shipped and received: twice as many statements
LOT: Final = 1000


def audit_rate(folder: Path) -> Iterator[dict[str, Any]]:
    """10,000 hand-offs from the bytes of books and tiles to the report, custody folded whole."""
    chain = Chain(folder / "log")
    packs = [pack for n in range(PACKS // LOT) for pack in chain.commission(f"B{n}", LOT)]
    ships = [chain.ship_event(chain.maker, [pack], chain.wholesaler) for pack in packs]
    receipts = [
        chain.event("receive", chain.wholesaler, [pack], shipment=ship.statement.id)
        for pack, ship in zip(packs, ships, strict=True)
    ]
    for outcome in chain.log.append([*ships, *receipts]):
        if not isinstance(outcome, Receipt):
            raise outcome
    books = folder / "books"
    export(chain.store, books / "public")
    (books / "trust.txt").write_bytes(trust_file(chain.store))
    mirror = Mirror(books, chain.trust)
    mirror.sync(lambda path: (books / "public" / path).read_bytes())
    shutil.rmtree(books / "public")
    count = pulled.keep(books, mirror, chain.reader.addressed_to(chain.authority.gln, 0))
    chain.store.close()
    envelopes = [ship.statement.envelope for ship in ships]
    work = [(one.pae, one.signatures[0].sig) for one in envelopes]
    key = VerifyKey(public_of(seed("maker station")))
    start = time.perf_counter()
    for message, signature in work:
        key.verify(message, signature)
    limit = len(work) / (time.perf_counter() - start)
    words = ["audit", books, "--trust", books / "trust.txt", "--books", books, "--json"]
    start = time.perf_counter()
    done = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
    rate = count / (time.perf_counter() - start)
    if done.exit_code:
        raise RuntimeError(f"the honest log's audit found: {done.stdout}")
    yield {
        "name": "audit", "value": rate, "unit": "statements/s", "limit": limit,
        "ratio": rate / limit,
    }  # fmt: skip
