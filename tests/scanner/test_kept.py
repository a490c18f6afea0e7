"""The checkpoints a scanner has seen: the next must be of the same history, or it is caught."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import BadProof, BadSignature, Malformed
from ledger.statement.status import parse_status
from ledger.store.publish import read_checkpoint, read_tile
from ledger.tlog import merkle
from ledger.tlog.checkpoint import Checkpoint, sign_checkpoint
from ledger.tlog.note import COSIGNATURE, SigningKey
from ledger.tlog.policy import Policy
from ledger.tlog.tiles import WIDTH, Tile, new_tiles
from scanner import kept
from scanner.history import PublicLog, Said, prefix_of, said_at
from scanner.kept import EVIDENCE, History, Kept
from tests.world import Chain, seed

Answer = Callable[[str], tuple[int, bytes]]


def public(answer: Answer) -> PublicLog:
    """A log's web address that answers a path below /log/ as it likes."""

    def handle(request: httpx.Request) -> httpx.Response:
        status, content = answer(request.url.path.removeprefix("/log/"))
        return httpx.Response(status, content=content)

    return PublicLog("http://log.example", httpx.Client(transport=httpx.MockTransport(handle)))


def serving(chain: Chain, asked: list[str] | None = None) -> PublicLog:
    """A chain's public files as its node serves them."""

    def answer(path: str) -> tuple[int, bytes]:
        if asked is not None:
            asked.append(path)
        try:
            if path == "checkpoint":
                return 200, read_checkpoint(chain.store)
            return 200, read_tile(chain.store, Tile.parse(path))
        except LookupError:
            return 404, b""

    return public(answer)


def note(chain: Chain) -> bytes:
    return read_checkpoint(chain.store)


@pytest.fixture
def fork(chain: Chain, tmp_path: Path) -> Iterator[Chain]:
    """Another log of the same name and key, as long as the first: the same up to its founding."""
    other = Chain(tmp_path / "fork")
    assert note(other) == note(chain)
    yield other
    other.store.close()


@pytest.fixture
def seen(chain: Chain, tmp_path: Path) -> Kept:
    return Kept(tmp_path / "seen", chain.trust)


def evidence(found: History) -> set[bytes]:
    """The contents of what was written."""
    assert all(path.parent.name == EVIDENCE for path in found.evidence)
    return {path.read_bytes() for path in found.evidence}


def test_what_was_seen_first_is_kept_for_the_next_run(
    chain: Chain, seen: Kept, tmp_path: Path
) -> None:
    assert seen.take(note(chain)).outcome == kept.FIRST
    assert seen.take(note(chain)).outcome == kept.SAME
    again = Kept(tmp_path / "seen", chain.trust).take(note(chain))
    assert (again.outcome, again.not_kept, again.reasons) == (kept.SAME, "", {})


def test_a_log_that_grew_is_proven_to_have_grown_from_its_tiles(chain: Chain, seen: Kept) -> None:
    old = seen.take(note(chain))
    chain.commission("L1", 3)
    asked: list[str] = []
    new = seen.take(note(chain), serving(chain, asked))
    assert (new.outcome, new.before, new.reasons) == (kept.PROVEN, old.size, {})
    assert new.size == old.size + 1
    assert asked == [f"tile/0/000.p/{new.size}"]
    assert seen.take(note(chain)).outcome == kept.SAME


def test_two_trees_of_one_size_are_caught_and_both_notes_written(
    chain: Chain, fork: Chain, seen: Kept, tmp_path: Path
) -> None:
    chain.commission("L1", 1)
    fork.commission("L2", 1)
    seen.take(note(chain))
    found = seen.take(note(fork))
    assert found.outcome == kept.SPLIT
    assert "split-view" in found.reasons
    assert evidence(found) == {note(chain), note(fork)}
    # What was kept stays what it was, and the next run catches it again.
    assert Kept(tmp_path / "seen", chain.trust).take(note(chain)).outcome == kept.SAME
    assert Kept(tmp_path / "seen", chain.trust).take(note(fork)).outcome == kept.SPLIT


