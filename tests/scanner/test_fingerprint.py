"""A print is told from its copies, and what cannot be told is said so. SIMULATED throughout: what
this shows is that the program does what it should, not how paper behaves.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from functools import cache

import cv2
import numpy as np
import pytest

from scanner.fingerprint.design import DATAMATRIX, locate
from scanner.fingerprint.enrol import EnrolmentRefused, enrol
from scanner.fingerprint.limits import EXTRACTOR, LIMITS
from scanner.fingerprint.match import (
    CANNOT_TELL,
    COPY_SUSPECTED,
    GENUINE_MATCH,
    Match,
    false_match_log10,
    match,
    refused,
)
from scanner.fingerprint.session import FrameResult, Rules, Session
from scanner.fingerprint.template import Template
from scanner.fingerprint.wording import REASONS, VERDICTS
from scanner.frames import Frame
from scanner.label import PrintedLabel, datamatrix_modules, qr_modules
from scanner.simulated.camera import PHONE, STATION, WEBCAM, Camera, shot
from scanner.simulated.paper import Raster, dots, printed, replayed, worn
from tests.bench.fingerprint import on_a_screen
from tests.scanner import fingerprint_golden as golden

SEED = bytes(16)
LINK = "https://id.gs1.org/01/09521101000016/10/L1/21/{}?17=280131"
LIMIT = LIMITS[EXTRACTOR]
PHONE25 = replace(PHONE, px_per_mm=25.0)


@cache
def label(serial: str, seed: int = 1) -> Raster:
    """A print of a serial's label; another seed is another piece of paper."""
    return printed(dots(qr_modules(LINK.format(serial), level="Q")), seed)


@cache
def template() -> Template:
    """Serial A, enrolled."""
    session = Session(SEED)
    for seed in range(3):
        assert session.add(shot(label("A"), STATION, seed)).ok
    return enrol(session)


def judged(print_: Raster, camera: Camera = PHONE, *, frames: int = 3, first: int = 50) -> Match:
    """What a camera's frames of a print come to."""
    session = probing()
    for seed in range(first, first + frames):
        session.add(shot(print_, camera, seed))
    return match(template(), session)


def probing(rules: Rules = Rules.CAMERA) -> Session:
    """A session that is held against the template."""
    return Session(template().seed, template().design, rules=rules)


@cache
def good(seed: int = 50) -> Frame:
    """A good frame of the genuine label."""
    return shot(label("A"), PHONE, seed)


# What is told apart


@pytest.mark.parametrize(
    "name", json.loads((golden.FOLDER / "expected.json").read_text())["scores"]
)
def test_a_golden_frame_has_its_score(name: str) -> None:
    expected = json.loads((golden.FOLDER / "expected.json").read_text())
    assert expected["extractor"] == EXTRACTOR, "a new extractor needs new golden frames"
    found = golden.outcome(name)
    edge, off = expected["scores"][name]
    assert found.score == pytest.approx(edge, abs=golden.TOLERANCE)
    assert found.score_off == pytest.approx(off, abs=golden.TOLERANCE)


def test_the_enrolled_print_passes_worn_and_by_another_camera() -> None:
    for camera in (PHONE, WEBCAM, replace(PHONE, defocus=1.5), replace(PHONE, jpeg=70)):
        found = judged(worn(label("A"), 1), camera)
        assert (found.verdict, found.reasons) == (GENUINE_MATCH, ())
        assert found.score is not None
        assert found.score < 0.25
        assert found.frames == 3


def test_another_print_of_the_code_is_suspected() -> None:
    found = judged(label("A", 2), PHONE25)
    assert (found.verdict, found.reasons) == (COPY_SUSPECTED, ("differs",))
    assert found.score is not None
    assert found.score > 0.40


@pytest.mark.parametrize("dpi", [600, 2400])
def test_a_copy_that_follows_the_contours_does_not_pass(dpi: int) -> None:
    found = judged(replayed(label("A"), dpi, 9), PHONE25)
    assert found.verdict == (COPY_SUSPECTED if dpi == 600 else CANNOT_TELL)


def test_another_packs_label_is_no_copy_but_does_not_belong() -> None:
    found = judged(label("B"))
    assert (found.verdict, set(found.reasons)) == (CANNOT_TELL, {"other-design"})
    assert found.alarm


def test_labels_of_different_codes_share_nothing() -> None:
    other = Session(SEED)
    assert other.add(shot(label("B"), STATION, 1)).ok
    mine = probing()
    assert mine.add(good()).ok
    points = min(len(mine.vector().edge), len(other.vector().edge))
    found = np.corrcoef(mine.vector().edge[:points], other.vector().edge[:points])[0, 1]
    assert 0.5 - found / 2 > 0.45


