"""Backup and upgrade: a copy that is whole or not there, and never a second history from it."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.errors import Refused
from ledger.store import fingerprints as prints
from ledger.store.check import check
from ledger.store.database import DATABASE, GUARD, URL_FILE
from ledger.store.desk import Desk, Person
from ledger.store.documents import FOLDER, Document
from ledger.store.fingerprints import Fingerprints, Kept
from ledger.store.opening import open_store
from tests.ledger.cli.conftest import Run
from tests.ledger.rules.test_refusals import tables
from tests.ledger.store.test_append import lived_in
from tests.ledger.store.test_kill import kill_after, start_writer
from tests.ledger.store.test_opening import first_schema
from tests.world import START_MS, Chain

NOW = START_MS


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Chain]:
    """A supply chain whose log is on each of the databases."""
    url = request.getfixturevalue("postgres").database() if request.param == "postgres" else ""
    made = Chain(tmp_path / "log", url=url)
    yield made
    made.store.close()


@pytest.fixture
def fresh(request: pytest.FixtureRequest) -> Callable[[Chain], list[str]]:
    """The words that name an empty database to recover a chain's log into."""

    def words(chain: Chain) -> list[str]:
        if not chain.store.on_postgres:
            return []
        return ["--database", request.getfixturevalue("postgres").database()]

    return words


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    """A supply chain whose log is on SQLite."""
    made = Chain(tmp_path / "log")
    yield made
    made.store.close()


def reopened(folder: Path, old: Chain) -> Chain:
    """The same members, on the log that lies in another folder."""
    chain = Chain.__new__(Chain)
    chain.attach(folder, "again")
    chain.log_key, chain.now, chain._count = old.log_key, old.now, 10_000
    chain.store = open_store(folder)
    chain.log = chain.new_log()
    return chain


def entries(folder: Path) -> set[str]:
    """The ids of all statements of a log."""
    store = open_store(folder)
    try:
        return {row[0] for row in store.rows("SELECT id FROM entry")}
    finally:
        store.close()


def members(backup: Path) -> dict[str, bytes]:
    """What lies in a backup."""
    with tarfile.open(backup) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]  # all are files


def refused(packtrace: Run, backup: Path, folder: Path, *words: object) -> str:
    """The words that refuse to recover, with nothing left behind."""
    done = packtrace("recover", backup, folder, *(words or ("--nothing-newer",)))
    assert done.code in (1, 2)
    assert not folder.exists()
    return done.err


# Whole, also under load


def test_a_backup_under_a_writer_holds_what_was_acknowledged_before_it(
    place: Chain, packtrace: Run, tmp_path: Path, fresh: Callable[[Chain], list[str]]
) -> None:
    process = start_writer(place.folder, "B")
    assert process.stdout is not None
    before = [process.stdout.readline().strip() for _ in range(20)]
    done = packtrace("backup", tmp_path / "b.tar", "--log", place.folder, "--json")
    acknowledged = kill_after(process, 5)
    assert done.code == 0, done.err
    words = ("--checkpoint", place.folder / GUARD, "--keys", place.folder / "keys", *fresh(place))
    made = packtrace("recover", tmp_path / "b.tar", tmp_path / "again", *words, "--json")
    assert made.code == 0, made.err  # it was checked whole, from entry 0
    found = entries(tmp_path / "again")
    assert set(before) <= found
    assert set(acknowledged) - found, "statements landed after the copy"
    assert made.told["size"] == len(found) == done.told["size"]


def test_a_recovered_old_backup_signs_no_second_history(
    place: Chain, packtrace: Run, tmp_path: Path, fresh: Callable[[Chain], list[str]]
) -> None:
    place.commission("L1", 2)
    assert packtrace("backup", tmp_path / "b.tar", "--log", place.folder).code == 0
    place.commission("L2", 2)
    words = ("--checkpoint", place.folder / GUARD, "--keys", place.folder / "keys", *fresh(place))
    made = packtrace("recover", tmp_path / "b.tar", tmp_path / "again", *words)
    assert made.code == 0
    assert "READ-ONLY" in made.out
    assert "packtrace restore" in made.out
    again = reopened(tmp_path / "again", place)
    before = tables(again)
    for _ in range(2):
        with pytest.raises(Refused) as caught:
            again.log.submit(place.key_add(place.maker, "new"))
        assert caught.value.code == "read-only"
        assert "old copy" in caught.value.detail
    assert tables(again) == before
    again.store.close()