def test_a_longer_tree_that_does_not_hold_the_one_seen_is_caught_with_the_path_that_proves_it(
    chain: Chain, fork: Chain, seen: Kept
) -> None:
    chain.commission("L1", 1)
    for lot in ("L2", "L3", "L4"):
        fork.commission(lot, 1)
    first = seen.take(note(chain))
    found = seen.take(note(fork), serving(fork))
    assert found.outcome == kept.SPLIT
    written = evidence(found)
    assert {note(chain), note(fork)} < written
    (proof,) = written - {note(chain), note(fork)}
    size, root, *path = proof.decode().splitlines()
    assert int(size) == first.size
    # Anyone can check it: the path leads from another root than the first note's to the second's.
    signed = Checkpoint.parse(note(fork).partition(b"\n\n")[0] + b"\n")
    was = Checkpoint.parse(note(chain).partition(b"\n\n")[0] + b"\n")
    other = b64decode(root)
    merkle.verify_consistency(
        int(size), signed.size, other, signed.root, [b64decode(node) for node in path]
    )
    assert other != was.root


def test_an_older_proof_is_held_against_the_newer_tree(
    chain: Chain, fork: Chain, seen: Kept
) -> None:
    chain.commission("L1", 1)
    fork.commission("L2", 1)
    older, forked = note(chain), note(fork)
    chain.commission("L3", 1)
    seen.take(note(chain))
    found = seen.take(older, serving(chain))
    assert (found.outcome, found.reasons) == (kept.PROVEN, {})
    assert seen.take(note(chain)).outcome == kept.SAME  # the larger one stays
    assert seen.take(forked, serving(chain)).outcome == kept.SPLIT


def test_an_older_copy_of_the_log_accuses_nobody(chain: Chain, fork: Chain, seen: Kept) -> None:
    """A mirror that lags behind, a cache, whoever holds the line: each can replay what was signed."""
    founded = note(chain)
    chain.commission("L1", 1)
    seen.take(note(chain))
    found = seen.take(founded, serving(fork))
    assert (found.outcome, set(found.reasons)) == (kept.NOT_PROVEN, {"unusable-proof"})
    assert evidence(found) == {founded, note(chain)}


def said(chain: Chain, *, seen_ms: int = -1) -> Said:
    """What the operator signs now of a pack that the log does not know, and of the log's size."""
    bundle = chain.answers.bundle([f"https://id.gs1.org/01/{chain.gtin}/21/NONE"], "")
    assert bundle.status is not None
    time_ms = parse_status(bundle.status.payload).time_ms
    return Said.by(bundle, time_ms, chain.now if seen_ms < 0 else seen_ms)


HOUR_MS = 3_600_000


def test_a_log_that_signs_later_that_it_is_shorter_is_caught_by_its_two_words(
    chain: Chain, fork: Chain, seen: Kept, tmp_path: Path
) -> None:
    chain.commission("L1", 1)
    was = said(chain)
    assert seen.take(was, serving(chain), live=True).outcome == kept.FIRST
    fork.now = chain.now + HOUR_MS  # the same log before the last entry, and a fresh signature
    now = said(fork)
    for scanner, log in (
        (seen, serving(chain)),  # which still serves the larger tree's tiles
        (Kept(tmp_path / "seen", chain.trust), serving(fork)),
        (Kept(tmp_path / "seen", chain.trust), None),
    ):
        found = scanner.take(now, log, live=log is not None)
        assert (found.outcome, set(found.reasons)) == (kept.SPLIT, {"split-view"})
        assert evidence(found) == {was.note, now.note, was.proof, now.proof}
    # Anyone can check both words by the log's keys alone.
    times = [said_at(proof, chain.trust) for proof in (was.proof, now.proof)]
    assert [(one.size, ms) for one, ms in times] == [
        (found.before, was.time_ms), (found.size, now.time_ms),
    ]  # fmt: skip
    assert seen.take(was).outcome == kept.SAME


def test_an_old_proof_is_of_the_same_history_but_no_answer_of_a_live_log(
    chain: Chain, fork: Chain, seen: Kept
) -> None:
    old = said(fork)
    chain.commission("L1", 1)
    chain.now = fork.now + HOUR_MS
    seen.take(said(chain))
    old = old._replace(seen_ms=chain.now)
    found = seen.take(old, serving(chain), live=True)
    assert (found.outcome, set(found.reasons)) == (kept.NOT_PROVEN, {"unusable-proof"})
    assert "older view" in found.words
    assert seen.take(old, serving(chain)).outcome == kept.PROVEN


def test_an_answer_that_another_scanner_overtook_is_no_older_view(
    chain: Chain, fork: Chain, seen: Kept
) -> None:
    chain.commission("L1", 1)
    seen.take(said(chain))
    fork.now = chain.now + 60_000
    assert seen.take(said(fork), serving(chain), live=True).outcome == kept.PROVEN


