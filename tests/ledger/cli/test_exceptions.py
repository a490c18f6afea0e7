"""Exceptions, holds and recalls, second signatures, copies and books: by commands alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ledger.statement.forms import FORMS
from ledger.tlog import merkle
from ledger.tlog.policy import Policy
from ledger.tlog.proof import TlogProof
from tests.ledger.cli.conftest import Run
from tests.ledger.cli.test_commands import (
    COUNTER,
    GTIN,
    MAKER,
    PHARMACY,
    PLANT,
    WINDOW,
    Trade,
    label,
    sscc,
)


@pytest.fixture
def trade(packtrace: Run, tmp_path: Path) -> Trade:
    """A maker and a pharmacy who may do everything, by a policy that says so."""
    made = Trade(packtrace, tmp_path)
    rules = json.loads(made.do("policy-show", "--log", made.log).out)
    rules["roles"] |= {role: sorted(FORMS) for role in ("manufacturer", "pharmacy")}
    rules["exportUndo"] = True
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(rules))
    made.on_log("policy", file, *made.agency)
    for party, site in ((MAKER, PLANT), (PHARMACY, COUNTER)):
        every = [word for op in sorted(FORMS) for word in ("--operation", op)]
        for use in ("all", "second"):
            made.do("key", "new", made.key(party, use), "--party", party, "--plain")
            made.on_log(
                "key-add", made.key(party, use), "--site", site, *every, *WINDOW,
                "--key", made.key(party, "admin"),
            )  # fmt: skip
    return made


def act(trade: Trade, name: str, party: str, *words: object) -> dict[str, object]:
    """A command signed with the party's key for everything."""
    return trade.on_log(name, *words, "--key", trade.key(party, "all")).told


def test_deliveries_that_go_wrong(trade: Trade) -> None:
    trade.commission("A1", "A2", "A3", "A4")
    act(trade, "commission", MAKER, sscc(1))
    act(trade, "pack", MAKER, sscc(1), label("A1"), label("A2"))
    away = act(trade, "ship", MAKER, sscc(1), label("A3"), "--to", COUNTER)
    act(trade, "refuse", PHARMACY, label("A3"), "--shipment", away["id"])
    act(trade, "receive", MAKER, label("A3"), "--shipment", away["id"])
    act(
        trade, "receive", PHARMACY, sscc(1), "--shipment", away["id"], "--missing", label("A2"),
        "--over", label("A4"),
    )  # fmt: skip
    act(trade, "close-short", PHARMACY, label("A2"), "--shipment", away["id"])
    act(trade, "void", MAKER, label("A2"), "--shipment", away["id"])
    act(trade, "unpack", PHARMACY, sscc(1))
    act(trade, "return", PHARMACY, label("A1"), "--to", PLANT)
    act(trade, "lost", MAKER, label("A2"))
    act(trade, "found", MAKER, label("A2"))
    act(trade, "release", MAKER, label("A2"))
    act(trade, "release", PHARMACY, label("A4"))
    out = act(trade, "export-goods", MAKER, label("A4"))
    act(trade, "undo", MAKER, label("A4"), "--of", out["id"])
    act(trade, "sample", MAKER, label("A4"))
    act(trade, "stolen", MAKER, label("A3"))
    steps = trade.on_log("trace", label("A2")).told["steps"]
    assert [step["operation"] for step in steps][-4:] == ["void", "lost", "found", "release"]
    assert trade.on_log("check").told["ok"] is True


def test_a_repacking_an_opened_pack_and_a_change_of_owner(trade: Trade, tmp_path: Path) -> None:
    trade.commission("A1", "A2", "A3")
    out = act(trade, "check-out", MAKER, label("A1"))
    act(
        trade, "repack", MAKER, label("N1"), "--from", out["id"], "--lot", "N", "--expiry", "2035-01-31"
    )  # fmt: skip
    trade.on_log(
        "transfer", label("A2"), "--site", COUNTER, "--key", trade.key(PHARMACY, "all"),
        "--key", trade.key(MAKER, "all"),
    )  # fmt: skip
    away = act(trade, "ship", MAKER, label("A2"), "--owner", PHARMACY, "--to", COUNTER)
    act(trade, "receive", PHARMACY, "--shipment", away["id"])
    act(trade, "open", PHARMACY, label("A2"))
    late = act(trade, "supply", PHARMACY, label("A3"), "--after-the-fact")
    prints = tmp_path / "prints.tsv"
    prints.write_text(f"{label('N1')}\t{'ab' * 32}\n")
    act(trade, "enrol", MAKER, "--prints", prints)
    act(trade, "inspect", PHARMACY, label("A3"), "--reason", "other-holder")
    assert isinstance(late["index"], int)
    state = trade.on_log("trace", label("A3")).told
    assert state["status"] == "active"


