"""A session of good frames to a template, or the reasons why not."""

from __future__ import annotations

from collections.abc import Iterable

from ledger.errors import Malformed
from scanner.fingerprint.limits import EXTRACTOR
from scanner.fingerprint.session import Session
from scanner.fingerprint.template import Template
from scanner.fingerprint.wording import REASONS


class EnrolmentRefused(Malformed):
    """The label cannot be enrolled by these pictures; `reasons` are codes of `wording`."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(dict.fromkeys(reasons))
        super().__init__("not enrolled: " + " ".join(REASONS[one] for one in self.reasons))


def enrol(session: Session) -> Template:
    """The template of what a session saw. Raises EnrolmentRefused."""
    if session.broken:
        raise EnrolmentRefused([session.broken])
    if session.design is None:
        raise EnrolmentRefused(session.turned_away or ["no-frames"])
    if session.px_per_mm < session.limits.enrol_px_per_mm:
        raise EnrolmentRefused(["low-resolution"])
    if session.patterned:
        raise EnrolmentRefused(["looks-like-a-screen"])
    return Template.of(
        session.vector(), extractor=EXTRACTOR, frames=session.frames,
        px_per_mm=session.px_per_mm, focus=session.focus, seed=session.seed,
        design=session.design.digest,
    )  # fmt: skip
