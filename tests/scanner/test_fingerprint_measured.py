"""The measured scores that the evidence page draws are those that the documentation reports."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from scanner.fingerprint.limits import EXTRACTOR, LIMITS
from scanner.fingerprint.measured import MEASURED, STEP, Measured

DOCS: Final = Path(__file__).resolve().parents[2] / "docs" / "fingerprint.md"
KINDS: Final = MEASURED[EXTRACTOR]


def documented() -> list[tuple[float, float, float]]:
    """Mean, deviation and outermost score on the edges: of one print, a copy of it, another print."""
    row = next(
        line for line in DOCS.read_text().splitlines() if line.startswith("| on the edges |")
    )
    found = re.findall(r"([.\d]+) ± ([.\d]+), at (?:most|least) ([.\d]+)", row)
    return [(float(mean), float(spread), float(end)) for mean, spread, end in found]


@pytest.mark.parametrize(
    ("place", "kind"), list(enumerate((KINDS.same, KINDS.copies, KINDS.others)))
)
def test_a_kind_lies_where_the_documentation_has_it(place: int, kind: Measured) -> None:
    mean, spread, end = documented()[place]
    assert kind.mean == pytest.approx(mean, abs=STEP / 2)
    variance = sum(share * (at + STEP / 2 - kind.mean) ** 2 for at, share in kind.steps)
    assert variance**0.5 == pytest.approx(spread, abs=STEP / 2)
    outermost = kind.ends[1] - STEP if place == 0 else kind.ends[0]
    assert outermost <= end < outermost + STEP


def test_every_pair_that_was_tested_is_one_of_them_or_said_to_lie_beyond() -> None:
    assert KINDS.same.pairs == 68
    assert KINDS.copies.pairs + KINDS.others.pairs + 108 == LIMITS[EXTRACTOR].tested


def test_the_thresholds_lie_between_what_was_measured() -> None:
    limits = LIMITS[EXTRACTOR]
    assert KINDS.same.ends[1] <= limits.genuine < KINDS.copies.ends[0]
    assert sum(share for _, share in KINDS.same.steps) == pytest.approx(1)


def test_every_extractor_with_limits_has_its_own_figures() -> None:
    assert set(MEASURED) == set(LIMITS)