def test_the_newest_backup_is_the_same_log_and_goes_on(
    place: Chain, packtrace: Run, tmp_path: Path, fresh: Callable[[Chain], list[str]]
) -> None:
    lived_in(place)
    assert packtrace("backup", tmp_path / "b.tar", "--log", place.folder).code == 0
    words = ("--checkpoint", place.folder / GUARD, "--keys", place.folder / "keys", *fresh(place))
    made = packtrace("recover", tmp_path / "b.tar", tmp_path / "again", *words, "--json")
    assert made.told["writes"] is True
    assert made.told["size"] == made.told["released"]
    again = reopened(tmp_path / "again", place)
    assert tables(again) == tables(place)
    again.commission("AFTER", 1)
    assert check(again.store, again.log_key.verifier) is None
    again.store.close()


def test_a_backup_has_its_own_checkpoint_though_the_file_beside_the_log_is_behind(
    chain: Chain, packtrace: Run, tmp_path: Path
) -> None:
    """A commit whose answer is on its way: the file is written after it."""
    earlier = (chain.folder / GUARD).read_bytes()
    chain.commission("L1", 1)
    newest = (chain.folder / GUARD).read_bytes()
    (chain.folder / GUARD).write_bytes(earlier)
    assert packtrace("backup", tmp_path / "b.tar", "--log", chain.folder).code == 0
    assert members(tmp_path / "b.tar")["checkpoint"] == newest


# What is in it


def test_the_desk_and_its_documents_come_along_and_sessions_do_not(
    chain: Chain, packtrace: Run, tmp_path: Path
) -> None:
    desk = Desk(chain.folder, chain.store.key)
    person = Person(chain.maker.gln, chain.maker.site, "k")
    desk.add_session(b"session", person, NOW)
    desk.people.name(chain.maker.site, "7", "Ann")
    text = b"certificate"
    digest = sha256(text).hexdigest()
    paper = Document(chain.maker.gln, digest, "lot", "text/plain", "Certificate", 0, NOW)
    desk.documents.keep(paper, [text], 100)
    desk.documents.sign(chain.maker.gln, digest, "lot", "statement")
    assert packtrace("backup", tmp_path / "b.tar", "--log", chain.folder).code == 0
    assert desk.session(b"session", NOW) == person  # nobody is signed out by a backup
    desk.close()
    words = ("--nothing-newer", "--keys", chain.folder / "keys", "--json")
    made = packtrace("recover", tmp_path / "b.tar", tmp_path / "again", *words)
    assert made.told["lacking"] == []
    again = Desk(tmp_path / "again", chain.store.key)
    assert again.session(b"session", NOW) is None
    assert again.people.names(chain.maker.site) == {"7": "Ann"}
    assert b"".join(again.documents.read(digest)) == text
    again.close()
    (chain.folder / FOLDER / digest[:2] / digest).unlink()
    assert packtrace("backup", tmp_path / "c.tar", "--log", chain.folder).code == 0
    made = packtrace("recover", tmp_path / "c.tar", tmp_path / "third", *words)
    assert made.told["lacking"] == [digest]


def test_keys_are_in_it_only_when_asked_for_and_it_is_for_its_owner_alone(
    chain: Chain, packtrace: Run, tmp_path: Path
) -> None:
    without = packtrace("backup", tmp_path / "a.tar", "--log", chain.folder)
    assert "keys are not in it" in without.out
    assert not [name for name in members(tmp_path / "a.tar") if name.startswith("keys/")]
    with_keys = packtrace("backup", tmp_path / "b.tar", "--log", chain.folder, "--with-keys")
    assert "keys/content-key" in with_keys.out
    assert (
        members(tmp_path / "b.tar")["keys/content-key"]
        == (chain.folder / "keys" / "content-key").read_bytes()
    )
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*.tar")} == {0o600}
    refused = packtrace("recover", tmp_path / "a.tar", tmp_path / "again", "--nothing-newer")
    assert (refused.code, "--keys" in refused.err) == (2, True)
    assert not (tmp_path / "again").exists()
    made = packtrace("recover", tmp_path / "b.tar", tmp_path / "again", "--nothing-newer")
    assert made.code == 0
    assert (tmp_path / "again/keys/content-key").stat().st_mode & 0o777 == 0o600


