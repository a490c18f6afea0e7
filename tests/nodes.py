"""Running nodes for tests: an app behind a real port, and the simulated world of one fixed day."""

from __future__ import annotations

import json
import secrets
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.serving import make_server

from app.node import DEMO, KEY, Node
from ledger.store.desk import Desk, Person
from ledger.store.opening import open_store
from ledger.store.queries import Reader

DAY = date(2026, 11, 24)
# The clock of a visitor that evening: the world ends at 16:00 UTC of its day.
EVENING_MS = int(datetime(2026, 11, 24, 16, 30, tzinfo=UTC).timestamp() * 1000)


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve an app on a port of its own, and close it and its databases; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        close(app)


def close(app: Flask) -> None:
    """Close a node's databases; where there is no log there are none."""
    node = app.extensions[KEY]
    if isinstance(node, Node):
        node.desk.close()
        node.store.close()
        if node.fingerprints is not None:
            node.fingerprints.close()


def login_path(world: Path, role: str, now: int) -> str:
    """A link that signs one browser in as somebody of a simulated world, by a key on its log.

    As `packtrace login` makes it; `now` is the node's clock, ms since the epoch.
    """
    people = json.loads((world / DEMO).read_text())["people"]
    [one] = [one for one in people if one["role"] == role]
    store = open_store(world)
    keys = Reader(store).authority().keys.values()
    [keyid] = [key.id for key in keys if one["site"] in key.sites and key.revoked < 0][:1]
    token = secrets.token_bytes(32)
    desk = Desk(world, store.key)
    desk.add_link(token, Person(one["party"], one["site"], keyid), now)
    desk.close()
    store.close()
    return "/login/" + urlsafe_b64encode(token).decode().rstrip("=")


def expected(world: Path) -> list[dict[str, Any]]:
    """The labels of a simulated world, each with its picture's name and the verdict to expect."""
    told = json.loads((world / "labels" / "expected.json").read_text())
    assert told["simulated"] is True
    return list(told["labels"])
