"""A checker in Go, on Go's own transparency-log library, against the served and the exported log.

What is right here and wrong there is a misreading of the formats, which our own tests would share.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import httpx
import pytest

from app import create_app
from app.config import Settings
from ledger.store.batch import Receipt
from ledger.store.publish import export, read_checkpoint
from ledger.tlog import merkle
from ledger.tlog.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from ledger.tlog.note import Note, SigningKey, VerifierKey
from ledger.tlog.tiles import HASH, Tile, decode_entries, encode_entries, width_at
from tests.nodes import serving
from tests.world import ORIGIN, Chain, seed

GOPATH = Path("/usr/share/gocode")
SOURCE = Path(__file__).with_name("check_log.go")

# As founded; a partial tile; one full tile and nothing beside it; one entry more; full tiles, a
# partial one beside them, and two hashes at level 1.
SIZES = (16, 200, 256, 257, 530)
LAST = SIZES[-1]
FORKED = 300

Check = Callable[..., str]


class Rejected(AssertionError):
    """The checker exited 1; the message is the one line that it wrote."""


@dataclass(frozen=True)
class Published:
    """A log that grew while it was served: what was read and exported of it at each size."""

    url: str
    key: VerifierKey
    vkey: Path
    notes: dict[int, Path]
    folders: dict[int, Path]


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> Check:
    """The checker: answers the line of a log that holds, raises Rejected for any other."""
    if shutil.which("go") is None or not (GOPATH / "src/golang.org/x/mod/sumdb").is_dir():
        pytest.fail("the checker needs Go and golang.org/x/mod; run make setup-test")
    folder = tmp_path_factory.mktemp("go")
    binary = folder / "check_log"
    # Debian's packages are a GOPATH: nothing is fetched, and no setting of the user's counts.
    environ = {
        **os.environ, "GO111MODULE": "off", "GOPATH": str(GOPATH), "GOFLAGS": "",
        "GOCACHE": str(folder / "cache"), "GOENV": "off", "GOWORK": "off",
    }  # fmt: skip
    command = ["go", "build", "-o", str(binary), str(SOURCE)]
    built = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr

    def run(*arguments: object) -> str:
        command = [str(binary), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 1 and not done.stdout and done.stderr.count("\n") == 1:
            raise Rejected(done.stderr)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    return run


def grow(chain: Chain, size: int) -> None:
    """Let the log have this many entries: each one more pack, all in one transaction."""
    row = chain.store.one("SELECT COUNT(*) FROM entry")
    assert row is not None
    ids = chain.pack_ids("L1", size)[row[0] :]
    expiry = date(2028, 1, 31)
    packs = [chain.event("commission", chain.maker, [i], lot="L1", expiry=expiry) for i in ids]
    assert all(isinstance(outcome, Receipt) for outcome in chain.log.append(packs))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    """A log that grows in a running server, and is exported into one folder as it grows."""
    folder = tmp_path_factory.mktemp("foreign")
    chain = Chain(folder / "log")
    app = create_app(Settings(log=chain.folder, secure=False, clock=lambda: chain.now))
    with serving(app) as node:
        url = f"{node}/log"
        vkey = folder / "key.txt"
        vkey.write_text(f"{chain.log_key.verifier}\n")
        made = Published(url, chain.log_key.verifier, vkey, {}, {})
        for size in SIZES:
            grow(chain, size)
            note = httpx.get(f"{url}/checkpoint", trust_env=False)
            made.notes[size] = folder / f"checkpoint-{size}"
            made.notes[size].write_bytes(note.content)
            export(chain.store, folder / "public")
            made.folders[size] = shutil.copytree(folder / "public", folder / f"public-{size}")
        yield made
    chain.store.close()


@pytest.fixture
def copy(published: Published, tmp_path: Path) -> Path:
    """The exported log, to spoil."""
    return shutil.copytree(published.folders[LAST], tmp_path / "copy")


def proofs(line: str, note: bytes, key: VerifierKey) -> int:
    """How many consistency proofs the checker made; it must have seen all of this checkpoint."""
    head = open_checkpoint(note, key)
    root = b64encode(head.root).decode()
    words, _, count = line.rstrip("\n").rpartition("=")
    assert words == f"ok size={head.size} root={root} inclusion={head.size} consistency"
    return int(count)


@pytest.mark.parametrize("old", SIZES)
def test_the_served_log_holds_and_continues_what_was_served_before(
    check: Check, published: Published, old: int
) -> None:
    line = check(published.vkey, published.url, published.notes[old])
    assert line.startswith(f"ok size={LAST} ")
    assert proofs(line, published.notes[LAST].read_bytes(), published.key) > LAST.bit_length()


@pytest.mark.parametrize("size", SIZES)
def test_the_exported_log_holds_at_each_size(check: Check, published: Published, size: int) -> None:
    folder = published.folders[size]
    note = published.notes[size].read_bytes()
    assert (folder / "trust.txt").read_text() == f"log {published.key}\nquorum none\n"
    alone = proofs(check(folder / "log.vkey", folder), note, published.key)
    for old in (some for some in SIZES if some <= size):
        line = check(folder / "log.vkey", folder, published.notes[old])
        assert proofs(line, note, published.key) == alone + 1


def test_a_static_copy_of_the_served_tiles_is_the_export(published: Published) -> None:
    folder = published.folders[LAST]
    # Partial tiles of earlier sizes lie there too, and the server still has each of them.
    tiles = sorted(path for path in (folder / "tile").rglob("*") if path.is_file())
    assert {Tile.parse(path.relative_to(folder).as_posix()).level for path in tiles} == {-1, 0, 1}
    for path in tiles:
        served = httpx.get(f"{published.url}/{path.relative_to(folder)}", trust_env=False)
        assert (served.status_code, served.content) == (200, path.read_bytes())


def flip(path: Path, place: int) -> None:
    """Change one bit of a file."""
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("level", "index", "place", "words"),
    [
        (-1, 0, 40, "entry 0: its hash is not the leaf"),
        (-1, 0, -1, "entry 255: its hash is not the leaf"),
        (-1, 2, -1, f"entry {LAST - 1}: its hash is not the leaf"),
        (-1, 1, 0, "tile/entries/001: "),  # a length
        (0, 0, 7 * HASH, "entry 0: "),
        (0, 1, 255 * HASH, "entry 256: "),
        (0, 2, -1, "entry 0: downloaded inconsistent tile"),
        (1, 0, 0, "entry 0: downloaded inconsistent tile"),
    ],
)
def test_one_changed_bit_in_a_tile_is_found(
    check: Check, copy: Path, level: int, index: int, place: int, words: str
) -> None:
    path = copy / Tile(level, index, width_at(level, index, LAST)).path
    flip(path, place)
    with pytest.raises(Rejected, match=words):
        check(copy / "log.vkey", copy)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_an_entry_changed_with_its_leaf_is_found(check: Check, copy: Path, index: int) -> None:
    width = width_at(0, index, LAST)
    bundle, tile = copy / Tile(-1, index, width).path, copy / Tile(0, index, width).path
    entries = decode_entries(bundle.read_bytes())
    entries[3] += b" "
    bundle.write_bytes(encode_entries(entries))
    hashes = bytearray(tile.read_bytes())
    hashes[3 * HASH : 4 * HASH] = merkle.leaf_hash(entries[3])
    tile.write_bytes(hashes)
    with pytest.raises(Rejected, match=r"entry \d+: "):
        check(copy / "log.vkey", copy)


@pytest.mark.parametrize("index", [0, 2])
@pytest.mark.parametrize("level", [-1, 0])
def test_a_tile_that_is_missing_or_short_is_found(
    check: Check, copy: Path, level: int, index: int
) -> None:
    path = copy / Tile(level, index, width_at(level, index, LAST)).path
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Rejected, match=f"{path.relative_to(copy)}: "):
        check(copy / "log.vkey", copy)
    path.unlink()
    with pytest.raises(Rejected, match=f"{path.relative_to(copy)}: no such file"):
        check(copy / "log.vkey", copy)


def test_a_bundle_with_an_entry_less_is_found(check: Check, copy: Path) -> None:
    path = copy / Tile(-1, 1).path
    path.write_bytes(encode_entries(decode_entries(path.read_bytes())[:-1]))
    with pytest.raises(Rejected, match="tile/entries/001: 255 entries, not 256"):
        check(copy / "log.vkey", copy)


def test_a_changed_signature_is_found(check: Check, copy: Path) -> None:
    path = copy / "checkpoint"
    note = Note.parse(path.read_bytes())
    (line,) = note.signatures
    blob = line.blob[:20] + bytes([line.blob[20] ^ 1]) + line.blob[21:]
    path.write_bytes(bytes(replace(note, signatures=(replace(line, blob=blob),))))
    with pytest.raises(Rejected, match="checkpoint: invalid signature for key"):
        check(copy / "log.vkey", copy)


def test_a_checkpoint_edited_under_its_signature_is_found(check: Check, copy: Path) -> None:
    path = copy / "checkpoint"
    path.write_bytes(path.read_bytes().replace(b"\n530\n", b"\n529\n"))
    with pytest.raises(Rejected, match="checkpoint: invalid signature for key"):
        check(copy / "log.vkey", copy)


@pytest.mark.parametrize(
    "change", [{"root": merkle.leaf_hash(b"")}, {"size": LAST - 1}, {"size": LAST + 1}]
)
def test_a_signed_head_of_other_entries_is_found(
    check: Check, copy: Path, published: Published, change: dict[str, bytes | int]
) -> None:
    head = open_checkpoint(published.notes[LAST].read_bytes(), published.key)
    forged = replace(head, **change)
    (copy / "checkpoint").write_bytes(sign_checkpoint(forged, SigningKey(ORIGIN, seed("log"))))
    # Tiles as wide as this size implies, so that the hashes alone can tell.
    for level, index in ((-1, 2), (0, 2)):
        wide = copy / Tile(level, index, width_at(level, index, LAST)).path
        data = wide.read_bytes()
        if level == 0:
            data = (data + bytes(HASH))[: width_at(0, 2, forged.size) * HASH]
        else:
            entries = [*decode_entries(data), b"{}"]
            data = encode_entries(entries[: width_at(0, 2, forged.size)])
        (copy / Tile(level, index, width_at(level, index, forged.size)).path).write_bytes(data)
    with pytest.raises(Rejected, match="entry 0: downloaded inconsistent tile"):
        check(copy / "log.vkey", copy)


@pytest.mark.parametrize(
    ("name", "key"), [(ORIGIN, "another log"), ("log.example/other", "another log")]
)
def test_another_logs_key_opens_nothing(
    check: Check, published: Published, tmp_path: Path, name: str, key: str
) -> None:
    vkey = tmp_path / "other.vkey"
    vkey.write_text(f"{SigningKey(name, seed(key)).verifier}\n")
    for place in (published.url, published.folders[LAST]):
        with pytest.raises(Rejected, match="checkpoint: note has no verifiable signatures"):
            check(vkey, place)


def test_a_key_of_another_name_does_not_vouch_for_the_origin(
    check: Check, copy: Path, published: Published
) -> None:
    head = open_checkpoint(published.notes[LAST].read_bytes(), published.key)
    other = SigningKey("log.example/other", seed("log"))
    (copy / "checkpoint").write_bytes(bytes(Note(bytes(head), (other.sign(bytes(head)),))))
    (copy / "log.vkey").write_text(f"{other.verifier}\n")
    with pytest.raises(Rejected, match=f'checkpoint: of "{ORIGIN}", the key is for'):
        check(copy / "log.vkey", copy)


@pytest.mark.parametrize("size", [FORKED, LAST])
def test_an_old_checkpoint_of_a_fork_is_found(
    check: Check, published: Published, tmp_path: Path, size: int
) -> None:
    # The same origin and keys, other statements: what a log shows that lies to someone.
    fork = Chain(tmp_path / "fork", seeded="fork")
    grow(fork, size)
    old = tmp_path / "old"
    old.write_bytes(read_checkpoint(fork.store))
    fork.store.close()
    head = open_checkpoint(old.read_bytes(), published.key)
    assert (head.origin, head.size) == (ORIGIN, size)
    for place in (published.url, published.folders[LAST]):
        with pytest.raises(Rejected, match=f"old checkpoint: size {size} to {LAST}: invalid"):
            check(published.vkey, place, old)


def test_a_log_that_lost_entries_is_found(check: Check, published: Published) -> None:
    with pytest.raises(Rejected, match="old checkpoint: it covers 530 entries, the log has 256"):
        check(published.vkey, published.folders[256], published.notes[LAST])


def test_an_old_checkpoint_is_only_one_that_the_log_signed(
    check: Check, published: Published, tmp_path: Path
) -> None:
    head = open_checkpoint(published.notes[256].read_bytes(), published.key)
    old = tmp_path / "old"
    old.write_bytes(sign_checkpoint(head, SigningKey(ORIGIN, seed("another log"))))
    with pytest.raises(Rejected, match="old checkpoint: note has no verifiable signatures"):
        check(published.vkey, published.url, old)


def test_an_empty_log_holds_and_is_how_each_began(
    check: Check, published: Published, tmp_path: Path
) -> None:
    empty = sign_checkpoint(
        Checkpoint(ORIGIN, 0, merkle.EMPTY_ROOT), SigningKey(ORIGIN, seed("log"))
    )
    (tmp_path / "checkpoint").write_bytes(empty)
    assert proofs(check(published.vkey, tmp_path), empty, published.key) == 0
    check(published.vkey, published.url, tmp_path / "checkpoint")