def test_labels_fingerprints_come_along_and_only_with_their_key(
    chain: Chain, packtrace: Run, tmp_path: Path
) -> None:
    item, commitment, salt = chain.pack_ids("L1", 1)[0], b"c" * 32, b"s" * 32
    store = Fingerprints.make(chain.folder / prints.FOLDER, b"word")
    store.put(item, commitment, b"AFP1", salt, NOW)
    taken = packtrace("backup", tmp_path / "a.tar", "--log", chain.folder, "--json").told
    store.close()
    assert taken["left_out"] == []
    inside = {name for name in members(tmp_path / "a.tar") if name.startswith(prints.FOLDER)}
    assert inside == {f"{prints.FOLDER}/{prints.DATABASE}"}
    assert prints.KEY in packtrace("backup", tmp_path / "b.tar", "--log", chain.folder).out

    again, words = tmp_path / "again", ("--nothing-newer", "--keys", chain.folder / "keys")
    assert prints.KEY in refused(packtrace, tmp_path / "a.tar", again, *words)
    bare = packtrace("recover", tmp_path / "a.tar", again, *words, "--without-fingerprints")
    assert (bare.code, (again / prints.FOLDER).exists()) == (0, False)

    packtrace("backup", tmp_path / "c.tar", "--log", chain.folder, "--with-keys")
    shutil.copytree(chain.folder / "keys", tmp_path / "safe")
    shutil.copy(chain.folder / prints.FOLDER / prints.KEY, tmp_path / "safe")
    for backup, keys in (("a.tar", ("--keys", tmp_path / "safe")), ("c.tar", ())):
        folder = tmp_path / f"of-{backup}"
        assert packtrace("recover", tmp_path / backup, folder, "--nothing-newer", *keys).code == 0
        assert not (folder / "keys" / prints.KEY).exists()
        assert (folder / prints.FOLDER / prints.KEY).stat().st_mode & 0o777 == 0o600
        found = Fingerprints.open(folder / prints.FOLDER, b"word")
        assert found.find(item, commitment) == Kept(b"AFP1", salt, NOW)
        found.close()


# Never half a backup, never one of an old or damaged log


def test_a_full_disk_leaves_no_file(chain: Chain, tmp_path: Path) -> None:
    chain.commission("L1", 2_000)
    out = tmp_path / "out"
    out.mkdir()
    words = [
        sys.executable,
        "-m",
        "ledger",
        "backup",
        str(out / "b.tar"),
        "--log",
        str(chain.folder),
    ]
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 600; exec "$@"', "sh", *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert list(out.iterdir()) == []


def test_a_backup_that_is_killed_leaves_no_file_of_its_name(
    chain: Chain, packtrace: Run, tmp_path: Path
) -> None:
    chain.commission("L1", 2_000)
    for number in range(50):  # some are through before the signal is
        out = tmp_path / str(number)
        out.mkdir()
        file = out / "b.tar"
        words = [sys.executable, "-m", "ledger", "backup", str(file), "--log", str(chain.folder)]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        while not list(out.iterdir()) and process.poll() is None:
            os.sched_yield()
        process.send_signal(signal.SIGKILL)
        process.wait()
        if not file.exists():
            return
        keys = ("--keys", chain.folder / "keys")
        made = packtrace("recover", file, tmp_path / f"log{number}", "--nothing-newer", *keys)
        assert made.code == 0  # it is whole
    pytest.fail("no backup was killed before its end")


