"""A label's design as it is read from the printed code, and the points that are looked at."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import cv2
import numpy as np
import pytest
import qrcode

from scanner.fingerprint import design
from scanner.fingerprint.design import DATAMATRIX, FINE, QR, Design, Modules, locate
from scanner.frames import Frame
from scanner.label import PrintedLabel, datamatrix_modules, qr_modules
from tests.scanner import fingerprint_golden as golden

LINK = golden.TEXT
LABEL = PrintedLabel("09521101000016", "L(1", date(2028, 1, 31), "A(1")


def drawn(modules: Modules, *, module: int = 9, quiet: int = 4) -> Frame:
    """Modules as a picture without a fault."""
    light = ~np.pad(modules, quiet)
    return (light.repeat(module, 0).repeat(module, 1) * np.uint8(255)).astype(np.uint8)


@pytest.mark.parametrize("text", ["A1", LINK, LINK + "&x=" + "y" * 300])
@pytest.mark.parametrize("level", ["L", "M", "Q", "H"])
def test_a_qr_code_of_any_version_gives_its_own_modules(text: str, level: str) -> None:
    modules = qr_modules(text, level=level)
    (one,) = locate(drawn(modules))
    assert one.design.kind == QR
    assert one.text == text
    assert (one.design.modules == modules).all()
    assert one.design.hole == 0


def test_a_gs1_datamatrix_gives_its_own_modules_whatever_its_values_hold() -> None:
    modules = datamatrix_modules(LABEL)
    (one,) = locate(drawn(modules))
    assert one.design.kind == DATAMATRIX
    assert one.text == "]d2" + LABEL.elements
    assert (one.design.modules == modules).all()


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_label_has_the_same_design(turns: int) -> None:
    for modules in (qr_modules(LINK), datamatrix_modules(LABEL)):
        frame = drawn(modules)
        (one,) = locate(np.ascontiguousarray(np.rot90(frame, turns)))
        assert one.design.digest == locate(frame)[0].design.digest


def test_a_crop_to_the_codes_outer_edge_is_read() -> None:
    modules = qr_modules(LINK)
    (one,) = locate(drawn(modules, quiet=0))
    assert (one.design.modules == modules).all()
    near = np.array(one.corners)
    assert np.abs(near - np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * len(modules) * 9).max() < 9


def test_a_picture_made_to_take_long_gets_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(100))
    monkeypatch.setattr(design, "thread_time", lambda: next(clock) // 2)
    looks = 0
    read = design._barcodes

    def counted(frame: Frame, kind: str) -> list[Any]:
        nonlocal looks
        looks += 1
        return read(frame, kind)

    monkeypatch.setattr(design, "_barcodes", counted)
    assert locate(np.full((300, 300), 200, np.uint8)) == []
    assert looks == 1, "as soon as one took longer than all may, no further is begun"


def test_dirt_and_wear_do_not_change_the_design() -> None:
    modules = qr_modules(LINK, level="Q")
    frame = drawn(modules)
    cv2.circle(frame, (250, 200), 22, 255, -1)
    cv2.circle(frame, (130, 270), 20, 0, -1)
    (one,) = locate(frame)
    assert (one.design.modules == modules).all()


def test_a_picture_in_the_middle_is_left_out() -> None:
    modules = qr_modules(LINK, level="H", least=41)
    plain = locate(drawn(modules))[0].design
    frame = drawn(modules)
    middle = len(frame) // 2
    cv2.circle(frame, (middle, middle), round(41 * 9 * 0.17), 255, -1)
    cv2.putText(frame, "ABC", (middle - 40, middle + 12), cv2.FONT_HERSHEY_PLAIN, 2.2, 0, 3)
    design = locate(frame)[0].design
    assert design.hole > 0
    assert design.digest != plain.digest
    rows = design.points(bytes(16)) / FINE - 41 / 2
    assert np.abs(rows).max(axis=1).min() > design.hole * 41
    assert len(design.points(bytes(16))) < len(plain.points(bytes(16)))


def test_a_code_of_an_unknown_encoder_is_taken_as_sampled() -> None:
    # The same text as another symbol would have it: each data module of one area inverted, which the
    # error correction of no encoder gives.
    modules = qr_modules("0123456789", level="H", least=29)
    changed = modules.copy()
    changed[12:15, 12:17] ^= True
    found = locate(drawn(changed))
    assert found
    assert (found[0].design.modules == modules).all() or (found[0].design.modules == changed).all()


@pytest.mark.parametrize("size", [(1, 1), (19, 400), (60, 60)])
def test_a_picture_without_a_code_has_no_design(size: tuple[int, int]) -> None:
    assert locate(np.full(size, 128, np.uint8)) == []


def test_a_seed_fixes_the_points_and_their_order() -> None:
    expected = json.loads((golden.FOLDER / "expected.json").read_text())
    design = Design(QR, qr_modules(LINK, level="Q"))
    points = design.points(golden.SEED)
    assert points[:8].tolist() == expected["first_points"]
    assert len(points) == expected["points"]
    assert design.points(bytes(16))[:8].tolist() != expected["first_points"]


def test_every_point_lies_on_a_boundary_of_dark_and_light() -> None:
    design = Design(DATAMATRIX, datamatrix_modules(LABEL))
    points = design.points(bytes(16))
    assert len({tuple(one) for one in points.tolist()}) == len(points) > 500
    for y, x in points.tolist():
        row, column = y // FINE, x // FINE
        flat = y % FINE == 0
        before = design.modules[row - 1, column] if flat else design.modules[row, column - 1]
        assert before != design.modules[row, column]


def test_of_a_large_code_no_more_points_are_taken_than_a_template_holds() -> None:
    design = Design(QR, qr_modules(LINK, least=69))
    assert len(design.points(bytes(16))) == 4096


@pytest.mark.parametrize("version", [1, 2, 5, 6, 7, 10, 13, 14, 18, 20])
@pytest.mark.parametrize("start", ["https://ex.example/", "HTTPS://EX.EXAMPLE/"])
def test_a_worn_code_of_another_encoder_has_its_design_too(version: int, start: str) -> None:
    text = (start + "A1" * 400)[: 6 + 14 * (version - 1)]
    made = qrcode.QRCode(version, qrcode.ERROR_CORRECT_M, border=4, mask_pattern=version % 8)
    made.add_data(text, optimize=0)
    made.make(fit=False)
    modules = np.array(made.modules)
    frame = drawn(modules)
    assert (locate(frame)[0].design.modules == modules).all()
    # The middle of one module, where a code of any version has data.
    at = round((len(modules) - 9.5 + 4) * 9), round((len(modules) - 9.5 + 4) * 9)
    cv2.circle(frame, at, 5, 255 - int(frame[at[::-1]]), -1)
    assert (locate(frame)[0].design.modules == modules).all()
