"""Templates that are here, sealed for one key: a label's print held against them without any line.

A template counts only where the pack's proof bundle shows the log's commitment to it: whoever made
the file, or altered it, puts nothing in its place.
"""

from __future__ import annotations

from collections.abc import Iterable

from ledger.bundle import Bundle
from ledger.errors import BadSignature, LedgerError, Malformed
from ledger.proof import verify
from ledger.statement.dsse import key_id
from ledger.statement.sealed import SealedFile, SealedTemplate
from ledger.tlog.ed25519 import public_of
from ledger.tlog.policy import Policy
from scanner.check import Shelf
from scanner.fingerprint.match import match
from scanner.fingerprint.session import Session
from scanner.fingerprint.shown import digest_of
from scanner.fingerprint.template import Template, commitment
from scanner.frames import Frame
from scanner.prints import Outcome, cannot_tell, outcome_of
from scanner.session import Told


class BySealed:
    """Compares here: by sealed files, the seed of the key that opens them, and proof bundles."""

    def __init__(
        self, files: Iterable[bytes], seed: bytes, bundles: bytes | Shelf, trust: Policy
    ) -> None:
        """Raises Malformed for what is no such file, or is for another key or log."""
        self._seed, self._bundles, self._trust = seed, bundles, trust
        self._held: dict[str, SealedTemplate] = {}
        self._shown: set[str] = set()  # digests of the frames that were compared in this run
        logs, own = {log.name for log in trust.logs}, key_id(public_of(seed))
        for file in sorted(map(SealedFile.parse, files), key=lambda one: one.time_ms):
            if file.keyid != own:
                raise Malformed("the fingerprints were sealed for another key than --key")
            if file.log not in logs:
                raise Malformed(f"the fingerprints are of {file.log}, not of the trust file's log")
            self._held |= {one.item: one for one in file.templates}

    def asked(self, told: Told) -> str:
        """A pack whose template was taken along is looked at."""
        return "held" if told.label and told.label.id in self._held else ""

    def session(self, item: str) -> Session | Outcome:
        """A session for a pack's template, once the log's commitment to it is proven here."""
        found = self._template(item)
        if isinstance(found, Outcome):
            return found
        return Session(found[0].seed, found[0].design)

    def judge(
        self, item: str, session: Session, frames: list[Frame], device: str, within_s: float
    ) -> Outcome:
        """Compare; the same pictures do not count twice in a run."""
        del device, within_s
        found = self._template(item)
        if isinstance(found, Outcome):
            return found
        digests = set(map(digest_of, frames))
        if digests & self._shown:
            return cannot_tell("replayed")
        self._shown |= digests
        return outcome_of(match(found[0], session), found[1])

    def _template(self, item: str) -> tuple[Template, bytes] | Outcome:
        """A pack's template and the log's commitment, or why there is none that counts."""
        held = self._held.get(item)
        if held is None:
            return cannot_tell("not-in-file")
        found = self._bundles
        data = found if isinstance(found, bytes) else found.bundle(item)
        if data is None:
            return cannot_tell("no-proof")
        try:
            proven = verify(Bundle.parse(data), self._trust)
        except LedgerError:
            return cannot_tell("no-proof")
        if item not in proven.states:
            return cannot_tell("no-proof")
        committed = proven.commitment(item)
        if not committed:
            return cannot_tell("no-template")
        try:
            opened = held.open(self._seed)
        except BadSignature:
            return cannot_tell("commitment", alarm=True)
        if commitment(opened.template, opened.salt) != committed:
            return cannot_tell("commitment", alarm=True)
        try:
            return Template.parse(opened.template), committed
        except Malformed:
            return cannot_tell("template-version")
