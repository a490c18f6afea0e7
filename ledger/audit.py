"""An audit from outside: the exported log and what one party has kept, held against each other.

Pure. It trusts a trust file and nobody else: not the operator, whose tiles and signed words it
judges, and not the party, whose word alone convicts nobody. What it cannot see is in docs/audit.md.
Where tiles and kept files come from is left to the caller.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Final

from ledger.audit_custody import Custody
from ledger.audit_kept import Evidence, Finding, Kept, Seen
from ledger.audit_signed import Each, keys_in, signed_validly
from ledger.audit_words import Shown, read_word, refusal_fault, status_faults
from ledger.bundle import Entry
from ledger.errors import BadProof, BadSignature, LedgerError, Malformed, Refused
from ledger.proof import verify as verify_bundle
from ledger.rules import governing, rights
from ledger.rules.authority import Authority
from ledger.statement import dsse
from ledger.statement.events import Event
from ledger.statement.parts import time_ms
from ledger.statement.status import Status
from ledger.statement.submission import Statement, Submission, commitments, fit_items
from ledger.tlog import merkle, tiles
from ledger.tlog.policy import NONE, Policy, Verified
from ledger.tlog.tiles import ENTRIES, Tile, TileReader

COMMITMENT: Final = 40  # bytes of an entry that holds a hash; governance in the clear has more


@dataclass(slots=True)
class _Log:
    """The log as its entries make it, and what the replay of its governance has found so far."""

    verified: Verified
    trust: Policy  # no quorum asked for: the log's own signature convicts it
    entries: list[bytes]
    tiles: Mapping[tuple[int, int], bytes]
    authority: Authority = field(default_factory=Authority)
    index_of: dict[str, int] = field(default_factory=dict)  # of statements that could be read
    signed: frozenset[int] = frozenset()  # kept statements whose signatures verify

    @property
    def size(self) -> int:
        return len(self.entries)

    def ms(self, index: int) -> int:
        return int.from_bytes(self.entries[index][:8], "big")

    def root_at(self, size: int) -> bytes:
        hashes = tiles.hash_reader(size, lambda tile: self.tiles[tile.level, tile.index])
        return merkle.tree_root(size, hashes)

    def open(self, note: bytes) -> Verified:
        """A kept checkpoint of this log, cosigned or not. Raises LedgerError."""
        verified = self.trust.open_checkpoint(note)
        if verified.log_key != self.verified.log_key:
            raise Malformed("it is a checkpoint of another log")
        return verified


def audit(
    checkpoint: bytes,
    tile: TileReader,
    trust: Policy,
    kept: Kept | None = None,
    each: Each = map,
) -> Generator[Finding, None, Seen | None]:
    """All that is wrong in an exported log, and between it and what a party kept; nothing if well.

    `checkpoint` and `tile` give what `export` wrote: the note, and each tile or entry bundle
    at exactly its width; a tile that is not there is a LookupError. What has no right to stand is
    not folded in, so what rests on it is found as well. `each` runs the signatures of kept
    statements in parts: `map`, or that of a pool of processes. Ends with how much could be judged, None
    where nothing could.
    """
    kept = kept or Kept()
    log = yield from _open(checkpoint, tile, trust)
    if log is None:
        return None
    shown = yield from _shown(log, kept)
    in_place = yield from _placed(log, shown)
    known = {one.index: one for one in in_place}
    folded = _first_unseen(log, known)
    keys = keys_in(entry for entry in log.entries if len(entry) != COMMITMENT)
    statements = {index: one.statement for index, one in known.items()}
    log.signed = signed_validly(statements, keys, each)
    yield from _replay(log, known, folded)
    yield from _checkpoints(log, kept)
    yield from _copied(log, kept.copy)
    yield from _promises(log, kept)
    yield from _words(log, kept, in_place)
    clear = sum(len(entry) != COMMITMENT for entry in log.entries)
    seen = sum(len(log.entries[index]) == COMMITMENT for index in known)
    signed = log.verified.checkpoint
    return Seen(signed.origin, log.size, signed.root, clear, seen, log.size - clear - seen, folded)


# The public log by itself


def _open(note: bytes, tile: TileReader, trust: Policy) -> Generator[Finding, None, _Log | None]:
    """Sees the checkpoint's signatures, its witnesses, and every tile against the entries."""
    anyhow = replace(trust, quorum=NONE)
    try:
        verified = anyhow.open_checkpoint(note)
    except LedgerError as error:
        yield Finding("checkpoint", "checkpoint", f"nothing can be judged by it: {error}")
        return None
    try:
        trust.open_checkpoint(note)
    except BadProof as error:
        yield Finding("quorum", "checkpoint", str(error))
    entries = yield from _entries(verified.checkpoint.size, tile)
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    log = _Log(verified, anyhow, entries, tiles.new_tiles(0, leaves, tile))
    if log.size == verified.checkpoint.size:
        yield from _hashes(log, tile)
    yield from _clocked(log, "checkpoint", verified)
    return log


