"""The demo world: what its labels promise is what a pharmacist is told."""

from __future__ import annotations

import gzip
import random
import shutil
import socket
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app import create_app
from app.config import Settings
from ledger.rules.custody import HOUR_MS
from ledger.statement import gs1
from ledger.store.check import check, check_hashes, entry_fault
from ledger.store.database import meta
from ledger.store.opening import open_store
from ledger.store.queries import Reader
from ledger.tlog.note import VerifierKey
from ledger.tlog.policy import Policy
from scanner.check import by_bundle, read_label
from scanner.frames import read_file
from scanner.symbols import read
from tests.memory import ENTRY_ROWS, InMemory
from tests.nodes import EVENING_MS, close, expected, login_path

NAMES = {
    "good", "in-transit", "not-ours", "supplied-elsewhere", "copied", "wrong-expiry",
    "unknown-serial", "on-hold",
}  # fmt: skip


@pytest.fixture
def pharmacist(world: Path) -> Any:
    """The app over the demo world, signed in at pharmacy 1."""
    settings = Settings(log=world, secure=False, per_minute=0, clock=lambda: EVENING_MS)
    app = create_app(settings)
    client = app.test_client()
    assert client.post(login_path(world, "pharmacist", EVENING_MS)).status_code == 303
    yield client
    close(app)


def test_there_is_a_label_for_each_thing_a_pharmacist_can_meet(world: Path) -> None:
    assert {Path(one["picture"]).stem for one in expected(world)} == NAMES
    assert {path.stem for path in (world / "labels").glob("*.png")} == NAMES


def test_each_label_gets_its_verdict_online(world: Path, pharmacist: Any) -> None:
    for one in expected(world):
        picture = (world / "labels" / one["picture"]).open("rb")
        answer = pharmacist.post(
            "/api/scans", data={"image": (picture, one["picture"]), "purpose": one["purpose"]}
        )
        picture.close()
        told = answer.get_json()
        assert (told["verdict"], told["reasons"][0]["code"]) == (one["verdict"], one["code"]), one


def test_each_label_gets_its_verdict_offline(world: Path, pharmacist: Any) -> None:
    trust = Policy.parse((world / "trust.txt").read_bytes())
    now = datetime.fromtimestamp(EVENING_MS / 1000, UTC)
    for one in expected(world):
        found = gs1.parse_item_id(one["item"])
        label = read_label(read(read_file(world / "labels" / one["picture"])), now.year).label
        assert label.id == one["item"]
        data = pharmacist.get(f"/api/packs/{found.gtin}/{found.serial}/bundle").data
        told = by_bundle(label, data, trust, now, one["purpose"])
        assert (told.word, told.reasons[0].code) == (one["verdict"], one["code"]), one
        assert len(gzip.compress(gzip.decompress(data))) < 16 * 1024


def test_it_has_the_chain_it_claims(world: Path) -> None:
    with closing(open_store(world)) as store:
        assert store.one("SELECT COUNT(*) FROM item WHERE id LIKE '%/01/%'") == (10_000,)
        assert store.one("SELECT COUNT(*) FROM lot") == (20,)
        authority = Reader(store).authority()
        assert len(authority.products()) == 10
        roles = Counter(role for party in authority.parties() for role in party.roles)
        # Nine pharmacies, a chain and a hospital; the warehouse is a fifth wholesaler.
        assert roles == {
            "authority": 1, "manufacturer": 3, "wholesaler": 5, "pharmacy": 11, "repackager": 1
        }  # fmt: skip
        shops = [len(authority.sites(party.gln)) for party in authority.parties()]
        assert sorted(shops) == [1] * 20 + [3]
        assert meta(store, "origin") == "packtrace.example/demo"
        assert meta(store, "simulated") == "1"
        assert check(store, VerifierKey.parse(meta(store, "vkey"))) is None
    for path in (world / "keys").glob("*.key"):
        assert "DEMONSTRATION" in path.read_text().upper()


def test_it_lasts_six_weeks_and_ends_today(world: Path) -> None:
    with closing(open_store(world)) as store:
        ((first, last),) = store.rows("SELECT MIN(ms), MAX(ms) FROM entry")
        landed = [ms for (ms,) in store.rows("SELECT ms FROM entry ORDER BY idx")]
    assert landed == sorted(landed)
    assert last - first == pytest.approx(42 * 24 * HOUR_MS, abs=HOUR_MS)
    assert 0 < EVENING_MS - last < HOUR_MS