def test_nobody_can_tell_what_overtook_an_answer_where_the_larger_tree_has_no_time(
    chain: Chain, fork: Chain, seen: Kept
) -> None:
    chain.commission("L1", 1)
    seen.take(note(chain))
    assert seen.take(said(fork), serving(chain), live=True).outcome == kept.NOT_PROVEN


def test_a_time_ahead_of_the_scanners_clock_convicts_nobody(
    chain: Chain, fork: Chain, seen: Kept
) -> None:
    chain.commission("L1", 1)
    seen.take(said(chain))
    wrong = chain.now
    fork.now = chain.now + HOUR_MS
    assert seen.take(said(fork, seen_ms=wrong), serving(chain)).outcome == kept.PROVEN


def test_the_earliest_word_on_a_tree_is_the_one_that_counts(
    chain: Chain, fork: Chain, seen: Kept, tmp_path: Path
) -> None:
    seen.take(note(fork))  # a note alone has no time
    chain.commission("L1", 1)
    for hours in (2, 0, 1):
        chain.now = fork.now + hours * HOUR_MS
        seen.take(said(chain))
    chain.now = fork.now + HOUR_MS
    fork.now += HOUR_MS
    for scanner in (seen, Kept(tmp_path / "seen", chain.trust)):
        assert scanner.take(said(fork)).outcome == kept.SPLIT


@pytest.mark.parametrize("damage", [b"garbage", None], ids=["garbage", "a folder"])
def test_a_time_that_cannot_be_read_is_named_and_the_tree_stays_kept(
    chain: Chain, fork: Chain, seen: Kept, tmp_path: Path, damage: bytes | None
) -> None:
    seen.take(said(chain))
    (path,) = (tmp_path / "seen").rglob("*.status")
    path.unlink()
    if damage is None:
        (path / "x").mkdir(parents=True)
    else:
        path.write_bytes(damage)
    again = Kept(tmp_path / "seen", chain.trust).take(note(chain))
    assert (again.outcome, str(path) in again.not_kept) == (kept.SAME, True)
    chain.commission("L1", 1)
    grown = Kept(tmp_path / "seen", chain.trust).take(note(chain), serving(chain))
    assert grown.outcome == kept.PROVEN
    assert damage is not None or "cannot be removed" in grown.not_kept


def test_without_a_line_another_size_is_named_and_waits(
    chain: Chain, fork: Chain, seen: Kept, tmp_path: Path
) -> None:
    first = seen.take(note(chain))
    fork.commission("L2", 1)
    found = seen.take(note(fork))
    assert (found.outcome, found.reasons) == (kept.NOT_COMPARED, {})
    assert "needs a line" in found.not_shown[0]
    assert f"{first.size} and {found.size}" in found.not_shown[0]
    # The line comes back, and the log shows another history than in between.
    chain.commission("L1", 1)
    chain.commission("L3", 1)
    later = Kept(tmp_path / "seen", chain.trust)
    assert later.take(note(chain), serving(chain)).outcome == kept.SPLIT


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        ((503, b"busy"), kept.NO_ANSWER, "log-down"),
        ((404, b""), kept.NOT_PROVEN, "unusable-proof"),
        ((200, b"garbage"), kept.NOT_PROVEN, "unusable-proof"),
        ((200, bytes(32 * 256)), kept.NOT_PROVEN, "unusable-proof"),
        ((200, bytes(1 << 20)), kept.NOT_PROVEN, "unusable-proof"),
    ],
    ids=["busy", "refused", "garbage", "other hashes", "too many bytes"],
)
def test_tiles_that_cannot_be_had_accuse_nobody(
    chain: Chain, seen: Kept, answer: tuple[int, bytes], outcome: str, code: str
) -> None:
    old = note(chain)
    seen.take(old)
    chain.commission("L1", 1)
    found = seen.take(note(chain), public(lambda path: answer))
    assert (found.outcome, set(found.reasons)) == (outcome, {code})
    # What could not be proven is not kept as if it had been.
    assert seen.take(old).outcome == kept.SAME
    assert seen.take(note(chain), serving(chain)).outcome == kept.PROVEN


