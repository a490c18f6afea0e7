"""`python -m scanner`: what it prints, and how it exits."""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.rules.reasons import DO_NOT_SUPPLY, HOLD, NOT_CHECKED, OK
from ledger.statement import gs1, keyfile
from ledger.store.publish import trust_file
from scanner.__main__ import main
from scanner.label import PrintedLabel, render, to_png
from scanner.output import clean
from scanner.window import draw
from tests.scanner import pictures
from tests.scanner.pictures import encoded
from tests.scanner.test_camera import film
from tests.test_architecture import ROOT
from tests.world import Chain

Told = tuple[int, list[dict[str, Any]]]


@pytest.fixture
def scan(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the scanner; answers its exit status and the lines it printed, as JSON."""

    def run(*words: object) -> Told:
        status = main([str(word) for word in words])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return status, [json.loads(line) for line in printed.out.splitlines()]

    return run


@pytest.fixture
def counter(chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chain:
    """A pharmacy that holds packs, its bundle, and a clock that stands at the log's time."""
    from datetime import UTC, datetime

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.fromtimestamp(chain.now / 1000, tz or UTC)

    monkeypatch.setattr("scanner.__main__.datetime", Clock)
    packs = chain.commission("L1", 3)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    (tmp_path / "trust.txt").write_bytes(trust_file(chain.store))
    bundle = chain.answers.bundle(packs, chain.pharmacy.site)
    (tmp_path / "packs.json").write_bytes(bundle.to_gzip())
    return chain


def label_of(chain: Chain, **changes: Any) -> PrintedLabel:
    from datetime import date

    found = gs1.parse_item_id(chain.pack_ids("L1", 1)[0])
    return replace(PrintedLabel(found.gtin, "L1", date(2028, 1, 31), found.serial), **changes)


def offline(folder: Path) -> Sequence[object]:
    words = ("--bundle", folder / "packs.json", "--trust", folder / "trust.txt", "--json")
    return (*words, "--purpose", "dispense")


def test_read_prints_a_line_for_each_symbol_and_null_for_a_picture_without(
    scan: Any, tmp_path: Path
) -> None:
    code = pictures.qr("first")
    page = np.full((300, 600), 255, np.uint8)
    page[20 : 20 + code.shape[0], 20 : 20 + code.shape[1]] = code
    page[20 : 20 + code.shape[0], 320 : 320 + code.shape[1]] = pictures.qr("other")
    (tmp_path / "two.png").write_bytes(encoded(page))
    (tmp_path / "none.png").write_bytes(encoded(np.full((100, 100), 200, np.uint8)))
    status, lines = scan("--read", tmp_path / "two.png", tmp_path / "none.png")
    assert status == 0
    assert {line["text"] for line in lines[:2]} == {"first", "other"}
    assert all(set(line) == {"file", "format", "text", "corners"} for line in lines)
    assert all(line["format"] == "QRCode" and len(line["corners"]) == 4 for line in lines[:2])
    assert lines[2] == {
        "file": str(tmp_path / "none.png"), "format": None, "text": None, "corners": None,
    }  # fmt: skip


def test_read_goes_on_after_a_file_it_cannot_read(scan: Any, tmp_path: Path) -> None:
    (tmp_path / "good.png").write_bytes(encoded(pictures.qr("good")))
    (tmp_path / "bad.png").write_bytes(b"bad")
    status, lines = scan("--read", tmp_path / "none", tmp_path / "bad.png", tmp_path / "good.png")
    assert status == 2
    assert [line["text"] for line in lines] == [None, None, "good"]
    assert all(line["error"] for line in lines[:2])


def test_the_exit_status_is_the_worst_verdict(counter: Chain, scan: Any, tmp_path: Path) -> None:
    pictures_of = {
        "good.png": label_of(counter),
        "expiry.png": label_of(counter, expiry=label_of(counter).expiry.replace(year=2030)),
    }
    for name, label in pictures_of.items():
        (tmp_path / name).write_bytes(to_png(render(label)))
    good, wrong = tmp_path / "good.png", tmp_path / "expiry.png"
    status, lines = scan(good, *offline(tmp_path))
    assert (status, lines[0]["verdict"]) == (0, OK)
    status, lines = scan(good, wrong, *offline(tmp_path))
    assert (status, [line["verdict"] for line in lines]) == (1, [OK, DO_NOT_SUPPLY])
    (tmp_path / "empty.png").write_bytes(encoded(np.full((99, 99), 255, np.uint8)))
    status, lines = scan(good, tmp_path / "empty.png", *offline(tmp_path))
    assert (status, lines[1]["reasons"][0]["code"]) == (2, "unreadable")


def test_typed_text_serves_like_a_picture(counter: Chain, scan: Any, tmp_path: Path) -> None:
    label = label_of(counter)
    for text in (
        label.link,
        f"(01){label.gtin}(21){label.serial}(10)L1(17)280131",
        f"01{label.gtin}21{label.serial}\x1d10L1\x1d17280131",
    ):
        status, lines = scan(text, *offline(tmp_path))
        assert (status, lines[0]["verdict"]) == (0, OK)


def test_a_pack_that_the_bundle_does_not_prove_is_not_checked(
    counter: Chain, scan: Any, tmp_path: Path
) -> None:
    other = label_of(counter, serial="ELSEWHERE")
    status, lines = scan(other.link, *offline(tmp_path))
    assert (status, lines[0]["verdict"]) == (2, NOT_CHECKED)
    assert lines[0]["reasons"][0]["code"] == "not-in-proof"


def test_a_view_older_than_the_policy_allows_is_not_checked(
    counter: Chain, scan: Any, tmp_path: Path
) -> None:
    counter.hours(25)
    status, lines = scan(label_of(counter).link, *offline(tmp_path))
    assert (status, lines[0]["verdict"]) == (2, NOT_CHECKED)
    assert "too-old" in {reason["code"] for reason in lines[0]["reasons"]}


@pytest.mark.parametrize("broken", ["cut", "changed", "empty", "other log", "no trust"])
def test_a_broken_proof_never_says_ok(
    counter: Chain, scan: Any, tmp_path: Path, broken: str
) -> None:
    path, trust = tmp_path / "packs.json", tmp_path / "trust.txt"
    data = path.read_bytes()
    if broken == "cut":
        path.write_bytes(data[:-40])
    elif broken == "changed":
        path.write_bytes(data[:200] + bytes([data[200] ^ 1]) + data[201:])
    elif broken == "empty":
        path.write_bytes(b"")
    elif broken == "other log":
        key = trust.read_text().replace("log.example/test", "log.example/toast")
        trust.write_text(key)
    else:
        trust.write_text("")
    status = main([label_of(counter).link, *map(str, offline(tmp_path))])
    assert status != 0


def test_a_server_that_is_not_there_is_not_checked(
    counter: Chain, scan: Any, tmp_path: Path
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    status, lines = scan(
        label_of(counter).link, "--log", f"http://127.0.0.1:{port}",
        "--trust", tmp_path / "trust.txt", "--json",
    )  # fmt: skip
    assert (status, lines[0]["verdict"]) == (2, NOT_CHECKED)
    assert lines[0]["reasons"][0]["code"] == "log-down"


@pytest.mark.parametrize(
    "payload",
    [
        "<script>alert(1)</script>",
        "../../../../etc/passwd",
        "/etc/passwd",
        "javascript:alert(1)",
        "https://evil.example/01/09521101000016/21/A?17=999999",
        "x" * 4000,
        "\x00\x01\x02",
        "(01)09521101000016(21)" + "A" * 3000,
        "=cmd|' /C calc'!A0",
    ],
    ids=lambda payload: payload[:20],
)
def test_a_hostile_label_is_told_and_nothing_else_happens(
    counter: Chain, scan: Any, tmp_path: Path, payload: str
) -> None:
    if len(payload) < 2500:
        (tmp_path / "label.png").write_bytes(encoded(pictures.qr(payload, 4)))
        status, lines = scan(tmp_path / "label.png", *offline(tmp_path))
        assert (status, lines[0]["verdict"]) in {(1, DO_NOT_SUPPLY), (1, HOLD), (2, NOT_CHECKED)}
    status, lines = scan(payload, *offline(tmp_path))
    assert (status, lines[0]["verdict"]) in {(1, DO_NOT_SUPPLY), (1, HOLD), (2, NOT_CHECKED)}


def test_missing_choices_are_told(scan: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["some text"]) == 2
    assert "--trust" in capsys.readouterr().err
    assert main(["some text", "--trust", "nosuch", "--bundle", "nosuch"]) == 2
    assert "nosuch" in capsys.readouterr().err


def test_a_proof_for_another_site_is_not_checked(counter: Chain, scan: Any, tmp_path: Path) -> None:
    words = (f"(01){label_of(counter).gtin}(10)L1(17)280131(21){label_of(counter).serial}",)
    status, lines = scan(*words, *offline(tmp_path), "--site", counter.pharmacy.site)
    assert (status, lines[0]["verdict"], lines[0]["for_site"]) == (0, OK, counter.pharmacy.site)
    status, lines = scan(*words, *offline(tmp_path), "--site", counter.pharmacy2.site)
    assert status == 2
    assert [reason["code"] for reason in lines[0]["reasons"]] == ["other-site-status"]
    assert main([*words, *map(str, offline(tmp_path)), "--site", "123"]) == 2


def test_a_folder_is_searched_for_the_proofs_of_ones_own_site(
    counter: Chain, scan: Any, tmp_path: Path
) -> None:
    words = (f"(01){label_of(counter).gtin}(10)L1(17)280131(21){label_of(counter).serial}",)
    shelf = tmp_path / "proofs"
    shelf.mkdir()
    (tmp_path / "packs.json").rename(shelf / "mine.packtrace.json")
    counter.commission("L9", 1)
    packs = counter.pack_ids("L1", 3)
    other = counter.answers.bundle(packs, counter.pharmacy2.site)
    (shelf / "newer.packtrace.json").write_bytes(other.to_gzip())
    trust = ("--bundle", shelf, "--trust", tmp_path / "trust.txt", "--json")
    status, lines = scan(*words, *trust, "--site", counter.pharmacy.site)
    assert (status, lines[0]["for_site"]) == (0, counter.pharmacy.site)


def test_a_wedge_types_packs_on_standard_input_and_a_fault_is_only_an_offer(
    counter: Chain, scan: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    label = label_of(counter)
    good = f"01{label.gtin}1728013110L1\x1d21{label.serial}"
    wrong = f"01{label.gtin}17280131" + "10LX^]21" + label.serial
    typed = f"{good}\r\n{good.swapcase()}\t{wrong}\r\n{wrong}\r\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
    status, lines = scan("--wedge", *offline(tmp_path))
    assert status == 2
    assert [line["verdict"] for line in lines] == [OK, NOT_CHECKED, DO_NOT_SUPPLY, DO_NOT_SUPPLY]
    assert {line["source"] for line in lines} == {"wedge"}
    # Caps lock: the one reading that the log confirms is offered, and nobody takes it for the pack's.
    assert lines[1]["reasons"][0]["code"] == "scan-again"
    assert lines[1]["again"]["offered"]["serial"] == label.serial
    assert lines[1]["again"]["faults"]
    assert lines[1]["id"] is None
    # A wrong lot that nothing explains: the second time the same reading is the pack's own.
    assert [line["alert"] for line in lines] == [False, False, False, True]
    lots = [(claim["label"], claim["log"], claim["agrees"]) for claim in lines[2]["claims"]]
    assert ("LX", "L1", False) in lots


def test_what_read_a_code_may_be_said(counter: Chain, scan: Any, tmp_path: Path) -> None:
    status, lines = scan(label_of(counter).link, *offline(tmp_path), "--source", "camera")
    assert (status, lines[0]["source"]) == (0, "camera")


def film_of(path: Path, *labels: PrintedLabel | None) -> Path:
    """A video that shows each label for eight frames, and an empty table for None."""
    frames = []
    for label in labels:
        table = np.full((720, 1280), 120, np.uint8)
        if label is not None:
            printed = np.asarray(render(label, module=8), np.uint8)[:700, :1200]
            table[10 : 10 + printed.shape[0], 40 : 40 + printed.shape[1]] = printed
        frames += [cv2.cvtColor(pictures.noisy(table, 3), cv2.COLOR_GRAY2BGR)] * 8
    return film(path, frames)


def test_a_pack_that_stays_in_view_of_a_stream_is_judged_once(
    counter: Chain, scan: Any, tmp_path: Path
) -> None:
    first, second = (label_of(counter, serial=f"L1-{n:04d}") for n in (0, 1))
    wrong = replace(first, expiry=first.expiry.replace(year=2030))
    path = film_of(tmp_path / "x.avi", None, first, None, second, first, None, wrong, None)
    status, lines = scan(path, *offline(tmp_path))
    assert status == 1
    assert [(line["verdict"], line["reading"]) for line in lines] == [
        (OK, first.link), (OK, second.link), (OK, first.link), (DO_NOT_SUPPLY, wrong.link),
    ]  # fmt: skip


def test_one_frame_of_a_stream_decides_nothing(counter: Chain, scan: Any, tmp_path: Path) -> None:
    label = label_of(counter, serial="ELSEWHERE")
    path = film_of(tmp_path / "x.avi", label)
    frame = cv2.VideoCapture(str(path)).read()[1]
    empty = np.full_like(frame, 120)
    path = film(tmp_path / "y.avi", [empty] * 6 + [frame] + [empty] * 6)
    status, lines = scan(path, *offline(tmp_path))
    assert (status, lines[0]["reasons"][0]["code"]) == (2, "unreadable")
    assert "13 frames" in lines[0]["reasons"][0]["words"]


def test_two_symbols_of_a_pack_that_disagree_are_found_in_a_stream_too(
    counter: Chain, scan: Any, tmp_path: Path
) -> None:
    label = label_of(counter)
    table = np.full((720, 1280), 255, np.uint8)
    qr = pictures.qr(label.link, 6)
    matrix = pictures.gs1_datamatrix(f"(01){label.gtin}(21){label.serial}(10)OTHER(17)280131", 8)
    table[20 : 20 + qr.shape[0], 20 : 20 + qr.shape[1]] = qr
    table[20 : 20 + matrix.shape[0], 800 : 800 + matrix.shape[1]] = matrix
    path = film(tmp_path / "x.avi", [cv2.cvtColor(table, cv2.COLOR_GRAY2BGR)] * 6)
    status, lines = scan(path, *offline(tmp_path))
    assert len(lines) == 1
    assert status == 1
    assert "symbols-disagree" in {reason["code"] for reason in lines[0]["reasons"]}


def test_a_folder_is_read_in_the_order_of_its_names(
    counter: Chain, scan: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "labels"
    folder.mkdir()
    for number in (2, 0, 1):
        label = label_of(counter, serial=f"L1-{number:04d}")
        (folder / f"{number}.png").write_bytes(to_png(render(label)))
    status, lines = scan(folder, *offline(tmp_path))
    assert status == 0
    assert [Path(line["input"]).name for line in lines] == ["0.png", "1.png", "2.png"]
    status, lines = scan("--read", folder)
    assert [Path(line["file"]).name for line in lines] == ["0.png", "1.png", "2.png"]


def test_options_may_stand_between_the_inputs(counter: Chain, scan: Any, tmp_path: Path) -> None:
    words = label_of(counter).link
    status, lines = scan(words, *offline(tmp_path), words)
    assert (status, len(lines)) == (0, 2)


def test_cameras_are_listed_where_there_are_none(
    scan: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    status, lines = scan("--list-cameras", "--json")
    assert status == 0
    assert set(lines[0]) == {"cameras"}
    assert all(set(one) == {"index", "name", "width", "height"} for one in lines[0]["cameras"])
    assert main(["--list-cameras"]) == 0
    assert capsys.readouterr().out


def test_an_absent_camera_is_told_and_ends_with_2(
    counter: Chain, scan: Any, tmp_path: Path
) -> None:
    words = ("--camera", "99", "--headless", "--wait", "0", *offline(tmp_path))
    status, lines = scan(*words)
    assert (status, lines[0]["input"], lines[0]["verdict"]) == (2, "camera 99", NOT_CHECKED)
    assert "camera 99" in lines[0]["reasons"][0]["words"]


def test_age_is_told_with_every_verdict(
    counter: Chain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counter.hours(3)
    words = [*map(str, offline(tmp_path))]
    words.remove("--json")
    assert main([label_of(counter).link, *words]) == 0
    assert "3 hours ago" in capsys.readouterr().out
    main(["nonsense", *words])
    assert "nothing was known" in capsys.readouterr().out


def test_control_characters_of_a_label_do_not_reach_the_terminal(
    counter: Chain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*map(str, offline(tmp_path))]
    words.remove("--json")
    main(["\x1b]0;owned\x07\x1b[2J\u202etxt", *words])
    told = capsys.readouterr().out
    assert not [c for c in told if not c.isprintable() and c != "\n"]


def test_help_says_how_it_ends(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    for status in ("0 all OK", "1 at least one", "2 something", "3 the log showed two histories"):
        assert status in told


def test_read_tells_a_stream_without_a_code_and_a_text_that_is_no_picture(
    counter: Chain, scan: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    label = label_of(counter)
    status, lines = scan(
        "--read",
        film_of(tmp_path / "empty.avi", None),
        film_of(tmp_path / "label.avi", None, label, None),
    )
    assert status == 0
    assert [line["text"] for line in lines] == [None, label.link]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"some text\n")))
    status, lines = scan("--read", "-")
    assert (status, lines[0]["text"]) == (2, None)
    assert "not a picture" in lines[0]["error"]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(to_png(render(label)))))
    status, lines = scan("--read", "-")
    assert (status, lines[0]["text"]) == (0, label.link)


def test_whoever_stops_reading_ends_the_run_without_noise(counter: Chain, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "scanner", "--wedge", *map(str, offline(tmp_path))]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT) as run:
        run.stdin.write(b"one\n")
        run.stdin.flush()
        assert json.loads(run.stdout.readline())["reading"] == "one"  # at once, not at the end
        run.stdout.close()
        run.stdin.write(b"two\n")
        run.stdin.close()
        told = run.stderr.read()
    assert (run.returncode, told) == (2, b"")


def run_alone(
    *words: object, memory: int = 0, **streams: Any
) -> subprocess.CompletedProcess[bytes]:
    """The scanner in a process of its own; `memory` bounds its addresses, in bytes."""
    bound = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}));"
    code = (
        f"import sys; {bound if memory else ''} from scanner.__main__ import main; sys.exit(main())"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        **{"capture_output": True, "cwd": ROOT, "timeout": 60, "check": False, **streams},
    )