def facts(world: Path) -> list[Any]:
    """What is so in a world, whatever keys and nonces it was made with."""
    with closing(open_store(world)) as store:
        columns = "id, status, reason, site, owner, parent, hold, hold_reason, came, lot, last"
        return [
            store.rows(f"SELECT {columns} FROM item ORDER BY id"),
            store.rows("SELECT idx, ms, op, by, site, observed FROM act ORDER BY idx"),
            store.rows("SELECT number, party, to_site, received FROM shipment ORDER BY idx"),
            store.rows("SELECT gtin, lot, expiry FROM lot ORDER BY gtin, lot"),
            store.rows("SELECT site, quarantined FROM answer ORDER BY site"),
        ]


def test_a_changed_byte_anywhere_in_its_log_is_found(world: Path) -> None:
    """2,000 bytes of entries, envelopes and tiles, picked at random, one at a time.

    Entries and envelopes row by row, as `check` goes over them; tiles by the whole check of hashes.
    """
    store = InMemory(world)
    key = VerifierKey.parse(meta(store, "vkey"))
    assert check_hashes(store, key) is None
    tiles = dict(store.rows("SELECT idx, data FROM tile WHERE level = 0"))
    places = [(row, column) for row in store.rows(ENTRY_ROWS) for column in (5, 6) if row[column]]
    hashes = store.rows("SELECT rowid, data FROM tile")
    sizes = [len(row[column]) for row, column in places] + [len(data) for _, data in hashes]
    chance = random.Random(20261124)
    tried = {"row": 0, "tile": 0}
    for number in chance.choices(range(len(sizes)), sizes, k=2000):
        at, flip = chance.randrange(sizes[number]), 1 << chance.randrange(8)
        if number < len(places):
            row, column = places[number]
            start = row[0] % 256 * 32
            leaf = tiles[row[0] // 256][start : start + 32]
            forged = [*row]
            forged[column] = flipped(row[column], at, flip)
            assert entry_fault(forged, 0, leaf), (row[0], column, at)
            tried["row"] += 1
        else:
            rowid, data = hashes[number - len(places)]
            sql = "UPDATE tile SET data = ? WHERE rowid = ?"
            store.connection.execute(sql, (flipped(data, at, flip), rowid))
            assert check_hashes(store, key) is not None, (rowid, at)
            store.connection.execute(sql, (data, rowid))
            tried["tile"] += 1
    assert min(tried.values()) > 10
    store.close()


def flipped(data: bytes, at: int, flip: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= flip
    return bytes(changed)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_it_is_served_on_loopback_alone(tmp_path: Path, host: str) -> None:
    done = packtrace("demo", "--host", host, "--folder", str(tmp_path / "d"))
    assert done.returncode == 2
    assert "loopback" in done.stderr
    assert not (tmp_path / "d").exists()


def packtrace(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from app.cli import main; main()", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_taken_port_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = packtrace("demo", "--port", str(port), "--folder", str(tmp_path / "d"))
    assert done.returncode == 2
    assert str(port) in done.stderr
    assert "PORT=" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "d").exists()


def test_a_second_demo_keeps_the_data_and_reset_starts_afresh(world: Path, tmp_path: Path) -> None:
    shutil.copytree(world, tmp_path / "d")
    words = ("demo", "--data-only", "--folder", str(tmp_path / "d"), "--today", "2026-11-24")
    before = (tmp_path / "d" / "checkpoint").read_bytes()
    kept = packtrace(*words)
    assert kept.returncode == 0
    assert "kept" in kept.stderr
    assert (tmp_path / "d" / "checkpoint").read_bytes() == before
    fresh = packtrace(*words, "--reset")
    assert fresh.returncode == 0
    # Another log with keys of its own, and the same world: it is the same day.
    assert (tmp_path / "d" / "checkpoint").read_bytes() != before
    assert facts(tmp_path / "d") == facts(world)
    assert expected(tmp_path / "d") == expected(world)


def test_a_folder_with_anything_else_is_never_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.jpg").write_bytes(b"precious")
    done = packtrace("demo", "--data-only", "--reset", "--folder", str(tmp_path / "photos"))
    assert done.returncode == 2
    assert (tmp_path / "photos" / "holiday.jpg").read_bytes() == b"precious"
