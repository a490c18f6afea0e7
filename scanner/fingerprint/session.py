"""Frames of one label to one vector: each frame is let in or turned away with its reason.

Several frames average the camera's noise away, not its blur. A session is for one label: a frame of
another ends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

import numpy as np

from ledger.statement.gs1 import pack_id_of
from scanner.fingerprint import design as designs
from scanner.fingerprint.design import Design, Located
from scanner.fingerprint.limits import EXTRACTOR, LIMITS, Limits
from scanner.fingerprint.points import Points
from scanner.fingerprint.rectify import FINE, Flat, Plan, flatten, middles_of
from scanner.fingerprint.residual import Vector, vector
from scanner.fingerprint.screen import pattern
from scanner.fingerprint.shown import digest_of
from scanner.frames import MAX_PIXELS, Frame

MODULE_MM: Final = 0.4233  # ten dots of 600 an inch: our own label's module


class Rules(Enum):
    """Where frames come from. A camera must show a label in a hand; a file is one still picture."""

    CAMERA = "camera"
    FILES = "files"


@dataclass(frozen=True, slots=True)
class FrameResult:
    """What became of a frame; the measures are 0 as far as it was not looked at.

    `corners` are the code's in the frame, clockwise from its own top left, none where it lies nowhere.
    """

    reasons: tuple[str, ...]
    text: str = ""
    px_per_mm: float = 0.0
    focus: float = 0.0
    fit: float = 0.0
    corners: tuple[tuple[float, float], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the frame counts."""
        return not self.reasons


@dataclass(slots=True)
class _Kept:
    """A frame that counts."""

    frame: Frame
    vector: Vector
    flat: Flat
    pattern: float
    digest: str


@dataclass
class Session:
    """The frames of one label.

    `wanted` is the digest of the design that it must have, when that is known; `module_mm` how
    large its modules are printed.
    """

    seed: bytes
    wanted: bytes | None = None
    module_mm: float = MODULE_MM
    rules: Rules = Rules.CAMERA
    limits: Limits = field(default_factory=lambda: LIMITS[EXTRACTOR])

    def __post_init__(self) -> None:
        self._plan: Plan | None = None
        self._points: Points | None = None
        self._kept: list[_Kept] = []
        self.text = ""
        self.broken: str = ""  # the reason why nothing more can come of this session
        self.turned_away: list[str] = []

    @property
    def design(self) -> Design | None:
        """The label's design, once a frame showed it."""
        return self._plan.design if self._plan else None

    @property
    def frames(self) -> int:
        """How many frames count."""
        return len(self._kept)

    @property
    def full(self) -> bool:
        """Whether more frames would gain little."""
        return len(self._kept) >= self.limits.most_frames

    def add(self, frame: Frame) -> FrameResult:
        """Judge a grey frame, and keep what it shows when it is good. Never raises."""
        result = self._judged(frame)
        self.turned_away += result.reasons
        return result

    def _judged(self, frame: Frame) -> FrameResult:
        if frame.ndim != 2 or frame.size > MAX_PIXELS:
            return FrameResult(("too-large",))
        if any(_identical(frame, one.frame, self.limits) for one in self._kept):
            return FrameResult(("identical-frames",))
        located = self._chosen(frame)
        if isinstance(located, str):
            if located in ("two-codes", "other-label"):
                self.broken = self.broken or (located if self._kept else "")
            return FrameResult((located,))
        if self._plan is None or self._points is None:
            plan, points = Plan(located.design), None
        else:
            plan, points = self._plan, self._points
        flat = flatten(frame, located, plan)
        if flat is None:
            return FrameResult(("cannot-align",), located.text, corners=located.corners)
        density = flat.module_px / self.module_mm
        result = FrameResult(
            tuple(_gate(frame, flat, plan, density, self.limits)), located.text, density,
            flat.focus, flat.fit, tuple((float(x), float(y)) for x, y in flat.corners),
        )  # fmt: skip
        if not result.ok:
            return result
        digest = digest_of(frame)
        if any(digest == one.digest for one in self._kept):
            return replace(result, reasons=("identical-frames",))  # but for how it lies
        if points is None:
            points = Points(located.design, self.seed)
            self._plan, self._points, self.text = plan, points, located.text
        return self._keep(
            _Kept(frame, vector(flat, points), flat, pattern(flat.light, plan), digest), result
        )

    def _chosen(self, frame: Frame) -> Located | str:
        """The one code that this session is about, or why there is none."""
        wanted = self._plan.design.digest if self._plan else self.wanted
        found = designs.locate(frame)
        fits = found if wanted is None else _fitting(found, wanted)
        if found and not fits and wanted is not None and _qr(found):
            # A label may have both symbols, and the DataMatrix be the one that was enrolled.
            fits = _fitting(designs.locate(frame, (designs.DATAMATRIX,)), wanted)
        if not found:
            return "no-code"
        if len({one.text for one in found}) > 1 or len(fits) > 1 or _another_pack(frame, found):
            return "two-codes"
        if not fits:
            return "other-label" if self._kept else "other-design"
        return fits[0]

    def _keep(self, new: _Kept, result: FrameResult) -> FrameResult:
        for one in self._kept:
            if score(one.vector.edge, new.vector.edge) >= self.limits.apart:
                self.broken = "label-changed"
                return replace(result, reasons=("label-changed",))
        # Of many good frames the newest count: a hand comes to rest.
        self._kept = [*self._kept, new][-self.limits.most_frames :]
        return result

    def vector(self) -> Vector:
        """The mean of the kept frames' vectors, each by its focus squared. One must be kept."""
        weights = [one.flat.focus**2 for one in self._kept]
        edge = np.average([one.vector.edge for one in self._kept], axis=0, weights=weights)
        off = np.average([one.vector.off for one in self._kept], axis=0, weights=weights)
        return Vector(edge.astype(np.float32), off.astype(np.float32))

    @property
    def px_per_mm(self) -> float:
        """The mean of the kept frames, 0 without one."""
        return _mean([one.flat.module_px / self.module_mm for one in self._kept])

    @property
    def focus(self) -> float:
        """Likewise."""
        return _mean([one.flat.focus for one in self._kept])

    @property
    def patterned(self) -> bool:
        """Whether most kept frames show points in rows, as a screen has."""
        rows = sum(one.pattern > self.limits.pattern for one in self._kept)
        return 2 * rows > len(self._kept)

    @property
    def still(self) -> bool:
        """Whether no frame shows the label from elsewhere than another: a picture before a camera."""
        for number, one in enumerate(self._kept):
            for other in self._kept[:number]:
                moved = np.linalg.norm(one.flat.corners - other.flat.corners, axis=1).max()
                side = one.flat.module_px * (sum(one.flat.light.shape) / 2 / FINE)
                if moved > self.limits.moved * side:
                    return False
        return True


