"""Every way to take an element string apart whose separators are lost or stand as something else.

A value of variable length without a separator behind it may end wherever a known identifier begins,
so one string can be several labels: which of them is a pack is for the log to say (`faults`).
"""

from __future__ import annotations

import re
import string
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

from ledger.errors import Malformed
from ledger.statement.ai import CSET_82, Element, has_check_digit, parse_yymmdd

GS: Final = "\x1d"
LOST, REPLACED, DOUBLED = "separator-lost", "separator-replaced", "separator-doubled"
LOOK_ALIKE, ZEROS = "look-alike", "leading-zeros"

# What scanners, programs and people write where the separator was.
_NAMED: Final = re.compile(
    r"[{<\[(](?:GS|FNC1|F8|0x1D|U\+001D)[})>\]]|\^\]|\\(?:x1D|u001D|035|F)|%1D|&#(?:29|x1D);"
    r"|_x001D_|~d029|\u241d|\u2194|[\x1c\x1e\x1f]",
    re.IGNORECASE,
)
# What can stand for it among letters and digits; the identifier that follows tells.
_SPELT: Final = ("0029", "029", "29", "FNC1", "GS", "1D")
_OUTSIDE: Final = re.compile(f"[^{re.escape(''.join(sorted(CSET_82)))}{GS}]")
_FIXED: Final[Mapping[str, int]] = {"00": 18, "01": 14, "11": 6, "15": 6, "17": 6}
_VARIABLE: Final[Mapping[str, int]] = {
    "10": 20, "21": 20, "22": 20, "30": 8, "37": 8, "240": 30, "241": 30, "250": 30,
    **{f"71{n}": 20 for n in range(8)}, **{f"9{n}": 90 for n in range(10)},
}  # fmt: skip
# A value ends without a separator only before these: what else it might hold, the log cannot tell.
# Not before (710) and (717), which a lot (10) or an expiry (17) behind a 7 would be taken for.
_NEXT: Final = re.compile(r"(?=01[0-9]{14}|1[17][0-9]{6}|(?:10|21|71[1-6])[^\x1d])", re.ASCII)
# Where a claim that the log can hold may begin.
_CLAIM: Final = re.compile(r"(?=01[0-9]{14}|17[0-9]{6}|(?:10|21)[^\x1d])", re.ASCII)
_CLAIMED: Final = frozenset(("10", "21"))
_UPPER: Final = {ord(c): c.upper() for c in string.ascii_lowercase}
_SWALLOWED: Final = "swallowed"  # a mark of the search's own, on no split that it hands out
_MOST: Final = 48  # ways to take one string apart
_STEPS: Final = (
    20_000  # of work for one reading in all its spellings: ten times what any label asks for
)


@dataclass(slots=True)
class Attempt:
    """One reading under repair: who read it, in which year, and the work that is left for it.

    All ways to read a text draw on the same work, so that no text keeps the filter long.
    """

    typed: bool  # by a person: characters that look alike may be confused
    year: int  # the current one
    left: int = _STEPS

    def spend(self, steps: int) -> bool:
        """Whether there was work left for so many steps more."""
        self.left -= steps
        return self.left > 0


class Split(NamedTuple):
    """One way to take a string apart, and the faults that it takes back."""

    elements: tuple[Element, ...]
    faults: tuple[str, ...]


@lru_cache(256)  # asked for a spelling, and again when it is taken apart
def separated(text: str) -> tuple[str, tuple[str, ...]]:
    """A text with U+001D for everything that can only be a separator, and the faults taken back."""
    plain = _OUTSIDE.sub(_separator, _NAMED.sub(GS, text))
    faults: tuple[str, ...] = (REPLACED,) if plain != text else ()
    if GS * 2 in plain:
        plain = re.sub(f"{GS}+", GS, plain)
        faults = faults or (DOUBLED,)
    return plain, faults


def _separator(match: re.Match[str]) -> str:
    """A letter that GS1 does not know is part of a value that was changed, never a separator."""
    return match[0] if match[0].isalnum() else GS


def splits(
    text: str, digits: str, attempt: Attempt, faults: tuple[str, ...] = ()
) -> Iterator[Split]:
    """Each way to read a text as a whole pack label: GTIN with serial, or SSCC; likeliest first.

    `digits` is the same text, character for character, as it looks where only digits can stand;
    the very same where the source confuses none. `faults` were taken back to get there.
    """
    yield from _Search(text, digits, attempt).run(faults)


