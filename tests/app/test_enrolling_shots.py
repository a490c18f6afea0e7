"""A stream of pictures is taken apart into the very pictures that were put into it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.enrolling import shots as module
from app.enrolling.shots import pictures, shots
from ledger.errors import Malformed

FILLING = b"\r\n--line\r\nContent-Type: image/jpeg\r\nContent-Length: 99\r\n\r\n"


class Slow:
    """A stream that gives what it has in parts of some sizes."""

    def __init__(self, data: bytes, sizes: Sequence[int] = (1 << 20,)) -> None:
        self._file = io.BytesIO(data)
        self._sizes = [*sizes] or [1 << 20]
        self.asked = 0

    def read(self, size: int) -> bytes:
        self.asked += 1
        return self._file.read(min(size, self._sizes[self.asked % len(self._sizes)]))


@cache
def made(number: int) -> bytes:
    """A picture file: every second a PNG, of the JPEGs some progressive, some with a thumbnail."""
    noise = np.random.default_rng(number).integers(0, 255, (24 + number, 32), np.uint8)
    image, file = Image.fromarray(noise), io.BytesIO()
    if number % 2:
        image.save(file, "PNG")
        return file.getvalue()
    image.save(file, "JPEG", progressive=number % 4 == 2, quality=95)
    data = file.getvalue()
    if number % 3 == 0:  # a thumbnail's end is not the picture's
        thumbnail = b"\xff\xe1" + (len(data) + 2).to_bytes(2) + data
        data = data[:2] + thumbnail + data[2:]
    return data


@given(
    st.lists(st.integers(0, 11), max_size=6),
    st.lists(st.sampled_from([b"", FILLING, b"\n", b"\xff", b"\x89PN"]), min_size=1, max_size=3),
    st.lists(st.integers(1, 700), min_size=1, max_size=4),
)
def test_what_was_put_into_a_stream_comes_out(
    numbers: list[int], filling: list[bytes], sizes: list[int]
) -> None:
    files = [made(number) for number in numbers]
    between = [filling[n % len(filling)] for n in range(len(files))]
    data = b"".join(one + file for one, file in zip(between, files, strict=True))
    assert list(pictures(Slow(data + filling[0], sizes))) == files


@given(st.binary(max_size=4000) | st.binary(max_size=200).map(lambda b: b"\xff\xd8\xff" + b))
def test_no_bytes_keep_it_for_ever_or_break_it(data: bytes) -> None:
    for found in pictures(Slow(data, [7, 100]), most=1000):
        assert found is None or (found in data and len(found) <= 1000)


@pytest.mark.parametrize("number", range(4))
def test_what_is_cut_off_is_told_and_the_next_is_read(number: int) -> None:
    cut = made(number)[:-3]
    told = list(pictures(Slow(cut)))
    assert told[0] is None
    assert len(told) == 1 + (number == 0)  # that one's thumbnail is whole
    told = list(pictures(Slow(made(4)[: len(made(4)) // 2] + FILLING + made(2))))
    # A JPEG's scan may hold anything: the next picture's bytes pass for the rest of the first.
    assert None in told or len(told) == 1
    assert list(pictures(Slow(b"\xff\xd8\xff\xe0\x00\x04ab\x00" + made(3)))) == [None, made(3)]


def test_a_picture_without_end_takes_bounded_memory() -> None:
    class Endless:
        asked = 0

        def read(self, size: int) -> bytes:
            self.asked += 1
            return b"\xff\xd8\xff\xdb\x00\x02" if self.asked == 1 else b"\x55" * min(size, 4096)

    stream = Endless()
    found: Iterator[bytes | None] = pictures(stream, most=100_000)
    assert next(found) is None
    assert stream.asked < 40


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_large_picture_is_not_read_anew_for_each_part_that_comes(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (400, 400), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, form)
    name, calls = f"_{form.lower()}_end", []
    end_of = getattr(module, name)
    monkeypatch.setattr(module, name, lambda data: calls.append(1) or end_of(data))
    data = file.getvalue()
    assert len(data) > 50_000
    assert list(pictures(Slow(2 * data, [1000]))) == [data, data]
    assert len(calls) < 12


def test_a_source_that_gives_nothing_says_so(tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "film.mp4").write_bytes(b"no film")
    (tmp_path / "text.png").write_bytes(b"no picture")
    inputs = [str(tmp_path / name) for name in ("empty", "film.mp4", "nowhere.png", "text.png")]
    told = list(shots([*inputs, "-", "bad\0name"], stdin=Slow(b"text")))
    problems = [one.problem for one in told]
    for problem, words in zip(
        problems, ("no picture", "no video", "not there", "", "no JPEG", "not there"),
        strict=True,
    ):  # fmt: skip
        assert words in problem
    with pytest.raises(Malformed, match="not a picture"):
        told[3].frame()
    assert [one.problem for one in shots(["-"], stdin=None)] == ["standard input is closed"]