def plain(folder: Path) -> list[str]:
    """What to check by, told in lines for people."""
    return [word for word in map(str, offline(folder)) if word != "--json"]


def test_standard_input_that_is_closed_or_cannot_be_read_is_told_and_hinders_no_picture(
    counter: Chain, scan: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "good.png").write_bytes(to_png(render(label_of(counter))))
    monkeypatch.setattr("sys.stdin", None)  # as Python has it where a shell ran it with <&-
    status, lines = scan(tmp_path / "good.png", *offline(tmp_path))
    assert (status, lines[0]["verdict"]) == (0, OK)
    for words in (["-"], ["--wedge"]):
        status, lines = scan(*words, *offline(tmp_path))
        assert (status, lines[0]["verdict"]) == (2, NOT_CHECKED)
        assert "standard input is closed" in lines[0]["reasons"][0]["words"]
    with (tmp_path / "written").open("wb") as only_written:
        done = run_alone("-", *offline(tmp_path), stdin=only_written)
    assert (done.returncode, done.stderr) == (2, b"")
    assert "cannot be read" in json.loads(done.stdout)["reasons"][0]["words"]


@pytest.mark.parametrize("words", [["-"], ["--wedge"], ["--read", "-"]])
def test_a_run_without_a_verdict_is_never_taken_for_ok(
    counter: Chain, tmp_path: Path, words: list[str],
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b" \r\n\r\n")))
    assert main([*words, *map(str, offline(tmp_path))]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("Nothing was")


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_text_is_neither_a_label_nor_this_folder(
    counter: Chain, scan: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / "good.png").write_bytes(to_png(render(label_of(counter))))
    monkeypatch.chdir(tmp_path)
    status, lines = scan(text, *offline(tmp_path))
    assert (status, [line["verdict"] for line in lines]) == (2, [NOT_CHECKED])
    assert "empty" in lines[0]["reasons"][0]["words"]
    status, lines = scan("--read", text)
    assert (status, [line["text"] for line in lines]) == (2, [None])


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_an_output_whose_encoding_lacks_a_sign_gets_its_code(
    counter: Chain, tmp_path: Path, encoding: str
) -> None:
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    stranger = label_of(counter, serial="ELSEWHERE")
    done = run_alone(stranger.link, "\u015a", *plain(tmp_path), env=env)
    assert b"Traceback" not in done.stderr
    assert done.returncode == 2
    assert b"\\u015a" in done.stdout
    done = run_alone("\u015a\xe9", *offline(tmp_path), env=env)
    assert json.loads(done.stdout)["input"] == "\u015a\xe9"


def test_verdicts_that_cannot_be_written_end_the_run_with_2_and_a_sentence(
    counter: Chain, tmp_path: Path
) -> None:
    words = (label_of(counter).link, *offline(tmp_path))
    with Path("/dev/full").open("wb") as full:
        done = run_alone(*words, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert b"cannot be written" in done.stderr
    assert b"Traceback" not in done.stderr


def test_what_decodes_only_ends_too_when_nobody_reads_it(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        words = ("--read", tmp_path / "none.png")
        done = run_alone(*words, capture_output=False, stdout=gone, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (2, b"")


def test_names_that_no_file_can_have_are_told_and_the_rest_goes_on(
    scan: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "good.png").write_bytes(encoded(pictures.qr("good")))
    status, lines = scan("--read", "x" * 300, "a\0b", tmp_path / "good.png")
    assert status == 2
    assert [line["text"] for line in lines] == [None, None, "good"]
    (tmp_path / "trust.txt").write_text("")
    for name in ("x" * 300, "a\0b", "/dev/null/x"):
        assert main(["text", "--trust", str(tmp_path / "trust.txt"), "--bundle", name]) == 2
        assert main(["text", "--trust", name, "--bundle", "none"]) == 2


@pytest.mark.parametrize(
    "words",
    [
        ("--camera", "99999999999999999999"), ("--camera", "-1"), ("--camera", "200"),
        ("--camera", "0", "--focus", "nan"), ("--camera", "0", "--exposure", "1e999"),
    ],
)  # fmt: skip
def test_a_number_that_no_camera_takes_is_refused(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words, "--trust", "none", "--bundle", "none", "--headless", "--wait", "0"])
    assert ended.value.code == 2
    assert words[-1] in capsys.readouterr().err


def test_a_file_without_end_is_refused(counter: Chain, tmp_path: Path) -> None:
    most = 4 << 30
    done = run_alone("--read", "/dev/zero", memory=most)
    assert (done.returncode, done.stderr) == (2, b"")
    assert "no file" in json.loads(done.stdout)["error"]
    trust = ("--trust", tmp_path / "trust.txt")
    done = run_alone("text", "--bundle", "/dev/zero", *trust, memory=most)
    assert done.returncode == 2
    assert b"/dev/zero is over" in done.stderr


def test_a_pipe_is_not_waited_for_also_not_in_a_folder(counter: Chain, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("label.png", "film.avi", "new.packtrace.json"):
        os.mkfifo(folder / name)
    done = run_alone("--read", folder, folder / "label.png")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 2
    assert [Path(line["file"]).name for line in told] == ["film.avi", "label.png", "label.png"]
    assert all("is no file" in line["error"] for line in told)
    (folder / "old.packtrace.json").mkdir()
    (tmp_path / "packs.json").rename(folder / "packs.packtrace.json")
    trust = ("--trust", tmp_path / "trust.txt")
    done = run_alone(label_of(counter).link, "--bundle", folder, *trust)
    assert (done.returncode, done.stderr) == (2, b"")  # its own clock says that the view is old
    assert b"Not checked" in done.stdout


HOSTILE = "x\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u2028\x7f"


def harmless(told: str) -> bool:
    """Whether a terminal shows it and does nothing else."""
    return all(c.isprintable() or c == "\n" for c in told)


@pytest.mark.parametrize("as_json", [False, True])
def test_what_a_name_a_video_or_a_log_holds_never_reaches_the_terminal_as_it_is(
    counter: Chain, tmp_path: Path, as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    whole = film(tmp_path / "x.avi", [np.full((99, 99, 3), 120, np.uint8)] * 20).read_bytes()
    (folder / f"{HOSTILE}.avi").write_bytes(whole[: len(whole) * 2 // 3])
    (folder / f"{HOSTILE}\n\u2713 OK.png").write_bytes(b"bad")
    (folder / os.fsdecode(b"\xff.png")).write_bytes(b"bad")
    words = [*plain(tmp_path), "--json"] if as_json else plain(tmp_path)
    assert main([str(folder), *words]) == 2
    told = capsys.readouterr()
    assert harmless(told.out)
    assert harmless(told.err)
    assert "could be read" in told.err
    if as_json:
        lines = [json.loads(line) for line in told.out.splitlines()]
        assert {line["input"] for line in lines} == set(map(str, folder.iterdir()))
    else:
        assert "\n\u2713" not in told.out
    forged = json.loads(gzip.decompress((tmp_path / "packs.json").read_bytes()))
    (tmp_path / "packs.json").write_bytes(
        gzip.compress(json.dumps({**forged, HOSTILE: 1}).encode())
    )
    assert main([label_of(counter).link, *words]) == 2
    told = capsys.readouterr()
    assert "owned" in told.out
    assert harmless(told.out)


@given(st.text(st.characters(), max_size=40))
def test_any_text_is_shown_as_one_line_that_every_encoding_can_hold(text: str) -> None:
    told = clean(text)
    assert harmless(told)
    assert "\n" not in told
    told.encode()


def test_a_refusal_and_an_unknown_option_are_harmless_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["text", "--bundle", "none", "--trust", HOSTILE]) == 2
    assert harmless(capsys.readouterr().err)
    with pytest.raises(SystemExit):
        main([f"--{HOSTILE}"])
    assert harmless(capsys.readouterr().err)


def test_the_window_shows_codes_for_what_would_turn_its_words_round() -> None:
    picture = np.full((90, 160, 3), 120, np.uint8)
    assert (draw(picture, None, "a\u202eb") == draw(picture, None, "a<202E>b")).all()


def test_a_passphrase_that_nobody_can_type_is_told(counter: Chain, tmp_path: Path) -> None:
    key = keyfile.seal(
        counter.pharmacy.key, b"secret", label="x", party=counter.pharmacy.gln,
        salt=bytes(keyfile.SALT_BYTES), nonce=bytes(keyfile.NONCE_BYTES), ops=1, memory=8192,
    )  # fmt: skip
    (tmp_path / "k.key").write_bytes(key)
    trust = ("--trust", tmp_path / "trust.txt")
    words = ("--log", "http://127.0.0.1:9", "--key", tmp_path / "k.key", *trust)
    done = run_alone("text", *words, stdin=subprocess.DEVNULL, start_new_session=True)
    assert done.returncode == 2
    assert b"start the scanner in a terminal" in done.stderr
    assert b"Traceback" not in done.stderr