def _entries(size: int, tile: TileReader) -> Generator[Finding, None, list[bytes]]:
    """Reads the entry bundles; what follows one that cannot be read is not judged."""
    entries: list[bytes] = []
    for wanted in tiles.tiles_of(size):
        if wanted.level != ENTRIES:
            break  # the bundles come first
        try:
            found = tiles.decode_entries(tile(wanted))
        except (LookupError, Malformed) as error:
            yield Finding("tile", wanted.path, f"cannot be read: {error}")
            break
        if len(found) != wanted.width:
            yield Finding("tile", wanted.path, f"holds {len(found)} entries")
            break
        entries += found
    return entries


def _hashes(log: _Log, tile: TileReader) -> Iterator[Finding]:
    """Sees a hash tile that is not that of the entries, and entries that are not the root's."""
    for wanted in tiles.tiles_of(log.size):
        if wanted.level != ENTRIES and _content(tile, wanted) != log.tiles[wanted[:2]]:
            yield Finding("tile", wanted.path, "does not hold the hashes of the entries")
    if log.root_at(log.size) != log.verified.checkpoint.root:
        yield Finding("root", "checkpoint", "its root is not that of the entries")


def _content(tile: TileReader, wanted: Tile) -> bytes:
    try:
        return tile(wanted)
    except LookupError:
        return b""


def _clocked(log: _Log, place: str, verified: Verified) -> Iterator[Finding]:
    """Sees landing times ahead of the clock of a witness that cosigned them."""
    size = min(verified.checkpoint.size, log.size)
    for name, at in verified.cosigned.items():
        if size and log.ms(size - 1) > at * 1000 + rights.AHEAD_MS:
            words = f"entry {size - 1} landed after witness {name} had cosigned it"
            yield Finding("time", place, words)


def _first_unseen(log: _Log, known: Mapping[int, Shown]) -> int:
    """The first entry that cannot be folded by all it names, or the log's size."""
    for index, entry in enumerate(log.entries):
        one = known.get(index)
        if len(entry) == COMMITMENT and (one is None or one.whole is None):
            return index
    return log.size


def _replay(log: _Log, known: Mapping[int, Shown], folded: int) -> Iterator[Finding]:
    """Sees entries that had no right to stand, or not then: signatures, rights, order, custody.

    `known` are the kept statements behind commitments: these are judged as governance is.
    """
    last_ms, logged = 0, dict[bytes, int]()
    custody = Custody(folded, log.size, lambda at: known[at].whole if at in known else None)
    for index, entry in enumerate(log.entries):
        place, ms = f"entry {index}", log.ms(index)
        if ms < last_ms:
            yield Finding("time", place, f"it landed {last_ms - ms} ms before one before it")
        last_ms = max(last_ms, ms)
        content = _commitment(entry)
        if logged.setdefault(content, index) != index:
            yield Finding("twice", place, f"is entry {logged[content]} once more")
        try:
            _fold(log, custody, known.get(index), index)
        except LedgerError as error:
            yield Finding(_code(error), place, str(error))
        if not log.authority.size:
            yield Finding("genesis", place, "is no genesis; by what right the rest stands is open")
            return
    if log.size and log.authority.log_key != log.verified.log_key.public:
        yield Finding("genesis", "entry 0", "names another log key than the trust file")


