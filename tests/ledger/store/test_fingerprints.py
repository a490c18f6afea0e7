"""Templates of labels' fingerprints: sealed in their folder, and which of them the log says counts."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import Malformed, Refused
from ledger.statement import gs1, keyfile
from ledger.store import staging
from ledger.store.content import PART
from ledger.store.fingerprints import DATABASE, KEY, Due, Fingerprints, Kept
from ledger.store.views import rebuild
from tests.world import Chain

PASSPHRASE = b"line three, hall two"
PACK = "https://id.gs1.org/01/09521101000016/21/EX260100000"
OTHER = "https://id.gs1.org/01/09521101000016/21/EX260100001"
EXPIRY = date(2028, 1, 31)


def printed(name: str) -> bytes:
    """32 bytes: a commitment, or a salt."""
    return sha256(name.encode()).digest()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id at its least: what it costs in earnest is `keyfile`'s."""
    slow = keyfile.seal

    def seal(seed: bytes, passphrase: bytes, **more: object) -> bytes:
        return slow(seed, passphrase, **{**more, "ops": 1, "memory": 8192})  # type: ignore[arg-type]

    monkeypatch.setattr(keyfile, "seal", seal)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Fingerprints]:
    made = Fingerprints.make(tmp_path / "prints", PASSPHRASE)
    yield made
    made.close()


def test_a_template_is_found_by_its_pack_and_commitment_also_after_reopening(
    store: Fingerprints,
) -> None:
    assert not store.has(PACK)
    assert store.find(PACK, printed("1")) is None
    store.put(PACK, printed("1"), b"AFP1 first", printed("salt 1"), 1000)
    store.put(PACK, printed("2"), b"AFP1 second", printed("salt 2"), 2000)
    store.put(PACK, printed("2"), b"AFP1 second", printed("salt 2"), 2000)
    with closing(Fingerprints.open(store.folder, PASSPHRASE)) as again:
        assert again.has(PACK)
        assert not again.has(OTHER)
        assert again.find(PACK, printed("1")) == Kept(b"AFP1 first", printed("salt 1"), 1000)
        assert again.find(PACK, printed("2")) == Kept(b"AFP1 second", printed("salt 2"), 2000)
        assert again.find(OTHER, printed("1")) is None
        assert again.find(PACK, printed("3")) is None


@given(st.binary(max_size=5000), st.binary(min_size=32, max_size=32), st.integers(0, 2**63))
def test_whatever_is_put_comes_back(
    store: Fingerprints, template: bytes, salt: bytes, ms: int
) -> None:
    which = sha256(template + salt).digest()
    store.put(PACK, which, template, salt, ms)
    assert store.find(PACK, which) == Kept(template, salt, ms)


def test_whoever_steals_the_disk_learns_neither_templates_nor_which_packs(
    store: Fingerprints,
) -> None:
    """The bytes of all files, and what a passphrase that is wrong opens: nothing."""
    template, salt, commitment = bytes(range(256)) * 4, printed("salt"), printed("1")
    store.put(PACK, commitment, template, salt, 1_790_000_000_000, due=True)
    store.send(b'{"envelope":"' + PACK.encode() + b'"}', 1_790_000_000_000)
    raw = b"".join(path.read_bytes() for path in sorted(store.folder.iterdir()))
    assert len(raw) > len(template)
    parts = [template[at : at + 16] for at in range(0, len(template) - 16, 8)]  # a seed is one
    for secret in (*parts, salt, salt[:8], commitment, PACK.encode(), b"09521101000016",
                   b"EX2601", (1_790_000_000_000).to_bytes(8, "big"), PASSPHRASE):  # fmt: skip
        assert secret not in raw
        assert secret.hex().encode() not in raw
    # What anybody can work out of a pack or a commitment is not there either.
    for told in (PACK.encode(), commitment):
        assert sha256(told).digest() not in raw
    for wrong in (b"", b"line three, hall one", PASSPHRASE + b" "):
        with pytest.raises(Malformed, match="passphrase is wrong"):
            Fingerprints.open(store.folder, wrong)
    for path in store.folder.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_order_of_rows_is_not_that_of_the_packs(store: Fingerprints) -> None:
    """Else who steals the disk could tell a row's pack by its place in a lot."""
    items = [f"{PACK}{n:03d}" for n in range(40)]
    for item in items:
        store.put(item, printed(item), b"AFP1", printed("salt"), 1, due=True)
    with closing(sqlite3.connect(store.folder / DATABASE)) as raw:
        tables = raw.execute("SELECT sql FROM sqlite_master WHERE type = 'table'").fetchall()
        rows = [row[0] for row in raw.execute("SELECT item FROM template")]
    assert len(tables) == 3
    assert all("WITHOUT ROWID" in sql for (sql,) in tables)
    assert rows == sorted(rows)
    assert [one.item for one in store.due()] == items


