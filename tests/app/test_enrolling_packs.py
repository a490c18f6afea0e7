"""However pictures come in, each pack is told of once, and what is held of them is bounded."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.enrolling.look import Asked, Glance, Judged
from app.enrolling.packs import AWAY, ENROLLED, REFUSED, TURNED_AWAY, Packs, Picture, Reason, Told

LEAST = 3
GOOD, POOR = 255, 0


class Bench:
    """A line whose pictures are judged by their first pixel; answers come late, in order."""

    def __init__(self, most_held: int = 1 << 20, *, late: int = 0) -> None:
        self.asked: list[Asked] = []
        self.compared: list[tuple[str, Picture]] = []
        self.told: list[Told] = []
        self.held = 0
        self._late = late
        self.packs = Packs(
            least=LEAST, module_mm=0.42, year=2026, check=self._check, ask=self.asked.append,
            compare=lambda item, picture, _template: self.compared.append((item, picture)),
            most_held=most_held,
        )  # fmt: skip

    @staticmethod
    def _check(item: str, *_: object) -> tuple[Reason, ...]:
        return (Reason("wrong-lot", "another lot"),) if item == "wrong" else ()

    def show(self, item: str, value: int = GOOD, *, stream: bool = False, name: str = "") -> None:
        crop = np.full((10, 10), value, np.uint8)
        seen = Glance(item, "L1", crop) if item else Glance(reason="no-code")
        self.told += self.packs.show(name or item, stream, seen)
        self.held = max(self.held, self._held())
        while len(self.asked) > self._late:
            self._answer()

    def _held(self) -> int:
        return sum(
            one.crop.size for pack in self.packs._open.values() for one in pack.held
        )  # what is asked is held too

    def _answer(self) -> None:
        asked = self.asked.pop(0)
        reasons = tuple(() if crop[0, 0] == GOOD else ("glare",) for crop in asked.crops)
        good = reasons.count(())
        template = b"template" if good >= asked.least else b""
        self.told += self.packs.judged(asked.item, Judged(reasons, template, good))

    def close(self) -> None:
        while self.asked or self.packs.open:
            self.told += self.packs.close()
            while self.asked:
                self._answer()

    def outcomes(self, item: str) -> list[str]:
        return [one.outcome for one in self.told if one.item == item]


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from([GOOD, GOOD, POOR])), max_size=60
    ),
    st.integers(0, 4),
)
def test_of_files_each_pack_is_enrolled_once_if_enough_are_good(
    pictures: list[tuple[str, int]], late: int
) -> None:
    bench = Bench(late=late)
    for number, (item, value) in enumerate(pictures):
        bench.show(item, value, name=f"{item}{number}")
    bench.close()
    good = Counter(item for item, value in pictures if value == GOOD)
    for item in {item for item, _ in pictures}:
        ends = [one for one in bench.outcomes(item) if one != TURNED_AWAY]
        assert ends == [ENROLLED if good[item] >= LEAST else REFUSED]
    named = [one.name for one in bench.told if one.outcome == TURNED_AWAY]
    assert len(set(named)) == len(named)
    # A picture is in the template, or it is held against it: none is passed over.
    for one in bench.told:
        if one.judged is not None:
            held = [item for item, _ in bench.compared if item == one.item]
            assert one.judged.frames + len(held) >= good[one.item]


@given(
    st.lists(st.integers(0, 40), max_size=150), st.integers(6, 20), st.integers(0, 3)
)  # fmt: skip
def test_what_is_held_of_packs_is_bounded(items: list[int], most: int, late: int) -> None:
    bench = Bench(most * 100, late=late)
    for item in items:
        bench.show(str(item), POOR if item % 5 == 0 else GOOD)
    # Beyond the bound, what is being judged, and the pictures of the pack that came last.
    assert bench.held <= (most + (late + 2) * 2 * LEAST) * 100
    bench.close()
    for item in set(map(str, items)):
        assert bench.outcomes(item)
    assert not bench.packs.open


def test_a_pack_that_leaves_a_stream_is_told_of_at_once() -> None:
    bench = Bench()
    for _ in range(2):
        bench.show("a", stream=True)
    for _ in range(AWAY + 2):
        bench.show("", stream=True)
    [told] = bench.told
    assert (told.outcome, told.item) == (REFUSED, "a")
    assert "good: 2 of 3" in told.reasons[0].words
    # Shown again, it has another go, and so has one that was refused for another reason.
    for _ in range(3):
        bench.show("a", stream=True)
    assert bench.outcomes("a") == [REFUSED, ENROLLED]
    for _again in range(2):
        for _ in range(3):
            bench.show("wrong", stream=True)
        for _ in range(AWAY + 2):
            bench.show("", stream=True)
    assert bench.outcomes("wrong") == [REFUSED, REFUSED]


def test_a_stream_tells_each_fault_of_a_pack_once() -> None:
    bench = Bench()
    for _ in range(9):
        bench.show("a", POOR, stream=True)
    bench.show("a", stream=True)
    assert bench.outcomes("a") == [TURNED_AWAY]
    for reason, words in (("two-packs", "a, b"), ("two-packs", "a, b"), ("no-code", "")):
        bench.told += bench.packs.show("camera", True, Glance(reason=reason, words=words))
    assert [one.reasons[0].code for one in bench.told if one.outcome == REFUSED] == ["two-packs"]


def test_packs_that_are_done_are_forgotten_in_the_end(monkeypatch) -> None:
    monkeypatch.setattr("app.enrolling.packs.MOST_DONE", 5)
    bench = Bench()
    for number in range(20):
        for _ in range(LEAST):
            bench.show(str(number), stream=True)
    assert len(bench.packs._done) == 5
    assert all(bench.outcomes(str(number)) == [ENROLLED] for number in range(20))