def test_holds_recalls_and_documents(trade: Trade, tmp_path: Path) -> None:
    trade.commission("A1", "A2")
    hold = act(
        trade,
        "hold",
        MAKER,
        GTIN,
        "--lot",
        "L1",
        "--reason",
        "complaints",
        "--review-by",
        "2030-01-01",
    )
    refused = trade.run(
        "sample", label("A1"), "--key", trade.key(MAKER, "station"), "--log", trade.log, "--json"
    )
    assert refused.told["code"] == "not-listed-op"
    act(trade, "lift-hold", MAKER, hold["id"], "--reason", "tests passed")
    listed = tmp_path / "some.txt"
    listed.write_text(label("A1"))
    recall = act(
        trade, "recall", MAKER, GTIN, "--items", listed, "--class", "2", "--depth", "pharmacy",
        "--deadline", "2030-01-01T00:00:00Z", "--reason", "particles",
    )  # fmt: skip
    shipped = trade.run(
        "ship", label("A1"), "--to", COUNTER, "--key", trade.key(MAKER, "all"), "--log", trade.log,
        "--json",
    )  # fmt: skip
    assert shipped.told["code"] == "blocked-recalled"
    act(trade, "ship", MAKER, label("A2"), "--to", COUNTER)
    act(trade, "recall-answer", PHARMACY, recall["id"], "--site", COUNTER)
    unnamed = trade.run(
        "recall-close", recall["id"], "--outcome", "all back", "--key", trade.key(MAKER, "all"),
        "--log", trade.log, "--json",
    )  # fmt: skip
    assert unnamed.told["code"] == "open-quantities"
    act(
        trade,
        "recall-close",
        MAKER,
        recall["id"],
        "--outcome",
        "all back",
        "--open",
        "1",
        "patient",
    )
    paper = tmp_path / "certificate.pdf"
    paper.write_bytes(b"%PDF")
    act(trade, "document", MAKER, paper, "--about", GTIN, "--title", "GMP certificate")
    keyid = trade.do("key", "show", trade.key(MAKER, "second"), "--json").told["keyid"]
    trade.on_log(
        "key-revoke", keyid, "--reason", "lost", "--since", "2026-01-01T00:00:00Z",
        "--key", trade.key(MAKER, "admin"),
    )  # fmt: skip
    assert trade.on_log("check").told["ok"] is True


def test_a_colleague_sees_in_words_what_is_signed_and_adds_a_signature(
    trade: Trade, tmp_path: Path
) -> None:
    trade.commission("A1")
    draft = tmp_path / "destroyed.json"
    act(trade, "destroyed", MAKER, label("A1"), "--draft", draft)
    assert draft.stat().st_mode & 0o777 == 0o600
    alone = trade.run("submit", draft, "--log", trade.log, "--json")
    assert alone.told["code"] == "threshold"
    colleague = ("countersign", draft, "--key", trade.key(MAKER, "second"), "--log", trade.log)
    no = trade.run(*colleague, stdin="n\n")
    assert no.code == 2
    assert "destroyed," in no.err
    assert "A1" in no.err
    own = trade.run(
        "countersign", draft, "--key", trade.key(MAKER, "all"), "--yes", "--log", trade.log
    )
    assert own.code == 2
    assert "has signed it already" in own.err
    kept = trade.do(*colleague, "--yes", "--keep")
    assert "not submitted" in kept.out
    done = trade.do("submit", draft, "--log", trade.log, "--json").told
    assert trade.on_log("trace", label("A1")).told["steps"][-1]["id"] == done["id"]
    altered = draft.read_text().replace("A1", "A2")
    draft.write_text(altered)
    assert trade.run(*colleague, "--yes").code == 1


def test_a_second_signature_for_the_authority(trade: Trade, tmp_path: Path) -> None:
    draft = tmp_path / "suspend.json"
    first, second = (trade.log / "keys" / f"authority-{n}.key" for n in (1, 2))
    trade.do(
        "suspend",
        PHARMACY,
        "--reason",
        "licence",
        "--key",
        first,
        "--draft",
        draft,
        "--log",
        trade.log,
    )
    done = trade.do("countersign", draft, "--key", second, "--yes", "--log", trade.log)
    assert "2 signatures, statement" in done.out
    assert "gln: " + PHARMACY in done.err