def score(one: np.typing.NDArray[np.floating], other: np.typing.NDArray[np.floating]) -> float:
    """How far apart two vectors are: 0 the same, .5 unrelated, 1 opposite."""
    a, b = one - one.mean(), other - other.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return 0.5 - 0.5 * float(a @ b) / size if size else 0.5


def _gate(frame: Frame, flat: Flat, plan: Plan, density: float, limits: Limits) -> list[str]:
    """Each reason why a frame is not good enough, the one to mend first at the head."""
    reasons = []
    if density < limits.px_per_mm:
        reasons.append("low-resolution")
    height, width = frame.shape
    reach = flat.module_px
    low, high = flat.corners.min(axis=0), flat.corners.max(axis=0)
    if low.min() < -reach or high[0] > width - 1 + reach or high[1] > height - 1 + reach:
        reasons.append("cut-off")
    middles = middles_of(flat.light, plan.design)
    wrong = ((middles > 0.5) != plan.paper) & plan.design.known
    light = wrong & plan.design.modules
    bright = light.sum() > limits.strange * plan.design.known.sum()
    if bright or flat.saturated > limits.saturated or flat.washed > limits.strange:
        reasons.append("glare")
    elif wrong.sum() > limits.strange * plan.design.known.sum():
        reasons.append("covered")
    if flat.contrast < limits.contrast:
        reasons.append("dark")
    if flat.focus < limits.focus:
        reasons.append("out-of-focus")
    elif flat.fit < limits.fit:
        reasons.append("poor-fit")
    return reasons


def _identical(one: Frame, other: Frame, limits: Limits) -> bool:
    if one.shape != other.shape:
        return False
    step = max(1, int((one.size / 1_000_000) ** 0.5))
    near, far = one[::step, ::step], other[::step, ::step]
    return float(np.abs(near.astype(np.int16) - far).mean()) < limits.identical


def _fitting(found: Sequence[Located], wanted: bytes) -> list[Located]:
    return [fit for one in found if (fit := one.of(wanted)) is not None]


def _another_pack(frame: Frame, found: Sequence[Located]) -> bool:
    """Whether a DataMatrix beside a QR code is another pack's: a label has both symbols of one."""
    beside = designs.texts(frame, designs.DATAMATRIX) if _qr(found) else []
    packs = {pack_id_of(text) for text in (*(one.text for one in found), *beside)}
    return len(packs - {""}) > 1


def _qr(found: Sequence[Located]) -> bool:
    return found[0].design.kind == designs.QR


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
