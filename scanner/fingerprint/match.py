"""Template and session to a score and one of three verdicts, with reasons.

A good score says that nothing contradicts the label, never that the medicine is authentic: a
photograph of the genuine label on a screen, or a label that was cut off and used again, passes, and
a copy that is printed larger can.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from scanner.fingerprint.limits import LIMITS, Limits
from scanner.fingerprint.session import Rules, Session, score
from scanner.fingerprint.template import Template

GENUINE_MATCH: Final = "GENUINE_MATCH"
COPY_SUSPECTED: Final = "COPY_SUSPECTED"
CANNOT_TELL: Final = "CANNOT_TELL"
LEAST_LOG10: Final = -6.0  # no figure below is shown: no test could hold it up


@dataclass(frozen=True, slots=True)
class Match:
    """The verdict, its reasons (codes of `wording`), and what it rests on.

    `score` is None where there was nothing to compare. `false_match_log10` is for another print of
    the same code, of an ordinary printer; `tested_bound` the share of such prints that could be accepted
    without our having seen one. `alarm`: not a poor picture but something that does not belong.
    """

    verdict: str
    reasons: tuple[str, ...] = ()
    score: float | None = None
    score_off: float | None = None
    false_match_log10: float | None = None
    tested_bound: float | None = None
    frames: int = 0
    px_per_mm: float = 0.0
    alarm: bool = False


def match(template: Template, session: Session) -> Match:
    """Judge what a session saw. The session was made with the template's seed and design."""
    limits = LIMITS[template.extractor]
    if session.seed != template.seed:
        raise ValueError("the session samples the points of another seed")
    if session.broken or not session.frames:
        told = [session.broken] if session.broken else list(dict.fromkeys(session.turned_away))
        if session.broken and session.design is None:
            told += session.turned_away
        alarm = bool({"other-design", "other-label", "label-changed"} & set(told))
        return Match(CANNOT_TELL, tuple(told) or ("no-frames",), alarm=alarm)
    assert session.design is not None
    if session.design.digest != template.design:
        return Match(CANNOT_TELL, ("other-design",), alarm=True)
    seen = session.vector()
    if len(template.edge.signs) != len(seen.edge) or len(template.off.signs) not in (
        0, len(seen.off),
    ):  # fmt: skip
        return Match(CANNOT_TELL, ("other-design",), alarm=True)  # no enrolment made it so
    edge = score(template.edge.values, seen.edge)
    off = score(template.off.values, seen.off) if len(template.off.signs) else None
    verdict, reasons = _verdict(edge, off, template, session, limits)
    return Match(
        verdict, reasons, edge, off, false_match_log10(edge, len(seen.edge), limits),
        3 / limits.tested, session.frames, session.px_per_mm,
    )  # fmt: skip


def refused(reason: str) -> Match:
    """No comparison was allowed: there is no template, or it does not fit the log."""
    return Match(CANNOT_TELL, (reason,), alarm=reason == "commitment")


def _verdict(
    edge: float, off: float | None, template: Template, session: Session, limits: Limits
) -> tuple[str, tuple[str, ...]]:
    files = session.rules is Rules.FILES
    both = edge + (edge if off is None else off)
    if edge >= limits.copy or both >= limits.copy_sum:
        reasons = []
        if not files and session.frames < limits.copy_frames:
            reasons.append("few-frames")
        if session.px_per_mm < limits.copy_px_per_mm:
            reasons.append("low-resolution")
        if session.focus < limits.copy_focus * template.focus:
            reasons.append("out-of-focus")
        if reasons:
            return CANNOT_TELL, ("differs", *reasons)
        return COPY_SUSPECTED, ("differs",)
    if edge > limits.genuine:
        return CANNOT_TELL, ("between",)
    if (off or 0.0) > limits.genuine_off or both > _most_together(session.px_per_mm, limits):
        return CANNOT_TELL, ("ink-differs",)
    if session.patterned:
        return CANNOT_TELL, ("looks-like-a-screen",)
    if not files and session.frames < limits.genuine_frames:
        return CANNOT_TELL, ("few-frames",)
    if files and "identical-frames" in session.turned_away:
        return CANNOT_TELL, ("identical-frames",)
    if not files and session.still:
        return CANNOT_TELL, ("still-image",)
    return GENUINE_MATCH, ()


def _most_together(px_per_mm: float, limits: Limits) -> float:
    """How much both scores may come to: coarse frames are farther from the enrolment, all alike."""
    share = min(1.0, max(0.0, (px_per_mm - 12) / 6))
    return limits.genuine_sum_coarse + share * (limits.genuine_sum - limits.genuine_sum_coarse)


def false_match_log10(edge: float, points: int, limits: Limits) -> float:
    """How seldom another print of the code would score so well: log10 of the normal tail.

    The degrees of freedom are those of prints of the SAME design; others would flatter the figure.
    """
    freedom = limits.other_freedom * points / limits.other_points
    spread = math.sqrt(limits.other_mean * (1 - limits.other_mean) / freedom)
    tail = 0.5 * math.erfc((limits.other_mean - edge) / spread / math.sqrt(2))
    return max(LEAST_LOG10, math.log10(tail)) if tail > 0 else LEAST_LOG10