def _fold(log: _Log, custody: Custody, known: Shown | None, index: int) -> None:
    """Judges one entry by what stands before it. Raises LedgerError."""
    authority, ms, entry = log.authority, log.ms(index), log.entries[index]
    if len(entry) == COMMITMENT:
        if known is None:
            return  # the content is for others to judge
        statement = known.statement
    else:
        statement = Statement.parse(entry[8:])
        if dsse.is_committed(statement.envelope):
            raise Malformed("the log shows what it must only commit to")
    if log.index_of.setdefault(statement.id, index) != index:
        raise Malformed(f"the statement of entry {log.index_of[statement.id]} stands here again")
    lines = statement.envelope.signatures
    if index not in log.signed or any(authority.public(line.keyid) is None for line in lines):
        rights.verify(authority, statement)
    if isinstance(statement.body, Event):
        signers = rights.entitle(authority, statement, ms)
        if known is not None and known.whole is not None:
            custody.take(authority, known.whole, signers, index, ms)
        return
    governing.check(authority, statement, ms)
    custody.scope(statement, index)
    authority.apply(statement, index)


def _commitment(entry: bytes) -> bytes:
    """What identifies an entry's envelope: its SHA-256."""
    return entry[8:] if len(entry) == COMMITMENT else sha256(entry[8:]).digest()


def _code(error: LedgerError) -> str:
    if isinstance(error, Refused):
        return error.code
    return "bad-signature" if isinstance(error, BadSignature) else "malformed"


# What the party kept


def _shown(log: _Log, kept: Kept) -> Generator[Finding, None, list[Shown]]:
    """Sees bundles that refute themselves, and items that are not those committed to."""
    shown = []
    for number, held in enumerate(kept.statements):
        place, statement = f"kept statement {number}", held.submission.statement
        ids = frozenset(item.id for item in held.submission.items)
        whole: Submission | None = held.submission
        try:
            fit_items(held.submission)
        except Refused as refused:
            if ids:  # a party may keep an envelope alone
                yield Finding("unproven", place, str(refused))
            ids, whole = frozenset(), None
        shown.append(Shown(place, statement, held.index, held.ms, ids, whole))
    for number, bundle in enumerate(kept.bundles):
        place = f"kept bundle {number}"
        try:
            verify_bundle(bundle, log.trust)
        except BadProof as error:
            yield Finding("bundle", place, f"is refuted: {error}")
        except LedgerError as error:
            yield Finding("unproven", place, str(error))
        else:
            shown += [_of_bundle(place, entry) for entry in bundle.entries]
    return shown


def _of_bundle(place: str, entry: Entry) -> Shown:
    statement = Statement.of(entry.envelope)
    listed = commitments(statement.body).get("items")
    # What is in a receipt's other lists did not change hands.
    ids = [item.id for item in entry.items if listed is not None and item.root() == listed.root]
    return Shown(place, statement, entry.index, entry.ms, frozenset(ids))


def _placed(log: _Log, shown: Iterable[Shown]) -> Generator[Finding, None, list[Shown]]:
    """Sees kept statements that the log has not, or elsewhere, or at another time, or otherwise.

    Answers those that stand where they should, by index, each once.
    """
    at = {_commitment(entry): index for index, entry in enumerate(log.entries)}
    in_place: dict[int, Shown] = {}
    for one in shown:
        envelope = one.statement.envelope
        entry = dsse.entry_of(envelope, one.ms)
        found = at.get(_commitment(entry))
        words = f"of {one.place} "
        if one.index >= log.size and found is None:
            words += f"is ahead of the log, which ends at {log.size}: fetch the log again"
            yield Finding("cut-off", f"entry {one.index}", words)
        elif found is None:
            yield Finding("left-out", f"entry {one.index}", f"{words}is not what the log has there")
        elif found != one.index:
            yield Finding("moved", f"entry {one.index}", f"{words}is entry {found}")
        elif log.entries[found] != entry:
            words += f"landed at {one.ms} ms, the log now says {log.ms(found)}"
            yield Finding("other-time", f"entry {one.index}", words)
        else:
            before = in_place.get(one.index, one)
            whole = one.whole or before.whole
            in_place[one.index] = one._replace(ids=one.ids | before.ids, whole=whole)
    return [in_place[index] for index in sorted(in_place)]