@pytest.mark.parametrize("at", [0, 30, -1])
def test_an_altered_or_moved_row_is_told_and_never_taken(store: Fingerprints, at: int) -> None:
    store.put(PACK, printed("1"), b"AFP1 first", printed("salt 1"), 1000)
    store.put(PACK, printed("2"), b"AFP1 second", printed("salt 2"), 2000)
    store.put(OTHER, printed("1"), b"AFP1 other", printed("salt 3"), 3000)
    with closing(sqlite3.connect(store.folder / DATABASE)) as raw, raw:
        rows = raw.execute("SELECT item, which, data FROM template").fetchall()
        for item, which, data in rows:
            changed = bytearray(data)
            changed[at] ^= 1
            where = "WHERE item = ? AND which = ?"
            raw.execute(f"UPDATE template SET data = ? {where}", (bytes(changed), item, which))
    for item, which in ((PACK, "1"), (PACK, "2"), (OTHER, "1")):
        with pytest.raises(Malformed, match="altered"):
            store.find(item, printed(which))
    with closing(sqlite3.connect(store.folder / DATABASE)) as raw, raw:
        moved = [data for _, _, data in rows]
        for (item, which, _), data in zip(rows, [*moved[1:], moved[0]], strict=True):
            where = "WHERE item = ? AND which = ?"
            raw.execute(f"UPDATE template SET data = ? {where}", (data, item, which))
    for item, which in ((PACK, "1"), (PACK, "2"), (OTHER, "1")):
        with pytest.raises(Malformed, match="another's place"):
            store.find(item, printed(which))
    # Enrolled again by the same pictures, the row is whole again.
    store.put(PACK, printed("1"), b"AFP1 first", printed("salt 1"), 1000)
    assert store.find(PACK, printed("1")) == Kept(b"AFP1 first", printed("salt 1"), 1000)


def test_what_is_due_is_listed_until_it_is_settled(store: Fingerprints) -> None:
    store.put(PACK, printed("1"), b"AFP1", printed("salt"), 2, due=True, listed=True)
    store.put(OTHER, printed("1"), b"AFP1", printed("salt"), 1, due=True)
    store.put(OTHER, printed("2"), b"AFP1", printed("salt"), 3)
    assert store.due() == [
        Due(OTHER, printed("1"), 1, False), Due(PACK, printed("1"), 2, True),
    ]  # fmt: skip
    store.send(b"signed", 5)
    store.send(b"signed", 5)
    store.send(b"another", 6)
    assert store.outgoing() == [b"signed", b"another"]
    store.sent(b"signed", [(OTHER, printed("1"))])
    assert store.outgoing() == [b"another"]
    assert store.due() == [Due(PACK, printed("1"), 2, True)]
    store.settle([(PACK, printed("1")), (PACK, printed("never there"))])
    assert store.due() == []
    assert store.has(OTHER)


