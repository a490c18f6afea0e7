"""How a log's folder stands: who cosigned it when, and whether its newest state hangs together.

A look that takes no longer as the log grows; the whole is checked by `check`.
"""

from __future__ import annotations

import os
import shutil
from typing import NamedTuple

from ledger.errors import LedgerError
from ledger.store.database import GUARD, Store, meta
from ledger.store.guard import Guard
from ledger.store.models import VIEWS_MADE, VIEWS_VERSION
from ledger.store.publish import newest, root_at, tile_reader
from ledger.tlog import merkle
from ledger.tlog.checkpoint import open_checkpoint
from ledger.tlog.note import Note, VerifierKey
from ledger.tlog.tiles import hash_reader

DAMAGED = "damaged"
READ_ONLY = "read-only"


class Witnessed(NamedTuple):
    """A witness's newest line that is stored: over how many entries, and when (POSIX seconds)."""

    name: str
    size: int
    at: int


class Standing(NamedTuple):
    """`fault` is "", DAMAGED or READ_ONLY, `words` say why; `free` and `total` are the disk's bytes."""

    fault: str
    words: str
    free: int
    total: int


def witnesses(store: Store) -> list[Witnessed]:
    """Each witness with its newest cosignature, by name. The log is not the judge of their keys."""
    found: dict[str, Witnessed] = {}
    sql = (
        "SELECT checkpoint.size, note, line FROM cosignature JOIN checkpoint "
        "ON checkpoint.size = cosignature.size ORDER BY checkpoint.size DESC LIMIT 1000"
    )
    for size, note, line in store.rows(sql):
        signature = Note.parse(bytes(note) + line.encode()).signatures[-1]
        at = int.from_bytes(signature.blob[:8], "big")
        found.setdefault(signature.name, Witnessed(signature.name, size, at))
    return sorted(found.values())


def root_of(store: Store, size: int) -> bytes:
    """The root of the first `size` entries, at most as many as there are."""
    return merkle.tree_root(size, hash_reader(size, tile_reader(store)))


def standing(store: Store) -> Standing:
    """Whether the newest checkpoint is this log's, of these tiles, and ahead of no released one."""
    disk = shutil.disk_usage(store.folder)
    fault, words = _fault(store)
    return Standing(fault, words, disk.free, disk.total)


def _fault(store: Store) -> tuple[str, str]:
    key = VerifierKey.parse(meta(store, "vkey"))
    with store.snapshot():
        head = newest(store)
        if head is None:
            return DAMAGED, "the log is empty"
        try:
            signed = open_checkpoint(head.note, key)
            root = root_of(store, head.size)
        except (LedgerError, LookupError, ValueError) as error:
            return DAMAGED, str(error)
        if not head.root == signed.root == root or head.size != signed.size:
            return DAMAGED, "the newest checkpoint is not that of the stored tiles"
        last = store.one("SELECT MAX(idx) FROM entry")
        if last is None or last[0] != head.size - 1:
            return DAMAGED, "entries and newest checkpoint do not end together"
        try:
            Guard(store.folder / GUARD, key).check(head.size, lambda size: root_at(store, size))
        except LedgerError as error:
            return READ_ONLY, str(error)
        if meta(store, VIEWS_MADE) != VIEWS_VERSION:
            return READ_ONLY, "another version of the program keeps this log"
    if not os.access(store.folder, os.W_OK):
        return READ_ONLY, "the log's folder cannot be written"
    return "", ""