def test_a_part_of_a_pixel_more_or_less_changes_nothing() -> None:
    scores = []
    for move in (0.0, 0.3):
        moved = cv2.warpAffine(
            good(), np.array([[1, 0, move], [0, 1, move]]), good().shape[::-1],
            flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        session = probing(Rules.FILES)
        assert session.add(np.asarray(moved, np.uint8)).ok
        found = match(template(), session)
        assert found.score is not None
        scores.append(found.score)
    assert abs(scores[0] - scores[1]) < 0.03


def test_several_frames_are_better_than_one() -> None:
    noisy = replace(PHONE, noise=12.0)
    one, five = (judged(label("A"), noisy, frames=frames) for frames in (1, 5))
    assert one.score is not None
    assert five.score is not None
    assert five.score < one.score - 0.01
    assert five.frames == LIMIT.most_frames


# What cannot be told


def added(frame: Frame) -> tuple[FrameResult, Match]:
    """A frame beside two good ones of no use to it: its result, and the match of it alone."""
    session = probing(Rules.FILES)
    return session.add(frame), match(template(), session)


def spoiled(how: str) -> Frame:
    """A frame that is no use, by what is wrong with it."""
    frame = good().copy()
    high, wide = frame.shape
    if how == "no-code":
        return np.full((480, 640), 200, np.uint8)
    if how == "no-code in words":
        cv2.putText(frame := np.full((480, 640), 230, np.uint8), "EXP", (90, 250), 0, 4.0, 10, 9)
        return frame
    if how == "low-resolution":
        return shot(label("A"), replace(PHONE, px_per_mm=8.0, noise=1.0), 1)
    if how == "covered":
        frame[round(high * 0.52) : round(high * 0.68), round(wide * 0.4) : round(wide * 0.72)] = 60
    if how == "glare":
        y, x = np.mgrid[:high, :wide]
        spot = 260 * np.exp(-(((x - wide * 0.52) / 52) ** 2 + ((y - high * 0.55) / 52) ** 2))
        return np.clip(frame + spot, 0, 255).astype(np.uint8)
    if how == "out-of-focus":
        return np.asarray(cv2.GaussianBlur(shot(label("A"), PHONE25, 1), (0, 0), 4.0), np.uint8)
    if how == "dark":
        return (frame * 0.1).astype(np.uint8)
    if how == "two-codes":
        return np.hstack([frame, shot(label("B"), PHONE, 1)])
    return frame


def beside(serial: str) -> Frame:
    """The genuine label's frame, and at its edge a DataMatrix of a serial."""
    code = datamatrix_modules(PrintedLabel("09521101000016", "L1", date(2028, 1, 31), serial))
    light = (~np.pad(code, 2) * np.uint8(255)).astype(np.uint8).repeat(5, 0).repeat(5, 1)
    shown = np.zeros((good().shape[0], light.shape[1]), np.uint8) + np.uint8(200)
    shown[: len(light)] = light
    return np.hstack([good(), shown])


def test_a_datamatrix_of_another_pack_beside_the_code_is_two_codes_and_of_its_own_one() -> None:
    assert added(beside("B"))[0].reasons == ("two-codes",)
    assert added(beside("A"))[0].ok


def test_a_qr_code_of_another_pack_beside_an_enrolled_datamatrix_is_two_codes() -> None:
    (wanted,) = locate(beside("B"), (DATAMATRIX,))
    session = Session(SEED, wanted.design.digest, rules=Rules.FILES)
    assert session.add(beside("B")).reasons == ("two-codes",)


@pytest.mark.parametrize(
    "how", ["no-code", "no-code in words", "low-resolution", "covered", "glare", "out-of-focus",
            "dark", "two-codes"],
)  # fmt: skip
def test_a_frame_that_is_not_good_enough_is_told_so(how: str) -> None:
    result, found = added(spoiled(how))
    reason = how.partition(" ")[0]
    # A code under a spot or a blur may be past reading at all.
    assert reason in result.reasons or (
        reason in ("covered", "glare", "out-of-focus", "dark") and result.reasons == ("no-code",)
    )
    assert found.verdict == CANNOT_TELL
    assert found.reasons == result.reasons
    assert found.score is None
    assert not found.alarm


@pytest.mark.parametrize("how", ["glare", "covered", "out-of-focus"])
def test_a_code_that_is_read_all_the_same_is_judged_by_what_is_seen_of_it(how: str) -> None:
    assert how in added(spoiled(how))[0].reasons


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (700, 2)])
def test_a_frame_of_any_shape_is_refused_without_an_error(shape: tuple[int, int]) -> None:
    assert added(np.zeros(shape, np.uint8))[0].reasons == ("no-code",)


def test_a_frame_that_is_too_large_is_not_looked_at() -> None:
    huge = np.lib.stride_tricks.as_strided(np.zeros(1, np.uint8), (60_000, 1_000), (0, 0))
    assert added(huge)[0].reasons == ("too-large",)


def test_motion_is_sent_back_or_still_told_apart() -> None:
    blurred = replace(PHONE, motion=9.0)
    assert judged(label("A"), blurred).verdict in (CANNOT_TELL, GENUINE_MATCH)
    assert judged(label("A", 2), blurred).verdict != GENUINE_MATCH