def test_a_backup_writes_over_nothing(chain: Chain, packtrace: Run, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_text("mine")
    done = packtrace("backup", tmp_path / "b.tar", "--log", chain.folder)
    assert (done.code, (tmp_path / "b.tar").read_text()) == (2, "mine")


def test_an_old_copy_of_a_log_is_not_backed_up(
    chain: Chain, packtrace: Run, tmp_path: Path
) -> None:
    """Else its backup would have lost the checkpoint that gives it away."""
    chain.store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(chain.folder / DATABASE, tmp_path / "old")
    chain.commission("L1", 1)
    chain.store.close()
    for path in chain.folder.glob(f"{DATABASE}*"):
        path.unlink()
    shutil.copy(tmp_path / "old", chain.folder / DATABASE)
    done = packtrace("backup", tmp_path / "b.tar", "--log", chain.folder, "--json")
    assert (done.code, done.told["code"]) == (1, "read-only")
    newest = (chain.folder / GUARD).read_bytes()
    (chain.folder / GUARD).unlink()
    done = packtrace("backup", tmp_path / "b.tar", "--log", chain.folder, "--json")
    assert (done.code, done.told["code"]) == (1, "read-only")
    (chain.folder / GUARD).write_bytes(newest)
    assert not (tmp_path / "b.tar").exists()


def test_a_damaged_log_is_not_backed_up(chain: Chain, packtrace: Run, tmp_path: Path) -> None:
    with chain.store.writing():
        chain.store.execute("UPDATE entry SET data = zeroblob(40) WHERE idx = 3")
    done = packtrace("backup", tmp_path / "b.tar", "--log", chain.folder)
    assert done.code == 1
    assert "row 3" in done.err
    assert not (tmp_path / "b.tar").exists()


@pytest.mark.parametrize("where", ["http://localhost:1", "nowhere"])
def test_what_is_no_folder_of_a_log_is_not_backed_up(
    packtrace: Run, tmp_path: Path, where: str
) -> None:
    done = packtrace("backup", tmp_path / "b.tar", "--log", where)
    assert done.code == 2
    assert not list(tmp_path.iterdir())


# On PostgreSQL


def test_without_the_client_programs_it_says_what_to_install(
    packtrace: Run, tmp_path: Path, postgres: object
) -> None:
    chain = Chain(tmp_path / "log", url=postgres.database())  # type: ignore[attr-defined]
    done = packtrace("backup", tmp_path / "b.tar", "--log", chain.folder, PATH=str(tmp_path))
    assert done.code == 2
    assert "postgresql-client" in done.err
    assert not (tmp_path / "b.tar").exists()
    chain.store.close()


def test_a_password_is_neither_in_the_backup_nor_left_behind(
    packtrace: Run, tmp_path: Path, postgres: object
) -> None:
    address = postgres.database()  # type: ignore[attr-defined]
    chain = Chain(tmp_path / "log", url=address)
    chain.store.close()
    (chain.folder / URL_FILE).write_text(address.replace("packtrace@", "packtrace:s3cret@"))
    done = packtrace("backup", tmp_path / "b.tar", "--log", chain.folder, "--with-keys")
    assert done.code == 0, done.err
    assert b"s3cret" not in (tmp_path / "b.tar").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tar", "log"]
    assert "--database" in refused(packtrace, tmp_path / "b.tar", tmp_path / "again")
    full = ("--nothing-newer", "--database", address)  # the log's own, which is not empty
    assert "already exists" in refused(packtrace, tmp_path / "b.tar", tmp_path / "again", *full)


# Upgrade


def test_a_log_of_an_older_release_is_backed_up_and_brought_up_to_date(
    chain: Chain, packtrace: Run, tmp_path: Path
) -> None:
    lived_in(chain)
    before = entries(chain.folder)
    first_schema(chain)
    done = packtrace("upgrade", chain.folder, "--backup", tmp_path / "b.tar", "--json")
    assert done.code == 0, done.err
    assert done.told["done"] == ["0002_sealed_content", "views"]
    assert packtrace("check", "--log", chain.folder).code == 0
    assert packtrace("upgrade", chain.folder, "--no-backup", "--json").told["done"] == []
    # The backup is of the log as it was; recovered by this release, it is brought up to date too.
    made = packtrace("recover", tmp_path / "b.tar", tmp_path / "again", "--nothing-newer")
    assert made.code == 0, made.err
    assert entries(tmp_path / "again") == before


def test_an_upgrade_that_cannot_be_backed_up_changes_nothing(
    chain: Chain, packtrace: Run, tmp_path: Path
) -> None:
    first_schema(chain)
    (tmp_path / "b.tar").write_text("mine")
    assert packtrace("upgrade", chain.folder, "--backup", tmp_path / "b.tar").code == 2
    with closing(sqlite3.connect(chain.folder / DATABASE)) as database:
        found = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
    assert "items" in found