def test_what_is_due_is_left_to_those_who_enrol_at_that_moment(store: Fingerprints) -> None:
    called: list[str] = []
    with closing(Fingerprints.open(store.folder, PASSPHRASE)) as other:
        with (
            store.enrolling(lambda: called.append("first")),
            other.enrolling(lambda: called.append("second")),
        ):
            assert called == ["first"]
        with other.enrolling(lambda: called.append("third")):
            assert called == ["first", "third"]
    code = (
        "import sys, time; from pathlib import Path; "
        "from ledger.store.fingerprints import Fingerprints\n"
        "store = Fingerprints.open(Path(sys.argv[1]), sys.argv[2].encode())\n"
        "with store.enrolling(lambda: None): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(store.folder), PASSPHRASE.decode()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as died:
        assert died.stdout is not None
        assert died.stdout.readline() == b"held\n"
        with store.enrolling(lambda: called.append("while it lives")):
            pass
        died.kill()
        died.wait()
    with store.enrolling(lambda: called.append("after it died")):
        pass
    assert called == ["first", "third", "after it died"]


def test_what_cannot_be_a_store_is_refused(store: Fingerprints, tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="already"):
        Fingerprints.make(store.folder, PASSPHRASE)
    with pytest.raises(Malformed, match="cannot be read"):
        Fingerprints.open(tmp_path / "nowhere", PASSPHRASE)
    with pytest.raises(Malformed, match="at least one character"):
        Fingerprints.make(tmp_path / "empty", b"")
    shutil.copytree(store.folder, tmp_path / "keyless")
    (tmp_path / "keyless" / KEY).unlink()
    with pytest.raises(Malformed, match="put a copy of it back"):
        Fingerprints.make(tmp_path / "keyless", PASSPHRASE)
    for commitment, salt in ((b"", printed("salt")), (printed("1"), b"short")):
        with pytest.raises(Malformed, match="32 bytes"):
            store.put(PACK, commitment, b"AFP1", salt, 1)
    store.close()
    (store.folder / DATABASE).write_bytes(b"this is no database" * 100)
    with pytest.raises(Malformed, match="cannot be read"):
        Fingerprints.open(store.folder, PASSPHRASE)
    (store.folder / DATABASE).unlink()
    with pytest.raises(Malformed, match="without their database"):
        Fingerprints.open(store.folder, PASSPHRASE)
    (store.folder / KEY).write_bytes(b"{}\n")
    with pytest.raises(Malformed, match=KEY):
        Fingerprints.open(store.folder, PASSPHRASE)


@pytest.mark.parametrize("call", ["open", "fdopen", "fsync", "replace"])
def test_a_run_that_dies_while_it_makes_a_store_leaves_none_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object) -> NoReturn:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(os, call, die)
        with suppress(Killed):
            Fingerprints.make(tmp_path / "prints", PASSPHRASE).close()
    with suppress(Malformed):  # it is there already
        Fingerprints.make(tmp_path / "prints", PASSPHRASE).close()
    Fingerprints.open(tmp_path / "prints", PASSPHRASE).close()


def test_a_disk_that_takes_no_writes_is_a_refusal(store: Fingerprints) -> None:
    with (
        closing(sqlite3.connect(store.folder / DATABASE)) as raw,
        closing(Fingerprints.open(store.folder, PASSPHRASE)) as other,
    ):
        other._run("PRAGMA busy_timeout = 1")
        raw.execute("BEGIN IMMEDIATE")
        with pytest.raises(Refused, match="takes no writes"):
            other.put(PACK, printed("1"), b"AFP1", printed("salt"), 1)
        assert not other.has(PACK)


def test_an_unsealed_store_says_so(tmp_path: Path) -> None:
    with closing(Fingerprints.make(tmp_path / "demo", b"", plain=True)) as made:
        made.put(PACK, printed("1"), b"AFP1", printed("salt"), 1)
    assert keyfile.PLAIN.encode() in (tmp_path / "demo" / KEY).read_bytes()
    with closing(Fingerprints.open(tmp_path / "demo", b"")) as again:
        assert again.has(PACK)


# Which of them counts


def enrol(chain: Chain, pack: str, name: str, **fields: object) -> int:
    return chain.act("enrol", chain.maker, [pack], extras={pack: printed(name)}, **fields).index