def test_a_screen_with_coarse_points_does_not_pass() -> None:
    assert judged(on_a_screen(label("A"), 1, 6.0), PHONE25).verdict != GENUINE_MATCH
    found = judged(on_a_screen(label("A"), 1, 10.0), PHONE25)
    assert found.verdict == CANNOT_TELL
    assert found.reasons == ("looks-like-a-screen",)


def test_one_frame_of_a_camera_is_not_enough_but_one_file_is() -> None:
    assert judged(label("A"), frames=1).reasons == ("few-frames",)
    assert judged(label("A", 2), PHONE25, frames=2).reasons == ("differs", "few-frames")
    session = probing(Rules.FILES)
    session.add(good())
    assert match(template(), session).verdict == GENUINE_MATCH


def test_no_frame_is_no_verdict() -> None:
    assert match(template(), probing()) == Match(CANNOT_TELL, ("no-frames",))


def test_the_same_frame_again_does_not_count() -> None:
    session = probing(Rules.FILES)
    assert session.add(good()).ok
    assert session.add(good().copy()).reasons == ("identical-frames",)
    assert session.frames == 1
    found = match(template(), session)
    assert (found.verdict, found.reasons) == (CANNOT_TELL, ("identical-frames",))


def test_the_same_frame_turned_does_not_count() -> None:
    """Its file says how it lies: so one still picture would be several that move."""
    session = probing()
    assert session.add(good()).ok
    for quarters in (1, 2, 3):
        turned = np.ascontiguousarray(np.rot90(good(), quarters))
        assert session.add(turned).reasons == ("identical-frames",)
    assert match(template(), session).verdict == CANNOT_TELL


def test_a_label_that_does_not_move_as_in_a_hand_is_not_taken() -> None:
    session = probing()
    rng = np.random.default_rng(1)
    for _ in range(3):
        noise = rng.normal(0, 6, good().shape)
        session.add(np.clip(good() + noise, 0, 255).astype(np.uint8))
    assert session.frames > 1
    assert match(template(), session).reasons == ("still-image",)


def test_a_label_that_is_changed_in_a_session_ends_it() -> None:
    session = probing()
    assert session.add(good()).ok
    assert session.add(shot(label("A", 2), PHONE, 5)).reasons == ("label-changed",)
    found = match(template(), session)
    assert (found.verdict, found.reasons, found.alarm) == (CANNOT_TELL, ("label-changed",), True)
    with pytest.raises(EnrolmentRefused) as caught:
        enrol(session)
    assert caught.value.reasons == ("label-changed",)


def test_another_code_in_a_session_ends_it() -> None:
    session = probing()
    assert session.add(good()).ok
    assert session.add(shot(label("B"), PHONE, 5)).reasons == ("other-label",)
    assert match(template(), session).verdict == CANNOT_TELL


def test_a_template_that_does_not_fit_the_log_is_an_alarm_and_no_copy() -> None:
    for reason, alarm in (("commitment", True), ("no-template", False)):
        found = refused(reason)
        assert (found.verdict, found.reasons, found.alarm) == (CANNOT_TELL, (reason,), alarm)


def test_a_session_of_another_seed_is_a_fault_of_the_program() -> None:
    with pytest.raises(ValueError, match="another seed"):
        match(template(), Session(bytes(15) + b"\1", template().design))


def test_a_coarse_camera_accuses_nobody() -> None:
    found = judged(label("A", 2), replace(PHONE, px_per_mm=14.0))
    assert found.verdict == CANNOT_TELL
    assert "low-resolution" in found.reasons


# Enrolment


def test_what_is_too_coarse_is_not_enrolled() -> None:
    session = Session(SEED)
    session.add(shot(label("A"), replace(PHONE, px_per_mm=14.0), 1))
    with pytest.raises(EnrolmentRefused) as caught:
        enrol(session)
    assert caught.value.reasons == ("low-resolution",)
    with pytest.raises(EnrolmentRefused, match="no picture"):
        enrol(Session(SEED))


def test_the_same_frames_give_the_same_template() -> None:
    made = []
    for _ in range(2):
        session = Session(SEED)
        for seed in range(2):
            session.add(shot(label("A"), STATION, seed))
        made.append(bytes(enrol(session)))
    assert made[0] == made[1]


# Words and figures


def test_every_verdict_and_reason_has_words_and_none_says_authentic() -> None:
    words = [*VERDICTS.values(), *REASONS.values()]
    assert set(VERDICTS) == {GENUINE_MATCH, COPY_SUSPECTED, CANNOT_TELL}
    assert len(set(words)) == len(words)
    assert not any("authentic" in one.lower() or "genuine" in one.lower() for one in words)


def test_the_chance_of_another_print_is_never_flattered() -> None:
    assert false_match_log10(0.05, 4096, LIMIT) == -6.0
    assert false_match_log10(0.42, 4096, LIMIT) == pytest.approx(np.log10(0.5))
    fewer, more = (false_match_log10(0.35, points, LIMIT) for points in (900, 4096))
    assert more < fewer < -0.5
