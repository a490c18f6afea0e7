"""From the log to a laptop without a line: fetched, carried, and matched where no server is.

SIMULATED labels and cameras.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app import create_app
from app.config import Settings
from ledger.cli import main as packtrace
from ledger.rules.reasons import OK
from ledger.statement import keyfile
from ledger.statement.parts import FingerprintPolicy
from ledger.store.fingerprints import Fingerprints
from ledger.store.publish import trust_file
from scanner.__main__ import main
from scanner.fingerprint.match import COPY_SUSPECTED, GENUINE_MATCH
from tests.app.conftest import give_keys
from tests.nodes import serving
from tests.scanner.prints import COPY, GENUINE, pictures, template
from tests.world import Chain

PASSPHRASE = "counter"


def test_a_lot_is_fetched_once_and_its_labels_are_told_from_copies_without_a_line(
    chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.fromtimestamp(chain.now / 1000, tz or UTC)

    monkeypatch.setattr("scanner.__main__.datetime", Clock)
    monkeypatch.setattr("scanner.__main__.getpass", lambda _: PASSPHRASE)
    monkeypatch.setattr("ledger.cli.target.now_ms", lambda: chain.now)
    kept = Fingerprints.make(chain.folder / "fingerprints", b"", plain=True)
    item, salt = chain.commission("L1", 1)[0], bytes(range(32))
    made = template(item)
    kept.put(item, made.commitment(salt), bytes(made), salt, chain.now)
    kept.close()
    chain.hand_over(chain.maker, [item], chain.pharmacy)
    # Enrolled after it had left: the site's bundle shows it all the same.
    chain.act("enrol", chain.maker, [item], extras={item: made.commitment(salt)})
    chain.log.submit(chain.policy_change(
        "authority 1", "authority 2", fingerprint=FingerprintPolicy(offline=True)
    ))  # fmt: skip
    laptop = tmp_path / "laptop"
    laptop.mkdir()
    (laptop / "trust.txt").write_bytes(trust_file(chain.store))
    (laptop / "counter.key").write_bytes(keyfile.seal(
        chain.pharmacy.key, PASSPHRASE.encode(), label="counter", party=chain.pharmacy.gln,
        salt=bytes(keyfile.SALT_BYTES), nonce=bytes(keyfile.NONCE_BYTES), ops=1, memory=8192,
    ))  # fmt: skip

    give_keys(chain)
    app = create_app(Settings(
        log=chain.folder, secure=False, per_minute=0, stranger_per_minute=0, clock=lambda: chain.now
    ))  # fmt: skip
    key = str(laptop / "counter.key")
    with serving(app) as url:
        for words in (
            ["fingerprints", chain.gtin, "L1", "-o", str(laptop / "l1.fingerprints.json")],
            ["prove", item, "-o", str(laptop / "a.packtrace.json")],
        ):
            done = CliRunner(env={"PACKTRACE_PASSPHRASE": PASSPHRASE}).invoke(
                packtrace, [*words, "--key", key, "--log", url]
            )
            assert done.exit_code == 0, done.output

    def scanned(seed: int) -> tuple[int, list[dict[str, Any]]]:
        """No server is there any more."""
        paths = []
        for number, data in enumerate(pictures(item, seed)):
            paths.append(laptop / f"{number}.jpg")
            paths[-1].write_bytes(data)
        status = main([
            *map(str, paths), "--bundle", str(laptop / "a.packtrace.json"), "--key", key,
            "--fingerprints", str(laptop), "--trust", str(laptop / "trust.txt"), "--json",
        ])  # fmt: skip
        return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    for seed, verdict, exits in ((GENUINE, GENUINE_MATCH, 0), (COPY, COPY_SUSPECTED, 1)):
        status, lines = scanned(seed)
        assert [line["verdict"] for line in lines[:-1]] == [OK] * 3
        assert (status, lines[-1]["fingerprint"]["verdict"]) == (exits, verdict)
        assert lines[-1]["fingerprint"]["by"] == "here"

    # What lies on the laptop tells nobody without the key what was enrolled.
    files = [path for path in laptop.rglob("*") if path.is_file() and path.suffix != ".jpg"]
    held = b"".join(path.read_bytes() for path in files)
    for secret in (bytes(made), bytes(made)[64:], made.edge.signs.tobytes(), salt):
        assert secret not in held
        assert secret.hex().encode() not in held