def test_the_newest_enrolment_counts(chain: Chain) -> None:
    bare, *_ = chain.commission("L1", 1)
    printed_packs = [gs1.sgtin(chain.gtin, f"P{n}") for n in range(3)]
    extras = {printed_packs[0]: printed("0"), printed_packs[1]: printed("1")}
    made = chain.act(
        "commission", chain.maker, printed_packs, lot="L2", expiry=EXPIRY, extras=extras
    )
    for _again in range(2):
        found = [chain.reader.fingerprint(pack) for pack in (bare, *printed_packs, PACK)]
        assert found[0] is found[3] is found[4] is None
        assert found[1] == (printed("0"), made.index, made.id, "commission", chain.now)
        assert found[2] is not None
        assert found[2].commitment == printed("1")
        rebuild(chain.store)
    first = enrol(chain, bare, "a")
    second = enrol(chain, printed_packs[0], "b")
    assert enrol(chain, bare, "c") > second > first
    chain.act("inspect", chain.maker, [bare], reason="copy-suspected", extras={bare: printed("x")})
    for _again in range(2):
        late, relabelled = (
            chain.reader.fingerprint(bare),
            chain.reader.fingerprint(printed_packs[0]),
        )
        assert late is not None
        assert relabelled is not None
        assert (late.commitment, late.op) == (printed("c"), "enrol")
        assert (relabelled.commitment, relabelled.index) == (printed("b"), second)
        rebuild(chain.store)


def test_an_enrolment_that_broke_a_rule_does_not_count(chain: Chain) -> None:
    """It is on the log as an observation: the pack goes on hold, its fingerprint stays as it was."""
    [pack] = chain.commission("L1", 1)
    enrol(chain, pack, "a")
    chain.act(
        "enrol", chain.wholesaler, [pack], extras={pack: printed("evil")}, declared="after_the_fact"
    )
    found = chain.reader.fingerprint(pack)
    assert found is not None
    assert found.commitment == printed("a")


def test_a_repacked_pack_has_the_fingerprint_of_its_repacking_or_none(chain: Chain) -> None:
    before = chain.commission("L1", 2)
    for pack in before:
        enrol(chain, pack, "old")
    out = chain.act("check_out", chain.maker, before)
    new = [gs1.sgtin(chain.gtin, f"NEW{n}") for n in range(2)]
    made = chain.act(
        "repack", chain.maker, new, inputs=(out.id,), lot="R1", expiry=EXPIRY,
        extras={new[0]: printed("new")},
    )  # fmt: skip
    with_print, without = (chain.reader.fingerprint(pack) for pack in new)
    assert with_print == (printed("new"), made.index, made.id, "repack", chain.now)
    assert without is None


def test_a_pack_of_a_long_commissioning_has_its_fingerprint_at_once(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "STAGED", 100)
    monkeypatch.setattr(staging, "settle", lambda _store: None)  # as if the writer were killed
    ids = [gs1.sgtin(chain.gtin, f"B{n:06d}") for n in range(PART + 50)]
    extras = {pack: printed(pack) for pack in ids}
    made = chain.act("commission", chain.maker, ids, lot="BIG", expiry=EXPIRY, extras=extras)
    monkeypatch.undo()
    for _settled in range(2):
        found = chain.reader.fingerprint(ids[-1])
        assert found is not None
        assert (found.commitment, found.index) == (printed(ids[-1]), made.index)
        staging.settle(chain.store)


def test_templates_that_do_not_count_are_forgotten_but_for_those_that_are_due(
    store: Fingerprints,
) -> None:
    for number in range(5):
        store.put(PACK, printed(str(number)), b"AFP1", printed("salt"), number, due=number == 1)
    store.put(OTHER, printed("0"), b"AFP1", printed("salt"), 0)
    assert store.prune(PACK, printed("2"), 4) == 1
    left = [number for number in range(5) if store.find(PACK, printed(str(number)))]
    assert left == [1, 2, 4], "due, the log's, and a new one"
    assert store.find(OTHER, printed("0"))
    assert store.prune(PACK, b"", 9) == 0
    assert [number for number in range(5) if store.find(PACK, printed(str(number)))] == [1]
