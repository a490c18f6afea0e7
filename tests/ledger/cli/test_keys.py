"""Key files: sealed, private to their owner, and opened by the right passphrase alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import LedgerError
from ledger.statement import keyfile
from tests.ledger.cli.conftest import Run
from tests.world import gln

PARTY = gln("952111100000")


def test_a_new_key_is_sealed_and_readable_by_its_owner_alone(
    packtrace: Run, tmp_path: Path
) -> None:
    path = tmp_path / "keys" / "station.key"
    made = packtrace(
        "key", "new", path, "--party", PARTY, "--json", stdin="correct horse\ncorrect horse\n"
    )
    assert made.code == 0, made.err
    assert path.stat().st_mode & 0o777 == 0o600
    assert made.told["encrypted"] is True
    seed = keyfile.unseal(path.read_bytes(), b"correct horse")
    assert seed not in path.read_bytes()
    with pytest.raises(LedgerError, match="passphrase"):
        keyfile.unseal(path.read_bytes(), b"wrong horse")
    shown = packtrace("key", "show", path, "--json").told
    assert shown["keyid"] == made.told["keyid"]
    listed = packtrace("key", "list", path.parent, "--json").told["keys"]
    assert [key["file"] for key in listed] == [str(path)]


def test_passphrases_that_differ_make_no_key(packtrace: Run, tmp_path: Path) -> None:
    path = tmp_path / "station.key"
    done = packtrace("key", "new", path, stdin="one\ntwo\n")
    assert done.code == 2
    assert not path.exists()


def test_an_existing_key_is_never_overwritten(packtrace: Run, tmp_path: Path) -> None:
    path = tmp_path / "station.key"
    assert packtrace("key", "new", path, "--plain").code == 0
    before = path.read_bytes()
    again = packtrace("key", "new", path, "--plain")
    assert again.code == 2
    assert "is there already" in again.err
    assert path.read_bytes() == before


def test_a_plain_key_says_so(packtrace: Run, tmp_path: Path) -> None:
    path = tmp_path / "station.key"
    made = packtrace("key", "new", path, "--plain")
    assert keyfile.PLAIN in made.out
    assert keyfile.PLAIN.encode() in path.read_bytes()


def test_the_environment_can_give_the_passphrase(packtrace: Run, tmp_path: Path) -> None:
    path = tmp_path / "station.key"
    made = packtrace("key", "new", path, PACKTRACE_PASSPHRASE="from the environment")
    assert made.code == 0
    assert keyfile.unseal(path.read_bytes(), b"from the environment")


def test_a_bad_party_makes_no_key(packtrace: Run, tmp_path: Path) -> None:
    path = tmp_path / "station.key"
    done = packtrace("key", "new", path, "--party", "9521111000001", "--plain")
    assert done.code == 2
    assert not path.exists()


def test_what_is_no_key_file_is_named(packtrace: Run, tmp_path: Path) -> None:
    path = tmp_path / "other.key"
    for data in (b"", b"{}", b"\xff\xfe", b'{"v":1}', b"[" * 100_000):
        path.write_bytes(data)
        assert packtrace("key", "show", path).code == 2
        listed = packtrace("key", "list", tmp_path)
        assert listed.code == 0
        assert "other.key" in listed.err
