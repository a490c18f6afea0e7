"""The transparency log's formats against public vectors, and properties of their own."""

from __future__ import annotations

import contextlib
import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import BadProof, BadSignature, LedgerError, Malformed
from ledger.tlog import ed25519, merkle, tiles
from ledger.tlog.checkpoint import Checkpoint, cosign, cosigned, open_checkpoint, sign_checkpoint
from ledger.tlog.note import COSIGNATURE, Note, SigningKey, VerifierKey
from ledger.tlog.policy import Policy
from ledger.tlog.tiles import Tile
from tests.world import seed

VECTORS = Path(__file__).resolve().parents[2] / "vectors"


def vectors(name: str) -> Any:
    """A vector file's content."""
    return json.loads((VECTORS / name).read_bytes())


def keyed(name: str, key: str) -> Any:
    """One part of a vector file."""
    return vectors(name)[key]


@pytest.mark.parametrize(
    "case", vectors("transparency-dev-merkle/inclusion.json"), ids=lambda c: c["file"]
)
def test_inclusion_vectors(case: dict[str, Any]) -> None:
    path = [b64decode(node) for node in case["proof"] or []]
    leaf, root = b64decode(case["leafHash"] or ""), b64decode(case["root"] or "")
    arguments = (case["leafIdx"], case["treeSize"], leaf, path, root)
    if case["wantErr"]:
        with pytest.raises(BadProof):
            merkle.verify_inclusion(*arguments)
    else:
        merkle.verify_inclusion(*arguments)


@pytest.mark.parametrize(
    "case", vectors("transparency-dev-merkle/consistency.json"), ids=lambda c: c["file"]
)
def test_consistency_vectors(case: dict[str, Any]) -> None:
    path = [b64decode(node) for node in case["proof"] or []]
    roots = b64decode(case["root1"] or ""), b64decode(case["root2"] or "")
    if case["wantErr"]:
        with pytest.raises(BadProof):
            merkle.verify_consistency(case["size1"], case["size2"], *roots, path)
    else:
        merkle.verify_consistency(case["size1"], case["size2"], *roots, path)


@pytest.mark.parametrize(
    "case", keyed("go-x-mod/signed-note.json", "open"), ids=lambda c: c["desc"]
)
def test_signed_note_vectors(case: dict[str, Any]) -> None:
    keys = [VerifierKey.parse(vkey) for vkey in case["trusted_vkeys"]]
    data = b64decode(case["note_b64"])
    if case["result"].startswith("malformed"):
        with pytest.raises(Malformed):
            Note.parse(data)
    elif case["result"] == "ok":
        note = Note.parse(data)
        assert {key.name for key in note.verified(keys)} == {
            name.split("+")[0] for name in case["verified"]
        }
        assert bytes(note) == data
    else:
        with pytest.raises(BadSignature):
            Note.parse(data).verified(keys)


@pytest.mark.parametrize("vkey", keyed("go-x-mod/signed-note.json", "vkeys_valid"))
def test_every_mangled_verifier_key_is_refused(vkey: str) -> None:
    assert str(VerifierKey.parse(vkey)) == vkey
    for start in range(len(vkey)):
        for end in range(start + 1, len(vkey) + 1):
            if end - start < len(vkey):
                with pytest.raises(Malformed):
                    VerifierKey.parse(vkey[start:end])
        with pytest.raises(Malformed):
            VerifierKey.parse(vkey[:start] + chr(ord(vkey[start]) + 1) + vkey[start + 1 :])


def policy_cases(kind: str) -> list[Any]:
    return [(c["config"], c) for c in keyed("sigsum-go/policy.json", kind)]