def test_copies_books_a_witness_and_a_log_made_anew(trade: Trade, tmp_path: Path) -> None:
    trade.commission("A1", "A2")
    away = act(trade, "ship", MAKER, label("A1"), "--to", COUNTER)
    act(trade, "receive", PHARMACY, "--shipment", away["id"])
    trust = trade.log / "trust.txt"
    copy = tmp_path / "copy"
    missing = trade.run("sync", copy, "--log", trade.log)
    assert (missing.code, "--trust" in missing.err) == (2, True)
    assert trade.on_log("sync", copy, "--trust", trust).told["new"] > 10
    assert trade.on_log("sync", copy).told["new"] == 0
    for party in (MAKER, PHARMACY):
        trade.on_log("pull", tmp_path / party, "--key", trade.key(party, "all"), "--trust", trust)
    again = tmp_path / "again"
    trade.do("restore", again, "--from", tmp_path / MAKER, "--from", tmp_path / PHARMACY)
    assert trade.do("check", "--log", again, "--json").told["ok"] is True
    less = trade.run("restore", tmp_path / "less", "--from", tmp_path / PHARMACY)
    assert (less.code, "nobody kept" in less.err) == (2, True)

    witness = tmp_path / "witness.key"
    trade.do("key", "new", witness, "--label", "witness", "--plain")
    told = trade.on_log("cosign", copy, "--name", "witness.example/1", "--key", witness).told
    trusted = tmp_path / "trusted.txt"
    lines = trust.read_text().replace("quorum none\n", "")
    trusted.write_text(f"{lines}{told['witness']}\nquorum witness.example-1\n")
    proof, folder = tmp_path / "pack.packtrace.json", tmp_path / "proofs"
    trade.on_log("prove", label("A1"), "--site", COUNTER, "-o", proof, "--tlog-proof", folder)
    verified = trade.do("verify", proof, "--trust", trusted, "--json").told
    assert list(verified["witnesses"]) == ["witness.example-1"]
    policy = Policy.parse(trusted.read_bytes())
    files = sorted(folder.glob("*.tlog-proof"))
    assert len(files) > 5
    for file in files:
        found = TlogProof.parse(file.read_bytes())
        assert bytes(found) == file.read_bytes()
        entry = file.with_suffix(".entry").read_bytes()
        assert found.verify(merkle.leaf_hash(entry), policy).cosigned
    public = tmp_path / "public"
    trade.do("export", public, "--log", trade.log)
    (tmp_path / MAKER / "pack.packtrace.json").write_bytes(proof.read_bytes())
    audit = ("audit", public, "--trust", trust, "--books", tmp_path / MAKER)
    assert trade.do(*audit, "--json").told == {"ok": True, "findings": []}
    (bundle,) = (public / "tile" / "entries").glob("000.p/*")
    good = bundle.read_bytes()
    bundle.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert trade.run(*audit).code == 1
    bundle.write_bytes(good)
    trade.on_log("cosign", copy, "--name", "witness.example/1", "--key", witness)
    trade.do("export", tmp_path / "public", "--log", trade.log)
    act(trade, "supply", PHARMACY, label("A1"))
    trade.on_log("prove", label("A1"), "--site", COUNTER, "-o", proof)
    assert trade.run("verify", proof, "--trust", trusted).code == 1  # no witness saw this one


def test_old_content_is_erased_and_a_status_list_is_written(trade: Trade, tmp_path: Path) -> None:
    trade.commission("A1")
    act(trade, "sample", MAKER, label("A1"))
    stopped = trade.run("forget", "--before", "2020-01-01", "--log", trade.log, stdin="n\n")
    assert stopped.code == 2
    assert trade.on_log("forget", "--before", "2020-01-01", "--yes").told["erased"] == 0
    assert trade.on_log("forget", "--before", "2039-01-01", "--yes").told["erased"] == 2
    gone = trade.run("prove", label("A1"), "--log", trade.log, "-o", tmp_path / "x")
    assert (gone.code, "erased" in gone.err) == (2, True)
    assert trade.on_log("check").told["ok"] is True
    told = trade.on_log("status-list", "-o", tmp_path / "list.packtrace.json", "--hours", "72").told
    assert told["bytes"] < 4096