def _checkpoints(log: _Log, kept: Kept) -> Iterator[Finding]:
    """Sees a kept checkpoint, whatever it came with, that is of another history than the log's."""
    several = [(note, f"kept checkpoint {n}") for n, note in enumerate(kept.checkpoints)]
    several += [(one.checkpoint, f"kept bundle {n}") for n, one in enumerate(kept.bundles)]
    several += [(note, place) for place, (*_, note) in _promised(kept)]
    notes: dict[bytes, str] = {}
    for note, place in several:
        notes.setdefault(note, place)
    for note, place in notes.items():
        try:
            verified = log.open(note)
        except LedgerError as error:
            yield Finding("unproven", place, f"its checkpoint proves nothing: {error}")
            continue
        yield from _one_history(log, place, verified.checkpoint.size, verified.checkpoint.root)
        yield from _clocked(log, place, verified)


def _one_history(log: _Log, place: str, size: int, root: bytes) -> Iterator[Finding]:
    """Sees a split view: with all entries at hand, the earlier root is made anew and compared."""
    if size > log.size:
        words = f"covers {size} entries, the log has {log.size}: fetch it again, or it was cut off"
        yield Finding("cut-off", place, words)
    elif log.root_at(size) != root:
        words = f"the log's first {size} entries have another root than was signed: a split view"
        yield Finding("split-view", place, words)


def _copied(log: _Log, copy: Sequence[bytes]) -> Iterator[Finding]:
    """Sees the first entry that is not the one that a kept copy has there."""
    for index, (entry, before) in enumerate(zip(log.entries, copy, strict=False)):
        if entry != before:
            what = "governance" if len(before) != COMMITMENT else "a commitment"
            words = f"the kept copy has {what} there that is not this one: history was rewritten"
            yield Finding("rewritten", f"entry {index}", words)
            return


def _promised(kept: Kept) -> Iterator[tuple[str, Evidence]]:
    """Receipts and evidence alike: an entry, and what proves it under a signed checkpoint."""
    for n, held in enumerate(kept.statements):
        if held.checkpoint:
            entry = dsse.entry_of(held.submission.statement.envelope, held.ms)
            place = f"receipt of kept statement {n}"
            yield place, Evidence(held.index, entry, held.path, held.checkpoint)
    for n, one in enumerate(kept.evidence):
        yield f"kept evidence {n}", one


def _promises(log: _Log, kept: Kept) -> Iterator[Finding]:
    """Sees entries that the operator proved under its signature, and that the log has not."""
    for place, (index, entry, path, note) in _promised(kept):
        try:
            signed = log.open(note).checkpoint
            leaf = merkle.leaf_hash(entry)
            merkle.verify_inclusion(index, signed.size, leaf, path, signed.root)
        except LedgerError as error:
            yield Finding("unproven", place, f"it proves nothing: {error}")
            continue
        if index < log.size and log.entries[index] != entry:
            words = f"entry {index} was proven under a signed checkpoint, and the log has it not"
            yield Finding("broken-promise", place, words)


def _words(log: _Log, kept: Kept, shown: Sequence[Shown]) -> Iterator[Finding]:
    """Sees statuses and refusals that are not the operator's, and those that the log gives the lie."""
    envelopes = [(f"kept word {n}", envelope) for n, envelope in enumerate(kept.words)]
    envelopes += [
        (f"status of kept bundle {n}", bundle.status)
        for n, bundle in enumerate(kept.bundles)
        if bundle.status is not None
    ]
    for place, envelope in envelopes:
        try:
            word = read_word(log.authority, envelope)
        except LedgerError as error:
            yield Finding("unproven", place, f"it is no word of this log's operator: {error}")
            continue
        if 0 < word.size <= log.size and time_ms(word.time) + 999 < log.ms(word.size - 1):
            yield Finding("time", place, f"it is older than entry {word.size - 1}, which it covers")
        if isinstance(word, Status):
            yield from _one_history(log, place, word.size, bytes.fromhex(word.root))
            for words in status_faults(log.authority, log.index_of, word, shown):
                yield Finding("status", place, words)
        elif word.size > log.size:
            yield Finding(
                "cut-off", place, f"it speaks of {word.size} entries, here are {log.size}"
            )
        elif words := refusal_fault(log.index_of, word):
            yield Finding("refusal", place, words)