def test_a_line_that_breaks_accuses_nobody(chain: Chain, seen: Kept) -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    seen.take(note(chain))
    chain.commission("L1", 1)
    log = PublicLog("http://log.example", httpx.Client(transport=httpx.MockTransport(broken)))
    assert seen.take(note(chain), log).outcome == kept.NO_ANSWER


def test_a_partial_tile_that_was_dropped_is_cut_from_the_full_one() -> None:
    full = bytes(range(256)) * 32
    log = public(lambda path: (404, b"") if ".p/" in path else (200, full))
    assert log.tile(Tile(0, 0, 3)) == full[:96]
    with pytest.raises(LookupError):
        public(lambda path: (404, b"")).tile(Tile(0, 0, 3))


def test_a_folder_that_cannot_be_written_is_told_and_this_run_still_remembers(
    chain: Chain, fork: Chain, tmp_path: Path
) -> None:
    (tmp_path / "seen").write_text("a file lies where the folder should be")
    chain.commission("L1", 1)
    fork.commission("L2", 1)
    for folder in (tmp_path / "seen", None):
        seen = Kept(folder, chain.trust)
        assert seen.take(note(chain)).not_kept
        found = seen.take(note(fork))
        assert (found.outcome, found.evidence) == (kept.SPLIT, ())
        assert set(found.notes) == {note(chain), note(fork)}  # for whoever prints them


