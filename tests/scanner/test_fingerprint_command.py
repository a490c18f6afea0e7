"""`python -m scanner fingerprint`: enrol from pictures, match others, say what cannot be told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scanner.__main__ import main
from scanner.fingerprint.template import Template
from tests.scanner.fingerprint_golden import ENROLLED, FOLDER, TEXT


def picture(name: str) -> str:
    """A golden frame's file."""
    return str(FOLDER / f"{name}.png")


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A template that the command wrote."""
    path = tmp_path_factory.mktemp("enrolled") / "T.afp"
    assert main(["fingerprint", "enrol", *map(picture, ENROLLED), "-o", str(path)]) == 0
    return str(path)


def test_enrolment_tells_what_it_took(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "T.afp"
    words = ["fingerprint", "enrol", *map(picture, ENROLLED), "-o", str(path), "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["template"] == str(path)
    assert told["text"] == TEXT
    assert told["frames"] == 2
    assert 18 < told["px_per_mm"] < 21
    assert Template.parse(path.read_bytes()).frames == 2


def test_a_template_is_its_owner_s_alone(enrolled: str) -> None:
    """Whoever reads it can make what matches it."""
    assert Path(enrolled).stat().st_mode & 0o077 == 0


def test_two_enrolments_look_at_points_of_their_own(enrolled: str, tmp_path: Path) -> None:
    path = tmp_path / "other.afp"
    main(["fingerprint", "enrol", *map(picture, ENROLLED), "-o", str(path)])
    one, other = (Template.parse(Path(p).read_bytes()) for p in (enrolled, path))
    assert one.seed != other.seed
    assert one.design == other.design


@pytest.mark.parametrize(
    ("names", "verdict", "reasons", "status"),
    [
        (["worn"], "GENUINE_MATCH", [], 0),
        (["worn", "coarse"], "GENUINE_MATCH", [], 0),
        (["other-print"], "COPY_SUSPECTED", ["differs"], 1),
        (["replay-2400"], "CANNOT_TELL", ["ink-differs"], 2),
        (["worn", "worn"], "CANNOT_TELL", ["identical-frames"], 2),
        (["worn", "other-print"], "CANNOT_TELL", ["label-changed"], 2),
    ],
)
def test_match_gives_one_object(
    enrolled: str, capsys: pytest.CaptureFixture[str], names: list[str], verdict: str,
    reasons: list[str], status: int,
) -> None:  # fmt: skip
    assert main(["fingerprint", "match", enrolled, *map(picture, names), "--json"]) == status
    told = json.loads(capsys.readouterr().out)
    assert list(told) == [
        "score", "verdict", "reasons", "frames", "px_per_mm", "false_match_log10",
    ]  # fmt: skip
    assert (told["verdict"], told["reasons"]) == (verdict, reasons)
    if told["score"] is not None:
        assert 0 < told["score"] < 1
        assert -6 <= told["false_match_log10"] <= 0


def test_the_size_of_a_module_decides_what_a_camera_resolves(
    enrolled: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["fingerprint", "match", enrolled, picture("coarse"), "--json", "--module-mm", "0.6"]
    assert main(words) == 2
    assert json.loads(capsys.readouterr().out)["reasons"] == ["low-resolution"]


def test_words_for_people_never_say_authentic(
    enrolled: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["fingerprint", "match", enrolled, picture("worn")])
    main(["fingerprint", "match", enrolled, picture("other-print")])
    told = capsys.readouterr().out
    assert "No contradiction found" in told
    assert "Copy suspected" in told
    assert "authentic" not in told.lower()


def test_what_is_no_picture_or_no_template_is_refused_in_words(
    enrolled: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.png"
    text.write_text("no picture")
    blank = tmp_path / "blank.png"
    Image.fromarray(np.full((300, 300), 255, np.uint8)).save(blank)
    out = str(tmp_path / "out.afp")
    cases = [
        (["match", str(text), picture("worn")], "no fingerprint template"),
        (["match", str(tmp_path / "none"), picture("worn")], "cannot be read"),
        (["enrol", str(text), "-o", out], "not a picture"),
        (["enrol", str(blank), "-o", out], "No QR code"),
        (["enrol", picture("worn"), "-o", str(tmp_path / "no" / "folder")], "cannot be written"),
    ]
    for words, told in cases:
        assert main(["fingerprint", *words]) == 2
        assert told in capsys.readouterr().err
    assert not Path(out).exists()
    assert main(["fingerprint", "match", enrolled, str(text), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["reasons"] == ["unreadable"]


@pytest.mark.parametrize(
    "words", [[], ["enrol"], ["match", "x"], ["enrol", "a", "-o", "b", "--module-mm", "0"]]
)
def test_a_wrong_command_line_is_told_so(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["fingerprint", *words])
    assert ended.value.code == 2