@pytest.mark.parametrize(("config", "case"), policy_cases("invalid"))
def test_invalid_trust_files_are_refused(config: str, case: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        Policy.parse(config.encode())


@pytest.mark.parametrize(("config", "case"), policy_cases("valid"))
def test_valid_trust_files_and_their_quorums(config: str, case: dict[str, Any]) -> None:
    policy = Policy.parse(config.encode())
    for one in case["sets"]:
        times = dict.fromkeys(one["cosigned"], 1)
        met = policy.quorum == "none" or policy._met(policy.quorum, times)
        assert met == one["quorum"], one


def wycheproof() -> list[Any]:
    return [
        (group["publicKey"]["pk"], test)
        for group in keyed("wycheproof/ed25519_test.json", "testGroups")
        for test in group["tests"]
    ]


@pytest.mark.parametrize(("public", "case"), wycheproof(), ids=lambda v: str(v)[:24])
def test_wycheproof_signatures(public: str, case: dict[str, Any]) -> None:
    arguments = (bytes.fromhex(public), bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
    if case["result"] == "valid":
        ed25519.verify(*arguments)
    else:
        with pytest.raises(BadSignature):
            ed25519.verify(*arguments)


def test_a_foreign_log_grown_entry_by_entry() -> None:
    folder = VECTORS / "tessera-testdata-log/log"
    vkey = VerifierKey.parse(
        "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
    )
    earlier: list[Checkpoint] = []
    for size in range(16):
        data = (folder / f"checkpoint.{size}").read_bytes()
        checkpoint = open_checkpoint(data, vkey)
        if size:
            read = lambda tile: (folder / tile.path).read_bytes()  # noqa: E731
            hashes = tiles.hash_reader(size, read)
            assert merkle.tree_root(size, hashes) == checkpoint.root
            bundle = tiles.decode_entries((folder / Tile(-1, 0, size).path).read_bytes())
            for index, entry in enumerate(bundle):
                path = merkle.inclusion_path(index, size, hashes)
                merkle.verify_inclusion(index, size, merkle.leaf_hash(entry), path, checkpoint.root)
            for old in earlier:
                proof = merkle.consistency_path(old.size, size, hashes)
                merkle.verify_consistency(old.size, size, old.root, checkpoint.root, proof)
            earlier.append(checkpoint)


def test_low_order_and_non_canonical_keys_are_refused() -> None:
    p = 2**255 - 19
    order8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD83D3D706A17C7
    for y in (0, 1, p - 1, p, p + 1, order8, p - order8):
        for sign in (0, 1 << 255):
            raw = (y | sign).to_bytes(32, "little")
            with pytest.raises(Malformed):
                ed25519.check_public(raw)
            with pytest.raises(Malformed):
                ed25519.refuse_low_order(raw)
    with pytest.raises(Malformed):
        ed25519.check_public((p + 5).to_bytes(32, "little"))
    ed25519.check_public(ed25519.public_of(seed("any")))


@given(st.integers(1, 700), st.data())
def test_tiles_grown_in_steps_prove_every_leaf_and_every_prefix(size: int, data: Any) -> None:
    leaves = [merkle.leaf_hash(str(i).encode()) for i in range(size)]
    stored: dict[tuple[int, int], bytes] = {}
    done = 0
    while done < size:
        step = data.draw(st.integers(1, size - done))

        def below(tile: Tile) -> bytes:
            raise AssertionError(f"asked for {tile}")

        read = tiles.reader_over(stored, below)
        stored.update(tiles.new_tiles(done, leaves[done : done + step], read))
        done += step
    read = tiles.reader_over(stored, below)
    hashes = tiles.hash_reader(size, read)
    root = merkle.tree_root(size, hashes)
    assert root == merkle.root_of(leaves)
    index = data.draw(st.integers(0, size - 1))
    path = merkle.inclusion_path(index, size, hashes)
    merkle.verify_inclusion(index, size, leaves[index], path, root)
    if path:
        path[0] = bytes(32)
        with pytest.raises(BadProof):
            merkle.verify_inclusion(index, size, leaves[index], path, root)
    old = data.draw(st.integers(1, size))
    proof = merkle.consistency_path(old, size, hashes)
    merkle.verify_consistency(old, size, merkle.root_of(leaves[:old]), root, proof)
    if old > 1:
        forged = merkle.root_of([*leaves[: old - 1], bytes(32)])
        with pytest.raises(BadProof):
            merkle.verify_consistency(old, size, forged, root, proof)


@given(st.integers(-1, 63), st.integers(0, 2**40), st.integers(1, 256))
def test_a_tiles_path_reads_back(level: int, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert Tile.parse(tile.path) == tile


@given(st.text(max_size=60))
def test_no_text_but_a_tiles_path_is_one(text: str) -> None:
    for path in (text, f"tile/{text}", f"tile/0/{text}"):
        with contextlib.suppress(Malformed):
            assert Tile.parse(path).path == path


@pytest.mark.parametrize("path", [
    "tile/0/1", "tile/00/000", "tile/64/000", "tile/0/000.p/0", "tile/0/000.p/256",
    "tile/0/000.p/01", "tile/0/x000/000", "tile/0/x001", "tile/0/../000", "tile/-1/000",
    "tile/entries/000.p/٥", "/tile/0/000",
])  # fmt: skip
def test_odd_tile_paths_are_refused(path: str) -> None:
    with pytest.raises(Malformed):
        Tile.parse(path)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_entry_bundles_read_back(entries: list[bytes]) -> None:
    data = tiles.encode_entries(entries)
    assert tiles.decode_entries(data) == entries
    if data:
        with pytest.raises(Malformed):
            tiles.decode_entries(data[:-1])


def test_any_byte_of_a_checkpoint_changed_is_found() -> None:
    key = SigningKey("log.example/x", seed("log"))
    note = sign_checkpoint(Checkpoint("log.example/x", 7, merkle.leaf_hash(b"")), key)
    assert open_checkpoint(note, key.verifier).size == 7
    for place in range(len(note)):
        forged = note[:place] + bytes([note[place] ^ 1]) + note[place + 1 :]
        with pytest.raises(LedgerError):
            open_checkpoint(forged, key.verifier)


def test_cosignatures_count_towards_the_quorum_and_a_forged_one_refuses_the_note() -> None:
    key = SigningKey("log.example/x", seed("log"))
    witness = SigningKey("witness.example", seed("witness"), COSIGNATURE)
    signed = sign_checkpoint(Checkpoint("log.example/x", 7, merkle.leaf_hash(b"")), key)
    note = Note.parse(signed)
    whole = Note(note.text, (*note.signatures, cosign(note.text, witness, 1234)))
    assert cosigned(whole, [witness.verifier]) == {witness.verifier: 1234}
    trust = f"log {key.verifier}\nwitness W {witness.verifier}\nquorum W\n".encode()
    assert dict(Policy.parse(trust).open_checkpoint(bytes(whole)).cosigned) == {"W": 1234}
    with pytest.raises(BadProof, match="quorum"):
        Policy.parse(trust).open_checkpoint(signed)
    line = whole.signatures[1]
    forged = Note(
        note.text, (note.signatures[0], type(line)(line.name, line.id, line.blob[:-1] + b"\0"))
    )
    with pytest.raises(BadSignature):
        Policy.parse(trust).open_checkpoint(bytes(forged))


@given(st.binary(max_size=400))
def test_no_bytes_crash_the_parsers(data: bytes) -> None:
    for parse in (Note.parse, Checkpoint.parse, Policy.parse, tiles.decode_entries):
        with contextlib.suppress(LedgerError):
            parse(data)
