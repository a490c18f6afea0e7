"""Recovering: what is no whole backup is refused, and the newest checkpoint rules what may go on."""

from __future__ import annotations

import io
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from ledger import pulled
from ledger.mirror import Mirror
from ledger.store.check import check
from ledger.store.database import DATABASE, GUARD
from ledger.store.desk import DATABASE as DESK
from ledger.store.desk import Desk
from ledger.store.models import VIEWS
from ledger.store.publish import trust_file
from ledger.tlog import merkle
from ledger.tlog.checkpoint import Checkpoint, sign_checkpoint
from ledger.tlog.note import SigningKey
from tests.ledger.cli.conftest import Run
from tests.ledger.cli.test_backup import members, refused, reopened
from tests.ledger.test_following import fetcher
from tests.world import ORIGIN, Chain, seed


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    """A supply chain in a folder beside its backups."""
    made = Chain(tmp_path / "log")
    yield made
    made.store.close()


# What is no backup is refused, and nothing is left of it


@pytest.fixture
def good(chain: Chain, packtrace: Run, tmp_path: Path) -> Path:
    """A backup that is whole, with its keys."""
    chain.commission("L1", 2)
    Desk(chain.folder, chain.store.key).close()
    (chain.folder / "trust.txt").write_bytes(trust_file(chain.store))
    packtrace("backup", tmp_path / "good.tar", "--log", chain.folder, "--with-keys")
    return tmp_path / "good.tar"


