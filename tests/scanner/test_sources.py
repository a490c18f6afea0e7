"""Whatever a reading comes from, it comes in by one door; what cannot be read is said."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path

import cv2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.camera import Picture
from scanner.sources import Sighting, open_source
from scanner.splits import GS
from scanner.symbols import read
from tests.scanner import pictures
from tests.scanner.pictures import LABEL, encoded
from tests.scanner.test_camera import colour, film, scene


def lines(data: bytes, **options: object) -> list[tuple[str | None, str]]:
    """The texts of standard input and what read them."""
    found = open_source(["-"], stdin=io.BufferedReader(io.BytesIO(data)), **options)  # type: ignore[arg-type]
    return [(one.text, one.source) for one in found]


def test_an_input_is_a_picture_a_video_a_folder_or_else_text(tmp_path: Path) -> None:
    (tmp_path / "b.png").write_bytes(encoded(pictures.printed()))
    (tmp_path / "a.jpg").write_bytes(encoded(pictures.printed(), "JPEG"))
    (tmp_path / "c.avi").write_bytes(film(tmp_path / "x.avi", [scene()] * 3).read_bytes())
    (tmp_path / "x.avi").unlink()
    (tmp_path / "notes.txt").write_text("no picture")
    found = list(open_source([str(tmp_path), "some text", str(tmp_path / "b.png")]))
    frames = [(Path(one.name).name, one.stream) for one in found if one.frame is not None]
    assert frames == [
        ("a.jpg", False), ("b.png", False), ("c.avi", True), ("c.avi", True), ("c.avi", True),
        ("b.png", False),
    ]  # fmt: skip
    assert [one.text for one in found if one.text] == ["some text"]
    assert [one.ends for one in found if one.stream][-1]
    assert {one.source for one in found if one.frame is not None} == {"camera"}


def test_a_video_is_told_by_its_bytes_not_by_its_name(tmp_path: Path) -> None:
    film(tmp_path / "x.avi", [scene()] * 2).rename(tmp_path / "label.png")
    found = list(open_source([str(tmp_path / "label.png")]))
    assert [one.stream for one in found] == [True, True, True]


def test_a_file_that_only_looks_like_a_video_or_a_playlist_fetches_nothing(tmp_path: Path) -> None:
    (tmp_path / "list.avi").write_text("#EXTM3U\nhttp://127.0.0.1:9/secret.ts\n")
    (tmp_path / "concat.png").write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    for name in ("list.avi", "concat.png"):
        (one,) = open_source([str(tmp_path / name)])
        assert "not a picture" in one.problem


def test_what_cannot_be_read_is_said_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.png").write_bytes(b"bad")
    (tmp_path / "good.png").write_bytes(encoded(pictures.printed()))
    inputs = [str(tmp_path / name) for name in ("empty", "bad.png", "none.png", "good.png")]
    found = list(open_source(inputs, paths_only=True))
    assert [bool(one.problem) for one in found] == [True, True, True, False]
    assert "no picture and no video" in found[0].problem
    assert found[3].frame is not None


def test_a_cut_off_video_gives_its_frames_and_says_what_is_missing(tmp_path: Path) -> None:
    whole = film(tmp_path / "x.avi", [scene()] * 20).read_bytes()
    (tmp_path / "x.avi").write_bytes(whole[: len(whole) // 2])
    found = list(open_source([str(tmp_path / "x.avi")]))
    assert sum(one.frame is not None for one in found) >= 8
    assert any("could be read" in one.notice for one in found)
    assert found[-1].ends


def test_standard_input_is_a_picture_when_it_begins_like_one() -> None:
    for kind in ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"):
        data = encoded(pictures.printed(), kind)
        (one,) = open_source(["-"], stdin=io.BufferedReader(io.BytesIO(data)))
        assert one.frame is not None, kind
        assert [symbol.text for symbol in read(one.frame, budget_s=5.0)] == [LABEL.link]
    (one,) = open_source(["-"], stdin=io.BufferedReader(io.BytesIO(data[:300])))
    assert "damaged" in one.problem


def test_lines_are_typed_texts_and_empty_ones_nothing() -> None:
    assert lines(b"one\r\n\n  \ntwo\tparts\nlast") == [
        ("one", "typed"), ("two\tparts", "typed"), ("last", "typed"),
    ]  # fmt: skip
    assert lines(b"") == []


def test_a_wedge_ends_a_code_with_enter_or_tab_and_types_its_separator_as_control() -> None:
    found = lines(b"*01A\x1d10B#\r\n*01C^]10D#\t*01E#\r", wedge=True, prefix="*", suffix="#")
    assert found == [("01A\x1d10B", "wedge"), ("01C\x1d10D", "wedge"), ("01E", "wedge")]
    (one,) = open_source(["01A^]10B"], wedge=True)
    assert (one.text, one.source) == ("01A\x1d10B", "wedge")


def test_a_line_is_there_as_soon_as_its_end_is(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream, os.fdopen(writing, "wb", 0) as wedge:
        sightings = open_source([], stdin=stream, wedge=True)
        wedge.write(b"first\tsec")
        assert next(sightings).text == "first"
        wedge.write(b"ond\r\n")
        assert next(sightings).text == "second"
        sightings.close()


def test_a_line_without_end_is_refused_once_and_what_follows_is_read() -> None:
    found = list(
        open_source(["-"], stdin=io.BufferedReader(io.BytesIO(b"x" * 100_000 + b"\nnext\n")))
    )
    assert [bool(one.problem) for one in found] == [True, False]
    assert found[1].text == "next"


def test_a_code_that_begins_like_a_picture_is_a_wedges_line_and_the_session_goes_on() -> None:
    for head in (b"BM", b"II*\0", b"P5\n", b"GIF8", b"\x89PNG\r\n"):
        found = lines(head + b"0123456789\r\nnext\r\n", wedge=True)
        assert found[-1] == ("next", "wedge"), head
    assert lines(b"BM0123456789\n(01)next\n") == [("BM0123456789", "typed"), ("(01)next", "typed")]


def test_what_is_typed_as_a_separator_is_the_one_that_the_faults_know() -> None:
    assert lines(b"01A^]10B\r", wedge=True) == [(f"01A{GS}10B", "wedge")]


@pytest.mark.parametrize("wedge", [False, True])
def test_standard_input_that_breaks_is_told_after_what_it_gave(wedge: bool) -> None:
    class Broken(io.RawIOBase):
        left = b"first\n"

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            part, self.left = self.left, b""
            if not part:
                raise OSError(errno.EIO, "Input/output error")
            buffer[: len(part)] = part
            return len(part)

    first, second = open_source(["-"], stdin=io.BufferedReader(Broken()), wedge=wedge)
    assert first.text == "first"
    assert "Input/output error" in second.problem


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_on_standard_input_are_lines_or_refused(data: bytes, wedge: bool) -> None:
    stream = io.BufferedReader(io.BytesIO(data))
    for one in open_source(["-"], stdin=stream, wedge=wedge):
        assert isinstance(one, Sighting)
        assert one.text is not None or one.frame is not None or one.problem


@pytest.mark.parametrize(
    ("frame", "name"), [(colour((0, 135, 0)), "all green"), (colour((0, 0, 0)), "all black")]
)
def test_empty_frames_are_named_once_and_each_is_still_looked_at(
    tmp_path: Path, frame: Picture, name: str
) -> None:
    path = film(tmp_path / "x.avi", [scene(), *[cv2.resize(frame, scene().shape[1::-1])] * 30])
    found = list(open_source([str(path)]))
    assert [name in one.notice for one in found if one.notice] == [True]
    assert sum(one.frame is not None for one in found) == 31


def test_colour_is_kept_for_the_window_and_grey_for_reading(tmp_path: Path) -> None:
    first = next(open_source([str(film(tmp_path / "x.avi", [scene()] * 2))]))
    assert first.frame is not None
    assert first.picture is not None
    assert first.picture.shape == (*first.frame.shape, 3)
    assert (cv2.cvtColor(first.picture, cv2.COLOR_BGR2GRAY) == first.frame).all()
