"""What a set of comparisons comes to: shares with their bounds, equal error rate, freedom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import comb, nan
from typing import Final

import numpy as np

from scanner.fingerprint.match import CANNOT_TELL, COPY_SUSPECTED, GENUINE_MATCH, Match
from tests.bench.report import Line

_CONFIDENCE: Final = 0.95


@dataclass
class Tally:
    """Comparisons of one kind: genuine pairs, or one kind of copy."""

    verdicts: list[str] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)  # nan where nothing was compared
    beside: list[float] = field(default_factory=list)
    reasons: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, found: Match) -> None:
        """Count one."""
        self.verdicts.append(found.verdict)
        self.scores.append(nan if found.score is None else found.score)
        self.beside.append(nan if found.score_off is None else found.score_off)
        self.reasons.append(found.reasons)

    @classmethod
    def of(cls, tallies: Iterable[Tally]) -> Tally:
        """Several kinds as one."""
        every = cls()
        for one in tallies:
            every.verdicts += one.verdicts
            every.scores += one.scores
            every.beside += one.beside
            every.reasons += one.reasons
        return every

    def __len__(self) -> int:
        return len(self.verdicts)

    def share(self, verdict: str) -> tuple[int, float, float]:
        """How many were judged so, in percent, and the percent's upper bound at 95 %."""
        count = self.verdicts.count(verdict)
        return count, percent(count, len(self)), 100 * bound(count, len(self))

    def line(self, name: str, verdict: str) -> Line:
        """One figure of the report: the share that was judged so."""
        count, value, upper = self.share(verdict)
        told = [reason for one in self.reasons for reason in one]
        return {
            "name": name, "value": value, "unit": "%", "limit": upper, "n": len(self),
            "count": count, "bound95": upper,
            "accepted": self.verdicts.count(GENUINE_MATCH),
            "copy_suspected": self.verdicts.count(COPY_SUSPECTED),
            "cannot_tell": self.verdicts.count(CANNOT_TELL),
            "reasons": {one: told.count(one) for one in sorted(set(told))},
            **_spread("score", self.scores), **_spread("score_off", self.beside),
        }  # fmt: skip


def _spread(name: str, values: Sequence[float]) -> Line:
    seen = [one for one in values if one == one]
    if not seen:
        return {}
    return {
        f"{name}_mean": float(np.mean(seen)), f"{name}_sd": float(np.std(seen)),
        f"{name}_least": min(seen), f"{name}_most": max(seen),
    }  # fmt: skip


def percent(count: int, of: int) -> float:
    """A share in percent; 0 of nothing."""
    return 100 * count / of if of else 0.0


def bound(count: int, of: int) -> float:
    """The upper end of a share's one-sided interval at 95 % (Clopper and Pearson, 1934)."""
    if count >= of:
        return 1.0
    low, high = count / of, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        below = sum(comb(of, k) * middle**k * (1 - middle) ** (of - k) for k in range(count + 1))
        low, high = (middle, high) if below > 1 - _CONFIDENCE else (low, middle)
    return high


def equal_error(genuine: Sequence[float], copies: Sequence[float]) -> float:
    """The share of either kind that the threshold gets wrong at which both shares are the same."""
    good = np.sort([one for one in genuine if one == one])
    bad = np.sort([one for one in copies if one == one])
    if not len(good) or not len(bad):
        return nan
    marks = np.concatenate([good, bad])
    refused = 1 - np.searchsorted(good, marks, "right") / len(good)
    accepted = np.searchsorted(bad, marks, "right") / len(bad)
    return float(np.min(np.maximum(refused, accepted)))


def freedom(other_prints: Sequence[float]) -> float:
    """Degrees of freedom of the scores of other prints of the same design: p(1-p)/sd^2."""
    seen = np.array([one for one in other_prints if one == one])
    if len(seen) < 3:
        return nan
    mean = float(seen.mean())
    return mean * (1 - mean) / float(seen.var())


def lines(prefix: str, genuine: Tally, copies: dict[str, Tally], freedom_of: str) -> Iterator[Line]:
    """The figures of one condition; `freedom_of` is the kind that holds other prints of a design."""
    yield genuine.line(f"{prefix}-genuine-refused", CANNOT_TELL)
    yield genuine.line(f"{prefix}-genuine-called-copy", COPY_SUSPECTED)
    for kind, tally in copies.items():
        yield tally.line(f"{prefix}-{kind}-accepted", GENUINE_MATCH)
        eer = 100 * equal_error(genuine.scores, tally.scores)
        both = 100 * equal_error(_sums(genuine), _sums(tally))
        if eer == eer:
            yield {"name": f"{prefix}-{kind}-eer", "value": eer, "unit": "%", "both_scores": both}
    other = copies.get(freedom_of, Tally())
    if (value := freedom(other.scores)) == value:
        yield {
            "name": f"{prefix}-freedom", "value": value, "unit": "degrees", "n": len(other),
        }  # fmt: skip


def _sums(tally: Tally) -> list[float]:
    return [a + b for a, b in zip(tally.scores, tally.beside, strict=True)]


def scores_of(genuine: Tally, copies: dict[str, Tally]) -> dict[str, list[list[float]]]:
    """Each comparison's two scores by its kind, for the plots."""
    return {
        kind: [
            [round(a, 4), round(b, 4)]
            for a, b in zip(one.scores, one.beside, strict=True)
            if a == a
        ]
        for kind, one in {"genuine": genuine, **copies}.items()
    }
