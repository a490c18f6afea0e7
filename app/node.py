"""One node: a log's folder opened for serving, with what it can do there.

Without the log's keys a node still reads; without a log it still answers, saying so.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flask import current_app
from flask_babel import gettext as _

from app.config import Settings
from ledger.errors import LedgerError, Malformed, Refused
from ledger.statement import keyfile
from ledger.statement.parts import is_practice
from ledger.store import staging
from ledger.store.answers import Answers
from ledger.store.append import Log
from ledger.store.database import FAILURES, Store
from ledger.store.desk import Desk
from ledger.store.fingerprints import FOLDER, Fingerprints
from ledger.store.opening import open_store
from ledger.store.publish import trust_file
from ledger.store.queries import Reader
from ledger.tlog.note import SigningKey
from ledger.tlog.policy import Policy

KEY: Final = "packtrace"
DEMO: Final = "demo.json"  # the people of a simulated world


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody of a simulated world whom a visitor can act as.

    `admins` name the key files that sign for the party's administrator. Two people of one site are
    told apart by `staff`.
    """

    role: str
    name: str
    party: str
    site: str
    admins: tuple[str, ...] = ()
    use: str = "station"
    staff: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """What the views work with. `log` and `answers` are None where the keys are not at hand.

    `fingerprints` is None on a node that keeps no templates.
    """

    settings: Settings
    store: Store
    reader: Reader
    desk: Desk
    log: Log | None
    answers: Answers | None
    origin: str
    trust: Policy
    simulated: bool
    people: tuple[DemoPerson, ...]
    fingerprints: Fingerprints | None = None

    @property
    def clock(self) -> Callable[[], int]:
        """Ms since the epoch."""
        return self.settings.clock

    @property
    def practice(self) -> bool:
        """Whether it serves a practice log."""
        return is_practice(self.origin)


def open_node(settings: Settings) -> Node:
    """Open a log's folder. Raises Malformed when there is no log that can be read."""
    store = open_store(settings.log)
    reader = Reader(store)
    origin = reader.origin
    log, answers = None, None
    seeds = [_seed(settings, name) for name in ("log", "status")]
    if seeds[0] is not None and seeds[1] is not None:
        log = Log(store, SigningKey(origin, seeds[0]), seeds[1], settings.clock)
        with suppress(Refused, *FAILURES):  # a database that takes no writes can still be read
            staging.settle(store)  # what a writer that was killed left to do
    if seeds[1] is not None:
        answers = Answers(reader, seeds[1], settings.clock)
    simulated = reader.simulated
    people = _people(settings.log / DEMO) if simulated else ()
    desk = Desk(settings.log, store.key)
    trust = Policy.parse(trust_file(store))
    fingerprints = _fingerprints(settings)
    return Node(
        settings, store, reader, desk, log, answers, origin, trust, simulated, people, fingerprints
    )  # fmt: skip


def _fingerprints(settings: Settings) -> Fingerprints | None:
    """The templates kept here. A folder that is named must be there; that in the log's may not be."""
    folder = settings.fingerprints
    if folder is None:
        folder = settings.log / FOLDER
        if not Fingerprints.is_in(folder):
            return None
    return Fingerprints.open(folder, settings.passphrase)


def _seed(settings: Settings, name: str) -> bytes | None:
    path = settings.log / "keys" / f"{name}.key"
    try:
        return keyfile.unseal(path.read_bytes(), settings.passphrase)
    except FileNotFoundError:
        return None
    except (OSError, LedgerError) as error:
        raise Malformed(f"{path}: {error}") from error


def _people(path: Path) -> tuple[DemoPerson, ...]:
    try:
        found = json.loads(path.read_bytes())
        return tuple(DemoPerson(**person) for person in found["people"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def node() -> Node:
    """The node of this app. Raises Refused `read-only` where there is no log."""
    found = current_app.extensions[KEY]
    if isinstance(found, Node):
        return found
    raise Refused("read-only", _("there is no log here: %(why)s", why=found))


def maybe_node() -> Node | None:
    """The node of this app, or None where there is no log."""
    found = current_app.extensions[KEY]
    return found if isinstance(found, Node) else None


def answers() -> Answers:
    """The operator's voice. Raises Refused `read-only` on a node without the status key."""
    found = node().answers
    if found is None:
        raise Refused("read-only", _("this node does not hold the status key; ask another"))
    return found
