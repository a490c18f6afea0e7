"""One bad frame decides nothing; a pack is one scan for as long as it is in view."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.symbols import Symbol, read
from scanner.votes import Votes
from tests.scanner import pictures
from tests.scanner.pictures import LABEL


def symbol(text: str, at: int = 0, symbology: str = "]Q1") -> Symbol:
    corners = ((at, 0), (at + 9, 0), (at + 9, 9), (at, 9))
    return Symbol("QRCode", text, corners, symbology)


def texts(votes: Votes, *frames: str) -> list[list[str]]:
    """What comes out of each frame; a frame is written as its one-letter symbols."""
    return [[s.text for s in votes.add(map(symbol, frame))] for frame in frames]


STREAMS = st.lists(st.text("abc", max_size=4), max_size=40)


def test_the_second_frame_that_agrees_decides() -> None:
    assert texts(Votes(), "a", "a", "a") == [[], ["a"], []]
    assert texts(Votes(needed=1), "a", "a") == [["a"], []]
    assert texts(Votes(needed=3), "a", "a", "", "a") == [[], [], [], ["a"]]


def test_frames_between_that_read_nothing_do_not_undo_a_vote() -> None:
    assert texts(Votes(), "a", "", "", "", "a") == [[], [], [], [], ["a"]]
    assert texts(Votes(), "a", "", "", "", "", "a") == [[], [], [], [], [], []]


def test_a_pack_is_handed_out_again_only_after_it_was_out_of_view() -> None:
    stays = texts(Votes(), "a", "a", "", "", "", "", "a", "a")
    assert stays == [[], ["a"], [], [], [], [], [], []]
    returns = texts(Votes(), "a", "a", "", "", "", "", "", "a", "a")
    assert returns == [[], ["a"], [], [], [], [], [], [], ["a"]]


def test_two_equal_labels_in_one_frame_are_one_vote() -> None:
    votes = Votes()
    assert votes.add([symbol("a"), symbol("a", at=50)]) == []
    assert [s.corners for s in votes.add([symbol("a", at=3)])] == [symbol("a", at=3).corners]


def test_the_same_text_in_another_kind_of_symbol_is_another_reading() -> None:
    votes = Votes()
    assert votes.add([symbol("a", symbology="]Q1")]) == []
    assert votes.add([symbol("a", symbology="]Q3")]) == []


@given(STREAMS, st.integers(1, 5), st.integers(0, 4))
def test_what_fewer_frames_than_needed_say_never_comes_out(
    frames: list[str], needed: int, more: int
) -> None:
    window = needed + more
    votes = Votes(needed, window)
    for number, frame in enumerate(frames):
        last = frames[max(0, number - window + 1) : number + 1]
        out = [s.text for s in votes.add(map(symbol, frame))]
        for text in out:
            assert sum(text in one for one in last) >= needed
            assert text in frame
        assert out == [text for text in dict.fromkeys(frame) if text in out], "the frame's order"


@given(STREAMS, st.integers(0, 40))
def test_a_misread_in_one_frame_never_comes_out(frames: list[str], at: int) -> None:
    at = min(at, len(frames))
    votes, undisturbed = Votes(), Votes()
    spoilt = [*frames[:at], (frames[at] if at < len(frames) else "") + "!", *frames[at + 1 :]]
    assert texts(votes, *spoilt)[: len(frames)] == texts(undisturbed, *frames)


@given(STREAMS, st.integers(2, 5), st.integers(0, 4))
def test_a_pack_comes_out_whenever_it_is_agreed_anew(
    frames: list[str], needed: int, more: int
) -> None:
    window = needed + more
    votes = Votes(needed, window)
    gone = [""] * window
    for frame in frames:
        out = texts(votes, *([frame] * needed), *gone)
        assert out == [[]] * (needed - 1) + [list(dict.fromkeys(frame))] + [[]] * window


@pytest.mark.parametrize(("needed", "window"), [(0, 5), (6, 5), (-1, 1)])
def test_frames_that_can_never_agree_are_refused(needed: int, window: int) -> None:
    with pytest.raises(ValueError, match="never agree"):
        Votes(needed, window)


def test_a_label_moved_before_a_camera_is_one_scan() -> None:
    votes, page, out = Votes(), pictures.printed(4), []
    empty = page[:80, :80]
    for frame in (page, pictures.turned(page, 7), empty, pictures.tilted(page, 0.1), page):
        out.append([s.text for s in votes.add(read(frame))])
    assert out == [[], [LABEL.link], [], [], []]
