"""The whole story by commands alone, from an empty folder to a verified proof."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.statement import gs1
from ledger.store.database import DATABASE
from tests.ledger.cli.conftest import Ran, Run
from tests.world import gln, gtin

AUTHORITY, MAKER, PHARMACY = gln("952110000000"), gln("952111100000"), gln("952113300000")
PLANT, COUNTER = gln("952111100001"), gln("952113300001")
GTIN = gtin("0952111100001")
LICENCE = ("--licence", "L-1", "--licence-level", "full", "--licence-expires", "2040-12-31")
WINDOW = ("--from", "2020-01-01T00:00:00Z", "--expires", "2040-01-01T00:00:00Z")


def sscc(number: int) -> str:
    digits = f"09521111{number:09d}"
    return digits + gs1.check_digit(digits)


def label(serial: str) -> str:
    return f"(01){GTIN}(21){serial}"


class Trade:
    """A log in a folder with a maker and a pharmacy on it, made by commands."""

    def __init__(self, run: Run, folder: Path) -> None:
        self.run, self.folder = run, folder
        self.log = folder / "log"
        self.do(
            "init", self.log, "--origin", "log.example/cli", "--authority", AUTHORITY,
            "--name", "Agency", "--country", "BE", "--plain",
        )  # fmt: skip
        self.agency = [
            word for n in (1, 2) for word in ("--key", self.log / "keys" / f"authority-{n}.key")
        ]
        self.join(MAKER, PLANT, "manufacturer", ("commission", "pack", "ship", "void"))
        self.join(PHARMACY, COUNTER, "pharmacy", ("receive", "unpack", "supply", "undo"))
        self.on_log(
            "product", GTIN, "--name", "Examplin", "--strength", "10 mg", "--form", "tablet",
            "--pack-size", "30", "--market", "BE", "--holder", MAKER, "--storage", "2", "25",
            "--key", self.key(MAKER, "admin"),
        )  # fmt: skip

    def key(self, party: str, use: str) -> Path:
        return self.folder / f"{party}-{use}.key"

    def do(self, *words: object) -> Ran:
        done = self.run(*words)
        assert done.code == 0, done.err
        return done

    def on_log(self, *words: object) -> Ran:
        return self.do(*words, "--log", self.log, "--json")

    def join(self, party: str, site: str, role: str, operations: tuple[str, ...]) -> None:
        for use in ("admin", "recovery", "station"):
            self.do("key", "new", self.key(party, use), "--party", party, "--label", use, "--plain")
        self.on_log(
            "admit", party, "--name", role.title(), "--country", "BE", "--role", role,
            "--prefix", party[:7], "--admin-key", self.key(party, "admin"),
            "--recovery-key", self.key(party, "recovery"), *LICENCE, *self.agency,
        )  # fmt: skip
        self.on_log(
            "sites", site, "--party", party, "--name", "Main", "--address", "Street 1",
            *LICENCE, *self.agency,
        )  # fmt: skip
        allowed = [word for op in operations for word in ("--operation", op)]
        self.on_log(
            "key-add", self.key(party, "station"), "--site", site, *allowed, *WINDOW,
            "--key", self.key(party, "admin"),
        )  # fmt: skip

    def act(self, op: str, party: str, *words: object) -> Ran:
        return self.on_log(op, *words, "--key", self.key(party, "station"))

    def commission(self, *serials: str) -> Ran:
        packs = [label(serial) for serial in serials]
        return self.act("commission", MAKER, *packs, "--lot", "L1", "--expiry", "2035-01-31")


@pytest.fixture
def trade(packtrace: Run, tmp_path: Path) -> Trade:
    return Trade(packtrace, tmp_path)


def test_from_an_empty_folder_to_a_verified_proof(trade: Trade, tmp_path: Path) -> None:
    trade.commission("A1", "A2")
    trade.act("commission", MAKER, sscc(1))
    trade.act("pack", MAKER, sscc(1), label("A1"), label("A2"))
    away = trade.act("ship", MAKER, sscc(1), "--to", COUNTER, "--number", "DA-1").told
    trade.act("receive", PHARMACY, "--shipment", away["id"])
    trade.act("unpack", PHARMACY, sscc(1))
    supplied = trade.act("supply", PHARMACY, label("A1")).told
    trade.act("undo", PHARMACY, label("A1"), "--of", supplied["id"])

    steps = trade.on_log("trace", label("A1")).told["steps"]
    assert [step["operation"] for step in steps] == [
        "commission", "pack", "ship", "receive", "unpack", "supply", "undo",
    ]  # fmt: skip
    assert trade.on_log("trace", away["id"]).told["index"] == away["index"]

    proof = tmp_path / "pack.packtrace.json"
    trade.on_log("prove", label("A1"), "--site", COUNTER, "-o", proof)
    trust = trade.log / "trust.txt"
    told = trade.do("verify", proof, "--trust", trust, "--json").told
    assert told["verdict"] == "proven"
    assert told["items"][0]["state"] == "here"
    assert told["for"] == COUNTER

    trade.on_log("prove", "--shipment", away["id"], "--site", COUNTER, "-o", proof)
    assert trade.do("verify", proof, "--trust", trust).out.startswith("proven as of")

    assert trade.on_log("check").told["ok"] is True
    assert trade.on_log("rebuild").told["size"] == away["index"] + 5
    assert trade.on_log("check").told["ok"] is True

    trade.do("export", tmp_path / "public", "--log", trade.log)
    assert {path.name for path in (tmp_path / "public").iterdir()} == {
        "checkpoint", "log.vkey", "tile", "trust.txt",
    }  # fmt: skip


def test_an_export_goes_into_its_own_earlier_folder_and_no_other(
    trade: Trade, tmp_path: Path
) -> None:
    public = tmp_path / "public"
    other = Trade(trade.run, tmp_path / "other")
    trade.do("export", public, "--log", trade.log)
    shutil.copytree(trade.log, tmp_path / "old")
    trade.commission("A1")
    trade.do("export", public, "--log", trade.log)
    before = {path: path.read_bytes() for path in public.rglob("*") if path.is_file()}
    for log in (other.log, tmp_path / "old"):
        refused = trade.run("export", public, "--log", log)
        assert refused.code == 2
        assert str(public) in refused.err
    (tmp_path / "full" / "tile").mkdir(parents=True)
    assert trade.run("export", tmp_path / "full", "--log", trade.log).code == 2
    assert before == {path: path.read_bytes() for path in public.rglob("*") if path.is_file()}


def test_verify_tells_refuted_from_unusable(trade: Trade, tmp_path: Path) -> None:
    trade.commission("A1")
    proof, trust = tmp_path / "pack.packtrace.json", trade.log / "trust.txt"
    trade.on_log("prove", label("A1"), "--site", PLANT, "-o", proof)
    other = Trade(trade.run, tmp_path / "other")
    refuted = trade.run("verify", proof, "--trust", other.log / "trust.txt", "--json")
    assert (refuted.code, refuted.told["verdict"]) == (1, "refuted")
    for broken in (proof.read_bytes()[:-20], b"", b"not a proof"):
        proof.write_bytes(broken)
        unusable = trade.run("verify", proof, "--trust", trust, "--json")
        assert (unusable.code, unusable.told["verdict"]) == (2, "unusable")
    assert trade.run("verify", tmp_path / "none", "--trust", trust).code == 2
    assert trade.run("verify", proof, "--trust", proof).code == 2


def test_check_names_what_is_wrong(trade: Trade) -> None:
    import sqlite3

    trade.commission("A1")
    with sqlite3.connect(trade.log / DATABASE) as database:
        database.execute("UPDATE item SET status = 'supplied'")
    database.close()
    wrong = trade.run("check", "--log", trade.log, "--json")
    assert wrong.code == 1
    assert (wrong.told["ok"], wrong.told["table"]) == (False, "item")
    trade.on_log("rebuild")
    assert trade.on_log("check").told["ok"] is True


def test_suspend_and_revoke(trade: Trade) -> None:
    about = trade.do("key", "show", trade.key(MAKER, "station"), "--json").told
    trade.on_log(
        "key-revoke", about["keyid"], "--reason", "lost", "--key", trade.key(MAKER, "admin")
    )
    revoked = trade.run(
        "commission", label("A1"), "--lot", "L1", "--expiry", "2035-01-31",
        "--key", trade.key(MAKER, "station"), "--log", trade.log, "--site", PLANT, "--json",
    )  # fmt: skip
    assert (revoked.code, revoked.told["code"]) == (1, "key-revoked")
    trade.on_log("suspend", PHARMACY, "--reason", "inspection", *trade.agency)
    alone = trade.run(
        "suspend", MAKER, "--reason", "x", *trade.agency[:2], "--log", trade.log, "--json"
    )
    assert (alone.code, alone.told["code"]) == (1, "threshold")


def test_a_refusal_comes_with_its_rule_advice_and_evidence(trade: Trade) -> None:
    trade.commission("A1")
    words = [
        "supply", label("A1"), "--key", trade.key(PHARMACY, "station"), "--log", trade.log,
    ]  # fmt: skip
    told = trade.run(*words, "--json")
    assert told.code == 1
    assert told.told["code"] == "not-holder"
    assert set(told.told["evidence"]) >= {"checkpoint", "index", "proof"}
    assert told.told["rule"]
    assert told.told["advice"]
    plain = trade.run(*words)
    assert plain.code == 1
    assert "Traceback" not in plain.err
    assert len(plain.err.splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["trace", "nonsense"], "'nons'"),
        (["trace", "(01)09521111000011(21)A1"], "check digit"),
        (["trace", f"(01){GTIN}(21)NEVER"], "never commissioned"),
        (["trace", "00" * 32], "no statement"),
        (["prove", "-o", "x"], "--shipment"),
        (["supply", "--key", "none.key"], "none.key cannot be read"),
        (["login", "--key", "none.key"], "--log http"),
        (["commission", "x", "--key", "none.key", "--lot", "L1"], "--expiry"),
        (["export"], "Missing argument"),
        (["nosuch"], "No such command"),
    ],
)
def test_bad_input_is_told_in_a_sentence(
    trade: Trade, words: list[str], says: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PACKTRACE_LOG", str(trade.log))
    done = trade.run(*words)
    assert done.code == 2
    assert says in done.err
    assert "Traceback" not in done.err


def test_items_come_from_arguments_file_and_stdin_and_none_twice(trade: Trade) -> None:
    (trade.folder / "serials.txt").write_text(f"{label('A1')}\n\n{label('A2')}\n")
    key = ("--key", trade.key(MAKER, "station"), "--log", trade.log, "--json")
    lot = ("--lot", "L1", "--expiry", "2035-01-31")
    done = trade.run(
        "commission", label("A0"), "-", "--file", trade.folder / "serials.txt", *lot, *key,
        stdin=f"{label('A3')}\n",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert len(trade.on_log("trace", done.told["id"]).told["items"]) == 4
    twice = trade.run("commission", label("B1"), label("B1"), *lot, *key)
    assert (twice.code, twice.told["code"]) == (1, "items-mismatch")


def test_a_second_init_in_the_same_folder_is_refused_and_leaves_the_first(trade: Trade) -> None:
    before = sorted((p, p.stat().st_size) for p in trade.log.rglob("*.key"))
    again = trade.run(
        "init", trade.log, "--origin", "log.example/two", "--authority", AUTHORITY,
        "--name", "Agency", "--country", "BE", "--plain",
    )  # fmt: skip
    assert again.code == 2
    assert "holds a log already" in again.err
    assert before == sorted((p, p.stat().st_size) for p in trade.log.rglob("*.key"))


def test_init_with_bad_values_leaves_nothing(packtrace: Run, tmp_path: Path) -> None:
    for changes in (
        {"--origin": "https://log.example"},
        {"--origin": "log.example/practice"},
        {"--origin": "log.example/x", "--name": "Agency", "--practice": None},
        {"--authority": "9521100000001"},
        {"--country": "Belgium"},
        {"--name": ""},
    ):
        values = {
            "--origin": "log.example/x", "--authority": AUTHORITY, "--name": "Agency",
            "--country": "BE", **changes,
        }  # fmt: skip
        words = [word for pair in values.items() for word in pair if word is not None]
        done = packtrace("init", tmp_path / "new", *words, "--plain")
        assert done.code == 2, changes
        assert not (tmp_path / "new").exists(), changes


def test_a_practice_log_is_one_by_its_name(packtrace: Run, tmp_path: Path) -> None:
    done = packtrace(
        "init", tmp_path / "new", "--practice", "--origin", "log.example/be/practice",
        "--authority", AUTHORITY, "--name", "Agency", "--country", "BE", "--plain",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert b"log.example/be/practice" in (tmp_path / "new" / "trust.txt").read_bytes()


def test_the_ledgers_command_line_stands_alone() -> None:
    """`python -m ledger` pulls in no web server, camera or drawing."""
    code = (
        "import sys, ledger.__main__; "
        "print([m for m in ('flask', 'cv2', 'PIL', 'qrcode', 'zxingcpp', 'app') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    done = subprocess.run(
        [sys.executable, "-m", "ledger", "--help"], capture_output=True, text=True, check=True
    )
    assert "commission" in done.stdout
    assert "\n  serve " not in done.stdout


def test_json_is_one_object(trade: Trade) -> None:
    trade.commission("A1")
    for words in (
        ["trace", label("A1")],
        ["check"],
        ["rebuild"],
        ["prove", label("A1"), "-o", trade.folder / "p"],
    ):
        json.loads(trade.on_log(*words).out)