class _Search:
    """One bounded search, depth first: natural ends before ends without a separator."""

    def __init__(self, text: str, digits: str, attempt: Attempt) -> None:
        self.text, self.digits, self.attempt = text, digits, attempt
        self.typed = digits is not text
        self.left = _MOST

    @cached_property
    def upper(self) -> str:
        return self.text.translate(_UPPER)  # character for character

    @cached_property
    def next(self) -> list[int]:
        found = [match.start() for match in _NEXT.finditer(self.text)]
        self.attempt.spend(len(found))
        return found

    @cached_property
    def claims(self) -> list[int]:
        return [match.start() for match in _CLAIM.finditer(self.text)]

    def run(self, before: tuple[str, ...]) -> Iterator[Split]:
        for split in self._from(0, (), before):
            if _SWALLOWED in split.faults:
                # Between whole separators a value may hold anything; where one is missing, a
                # value that nobody checks must not hide a lot or an expiry.
                if LOST in split.faults or REPLACED in split.faults:
                    continue
                split = Split(split.elements, tuple(f for f in split.faults if f != _SWALLOWED))
            names = {ai for ai, _ in split.elements}
            if "00" in names or names >= {"01", "21"}:
                yield split
                self.left -= 1
            if self.left <= 0:
                return

    def _from(
        self, at: int, found: tuple[Element, ...], faults: tuple[str, ...]
    ) -> Iterator[Split]:
        if at >= len(self.text):
            yield Split(found, tuple(dict.fromkeys(faults)))
            return
        if self.left <= 0 or not self.attempt.spend(1) or len(found) > 8:
            return
        ai = self.digits[at : at + 2]
        if ai not in _FIXED and ai not in _VARIABLE:
            ai = self.digits[at : at + 3]
            if ai not in _VARIABLE:
                return
        for other, _ in found:
            if ai == other:
                return
        start = at + len(ai)
        if self.text[at:start] != ai:
            faults = (*faults, LOOK_ALIKE)
        if ai in _FIXED:
            for value, end, more in self._fixed(ai, start):
                after = end + (self.text[end : end + 1] == GS)
                yield from self._from(after, (*found, (ai, value)), faults + more)
        else:
            for end, after, more in self._ends(start, _VARIABLE[ai]):
                element = (ai, self.text[start:end])
                if ai not in _CLAIMED and self._claims_within(start, end):
                    more = (*more, _SWALLOWED)
                yield from self._from(after, (*found, element), faults + more)

    def _claims_within(self, start: int, end: int) -> bool:
        n = bisect_right(self.claims, start)
        return n < len(self.claims) and self.claims[n] < end

    def _fixed(self, ai: str, start: int) -> Iterator[tuple[str, int, tuple[str, ...]]]:
        """The values of an identifier of fixed length, each with its end and its faults."""
        lengths = (14, 13, 12) if self.typed and ai == "01" else (_FIXED[ai],)
        for length in lengths:
            end = start + length
            value = self.digits[start:end]
            if len(value) == length and _right(ai, value, self.attempt.year):
                faults = () if self.text[start:end] == value else (LOOK_ALIKE,)
                yield (
                    value.zfill(_FIXED[ai]),
                    end,
                    faults if length == _FIXED[ai] else (*faults, ZEROS),
                )

    def _ends(self, start: int, longest: int) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        """Where a value of variable length may end, and where the next identifier begins."""
        natural = self.text.find(GS, start)
        natural = len(self.text) if natural < 0 else natural
        if start < natural <= start + longest:
            yield natural, natural + 1, ()
        first = bisect_right(self.next, start)
        last = bisect_right(self.next, min(natural, start + longest + 4))
        self.attempt.spend(last - first)
        for place in self.next[first:last]:
            if place <= start + longest:
                yield place, place, (LOST,)
            length = place - start
            if 1 < length <= longest + 1 and not self.text[place - 1].isalnum():
                yield place - 1, place, (REPLACED,)
            for spelt in _SPELT:
                if len(spelt) < length <= longest + len(spelt) and self.upper.endswith(
                    spelt, start, place
                ):
                    yield place - len(spelt), place, (REPLACED,)


@lru_cache(1024)  # the same value stands in most spellings of a reading
def _right(ai: str, value: str, year: int) -> bool:
    if ai in ("00", "01"):
        return has_check_digit(value)
    try:
        parse_yymmdd(value, year)
    except Malformed:
        return False
    return True
