"""How the scores of REAL prints lie: what a single score is held against when somebody looks into it.

REAL: the photographs of docs/fingerprint.md, one to enrol, one to match, scored on the edges by
`FINGERPRINT_DATA=folder python -m tests.bench.fingerprint_real`; the thresholds of `limits` were set on
the same. Figures of simulated prints are never among them: those differ more than real ones do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from scanner.fingerprint.limits import EXTRACTOR

STEP: Final = 0.01


@dataclass(frozen=True, slots=True)
class Measured:
    """Scores of one kind of pairs: `counts` of each hundredth, from `first` hundredths on."""

    first: int
    counts: tuple[int, ...]

    @property
    def pairs(self) -> int:
        """How many pairs were scored."""
        return sum(self.counts)

    @property
    def steps(self) -> tuple[tuple[float, float], ...]:
        """Where each hundredth begins, and the share of all pairs that lie in it."""
        return tuple(
            (round(STEP * (self.first + n), 2), count / self.pairs)
            for n, count in enumerate(self.counts)
        )

    @property
    def mean(self) -> float:
        """The mean, as far as the hundredths tell it."""
        return sum((start + STEP / 2) * share for start, share in self.steps)

    @property
    def ends(self) -> tuple[float, float]:
        """Between which hundredths all of them lie."""
        return round(STEP * self.first, 2), round(STEP * (self.first + len(self.counts)), 2)


@dataclass(frozen=True, slots=True)
class Kinds:
    """The same print; a copy made from that very print; another print of the same code."""

    same: Measured
    copies: Measured
    others: Measured

    @property
    def named(self) -> dict[str, Measured]:
        """Each by a name, from the least scores on."""
        return {"same": self.same, "copies": self.copies, "others": self.others}


# A second print copies a first print that is not named. Pairs below the gap at .38 are of a copy and
# the very print that it copies; the 108 beyond it are copies of another, farther off than `others`.
MEASURED: Final[Mapping[int, Kinds]] = {
    EXTRACTOR: Kinds(
        same=Measured(7, (8, 17, 16, 8, 8, 7, 1, 2, 0, 0, 0, 1)),
        copies=Measured(27, (6, 7, 11, 6, 5, 16, 12, 5, 4, 2, 2)),
        others=Measured(35, (1, 0, 2, 5, 12, 12, 24, 14, 16, 9, 4, 2, 1)),
    )
}  # fmt: skip
