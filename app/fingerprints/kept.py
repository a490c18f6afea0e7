"""The template of a pack's print that the log commits to, where this node keeps it whole."""

from __future__ import annotations

from ledger.errors import Malformed
from ledger.store.enrolled import Enrolled
from ledger.store.fingerprints import Fingerprints, Kept
from scanner.fingerprint.template import commitment


def fitting(store: Fingerprints, item: str, enrolled: Enrolled) -> Kept:
    """What is kept of a pack's enrolled label. Raises Malformed where nothing whole fits the log."""
    kept = store.find(item, enrolled.commitment)
    if kept is None or commitment(kept.template, kept.salt) != enrolled.commitment:
        raise Malformed("it does not fit the log's commitment")
    return kept