@pytest.mark.parametrize("name", ["k" * 300, "a\0b", "file/x"], ids=["long", "NUL", "in a file"])
def test_a_folder_that_cannot_be_is_told(
    chain: Chain, fork: Chain, tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").touch()
    seen = Kept(tmp_path / name, chain.trust)
    assert "cannot be written" in seen.take(note(chain)).not_kept
    chain.commission("L1", 1)
    refused = seen.take(note(chain), public(lambda path: (404, b"")))
    assert (refused.outcome, refused.evidence) == (kept.NOT_PROVEN, ())
    assert seen.take(note(chain), serving(chain)).outcome == kept.PROVEN


def test_what_was_tampered_with_in_the_folder_is_named(
    chain: Chain, seen: Kept, tmp_path: Path
) -> None:
    seen.take(note(chain))
    (path,) = [p for p in (tmp_path / "seen").rglob("*") if p.is_file()]
    path.write_bytes(path.read_bytes().replace(b"log.example", b"log.exampel"))
    found = Kept(tmp_path / "seen", chain.trust).take(note(chain))
    assert (found.outcome, str(path) in found.not_kept) == (kept.FIRST, True)


def test_a_note_that_the_log_did_not_sign_is_no_history(
    chain: Chain, seen: Kept, tmp_path: Path
) -> None:
    forged = sign_checkpoint(
        Checkpoint("log.example/test", 9, bytes(32)), SigningKey("log.example/test", seed("else"))
    )
    with pytest.raises(BadSignature):
        seen.take(forged)
    assert not (tmp_path / "seen").exists()


def test_two_scanners_that_share_a_folder_lose_nothing(
    chain: Chain, fork: Chain, tmp_path: Path
) -> None:
    one, two = Kept(tmp_path / "seen", chain.trust), Kept(tmp_path / "seen", chain.trust)
    for scanner in (one, two):
        scanner.take(note(chain))
    chain.commission("L1", 1)
    before = note(chain)
    assert one.take(before, serving(chain)).outcome == kept.PROVEN
    chain.commission("L2", 1)
    assert two.take(note(chain), serving(chain)).outcome == kept.PROVEN
    assert one.take(before, serving(chain)).size < one.take(note(chain)).size
    (left,) = [p for p in (tmp_path / "seen").rglob("*") if p.is_file()]
    assert left.read_bytes() == note(chain)


LEAVES = [merkle.leaf_hash(bytes([n % 251, n // 251])) for n in range(3 * WIDTH)]


def tile_of(size: int) -> Callable[[Tile], bytes]:
    grown = new_tiles(0, LEAVES[:size], lambda tile: b"")
    return lambda tile: grown[tile.level, tile.index]


@given(st.integers(2, len(LEAVES)), st.data())
def test_a_signed_tree_shows_what_it_was_at_every_smaller_size(
    size: int, data: st.DataObject
) -> None:
    old = data.draw(st.integers(1, size - 1))
    newer = Checkpoint("log.example/test", size, merkle.root_of(LEAVES[:size]))
    assert prefix_of(newer, old, tile_of(size)).root == merkle.root_of(LEAVES[:old])
    # Tiles of another tree lead nowhere: they cannot make a log look like a liar.
    wrong = bytearray(b"".join(LEAVES))
    place = data.draw(st.integers(0, old - 1))
    wrong[place * 32] ^= 1
    forged = [bytes(wrong[n * 32 : n * 32 + 32]) for n in range(size)]
    grown = new_tiles(0, forged, lambda tile: b"")
    honest = tile_of(size)
    for read in (
        lambda tile: grown[tile.level, tile.index],
        lambda tile: grown[tile.level, tile.index] if tile.level == 0 else honest(tile),
    ):
        with suppress(BadProof, Malformed):
            assert prefix_of(newer, old, read).root == merkle.root_of(LEAVES[:old])


def test_a_trust_file_that_asks_for_witnesses_still_convicts_by_the_logs_own_key(
    chain: Chain, fork: Chain, tmp_path: Path
) -> None:
    witness = SigningKey("witness.example/1", seed("witness"), COSIGNATURE)
    lines = f"witness w {witness.verifier}\nquorum w\n"
    trust = Policy.parse(f"log {chain.trust.logs[0]}\n{lines}".encode())
    chain.commission("L1", 1)
    fork.commission("L2", 1)
    seen = Kept(tmp_path / "seen", trust)
    seen.take(note(chain))
    assert seen.take(note(fork)).outcome == kept.SPLIT


def test_scanners_that_write_at_once_leave_whole_files_and_the_largest(
    chain: Chain, tmp_path: Path
) -> None:
    served = serving(chain)  # tiles of a larger tree hold those of each smaller one
    notes = [note(chain)]
    for number in range(5):
        chain.commission(f"L{number}", 1)
        notes.append(note(chain))
    tiles = {}
    for text in notes:
        size = int(text.split(b"\n")[1])
        tiles[f"tile/0/000.p/{size}"] = served.tile(Tile(0, 0, size))
    start = Barrier(6)

    def scanner(number: int) -> list[str]:
        seen = Kept(tmp_path / "seen", chain.trust)
        start.wait()
        return [
            seen.take(text, public(lambda path: (200, tiles[path]))).not_kept
            for text in (notes[number:] + notes[:number]) * 5
        ]

    with ThreadPoolExecutor(6) as pool:
        told = [words for found in pool.map(scanner, range(6)) for words in found]
    assert set(told) == {""}
    left = [p for p in (tmp_path / "seen").rglob("*") if p.is_file() and p.name[0] != "."]
    assert notes[-1] in {path.read_bytes() for path in left}
    assert {path.read_bytes() for path in left} <= set(notes)


def signed(size: int, root: bytes = b"") -> bytes:
    """A note of the tree of the first leaves, or of another one of that size."""
    name = "log.example/test"
    checkpoint = Checkpoint(name, size, root or merkle.root_of(LEAVES[:size]))
    return sign_checkpoint(checkpoint, SigningKey(name, seed("log")))


def test_however_many_checkpoints_wait_for_a_line_none_is_refused(
    chain: Chain, seen: Kept, tmp_path: Path
) -> None:
    sizes = range(1, 100)
    assert {seen.take(signed(size)).not_kept for size in sizes} == {""}
    later = Kept(tmp_path / "seen", chain.trust)
    for size in (64, 65, 66, 99):
        assert later.take(signed(size, bytes(32))).outcome == kept.SPLIT
    asked: list[str] = []

    def answer(path: str) -> tuple[int, bytes]:
        asked.append(path)
        tile = Tile.parse(path)
        return 200, tile_of(99)(tile)[: tile.width * 32]

    assert later.take(signed(99), public(answer)).outcome == kept.PROVEN
    assert len(asked) == len(set(asked))  # each tile once
    assert [path.name[:16] for path in (tmp_path / "seen").glob("*/0*")] == [f"{99:016d}"]


def test_what_a_log_signs_without_end_does_not_fill_the_folder_and_a_conviction_has_room(
    seen: Kept, tmp_path: Path
) -> None:
    seen.take(signed(1))
    refusing = public(lambda path: (404, b""))
    found = [seen.take(signed(size), refusing) for size in range(2, 200)]
    assert {one.outcome for one in found} == {kept.NOT_PROVEN}
    written = list((tmp_path / "seen" / EVIDENCE).iterdir())
    assert len(written) < 100
    assert "remove them" in found[-1].not_kept
    assert len(seen.take(signed(1, bytes(32))).evidence) == 2