def test_a_truncated_backup_is_refused(good: Path, packtrace: Run, tmp_path: Path) -> None:
    data = good.read_bytes()
    end = data.rindex(b'"vkey"')
    for length in (0, 100, 512, 1024, end // 3, end // 2 // 512 * 512, end - 1024, end):
        (tmp_path / "cut.tar").write_bytes(data[:length])
        assert "no whole backup" in refused(packtrace, tmp_path / "cut.tar", tmp_path / "again")


def test_an_altered_backup_is_refused(good: Path, packtrace: Run, tmp_path: Path) -> None:
    with tarfile.open(good) as tar:
        places = {one.name: one.offset_data + one.size // 2 for one in tar}
    assert {"checkpoint", DATABASE, DESK, "trust.txt", "keys/content-key"} <= set(places)
    for name, at in places.items():
        data = bytearray(good.read_bytes())
        data[at] ^= 4
        (tmp_path / "bad.tar").write_bytes(data)
        assert refused(packtrace, tmp_path / "bad.tar", tmp_path / "again"), name


def test_a_backup_altered_with_its_list_does_not_verify(
    good: Path, packtrace: Run, tmp_path: Path
) -> None:
    """Who alters it on purpose writes the list anew too; the log's signatures give it away."""
    found = members(good)
    (tmp_path / DATABASE).write_bytes(found[DATABASE])
    with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as database:
        database.execute("UPDATE named SET data = zeroblob(length(data))")
    altered = (tmp_path / DATABASE).read_bytes()
    old, new = (sha256(data).hexdigest().encode() for data in (found[DATABASE], altered))
    found |= {DATABASE: altered, "backup.json": found["backup.json"].replace(old, new)}
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        for name, data in found.items():
            add(tar, name, data)
    assert "table named" in refused(packtrace, tmp_path / "bad.tar", tmp_path / "again")


def add(tar: tarfile.TarFile, name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE) -> None:
    """Put a member into a tar, whatever it is called."""
    header = tarfile.TarInfo(name)
    header.size, header.type, header.linkname = len(data), kind, "/etc/passwd"
    tar.addfile(header, io.BytesIO(data))


@pytest.mark.parametrize(("name", "kind"), [
    ("../outside", tarfile.REGTYPE), ("/tmp/outside", tarfile.REGTYPE),
    ("keys/../../outside", tarfile.REGTYPE), ("documents/../outside", tarfile.REGTYPE),
    ("keys/.hidden", tarfile.REGTYPE), ("checkpoint", tarfile.REGTYPE), ("other", tarfile.REGTYPE),
    ("keys", tarfile.DIRTYPE), ("keys/content-key", tarfile.SYMTYPE),
    ("keys/content-key", tarfile.LNKTYPE), ("keys/content-key", tarfile.FIFOTYPE),
])  # fmt: skip
def test_a_member_that_leads_elsewhere_is_refused(
    good: Path, packtrace: Run, tmp_path: Path, name: str, kind: bytes
) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        add(tar, "checkpoint", members(good)["checkpoint"])
        add(tar, name, b"", kind)
    before = sorted(tmp_path.rglob("*"))
    assert "no backup" in refused(packtrace, tmp_path / "bad.tar", inner / "again")
    assert sorted(tmp_path.rglob("*")) == before
    assert not Path("/tmp/outside").exists()  # what the member names


def test_a_folder_that_holds_anything_is_refused(
    good: Path, packtrace: Run, tmp_path: Path, chain: Chain
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").write_text("mine")
    for folder in (tmp_path / "full", chain.folder):
        before = sorted(path.name for path in folder.iterdir())
        done = packtrace("recover", good, folder, "--nothing-newer")
        assert (done.code, "not empty" in done.err) == (2, True)
        assert sorted(path.name for path in folder.iterdir()) == before
    (tmp_path / "empty").mkdir()
    assert packtrace("recover", good, tmp_path / "empty", "--nothing-newer").code == 0


# What the newest checkpoint says


def test_nobody_recovers_without_a_word_on_what_is_newer(
    good: Path, packtrace: Run, tmp_path: Path, chain: Chain
) -> None:
    neither = packtrace("recover", good, tmp_path / "again")
    both = packtrace(
        "recover", good, tmp_path / "again", "--nothing-newer", "--checkpoint", chain.folder / GUARD
    )
    assert neither.code == both.code == 2
    assert "--nothing-newer" in neither.err
    assert not (tmp_path / "again").exists()


def test_a_checkpoint_of_another_log_or_history_is_refused(
    good: Path, packtrace: Run, tmp_path: Path, chain: Chain
) -> None:
    size = chain.store.one("SELECT MAX(size) FROM checkpoint")
    assert size is not None
    foreign = SigningKey("log.example/other", seed("other"))
    root = merkle.leaf_hash(b"another history")
    for key, at, words in (
        (foreign, size[0], "no checkpoint of this log"),
        (SigningKey(ORIGIN, seed("other")), size[0], "no checkpoint of this log"),
        (chain.log_key, size[0], "another history"),
        (chain.log_key, size[0] - 1, "another history"),
    ):
        (tmp_path / "note").write_bytes(sign_checkpoint(Checkpoint(key.name, at, root), key))
        assert words in refused(
            packtrace, good, tmp_path / "again", "--checkpoint", tmp_path / "note"
        )


def test_the_newest_of_several_checkpoints_counts(
    good: Path, packtrace: Run, tmp_path: Path, chain: Chain
) -> None:
    words: list[object] = []
    for number, lot in enumerate(("L2", "L3")):
        chain.commission(lot, 1)
        shutil.copy(chain.folder / GUARD, tmp_path / f"note{number}")
        words = ["--checkpoint", tmp_path / f"note{number}", *words]
    made = packtrace("recover", good, tmp_path / "again", *words, "--json").told
    assert made["released"] == made["size"] + 2
    shutil.copy(tmp_path / "again" / GUARD, tmp_path / "kept")
    assert (tmp_path / "kept").read_bytes() == (chain.folder / GUARD).read_bytes()
    # Two that are ahead and contradict each other convict the log's key by themselves.
    root = merkle.leaf_hash(b"another history")
    forged = sign_checkpoint(Checkpoint(ORIGIN, made["released"], root), chain.log_key)
    (tmp_path / "forged").write_bytes(forged)
    assert "another history" in refused(
        packtrace, good, tmp_path / "third", *words, "--checkpoint", tmp_path / "forged"
    )


def test_an_old_backup_and_newer_books_make_the_lost_log_anew(
    good: Path, packtrace: Run, tmp_path: Path, chain: Chain
) -> None:
    """The way on from a log that came back read-only."""
    since = chain.reader.head().size
    chain.hand_over(chain.maker, chain.commission("L2", 3), chain.wholesaler)
    books, again, made = (tmp_path / name for name in ("books", "again", "made"))
    mirror = Mirror(books, chain.trust)
    mirror.sync(fetcher(chain))
    pulled.keep(books, mirror, chain.reader.addressed_to(chain.authority.gln, since))
    (books / "trust.txt").write_bytes(trust_file(chain.store))
    packtrace("recover", good, again, "--checkpoint", books / "checkpoint")
    alone = packtrace("restore", made, "--from", books)
    assert (alone.code, "nobody kept" in alone.err) == (2, True)
    shutil.copytree(again / "keys", made / "keys")
    shutil.copy(again / DESK, made / DESK)
    done = packtrace("restore", made, "--from", books, "--recovered", again)
    assert done.code == 0, done.err
    assert (made / "keys/content-key").read_bytes() == (
        chain.folder / "keys/content-key"
    ).read_bytes()
    whole = reopened(made, chain)
    names = [model._meta.table_name for model in VIEWS]
    for name in names:
        sql = f"SELECT * FROM {name}"
        assert sorted(whole.store.rows(sql), key=repr) == sorted(chain.store.rows(sql), key=repr)
    whole.commission("AFTER", 1)
    assert check(whole.store, whole.log_key.verifier) is None
    whole.store.close()
