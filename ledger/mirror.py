"""A verified copy of a public log in a folder: fetched, checked, kept, never going back.

The folder is laid out as `export` writes it, so it can be served or fetched from in turn. Every new
entry must lead from the tree kept to the tree signed, and every governance statement must have been
its signers' right. What parties keep of their own trade is in `pulled`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.errors import BadProof, LedgerError, Malformed, Refused
from ledger.files import write_whole
from ledger.rules import governing, rights
from ledger.rules.authority import Authority
from ledger.statement.submission import Statement
from ledger.tlog import merkle
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.policy import Policy
from ledger.tlog.tiles import (
    ENTRIES,
    HASH,
    WIDTH,
    Tile,
    decode_entries,
    encode_entries,
    hash_reader,
    new_tiles,
    reader_over,
    tiles_of,
    width_at,
)

CHECKPOINT: Final = "checkpoint"
TRUST: Final = "trust.txt"
COMMITMENT: Final = 40  # bytes of an entry that holds no envelope
Fetch = Callable[[str], bytes]  # the file at a path below the log; raises OSError, LookupError


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync found: the checkpoint now kept, and how many entries were new."""

    checkpoint: Checkpoint
    fresh: int


class Mirror:
    """A copy of a log in a folder, as of the last checkpoint that was verified."""

    def __init__(self, folder: Path, trust: Policy) -> None:
        self.folder = folder
        self._trust = trust

    def kept(self) -> Checkpoint | None:
        """The checkpoint that is kept. Raises Malformed or BadSignature for one that is not ours."""
        path = self.folder / CHECKPOINT
        if not path.exists():
            return None
        return self._trust.open_checkpoint(path.read_bytes()).checkpoint

    def entry(self, index: int) -> bytes:
        """An entry's exact bytes. Raises LookupError beyond the kept checkpoint."""
        size = self._size()
        if not 0 <= index < size:
            raise LookupError(f"the copy holds {size} entries, not entry {index}")
        return self._bundle(index // WIDTH, size)[index % WIDTH]

    def entries(self) -> Iterator[bytes]:
        """All entries in order."""
        size = self._size()
        for number in range(-(-size // WIDTH)):
            yield from self._bundle(number, size)

    def authority(self) -> Authority:
        """Who may do what, replayed from the copy. Raises BadProof where somebody had no right."""
        authority = Authority()
        for index, entry in enumerate(self.entries()):
            _govern(authority, index, entry)
        return authority

    def sync(self, fetch: Fetch) -> Synced:
        """Fetch what is new, check all of it, then keep it.

        Raises BadProof when the log shows another tree than before or a power that nobody had the
        right to give: the two checkpoints then lie side by side as evidence. Malformed and
        BadSignature for what cannot be read or was not signed by the log; OSError, LookupError for
        what cannot be fetched. Then nothing was changed.
        """
        note = fetch(CHECKPOINT)
        new = self._trust.open_checkpoint(note).checkpoint
        old = self.kept()
        start = old.size if old else 0
        if old is not None and new.origin != old.origin:
            raise Malformed(f"this folder is a copy of {old.origin}, not of {new.origin}")
        if old is not None and new.size < old.size:
            raise self._caught(
                note,
                f"the log showed {old.size} entries before and {new.size} now: it was rolled back",
            )
        entries = _fetch_entries(fetch, start, new.size)
        grown = new_tiles(start, [merkle.leaf_hash(entry) for entry in entries], self._read(start))
        root = merkle.tree_root(
            new.size, hash_reader(new.size, reader_over(grown, self._read(start)))
        )
        if root != new.root:
            raise self._caught(
                note,
                "the entries shown do not lead from the tree seen before to the one signed now",
            )
        self._check_governance(start, entries, note)
        self._keep(start, new.size, entries, grown, note)
        return Synced(new, len(entries))

    def _check_governance(self, start: int, entries: list[bytes], note: bytes) -> None:
        authority = self.authority() if start else Authority()
        last = self.entry(start - 1)[:8] if start else bytes(8)
        try:
            for index, entry in enumerate(entries, start):
                if entry[:8] < last:
                    raise BadProof(f"entry {index} landed before the entry before it")
                last = entry[:8]
                _govern(authority, index, entry)
        except BadProof as error:
            raise self._caught(note, str(error)) from error

    def _caught(self, note: bytes, words: str) -> BadProof:
        """Keep what convicts the log beside what was kept, and say where."""
        path = self.folder / "evidence"
        path.mkdir(parents=True, exist_ok=True)
        number = sum(1 for _ in path.iterdir())
        write_whole(path / f"{number:04d}-{CHECKPOINT}", note)
        return BadProof(f"{words}; {path} keeps the checkpoint: show it to the authority")

    def _keep(
        self, start: int, size: int, entries: list[bytes], grown: dict[tuple[int, int], bytes],
        note: bytes,
    ) -> None:  # fmt: skip
        before = self._bundle(start // WIDTH, start) if start % WIDTH else []
        first = start - len(before)
        fresh = [*before, *entries]
        for tile in tiles_of(size):
            if tile.level == ENTRIES and (tile.index + 1) * WIDTH > first:
                part = fresh[tile.index * WIDTH - first :][: tile.width]
                write_whole(self.folder / tile.path, encode_entries(part))
            elif (content := grown.get((tile.level, tile.index))) is not None:
                write_whole(self.folder / tile.path, content[: tile.width * HASH])
        write_whole(self.folder / CHECKPOINT, note)

    def _size(self) -> int:
        kept = self.kept()
        return kept.size if kept else 0

    def _bundle(self, number: int, size: int) -> list[bytes]:
        tile = Tile(ENTRIES, number, width_at(ENTRIES, number, size))
        return decode_entries((self.folder / tile.path).read_bytes())

    def _read(self, size: int) -> Callable[[Tile], bytes]:
        def read(tile: Tile) -> bytes:
            kept = Tile(tile.level, tile.index, width_at(tile.level, tile.index, size))
            return (self.folder / kept.path).read_bytes()

        return read


def _fetch_entries(fetch: Fetch, start: int, size: int) -> list[bytes]:
    found: list[bytes] = []
    for number in range(start // WIDTH, -(-size // WIDTH)):
        width = width_at(ENTRIES, number, size)
        part = decode_entries(fetch(Tile(ENTRIES, number, width).path))
        if len(part) != width:
            raise Malformed(f"entry bundle {number} holds {len(part)} entries, not {width}")
        found += part[max(0, start - number * WIDTH) :]
    return found


def _govern(authority: Authority, index: int, entry: bytes) -> None:
    """Fold a governance entry in, if its signers had the right. Raises BadProof."""
    if len(entry) < COMMITMENT:
        raise BadProof(f"entry {index} is shorter than any entry can be")
    if len(entry) == COMMITMENT:
        return
    try:
        statement = Statement.parse(entry[8:])
        rights.verify(authority, statement)
        governing.check(authority, statement, int.from_bytes(entry[:8], "big"))
    except Refused as refused:
        raise BadProof(
            f"entry {index} gives a power that nobody had a right to: {refused}"
        ) from refused
    except LedgerError as error:
        raise BadProof(f"entry {index} is no governance statement: {error}") from error
    authority.apply(statement, index)
